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
      again: {...}                       # PATCH application/merge-patch+json once more
      subresource: [NAME, {...}]         # PATCH of another one, merge
      table: true                        # GET as a table: its columns and the object's cells without its age
      delete: true

A case may instead be a list of plain requests, done in this order; its `kind` is of no account then:

    - case: a pod that is evicted twice
      calls:
        - {POST: /api/v1/namespaces/case/pods, body: {...}}
        - {POST: /api/v1/namespaces/case/pods/web/eviction?dryRun=All, body: {...}, as: jane, groups: [admins]}

`quiet: true` keeps the object out of the answer of a request, where it is not what the case is about;
`without: [status]` leaves parts of it out; `after: 2` waits so many seconds first, as some things come into force by and by.

An answer is `{"code", "object"}` or `{"code", "reason", "message", "causes"}`, with `"warnings"` where there were any. What differs from
server to server (uid, resourceVersion, times, managedFields) is cut out of objects; elsewhere a uid, as in the labels of a Job's
pods, reads `UID`. Object and namespace are deleted afterwards. What controllers do to an object between two steps shows in its answers, so
record cases of kinds that have a controller with an API server that runs alone.
"""
import base64, http.client, json, os, re, ssl, sys, tempfile, time
import yaml

NAMESPACE = "case"
CUT = ("uid", "resourceVersion", "creationTimestamp", "managedFields", "selfLink")
UID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
STEPS = ["create", "update", "merge", "status", "again", "subresource", "table", "delete"]
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
TIME = "lastPhaseTransitionTime"  # of a PersistentVolume's status: the server's clock


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

    def call(self, method, path, body=None, content="application/json", accept="application/json", extra=()):
        if self.connection is None:
            self.connection = http.client.HTTPSConnection(self.host, context=self.context, timeout=30)
        self.connection.putrequest(method, path)
        data = b"" if body is None else json.dumps(body).encode()
        for k, v in [("Content-Type", content), ("Accept", accept), ("Content-Length", str(len(data))), *extra]:
            self.connection.putheader(k, v)
        self.connection.endheaders(data)
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
        if (body.get("details") or {}).get("retryAfterSeconds"):
            out["retryAfterSeconds"] = body["details"]["retryAfterSeconds"]
    elif body:
        for k in CUT:
            body.get("metadata", {}).pop(k, None)
        if isinstance(body.get("status"), dict):
            body["status"].pop(TIME, None)
        out["object"] = body
    if warnings:
        out["warnings"] = warnings
    return out


def delete_namespace(server, name):
    """Ends it at once: its controller waits for every API to answer, also for one whose server is not there."""
    path = "/api/v1/namespaces/" + name
    code, body, _ = server.call("DELETE", path)
    if code == 200:
        body["spec"]["finalizers"] = []
        body["metadata"].pop("resourceVersion", None)
        server.call("PUT", path + "/finalize", body)


def forget(server, made):
    """Deletes what a case has made."""
    for path, _ in reversed(made):
        if path.startswith("/api/v1/namespaces/") and path.count("/") == 4:
            delete_namespace(server, path.split("/")[-1])
            continue
        code, body, _ = server.call("DELETE", path + "?gracePeriodSeconds=0&propagationPolicy=Background")
        if code == 200:
            server.call("PATCH", path, {"metadata": {"finalizers": None}}, "application/merge-patch+json")


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
        for patience in range(20):
            if server.call("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})[0] == 201:
                break
            # One of that name may still be going away; a server with an add-on that does not answer never finishes that.
            time.sleep(0.5)
            if patience == 10:
                finalize = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}, "spec": {}}
                server.call("PUT", "/api/v1/namespaces/%s/finalize" % namespace, finalize)
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
            if "calls" in case:
                out = []
                for c in case["calls"]:
                    time.sleep(c.get("after", 0))
                    method = [m for m in ("GET", "POST", "PUT", "PATCH", "DELETE") if m in c][0]
                    path = re.sub("/namespaces/%s(?=[/?]|$)" % NAMESPACE, "/namespaces/" + namespace, c[method])
                    extra = [("Impersonate-User", c["as"])] if "as" in c else []
                    extra += [("Impersonate-Group", g) for g in c.get("groups", [])]
                    content = "application/merge-patch+json" if method == "PATCH" else "application/json"
                    code, body, warnings = server.call(method, path, c.get("body"), content, extra=extra)
                    if method == "POST" and code < 300 and (body.get("metadata") or {}).get("name"):
                        made.append((path.split("?")[0] + "/" + body["metadata"]["name"], None))
                    for part in c.get("without", []):
                        (body or {}).pop(part, None)
                    if c.get("quiet"):
                        body = body if code >= 400 else None
                    out.append(json.loads(UID.sub("UID", json.dumps(answer(code, body, warnings)).replace(namespace, NAMESPACE))))
                answers.append({"case": case["case"], "calls": out})
                forget(server, made)
                continue
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
                    if code == 201:
                        name = body["metadata"]["name"]
                        made.append((base + "/" + name, None))
                elif step in ("merge", "again"):
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
            forget(server, made)
        delete_namespace(server, namespace)
        target = file.replace(".yaml", ".answers.json")
        with open(target, "w", encoding="utf-8") as f:
            f.write("[\n" + ",\n".join(json.dumps(a, ensure_ascii=False, sort_keys=True) for a in answers) + "\n]\n")
        print(file, len(answers), "cases")


main()
