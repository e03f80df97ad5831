//! What a write says beside its object: who writes, whether it is only tried, how strict to be, how to delete.
//! Real Kubernetes: apimachinery/pkg/apis/meta/v1/types.go CreateOptions and its neighbours, and their validation.

use serde_json::{Value, json};

use super::delete::{DeleteOptions, Propagation};
use crate::api::field::{FieldErrors, Path};
use crate::api::managed::options::{self, Options};
use crate::api::patch::PatchType;
use crate::api::request::{Method, Request};
use crate::api::schema::TypeId;
use crate::api::{Status, canonical, go_text};

/// What is wrong with the options of a write: how the writer calls itself, what is only tried, how strict it is.
pub(super) fn check_options(request: &Request) -> Result<(), Status> {
    let options = Options {
        manager: request.param("fieldManager").unwrap_or(""),
        dry_run: dry_run(request),
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

/// What is asked of a deletion: in its body, or else in its query.
pub(super) fn delete_options(request: &Request) -> Result<DeleteOptions, Status> {
    let body = match &request.body {
        Some(body) if !body.is_null() => read(body)?,
        _ => from_query(request)?,
    };
    let mut errors = FieldErrors::default();
    let at = Path::new("propagationPolicy");
    let propagation = body["propagationPolicy"].as_str();
    if let Some(how) = propagation.filter(|_| body["orphanDependents"].is_boolean()) {
        errors.invalid(&at, how, "orphanDependents and deletionPropagation cannot be both set");
    }
    if let Some(how) = propagation.filter(|p| !POLICIES.contains(p)) {
        errors.not_supported(&at, how, &["Foreground", "Background", "Orphan", "nil"]);
    }
    options::validate_dry_run(&texts(&body["dryRun"]), &mut errors);
    if !errors.is_empty() {
        return Err(Status::invalid_as("DeleteOptions", "meta.k8s.io", "", errors.list()));
    }
    Ok(delete_options_of(&body))
}

const POLICIES: [&str; 3] = ["Foreground", "Background", "Orphan"];

fn texts(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(Into::into).collect()
}

/// A body that says of itself that it is something else is refused; of which version it is does not matter.
fn read(body: &Value) -> Result<Value, Status> {
    let said = |key: &str| body[key].as_str().unwrap_or("");
    if !matches!(said("kind"), "" | "DeleteOptions") {
        return Err(Status::bad_request(format!(
            "no kind {:?} is registered for version {:?} in scheme \"pkg/runtime/scheme.go:111\"",
            said("kind"),
            said("apiVersion"),
        )));
    }
    let mismatch = TypeId::by_name("meta/v1.DeleteOptions").and_then(|t| canonical::check(body, t).mismatch);
    mismatch.map_or_else(|| Ok(body.clone()), |why| Err(Status::bad_request(why)))
}

fn from_query(request: &Request) -> Result<Value, Status> {
    let mut v = json!({});
    if let Some(seconds) = request.given("gracePeriodSeconds") {
        let unreadable = |_| Status::bad_request(go_text::unreadable_int(seconds).unwrap_or_default());
        v["gracePeriodSeconds"] = seconds.parse::<i64>().map_err(unreadable)?.into();
    }
    if let Some(how) = request.param("propagationPolicy") {
        v["propagationPolicy"] = how.into();
    }
    if let Some(yes) = request.param("orphanDependents") {
        v["orphanDependents"] = (yes != "0" && !yes.eq_ignore_ascii_case("false")).into();
    }
    v["dryRun"] = json!(dry_run(request));
    Ok(v)
}

fn dry_run(request: &Request) -> Vec<String> {
    request.query.iter().filter(|(k, _)| k == "dryRun").map(|(_, v)| v.clone()).collect()
}

/// What a body says of a deletion.
pub(super) fn delete_options_of(body: &Value) -> DeleteOptions {
    let propagation = match body["propagationPolicy"].as_str() {
        // As it was said before there were words for it.
        None => match body["orphanDependents"].as_bool() {
            Some(true) => Propagation::Orphan,
            Some(false) => Propagation::Background,
            None => Propagation::Unsaid,
        },
        Some("Background") => Propagation::Background,
        Some("Foreground") => Propagation::Foreground,
        Some("Orphan") => Propagation::Orphan,
        // Whoever evicts may say anything.
        Some(_) => Propagation::Unsaid,
    };
    let text = |v: &Value| v.as_str().map(Into::into);
    DeleteOptions {
        grace_seconds: body["gracePeriodSeconds"].as_i64(),
        propagation,
        uid: text(&body["preconditions"]["uid"]),
        resource_version: text(&body["preconditions"]["resourceVersion"]),
    }
}
