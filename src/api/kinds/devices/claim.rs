//! What a claim of devices asks for: defaults and validation of its requests, constraints and configuration.
//! Real Kubernetes: pkg/apis/resource/v1/defaults.go, pkg/apis/resource/validation/validation.go validateDeviceClaim.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::resource::v1::{
    DeviceClaim, DeviceConstraint, DeviceRequest, DeviceSelector, DeviceSubRequest, DeviceToleration,
    ExactDeviceRequest, ResourceClaimSpec,
};
use serde_json::Value;

use super::{
    EFFECTS, MAX_CONFIGS, validate_configuration, validate_full_name, validate_label, validate_list,
    validate_selectors, validate_set,
};
use crate::api::field::{FieldErrors, Path};
use crate::api::names;

/// Requests of a claim, and those that any list of them may name.
pub const MAX_REQUESTS: usize = 32;
const MAX_CONSTRAINTS: usize = 32;
const MAX_ALTERNATIVES: usize = 8;

const EXACTLY_COUNT: &str = "ExactCount";
const ALL: &str = "All";

pub fn defaults(spec: &mut ResourceClaimSpec) {
    for r in spec.devices.iter_mut().flat_map(|d| d.requests.iter_mut().flatten()) {
        if let Some(r) = &mut r.exactly {
            default_count(&mut r.allocation_mode, &mut r.count);
            default_tolerations(r.tolerations.as_deref_mut());
        }
        for r in r.first_available.iter_mut().flatten() {
            default_count(&mut r.allocation_mode, &mut r.count);
            default_tolerations(r.tolerations.as_deref_mut());
        }
    }
}

fn default_count(mode: &mut Option<String>, count: &mut Option<i64>) {
    if mode.as_deref().unwrap_or("").is_empty() {
        *mode = Some(EXACTLY_COUNT.into());
    }
    if mode.as_deref() == Some(EXACTLY_COUNT) && count.unwrap_or(0) == 0 {
        *count = Some(1);
    }
}

pub fn default_tolerations(tolerations: Option<&mut [DeviceToleration]>) {
    for t in tolerations.into_iter().flatten() {
        if t.operator.as_deref().unwrap_or("").is_empty() {
            t.operator = Some("Equal".into());
        }
    }
}

/// The requests of a claim by name, each with the alternatives it offers.
pub struct RequestNames<'a>(BTreeMap<&'a str, BTreeSet<&'a str>>);

impl<'a> RequestNames<'a> {
    pub fn of(claim: Option<&'a DeviceClaim>) -> RequestNames<'a> {
        let requests = claim.iter().flat_map(|c| c.requests.iter().flatten());
        RequestNames(
            requests
                .map(|r| (r.name.as_str(), r.first_available.iter().flatten().map(|s| s.name.as_str()).collect()))
                .collect(),
        )
    }

    /// Whether `request` or `request/alternative` is one of them.
    fn has(&self, name: &str) -> bool {
        match name.split_once('/') {
            None => self.0.contains_key(name),
            Some((request, alternative)) => self.0.get(request).is_some_and(|r| r.contains(alternative)),
        }
    }

    /// Something speaks of a request of the claim.
    pub fn validate_ref(&self, name: &str, at: &Path<'_>, errors: &mut FieldErrors) {
        const UNKNOWN: &str =
            "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";
        let parts: Vec<&str> = name.split('/').collect();
        if parts.len() > 2 {
            errors.invalid(at, name, UNKNOWN);
            return;
        }
        for part in parts {
            validate_label(part, at, errors);
        }
        if !self.has(name) {
            errors.invalid(at, name, UNKNOWN);
        }
    }

    pub fn validate_refs(&self, names: Option<&Vec<String>>, at: &Path<'_>, errors: &mut FieldErrors) {
        let names = names.map(Vec::as_slice).unwrap_or_default();
        validate_set(names, MAX_REQUESTS, String::clone, at, errors, |n, at, errors| self.validate_ref(n, at, errors));
    }
}

pub fn validate(spec: &ResourceClaimSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    let at = at.child("devices");
    let Some(claim) = &spec.devices else { return };
    let names = RequestNames::of(Some(claim));
    let requests = claim.requests.as_deref().unwrap_or_default();
    validate_set(requests, MAX_REQUESTS, |r| r.name.clone(), &at.child("requests"), errors, validate_request);
    let constraints = claim.constraints.as_deref().unwrap_or_default();
    validate_list(constraints, MAX_CONSTRAINTS, &at.child("constraints"), errors, |c, at, errors| {
        validate_constraint(c, &names, at, errors);
    });
    let configs = claim.config.as_deref().unwrap_or_default();
    validate_list(configs, MAX_CONFIGS, &at.child("config"), errors, |c, at, errors| {
        names.validate_refs(c.requests.as_ref(), &at.child("requests"), errors);
        validate_configuration(c.opaque.as_ref(), at, errors);
    });
}

fn validate_request(r: &DeviceRequest, at: &Path<'_>, errors: &mut FieldErrors) {
    const ONE: &str = "exactly one of `exactly` or `firstAvailable` is required";
    validate_label(&r.name, &at.child("name"), errors);
    let alternatives = r.first_available.as_deref().unwrap_or_default();
    match &r.exactly {
        None if alternatives.is_empty() => errors.required(at, ONE),
        None => {
            let at = at.child("firstAvailable");
            validate_set(
                alternatives,
                MAX_ALTERNATIVES,
                |s| s.name.clone(),
                &at,
                errors,
                |s, at, errors| {
                    validate_label(&s.name, &at.child("name"), errors);
                    Asked::from(s).validate(at, errors);
                },
            );
        }
        Some(r) if alternatives.is_empty() => Asked::from(r).validate(&at.child("exactly"), errors),
        Some(_) => errors.invalid(at, Value::Null, format!("{ONE}, but multiple fields are set")),
    }
}

/// What a request and an alternative both say.
struct Asked<'a> {
    class: &'a str,
    selectors: Option<&'a Vec<DeviceSelector>>,
    mode: Option<&'a str>,
    count: Option<i64>,
    tolerations: Option<&'a Vec<DeviceToleration>>,
}

impl<'a> From<&'a ExactDeviceRequest> for Asked<'a> {
    fn from(r: &'a ExactDeviceRequest) -> Asked<'a> {
        Asked {
            class: &r.device_class_name,
            selectors: r.selectors.as_ref(),
            mode: r.allocation_mode.as_deref(),
            count: r.count,
            tolerations: r.tolerations.as_ref(),
        }
    }
}

impl<'a> From<&'a DeviceSubRequest> for Asked<'a> {
    fn from(r: &'a DeviceSubRequest) -> Asked<'a> {
        Asked {
            class: &r.device_class_name,
            selectors: r.selectors.as_ref(),
            mode: r.allocation_mode.as_deref(),
            count: r.count,
            tolerations: r.tolerations.as_ref(),
        }
    }
}

impl Asked<'_> {
    fn validate(&self, at: &Path<'_>, errors: &mut FieldErrors) {
        let class = at.child("deviceClassName");
        if self.class.is_empty() {
            errors.required(&class, "");
        } else {
            errors.invalid_each(&class, self.class, names::dns1123_subdomain(self.class, false));
        }
        let selectors = self.selectors.map(Vec::as_slice).unwrap_or_default();
        validate_selectors(selectors, &at.child("selectors"), errors);
        self.validate_count(at, errors);
        let tolerations = at.child("tolerations");
        for (i, t) in self.tolerations.into_iter().flatten().enumerate() {
            validate_toleration(t, &tolerations.index(i), errors);
        }
    }

    fn validate_count(&self, at: &Path<'_>, errors: &mut FieldErrors) {
        let count = self.count.unwrap_or(0);
        match self.mode.unwrap_or("") {
            ALL if count != 0 => {
                errors.invalid(&at.child("count"), count, "must not be specified when allocationMode is 'All'");
            }
            EXACTLY_COUNT if count <= 0 => errors.invalid(&at.child("count"), count, "must be greater than zero"),
            mode => errors.one_of(&at.child("allocationMode"), mode, &[ALL, EXACTLY_COUNT]),
        }
    }
}

fn validate_toleration(t: &DeviceToleration, at: &Path<'_>, errors: &mut FieldErrors) {
    let text = |v: &Option<String>| v.clone().unwrap_or_default();
    let (key, value, effect) = (text(&t.key), text(&t.value), text(&t.effect));
    if !key.is_empty() {
        errors.invalid_each(&at.child("key"), &key, names::qualified_name(&key));
    }
    match t.operator.as_deref().unwrap_or("") {
        "Exists" if !value.is_empty() => {
            errors.invalid(&at.child("value"), value, "must be empty for operator `Exists`");
        }
        "Exists" => {}
        "Equal" => errors.invalid_each(&at.child("value"), &value, names::label_value(&value)),
        "" => errors.required(&at.child("operator"), ""),
        other => errors.not_supported(&at.child("operator"), other, &["Equal", "Exists"]),
    }
    if !effect.is_empty() {
        errors.one_of(&at.child("effect"), &effect, &EFFECTS);
    }
}

fn validate_constraint(c: &DeviceConstraint, names: &RequestNames<'_>, at: &Path<'_>, errors: &mut FieldErrors) {
    names.validate_refs(c.requests.as_ref(), &at.child("requests"), errors);
    match (&c.match_attribute, &c.distinct_attribute) {
        (Some(name), _) => validate_full_name(name, &at.child("matchAttribute"), errors),
        (None, Some(name)) => validate_full_name(name, &at.child("distinctAttribute"), errors),
        // What Kubernetes says, though none is set.
        (None, None) => errors.required(
            at,
            "exactly one of \"matchAttribute\" or \"distinctAttribute\" is required, but multiple fields are set",
        ),
    }
}
