//! Lists and watches tell the same: whoever replays a watch has the list, at every revision.

use std::collections::BTreeMap;

use kubetutor::api::request::{Request, WatchEvent};
use kubetutor::api::{Duration, Time};
use kubetutor::store::WatchId;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::server::{Server, revision, seeds};

/// Group and version, plural and kind.
const KINDS: [(&str, &str, &str); 4] = [
    ("/api/v1", "configmaps", "ConfigMap"),
    ("/api/v1", "services", "Service"),
    ("/apis/coordination.k8s.io/v1", "leases", "Lease"),
    ("/apis/laws.example.com/v1", "gadgets", "Gadget"),
];
const NAMESPACES: [&str; 2] = ["a", "b"];
const SELECTORS: [(&str, &str); 6] = [
    ("", ""),
    ("labelSelector", "color=red"),
    ("labelSelector", "color notin (red),!size"),
    ("labelSelector", "size"),
    ("fieldSelector", "metadata.name=one"),
    ("fieldSelector", "metadata.namespace!=a"),
];

#[derive(Clone, Debug)]
struct Viewer {
    kind: usize,
    namespace: Option<usize>,
    selector: usize,
}

#[derive(Clone, Debug)]
enum Act {
    /// Makes or changes an object.
    Write {
        kind: usize,
        ns: usize,
        name: &'static str,
        color: Option<&'static str>,
        size: bool,
    },
    Delete {
        kind: usize,
        ns: usize,
        name: &'static str,
    },
    DeleteSome {
        kind: usize,
        ns: usize,
        selector: usize,
    },
    /// Begins to watch at the newest revision, by one of the three ways.
    Watch {
        viewer: Viewer,
        how: u8,
    },
}

fn viewers() -> impl Strategy<Value = Viewer> {
    (0..KINDS.len(), prop::option::of(0..2usize), 0..SELECTORS.len()).prop_map(|(kind, namespace, selector)| Viewer {
        kind,
        namespace,
        selector,
    })
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let name = || prop::sample::select(vec!["one", "two", "three"]);
    let color = prop::option::of(prop::sample::select(vec!["red", "blue"]));
    // Two kinds are enough to be mixed up; the others come in by chance.
    let kind = || prop_oneof![2 => 0..2usize, 1 => 0..KINDS.len()];
    prop::collection::vec(
        prop_oneof![
            10 => (kind(), 0..2usize, name(), color, any::<bool>())
                .prop_map(|(kind, ns, name, color, size)| Act::Write { kind, ns, name, color, size }),
            4 => (kind(), 0..2usize, name()).prop_map(|(kind, ns, name)| Act::Delete { kind, ns, name }),
            1 => (kind(), 0..2usize, 0..4usize).prop_map(|(kind, ns, selector)| Act::DeleteSome { kind, ns, selector }),
            2 => (viewers(), 0..3u8).prop_map(|(viewer, how)| Act::Watch { viewer, how }),
        ],
        1..40,
    )
}

impl Viewer {
    fn request(&self) -> Request {
        let (root, plural, _) = KINDS[self.kind];
        let path = match self.namespace {
            Some(ns) => format!("{root}/namespaces/{}/{plural}", NAMESPACES[ns]),
            None => format!("{root}/{plural}"),
        };
        let (key, text) = SELECTORS[self.selector];
        if key.is_empty() { Request::get(path) } else { Request::get(path).query(key, text) }
    }
}

/// What somebody knows: objects by namespace and name.
type Known = BTreeMap<(String, String), Value>;

fn place(o: &Value) -> (String, String) {
    let part = |k: &str| o["metadata"][k].as_str().unwrap_or("").to_string();
    (part("namespace"), part("name"))
}

/// Items of a list do not say what they are, but events do.
fn nameless(o: &Value) -> Value {
    let mut o = o.clone();
    if let Some(map) = o.as_object_mut() {
        map.remove("apiVersion");
        map.remove("kind");
    }
    o
}

fn known(list: &Value) -> Known {
    list["items"].as_array().into_iter().flatten().map(|o| (place(o), nameless(o))).collect()
}

struct Watch {
    id: WatchId,
    viewer: Viewer,
    known: Known,
    from: u64,
    /// The known at each revision that it was told of.
    past: Vec<(u64, Known)>,
    at: u64,
}

impl Watch {
    fn take(&mut self, events: Vec<WatchEvent>) -> Result<(), TestCaseError> {
        for e in events {
            let o = (*e.object).clone();
            let here = self.known.contains_key(&place(&o));
            match e.kind {
                "ADDED" => prop_assert!(!here, "{} was there", o),
                "MODIFIED" | "DELETED" => prop_assert!(here, "{} was not there", o),
                "BOOKMARK" => {
                    prop_assert!(revision(&o) >= self.at, "a bookmark from the past");
                    self.at = revision(&o);
                    continue;
                }
                other => return Err(TestCaseError::fail(format!("{other}: {o}"))),
            }
            // What was there at the beginning is told in the order of names, all else in that of changes.
            let rev = revision(&o);
            prop_assert!(rev > self.at || rev <= self.from, "{} again", rev);
            self.at = self.at.max(rev);
            if e.kind == "DELETED" {
                self.known.remove(&place(&o));
            } else {
                self.known.insert(place(&o), nameless(&o));
            }
            if rev > self.from {
                self.past.push((rev, self.known.clone()));
            }
        }
        Ok(())
    }
}

fn start(server: &mut Server, viewer: &Viewer, how: u8) -> Result<Watch, TestCaseError> {
    let list = server.ask(viewer.request()).map_err(|s| TestCaseError::fail(s.message))?.body;
    let from = revision(&list);
    let request = viewer.request().query("watch", "true").query("allowWatchBookmarks", "true");
    let request = match how {
        // From the list on.
        0 => request.query("resourceVersion", from.to_string()),
        // With all that is there.
        1 => request,
        _ => request.query("sendInitialEvents", "true").query("resourceVersionMatch", "NotOlderThan"),
    };
    let id = server.watch(&request.query("timeoutSeconds", "5"));
    let known = if how == 0 { known(&list) } else { Known::new() };
    let mut watch = Watch { id, viewer: viewer.clone(), known, from, past: vec![], at: 0 };
    let first = server.events(id);
    if how == 2 {
        let end = first.last().expect("a bookmark");
        prop_assert_eq!(end.kind, "BOOKMARK");
        prop_assert_eq!(&end.object["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");
    }
    watch.take(first)?;
    watch.at = from;
    watch.past.push((from, watch.known.clone()));
    Ok(watch)
}

/// The list page by page, while nobody writes.
fn pages(server: &mut Server, viewer: &Viewer, limit: usize) -> Result<Value, TestCaseError> {
    let (mut items, mut token) = (vec![], None::<String>);
    loop {
        let mut request = viewer.request().query("limit", limit.to_string());
        if let Some(t) = &token {
            request = request.query("continue", t.as_str());
        }
        let page = server.ask(request).map_err(|s| TestCaseError::fail(s.message))?.body;
        let here = page["items"].as_array().cloned().unwrap_or_default();
        prop_assert!(here.len() <= limit);
        items.extend(here);
        token = page["metadata"]["continue"].as_str().filter(|t| !t.is_empty()).map(Into::into);
        if token.is_none() {
            return Ok(json!({"items": items}));
        }
    }
}

fn act(server: &mut Server, act: &Act) {
    let path = |kind: usize, ns: usize| format!("{}/namespaces/{}/{}", KINDS[kind].0, NAMESPACES[ns], KINDS[kind].1);
    match act {
        Act::Write { kind, ns, name, color, size } => {
            let (root, _, name_of_kind) = KINDS[*kind];
            let version = root.trim_start_matches("/apis/").trim_start_matches("/api/");
            let mut o = json!({"apiVersion": version, "kind": name_of_kind, "metadata": {"name": name, "labels": {}}});
            if name_of_kind == "Service" {
                o["spec"] = json!({"type": "ExternalName", "externalName": "example.com"});
            }
            if let Some(color) = color {
                o["metadata"]["labels"]["color"] = (*color).into();
            }
            if *size {
                o["metadata"]["labels"]["size"] = "big".into();
            }
            let base = path(*kind, *ns);
            if server.post(&base, o.clone()).is_err() {
                let merge = json!({"metadata": {"labels": {"color": color, "size": size.then_some("big")}}});
                server.merge(&format!("{base}/{name}"), merge).expect("changed");
            }
        }
        Act::Delete { kind, ns, name } => drop(server.delete(&format!("{}/{name}", path(*kind, *ns)))),
        Act::DeleteSome { kind, ns, selector } => {
            let (key, text) = SELECTORS[*selector];
            let request = Request::new(kubetutor::api::request::Method::Delete, path(*kind, *ns));
            let request = if key.is_empty() { request } else { request.query(key, text) };
            server.ask(request).expect("deleted");
        }
        Act::Watch { .. } => {}
    }
}

fn check(acts: &[Act], limit: usize) -> Result<(), TestCaseError> {
    let mut server = Server::new();
    let mut watches = vec![];
    for step in acts {
        if let Act::Watch { viewer, how } = step {
            let watch = start(&mut server, viewer, *how)?;
            watches.push(watch);
        }
        act(&mut server, step);
        for watch in &mut watches {
            watch.take(server.events(watch.id))?;
            let list = server.ask(watch.viewer.request()).map_err(|s| TestCaseError::fail(s.message))?.body;
            prop_assert_eq!(&watch.known, &known(&list), "replayed, after {:?}", step);
            prop_assert_eq!(known(&pages(&mut server, &watch.viewer, limit)?), known(&list));
        }
    }
    for mut watch in watches {
        // The past is listed as it was told.
        for (rev, known_then) in &watch.past {
            let exact = watch.viewer.request().query("resourceVersion", rev.to_string());
            let list = server.ask(exact.query("resourceVersionMatch", "Exact"));
            let list = list.map_err(|s| TestCaseError::fail(s.message))?.body;
            prop_assert_eq!(&known(&list), known_then, "at {}", rev);
        }
        // Whoever comes late and asks for all since then is told the same.
        let since = watch.viewer.request().query("watch", "true").query("resourceVersion", watch.from.to_string());
        let late = server.watch(&since);
        let known = watch.past[0].1.clone();
        let mut again =
            Watch { id: late, viewer: watch.viewer.clone(), known, from: watch.from, past: vec![], at: watch.from };
        let told = server.events(late);
        again.take(told)?;
        prop_assert_eq!(&again.past[..], &watch.past[1..]);
        // A watch that ends says how far it came.
        server.api.watch_ends(watch.id, Time::ZERO + Duration::from_secs(6));
        let last = server.events(watch.id);
        prop_assert_eq!(last.iter().map(|e| e.kind).collect::<Vec<_>>(), vec!["BOOKMARK"]);
        prop_assert_eq!(revision(&last[0].object), server.api.rev().0);
        watch.take(last)?;
        prop_assert!(server.api.watch_ends(watch.id, Time::ZERO + Duration::from_secs(6)), "it has ended");
    }
    Ok(())
}

proptest! {
    #![proptest_config(seeds())]

    #[test]
    fn whoever_replays_a_watch_has_the_list_at_every_revision(acts in acts(), limit in 1..4usize) {
        check(&acts, limit)?;
    }
}
