//! storage.k8s.io/v1 VolumeAttributesClass: names, validation, columns.
//! Real Kubernetes: pkg/apis/storage/validation, pkg/registry/storage/volumeattributesclass.

use super::VolumeAttributesClass;
use super::storageclass::{validate_parameters, validate_provisioner};
use crate::api::field::{FieldErrors, Path};
use crate::api::kind::Kind;
use crate::api::names;
use crate::api::table::{Cell, Column};

pub static KIND: Kind<VolumeAttributesClass> = Kind {
    short_names: &["vac"],
    namespaced: false,
    validate,
    update_judges_alone: true,
    validate_update: |new, old, errors| {
        names::validate_meta_update(&new.metadata, &old.metadata, errors);
        if new.driver_name != old.driver_name {
            errors.forbidden(&Path::new("driverName"), "updates to driverName are forbidden.");
        }
        if new.parameters != old.parameters {
            errors.forbidden(&Path::new("parameters"), "updates to parameters are forbidden.");
        }
        names::validate_meta(&new.metadata, false, names::dns1123_subdomain, errors);
        validate(new, errors);
    },
    returns_deleted: true,
    columns: &[
        Column::name(),
        Column::text("DriverName", "Name of the CSI driver This field is immutable.", |c, _| Cell::from(c.driver_name.as_str())),
        Column::age(),
    ],
    ..Kind::new(("storage.k8s.io", "v1"), "VolumeAttributesClass", "volumeattributesclasses", "volumeattributesclass")
};

fn validate(c: &VolumeAttributesClass, errors: &mut FieldErrors) {
    validate_provisioner(&c.driver_name, &Path::new("driverName"), errors);
    let at = Path::new("parameters");
    validate_parameters(c.parameters.as_ref(), &at, errors);
    if c.parameters.as_ref().is_none_or(|p| p.is_empty()) {
        errors.required(&at, "must contain at least one key/value pair");
    }
}
