use serde_json::json;

use super::super::*;
use super::set;
use crate::api::Resource;
use crate::api::kind::Subresource;
use crate::api::kinds::{ConfigMap, CronJob, Deployment, Pod};

#[test]
fn elements_are_written_as_they_are_read() {
    for text in [
        "i:0",
        "i:1234",
        "f:",
        "f:spec",
        "f: with blanks   ",
        "f:app.kubernetes.io/name",
        r#"k:{"name":"my-container"}"#,
        r#"k:{"port":8080,"protocol":"TCP"}"#,
        r#"k:{"optional":null}"#,
        r#"k:{"name":"app-🚀"}"#,
        "v:null",
        r#"v:"some-string""#,
        "v:1234",
        "v:0.5",
        r#"v:{"some":"json"}"#,
        r#"v:"a\u003cb""#,
    ] {
        assert_eq!(PathElement::parse(text).unwrap().unwrap().notation(), text);
    }
    assert_eq!(PathElement::parse("r:later"), Ok(None));
    for text in ["", "f", "no-colon", "i:x", "i:1.23", "i:", "v:bad json", "v:", "k:bad json", r#"k:{"name":bad}"#] {
        assert!(PathElement::parse(text).is_err(), "{text}");
    }
}

#[test]
fn sets_are_written_in_the_order_of_their_elements() {
    let text = r#"{".":{},"i:3":{},"v:2":{},"v:10":{},"v:\"b\"":{},"k:{\"port\":443}":{".":{},"f:name":{}},"k:{\"port\":80}":{"f:name":{}},"f:b":{},"f:a":{"r:later":{}}}"#;
    let ordered = r#"{"f:a":{},"f:b":{},"k:{\"port\":80}":{"f:name":{}},"k:{\"port\":443}":{".":{},"f:name":{}},"v:2":{},"v:10":{},"v:\"b\"":{},"i:3":{}}"#;
    assert_eq!(FieldSet::from_json(text).unwrap().to_json(), ordered);
    assert_eq!(FieldSet::from_json("{}").unwrap(), FieldSet::default());
    assert!(FieldSet::from_json("[]").is_err());
    assert!(FieldSet::from_json(r#"{"f:a":1}"#).is_err());
}

#[test]
fn paths_read_as_in_messages() {
    let s = set(json!({"f:spec": {
        "f:replicas": {},
        "f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"nginx\"}": {".": {}, "f:image": {},
            "f:ports": {"k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {}}}}}},
    }, "f:metadata": {"f:finalizers": {"v:\"a/b\"": {}}}, "f:list": {"i:2": {}}}));
    assert_eq!(
        s.to_string().lines().collect::<Vec<_>>(),
        [
            ".list[2]",
            ".metadata.finalizers[=\"a/b\"]",
            ".spec.replicas",
            ".spec.template.spec.containers[name=\"nginx\"]",
            ".spec.template.spec.containers[name=\"nginx\"].image",
            ".spec.template.spec.containers[name=\"nginx\"].ports[containerPort=80,protocol=\"TCP\"]",
        ]
    );
    assert_eq!(s.len(), 6);
}

#[test]
fn sets_are_joined_and_parted() {
    let a = set(json!({"f:a": {".": {}, "f:x": {}, "f:y": {}}, "f:b": {}, "f:d": {"f:e": {}}}));
    let b = set(json!({"f:a": {".": {}, "f:y": {}, "f:z": {}}, "f:c": {}, "f:d": {}}));
    assert_eq!(
        a.union(&b),
        set(
            json!({"f:a": {".": {}, "f:x": {}, "f:y": {}, "f:z": {}}, "f:b": {}, "f:c": {}, "f:d": {".": {}, "f:e": {}}})
        )
    );
    assert_eq!(a.intersection(&b), set(json!({"f:a": {".": {}, "f:y": {}}})));
    assert_eq!(a.difference(&b), set(json!({"f:a": {"f:x": {}}, "f:b": {}, "f:d": {"f:e": {}}})));
    assert_eq!(a.recursive_difference(&b), set(json!({"f:b": {}})));
    assert_eq!(a.leaves(), set(json!({"f:a": {"f:x": {}, "f:y": {}}, "f:b": {}, "f:d": {"f:e": {}}})));
}

#[test]
fn a_filter_keeps_what_a_request_may_own() {
    let all = set(json!({"f:metadata": {"f:labels": {".": {}, "f:a": {}}}, "f:spec": {"f:containers": {
        "k:{\"name\":\"a\"}": {".": {}, "f:image": {}, "f:resources": {"f:limits": {}}}}, "f:nodeName": {}}, "f:status": {"f:phase": {}}}));
    let kept = |kind: crate::api::KindRef, sub| {
        let version = kind.api_version();
        BuiltIn::new(kind, sub).filter(&version).keep(all.clone())
    };
    let pod = Pod::kind_ref();
    assert!(kept(pod, None).to_string().ends_with("\n.spec.containers[name=\"a\"].resources.limits"));
    assert_eq!(kept(pod, Some(Subresource::Status)).to_string(), ".metadata.labels\n.metadata.labels.a\n.status.phase");
    assert_eq!(kept(Deployment::kind_ref(), Some(Subresource::Status)).to_string(), ".status.phase");
    assert_eq!(kept(pod, Some(Subresource::Resize)), all);
    assert_eq!(kept(ConfigMap::kind_ref(), None), all);
    assert!(!kept(CronJob::kind_ref(), None).to_string().contains("status"));
}
