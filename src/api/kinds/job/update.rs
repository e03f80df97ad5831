//! What may not change in a Job.
//! Real Kubernetes: pkg/apis/batch/validation/validation.go ValidateJobSpecUpdate, pkg/registry/batch/job/strategy.go.

use k8s_openapi::api::batch::v1::JobSpec;
use k8s_openapi::api::core::v1::{Container, PodSpec, PodTemplateSpec};
use serde::Serialize;

use super::{Job, conditions, has, spec};
use crate::api::field::{FieldErrors, Path};
use crate::api::{canonical, internal, names};

/// The new Job was judged before; Kubernetes judges its spec once more.
pub fn validate(new: &Job, old: &Job, errors: &mut FieldErrors) {
    names::validate_meta_update(&new.metadata, &old.metadata, errors);
    let (Some(n), Some(o)) = (&new.spec, &old.spec) else { return };
    let at = Path::new("spec");
    spec::validate_whole_spec(n, Some(&o.template), &at, errors);
    validate_completions(n, o, &at, errors);
    if !canonical::equal(&n.selector, &o.selector, "meta/v1.LabelSelector") {
        errors.invalid_struct(&at.child("selector"), spec::shown(n.selector.as_ref()), "field is immutable");
    }
    validate_template(&n.template, old, o, &at, errors);
    errors.immutable(&at.child("completionMode"), &n.completion_mode, &o.completion_mode);
    let (new_policy, old_policy) = (&n.pod_failure_policy, &o.pod_failure_policy);
    stays(new_policy, old_policy, "batch/v1.PodFailurePolicy", &at.child("podFailurePolicy"), errors);
    errors.immutable(&at.child("backoffLimitPerIndex"), &n.backoff_limit_per_index, &o.backoff_limit_per_index);
    errors.immutable(&at.child("managedBy"), &n.managed_by, &o.managed_by);
    let (new_policy, old_policy) = (&n.success_policy, &o.success_policy);
    stays(new_policy, old_policy, "batch/v1.SuccessPolicy", &at.child("successPolicy"), errors);
}

/// A struct may not become another one; the whole of it is shown.
fn stays<T: Serialize + PartialEq>(new: &T, old: &T, of: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    if !canonical::equal(new, old, of) {
        errors.invalid_struct(at, internal::shown(new, of), "field is immutable");
    }
}

/// How many pods must succeed is settled, unless each has its index and runs beside the others.
fn validate_completions(new: &JobSpec, old: &JobSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    let here = at.child("completions");
    if !spec::is_indexed(new) {
        errors.immutable(&here, &new.completions, &old.completions);
        return;
    }
    let changed = new.completions.filter(|_| new.completions != old.completions);
    if let Some(n) = changed.filter(|_| new.completions != new.parallelism) {
        errors.invalid(&here, n, "can only be modified in tandem with spec.parallelism");
    }
}

/// A template may not change. Of a suspended Job that runs no pods it may in so far as it says where they run and what they
/// need.
fn validate_template(new: &PodTemplateSpec, job: &Job, old: &JobSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    let suspended = old.suspend == Some(true);
    let status = job.status.as_ref();
    let stopped = status.is_none_or(|s| s.start_time.is_none())
        || has(conditions(status), "Suspended", "True");
    let movable = suspended && stopped && status.and_then(|s| s.active).unwrap_or(0) == 0;
    let mut allowed = old.template.clone();
    if movable {
        allow_placement(&mut allowed, new);
    }
    match (&new.spec, allowed.spec) {
        (Some(n), Some(mut o)) if movable => {
            allow_resources(&mut o, n);
            let at = at.child("template.spec");
            stays(n, &o, "core/v1.PodSpec", &at, errors);
        }
        (_, spec) => {
            let allowed = PodTemplateSpec { spec, ..allowed };
            stays(new, &allowed, "core/v1.PodTemplateSpec", &at.child("template"), errors);
        }
    }
}

fn allow_placement(allowed: &mut PodTemplateSpec, new: &PodTemplateSpec) {
    if let (Some(o), Some(n)) = (&mut allowed.spec, &new.spec) {
        allow_node_affinity(o, n);
        o.node_selector.clone_from(&n.node_selector);
        o.tolerations.clone_from(&n.tolerations);
        o.scheduling_gates.clone_from(&n.scheduling_gates);
    }
    let (o, n) = (allowed.metadata.get_or_insert_default(), new.metadata.clone().unwrap_or_default());
    o.annotations = n.annotations;
    o.labels = n.labels;
}

fn allow_node_affinity(allowed: &mut PodSpec, new: &PodSpec) {
    let nodes = new.affinity.as_ref().and_then(|a| a.node_affinity.clone());
    match &new.affinity {
        Some(_) => allowed.affinity.get_or_insert_default().node_affinity = nodes,
        None => {
            if let Some(a) = &mut allowed.affinity {
                a.node_affinity = None;
            }
            // It may go if there was nothing else in it.
            allowed.affinity = allowed.affinity.take().filter(|a| *a != Default::default());
        }
    }
}

fn allow_resources(allowed: &mut PodSpec, new: &PodSpec) {
    allow_each(&mut allowed.containers, &new.containers);
    allow_each(
        allowed.init_containers.as_deref_mut().unwrap_or_default(),
        new.init_containers.as_deref().unwrap_or_default(),
    );
}

fn allow_each(allowed: &mut [Container], new: &[Container]) {
    if allowed.len() != new.len() {
        return;
    }
    for (o, n) in allowed.iter_mut().zip(new).filter(|(o, n)| o.name == n.name) {
        o.resources.clone_from(&n.resources);
    }
}
