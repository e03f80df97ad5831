//! What a write says beside its object: who writes, whether it is only tried, how strict to be, how to delete.
//! Real Kubernetes: apimachinery/pkg/apis/meta/v1/types.go CreateOptions and its neighbours, and their validation.

use serde_json::Value;

use super::delete::{DeleteOptions, Propagation};
use crate::api::Status;
use crate::api::field::{FieldErrors, Path};
use crate::api::managed::options::{self, Options};
use crate::api::patch::PatchType;
use crate::api::request::{Method, Request};

/// What is wrong with the options of a write: how the writer calls itself, what is only tried, how strict it is.
pub(super) fn check_options(request: &Request) -> Result<(), Status> {
    let options = Options {
        manager: request.param("fieldManager").unwrap_or(""),
        dry_run: request.query.iter().filter(|(k, v)| k == "dryRun" && !v.is_empty()).map(|(_, v)| v.clone()).collect(),
        field_validation: request.param("fieldValidation").unwrap_or(""),
    };
    match request.method {
        Method::Post => options::validate_write("CreateOptions", &options),
        Method::Put => options::validate_write("UpdateOptions", &options),
        Method::Patch(how) => {
            let force = request.param("force").map(|f| f == "true");
            options::validate_patch(how == PatchType::Apply, &options, force)
        }
        _ => Ok(()),
    }
}

pub(super) fn delete_options(request: &Request) -> Result<DeleteOptions, Status> {
    let body = request.body.as_ref().unwrap_or(&Value::Null);
    delete_options_of(body, |key| request.param(key))
}

/// What a body says of a deletion, or else somebody who is asked for the same words.
pub(super) fn delete_options_of<'a>(
    body: &'a Value,
    param: impl Fn(&str) -> Option<&'a str>,
) -> Result<DeleteOptions, Status> {
    let propagation = match body["propagationPolicy"].as_str().or(param("propagationPolicy")) {
        // As it was said before there were words for it.
        None => match body["orphanDependents"].as_bool() {
            Some(true) => Propagation::Orphan,
            Some(false) => Propagation::Background,
            None => Propagation::Unsaid,
        },
        Some("Background") => Propagation::Background,
        Some("Foreground") => Propagation::Foreground,
        Some("Orphan") => Propagation::Orphan,
        Some(other) => {
            let mut errors = FieldErrors::default();
            let known = ["Foreground", "Background", "Orphan", "nil"];
            errors.not_supported(&Path::new("propagationPolicy"), other, &known);
            return Err(Status::invalid_as("DeleteOptions", "meta.k8s.io", "", errors.list()));
        }
    };
    let text = |v: &Value| v.as_str().map(Into::into);
    Ok(DeleteOptions {
        grace_seconds: body["gracePeriodSeconds"]
            .as_i64()
            .or_else(|| param("gracePeriodSeconds").and_then(|s| s.parse().ok())),
        propagation,
        uid: text(&body["preconditions"]["uid"]),
        resource_version: text(&body["preconditions"]["resourceVersion"]),
    })
}
