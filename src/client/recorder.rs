//! Writes Events, and counts up the ones that repeat instead of writing them anew.
//! Real Kubernetes: client-go/tools/record, events_cache.go: correlation, aggregation, the spam filter.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{EventSource, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::api::kinds::Event;
use crate::api::object::Resource;
use crate::api::{Duration, Time};
use crate::world::Ctx;

/// Events about one object that may follow each other at once, and how fast the allowance comes back.
const BURST: f64 = 25.0;
const REFILL_PER_SECOND: f64 = 1.0 / 300.0;
/// From so many similar events within the interval on, one event stands for all.
const SIMILAR: usize = 10;
const SIMILAR_WITHIN: Duration = Duration::from_secs(600);
/// What is remembered at most; older entries are forgotten, and their events begin anew.
const LIMIT: usize = 4096;
const PREFIX: &str = "(combined from similar events): ";

/// What an event says.
#[derive(Clone, Copy, Debug)]
pub struct Note<'a> {
    pub warning: bool,
    pub reason: &'a str,
    pub message: &'a str,
}

impl<'a> Note<'a> {
    pub fn normal(reason: &'a str, message: &'a str) -> Note<'a> {
        Note { warning: false, reason, message }
    }
    pub fn warning(reason: &'a str, message: &'a str) -> Note<'a> {
        Note { warning: true, reason, message }
    }
}

#[derive(Clone, Debug)]
struct Seen {
    name: String,
    count: i32,
    used: u64,
}

#[derive(Clone, Debug)]
struct Similar {
    messages: Vec<String>,
    last: Time,
    used: u64,
}

#[derive(Clone, Debug)]
struct Allowance {
    tokens: f64,
    at: Time,
    used: u64,
}

/// One recorder for one reporting component (on one host).
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    component: &'static str,
    host: String,
    seen: BTreeMap<String, Seen>,
    similar: BTreeMap<String, Similar>,
    spam: BTreeMap<String, Allowance>,
    clock: u64,
}

/// A reference to an object, as events carry it.
pub fn reference<T: Resource>(o: &T, field_path: Option<String>) -> ObjectReference {
    let kind = T::kind_ref();
    let text = |s: &str| (!s.is_empty()).then(|| s.to_string());
    ObjectReference {
        api_version: Some(kind.api_version()),
        kind: Some(kind.name().into()),
        name: text(o.name()),
        namespace: text(o.namespace()),
        uid: text(o.uid()),
        resource_version: o.meta().resource_version.clone(),
        field_path,
    }
}

impl Recorder {
    pub fn new(component: &'static str, host: &str) -> Recorder {
        Recorder { component, host: host.into(), ..Recorder::default() }
    }

    /// Records an event about `about`.
    pub fn record(&mut self, about: ObjectReference, note: Note<'_>, ctx: &mut Ctx<'_>) {
        self.clock += 1;
        let now = ctx.now();
        let object = [&about.kind, &about.namespace, &about.name, &about.uid, &about.api_version]
            .map(|s| s.as_deref().unwrap_or(""))
            .join("/");
        if !self.allowed(&object, now) {
            return;
        }
        let kind = if note.warning { "Warning" } else { "Normal" };
        let field = about.field_path.as_deref().unwrap_or("");
        let (message, key) = self.aggregate(&object, field, kind, note, now);
        let full = if key.ends_with("|combined") { key } else { format!("{key}|{message}") };
        if let Some(seen) = self.seen.get_mut(&full) {
            seen.count += 1;
            seen.used = self.clock;
            let (name, count) = (seen.name.clone(), seen.count);
            let ns = namespace(&about);
            let text = message.clone();
            let done = ctx.api::<Event>().patch(&ns, &name, |e| {
                e.count = Some(count);
                e.last_timestamp = Some(now.meta());
                e.message = Some(text);
            });
            if done.is_ok() {
                return;
            }
            // The event was deleted meanwhile: it is written anew.
        }
        let name = format!("{}.{:x}", about.name.as_deref().unwrap_or(""), now.nanos() + self.clock % 1000);
        let event = Event {
            metadata: ObjectMeta {
                name: Some(name.clone()),
                namespace: Some(namespace(&about)),
                ..ObjectMeta::default()
            },
            involved_object: about,
            reason: Some(note.reason.into()),
            message: Some(message),
            source: Some(EventSource {
                component: Some(self.component.into()),
                host: (!self.host.is_empty()).then(|| self.host.clone()),
            }),
            first_timestamp: Some(now.meta()),
            last_timestamp: Some(now.meta()),
            count: Some(1),
            type_: Some(kind.into()),
            reporting_component: Some(self.component.into()),
            reporting_instance: Some(self.host.clone()),
            ..Event::default()
        };
        if ctx.api::<Event>().create(event).is_ok() {
            self.seen.insert(full, Seen { name, count: 1, used: self.clock });
        }
        self.trim();
    }

    fn allowed(&mut self, object: &str, now: Time) -> bool {
        let a = self.spam.entry(object.to_string()).or_insert(Allowance { tokens: BURST, at: now, used: 0 });
        a.tokens = (a.tokens + now.since(a.at).as_secs_f64() * REFILL_PER_SECOND).min(BURST);
        a.at = now;
        a.used = self.clock;
        if a.tokens < 1.0 {
            return false;
        }
        a.tokens -= 1.0;
        true
    }

    /// The message to write, and the key under which it is counted.
    fn aggregate(&mut self, object: &str, field: &str, kind: &str, note: Note<'_>, now: Time) -> (String, String) {
        let group = format!("{object}|{kind}|{}", note.reason);
        let s = self.similar.entry(group.clone()).or_insert(Similar { messages: vec![], last: now, used: 0 });
        s.used = self.clock;
        if now.since(s.last) > SIMILAR_WITHIN {
            s.messages.clear();
        }
        s.last = now;
        if !s.messages.iter().any(|m| m == note.message) && s.messages.len() < SIMILAR {
            s.messages.push(note.message.into());
        }
        if s.messages.len() >= SIMILAR {
            // All of them are counted under one key, whatever they say.
            return (format!("{PREFIX}{}", note.message), format!("{group}|combined"));
        }
        (note.message.into(), format!("{group}|{field}"))
    }

    fn trim(&mut self) {
        fn drop_oldest<V>(map: &mut BTreeMap<String, V>, used: impl Fn(&V) -> u64) {
            if map.len() > LIMIT {
                let mut ages: Vec<u64> = map.values().map(&used).collect();
                ages.sort_unstable();
                let cut = ages[ages.len() / 4];
                map.retain(|_, v| used(v) > cut);
            }
        }
        drop_oldest(&mut self.seen, |s| s.used);
        drop_oldest(&mut self.similar, |s| s.used);
        drop_oldest(&mut self.spam, |s| s.used);
    }
}

fn namespace(about: &ObjectReference) -> String {
    about.namespace.clone().filter(|n| !n.is_empty()).unwrap_or_else(|| "default".into())
}
