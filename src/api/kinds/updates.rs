//! What an update of a subresource leaves alone, whatever the kind.
//! Real Kubernetes: the strategies of pkg/registry.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

/// What kinds keep whose status update changes no metadata at all. (Most kinds keep their spec, and nothing else.)
/// Real Kubernetes: apimachinery/pkg/apis/meta/v1/helpers.go ResetObjectMetaForStatus.
pub fn status_alone<S: Clone + PartialEq>(new: (&mut ObjectMeta, &mut S), old: (&ObjectMeta, &S)) {
    let (meta, spec) = new;
    keep(spec, old.1);
    keep(&mut meta.labels, &old.0.labels);
    keep(&mut meta.annotations, &old.0.annotations);
    keep(&mut meta.finalizers, &old.0.finalizers);
    keep(&mut meta.owner_references, &old.0.owner_references);
}

/// Takes the old value back. Mostly nothing has changed, and then nothing is copied.
pub fn keep<T: Clone + PartialEq>(new: &mut T, old: &T) {
    if new != old {
        new.clone_from(old);
    }
}
