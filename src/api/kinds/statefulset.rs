//! apps/v1 StatefulSet: names, defaults, validation, columns, update rules.
//! Real Kubernetes: pkg/apis/apps/v1/defaults.go SetDefaults_StatefulSet, pkg/apis/apps/validation, pkg/registry/apps/statefulset.

use std::borrow::Cow;

use k8s_openapi::api::apps::v1::{
    RollingUpdateStatefulSetStrategy, StatefulSetSpec, StatefulSetStatus, StatefulSetUpdateStrategy,
};
use k8s_openapi::api::core::v1::{
    PersistentVolumeClaim, PersistentVolumeClaimVolumeSource, PodSpec, PodTemplateSpec, Volume,
};

use serde_json::Value;

use super::StatefulSet;
use super::updates::keep;
use super::{persistentvolumeclaim, pod_spec, workload};
use crate::api::field::{FieldErrors, Path};
use crate::api::kind::{Kind, Scale, Subresource};
use crate::api::quantity;
use crate::api::table::{Cell, Column};
use crate::api::{canonical, int_or_string, internal, names};

pub static KIND: Kind<StatefulSet> = Kind {
    short_names: &["sts"],
    categories: &["all"],
    subresources: &[Subresource::Scale, Subresource::Status],
    generation: true,
    name_rule: names::dns1123_label,
    before_decoding: |json| {
        workload::mark_empty_selector(json);
        name_claims(json);
    },
    defaults,
    prepare_create: |s| {
        s.status = Some(Default::default());
        drop_max_unavailable(s);
        pod_spec::drop_disabled_of_template(s.spec.as_mut().map(|s| &mut s.template), None);
    },
    prepare_update: |new, old| {
        new.status.clone_from(&old.status);
        drop_max_unavailable(new);
        let was = old.spec.as_ref().map(|s| &s.template);
        pod_spec::drop_disabled_of_template(new.spec.as_mut().map(|s| &mut s.template), was);
    },
    prepare_status: |new, old| keep(&mut new.spec, &old.spec),
    spec_changed: |new, old| !canonical::equal(&new.spec, &old.spec, SPEC),
    validate: |s, errors| {
        if let Some(spec) = &s.spec {
            validate_spec(spec, None, &Leniency::default(), &Path::new("spec"), errors);
        }
    },
    validate_update,
    update_judges_alone: true,
    validate_status,
    warnings,
    columns: &[
        Column::name(),
        Column::text("Ready", "Number of the pod with ready state", |s, _| Cell::from(format!("{}/{}", status(s, |s| s.ready_replicas.unwrap_or(0)), wanted(s)))),
        Column::age(),
        Column::wide_text("Containers", "Names of each container in the template.", |s, _| Cell::from(pod_spec::container_names(template(s)))),
        Column::wide_text("Images", "Images referenced by each container in the template.", |s, _| Cell::from(pod_spec::images(template(s)))),
    ],
    scale: Some(Scale {
        replicas: wanted,
        set_replicas: |s, n| s.spec.get_or_insert_default().replicas = Some(n),
        current: |s| status(s, |s| s.replicas),
        selector: |s| s.spec.as_ref().map(|s| workload::selects(&s.selector).to_string()).unwrap_or_default(),
    }),
    ..Kind::new(("apps", "v1"), "StatefulSet", "statefulsets", "statefulset")
};

const SPEC: &str = "apps/v1.StatefulSetSpec";

fn wanted(s: &StatefulSet) -> i32 {
    s.spec.as_ref().and_then(|s| s.replicas).unwrap_or(0)
}

fn status(s: &StatefulSet, pick: impl Fn(&StatefulSetStatus) -> i32) -> i32 {
    s.status.as_ref().map_or(0, pick)
}

fn template(s: &StatefulSet) -> Option<&PodSpec> {
    s.spec.as_ref()?.template.spec.as_ref()
}

fn defaults(s: &mut StatefulSet) {
    let spec = s.spec.get_or_insert_default();
    pod_spec::default_template(&mut spec.template);
    for claim in spec.volume_claim_templates.iter_mut().flatten() {
        default_claim(claim);
    }
    let set = |text: &mut Option<String>, default: &str| {
        if text.as_deref().unwrap_or("").is_empty() {
            *text = Some(default.into());
        }
    };
    set(&mut spec.pod_management_policy, "OrderedReady");
    let strategy = spec.update_strategy.get_or_insert_default();
    if strategy.type_.as_deref().unwrap_or("").is_empty() {
        strategy.type_ = Some("RollingUpdate".into());
        strategy.rolling_update.get_or_insert_default();
    }
    if strategy.type_.as_deref() == Some("RollingUpdate")
        && let Some(rolling) = &mut strategy.rolling_update
    {
        rolling.partition.get_or_insert(0);
    }
    let retention = spec.persistent_volume_claim_retention_policy.get_or_insert_default();
    set(&mut retention.when_deleted, "Retain");
    set(&mut retention.when_scaled, "Retain");
    spec.replicas.get_or_insert(1);
    spec.revision_history_limit.get_or_insert(10);
}

/// A claim's template says of itself what it is, and is not heard: it can be nothing else.
fn name_claims(json: &mut Value) {
    let claims = json.pointer_mut("/spec/volumeClaimTemplates").and_then(Value::as_array_mut);
    for claim in claims.into_iter().flatten().filter_map(Value::as_object_mut) {
        for (key, text) in [("apiVersion", "v1"), ("kind", "PersistentVolumeClaim")] {
            claim.entry(key).and_modify(|said| *said = text.into());
        }
    }
}

/// Claims of the template are claims, and get what those get.
fn default_claim(c: &mut PersistentVolumeClaim) {
    let spec = c.spec.get_or_insert_default();
    spec.volume_mode.get_or_insert_with(|| "Filesystem".into());
    if let Some(r) = &mut spec.resources {
        for q in [&mut r.limits, &mut r.requests].into_iter().flatten().flat_map(|l| l.values_mut()) {
            q.0 = quantity::canonical(&q.0);
        }
    }
    let phase = &mut c.status.get_or_insert_default().phase;
    if phase.as_deref().unwrap_or("").is_empty() {
        *phase = Some("Pending".into());
    }
}

/// Several pods at once are only replaced with the feature MaxUnavailableStatefulSet, which is off.
fn drop_max_unavailable(s: &mut StatefulSet) {
    if let Some(r) = s.spec.as_mut().and_then(|s| s.update_strategy.as_mut()?.rolling_update.as_mut()) {
        r.max_unavailable = None;
    }
}

/// What is not judged again when something else changes.
#[derive(Default)]
struct Leniency {
    /// The service's name and the claims cannot change, so they may be as they are.
    kept: bool,
    /// The template was broken before.
    template: bool,
}

/// `old` is the template as it was.
fn validate_spec(
    spec: &StatefulSetSpec,
    old: Option<&PodTemplateSpec>,
    lenient: &Leniency,
    at: &Path<'_>, errors: &mut FieldErrors) {
    match spec.pod_management_policy.as_deref().unwrap_or("") {
        "" => errors.required(&at.child("podManagementPolicy"), ""),
        "OrderedReady" | "Parallel" => {}
        other => errors.invalid(&at.child("podManagementPolicy"), other, "must be 'OrderedReady' or 'Parallel'"),
    }
    if let Some(s) = &spec.update_strategy {
        validate_strategy(s, &at.child("updateStrategy"), errors);
    }
    if let Some(p) = &spec.persistent_volume_claim_retention_policy {
        let at = at.child("persistentVolumeClaimRetentionPolicy");
        for (name, policy) in [("whenDeleted", &p.when_deleted), ("whenScaled", &p.when_scaled)] {
            errors.one_of(&at.child(name), policy.as_deref().unwrap_or(""), &["Retain", "Delete"]);
        }
    }
    // They may not change: those that an older server took are left in peace.
    if !lenient.kept {
        let at = at.child("volumeClaimTemplates");
        for (i, claim) in spec.volume_claim_templates.iter().flatten().enumerate() {
            let claim = claim.spec.clone().unwrap_or_default();
            persistentvolumeclaim::validation::validate_spec(&claim, false, &at.index(i).child("spec"), errors);
        }
    }
    errors.non_negative(&at.child("replicas"), spec.replicas.unwrap_or(0).into());
    errors.non_negative(&at.child("minReadySeconds"), spec.min_ready_seconds.unwrap_or(0).into());
    if let Some(start) = spec.ordinals.as_ref().and_then(|o| o.start) {
        errors.non_negative(&at.child("ordinals.start"), start.into());
    }
    if let Some(name) = spec.service_name.as_deref().filter(|n| !n.is_empty() && !lenient.kept) {
        errors.invalid_each(&at.child("serviceName"), name, names::dns1123_label(name, false));
    }
    let here = at.child("selector");
    let at = at.child("template");
    if workload::validate_selector(&spec.selector, "statefulset", &here, errors) {
        let selector = workload::selects(&spec.selector);
        workload::validate_selected(&selector, &spec.template, &at, errors);
        if !lenient.template {
            pod_spec::validate_template(&template_as_used(spec), old, &at, errors);
        }
        // Kubernetes judges these twice.
        pod_spec::template::validate_marks(&spec.template, old, &at, errors);
    } else {
        errors.invalid_struct(&here, workload::selector_shown(&spec.selector), "");
    }
    workload::validate_lasting(&spec.template, "StatefulSet", &at, errors);
}

/// The template as the controller will use it: it names the host itself, and a claim goes before a volume.
fn template_as_used(spec: &StatefulSetSpec) -> Cow<'_, PodTemplateSpec> {
    let Some(pod) = &spec.template.spec else { return Cow::Borrowed(&spec.template) };
    let claims = spec.volume_claim_templates.as_deref().unwrap_or_default();
    if pod.hostname.is_none() && pod.subdomain.is_none() && claims.is_empty() {
        return Cow::Borrowed(&spec.template);
    }
    let mut pod = pod.clone();
    (pod.hostname, pod.subdomain) = (None, None);
    let mut volumes: Vec<Volume> = vec![];
    for name in claims.iter().map(|c| c.metadata.name.clone().unwrap_or_default()) {
        let source = PersistentVolumeClaimVolumeSource { claim_name: name.clone(), read_only: None };
        volumes.retain(|v| v.name != name);
        volumes.push(Volume { name, persistent_volume_claim: Some(source), ..Volume::default() });
    }
    let own = pod.volumes.take().unwrap_or_default().into_iter();
    let own: Vec<Volume> = own.filter(|v| volumes.iter().all(|claim| claim.name != v.name)).collect();
    volumes.extend(own);
    pod.volumes = Some(volumes);
    Cow::Owned(PodTemplateSpec { spec: Some(pod), ..spec.template.clone() })
}

fn validate_strategy(s: &StatefulSetUpdateStrategy, at: &Path<'_>, errors: &mut FieldErrors) {
    let here = at.child("rollingUpdate");
    match (s.type_.as_deref().unwrap_or(""), &s.rolling_update) {
        ("", _) => errors.required(at, ""),
        ("OnDelete" | "RollingUpdate", None) => {}
        ("OnDelete", Some(r)) => {
            let shown = internal::shown(r, "apps/v1.RollingUpdateStatefulSetStrategy");
            errors.invalid_struct(&here, shown, "only allowed for updateStrategy 'RollingUpdate'");
        }
        ("RollingUpdate", Some(r)) => validate_rolling_update(r, &here, errors),
        _ => {
            let shown = internal::shown(s, "apps/v1.StatefulSetUpdateStrategy");
            errors.invalid_struct(at, shown, "must be 'RollingUpdate' or 'OnDelete'");
        }
    }
}

fn validate_rolling_update(r: &RollingUpdateStatefulSetStrategy, at: &Path<'_>, errors: &mut FieldErrors) {
    errors.non_negative(&at.child("partition"), r.partition.unwrap_or(0).into());
    if let Some(v) = &r.max_unavailable {
        let at = at.child("maxUnavailable");
        int_or_string::validate(v, &at, errors);
        if int_or_string::is_zero(v) {
            errors.invalid(&at, serde_json::to_value(v).unwrap_or_default(), "cannot be 0");
        }
        int_or_string::validate_not_above_all(v, &at, errors);
    }
}

fn validate_update(new: &StatefulSet, old: &StatefulSet, errors: &mut FieldErrors) {
    names::validate_meta_update(&new.metadata, &old.metadata, errors);
    let (Some(n), Some(o)) = (&new.spec, &old.spec) else { return };
    let at = Path::new("spec");
    let mut before = FieldErrors::default();
    validate_spec(o, Some(&o.template), &Leniency { kept: true, template: false }, &at, &mut before);
    validate_spec(n, Some(&o.template), &Leniency { kept: true, template: !before.is_empty() }, &at, errors);
    // What may change is left out of the comparison.
    let kept = |s: &StatefulSetSpec| StatefulSetSpec {
        replicas: None,
        template: PodTemplateSpec::default(),
        update_strategy: None,
        min_ready_seconds: None,
        ordinals: None,
        revision_history_limit: None,
        persistent_volume_claim_retention_policy: None,
        ..s.clone()
    };
    if !canonical::equal(&kept(n), &kept(o), SPEC) {
        errors.forbidden(
            &at,
            "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', \
             'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
        );
    }
}

fn validate_status(new: &StatefulSet, old: &StatefulSet, errors: &mut FieldErrors) {
    let at = Path::new("status");
    let Some(s) = &new.status else { return };
    let counts = [
        ("replicas", Some(s.replicas)),
        ("readyReplicas", s.ready_replicas),
        ("currentReplicas", s.current_replicas),
        ("updatedReplicas", s.updated_replicas),
        ("availableReplicas", s.available_replicas),
    ];
    workload::validate_counts(&counts.map(|(name, n)| (name, n.map(i64::from))), &at, errors);
    errors.non_negative(&at.child("observedGeneration"), s.observed_generation.unwrap_or(0));
    errors.non_negative(&at.child("collisionCount"), s.collision_count.unwrap_or(0).into());
    let counts = [counts[1], counts[2], counts[3], counts[4]].map(|(name, n)| (name, n.unwrap_or(0)));
    workload::validate_no_more(&counts, s.replicas, "status.replicas", &at, errors);
    workload::validate_no_more(&counts[3..], s.ready_replicas.unwrap_or(0), "status.readyReplicas", &at, errors);
    let before = old.status.as_ref().and_then(|s| s.collision_count);
    workload::validate_collisions(s.collision_count, before, &at, errors);
}

fn warnings(new: &StatefulSet, old: Option<&StatefulSet>) -> Vec<String> {
    let mut out = workload::template_warnings(template_of(new), &new.metadata, old.map(|o| &o.metadata));
    let limit = new.spec.as_ref().and_then(|s| s.revision_history_limit);
    if limit.is_some_and(|n| n < 0) {
        out.push(REVISIONS_KEPT.into());
    }
    out
}

const REVISIONS_KEPT: &str =
    "spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended";

fn template_of(s: &StatefulSet) -> Option<&PodTemplateSpec> {
    s.spec.as_ref().map(|s| &s.template)
}
