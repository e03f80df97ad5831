"""Records what a real API server publishes at /openapi, as digests by which a test names what differs.

    KUBECTL="kubectl --kubeconfig …" python3 record.py           → server.txt
    KUBECTL=… python3 record.py definitions.yaml                 → custom.txt (makes the definitions, and deletes them again)

A line `document PATH HASH` holds the SHA-512 of the bytes, in 128 digits. The lines after it are about parts of that document: `path
PATH METHOD DIGEST …` and `definition NAME DIGEST`. A digest is the beginning of the SHA-256 of the part's JSON with sorted keys. Definitions
that stand in many documents are listed where they are first, and again where they differ.
"""
import hashlib, json, os, shlex, subprocess, sys, time

KUBECTL = shlex.split(os.environ.get("KUBECTL", "kubectl"))


def kubectl(*words, stdin=None):
    return subprocess.run(KUBECTL + list(words), capture_output=True, check=True, input=stdin).stdout


def digest(part):
    text = json.dumps(part, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def parts(document, known):
    """The lines about a document, but for definitions that are known already."""
    for path, item in sorted(document["paths"].items()):
        yield " ".join(["path", path] + [f"{method} {digest(o)}" for method, o in sorted(item.items())])
    definitions = document.get("definitions") or document.get("components", {}).get("schemas", {})
    yield f"definitions {len(definitions)} {digest(sorted(definitions))}"
    for name, schema in sorted(definitions.items()):
        if known.get(name) != digest(schema):
            known[name] = digest(schema)
            yield f"definition {name} {digest(schema)}"
    if "parameters" in document:
        yield f"parameters {len(document['parameters'])} {digest(document['parameters'])}"
    others = ("paths", "definitions", "components", "parameters")
    yield f"rest {digest({k: v for k, v in document.items() if k not in others})}"


def record(wanted):
    """Writes down the index, the documents of v3 that are wanted, and that of v2."""
    index = kubectl("get", "--raw", "/openapi/v3")
    print("document openapi/v3", hashlib.sha512(index).hexdigest().upper())
    known = {}
    for path in sorted(json.loads(index)["paths"]):
        if wanted(path):
            write("openapi/v3/" + path, known)
    write("openapi/v2", {})


def write(path, known):
    text = kubectl("get", "--raw", "/" + path)
    print("document", path, hashlib.sha512(text).hexdigest().upper())
    if os.environ.get("KEEP"):
        with open(os.path.join(os.environ["KEEP"], path.replace("/", "__") + ".json"), "wb") as f:
            f.write(text)
    for line in parts(json.loads(text), known):
        print(line)


if len(sys.argv) == 1:
    record(lambda path: "metrics.k8s.io" not in path)
else:
    before = set(json.loads(kubectl("get", "--raw", "/openapi/v3"))["paths"])
    kubectl("create", "-f", sys.argv[1])
    try:
        time.sleep(15)
        record(lambda path: path not in before)
    finally:
        kubectl("delete", "-f", sys.argv[1])
