//! What many pods have alike, kept once.
//!
//! A thousand pods of one template have one spec, but for what stands beside it ([`Spec`]), and those that are bound within one
//! second have one status until their kubelets speak. Sharing it saves a quarter of the memory of a full cluster. Real Kubernetes
//! keeps every copy.

use std::collections::VecDeque;

use k8s_openapi::api::core::v1::PodStatus;

use crate::api::Object;
use crate::api::kinds::Pod;
use crate::api::kinds::shared_pod::Spec;
use crate::api::shared::Shared;

/// Pods are made in runs of the same; more templates than these rarely take turns.
const SPECS: usize = 32;
/// New ones, bound ones, and those of another class of service.
const STATUSES: usize = 4;

/// The specs and statuses of the pods that were written last.
#[derive(Clone, Debug, Default)]
pub struct Specs {
    specs: Recent<Spec, SPECS>,
    statuses: Recent<Shared<PodStatus>, STATUSES>,
}

impl Specs {
    /// Lets a new pod share its parts with earlier ones that are like it.
    pub fn share(&mut self, o: &mut Object) {
        let Some(pod) = o.get_mut::<Pod>() else { return };
        if let Some(spec) = &mut pod.spec {
            spec.set_names_apart();
            if let Some(known) = self.specs.find(spec, Spec::is_like) {
                spec.share(known);
            }
        }
        self.share_status(pod);
    }

    /// The same for a pod that exists, and whose status the server itself has changed.
    pub fn share_status(&mut self, pod: &mut Pod) {
        let Some(status) = &mut pod.status else { return };
        if let Some(known) = self.statuses.find(status, Shared::eq) {
            *status = known.clone();
        }
    }
}

/// The last few of something, the latest first.
#[derive(Clone, Debug)]
struct Recent<T, const KEPT: usize>(VecDeque<T>);

impl<T, const KEPT: usize> Default for Recent<T, KEPT> {
    fn default() -> Self {
        Recent(VecDeque::new())
    }
}

impl<T: Clone, const KEPT: usize> Recent<T, KEPT> {
    /// One that is like this; if there is none, this is remembered.
    fn find(&mut self, this: &T, is_like: impl Fn(&T, &T) -> bool) -> Option<&T> {
        match self.0.iter().position(|known| is_like(known, this)) {
            Some(at) => {
                self.0.swap(0, at);
                self.0.front()
            }
            None => {
                self.0.truncate(KEPT - 1);
                self.0.push_front(this.clone());
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::{Container, PodSpec};

    use super::*;

    fn pod(image: &str) -> Object {
        let containers = vec![Container { image: Some(image.into()), ..Container::default() }];
        let spec = PodSpec { containers, ..PodSpec::default() };
        Object::new(Pod { spec: Some(spec.into()), ..Pod::default() })
    }

    fn spec(o: &Object) -> *const PodSpec {
        let spec: &PodSpec = o.get::<Pod>().unwrap().spec.as_ref().unwrap();
        spec
    }

    #[test]
    fn pods_that_are_alike_share_their_spec_also_when_templates_take_turns() {
        let mut specs = Specs::default();
        let mut made = |image| {
            let mut o = pod(image);
            specs.share(&mut o);
            o
        };
        let (a, b, again, other) = (made("a"), made("b"), made("a"), made("c"));
        assert_eq!(spec(&a), spec(&again));
        assert_ne!(spec(&a), spec(&b));
        assert_eq!(other.get::<Pod>().unwrap().spec.as_ref().unwrap().containers[0].image.as_deref(), Some("c"));
    }

    #[test]
    fn only_so_many_are_kept() {
        let mut specs = Specs::default();
        for i in 0..2 * SPECS {
            specs.share(&mut pod(&i.to_string()));
        }
        assert_eq!(specs.specs.0.len(), SPECS);
    }

    #[test]
    fn pods_with_the_same_status_share_it_until_one_changes() {
        let mut specs = Specs::default();
        let mut made = |phase: &str| {
            let status = PodStatus { phase: Some(phase.into()), ..PodStatus::default() };
            let mut pod = Pod { status: Some(status.into()), ..Pod::default() };
            specs.share_status(&mut pod);
            pod
        };
        let (a, mut b, other) = (made("Pending"), made("Pending"), made("Running"));
        let place = |p: &Pod| -> *const PodStatus { &**p.status.as_ref().unwrap() };
        assert_eq!(place(&a), place(&b));
        assert_ne!(place(&a), place(&other));
        b.status.as_mut().unwrap().phase = Some("Failed".into());
        assert_eq!(a.status.unwrap().phase.as_deref(), Some("Pending"));
    }
}
