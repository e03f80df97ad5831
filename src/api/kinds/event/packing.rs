//! Events as bytes. One that holds more than recorders write stays as it is.

use k8s_openapi::api::core::v1::{EventSource, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta, Time};

use crate::api::kinds::Event;
use crate::api::packing::{Packing, Reader, Writer};

pub static PACKING: Packing<Event> = Packing { pack, unpack };

fn pack(mut e: Event) -> Result<Writer, Box<Event>> {
    let meta = &mut e.metadata;
    let place = (meta.namespace.take(), meta.name.take());
    let made = (meta.uid.take(), meta.resource_version.take(), meta.creation_timestamp.take());
    let is_plain = *meta == ObjectMeta::default();
    (meta.namespace, meta.name) = place;
    (meta.uid, meta.resource_version, meta.creation_timestamp) = made;
    let has_source = e.source.as_ref().is_none_or(|s| s.component.is_some());
    if !is_plain || !has_source || e.related.is_some() || e.series.is_some() {
        return Err(Box::new(e));
    }
    let (m, about) = (&e.metadata, &e.involved_object);
    let source = e.source.as_ref();
    let mut w = Writer::default();
    for text in [
        &m.namespace,
        &m.name,
        &m.uid,
        &m.resource_version,
        &about.api_version,
        &about.field_path,
        &about.kind,
        &about.name,
        &about.namespace,
        &about.resource_version,
        &about.uid,
        &e.action,
        &e.message,
        &e.reason,
        &e.reporting_component,
        &e.reporting_instance,
        &e.type_,
    ] {
        w.text(text.as_deref());
    }
    w.text(source.and_then(|s| s.component.as_deref()));
    w.text(source.and_then(|s| s.host.as_deref()));
    w.number(e.count);
    for time in [&m.creation_timestamp, &e.first_timestamp, &e.last_timestamp] {
        w.time(time.as_ref().map(|t| t.0));
    }
    w.time(e.event_time.as_ref().map(|t| t.0));
    Ok(w)
}

fn unpack(mut r: Reader<'_>) -> Event {
    let mut e = Event {
        metadata: ObjectMeta {
            namespace: r.owned(),
            name: r.owned(),
            uid: r.owned(),
            resource_version: r.owned(),
            ..ObjectMeta::default()
        },
        involved_object: ObjectReference {
            api_version: r.owned(),
            field_path: r.owned(),
            kind: r.owned(),
            name: r.owned(),
            namespace: r.owned(),
            resource_version: r.owned(),
            uid: r.owned(),
        },
        action: r.owned(),
        message: r.owned(),
        reason: r.owned(),
        reporting_component: r.owned(),
        reporting_instance: r.owned(),
        type_: r.owned(),
        ..Event::default()
    };
    let (component, host) = (r.owned(), r.owned());
    e.source = component.is_some().then_some(EventSource { component, host });
    e.count = r.number();
    e.metadata.creation_timestamp = r.time().map(Time);
    e.first_timestamp = r.time().map(Time);
    e.last_timestamp = r.time().map(Time);
    e.event_time = r.time().map(MicroTime);
    e
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::*;
    use crate::api::Object;

    /// Every field that recorders write, and those that others may.
    fn event() -> Value {
        let about = json!({"apiVersion": "v1", "fieldPath": "spec.containers{a}", "kind": "Pod", "name": "p", "namespace": "d", "resourceVersion": "7", "uid": "u"});
        json!({
            "apiVersion": "v1", "kind": "Event",
            "metadata": {"creationTimestamp": "2026-01-01T00:00:01Z", "name": "p.1", "namespace": "d", "resourceVersion": "9", "uid": "v"},
            "involvedObject": about,
            "action": "Binding", "count": 3, "eventTime": "2026-01-01T00:00:02.000003Z", "firstTimestamp": "2026-01-01T00:00:04Z",
            "lastTimestamp": "2026-01-01T00:00:05Z", "message": "m", "reason": "R", "reportingComponent": "c", "reportingInstance": "i",
            "source": {"component": "c", "host": "h"}, "type": "Normal",
        })
    }

    #[test]
    fn an_event_is_the_same_packed_and_loose() {
        let mut less: Vec<Value> = event().as_object().unwrap().keys().map(|k| without(k)).collect();
        less.push(event());
        for v in less {
            let plain: Event = serde_json::from_value(v.clone()).unwrap();
            let mut o = Object::new(plain.clone());
            o.pack();
            assert!(format!("{o:?}").contains("Packed("), "{v}");
            assert_eq!((o.namespace(), o.name()), (plain.metadata.namespace.as_deref().unwrap_or(""), plain.metadata.name.as_deref().unwrap_or("")));
            let o = Arc::new(o);
            assert_eq!(o.clone().loose().get::<Event>(), Some(&plain));
            assert!(o.same(&Object::new(plain.clone())));
            assert_eq!(o.get::<Event>(), Some(&plain));
            let mut copy = (*o).clone();
            copy.meta_mut().name = Some("other".into());
            assert_eq!((copy.name(), o.name() == "other"), ("other", false));
        }
    }

    fn without(field: &str) -> Value {
        let mut v = event();
        if !["apiVersion", "kind", "metadata", "involvedObject"].contains(&field) {
            v.as_object_mut().unwrap().remove(field);
        }
        v
    }

    #[test]
    fn what_has_no_place_in_the_bytes_is_not_packed() {
        for more in [
            json!({"metadata": {"labels": {"a": "b"}}}),
            json!({"metadata": {"finalizers": ["x/y"]}}),
            json!({"related": {"name": "n"}}),
            json!({"series": {"count": 2}}),
            json!({"source": {"host": "h"}}),
        ] {
            let mut v = event();
            json_patch::merge(&mut v, &more);
            if more["source"].is_object() {
                v["source"] = more["source"].clone();
            }
            let plain: Event = serde_json::from_value(v).unwrap();
            let mut o = Object::new(plain.clone());
            o.pack();
            assert_eq!(o.get::<Event>(), Some(&plain));
            assert!(!format!("{o:?}").contains("Packed("));
        }
    }
}
