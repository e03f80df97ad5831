//! Every step, one line each: record number, time, who, what, because of what.

use std::collections::BTreeSet;

use super::language::Language;
use super::texts::{decision, message};
use crate::api::kinds::Lease;
use crate::api::object::Resource;
use crate::api::{Key, RecordId, Time};
use crate::ledger::record::RequestOutcome;
use crate::ledger::{Ledger, Record, Root, Trigger, What};

/// The records since `from`, as lines. Leases that were merely renewed are counted; what was only looked at by later
/// commands is left out.
pub fn lines(ledger: &Ledger, from: RecordId, start: Time, language: Language) -> Vec<String> {
    let by_another = |r: &Record| match &r.what {
        What::Root(Root::Command(_)) => r.id != from,
        What::Read(_) => r.causes.first() != Some(&from),
        _ => false,
    };
    let records: Vec<&Record> = ledger.since(from).filter(|r| !by_another(r)).collect();
    let routine = routine(&records);
    let mut out = vec![];
    let mut renewed = 0usize;
    for r in records {
        if routine.contains(&r.id) {
            renewed += usize::from(matches!(r.what, What::Request(_)));
            continue;
        }
        if renewed > 0 {
            out.push(format!("{:>6}  {}", "", message(language, "trace-leases", &[("count", renewed.into())])));
            renewed = 0;
        }
        out.push(line(r, start, language));
    }
    if renewed > 0 {
        out.push(format!("{:>6}  {}", "", message(language, "trace-leases", &[("count", renewed.into())])));
    }
    out
}

/// The renewals of leases, and the steps that did nothing else.
fn routine(records: &[&Record]) -> BTreeSet<RecordId> {
    let is_renewal =
        |r: &Record| matches!(&r.what, What::Request(q) if q.key.kind == Lease::kind_ref() && q.verb == "patch");
    let busy: BTreeSet<RecordId> =
        records.iter().filter(|r| !is_renewal(r)).flat_map(|r| r.causes.iter().copied()).collect();
    let renewals = records.iter().filter(|r| is_renewal(r));
    renewals.flat_map(|r| r.causes.iter().copied().filter(|c| !busy.contains(c)).chain([r.id])).collect()
}

/// `pods/default/web`, `nodes/worker-1`; of a whole collection `pods/default`
fn object(k: &Key) -> String {
    let parts = [k.kind.plural(), &*k.namespace, &*k.name];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/")
}

fn line(r: &Record, start: Time, language: Language) -> String {
    let t = r.at.since(start).as_secs_f64();
    let causes: Vec<String> = r.causes.iter().map(|c| c.0.to_string()).collect();
    let because = if causes.is_empty() { String::new() } else { format!("  ← {}", causes.join(", ")) };
    let what = match &r.what {
        What::Root(Root::Command(line)) => format!("$ {line}"),
        What::Root(Root::Startup) => "startup".into(),
        What::Root(Root::Call(line)) => line.clone(),
        What::Root(Root::Fault { what, broken }) => format!("{} {what}", if *broken { "fail" } else { "heal" }),
        What::Step(Trigger::Watch(k)) => format!("saw {}", object(k)),
        What::Step(Trigger::Work(k)) => format!("works on {}", object(k)),
        What::Step(Trigger::Timer) => "timer".into(),
        What::Step(Trigger::Started) => "started".into(),
        What::Step(Trigger::Done(op)) => format!("operation {} ended", op.0),
        What::Op { id, call } => format!("operation {} {call}", id.0),
        What::Decision(d) => format!("» {}", decision(language, d.as_ref())),
        What::Read(x) => {
            let what = [x.namespace.as_str(), x.kind.plural(), x.name.as_deref().unwrap_or("")];
            let what: Vec<&str> = what.into_iter().filter(|w| !w.is_empty()).collect();
            format!("get {} → {}", what.join("/"), x.found)
        }
        What::Request(q) => {
            let sub = q.subresource.map(|s| format!("/{s}")).unwrap_or_default();
            let outcome = match &q.outcome {
                RequestOutcome::Stored(n) => format!("revision {n}"),
                RequestOutcome::Removed(n) => format!("gone at {n}"),
                RequestOutcome::Unchanged => "unchanged".into(),
                RequestOutcome::Refused(s) => s.message.clone(),
            };
            format!("{} {}{sub} → {outcome}", q.verb, object(&q.key))
        }
    };
    format!("{:>6}  t+{t:.3}s  {:<18} {what}{because}", r.id.0, r.actor)
}
