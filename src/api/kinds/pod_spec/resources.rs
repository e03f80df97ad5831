//! What containers and pods may not ask for: resources, and claims of devices.
//! Real Kubernetes: pkg/apis/core/validation/validation.go validateResourceRequirements, validatePodResourceClaims.

use k8s_openapi::api::core::v1::{PodResourceClaim, PodSpec, ResourceClaim, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::resource_names::{divides_huge_page, validate_of_pod as validate_pod_name};
use super::{Options, items, pod_resources, text};
use crate::api::field::{FieldErrors, Path};
use crate::api::internal;
use crate::api::kinds::resources::{
    ResourceList as List, User, is_huge_pages, is_overcommitted, validate_amount, validate_name_for,
};
use crate::api::names;
use crate::api::quantity::Quantity;

/// Marks a pod that stands for one which the kubelet runs from a file.
pub const MIRROR: &str = "kubernetes.io/config.mirror";

type NameRule = fn(&str, &Path<'_>, &mut FieldErrors);

fn validate_container_name(name: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    validate_name_for(User::Container, name, at, errors);
}

/// `claims`: those of the pod, which its containers may use.
pub fn validate_of_container(
    r: &ResourceRequirements,
    claims: &[PodResourceClaim],
    options: Options,
    at: &Path<'_>,
    errors: &mut FieldErrors,
) {
    let rules = Rules { name: validate_container_name, options };
    rules.validate(r.limits.as_ref(), r.requests.as_ref(), at, errors);
    validate_claim_names(items(&r.claims), claims, &at.child("claims"), errors);
}

pub fn validate_overhead(overhead: &List, options: Options, at: &Path<'_>, errors: &mut FieldErrors) {
    Rules { name: validate_container_name, options }.validate(Some(overhead), None, at, errors);
}

/// What the pod as a whole asks for.
pub fn validate_of_pod(s: &PodSpec, options: Options, at: &Path<'_>, errors: &mut FieldErrors) {
    let Some(r) = &s.resources else { return };
    if s.os.as_ref().is_some_and(|o| o.name == "windows") {
        return errors.forbidden(at, "may not be set for a windows pod");
    }
    if r.claims.is_some() {
        errors.forbidden(&at.child("claims"), "claims may not be set for Resources at pod-level");
    }
    let rules = Rules { name: validate_pod_name, options };
    rules.validate(r.limits.as_ref(), r.requests.as_ref(), at, errors);
    validate_claim_names(items(&r.claims), items(&s.resource_claims), &at.child("claims"), errors);
    pod_resources::validate_consistency(s, r, at, errors);
}

struct Rules {
    name: NameRule,
    options: Options,
}

impl Rules {
    fn validate(&self, limits: Option<&List>, requests: Option<&List>, at: &Path<'_>, errors: &mut FieldErrors) {
        let (mut computes, mut huge_pages) = (false, false);
        for (list, name) in [(limits, "limits"), (requests, "requests")] {
            let list_at = at.child(name);
            for (k, q) in list.into_iter().flatten() {
                let here = list_at.key(k);
                (self.name)(k, &here, errors);
                validate_amount(k, q, &here, errors);
                if name == "requests" {
                    validate_against_limit(k, &q.0, limits, at, errors);
                }
                huge_pages |= is_huge_pages(k);
                computes |= matches!(k.as_str(), "cpu" | "memory");
                if !self.options.allow_indivisible_huge_pages && !divides_huge_page(k, &q.0) {
                    let amount = crate::api::quantity::canonical(&q.0);
                    let why = format!("{amount} is not positive integer multiple of {k}");
                    errors.invalid(&here, amount, why);
                }
            }
        }
        if huge_pages && !computes {
            errors.forbidden(at, "HugePages require cpu or memory");
        }
    }
}

fn validate_against_limit(name: &str, request: &str, limits: Option<&List>, at: &Path<'_>, errors: &mut FieldErrors) {
    let limit = limits.and_then(|l| l.get(name));
    let Some(limit) = limit else {
        if !is_overcommitted(name) {
            errors.required(&at.child("limits"), "Limit must be set for non overcommitable resources");
        }
        return;
    };
    let (Some(want), Some(limit)) = (Quantity::parse(request), Quantity::parse(&limit.0)) else { return };
    if want != limit && !is_overcommitted(name) {
        let why = format!("must be equal to {name} limit of {limit}");
        errors.invalid(&at.child("requests"), want.to_string(), why);
    } else if want > limit {
        let why = format!("must be less than or equal to {name} limit of {limit}");
        errors.invalid(&at.child("requests"), want.to_string(), why);
    }
}

/// The claims of a container: each is one of the pod's, and is used once, as a whole or request by request.
fn validate_claim_names(list: &[ResourceClaim], of_pod: &[PodResourceClaim], at: &Path<'_>, errors: &mut FieldErrors) {
    let mut seen: Vec<(&str, &str)> = vec![];
    for (i, c) in list.iter().enumerate() {
        let here = at.index(i);
        let name = c.name.as_str();
        if name.is_empty() {
            errors.required(&here, "");
            continue;
        }
        let request = text(&c.request);
        if seen.contains(&(name, "")) {
            errors.duplicate(&here, name);
        } else {
            if !request.is_empty() {
                errors.invalid_each(&here.child("request"), request, names::dns1123_label(request, false));
            }
            if seen.contains(&(name, request)) {
                errors.duplicate(&here, format!("{name}/{request}"));
            } else if request.is_empty() {
                seen.iter().filter(|(n, _)| *n == name).for_each(|_| errors.duplicate(&here, name));
            }
            if !seen.contains(&(name, request)) {
                seen.push((name, request));
            }
        }
        if !of_pod.iter().any(|p| p.name == name) {
            let mut known: Vec<&str> = of_pod.iter().map(|p| p.name.as_str()).filter(|n| !n.is_empty()).collect();
            known.sort_unstable();
            known.dedup();
            let which = if known.is_empty() { " which is empty".into() } else { format!(": {}", known.join(", ")) };
            errors.not_found_among(&here, name, format!("must be one of the names in pod.spec.resourceClaims{which}"));
        }
    }
}

/// The claims of a pod. `meta` is the pod's own; a template has none.
pub fn validate_claims(
    claims: &[PodResourceClaim],
    meta: Option<&ObjectMeta>,
    at: &Path<'_>,
    errors: &mut FieldErrors,
) {
    let mirror = meta.and_then(|m| m.annotations.as_ref()).is_some_and(|a| a.contains_key(MIRROR));
    for (i, c) in claims.iter().enumerate() {
        let here = at.index(i);
        if mirror {
            errors.forbidden(&Path::new(""), "static pods do not support resource claims");
            continue;
        }
        if c.name.is_empty() {
            errors.required(&here.child("name"), "");
        } else if claims[..i].iter().any(|before| before.name == c.name) {
            errors.duplicate(&here.child("name"), c.name.as_str());
        } else {
            errors.invalid_each(&here.child("name"), &c.name, names::dns1123_label(&c.name, false));
        }
        let sources = [
            ("resourceClaimName", &c.resource_claim_name),
            ("resourceClaimTemplateName", &c.resource_claim_template_name),
        ];
        match sources.iter().filter(|(_, name)| name.is_some()).count() {
            0 => {
                let why = "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`";
                errors.invalid_struct(&here, internal::shown(c, "core/v1.PodResourceClaim"), why);
            }
            1 => {}
            _ => {
                let why = "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified";
                errors.invalid_struct(&here, internal::shown(c, "core/v1.PodResourceClaim"), why);
            }
        }
        for (field, name) in sources {
            if let Some(name) = name {
                errors.invalid_each(&here.child(field), name, names::dns1123_subdomain(name, false));
            }
        }
    }
}
