//! Which pods a pod is to be spread from when it says nothing itself: those of its Services and of its controller.
//! Real Kubernetes: pkg/scheduler/framework/plugins/helper/spread.go DefaultSelector.

use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;

use crate::api::kinds::{ReplicaSet, ReplicationController, Service, StatefulSet, replicaset, replicationcontroller};
use crate::api::object::{Name, controller_of};
use crate::api::selector::{Labels, Requirement, Selector};
use crate::api::{KindRef, Object, Resource, Uid};
use crate::client::Cache as Lister;
use crate::store::{Change, Scope};

#[derive(Clone, Default)]
pub struct Siblings {
    services: Lister<Service>,
    sets: Lister<ReplicaSet>,
    stateful: Lister<StatefulSet>,
    replication: Lister<ReplicationController>,
    /// The last answer: thousands of pods of one ReplicaSet ask the same.
    last: Option<(Asked, Option<Arc<Selector>>)>,
}

/// All that an answer depends on, but for Services and controllers.
#[derive(Clone, PartialEq, Eq)]
struct Asked {
    namespace: Name,
    labels: Option<Labels>,
    owner: Option<Uid>,
}

impl Siblings {
    pub fn scopes() -> [Scope; 4] {
        let services = Service::kind_ref();
        [services, ReplicaSet::kind_ref(), StatefulSet::kind_ref(), ReplicationController::kind_ref()].map(Scope::all)
    }

    /// Takes a change in. Changes of other kinds are none of its business.
    pub fn apply(&mut self, c: &Change) -> bool {
        let ours = self.services.apply(c) || self.sets.apply(c) || self.stateful.apply(c) || self.replication.apply(c);
        let generation = |o: &Object| o.meta().generation;
        // Most changes of a controller are of its status.
        if ours && c.previous.as_ref().is_none_or(|p| generation(p).is_none() || generation(p) != generation(&c.object))
        {
            self.last = None;
        }
        ours
    }

    pub fn of(&mut self, pod: &Object) -> Option<Arc<Selector>> {
        let labels = pod.meta().labels.as_ref();
        let known = self.last.as_ref().filter(|(asked, _)| {
            asked.owner == pod.marks().owner && asked.labels.as_ref() == labels && asked.namespace == pod.namespace()
        });
        if let Some((_, answer)) = known {
            return answer.clone();
        }
        let asked = Asked { namespace: pod.namespace().into(), labels: labels.cloned(), owner: pod.marks().owner };
        let answer = self.find(pod).map(Arc::new);
        self.last = Some((asked, answer.clone()));
        answer
    }

    /// Which pods a controller takes for its own.
    fn of_controller(&self, ns: &str, owner: &OwnerReference) -> Option<Selector> {
        let is = |kind: KindRef| owner.kind == kind.name() && owner.api_version == kind.api_version();
        if is(ReplicaSet::kind_ref()) {
            self.sets.get(ns, &owner.name).map(replicaset::selector)
        } else if is(StatefulSet::kind_ref()) {
            let set = self.stateful.get(ns, &owner.name)?;
            set.spec.as_ref().map(|s| Selector::of(&s.selector))
        } else if is(ReplicationController::kind_ref()) {
            self.replication.get(ns, &owner.name).and_then(replicationcontroller::selector).map(Selector::of_labels)
        } else {
            None
        }
    }

    fn find(&self, pod: &Object) -> Option<Selector> {
        let (ns, labels) = (pod.namespace(), pod.meta().labels.as_ref());
        let mut all: Vec<Requirement> = vec![];
        let mut add = |s: Selector| {
            if let Selector::All(r) = s {
                all.extend(r.into_iter().filter(|r| !all.contains(r)).collect::<Vec<_>>());
            }
        };
        for s in self.services.in_namespace(ns) {
            let selector = s.spec.as_ref().and_then(|s| s.selector.clone()).filter(|l| !l.is_empty());
            if let Some(l) = selector.map(|l| Selector::of_labels(&l)).filter(|l| l.matches(labels)) {
                add(l);
            }
        }
        if let Some(s) = controller_of(pod.meta()).and_then(|owner| self.of_controller(ns, owner)) {
            add(s);
        }
        (!all.is_empty()).then_some(Selector::All(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told<T: Resource>(s: &mut Siblings, v: serde_json::Value, before: Option<&Arc<Object>>) -> Arc<Object> {
        let o = Arc::new(Object::new(serde_json::from_value::<T>(v).unwrap()));
        assert!(s.apply(&Change { previous: before.cloned(), ..Change::own(&o) }));
        o
    }

    #[test]
    fn an_answer_is_remembered_until_a_service_or_the_set_itself_changes() {
        let pod: crate::api::kinds::Pod = serde_json::from_value(json!({"metadata": {"namespace": "d", "name": "p",
            "labels": {"app": "x", "tier": "y"}, "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet",
            "name": "r", "uid": "u", "controller": true}]}}))
        .unwrap();
        let pod = Object::new(pod);
        let mut s = Siblings::default();
        let seen = |s: &mut Siblings| s.of(&pod).map(|x| x.to_string());
        assert_eq!(seen(&mut s), None);
        let set = |generation: i64, app: &str| {
            json!({"metadata": {"namespace": "d", "name": "r", "uid": "u", "generation": generation},
                "spec": {"selector": {"matchLabels": {"app": app}}}})
        };
        let first = told::<ReplicaSet>(&mut s, set(1, "x"), None);
        assert_eq!(seen(&mut s).as_deref(), Some("app=x"));
        let second = told::<ReplicaSet>(&mut s, set(1, "x"), Some(&first));
        assert!(s.last.is_some(), "only its status changed");
        told::<ReplicaSet>(&mut s, set(2, "z"), Some(&second));
        assert_eq!(seen(&mut s).as_deref(), Some("app=z"));
        told::<Service>(
            &mut s,
            json!({"metadata": {"namespace": "d", "name": "s"}, "spec": {"selector": {"tier": "y"}}}),
            None,
        );
        assert_eq!(seen(&mut s).as_deref(), Some("tier=y,app=z"));
    }

    #[test]
    fn pods_are_siblings_by_whatever_controller_they_have() {
        let mut s = Siblings::default();
        told::<StatefulSet>(
            &mut s,
            json!({"metadata": {"namespace": "d", "name": "x"}, "spec": {"serviceName": "x", "template": {},
                "selector": {"matchExpressions": [{"key": "app", "operator": "Exists"}]}}}),
            None,
        );
        told::<ReplicationController>(
            &mut s,
            json!({"metadata": {"namespace": "d", "name": "x"}, "spec": {"selector": {"app": "r"}}}),
            None,
        );
        for (version, kind, want) in [
            ("apps/v1", "StatefulSet", Some("app")),
            ("v1", "ReplicationController", Some("app=r")),
            ("apps/v1", "ReplicationController", None),
            ("apps/v1", "DaemonSet", None),
        ] {
            let owner = json!({"apiVersion": version, "kind": kind, "name": "x", "uid": kind, "controller": true});
            let meta = json!({"namespace": "d", "name": "p", "ownerReferences": [owner]});
            let pod: crate::api::kinds::Pod = serde_json::from_value(json!({"metadata": meta})).unwrap();
            assert_eq!(s.of(&Object::new(pod)).map(|s| s.to_string()).as_deref(), want, "{version} {kind}");
            s.last = None;
        }
    }
}
