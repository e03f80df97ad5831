//! What the scheduler would say of a pod at this moment: who asks is no cycle, so nothing is bound, and every node is looked at.

use std::sync::Arc;

use super::cache::Cache;
use super::cycle::{Judges, scores};
use super::decision::{phrase, refused};
use super::framework::{NodeInfo, PodInfo, Reason, nominated_node};
use super::known::Known;
use super::nominated::{Nominated, Nominee};
use super::plugins::TABLE;
use super::siblings::Siblings;
use crate::api::kinds::{Node, Pod};
use crate::api::object::Name;
use crate::api::{Object, Resource, pods};
use crate::ledger::Facts;
use crate::store::{Change, Scope};

/// What a scheduler knows, made anew from objects.
#[derive(Default)]
pub struct View {
    pub cache: Cache,
    pub known: Known,
    pub siblings: Siblings,
    pub nominated: Nominated,
}

/// A plugin's points.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    pub plugin: String,
    pub weight: i64,
    /// Of each node that comes into question, weighted.
    pub points: Vec<i64>,
}

/// Why a node does not come into question, as a phrase, and which plugin says so.
#[derive(Clone, Debug)]
pub struct Objection {
    pub node: Name,
    pub phrase: (&'static str, Facts),
    pub plugin: String,
}

#[derive(Clone, Debug, Default)]
pub struct Opinion {
    /// It fits nowhere, whatever the nodes are like.
    pub refused: Option<(&'static str, Facts)>,
    pub feasible: Vec<Name>,
    pub rows: Vec<Row>,
    pub objections: Vec<Objection>,
}

impl Opinion {
    pub fn totals(&self) -> Vec<i64> {
        (0..self.feasible.len()).map(|i| self.rows.iter().map(|r| r.points[i]).sum()).collect()
    }
}

impl View {
    /// A scheduler that knows objects of the [`View::scopes`].
    pub fn of<'a>(objects: impl Iterator<Item = &'a Arc<Object>>) -> View {
        let mut view = View::default();
        objects.for_each(|o| view.take(o));
        view
    }

    /// Kinds that a scheduler looks at.
    pub fn scopes() -> Vec<Scope> {
        let mut scopes = Known::scopes();
        scopes.extend(Siblings::scopes());
        scopes.extend([Scope::all(Node::kind_ref()), Scope::all(Pod::kind_ref())]);
        scopes
    }

    /// Takes in an object of one of these.
    fn take(&mut self, o: &Arc<Object>) {
        if o.kind() == Node::kind_ref() {
            self.cache.set_node(o);
            return;
        }
        let Some(pod) = o.get::<Pod>() else {
            let change = Change::own(o);
            if !self.known.apply(&change) {
                self.siblings.apply(&change);
            }
            return;
        };
        self.cache.observe(o, false);
        if let Some(node) = nominated_node(pod).filter(|_| pods::node(pod).is_empty()) {
            let load = self.cache.load(pod);
            self.nominated.add(o.marks().uid, Nominee { pod: o.key(), node: node.into(), load });
        }
    }

    pub fn info(&mut self, pod: &Arc<Object>) -> PodInfo {
        let mut info = PodInfo::new(pod.clone());
        info.spread = self.siblings.of(pod);
        info
    }

    /// What all plugins say of a pod and all nodes.
    pub fn opinion(&mut self, pod: &Arc<Object>) -> Opinion {
        let info = self.info(pod);
        let rivals = self.nominated.rivals(pod.marks().uid, &info);
        let all = self.cache.snapshot(&self.known);
        let mut out = Opinion::default();
        let judges = match Judges::of(&info, &all) {
            Ok(judges) => judges,
            Err(r) => return Opinion { refused: Some(refused(&r)), ..out },
        };
        let mut feasible: Vec<&NodeInfo> = vec![];
        for node in all.each() {
            if judges.among.as_ref().is_some_and(|among| !among.contains(&node.name)) {
                out.objections.push(Objection::new(&node.name, &Reason::Affinity));
                continue;
            }
            let crowded = rivals.objections(&info, node, &all);
            let reasons = if crowded.is_empty() { judges.objections(node) } else { crowded };
            if reasons.is_empty() {
                feasible.push(node);
            }
            out.objections.extend(reasons.iter().map(|r| Objection::new(&node.name, r)));
        }
        feasible.sort_by(|a, b| a.name.cmp(&b.name));
        out.objections.sort_by(|a, b| a.node.cmp(&b.node));
        out.feasible = feasible.iter().map(|n| n.name.clone()).collect();
        let weight = |id| TABLE.iter().find(|p| p.id == id).map_or(1, |p| p.weight);
        let rows = scores(&info, &feasible, &all);
        out.rows = rows.map(|(id, points)| Row { plugin: format!("{id:?}"), weight: weight(id), points }).collect();
        out
    }
}

impl Objection {
    fn new(node: &Name, reason: &Reason) -> Objection {
        Objection {
            node: node.clone(),
            phrase: phrase(reason, &[node], false),
            plugin: format!("{:?}", reason.plugin()),
        }
    }
}
