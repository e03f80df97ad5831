//! Which pods go first when there are too many: those that have done the least. Of an indexed Job first all that have no number, one
//! that the Job does not have, or one that another pod has too.
//! Real Kubernetes: pkg/controller/job/job_controller.go activePodsForRemoval.

use std::collections::BTreeMap;

use k8s_openapi::api::batch::v1::JobSpec;

use super::facts::valid_index;
use crate::api::kinds::Pod;
use crate::api::kinds::job::spec::is_indexed;
use crate::client::ranking::Standing;

pub fn first_to_go<'a>(active: &[&'a Pod], at_least: usize, spec: &JobSpec) -> Vec<&'a Pod> {
    let (mut go, mut stay) = if is_indexed(spec) { superfluous(active, spec) } else { (vec![], active.to_vec()) };
    if go.len() < at_least {
        stay.sort_by_cached_key(|p| Standing::of(p));
        go.extend(stay.into_iter().take(at_least - go.len()));
    }
    go
}

/// Those that must go in any case, and the others.
fn superfluous<'a>(active: &[&'a Pod], spec: &JobSpec) -> (Vec<&'a Pod>, Vec<&'a Pod>) {
    let mut by_index: BTreeMap<i32, Vec<&Pod>> = BTreeMap::new();
    let (mut go, mut stay) = (vec![], vec![]);
    for p in active {
        match valid_index(p, spec) {
            Some(i) => by_index.entry(i).or_default().push(p),
            None => go.push(*p),
        }
    }
    for mut same in by_index.into_values() {
        same.sort_by_cached_key(|p| Standing::of(p));
        stay.extend(same.pop());
        go.extend(same);
    }
    (go, stay)
}
