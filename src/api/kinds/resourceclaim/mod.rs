//! resource.k8s.io/v1 ResourceClaim: names, defaults, validation, columns. What its status says is judged in [`status`].
//! Real Kubernetes: pkg/apis/resource/v1/defaults.go, pkg/apis/resource/validation, pkg/registry/resource/resourceclaim.
//!
//! Real Kubernetes: a claim may ask for admin access only in a namespace with the label for it; who changes an allocation or
//! what a driver reports must be allowed to.

mod status;

use super::ResourceClaim;
use super::devices::claim;
use super::updates::status_alone;
use crate::api::Resource;
use crate::api::field::{FieldErrors, Path};
use crate::api::kind::{Kind, Subresource};
use crate::api::table::{Cell, Column};
use crate::api::{canonical, internal, names};

pub static KIND: Kind<ResourceClaim> = Kind {
    subresources: &[Subresource::Status],
    before_decoding: status::mark_absent_times,
    defaults: |c| claim::defaults(&mut c.spec),
    prepare_create: |c| c.status = None,
    prepare_update: |new, old| new.status = old.status.clone(),
    prepare_status: |new, old| {
        status_alone((&mut new.metadata, &mut new.spec), (&old.metadata, &old.spec));
        status::defaults(new);
        status::forget_devices_given_back(new, old);
    },
    validate: |c, errors| claim::validate(&c.spec, &Path::new("spec"), errors),
    update_judges_alone: true,
    validate_update,
    validate_status: status::validate,
    returns_deleted: true,
    columns: &[
        Column::name(),
        Column::text("State", "A summary of the current state (allocated, pending, reserved, etc.).", |c, _| Cell::from(state(c))),
        Column::age(),
    ],
    ..Kind::new(("resource.k8s.io", "v1"), "ResourceClaim", "resourceclaims", "resourceclaim")
};

/// What has become of the claim, in a word or two.
fn state(c: &ResourceClaim) -> String {
    let status = c.status.as_ref();
    let reserved = status.is_some_and(|s| s.reserved_for.as_ref().is_some_and(|r| !r.is_empty()));
    let words: &[&str] = match (c.is_deleting(), status.is_some_and(|s| s.allocation.is_some())) {
        (true, false) => &["deleted"],
        (false, false) => &["pending"],
        (true, true) if reserved => &["deleted", "allocated", "reserved"],
        (true, true) => &["deleted", "allocated"],
        (false, true) if reserved => &["allocated", "reserved"],
        (false, true) => &["allocated"],
    };
    words.join(",")
}

fn validate_update(new: &ResourceClaim, old: &ResourceClaim, errors: &mut FieldErrors) {
    const TYPE: &str = "resource/v1.ResourceClaimSpec";
    names::validate_meta(&new.metadata, true, names::dns1123_subdomain, errors);
    names::validate_meta_update(&new.metadata, &old.metadata, errors);
    if !canonical::equal(&new.spec, &old.spec, TYPE) {
        errors.invalid_struct(&Path::new("spec"), internal::shown(&new.spec, TYPE), "field is immutable");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn the_state_tells_how_far_a_claim_has_come() {
        let state = |json: Value| super::state(&serde_json::from_value(json).expect("claim"));
        let going = json!({"deletionTimestamp": "2026-01-01T00:00:00Z"});
        let users = json!([{"resource": "pods", "name": "a", "uid": "u"}]);
        assert_eq!(state(json!({})), "pending");
        assert_eq!(state(json!({"metadata": going})), "deleted");
        assert_eq!(state(json!({"status": {"allocation": {}}})), "allocated");
        assert_eq!(
            state(json!({"metadata": going, "status": {"allocation": {}, "reservedFor": users}})),
            "deleted,allocated,reserved"
        );
    }

    #[test]
    fn no_new_user_comes_to_a_claim_that_is_going() {
        let claim = |users: &[&str]| -> ResourceClaim {
            let users: Vec<Value> = users.iter().map(|u| json!({"resource": "pods", "name": "a", "uid": u})).collect();
            let status = json!({"allocation": {}, "reservedFor": users});
            let metadata = json!({"deletionTimestamp": "2026-01-01T00:00:00Z"});
            serde_json::from_value(json!({"metadata": metadata, "status": status})).expect("claim")
        };
        let wrong = |new: &[&str], old: &[&str]| {
            let mut errors = crate::api::field::FieldErrors::default();
            status::validate(&claim(new), &claim(old), &mut errors);
            errors.list().iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(wrong(&["u"], &["u", "v"]), [""; 0]);
        assert_eq!(
            wrong(&["u", "v"], &["u"]),
            [
                "status.reservedFor: Forbidden: new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set"
            ]
        );
    }
}
