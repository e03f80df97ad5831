//! What a namespace that is going away says of itself. Pure.
//! Real Kubernetes: pkg/controller/namespace/deletion/status_condition_utils.go.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{NamespaceCondition, NamespaceStatus};

use crate::api::kinds::Pod;
use crate::api::{KindRef, Object, Resource, Time};

/// What is left after everything that may go was told to go.
#[derive(Default, Debug)]
pub struct Remains {
    /// Objects of each kind, as the condition writes it: `configmaps. has 2 resource instances`.
    counts: BTreeMap<KindRef, usize>,
    finalizers: BTreeMap<String, usize>,
    /// Kinds whose objects should be gone by now, as nothing holds them.
    unexpected: Vec<KindRef>,
}

impl Remains {
    /// `late` tells whether the pods' grace is over.
    pub fn of(objects: &[Arc<Object>], late: bool) -> Remains {
        let mut remains = Remains::default();
        for o in objects {
            *remains.counts.entry(o.kind()).or_default() += 1;
            for f in o.meta().finalizers.iter().flatten() {
                *remains.finalizers.entry(f.clone()).or_default() += 1;
            }
        }
        let held = |k: KindRef| {
            objects.iter().any(|o| o.kind() == k && o.meta().finalizers.as_ref().is_some_and(|f| !f.is_empty()))
        };
        let pods = Pod::kind_ref();
        remains.unexpected = remains.counts.keys().copied().filter(|k| !held(*k) && (*k != pods || late)).collect();
        remains
    }

    fn content_failure(&self, namespace: &str) -> Option<String> {
        let mut texts: Vec<String> = self
            .unexpected
            .iter()
            .map(|k| {
                let resource = format!("{}/{}, Resource={}", k.group(), k.version(), k.plural());
                format!("unexpected items still remain in namespace: {namespace} for gvr: {resource}")
            })
            .collect();
        texts.sort();
        (!texts.is_empty())
            .then(|| format!("Failed to delete all resource types, {} remaining: {}", texts.len(), texts.join(", ")))
    }

    /// Pods go first, and while they do nobody counts what else there is.
    fn pods_only(&self) -> bool {
        self.counts.contains_key(&Pod::kind_ref())
    }

    fn content(&self) -> Option<String> {
        let mut texts: Vec<String> = self
            .counts
            .iter()
            .map(|(k, n)| format!("{}.{} has {n} resource instances", k.plural(), k.group()))
            .collect();
        texts.sort();
        (!texts.is_empty() && !self.pods_only()).then(|| format!("Some resources are remaining: {}", texts.join(", ")))
    }

    fn finalizers(&self) -> Option<String> {
        let texts: Vec<String> =
            self.finalizers.iter().map(|(f, n)| format!("{f} in {n} resource instances")).collect();
        (!texts.is_empty() && !self.pods_only())
            .then(|| format!("Some content in the namespace has finalizers remaining: {}", texts.join(", ")))
    }
}

/// Writes the conditions; tells whether anything changed.
pub fn set(status: &mut NamespaceStatus, namespace: &str, remains: &Remains, now: Time) -> bool {
    let failure = remains.content_failure(namespace);
    let mut changed = false;
    for (kind, good, all_well, bad, wrong) in [
        (
            "NamespaceDeletionDiscoveryFailure",
            "ResourcesDiscovered",
            "All resources successfully discovered",
            "DiscoveryFailed",
            None,
        ),
        (
            "NamespaceDeletionGroupVersionParsingFailure",
            "ParsedGroupVersions",
            "All legacy kube types successfully parsed",
            "GroupVersionParsingFailed",
            None,
        ),
        (
            "NamespaceDeletionContentFailure",
            "ContentDeleted",
            "All content successfully deleted, may be waiting on finalization",
            "ContentDeletionFailed",
            failure,
        ),
        (
            "NamespaceContentRemaining",
            "ContentRemoved",
            "All content successfully removed",
            "SomeResourcesRemain",
            remains.content(),
        ),
        (
            "NamespaceFinalizersRemaining",
            "ContentRemoved",
            "All content successfully removed",
            "SomeFinalizersRemain",
            remains.finalizers(),
        ),
    ] {
        let (value, reason, message) = match wrong {
            Some(message) => ("True", bad, message),
            None => ("False", good, all_well.to_string()),
        };
        let list = status.conditions.get_or_insert_default();
        let at = list.iter().position(|c| c.type_ == kind).unwrap_or_else(|| {
            list.push(NamespaceCondition { type_: kind.into(), ..NamespaceCondition::default() });
            list.len() - 1
        });
        let c = &mut list[at];
        if c.status != value {
            c.last_transition_time = Some(now.meta());
            c.status = value.into();
            changed = true;
        }
        changed |= c.reason.as_deref() != Some(reason) || c.message.as_deref() != Some(message.as_str());
        c.reason = Some(reason.into());
        c.message = Some(message);
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds::ConfigMap;
    use serde_json::json;

    fn messages(objects: &[Arc<Object>], late: bool) -> Vec<(String, String)> {
        let mut status = NamespaceStatus::default();
        let remains = Remains::of(objects, late);
        assert!(set(&mut status, "tmp", &remains, Time::from_nanos(0)));
        assert!(!set(&mut status, "tmp", &remains, Time::from_nanos(9)), "nothing new the second time");
        let conditions = status.conditions.unwrap_or_default();
        assert_eq!(conditions.len(), 5);
        let wrong = conditions.into_iter().filter(|c| c.status == "True");
        wrong.map(|c| (c.type_, c.message.unwrap_or_default())).collect()
    }

    #[test]
    fn a_namespace_says_what_holds_it() {
        let map: ConfigMap =
            serde_json::from_value(json!({"metadata": {"name": "c", "finalizers": ["a/b"]}})).expect("a ConfigMap");
        let pod: Pod = serde_json::from_value(json!({"metadata": {"name": "p"}})).expect("a pod");
        let (map, pod) = (Arc::new(Object::new(map)), Arc::new(Object::new(pod)));
        assert_eq!(messages(&[], true), []);
        assert_eq!(
            messages(std::slice::from_ref(&map), true),
            [
                (
                    "NamespaceContentRemaining".into(),
                    "Some resources are remaining: configmaps. has 1 resource instances".into()
                ),
                (
                    "NamespaceFinalizersRemaining".into(),
                    "Some content in the namespace has finalizers remaining: a/b in 1 resource instances".into()
                ),
            ]
        );
        assert_eq!(messages(&[map.clone(), pod.clone()], false), [], "the pod has time, and is waited for first");
        assert_eq!(
            messages(&[map, pod], true),
            [(
                "NamespaceDeletionContentFailure".into(),
                "Failed to delete all resource types, 1 remaining: unexpected items still remain in namespace: tmp for gvr: /v1, Resource=pods".into()
            )]
        );
    }
}
