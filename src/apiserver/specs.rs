//! The specs of pods, each kept once, however many pods have it.
//!
//! A thousand pods of one template have one spec, but for what stands beside it ([`Spec`]). Sharing it saves a
//! quarter of the memory of a full cluster. Real Kubernetes keeps every copy.

use std::collections::VecDeque;

use crate::api::Object;
use crate::api::kinds::Pod;
use crate::api::kinds::shared_pod::Spec;

/// Pods are made in runs of the same; more templates than these rarely take turns.
const KEPT: usize = 32;

/// The specs of the pods that were created last, the latest first.
#[derive(Clone, Debug, Default)]
pub struct Specs {
    recent: VecDeque<Spec>,
}

impl Specs {
    /// Lets a new pod share the spec of an earlier one that is like it.
    pub fn share(&mut self, o: &mut Object) {
        let Some(spec) = o.get_mut::<Pod>().and_then(|p| p.spec.as_mut()) else { return };
        spec.set_names_apart();
        match self.recent.iter().position(|s| s.is_like(spec)) {
            Some(at) => {
                spec.share(&self.recent[at]);
                self.recent.swap(0, at);
            }
            None => {
                self.recent.truncate(KEPT - 1);
                self.recent.push_front(spec.clone());
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
        for i in 0..2 * KEPT {
            specs.share(&mut pod(&i.to_string()));
        }
        assert_eq!(specs.recent.len(), KEPT);
    }
}
