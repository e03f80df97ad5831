//! Writes Events, and counts up the ones that repeat instead of writing them anew.
//! Real Kubernetes: client-go/tools/record, events_cache.go: correlation, aggregation, the spam filter.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use k8s_openapi::api::core::v1::{EventSource, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use smallvec::{SmallVec, smallvec};

use crate::api::kinds::{Event, Node};
use crate::api::object::Resource;
use crate::api::{Duration, Reason, Time, Uid, User};
use crate::world::{Api, Ctx};

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
    pub reason: &'static str,
    pub message: &'a str,
}

impl<'a> Note<'a> {
    pub fn normal(reason: &'static str, message: &'a str) -> Note<'a> {
        Note { warning: false, reason, message }
    }
    pub fn warning(reason: &'static str, message: &'a str) -> Note<'a> {
        Note { warning: true, reason, message }
    }
}

/// What has been said about one object.
#[derive(Clone, Debug)]
struct About {
    /// How many more events it may have.
    tokens: f64,
    at: Time,
    used: u64,
    groups: Vec<Group>,
}

/// Events of one type and reason. Ten thousand pods have five events each, so what is remembered of one is small.
#[derive(Clone, Debug)]
struct Group {
    warning: bool,
    reason: &'static str,
    /// The different messages of late.
    messages: SmallVec<[Mark; 1]>,
    last: Time,
    written: SmallVec<[Written; 1]>,
}

/// An event that stands in the API and is counted up.
#[derive(Clone, Debug)]
struct Written {
    what: What,
    number: u64,
    count: i32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum What {
    /// One message about one part of the object.
    One(Mark),
    /// All messages together, as there were too many different ones.
    Combined,
}

/// Stands for a text that is only ever compared.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Mark(u64);

impl Mark {
    pub fn of(text: impl Hash) -> Mark {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        Mark(hasher.finish())
    }
}

/// The name of an event about an object.
pub fn name_of(about: &ObjectReference, number: u64) -> String {
    format!("{}.{number:x}", about.name.as_deref().unwrap_or(""))
}

/// One recorder for one reporting component (on one host).
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    component: Cow<'static, str>,
    host: String,
    /// A kubelet speaks for its node.
    user: Option<Arc<User>>,
    /// By UID, or by namespace and name where there is none.
    objects: BTreeMap<Uid, About>,
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

/// To a node by its name, for those who have no more of it: `uid` is as they know it.
pub fn about_node(name: &str, uid: &str) -> ObjectReference {
    let node = Node::kind_ref();
    ObjectReference {
        api_version: Some(node.api_version()),
        kind: Some(node.name().into()),
        name: Some(name.into()),
        uid: (!uid.is_empty()).then(|| uid.into()),
        ..ObjectReference::default()
    }
}

impl Recorder {
    pub fn new(component: impl Into<Cow<'static, str>>, host: &str) -> Recorder {
        let user = (!host.is_empty()).then(|| User::node(host).into());
        Recorder { component: component.into(), host: host.into(), user, ..Recorder::default() }
    }

    /// Records an event about `about`.
    pub fn record(&mut self, about: ObjectReference, note: Note<'_>, ctx: &mut Ctx<'_>) {
        self.clock += 1;
        let now = ctx.now();
        let id = match &about.uid {
            Some(uid) => Uid::of(uid),
            None => Uid::of(&format!("{}/{}", namespace(&about), about.name.as_deref().unwrap_or(""))),
        };
        let fresh = || About { tokens: BURST, at: now, used: 0, groups: vec![] };
        let known = self.objects.entry(id).or_insert_with(fresh);
        known.used = self.clock;
        if !known.allows_one(now) {
            return;
        }
        let group = known.group(note, now);
        let what = group.aggregate(about.field_path.as_deref().unwrap_or(""), note.message, now, |n| ctx.any_below(n));
        let message = match what {
            What::One(_) => note.message.to_string(),
            What::Combined => format!("{PREFIX}{}", note.message),
        };
        if let Some(w) = group.written.iter_mut().find(|w| w.what == what) {
            w.count += 1;
            let (count, text) = (w.count, message.clone());
            let number = w.number;
            let done = api(&self.user, ctx).patch(&namespace(&about), &name_of(&about, number), |e| {
                e.count = Some(count);
                e.last_timestamp = Some(now.meta());
                e.message = Some(text);
            });
            match done {
                Ok(_) => return,
                // It is tried again; what stands there by then is counted up.
                Err(e) if e.is(Reason::Unreachable) => {
                    let event = Event {
                        count: Some(count),
                        ..written((&self.component, &self.host), about, number, note, message, now)
                    };
                    ctx.write_event(event, self.user.clone());
                    return;
                }
                Err(_) => {}
            }
            // The event was deleted meanwhile: it is written anew.
            group.written.retain(|w| w.what != what);
        }
        // Others may write about the same object in the same instant.
        let own = Mark::of((&self.component, &self.host)).0 % 1000;
        let number = now.nanos() + (own + self.clock) % 1000;
        let event = written((&self.component, &self.host), about, number, note, message, now);
        if ctx.write_event(event, self.user.clone()) {
            group.written.push(Written { what, number, count: 1 });
        }
        self.trim();
    }

    /// Forgets the quarter that was longest not spoken of, when there are too many.
    fn trim(&mut self) {
        if self.objects.len() > LIMIT {
            let mut ages: Vec<u64> = self.objects.values().map(|o| o.used).collect();
            ages.sort_unstable();
            let cut = ages[ages.len() / 4];
            self.objects.retain(|_, o| o.used > cut);
        }
    }
}

impl About {
    /// The spam filter: whether one more event may be written.
    fn allows_one(&mut self, now: Time) -> bool {
        self.tokens = (self.tokens + now.since(self.at).as_secs_f64() * REFILL_PER_SECOND).min(BURST);
        self.at = now;
        let allowed = self.tokens >= 1.0;
        self.tokens -= f64::from(u8::from(allowed));
        allowed
    }

    fn group(&mut self, note: Note<'_>, now: Time) -> &mut Group {
        let known = self.groups.iter().position(|g| g.warning == note.warning && g.reason == note.reason);
        let at = known.unwrap_or_else(|| {
            let (warning, reason) = (note.warning, note.reason);
            self.groups.push(Group { warning, reason, messages: smallvec![], last: now, written: smallvec![] });
            self.groups.len() - 1
        });
        &mut self.groups[at]
    }
}

impl Group {
    /// As what a message is counted. `any` chooses one of so many.
    fn aggregate(&mut self, field: &str, message: &str, now: Time, any: impl FnOnce(usize) -> usize) -> What {
        if now.since(self.last) > SIMILAR_WITHIN {
            self.messages.clear();
        }
        self.last = now;
        let mark = Mark::of(message);
        if !self.messages.contains(&mark) {
            self.messages.push(mark);
        }
        if self.messages.len() < SIMILAR {
            return What::One(Mark::of((field, message)));
        }
        // One of them, any, is forgotten: those that are still known go on being counted by themselves.
        self.messages.swap_remove(any(self.messages.len()));
        What::Combined
    }
}

/// The event itself.
fn written(
    (component, host): (&str, &str),
    about: ObjectReference,
    number: u64,
    note: Note<'_>,
    message: String,
    now: Time,
) -> Event {
    Event {
        metadata: ObjectMeta {
            name: Some(name_of(&about, number)),
            namespace: Some(namespace(&about)),
            ..ObjectMeta::default()
        },
        involved_object: about,
        reason: Some(note.reason.into()),
        message: Some(message),
        source: Some(EventSource {
            component: Some(component.to_string()),
            host: (!host.is_empty()).then(|| host.to_string()),
        }),
        first_timestamp: Some(now.meta()),
        last_timestamp: Some(now.meta()),
        count: Some(1),
        type_: Some(if note.warning { "Warning" } else { "Normal" }.into()),
        reporting_component: Some(component.to_string()),
        reporting_instance: Some(host.to_string()),
        ..Event::default()
    }
}

/// The API in somebody's name, or in the component's own.
fn api<'c, 'a>(user: &Option<Arc<User>>, ctx: &'c mut Ctx<'a>) -> Api<'c, 'a, Event> {
    match user {
        Some(user) => ctx.api_as(user.clone()),
        None => ctx.api(),
    }
}

fn namespace(about: &ObjectReference) -> String {
    about.namespace.clone().filter(|n| !n.is_empty()).unwrap_or_else(|| "default".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_five_events_at_once_then_one_in_five_minutes() {
        let mut a = About { tokens: BURST, at: Time::ZERO, used: 0, groups: vec![] };
        let allowed = (0..40).filter(|_| a.allows_one(Time::ZERO)).count();
        assert_eq!(allowed, 25);
        assert!(!a.allows_one(Time::ZERO + Duration::from_secs(299)));
        assert!(a.allows_one(Time::ZERO + Duration::from_secs(301)));
        assert!(!a.allows_one(Time::ZERO + Duration::from_secs(302)));
    }

    #[test]
    fn ten_different_messages_become_one_event_but_known_ones_go_on() {
        let mut g =
            Group { warning: false, reason: "R", messages: smallvec![], last: Time::ZERO, written: smallvec![] };
        let one = |m: &str| What::One(Mark::of(("", m)));
        for i in 0..9 {
            let m = format!("m{i}");
            assert_eq!(g.aggregate("", &m, Time::ZERO, |_| 0), one(&m));
        }
        assert_eq!(g.aggregate("", "m9", Time::ZERO, |_| 0), What::Combined);
        // m0 was forgotten for it: the others are still counted by themselves.
        assert_eq!(g.aggregate("", "m5", Time::ZERO, |_| 0), one("m5"));
        assert_eq!(g.aggregate("", "m10", Time::ZERO, |_| 0), What::Combined);
        let later = Time::ZERO + SIMILAR_WITHIN + Duration::from_secs(1);
        assert_eq!(g.aggregate("", "m11", later, |_| 0), one("m11"));
    }
}
