//! The plugins of volumes: (claims, volumes, classes) and a pod → what is said against nodes a (zone 1) and b (zone 2).

use super::super::framework::PreBind;
use super::super::plugins::volume_binding::VolumeBinding;
use super::super::promises::{Found, Promise, Promised, State, TIMEOUT};
use super::*;
use crate::api::kinds::{CSINode, PersistentVolume, PersistentVolumeClaim, StorageClass};
use crate::api::object::Resource;
use crate::api::{Duration, Key, Time};
use crate::store::Change;

fn know<T: Resource>(known: &mut Known, v: Value) {
    let o = Arc::new(Object::new(serde_json::from_value::<T>(v).unwrap()));
    assert!(known.apply(&Change::own(&o)));
}

fn claim(name: &str, class: &str, bound_to: Option<&str>) -> Value {
    let mut c = json!({"metadata": {"name": name, "namespace": "d", "uid": format!("uid-{name}"), "annotations": {}},
        "spec": {"storageClassName": class, "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}});
    if let Some(volume) = bound_to {
        c["spec"]["volumeName"] = json!(volume);
        c["metadata"]["annotations"]["pv.kubernetes.io/bind-completed"] = json!("yes");
    }
    c
}

fn volume(name: &str, class: &str, node: Option<&str>) -> Value {
    let mut v = json!({"metadata": {"name": name}, "status": {"phase": "Available"}, "spec": {"storageClassName": class,
        "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}}});
    if let Some(node) = node {
        let term = json!({"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}]});
        v["spec"]["nodeAffinity"] = json!({"required": {"nodeSelectorTerms": [term]}});
    }
    v
}

fn class(name: &str, provisioner: &str, mode: &str) -> Value {
    json!({"metadata": {"name": name}, "provisioner": provisioner, "volumeBindingMode": mode})
}

/// Classes: `now` binds at once, `local` has volumes that somebody made, `late` has them made.
fn known(claims: &[Value], volumes: &[Value]) -> Known {
    let mut known = Known::default();
    know::<StorageClass>(&mut known, class("now", "x", "Immediate"));
    know::<StorageClass>(&mut known, class("local", "kubernetes.io/no-provisioner", "WaitForFirstConsumer"));
    let mut late = class("late", "csi.x", "WaitForFirstConsumer");
    late["allowedTopologies"] =
        json!([{"matchLabelExpressions": [{"key": "topology.kubernetes.io/zone", "values": ["2"]}]}]);
    know::<StorageClass>(&mut known, late);
    claims.iter().for_each(|c| know::<PersistentVolumeClaim>(&mut known, c.clone()));
    volumes.iter().for_each(|v| know::<PersistentVolume>(&mut known, v.clone()));
    known
}

fn nodes() -> Cache {
    let mut cache = Cache::default();
    for (name, zone) in [("a", "1"), ("b", "2")] {
        cache.set_node(&node(name, json!({}), json!({"topology.kubernetes.io/zone": zone})));
    }
    cache
}

fn user(claim: &str) -> Arc<Object> {
    pod("p", json!({"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": claim}}]}))
}

const ELSEWHERE: &str = "node(s) didn't match PersistentVolume's node affinity";
const NO_VOLUME: &str = "node(s) didn't find available persistent volumes to bind";

#[test]
fn volumes_say_where_a_pod_may_stand() {
    let mut zoned = volume("zoned", "now", None);
    zoned["metadata"]["labels"] = json!({"topology.kubernetes.io/zone": "2"});
    let mut asked = claim("asked", "late", None);
    asked["metadata"]["annotations"]["volume.kubernetes.io/selected-node"] = json!("a");
    type Row<'a> = (Value, Vec<Value>, [&'a [&'a str]; 2]);
    let table: Vec<Row<'_>> = vec![
        (claim("c", "now", Some("v")), vec![volume("v", "now", None)], [&[], &[]]),
        (claim("c", "now", Some("v")), vec![volume("v", "now", Some("b"))], [&[ELSEWHERE], &[]]),
        (claim("c", "now", Some("zoned")), vec![zoned], [&["node(s) had no available volume zone"], &[]]),
        (claim("c", "local", None), vec![], [&[NO_VOLUME], &[NO_VOLUME]]),
        (claim("c", "local", None), vec![volume("v", "local", Some("a"))], [&[], &[NO_VOLUME]]),
        (claim("c", "local", None), vec![volume("v", "other", Some("a"))], [&[NO_VOLUME], &[NO_VOLUME]]),
        // Made where the class allows it, and, once a node is chosen, there only.
        (claim("c", "late", None), vec![], [&[NO_VOLUME], &[]]),
        (asked, vec![], [&[NO_VOLUME], &[NO_VOLUME]]),
    ];
    for (c, volumes, want) in table {
        let name = c["metadata"]["name"].as_str().unwrap().to_string();
        let told = format!("{c} {volumes:?}");
        let said = objections(&user(&name), &nodes(), &known(&[c], &volumes));
        assert_eq!(said, Ok(want.map(|w| w.iter().map(ToString::to_string).collect()).to_vec()), "{told}");
    }
}

#[test]
fn a_pod_is_refused_for_its_claims_before_any_node_is_looked_at() {
    let mut lost = claim("lost", "now", Some("v"));
    lost["status"] = json!({"phase": "Lost"});
    let mut leaving = claim("leaving", "now", None);
    leaving["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    let prebound = |mut c: Value| {
        c["spec"]["volumeName"] = json!("v");
        c
    };
    let all = [
        lost,
        leaving,
        claim("unbound", "now", None),
        prebound(claim("prebound", "local", None)),
        claim("gone", "now", Some("gone")),
    ];
    let known = known(&all, &[]);
    for (name, want) in [
        ("x", "persistentvolumeclaim \"x\" not found"),
        ("lost", "persistentvolumeclaim \"lost\" bound to non-existent persistentvolume \"v\""),
        ("leaving", "persistentvolumeclaim \"leaving\" is being deleted"),
        ("unbound", "pod has unbound immediate PersistentVolumeClaims"),
        ("prebound", "pod has unbound immediate PersistentVolumeClaims"),
        ("gone", "persistentvolume \"gone\" not found"),
    ] {
        assert_eq!(objections(&user(name), &nodes(), &known), Err(want.into()), "{name}");
    }
    let ephemeral = pod("p", json!({"volumes": [{"name": "v", "ephemeral": {}}]}));
    let want = "waiting for ephemeral volume controller to create the persistentvolumeclaim \"p-v\"";
    assert_eq!(objections(&ephemeral, &nodes(), &known), Err(want.into()));
}

#[test]
fn a_claim_for_one_pod_is_used_by_one_pod() {
    let mut alone = claim("alone", "now", Some("v"));
    alone["spec"]["accessModes"] = json!(["ReadWriteOncePod"]);
    let known = known(&[alone, claim("shared", "now", Some("v"))], &[volume("v", "now", None)]);
    let mut cache = nodes();
    for (name, claim) in [("one", "alone"), ("other", "shared")] {
        let spec = json!({"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": claim}}]});
        cache.place(&pod(name, spec), "a");
    }
    let text = "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod";
    let everywhere = vec![vec![text.to_string()], vec![text.to_string()]];
    assert_eq!(objections(&user("alone"), &cache, &known), Ok(everywhere));
    assert_eq!(objections(&user("shared"), &cache, &known), Ok(vec![vec![], vec![]]));
    let disk = |read_only: bool| json!({"volumes": [{"name": "v", "gcePersistentDisk": {"pdName": "x", "readOnly": read_only}}]});
    cache.place(&pod("disk", disk(true)), "b");
    assert_eq!(objections(&pod("p", disk(true)), &cache, &known), Ok(vec![vec![], vec![]]));
    let busy = vec!["node(s) had no available disk".to_string()];
    assert_eq!(objections(&pod("p", disk(false)), &cache, &known), Ok(vec![vec![], busy]));
}

#[test]
fn a_driver_attaches_so_many_volumes_to_a_node_and_counts_each_once() {
    let csi = |name: &str| {
        let mut v = volume(name, "now", None);
        v["spec"]["csi"] = json!({"driver": "csi.x", "volumeHandle": name});
        v
    };
    let claims: Vec<Value> = ["1", "2"].iter().map(|n| claim(n, "now", Some(n))).collect();
    let mut known = known(&claims, &[csi("1"), csi("2")]);
    let drivers = json!([{"name": "csi.x", "nodeID": "a", "allocatable": {"count": 1}}]);
    know::<CSINode>(&mut known, json!({"metadata": {"name": "a"}, "spec": {"drivers": drivers}}));
    let mut cache = nodes();
    assert_eq!(objections(&user("1"), &cache, &known), Ok(vec![vec![], vec![]]));
    cache.place(&user("1"), "a");
    let full = vec!["node(s) exceed max volume count".to_string()];
    assert_eq!(objections(&user("2"), &cache, &known), Ok(vec![full, vec![]]));
    assert_eq!(objections(&user("1"), &cache, &known), Ok(vec![vec![], vec![]]), "it is there already");
}

#[test]
fn a_chosen_node_is_promised_volumes_and_the_pod_waits_for_them() {
    let mut known = known(&[claim("c", "local", None), claim("d", "late", None)], &[volume("v", "local", None)]);
    let volumes: Vec<Value> =
        ["c", "d"].iter().map(|c| json!({"name": c, "persistentVolumeClaim": {"claimName": c}})).collect();
    let info = PodInfo::new(pod("p", json!({"volumes": volumes})));
    let cache = nodes();
    let promises = VolumeBinding.promises(&info, cache.node("b").unwrap(), &cache.snapshot(&known));
    let provision = Promise::Provision { claim: "d".into() };
    assert_eq!(promises, [Promise::Bind { volume: "v".into(), claim: "c".into() }, provision.clone()]);
    let choice = super::super::cycle::Choice {
        nodes: super::super::fitting::Fitting::new(Arc::new([]), std::iter::empty()),
        score: 0,
        ties: 1,
        kept: false,
    };
    let found = Found {
        key: Key::of::<Pod>("d", "p"),
        object: info.object,
        node: "b".into(),
        choice,
        rejected: Rejected::default(),
    };
    let since = Time::ZERO;
    let waits = Promised { found, promises: vec![provision], since, causes: Default::default(), armed: None };
    let state = |known: &Known, seconds| waits.state(known, cache.node("b"), since + Duration::from_secs(seconds));
    assert_eq!(state(&known, 1), State::Broken("provisioning failed for PVC \"d\"".into()));
    let mut asked = claim("d", "late", None);
    asked["metadata"]["annotations"]["volume.kubernetes.io/selected-node"] = json!("b");
    know::<PersistentVolumeClaim>(&mut known, asked.clone());
    assert_eq!(state(&known, 1), State::Open);
    assert_eq!(
        waits.state(&known, cache.node("b"), since + TIMEOUT),
        State::Broken("context deadline exceeded".into())
    );
    asked["spec"]["volumeName"] = json!("made");
    asked["metadata"]["annotations"]["pv.kubernetes.io/bind-completed"] = json!("yes");
    know::<PersistentVolumeClaim>(&mut known, asked);
    assert_eq!(state(&known, 1), State::Kept);
    know::<PersistentVolume>(&mut known, volume("made", "late", Some("a")));
    let State::Broken(why) = state(&known, 1) else { panic!() };
    assert_eq!(why, "pv \"made\" node affinity doesn't match node \"b\": no matching NodeSelectorTerms");
    assert_eq!(waits.next_look(since + Duration::from_millis(1200)), since + Duration::from_secs(2));
}
