"""Random clusters for a scheduler, each from its seed alone: nodes, pods that stand on them, and one pod or two that look for a node, one after the other.

A cluster is {"objects": [...], "pods": [...]}. Each of the objects is a request: `post` an object, or `patch` one that is there."""

from random import Random

ZONE, REGION, HOST = "topology.kubernetes.io/zone", "topology.kubernetes.io/region", "kubernetes.io/hostname"
NAMESPACES = {"default": {}, "team-a": {"team": "a", "stage": "dev"}, "team-b": {"team": "b", "stage": "dev"}}
CLASSES = {"low": (100, None), "mid": (1000, None), "high": (10000, None), "polite": (10000, "Never")}
MIB, GIB = 1 << 20, 1 << 30
# Names as runtimes report them, and as people write them.
IMAGES = [
    (["docker.io/library/nginx@sha256:" + "1" * 64, "docker.io/library/nginx:1.25"], 71_000_000),
    (["registry.k8s.io/pause:3.10"], 320_000),
    (["example.com/train:v2", "example.com/train:latest"], 2_900_000_000),
    (["example.com/web:1"], 310_000_000),
    (["nginx:latest"], 190_000_000),
    (["localhost:5000/tool:latest"], 760_000_000),
]
WRITTEN = ["docker.io/library/nginx:1.25", "nginx", "nginx:latest", "example.com/train", "example.com/train:v2", "example.com/web:1",
           "localhost:5000/tool", "registry.k8s.io/pause:3.10", "example.com/unknown:7"]
TAINTS = [("dedicated", "db", "NoSchedule"), ("dedicated", "web", "PreferNoSchedule"), ("maintenance", "", "NoExecute"),
          ("flaky", "", "PreferNoSchedule"), ("slow", "yes", "PreferNoSchedule"), ("gpu", "true", "NoSchedule"),
          ("node.kubernetes.io/memory-pressure", "", "NoSchedule"), ("generation", "5", "NoSchedule")]


def fixed():
    """What all clusters share."""
    for name, labels in NAMESPACES.items():
        if name != "default":
            yield post({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
            yield post({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": name}})
    for name, (value, policy) in CLASSES.items():
        c = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name}, "value": value}
        yield post({**c, "preemptionPolicy": policy} if policy else c)
    yield post({"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": "heavy"}, "handler": "heavy",
                "overhead": {"podFixed": {"cpu": "250m", "memory": "120Mi"}}})
    for name, provisioner, mode, zones in [
        ("local", "kubernetes.io/no-provisioner", "WaitForFirstConsumer", None),
        ("now", "kubernetes.io/no-provisioner", "Immediate", None),
        ("made", "disk.example.com", "WaitForFirstConsumer", None),
        ("zonal", "zonal.example.com", "WaitForFirstConsumer", ["z1", "z2"]),
        ("counted", "counted.example.com", "WaitForFirstConsumer", None),
    ]:
        c = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": name}, "provisioner": provisioner,
             "volumeBindingMode": mode}
        if zones:
            c["allowedTopologies"] = [{"matchLabelExpressions": [{"key": ZONE, "values": zones}]}]
        yield post(c)
    yield post({"apiVersion": "storage.k8s.io/v1", "kind": "CSIDriver", "metadata": {"name": "counted.example.com"},
                "spec": {"storageCapacity": True}})


def post(o):
    return {"post": o}


def patch(kind, o, body, subresource=None):
    meta = o["metadata"]
    p = {"patch": {"apiVersion": o["apiVersion"], "kind": kind, "name": meta["name"], "body": body}}
    if "namespace" in meta:
        p["patch"]["namespace"] = meta["namespace"]
    if subresource:
        p["patch"]["subresource"] = subresource
    return p


class Cluster:
    def __init__(self, seed):
        self.r = Random(seed)
        self.objects, self.nodes, self.claims = [], [], 0
        r = self.r
        self.themes = r.sample(["resources", "tolerations", "node affinity", "ports", "pod affinity", "spread", "siblings", "images",
                                "volumes", "preemption"], r.choice([1, 2, 2, 3]))
        self.tight = "preemption" in self.themes or "resources" in self.themes and r.random() < 0.4
        count = r.choice([1, 2, 2, 3, 3, 4, 5, 6, 8, 10, 12])
        self.zones = r.choice([1, 2, 3])
        for i in range(count):
            self.node(f"n{i}")
        for node in self.nodes:
            self.taken = []
            for i in range(r.choice([0, 1, 2, 3] if not self.tight else [1, 2, 3, 4])):
                self.bound(node, f"{node['metadata']['name']}-{i}")
        if "siblings" in self.themes:
            self.siblings()
        if "preemption" in self.themes:
            self.budgets()
        self.taken = []
        self.pods = [self.incoming()]
        # What claims there are is settled before the first pod comes.
        if "volumes" not in self.themes and self.chance(0.4):
            self.taken = []
            self.pods.append(self.second())

    def chance(self, p):
        return self.r.random() < p

    def one(self, *of):
        return self.r.choice(of)

    def node(self, name):
        labels = {HOST: name} if self.chance(0.96) else {}
        if self.chance(0.9):
            zone = f"z{self.r.randrange(self.zones) + 1}"
            labels[ZONE] = zone
            if self.chance(0.8):
                labels[REGION] = "r1" if zone < "z3" else "r2"
        if self.chance(0.6):
            labels["disk"] = self.one("ssd", "ssd", "hdd")
        if self.chance(0.5):
            labels["gen"] = str(self.r.randrange(1, 9))
        small = self.tight
        cap = {
            "cpu": self.one("1", "2", "1500m") if small else self.one("1", "2", "4", "4", "8", "3920m"),
            "memory": self.one("2Gi", "4Gi", "3817Mi") if small else self.one("2Gi", "4Gi", "8Gi", "16Gi", "7911372Ki", "6500M"),
            "pods": self.one("110", "110", "110", "110", "5", "3"),
        }
        if self.chance(0.8):
            cap["ephemeral-storage"] = self.one("10Gi", "50Gi", "98831908Ki")
        if self.chance(0.35):
            cap["example.com/gpu"] = self.one("0", "1", "2", "4")
        if self.chance(0.15):
            cap["hugepages-2Mi"] = self.one("64Mi", "256Mi")
        status = {"capacity": cap, "allocatable": dict(cap)}
        if self.chance(0.6):
            images = self.r.sample(IMAGES, self.r.randrange(1, len(IMAGES)))
            status["images"] = [{"names": names, "sizeBytes": size} for names, size in images]
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}, "spec": {}, "status": status}
        if self.chance(0.04):
            node["spec"]["unschedulable"] = True
        share = 0.5 if "tolerations" in self.themes else 0.15
        taints = []
        if self.chance(share):
            for key, value, effect in self.r.sample(TAINTS, self.one(1, 1, 2, 3)):
                taints.append({"key": key, "effect": effect, **({"value": value} if value else {})})
        self.objects.append(post(node))
        # The server marks a node that comes as not ready.
        self.objects.append(patch("Node", node, {"spec": {"taints": taints or None}}))
        self.nodes.append(node)

    def labels(self):
        out = {"app": self.one("web", "web", "db", "cache")}
        if self.chance(0.6):
            out["tier"] = self.one("front", "back")
        if self.chance(0.4):
            out["version"] = self.one("v1", "v2")
        return out

    def requests(self, large=False):
        out = {}
        if self.chance(0.85):
            out["cpu"] = self.one("600m", "1", "1500m", "700m") if large else self.one("50m", "100m", "250m", "500m", "333m")
        if self.chance(0.8):
            out["memory"] = self.one("512Mi", "1Gi", "1500M") if large else self.one("64Mi", "128Mi", "200M", "512Mi", "1Gi")
        if self.chance(0.15):
            out["ephemeral-storage"] = self.one("1Gi", "4Gi", "9Gi")
        if self.chance(0.04):
            out["example.com/gpu"] = self.one("1", "1", "2")
        return out

    def container(self, name, image, large=False):
        c = {"name": name, "image": image}
        asked = self.requests(large)
        if asked:
            c["resources"] = {"requests": asked}
            # What is not to be shared out must be limited to what is asked for.
            whole = {k: v for k, v in asked.items() if k.startswith("example.com/")}
            if whole:
                c["resources"]["limits"] = whole
        return c

    def spec(self, large=False):
        image = lambda: self.one(*WRITTEN) if "images" in self.themes else "example.com/unknown:7"
        spec = {"containers": [self.container("c", image(), large)]}
        if self.chance(0.2):
            spec["containers"].append(self.container("d", image()))
        if self.chance(0.12):
            spec["initContainers"] = [self.container("i", image(), self.chance(0.5))]
            if self.chance(0.6):
                spec["initContainers"].append({**self.container("s", image()), "restartPolicy": "Always"})
                if self.chance(0.5):
                    spec["initContainers"].append(self.container("j", image(), self.chance(0.5)))
        if self.chance(0.06):
            spec["runtimeClassName"] = "heavy"
        if self.chance(0.06):
            # What the pod asks for as a whole.
            for c in spec["containers"] + spec.get("initContainers", []):
                for name in ("cpu", "memory"):
                    c.get("resources", {}).get("requests", {}).pop(name, None)
            spec["resources"] = {"requests": {"cpu": self.one("200m", "800m", "1500m"), "memory": self.one("100Mi", "1Gi", "3Gi")}}
        share = 0.5 if "ports" in self.themes else 0.05
        if self.chance(share):
            port = {"containerPort": 80, "hostPort": self.one(80, 80, 8080)}
            if self.chance(0.3):
                port["protocol"] = "UDP"
            if self.chance(0.3):
                port["hostIP"] = self.one("10.0.0.1", "10.0.0.2", "0.0.0.0")
            # Nobody stands where somebody has the same port.
            known = (port["hostPort"], port.get("protocol"))
            if known not in self.taken:
                self.taken.append(known)
                spec["containers"][0]["ports"] = [port]
        return spec

    def selector(self):
        n = self.r.random()
        if n < 0.5:
            return {"matchLabels": {"app": self.one("web", "db", "cache")}}
        if n < 0.6:
            return {"matchLabels": {"app": self.one("web", "db"), "tier": self.one("front", "back")}}
        if n < 0.75:
            return {"matchExpressions": [{"key": "app", "operator": self.one("In", "NotIn"), "values": ["web", "db"][: self.one(1, 2)]}]}
        if n < 0.9:
            return {"matchExpressions": [{"key": "tier", "operator": self.one("Exists", "DoesNotExist")}]}
        return {}

    def neighbours(self):
        term = {"topologyKey": self.one(HOST, HOST, ZONE, ZONE, REGION, "disk")}
        if self.chance(0.95):
            term["labelSelector"] = self.selector()
            if self.chance(0.1):
                term[self.one("matchLabelKeys", "mismatchLabelKeys")] = ["version"]
        if self.chance(0.2):
            term["namespaces"] = self.r.sample(list(NAMESPACES), self.one(1, 2))
        if self.chance(0.2):
            term["namespaceSelector"] = self.one({}, {"matchLabels": {"team": "a"}}, {"matchLabels": {"stage": "dev"}})
        return term

    def pod_affinity(self, share):
        """Wishes of which each is there with that share."""
        out = {}
        for kind, often in [("podAffinity", share), ("podAntiAffinity", share)]:
            wishes = {}
            if self.chance(often * 0.5):
                wishes["requiredDuringSchedulingIgnoredDuringExecution"] = [self.neighbours() for _ in range(self.one(1, 1, 2))]
            if self.chance(often * 0.8):
                terms = [{"weight": self.one(1, 10, 33, 100), "podAffinityTerm": self.neighbours()} for _ in range(self.one(1, 2))]
                wishes["preferredDuringSchedulingIgnoredDuringExecution"] = terms
            if wishes:
                out[kind] = wishes
        return out

    def bound(self, node, name):
        ns = self.one("default", "default", "default", "team-a", "team-b")
        spec = self.spec(large=self.tight)
        spec["nodeName"] = node["metadata"]["name"]
        if self.chance(0.6 if self.tight else 0.3):
            spec["priorityClassName"] = self.one("low", "low", "mid", "high")
        wishes = self.pod_affinity(0.4 if "pod affinity" in self.themes else 0.04)
        if wishes:
            spec["affinity"] = wishes
        if "volumes" in self.themes and self.chance(0.3):
            self.volumes(ns, spec, node)
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": ns, "labels": self.labels()}, "spec": spec}
        self.objects.append(post(pod))
        phase = "Succeeded" if self.chance(0.05) else "Running"
        start = f"2026-01-0{self.one(1, 2, 3)}T00:00:0{self.r.randrange(3)}Z"
        status = {"phase": phase, "startTime": start}
        if self.chance(0.04):
            # A container that is being made smaller counts as it still is.
            larger = {"cpu": "1", "memory": "1Gi"}
            c = {"name": "c", "image": "x", "imageID": "x", "ready": True, "restartCount": 0, "allocatedResources": larger, "resources": {"requests": larger}}
            status["containerStatuses"] = [c]
        self.objects.append(patch("Pod", pod, {"status": status}, "status"))
        if self.chance(0.05):
            self.objects.append({"delete": {"apiVersion": "v1", "kind": "Pod", "namespace": ns, "name": name}})

    def siblings(self):
        for i in range(self.one(1, 1, 2)):
            s = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": f"s{i}", "namespace": self.one("default", "default", "team-a")},
                 "spec": {"selector": self.one({"app": "web"}, {"app": "web", "tier": "front"}, {"tier": "back"}), "ports": [{"port": 80}]}}
            self.objects.append(post(s))
        match = self.one({"app": "web"}, {"tier": "front"}, {"app": "db"})
        labels = {"tier": "front", "app": "web", **match}
        template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "x"}]}}
        c = {"apiVersion": "v1", "kind": "ReplicationController", "metadata": {"name": "set", "namespace": "default"},
             "spec": {"selector": match, "template": template}}
        self.objects.append(post(c))
        for kind, more in [("ReplicaSet", {}), ("StatefulSet", {"serviceName": "s0"})]:
            o = {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "set", "namespace": "default"},
                 "spec": {"selector": {"matchLabels": match}, "template": template, **more}}
            self.objects.append(post(o))

    def budgets(self):
        for i in range(self.one(0, 1, 1, 2)):
            b = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget",
                 "metadata": {"name": f"b{i}", "namespace": self.one("default", "default", "team-a")},
                 "spec": {"minAvailable": 1, "selector": self.selector()}}
            self.objects.append(post(b))
            status = {"observedGeneration": 1, "disruptionsAllowed": self.one(0, 0, 1, 2), "currentHealthy": 2, "desiredHealthy": 1,
                      "expectedPods": 3}
            self.objects.append(patch("PodDisruptionBudget", b, {"status": status}, "status"))

    def volumes(self, ns, spec, node=None):
        """One or two claims, with volumes or without."""
        out = []
        for i in range(self.one(1, 1, 2)):
            self.claims += 1
            name = f"claim-{self.claims}"
            kind = self.one(*["bound", "local", "made", "counted", "zonal"] * 4, "now", "once", "once") if node is None else self.one("bound", "once", "counted")
            out.append({"name": f"v{i}", "persistentVolumeClaim": {"claimName": name, }})
            if node is None and self.chance(0.04):
                continue  # a claim that is not there
            if node is None and self.chance(0.04):
                # A claim of its own that nobody has made, or that is another's.
                want = {"accessModes": ["ReadWriteOnce"], "storageClassName": "local", "resources": {"requests": {"storage": "1Gi"}}}
                out[-1] = {"name": f"v{i}", "ephemeral": {"volumeClaimTemplate": {"spec": want}}}
                if self.chance(0.5):
                    self.objects.append(post({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
                                              "metadata": {"name": f"p-v{i}", "namespace": ns}, "spec": want}))
                continue
            modes = ["ReadWriteOncePod"] if kind == "once" else [self.one("ReadWriteOnce", "ReadOnlyMany")]
            size = self.one("1Gi", "3Gi")
            claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name, "namespace": ns},
                     "spec": {"accessModes": modes, "resources": {"requests": {"storage": size}}}}
            if kind in ("bound", "once"):
                klass = "counted" if self.chance(0.4) else "local"
                claim["metadata"]["annotations"] = {"pv.kubernetes.io/bind-completed": "yes"}
                claim["spec"].update(storageClassName=klass, volumeName=f"pv-{name}")
                if self.chance(0.93):
                    self.volume(f"pv-{name}", klass, modes, "5Gi", "Bound", {"namespace": ns, "name": name})
            elif kind in ("counted",) and node is not None:
                claim["metadata"]["annotations"] = {"pv.kubernetes.io/bind-completed": "yes"}
                claim["spec"].update(storageClassName=kind, volumeName=f"pv-{name}")
                self.volume(f"pv-{name}", kind, modes, "5Gi", "Bound", {"namespace": ns, "name": name}, zoned=False)
            else:
                claim["spec"]["storageClassName"] = kind
                if kind == "local" and self.chance(0.2):
                    claim["spec"]["selector"] = {"matchLabels": {ZONE: "z1"}}
                if kind == "local" and self.chance(0.1):
                    claim["spec"]["volumeMode"] = "Block"
                if kind in ("local", "zonal"):
                    for j in range(self.r.randrange(1, 5)):
                        free = self.one("Available", "Available", "Available", "Released")
                        self.volume(f"pv-{name}-{j}", kind, [modes[0]], self.one("1Gi", "2Gi", "5Gi"), free)
                if kind == "made" and self.chance(0.3):
                    claim["metadata"]["annotations"] = {"volume.kubernetes.io/selected-node": self.one(*self.nodes)["metadata"]["name"]}
            self.objects.append(post(claim))
            if node is None and self.chance(0.03):
                self.objects.append(patch("PersistentVolumeClaim", claim, {"status": {"phase": "Lost"}}, "status"))
            elif node is None and self.chance(0.03):
                self.objects.append({"delete": {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": ns, "name": name}})
            if node is None and kind in ("bound", "counted") and self.chance(0.3):
                # Volumes that are still attached where nobody uses them any more.
                volume = f"left-{name}"
                self.volume(volume, "counted", modes, "5Gi", "Released", zoned=False)
                self.objects.append(post({"apiVersion": "storage.k8s.io/v1", "kind": "VolumeAttachment", "metadata": {"name": volume},
                                          "spec": {"attacher": "counted.example.com", "nodeName": self.one(*self.nodes)["metadata"]["name"],
                                                   "source": {"persistentVolumeName": volume}}}))
            if node is None and self.chance(0.15):
                # Somebody else has it, too.
                other = self.one(*self.nodes)["metadata"]["name"]
                user = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"user-{name}", "namespace": ns},
                        "spec": {"nodeName": other, "containers": [{"name": "c", "image": "x"}], "volumes": [out[-1]]}}
                self.objects.append(post(user))
        if self.chance(0.2):
            disk = self.one("d1", "d2")
            kind = self.one("gcePersistentDisk", "awsElasticBlockStore", "iscsi", "rbd")
            source = {"gcePersistentDisk": {"pdName": disk}, "awsElasticBlockStore": {"volumeID": disk},
                      "iscsi": {"targetPortal": "10.0.0.9", "iqn": "iqn.2001-04.com.example:" + disk, "lun": 0},
                      "rbd": {"monitors": ["10.0.0.9"], "image": disk, "pool": "p"}}[kind]
            if self.chance(0.4) and kind != "awsElasticBlockStore":
                source["readOnly"] = True
            out.append({"name": "disk", kind: source})
        spec["volumes"] = out
        if node is None and not self.limits_set:
            self.limits_set = True
            for n in self.nodes:
                if self.chance(0.5):
                    limit = {"allocatable": {"count": self.one(0, 1, 1, 2)}} if self.chance(0.9) else {}
                    driver = {"name": "counted.example.com", "nodeID": n["metadata"]["name"], "topologyKeys": [ZONE], **limit}
                    self.objects.append(post({"apiVersion": "storage.k8s.io/v1", "kind": "CSINode", "metadata": {"name": n["metadata"]["name"]},
                                              "spec": {"drivers": [driver]}}))
            for z in range(self.zones):
                if self.chance(0.6):
                    self.objects.append(post({"apiVersion": "storage.k8s.io/v1", "kind": "CSIStorageCapacity",
                                              "metadata": {"name": f"room-{z}", "namespace": "default"}, "storageClassName": "counted",
                                              "nodeTopology": {"matchLabels": {ZONE: f"z{z + 1}"}},
                                              **{self.one("capacity", "maximumVolumeSize"): self.one("2Gi", "10Gi")}}))

    limits_set = False

    def volume(self, name, klass, modes, size, phase, claim=None, zoned=True):
        v = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name},
             "spec": {"accessModes": modes, "capacity": {"storage": size}, "storageClassName": klass}}
        if klass == "counted":
            v["spec"]["csi"] = {"driver": "counted.example.com", "volumeHandle": name}
        else:
            v["spec"]["hostPath"] = {"path": "/data"}
        if zoned and self.chance(0.5):
            where = self.one((ZONE, [f"z{self.r.randrange(self.zones) + 1}"]), (HOST, [self.one(*self.nodes)["metadata"]["name"]]),
                             ("disk", ["ssd"]))
            v["spec"]["nodeAffinity"] = {"required": {"nodeSelectorTerms": [{"matchExpressions": [{"key": where[0], "operator": "In", "values": where[1]}]}]}}
        if zoned and self.chance(0.25):
            v["metadata"]["labels"] = {self.one(ZONE, "failure-domain.beta.kubernetes.io/zone"): self.one("z1", "z2", "z1__z2")}
        if claim:
            v["spec"]["claimRef"] = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", **claim}
        self.objects.append(post(v))
        self.objects.append(patch("PersistentVolume", v, {"status": {"phase": phase}}, "status"))

    def requirement(self):
        name = lambda: self.one(*self.nodes)["metadata"]["name"]
        return self.one(
            {"key": "disk", "operator": "In", "values": ["ssd"]}, {"key": "disk", "operator": "NotIn", "values": ["hdd"]},
            {"key": ZONE, "operator": "In", "values": ["z1", "z2"]}, {"key": ZONE, "operator": "In", "values": ["z2"]},
            {"key": "gen", "operator": "Gt", "values": ["3"]}, {"key": "gen", "operator": "Lt", "values": ["6"]},
            {"key": "gen", "operator": "Exists"}, {"key": "disk", "operator": "DoesNotExist"},
            {"key": HOST, "operator": "NotIn", "values": [name()]})

    def term(self):
        t = {}
        if self.chance(0.85):
            t["matchExpressions"] = [self.requirement() for _ in range(self.one(1, 1, 2))]
        if not t or self.chance(0.12):
            name = self.one(*self.nodes)["metadata"]["name"] if self.chance(0.9) else "gone"
            t["matchFields"] = [{"key": "metadata.name", "operator": self.one("In", "In", "NotIn"), "values": [name]}]
            if self.chance(0.1):
                t["matchFields"].append({"key": "metadata.name", "operator": "In", "values": [self.one(*self.nodes)["metadata"]["name"]]})
        return t

    def spread(self):
        c = {"maxSkew": self.one(1, 1, 2, 3), "topologyKey": self.one(HOST, ZONE, ZONE, "disk"),
             "whenUnsatisfiable": self.one("DoNotSchedule", "ScheduleAnyway")}
        if self.chance(0.93):
            c["labelSelector"] = self.selector()
            if self.chance(0.2):
                c["matchLabelKeys"] = self.one(["version"], ["version", "nothing"])
        if c["whenUnsatisfiable"] == "DoNotSchedule" and self.chance(0.3):
            c["minDomains"] = self.one(1, 2, 4)
        if self.chance(0.3):
            c["nodeAffinityPolicy"] = self.one("Honor", "Ignore")
        if self.chance(0.4):
            c["nodeTaintsPolicy"] = self.one("Honor", "Ignore")
        return c

    def toleration(self):
        key, value, effect = self.one(*TAINTS)
        t = {"key": key, "operator": self.one("Equal", "Exists")}
        if t["operator"] == "Equal" and value:
            t["value"] = value if self.chance(0.8) else "other"
        if self.chance(0.6):
            t["effect"] = effect
        return t

    def incoming(self):
        themes, ns = self.themes, self.one("default", "default", "default", "team-a")
        spec = self.spec(large=self.tight)
        meta = {"name": "p", "namespace": ns, "labels": self.labels()}
        affinity = {}
        if "resources" in themes and self.chance(0.3):
            asked = self.one({"hugepages-2Mi": "32Mi", "cpu": "100m", "memory": "64Mi"}, {"example.com/gpu": "1"}, {"ephemeral-storage": "20Gi"})
            spec["containers"][0]["resources"] = {"requests": asked, "limits": asked}
        if "tolerations" in themes:
            spec["tolerations"] = [self.toleration() for _ in range(self.one(0, 1, 2, 3))]
            if self.chance(0.08):
                spec["tolerations"].append({"operator": "Exists", **({} if self.chance(0.5) else {"effect": "NoSchedule"})})
        if "node affinity" in themes:
            if self.chance(0.3):
                spec["nodeSelector"] = self.one({"disk": "ssd"}, {ZONE: "z1"}, {HOST: self.one(*self.nodes)["metadata"]["name"]})
            wishes = {}
            if self.chance(0.5):
                wishes["requiredDuringSchedulingIgnoredDuringExecution"] = {"nodeSelectorTerms": [self.term() for _ in range(self.one(1, 2))]}
            if self.chance(0.7):
                wishes["preferredDuringSchedulingIgnoredDuringExecution"] = [
                    {"weight": self.one(1, 20, 50, 100), "preference": self.term()} for _ in range(self.one(1, 2, 3))]
            if wishes:
                affinity["nodeAffinity"] = wishes
        if "pod affinity" in themes:
            affinity.update(self.pod_affinity(0.8))
        if affinity:
            spec["affinity"] = affinity
        if "spread" in themes:
            spread = {(c["topologyKey"], c["whenUnsatisfiable"]): c for c in (self.spread() for _ in range(self.one(1, 1, 2, 3)))}
            spec["topologySpreadConstraints"] = list(spread.values())
        if "siblings" in themes and self.chance(0.6):
            version, kind = self.one(("apps/v1", "ReplicaSet"), ("apps/v1", "ReplicaSet"), ("apps/v1", "StatefulSet"), ("v1", "ReplicationController"),
                                     ("apps/v1", "ReplicationController"))
            meta["ownerReferences"] = [{"apiVersion": version, "kind": kind, "name": "set", "uid": "11111111-1111-4111-8111-111111111111", "controller": True}]
        if "volumes" in themes:
            self.volumes(ns, spec)
        if "images" in themes and self.chance(0.2):
            spec.setdefault("volumes", []).append({"name": "files", "image": {"reference": self.one(*WRITTEN)}})
            spec["containers"][0]["volumeMounts"] = [{"name": "files", "mountPath": "/files"}]
        if "preemption" in themes or self.chance(0.1):
            spec["priorityClassName"] = self.one("high", "high", "mid", "polite")
        if self.chance(0.02):
            spec["schedulingGates"] = [{"name": "example.com/wait"}]
        return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}

    def second(self):
        """One that comes after it, and must heed where it is or where room is made for it."""
        pod = self.incoming()
        pod["metadata"]["name"] = "q"
        pod["spec"].pop("schedulingGates", None)
        pod["spec"].pop("priorityClassName", None)
        if self.chance(0.5):
            pod["spec"]["priorityClassName"] = self.one("low", "mid", "high")
        return pod


def cluster(seed):
    c = Cluster(seed)
    return {"seed": seed, "themes": c.themes, "objects": c.objects, "pods": c.pods}
