//! coordination.k8s.io/v1 Lease: how kubelets say that they are alive, and who of several leads.
//! Real Kubernetes: pkg/apis/coordination/validation ValidateLease, pkg/registry/coordination/lease,
//! pkg/printers/internalversion printLease.

use k8s_openapi::api::coordination::v1::LeaseSpec;

use super::Lease;
use crate::api::field::{FieldErrors, Path};
use crate::api::kind::Kind;
use crate::api::table::{Cell, Column};

pub static KIND: Kind<Lease> = Kind {
    create_on_update: true,
    unconditional_update: false,
    prepare_create: |l| {
        if let Some(spec) = &mut l.spec {
            drop_election(spec);
        }
    },
    prepare_update: |new, _| {
        if let Some(spec) = &mut new.spec {
            drop_election(spec);
        }
    },
    validate,
    columns: &[
        Column::name(),
        Column::text("Holder", "holderIdentity contains the identity of the holder of a current lease. If Coordinated Leader Election is used, the holder identity must be equal to the elected LeaseCandidate.metadata.name field.", |l, _| Cell::from(l.spec.as_ref().and_then(|s| s.holder_identity.as_deref()).unwrap_or(""))),
        Column::age(),
    ],
    ..Kind::new(("coordination.k8s.io", "v1"), "Lease", "leases", "lease")
};

/// A server elects nobody unless the feature CoordinatedLeaderElection is on; it is off by default.
fn drop_election(spec: &mut LeaseSpec) {
    spec.strategy = None;
    spec.preferred_holder = None;
}

fn validate(l: &Lease, errors: &mut FieldErrors) {
    let at = Path::new("spec");
    let Some(spec) = &l.spec else { return };
    if let Some(seconds) = spec.lease_duration_seconds.filter(|s| *s <= 0) {
        errors.invalid(&at.child("leaseDurationSeconds"), seconds, "must be greater than 0");
    }
    errors.non_negative(&at.child("leaseTransitions"), i64::from(spec.lease_transitions.unwrap_or(0)));
}
