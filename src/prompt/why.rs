//! `why`: who decided what about an object, and what became of a request. Here a question finds its object or request;
//! `explain/why.rs` and `explain/request.rs` answer.

use std::sync::Arc;

use super::builtins::{note, wrong};
use super::scores;
use super::session::{Output, Session};
use crate::api::kinds::{Event, Lease, Service};
use crate::api::object::Resource;
use crate::api::{Key, Object, RecordId};
use crate::explain::texts::message;
use crate::explain::{self, why};
use crate::kubectl::Failure;
use crate::ledger::{Fact, What};
use crate::store::Scope;

/// `why KIND/NAME`, `why KIND NAME`, `why NAME`, `why NUMBER`.
pub fn word(s: &mut Session, line: &str, words: &[String]) -> Output {
    let asked = match words {
        [_, not, pod, on, node] if not == "not" && on == "on" => return scores::why_not(s, line, pod, node),
        [_, number] if number.parse::<u64>().is_ok() => return request(s, line, number),
        [_, one] => match one.split_once('/') {
            Some((kind, name)) => in_words(s, kind, name),
            None => match named(s, one) {
                Some(key) => Ok(key),
                None => return wrong(s, "why"),
            },
        },
        [_, kind, name] => in_words(s, kind, name),
        _ => return wrong(s, "why"),
    };
    note(s, line);
    let key = match asked {
        Ok(key) => key,
        Err(e) => return Output { stderr: format!("{}\n", e.message), code: 1, ..Output::default() },
    };
    let w = &s.cluster.world;
    let mut lines = why::explain(&w.ledger, &key, w.now, s.language);
    let led = s.cluster.network().filter(|_| key.kind == Service::kind_ref());
    for (address, backends) in led.map(|n| n.led(&key.namespace, &key.name)).unwrap_or_default() {
        let id = if backends.is_empty() { "proxy-refuses" } else { "proxy-sends" };
        let facts = [("address", Fact::Text(address)), ("backends", Fact::Names(backends))];
        lines.push(message(s.language, id, &facts));
    }
    Output { story: format!("{}\n", lines.join("\n")), ..Output::default() }
}

/// `why NUMBER`: a request, by the number that `trace` gives it.
fn request(s: &mut Session, line: &str, number: &str) -> Output {
    let ledger = &s.cluster.world.ledger;
    let record = number.parse().ok().and_then(|n| ledger.get(RecordId(n)));
    let lines = match record.map(|r| &r.what) {
        Some(What::Request(q)) => explain::request::explain(q, s.language),
        _ => vec![message(s.language, "request-none", &[("number", Fact::Text(number.into()))])],
    };
    note(s, line);
    Output { story: format!("{}\n", lines.join("\n")), ..Output::default() }
}

/// The object that a kind and a name mean; the beginning of the name is enough.
fn in_words(s: &Session, kind: &str, name: &str) -> Result<Key, Failure> {
    let scope = s.scope(s.mapper().kind(kind)?);
    let found = called(s, &scope, name).next().map(|o| o.key());
    Ok(found.unwrap_or_else(|| Key::new(scope.kind, scope.namespace.as_deref().unwrap_or(""), name)))
}

/// The object that a name alone means: the first that was made of those that are called so, or else begin so.
fn named(s: &Session, name: &str) -> Option<Key> {
    let quiet = [Event::kind_ref(), Lease::kind_ref()];
    let age = |o: &&Arc<Object>| (o.name() != name, o.meta().creation_timestamp.clone(), o.kind());
    let oldest = |kind| called(s, &s.scope(kind), name).min_by_key(age).cloned();
    let all = s.cluster.world.api.stored_kinds().filter(|kind| !quiet.contains(kind)).filter_map(oldest);
    all.min_by_key(|o| age(&o)).map(|o| o.key())
}

/// What is called so, or begins so, by name: what is called just so comes first.
pub fn called<'a>(s: &'a Session, scope: &'a Scope, name: &'a str) -> impl Iterator<Item = &'a Arc<Object>> {
    s.cluster.world.api.store().list(scope).filter(move |o| o.name().starts_with(name))
}
