"""Asks a real API server what it makes of custom resources.

    python3 record.py --kubeconfig FILE cases.yaml       writes cases.answers.json beside it

A file of cases is a YAML list of schemas, each with objects:

    - name: plain                        # the definition is things.NAME.structural.example.com, the kind Thing
      schema: {type: object, ...}        # openAPIV3Schema
      cases:
        - case: a sentence about the case
          object: {spec: {...}}          # POST, or PUT if there is a stored one
          stored: {spec: {...}}          # what was stored while the schema allowed everything

An answer is `{"code", "object"}` or `{"code", "reason", "message", "causes"}`, with `"warnings"` where there were any. Metadata that the
server gives is cut out of objects. The definitions are deleted afterwards.
"""
import http.client, json, ssl, sys, time
import yaml

CUT = ("uid", "resourceVersion", "creationTimestamp", "managedFields", "generation", "name")
LOOSE = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


class Server:
    def __init__(self, kubeconfig):
        c = yaml.safe_load(open(kubeconfig))
        user, cluster = c["users"][0]["user"], c["clusters"][0]["cluster"]
        context = ssl.create_default_context(cafile=cluster["certificate-authority"])
        context.check_hostname = False
        context.load_cert_chain(user["client-certificate"], user["client-key"])
        self.connection = http.client.HTTPSConnection(cluster["server"].split("//")[1], context=context, timeout=30)

    def call(self, method, path, body=None):
        self.connection.request(method, path, None if body is None else json.dumps(body), {"Content-Type": "application/json"})
        r = self.connection.getresponse()
        warnings = [h[h.index('"') + 1:-1].replace('\\"', '"') for h in r.headers.get_all("Warning") or []]
        text = r.read()
        try:
            return r.status, json.loads(text or b"null"), warnings
        except ValueError:  # "404 page not found", while an API begins
            return r.status, None, warnings


def answer(code, body, warnings):
    out = {"code": code}
    if code >= 400:
        out.update(reason=body.get("reason", ""), message=body["message"])
        causes = (body.get("details") or {}).get("causes")
        if causes:
            out["causes"] = [[c.get("reason", ""), c.get("field", ""), c.get("message", "")] for c in causes]
    else:
        for k in CUT:
            body["metadata"].pop(k, None)
        out["object"] = body
    if warnings:
        out["warnings"] = warnings
    return out


def definition(name, schema):
    group = name + ".structural.example.com"
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"plural": "things", "kind": "Thing"}
    spec = {"group": group, "scope": "Cluster", "names": names, "versions": [version]}
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "things." + group}, "spec": spec}


def until(what):
    for _ in range(200):
        if what():
            return
        time.sleep(0.1)
    raise SystemExit("waited in vain")


def main():
    kubeconfig = sys.argv[sys.argv.index("--kubeconfig") + 1]
    server = Server(kubeconfig)
    for file in [a for a in sys.argv[1:] if a.endswith(".yaml")]:
        groups = yaml.safe_load(open(file))
        out = []
        for group in groups:
            name = group["name"]
            crd = definition(name, LOOSE)
            base = "/apis/%s/v1/things" % crd["spec"]["group"]
            path = "%s/%s" % (DEFINITIONS, crd["metadata"]["name"])
            code, body, _ = server.call("POST", DEFINITIONS, crd)
            assert code == 201, body
            until(lambda: server.call("GET", base)[0] == 200)

            def full(o, i):
                o = dict({"apiVersion": crd["spec"]["group"] + "/v1", "kind": "Thing"}, **o)
                o["metadata"] = dict({"name": "thing-%d" % i}, **o.get("metadata", {}))
                return o

            for i, case in enumerate(group["cases"]):
                if "stored" in case:
                    until(lambda: server.call("POST", base, full(case["stored"], i))[0] in (201, 409))
            # The schema that is meant, and a sign by which it is told that it is in force.
            schema = json.loads(json.dumps(group["schema"]))
            schema.setdefault("properties", {})["sign"] = {"type": "string", "enum": ["meant"]}
            while True:
                _, now, _ = server.call("GET", path)
                now["spec"] = definition(name, schema)["spec"]
                code, body, _ = server.call("PUT", path, now)
                if code != 409:
                    break
            assert code == 200, body
            probe = full({"sign": "other", **group.get("probe", {})}, 9999)
            until(lambda: "sign" in json.dumps(server.call("POST", base + "?dryRun=All", probe)[1]))
            time.sleep(0.3)
            answers = []
            for i, case in enumerate(group["cases"]):
                o = full(case["object"], i)
                url = base + "?fieldValidation=Warn"
                if "stored" in case:
                    _, old, _ = server.call("GET", "%s/thing-%d" % (base, i))
                    o["metadata"]["resourceVersion"] = old["metadata"]["resourceVersion"]
                    code, body, warnings = server.call("PUT", "%s/thing-%d?fieldValidation=Warn" % (base, i), o)
                else:
                    code, body, warnings = server.call("POST", url, o)
                answers.append(dict({"case": case["case"]}, **answer(code, body, warnings)))
            server.call("DELETE", path)
            out.append({"name": name, "answers": answers})
        with open(file.replace(".yaml", ".answers.json"), "w", encoding="utf-8") as f:
            lines = ['{"name": %s, "answers": [\n%s\n]}' % (json.dumps(g["name"]), ",\n".join(
                json.dumps(a, ensure_ascii=False, sort_keys=True) for a in g["answers"])) for g in out]
            f.write("[\n" + ",\n".join(lines) + "\n]\n")
        print(file, sum(len(g["answers"]) for g in out), "cases")


main()
