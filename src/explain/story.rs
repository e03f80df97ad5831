//! What happened after a command: its decisions under what caused them, repetition folded.

use std::collections::BTreeMap;

use super::language::Language;
use super::layout::{self, Item};
use super::texts::{decision, message};
use crate::api::RecordId;
use crate::ledger::record::{RequestOutcome, RequestRecord};
use crate::ledger::{Decision, Fact, Ledger, Record, What};

/// Lines of a brief story: it must fit on a screen with what kubectl prints.
const BRIEF_LINES: usize = 18;
/// Of things that are alike, so many are told one by one.
const ALIKE: usize = 2;
/// How many letters a generated name ends with.
const SUFFIX: usize = 5;

/// How a story is to be told.
#[derive(Clone, Copy, Debug)]
pub struct Telling {
    pub language: Language,
    /// Columns of the screen.
    pub width: usize,
    /// Everything, without folding.
    pub full: bool,
}

/// A record that is told, and what followed from it. It is put into words only then.
#[derive(Debug)]
struct Node<'a> {
    likeness: Likeness,
    /// Where it was done, for components that run on many nodes.
    place: Option<&'a str>,
    parent: RecordId,
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
        verb: &'static str,
    },
}

impl Likeness {
    fn actor(self) -> &'static str {
        match self {
            Likeness::Command => "",
            Likeness::Decision { actor, .. } => actor,
            // A request is told from the side of the one who answered it.
            Likeness::Request { .. } => "kube-apiserver",
        }
    }
}

/// Records that are only counted.
struct Folded {
    likeness: Likeness,
    count: usize,
    children: Vec<RecordId>,
}

struct Tree<'a> {
    ledger: &'a Ledger,
    telling: Telling,
    from: RecordId,
    nodes: BTreeMap<RecordId, Node<'a>>,
    decisions: BTreeMap<RecordId, Vec<RecordId>>,
    /// What was found out of each record since `from`.
    owners: Vec<Owner>,
}

/// The line under which a step belongs.
#[derive(Clone, Copy)]
enum Owner {
    Unknown,
    Nobody,
    Is(RecordId),
}

/// The story of everything since `from` that goes back to it.
pub fn tell(ledger: &Ledger, from: RecordId, telling: Telling) -> Vec<String> {
    let records = usize::try_from(ledger.next_id().0.saturating_sub(from.0)).unwrap_or(0);
    let owners = vec![Owner::Unknown; records];
    let mut t = Tree { ledger, telling, from, nodes: BTreeMap::new(), decisions: BTreeMap::new(), owners };
    t.gather();
    let roots = t.nodes.get(&from).map(|n| n.children.clone()).unwrap_or_default();
    let mut lines = layout::lines(&t.top(&roots), telling.width);
    if !telling.full && lines.len() > BRIEF_LINES {
        let cut = lines.len() - BRIEF_LINES + 1;
        lines.truncate(BRIEF_LINES - 1);
        lines.push(format!("  {}", message(telling.language, "story-cut", &[("count", cut.into())])));
    }
    lines
}

impl Tree<'_> {
    fn gather(&mut self) {
        let top = Node { likeness: Likeness::Command, place: None, parent: self.from, children: vec![] };
        self.nodes.insert(self.from, top);
        let ledger = self.ledger;
        for r in ledger.since(self.from) {
            if let (What::Decision(_), Some(step)) = (&r.what, r.causes.first()) {
                self.decisions.entry(*step).or_default().push(r.id);
            }
        }
        for r in ledger.since(self.from) {
            let (parent, likeness, place) = match &r.what {
                What::Decision(d) => {
                    let Some(step) = r.causes.first() else { continue };
                    let likeness = Likeness::Decision { actor: r.actor, message: d.message() };
                    (self.above(*step), likeness, d.place())
                }
                // What the learner asked for himself is told too, if it changed something or was refused.
                What::Request(q) if r.causes.first() == Some(&self.from) => {
                    (Some(self.from), Likeness::Request { verb: q.verb }, None)
                }
                _ => continue,
            };
            let Some(parent) = parent.map(|p| self.beside(p, likeness.actor(), place)) else { continue };
            self.nodes.insert(r.id, Node { likeness, place, parent, children: vec![] });
            if let Some(p) = self.nodes.get_mut(&parent) {
                p.children.push(r.id);
            }
        }
    }

    /// What one component does next stands beside what it did before, not under it.
    fn beside(&self, mut parent: RecordId, actor: &str, place: Option<&str>) -> RecordId {
        while let Some(p) = self.nodes.get(&parent)
            && p.likeness.actor() == actor
            && p.place == place
            && parent != self.from
        {
            parent = p.parent;
        }
        parent
    }

    /// The line under which a step belongs; `None` if it has nothing to do with this command.
    fn above(&mut self, step: RecordId) -> Option<RecordId> {
        if step <= self.from {
            return (step == self.from).then_some(self.from);
        }
        let at = usize::try_from(step.0 - self.from.0).unwrap_or(usize::MAX);
        match self.owners.get(at) {
            Some(Owner::Is(known)) => return Some(*known),
            Some(Owner::Nobody) => return None,
            Some(Owner::Unknown) | None => {}
        }
        let ledger = self.ledger;
        // The latest cause is what set the step off.
        let found = ledger.get(step)?.causes.iter().rev().find_map(|c| self.owner(*c));
        if let Some(owner) = self.owners.get_mut(at) {
            *owner = found.map_or(Owner::Nobody, Owner::Is);
        }
        found
    }

    /// The line that stands for a record.
    fn owner(&mut self, id: RecordId) -> Option<RecordId> {
        if id <= self.from {
            return (id == self.from).then_some(self.from);
        }
        let ledger = self.ledger;
        let r = ledger.get(id)?;
        match &r.what {
            What::Decision(_) => Some(id),
            What::Root(_) | What::Read(_) => None,
            What::Step(_) => self.last_decision(id, RecordId(u64::MAX)).or_else(|| self.above(id)),
            What::Request(_) if r.causes.first() == Some(&self.from) => Some(id),
            What::Request(q) => {
                let step = *r.causes.first()?;
                let naming = self.decision_naming(step, &q.key.name);
                naming.or_else(|| self.last_decision(step, id)).or_else(|| self.above(step))
            }
            What::Op { .. } => {
                let step = *r.causes.first()?;
                self.last_decision(step, id).or_else(|| self.above(step))
            }
        }
    }

    /// Of several decisions of a step, the one that names an object: what is created is known only afterwards, so the
    /// decision to create may stand behind the request.
    fn decision_naming(&self, step: RecordId, name: &str) -> Option<RecordId> {
        let all = self.decisions.get(&step).filter(|all| all.len() > 1)?;
        let names = |d: &dyn Decision| {
            d.facts().iter().any(|(_, fact)| match fact {
                Fact::Names(names) => names.iter().any(|n| n == name),
                Fact::Text(text) => text == name,
                _ => false,
            })
        };
        all.iter().copied().find(|id| match self.ledger.get(*id).map(|r| &r.what) {
            Some(What::Decision(d)) => names(d.as_ref()),
            _ => false,
        })
    }

    /// The decision of a step that led to a record: the last one before it, else its first one.
    fn last_decision(&self, step: RecordId, before: RecordId) -> Option<RecordId> {
        let all = self.decisions.get(&step)?;
        let found = all.iter().rev().find(|d| **d < before).or(all.first()).copied()?;
        self.ledger.get(found).map(|r| r.id)
    }

    // ---- words ------------------------------------------------------------------------------

    /// The top of the story: each request as it was sent, with its answer under it; and what has no request above it.
    fn top(&self, ids: &[RecordId]) -> Vec<Item> {
        let request = |id: RecordId| match &self.ledger.get(id)?.what {
            What::Request(q) => Some(sent(q)),
            _ => None,
        };
        let items = self.told(ids, &mut vec![]);
        items
            .into_iter()
            .map(|(id, item)| match id.and_then(request) {
                Some(what) => Item { who: "kubectl".into(), what, children: vec![item] },
                None => item,
            })
            .collect()
    }

    fn items(&self, ids: &[RecordId], stems: &mut Vec<String>) -> Vec<Item> {
        self.told(ids, stems).into_iter().map(|(_, item)| item).collect()
    }

    /// Records as lines. `stems` are the names that stand above: a generated name is cut down to what it adds to one.
    fn told(&self, ids: &[RecordId], stems: &mut Vec<String>) -> Vec<(Option<RecordId>, Item)> {
        let mut told: BTreeMap<Likeness, usize> = BTreeMap::new();
        let mut folded: Vec<Folded> = vec![];
        let mut out = vec![];
        for id in ids {
            let (Some(n), Some(r)) = (self.nodes.get(id), self.ledger.get(*id)) else { continue };
            let seen = told.entry(n.likeness).or_default();
            *seen += 1;
            if !self.telling.full && *seen > ALIKE {
                let at = folded.iter().position(|f| f.likeness == n.likeness).unwrap_or_else(|| {
                    folded.push(Folded { likeness: n.likeness, count: 0, children: vec![] });
                    folded.len() - 1
                });
                folded[at].count += 1;
                folded[at].children.extend(&n.children);
                continue;
            }
            let actor = n.likeness.actor();
            let who = n.place.as_ref().map_or_else(|| actor.to_string(), |p| format!("{actor}@{p}"));
            stems.extend(about(r));
            let what = shortened(self.words(r), stems);
            out.push((Some(*id), Item { who, what, children: self.items(&n.children, stems) }));
            if about(r).is_some() {
                stems.pop();
            }
        }
        for f in folded {
            let what = message(self.telling.language, "story-more", &[("count", f.count.into())]);
            let who = if matches!(f.likeness, Likeness::Request { .. }) { "kubectl" } else { f.likeness.actor() };
            // What followed from these only is told all the same.
            let like = |id: &RecordId| self.nodes.get(id).map(|n| n.likeness);
            let siblings = ids.iter().filter_map(|id| self.nodes.get(id)).filter(|n| n.likeness == f.likeness);
            let known: Vec<_> = siblings.take(ALIKE).flat_map(|n| &n.children).map(like).collect();
            let new: Vec<RecordId> = f.children.into_iter().filter(|c| !known.contains(&like(c))).collect();
            out.push((None, Item { who: who.into(), what, children: self.items(&new, stems) }));
        }
        out
    }

    fn words(&self, r: &Record) -> String {
        match &r.what {
            What::Decision(d) => decision(self.telling.language, d.as_ref()),
            What::Request(q) => answer(self.telling.language, q),
            _ => String::new(),
        }
    }
}

/// The name of the object that a record is about.
fn about(r: &Record) -> Option<String> {
    match &r.what {
        What::Decision(d) => d.about().map(|k| k.name.to_string()),
        What::Request(q) => Some(q.key.name.to_string()),
        _ => None,
    }
}

/// `web-6d4cf56db6-8kqzt` becomes `-8kqzt` under a line about `web-6d4cf56db6`.
fn shortened(mut text: String, stems: &[String]) -> String {
    for stem in stems.iter().filter(|s| !s.is_empty()) {
        let mut from = 0;
        while let Some(i) = text[from..].find(stem.as_str()).map(|i| i + from) {
            let end = i + stem.len();
            let suffix = text[end..].strip_prefix('-').unwrap_or("");
            let letters = suffix.bytes().take_while(|b| b.is_ascii_lowercase() || b.is_ascii_digit()).count();
            let whole =
                !suffix[letters..].starts_with('-') && !text[..i].ends_with(|c: char| c.is_alphanumeric() || c == '-');
            if letters == SUFFIX && whole {
                text.replace_range(i..end, "");
                from = i;
            } else {
                from = end;
            }
        }
    }
    text
}

/// A request as it went out: `POST apps/v1 deployments/web`.
fn sent(q: &RequestRecord) -> String {
    let method = match q.verb {
        "create" => "POST",
        "update" => "PUT",
        "patch" => "PATCH",
        "delete" | "deletecollection" => "DELETE",
        other => other,
    };
    let sub = q.subresource.map(|s| format!("/{s}")).unwrap_or_default();
    format!("{method} {} {}{sub}", q.key.kind.api_version(), q.key.resource_name())
}

/// What the API server did with it.
fn answer(language: Language, q: &RequestRecord) -> String {
    let mut facts = vec![("user", Fact::Text(q.user.to_string()))];
    let revision = |n: &u64| Fact::Text(n.to_string());
    let id = match &q.outcome {
        RequestOutcome::Stored(r) => {
            facts.push(("revision", revision(r)));
            match q.defaulted.filter(|n| *n > 0) {
                // It stays until whoever runs or holds it has let go.
                _ if q.verb == "delete" => "story-marked",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_name_is_cut_down_to_what_it_adds() {
        let stems = ["web".to_string(), "web-6d4cf56db6".to_string()];
        for (text, want) in [
            ("created web-6d4cf56db6-8kqzt, web-6d4cf56db6-x7m2p", "created -8kqzt, -x7m2p"),
            ("web-6d4cf56db6 2→3", "web-6d4cf56db6 2→3"),
            ("web-abcde runs", "-abcde runs"),
            ("my-web-abcde runs", "my-web-abcde runs"),
            ("web-6d4cf56db6-8kqzt-more", "web-6d4cf56db6-8kqzt-more"),
        ] {
            assert_eq!(shortened(text.into(), &stems), want);
        }
    }
}
