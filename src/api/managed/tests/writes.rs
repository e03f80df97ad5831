use k8s_openapi::apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry;
use serde_json::{Value, json};

use super::super::owners::asks_to_forget;
use super::super::*;
use super::set;
use crate::api::field::{FieldErrors, Path as FieldPath};
use crate::api::kinds::ConfigMap;
use crate::api::{Duration, Resource, Time};

fn second(n: u64) -> Time {
    Time::ZERO + Duration::from_secs(n)
}

fn by(manager: &str, n: u64) -> Writer<'_> {
    Writer { manager, subresource: "", time: second(n) }
}

#[test]
fn an_update_takes_fields_and_an_apply_asks_first() {
    let kind = BuiltIn::new(ConfigMap::kind_ref(), None);
    let config = |data: Value| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "n"}, "data": data});
    let first = on_apply(None, &config(json!({"a": "1", "b": "1"})), &kind, &by("alice", 1), false).unwrap();
    let mut second = first.clone();
    second["data"]["a"] = "2".into();
    on_update(Some(&first), &mut second, &kind, &by("bob", 2));
    let status = on_apply(Some(&second), &config(json!({"a": "3"})), &kind, &by("carol", 3), false).unwrap_err();
    assert_eq!(status.message, "Apply failed with 1 conflict: conflict with \"bob\" using v1: .data.a");
    assert_eq!(status.code(), 409);
    let forced = on_apply(Some(&second), &config(json!({"a": "3"})), &kind, &by("carol", 3), true).unwrap();
    let owners: Vec<(String, Value)> = entries_of(&forced)
        .unwrap()
        .into_iter()
        .map(|e| (e.manager.unwrap_or_default(), e.fields_v1.map(|f| f.0).unwrap_or_default()))
        .collect();
    assert_eq!(
        owners,
        [("alice".to_string(), json!({"f:data": {"f:b": {}}})), ("carol".to_string(), json!({"f:data": {"f:a": {}}}))]
    );
    assert_eq!(forced["data"], json!({"a": "3", "b": "1"}));
}

#[test]
fn an_applier_owns_in_one_version_at_a_time() {
    let schema = json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {
        "old": {"type": "integer"}, "new": {"type": "integer"}, "size": {"type": "string"}}}}});
    // The first version has `old` where the second has `new`.
    let rename = |o: &Value, version: &str| {
        let mut o = o.clone();
        let (from, to) = if version == "x.io/v2" { ("old", "new") } else { ("new", "old") };
        if let Some(spec) = o["spec"].as_object_mut()
            && let Some(v) = spec.remove(from)
        {
            spec.insert(to.into(), v);
        }
        Ok(o)
    };
    let kind = |api_version| Custom {
        api_version,
        kind: "Gadget",
        versions: ["v1", "v2"]
            .map(|v| CustomVersion { api_version: format!("x.io/{v}"), schema: &schema, status: false })
            .into(),
        subresource: None,
        preserve_unknown_fields: false,
        converter: Some(&rename),
    };
    let config = |version: &str, spec: Value| json!({"apiVersion": version, "kind": "Gadget", "metadata": {"name": "g"}, "spec": spec});
    let apply = |live: Option<&Value>, version, spec: Value, writer: &Writer<'_>| {
        on_apply(live, &config(version, spec), &kind(version), writer, false)
    };
    let first = apply(None, "x.io/v1", json!({"old": 1, "size": "s"}), &by("alice", 1)).unwrap();
    let status = apply(Some(&first), "x.io/v2", json!({"new": 2}), &by("bob", 2)).unwrap_err();
    assert_eq!(status.message, "Apply failed with 1 conflict: conflict with \"alice\": .spec.old");
    let again = apply(Some(&first), "x.io/v2", json!({"new": 1}), &by("alice", 3)).unwrap();
    assert_eq!(again["spec"], json!({"new": 1}));
    let entries = entries_of(&again).unwrap();
    assert_eq!(entries.iter().map(|e| e.api_version.as_deref().unwrap()).collect::<Vec<_>>(), ["x.io/v2"]);
}

#[test]
fn owners_of_a_version_that_is_gone_are_dropped() {
    let kind = BuiltIn::new(ConfigMap::kind_ref(), None);
    let old = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "managedFields": [
        {"manager": "gone", "operation": "Update", "apiVersion": "v0", "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {"f:a": {}}}}]},
        "data": {"a": "1"}});
    let mut new = old.clone();
    new["data"]["b"] = "2".into();
    on_update(Some(&old), &mut new, &kind, &by("bob", 1));
    let names: Vec<_> = entries_of(&new).unwrap().into_iter().filter_map(|e| e.manager).collect();
    assert_eq!(names, ["bob"]);
}

#[test]
fn clients_may_ask_to_forget_owners() {
    let object = |fields: Value| json!({"metadata": {"managedFields": fields}});
    for (fields, want) in [
        (json!([]), true),
        (json!([{}]), true),
        (json!(null), false),
        (json!([{"manager": "a"}]), false),
        (json!([{}, {}]), false),
    ] {
        assert_eq!(asks_to_forget(&object(fields.clone())), want, "{fields}");
    }
    let kind = BuiltIn::new(ConfigMap::kind_ref(), None);
    let old = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": "1"}});
    let mut new = old.clone();
    on_update(Some(&old), &mut new, &kind, &by("bob", 1));
    assert_eq!(new, old, "of what is there nobody becomes the owner");
    let applied = on_apply(
        Some(&old),
        &json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"b": "2"}}),
        &kind,
        &by("alice", 2),
        false,
    );
    let names: Vec<_> = entries_of(&applied.unwrap()).unwrap().into_iter().filter_map(|e| e.manager).collect();
    assert_eq!(names, ["alice", "before-first-apply"]);
}

#[test]
fn entries_that_cannot_be_read_are_named() {
    let decode = |e: Value| {
        let entry: ManagedFieldsEntry = serde_json::from_value(e).unwrap();
        Owners::decode(&[entry]).map(|_| ()).unwrap_err()
    };
    assert_eq!(decode(json!({"operation": "Delete"})), "operation must be `Apply` or `Update`");
    assert_eq!(decode(json!({"operation": "Apply"})), "apiVersion must not be empty");
    assert_eq!(
        decode(json!({"operation": "Apply", "apiVersion": "v1"})),
        "missing fieldsType in managed fields entry 0"
    );
    assert_eq!(
        decode(json!({"operation": "Apply", "apiVersion": "v1", "fieldsType": "V2"})),
        "invalid fieldsType \"V2\" in managed fields entry 0"
    );
}

#[test]
fn entries_that_can_be_read_are_judged() {
    let told = |fields_type: &str| {
        let mut errors = FieldErrors::default();
        let entry = json!({
            "operation": "Update", "apiVersion": "v1", "fieldsType": fields_type, "manager": "bell\u{7}",
            "subresource": "x".repeat(257),
        });
        let entry: ManagedFieldsEntry = serde_json::from_value(entry).unwrap();
        validate(&[entry], &FieldPath::new("metadata").child("managedFields"), &mut errors);
        errors.list().iter().map(ToString::to_string).collect::<Vec<String>>()
    };
    assert!(told("V2").is_empty(), "it is forgotten");
    assert_eq!(
        told("FieldsV1"),
        [
            "metadata.managedFields[0].manager: Invalid value: \"bell\\a\": invalid character U+0007 (at position 4)",
            "metadata.managedFields[0].subresource: Too long: may not be more than 256 bytes",
        ]
    );
}

#[test]
fn a_client_is_known_by_what_stands_before_the_slash() {
    for (agent, want) in [
        ("kubectl/v1.36 (linux)", "kubectl"),
        ("no slash", "no slash"),
        ("/x", ""),
        ("", ""),
        ("a\tb\u{200b}c/1", "abc"),
        ("é́/1", "é́"),
    ] {
        assert_eq!(options::manager_of("", agent), want);
    }
    assert_eq!(options::manager_of("me", "kubectl/1"), "me");
    assert_eq!(options::manager_of("", &"ü".repeat(80)).len(), 128);
}

#[test]
fn an_apply_must_say_who_applies() {
    let message = |r: Result<(), crate::api::Status>| r.unwrap_err().message;
    let (fits, too_long) = ("x".repeat(128), "x".repeat(129));
    let by = |manager| options::Options { manager, ..options::Options::default() };
    assert_eq!(
        message(options::validate_patch(true, &by(""), None)),
        "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch"
    );
    assert_eq!(
        message(options::validate_patch(false, &by("a"), Some(true))),
        "PatchOptions.meta.k8s.io \"\" is invalid: force: Forbidden: may not be specified for non-apply patch"
    );
    assert!(options::validate_write("CreateOptions", &by(&fits)).is_ok());
    assert!(message(options::validate_write("CreateOptions", &by(&too_long))).contains("Too long"));
}

#[test]
fn times_stay_when_nothing_else_changes() {
    let object = |time: &str, data: &str| json!({"metadata": {"resourceVersion": "1", "managedFields": [{"manager": "a", "time": time}]}, "data": data});
    let old = object("2026-01-01T00:00:00Z", "x");
    let mut same = object("2026-01-01T00:00:01Z", "x");
    keep_times(&old, &mut same);
    assert_eq!(same, old);
    let mut other = object("2026-01-01T00:00:01Z", "y");
    keep_times(&old, &mut other);
    assert_eq!(other, object("2026-01-01T00:00:01Z", "y"));
}

#[test]
fn what_kubectl_applied_on_the_client_it_may_apply_on_the_server() {
    let entry = |manager: &str, operation: &str, version: &str, fields: Value| json!({"manager": manager, "operation": operation, "apiVersion": version, "fieldsType": "FieldsV1", "fieldsV1": fields});
    let object = json!({"metadata": {"resourceVersion": "7", "managedFields": [
        entry("kubectl", "Apply", "v1", json!({"f:data": {"f:a": {}}})),
        entry("kubectl-client-side-apply", "Update", "v1", json!({"f:data": {".": {}, "f:b": {}}})),
        entry("kubectl-client-side-apply", "Update", "v0", json!({"f:data": {"f:c": {}}})),
        entry("other", "Update", "v1", json!({"f:data": {"f:d": {}}})),
    ]}});
    let patch = upgrade::patch(&object, &["kubectl-client-side-apply"], "kubectl", "").unwrap().unwrap();
    assert_eq!(patch[1], json!({"op": "replace", "path": "/metadata/resourceVersion", "value": "7"}));
    assert_eq!(
        patch[0]["value"],
        json!([
            entry("kubectl", "Apply", "v1", json!({"f:data": {".": {}, "f:a": {}, "f:b": {}}})),
            entry("other", "Update", "v1", json!({"f:data": {"f:d": {}}})),
        ])
    );
    assert_eq!(upgrade::patch(&object, &["nobody"], "nobody-either", "").unwrap(), None);
    let entries = entries_of(&object).unwrap();
    let owners = upgrade::owners_of(&entries, Operation::Update, &set(json!({"f:data": {"f:d": {}}})));
    assert_eq!(owners.iter().map(|e| e.manager.as_deref().unwrap()).collect::<Vec<_>>(), ["other"]);
}

#[test]
fn the_oldest_writers_become_one() {
    let owned = |name: &str, api_version: &str, time| {
        let fields = FieldSet::of_fields(&[&["data", name]]);
        let manager = Manager::new(Operation::Update, name, api_version, "");
        (manager, Owned { fields, api_version: api_version.into(), time: Some(second(time)) })
    };
    let names: Vec<String> = (0..12).map(|n| format!("w{n:02}")).collect();
    // The first wrote in another version, where it is alone.
    let version = |n: usize| if n == 0 { "v0" } else { "v1" };
    let owners = names.iter().enumerate().map(|(n, name)| owned(name, version(n), 1));
    let capped = super::super::cap::cap(Owners(owners.collect()));
    let left: Vec<&str> = capped.0.keys().map(|m| m.name.as_str()).collect();
    assert_eq!(left, ["ancient-changes", "w00", "w04", "w05", "w06", "w07", "w08", "w09", "w10", "w11"]);
    let bucket = &capped.0[&Manager::new(Operation::Update, "ancient-changes", "v1", "")];
    assert_eq!(bucket.fields.to_string(), ".data.w01\n.data.w02\n.data.w03");
    // Those who apply are never merged.
    let appliers = names.iter().map(|n| (Manager::new(Operation::Apply, n, "", ""), owned(n, "v1", 1).1));
    assert_eq!(super::super::cap::cap(Owners(appliers.collect())).0.len(), 12);
}
