//! Applying on the server's side, beside a model that knows of each place what stands there and who owns it.
//!
//! Maps and lists never become empty here: whoever made one by an update goes on owning it when it is gone, and is in conflict
//! with the next to make it. (A real server does the same.)

use std::collections::{BTreeMap, BTreeSet};

use kubetutor::api::patch::PatchType;
use kubetutor::api::request::{Method, Request};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::fields::{Content, Field, Item, Place, Text, holds, look, object, put, take};
use super::server::{GADGETS, Server, revision, seeds};

/// A kind with places that writers may set.
struct Kind {
    path: String,
    /// What every writer says.
    base: Value,
    places: Vec<Place>,
    /// Of these the first must be said by whoever says the second.
    needs: Vec<(Place, Place)>,
}

fn named(path: &str, base: Value, places: Vec<Place>) -> Kind {
    Kind { path: format!("{path}/x"), base, places, needs: vec![] }
}

fn maps() -> Kind {
    let base = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "labels": {"all": "say"}, "finalizers": ["example.com/all"]}, "data": {"all": "say"}});
    let data = ["a", "b", "c"].map(|k| vec![Field("data"), Field(k)]);
    let labels = ["a", "b"].map(|k| vec![Field("metadata"), Field("labels"), Field(k)]);
    let finalizers = ["example.com/a", "example.com/b"].map(|k| vec![Field("metadata"), Field("finalizers"), Text(k)]);
    named("/api/v1/namespaces/a/configmaps", base, [&data[..], &labels, &finalizers].concat())
}

fn deployments() -> Kind {
    let container = json!({"name": "main", "image": "nginx", "env": [{"name": "ALL", "value": "say"}]});
    let base = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x", "annotations": {"all": "say"}}, "spec": {
        "selector": {"matchLabels": {"app": "x"}},
        "template": {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [container]}}}});
    let inside = |rest: &[super::fields::Step]| [&[Field("spec"), Field("template"), Field("spec")], rest].concat();
    let container =
        |name, rest: &[super::fields::Step]| inside(&[&[Field("containers"), Item("name", name)], rest].concat());
    let image = container("b", &[Field("image")]);
    let variable = |v| container("main", &[Field("env"), Item("name", v), Field("value")]);
    let of_b = [container("b", &[Field("workingDir")])];
    let needs = of_b.iter().map(|p| (image.clone(), p.clone())).collect();
    let mut places = vec![
        variable("ONE"),
        variable("TWO"),
        inside(&[Field("nodeSelector")]),
        inside(&[Field("hostname")]),
        vec![Field("metadata"), Field("annotations"), Field("note")],
        image,
    ];
    places.extend(of_b);
    Kind { needs, ..named("/apis/apps/v1/namespaces/a/deployments", base, places) }
}

fn gadgets() -> Kind {
    let base = json!({"apiVersion": "laws.example.com/v1", "kind": "Gadget", "metadata": {"name": "x"},
        // Nobody takes these away: what would be left of a map is null, which is refused.
        "spec": {"map": {"all": "say"}, "tags": ["all"], "ports": [{"name": "all"}], "any": {"all": "say"}}});
    let spec = |rest: &[super::fields::Step]| [&[Field("spec")], rest].concat();
    let places = vec![
        spec(&[Field("size")]),
        spec(&[Field("map"), Field("a")]),
        spec(&[Field("map"), Field("b")]),
        spec(&[Field("whole")]),
        spec(&[Field("tags"), Text("red")]),
        spec(&[Field("tags"), Text("blue")]),
        spec(&[Field("words")]),
        spec(&[Field("ports"), Item("name", "web"), Field("port")]),
        spec(&[Field("ports"), Item("name", "dns"), Field("port")]),
        spec(&[Field("any"), Field("thing")]),
    ];
    named(GADGETS, base, places)
}

/// The keys of the items in which a place lies, each as a place of its own. An item is whoever's said its key.
fn keys(place: &Place) -> Vec<Place> {
    let steps = place.iter().enumerate();
    let keys = steps.filter_map(|(i, step)| match step {
        Item(_, "main") | Field(_) | Text(_) => None,
        Item(key, _) => Some([&place[..=i], &[Field(key)]].concat()),
    });
    keys.collect()
}

/// The places of a kind and the keys of all items.
fn all(kind: &Kind) -> BTreeSet<Place> {
    kind.places.iter().flat_map(|p| [vec![p.clone()], keys(p)].concat()).collect()
}

fn key_value(key: &Place) -> Value {
    match &key[key.len() - 2] {
        Item(_, id) => json!(id),
        other => panic!("{other:?} has no key"),
    }
}

/// What is put at a place, by number.
fn value_at(place: &Place, number: u8) -> Value {
    match place.last() {
        Some(Text(text)) => json!(text),
        Some(Field("whole" | "nodeSelector")) => json!({"key": number.to_string()}),
        Some(Field("words")) => json!(["word", number.to_string()]),
        _ => json!(number.to_string()),
    }
}

/// A writer and how it writes: owners with one name that apply are others than those that update.
type Owner = (String, bool);

#[derive(Clone, Debug)]
enum Write {
    Apply { by: usize, places: Vec<(usize, u8)>, force: bool },
    Update { by: usize, puts: Vec<(usize, u8)>, takes: Vec<usize> },
}

fn writes() -> impl Strategy<Value = Vec<Write>> {
    let some = || prop::collection::vec((0..32usize, 0..3u8), 0..5);
    let apply = (0..3usize, some(), any::<bool>()).prop_map(|(by, places, force)| Write::Apply { by, places, force });
    let update = (0..3usize, some(), prop::collection::vec(0..32usize, 0..3))
        .prop_map(|(by, puts, takes)| Write::Update { by, puts, takes });
    prop::collection::vec(prop_oneof![3 => apply, 1 => update], 1..10)
}

const WRITERS: [&str; 3] = ["ann", "bob", "cat"];

#[derive(Clone)]
struct Model {
    content: Content,
    owners: BTreeMap<Place, BTreeSet<Owner>>,
}

impl Model {
    /// Where an apply would change what others own.
    fn conflicts(&self, by: &Owner, config: &Content) -> Vec<(Place, Owner)> {
        let changed = config.iter().filter(|(p, v)| self.content.get(*p) != Some(v));
        changed
            .flat_map(|(p, _)| self.owners.get(p).into_iter().flatten().map(|o| (p.clone(), o.clone())))
            .filter(|(_, o)| o != by)
            .collect()
    }

    fn apply(&mut self, by: &Owner, config: &Content) {
        for (place, owner) in self.conflicts(by, config) {
            self.owners.entry(place).or_default().remove(&owner);
        }
        for (place, owners) in &mut self.owners {
            if !config.contains_key(place) && owners.remove(by) && owners.is_empty() {
                self.content.remove(place);
            }
        }
        // Nobody is left who says that the item is there, so it goes with all that others have put into it.
        let places: Vec<Place> = self.owners.keys().cloned().collect();
        for place in places {
            if keys(&place).iter().any(|k| !self.content.contains_key(k) && !config.contains_key(k)) {
                self.content.remove(&place);
                self.owners.remove(&place);
            }
        }
        for (place, value) in config {
            self.content.insert(place.clone(), value.clone());
            self.owners.entry(place.clone()).or_default().insert(by.clone());
        }
    }

    /// Whether something is not there that must be.
    fn lacks(&self, kind: &Kind) -> bool {
        let here = |p: &Place| self.content.contains_key(p);
        kind.needs.iter().any(|(first, _)| !here(first) && keys(first).iter().any(here))
    }

    fn update(&mut self, by: &Owner, new: &Content) {
        for (place, value) in new {
            if self.content.get(place) != Some(value) {
                self.owners.insert(place.clone(), [by.clone()].into());
            }
        }
        self.owners.retain(|p, _| new.contains_key(p));
        self.content.clone_from(new);
    }
}

/// Which of the places an object has, with what stands there.
fn content_of(kind: &Kind, o: &Value) -> Content {
    all(kind).into_iter().filter_map(|p| Some((p.clone(), look(o, &p)?.clone()))).collect()
}

fn owners_of(kind: &Kind, o: &Value) -> BTreeMap<Place, BTreeSet<Owner>> {
    let mut out: BTreeMap<Place, BTreeSet<Owner>> = BTreeMap::new();
    for entry in o["metadata"]["managedFields"].as_array().into_iter().flatten() {
        let owner = (entry["manager"].as_str().unwrap_or("").to_string(), entry["operation"] == "Apply");
        for place in all(kind).into_iter().filter(|p| holds(&entry["fieldsV1"], p)) {
            out.entry(place).or_default().insert(owner.clone());
        }
    }
    out
}

fn chosen(kind: &Kind, places: &[(usize, u8)]) -> Content {
    let place = |i: usize| kind.places[i % kind.places.len()].clone();
    let mut out: Content = places.iter().map(|(i, n)| (place(*i), value_at(&place(*i), *n))).collect();
    for (first, second) in &kind.needs {
        if out.contains_key(second) {
            out.entry(first.clone()).or_insert_with(|| json!("0"));
        }
    }
    let keys: Vec<Place> = out.keys().flat_map(keys).collect();
    out.extend(keys.into_iter().map(|k| (k.clone(), key_value(&k))));
    out
}

fn applied(kind: &Kind, by: &str, config: &Content, force: bool) -> Request {
    Request::new(Method::Patch(PatchType::Apply), &kind.path)
        .query("fieldManager", by)
        .query("force", force.to_string())
        .body(object(&kind.base, config))
}

fn check(kind: &Kind, writes: &[Write]) -> Result<(), TestCaseError> {
    let mut server = Server::new();
    let mut model = Model { content: Content::new(), owners: BTreeMap::new() };
    // There is an object before anybody updates it; nobody removes what all say.
    server.ask(applied(kind, "first", &Content::new(), false)).expect("applied");
    for write in writes {
        let before = server.get(&kind.path).expect("an object").body;
        match write {
            Write::Apply { by, places, force } => {
                let (by, config) = (WRITERS[*by], chosen(kind, places));
                let owner = (by.to_string(), true);
                let conflicts = model.conflicts(&owner, &config);
                let mut next = model.clone();
                next.apply(&owner, &config);
                match server.ask(applied(kind, by, &config, *force)) {
                    // Who lets go of what an item cannot be without makes no valid object, if the item is others' too.
                    Err(refused) if refused.code() == 422 => {
                        prop_assert!(next.lacks(kind), "{}", refused.message);
                        prop_assert_eq!(&server.get(&kind.path).expect("an object").body, &before);
                    }
                    Err(refused) => {
                        prop_assert_eq!(refused.code(), 409, "{}", refused.message);
                        prop_assert!(!force);
                        let told = refused.details.map_or(0, |d| d.causes.len());
                        prop_assert_eq!(told, conflicts.len(), "{}: {:?}", refused.message, conflicts);
                        prop_assert_eq!(&server.get(&kind.path).expect("an object").body, &before);
                    }
                    Ok(answer) => {
                        prop_assert!(*force || conflicts.is_empty(), "no conflict: {:?}", conflicts);
                        prop_assert!(!next.lacks(kind), "it cannot be valid");
                        model = next;
                        let again = server.ask(applied(kind, by, &config, false));
                        let again = again.map_err(|s| TestCaseError::fail(s.message))?;
                        prop_assert_eq!(revision(&again.body), revision(&answer.body), "applied twice");
                    }
                }
            }
            Write::Update { by, puts, takes } => {
                let mut body = (*before).clone();
                for i in takes {
                    let place = &kind.places[i % kind.places.len()];
                    take(&mut body, place);
                    // What cannot be without it goes with it.
                    kind.needs
                        .iter()
                        .filter(|(first, _)| first == place)
                        .for_each(|(_, second)| take(&mut body, second));
                }
                chosen(kind, puts).iter().for_each(|(place, value)| put(&mut body, place, value));
                for (first, second) in &kind.needs {
                    if look(&body, first).is_none() {
                        if look(&body, second).is_some() {
                            put(&mut body, first, &json!("0"));
                        } else {
                            // Only what the server has filled in is left of it.
                            let list = &first[..first.len() - 1];
                            take_item(&mut body, list);
                        }
                    }
                }
                model.update(&(WRITERS[*by].to_string(), false), &content_of(kind, &body));
                let put = Request::new(Method::Put, &kind.path).query("fieldManager", WRITERS[*by]).body(body);
                server.ask(put).map_err(|s| TestCaseError::fail(s.message))?;
            }
        }
        let now = server.get(&kind.path).expect("an object").body;
        prop_assert_eq!(&content_of(kind, &now), &model.content, "what stands there, after {:?}", write);
        let owners: BTreeMap<_, _> = model.owners.iter().filter(|(_, o)| !o.is_empty()).collect();
        let owned = owners_of(kind, &now);
        prop_assert_eq!(owned.iter().collect::<BTreeMap<_, _>>(), owners, "who owns what, after {:?}: {}", write, now);
    }
    Ok(())
}

/// Takes the item of a list away to which a place leads.
fn take_item(o: &mut Value, place: &[super::fields::Step]) {
    let Some((Item(key, id), list)) = place.split_last() else { return };
    let mut at = o;
    for step in list {
        let Field(name) = step else { return };
        match at.get_mut(name) {
            Some(inner) => at = inner,
            None => return,
        }
    }
    at.as_array_mut().into_iter().for_each(|a| a.retain(|i| i[key] != **id));
}

proptest! {
    #![proptest_config(seeds())]

    #[test]
    fn of_a_config_map_everybody_owns_what_they_said_and_nobody_loses_it(writes in writes()) {
        check(&maps(), &writes)?;
    }

    #[test]
    fn of_a_deployment_everybody_owns_what_they_said_and_nobody_loses_it(writes in writes()) {
        check(&deployments(), &writes)?;
    }

    #[test]
    fn of_a_custom_resource_everybody_owns_what_they_said_and_nobody_loses_it(writes in writes()) {
        check(&gadgets(), &writes)?;
    }
}
