//! InterPodAffinity: nodes a and b in zone 1, c in zone 2; one pod `app=db` of namespace d stands on a.

use super::*;
use crate::api::kinds::Namespace;
use crate::store::Change;

fn labelled(name: &str, namespace: &str, app: &str, spec: Value) -> Arc<Object> {
    let mut o = (*pod(name, spec)).clone();
    o.meta_mut().namespace = Some(namespace.into());
    o.meta_mut().labels = Some([("app".to_string(), app.to_string())].into());
    Arc::new(o)
}

fn cluster(db: Value) -> Cache {
    let mut cache = Cache::default();
    for (name, zone) in [("a", "1"), ("b", "1"), ("c", "2")] {
        cache.set_node(&node(name, json!({}), json!({"zone": zone})));
    }
    cache.place(&labelled("db", "d", "db", db), "a");
    cache
}

fn term(key: &str, app: &str, more: Value) -> Value {
    let mut t = json!({"topologyKey": key, "labelSelector": {"matchLabels": {"app": app}}});
    t.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    t
}

fn required(kind: &str, term: Value) -> Value {
    json!({"affinity": {kind: {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}})
}

fn preferred(kind: &str, term: Value) -> Value {
    let weighted = json!({"weight": 10, "podAffinityTerm": term});
    json!({"affinity": {kind: {"preferredDuringSchedulingIgnoredDuringExecution": [weighted]}}})
}

const HOST: &str = "kubernetes.io/hostname";
const NEAR: &str = "node(s) didn't match pod affinity rules";
const FAR: &str = "node(s) didn't match pod anti-affinity rules";
const UNWELCOME: &str = "node(s) didn't satisfy existing pods anti-affinity rules";

#[test]
fn pods_stand_near_those_they_want_and_far_from_those_they_do_not() {
    let none = || json!({});
    let elsewhere = || json!({"namespaces": ["other"]});
    let table: Vec<(Value, Value, [&str; 3])> = vec![
        (none(), none(), ["", "", ""]),
        (none(), required("podAffinity", term(HOST, "db", none())), ["", NEAR, NEAR]),
        (none(), required("podAffinity", term("zone", "db", none())), ["", "", NEAR]),
        (none(), required("podAffinity", term("zone", "db", elsewhere())), [NEAR, NEAR, NEAR]),
        (none(), required("podAffinity", term("rack", "db", none())), [NEAR, NEAR, NEAR]),
        // Nobody is there yet whom it wants, but it is one of them itself.
        (none(), required("podAffinity", term("zone", "web", none())), ["", "", ""]),
        (none(), required("podAntiAffinity", term(HOST, "db", none())), [FAR, "", ""]),
        (none(), required("podAntiAffinity", term("zone", "db", none())), [FAR, FAR, ""]),
        (none(), required("podAntiAffinity", term("rack", "db", none())), ["", "", ""]),
        (none(), required("podAntiAffinity", term("zone", "db", elsewhere())), ["", "", ""]),
        // What stands already is asked, too.
        (required("podAntiAffinity", term("zone", "web", none())), none(), [UNWELCOME, UNWELCOME, ""]),
        (required("podAntiAffinity", term("zone", "other", none())), none(), ["", "", ""]),
        (required("podAffinity", term("zone", "web", none())), none(), ["", "", ""]),
    ];
    for (db, web, want) in table {
        let told = format!("{db} {web}");
        let said = objections(&labelled("web", "d", "web", web), &cluster(db), &Known::default());
        let want = want.map(|w| if w.is_empty() { vec![] } else { vec![w.to_string()] });
        assert_eq!(said, Ok(want.to_vec()), "{told}");
    }
}

#[test]
fn namespaces_are_meant_by_name_or_by_label() {
    let mut known = Known::default();
    let ns: Namespace = serde_json::from_value(json!({"metadata": {"name": "d", "labels": {"team": "x"}}})).unwrap();
    known.apply(&Change::own(&Arc::new(Object::new(ns))));
    for (more, found) in [
        (json!({}), false),
        (json!({"namespaces": ["d"]}), true),
        (json!({"namespaceSelector": {}}), true),
        (json!({"namespaceSelector": {"matchLabels": {"team": "x"}}}), true),
        (json!({"namespaceSelector": {"matchLabels": {"team": "y"}}}), false),
        (json!({"namespaceSelector": {"matchLabels": {"team": "y"}}, "namespaces": ["d"]}), true),
    ] {
        let web = labelled("web", "e", "web", required("podAffinity", term("zone", "db", more.clone())));
        let said = objections(&web, &cluster(json!({})), &known).unwrap();
        assert_eq!(said[0].is_empty(), found, "{more}");
    }
}

#[test]
fn a_preference_is_a_score_and_goes_both_ways() {
    let scores = |db: Value, web: Value| {
        let (cache, known) = (cluster(db), Known::default());
        let info = PodInfo::new(labelled("web", "d", "web", web));
        let snapshot = cache.snapshot(&known);
        let plugin = TABLE.iter().find(|p| p.id == Id::InterPodAffinity).unwrap();
        assert_eq!(plugin.weight, 2);
        let all: Vec<&NodeInfo> = snapshot.each().collect();
        let s = plugin.score.unwrap();
        s.applies(&info, &snapshot).then(|| s.score(&info, &all, &snapshot))
    };
    let none = || json!({});
    assert_eq!(scores(none(), none()), None, "it costs nothing");
    assert_eq!(scores(none(), preferred("podAffinity", term("zone", "db", none()))), Some(vec![100, 100, 0]));
    assert_eq!(scores(none(), preferred("podAntiAffinity", term(HOST, "db", none()))), Some(vec![0, 100, 100]));
    assert_eq!(scores(preferred("podAffinity", term("zone", "web", none())), none()), Some(vec![100, 100, 0]));
    assert_eq!(scores(preferred("podAntiAffinity", term(HOST, "web", none())), none()), Some(vec![0, 100, 100]));
    assert_eq!(scores(required("podAffinity", term("zone", "web", none())), none()), Some(vec![100, 100, 0]));
    assert_eq!(scores(required("podAffinity", term("zone", "other", none())), none()), Some(vec![0, 0, 0]));
}
