//! Services with the pods behind them, as the controllers see them that write down who may get traffic: which Services a change
//! concerns, and which change it was.
//! Real Kubernetes: k8s.io/endpointslice/util/{controller_utils.go,trigger_time_tracker.go}.

use std::collections::BTreeMap;

use super::Cache;
use super::controller::Enqueue;
use super::triggers::Triggers;
use crate::api::endpoints::{is_news, selects};
use crate::api::kinds::{Pod, Service};
use crate::api::{Key, Resource, Time};
use crate::store::{Change, ChangeKind, Scope};

#[derive(Clone, Default, Debug)]
pub struct Backends {
    services: Cache<Service>,
    pods: Cache<Pod>,
    triggers: BTreeMap<Key, Triggers>,
}

/// A Service and what stands behind it.
pub struct Backed<'a> {
    pub service: &'a Service,
    pub pods: Vec<&'a Pod>,
    /// When the earliest thing happened that nobody has looked at yet.
    pub since: Option<Time>,
}

impl Backends {
    pub fn watches() -> [Scope; 2] {
        [Scope::all(Service::kind_ref()), Scope::all(Pod::kind_ref())]
    }

    /// Takes a change in. Tells whether it was of a Service or a pod.
    pub fn observe(&mut self, c: &Change, enqueue: &mut Enqueue<'_>) -> bool {
        if self.services.apply(c) {
            if c.kind == ChangeKind::Deleted {
                self.triggers.remove(&c.key);
            }
            enqueue.add(c.key.clone());
            return true;
        }
        if !self.pods.apply(c) {
            return false;
        }
        let before = c.previous.as_ref().filter(|_| c.kind == ChangeKind::Modified);
        let pods = (c.object.get::<Pod>(), before.and_then(|p| p.get::<Pod>()));
        let (moved, changed) = match pods {
            (Some(new), Some(old)) => is_news(new, old),
            _ => (false, true),
        };
        if !moved && !changed {
            return true;
        }
        for s in self.services.in_namespace(&c.key.namespace) {
            let now = selects(s, c.object.meta().labels.as_ref());
            let then = moved && before.is_some_and(|p| selects(s, p.meta().labels.as_ref()));
            // A pod that only moved concerns those whom it left or came to.
            if if changed { now || then } else { now != then } {
                enqueue.add(s.key());
            }
        }
        true
    }

    pub fn service(&self, key: &Key) -> Option<&Service> {
        self.services.by_key(key)
    }

    /// The pods that a Service selects, and since when they should be written down.
    pub fn look(&mut self, key: &Key) -> Option<Backed<'_>> {
        let service = self.services.by_key(key)?;
        let pods: Vec<&Pod> =
            self.pods.in_namespace(&key.namespace).filter(|p| selects(service, p.metadata.labels.as_ref())).collect();
        let since = self.triggers.entry(key.clone()).or_default().look(service, &pods);
        Some(Backed { service, pods, since })
    }
}
