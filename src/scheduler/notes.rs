//! The events that the scheduler writes, of the newer kind, which counts repetitions in a series.
//! Real Kubernetes: client-go/tools/events/event_broadcaster.go.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{EventSeries, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::api::Uid;
use crate::api::kinds::{Event as EventObject, EventsEvent, Pod};
use crate::api::object::Resource;
use crate::client::recorder::{Mark, name_of, reference};
use crate::world::Ctx;

/// Events remembered for counting up.
const LIMIT: usize = 2048;

#[derive(Clone, Default)]
pub struct Notes {
    /// The machine on which the scheduler runs, as events name it.
    host: String,
    known: BTreeMap<(Uid, Mark), (u64, i32)>,
}

/// What an event says.
pub struct Note<'a> {
    pub warning: bool,
    pub reason: &'a str,
    pub action: &'a str,
    pub message: &'a str,
    pub related: Option<ObjectReference>,
}

impl Notes {
    pub fn from(host: &str) -> Notes {
        Notes { host: host.into(), ..Notes::default() }
    }

    pub fn write(&mut self, pod: &Pod, note: Note<'_>, ctx: &mut Ctx<'_>) {
        let now = ctx.now();
        let about = reference(pod, None);
        // What is told of another revision of the pod is another event.
        let id = (Uid::of(pod.uid()), Mark::of((note.reason, note.message, &about.resource_version)));
        let newer = EventsEvent::kind_ref();
        if let Some((number, count)) = self.known.get_mut(&id) {
            *count += 1;
            let count = *count;
            let done =
                ctx.api::<EventObject>().speaking(newer).patch(pod.namespace(), &name_of(&about, *number), |e| {
                    e.series = Some(EventSeries { count: Some(count), last_observed_time: Some(now.meta_micro()) });
                });
            if done.is_ok() {
                return;
            }
        }
        let number = now.nanos();
        let event = EventObject {
            metadata: ObjectMeta {
                name: Some(name_of(&about, number)),
                namespace: Some(pod.namespace().into()),
                ..ObjectMeta::default()
            },
            involved_object: about,
            reason: Some(note.reason.into()),
            message: Some(note.message.into()),
            type_: Some(if note.warning { "Warning" } else { "Normal" }.into()),
            action: Some(note.action.into()),
            event_time: Some(now.meta_micro()),
            related: note.related,
            reporting_component: Some("default-scheduler".into()),
            reporting_instance: Some(format!("default-scheduler-{}", self.host)),
            ..EventObject::default()
        };
        if ctx.api::<EventObject>().speaking(newer).create(event).is_ok() {
            if self.known.len() > LIMIT {
                self.known.pop_first();
            }
            self.known.insert(id, (number, 1));
        }
    }
}
