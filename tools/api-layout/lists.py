"""Adds to the layout how server-side apply merges: which lists are sets or maps, and which maps are one value.

    go run . | python3 lists.py DOCUMENT.json ... > layout.txt

Go's types do not say it; the published OpenAPI v3 documents do (`x-kubernetes-list-type` and the like). A field gets
`list=set`, `list=atomic` or `list=map:KEY,KEY=default`, `map=atomic` and `map=granular`; a struct that is one value gets `map=atomic` behind its name.
"""
import json, re, sys

definitions = {}
for path in sys.argv[1:]:
    definitions.update(json.load(open(path, encoding="utf-8"))["components"]["schemas"])
PREFIXES = ["io.k8s.api.", "io.k8s.apimachinery.pkg.apis.", "io.k8s.apimachinery.pkg.",
            "io.k8s.apiextensions-apiserver.pkg.apis.", "io.k8s.kube-aggregator.pkg.apis.", "io.k8s.metrics.pkg.apis."]


def definition(type_id):
    for p in PREFIXES:
        found = definitions.get(p + type_id.replace("/", "."))
        if found:
            return found
    return None


def item_of(schema):
    """The definition of a list's items, where they have one."""
    items = schema.get("items", {})
    for s in [items] + items.get("allOf", []):
        if "$ref" in s:
            return definitions.get(s["$ref"].split("/")[-1], {})
    return items


def flags(schema):
    out = []
    kind = schema.get("x-kubernetes-list-type")
    if kind == "map":
        properties = item_of(schema).get("properties", {})
        keys = []
        for key in schema["x-kubernetes-list-map-keys"]:
            default = properties.get(key, {}).get("default")
            keys.append(key if default is None else "%s=%s" % (key, json.dumps(default)))
        out.append("list=map:" + ",".join(keys))
    elif kind:
        out.append("list=" + kind)
    if schema.get("x-kubernetes-map-type") in ("atomic", "granular"):
        out.append("map=" + schema["x-kubernetes-map-type"])
    return out


lines = sys.stdin.read().splitlines()
types, inlined_in = {}, {}
for line in lines:
    if not line.startswith(" "):
        current = line
    elif line.split(" ")[-1] == "inline" or " inline" in line:
        inlined_in.setdefault(line.split(" ")[5], []).append(current)
    types.setdefault(current, [])


def properties(type_id):
    found = definition(type_id)
    if found:
        return found.get("properties", {})
    merged = {}
    for outer in inlined_in.get(type_id, []):
        merged.update(properties(outer))
    return merged


for line in lines:
    if not line.startswith(" "):
        current = properties(line)
        head = definition(line) or {}
        print(" ".join([line] + flags(head)))
        continue
    name = line.split(" ")[2]
    print(" ".join([line] + flags(current.get(name, {}))))
