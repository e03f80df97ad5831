use std::borrow::Cow;

use serde_json::{Value, json};

use super::super::*;
use super::set;
use crate::api::Resource;
use crate::api::kinds::{Deployment, Pod};

fn of<T: Resource>(value: &Value) -> Typed<'_> {
    let schema = Schema::Struct { of: crate::api::schema::type_of(T::kind_ref()), atomic: false };
    Typed::new(Cow::Borrowed(value), schema, Duplicates::Allowed).unwrap()
}

fn pod(containers: Value) -> Value {
    json!({"spec": {"containers": containers}})
}

#[test]
fn what_differs_is_found_where_it_differs() {
    let compare = |a: Value, b: Value| {
        let (a, b) = (pod(a), pod(b));
        let found = of::<Pod>(&a).compare(&of::<Pod>(&b));
        let short = |s: &FieldSet| s.to_string().replace(".spec.containers", "");
        [short(&found.added), short(&found.modified), short(&found.removed)]
    };
    let a = json!({"name": "a", "image": "x"});
    for (old, new, want) in [
        (json!([a]), json!([a]), ["", "", ""]),
        (json!([a]), json!([{"name": "a", "image": "y"}]), ["", "[name=\"a\"].image", ""]),
        (json!([a]), json!([a, {"name": "b"}]), ["[name=\"b\"]\n[name=\"b\"].name", "", ""]),
        (json!([a, {"name": "b"}]), json!([{"name": "b"}, a]), ["", "", ""]),
        (json!([a]), json!([{"name": "a"}]), ["", "", "[name=\"a\"].image"]),
        (json!([a]), json!(null), ["", "", "[name=\"a\"]\n[name=\"a\"].image\n[name=\"a\"].name"]),
        // Items that are there twice are one value.
        (json!([a, a]), json!([a, {"name": "a"}]), ["", "[name=\"a\"]", ""]),
        (json!([a, a]), json!([{"name": "a"}]), ["[name=\"a\"]\n[name=\"a\"].name", "", "[name=\"a\"]"]),
    ] {
        let text = format!("{old} → {new}");
        assert_eq!(compare(old, new), want, "{text}");
    }
}

#[test]
fn an_applied_list_keeps_its_order_and_leaves_the_rest_where_it_was() {
    let merged = |live: &[&str], config: &[&str]| {
        let of_names = |names: &[&str]| pod(names.iter().map(|n| json!({"name": n})).collect());
        let (live, config) = (of_names(live), of_names(config));
        let out = of::<Pod>(&live).merge(&of::<Pod>(&config)).value.into_owned();
        let names =
            out["spec"]["containers"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap().to_string());
        names.collect::<String>()
    };
    for (live, config, want) in [
        (&["a", "b", "c"][..], &["c", "a"][..], "bca"),
        (&["a", "b", "c"], &["b"], "abc"),
        (&["a", "b"], &["x", "b"], "axb"),
        (&["a", "b", "c", "d"], &["x", "c", "y", "a"], "bxcdya"),
        (&[], &["b", "a"], "ba"),
        (&["a"], &[], "a"),
    ] {
        assert_eq!(merged(live, config), want, "{live:?} and {config:?}");
    }
}

#[test]
fn values_are_taken_apart() {
    let object = json!({"spec": {"containers": [{"name": "a", "image": "x", "args": ["b"]}, {"name": "b"}], "nodeSelector": {"c": "d"}}});
    let typed = of::<Pod>(&object);
    let places = set(
        json!({"f:spec": {"f:containers": {"k:{\"name\":\"a\"}": {"f:image": {}}, "k:{\"name\":\"b\"}": {}}, "f:nodeSelector": {}}}),
    );
    assert_eq!(*typed.remove(&places).value, json!({"spec": {"containers": [{"name": "a", "args": ["b"]}]}}));
    assert_eq!(
        *typed.extract(&places).value,
        json!({"spec": {"containers": [{"image": "x"}, {"name": "b"}], "nodeSelector": {"c": "d"}}})
    );
    let all = typed.fields();
    assert_eq!(*typed.extract(&all.leaves()).value, object);
    assert_eq!(*typed.remove(&all).value, json!({"spec": {"containers": null}}));
}

#[test]
fn what_does_not_fit_is_named() {
    let schema = Schema::Struct { of: crate::api::schema::type_of(Deployment::kind_ref()), atomic: false };
    let complaint =
        |v: Value| Typed::new(Cow::Owned(v), schema, Duplicates::Refused).map(|_| ()).unwrap_err().to_string();
    let first = |c: Value| complaint(json!({"spec": {"template": {"spec": {"containers": [c]}}}}));
    assert_eq!(complaint(json!({"spec": {"replica": 1}})), ".spec.replica: field not declared in schema");
    assert_eq!(
        complaint(json!({"spec": {"template": {"spec": {"containers": [{"name": "a"}, {"name": "a"}]}}}})),
        ".spec.template.spec.containers: duplicate entries for key [name=\"a\"]"
    );
    // A name counts as the empty one.
    assert_eq!(
        first(json!({"image": 1})),
        ".spec.template.spec.containers[name=\"\"].image: expected string, got &value.valueUnstructured{Value:1}"
    );
    assert_eq!(
        first(json!({"name": "a", "ports": [{"containerPort": 80}, {"containerPort": 80, "protocol": "TCP"}]})),
        ".spec.template.spec.containers[name=\"a\"].ports: duplicate entries for key [containerPort=80,protocol=\"TCP\"]"
    );
    assert_eq!(
        complaint(json!({"metadata": {"finalizers": ["a", "a", ["b"]]}})),
        "errors:\n  .metadata.finalizers: duplicate entries for key [=\"a\"]\n  .metadata.finalizers: element 2: not supported: associative list with lists as elements"
    );
}

#[test]
fn an_item_is_told_by_its_keys() {
    let schema = json!({"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["a", "b"],
        "items": {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "string"}}}});
    let judged = |v: Value| {
        let schema = Schema::OpenApi { of: &schema, open: false };
        Typed::new(Cow::Owned(v), schema, Duplicates::Refused)
            .map(|t| t.fields().to_string())
            .map_err(|e| e.to_string())
    };
    assert_eq!(
        judged(json!([{"a": 2_000_000, "b": "x"}, {"b": "x"}])).unwrap(),
        "[a=2000000,b=\"x\"]\n[b=\"x\"]\n[a=2000000,b=\"x\"].a\n[a=2000000,b=\"x\"].b\n[b=\"x\"].b"
    );
    assert_eq!(
        judged(json!([{}])).unwrap_err(),
        "element 0: associative list with keys has an element that omits all key fields [\"a\" \"b\"] (and doesn't have default values for any key fields)"
    );
    // Numbers of stored owners are printed as Go prints a float64.
    assert_eq!(set(json!({"k:{\"a\":2000000}": {}})).to_string(), "[a=2e+06]");
}

#[test]
fn under_a_new_schema_a_map_may_be_one_value() {
    let old = set(json!({"f:spec": {"f:map": {".": {}, "f:a": {}}, "f:list": {"v:1": {}}, "f:kept": {"f:b": {}}}}));
    let whole = json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {
        "map": {"type": "object", "x-kubernetes-map-type": "atomic", "additionalProperties": {"type": "string"}},
        "list": {"type": "array", "items": {"type": "integer"}},
        "kept": {"type": "object", "additionalProperties": {"type": "string"}},
    }}}});
    let schema = Schema::Resource { of: &whole, open: false };
    let want = set(json!({"f:spec": {"f:map": {}, "f:list": {}, "f:kept": {"f:b": {}}}}));
    assert_eq!(reconcile::reconcile(&old, schema), Some(want.clone()));
    assert_eq!(reconcile::reconcile(&want, schema), None);
}
