#!/usr/bin/env python3
"""Records what a real API server answers in a conversation.

    python3 record.py --kubeconfig KUBECONFIG FILE.yaml …      writes FILE.answers.json

A file is a list of conversations: `name`, and `steps`, each one line:

    - POST /api/v1/namespaces/default/pods?fieldManager=me: {…}       GET, PUT, DELETE likewise
    - MERGE /api/v1/…: {…}            a merge patch; JSON, STRATEGIC and APPLY are the other kinds
    - GET /api/v1/…: table            or `metadata`, or nothing
    - wait: 2                          seconds

`RV` in a body is the resourceVersion that was seen last. In answers, uids read `UID`, times `TIME`, resourceVersions are cut.
What was created is deleted after each conversation.
"""
import http.client, json, os, re, ssl, sys, time
import yaml

PATCH = {
    "MERGE": "application/merge-patch+json",
    "JSON": "application/json-patch+json",
    "STRATEGIC": "application/strategic-merge-patch+json",
    "APPLY": "application/apply-patch+yaml",
}
ACCEPT = {
    "table": "application/json;as=Table;v=v1;g=meta.k8s.io",
    "metadata": "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
    "metadata list": "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
}
UID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
CLOCK = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z")


class Server:
    def __init__(self, kubeconfig):
        config = yaml.safe_load(open(kubeconfig))
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        context = ssl.create_default_context(cafile=cluster["certificate-authority"])
        context.check_hostname = False
        context.load_cert_chain(user["client-certificate"], user["client-key"])
        self.connection = http.client.HTTPSConnection(cluster["server"].split("//")[1], context=context, timeout=60)

    def call(self, method, path, body=None, content="application/json", accept="application/json"):
        self.connection.request(method, path, None if body is None else json.dumps(body), {"Content-Type": content, "Accept": accept, "User-Agent": "kubectl/v1.36.3"})
        r = self.connection.getresponse()
        warnings = [h[h.index('"') + 1:-1].replace('\\"', '"') for h in r.headers.get_all("Warning") or []]
        text = r.read()
        try:
            return r.status, json.loads(text or b"null"), warnings
        except ValueError:
            return r.status, text.decode(), warnings


def without_revisions(v):
    if isinstance(v, dict):
        return {k: without_revisions(x) for k, x in v.items() if k not in ("resourceVersion", "selfLink")}
    if isinstance(v, list):
        return [without_revisions(x) for x in v]
    return v


def ageless(body):
    """The ages in a table differ."""
    if isinstance(body, dict) and body.get("kind") == "Table":
        for i, c in enumerate(body["columnDefinitions"]):
            if c["name"] == "Age":
                for row in body["rows"]:
                    row["cells"][i] = None
    return body


def shown(code, body, warnings):
    out = {"code": code, "body": without_revisions(ageless(body))}
    if warnings:
        out["warnings"] = warnings
    return json.loads(CLOCK.sub("TIME", UID.sub("UID", json.dumps(out))))


def main():
    server = Server(sys.argv[sys.argv.index("--kubeconfig") + 1])
    for file in [a for a in sys.argv[1:] if a.endswith(".yaml")]:
        all_answers = []
        for conversation in yaml.safe_load(open(file)):
            answers, made, revision = [], [], ""
            for step in conversation["steps"]:
                (line, body), = step.items()
                if line == "wait":
                    time.sleep(body)
                    answers.append(None)
                    continue
                method, path = line.split(" ", 1)
                accept = ACCEPT.get(body, "application/json") if isinstance(body, str) else "application/json"
                if isinstance(body, str):
                    body = None
                if body is not None:
                    body = json.loads(json.dumps(body).replace('"RV"', json.dumps(revision)))
                content = PATCH.get(method, "application/json")
                code, got, warnings = server.call("PATCH" if method in PATCH else method, path, body, content, accept)
                if isinstance(got, dict):
                    revision = got.get("metadata", {}).get("resourceVersion", revision)
                    if code == 201 and "name" in got.get("metadata", {}) and "dryRun" not in path:
                        base = path.split("?")[0]
                        made.append(base if method in PATCH else base + "/" + got["metadata"]["name"])
                answers.append(shown(code, got, warnings))
            for path in reversed(made):
                server.call("PATCH", path, {"metadata": {"finalizers": None}}, PATCH["MERGE"])
                server.call("DELETE", path + "?gracePeriodSeconds=0&propagationPolicy=Background")
                for _ in range(100):
                    if server.call("GET", path)[0] == 404:
                        break
                    time.sleep(0.1)
            all_answers.append({"name": conversation["name"], "answers": answers})
        with open(file.replace(".yaml", ".answers.json"), "w", encoding="utf-8") as f:
            f.write("[\n")
            for i, c in enumerate(all_answers):
                lines = ",\n".join(json.dumps(a, ensure_ascii=False, sort_keys=True) for a in c["answers"])
                end = "," if i + 1 < len(all_answers) else ""
                f.write('{"name": %s, "answers": [\n%s\n]}%s\n' % (json.dumps(c["name"], ensure_ascii=False), lines, end))
            f.write("]\n")
        print(file, sum(len(c["answers"]) for c in all_answers), "answers")


if __name__ == "__main__":
    main()
