"""Writes what requests may ask for beside the object, as the published OpenAPI documents tell it.

    python3 options.py SWAGGER.json CRD.json DOCUMENT.json ... > ../../src/api/schema/options.txt

SWAGGER is what `kubectl get --raw /openapi/v2` prints, CRD the v3 document of any custom resource, a DOCUMENT that of a group and
version. A line is `NAME<tab>JSON`: for a kind of options its parameters, each name, type and description; and for each of the two
libraries of kinds (that of the server, and that of its clients, which describes custom resources) the groups and versions that know
DeleteOptions and WatchEvent.
"""
import json, sys

ACTIONS = {"post": "CreateOptions", "put": "UpdateOptions", "patch": "PatchOptions", "delete": "DeleteOptions", "list": "ListOptions"}
LOG = "/api/v1/namespaces/{namespace}/pods/{name}/log"


def load(path):
    return json.load(open(path, encoding="utf-8"))


def options_of(path, operation):
    """The kind of options that an operation takes."""
    action, kind = operation.get("x-kubernetes-action"), operation.get("x-kubernetes-group-version-kind", {}).get("kind")
    if action == "connect":
        return kind
    if path == LOG:
        return "PodLogOptions"
    return ACTIONS.get(action)


def versions(definition):
    return sorted([k["group"], k["version"]] for k in definition["x-kubernetes-group-version-kind"])


META = "io.k8s.apimachinery.pkg.apis.meta.v1."
swagger, crd, *documents = [load(p) for p in sys.argv[1:]]
found = {
    "server": versions(swagger["definitions"][META + "DeleteOptions"]),
    "clients": versions(crd["components"]["schemas"][META + "DeleteOptions"]),
}
for document in documents:
    for path, item in document["paths"].items():
        common = item.get("parameters", [])
        for operation in (o for m, o in item.items() if m != "parameters"):
            name = options_of(path, operation)
            if name is None or name in found:
                continue
            query = [p for p in common + operation.get("parameters", []) if p["in"] == "query" and p["name"] != "pretty"]
            found[name] = sorted([p["name"], p["schema"]["type"], p.get("description", "")] for p in query)
for name, what in sorted(found.items()):
    print(name + "\t" + json.dumps(what, separators=(",", ":"), ensure_ascii=False))
