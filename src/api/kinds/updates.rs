//! What an update of a subresource leaves alone, whatever the kind.
//! Real Kubernetes: the strategies of pkg/registry.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

/// A status update leaves the spec as it was, and changes metadata only where controllers must: labels and annotations.
pub fn status_only<S: Clone + PartialEq>(new: (&mut ObjectMeta, &mut S), old: (&ObjectMeta, &S)) {
    let (meta, spec) = new;
    keep(spec, old.1);
    keep(&mut meta.finalizers, &old.0.finalizers);
    keep(&mut meta.owner_references, &old.0.owner_references);
    keep(&mut meta.deletion_timestamp, &old.0.deletion_timestamp);
    meta.deletion_grace_period_seconds = old.0.deletion_grace_period_seconds;
}

/// The same for kinds whose status update changes no metadata at all.
/// Real Kubernetes: apimachinery/pkg/apis/meta/v1/helpers.go ResetObjectMetaForStatus.
pub fn status_alone<S: Clone + PartialEq>(new: (&mut ObjectMeta, &mut S), old: (&ObjectMeta, &S)) {
    keep(&mut new.0.labels, &old.0.labels);
    keep(&mut new.0.annotations, &old.0.annotations);
    status_only(new, old);
}

/// Takes the old value back. Mostly nothing has changed, and then nothing is copied.
fn keep<T: Clone + PartialEq>(new: &mut T, old: &T) {
    if new != old {
        new.clone_from(old);
    }
}
