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

/// The nodes of a fleet, with the machines that may join. A machine that is switched off is still there.
#[derive(Clone, Debug)]
pub struct Nodes {
    all: Vec<NodeState>,
    by_name: BTreeMap<Arc<str>, usize>,
}

impl Nodes {
    pub fn new(configs: Vec<NodeConfig>) -> Nodes {
        let mut all: Vec<NodeState> = configs.into_iter().map(NodeState::new).collect();
        all.sort_by(|a, b| a.config.name.cmp(&b.config.name));
        let by_name = all.iter().enumerate().map(|(number, n)| (Arc::from(n.config.name.as_str()), number)).collect();
        Nodes { all, by_name }
    }

    pub fn find(&self, name: &str) -> Option<NodeRef> {
        let (name, number) = self.by_name.get_key_value(name)?;
        Some(NodeRef { number: *number, name: name.clone() })
    }

    pub fn at(&self, node: &NodeRef) -> &NodeState {
        &self.all[node.number]
    }

    pub fn at_mut(&mut self, node: &NodeRef) -> &mut NodeState {
        &mut self.all[node.number]
    }

    pub fn get(&self, name: &str) -> Option<&NodeState> {
        self.by_name.get(name).map(|number| &self.all[*number])
    }

    pub fn get_mut(&mut self, name: &str) -> Option<&mut NodeState> {
        self.by_name.get(name).map(|number| &mut self.all[*number])
    }

    /// By name.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut NodeState> {
        self.all.iter_mut()
    }

    pub fn count(&self) -> usize {
        self.all.len()
    }
}
