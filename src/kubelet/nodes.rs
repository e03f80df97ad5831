//! The nodes whose kubelets these are. A pod's worker knows its node by number: it asks for it at every step.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::reporting::{NodeConfig, NodeState};

/// One of the [`Nodes`] that gave it.
#[derive(Clone, Debug)]
pub struct NodeRef {
    number: usize,
    pub name: Arc<str>,
}

impl fmt::Display for NodeRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// The nodes of a fleet, with the machines that may join. A machine that is switched off is still there. A copy of the cluster
/// shares what has not changed since: whoever only looks should not ask for a node to change it.
#[derive(Clone, Debug)]
pub struct Nodes {
    all: Vec<Arc<NodeState>>,
    by_name: Arc<BTreeMap<Arc<str>, usize>>,
}

impl Nodes {
    pub fn new(configs: Vec<NodeConfig>) -> Nodes {
        let mut all: Vec<NodeState> = configs.into_iter().map(NodeState::new).collect();
        all.sort_by(|a, b| a.config.name.cmp(&b.config.name));
        let by_name: BTreeMap<_, _> =
            all.iter().enumerate().map(|(number, n)| (Arc::from(n.config.name.as_str()), number)).collect();
        Nodes { all: all.into_iter().map(Arc::new).collect(), by_name: Arc::new(by_name) }
    }

    pub fn find(&self, name: &str) -> Option<NodeRef> {
        let (name, number) = self.by_name.get_key_value(name)?;
        Some(NodeRef { number: *number, name: name.clone() })
    }

    pub fn at(&self, node: &NodeRef) -> &NodeState {
        &self.all[node.number]
    }

    pub fn at_mut(&mut self, node: &NodeRef) -> &mut NodeState {
        Arc::make_mut(&mut self.all[node.number])
    }

    pub fn get(&self, name: &str) -> Option<&NodeState> {
        self.by_name.get(name).map(|number| &*self.all[*number])
    }

    pub fn get_mut(&mut self, name: &str) -> Option<&mut NodeState> {
        self.by_name.get(name).map(|number| Arc::make_mut(&mut self.all[*number]))
    }

    /// By name.
    pub fn iter(&self) -> impl Iterator<Item = &NodeState> {
        self.all.iter().map(|n| &**n)
    }

    pub fn count(&self) -> usize {
        self.all.len()
    }
}
