//! The number of writers that are remembered is limited: the oldest become one.
//!
//! Real Kubernetes: apimachinery/pkg/util/managedfields/internal/capmanagers.go.

use std::collections::BTreeMap;

use super::owners::{Manager, Operation, Owned, Owners};

/// Writers that are remembered by name; those who apply are not counted.
const MAX_UPDATERS: usize = 10;
/// Who is said to own what writers own that are not remembered.
const BUCKET: &str = "ancient-changes";

pub(super) fn cap(mut owners: Owners) -> Owners {
    let seconds = |o: &Owned| o.time.map_or(0, |t| t.nanos() / 1_000_000_000);
    let mut updaters: Vec<(u64, String, Manager)> = owners
        .0
        .iter()
        .filter(|(m, _)| m.operation == Operation::Update)
        .map(|(m, o)| (seconds(o), m.identifier(), m.clone()))
        .collect();
    let mut count = updaters.len();
    updaters.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    // The first of a version is only merged when a second one shows up: one alone saves nothing.
    let mut first_of: BTreeMap<String, Manager> = BTreeMap::new();
    for (_, _, manager) in updaters {
        if count <= MAX_UPDATERS {
            break;
        }
        let Some(version) = owners.0.get(&manager).map(|o| o.api_version.clone()) else { continue };
        let Some(first) = first_of.get(&version) else {
            first_of.insert(version, manager);
            continue;
        };
        let bucket = Manager::new(Operation::Update, BUCKET, &version, "");
        // Real Kubernetes: a bucket that is not the oldest of its version is merged into itself and then dropped.
        if manager == bucket {
            owners.0.remove(&bucket);
            count -= 1;
            continue;
        }
        let before = match owners.0.remove(&bucket) {
            Some(before) => Some(before),
            None => owners.0.remove(first),
        };
        let Some(own) = owners.0.remove(&manager) else { continue };
        let fields = before.map_or_else(|| own.fields.clone(), |b| own.fields.union(&b.fields));
        owners.0.insert(bucket, Owned { fields, ..own });
        count -= 1;
    }
    owners
}
