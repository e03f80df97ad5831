//! Which rules judge what: those of every kind, and those of the object's own kind.
//! Real Kubernetes: apiserver/pkg/registry/rest/{create,update}.go.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::api::field::{FieldErrors, Path};
use crate::api::{KindRef, Object, managed, names};

/// `asked`: the object as it was sent; `version`: the one in which it was, if not the one in which it is stored.
pub(super) fn of_create(o: &Object, asked: &Object, version: Option<KindRef>, errors: &mut FieldErrors) {
    common(o, errors);
    owners(asked, errors);
    match judged_by(version) {
        Some(judge) => judge(o, None, errors),
        None => o.kind().validate(o, errors),
    }
}

/// Who owns what, if a client says so.
fn owners(asked: &Object, errors: &mut FieldErrors) {
    let Some(entries) = &asked.meta().managed_fields else { return };
    let at = Path::new("metadata");
    managed::validate(entries, &at.child("managedFields"), errors);
}

type Judge = fn(&Object, Option<&Object>, &mut FieldErrors);

fn judged_by(version: Option<KindRef>) -> Option<Judge> {
    version.and_then(|v| v.conversion()?.validate)
}

fn common(o: &Object, errors: &mut FieldErrors) {
    let kind = o.kind();
    let rule = |n: &str, p: bool| kind.check_name(n, p);
    match kind.custom() {
        None => names::validate_meta(o.meta(), kind.namespaced(), rule, errors),
        // Odd finalizers of custom resources are warned of.
        Some(_) => names::validate_common(o.meta(), kind.namespaced(), rule, errors),
    }
}

/// Rules of all kinds come first. Where a kind's rules repeat them, what is wrong is a cause each time.
pub(super) fn of_update(
    new: &Object,
    old: &Object,
    asked: &Object,
    version: Option<KindRef>,
    errors: &mut FieldErrors,
) {
    let kind = new.kind();
    let mut found = FieldErrors::default();
    names::validate_common(new.meta(), kind.namespaced(), names::path_segment, &mut found);
    names::validate_common_update(new.meta(), old.meta(), &mut found);
    owners(asked, &mut found);
    if !kind.update_judges_alone() {
        common(new, &mut found);
        kind.validate(new, &mut found);
    }
    found.append(errors);
    *errors = found;
    match judged_by(version) {
        Some(judge) => judge(new, Some(old), errors),
        None => kind.validate_update(new, old, errors),
    }
}

pub(super) fn of_status(new: &Object, old: &Object, errors: &mut FieldErrors) {
    // Mostly a status update says nothing else, and then there is nothing to judge.
    if new.meta().labels != old.meta().labels || new.meta().annotations != old.meta().annotations {
        of_metadata(new, old, errors);
    }
    new.kind().validate_status(new, old, errors);
}

/// What all kinds have in common.
pub(super) fn of_metadata(new: &Object, old: &Object, errors: &mut FieldErrors) {
    names::validate_common(new.meta(), new.kind().namespaced(), names::path_segment, errors);
    names::validate_common_update(new.meta(), old.meta(), errors);
    names::validate_meta_update(new.meta(), old.meta(), errors);
}

/// What of the metadata nobody may change. What a patch leaves alone is there as it was.
/// Real Kubernetes: apimachinery/pkg/api/validation/objectmeta.go ValidateObjectMetaAccessorUpdate.
pub(super) fn of_patch(new: &ObjectMeta, old: &ObjectMeta, errors: &mut FieldErrors) {
    let at = Path::new("metadata");
    errors.immutable(&at.child("uid"), &new.uid, &old.uid);
    // What is being deleted stays so, whatever is said.
    if old.deletion_timestamp.is_none() {
        errors.immutable(&at.child("deletionTimestamp"), &new.deletion_timestamp, &None);
    }
    if new.deletion_grace_period_seconds.is_some() {
        let (new, old) = (&new.deletion_grace_period_seconds, &old.deletion_grace_period_seconds);
        errors.immutable(&at.child("deletionGracePeriodSeconds"), new, old);
    }
}
