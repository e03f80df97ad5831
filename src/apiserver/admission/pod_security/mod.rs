//! PodSecurity: a namespace's labels say how much its pods may reach of their node.
//!
//! Start with [`validate`]: pods that violate the enforced level are refused; what makes pods is only warned of.
//! Real Kubernetes: plugin/pkg/admission/security/podsecurity, k8s.io/pod-security-admission/admission.

mod checks;
mod namespace;
mod policy;

use k8s_openapi::api::core::v1::{PodSpec, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::Plugin;
use crate::api::kinds::{
    CronJob, DaemonSet, Deployment, Job, Namespace, Pod, PodTemplate, ReplicaSet, ReplicationController, StatefulSet,
};
use crate::api::object::Key;
use crate::api::{Object, Status};
use crate::apiserver::{ApiServer, Caller};
use checks::{details, violations};
use policy::{Level, LevelVersion, Policy};

pub const PLUGIN: Plugin = Plugin { validate, ..Plugin::new("PodSecurity") };

fn validate(api: &mut ApiServer, o: &Object, old: Option<&Object>, who: &mut Caller<'_>) -> Result<(), Status> {
    if let Some(new) = o.get::<Namespace>() {
        // What is changed through a part of a namespace are no labels.
        return if who.subresource.is_some() { Ok(()) } else { namespace::validate(api, new, old, who) };
    }
    let pod = o.get::<Pod>().is_some();
    // Of a pod, any part that may change its spec counts.
    if !pod && (who.subresource.is_some() || template_of(o).is_none()) {
        return Ok(());
    }
    let Some(namespace) = api.store().get(&Key::of::<Namespace>("", o.namespace())) else {
        return Ok(());
    };
    let (policy, errors) = Policy::of(namespace.meta().labels.as_ref());
    // Real Kubernetes also puts down, for each pod, that everything was allowed to it.
    if errors.is_empty() && if pod { policy.is_fully_privileged() } else { names_no_one(&policy) } {
        return Ok(());
    }
    if !errors.is_empty() {
        note(who, "error", format!("Failed to parse policy: {}", namespace::aggregate(&errors)));
    }
    match (o.get::<Pod>(), template_of(o)) {
        (Some(new), _) => {
            let Some(spec) = &new.spec else { return Ok(()) };
            if old.and_then(|o| o.get::<Pod>()).is_some_and(|old| !changes_images(new, old)) {
                return Ok(());
            }
            judge(o, &policy, (&new.metadata, spec), true, who)
        }
        (None, Some(template)) => judge(o, &policy, template, false, who),
        _ => Ok(()),
    }
}

/// Whether nothing is warned of or put down: only that concerns what makes pods.
fn names_no_one(policy: &Policy) -> bool {
    policy.warn.level == Level::Privileged && policy.audit.level == Level::Privileged
}

/// Puts something down in the request's record, as the audit log has it.
fn note(who: &mut Caller<'_>, key: &str, text: String) {
    who.annotate(format!("pod-security.kubernetes.io/{key}"), text);
}

/// Judges a pod, or a template that pods are made of, in each of the three modes.
fn judge(
    o: &Object,
    policy: &Policy,
    (meta, spec): (&ObjectMeta, &PodSpec),
    enforce: bool,
    who: &mut Caller<'_>,
) -> Result<(), Status> {
    let would = |lv: LevelVersion| match violations(lv, meta, spec) {
        all if all.is_empty() => None,
        all => Some(format!("violate PodSecurity \"{lv}\": {}", details(&all))),
    };
    let mut refusal = None;
    if enforce {
        note(who, "enforce-policy", policy.enforce.to_string());
        refusal = match violations(policy.enforce, meta, spec) {
            all if all.is_empty() => None,
            all => Some(format!("violates PodSecurity \"{}\": {}", policy.enforce, details(&all))),
        };
    }
    if let Some(text) = would(policy.audit) {
        note(who, "audit-violations", format!("would {text}"));
    }
    if let Some(why) = refusal {
        return Err(Status::forbidden(o.kind(), o.name(), &why));
    }
    if let Some(text) = would(policy.warn) {
        who.warnings.push(format!("would {text}"));
    }
    Ok(())
}

/// What an object makes pods of, if it does.
fn template_of(o: &Object) -> Option<(&ObjectMeta, &PodSpec)> {
    fn parts(t: &PodTemplateSpec) -> Option<(&ObjectMeta, &PodSpec)> {
        static NO_METADATA: std::sync::LazyLock<ObjectMeta> = std::sync::LazyLock::new(ObjectMeta::default);
        Some((t.metadata.as_ref().unwrap_or(&NO_METADATA), t.spec.as_ref()?))
    }
    let template = if let Some(d) = o.get::<Deployment>() {
        Some(&d.spec.as_ref()?.template)
    } else if let Some(r) = o.get::<ReplicaSet>() {
        r.spec.as_ref()?.template.as_ref()
    } else if let Some(d) = o.get::<DaemonSet>() {
        Some(&d.spec.as_ref()?.template)
    } else if let Some(s) = o.get::<StatefulSet>() {
        Some(&s.spec.as_ref()?.template)
    } else if let Some(j) = o.get::<Job>() {
        Some(&j.spec.as_ref()?.template)
    } else if let Some(c) = o.get::<CronJob>() {
        Some(&c.spec.job_template.spec.as_ref()?.template)
    } else if let Some(r) = o.get::<ReplicationController>() {
        r.spec.as_ref()?.template.as_ref()
    } else if let Some(t) = o.get::<PodTemplate>() {
        t.template.as_ref()
    } else {
        None
    };
    template.and_then(parts)
}

/// Of what may change in a pod only images matter here, and containers that are added to it.
fn changes_images(new: &Pod, old: &Pod) -> bool {
    let (Some(new), Some(old)) = (&new.spec, &old.spec) else { return true };
    let images = |s: &PodSpec| -> Vec<Option<String>> { s.containers.iter().map(|c| c.image.clone()).collect() };
    let first =
        |s: &PodSpec| -> Vec<Option<String>> { s.init_containers.iter().flatten().map(|c| c.image.clone()).collect() };
    let known = |name: &str| old.ephemeral_containers.iter().flatten().find(|c| c.name == name);
    let mut ephemeral = new.ephemeral_containers.iter().flatten();
    images(new) != images(old)
        || first(new) != first(old)
        || ephemeral.any(|c| known(&c.name).is_none_or(|before| before.image != c.image))
}
