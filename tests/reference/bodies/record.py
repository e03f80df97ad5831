#!/usr/bin/env python3
"""Records what a real API server says of bodies, good and bad.

    python3 record.py --kubeconfig KUBECONFIG        writes bodies.json

Each case is `[what, method, path, content type, body, answer]`. A body is a list: a text stands for its letters as bytes, a pair
for a text so many times. In paths, `NS` is the namespace. Nothing is stored: all requests are dry runs.
"""
import http.client, json, os, ssl, sys, time
import yaml

HERE = os.path.dirname(os.path.abspath(__file__))
NAMESPACE = "bodies-recorded"
JSON, YAML, MERGE, STRATEGIC, PATCH, APPLY = (
    "application/json", "application/yaml", "application/merge-patch+json", "application/strategic-merge-patch+json",
    "application/json-patch+json", "application/apply-patch+yaml")
DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "gadgets.laws.example.com"},
    "spec": {"group": "laws.example.com", "scope": "Namespaced",
             "names": {"plural": "gadgets", "singular": "gadget", "kind": "Gadget", "listKind": "GadgetList"},
             "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {
                 "type": "object", "properties": {"spec": {"type": "object", "properties": {
                     "size": {"type": "string"}, "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}}}}}}]}}
MAPS = "/api/v1/namespaces/NS/configmaps"
GADGETS = "/apis/laws.example.com/v1/namespaces/NS/gadgets"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
LARGEST = 3 * 1024 * 1024


def whole(inner="", version="v1", kind="ConfigMap"):
    return '{"apiVersion":"%s","kind":"%s","metadata":{"name":"y"}%s}' % (version, kind, inner)


def gadget(inner=""):
    return whole(inner, "laws.example.com/v1", "Gadget")


def deep(before, n, after):
    return [before, ["[", n], ["]", n], after]


TEXT = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: y}\n"
OBJECTS = {
    "nothing": [], "space": ["  "], "null": ["null"], "a list": ["[]"], "a text": ['"x"'], "a number": ["5"], "a truth": ["true"],
    "a brace": ["{"], "cut off": [whole()[:-1]], "more behind it": [whole() + "x"], "two": [whole() * 2],
    "no value": ['{"apiVersion":"v1","kind":@}'], "a comma too many": ['{"apiVersion":"v1",}'], "no quotes": ["{a:1}"],
    "no letters in a text": [whole(',"data":{"a":"\xff\xfe-\xe2\x82"}')], "no letter before it": ["\xff" + whole()],
    "a mark of the order of bytes": ["\xef\xbb\xbf" + whole()],
    "half a pair": [whole(',"data":{"a":"\\ud800x","b":"\\ud83d\\ude00","c":"\\udc00\\u00e9"}')],
    "a line's end in a text": [whole(',"data":{"a":"x\ny"}')], "no such escape": [whole(',"data":{"a":"\\q"}')],
    "a version that is a number": ['{"apiVersion":1,"kind":"ConfigMap"}'], "a kind that is a list": ['{"apiVersion":"v1","kind":["ConfigMap"]}'],
    "a version with two slashes": ['{"apiVersion":"a/b/c","kind":"ConfigMap"}'], "no kind": ['{"apiVersion":"v1","metadata":{"name":"y"}}'],
    "no version": ['{"kind":"ConfigMap","metadata":{"name":"y"}}'], "an empty object": ["{}"],
    "a field twice": [whole(',"data":{"a":"1","a":"2"}')], "a field thrice": [whole(',"data":{"a":"1","a":"2","a":"3"}')],
    "a map twice": [whole(',"data":{"a":"1"},"data":{"b":"2"}')], "a kind twice": ['{"kind":"Secret",' + whole()[1:]],
    "a field twice and one unknown": [whole(',"data":{"a":"1","a":"2"},"x":1')],
    "an unknown number without end": [whole(',"x":1e400')], "a part of a number": [whole(',"metadata":{"generation":1.5,"name":"y"}')],
    "a whole number with a point": [whole(',"metadata":{"generation":1.0,"name":"y"}')],
    "deep": deep(whole()[:-1] + ',"x":', 400, "}"), "too deep": deep(whole()[:-1] + ',"x":', 10000, "}"), "deep and no object": deep("", 20000, ""),
    "as long as may be": [[" ", LARGEST - len(whole())], whole()], "too long": [[" ", LARGEST + 1 - len(whole())], whole()],
}
YAMLS = {
    "nothing": [], "an object": [TEXT], "a list": ["[]"], "a text": ["hello"], "cut off": ['{"a":'], "no token": ["@"], "a tab": ["\ta: b"],
    "a key twice": [TEXT + "data:\n  a: b\n  a: c\n"], "a key twice and one unknown": [TEXT + "data:\n  a: b\n  a: c\nx: 1\n"],
    "a whole number with a point": [TEXT.replace("name: y", 'name: "y", generation: 1.0')],
    "two documents": [TEXT + "---\na: b\n"], "no letters": [TEXT + 'data: {a: "\xff"}\n'], "JSON": [whole()],
    "too long": [["#", LARGEST + 1]],
}
PATCHES = {
    "nothing": [], "cut off": ['{"a":'], "more behind it": ["{} x"], "a list": ["[]"], "an object": ["{}"], "null": ["null"], "a text": ['"x"'],
    "a number": ["1"], "no value": ["@"], "no letters": ['{"data":{"a":"\xff"}}'], "too deep": deep('{"x":', 10000, "}"),
    "a number without end": ['{"x":1e400}'], "too long": [[" ", LARGEST + 1]],
}
GADGET = {
    "nothing": [], "null": ["null"], "a list": ["[]"], "no kind": ['{"metadata":{"name":"y"}}'], "no version": ['{"kind":"Gadget","metadata":{"name":"y"}}'],
    "a kind that is a number": ['{"kind":1}'], "a field twice": [gadget(',"spec":{"size":"1","size":"2"}')],
    "a field of a field twice": [gadget(',"spec":{"any":{"a":[{"b":1,"b":2}]}}')], "a map twice": [gadget(',"spec":{"any":{"a":1},"any":{"b":2}}')],
    "unknown and twice": [gadget(',"spec":{"x":1,"y":1,"y":2}')], "a number without end": [gadget(',"spec":{"any":{"a":1e400}}')],
    "deep": deep(gadget()[:-1] + ',"spec":{"any":{"a":', 400, "}}}"), "no letters": [gadget(',"spec":{"any":{"a":"\xff"}}')],
}


def cases():
    strict = ["", "&fieldValidation=Strict"]
    for name, body in OBJECTS.items():
        for q in strict:
            yield name, "POST", f"{MAPS}?dryRun=All{q}", JSON, body
    yield "a good one that is put", "PUT", f"{MAPS}/x?dryRun=All", JSON, [whole(',"data":{"a":"1","a":"2"}').replace('"y"', '"x"')]
    for name, body in YAMLS.items():
        for q in strict:
            yield name, "POST", f"{MAPS}?dryRun=All{q}", YAML, body
            yield name, "PATCH", f"{MAPS}/y?dryRun=All&fieldManager=me{q}", APPLY, body
    for content in (MERGE, STRATEGIC, PATCH):
        for name, body in PATCHES.items():
            yield name, "PATCH", f"{MAPS}/x?dryRun=All", content, body
    for q in strict:
        yield "a field twice", "PATCH", f"{MAPS}/x?dryRun=All{q}", STRATEGIC, ['{"data":{"a":"1","a":"2"}}']
        yield "an unknown field", "PATCH", f"{MAPS}/x?dryRun=All{q}", STRATEGIC, ['{"x":1}']
    yield "a field twice", "PATCH", f"{MAPS}/x?dryRun=All", MERGE, ['{"data":{"a":"1","a":"2"}}']
    for name, body in GADGET.items():
        for q in strict:
            yield name, "POST", f"{GADGETS}?dryRun=All{q}", JSON, body
    for content in ("text/plain", "", "application/json; charset=utf-8", "application/json;a=", "application/vnd.kubernetes.protobuf", "application/cbor"):
        yield "sent as " + content, "POST", f"{MAPS}?dryRun=All", content, [whole()]
        yield "sent as " + content, "PATCH", f"{MAPS}/x?dryRun=All", content, ["{}"]
    for body in ("", "{", "[]", "null", '{"kind":"Pod","apiVersion":"v1"}', '{"kind":"DeleteOptions","apiVersion":"v1"}'):
        yield "options " + body, "DELETE", f"{MAPS}/none?dryRun=All", JSON, [body]


class Server:
    def __init__(self, kubeconfig):
        config = yaml.safe_load(open(kubeconfig))
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        self.context = ssl.create_default_context(cafile=cluster["certificate-authority"])
        self.context.check_hostname = False
        self.context.load_cert_chain(user["client-certificate"], user["client-key"])
        self.host = cluster["server"].split("//")[1]

    def call(self, method, path, content, body):
        connection = http.client.HTTPSConnection(self.host, context=self.context, timeout=60)
        connection.request(method, path.replace("NS", NAMESPACE), body, {"Content-Type": content, "User-Agent": "kubectl/v1.36.3"})
        r = connection.getresponse()
        warnings = [h[h.index('"') + 1:-1].replace('\\"', '"') for h in r.headers.get_all("Warning") or []]
        text = r.read()
        try:
            answer = json.loads(text)
        except RecursionError:
            answer = {}
        if answer.get("kind") == "Status":
            out = {"code": r.status, "reason": answer.get("reason", ""), "message": answer["message"]}
        else:
            out = {k: answer[k] for k in ("data",) if k in answer}
        return out | ({"warnings": warnings} if warnings else {})


def main():
    server = Server(sys.argv[sys.argv.index("--kubeconfig") + 1])
    make = lambda path, o: server.call("POST", path, JSON, json.dumps(o))
    make("/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
    make(DEFINITIONS, DEFINITION)
    time.sleep(5)
    make(MAPS, {"metadata": {"name": "x"}, "data": {"a": "b"}})
    out = []
    for name, method, path, content, body in cases():
        text = b"".join((p if isinstance(p, str) else p[0] * p[1]).encode("latin-1") for p in body)
        out.append([name, method, path, content, body, server.call(method, path, content, text)])
    server.call("DELETE", DEFINITIONS + "/gadgets.laws.example.com", JSON, "")
    server.call("DELETE", "/api/v1/namespaces/" + NAMESPACE, JSON, "")
    with open(f"{HERE}/bodies.json", "w") as f:
        f.write("[\n" + ",\n".join(json.dumps(c, ensure_ascii=True) for c in out) + "\n]\n")
    print(len(out), "cases")


main()
