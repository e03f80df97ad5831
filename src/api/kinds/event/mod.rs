//! v1 Event: validation, columns and the fields that may be selected.
//! Real Kubernetes: pkg/apis/core/validation/events.go, pkg/registry/core/event, pkg/printers/internalversion printEvent.

mod packing;

use super::Event;
use crate::api::field::{FieldErrors, Path};
use crate::api::kind::Kind;
use crate::api::names;
use crate::api::table::{Cell, Column, ColumnType, NAME_DOC, since};
use crate::api::time::{Duration, Time};

pub static KIND: Kind<Event> = Kind {
    short_names: &["ev"],
    create_on_update: true,
    name_rule: names::path_segment,
    validate,
    validate_update: |new, _, errors| validate(new, errors),
    update_judges_alone: true,
    columns: &[
        Column::text("Last Seen", "The time at which the most recent occurrence of this event was recorded.", |e, now| Cell::from(since(last_seen(e), now))),
        Column::text("Type", "Type of this event (Normal, Warning), new types could be added in the future", |e, _| Cell::from(e.type_.as_deref().unwrap_or(""))),
        Column::text("Reason", "This should be a short, machine understandable string that gives the reason for the transition into the object's current status.", |e, _| Cell::from(e.reason.as_deref().unwrap_or(""))),
        Column::text("Object", "The object that this event is about.", |e, _| Cell::from(object(e))),
        Column::wide_text("Subobject", "If referring to a piece of an object instead of an entire object, this string should contain a valid JSON/Go field access statement, such as desiredState.manifest.containers[2]. For example, if the object reference is to a container within a pod, this would take on a value like: \"spec.containers{name}\" (where \"name\" refers to the name of the container that triggered the event) or if no container name is specified \"spec.containers[2]\" (container with index 2 in this pod). This syntax is chosen only to have some well-defined way of referencing a part of an object.", |e, _| Cell::from(e.involved_object.field_path.as_deref().unwrap_or(""))),
        Column::wide_text("Source", "The component reporting this event. Should be a short machine understandable string.", |e, _| Cell::from(source(e))),
        Column::text("Message", "A human-readable description of the status of this operation.", |e, _| Cell::from(e.message.as_deref().unwrap_or("").trim())),
        Column::wide_text("First Seen", "The time at which the event was first recorded. (Time of server receipt is in TypeMeta.)", |e, now| Cell::from(since(first_seen(e), now))),
        Column::wide_text("Count", "The number of times this event has occurred.", |e, _| Cell::from(count(e))),
        Column::of(ColumnType::Name, 1, "Name", NAME_DOC, |e, _| Cell::from(e.metadata.name.as_deref().unwrap_or(""))),
    ],
    selectable: &[
        "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid", "involvedObject.apiVersion",
        "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason", "reportingComponent", "source", "type",
    ],
    field,
    // `--event-ttl` of the API server.
    lifetime: Some(Duration::from_secs(3600)),
    packing: Some(&packing::PACKING),
    ..Kind::new(("", "v1"), "Event", "events", "event")
};

fn field(e: &Event, name: &str) -> Option<String> {
    let o = &e.involved_object;
    match name {
        "involvedObject.kind" => o.kind.clone(),
        "involvedObject.namespace" => o.namespace.clone(),
        "involvedObject.name" => o.name.clone(),
        "involvedObject.uid" => o.uid.clone(),
        "involvedObject.apiVersion" => o.api_version.clone(),
        "involvedObject.resourceVersion" => o.resource_version.clone(),
        "involvedObject.fieldPath" => o.field_path.clone(),
        "reason" => e.reason.clone(),
        "reportingComponent" => e.reporting_component.clone(),
        "source" => e.source.as_ref().and_then(|s| s.component.clone()).or_else(|| e.reporting_component.clone()),
        "type" => e.type_.clone(),
        _ => None,
    }
    .or_else(|| Some(String::new()))
}

/// `pod/web-1`
fn object(e: &Event) -> String {
    let o = &e.involved_object;
    let kind = o.kind.as_deref().unwrap_or("").to_lowercase();
    match o.name.as_deref().unwrap_or("") {
        "" => kind,
        name => format!("{kind}/{name}"),
    }
}

fn source(e: &Event) -> String {
    let s = e.source.as_ref();
    let component = s.and_then(|s| s.component.as_deref()).filter(|c| !c.is_empty()).or(e.reporting_component.as_deref()).unwrap_or("");
    let host = s.and_then(|s| s.host.as_deref()).filter(|h| !h.is_empty()).or(e.reporting_instance.as_deref()).unwrap_or("");
    if host.is_empty() { component.to_string() } else { format!("{component}, {host}") }
}

pub fn first_seen(e: &Event) -> Option<Time> {
    e.first_timestamp.as_ref().map(Time::from_meta).or_else(|| e.event_time.as_ref().map(Time::from_meta_micro))
}

pub fn last_seen(e: &Event) -> Option<Time> {
    if let Some(s) = &e.series {
        return s.last_observed_time.as_ref().map(Time::from_meta_micro);
    }
    e.last_timestamp.as_ref().map(Time::from_meta).or_else(|| first_seen(e))
}

pub fn count(e: &Event) -> i32 {
    e.series.as_ref().and_then(|s| s.count).or(e.count).filter(|n| *n != 0).unwrap_or(1)
}

fn validate(e: &Event, errors: &mut FieldErrors) {
    validate_as(e, "reportingComponent", errors);
}

/// Events of old had no time of their own; those that have one must say more. What the reporter's field is called differs
/// between versions.
pub fn validate_as(e: &Event, reporter: &'static str, errors: &mut FieldErrors) {
    let own = e.metadata.namespace.as_deref().unwrap_or("");
    let about = e.involved_object.namespace.as_deref().unwrap_or("");
    let is_new = e.event_time.is_some();
    let fits = match about {
        "" => own.is_empty() || own == "default" || (is_new && own == "kube-system"),
        _ => is_new || own == about,
    };
    if !fits {
        let at = Path::new("involvedObject");
        errors.invalid(&at.child("namespace"), about, "does not match event.namespace");
    }
    if is_new {
        validate_new(e, reporter, errors);
    }
    errors.invalid_each(&Path::new("namespace"), own, names::dns1123_subdomain(own, false));
}

fn validate_new(e: &Event, reporter_field: &'static str, errors: &mut FieldErrors) {
    const LONGEST: usize = 128;
    const LONGEST_MESSAGE: usize = 1024;
    let text = |t: &'_ Option<String>| t.clone().unwrap_or_default();
    let reporter = text(&e.reporting_component);
    let at = Path::new(reporter_field);
    if reporter.is_empty() {
        errors.required(&at, "");
    }
    errors.invalid_each(&at, &reporter, names::qualified_name(&reporter));
    for (name, value) in [
        ("reportingInstance", text(&e.reporting_instance)),
        ("action", text(&e.action)),
        ("reason", text(&e.reason)),
    ] {
        if value.is_empty() {
            errors.required(&Path::new(name), "");
        }
        if value.len() > LONGEST {
            errors.invalid(&Path::new(name), "", format!("can have at most {LONGEST} characters"));
        }
    }
    if text(&e.message).len() > LONGEST_MESSAGE {
        errors.invalid(&Path::new("message"), "", format!("can have at most {LONGEST_MESSAGE} characters"));
    }
}
