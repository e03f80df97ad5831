//! `why OBJECT`: what was decided about it last, and the chain that led to its being there.

use unicode_width::UnicodeWidthStr;

use super::language::Language;
use super::texts::{decision, message};
use crate::api::object::Key;
use crate::api::{Duration, Time};
use crate::ledger::record::RequestOutcome;
use crate::ledger::{Fact, Ledger, What};

/// Decisions told, newest first.
const TOLD: usize = 4;

pub fn explain(ledger: &Ledger, key: &Key, now: Time, language: Language) -> Vec<String> {
    let shown = key.resource_name();
    let mut lines = vec![];
    for r in ledger.all().rev() {
        if let What::Decision(d) = &r.what
            && d.about().as_ref() == Some(key)
        {
            let place = d.place().map(|p| format!("@{p}")).unwrap_or_default();
            let text = decision(language, d.as_ref());
            let line = format!("  {}  {}{place}: {text}", ago(now.since(r.at), language), r.actor);
            if !lines.contains(&line) {
                lines.push(line);
            }
            if lines.len() >= TOLD {
                break;
            }
        }
    }
    let chain = chain(ledger, key, language);
    if lines.is_empty() && chain.is_empty() {
        return vec![message(language, "why-none", &[("object", Fact::Text(shown))])];
    }
    let mut out = vec![];
    if !lines.is_empty() {
        out.push(message(language, "why-head", &[("object", Fact::Text(shown))]));
        out.append(&mut lines);
    }
    if !chain.is_empty() {
        out.push(message(language, "why-exists", &[("chain", Fact::Text(chain))]));
    }
    out
}

/// How long ago something was, as wide as most such times.
fn ago(age: Duration, language: Language) -> String {
    const WIDTH: usize = 9;
    let text = match age.as_secs() {
        0 => message(language, "why-just-now", &[]),
        seconds => message(language, "why-ago", &[("age", Fact::Time(Duration::from_secs(seconds)))]),
    };
    format!("{}{text}", " ".repeat(WIDTH.saturating_sub(text.width())))
}

/// `you → deployments/web (61) → replicasets/web-… (64) → pods/…`
fn chain(ledger: &Ledger, key: &Key, language: Language) -> String {
    let created = |k: &Key| {
        ledger.all().rev().find(|r| matches!(&r.what, What::Request(q) if q.key == *k && q.verb == "create" && q.subresource.is_none() && matches!(q.outcome, RequestOutcome::Stored(_))))
    };
    let mut parts = vec![];
    let Some(mut record) = created(key).cloned() else { return String::new() };
    for _ in 0..64 {
        match &record.what {
            What::Request(q) if q.verb == "create" && q.subresource.is_none() => {
                parts.push(format!("{} ({})", q.key.resource_name(), record.id.0))
            }
            What::Root(crate::ledger::Root::Command(_)) => {
                parts.push(message(language, "why-you", &[]));
                break;
            }
            // What was typed, in no language but the prompt's.
            What::Root(crate::ledger::Root::Fault { what, broken }) => {
                parts.push(format!("`{} {what}`", if *broken { "fail" } else { "heal" }));
                break;
            }
            What::Root(crate::ledger::Root::Call(line)) => parts.push(format!("`{line}`")),
            What::Root(crate::ledger::Root::Startup) => {
                parts.push(message(language, "why-startup", &[]));
                break;
            }
            _ => {}
        }
        let Some(next) = record.causes.first().and_then(|c| ledger.get(*c)).cloned() else { break };
        record = next;
    }
    parts.reverse();
    parts.dedup();
    parts.join(" → ")
}
