//! Sets of places that were made under an older schema: where a list or map has since become one value, whoever owned
//! something in it owns the whole.
//!
//! Real Kubernetes: sigs.k8s.io/structured-merge-diff/typed/reconcile_schema.go.

use super::element::{Path, PathElement};
use super::schema::{ListKind, Map, Schema};
use super::set::{FieldSet, Node};

/// The set as the schema has it now; nothing if it is so already.
pub(super) fn reconcile(set: &FieldSet, schema: Schema<'_>) -> Option<FieldSet> {
    let mut walk = Walk { path: vec![], whole: FieldSet::default() };
    walk.visit(Some(set), schema, false);
    (!walk.whole.is_empty()).then(|| set.recursive_difference(&walk.whole).union(&walk.whole))
}

struct Walk {
    path: Path,
    /// The places that have become one value.
    whole: FieldSet,
}

impl Walk {
    /// `owned` says that the place is owned as one value already.
    fn visit(&mut self, set: Option<&FieldSet>, schema: Schema<'_>, owned: bool) {
        let atom = schema.resolve();
        if let Some(map) = atom.map {
            self.visit_map(set, &map, owned);
        } else if atom.scalar.is_none()
            && let Some(list) = atom.list
        {
            if matches!(list.kind, ListKind::Atomic) && !owned {
                self.whole.insert(&self.path);
            } else {
                self.each(set, |_| Some(list.element()));
            }
        }
    }

    fn visit_map(&mut self, set: Option<&FieldSet>, map: &Map<'_>, owned: bool) {
        if map.is_untyped() {
            return;
        }
        if map.atomic && !owned {
            if set.is_some_and(|s| !s.is_empty()) {
                self.whole.insert(&self.path);
            }
            return;
        }
        self.each(set, |at| {
            let inner = match at {
                PathElement::Field(name) => map.at(name),
                _ => map.element(),
            };
            (!matches!(inner, Schema::Nothing)).then_some(inner)
        });
    }

    fn each<'a>(&mut self, set: Option<&FieldSet>, schema: impl Fn(&PathElement) -> Option<Schema<'a>>) {
        for Node { at, member, below } in set.into_iter().flat_map(|s| &s.nodes) {
            let Some(inner) = schema(at) else { continue };
            self.path.push(at.clone());
            let below = Some(below).filter(|s| !s.is_empty());
            self.visit(below, inner, *member && below.is_none());
            self.path.pop();
        }
    }
}
