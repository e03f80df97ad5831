//! What a client of the API sees: lists page by page, and why a request is refused.

mod watches;

use proptest::prelude::*;
use rand::SeedableRng;
use serde_json::{Value, json};

use super::caller::Chance;
use super::*;
use crate::api::patch::PatchType;
use crate::api::request::{Method, Request, Response};
use crate::api::user::MASTERS;
use crate::api::{Reason, RecordId, Time, User};
use crate::ledger::Ledger;

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

/// An API server and what a caller brings along.
struct Server {
    api: ApiServer,
    ledger: Ledger,
    chance: Chance,
    user: User,
}

impl Server {
    fn new() -> Server {
        let (api, ledger) = (ApiServer::default(), Ledger::default());
        let mut server = Server { api, ledger, chance: Chance::seed_from_u64(1), user: User::of("test", &[MASTERS]) };
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}});
        server.ask(Request::new(Method::Post, "/api/v1/namespaces").body(namespace)).expect("a namespace");
        server
    }

    fn ask(&mut self, request: Request) -> Response {
        let mut who =
            Caller::new(&self.user, "test", Time::from_nanos(0), RecordId(0), &mut self.ledger, &mut self.chance);
        self.api.handle(&request, &mut who)
    }

    fn put_map(&mut self, name: &str, value: &str) {
        let map = |data: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"v": data}});
        if self.ask(Request::new(Method::Post, MAPS).body(map(value))).is_err() {
            self.ask(Request::new(Method::Put, format!("{MAPS}/{name}")).body(map(value))).expect("a new value");
        }
    }

    /// Why an object is refused.
    fn refused(&mut self, path: &str, object: Value) -> String {
        self.ask(Request::new(Method::Post, path).body(object)).err().map(|s| s.message).unwrap_or_default()
    }

    fn list(&mut self, limit: usize, token: Option<&str>) -> Response {
        let mut request = Request::get(MAPS).query("limit", limit.to_string());
        if let Some(t) = token {
            request = request.query("continue", t);
        }
        self.ask(request)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Whatever is written between two pages, all pages together are the list at the first page's revision.
    #[test]
    fn pages_are_one_list_at_one_revision(
        names in prop::collection::btree_set("[a-c]{1,3}", 1..12),
        between in prop::collection::vec(("[a-c]{1,3}", "[x-z]"), 0..12),
        limit in 1usize..5,
    ) {
        let mut server = Server::new();
        for n in &names {
            server.put_map(n, "before");
        }
        let whole = server.list(0, None).map_err(|s| TestCaseError::fail(s.message))?.body;
        let mut writes = between.iter();
        let (mut items, mut token) = (vec![], None::<String>);
        loop {
            let page = server.list(limit, token.as_deref()).map_err(|s| TestCaseError::fail(s.message))?.body;
            prop_assert_eq!(&page["metadata"]["resourceVersion"], &whole["metadata"]["resourceVersion"]);
            items.extend(page["items"].as_array().cloned().unwrap_or_default());
            token = page["metadata"]["continue"].as_str().map(Into::into);
            let left = page["metadata"]["remainingItemCount"].as_u64().unwrap_or(0);
            prop_assert_eq!(items.len() as u64 + left, names.len() as u64);
            if token.is_none() {
                break;
            }
            for (name, value) in writes.by_ref().take(2) {
                server.put_map(name, value);
            }
        }
        prop_assert_eq!(&Value::from(items), &whole["items"]);
    }
}

#[test]
fn a_list_is_not_continued_from_a_revision_that_is_forgotten() {
    let mut server = Server::new();
    for n in ["a", "b", "c"] {
        server.put_map(n, "1");
    }
    let page = server.list(1, None).expect("a page").body;
    let token = page["metadata"]["continue"].as_str().map(String::from).expect("a token");
    server.put_map("d", "1");
    let rev = server.api.rev();
    server.api.compact(rev);
    let status = server.list(1, Some(&token)).expect_err("refused");
    assert_eq!(status.code(), 410);
    assert!(status.message.starts_with("The provided continue parameter is too old"), "{}", status.message);
    // The token that comes with it goes on in the list as it is now.
    let on = status.to_json()["metadata"]["continue"].as_str().map(String::from).expect("a token");
    let page = server.list(5, Some(&on)).expect("the rest").body;
    let names: Vec<&str> =
        page["items"].as_array().into_iter().flatten().filter_map(|o| o["metadata"]["name"].as_str()).collect();
    assert_eq!(names, ["b", "c", "d"]);
    assert!(server.list(1, Some("nonsense")).err().is_some_and(|s| s.is(Reason::BadRequest)));
}

#[test]
fn a_revision_that_nobody_has_written_is_waited_for_in_vain() {
    let mut server = Server::new();
    let status = server.ask(Request::get(MAPS).query("resourceVersion", "999")).expect_err("refused");
    let now = server.api.rev().0;
    assert_eq!(status.message, format!("Timeout: Too large resource version: 999, current: {now}"));
    assert!(status.is(Reason::Timeout));
    let status = server.ask(Request::get(MAPS).query("resourceVersion", "x")).expect_err("refused");
    assert_eq!(
        status.message,
        "invalid resource version: resourceVersion: Invalid value: \"x\": strconv.ParseUint: parsing \"x\": invalid syntax"
    );
}

#[test]
fn what_a_patch_may_not_change_is_named() {
    let mut server = Server::new();
    server.put_map("a", "1");
    let mut patch = |how: PatchType, body: Value| {
        let answer = server.ask(Request::new(Method::Patch(how), format!("{MAPS}/a")).body(body));
        answer.err().map(|s| s.message)
    };
    let meta = |m: Value| json!({"metadata": m});
    assert_eq!(
        patch(PatchType::Strategic, meta(json!({"uid": "x"}))).as_deref(),
        Some("ConfigMap \"a\" is invalid: metadata.uid: Invalid value: \"x\": field is immutable")
    );
    assert_eq!(
        patch(PatchType::Merge, meta(json!({"deletionGracePeriodSeconds": 5}))).as_deref(),
        Some("ConfigMap \"a\" is invalid: metadata.deletionGracePeriodSeconds: Invalid value: 5: field is immutable")
    );
    assert_eq!(
        patch(PatchType::Strategic, meta(json!({"namespace": "x"}))).as_deref(),
        Some("the namespace of the provided object does not match the namespace sent on the request")
    );
    assert_eq!(
        patch(PatchType::Strategic, meta(json!({"resourceVersion": "x"}))).as_deref(),
        Some("strconv.ParseUint: parsing \"x\": invalid syntax")
    );
    let misfit = patch(PatchType::Merge, json!({"data": {"v": 1}})).expect("refused");
    assert!(misfit.starts_with(" \"\" is invalid: patch: Invalid value: \"{"), "{misfit}");
    assert!(
        misfit.ends_with("json: cannot unmarshal number into Go struct field ConfigMap.data of type string"),
        "{misfit}"
    );
    assert_eq!(patch(PatchType::Strategic, meta(json!({"creationTimestamp": "2020-01-01T00:00:00Z"}))), None);
}

#[test]
fn a_field_that_cannot_be_selected_by_is_named() {
    let mut server = Server::new();
    for (plural, want) in [
        ("configmaps", "\"nope\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\""),
        ("pods", "field label not supported: nope"),
    ] {
        let request = Request::get(format!("/api/v1/{plural}")).query("fieldSelector", "nope=1");
        assert_eq!(server.ask(request).err().map(|s| s.message).as_deref(), Some(want));
    }
}

#[test]
fn a_pod_is_told_everything_that_is_wrong_with_it() {
    let mut server = Server::new();
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}});
    server
        .ask(Request::new(Method::Post, "/api/v1/namespaces/default/serviceaccounts").body(account))
        .expect("an account");
    let pods = "/api/v1/namespaces/default/pods";
    let mut pod = |spec: Value, container: Value| {
        let mut c = json!({"name": "c", "image": "nginx"});
        json_patch::merge(&mut c, &container);
        let mut object =
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": {"containers": [c]}});
        json_patch::merge(&mut object["spec"], &spec);
        server.refused(pods, object).replace("Pod \"x\" is invalid: ", "")
    };
    for (spec, container, want) in [
        (
            json!({"affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 0, "preference": {"matchExpressions": [{"key": "a", "operator": "NotIn"}]}}]}}}),
            json!({}),
            "[spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 0: must be in the range 1-100, spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn']",
        ),
        (
            json!({"topologySpreadConstraints": [{"maxSkew": 0, "topologyKey": "z", "whenUnsatisfiable": "ScheduleAnyway"}, {"maxSkew": 1, "topologyKey": "z", "whenUnsatisfiable": "ScheduleAnyway"}]}),
            json!({}),
            "[spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero, spec.topologySpreadConstraints[0].{topologyKey, whenUnsatisfiable}: Duplicate value: \"{z, ScheduleAnyway}\"]",
        ),
        (
            json!({"hostAliases": [{"ip": "x"}], "securityContext": {"runAsUser": -1}}),
            json!({}),
            "[spec.securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive, spec.hostAliases[0].ip: Invalid value: \"x\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)]",
        ),
        (
            json!({"restartPolicy": "Sometimes", "dnsPolicy": "Nope"}),
            json!({"image": " nginx"}),
            "[spec.restartPolicy: Unsupported value: \"Sometimes\": supported values: \"Always\", \"OnFailure\", \"Never\", spec.dnsPolicy: Unsupported value: \"Nope\": supported values: \"ClusterFirstWithHostNet\", \"ClusterFirst\", \"Default\", \"None\", spec.containers[0].image: Invalid value: \" nginx\": must not have leading or trailing whitespace]",
        ),
        (
            json!({}),
            json!({"lifecycle": {"postStart": {}, "preStop": {"sleep": {"seconds": 99}}}}),
            "[spec.containers[0].lifecycle.postStart: Required value: must specify a handler type, spec.containers[0].lifecycle.preStop.sleep: Invalid value: 99: must be non-negative and less than terminationGracePeriodSeconds (30)]",
        ),
        (
            json!({}),
            json!({"livenessProbe": {"exec": {"command": ["a"]}, "tcpSocket": {"port": 80}, "successThreshold": 2}}),
            "[spec.containers[0].livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type, spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1]",
        ),
        (
            json!({}),
            json!({"ports": [{"containerPort": 85, "hostPort": 8080}, {"containerPort": 86, "hostPort": 8080}]}),
            "spec.containers[0].ports[1].hostPort: Duplicate value: \"TCP//8080\"",
        ),
        (
            json!({"volumes": [{"name": "v"}]}),
            json!({"volumeMounts": [{"name": "v", "mountPath": "/r", "subPath": "../x"}, {"name": "w", "mountPath": "/r"}]}),
            "[spec.containers[0].volumeMounts.subPath: Invalid value: \"../x\": must not contain '..', spec.containers[0].volumeMounts[1].name: Not found: \"w\", spec.containers[0].volumeMounts[1].mountPath: Invalid value: \"/r\": must be unique]",
        ),
        (
            json!({"ephemeralContainers": [{"name": "e", "image": "x"}]}),
            json!({}),
            "spec.ephemeralContainers: Forbidden: cannot be set on create",
        ),
        (
            json!({"runtimeClassName": "nope"}),
            json!({}),
            "pods \"x\" is forbidden: pod rejected: RuntimeClass \"nope\" not found",
        ),
        (
            json!({"priority": 5}),
            json!({}),
            "pods \"x\" is forbidden: the integer value of priority (5) must not be provided in pod spec; priority admission controller computed 0 from the given PriorityClass name",
        ),
        (json!({"terminationGracePeriodSeconds": -1}), json!({"name": "c", "restartPolicy": "Never"}), ""),
    ] {
        assert_eq!(pod(spec, container), want);
    }
}

#[test]
fn a_service_is_given_addresses_before_it_is_judged() {
    let mut server = Server::new();
    let services = "/api/v1/namespaces/default/services";
    let mut service = |name: &str, spec: Value| {
        let object = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec});
        server.refused(services, object).replace(&format!("Service {name:?} is invalid: "), "")
    };
    for (name, spec, want) in [
        (
            "Bad",
            json!({"clusterIP": "1.2.3.4", "ports": [{"port": 0}]}),
            "spec.clusterIPs: Invalid value: [\"1.2.3.4\"]: failed to allocate IP 1.2.3.4: the provided network does not match the current range",
        ),
        ("a.b", json!({"ports": [{"port": 80}]}), "metadata.name: Invalid value: \"a.b\": must not contain dots"),
        ("1a", json!({"ports": [{"port": 80}]}), ""),
        (
            "s",
            json!({"clusterIP": "10.96.0.01", "ports": [{"port": 80}]}),
            "spec.clusterIPs[0]: Invalid value: \"10.96.0.01\": must not have leading 0s",
        ),
        (
            "s",
            json!({"clusterIP": "None", "type": "NodePort", "ports": [{"port": 80}]}),
            "spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services",
        ),
        (
            "s",
            json!({"ports": [{"port": 80, "name": "a"}, {"port": 80, "name": "b"}]}),
            "spec.ports[1]: Duplicate value: {\"Name\":\"\",\"Protocol\":\"TCP\",\"AppProtocol\":null,\"Port\":80,\"TargetPort\":0,\"NodePort\":0}",
        ),
        (
            "s",
            json!({"ports": [{"port": 80}], "externalIPs": ["127.0.0.1"], "externalTrafficPolicy": "Foo"}),
            "[spec.externalIPs[0]: Invalid value: \"127.0.0.1\": may not be in the loopback range (127.0.0.0/8, ::1/128), spec.externalTrafficPolicy: Unsupported value: \"Foo\": supported values: \"Cluster\", \"Local\"]",
        ),
    ] {
        assert_eq!(service(name, spec), want);
    }
}

#[test]
fn a_deployments_selector_and_strategy_are_shown_as_they_are() {
    let mut server = Server::new();
    let mut deployment = |spec: Value| {
        let template =
            json!({"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}});
        let mut object = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x"},
            "spec": {"selector": {"matchLabels": {"app": "x"}}, "template": template}});
        json_patch::merge(&mut object["spec"], &spec);
        let path = "/apis/apps/v1/namespaces/default/deployments";
        server.refused(path, object).replace("Deployment.apps \"x\" is invalid: ", "")
    };
    assert_eq!(
        deployment(json!({"strategy": {"type": "Wrong", "rollingUpdate": {"maxSurge": "1%"}}})),
        "spec.strategy: Unsupported value: {\"Type\":\"Wrong\",\"RollingUpdate\":{\"MaxUnavailable\":0,\"MaxSurge\":\"1%\"}}: supported values: \"Recreate\", \"RollingUpdate\""
    );
    let long = "a".repeat(64);
    assert_eq!(
        deployment(json!({"selector": {"matchLabels": {"app": long}}})),
        format!(
            "[spec.selector.matchLabels: Invalid value: {long:?}: must be no more than 63 bytes, spec.selector: Invalid value: {{\"matchLabels\":{{\"app\":{long:?}}}}}: invalid label selector]"
        )
    );
    assert_eq!(
        deployment(json!({"template": {"spec": {"restartPolicy": "Never", "activeDeadlineSeconds": 5}}})),
        "[spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: \"Always\", spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicaSet is not Supported]"
    );
}

#[test]
fn owners_and_finalizers_are_looked_at() {
    let mut server = Server::new();
    let mut map = |meta: Value| {
        let mut object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}});
        json_patch::merge(&mut object["metadata"], &meta);
        server.refused(MAPS, object).replace("ConfigMap \"x\" is invalid: ", "")
    };
    assert_eq!(
        map(json!({"ownerReferences": [{"apiVersion": "", "kind": "Pod", "name": "a", "uid": ""}]})),
        "[metadata.ownerReferences.apiVersion: Invalid value: \"\": version must not be empty, metadata.ownerReferences.uid: Invalid value: \"\": must not be empty]"
    );
    assert_eq!(
        map(json!({"finalizers": ["x", "example.com/a"]})),
        "metadata.finalizers[0]: Invalid value: \"x\": name is neither a standard finalizer name nor is it fully qualified"
    );
    assert_eq!(
        map(json!({"finalizers": ["orphan", "foregroundDeletion"]})),
        "metadata.finalizers: Invalid value: [\"orphan\",\"foregroundDeletion\"]: finalizer orphan and foregroundDeletion cannot be both set"
    );
}

#[test]
fn a_scale_that_is_no_number_of_replicas_scales_nothing() {
    let mut server = Server::new();
    let path = "/apis/apps/v1/namespaces/default/deployments";
    let object = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x"},
        "spec": {"selector": {"matchLabels": {"app": "x"}}, "template":
            {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}}});
    assert_eq!(server.refused(path, object), "");
    let mut scale = |replicas: Value| {
        let body = json!({"spec": {"replicas": replicas}});
        let answer = server.ask(Request::new(Method::Patch(PatchType::Merge), format!("{path}/x/scale")).body(body));
        answer.map(|a| a.body["spec"]["replicas"].clone()).map_err(|s| s.message)
    };
    assert_eq!(
        scale(json!(-1)),
        Err("Scale.autoscaling \"x\" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0"
            .into())
    );
    let misfit = scale(json!("two")).expect_err("refused");
    assert!(
        misfit.ends_with("json: cannot unmarshal string into Go struct field ScaleSpec.spec.replicas of type int32"),
        "{misfit}"
    );
    assert_eq!(scale(json!(2)), Ok(json!(2)));
}

/// Whoever has an address holds the object that is called so.
#[test]
fn a_service_holds_its_address_as_an_object() {
    let mut server = Server::new();
    let services = "/api/v1/namespaces/default/services";
    let service = |name: &str, ip: &str| json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": {"clusterIP": ip, "ports": [{"port": 80}]}});
    let address = |ip: &str| Request::get(format!("/apis/networking.k8s.io/v1/ipaddresses/{ip}"));
    server.ask(Request::new(Method::Post, services).body(service("a", "10.96.0.7"))).expect("a service");
    let held = server.ask(address("10.96.0.7")).expect("an address").body;
    assert_eq!(held["spec"]["parentRef"], json!({"resource": "services", "namespace": "default", "name": "a"}));
    let refused = server.refused(services, service("b", "10.96.0.7"));
    assert!(refused.ends_with("failed to allocate IP 10.96.0.7: provided IP is already allocated"), "{refused}");
    let external =
        json!({"spec": {"type": "ExternalName", "externalName": "a.b", "clusterIP": null, "clusterIPs": null}});
    let patch = Request::new(Method::Patch(PatchType::Merge), format!("{services}/a")).body(external);
    server.ask(patch).expect("another type");
    assert!(server.ask(address("10.96.0.7")).err().is_some_and(|s| s.is(Reason::NotFound)), "it is free again");
    server.ask(Request::new(Method::Post, services).body(service("b", "10.96.0.7"))).expect("another service");
    server.ask(Request::new(Method::Delete, format!("{services}/b"))).expect("deleted");
    assert!(server.ask(address("10.96.0.7")).is_err(), "it went with the Service");
    // Somebody else may hold it, too.
    let parent = json!({"resource": "services", "namespace": "default", "name": "c"});
    let own = json!({"apiVersion": "networking.k8s.io/v1", "kind": "IPAddress", "metadata": {"name": "10.96.0.8"}, "spec": {"parentRef": parent}});
    server.ask(Request::new(Method::Post, "/apis/networking.k8s.io/v1/ipaddresses").body(own)).expect("an address");
    let refused = server.refused(services, service("c", "10.96.0.8"));
    assert!(refused.ends_with("provided IP is already allocated"), "{refused}");
}

#[test]
fn a_claim_grows_if_it_is_bound_and_its_class_lets_it() {
    const CLAIMS: &str = "/api/v1/namespaces/default/persistentvolumeclaims";
    let mut server = Server::new();
    for (name, grows) in [("elastic", true), ("stiff", false)] {
        let class = json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": name},
            "provisioner": "example.com/none", "allowVolumeExpansion": grows});
        server.ask(Request::new(Method::Post, "/apis/storage.k8s.io/v1/storageclasses").body(class)).expect("a class");
        let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": {
            "storageClassName": name, "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}});
        server.ask(Request::new(Method::Post, CLAIMS).body(claim)).expect("a claim");
    }
    let mut patch = |name: &str, part: &str, body: Value| {
        let path = format!("{CLAIMS}/{name}{part}");
        server.ask(Request::new(Method::Patch(PatchType::Merge), path).body(body)).map_err(|s| s.message)
    };
    let larger = || json!({"spec": {"resources": {"requests": {"storage": "2Gi"}}}});
    for name in ["elastic", "stiff"] {
        let why = patch(name, "", larger()).expect_err("it is not bound");
        assert!(why.contains("spec is immutable after creation except resources.requests"), "{why}");
        patch(name, "/status", json!({"status": {"phase": "Bound"}})).expect("it is bound");
    }
    patch("elastic", "", larger()).expect("it grows");
    let why = patch("stiff", "", larger()).expect_err("its class is stiff");
    assert_eq!(
        why,
        "persistentvolumeclaims \"stiff\" is forbidden: only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize"
    );
}

#[test]
fn who_watches_a_kind_that_is_defined_anew_must_begin_anew() {
    const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    let mut server = Server::new();
    let definition = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "rocks.example.com"}, "spec": {"group": "example.com", "scope": "Cluster",
            "names": {"plural": "rocks", "kind": "Rock"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object"}}}]}});
    server.ask(Request::new(Method::Post, DEFINITIONS).body(definition)).expect("a definition");
    let path = format!("{DEFINITIONS}/rocks.example.com");
    let merge = |server: &mut Server, part: &str, body: Value| {
        server
            .ask(Request::new(Method::Patch(PatchType::Merge), format!("{path}{part}")).body(body))
            .expect("a change");
    };
    // As the controller of definitions does.
    let conditions = ["NamesAccepted", "Established"].map(|t| json!({"type": t, "status": "True"}));
    let names = json!({"plural": "rocks", "kind": "Rock", "singular": "rock", "listKind": "RockList"});
    merge(
        &mut server,
        "/status",
        json!({"status": {"conditions": conditions, "acceptedNames": names, "storedVersions": ["v1"]}}),
    );
    let rocks = "/apis/example.com/v1/rocks";
    let open = |server: &mut Server, path: &str| {
        let (mut ledger, mut chance) = (Ledger::default(), Chance::seed_from_u64(1));
        let user = User::of("test", &[MASTERS]);
        let mut who = Caller::new(&user, "test", Time::ZERO, RecordId(0), &mut ledger, &mut chance);
        server.api.open_watch(&Request::get(path), &mut who).expect("a watch")
    };
    let (rock, map) = (open(&mut server, rocks), open(&mut server, MAPS));
    let object = json!({"apiVersion": "example.com/v1", "kind": "Rock", "metadata": {"name": "r"}});
    server.ask(Request::new(Method::Post, rocks).body(object)).expect("a rock");
    server.api.take_deliveries(Time::ZERO).for_each(drop);
    assert!(!server.api.watch_ends(rock, Time::ZERO));
    let schema = json!({"openAPIV3Schema": {"type": "object", "properties": {"weight": {"type": "integer"}}}});
    merge(
        &mut server,
        "",
        json!({"spec": {"versions": [{"name": "v1", "served": true, "storage": true, "schema": schema}]}}),
    );
    assert!(!server.api.watch_ends(rock, Time::ZERO), "what it has not read is told first");
    assert_eq!(server.api.next_event(rock).map(|e| e.kind), Some("ADDED"));
    assert!(server.api.watch_ends(rock, Time::ZERO));
    assert!(!server.api.watch_ends(map, Time::ZERO), "other kinds are not concerned");
}
