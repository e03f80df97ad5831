"""Asks a real API server what it makes of the objects in a file of cases.

    python3 record.py --kubeconfig FILE KIND.yaml ...    writes KIND.answers.json beside each

A file of cases is a YAML list. Each case begins with an empty namespace `NAMESPACE`; its steps are done in this order:

    - case: replicas below zero          # a sentence about the case
      kind: [apps, v1, deployments]      # group, version, plural; once at the top of the file as `defaults:` or in each case
      before: [{...}, ...]               # objects that must be there (any kind, created first; not judged)
      wait: 3                            # seconds until those are in force: a real server takes a while to see a policy
      create: {...}                      # POST
      update: {...}                      # PUT; gets the stored resourceVersion unless it has one. `null` values stay
      merge: {...}                       # PATCH application/merge-patch+json
      status: {...}                      # PATCH of the status subresource, merge
      subresource: [NAME, {...}]         # PATCH of another one, merge
      table: true                        # GET as a table: its columns and the object's cells without its age
      delete: true

An answer is `{"code", "object"}` or `{"code", "reason", "message", "causes"}`, with `"warnings"` where there were any. What differs from
server to server (uid, resourceVersion, creationTimestamp, managedFields) is cut out of objects; elsewhere a uid, as in the labels of a Job's
pods, reads `UID`. Object and namespace are deleted afterwards. What controllers do to an object between two steps shows in its answers, so
record cases of kinds that have a controller with an API server that runs alone.
"""
import base64, http.client, json, os, re, ssl, sys, tempfile, time
import yaml

NAMESPACE = "case"
CUT = ("uid", "resourceVersion", "creationTimestamp", "managedFields", "selfLink")
UID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
STEPS = ["create", "update", "merge", "status", "subresource", "table", "delete"]
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


class Server:
    def __init__(self, kubeconfig):
        c = yaml.safe_load(open(kubeconfig))
        user, cluster = c["users"][0]["user"], c["clusters"][0]["cluster"]
        context = ssl.create_default_context(cafile=cluster["certificate-authority"])
        context.check_hostname = False
        context.load_cert_chain(user["client-certificate"], user["client-key"])
        self.host = cluster["server"].split("//")[1]
        self.context = context
        self.connection = None

    def call(self, method, path, body=None, content="application/json", accept="application/json"):
        if self.connection is None:
            self.connection = http.client.HTTPSConnection(self.host, context=self.context, timeout=30)
        self.connection.request(method, path, None if body is None else json.dumps(body), {"Content-Type": content, "Accept": accept})
        r = self.connection.getresponse()
        warnings = [h[h.index('"') + 1:-1].replace('\\"', '"') for h in r.headers.get_all("Warning") or []]
        return r.status, json.loads(r.read() or b"null"), warnings


def base_of(kind, namespace):
    group, version, plural = kind
    root = "/api/" + version if not group else "/apis/%s/%s" % (group, version)
    return "%s/%s%s" % (root, "namespaces/%s/" % namespace if namespace else "", plural)


def answer(code, body, warnings):
    out = {"code": code}
    if body and body.get("kind") == "Status" and code >= 400:
        out.update(reason=body.get("reason", ""), message=body["message"])
        causes = (body.get("details") or {}).get("causes")
        if causes:
            out["causes"] = [[c.get("reason", ""), c.get("field", ""), c.get("message", "")] for c in causes]
    elif body:
        for k in CUT:
            body.get("metadata", {}).pop(k, None)
        out["object"] = body
    if warnings:
        out["warnings"] = warnings
    return out


def main():
    kubeconfig = sys.argv[sys.argv.index("--kubeconfig") + 1]
    files = [a for a in sys.argv[1:] if a.endswith(".yaml")]
    server = Server(kubeconfig)
    discovery = {}

    def resource(o):
        """group, version, plural and scope of an object, by discovery."""
        gv = o["apiVersion"]
        if gv not in discovery:
            _, d, _ = server.call("GET", ("/apis/" if "/" in gv else "/api/") + gv)
            discovery[gv] = {r["kind"]: r for r in d["resources"] if "/" not in r["name"]}
        r = discovery[gv][o["kind"]]
        group, version = gv.split("/") if "/" in gv else ("", gv)
        return (group, version, r["name"]), r["namespaced"]

    for file in files:
        namespace = NAMESPACE + "-" + os.path.basename(file).split(".")[0].replace("_", "-")
        text = open(file).read().replace("namespace: %s\n" % NAMESPACE, "namespace: %s\n" % namespace)
        cases = yaml.safe_load(text)
        defaults = {}
        if "defaults" in cases[0]:
            defaults = cases.pop(0)["defaults"]
        server.call("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
        for _ in range(50):
            if server.call("GET", "/api/v1/namespaces/%s/serviceaccounts/default" % namespace)[0] == 200:
                break
            time.sleep(0.1)
        answers = []
        for case in cases:
            made = []

            def create(o):
                kind, namespaced = resource(o)
                base = base_of(kind, namespace if namespaced else "")
                code, body, warnings = server.call("POST", base + "?fieldValidation=Warn", o)
                if code < 300:
                    made.append((base + "/" + body["metadata"]["name"], kind))
                return code, body, warnings

            for o in case.get("before", []):
                code, body, _ = create(o)
                assert code < 300, (case["case"], body)
            time.sleep(case.get("wait", 0))
            group, version, plural = case.get("kind", defaults.get("kind"))
            gv = version if not group else group + "/" + version
            if gv not in discovery:
                _, d, _ = server.call("GET", ("/apis/" if group else "/api/") + gv)
                discovery[gv] = {r["kind"]: r for r in d["resources"] if "/" not in r["name"]}
            namespaced = [r for r in discovery[gv].values() if r["name"] == plural][0]["namespaced"]
            base = base_of((group, version, plural), namespace if namespaced else "")
            name, out, rv = None, {"case": case["case"]}, None
            for step in STEPS:
                if step not in case:
                    continue
                o = case[step]
                merge = "application/merge-patch+json"
                if step == "create":
                    code, body, warnings = server.call("POST", base + "?fieldValidation=Warn", o)
                    if code < 300:
                        name = body["metadata"].get("name")
                        made.append((base + "/" + str(name), None))
                elif step == "update":
                    o = dict(o, metadata=dict(o.get("metadata", {})))
                    o["metadata"].setdefault("name", name)
                    if rv:
                        o["metadata"].setdefault("resourceVersion", rv)
                    code, body, warnings = server.call("PUT", "%s/%s?fieldValidation=Warn" % (base, o["metadata"]["name"]), o)
                elif step == "merge":
                    code, body, warnings = server.call("PATCH", "%s/%s?fieldValidation=Warn" % (base, name), o, merge)
                elif step == "status":
                    code, body, warnings = server.call("PATCH", "%s/%s/status" % (base, name), o, merge)
                elif step == "subresource":
                    code, body, warnings = server.call("PATCH", "%s/%s/%s" % (base, name, o[0]), o[1], merge)
                elif step == "table":
                    code, body, warnings = server.call("GET", "%s/%s" % (base, name), accept=TABLE)
                    if code < 300:
                        columns, cells = body["columnDefinitions"], body["rows"][0]["cells"]
                        cells = [None if h["name"] == "Age" else c for h, c in zip(columns, cells)]
                        body = {"columns": columns, "cells": cells}
                else:
                    code, body, warnings = server.call("DELETE", "%s/%s" % (base, name))
                if code < 300 and body.get("metadata"):
                    rv = body["metadata"].get("resourceVersion")
                out[step] = json.loads(UID.sub("UID", json.dumps(answer(code, body, warnings)).replace(namespace, NAMESPACE)))
            answers.append(out)
            for path, _ in reversed(made):
                code, body, _ = server.call("DELETE", path + "?gracePeriodSeconds=0&propagationPolicy=Background")
                if code == 200:
                    server.call("PATCH", path, {"metadata": {"finalizers": None}}, "application/merge-patch+json")
        server.call("DELETE", "/api/v1/namespaces/" + namespace)
        target = file.replace(".yaml", ".answers.json")
        with open(target, "w", encoding="utf-8") as f:
            f.write("[\n" + ",\n".join(json.dumps(a, ensure_ascii=False, sort_keys=True) for a in answers) + "\n]\n")
        print(file, len(answers), "cases")


main()
