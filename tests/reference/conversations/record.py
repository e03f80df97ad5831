#!/usr/bin/env python3
"""Records what a real API server answers in a conversation.

    python3 record.py --kubeconfig KUBECONFIG [--audit LOG] [--hooks CA CERT KEY] FILE.yaml …      writes FILE.answers.json

A file is a list of conversations: `name`, and `steps`, each one line:

    - POST /api/v1/namespaces/default/pods?fieldManager=me: {…}       GET, PUT, DELETE likewise
    - MERGE /api/v1/…: {…}            a merge patch; JSON, STRATEGIC and APPLY are the other kinds
    - GET /api/v1/…: table            or `metadata`, or nothing; DELETE likewise
    - POST /api/v1/… as table: {…}    likewise, where there is a body
    - WATCH /api/v1/…&timeoutSeconds=1:   its events; `table` or `metadata` as with GET
    - wait: 2                          seconds
    - keep: 1                          the resourceVersion that was seen last is `KEPT` from now on
    - as: {user: jane, groups: [a]}    who asks from here on (`uid` and `extra` likewise); null: the administrator again

`RV` in a body or a path is the resourceVersion that was seen last, `UID` in a body the uid; `CONTINUE` in a path is the place where the last
list ended, of which answers tell no more than the object. In answers, uids read `UID`, times `TIME`, what is made of a generateName `gen-` ends in `CHANCE`; resourceVersions are cut.
What was created is deleted after each conversation.

A conversation may have more:

    before: [- POST …]               requests that are not judged, after which a real server gets time to see what they bring
    hooks: {PATH: {…}, …}            webhooks, which a server at HOOKS answers for; a list: one answer after another, the last again and
                                     again. `response` is put into a proper review; `review` is all that is said, in which UID is that of
                                     the question; `text` is said as it is; `code` goes with any of them; `sleep` says nothing for so long
    audit: true                      answers have the annotations of the request's audit event (the server's audit log is LOG, at
                                     level Request), and the reviews that webhooks were asked, by their paths
    ordered: true                    those are in the order in which they were asked: webhooks that may refuse are all asked at once

A `patch` in a `response` is written out.
"""
import base64, http.client, http.server, json, os, re, ssl, sys, threading, time, uuid
import yaml

CREDENTIAL = "authentication.kubernetes.io/credential-id"  # of a client certificate, which the tests have not
HOOKS = ("127.0.0.1", 18443)
SETTLE = 2.5  # seconds until a policy or a webhook is in force

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
CHANCE = re.compile("(?<=gen-)[bcdfghjklmnpqrstvwxz2456789]{5}")
CLOCK = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z")


class Server:
    def __init__(self, kubeconfig):
        config = yaml.safe_load(open(kubeconfig))
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        context = ssl.create_default_context(cafile=cluster["certificate-authority"])
        context.check_hostname = False
        context.load_cert_chain(user["client-certificate"], user["client-key"])
        self.connection = http.client.HTTPSConnection(cluster["server"].split("//")[1], context=context, timeout=60)
        self.acting_as = None

    def call(self, method, path, body=None, content="application/json", accept="application/json"):
        self.id = str(uuid.uuid4())
        headers = {"Content-Type": content, "Accept": accept, "User-Agent": "kubectl/v1.36.3", "Audit-ID": self.id}
        self.connection.putrequest(method, path)
        data = None if body is None else json.dumps(body).encode()
        if data is not None:
            headers["Content-Length"] = str(len(data))
        for key, value in [*headers.items(), *impersonation(self.acting_as)]:
            self.connection.putheader(key, value)
        self.connection.endheaders(data)
        r = self.connection.getresponse()
        self.type = r.headers.get("Content-Type", "")
        warnings = [h[h.index('"') + 1:-1].replace('\\"', '"') for h in r.headers.get_all("Warning") or []]
        text = r.read()
        try:
            return r.status, json.loads(text or b"null"), warnings
        except ValueError:
            return r.status, text.decode(), warnings


def impersonation(who):
    who = who or {}
    if "user" in who:
        yield "Impersonate-User", who["user"]
    if "uid" in who:
        yield "Impersonate-Uid", who["uid"]
    for group in who.get("groups", []):
        yield "Impersonate-Group", group
    for key, values in who.get("extra", {}).items():
        for value in values:
            yield "Impersonate-Extra-" + key, value


class Hooks(http.server.BaseHTTPRequestHandler):
    """The webhooks of a conversation."""
    protocol_version = "HTTP/1.1"
    said, asked = {}, []

    def do_POST(self):
        path = self.path.split("?")[0].strip("/")
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        # Who asks is another here and there.
        Hooks.asked.append([path, {**review, "request": {k: v for k, v in review["request"].items() if k != "userInfo"}}])
        answers = Hooks.said[path]
        if isinstance(answers, list):
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
        else:
            answer = answers
        time.sleep(answer.get("sleep", 0))
        data = said(answer, review).encode()
        self.send_response(answer.get("code", 200))
        self.send_header("Content-Type", answer.get("type", "application/json"))
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        try:
            self.wfile.write(data)
        except OSError:
            pass  # whoever asked did not wait for so long

    def log_message(self, *_):
        pass


def said(answer, review):
    if "text" in answer:
        return answer["text"]
    uid = review["request"]["uid"]
    if "review" in answer:
        return json.dumps(answer["review"]).replace('"UID"', json.dumps(uid))
    response = {"uid": uid, **answer.get("response", {})}
    if isinstance(response.get("patch"), list):
        response["patch"] = base64.b64encode(json.dumps(response["patch"], separators=(",", ":")).encode()).decode()
    return json.dumps({"apiVersion": review["apiVersion"], "kind": "AdmissionReview", "response": response})


def serve_hooks(ca, cert, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    server = http.server.ThreadingHTTPServer(HOOKS, Hooks)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return base64.b64encode(open(ca, "rb").read()).decode()


def annotations(log, audit_id):
    """What the server has put down about a request, but for who was allowed to make it."""
    for _ in range(50):
        for line in reversed(open(log).read().splitlines()[-200:]):
            if audit_id in line and '"stage":"ResponseComplete"' in line:
                found = json.loads(line).get("annotations", {})
                return {k: v for k, v in found.items() if not k.startswith(("authorization.k8s.io/", "k8s.io/deprecated", "apiserver.latency"))}
        time.sleep(0.02)
    return {}


def without_passing_owners(v):
    """kubetutor does not tell who owns what is only passing by."""
    if isinstance(v, dict) and v.get("kind") in ("Scale", "Binding", "Eviction", "TokenRequest"):
        v.get("metadata", {}).pop("managedFields", None)
    for x in v.values() if isinstance(v, dict) else v if isinstance(v, list) else []:
        without_passing_owners(x)
    return v


def place(token):
    """Where a list goes on, without the revision that it is of."""
    try:
        return json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))["start"]
    except ValueError:
        return token


def without_revisions(v):
    if isinstance(v, dict):
        kept = {k: without_revisions(x) for k, x in v.items() if k not in ("resourceVersion", "selfLink")}
        if list(kept.get("extra") or ()) == [CREDENTIAL]:
            del kept["extra"]
        if isinstance(kept.get("continue"), str):
            kept["continue"] = place(kept["continue"])
        return kept
    if isinstance(v, list):
        return [without_revisions(x) for x in v]
    return v


def ageless(body, columns=()):
    """The ages in a table differ. `columns`: those of the first table of a watch, which alone tells them."""
    if isinstance(body, dict) and body.get("kind") == "Table":
        for i, c in enumerate(body["columnDefinitions"] or columns):
            if c["name"] == "Age":
                for row in body["rows"]:
                    row["cells"][i] = None
    return body


def shown(code, body, warnings):
    out = {"code": code, "body": without_revisions(ageless(body))}
    if warnings:
        out["warnings"] = warnings
    return json.loads(scrubbed(out))


def scrubbed(v):
    return CHANCE.sub("CHANCE", CLOCK.sub("TIME", UID.sub("UID", json.dumps(v))))


def main():
    given = lambda flag, n: sys.argv[sys.argv.index(flag) + 1 :][:n] if flag in sys.argv else None
    server = Server(given("--kubeconfig", 1)[0])
    log = given("--audit", 1)
    bundle = serve_hooks(*given("--hooks", 3)) if "--hooks" in sys.argv else ""
    for file in [a for a in sys.argv[1:] if a.endswith(".yaml")]:
        all_answers = []
        for conversation in yaml.safe_load(open(file)):
            answers, made, revision, uid, kept, going_on = [], [], "", "", "", ""
            Hooks.said, Hooks.asked = json.loads(json.dumps(conversation.get("hooks", {}))), []
            before = conversation.get("before", [])
            for i, step in enumerate(before + conversation["steps"]):
                (line, body), = step.items()
                if i == len(before) and before:
                    time.sleep(SETTLE)
                judged = i >= len(before)
                for hook in (body or {}).get("webhooks", []) if isinstance(body, dict) else []:
                    if "url" in hook["clientConfig"]:
                        hook["clientConfig"]["caBundle"] = bundle
                Hooks.asked.clear()
                if line == "wait":
                    time.sleep(body)
                elif line == "as":
                    server.acting_as = body
                if line in ("wait", "as"):
                    if judged:
                        answers.append(None)
                    continue
                if line == "keep":
                    kept = revision
                    answers.append(None)
                    continue
                method, path = line.split(" ", 1)
                path, _, form = path.partition(" as ")
                if isinstance(body, str):
                    form = body
                accept = ACCEPT.get(form, "application/json")
                path = path.replace("=RV", "=" + revision).replace("=KEPT", "=" + kept).replace("=CONTINUE", "=" + going_on)
                if isinstance(body, str):
                    body = None
                if body is not None:
                    body = json.loads(json.dumps(body).replace('"RV"', json.dumps(revision)).replace('"UID"', json.dumps(uid)))
                content = PATCH.get(method, "application/json")
                # The old way names it in the path.
                if method == "WATCH" and "/watch/" not in path:
                    path += ("&" if "?" in path else "?") + "watch=1"
                verb = "PATCH" if method in PATCH else "GET" if method == "WATCH" else method
                code, got, warnings = server.call(verb, path, body, content, accept)
                if method == "WATCH" and code == 200:
                    events = got.splitlines() if isinstance(got, str) else [json.dumps(got)] if got else []
                    got = [json.loads(e) for e in events]
                    for e in got:
                        ageless(e["object"], got[0]["object"].get("columnDefinitions") or ())
                if isinstance(got, dict):
                    meta = got.get("metadata") or {}
                    revision, uid = meta.get("resourceVersion", revision), meta.get("uid", uid)
                    going_on = meta.get("continue", "")
                    if code == 201 and "name" in got.get("metadata", {}) and "dryRun" not in path:
                        base = path.split("?")[0]
                        made.append(base if method in PATCH else base + "/" + got["metadata"]["name"])
                if not judged:
                    assert code < 300, (line, got)
                    continue
                answer = shown(code, got, warnings)
                if conversation.get("audit"):
                    # Where nothing is done nothing is put down, in kubetutor.
                    noted = {} if "dryRun" in line else annotations(log[0], server.id)
                    if noted:
                        answer["annotations"] = json.loads(scrubbed(noted))
                    if Hooks.asked:
                        if not conversation.get("ordered"):
                            Hooks.asked.sort(key=lambda a: a[0])
                        answer["asked"] = json.loads(scrubbed(without_passing_owners(without_revisions(Hooks.asked))))
                answers.append(answer)
            server.acting_as = None
            watching = [p for p in made if "/admissionregistration.k8s.io/" in p]
            for path in watching:
                server.call("DELETE", path)
            if watching:
                time.sleep(SETTLE)
            for path in reversed([p for p in made if p not in watching]):
                if path.startswith("/api/v1/namespaces/") and path.count("/") == 4:
                    # Its controller waits for every API to answer, and may not be there at all.
                    code, body, _ = server.call("DELETE", path)
                    server.call("PUT", path + "/finalize", {**body, "spec": {}})
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
