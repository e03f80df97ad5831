//! Pods that wait, and the subresources that change a pod that runs; the words are those of a real cluster.

use serde_json::{Value, json};

use super::*;

/// A pod as it is stored after it was created.
fn created(spec: Value, annotations: Value) -> Pod {
    let mut json = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "a", "namespace": "default", "generation": 1, "annotations": annotations,
                     "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {"containers": [{"name": "c", "image": "x", "resources": {"requests": {"cpu": "1", "memory": "1Gi"}}}]},
    });
    merge(&mut json["spec"], &spec);
    let mut p: Pod = serde_json::from_value(json).unwrap();
    (KIND.defaults)(&mut p);
    (KIND.prepare_create)(&mut p);
    p
}

fn merge(into: &mut Value, patch: &Value) {
    match patch {
        Value::Object(map) => map.iter().for_each(|(k, v)| merge(&mut into[k.as_str()], v)),
        other => *into = other.clone(),
    }
}

fn changed(p: &Pod, patch: &Value) -> Pod {
    let mut json = serde_json::to_value(p).unwrap();
    merge(&mut json, patch);
    let mut p: Pod = serde_json::from_value(json).unwrap();
    (KIND.defaults)(&mut p);
    p
}

type Prepare = fn(&mut Pod, &Pod);
type Judge = fn(&Pod, &Pod, &mut FieldErrors);

/// What a subresource makes of a change, and what it says.
fn through((prepare, judge): (Prepare, Judge), old: &Pod, patch: Value) -> (Pod, Vec<String>) {
    let mut new = changed(old, &patch);
    prepare(&mut new, old);
    let mut errors = FieldErrors::default();
    judge(&new, old, &mut errors);
    (new, errors.list().iter().map(ToString::to_string).collect())
}

const RESIZE: (Prepare, Judge) = (prepare_resize, validate_resize);
const EPHEMERAL: (Prepare, Judge) = (prepare_ephemeral_containers, validate_ephemeral_containers);
const UPDATE: (Prepare, Judge) = (prepare_update, update::validate);

fn asking(requests: Value) -> Value {
    json!({"spec": {"containers": [{"name": "c", "image": "z", "resources": {"requests": requests}}]}})
}

#[test]
fn a_resize_changes_nothing_but_resources() {
    let old = created(json!({}), json!(null));
    let mut patch = asking(json!({"cpu": "2", "memory": "1Gi"}));
    patch["metadata"] = json!({"labels": {"a": "b"}});
    patch["spec"]["hostname"] = json!("h");
    let (new, errors) = through(RESIZE, &old, patch);
    assert_eq!(errors, [""; 0]);
    let spec = new.spec.as_ref().unwrap();
    assert_eq!((spec.hostname.as_deref(), spec.containers[0].image.as_deref()), (None, Some("x")));
    assert_eq!(new.metadata.labels, None);
    let requests = spec.containers[0].resources.as_ref().unwrap().requests.as_ref().unwrap();
    assert_eq!(requests["cpu"].0, "2");
}

#[test]
fn what_a_resize_may_not_do() {
    let resize = |spec: Value, patch: Value| through(RESIZE, &created(spec, json!(null)), patch).1;
    let none = json!({});
    assert_eq!(
        resize(none.clone(), asking(json!({"cpu": "2"}))),
        ["spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed"]
    );
    let limits = json!({"cpu": "1", "memory": "1Gi"});
    let guaranteed = json!({"spec": {"containers": [{"name": "c", "resources": {"requests": limits, "limits": limits}}]}});
    let other_class = "spec: Invalid value: \"Burstable\": Pod QOS Class may not change as a result of resizing";
    assert_eq!(resize(none.clone(), guaranteed), [other_class]);
    assert_eq!(
        resize(none.clone(), asking(json!({"cpu": "1", "memory": "1Gi", "ephemeral-storage": "1"}))),
        ["spec: Forbidden: only cpu and memory resources are mutable"]
    );
    let two = json!({"spec": {"containers": [{"name": "c", "image": "x"}, {"name": "d", "image": "x"}]}});
    let more = "spec.containers: Forbidden: containers may not be added or removed on resize";
    assert_eq!(resize(none.clone(), two), [other_class, more]);
    let renamed = json!({"spec": {"containers": [{"name": "d", "image": "x"}]}});
    let why = "spec.containers[0].name: Forbidden: containers may not be renamed or reordered on resize";
    assert_eq!(resize(none, renamed), [other_class, why]);
    let whole = json!({"resources": {"requests": {"cpu": "4"}}});
    assert_eq!(resize(whole.clone(), json!({"spec": {"resources": {"requests": {"cpu": "5", "memory": "4Gi"}}}})), [""; 0]);
    assert_eq!(
        resize(whole, json!({"spec": {"resources": null}})),
        ["spec.resources: Forbidden: pod-level resources cannot be removed"]
    );
    assert_eq!(
        resize(json!({"os": {"name": "windows"}}), asking(json!({"cpu": "2", "memory": "1Gi"}))),
        ["[]: Forbidden: windows pods cannot be resized"]
    );
}

#[test]
fn an_old_kubelet_cannot_resize() {
    let status = json!({"status": {"containerStatuses": [
        {"name": "c", "image": "x", "imageID": "", "ready": true, "restartCount": 0, "state": {"running": {}}}]}});
    let old = changed(&created(json!({}), json!(null)), &status);
    let (_, errors) = through(RESIZE, &old, asking(json!({"cpu": "2", "memory": "1Gi"})));
    assert_eq!(errors, ["spec: Forbidden: Pod running on node without support for resize"]);
}

#[test]
fn ephemeral_containers_are_added_and_stay() {
    let old = created(json!({}), json!(null));
    let wanted = json!({"spec": {"hostname": "h", "ephemeralContainers": [{"name": "e", "image": "x"}, {"name": "f", "image": "x"}]}});
    let (with, errors) = through(EPHEMERAL, &old, wanted);
    assert_eq!(errors, [""; 0]);
    assert_eq!(with.spec.as_ref().unwrap().hostname, None);
    let bad = json!({"name": "c", "image": "x", "ports": [{"containerPort": 1}], "targetContainerName": "z"});
    let (_, errors) = through(EPHEMERAL, &old, json!({"spec": {"ephemeralContainers": [bad]}}));
    assert_eq!(
        errors,
        [
            "spec.ephemeralContainers[0].name: Duplicate value: \"c\"",
            "spec.ephemeralContainers[0].targetContainerName: Not found: \"z\"",
            "spec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral Container",
        ]
    );
    let other = json!({"spec": {"ephemeralContainers": [{"name": "e", "image": "z"}]}});
    let (_, errors) = through(EPHEMERAL, &with, other);
    assert_eq!(
        errors,
        [
            "spec.ephemeralContainers: Forbidden: existing ephemeral containers \"e\" may not be changed\n@@ -1,6 +1,6 @@\n {\n  \"Name\": \"e\",\n- \"Image\": \"x\",\n+ \"Image\": \"z\",\n  \"Command\": null,\n  \"Args\": null,\n  \"WorkingDir\": \"\",\n",
            "spec.ephemeralContainers: Forbidden: existing ephemeral containers \"f\" may not be removed\n",
        ]
    );
}

#[test]
fn a_pod_that_waits_says_so_and_may_become_choosier() {
    let old = created(json!({"schedulingGates": [{"name": "g"}], "nodeSelector": {"a": "b"}}), json!(null));
    let condition = &old.status.as_ref().unwrap().conditions.as_ref().unwrap()[0];
    assert_eq!((condition.reason.as_deref(), condition.status.as_str()), (Some("SchedulingGated"), "False"));
    assert_eq!(columns::Summary::of(&old).status, "SchedulingGated");
    let terms = |terms: Value| json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}});
    let in_zone = json!({"key": "zone", "operator": "In", "values": ["z"]});
    let choosy = json!({"spec": {"nodeSelector": {"c": "d"}, "affinity": terms(json!([{"matchExpressions": [in_zone]}]))}});
    let (choosy, errors) = through(UPDATE, &old, choosy);
    assert_eq!(errors, [""; 0]);
    let more = json!({"key": "arch", "operator": "Exists"});
    let choosier = json!({"spec": {"affinity": terms(json!([{"matchExpressions": [in_zone, more]}]))}});
    assert_eq!(through(UPDATE, &choosy, choosier).1, [""; 0]);
    let freed = json!({"spec": {"schedulingGates": null}});
    assert_eq!(through(UPDATE, &choosy, freed).1, [""; 0]);
    let otherwise = json!({"spec": {"affinity": terms(json!([{"matchExpressions": [more, in_zone]}]))}});
    let (_, errors) = through(UPDATE, &choosy, otherwise);
    assert_eq!(errors.len(), 1);
    assert!(errors[0].ends_with("only additions are allowed (no mutations or deletions)"), "{}", errors[0]);
}

#[test]
fn a_mirror_pod_is_left_alone() {
    let old = created(json!({"nodeName": "n"}), json!({"kubernetes.io/config.mirror": "x"}));
    let (_, errors) = through(RESIZE, &old, json!({}));
    assert_eq!(errors, ["[]: Forbidden: static pods cannot be resized"]);
    let (_, errors) = through(EPHEMERAL, &old, json!({}));
    assert_eq!(errors, ["[]: Forbidden: static pods do not support ephemeral containers"]);
}

#[test]
fn a_container_that_ended_for_good_does_not_come_back() {
    let old = created(json!({"restartPolicy": "OnFailure"}), json!(null));
    let ended = |code: i32| {
        json!({"status": {"containerStatuses": [{"name": "c", "image": "x", "imageID": "", "ready": false, "restartCount": 0,
            "state": {"terminated": {"exitCode": code}}}]}})
    };
    let running = json!({"status": {"containerStatuses": [{"name": "c", "image": "x", "imageID": "", "ready": true, "restartCount": 1,
            "state": {"terminated": null, "running": {}}}]}});
    for (code, refused) in [(0, true), (1, false)] {
        let old = changed(&old, &ended(code));
        let (_, errors) = through((status::prepare, status::validate), &old, running.clone());
        assert_eq!(!errors.is_empty(), refused, "{errors:?}");
    }
}
