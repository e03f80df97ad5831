//! What happened after a command: its decisions, indented by cause, repetition folded.

use std::collections::BTreeMap;

use super::language::Language;
use super::texts::{decision, message};
use crate::api::RecordId;
use crate::ledger::record::{RequestOutcome, RequestRecord};
use crate::ledger::{Fact, Ledger, Record, What};

/// Lines of a brief story: it must fit on a screen with what kubectl prints.
const BRIEF_LINES: usize = 18;
/// Of decisions that are alike, so many are told one by one.
const ALIKE: usize = 2;

/// One line of the story and what followed from it.
#[derive(Debug, Default)]
struct Node {
    actor: String,
    text: String,
    /// Decisions with the same key are alike.
    kind: String,
    children: Vec<RecordId>,
}

struct Tree<'a> {
    ledger: &'a Ledger,
    language: Language,
    from: RecordId,
    nodes: BTreeMap<RecordId, Node>,
    decisions: BTreeMap<RecordId, Vec<RecordId>>,
    owners: BTreeMap<RecordId, Option<RecordId>>,
}

/// The story of everything since `from` that goes back to it.
pub fn tell(ledger: &Ledger, from: RecordId, language: Language, full: bool) -> Vec<String> {
    let mut t =
        Tree { ledger, language, from, nodes: BTreeMap::new(), decisions: BTreeMap::new(), owners: BTreeMap::new() };
    t.gather();
    let mut lines = vec![];
    let roots = t.nodes.get(&from).map(|n| n.children.clone()).unwrap_or_default();
    t.print(&roots, 0, full, &mut lines);
    if !full && lines.len() > BRIEF_LINES {
        let cut = lines.len() - BRIEF_LINES + 1;
        lines.truncate(BRIEF_LINES - 1);
        lines.push(format!(
            "  {}",
            message(language, "story-cut", &[("count", Fact::Count(i64::try_from(cut).unwrap_or(0)))])
        ));
    }
    lines
}

fn actor(r: &Record) -> String {
    let name = match r.actor {
        "kubectl" => "kube-apiserver",
        other => other,
    };
    match &r.what {
        What::Decision(d) => d.place().map_or_else(|| name.to_string(), |p| format!("{name}@{p}")),
        _ => name.to_string(),
    }
}

impl Tree<'_> {
    fn gather(&mut self) {
        self.nodes.insert(self.from, Node::default());
        let records: Vec<_> = self.ledger.since(self.from).cloned().collect();
        for r in &records {
            if let (What::Decision(_), Some(step)) = (&r.what, r.causes.first()) {
                self.decisions.entry(*step).or_default().push(r.id);
            }
        }
        for r in &records {
            let (parent, node) = match &r.what {
                What::Decision(d) => {
                    let Some(step) = r.causes.first() else { continue };
                    let text = decision(self.language, d.as_ref());
                    (self.above(*step), Node { actor: actor(r), text, kind: d.message().into(), children: vec![] })
                }
                // What the learner asked for himself is told too, if it changed something or was refused.
                What::Request(q) if r.causes.first() == Some(&self.from) => {
                    let text = request(self.language, q);
                    (
                        Some(self.from),
                        Node { actor: actor(r), text, kind: format!("request {}", q.verb), children: vec![] },
                    )
                }
                _ => continue,
            };
            let Some(parent) = parent else { continue };
            self.nodes.insert(r.id, node);
            if let Some(p) = self.nodes.get_mut(&parent) {
                p.children.push(r.id);
            }
        }
    }

    /// The line under which a step belongs; `None` if it has nothing to do with this command.
    fn above(&mut self, step: RecordId) -> Option<RecordId> {
        if step <= self.from {
            return (step == self.from).then_some(self.from);
        }
        if let Some(known) = self.owners.get(&step) {
            return *known;
        }
        let causes = self.ledger.get(step).map(|r| r.causes.clone()).unwrap_or_default();
        // The latest cause is what set the step off.
        let found = causes.iter().rev().find_map(|c| self.owner(*c));
        self.owners.insert(step, found);
        found
    }

    /// The line that stands for a record.
    fn owner(&mut self, id: RecordId) -> Option<RecordId> {
        if id <= self.from {
            return (id == self.from).then_some(self.from);
        }
        let r = self.ledger.get(id)?.clone();
        match &r.what {
            What::Decision(_) => Some(id),
            What::Root(_) => None,
            What::Step(_) => self.last_decision(id, RecordId(u64::MAX)).or_else(|| self.above(id)),
            What::Request(_) if r.causes.first() == Some(&self.from) => Some(id),
            What::Request(_) | What::Op { .. } => {
                let step = *r.causes.first()?;
                self.last_decision(step, id).or_else(|| self.above(step))
            }
        }
    }

    /// The decision of a step that led to a record: the last one before it, else its first one.
    fn last_decision(&self, step: RecordId, before: RecordId) -> Option<RecordId> {
        let all = self.decisions.get(&step)?;
        let found = all.iter().rev().find(|d| **d < before).or(all.first()).copied()?;
        self.ledger.get(found).map(|r| r.id)
    }

    fn print(&self, ids: &[RecordId], depth: usize, full: bool, out: &mut Vec<String>) {
        let mut told: BTreeMap<(String, String), usize> = BTreeMap::new();
        let mut folded: Vec<((String, String), usize)> = vec![];
        for id in ids {
            let Some(n) = self.nodes.get(id) else { continue };
            let family = n.actor.split('@').next().unwrap_or(&n.actor).to_string();
            let key = (family, n.kind.clone());
            let seen = told.entry(key.clone()).or_default();
            *seen += 1;
            if !full && *seen > ALIKE {
                match folded.iter_mut().find(|(k, _)| *k == key) {
                    Some((_, count)) => *count += 1,
                    None => folded.push((key, 1)),
                }
                continue;
            }
            out.push(line(depth, &n.actor, &n.text));
            self.print(&n.children, depth + 1, full, out);
        }
        for ((actor, _), count) in folded {
            let text =
                message(self.language, "story-more", &[("count", Fact::Count(i64::try_from(count).unwrap_or(0)))]);
            out.push(line(depth, &actor, &text));
        }
    }
}

fn line(depth: usize, actor: &str, text: &str) -> String {
    let lead = format!("  {}└ {actor}", "  ".repeat(depth));
    let width = 26 + 2 * depth.min(4);
    let pad = width.saturating_sub(lead.chars().count()).max(2);
    format!("{lead}{}{text}", " ".repeat(pad))
}

fn request(language: Language, q: &RequestRecord) -> String {
    let object = format!("{} {}", q.key.kind.api_version(), q.key.resource_name());
    let object = q.subresource.map_or(object.clone(), |s| format!("{object}/{s}"));
    let mut facts = vec![("verb", Fact::Text(q.verb.to_uppercase())), ("object", Fact::Text(object))];
    let revision = |n: &u64| Fact::Text(n.to_string());
    let id = match &q.outcome {
        RequestOutcome::Stored(r) => {
            facts.push(("revision", revision(r)));
            match q.defaulted.filter(|n| *n > 0) {
                Some(n) => {
                    facts.push(("defaults", n.into()));
                    "story-stored-defaults"
                }
                None => "story-stored",
            }
        }
        RequestOutcome::Removed(r) => {
            facts.push(("revision", revision(r)));
            "story-removed"
        }
        RequestOutcome::Unchanged => "story-unchanged",
        RequestOutcome::Refused(s) => {
            facts.push(("why", Fact::Text(s.message.clone())));
            "story-refused"
        }
    };
    message(language, id, &facts)
}
