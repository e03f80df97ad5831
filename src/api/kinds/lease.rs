//! coordination.k8s.io/v1 Lease: how kubelets say that they are alive.
//! Real Kubernetes: pkg/registry/coordination/lease.

use super::Lease;
use crate::api::kind::Kind;
use crate::api::table::{Cell, Column};

pub static KIND: Kind<Lease> = Kind {
    columns: &[
        Column::name(),
        Column::text("Holder", "holderIdentity contains the identity of the holder of a current lease. If Coordinated Leader Election is used, the holder identity must be equal to the elected LeaseCandidate.metadata.name field.", |l, _| Cell::from(l.spec.as_ref().and_then(|s| s.holder_identity.as_deref()).unwrap_or(""))),
        Column::age(),
    ],
    ..Kind::new(("coordination.k8s.io", "v1"), "Lease", "leases", "lease")
};
