#!/usr/bin/env python3
"""Records the rows that a real API server makes of the objects in cells.yaml, beside the objects themselves.

    python3 record.py --kubeconfig KUBECONFIG        writes cells/GROUP_VERSION_RESOURCE.json

Nothing may interfere, so it needs an API server without controllers, and without whatever an earlier run has left there.
Each file has the moment of the request, and rows with cells and whole objects. How the objects came to be, and what was answered,
stands in created.jsonl.
"""
import datetime, json, os, re, sys, time
import yaml

here = os.path.dirname(os.path.abspath(__file__))
conversations = {"__name__": "conversations"}
exec(open(os.path.join(here, "../conversations/record.py")).read(), conversations)
PATCH, Server = conversations["PATCH"], conversations["Server"]

NAMESPACE = "cells"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
POD = {"containers": [{"name": "a", "image": "x"}]}
TEMPLATE = {"spec": {"restartPolicy": "Never", **POD}}


def moment(text):
    """`@-90s` is ninety seconds ago."""
    found = re.fullmatch(r"@(u?)-(-?\d+)s", text)
    if not found:
        return text
    then = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=int(found[2]))
    return then.strftime("%Y-%m-%dT%H:%M:%S.000000Z" if found[1] else "%Y-%m-%dT%H:%M:%SZ")


def written_out(v, words):
    if isinstance(v, dict):
        return {k: written_out(x, words) for k, x in v.items()}
    if isinstance(v, list):
        return [written_out(x, words) for x in v]
    if isinstance(v, str):
        return words.get(v, moment(v))
    return v


def kinds(server):
    """Every kind that can be listed, by `plural.group`: path of its version, kind and scope."""
    versions = [("/api/v1", "", "v1")]
    for g in server.call("GET", "/apis")[1]["groups"]:
        versions += [(f"/apis/{v['groupVersion']}", g["name"], v["groupVersion"]) for v in g["versions"]]
    for path, group, group_version in versions:
        code, served, _ = server.call("GET", path)
        for r in served["resources"] if code == 200 else []:
            if "/" not in r["name"] and "list" in r["verbs"]:
                yield r["name"] + ("." + group if group else ""), path, group_version, r


def make(server, base, group_version, kind, o, steps):
    """Creates an object, and puts down what was asked and answered."""

    def ask(method, path, body, content="application/json"):
        code, answer, _ = server.call(method, path, body, content)
        steps.append({"method": method, "path": path, "body": body, "answer": answer})
        return code, answer

    parts = {k: o.pop(k) for k in ("$status", "$approval", "$delete") if k in o}
    o = {"apiVersion": group_version, "kind": kind, **o}
    code, made = ask("POST", base + "?fieldManager=kubectl-create", o)
    if code != 201:
        return [made["message"]]
    refused, path = [], f"{base}/{o['metadata']['name']}"
    for part in ("approval", "status"):
        if "$" + part in parts:
            # A kind that is just defined is not served everywhere at once.
            for attempt in range(20):
                code, answer = ask("PATCH", f"{path}/{part}?fieldManager=kubectl-patch", {"status": parts["$" + part]}, PATCH["MERGE"])
                if code != 404:
                    break
                steps.pop()
                time.sleep(0.2)
            refused += [] if code == 200 else [answer["message"]]
    if "$delete" in parts:
        server.call("DELETE", path)
    return refused


def main():
    server = Server(sys.argv[sys.argv.index("--kubeconfig") + 1])
    request = re.search(r"before:\n  - .*?request: (\S+?),", open(os.path.join(here, "../objects/certificatesigningrequest.yaml")).read())[1]
    certificate = re.search(r"case: a certificate instead\n.*?request: (\S+?),", open(os.path.join(here, "../objects/certificatesigningrequest.yaml")).read())[1]
    words = {"$pod": POD, "$template": TEMPLATE, "$job": {"template": TEMPLATE}, "$request": request, "$certificate": certificate}
    server.call("POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
    server.call("POST", f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts", {"metadata": {"name": "default"}})
    wanted = yaml.safe_load(open(os.path.join(here, "cells.yaml")))
    refused, steps = [], []
    for name, objects in wanted.items():
        for attempt in range(50):
            found = [k for k in kinds(server) if k[0] == name]
            if found:
                break
            time.sleep(0.2)
        _, path, group_version, r = found[-1] if name.startswith("horizontalpodautoscalers") else found[0]
        base = f"{path}/namespaces/{NAMESPACE}/{r['name']}" if r["namespaced"] else f"{path}/{r['name']}"
        for o in objects:
            refused += make(server, base, group_version, r["kind"], written_out(o, words), steps)
    if refused:
        sys.exit("\n".join(refused))
    with open(os.path.join(here, "created.jsonl"), "w", encoding="utf-8") as f:
        f.writelines(json.dumps(step, ensure_ascii=False, sort_keys=True) + "\n" for step in steps)
    os.makedirs(os.path.join(here, "cells"), exist_ok=True)
    for name, path, group_version, r in sorted(kinds(server), key=lambda k: k[:3]):
        made = [o["metadata"]["name"] for o in wanted.get(name, [])]
        if name not in wanted:
            continue
        base = f"{path}/namespaces/{NAMESPACE}/{r['name']}" if r["namespaced"] else f"{path}/{r['name']}"
        # In the middle of a second, so that nothing becomes a second older while it is shown.
        now = time.time()
        time.sleep((1.5 - now % 1) % 1)
        asked = datetime.datetime.now(datetime.timezone.utc)
        code, table, _ = server.call("GET", f"{base}?includeObject=Object", accept=TABLE)
        assert code == 200, (path, r["name"], table)
        # What the server has made by itself is left out.
        rows = [row for row in table["rows"] or [] if not made or row["object"]["metadata"]["name"] in made]
        for row in rows:
            row["object"]["metadata"].pop("managedFields", None)
        lines = ",\n".join(json.dumps(row, ensure_ascii=False, sort_keys=True) for row in rows)
        file = f"{group_version.replace('/', '_')}_{r['name']}.json"
        with open(os.path.join(here, "cells", file), "w", encoding="utf-8") as f:
            head = {"groupVersion": group_version, "resource": r["name"], "time": asked.strftime("%Y-%m-%dT%H:%M:%S.%fZ")}
            f.write(json.dumps(head)[:-1] + ', "rows": [\n' + lines + "\n]}\n")
        print(file, len(rows))


main()
