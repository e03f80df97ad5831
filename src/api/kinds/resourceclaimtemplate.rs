//! resource.k8s.io/v1 ResourceClaimTemplate.

use super::ResourceClaimTemplate;
use crate::api::kind::Kind;
use crate::api::table::Column;

pub static KIND: Kind<ResourceClaimTemplate> = Kind {
    columns: &[
        Column::name(),
        Column::age(),
    ],
    ..Kind::new(("resource.k8s.io", "v1"), "ResourceClaimTemplate", "resourceclaimtemplates", "resourceclaimtemplate")
};
