//! Patches: what makes one object of another, and what kubectl's apply leaves alone.

use kubetutor::api::KindRef;
use kubetutor::api::patch::{self, PatchType};
use kubetutor::api::request::{Method, Request};
use kubetutor::api::strategic;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::server::{Server, seeds};

const PATH: &str = "/apis/apps/v1/namespaces/a/deployments";

fn kind() -> KindRef {
    KindRef::by_gvk("apps/v1", "Deployment").expect("a kind")
}

fn word() -> impl Strategy<Value = Value> {
    "[abc]".prop_map(Value::from)
}

/// A map of short texts.
fn texts() -> impl Strategy<Value = Value> {
    prop::collection::btree_map("[a-d]", "[xyz]", 0..4).prop_map(|m| json!(m))
}

/// A list of things with names that are all different, in any order.
fn named(key: &'static str, inner: impl Strategy<Value = Value> + 'static) -> BoxedStrategy<Value> {
    let list = prop::collection::btree_map("[a-d]", inner, 0..4).prop_map(move |m| {
        let item = |(name, mut item): (String, Value)| {
            item[key] = name.into();
            item
        };
        m.into_iter().map(item).collect::<Vec<Value>>()
    });
    list.prop_shuffle().prop_map(Value::from).boxed()
}

/// An object with some of the fields.
fn some(fields: Vec<(&'static str, BoxedStrategy<Value>)>) -> BoxedStrategy<Value> {
    let fields: Vec<BoxedStrategy<Option<(&'static str, Value)>>> = fields
        .into_iter()
        .map(|(name, value)| prop::option::of(value).prop_map(move |v| v.map(|v| (name, v))).boxed())
        .collect();
    fields.prop_map(|f| f.into_iter().flatten().map(|(k, v)| (k.to_string(), v)).collect::<Map<_, _>>().into()).boxed()
}

fn container() -> BoxedStrategy<Value> {
    let limits = texts().prop_map(|_| json!({"limits": {"cpu": "1"}}));
    let source = word().prop_map(|n| json!({"configMapKeyRef": {"name": n, "key": "k"}}));
    let variable = prop_oneof![word().prop_map(|v| json!({"value": v})), source.prop_map(|s| json!({"valueFrom": s}))];
    some(vec![
        ("image", word().boxed()),
        ("args", prop::collection::vec(word(), 0..3).prop_map(Value::from).boxed()),
        ("env", named("name", variable)),
        ("volumeMounts", named("mountPath", some(vec![("name", word().boxed())]))),
        ("resources", limits.boxed()),
    ])
}

fn volume() -> BoxedStrategy<Value> {
    prop_oneof![
        Just(json!({"emptyDir": {}})),
        Just(json!({"emptyDir": {"medium": "Memory"}})),
        word().prop_map(|n| json!({"configMap": {"name": n}})),
    ]
    .boxed()
}

/// A Deployment, or what could be one: nothing here asks whether it is valid.
fn deployment() -> impl Strategy<Value = Value> {
    let rolling = some(vec![("maxSurge", (0..3).prop_map(Value::from).boxed())]);
    let strategy = prop_oneof![
        Just(json!({"type": "Recreate"})),
        rolling.prop_map(|r| json!({"type": "RollingUpdate", "rollingUpdate": r})),
    ];
    let finalizers = prop::collection::btree_set("[abc]", 0..3).prop_map(|s| s.into_iter().collect::<Vec<_>>());
    let finalizers = finalizers.prop_shuffle().prop_map(|l| json!(l));
    let spec = some(vec![
        ("containers", named("name", container())),
        ("initContainers", named("name", container())),
        ("volumes", named("name", volume())),
        ("nodeSelector", texts().boxed()),
        ("tolerations", named("key", Just(json!({"operator": "Exists"})))),
        ("hostNetwork", any::<bool>().prop_map(Value::from).boxed()),
    ]);
    let template = some(vec![("spec", spec)]);
    let meta =
        some(vec![("labels", texts().boxed()), ("annotations", texts().boxed()), ("finalizers", finalizers.boxed())]);
    let spec = some(vec![
        ("replicas", (0..3).prop_map(Value::from).boxed()),
        ("strategy", strategy.boxed()),
        ("template", template),
    ]);
    some(vec![("metadata", meta), ("spec", spec)]).prop_map(|mut o| {
        o["apiVersion"] = "apps/v1".into();
        o["kind"] = "Deployment".into();
        o
    })
}

/// The merge patch (RFC 7386) that makes `to` of `from`.
fn merge_diff(from: &Value, to: &Value) -> Value {
    let (Value::Object(old), Value::Object(new)) = (from, to) else { return to.clone() };
    let gone = old.keys().filter(|k| !new.contains_key(*k)).map(|k| (k.clone(), Value::Null));
    let changed = new.iter().filter(|(k, v)| old.get(*k) != Some(v));
    gone.chain(changed.map(|(k, v)| (k.clone(), old.get(k).map_or_else(|| v.clone(), |o| merge_diff(o, v))))).collect()
}

/// The JSON patch (RFC 6902) that makes `to` of `from`.
fn json_diff(from: &Value, to: &Value, at: &str, out: &mut Vec<Value>) {
    match (from, to) {
        _ if from == to => {}
        (Value::Object(old), Value::Object(new)) => {
            let below = |k: &str| format!("{at}/{}", k.replace('~', "~0").replace('/', "~1"));
            for k in old.keys().filter(|k| !new.contains_key(*k)) {
                out.push(json!({"op": "remove", "path": below(k)}));
            }
            for (k, v) in new {
                match old.get(k) {
                    Some(o) => json_diff(o, v, &below(k), out),
                    None => out.push(json!({"op": "add", "path": below(k), "value": v})),
                }
            }
        }
        (Value::Array(old), Value::Array(new)) => {
            old.iter().zip(new).enumerate().for_each(|(i, (o, n))| json_diff(o, n, &format!("{at}/{i}"), out));
            for i in (new.len()..old.len()).rev() {
                out.push(json!({"op": "remove", "path": format!("{at}/{i}")}));
            }
            for v in new.iter().skip(old.len()) {
                out.push(json!({"op": "add", "path": format!("{at}/-"), "value": v}));
            }
        }
        _ => {
            out.push(json!({"op": "test", "path": at, "value": from}));
            out.push(json!({"op": "replace", "path": at, "value": to}));
        }
    }
}

fn patches(from: &Value, to: &Value) -> [(PatchType, Value); 3] {
    let mut operations = vec![];
    json_diff(from, to, "", &mut operations);
    [
        (PatchType::Merge, merge_diff(from, to)),
        (PatchType::Json, operations.into()),
        (PatchType::Strategic, strategic::diff(from, to, kind().layout())),
    ]
}

/// What kubectl's apply makes of the object as it is.
fn applied(original: &Value, modified: &Value, current: &Value) -> Result<Value, TestCaseError> {
    let patch = strategic::three_way(original, modified, current, kind().layout());
    let mut out = current.clone();
    strategic::apply(&mut out, &patch, kind().layout()).map_err(|e| TestCaseError::fail(format!("{e}: {patch}")))?;
    Ok(out)
}

/// What names the items of a list that is merged.
fn key_of(field: &str) -> Option<&'static str> {
    match field {
        "containers" | "initContainers" | "volumes" | "env" => Some("name"),
        "volumeMounts" => Some("mountPath"),
        _ => None,
    }
}

fn twin<'v>(list: &'v Value, key: &str, item: &Value) -> Option<&'v Value> {
    list.as_array()?.iter().find(|i| i[key] == item[key])
}

/// Whether all that is wanted is there.
fn contains(o: &Value, wanted: &Value, field: &str) -> bool {
    match (o, wanted) {
        (Value::Object(o), Value::Object(w)) => w.iter().all(|(k, w)| o.get(k).is_some_and(|o| contains(o, w, k))),
        (Value::Array(list), Value::Array(w)) => match key_of(field) {
            Some(key) => w.iter().all(|w| twin(o, key, w).is_some_and(|o| contains(o, w, ""))),
            None if field == "finalizers" => w.iter().all(|w| list.contains(w)),
            None => o == wanted,
        },
        _ => o == wanted,
    }
}

/// What is lost of `current` although neither `original` nor `modified` says anything of it.
fn lost(current: &Value, original: &Value, modified: &Value, result: &Value, field: &str, out: &mut Vec<String>) {
    match current {
        Value::Object(fields) => {
            for (k, inner) in fields {
                let (o, m, r) = (&original[k], &modified[k], &result[k]);
                // Taken out of the configuration, or said in it: it is theirs. Of these two all else goes with a change.
                let theirs =
                    !o.is_null() && m.is_null() || matches!(k.as_str(), "strategy" | "volumes") && !m.is_null();
                if !theirs {
                    lost(inner, o, m, r, k, out);
                }
            }
        }
        Value::Array(items) if key_of(field).is_some() => {
            let key = key_of(field).unwrap_or_default();
            let null = Value::Null;
            for item in items {
                let of = |list| twin(list, key, item).unwrap_or(&null);
                let (o, m) = (of(original), of(modified));
                if o.is_null() || !m.is_null() {
                    lost(item, o, m, of(result), "", out);
                }
            }
        }
        Value::Array(items) if field == "finalizers" => {
            let has = |list: &Value, i| list.as_array().is_some_and(|a| a.contains(i));
            let gone = items.iter().filter(|i| !has(result, i) && !has(original, i));
            out.extend(gone.map(|i| format!("{field}: {i}")));
        }
        leaf if modified.is_null() && result != leaf => out.push(format!("{field}: {leaf} is {result}")),
        _ => {}
    }
}

/// A Deployment that may be stored.
fn valid(mut o: Value) -> Value {
    o["metadata"]["name"] = "x".into();
    o["metadata"].as_object_mut().map(|m| m.remove("finalizers"));
    o["spec"]["selector"] = json!({"matchLabels": {"app": "x"}});
    let template = &mut o["spec"]["template"];
    template["metadata"] = json!({"labels": {"app": "x"}});
    let spec = template["spec"].take();
    let mut containers: Vec<Value> = spec["containers"].as_array().cloned().unwrap_or_default();
    containers.push(json!({"name": "main"}));
    for c in &mut containers {
        c["image"] = c["image"].as_str().unwrap_or("nginx").into();
        c.as_object_mut().map(|m| m.remove("volumeMounts"));
    }
    let volumes = spec.get("volumes").cloned().unwrap_or(json!([]));
    template["spec"] = json!({"containers": containers, "volumes": volumes});
    o
}

proptest! {
    #![proptest_config(seeds())]

    #[test]
    fn a_patch_of_any_type_made_of_two_objects_makes_one_of_the_other(from in deployment(), to in deployment()) {
        for (how, patch) in patches(&from, &to) {
            let got = patch::apply(&from, &patch, how, kind()).map_err(|e| TestCaseError::fail(format!("{how:?}: {e:?}: {patch}")))?;
            prop_assert_eq!(&got, &to, "{:?}: {}", how, patch);
        }
    }

    #[test]
    fn what_has_not_changed_needs_no_patch(o in deployment()) {
        prop_assert_eq!(strategic::diff(&o, &o, kind().layout()), json!({}));
        prop_assert_eq!(strategic::three_way(&o, &o, &o, kind().layout()), json!({}));
    }

    #[test]
    fn applying_gives_all_that_was_asked_for_and_twice_is_once(original in deployment(), modified in deployment(), current in deployment()) {
        let once = applied(&original, &modified, &current)?;
        prop_assert!(contains(&once, &modified, ""), "{once}");
        prop_assert_eq!(applied(&modified, &modified, &once)?, once);
    }

    #[test]
    fn applying_leaves_alone_what_nobody_spoke_of(original in deployment(), modified in deployment(), current in deployment()) {
        let result = applied(&original, &modified, &current)?;
        let mut gone = vec![];
        lost(&current, &original, &modified, &result, "", &mut gone);
        prop_assert!(gone.is_empty(), "{gone:?}: {result}");
    }

    #[test]
    fn a_patched_object_is_stored_as_if_it_had_been_put(from in deployment(), to in deployment()) {
        let mut server = Server::new();
        let path = format!("{PATH}/x");
        server.post(PATH, valid(from)).map_err(|s| TestCaseError::fail(s.message))?;
        let mut start = server.clone();
        let before = start.get(&path).expect("an object").body;
        let mut wanted = valid(to);
        wanted["metadata"]["resourceVersion"] = before["metadata"]["resourceVersion"].clone();
        let put = start.put(&path, wanted).map_err(|s| TestCaseError::fail(s.message))?.body;
        let bare = |v: &Value| {
            let mut v = v.clone();
            v["metadata"].as_object_mut().map(|m| m.remove("managedFields"));
            v
        };
        for (how, patch) in patches(&bare(&before), &bare(&put)) {
            // The server counts by itself.
            let mut server = server.clone();
            let patch = if how == PatchType::Json { patch } else { without_counts(patch) };
            let got = server.ask(Request::new(Method::Patch(how), &path).body(patch.clone()));
            if how == PatchType::Json && bare(&before) != bare(&put) {
                // It names the version that it makes: nobody can know that.
                prop_assert_eq!(got.map_err(|s| s.code()).err(), Some(409));
                continue;
            }
            let got = got.map_err(|s| TestCaseError::fail(format!("{how:?}: {}: {patch}", s.message)))?;
            let got = bare(&got.body);
            prop_assert!(got == bare(&put), "{how:?}: {patch}\n{got}\nbut put\n{}", bare(&put));
        }
    }
}

fn without_counts(mut patch: Value) -> Value {
    if let Some(meta) = patch.get_mut("metadata").and_then(Value::as_object_mut) {
        meta.remove("resourceVersion");
        meta.remove("generation");
    }
    patch
}
