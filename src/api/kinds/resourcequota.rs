//! v1 ResourceQuota: defaults, validation, columns.
//! Real Kubernetes: pkg/apis/core/validation ValidateResourceQuota, pkg/registry/core/resourcequota.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{ResourceQuotaSpec, ResourceQuotaStatus, ScopedResourceSelectorRequirement};
use serde_json::Value;

use super::ResourceQuota;
use super::resources::{ResourceList, User, amount, is_for_quotas, round_up, validate_amount, validate_name_for};
use super::updates::keep;
use crate::api::field::{FieldErrors, Path};
use crate::api::internal;
use crate::api::kind::{Kind, Subresource};
use crate::api::names;
use crate::api::schema::TypeId;
use crate::api::table::{Cell, Column};

pub static KIND: Kind<ResourceQuota> = Kind {
    short_names: &["quota"],
    subresources: &[Subresource::Status],
    returns_deleted: true,
    defaults: |q| {
        round_up(&mut q.spec.get_or_insert_default().hard);
        default_status(q);
    },
    prepare_create: |q| q.status = Some(ResourceQuotaStatus::default()),
    prepare_update: |new, old| new.status.clone_from(&old.status),
    prepare_status: |new, old| {
        default_status(new);
        keep(&mut new.spec, &old.spec);
    },
    validate: |q, errors| q.spec.iter().for_each(|s| validate_spec(s, errors)),
    validate_update,
    update_judges_alone: true,
    validate_status: |new, _, errors| {
        let status = Path::new("status");
        let (hard, used) = new.status.as_ref().map_or((None, None), |s| (s.hard.as_ref(), s.used.as_ref()));
        validate_amounts(hard, &status.child("hard"), errors);
        validate_amounts(used, &status.child("used"), errors);
    },
    warnings: |new, old| if old.is_none() { warnings(new) } else { vec![] },
    columns: &[
        Column::name(),
        Column::text("Request", "Request represents a minimum amount of cpu/memory that a container may consume.", |q, _| Cell::from(amounts(q, false))),
        Column::text("Limit", "Limits control the maximum amount of cpu/memory that a container may use independent of contention on the node.", |q, _| Cell::from(amounts(q, true))),
        Column::age(),
    ],
    ..Kind::new(("", "v1"), "ResourceQuota", "resourcequotas", "resourcequota")
};

fn default_status(q: &mut ResourceQuota) {
    if let Some(status) = &mut q.status {
        round_up(&mut status.hard);
        round_up(&mut status.used);
    }
}

/// `cpu: 1/2, pods: 3/10`: what is used of what may be, either of limits or of all else.
fn amounts(q: &ResourceQuota, limits: bool) -> String {
    let hard = q.status.iter().filter_map(|s| s.hard.as_ref()).flatten();
    let used = |k: &str| q.status.as_ref().and_then(|s| s.used.as_ref()?.get(k)).map_or_else(|| "0".into(), |u| amount(u).to_string());
    let shown = hard.filter(|(k, _)| k.starts_with("limits.") == limits);
    shown.map(|(k, h)| format!("{k}: {}/{}", used(k), amount(h))).collect::<Vec<_>>().join(", ")
}

/// Whoever may request more than the limit allows gets less than they think.
fn warnings(q: &ResourceQuota) -> Vec<String> {
    let hard = q.spec.as_ref().and_then(|s| s.hard.as_ref());
    let find = |name: String| hard.and_then(|h| h.get_key_value(&name)).map(|(k, q)| (k.as_str(), amount(q)));
    let mut out = vec![];
    for name in ["cpu", "memory", "storage", "ephemeral-storage"] {
        let plain = || Some(name.to_string()).filter(|n| matches!(n.as_str(), "cpu" | "memory")).and_then(find);
        let request = find(format!("requests.{name}")).or_else(plain);
        if let (Some((r, wanted)), Some((l, limit))) = (request, find(format!("limits.{name}")))
            && wanted > limit
        {
            out.push(format!("ResourceQuota {r} ({wanted}) should be less than {l} ({limit})"));
        }
    }
    out
}

fn validate_amounts(list: Option<&ResourceList>, at: &Path<'_>, errors: &mut FieldErrors) {
    for (k, q) in list.into_iter().flatten() {
        let here = at.key(k);
        validate_name_for(User::Quota, k, &here, errors);
        validate_amount(k, q, &here, errors);
    }
}

fn validate_spec(s: &ResourceQuotaSpec, errors: &mut FieldErrors) {
    let at = Path::new("spec");
    validate_amounts(s.hard.as_ref(), &at.child("hard"), errors);
    validate_scopes(s, &at.child("scopes"), errors);
    if let Some(selector) = &s.scope_selector {
        let here = at.child("scopeSelector");
        let here = here.child("matchExpressions");
        for r in selector.match_expressions.iter().flatten() {
            validate_expression(s, r, &here, errors);
        }
        let scopes: Vec<&str> = selector.match_expressions.iter().flatten().map(|r| r.scope_name.as_str()).collect();
        validate_conflicts(s, &scopes, &here, errors);
    }
}

fn validate_scopes(s: &ResourceQuotaSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    let scopes = s.scopes.as_deref().unwrap_or_default();
    for scope in scopes {
        if !is_scope(scope) {
            errors.invalid(at, scopes.to_vec(), "unsupported scope");
        }
        for _ in misfits(s, scope) {
            errors.invalid(at, scopes.to_vec(), "unsupported scope applied to resource");
        }
    }
    let names: Vec<&str> = scopes.iter().map(String::as_str).collect();
    validate_conflicts(s, &names, at, errors);
}

fn is_scope(name: &str) -> bool {
    matches!(
        name,
        "Terminating" | "NotTerminating" | "BestEffort" | "NotBestEffort" | "PriorityClass" | "VolumeAttributesClass"
            | "CrossNamespacePodAffinity"
    )
}

/// The resources of the quota that have nothing to do with the scope.
fn misfits<'a>(s: &'a ResourceQuotaSpec, scope: &'a str) -> impl Iterator<Item = &'a String> {
    const OF_PODS: [&str; 7] =
        ["pods", "cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory"];
    let fits = move |k: &str| match scope {
        "Terminating" | "NotTerminating" | "NotBestEffort" | "PriorityClass" | "CrossNamespacePodAffinity" => {
            OF_PODS.contains(&k)
        }
        "BestEffort" => k == "pods",
        "VolumeAttributesClass" => matches!(k, "persistentvolumeclaims" | "requests.storage"),
        _ => true,
    };
    s.hard.iter().flat_map(BTreeMap::keys).filter(move |k| is_for_quotas(k) && !fits(k))
}

fn validate_conflicts(s: &ResourceQuotaSpec, scopes: &[&str], at: &Path<'_>, errors: &mut FieldErrors) {
    for pair in [["BestEffort", "NotBestEffort"], ["NotTerminating", "Terminating"]] {
        if pair.iter().all(|p| scopes.contains(p)) {
            let shown = s.scopes.clone().map_or(Value::Null, Into::into);
            errors.invalid(at, shown, "conflicting scopes");
        }
    }
}

fn validate_expression(
    s: &ResourceQuotaSpec,
    r: &ScopedResourceSelectorRequirement,
    at: &Path<'_>,
    errors: &mut FieldErrors,
) {
    if !is_scope(&r.scope_name) {
        errors.invalid(&at.child("scopeName"), r.scope_name.as_str(), "unsupported scope");
    }
    for _ in misfits(s, &r.scope_name) {
        let json = serde_json::to_value(&s.scope_selector).unwrap_or_default();
        let of = TypeId::by_name("core/v1.ScopeSelector");
        let shown = of.map_or_else(String::new, |of| internal::compact(&json, of));
        errors.invalid_struct(at, shown, "unsupported scope applied to resource");
    }
    let only_there = !matches!(r.scope_name.as_str(), "PriorityClass" | "VolumeAttributesClass") && is_scope(&r.scope_name);
    if only_there && r.operator != "Exists" {
        errors.invalid(&at.child("operator"), r.operator.as_str(), "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity");
    }
    let values = r.values.as_deref().unwrap_or_default();
    match r.operator.as_str() {
        "In" | "NotIn" if values.is_empty() => {
            let why = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector";
            errors.required(&at.child("values"), why);
        }
        "Exists" | "DoesNotExist" if !values.is_empty() => {
            let why = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector";
            errors.invalid(&at.child("values"), values.to_vec(), why);
        }
        "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
        other => errors.invalid(&at.child("operator"), other, "not a valid selector operator"),
    }
}

fn validate_update(new: &ResourceQuota, old: &ResourceQuota, errors: &mut FieldErrors) {
    names::validate_meta_update(&new.metadata, &old.metadata, errors);
    let Some(spec) = &new.spec else { return };
    validate_spec(spec, errors);
    let scopes = |q: &ResourceQuota| -> BTreeSet<String> {
        q.spec.iter().flat_map(|s| s.scopes.iter().flatten().cloned()).collect()
    };
    if scopes(new) != scopes(old) {
        let shown = spec.scopes.clone().map_or(Value::Null, Into::into);
        errors.invalid(&Path::new("spec").child("scopes"), shown, "field is immutable");
    }
}
