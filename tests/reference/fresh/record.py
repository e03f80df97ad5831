#!/usr/bin/env python3
"""Records anew what a fresh cluster holds.

    python3 record.py --kubectl KUBECTL --kubeconfig KUBECONFIG NAME.yaml …

Each file says in its first line which command it has the output of. Addresses of the machine become 198.18.0.2, its name minikube.
"""
import shlex, subprocess, sys


def option(name):
    return sys.argv[sys.argv.index(name) + 1]


def main():
    kubectl = [option("--kubectl"), "--kubeconfig", option("--kubeconfig")]
    address = subprocess.check_output(kubectl + ["get", "endpoints", "kubernetes", "-o", "jsonpath={.subsets[0].addresses[0].ip}"], text=True)
    for name in [a for a in sys.argv[1:] if a.endswith((".yaml", ".txt"))]:
        command = open(name).readline()[2:].strip()
        answer = subprocess.run(kubectl + shlex.split(command)[1:], capture_output=True, text=True)
        remarks = "".join(f"# {line}\n" for line in answer.stderr.splitlines() if line.startswith("No resources"))
        text = answer.stdout.replace(address, "198.18.0.2")
        host = [l.split()[-1] for l in text.splitlines() if "kubernetes.io/hostname:" in l]
        for h in host:
            text = text.replace(f"kubernetes.io/hostname: {h}\n", "kubernetes.io/hostname: minikube\n")
        open(name, "w").write(f"# {command}\n{remarks}{text}")


main()
