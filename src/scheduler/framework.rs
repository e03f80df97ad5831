//! What plugins see and say.
//! Real Kubernetes: pkg/scheduler/framework/types.go, k8s.io/kube-scheduler/framework/interface.go.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use k8s_openapi::api::core::v1::Taint;

use super::known::Known;
use super::load::weight_to_come;
pub use super::load::{Load, priority};
use super::promises::Promise;
pub use super::reason::{Reason, Refusal, Rejected};
use super::special::Special;
use crate::api::kinds::{Node, Pod};
use crate::api::object::{Name, Resource};
use crate::api::pods::{Resources, takes};
use crate::api::quantity::Quantity;
use crate::api::resource_list::ResourceList;
use crate::api::selector::{Labels, Selector};
use crate::api::{Object, pods};

/// The largest score of a plugin.
pub const MAX_SCORE: i64 = 100;
/// Over what pods are spread that say nothing themselves: hosts and zones.
pub const SPREAD_KEYS: [&str; 2] = ["kubernetes.io/hostname", "topology.kubernetes.io/zone"];

/// What pods have in common that are alike to those who ask for labels. The cache keeps each such set once, so two of
/// them are equal only if they are the same allocation.
#[derive(PartialEq, Eq, Debug)]
pub struct Alike {
    pub namespace: Name,
    pub labels: Labels,
    /// They are being deleted: they still take room, but nobody is spread from them.
    pub leaving: bool,
    /// Most pods have none.
    pub special: Option<Special>,
}

/// The pod that looks for a node.
#[derive(Clone, Debug)]
pub struct PodInfo {
    pub object: Arc<Object>,
    pub requests: Resources,
    /// CPU and memory, as in [`Load`].
    pub scored: (i64, i64),
    /// Which pods it should be spread from, by default: those of its Service or controller.
    pub spread: Option<Arc<Selector>>,
    /// What it asks for that few pods do.
    pub special: Option<Special>,
}

impl PodInfo {
    pub fn new(object: Arc<Object>) -> PodInfo {
        let pod = object.get::<Pod>();
        let requests = pod.map(|p| takes(p, &ResourceList::new())).unwrap_or_default();
        let scored = pod.map(weight_to_come).unwrap_or_default();
        let special = object.get::<Pod>().and_then(Special::of);
        PodInfo { object, requests, scored, spread: None, special }
    }

    pub fn pod(&self) -> &Pod {
        static NONE: std::sync::OnceLock<Pod> = std::sync::OnceLock::new();
        self.object.get::<Pod>().unwrap_or_else(|| NONE.get_or_init(Pod::default))
    }

    pub fn namespace(&self) -> &str {
        self.object.namespace()
    }

    /// The node on which room was made for it.
    pub fn nominated(&self) -> Option<&str> {
        nominated_node(self.pod())
    }
}

/// What many pods ask for together. A single pod may ask for more than any machine has, so sums are wider.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Sum {
    pub milli_cpu: i128,
    pub memory: i128,
    pub ephemeral: i128,
    pub others: BTreeMap<String, i128>,
}

impl Sum {
    fn count(&mut self, r: &Resources, sign: i128) {
        self.milli_cpu += sign * i128::from(r.milli_cpu);
        self.memory += sign * i128::from(r.memory);
        self.ephemeral += sign * i128::from(r.ephemeral);
        for (name, n) in &r.others {
            *self.others.entry(name.clone()).or_insert(0) += sign * i128::from(*n);
        }
    }
}

/// How many pods of one sort a node has.
#[derive(Clone, Debug)]
struct Group {
    alike: Arc<Alike>,
    count: i64,
}

/// A node with what is promised on it.
#[derive(Clone, Debug)]
pub struct NodeInfo {
    pub object: Arc<Object>,
    pub name: Name,
    pub allocatable: Resources,
    pub max_pods: i64,
    pub unschedulable: bool,
    pub taints: Vec<Taint>,
    pub requested: Sum,
    pub scored: (i128, i128),
    pub pod_count: i64,
    /// Many pods are alike, so they are counted, not listed.
    groups: Vec<Group>,
    /// How many of the groups ask for something out of the ordinary: mostly none.
    special: usize,
    pub images: BTreeMap<String, i64>,
    spread_labels: [Option<String>; 2],
    /// The numbers of these among all values that nodes have, from 1 on; 0 is no value.
    spread_places: [usize; 2],
}

/// A number for each value of the labels in [`SPREAD_KEYS`]: every pod is spread by them, so they are not compared as texts.
#[derive(Clone, Default)]
pub struct PlaceNumbers([BTreeMap<String, usize>; 2]);

impl NodeInfo {
    pub fn new(object: Arc<Object>, numbers: &mut PlaceNumbers) -> NodeInfo {
        let mut info = NodeInfo {
            object: object.clone(),
            name: object.name().into(),
            allocatable: Resources::default(),
            max_pods: 0,
            unschedulable: false,
            taints: vec![],
            requested: Sum::default(),
            scored: (0, 0),
            pod_count: 0,
            groups: vec![],
            special: 0,
            images: BTreeMap::new(),
            spread_labels: [None, None],
            spread_places: [0, 0],
        };
        info.set_object(object, numbers);
        info
    }

    pub fn set_object(&mut self, object: Arc<Object>, numbers: &mut PlaceNumbers) {
        let spec = object.get::<Node>().and_then(|n| n.spec.as_ref());
        self.unschedulable = spec.and_then(|s| s.unschedulable) == Some(true);
        self.taints = spec.and_then(|s| s.taints.clone()).unwrap_or_default();
        let status = object.get::<Node>().and_then(|n| n.status.clone()).unwrap_or_default();
        let allocatable = status.allocatable.unwrap_or_default();
        self.max_pods = allocatable.get("pods").and_then(|q| Quantity::parse(&q.0)).map_or(0, Quantity::units);
        self.allocatable = Resources::of(&allocatable);
        self.images = status
            .images
            .into_iter()
            .flatten()
            .flat_map(|i| i.names.unwrap_or_default().into_iter().map(move |n| (n, i.size_bytes.unwrap_or(0))))
            .collect();
        self.object = object;
        self.spread_labels = SPREAD_KEYS.map(|k| self.node().label(k).map(String::from));
        for (i, numbers) in numbers.0.iter_mut().enumerate() {
            let next = numbers.len() + 1;
            let label = self.spread_labels[i].as_ref();
            self.spread_places[i] = label.map_or(0, |l| *numbers.entry(l.clone()).or_insert(next));
        }
    }

    pub fn node(&self) -> &Node {
        static NONE: std::sync::OnceLock<Node> = std::sync::OnceLock::new();
        self.object.get::<Node>().unwrap_or_else(|| NONE.get_or_init(Node::default))
    }

    pub fn add(&mut self, pod: &Load) {
        self.weigh(pod, 1);
        self.pod_count += 1;
        match self.group(pod) {
            Some(i) => self.groups[i].count += 1,
            None => {
                self.special += usize::from(pod.alike.special.is_some());
                self.groups.push(Group { alike: pod.alike.clone(), count: 1 });
            }
        }
    }

    pub fn remove(&mut self, pod: &Load) {
        self.weigh(pod, -1);
        self.pod_count -= 1;
        if let Some(i) = self.group(pod) {
            self.groups[i].count -= 1;
            if self.groups[i].count == 0 {
                self.special -= usize::from(pod.alike.special.is_some());
                self.groups.swap_remove(i);
            }
        }
    }

    fn weigh(&mut self, pod: &Load, sign: i128) {
        self.requested.count(&pod.requests, sign);
        self.scored.0 += sign * i128::from(pod.scored.0);
        self.scored.1 += sign * i128::from(pod.scored.1);
    }

    fn group(&self, pod: &Load) -> Option<usize> {
        self.groups.iter().position(|g| Arc::ptr_eq(&g.alike, &pod.alike))
    }

    /// The sorts of pods here, and how many of each.
    pub fn sorts(&self) -> impl Iterator<Item = (&Arc<Alike>, i64)> {
        self.groups.iter().map(|g| (&g.alike, g.count))
    }

    /// What the few pods here ask for that ask for something out of the ordinary, and how many they are.
    pub fn specials(&self) -> impl Iterator<Item = (&Alike, &Special, i64)> {
        let groups = if self.special == 0 { &[][..] } else { &self.groups };
        groups.iter().filter_map(|g| Some((&*g.alike, g.alike.special.as_ref()?, g.count)))
    }

    /// Pods here that the question is about.
    pub fn matching(&self, question: &mut Matching<'_>) -> i64 {
        self.groups.iter().filter(|g| question.holds(&g.alike)).map(|g| g.count).sum()
    }

    /// The node's value of a label.
    pub fn label(&self, key: LabelKey<'_>) -> Option<&str> {
        match key {
            LabelKey::Spread(i) => self.spread_labels[i].as_deref(),
            LabelKey::Other(key) => self.node().label(key),
        }
    }
}

/// Numbers for the values of one label, as they are met.
pub struct Places<'n> {
    key: LabelKey<'n>,
    met: BTreeMap<&'n str, usize>,
}

impl<'n> Places<'n> {
    pub fn of(key: LabelKey<'n>) -> Places<'n> {
        Places { key, met: BTreeMap::new() }
    }

    /// Nodes without the label are together in a place that has no name.
    pub fn number(&mut self, node: &'n NodeInfo) -> usize {
        if let LabelKey::Spread(i) = self.key {
            return node.spread_places[i];
        }
        let next = self.met.len();
        *self.met.entry(node.label(self.key).unwrap_or_default()).or_insert(next)
    }
}

/// A label of nodes. Those by which every pod is spread are kept at hand.
#[derive(Clone, Copy, Debug)]
pub enum LabelKey<'a> {
    /// One of [`SPREAD_KEYS`].
    Spread(usize),
    Other(&'a str),
}

impl<'a> LabelKey<'a> {
    pub fn of(key: &'a str) -> LabelKey<'a> {
        SPREAD_KEYS.iter().position(|k| *k == key).map_or(LabelKey::Other(key), LabelKey::Spread)
    }
}

/// Which pods are of a namespace, stay, and match a selector; one that asks for nothing means nobody. Many are alike, so each
/// sort is looked at once, not once a node.
pub struct Matching<'a> {
    namespace: &'a str,
    selector: &'a Selector,
    known: Vec<(Arc<Alike>, bool)>,
}

impl<'a> Matching<'a> {
    pub fn new(namespace: &'a str, selector: &'a Selector) -> Matching<'a> {
        Matching { namespace, selector, known: vec![] }
    }

    fn holds(&mut self, pods: &Arc<Alike>) -> bool {
        if let Some((_, holds)) = self.known.iter().find(|(known, _)| Arc::ptr_eq(known, pods)) {
            return *holds;
        }
        let holds = !pods.leaving
            && pods.namespace == self.namespace
            && *self.selector != Selector::everything()
            && self.selector.matches(Some(&pods.labels));
        self.known.push((pods.clone(), holds));
        holds
    }
}

/// All nodes of a cycle, for plugins that compare them, and what else is known.
#[derive(Clone, Copy)]
pub struct Snapshot<'a> {
    /// By name.
    pub nodes: &'a [Arc<NodeInfo>],
    /// On how many of them each image is.
    pub images: &'a BTreeMap<String, i64>,
    /// What they are called, in the same order.
    pub names: &'a Arc<[Name]>,
    /// The nodes with pods that have wishes about their neighbours, and how many. Few pods have any.
    pub choosy: &'a BTreeMap<Name, usize>,
    pub known: &'a Known,
}

impl<'a> Snapshot<'a> {
    pub fn each(&self) -> impl Iterator<Item = &'a NodeInfo> + use<'a> {
        self.nodes.iter().map(|n| &**n)
    }

    /// Those with pods that have wishes about their neighbours.
    pub fn with_choosy(&self) -> impl Iterator<Item = &'a NodeInfo> + use<'a, '_> {
        self.choosy.keys().filter_map(|name| self.node(name))
    }

    pub fn node(&self, name: &str) -> Option<&'a NodeInfo> {
        self.find(name).map(|at| &*self.nodes[at])
    }

    /// Where a node is among the others, which are sorted by name.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.nodes.binary_search_by(|n| (*n.name).cmp(name)).ok()
    }
}

/// All reasons against a node; none means that it fits.
pub type Objections<'a> = Box<dyn Fn(&NodeInfo) -> Vec<Reason> + 'a>;

/// What a plugin has to say of a pod: nothing (`None`: no node is wrong for it), something about each node, or that
/// no node whatever will do.
pub type Prepared<'a> = Result<Option<Objections<'a>>, Refusal>;

/// Says which nodes are possible.
pub trait Filter: Sync {
    /// The only nodes that come into question, where the pod names them. The others are not even looked at.
    ///
    /// # Errors
    /// Why there are none.
    fn among(&self, _pod: &PodInfo) -> Result<Option<BTreeSet<Name>>, Refusal> {
        Ok(None)
    }
    /// Looks at the pod, and at the nodes together, once for a cycle.
    /// Kubernetes has two methods for it, PreFilter and Filter.
    ///
    /// # Errors
    /// Why the pod fits nowhere, whatever the nodes are like.
    fn prepare<'a>(&self, pod: &'a PodInfo, all: &'a Snapshot<'a>) -> Prepared<'a>;
}

/// What must be written, and come true, before a pod is bound.
pub trait PreBind: Sync {
    fn promises(&self, pod: &PodInfo, node: &NodeInfo, all: &Snapshot<'_>) -> Vec<Promise>;
}

/// Says how good each possible node is.
pub trait Score: Sync {
    fn applies(&self, _pod: &PodInfo, _all: &Snapshot<'_>) -> bool {
        true
    }
    /// Scores of the nodes, in their order, from 0 to [`MAX_SCORE`].
    fn score(&self, pod: &PodInfo, nodes: &[&NodeInfo], all: &Snapshot<'_>) -> Vec<i64>;
}

/// Stretches raw scores so that the best one is [`MAX_SCORE`]; `reverse` makes the smallest the best.
pub fn normalize(raw: &mut [i64], reverse: bool) {
    let most = raw.iter().copied().max().unwrap_or(0);
    for s in raw.iter_mut() {
        *s = if most == 0 {
            if reverse { MAX_SCORE } else { 0 }
        } else if reverse {
            MAX_SCORE - MAX_SCORE * *s / most
        } else {
            MAX_SCORE * *s / most
        };
    }
}

/// The node on which room is kept for a pod.
pub fn nominated_node(p: &Pod) -> Option<&str> {
    p.status.as_ref()?.nominated_node_name.as_deref().filter(|n| !n.is_empty())
}

/// Whether this pod is to be brought to a node, by us.
pub fn is_ours(p: &Pod) -> bool {
    pods::node(p).is_empty()
        && !pods::is_terminal(p)
        && p.metadata.deletion_timestamp.is_none()
        && p.spec.as_ref().and_then(|s| s.scheduler_name.as_deref()).unwrap_or("default-scheduler")
            == "default-scheduler"
}
