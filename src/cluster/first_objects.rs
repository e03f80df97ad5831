//! What a cluster holds before anybody has asked for anything: what kube-apiserver makes when it starts, and what the
//! installer adds.
//! Real Kubernetes: pkg/controlplane (instance.go, controller/), the post-start hooks of kube-apiserver, kubeadm's addons.

use std::collections::BTreeMap;

use k8s_openapi::api::flowcontrol::v1::{FlowSchemaCondition, FlowSchemaStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use rand::SeedableRng;
use serde_json::{Value, json};

use super::first_services;
use super::profile::{Plan, Profile};
use crate::api::kind::Subresource;
use crate::api::kinds::flowcontrol;
use crate::api::kinds::{APIService, FlowSchema, Namespace, Node, ServiceAccount, StorageClass};
use crate::api::pki::Authority;
use crate::api::request::{Method, Request};
use crate::api::user::MASTERS;
use crate::api::{Key, KindRef, Object, RecordId, Resource, Time, User, yaml};
use crate::apiserver::authorization::policy;
use crate::apiserver::caller::Chance;
use crate::apiserver::{ApiServer, Caller};
use crate::controllers::storage_provisioner::PROVISIONER;
use crate::ledger::record::SERVER;
use crate::world::World;

/// Priority classes, API services and the like: what they are is data.
static OBJECTS: &str = include_str!("first-objects.json");

/// The DNS server and the proxies.
static ADDONS: &str = include_str!("addons.yaml");

/// Accounts of programs that not every cluster has, and what they may do.
static STORAGE_PROVISIONER: &str = include_str!("storage-provisioner.yaml");
static CLOUD_CONTROLLER_MANAGER: &str = include_str!("cloud-controller-manager.yaml");

/// Who signs the cluster's certificates, and who those of them that speak to added servers in others' names.
const AUTHORITY: &str = "kubernetes";
const FRONT_PROXY: &str = "front-proxy-ca";

/// As whom the API server's queues of requests own their objects.
const PRODUCER: &str = "api-priority-and-fairness-config-producer-v1";
const CONSUMER: &str = "api-priority-and-fairness-config-consumer-v1";

/// The service accounts with which kube-controller-manager's controllers speak.
const CONTROLLERS: [&str; 35] = [
    "attachdetach-controller",
    "certificate-controller",
    "clusterrole-aggregation-controller",
    "cronjob-controller",
    "daemon-set-controller",
    "deployment-controller",
    "device-taint-eviction-controller",
    "disruption-controller",
    "endpoint-controller",
    "endpointslice-controller",
    "endpointslicemirroring-controller",
    "ephemeral-volume-controller",
    "expand-controller",
    "generic-garbage-collector",
    "horizontal-pod-autoscaler",
    "job-controller",
    "legacy-service-account-token-cleaner",
    "namespace-controller",
    "node-controller",
    "persistent-volume-binder",
    "pod-garbage-collector",
    "pv-protection-controller",
    "pvc-protection-controller",
    "replicaset-controller",
    "replication-controller",
    "resource-claim-controller",
    "resourcequota-controller",
    "root-ca-cert-publisher",
    "service-account-controller",
    "service-cidrs-controller",
    "statefulset-controller",
    "ttl-after-finished-controller",
    "ttl-controller",
    "validatingadmissionpolicy-status-controller",
    "volumeattributesclass-protection-controller",
];

/// Makes what a fresh cluster has.
pub fn make(world: &mut World, plan: &Plan, cause: RecordId) {
    let seed = world.seed();
    let [authority, front_proxy] = [AUTHORITY, FRONT_PROXY].map(|name| Authority::named(name, seed, world.now));
    debug_assert!(authority.is_ok() && front_proxy.is_ok(), "{authority:?} {front_proxy:?}");
    let trusted = [&authority, &front_proxy].map(|a| a.as_ref().map(Authority::certificate).unwrap_or_default());
    if let Ok(authority) = authority {
        world.api.trust(authority);
    }
    let mut apiserver = Apiserver { user: User::api_server(), chance: Chance::seed_from_u64(0x5eed), world, cause };
    for ns in ["default", "kube-node-lease", "kube-public", "kube-system"] {
        apiserver.put(Object::new(Namespace { metadata: named(ns), ..Namespace::default() }), "");
    }
    apiserver.put_data();
    for level in flowcontrol::priority_levels() {
        apiserver.put_as(PRODUCER, Object::new(level));
    }
    for schema in flowcontrol::flow_schemas() {
        apiserver.put_flow_schema(schema);
    }
    for o in policy::objects() {
        let ns = o.namespace().to_string();
        apiserver.put(o, &ns);
    }
    for name in CONTROLLERS {
        apiserver
            .put(Object::new(ServiceAccount { metadata: named(name), ..ServiceAccount::default() }), "kube-system");
    }
    if plan.default_storage_class {
        apiserver.put(Object::new(standard()), "");
    }
    if plan.storage_provisioner {
        apiserver.put_documents(STORAGE_PROVISIONER);
    }
    if plan.profile == Profile::Cloud {
        apiserver.put_documents(CLOUD_CONTROLLER_MANAGER);
    }
    if plan.metrics_service {
        apiserver.put_value(metrics_service(apiserver.world.now, true));
    }
    if plan.system_pods {
        let replicas = if plan.nodes.len() > 1 { "2" } else { "1" };
        let text = ADDONS.replace("REPLICAS", replicas).replace("POD_RANGE", &plan.pod_range().to_string());
        apiserver.put_documents(&text);
    }
    first_services::all(plan).into_iter().for_each(|v| apiserver.put_value(v));
    authentication(trusted, apiserver.world.now).into_iter().for_each(|v| apiserver.put_value(v));
}

/// The API server, when it makes objects for itself.
struct Apiserver<'a> {
    user: User,
    chance: Chance,
    world: &'a mut World,
    cause: RecordId,
}

impl Apiserver<'_> {
    fn caller(&mut self) -> (&mut ApiServer, Caller<'_>) {
        let World { api, ledger, now, .. } = &mut *self.world;
        (api, Caller::new(&self.user, SERVER, *now, self.cause, ledger, &mut self.chance))
    }

    /// The same as another part of the API server.
    fn put_as(&mut self, manager: &str, o: Object) {
        let (api, who) = self.caller();
        let made = api.create(o, "", &mut who.with_agent(manager));
        debug_assert!(made.is_ok(), "{made:?}");
    }

    fn put(&mut self, o: Object, ns: &str) {
        let (api, mut who) = self.caller();
        let made = api.create(o, ns, &mut who);
        debug_assert!(made.is_ok(), "{made:?}");
    }

    /// An object, and then the status that it has.
    fn put_with_status(&mut self, mut o: Object) {
        let (api, mut who) = self.caller();
        let Ok(made) = api.create(o.clone(), "", &mut who) else {
            debug_assert!(false, "{} was refused", o.name());
            return;
        };
        o.meta_mut().resource_version.clone_from(&made.meta().resource_version);
        let done = api.update(o, Some(Subresource::Status), "update", &mut who);
        debug_assert!(done.is_ok(), "{done:?}");
    }

    /// The objects that are data, with the status that they have.
    fn put_data(&mut self) {
        let text = OBJECTS.replace("NOW", &self.world.now.rfc3339());
        let all: Vec<Value> = serde_json::from_str(&text).unwrap_or_default();
        all.into_iter().for_each(|v| self.put_value(v));
    }

    /// A flow schema, and that its priority level is there.
    fn put_flow_schema(&mut self, schema: FlowSchema) {
        let level = schema.spec.as_ref().map(|s| s.priority_level_configuration.name.clone()).unwrap_or_default();
        let found = FlowSchemaCondition {
            type_: Some("Dangling".into()),
            status: Some("False".into()),
            reason: Some("Found".into()),
            message: Some(format!(
                "This FlowSchema references the PriorityLevelConfiguration object named {level:?} and it exists"
            )),
            last_transition_time: Some(self.world.now.meta()),
        };
        let kind = FlowSchema::kind_ref();
        let config = json!({
            "apiVersion": kind.api_version(), "kind": kind.name(), "metadata": {"name": schema.metadata.name},
            "status": {"conditions": [found]},
        });
        let key = Key::of::<FlowSchema>("", schema.name());
        self.put_as(PRODUCER, Object::new(schema));
        let (api, who) = self.caller();
        let tell = |s: &mut FlowSchema| s.status = Some(FlowSchemaStatus { conditions: Some(vec![found]) });
        let done = api.apply_to(&key, Some(Subresource::Status), config, tell, &mut who.with_agent(CONSUMER));
        debug_assert!(done.is_ok(), "{done:?}");
    }

    fn put_documents(&mut self, text: &str) {
        let documents = yaml::parse_all(text);
        debug_assert!(documents.is_ok(), "{documents:?}");
        documents.unwrap_or_default().into_iter().for_each(|v| self.put_value(v));
    }

    fn put_value(&mut self, v: Value) {
        let word = |k: &str| v[k].as_str().unwrap_or("");
        let Some(kind) = KindRef::by_gvk(word("apiVersion"), word("kind")) else { return };
        let has_status = v.get("status").is_some();
        match kind.decode(v) {
            Ok(o) if has_status => self.put_with_status(o),
            Ok(o) => {
                let ns = o.namespace().to_string();
                self.put(o, &ns);
            }
            Err(e) => debug_assert!(false, "{e}"),
        }
    }
}

fn named(name: &str) -> ObjectMeta {
    ObjectMeta { name: Some(name.into()), ..ObjectMeta::default() }
}

/// What the API server tells others of how it knows who somebody is, and since when it looks which old tokens are still used.
/// Real Kubernetes: pkg/controlplane/controller/clusterauthenticationtrust, legacytokentracking.
fn authentication([authority, front_proxy]: [String; 2], now: Time) -> [Value; 2] {
    let map = |name: &str, data: Value| {
        let metadata = json!({"name": name, "namespace": "kube-system"});
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})
    };
    let today = now.rfc3339().split('T').next().unwrap_or_default().to_string();
    [
        map(
            "extension-apiserver-authentication",
            json!({
                "client-ca-file": authority,
                "requestheader-allowed-names": "[\"front-proxy-client\"]",
                "requestheader-client-ca-file": front_proxy,
                "requestheader-extra-headers-prefix": "[\"X-Remote-Extra-\"]",
                "requestheader-group-headers": "[\"X-Remote-Group\"]",
                "requestheader-username-headers": "[\"X-Remote-User\"]",
            }),
        ),
        map("kube-apiserver-legacy-service-account-token-tracking", json!({"since": today})),
    ]
}

/// The class that minikube makes the default.
pub fn standard() -> StorageClass {
    let mut metadata = named("standard");
    let default = ("storageclass.kubernetes.io/is-default-class".into(), "true".into());
    // Whoever sets a cluster up does it with `kubectl apply`, which leaves its words behind.
    let applied = json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass",
        "metadata": {"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}, "name": "standard"},
        "provisioner": PROVISIONER, "reclaimPolicy": "Delete", "volumeBindingMode": "Immediate"});
    let words = ("kubectl.kubernetes.io/last-applied-configuration".into(), format!("{applied}\n"));
    metadata.annotations = Some(BTreeMap::from([default, words]));
    StorageClass { metadata, provisioner: PROVISIONER.into(), ..StorageClass::default() }
}

pub const METRICS: &str = "v1beta1.metrics.k8s.io";

/// That metrics-server serves a group of its own, and whether it answers.
pub fn metrics_service(now: Time, available: bool) -> Value {
    let (status, reason, message) = match available {
        true => ("True", "Passed", "all checks passed"),
        false => (
            "False",
            "FailedDiscoveryCheck",
            "failing or missing response from https://10.96.0.11:443/apis/metrics.k8s.io/v1beta1: connection refused",
        ),
    };
    json!({
        "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": METRICS},
        "spec": {
            "group": "metrics.k8s.io", "version": "v1beta1", "groupPriorityMinimum": 100, "versionPriority": 100,
            "insecureSkipTLSVerify": true, "service": {"name": "metrics-server", "namespace": "kube-system", "port": 443},
        },
        "status": {"conditions": [
            {"type": "Available", "status": status, "reason": reason, "message": message, "lastTransitionTime": now.rfc3339()},
        ]},
    })
}

/// What the API server says of metrics-server once it has tried to reach it.
pub fn set_metrics_available(world: &mut World, available: bool, cause: RecordId) {
    let apiserver = User::api_server();
    let kind = APIService::kind_ref();
    let Ok(mut o) = kind.decode(metrics_service(world.now, available)) else { return };
    let World { api, ledger, now, .. } = &mut *world;
    let mut chance = Chance::seed_from_u64(0);
    let mut who = Caller::new(&apiserver, SERVER, *now, cause, ledger, &mut chance);
    // If somebody has deleted it there is nothing to say.
    let Ok(there) = api.get(&o.key()) else { return };
    o.meta_mut().resource_version.clone_from(&there.meta().resource_version);
    let _ = api.update(o, Some(Subresource::Status), "update", &mut who);
    world.carry();
}

/// The recordings begin with an empty namespace: what happened when the cluster started is forgotten.
pub fn forget_start(world: &mut World, cause: RecordId) {
    let admin = User::of("kubernetes-admin", &["kubeadm:cluster-admins", MASTERS]);
    let _ = world.request(&Request::new(Method::Delete, "/api/v1/namespaces/default/events"), &admin, cause);
}

/// Gives nodes their roles, as soon as their kubelets have registered them.
/// Real Kubernetes: cmd/kubeadm/app/phases/markcontrolplane. (The taint is there from the start here: kubelet may register with it.)
pub fn mark_nodes(world: &mut World, plan: &Plan, cause: RecordId) {
    let admin = User::of("kubernetes-admin", &["kubeadm:cluster-admins", MASTERS]);
    let mut chance = Chance::seed_from_u64(0);
    for (name, marks) in &plan.marks {
        let key = Key::of::<Node>("", name);
        while world.api.get(&key).is_err() && world.step() {}
        let Ok(there) = world.api.get(&key) else { return };
        let mut o = (**there).clone();
        // The installer is no part of what a seed decides: a cluster whose nodes are marked runs like one without marks.
        let before = world.chance().clone();
        o.meta_mut().labels.get_or_insert_default().extend(marks.clone());
        let World { api, ledger, now, .. } = &mut *world;
        let mut who = Caller::new(&admin, "kubeadm", *now, cause, ledger, &mut chance);
        let marked = api.update(o, None, "patch", &mut who);
        debug_assert!(marked.is_ok(), "{marked:?}");
        world.carry();
        *world.chance() = before;
    }
}
