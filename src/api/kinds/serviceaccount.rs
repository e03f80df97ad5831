//! v1 ServiceAccount: names and columns.
//! Real Kubernetes: pkg/registry/core/serviceaccount.

use super::ServiceAccount;
use crate::api::kind::{Kind, Subresource};
use crate::api::table::Column;

pub static KIND: Kind<ServiceAccount> = Kind {
    short_names: &["sa"],
    subresources: &[Subresource::Token],
    columns: &[Column::name(), Column::age()],
    ..Kind::new(("", "v1"), "ServiceAccount", "serviceaccounts", "serviceaccount")
};
