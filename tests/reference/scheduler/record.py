#!/usr/bin/env python3
"""Records where a real kube-scheduler puts a pod, cluster after cluster.

    python3 record.py --kubeconfig KUBECONFIG --log LOG FIRST COUNT OUT.jsonl.gz

Needed are an API server and a kube-scheduler started with -v=10, whose log is LOG; nothing else may act on them (no controllers).
The first line is what all clusters have in common. Each other line is a cluster of `clusters.py` with what became of its pods, one after the other, as `answers`:
  `node`       where it went (a pod that waits for its volumes has been promised the node, and is not bound)
  `scores`     what each plugin gave each node, weighted, and `totals`: only where more than one node came into question
  `message`    why it went nowhere; `victims` and `nominated`: who has to go for it, and from where
"""

import gzip
import http.client
import json
import re
import ssl
import sys
import time

import yaml

from clusters import NAMESPACES, cluster, fixed

PLURALS = {"PriorityClass": "priorityclasses", "StorageClass": "storageclasses", "RuntimeClass": "runtimeclasses",
           "CSIStorageCapacity": "csistoragecapacities"}
NAMESPACED = {"Pod", "Service", "ReplicaSet", "ReplicationController", "StatefulSet", "PersistentVolumeClaim", "PodDisruptionBudget", "CSIStorageCapacity", "ServiceAccount"}
SETTLE = 0.2  # seconds until a scheduler has heard of everything
SCORE = re.compile(r'"(Plugin scored node for pod|Calculated node\'s final score for pod)" .*?pod="([^"]*)"(?: plugin="([^"]*)")? node="([^"]*)" score=(-?\d+)')


class Server:
    def __init__(self, kubeconfig):
        config = yaml.safe_load(open(kubeconfig))
        server, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        context = ssl.create_default_context(cafile=server["certificate-authority"])
        context.check_hostname = False
        context.load_cert_chain(user["client-certificate"], user["client-key"])
        self.connection = http.client.HTTPSConnection(server["server"].split("//")[1], context=context, timeout=60)

    def call(self, method, path, body=None, content="application/json"):
        self.connection.request(method, path, None if body is None else json.dumps(body), {"Content-Type": content})
        r = self.connection.getresponse()
        return r.status, json.loads(r.read() or b"null")

    def ask(self, request):
        (verb, o), = request.items()
        if verb == "post":
            code, got = self.call("POST", path(o["apiVersion"], o["kind"], o["metadata"].get("namespace")), o)
        elif verb == "delete":
            code, got = self.call("DELETE", path(**o))
        else:
            at = path(o["apiVersion"], o["kind"], o.get("namespace"), o["name"]) + ("/" + o["subresource"] if "subresource" in o else "")
            code, got = self.call("PATCH", at, o["body"], "application/merge-patch+json")
        assert code < 300, (request, got)


def path(apiVersion, kind, namespace=None, name=None):
    root = "/api/v1" if apiVersion == "v1" else "/apis/" + apiVersion
    place = f"/namespaces/{namespace}" if namespace else ""
    return f"{root}{place}/{PLURALS.get(kind, kind.lower() + 's')}" + (f"/{name}" if name else "")


class Log:
    def __init__(self, name):
        self.file = open(name, errors="replace")
        self.file.seek(0, 2)

    def scores(self, of=None):
        by_plugin, totals = {}, {}
        for what, pod, plugin, node, score in SCORE.findall(self.file.read()):
            if pod != of:
                continue
            if plugin:
                by_plugin.setdefault(plugin, {})[node] = int(score)
            else:
                totals[node] = int(score)
        return by_plugin, totals


def clear(server, kinds):
    for api, kind in sorted(kinds):
        for namespace in NAMESPACES if kind in NAMESPACED else [None]:
            at = path(api, kind, namespace)
            for o in server.call("GET", at)[1]["items"] if kind.startswith("PersistentVolume") else []:
                server.call("PATCH", at + "/" + o["metadata"]["name"], {"metadata": {"finalizers": None}}, "application/merge-patch+json")
            if kind == "Service":
                for o in server.call("GET", at)[1]["items"]:
                    if o["metadata"]["name"] != "kubernetes":
                        server.call("DELETE", at + "/" + o["metadata"]["name"])
            else:
                code, got = server.call("DELETE", at, {"gracePeriodSeconds": 0, "propagationPolicy": "Background", "kind": "DeleteOptions", "apiVersion": "v1"})
                assert code < 300, got


def outcome(server, log, pod):
    namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
    log.scores()
    gone = victims(server)
    server.ask({"post": pod})
    for _ in range(400):
        time.sleep(0.01)
        got = server.call("GET", path("v1", "Pod", namespace, name))[1]
        told = next((c for c in got.get("status", {}).get("conditions", []) if c["type"] == "PodScheduled"), None)
        nominated = got.get("status", {}).get("nominatedNodeName")
        if got["spec"].get("nodeName") or told or nominated:
            break
    else:
        raise SystemExit(f"nothing became of {pod}")
    out, waits = {}, False
    if got["spec"].get("nodeName"):
        out["node"] = got["spec"]["nodeName"]
    elif not told or told["status"] != "False":
        # It has its node, and waits for its volumes.
        out["node"], waits = nominated, True
    else:
        out["reason"], out["message"] = told["reason"], told.get("message", "")
    if "message" in out and nominated:
        out["nominated"] = nominated
        time.sleep(SETTLE)
        out["victims"] = [v for v in victims(server) if v not in gone]
    time.sleep(0.05)
    scores, totals = log.scores(f"{namespace}/{name}")
    if totals and "node" in out:
        out["scores"], out["totals"] = scores, totals
    return out, waits


def victims(server):
    chosen = lambda p: any(c["type"] == "DisruptionTarget" for c in p.get("status", {}).get("conditions", []))
    return sorted(p["metadata"]["name"] for p in server.call("GET", "/api/v1/pods")[1]["items"] if chosen(p))


def main():
    given = lambda flag: sys.argv[sys.argv.index(flag) + 1]
    server, log = Server(given("--kubeconfig")), Log(given("--log"))
    first, count, to = int(sys.argv[-3]), int(sys.argv[-2]), sys.argv[-1]
    for request in fixed():
        o = request["post"]
        if server.call("GET", path(o["apiVersion"], o["kind"], o["metadata"].get("namespace"), o["metadata"]["name"]))[0] == 404:
            server.ask(request)
    kinds = {("v1", "Node"), ("v1", "Pod"), ("v1", "Service"), ("apps/v1", "ReplicaSet"), ("apps/v1", "StatefulSet"),
             ("policy/v1", "PodDisruptionBudget"), ("v1", "PersistentVolumeClaim"), ("v1", "PersistentVolume"), ("storage.k8s.io/v1", "CSINode"),
             ("storage.k8s.io/v1", "CSIStorageCapacity"), ("storage.k8s.io/v1", "VolumeAttachment"), ("v1", "ReplicationController")}
    clear(server, kinds)
    time.sleep(2)
    lines = [json.dumps({"fixed": list(fixed())}, separators=(",", ":"), sort_keys=True)]
    for seed in range(first, first + count):
        c = cluster(seed)
        for request in c["objects"]:
            server.ask(request)
        time.sleep(SETTLE)
        c["answers"], waits = [], False
        for pod in c["pods"]:
            answer, not_yet = outcome(server, log, pod)
            c["answers"].append(answer)
            waits |= not_yet
            time.sleep(SETTLE)
        lines.append(json.dumps(c, separators=(",", ":"), sort_keys=True))
        print(seed, *(a.get("node") or a.get("nominated") or a["message"] for a in c["answers"]), sep=" | ", flush=True)
        made = {(o["post"]["apiVersion"], o["post"]["kind"]) for o in c["objects"] if "post" in o}
        clear(server, made | {("v1", "Pod")})
        # A pod that waits for its volumes is looked at every second.
        time.sleep(2.5 if waits else SETTLE)
    with open(to, "wb") as file, gzip.GzipFile("", "wb", fileobj=file, mtime=0) as f:
        f.write(("\n".join(lines) + "\n").encode())


if __name__ == "__main__":
    main()
