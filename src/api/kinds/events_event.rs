//! events.k8s.io/v1 Event: another version of the Event of the core group, as which it is stored.
//! Real Kubernetes: pkg/apis/events/v1/conversion.go, pkg/apis/core/validation/events.go, pkg/registry/core/event.

use k8s_openapi::api::core::v1::EventSeries;
use serde_json::Value;

use super::{Event, EventsEvent, event};
use crate::api::canonical;
use crate::api::field::{FieldErrors, Path};
use crate::api::kind::{Conversion, Kind};
use crate::api::object::{Object, Resource};
use crate::api::table::{Cell, Column, ColumnType, NAME_DOC, since};
use crate::api::time::Time;
use crate::api::{internal, names};

/// How fields are called here, and in the core group.
const NAMES: [(&str, &str); 7] = [
    ("note", "message"),
    ("regarding", "involvedObject"),
    ("reportingController", "reportingComponent"),
    ("deprecatedSource", "source"),
    ("deprecatedFirstTimestamp", "firstTimestamp"),
    ("deprecatedLastTimestamp", "lastTimestamp"),
    ("deprecatedCount", "count"),
];

pub static KIND: Kind<EventsEvent> = Kind {
    short_names: &["ev"],
    create_on_update: true,
    before_decoding: mark_absent_time,
    conversion: Some(Conversion { hub: Event::kind_ref, to_hub, from_hub, validate: Some(validate) }),
    columns: &[
        Column::text("Last Seen", "The time at which the most recent occurrence of this event was recorded.", |e, now| Cell::from(since(last_seen(e), now))),
        Column::text("Type", "Type of this event (Normal, Warning), new types could be added in the future", |e, _| Cell::from(e.type_.as_deref().unwrap_or(""))),
        Column::text("Reason", "This should be a short, machine understandable string that gives the reason for the transition into the object's current status.", |e, _| Cell::from(e.reason.as_deref().unwrap_or(""))),
        Column::text("Object", "The object that this event is about.", |e, _| Cell::from(object(e))),
        Column::wide_text("Subobject", "If referring to a piece of an object instead of an entire object, this string should contain a valid JSON/Go field access statement, such as desiredState.manifest.containers[2]. For example, if the object reference is to a container within a pod, this would take on a value like: \"spec.containers{name}\" (where \"name\" refers to the name of the container that triggered the event) or if no container name is specified \"spec.containers[2]\" (container with index 2 in this pod). This syntax is chosen only to have some well-defined way of referencing a part of an object.", |e, _| Cell::from(e.regarding.as_ref().and_then(|o| o.field_path.as_deref()).unwrap_or(""))),
        Column::wide_text("Source", "The component reporting this event. Should be a short machine understandable string.", |e, _| Cell::from(source(e))),
        Column::text("Message", "A human-readable description of the status of this operation.", |e, _| Cell::from(e.note.as_deref().unwrap_or("").trim())),
        Column::wide_text("First Seen", "The time at which the event was first recorded. (Time of server receipt is in TypeMeta.)", |e, now| Cell::from(since(first_seen(e), now))),
        Column::wide_text("Count", "The number of times this event has occurred.", |e, _| Cell::from(count(e))),
        Column::of(ColumnType::Name, 1, "Name", NAME_DOC, |e, _| Cell::from(e.name())),
    ],
    selectable: &[
        "reason", "regarding.kind", "regarding.namespace", "regarding.name", "regarding.uid", "regarding.apiVersion",
        "regarding.resourceVersion", "regarding.fieldPath", "reportingController", "type",
    ],
    field: |e, f| Some(field(e, f).unwrap_or_default()),
    ..Kind::new(("events.k8s.io", "v1"), "Event", "events", "event")
};

fn rename(v: &mut Value, from: impl Fn((&'static str, &'static str)) -> (&'static str, &'static str)) {
    let Some(map) = v.as_object_mut() else { return };
    for (old, new) in NAMES.map(from) {
        if let Some(value) = map.remove(old) {
            map.insert(new.into(), value);
        }
    }
}

/// Go's time of nothing.
const NEVER: &str = "0001-01-01T00:00:00.000000Z";

/// A series that doesn't say when it was last seen. In this version's type it always does, and it is judged later.
fn mark_absent_time(v: &mut Value) {
    if let Some(series) = v.get_mut("series").and_then(Value::as_object_mut) {
        series.entry("lastObservedTime").or_insert(NEVER.into());
    }
}

fn to_hub(v: &mut Value) {
    rename(v, |names| names);
    if let Some(series) = v.get_mut("series").and_then(Value::as_object_mut)
        && series.get("lastObservedTime").and_then(Value::as_str) == Some(NEVER)
    {
        series.remove("lastObservedTime");
    }
}

fn from_hub(v: &mut Value) {
    rename(v, |(here, core)| (core, here));
    // Which empty fields are written differs, too.
    canonical::fill(v, crate::api::schema::type_of(EventsEvent::kind_ref()));
}

fn field(e: &EventsEvent, name: &str) -> Option<String> {
    let o = e.regarding.as_ref();
    match name {
        "reason" => e.reason.clone(),
        "reportingController" => e.reporting_controller.clone(),
        "type" => e.type_.clone(),
        "regarding.kind" => o?.kind.clone(),
        "regarding.namespace" => o?.namespace.clone(),
        "regarding.name" => o?.name.clone(),
        "regarding.uid" => o?.uid.clone(),
        "regarding.apiVersion" => o?.api_version.clone(),
        "regarding.resourceVersion" => o?.resource_version.clone(),
        "regarding.fieldPath" => o?.field_path.clone(),
        _ => None,
    }
}

/// `pod/web-1`
fn object(e: &EventsEvent) -> String {
    let text = |t: Option<&String>| t.cloned().unwrap_or_default();
    let kind = text(e.regarding.as_ref().and_then(|o| o.kind.as_ref())).to_lowercase();
    match text(e.regarding.as_ref().and_then(|o| o.name.as_ref())) {
        none if none.is_empty() => kind,
        name => format!("{kind}/{name}"),
    }
}

fn source(e: &EventsEvent) -> String {
    let first = |texts: [Option<&String>; 2]| texts.into_iter().flatten().find(|t| !t.is_empty()).cloned();
    let old = e.deprecated_source.as_ref();
    let component = first([old.and_then(|s| s.component.as_ref()), e.reporting_controller.as_ref()]).unwrap_or_default();
    match first([old.and_then(|s| s.host.as_ref()), e.reporting_instance.as_ref()]) {
        Some(instance) => format!("{component}, {instance}"),
        None => component,
    }
}

fn first_seen(e: &EventsEvent) -> Option<Time> {
    let old = e.deprecated_first_timestamp.as_ref().map(Time::from_meta);
    old.or_else(|| e.event_time.as_ref().map(Time::from_meta_micro))
}

fn last_seen(e: &EventsEvent) -> Option<Time> {
    match &e.series {
        Some(s) => Some(Time::from_meta_micro(&s.last_observed_time)),
        None => e.deprecated_last_timestamp.as_ref().map(Time::from_meta).or_else(|| first_seen(e)),
    }
}

fn count(e: &EventsEvent) -> i32 {
    match &e.series {
        Some(s) => s.count,
        None => e.deprecated_count.filter(|n| *n != 0).unwrap_or(1),
    }
}

/// An event as it is stored. Paths are the core group's, as the real server tells them, but for one.
fn validate(new: &Object, old: Option<&Object>, errors: &mut FieldErrors) {
    let Some(e) = new.get::<Event>() else { return };
    event::validate_as(e, "reportingController", errors);
    match old.and_then(Object::get::<Event>) {
        Some(old) => validate_update(e, old, errors),
        None => validate_create(e, errors),
    }
}

/// What this version demands of an event that is created, besides what the core group demands. Real Kubernetes:
/// ValidateEventCreate.
fn validate_create(e: &Event, errors: &mut FieldErrors) {
    names::validate_meta(&e.metadata, true, names::dns1123_subdomain, errors);
    validate_series(e.series.as_ref(), errors);
    if e.event_time.is_none() {
        errors.required(&Path::new("eventTime"), "");
    }
    let kind = e.type_.as_deref().unwrap_or("");
    if !matches!(kind, "Normal" | "Warning") {
        errors.invalid(&Path::new("type"), "", format!("has invalid value: {kind}"));
    }
    let source = e.source.as_ref();
    let from = |text: Option<&String>| text.is_some_and(|t| !t.is_empty());
    for (field, set) in [
        ("firstTimestamp", e.first_timestamp.is_some()),
        ("lastTimestamp", e.last_timestamp.is_some()),
        ("count", e.count.unwrap_or(0) != 0),
        ("source", from(source.and_then(|s| s.component.as_ref())) || from(source.and_then(|s| s.host.as_ref()))),
    ] {
        if set {
            errors.invalid(&Path::new(field), "", "needs to be unset");
        }
    }
}

/// The same for an event that is changed: only a series may grow. Real Kubernetes: ValidateEventUpdate.
fn validate_update(new: &Event, old: &Event, errors: &mut FieldErrors) {
    names::validate_meta_update(&new.metadata, &old.metadata, errors);
    if new.series != old.series {
        validate_series(new.series.as_ref(), errors);
    }
    let mut same = |field: &'static str, value: String, before: String| {
        if value != before {
            errors.invalid_struct(&Path::new(field), value, "field is immutable");
        }
    };
    let object = "core/v1.ObjectReference";
    let text = |t: &Option<String>| format!("{:?}", t.as_deref().unwrap_or(""));
    let json = |t: Value| t.to_string();
    same("involvedObject", internal::shown(&new.involved_object, object), internal::shown(&old.involved_object, object));
    same("reason", text(&new.reason), text(&old.reason));
    same("message", text(&new.message), text(&old.message));
    let source = |e: &Event| internal::shown(&e.source.clone().unwrap_or_default(), "core/v1.EventSource");
    same("source", source(new), source(old));
    let time = |t: &Option<_>| json(serde_json::to_value(t).unwrap_or_default());
    same("firstTimestamp", time(&new.first_timestamp), time(&old.first_timestamp));
    same("lastTimestamp", time(&new.last_timestamp), time(&old.last_timestamp));
    same("count", new.count.unwrap_or(0).to_string(), old.count.unwrap_or(0).to_string());
    same("reason", text(&new.reason), text(&old.reason));
    same("type", text(&new.type_), text(&old.type_));
    let micro = |e: &Event| json(serde_json::to_value(&e.event_time).unwrap_or_default());
    same("eventTime", micro(new), micro(old));
    same("action", text(&new.action), text(&old.action));
    let related = |e: &Event| e.related.as_ref().map_or("null".into(), |r| internal::shown(r, object));
    same("related", related(new), related(old));
    same("reportingController", text(&new.reporting_component), text(&old.reporting_component));
    same("reportingInstance", text(&new.reporting_instance), text(&old.reporting_instance));
}

fn validate_series(series: Option<&EventSeries>, errors: &mut FieldErrors) {
    let Some(s) = series else { return };
    let at = Path::new("series");
    if s.count.unwrap_or(0) < 2 {
        errors.invalid(&at.child("count"), "", "should be at least 2");
    }
    if s.last_observed_time.is_none() {
        errors.required(&at.child("lastObservedTime"), "");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event(mut v: Value) -> Event {
        v["metadata"] = json!({"name": "a", "namespace": "default"});
        to_hub(&mut v);
        serde_json::from_value(v).expect("an event")
    }

    fn good() -> Value {
        json!({
            "eventTime": "2026-01-01T00:00:00.123456Z", "reportingController": "example.com/controller",
            "reportingInstance": "controller-1", "action": "Binding", "reason": "Scheduled", "type": "Normal",
            "regarding": {"kind": "Node", "name": "a"},
        })
    }

    fn other() -> Value {
        json!({
            "eventTime": "2026-01-01T00:00:00.123457Z", "reportingController": "example.com/other",
            "reportingInstance": "other", "action": "Other", "reason": "Other", "type": "Strange", "note": "other",
            "regarding": {"kind": "Other", "name": "b"}, "related": {"kind": "Other", "name": "b"}, "series": {"count": 1},
            "deprecatedCount": 1, "deprecatedFirstTimestamp": "2026-01-01T00:00:00Z",
            "deprecatedLastTimestamp": "2026-01-01T00:00:00Z", "deprecatedSource": {"component": "a"},
        })
    }

    fn told(judge: impl Fn(&mut FieldErrors)) -> Vec<String> {
        let mut errors = FieldErrors::default();
        judge(&mut errors);
        errors.list().iter().map(ToString::to_string).collect()
    }

    // The expected words are a real server's.

    #[test]
    fn a_new_event_says_when_it_was_and_nothing_in_the_old_way() {
        assert!(told(|e| validate_create(&event(good()), e)).is_empty());
        assert_eq!(told(|e| validate_create(&event(json!({})), e)), [
            "eventTime: Required value",
            "type: Invalid value: \"\": has invalid value: ",
        ]);
        assert_eq!(told(|e| validate_create(&event(other()), e)), [
            "series.count: Invalid value: \"\": should be at least 2",
            "series.lastObservedTime: Required value",
            "type: Invalid value: \"\": has invalid value: Strange",
            "firstTimestamp: Invalid value: \"\": needs to be unset",
            "lastTimestamp: Invalid value: \"\": needs to be unset",
            "count: Invalid value: \"\": needs to be unset",
            "source: Invalid value: \"\": needs to be unset",
        ]);
    }

    #[test]
    fn of_an_event_only_the_series_grows() {
        let mut more = good();
        more["series"] = json!({"count": 2, "lastObservedTime": "2026-01-01T00:00:05.000000Z"});
        assert!(told(|e| validate_update(&event(more.clone()), &event(good()), e)).is_empty());
        let object = r#"{"Kind":"Other","Namespace":"","Name":"b","UID":"","APIVersion":"","ResourceVersion":"","FieldPath":""}"#;
        let mut want: Vec<String> = [
            ("involvedObject", object),
            ("reason", r#""Other""#),
            ("message", r#""other""#),
            ("source", r#"{"Component":"a","Host":""}"#),
            ("firstTimestamp", r#""2026-01-01T00:00:00Z""#),
            ("lastTimestamp", r#""2026-01-01T00:00:00Z""#),
            ("count", "1"),
            ("reason", r#""Other""#),
            ("type", r#""Strange""#),
            ("eventTime", r#""2026-01-01T00:00:00.123457Z""#),
            ("action", r#""Other""#),
            ("related", object),
            ("reportingController", r#""example.com/other""#),
            ("reportingInstance", r#""other""#),
        ]
        .map(|(field, value)| format!("{field}: Invalid value: {value}: field is immutable"))
        .to_vec();
        want.insert(0, "series.lastObservedTime: Required value".into());
        want.insert(0, "series.count: Invalid value: \"\": should be at least 2".into());
        assert_eq!(told(|e| validate_update(&event(other()), &event(good()), e)), want);
    }

    #[test]
    fn an_event_comes_back_as_it_was_sent() {
        let mut v = good();
        v["note"] = "it is there".into();
        let sent = v.clone();
        to_hub(&mut v);
        assert_eq!(v["message"], "it is there");
        from_hub(&mut v);
        for (field, value) in sent.as_object().into_iter().flatten() {
            assert_eq!(v[field], *value, "{field}");
        }
        assert_eq!(v["deprecatedSource"], json!({}));
    }
}
