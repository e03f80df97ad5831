//! Which places a request may come to own: the server resets the others to what they were, whatever is asked for.
//! Somebody who writes the status does not own the spec that lay beside it.
//!
//! Real Kubernetes: the `GetResetFields` of the strategies in pkg/registry. The filters that pods have for
//! `ephemeralcontainers` and `resize` do not reach the field manager.

use super::set::FieldSet;

#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Filter {
    #[default]
    All,
    /// All but these and what lies below them.
    Without(FieldSet),
}

impl Filter {
    pub fn without(paths: &[&[&str]]) -> Filter {
        Filter::Without(FieldSet::of_fields(paths))
    }

    pub fn keep(&self, set: FieldSet) -> FieldSet {
        match self {
            Filter::All => set,
            Filter::Without(reset) => set.recursive_difference(reset),
        }
    }
}
