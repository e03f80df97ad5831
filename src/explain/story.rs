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

/// One line of the story and what followed from it. It is put into words only if it is told.
#[derive(Debug)]
struct Node {
    likeness: Likeness,
    children: Vec<RecordId>,
}

/// What is folded together: the same sort of thing, said by the same sort of component.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Likeness {
    /// The command itself, under which all stands.
    Command,
    Decision {
        actor: &'static str,
        message: &'static str,
    },
    Request {
        actor: &'static str,
        verb: &'static str,
    },
}

impl Likeness {
    fn actor(self) -> &'static str {
        match self {
            Likeness::Command => "",
            Likeness::Decision { actor, .. } | Likeness::Request { actor, .. } => actor,
        }
    }
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

/// Who speaks: a request is told from the side of the API server.
fn actor(r: &Record) -> &'static str {
    if r.actor == "kubectl" { "kube-apiserver" } else { r.actor }
}

impl Tree<'_> {
    fn gather(&mut self) {
        self.nodes.insert(self.from, Node { likeness: Likeness::Command, children: vec![] });
        let records: Vec<_> = self.ledger.since(self.from).cloned().collect();
        for r in &records {
            if let (What::Decision(_), Some(step)) = (&r.what, r.causes.first()) {
                self.decisions.entry(*step).or_default().push(r.id);
            }
        }
        for r in &records {
            let (parent, likeness) = match &r.what {
                What::Decision(d) => {
                    let Some(step) = r.causes.first() else { continue };
                    (self.above(*step), Likeness::Decision { actor: actor(r), message: d.message() })
                }
                // What the learner asked for himself is told too, if it changed something or was refused.
                What::Request(q) if r.causes.first() == Some(&self.from) => {
                    (Some(self.from), Likeness::Request { actor: actor(r), verb: q.verb })
                }
                _ => continue,
            };
            let Some(parent) = parent else { continue };
            self.nodes.insert(r.id, Node { likeness, children: vec![] });
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
        let mut told: BTreeMap<Likeness, usize> = BTreeMap::new();
        let mut folded: Vec<(Likeness, usize)> = vec![];
        for id in ids {
            let Some(n) = self.nodes.get(id) else { continue };
            let seen = told.entry(n.likeness).or_default();
            *seen += 1;
            if !full && *seen > ALIKE {
                match folded.iter_mut().find(|(k, _)| *k == n.likeness) {
                    Some((_, count)) => *count += 1,
                    None => folded.push((n.likeness, 1)),
                }
                continue;
            }
            out.extend(self.ledger.get(*id).and_then(|r| self.told(depth, r)));
            self.print(&n.children, depth + 1, full, out);
        }
        for (likeness, count) in folded {
            let text =
                message(self.language, "story-more", &[("count", Fact::Count(i64::try_from(count).unwrap_or(0)))]);
            out.push(line(depth, likeness.actor(), &text));
        }
    }

    /// A record in words.
    fn told(&self, depth: usize, r: &Record) -> Option<String> {
        let who = actor(r);
        match &r.what {
            What::Decision(d) => {
                let who = d.place().map_or_else(|| who.to_string(), |p| format!("{who}@{p}"));
                Some(line(depth, &who, &decision(self.language, d.as_ref())))
            }
            What::Request(q) => Some(line(depth, who, &request(self.language, q))),
            _ => None,
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
