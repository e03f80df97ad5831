"""Records what the real kubectl prints with --output=plaintext-openapiv2: `KUBECTL="kubectl --kubeconfig …" python3 explain.py > explain.txt`"""
import os, shlex, subprocess

KUBECTL = shlex.split(os.environ.get("KUBECTL", "kubectl"))
WHAT = [
    "pods", "pods.spec.containers.ports", "pods.spec.containers.resources.limits", "pods.spec.restartPolicy", "pods.metadata.labels",
    "pods.spec.containers.image.beyond", "pods.spec.nope", "controllerrevisions.data", "daemonsets.spec.updateStrategy.rollingUpdate.maxSurge",
    "configmaps --recursive", "customresourcedefinitions.spec.versions.schema --recursive", "deviceclasses.resource.k8s.io",
]
for what in WHAT:
    line = f"kubectl explain {what} --output=plaintext-openapiv2"
    print("$ " + line)
    done = subprocess.run(KUBECTL + shlex.split(line)[1:], capture_output=True, text=True)
    print(done.stdout, end="")
    print("".join("! " + error + "\n" for error in done.stderr.splitlines()), end="")
    if done.returncode:
        print(f"? {done.returncode}")
