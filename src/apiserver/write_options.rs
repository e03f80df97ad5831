//! What a write says beside its object: who writes, whether it is only tried, how strict to be, how to delete.
//! Real Kubernetes: apimachinery/pkg/apis/meta/v1/types.go CreateOptions and its neighbours, and their validation.

use serde_json::{Value, json};

use super::delete::{DeleteOptions, Propagation};
use crate::api::canonical::check;
use crate::api::field::{FieldErrors, Path};
use crate::api::managed::options::{self, Options};
use crate::api::patch::PatchType;
use crate::api::request::{Method, Request};
use crate::api::schema::TypeId;
use crate::api::{Status, go_text};

/// What is wrong with the options of a write: how the writer calls itself, what is only tried, how strict it is.
pub(super) fn check_options(request: &Request) -> Result<(), Status> {
    let options = Options {
        manager: request.param("fieldManager").unwrap_or(""),
        dry_run: request.query.iter().filter(|(k, _)| k == "dryRun").map(|(_, v)| v.clone()).collect(),
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

/// What is said of a deletion: in the body, if there is one, or else in the query.
pub(super) fn delete_options(request: &Request) -> Result<DeleteOptions, Status> {
    match &request.body {
        Some(body) if !body.is_null() => delete_options_of(body),
        _ => delete_options_of(&in_query(request)?),
    }
}

/// Whether a deletion is only tried.
pub(super) fn only_tries_to_delete(request: &Request) -> bool {
    match &request.body {
        Some(body) if !body.is_null() => body["dryRun"].as_array().is_some_and(|d| d.iter().any(|d| d == "All")),
        _ => request.query.iter().any(|(k, v)| k == "dryRun" && v == "All"),
    }
}

fn in_query(request: &Request) -> Result<Value, Status> {
    let mut options =
        json!({"dryRun": request.query.iter().filter(|(k, _)| k == "dryRun").map(|(_, v)| v).collect::<Vec<_>>()});
    if let Some(seconds) = request.param("gracePeriodSeconds") {
        let unreadable = |_| Status::bad_request(go_text::unreadable_int(seconds).unwrap_or_default());
        options["gracePeriodSeconds"] = seconds.parse::<i64>().map_err(unreadable)?.into();
    }
    if let Some(orphan) = request.param("orphanDependents") {
        options["orphanDependents"] = (orphan != "0" && !orphan.eq_ignore_ascii_case("false")).into();
    }
    if let Some(policy) = request.param("propagationPolicy") {
        options["propagationPolicy"] = policy.into();
    }
    Ok(options)
}

/// Reads and judges the options of a deletion.
pub(super) fn delete_options_of(body: &Value) -> Result<DeleteOptions, Status> {
    let misfit = TypeId::by_name("meta/v1.DeleteOptions").and_then(|t| check(body, t).mismatch);
    if let Some(why) = misfit.filter(|_| body.is_object()) {
        return Err(Status::bad_request(why));
    }
    let policy = body["propagationPolicy"].as_str();
    let orphan = body["orphanDependents"].as_bool();
    let mut errors = FieldErrors::default();
    let at = Path::new("propagationPolicy");
    if let (Some(policy), Some(_)) = (policy, orphan) {
        errors.invalid(&at, policy, "orphanDependents and deletionPropagation cannot be both set");
    }
    let propagation = match policy {
        // As it was said before there were words for it.
        None => match orphan {
            Some(true) => Propagation::Orphan,
            Some(false) => Propagation::Background,
            None => Propagation::Unsaid,
        },
        Some("Background") => Propagation::Background,
        Some("Foreground") => Propagation::Foreground,
        Some("Orphan") => Propagation::Orphan,
        Some(other) => {
            errors.not_supported(&at, other, &["Foreground", "Background", "Orphan", "nil"]);
            Propagation::Unsaid
        }
    };
    let tried: Vec<String> =
        body["dryRun"].as_array().into_iter().flatten().filter_map(|d| d.as_str().map(Into::into)).collect();
    options::validate_dry_run(&tried, &mut errors);
    options::refused("DeleteOptions", &errors)?;
    let text = |v: &Value| v.as_str().map(Into::into);
    Ok(DeleteOptions {
        grace_seconds: body["gracePeriodSeconds"].as_i64(),
        propagation,
        uid: text(&body["preconditions"]["uid"]),
        resource_version: text(&body["preconditions"]["resourceVersion"]),
    })
}
