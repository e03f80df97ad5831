"""Write the published OpenAPI v3 documents as the compact text that `kubectl explain` reads.

    python3 describe.py [-z] DOCUMENT.json ... > openapi.txt     (kubetutor keeps it deflated: openapi.txt.z)

A DOCUMENT is what `kubectl get --raw /openapi/v3/apis/apps/v1` prints. One line a definition,
`T NAME TYPE DESCRIPTION`, then one a field: `NAME TYPE REF REQUIRED ENUMS DESCRIPTION`, tab separated,
newlines as \\n.
"""
import json, sys, zlib

definitions = {}
for path in sys.argv[1:]:
    if path != "-z":
        definitions.update(json.load(open(path, encoding="utf-8"))["components"]["schemas"])
wanted, queue = [], [
    "io.k8s.api.core.v1." + k for k in
    "Namespace Node Pod Service ConfigMap Secret ServiceAccount Event Endpoints Binding".split()
] + ["io.k8s.api.apps.v1.Deployment", "io.k8s.api.apps.v1.ReplicaSet", "io.k8s.api.discovery.v1.EndpointSlice",
     "io.k8s.api.coordination.v1.Lease"]


def ref_of(s):
    for x in [s] + s.get("allOf", []):
        if "$ref" in x:
            return x["$ref"].split("/")[-1]
    return ""


def kind(s):
    """The type as kubectl explain names it, and the definition to descend into."""
    ref = ref_of(s)
    if ref:
        if ref not in wanted and ref not in queue:
            queue.append(ref)
        return ref.split(".")[-1], ref
    t = s.get("type", "")
    if t == "array":
        name, ref = kind(s.get("items", {}))
        return "[]" + name, ref
    if t == "object" or "additionalProperties" in s:
        add = s.get("additionalProperties")
        if isinstance(add, dict) and add:
            name, ref = kind(add)
            return "map[string]" + name, ref
        return "Object", ""
    return t or "Object", ""


def esc(text):
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")


lines = []
while queue:
    name = queue.pop(0)
    if name in wanted:
        continue
    wanted.append(name)
    d = definitions[name]
    lines.append("T\t%s\t%s\t%s" % (name, d.get("type", ""), esc(d.get("description", ""))))
    for f, s in sorted(d.get("properties", {}).items()):
        t, ref = kind(s)
        enums = s.get("enum") or []
        lines.append("\t".join([f, t, ref, "r" if f in d.get("required", []) else "", ",".join(map(str, enums)), esc(s.get("description", ""))]))
text = "\n".join(lines) + "\n"
sys.stdout.buffer.write(zlib.compress(text.encode(), 9) if "-z" in sys.argv else text.encode())
