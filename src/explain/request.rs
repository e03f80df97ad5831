//! `why REQUEST`: the way of one request through the API server, and where it ended.

use super::language::Language;
use super::story::{TOKEN, sent};
use super::texts::message;
use crate::api::status::{Reason, Status};
use crate::ledger::Fact;
use crate::ledger::record::{Admitted, Granted, RequestOutcome, RequestRecord};

/// Where people could give away what they do not have.
const RBAC: &str = "rbac.authorization.k8s.io";

/// Places of a change that are named.
const NAMED: usize = 6;

/// The station at which a request was refused.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Station {
    Authorization,
    Reading,
    Admission(&'static str),
    Escalation,
    Validation,
    Storage,
}

pub fn explain(q: &RequestRecord, language: Language) -> Vec<String> {
    let say = |id: &str, facts: &[(&'static str, Fact)]| message(language, id, facts);
    let text = |s: &str| Fact::Text(s.to_string());
    let refused = q.refused().map(|status| (station(q, status), status));
    let (head, namespace) = match q.key.namespace.is_empty() {
        true => ("request-head", None),
        false => ("request-head-in", Some(("namespace", text(&q.key.namespace)))),
    };
    let facts = [("request", text(&sent(q))), ("user", text(&q.user))];
    let mut out = vec![say(head, &facts.into_iter().chain(namespace).collect::<Vec<_>>())];
    let mut line = |text: String| out.push(format!("  {text}"));
    if let Some(by) = &q.particulars().impersonator {
        line(say("request-impersonated", &[("by", text(by)), ("user", text(&q.user))]));
    }
    if refused.is_none_or(|(s, _)| s != Station::Authorization) {
        line(match &q.granted {
            Some(Granted::By(rule)) => say("request-rule", &[("rule", text(rule))]),
            Some(Granted::ToNode) => say("request-node", &[("user", text(&q.user))]),
            Some(Granted::ToMasters) | None => say("request-master", &[("user", text(&q.user))]),
        });
    }
    for step in &q.particulars().admission {
        if let Admitted::Changed(places) = &step.did {
            let more = if places.len() > NAMED { ", …" } else { "" };
            let places = places[..places.len().min(NAMED)].join(", ") + more;
            line(say("request-changed", &[("plugin", text(step.plugin)), ("places", text(&places))]));
        }
    }
    if let Some(n) = q.particulars().defaulted.filter(|n| *n > 0) {
        line(say("request-defaults", &[("count", n.into())]));
    }
    for (key, note) in &q.particulars().annotations {
        line(say("request-noted", &[("key", text(key)), ("note", text(note))]));
    }
    let revision = |n: &u64| [("revision", Fact::Text(n.to_string()))];
    line(match (&q.outcome, refused) {
        (RequestOutcome::Stored(n), _) => say("request-stored", &revision(n)),
        (RequestOutcome::Removed(n), _) => say("request-removed", &revision(n)),
        (RequestOutcome::Unchanged, _) if q.subresource == Some(TOKEN) => say("request-token", &[]),
        (RequestOutcome::Unchanged, _) | (_, None) => say("request-unchanged", &[]),
        (RequestOutcome::Refused(_), Some((station, status))) => {
            let why = ("why", text(&status.message));
            match station {
                Station::Authorization => say("request-not-allowed", &[why]),
                Station::Reading => say("request-unreadable", &[why]),
                Station::Admission(plugin) => say("request-not-admitted", &[("plugin", text(plugin)), why]),
                Station::Escalation => say("request-escalates", &[why]),
                Station::Validation => say("request-invalid", &[why]),
                Station::Storage => say("request-not-stored", &[why]),
            }
        }
    });
    out
}

/// Which station refused, as can be told from what was said and how far the request had come.
fn station(q: &RequestRecord, status: &Status) -> Station {
    if let Some(step) = q.particulars().admission.iter().find(|s| s.did == Admitted::Refused) {
        return Station::Admission(step.plugin);
    }
    match status.reason {
        Reason::Forbidden if q.granted.is_none() => Station::Authorization,
        Reason::Forbidden if q.key.kind.group() == RBAC => Station::Escalation,
        Reason::Forbidden => Station::Storage,
        Reason::Invalid => Station::Validation,
        Reason::Conflict | Reason::AlreadyExists | Reason::NotFound => Station::Storage,
        _ => Station::Reading,
    }
}
