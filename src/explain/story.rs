//! What happened after a command: its decisions under what caused them, repetition folded.

use std::collections::BTreeMap;

use super::language::Language;
use super::layout::{self, Item};
use super::texts::{decision, message};
use crate::api::kinds::Deployment;
use crate::api::{Duration, Key, KindRef, RecordId, Resource};
use crate::ledger::record::{RequestOutcome, RequestRecord, SERVER};
use crate::ledger::{Fact, Ledger, Record, What};

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
        /// Of what it was decided.
        kind: Option<KindRef>,
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
            Likeness::Request { .. } => SERVER,
        }
    }
}

struct Tree<'a> {
    ledger: &'a Ledger,
    telling: Telling,
    from: RecordId,
    nodes: BTreeMap<RecordId, Node<'a>>,
    decisions: BTreeMap<RecordId, Vec<RecordId>>,
    /// What was found out of each record since `from`.
    owners: Vec<Owner>,
    /// Of steps with several decisions: which of them names what.
    naming: BTreeMap<RecordId, BTreeMap<String, RecordId>>,
}

/// The line under which a step belongs.
#[derive(Clone, Copy)]
enum Owner {
    Unknown,
    Nobody,
    Is(RecordId),
}

/// A story, and what it took.
#[derive(Clone, Debug, Default)]
pub struct Story {
    /// None, if nothing came of it.
    pub lines: Vec<String>,
    /// Steps of components.
    pub steps: usize,
    /// Cluster time until the last thing that was decided.
    pub took: Duration,
    /// The Deployments that it speaks of, in the order in which they came up.
    pub deployments: Vec<Key>,
}

/// The story of everything since `from` that goes back to it.
pub fn tell(ledger: &Ledger, from: RecordId, telling: Telling) -> Story {
    let records = usize::try_from(ledger.next_id().0.saturating_sub(from.0)).unwrap_or(0);
    let owners = vec![Owner::Unknown; records];
    let (nodes, decisions, naming) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    let mut t = Tree { ledger, telling, from, nodes, decisions, owners, naming };
    let mut story = Story::default();
    t.gather(&mut story);
    let roots = t.nodes.get(&from).map(|n| n.children.clone()).unwrap_or_default();
    story.lines = layout::lines(&t.top(&roots), telling.width);
    if !telling.full && story.lines.len() > BRIEF_LINES {
        let cut = story.lines.len() - BRIEF_LINES + 1;
        story.lines.truncate(BRIEF_LINES - 1);
        story.lines.push(format!("  {}", message(telling.language, "story-cut", &[("count", cut.into())])));
    }
    story
}

impl Story {
    fn mention(&mut self, key: &Key) {
        if key.kind == Deployment::kind_ref() && !self.deployments.contains(key) {
            self.deployments.push(key.clone());
        }
    }
}

impl Tree<'_> {
    fn gather(&mut self, story: &mut Story) {
        let top = Node { likeness: Likeness::Command, place: None, parent: self.from, children: vec![] };
        self.nodes.insert(self.from, top);
        let ledger = self.ledger;
        // Of hundreds of thousands of records each is looked at once: few of them will be told.
        let mut lines = vec![];
        let mut began = None;
        for r in ledger.since(self.from) {
            let began = *began.get_or_insert(r.at);
            match &r.what {
                What::Step(_) => story.steps += 1,
                What::Decision(d) => {
                    story.took = r.at.since(began);
                    let about = d.about();
                    about.iter().for_each(|key| story.mention(key));
                    let kind = about.map(|k| k.kind);
                    let Some(step) = r.causes.first() else { continue };
                    self.decisions.entry(*step).or_default().push(r.id);
                    lines.push((
                        r.id,
                        *step,
                        Likeness::Decision { actor: r.actor, message: d.message(), kind },
                        d.place(),
                    ));
                }
                What::Request(q) => {
                    story.mention(&q.key);
                    // What the learner asked for himself is told too, if it changed something or was refused; not what the
                    // server writes down for itself on the way.
                    if r.causes.first() == Some(&self.from) && r.actor != SERVER {
                        lines.push((r.id, self.from, Likeness::Request { verb: q.verb }, None));
                    }
                }
                What::Root(_) | What::Read(_) | What::Op { .. } => {}
            }
        }
        for (id, step, likeness, place) in lines {
            let Some(parent) = self.above(step).map(|p| self.beside(p, likeness.actor(), place)) else { continue };
            self.nodes.insert(id, Node { likeness, place, parent, children: vec![] });
            if let Some(p) = self.nodes.get_mut(&parent) {
                p.children.push(id);
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
    fn decision_naming(&mut self, step: RecordId, name: &str) -> Option<RecordId> {
        let all = self.decisions.get(&step).filter(|all| all.len() > 1)?;
        let ledger = self.ledger;
        let naming = self.naming.entry(step).or_insert_with(|| names_in(ledger, all));
        naming.get(name).copied()
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
        let mut groups: BTreeMap<Likeness, Vec<RecordId>> = BTreeMap::new();
        for id in ids {
            if let Some(n) = self.nodes.get(id) {
                groups.entry(n.likeness).or_default().push(*id);
            }
        }
        let mut seen: BTreeMap<Likeness, usize> = BTreeMap::new();
        let mut out = vec![];
        for id in ids {
            let (Some(n), Some(r)) = (self.nodes.get(id), self.ledger.get(*id)) else { continue };
            let group = groups.get(&n.likeness).map(Vec::as_slice).unwrap_or_default();
            let seen = seen.entry(n.likeness).or_default();
            *seen += 1;
            // A single one that is left over takes a line in any case.
            let alone = group.len() == ALIKE + 1 && n.children.is_empty();
            if !self.telling.full && *seen > ALIKE && !alone {
                if *seen == ALIKE + 1 {
                    out.push((None, self.folded(n.likeness, group, stems)));
                }
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
        out
    }

    /// One line for all of a group but the first ones.
    fn folded(&self, likeness: Likeness, group: &[RecordId], stems: &mut Vec<String>) -> Item {
        let (told, rest) = group.split_at(ALIKE.min(group.len()));
        let what = message(self.telling.language, "story-more", &[("count", rest.len().into())]);
        let who = if matches!(likeness, Likeness::Request { .. }) { "kubectl" } else { likeness.actor() };
        let new: Vec<RecordId> = rest.iter().flat_map(|id| self.unlike(*id, told)).collect();
        Item { who: who.into(), what, children: self.items(&new, stems) }
    }

    /// What followed from a record and not, at the same place, from each of those that were told.
    fn unlike(&self, id: RecordId, told: &[RecordId]) -> Vec<RecordId> {
        let children = |id: RecordId| self.nodes.get(&id).map(|n| n.children.as_slice()).unwrap_or_default();
        let like = |id: RecordId| self.nodes.get(&id).map(|n| n.likeness);
        let mut out = vec![];
        for c in children(id) {
            let same = |t: &RecordId| children(*t).iter().copied().find(|known| like(*known) == like(*c));
            let counterparts: Vec<RecordId> = told.iter().filter_map(same).collect();
            if counterparts.len() == told.len() {
                out.extend(self.unlike(*c, &counterparts));
            } else {
                out.push(*c);
            }
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

/// What decisions name, and the first that names it.
fn names_in(ledger: &Ledger, decisions: &[RecordId]) -> BTreeMap<String, RecordId> {
    let mut found = BTreeMap::new();
    for id in decisions {
        let Some(What::Decision(d)) = ledger.get(*id).map(|r| &r.what) else { continue };
        let names = d.facts().into_iter().flat_map(|(_, fact)| match fact {
            Fact::Names(names) => names,
            Fact::Text(text) => vec![text],
            _ => vec![],
        });
        for name in names {
            found.entry(name).or_insert(*id);
        }
    }
    found
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
            let whole = !suffix[letters..].starts_with('-')
                && !text[..i].ends_with(|c: char| c.is_alphanumeric() || c == '-' || c == '"');
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
pub(super) fn sent(q: &RequestRecord) -> String {
    let method = match q.verb {
        "create" => "POST",
        "update" => "PUT",
        "patch" => "PATCH",
        "delete" | "deletecollection" => "DELETE",
        "get" | "list" | "watch" => "GET",
        other => other,
    };
    let sub = q.subresource.map(|s| format!("/{s}")).unwrap_or_default();
    format!("{method} {} {}{sub}", q.version().api_version(), q.key.resource_name())
}

/// Who asks for a token gets it, and nothing is written.
pub(super) const TOKEN: &str = "token";

/// What the API server did with it.
fn answer(language: Language, q: &RequestRecord) -> String {
    let mut facts = vec![("user", Fact::Text(q.user.to_string()))];
    let revision = |n: &u64| Fact::Text(n.to_string());
    let id = match &q.outcome {
        RequestOutcome::Stored(r) => {
            facts.push(("revision", revision(r)));
            match q.particulars().defaulted.filter(|n| *n > 0) {
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
        RequestOutcome::Unchanged if q.subresource == Some(TOKEN) => "story-token",
        RequestOutcome::Unchanged => "story-unchanged",
        RequestOutcome::Refused(s) => {
            facts.push(("why", Fact::Text(s.message.clone())));
            "story-refused"
        }
    };
    let mut text = message(language, id, &facts);
    for (key, note) in q.particulars().annotations.iter().filter(|(key, _)| is_peoples(key)) {
        let cut: String = note.chars().take(LONGEST_NOTE).collect();
        let cut = if cut.len() < note.len() { format!("{cut}…") } else { cut };
        text.push_str(" · ");
        text.push_str(&message(
            language,
            "story-noted",
            &[("key", Fact::Text(key.clone())), ("note", Fact::Text(cut))],
        ));
    }
    text
}

/// Letters of a note in the audit log that are shown.
const LONGEST_NOTE: usize = 160;

/// Whether somebody's policy or webhook has put that down, and not the server by itself.
fn is_peoples(key: &str) -> bool {
    !key.starts_with("pod-security.kubernetes.io/") && !key.starts_with("authentication.kubernetes.io/")
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
