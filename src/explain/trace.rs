//! Every step, one line each: record number, time, who, what, because of what.

use super::language::Language;
use super::texts::decision;
use crate::api::{RecordId, Time};
use crate::ledger::record::RequestOutcome;
use crate::ledger::{Ledger, Root, Trigger, What};

/// The records since `from`, as lines.
pub fn lines(ledger: &Ledger, from: RecordId, start: Time, language: Language) -> Vec<String> {
    ledger
        .since(from)
        .map(|r| {
            let t = r.at.since(start).as_secs_f64();
            let causes: Vec<String> = r.causes.iter().map(|c| c.0.to_string()).collect();
            let because = if causes.is_empty() { String::new() } else { format!("  ← {}", causes.join(", ")) };
            let what = match &r.what {
                What::Root(Root::Command(line)) => format!("$ {line}"),
                What::Root(Root::Startup) => "startup".into(),
                What::Root(Root::Fault { what, broken }) => format!("{} {what}", if *broken { "fail" } else { "heal" }),
                What::Step(Trigger::Watch(k)) => format!("saw {k:?}"),
                What::Step(Trigger::Work(k)) => format!("works on {k:?}"),
                What::Step(Trigger::Timer) => "timer".into(),
                What::Step(Trigger::Started) => "started".into(),
                What::Step(Trigger::Done(op)) => format!("operation {} ended", op.0),
                What::Op { id, call } => format!("operation {} {call}", id.0),
                What::Decision(d) => format!("» {}", decision(language, d.as_ref())),
                What::Request(q) => {
                    let sub = q.subresource.map(|s| format!("/{s}")).unwrap_or_default();
                    let outcome = match &q.outcome {
                        RequestOutcome::Stored(n) => format!("revision {n}"),
                        RequestOutcome::Removed(n) => format!("gone at {n}"),
                        RequestOutcome::Unchanged => "unchanged".into(),
                        RequestOutcome::Refused(s) => s.message.clone(),
                    };
                    format!("{} {:?}{sub} → {outcome}", q.verb, q.key)
                }
            };
            format!("{:>6}  t+{t:.3}s  {:<18} {what}{because}", r.id.0, r.actor)
        })
        .collect()
}
