//! Changes of definitions that are in use, which the recorded cases cannot show: there the server's controllers write too.

use serde_json::{Value, json};

use super::*;
use crate::api::object::Object;

/// A definition that is in use, with `spec` changed.
fn established(change: &Value) -> CustomResourceDefinition {
    let mut crd = json!({
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com", "scope": "Namespaced", "names": {"plural": "widgets", "kind": "Widget"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object"}}}],
        },
        "status": {
            "storedVersions": ["v1"],
            "conditions": [{"type": "Established", "status": "True"}],
            "acceptedNames": {"plural": "widgets", "kind": "Widget"},
        },
    });
    json_patch::merge(&mut crd, &json!({"spec": change}));
    let mut crd: CustomResourceDefinition = serde_json::from_value(crd).expect("a definition");
    defaults::fill(&mut crd);
    crd
}

fn refusals(new: &Value, old: &Value) -> Vec<String> {
    let mut errors = FieldErrors::default();
    (KIND.validate_update)(&established(new), &established(old), &mut errors);
    errors.list().iter().map(ToString::to_string).collect()
}

fn with_schema(schema: &Value) -> Value {
    json!({"versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}}]})
}

#[test]
fn scope_and_kind_of_a_definition_in_use_stay() {
    let change = json!({"scope": "Cluster", "names": {"kind": "Other"}});
    assert_eq!(
        refusals(&change, &json!({})),
        [
            "spec.scope: Invalid value: \"Cluster\": field is immutable",
            "spec.names.kind: Invalid value: \"Other\": field is immutable"
        ]
    );
}

#[test]
fn a_definition_in_use_needs_a_bundle_that_can_be_trusted() {
    let client = |bundle: &str| {
        let client = json!({"url": "https://a.b", "caBundle": bundle});
        json!({"conversion": {"strategy": "Webhook", "webhook": {"conversionReviewVersions": ["v1"], "clientConfig": client}}})
    };
    let refused = |bundle: &str| refusals(&client(bundle), &json!({})).concat();
    let at = "spec.conversion.webhookClientConfig.caBundle: Invalid value:";
    let why = "unable to load root certificates:";
    assert_eq!(refused("YWJj"), format!("{at} \"YWJj\": {why} unable to parse bytes as PEM block"));
    let malformed = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCllXSmoKLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo=";
    assert!(refused(malformed).ends_with("failed to parse certificate: x509: malformed certificate"));
    let other = "LS0tLS1CRUdJTiBGT08tLS0tLQpZV0pqCi0tLS0tRU5EIEZPTy0tLS0tCg==";
    assert!(refused(other).ends_with("no valid certificate authority data seen"));
    // What was wrong before may stay.
    assert_eq!(refusals(&client("YWJj"), &client("ZGVm")), [""; 0]);
}

#[test]
fn what_was_wrong_before_may_stay_wrong() {
    let odd = with_schema(&json!({"type": "object", "properties": {"a": {"type": "text"}}}));
    assert_eq!(refusals(&odd, &odd), [""; 0]);
    let set = with_schema(&json!({"type": "object", "properties": {"a": {
        "type": "array", "x-kubernetes-list-type": "set", "items": {"type": "object", "nullable": true}}}}));
    assert_eq!(refusals(&set, &set), [""; 0]);
    let default = with_schema(&json!({"type": "object", "properties": {"a": {"type": "object", "default": {"b": "c"}}}}));
    assert_eq!(refusals(&default, &default), [""; 0]);
    assert_eq!(refusals(&default, &json!({})).len(), 1);
}

#[test]
fn a_version_is_stored_from_the_moment_on_that_it_is_marked() {
    let versions = json!({"versions": [
        {"name": "v1", "served": true, "storage": false, "schema": {"openAPIV3Schema": {"type": "object"}}},
        {"name": "v2", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object"}}},
    ]});
    let (mut new, old) = (established(&versions), established(&json!({})));
    assert!((KIND.spec_changed)(&new, &old));
    (KIND.prepare_update)(&mut new, &old);
    let status = new.status.clone().unwrap_or_default();
    assert_eq!(status.stored_versions, Some(vec!["v1".into(), "v2".into()]));
    assert_eq!(status.conditions, old.status.clone().and_then(|s| s.conditions));
    // A change of the status leaves the spec as it was.
    (KIND.prepare_status)(&mut new, &old);
    assert_eq!(new.spec, old.spec);
}

#[test]
fn the_moment_of_creation_is_a_column() {
    let mut crd = established(&json!({}));
    let now = crate::api::Time::ZERO;
    crd.metadata.creation_timestamp = Some(now.meta());
    let row = crate::api::AnyKind::row(&KIND, &Object::new(crd), now);
    assert_eq!(row.first(), Some(&Cell::from("widgets.example.com")));
    assert!(row.get(1).and_then(Value::as_str).is_some_and(|t| t.ends_with('Z')));
}
