//! How controllers make and delete pods: always with the Events that tell of it.
//! Real Kubernetes: pkg/controller/controller_utils.go RealPodControl, GetPodFromTemplate, slowStartBatch.

use std::sync::Arc;

use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::Recorder;
use super::recorder::{Note, reference};
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

    /// # Errors
    /// The API server refused the pod, which an Event tells unless the namespace goes away with all that is in it.
    pub fn create<O: Resource>(&mut self, owner: &O, pod: Pod, ctx: &mut Ctx<'_>) -> Result<Arc<Object>, Status> {
        match ctx.api::<Pod>().create(pod) {
            Ok(o) => {
                let message = format!("Created pod: {}", o.name());
                self.recorder.record(reference(owner, None), Note::normal("SuccessfulCreate", &message), ctx);
                Ok(o)
            }
            Err(e) => {
                if !e.namespace_ends() {
                    let message = format!("Error creating: {}", e.message);
                    self.recorder.record(reference(owner, None), Note::warning("FailedCreate", &message), ctx);
                }
                Err(e)
            }
        }
    }

    /// # Errors
    /// The pod is gone, or the API server refused it, which an Event tells.
    pub fn delete<O: Resource>(&mut self, owner: &O, pod: &str, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        match ctx.api::<Pod>().delete(owner.namespace(), pod, DeleteOptions::default()) {
            Ok(_) => {
                let message = format!("Deleted pod: {pod}");
                self.recorder.record(reference(owner, None), Note::normal("SuccessfulDelete", &message), ctx);
                Ok(())
            }
            Err(e) => {
                if !e.is(Reason::NotFound) {
                    let message = format!("Error deleting: {}", e.message);
                    self.recorder.record(reference(owner, None), Note::warning("FailedDelete", &message), ctx);
                }
                Err(e)
            }
        }
    }
}

/// Does something so many times, in batches: the first is one, each further one twice the last. If one of a batch fails, those
/// after it are not tried, so that what can't succeed is not asked for a thousand times. Tells how often it was done.
pub fn slow_start(count: usize, mut one: impl FnMut() -> Result<(), Status>) -> (usize, Option<Status>) {
    let (mut done, mut batch) = (0, 1);
    while done < count {
        let (mut good, mut failure) = (0, None);
        for _ in 0..batch.min(count - done) {
            match one() {
                Ok(()) => good += 1,
                Err(e) => {
                    failure = Some(e);
                    break;
                }
            }
        }
        done += good;
        if failure.is_some() {
            return (done, failure);
        }
        batch *= 2;
    }
    (done, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_is_not_tried_again_at_once() {
        let mut left = 5;
        let (done, failure) = slow_start(100, || {
            left -= 1;
            if left < 0 { Err(Status::internal("no more")) } else { Ok(()) }
        });
        assert_eq!((done, failure.map(|e| e.is(Reason::InternalError))), (5, Some(true)));
        assert_eq!(left, -1);
        let mut made = 0;
        assert!(matches!(
            slow_start(10, || {
                made += 1;
                Ok(())
            }),
            (10, None)
        ));
        assert_eq!(made, 10);
    }
}
