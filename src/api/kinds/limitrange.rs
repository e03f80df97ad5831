//! v1 LimitRange: defaults, validation, columns.
//! Real Kubernetes: pkg/apis/core/v1/defaults.go SetDefaults_LimitRangeItem, pkg/apis/core/validation ValidateLimitRange,
//! pkg/registry/core/limitrange.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::LimitRangeItem;

use super::LimitRange;
use super::resources::{ResourceList, User, amount, is_overcommitted, round_up, validate_name_for};
use crate::api::field::{FieldErrors, Path};
use crate::api::kind::Kind;
use crate::api::names;
use crate::api::quantity::Quantity;
use crate::api::table::Column;

pub static KIND: Kind<LimitRange> = Kind {
    short_names: &["limits"],
    create_on_update: true,
    defaults,
    prepare_create: |l| {
        // Only of this kind a name may be left out altogether.
        if l.metadata.name.as_deref().unwrap_or("").is_empty() {
            l.metadata.name.clone_from(&l.metadata.uid);
        }
    },
    validate,
    validate_update: |new, _, errors| {
        names::validate_meta(&new.metadata, true, names::dns1123_subdomain, errors);
        validate(new, errors);
    },
    update_judges_alone: true,
    columns: &[Column::name(), Column::created_at()],
    ..Kind::new(("", "v1"), "LimitRange", "limitranges", "limitrange")
};

fn defaults(l: &mut LimitRange) {
    for item in &mut l.spec.get_or_insert_default().limits {
        if item.type_ == "Container" {
            default_container(item);
        }
        for list in
            [&mut item.max, &mut item.min, &mut item.default, &mut item.default_request, &mut item.max_limit_request_ratio]
        {
            round_up(list);
        }
    }
}

/// The most becomes the default limit, the default limit the default request, and the least too where there is neither.
fn default_container(item: &mut LimitRangeItem) {
    let LimitRangeItem { default, default_request, max, min, .. } = item;
    fill(default, max.as_ref());
    fill(default_request, default.as_ref());
    fill(default_request, min.as_ref());
}

fn fill(list: &mut Option<ResourceList>, from: Option<&ResourceList>) {
    let list = list.get_or_insert_default();
    for (k, v) in from.into_iter().flatten() {
        list.entry(k.clone()).or_insert_with(|| v.clone());
    }
}

fn validate(l: &LimitRange, errors: &mut FieldErrors) {
    let spec = Path::new("spec");
    let list = spec.child("limits");
    let mut seen = BTreeSet::new();
    for (i, item) in l.spec.iter().flat_map(|s| &s.limits).enumerate() {
        let at = list.index(i);
        validate_type(&item.type_, &at.child("type"), errors);
        if !seen.insert(item.type_.as_str()) {
            errors.duplicate(&at.child("type"), item.type_.as_str());
        }
        validate_names(item, &at, errors);
        for key in keys(item) {
            validate_bounds(item, key, &at, errors);
        }
    }
}

fn validate_type(name: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    let found = names::qualified_name(name);
    if found.is_empty() && !name.contains('/') && !["Pod", "Container", "PersistentVolumeClaim"].contains(&name) {
        errors.invalid(at, name, "must be a standard limit type or fully qualified");
    }
    errors.invalid_each(at, name, found);
}

fn validate_names(item: &LimitRangeItem, at: &Path<'_>, errors: &mut FieldErrors) {
    let user = if matches!(item.type_.as_str(), "Pod" | "Container") { User::Container } else { User::Anything };
    let each = |list: &Option<ResourceList>, name: &'static str, errors: &mut FieldErrors| {
        for k in list.iter().flat_map(BTreeMap::keys) {
            validate_name_for(user, k, &at.child(name).key(k), errors);
        }
    };
    each(&item.max, "max", errors);
    each(&item.min, "min", errors);
    let defaults = [(&item.default, "default"), (&item.default_request, "defaultRequest")];
    for (list, name) in defaults {
        if item.type_ != "Pod" {
            each(list, name, errors);
        } else if list.as_ref().is_some_and(|l| !l.is_empty()) {
            errors.forbidden(&at.child(name), "may not be specified when `type` is 'Pod'");
        }
    }
    let bounds_storage = |list: &Option<ResourceList>| list.as_ref().is_some_and(|l| l.contains_key("storage"));
    if item.type_ == "PersistentVolumeClaim" && !bounds_storage(&item.min) && !bounds_storage(&item.max) {
        let why = "either minimum or maximum storage value is required, but neither was provided";
        errors.required(&at.child("limits"), why);
    }
    each(&item.max_limit_request_ratio, "maxLimitRequestRatio", errors);
}

/// The resources that an item speaks of; a pod's defaults do not count.
fn keys(item: &LimitRangeItem) -> BTreeSet<&str> {
    let mut lists = vec![&item.max, &item.min, &item.max_limit_request_ratio];
    if item.type_ != "Pod" {
        lists.extend([&item.default, &item.default_request]);
    }
    lists.into_iter().flatten().flat_map(BTreeMap::keys).map(String::as_str).collect()
}

/// How the bounds and defaults of one resource fit together.
fn validate_bounds(item: &LimitRangeItem, key: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    let of = |list: &Option<ResourceList>| list.as_ref().and_then(|l| l.get(key)).map(amount);
    let (min, max) = (of(&item.min), of(&item.max));
    let pod = item.type_ == "Pod";
    let limit = of(&item.default).filter(|_| !pod);
    let request = of(&item.default_request).filter(|_| !pod);
    let ratio = of(&item.max_limit_request_ratio);
    let names = [("min", "min value"), ("max", "max value"), ("request", "default request value")];
    let word = |k: &str| names.iter().find(|(n, _)| *n == k).map_or("", |(_, w)| *w);
    let mut not_above = |low: (Option<Quantity>, &str), high: (Option<Quantity>, &str), field: &'static str, bad: Option<Quantity>| {
        if let (Some(l), Some(h), Some(bad)) = (low.0, high.0, bad)
            && l > h
        {
            let why = format!("{} {l} is greater than {} {h}", low.1, high.1);
            errors.invalid(&at.child(field).key(key), bad.to_string(), why);
        }
    };
    not_above((min, word("min")), (max, word("max")), "min", min);
    not_above((min, word("min")), (request, word("request")), "defaultRequest", request);
    not_above((request, word("request")), (max, word("max")), "defaultRequest", request);
    not_above((request, word("request")), (limit, "default limit value"), "defaultRequest", request);
    not_above((min, word("min")), (limit, "default value"), "default", min);
    not_above((limit, "default value"), (max, word("max")), "default", max);
    if let Some(ratio) = ratio {
        validate_ratio(ratio, min.zip(max), &at.child("maxLimitRequestRatio").key(key), errors);
    }
    if let (Some(limit), Some(request)) = (limit, request)
        && !is_overcommitted(key)
        && limit != request
    {
        let why = format!("default value {limit} must equal to defaultRequest value {request} in {key}");
        errors.invalid(&at.child("defaultRequest").key(key), request.to_string(), why);
    }
}

/// The most that a limit may be of its request cannot be less than one, nor more than the bounds allow.
fn validate_ratio(ratio: Quantity, bounds: Option<(Quantity, Quantity)>, at: &Path<'_>, errors: &mut FieldErrors) {
    if ratio < Quantity::from_units(1) {
        errors.invalid(at, ratio.to_string(), format!("ratio {ratio} is less than 1"));
    }
    let Some((min, max)) = bounds else { return };
    // Thousandths are counted unless there are too many of them.
    let fits = [ratio, min, max].iter().all(|q| q.units() < i64::MAX / 1000);
    let (wanted, possible) = if fits {
        (ratio.milli() as f64 / 1000.0, max.milli() as f64 / min.milli() as f64)
    } else {
        (ratio.units() as f64, max.units() as f64 / min.units() as f64)
    };
    if wanted > possible {
        errors.invalid(at, ratio.to_string(), format!("ratio {ratio} is greater than max/min = {possible:.6}"));
    }
}
