//! A set of places in an object, as a tree: who owns what is such a set.
//!
//! Real Kubernetes: sigs.k8s.io/structured-merge-diff/fieldpath/set.go. There the members of a level and the levels
//! below are two lists; here a node carries both.

use std::cmp::Ordering;
use std::fmt;

use super::element::{Path, PathElement, path_text};
use super::schema::Schema;

/// A set of paths. Its nodes are in the order of their elements, and none is without meaning: each is a member or has
/// members below it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct FieldSet {
    pub(super) nodes: Vec<Node>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Node {
    pub at: PathElement,
    pub member: bool,
    pub below: FieldSet,
}

impl Node {
    fn some(self) -> Option<Node> {
        (self.member || !self.below.is_empty()).then_some(self)
    }
}

impl FieldSet {
    /// The set of these paths, each given by the names of its fields.
    pub fn of_fields(paths: &[&[&str]]) -> FieldSet {
        let mut set = FieldSet::default();
        for path in paths {
            set.insert(&path.iter().map(|name| PathElement::field(name)).collect::<Path>());
        }
        set
    }

    /// The set of one path.
    pub fn of(path: &[PathElement]) -> FieldSet {
        let mut set = FieldSet::default();
        set.insert(path);
        set
    }

    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    pub fn len(&self) -> usize {
        self.nodes.iter().map(|n| usize::from(n.member) + n.below.len()).sum()
    }

    /// Adds a path. The empty one stands for the whole object, which nobody owns.
    pub fn insert(&mut self, path: &[PathElement]) {
        let [first, rest @ ..] = path else { return };
        let node = self.node_mut(first);
        match rest {
            [] => node.member = true,
            _ => node.below.insert(rest),
        }
    }

    /// The node of that element, made if there is none: the caller gives it a meaning.
    pub(super) fn node_mut(&mut self, at: &PathElement) -> &mut Node {
        let i = match self.nodes.binary_search_by(|n| n.at.cmp(at)) {
            Ok(i) => i,
            Err(i) => {
                self.nodes.insert(i, Node { at: at.clone(), member: false, below: FieldSet::default() });
                i
            }
        };
        &mut self.nodes[i]
    }

    fn node(&self, at: &PathElement) -> Option<&Node> {
        self.nodes.binary_search_by(|n| n.at.cmp(at)).ok().map(|i| &self.nodes[i])
    }

    /// Whether the element itself is in the set.
    pub fn has(&self, at: &PathElement) -> bool {
        self.node(at).is_some_and(|n| n.member)
    }

    pub fn has_path(&self, path: &[PathElement]) -> bool {
        match path {
            [] => false,
            [last] => self.has(last),
            [first, rest @ ..] => self.node(first).is_some_and(|n| n.below.has_path(rest)),
        }
    }

    /// What of the set lies below the element; nothing if nothing does.
    pub fn below(&self, at: &PathElement) -> Option<&FieldSet> {
        self.node(at).map(|n| &n.below).filter(|s| !s.is_empty())
    }

    pub fn union(&self, other: &FieldSet) -> FieldSet {
        self.zip(other, |a, b| match (a, b) {
            (Some(a), Some(b)) => {
                Some(Node { at: a.at.clone(), member: a.member || b.member, below: a.below.union(&b.below) })
            }
            (one, two) => one.or(two).cloned(),
        })
    }

    pub fn intersection(&self, other: &FieldSet) -> FieldSet {
        self.zip(other, |a, b| {
            let (a, b) = (a?, b?);
            Node { at: a.at.clone(), member: a.member && b.member, below: a.below.intersection(&b.below) }.some()
        })
    }

    /// What is in this set and not in the other; what lies below a member of the other stays.
    pub fn difference(&self, other: &FieldSet) -> FieldSet {
        self.zip(other, |a, b| {
            let a = a?;
            let Some(b) = b else { return Some(a.clone()) };
            Node { at: a.at.clone(), member: a.member && !b.member, below: a.below.difference(&b.below) }.some()
        })
    }

    /// The same, but a member of the other takes all that lies below it with it.
    pub fn recursive_difference(&self, other: &FieldSet) -> FieldSet {
        self.zip(other, |a, b| {
            let a = a?;
            match b {
                None => Some(a.clone()),
                Some(b) if b.member => None,
                Some(b) => {
                    let below = a.below.recursive_difference(&b.below);
                    Node { at: a.at.clone(), member: a.member, below }.some()
                }
            }
        })
    }

    /// The members that have no members below them.
    pub fn leaves(&self) -> FieldSet {
        let leaf =
            |n: &Node| Node { at: n.at.clone(), member: n.member && n.below.is_empty(), below: n.below.leaves() };
        FieldSet { nodes: self.nodes.iter().filter_map(|n| leaf(n).some()).collect() }
    }

    /// The set with every declared field on the way to a member made a member: what is removed below a struct leaves
    /// the struct itself in place.
    pub fn with_named_fields(&self, schema: Schema<'_>) -> FieldSet {
        let atom = schema.resolve();
        let node = |n: &Node| {
            let (declared, inner) = match (&n.at, &atom.map, &atom.list) {
                (PathElement::Field(name), Some(map), _) => {
                    let field = map.field(name);
                    (field.is_some(), field.unwrap_or_else(|| map.element()))
                }
                (PathElement::Key(_), _, Some(list)) => (false, list.element()),
                _ => (false, Schema::Nothing),
            };
            let member = n.member || (declared && !n.below.is_empty());
            Node { at: n.at.clone(), member, below: n.below.with_named_fields(inner) }
        };
        FieldSet { nodes: self.nodes.iter().map(node).collect() }
    }

    /// All paths: those that end on a level before those that go on below it.
    pub fn paths(&self) -> Vec<Path> {
        let mut out = vec![];
        self.collect(&mut vec![], &mut out);
        out
    }

    fn collect(&self, prefix: &mut Path, out: &mut Vec<Path>) {
        for n in self.nodes.iter().filter(|n| n.member) {
            out.push(prefix.iter().chain([&n.at]).cloned().collect());
        }
        for n in &self.nodes {
            prefix.push(n.at.clone());
            n.below.collect(prefix, out);
            prefix.pop();
        }
    }

    /// Walks both sets in the order of their elements.
    fn zip(&self, other: &FieldSet, mut join: impl FnMut(Option<&Node>, Option<&Node>) -> Option<Node>) -> FieldSet {
        let (mut a, mut b) = (self.nodes.iter().peekable(), other.nodes.iter().peekable());
        let mut nodes = vec![];
        loop {
            let turn = match (a.peek(), b.peek()) {
                (None, None) => return FieldSet { nodes },
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(x), Some(y)) => x.at.cmp(&y.at),
            };
            nodes.extend(match turn {
                Ordering::Less => join(a.next(), None),
                Ordering::Greater => join(None, b.next()),
                Ordering::Equal => join(a.next(), b.next()),
            });
        }
    }
}

impl fmt::Display for FieldSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.paths().iter().map(|p| path_text(p)).collect::<Vec<_>>().join("\n"))
    }
}
