//! apps/v1 ControllerRevision: validation, columns.
//! Real Kubernetes: pkg/apis/apps/validation ValidateControllerRevisionCreate, pkg/registry/apps/controllerrevision.

use super::ControllerRevision;
use crate::api::field::{FieldErrors, Path};
use crate::api::kind::Kind;
use crate::api::names;
use crate::api::object::controller_of;
use crate::api::table::{Cell, Column};

pub static KIND: Kind<ControllerRevision> = Kind {
    validate: |r, errors| {
        validate_revision(r, errors);
        match r.data.as_ref().map(|d| &d.0) {
            None | Some(serde_json::Value::Null) => errors.required(&Path::new("data"), "data is mandatory"),
            Some(serde_json::Value::Object(_)) => {}
            Some(_) => errors.required(&Path::new("data"), "data must be a valid JSON object"),
        }
    },
    validate_update: |new, old, errors| {
        names::validate_meta_update(&new.metadata, &old.metadata, errors);
        names::validate_meta(&new.metadata, true, names::dns1123_subdomain, errors);
        validate_revision(new, errors);
        errors.immutable(&Path::new("data"), &new.data, &old.data);
    },
    update_judges_alone: true,
    columns: &[
        Column::name(),
        Column::text("Controller", "Controller of the object", |r, _| Cell::from(controller(r))),
        Column::text("Revision", "Revision indicates the revision of the state represented by Data.", |r, _| Cell::from(r.revision)),
        Column::age(),
    ],
    ..Kind::new(("apps", "v1"), "ControllerRevision", "controllerrevisions", "controllerrevision")
};

fn validate_revision(r: &ControllerRevision, errors: &mut FieldErrors) {
    errors.non_negative(&Path::new("revision"), r.revision);
}

/// `daemonset.apps/web`
fn controller(r: &ControllerRevision) -> String {
    let Some(owner) = controller_of(&r.metadata) else { return "<none>".into() };
    let kind = match owner.api_version.split_once('/') {
        Some((group, _)) => format!("{}.{group}", owner.kind),
        None => owner.kind.clone(),
    };
    format!("{}/{}", kind.to_lowercase(), owner.name)
}
