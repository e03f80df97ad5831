//! apps/v1 DaemonSet: names, defaults, validation, columns, update rules.
//! Real Kubernetes: pkg/apis/apps/v1/defaults.go SetDefaults_DaemonSet, pkg/apis/apps/v1/conversion.go, pkg/apis/apps/validation,
//! pkg/registry/apps/daemonset.

use k8s_openapi::api::core::v1::{PodSpec, PodTemplateSpec};
use k8s_openapi::api::apps::v1::{DaemonSetSpec, DaemonSetStatus, DaemonSetUpdateStrategy, RollingUpdateDaemonSet};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::DaemonSet;
use super::updates::keep;
use super::{pod_spec, workload};
use crate::api::field::{FieldErrors, Path};
use crate::api::kind::{Kind, Subresource};
use crate::api::selector::labels_text;
use crate::api::table::{Cell, Column};
use crate::api::{canonical, go_text, int_or_string, internal, names};

pub static KIND: Kind<DaemonSet> = Kind {
    short_names: &["ds"],
    categories: &["all"],
    subresources: &[Subresource::Status],
    generation: true,
    before_decoding: workload::mark_empty_selector,
    unconvertible: |d| go_text::unreadable_int(d.metadata.annotations.as_ref()?.get(TEMPLATE_GENERATION)?),
    defaults,
    prepare_create: |d| {
        d.status = Some(Default::default());
        set_template_generation(d, template_generation(d).max(1));
        pod_spec::drop_disabled_of_template(template_mut(d), None);
    },
    prepare_update,
    prepare_status: |new, old| {
        keep(&mut new.spec, &old.spec);
        set_template_generation(new, template_generation(old));
    },
    spec_changed: |new, old| !canonical::equal(&new.spec, &old.spec, "apps/v1.DaemonSetSpec"),
    validate: |d, errors| {
        if let Some(spec) = &d.spec {
            validate_spec(spec, None, errors);
        }
    },
    validate_update: |new, old, errors| {
        names::validate_meta_update(&new.metadata, &old.metadata, errors);
        if let (Some(n), Some(o)) = (&new.spec, &old.spec) {
            let at = Path::new("spec");
            workload::validate_selector_stays(&n.selector, &o.selector, &at.child("selector"), errors);
            validate_spec(n, Some(&o.template), errors);
        }
    },
    update_judges_alone: true,
    validate_status,
    warnings,
    columns: &[
        Column::name(),
        Column::int("Desired", "The total number of nodes that should be running the daemon pod (including nodes correctly running the daemon pod). More info: https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/", |d, _| Cell::from(status(d, |s| s.desired_number_scheduled))),
        Column::int("Current", "The number of nodes that are running at least 1 daemon pod and are supposed to run the daemon pod. More info: https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/", |d, _| Cell::from(status(d, |s| s.current_number_scheduled))),
        Column::int("Ready", "numberReady is the number of nodes that should be running the daemon pod and have one or more of the daemon pod running with a Ready Condition.", |d, _| Cell::from(status(d, |s| s.number_ready))),
        Column::int("Up-to-date", "The total number of nodes that are running updated daemon pod", |d, _| Cell::from(status(d, |s| s.updated_number_scheduled.unwrap_or(0)))),
        Column::int("Available", "The number of nodes that should be running the daemon pod and have one or more of the daemon pod running and available (ready for at least spec.minReadySeconds)", |d, _| Cell::from(status(d, |s| s.number_available.unwrap_or(0)))),
        Column::text("Node Selector", "NodeSelector is a selector which must be true for the pod to fit on a node. Selector which must match a node's labels for the pod to be scheduled on that node. More info: https://kubernetes.io/docs/concepts/configuration/assign-pod-node/", |d, _| Cell::from(labels_text(template(d).and_then(|t| t.node_selector.as_ref()), "<none>"))),
        Column::age(),
        Column::wide_text("Containers", "Names of each container in the template.", |d, _| Cell::from(pod_spec::container_names(template(d)))),
        Column::wide_text("Images", "Images referenced by each container in the template.", |d, _| Cell::from(pod_spec::images(template(d)))),
        Column::wide_text("Selector", "A label query over pods that are managed by the daemon set. Must match in order to be controlled. It must match the pod template's labels. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors", |d, _| Cell::from(workload::selector_text(d.spec.as_ref().map(|s| &s.selector)))),
    ],
    ..Kind::new(("apps", "v1"), "DaemonSet", "daemonsets", "daemonset")
};

fn status(d: &DaemonSet, pick: impl Fn(&DaemonSetStatus) -> i32) -> i32 {
    d.status.as_ref().map_or(0, pick)
}

fn template(d: &DaemonSet) -> Option<&PodSpec> {
    d.spec.as_ref()?.template.spec.as_ref()
}

fn defaults(d: &mut DaemonSet) {
    // Whoever sends one has sent this, too.
    set_template_generation(d, template_generation(d));
    let spec = d.spec.get_or_insert_default();
    pod_spec::default_template(&mut spec.template);
    let strategy = spec.update_strategy.get_or_insert_default();
    if strategy.type_.as_deref().unwrap_or("").is_empty() {
        strategy.type_ = Some("RollingUpdate".into());
    }
    if strategy.type_.as_deref() == Some("RollingUpdate") {
        let rolling = strategy.rolling_update.get_or_insert_default();
        rolling.max_unavailable.get_or_insert(IntOrString::Int(1));
        rolling.max_surge.get_or_insert(IntOrString::Int(0));
    }
    spec.revision_history_limit.get_or_insert(10);
}

/// A number of the spec that the published type no longer has, so that it is shown as an annotation.
const TEMPLATE_GENERATION: &str = "deprecated.daemonset.template.generation";

/// How often the template has changed, if that is known.
pub fn known_generation(d: &DaemonSet) -> Option<i64> {
    d.metadata.annotations.as_ref()?.get(TEMPLATE_GENERATION)?.parse().ok()
}

fn template_generation(d: &DaemonSet) -> i64 {
    known_generation(d).unwrap_or(0)
}

fn set_template_generation(d: &mut DaemonSet, n: i64) {
    d.metadata.annotations.get_or_insert_default().insert(TEMPLATE_GENERATION.into(), n.to_string());
}

fn template_mut(d: &mut DaemonSet) -> Option<&mut PodTemplateSpec> {
    d.spec.as_mut().map(|s| &mut s.template)
}

/// A changed template is looked at, which its own generation tells.
fn warnings(new: &DaemonSet, old: Option<&DaemonSet>) -> Vec<String> {
    let changed = old.is_none_or(|o| template_generation(o) != template_generation(new));
    let Some(spec) = new.spec.as_ref().filter(|_| changed) else { return vec![] };
    pod_spec::template_warnings(&spec.template, &Path::new("spec").child("template"))
}

fn prepare_update(new: &mut DaemonSet, old: &DaemonSet) {
    new.status.clone_from(&old.status);
    pod_spec::drop_disabled_of_template(template_mut(new), old.spec.as_ref().map(|s| &s.template));
    let same = match (&new.spec, &old.spec) {
        (Some(n), Some(o)) => canonical::equal(&n.template, &o.template, "core/v1.PodTemplateSpec"),
        _ => true,
    };
    set_template_generation(new, template_generation(old) + i64::from(!same));
}

/// `old` is the template as it was.
fn validate_spec(spec: &DaemonSetSpec, old: Option<&PodTemplateSpec>, errors: &mut FieldErrors) {
    let at = Path::new("spec");
    let (here, template) = (at.child("selector"), at.child("template"));
    let before = errors.list().len();
    workload::validate_label_selector(&spec.selector, &here, errors);
    if errors.list().len() == before {
        workload::validate_selected(&workload::selects(&spec.selector), &spec.template, &template, errors);
    }
    // A missing selector selects nothing, which was said above.
    if workload::is_empty(&spec.selector) && !workload::is_missing(&spec.selector) {
        errors.invalid_struct(
            &here,
            workload::selector_shown(&spec.selector),
            "empty selector is invalid for daemonset",
        );
    }
    workload::validate_lasting_template(&spec.template, old, "DaemonSet", &template, errors);
    errors.non_negative(&at.child("minReadySeconds"), spec.min_ready_seconds.unwrap_or(0).into());
    if let Some(s) = &spec.update_strategy {
        validate_strategy(s, &at.child("updateStrategy"), errors);
    }
    errors.non_negative(&at.child("revisionHistoryLimit"), spec.revision_history_limit.unwrap_or(0).into());
}

fn validate_strategy(s: &DaemonSetUpdateStrategy, at: &Path<'_>, errors: &mut FieldErrors) {
    match (s.type_.as_deref(), &s.rolling_update) {
        (Some("OnDelete"), _) => {}
        (Some("RollingUpdate"), None) => errors.required(&at.child("rollingUpdate"), ""),
        (Some("RollingUpdate"), Some(r)) => validate_rolling_update(r, &at.child("rollingUpdate"), errors),
        _ => {
            let shown = internal::shown(s, "apps/v1.DaemonSetUpdateStrategy");
            errors.not_supported_struct(at, shown, &["RollingUpdate", "OnDelete"]);
        }
    }
}

/// Pods are either taken away before their successors come, or after.
fn validate_rolling_update(r: &RollingUpdateDaemonSet, at: &Path<'_>, errors: &mut FieldErrors) {
    let none = IntOrString::Int(0);
    let unavailable = r.max_unavailable.as_ref().unwrap_or(&none);
    let surge = r.max_surge.as_ref().unwrap_or(&none);
    let (at_unavailable, at_surge) = (at.child("maxUnavailable"), at.child("maxSurge"));
    int_or_string::validate(unavailable, &at_unavailable, errors);
    int_or_string::validate(surge, &at_surge, errors);
    int_or_string::validate_not_above_all(unavailable, &at_unavailable, errors);
    int_or_string::validate_not_above_all(surge, &at_surge, errors);
    match (int_or_string::is_zero(unavailable), int_or_string::is_zero(surge)) {
        (false, false) => {
            let shown = serde_json::to_value(surge).unwrap_or_default();
            errors.invalid(&at_surge, shown, "may not be set when maxUnavailable is non-zero");
        }
        (true, true) => errors.required(&at_unavailable, "cannot be 0 when maxSurge is 0"),
        _ => {}
    }
}

fn validate_status(new: &DaemonSet, old: &DaemonSet, errors: &mut FieldErrors) {
    let at = Path::new("status");
    let Some(s) = &new.status else { return };
    let count = |n: i32| Some(i64::from(n));
    let counts = [
        ("currentNumberScheduled", count(s.current_number_scheduled)),
        ("numberMisscheduled", count(s.number_misscheduled)),
        ("desiredNumberScheduled", count(s.desired_number_scheduled)),
        ("numberReady", count(s.number_ready)),
        ("observedGeneration", s.observed_generation),
        ("updatedNumberScheduled", s.updated_number_scheduled.map(i64::from)),
        ("numberAvailable", s.number_available.map(i64::from)),
        ("numberUnavailable", s.number_unavailable.map(i64::from)),
        ("collisionCount", s.collision_count.map(i64::from)),
    ];
    workload::validate_counts(&counts, &at, errors);
    let before = old.status.as_ref().and_then(|s| s.collision_count);
    workload::validate_collisions(s.collision_count, before, &at, errors);
}
