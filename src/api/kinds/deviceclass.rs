//! resource.k8s.io/v1 DeviceClass: names, validation, columns.
//! Real Kubernetes: pkg/apis/resource/validation, pkg/registry/resource/deviceclass.

use super::DeviceClass;
use super::devices::{MAX_CONFIGS, validate_configuration, validate_list, validate_selectors};
use crate::api::field::{FieldErrors, Path};
use crate::api::kind::Kind;
use crate::api::table::Column;
use crate::api::{canonical, names};

pub static KIND: Kind<DeviceClass> = Kind {
    namespaced: false,
    generation: true,
    // What the name is made of is judged as that of anything with a name, what became of it as a domain.
    name_rule: |name, prefix| if prefix { names::path_segment(name, true) } else { names::dns1123_subdomain(name, false) },
    spec_changed: |new, old| !canonical::equal(&new.spec, &old.spec, "resource/v1.DeviceClassSpec"),
    validate,
    returns_deleted: true,
    columns: &[
        Column::name(),
        Column::age(),
    ],
    ..Kind::new(("resource.k8s.io", "v1"), "DeviceClass", "deviceclasses", "deviceclass")
};

fn validate(c: &DeviceClass, errors: &mut FieldErrors) {
    let at = Path::new("spec");
    validate_selectors(c.spec.selectors.as_deref().unwrap_or_default(), &at.child("selectors"), errors);
    let configs = c.spec.config.as_deref().unwrap_or_default();
    validate_list(configs, MAX_CONFIGS, &at.child("config"), errors, |c, at, errors| {
        validate_configuration(c.opaque.as_ref(), at, errors);
    });
    if let Some(name) = c.spec.extended_resource_name.as_deref().filter(|n| !names::is_extended_resource(n)) {
        errors.invalid(&at.child("extendedResourceName"), name, "must be a valid extended resource name");
    }
}
