use serde_json::{Value, json};

use super::in_traffic;
use super::plan::{Plan, Seen, plan};
use crate::api::Resource;
use crate::api::kinds::{EndpointSlice, Pod, Service};
use crate::client::slices::Changes;

fn service(extra: Value) -> Service {
    let mut spec = json!({"clusterIP": "10.96.0.9", "ipFamilies": ["IPv4"], "selector": {"app": "x"},
        "ports": [{"name": "web", "port": 80, "targetPort": "http", "protocol": "TCP"}]});
    spec.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    serde_json::from_value(json!({"metadata": {"name": "s", "namespace": "d", "uid": "u"}, "spec": spec})).unwrap()
}

fn pod(n: usize, port: i32, ready: bool) -> Pod {
    let ip = format!("10.0.{}.{}", n / 200, n % 200 + 1);
    serde_json::from_value(json!({"metadata": {"name": format!("p{n}"), "namespace": "d", "uid": format!("{n}"), "labels": {"app": "x"}},
        "spec": {"nodeName": "n1", "containers": [{"name": "c", "ports": [{"name": "http", "containerPort": port, "protocol": "TCP"}]}]},
        "status": {"phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}], "conditions": [{"type": "Ready", "status": if ready { "True" } else { "False" }}]}}))
    .unwrap()
}

fn planned(s: &Service, pods: &[Pod], slices: &[EndpointSlice]) -> Changes {
    whole(s, pods, slices).slices
}

fn whole(s: &Service, pods: &[Pod], slices: &[EndpointSlice]) -> Plan {
    let all: Vec<&Pod> = pods.iter().collect();
    let slices: Vec<&EndpointSlice> = slices.iter().collect();
    plan(&Seen { service: s, pods: &all, slices: &slices, zone_of: &|node| (node == "n1").then(|| Some("z".into())) })
}

/// The slices once the plan is carried out.
fn carried_out(p: Changes, before: &[EndpointSlice]) -> Vec<EndpointSlice> {
    let touched = |s: &&EndpointSlice| !p.update.iter().chain(&p.delete).any(|t| t.name() == s.name());
    let mut all: Vec<EndpointSlice> = before.iter().filter(touched).cloned().collect();
    all.extend(p.update);
    for (i, mut s) in p.create.into_iter().enumerate() {
        s.metadata.name = Some(format!("s-{}{i}", before.len()));
        all.push(s);
    }
    all
}

#[test]
fn a_service_without_pods_has_one_empty_slice_and_it_stays() {
    let s = service(json!({}));
    let first = planned(&s, &[], &[]);
    assert_eq!((first.create.len(), first.create[0].ports.clone()), (1, None));
    let slices = carried_out(first, &[]);
    let again = planned(&s, &[], &slices);
    assert!(again.create.is_empty() && again.update.is_empty() && again.delete.is_empty(), "{again:?}");
    // The empty slice is made into the first real one.
    let p = planned(&s, &[pod(1, 8080, true)], &slices);
    assert_eq!((p.create.len(), p.update.len(), p.delete.len()), (0, 1, 0));
    assert_eq!(p.update[0].name(), slices[0].name());
}

#[test]
fn pods_that_call_different_ports_by_one_name_are_in_different_slices() {
    let s = service(json!({}));
    let p = planned(&s, &[pod(1, 8080, true), pod(2, 9090, false)], &[]);
    let mut ports: Vec<Option<i32>> = p.create.iter().map(|s| s.ports.as_ref().and_then(|p| p[0].port)).collect();
    ports.sort();
    assert_eq!(ports, [Some(8080), Some(9090)]);
    assert_eq!(in_traffic(p.create.iter()), ["10.0.0.2"]);
}

#[test]
fn slices_hold_a_hundred_and_are_filled_before_new_ones_are_made() {
    let s = service(json!({}));
    let many: Vec<Pod> = (0..250).map(|n| pod(n, 80, true)).collect();
    let sizes = |all: &[EndpointSlice]| {
        let mut v: Vec<usize> = all.iter().map(|s| s.endpoints.as_ref().map_or(0, Vec::len)).collect();
        v.sort();
        v
    };
    let slices = carried_out(planned(&s, &many, &[]), &[]);
    assert_eq!(sizes(&slices), [50, 100, 100]);
    let more: Vec<Pod> = (0..260).map(|n| pod(n, 80, true)).collect();
    let p = planned(&s, &more, &slices);
    assert_eq!((p.create.len(), p.update.len(), p.delete.len()), (0, 1, 0));
    assert_eq!(sizes(&carried_out(p, &slices)), [60, 100, 100]);
    // Who stays, stays where it is.
    let fewer = planned(&s, &many[..40], &slices);
    assert_eq!((fewer.create.len(), fewer.update.len(), fewer.delete.len()), (0, 1, 2));
}

#[test]
fn a_pod_whose_node_is_gone_is_left_out_unless_all_are_published() {
    let mut lost = pod(1, 80, true);
    lost.spec.as_mut().unwrap().node_name = Some("gone".into());
    let p = whole(&service(json!({})), std::slice::from_ref(&lost), &[]);
    assert_eq!(
        (p.lost.first().map(|l| (l.pod.as_str(), l.node.as_str())), in_traffic(p.slices.create.iter()).len()),
        (Some(("p1", "gone")), 0)
    );
    let p = planned(&service(json!({"publishNotReadyAddresses": true})), &[lost], &[]);
    assert_eq!(in_traffic(p.create.iter()), ["10.0.0.2"]);
}

#[test]
fn traffic_distribution_hints_at_the_zone_and_the_node() {
    let hints = |how: Value, slices: &[EndpointSlice]| {
        let s = service(json!({"trafficDistribution": how}));
        let p = planned(&s, &[pod(1, 80, true)], slices);
        let made = p.create.iter().chain(&p.update).next().cloned();
        made.and_then(|s| serde_json::to_value(&s.endpoints.unwrap_or_default()[0].hints).ok())
    };
    assert_eq!(hints(Value::Null, &[]), Some(Value::Null));
    assert_eq!(hints(json!("PreferClose"), &[]), Some(json!({"forZones": [{"name": "z"}]})));
    let node = json!({"forZones": [{"name": "z"}], "forNodes": [{"name": "n1"}]});
    assert_eq!(hints(json!("PreferSameNode"), &[]), Some(node));
    // When it is no longer wanted, the hint goes from the slice that is there.
    let s = service(json!({"trafficDistribution": "PreferClose"}));
    let slices = carried_out(planned(&s, &[pod(1, 80, true)], &[]), &[]);
    assert_eq!(hints(Value::Null, &slices), Some(Value::Null));
    assert_eq!(hints(json!("PreferClose"), &slices), None, "nothing to write");
}

#[test]
fn labels_of_the_service_are_carried_over() {
    let mut s = service(json!({"clusterIP": "None"}));
    s.metadata.labels = Some([("a".to_string(), "b".to_string())].into());
    let slices = carried_out(planned(&s, &[pod(1, 80, true)], &[]), &[]);
    let labels = slices[0].metadata.labels.clone().unwrap();
    let text: Vec<String> = labels.iter().map(|(k, v)| format!("{k}={v}")).collect();
    assert_eq!(
        text,
        [
            "a=b",
            "endpointslice.kubernetes.io/managed-by=endpointslice-controller.k8s.io",
            "kubernetes.io/service-name=s",
            "service.kubernetes.io/headless="
        ]
    );
    s.metadata.labels = None;
    assert_eq!(planned(&s, &[pod(1, 80, true)], &slices).update.len(), 1);
}
