//! An apply would change what others own: what the server says then.
//!
//! Real Kubernetes: apimachinery/pkg/util/managedfields/internal/conflict.go.

use std::collections::BTreeMap;

use super::element::{Path, path_text};
use super::owners::{Manager, Operation};
use super::set::FieldSet;
use crate::api::go_text::quoted;
use crate::api::status::{Cause, Details, Reason, Status};

/// The managers that own what would change, and which of it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Conflicts(pub Vec<(Manager, FieldSet)>);

impl Conflicts {
    pub fn fields(&self) -> FieldSet {
        self.0.iter().fold(FieldSet::default(), |all, (_, set)| all.union(set))
    }

    /// The conflicts about other fields than those.
    pub(super) fn without(&self, allowed: &FieldSet) -> Conflicts {
        let left = self.0.iter().map(|(m, set)| (m.clone(), set.difference(allowed)));
        Conflicts(left.filter(|(_, set)| !set.is_empty()).collect())
    }

    pub fn status(&self) -> Status {
        let by_manager: BTreeMap<String, (&Manager, Vec<Path>)> =
            self.0.iter().map(|(m, set)| (m.identifier(), (m, set.paths()))).collect();
        let causes: Vec<Cause> = by_manager
            .values()
            .flat_map(|(m, paths)| paths.iter().map(move |p| (m, p)))
            .map(|(m, path)| Cause {
                reason: "FieldManagerConflict".into(),
                message: format!("conflict with {}", shown(m)),
                field: path_text(path),
            })
            .collect();
        let message = if let [only] = causes.as_slice() {
            format!("Apply failed with 1 conflict: {}: {}", only.message, only.field)
        } else {
            let lines = by_manager.values().flat_map(|(m, paths)| {
                let fields = paths.iter().map(|p| format!("- {}", path_text(p)));
                [format!("conflicts with {}:", shown(m))].into_iter().chain(fields)
            });
            format!("Apply failed with {} conflicts: {}", causes.len(), lines.collect::<Vec<_>>().join("\n"))
        };
        let details = Some(Box::new(Details { causes, ..Details::default() }));
        Status { reason: Reason::Conflict, message, details, warnings: vec![], own: None }
    }
}

/// `"kubectl-edit" with subresource "status" using apps/v1`
fn shown(m: &Manager) -> String {
    let mut out = quoted(&m.name);
    if !m.subresource.is_empty() {
        out += &format!(" with subresource {}", quoted(&m.subresource));
    }
    if m.operation == Operation::Update {
        out += &format!(" using {}", m.api_version);
    }
    out
}
