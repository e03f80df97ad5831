//! What the scheduler knows of nodes and of the pods on them, including those it has just placed itself.
//! Real Kubernetes: pkg/scheduler/backend/cache.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use super::framework::{Alike, Load, NodeInfo, PlaceNumbers, Snapshot};
use super::known::Known;
use super::preemption::{Occupant, is_preempted};
use super::special::Special;
use crate::api::kinds::Pod;
use crate::api::object::{Name, Resource};
use crate::api::pods;
use crate::api::selector::Labels;
use crate::api::{Key, Object, Time, Uid};

#[derive(Clone, Default)]
pub struct Cache {
    /// By name. Shared with whoever supposes some of them to be different.
    pub nodes: Vec<Arc<NodeInfo>>,
    /// What they are called: listed when somebody asks, and forgotten when one comes or goes.
    names: OnceLock<Arc<[Name]>>,
    placed: imbl::OrdMap<Uid, Placed>,
    /// Which pods stand on each node, known or not (yet).
    on: imbl::OrdMap<Name, imbl::OrdSet<Uid>>,
    places: PlaceNumbers,
    /// On how many nodes each image is.
    pub images: BTreeMap<String, i64>,
    /// By namespace and labels, each once; those that stay and those that leave.
    alike: BTreeMap<Name, [Labelled; 2]>,
    /// How many placed pods have wishes about their neighbours, by node.
    choosy: BTreeMap<Name, usize>,
    /// How many placed pods have each priority.
    priorities: BTreeMap<i32, usize>,
}

/// Pods with the same labels, by what they ask for out of the ordinary. Mostly nothing.
type Sorts = BTreeMap<Option<Special>, Arc<Alike>>;

#[derive(Clone, Default)]
struct Labelled {
    by_labels: BTreeMap<Labels, Sorts>,
    /// How many sorts there are, and how many there were after the last sweep.
    count: usize,
    left: usize,
}

/// Fewer sorts are not worth a sweep.
const FEW: usize = 2048;

impl Labelled {
    fn get(&self, labels: &Labels, special: &Option<Special>) -> Option<&Arc<Alike>> {
        self.by_labels.get(labels)?.get(special)
    }

    fn insert(&mut self, fresh: Arc<Alike>) {
        // Labels that nobody carries any more are forgotten, whenever as many have come again as were left.
        if self.count >= 2 * self.left.max(FEW) {
            self.by_labels.values_mut().for_each(|sorts| sorts.retain(|_, alike| Arc::strong_count(alike) > 1));
            self.by_labels.retain(|_, sorts| !sorts.is_empty());
            self.count = self.by_labels.values().map(Sorts::len).sum();
            self.left = self.count;
        }
        self.count += 1;
        self.by_labels.entry(fresh.labels.clone()).or_default().insert(fresh.special.clone(), fresh);
    }
}

/// Only what the pod weighs is kept: the pod itself would be one more copy of a large object.
#[derive(Clone)]
struct Placed {
    pod: Name,
    node: Name,
    load: Load,
    started: Option<Time>,
    preempted: bool,
    /// Of its specification, as long as what it weighs can be seen from that.
    generation: Option<i64>,
}

impl Placed {
    fn occupant(&self, uid: Uid) -> Occupant {
        let pod = Key::of::<Pod>(&self.load.alike.namespace, &self.pod);
        Occupant { pod, uid, load: self.load.clone(), started: self.started, preempted: self.preempted }
    }
}

fn labels(pod: &Pod) -> &Labels {
    static NONE: Labels = Labels::new();
    pod.metadata.labels.as_ref().unwrap_or(&NONE)
}

fn started(pod: &Pod) -> Option<Time> {
    pod.status.as_ref().and_then(|s| s.start_time.as_ref()).map(Time::from_meta)
}

fn generation(pod: &Pod) -> Option<i64> {
    pods::takes_what_it_requests(pod).then_some(pod.metadata.generation.unwrap_or(0))
}

fn is_choosy(load: &Load) -> bool {
    load.alike.special.as_ref().is_some_and(Special::is_choosy)
}

/// One less of it; what there is none of is not listed.
fn count_off<K: Ord>(counts: &mut BTreeMap<K, usize>, of: &K) {
    if let Some(count) = counts.get_mut(of) {
        *count -= 1;
        if *count == 0 {
            counts.remove(of);
        }
    }
}

impl Cache {
    pub fn set_node(&mut self, o: &Arc<Object>) {
        let at = match self.find(o.name()) {
            Ok(at) => {
                self.count_images(at, -1);
                Arc::make_mut(&mut self.nodes[at]).set_object(o.clone(), &mut self.places);
                at
            }
            Err(at) => {
                // Its pods may be known before it, or have outlived it while it was away.
                let mut fresh = NodeInfo::new(o.clone(), &mut self.places);
                self.standing(o.name()).for_each(|(_, p)| fresh.add(&p.load));
                self.nodes.insert(at, Arc::new(fresh));
                self.names = OnceLock::new();
                at
            }
        };
        self.count_images(at, 1);
    }

    pub fn remove_node(&mut self, name: &str) {
        if let Ok(at) = self.find(name) {
            self.count_images(at, -1);
            self.nodes.remove(at);
            self.names = OnceLock::new();
        }
    }

    /// The pods that stand on a node.
    fn standing(&self, node: &str) -> impl Iterator<Item = (Uid, &Placed)> {
        let here = self.on.get(node).into_iter().flatten();
        here.filter_map(|uid| Some((*uid, self.placed.get(uid)?)))
    }

    /// Where a node is, or where it belongs.
    fn find(&self, name: &str) -> Result<usize, usize> {
        self.nodes.binary_search_by(|n| (*n.name).cmp(name))
    }

    fn node_mut(&mut self, name: &str) -> Option<&mut NodeInfo> {
        self.find(name).ok().map(|at| Arc::make_mut(&mut self.nodes[at]))
    }

    fn count_images(&mut self, at: usize, by: i64) {
        for image in self.nodes[at].images.keys() {
            *self.images.entry(image.clone()).or_insert(0) += by;
        }
        self.images.retain(|_, nodes| *nodes > 0);
    }

    fn share(&mut self, pod: &Pod) -> Arc<Alike> {
        let (labels, leaving, special) = (labels(pod), pod.is_deleting(), Special::of(pod));
        let known = self.alike.get(pod.namespace());
        let known = known.and_then(|of_namespace| of_namespace[usize::from(leaving)].get(labels, &special));
        if let Some(known) = known {
            return known.clone();
        }
        let (namespace, labels) = (Name::from(pod.namespace()), labels.clone());
        let fresh = Arc::new(Alike { namespace: namespace.clone(), labels, leaving, special });
        self.alike.entry(namespace).or_default()[usize::from(leaving)].insert(fresh.clone());
        fresh
    }

    /// What a pod weighs, wherever it stands.
    pub fn load(&mut self, pod: &Pod) -> Load {
        Load::of(pod, self.share(pod))
    }

    /// Notes that a pod stands on a node.
    pub fn place(&mut self, o: &Arc<Object>, node: &str) {
        let Some(pod) = o.get::<Pod>() else { return };
        let uid = o.marks().uid;
        let (started, preempted, generation) = (started(pod), is_preempted(pod), generation(pod));
        if let Some(old) = self.placed.get(&uid) {
            let alike = &old.load.alike;
            let weighs_the_same = generation.is_some() && old.generation == generation;
            if &*old.node == node
                && weighs_the_same
                && alike.labels == *labels(pod)
                && alike.leaving == pod.is_deleting()
            {
                if (old.started, old.preempted) != (started, preempted)
                    && let Some(old) = self.placed.get_mut(&uid)
                {
                    (old.started, old.preempted) = (started, preempted);
                }
                return;
            }
            self.remove(uid);
        }
        let load = self.load(pod);
        let placed = Placed { pod: pod.name().into(), node: node.into(), load, started, preempted, generation };
        if is_choosy(&placed.load) {
            *self.choosy.entry(placed.node.clone()).or_default() += 1;
        }
        *self.priorities.entry(placed.load.priority).or_default() += 1;
        if let Some(n) = self.node_mut(node) {
            n.add(&placed.load);
        }
        self.on.entry(node.into()).or_default().insert(uid);
        self.placed.insert(uid, placed);
    }

    /// Whether it stands somewhere, or is taken to.
    pub fn holds(&self, uid: Uid) -> bool {
        self.placed.contains_key(&uid)
    }

    pub fn remove(&mut self, uid: Uid) -> bool {
        let Some(p) = self.placed.remove(&uid) else { return false };
        if is_choosy(&p.load) {
            count_off(&mut self.choosy, &p.node);
        }
        count_off(&mut self.priorities, &p.load.priority);
        if let Some(n) = self.node_mut(&p.node) {
            n.remove(&p.load);
        }
        if let Some(here) = self.on.get_mut(&p.node) {
            here.remove(&uid);
            if here.is_empty() {
                self.on.remove(&p.node);
            }
        }
        true
    }

    pub fn snapshot<'a>(&'a self, known: &'a Known) -> Snapshot<'a> {
        let names = self.names.get_or_init(|| self.nodes.iter().map(|n| n.name.clone()).collect());
        Snapshot { nodes: &self.nodes, names, images: &self.images, choosy: &self.choosy, known }
    }

    pub fn node(&self, name: &str) -> Option<&NodeInfo> {
        self.find(name).ok().map(|at| &*self.nodes[at])
    }

    /// Pods of less than that priority on a node.
    pub fn below(&self, priority: i32, node: &str) -> Vec<Occupant> {
        if self.priorities.keys().next().is_none_or(|least| *least >= priority) {
            return vec![];
        }
        self.standing(node).filter(|(_, p)| p.load.priority < priority).map(|(uid, p)| p.occupant(uid)).collect()
    }

    /// Takes a pod's change in. Tells whether room was made.
    pub fn observe(&mut self, o: &Arc<Object>, deleted: bool) -> bool {
        let Some(pod) = o.get::<Pod>() else { return false };
        if deleted || pods::is_terminal(pod) {
            return self.remove(o.marks().uid);
        }
        let node = pods::node(pod);
        if !node.is_empty() {
            self.place(o, node);
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_that_nobody_is_of_any_more_are_forgotten_and_the_others_are_not_swept_again_and_again() {
        let sort = |i: usize| {
            let labels = [("n".to_string(), i.to_string())].into();
            Arc::new(Alike { namespace: "d".into(), labels, leaving: false, special: None })
        };
        let mut all = Labelled::default();
        let kept: Vec<Arc<Alike>> = (0..3 * FEW).map(sort).collect();
        kept.iter().for_each(|s| all.insert(s.clone()));
        assert_eq!((all.count, all.left), (3 * FEW, 2 * FEW), "one sweep, in vain");
        drop(kept);
        (3 * FEW..5 * FEW).for_each(|i| all.insert(sort(i)));
        assert!(all.count < 2 * FEW, "{} of {}", all.count, 5 * FEW);
        assert_eq!(all.by_labels.len(), all.count);
    }
}
