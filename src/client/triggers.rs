//! Since when a slice should have looked as it does: the time of the change that it answers.
//! Real Kubernetes: k8s.io/endpointslice/util/trigger_time_tracker.go.

use std::collections::BTreeMap;

use crate::api::kinds::{Pod, Service};
use crate::api::object::Name;
use crate::api::{Resource, Time};

/// What was last seen of a Service and its pods.
#[derive(Clone, Default, Debug)]
pub struct Triggers {
    service: Option<Time>,
    pods: BTreeMap<Name, Time>,
}

impl Triggers {
    /// The earliest change since the last look; `None` if nothing that has a time changed.
    pub fn look(&mut self, service: &Service, pods: &[&Pod]) -> Option<Time> {
        let mut earliest: Option<Time> = None;
        let mut news = |t: Time| earliest = Some(earliest.map_or(t, |e| e.min(t)));
        for p in pods {
            let Some(t) = readiness_changed(p) else { continue };
            if self.pods.get(p.name()).is_none_or(|before| t > *before) {
                news(t);
                self.pods.insert(p.name().into(), t);
            }
        }
        if self.pods.len() > pods.len() {
            self.pods.retain(|name, _| pods.iter().any(|p| p.name() == name));
        }
        let created = service.metadata.creation_timestamp.as_ref().map(Time::from_meta);
        if created > self.service {
            self.service = created;
            created.into_iter().for_each(news);
        }
        earliest
    }
}

fn readiness_changed(p: &Pod) -> Option<Time> {
    let ready = p.status.as_ref()?.conditions.as_ref()?.iter().find(|c| c.type_ == "Ready")?;
    ready.last_transition_time.as_ref().map(Time::from_meta)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_change_is_told_once_and_the_earliest_counts() {
        let at = |s: u32| format!("2026-01-01T00:00:{s:02}Z");
        let service: Service =
            serde_json::from_value(json!({"metadata": {"name": "s", "creationTimestamp": at(5)}})).expect("a Service");
        let pod = |name: &str, s: u32| -> Pod {
            let ready = json!({"type": "Ready", "status": "True", "lastTransitionTime": at(s)});
            serde_json::from_value(json!({"metadata": {"name": name}, "status": {"conditions": [ready]}}))
                .expect("a pod")
        };
        let time = |s: u32| Time::parse(&at(s));
        let mut seen = Triggers::default();
        assert_eq!(seen.look(&service, &[]), time(5));
        assert_eq!(seen.look(&service, &[]), None);
        let (a, b) = (pod("a", 9), pod("b", 8));
        assert_eq!(seen.look(&service, &[&a, &b]), time(8));
        assert_eq!(seen.look(&service, &[&a]), None);
        assert_eq!(seen.look(&service, &[&a, &b]), time(8), "a pod that came back is news");
    }
}
