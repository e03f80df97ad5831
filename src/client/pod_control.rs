//! How controllers make and delete pods: always with the Events that tell of it.
//! Real Kubernetes: pkg/controller/controller_utils.go RealPodControl, GetPodFromTemplate, slowStartBatch.

use std::sync::Arc;

use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::recorder::{Note, reference};
use super::{Expectations, Recorder};
use crate::api::kinds::Pod;
use crate::api::object::{Resource, controller_ref};
use crate::api::{Object, Reason, Status};
use crate::apiserver::delete::DeleteOptions;
use crate::world::Ctx;

/// A pod of a template, which gets its name when it is made. Of the template's metadata it has the labels, annotations and
/// finalizers, and nothing else.
pub fn pod_of<O: Resource>(owner: &O, template: Option<&PodTemplateSpec>) -> Pod {
    let template = template.cloned().unwrap_or_default();
    let of_template = template.metadata.unwrap_or_default();
    let metadata = ObjectMeta {
        generate_name: Some(format!("{}-", owner.name())),
        namespace: Some(owner.namespace().into()),
        labels: of_template.labels,
        annotations: of_template.annotations,
        finalizers: of_template.finalizers,
        owner_references: Some(vec![controller_ref(owner)]),
        ..ObjectMeta::default()
    };
    Pod { metadata, spec: Some(template.spec.unwrap_or_default().into()), status: None }
}

#[derive(Clone, Debug)]
pub struct PodControl {
    pub recorder: Recorder,
}

impl PodControl {
    /// `source` is the component that the Events name.
    pub fn new(source: &'static str) -> PodControl {
        PodControl { recorder: Recorder::new(source, "") }
    }

    /// `None` where the namespace goes away with all that is in it: no pod comes, and there is nothing to try again or to tell.
    ///
    /// # Errors
    /// The API server refused the pod, which an Event tells.
    pub fn create<O: Resource>(
        &mut self,
        owner: &O,
        pod: Pod,
        ctx: &mut Ctx<'_>,
    ) -> Result<Option<Arc<Object>>, Status> {
        match ctx.api::<Pod>().create(pod) {
            Ok(o) => {
                let message = format!("Created pod: {}", o.name());
                self.recorder.record(reference(owner, None), Note::normal("SuccessfulCreate", &message), ctx);
                Ok(Some(o))
            }
            Err(e) if e.namespace_ends() => Ok(None),
            Err(e) => {
                let message = format!("Error creating: {}", e.message);
                self.recorder.record(reference(owner, None), Note::warning("FailedCreate", &message), ctx);
                Err(e)
            }
        }
    }

    /// Deletes pods and expects to see them go. Each is tried, whatever becomes of the others; of several failures the first one
    /// counts.
    ///
    /// # Errors
    /// The API server refused one.
    pub fn delete_all<'p, O: Resource>(
        &mut self,
        owner: &O,
        pods: impl Iterator<Item = &'p str>,
        expectations: &mut Expectations,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Status> {
        let (key, mut failure) = (owner.key(), None);
        for pod in pods {
            match self.delete(owner, pod, ctx) {
                Ok(true) => expectations.expect_deleted(&key, pod, ctx.now()),
                Ok(false) => {}
                Err(e) => {
                    failure.get_or_insert(e);
                }
            }
        }
        failure.map_or(Ok(()), Err)
    }

    /// Tells whether there was such a pod.
    ///
    /// # Errors
    /// The API server refused it, which an Event tells.
    pub fn delete<O: Resource>(&mut self, owner: &O, pod: &str, ctx: &mut Ctx<'_>) -> Result<bool, Status> {
        match ctx.api::<Pod>().delete(owner.namespace(), pod, DeleteOptions::default()) {
            Ok(_) => {
                let message = format!("Deleted pod: {pod}");
                self.recorder.record(reference(owner, None), Note::normal("SuccessfulDelete", &message), ctx);
                Ok(true)
            }
            Err(e) if e.is(Reason::NotFound) => Ok(false),
            Err(e) => {
                let message = format!("Error deleting: {}", e.message);
                self.recorder.record(reference(owner, None), Note::warning("FailedDelete", &message), ctx);
                Err(e)
            }
        }
    }
}

/// Does something so many times, in batches: the first is one, each further one twice the last. All of a batch are tried; if one
/// of them fails, those after the batch are not, so that what can't succeed is not asked for a thousand times.
///
/// # Errors
/// The first failure.
pub fn slow_start(count: usize, mut one: impl FnMut() -> Result<(), Status>) -> Result<(), Status> {
    let (mut tried, mut batch) = (0, 1);
    while tried < count {
        let here = batch.min(count - tried);
        let failures: Vec<Status> = (0..here).filter_map(|_| one().err()).collect();
        if let Some(first) = failures.into_iter().next() {
            return Err(first);
        }
        (tried, batch) = (tried + here, 2 * here);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How often something is tried, and the failure, if all but the numbers in `good` fail.
    fn tried(count: usize, good: impl Fn(usize) -> bool) -> (usize, Option<String>) {
        let mut tries = 0;
        let done = slow_start(count, || {
            tries += 1;
            if good(tries) { Ok(()) } else { Err(Status::bad_request(format!("no {tries}"))) }
        });
        (tries, done.err().map(|e| e.message))
    }

    #[test]
    fn a_batch_is_tried_as_a_whole_and_those_after_a_failure_are_not() {
        assert_eq!(tried(10, |_| true), (10, None));
        assert_eq!(tried(10, |_| false), (1, Some("no 1".into())));
        assert_eq!(tried(10, |n| n <= 3), (7, Some("no 4".into())), "a quota of three: four are refused");
        assert_eq!(tried(10, |n| n != 2), (3, Some("no 2".into())), "the third comes, though the second does not");
        assert_eq!(tried(4, |n| n != 4), (4, Some("no 4".into())));
        assert_eq!(tried(0, |_| false), (0, None));
    }
}
