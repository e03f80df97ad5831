"""Records what a real API server makes of who owns which fields.

    python3 record.py --kubeconfig FILE [WORD ...]     writes answers.jsonl beside; with words only the sequences whose sentences have one

`sequences.yaml` holds sequences of writes to one object each. A step is a map with one of

    create: {...}                       # POST
    merge: {...}  strategic: {...}      # PATCH
    json: [...]                         # PATCH application/json-patch+json
    apply: {...}                        # PATCH application/apply-patch+yaml; apiVersion, kind and name are added unless `bare: true`
    edit: {set: [[POINTER, VALUE], ...], remove: [POINTER, ...]}    # PUT of the object as it is, edited so

and `by` (fieldManager), `agent` (User-Agent), `force`, `sub` (subresource), `version` and `group` (of the request), `bare`. A value `$live:POINTER` is what
the object has there, `$uid:PATH` the uid of another object. `crd: {...}` updates the definition of the sequence's kind instead.

An answer is one line of JSON: the sequence, and for each step `body` (what was sent), `before` (the object then; left out where it is as the
last step left it), `after` (the object as it is stored; `answer` too if the request is answered by another object) or `error`, and the step's
`time`. Times in managedFields are numbers that grow within a sequence; `fieldsV1` is the server's own text; uids and resourceVersions are
numbered. Everything that is made is deleted.
"""
import concurrent.futures, copy, http.client, json, os, ssl, sys, time
import yaml

HERE = os.path.dirname(os.path.abspath(__file__))
NAMESPACE = "ssa-case"
CONTENT = {"merge": "application/merge-patch+json", "strategic": "application/strategic-merge-patch+json",
           "json": "application/json-patch+json", "apply": "application/apply-patch+yaml"}


class Server:
    def __init__(self, kubeconfig):
        c = yaml.safe_load(open(kubeconfig))
        user, cluster = c["users"][0]["user"], c["clusters"][0]["cluster"]
        context = ssl.create_default_context(cafile=cluster["certificate-authority"])
        context.check_hostname = False
        context.load_cert_chain(user["client-certificate"], user["client-key"])
        self.connection = http.client.HTTPSConnection(cluster["server"].split("//")[1], context=context, timeout=30)

    def call(self, method, path, body=None, content="application/json", agent="recorder/1.0 (linux)"):
        headers = {"Content-Type": content, "Accept": "application/json"}
        if agent is not None:
            headers["User-Agent"] = agent
        self.connection.request(method, path, None if body is None else json.dumps(body), headers)
        r = self.connection.getresponse()
        return r.status, json.loads(r.read() or b"null")


def pointer(path):
    return [p.replace("~1", "/").replace("~0", "~") for p in path.split("/")[1:]]


def at(o, path):
    for p in pointer(path):
        o = o[int(p)] if isinstance(o, list) else o.get(p) if o else None
    return o


def put(o, path, value):
    *way, last = pointer(path)
    for p in way:
        o = o[int(p)] if isinstance(o, list) else o.setdefault(p, {})
    if isinstance(o, list):
        if last == "-":
            o.append(value)
        else:
            o[int(last)] = value
    else:
        o[last] = value


def drop(o, path):
    *way, last = pointer(path)
    for p in way:
        o = o[int(p)] if isinstance(o, list) else o[p]
    if isinstance(o, list):
        del o[int(last)]
    else:
        o.pop(last, None)


def filled(v, live, server):
    """`$live:` and `$uid:` values in a step."""
    if isinstance(v, str) and v.startswith("$live:"):
        return copy.deepcopy(at(live, v[6:]))
    if isinstance(v, str) and v.startswith("$uid:"):
        return server.call("GET", v[5:])[1]["metadata"]["uid"]
    if isinstance(v, dict):
        return {k: filled(x, live, server) for k, x in v.items()}
    if isinstance(v, list):
        return [filled(x, live, server) for x in v]
    return v


def times_of(o):
    return {e["time"] for e in ((o or {}).get("metadata") or {}).get("managedFields") or [] if e.get("time")}


def as_of(server, path, revision):
    """The object as it was then, whatever controllers have made of it since."""
    plural, name = path.rsplit("/", 1)
    query = "?resourceVersion=%s&resourceVersionMatch=Exact&limit=500&fieldSelector=metadata.name%%3D%s" % (revision, name)
    code, found = server.call("GET", plural + query)
    assert code == 200, found
    return dict(found["items"][0], apiVersion=found["apiVersion"], kind=found["kind"].removesuffix("List"))


def stable(server, path):
    """The object once its controllers have seen it and nobody has written it for a while."""
    last, quiet = None, 0
    for _ in range(80):
        code, o = server.call("GET", path)
        if code != 200:
            return None
        seen = o["kind"] != "Deployment" or o["status"].get("observedGeneration", 0) >= o["metadata"]["generation"]
        same = last is not None and o["metadata"]["resourceVersion"] == last["metadata"]["resourceVersion"]
        quiet = quiet + 1 if same and seen else 0
        if quiet >= 3:
            return o
        last = o
        time.sleep(0.35)
    return last


class Disturbed(Exception):
    """Somebody else wrote the object between two looks at it."""


def run(kubeconfig, seq, definitions):
    for _ in range(4):
        try:
            return once(kubeconfig, seq, definitions)
        except Disturbed as e:
            print("again:", seq["sequence"], e, flush=True)
    raise Disturbed(seq["sequence"])


def once(kubeconfig, seq, definitions):
    server = Server(kubeconfig)
    group, version, plural, name = seq["object"]
    base = lambda v, g=group: "%s/%s/namespaces/%s/%s" % ("/apis/" + g if g else "/api", v, NAMESPACE, plural)
    out, steps = {k: seq[k] for k in ("sequence", "object", "kind") if k in seq}, []
    crd = None
    if "crd" in seq:
        crd = custom(definitions[seq["crd"]], group)
        out["crd"] = crd
        definition(server, crd)
    for step in seq["steps"]:
        if "crd" in step:
            crd = custom(definitions[step["crd"]], group)
            definition(server, crd)
            steps.append({"crd": crd})
            time.sleep(3)
            continue
        v, g = step.get("version", version), step.get("group", group)
        path = base(v, g) + "/" + name
        time.sleep(1.15)
        before = stable(server, path)
        query = []
        if "by" in step:
            from urllib.parse import quote
            query.append("fieldManager=" + quote(step["by"]))
        if "force" in step:
            query.append("force=" + str(step["force"]).lower())
        target = path + ("/" + step["sub"] if "sub" in step else "")
        do = next(k for k in ("create", "apply", "merge", "strategic", "json", "edit") if k in step)
        body = filled(step[do], before, server)
        gv = g + "/" + v if g else v
        agent = step.get("agent", "recorder/1.0 (linux)")
        if do == "create":
            body = {"apiVersion": gv, "kind": seq["kind"], **body}
            body.setdefault("metadata", {})["name"] = name
            method, target, content = "POST", base(v, g), "application/json"
        elif do == "edit":
            edited = server.call("GET", target)[1]
            for p in body.get("remove", []):
                drop(edited, p)
            for p, value in body.get("set", []):
                put(edited, p, value)
            body, method, content = edited, "PUT", "application/json"
        else:
            method, content = "PATCH", CONTENT[do]
            if do == "apply" and not step.get("bare"):
                kind = ("autoscaling/v1", "Scale") if step.get("sub") == "scale" else (gv, seq["kind"])
                body = {"apiVersion": kind[0], "kind": kind[1], **body}
                body.setdefault("metadata", {}).setdefault("name", name)
        started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        code, answer = server.call(method, target + ("?" + "&".join(query) if query else ""), body, content, agent)
        rec = {"do": do, "body": body, "before": before, "version": gv}
        rec.update({k: step[k] for k in ("by", "force", "sub") if k in step})
        if "by" not in step:
            rec["agent"] = agent
        if code >= 400:
            error = {k: answer.get(k) for k in ("code", "reason", "message")}
            error["causes"] = [[c.get("reason", ""), c.get("field", ""), c.get("message", "")] for c in (answer.get("details") or {}).get("causes") or []]
            rec["error"] = error
        elif step.get("sub") == "scale":
            rec["answer"], rec["after"] = answer, as_of(server, path, answer["metadata"]["resourceVersion"])
        else:
            rec["after"] = answer
        fresh = times_of(rec.get("after")) - times_of(before)
        if len(fresh) > 1:
            clean(server, base(version) + "/" + name, crd)
            raise Disturbed(fresh)
        rec["time"] = fresh.pop() if fresh else started
        steps.append(rec)
    clean(server, base(version) + "/" + name, crd)
    out["steps"] = steps
    return tidy(out)


def clean(server, target, crd):
    server.call("DELETE", target + "?gracePeriodSeconds=0&propagationPolicy=Background")
    server.call("PATCH", target, {"metadata": {"finalizers": None}}, "application/merge-patch+json")
    for _ in range(40):
        if server.call("GET", target)[0] == 404:
            break
        time.sleep(0.25)
    if crd:
        server.call("DELETE", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/" + crd["metadata"]["name"])


def custom(spec, group):
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": spec["names"]["plural"] + "." + group}, "spec": dict(spec, group=group)}


def definition(server, crd):
    root = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    path = root + "/" + crd["metadata"]["name"]
    code, live = server.call("GET", path)
    if code == 200:
        body = dict(crd, metadata=dict(crd["metadata"], resourceVersion=live["metadata"]["resourceVersion"]))
        code, answer = server.call("PUT", path, body)
    else:
        code, answer = server.call("POST", root, crd)
    assert code < 300, answer
    for _ in range(100):
        _, o = server.call("GET", path)
        if any(c["type"] == "Established" and c["status"] == "True" for c in o.get("status", {}).get("conditions") or []):
            break
        time.sleep(0.1)
    time.sleep(1)


def tidy(out):
    """Numbers what differs from run to run."""
    objects = [o for s in out["steps"] for o in (s.get("before"), s.get("after"), s.get("answer"), s.get("body")) if isinstance(o, dict)]
    stamps = sorted({t for o in objects for t in times_of(o)} | {s["time"] for s in out["steps"] if "time" in s})
    numbers = {"uid": {}, "resourceVersion": {}}

    def number(key, value):
        n = numbers[key].setdefault(value, len(numbers[key]) + 1)
        return "00000000-0000-0000-0000-%012d" % n if key == "uid" else str(n)

    def walk(v, key=None):
        if isinstance(v, dict):
            if "fieldsType" in v and "fieldsV1" in v:
                v = dict(v)
                if isinstance(v["fieldsV1"], dict):
                    v["fieldsV1"] = json.dumps(v["fieldsV1"], separators=(",", ":"), ensure_ascii=False)
                if v.get("time") in stamps:
                    v["time"] = stamps.index(v["time"])
                return v
            return {k: walk(x, k) for k, x in v.items()}
        if isinstance(v, list):
            return [walk(x) for x in v]
        if key in numbers and isinstance(v, str) and v:
            return number(key, v)
        if key == "creationTimestamp" and v:
            return "2026-01-01T00:00:00Z"
        return v

    last = None
    for s in out["steps"]:
        if "crd" in s:
            continue
        s["time"] = stamps.index(s["time"])
        for k in ("before", "after", "answer", "body", "error"):
            if k in s:
                s[k] = walk(s[k])
        before = s.pop("before")
        if before != last:
            s["before"] = before
        last = s.get("after", before)
    text = json.dumps(out, ensure_ascii=False)
    for uid, n in numbers["uid"].items():
        text = text.replace(uid, "00000000-0000-0000-0000-%012d" % n)
    return text


def main():
    kubeconfig = sys.argv[sys.argv.index("--kubeconfig") + 1]
    words = [a for a in sys.argv[1:] if a not in ("--kubeconfig", kubeconfig)]
    document = yaml.safe_load(open(HERE + "/sequences.yaml"))
    sequences = [s for s in document if "sequence" in s]
    definitions = next(d["definitions"] for d in document if "definitions" in d)
    target = HERE + "/answers.jsonl"
    old = {}
    if os.path.exists(target):
        for line in open(target, encoding="utf-8"):
            o = json.loads(line)
            old[o["sequence"]] = line.strip()
    server = Server(kubeconfig)
    code, answer = server.call("POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
    assert code == 201, answer
    for _ in range(100):
        if server.call("GET", "/api/v1/namespaces/%s/serviceaccounts/default" % NAMESPACE)[0] == 200:
            break
        time.sleep(0.1)
    todo = [s for s in sequences if not words or any(w in s["sequence"] for w in words)]
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        running = {s["sequence"]: pool.submit(run, kubeconfig, s, definitions) for s in todo}
    for name, result in running.items():
        if result.exception():
            print("failed:", name, repr(result.exception()))
        else:
            old[name] = result.result()
    with open(target, "w", encoding="utf-8") as f:
        f.writelines(old[s["sequence"]] + "\n" for s in sequences if s["sequence"] in old)
    Server(kubeconfig).call("DELETE", "/api/v1/namespaces/" + NAMESPACE)
    print(len(todo), "sequences,", sum(len(s["steps"]) for s in todo), "steps")


main()
