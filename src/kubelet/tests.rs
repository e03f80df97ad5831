use super::NodeConfig;
use super::nodes::{NodeRef, Nodes};
use super::status::is_over;
use super::worker::Worker;
use crate::api::Object;
use crate::api::kinds::Pod;
use crate::api::ops::ContainerId;
use std::collections::BTreeMap;
use std::sync::Arc;

fn pod(text: &str) -> Pod {
    let v = crate::api::yaml::parse_all(text).unwrap().remove(0);
    serde_json::from_value(v).unwrap()
}

fn node() -> NodeRef {
    let config = NodeConfig {
        name: "n".into(),
        ip: "10.0.0.1".into(),
        cpus: 1,
        memory_kib: 1024,
        max_pods: 110,
        labels: BTreeMap::new(),
        taints: vec![],
        statics: vec![],
    };
    Nodes::new(vec![config]).find("n").unwrap()
}

#[test]
fn init_containers_start_one_after_the_other_before_the_rest() {
    let p = pod(
        "spec: {initContainers: [{name: a, image: x}, {name: b, image: x}], containers: [{name: c, image: x}, {name: d, image: x}]}",
    );
    let mut w = Worker::new(Arc::new(Object::new(p.clone())), node());
    assert_eq!(w.to_start(&p), ["a"]);
    for done in ["a", "b"] {
        w.slot_mut(done).instances.push(super::worker::Instance {
            defined: "x".into(),
            image: String::new(),
            id: ContainerId::of(done),
            image_id: String::new(),
            started: Some(crate::api::Time::ZERO),
            exit: Some(exit(0)),
            seen_running: true,
            seen_exit: Some(exit(0)),
            removed: false,
            hung: false,
        });
    }
    assert_eq!(w.to_start(&p), ["c", "d"]);
}

#[test]
fn a_pod_that_never_restarts_is_finished_when_its_containers_ended() {
    let p = pod("spec: {restartPolicy: Never, containers: [{name: c, image: x}]}");
    let mut w = Worker::new(Arc::new(Object::new(p.clone())), node());
    w.slot_mut("c").instances.push(super::worker::Instance {
        defined: "x".into(),
        image: String::new(),
        id: ContainerId::of("c"),
        image_id: String::new(),
        started: Some(crate::api::Time::ZERO),
        exit: Some(exit(3)),
        seen_running: true,
        seen_exit: Some(exit(3)),
        removed: false,
        hung: false,
    });
    assert_eq!(w.to_start(&p), [""; 0]);
    assert!(is_over(&w, &p));
}

fn exit(code: i32) -> crate::api::ops::ExitInfo {
    crate::api::ops::ExitInfo {
        code,
        signal: None,
        reason: "Completed",
        message: String::new(),
        at: crate::api::Time::ZERO,
    }
}
