//! storage.k8s.io/v1 VolumeAttachment: names, validation, columns, what a status update leaves alone.
//! Real Kubernetes: pkg/apis/storage/validation, pkg/registry/storage/volumeattachment.

use k8s_openapi::api::storage::v1::{VolumeAttachmentSource, VolumeAttachmentStatus, VolumeError};

use super::VolumeAttachment;
use super::updates::status_alone;
use crate::api::field::{FieldErrors, Path};
use crate::api::kind::{Kind, Subresource};
use crate::api::table::{Cell, Column, ColumnType};
use crate::api::{canonical, internal, names};

pub static KIND: Kind<VolumeAttachment> = Kind {
    namespaced: false,
    subresources: &[Subresource::Status],
    unconditional_update: false,
    prepare_create: |a| a.status = Some(Default::default()),
    prepare_update: |new, old| new.status = old.status.clone(),
    prepare_status: |new, old| status_alone((&mut new.metadata, &mut new.spec), (&old.metadata, &old.spec)),
    validate,
    validate_update,
    validate_status: |new, old, errors| {
        validate(new, errors);
        validate_update(new, old, errors);
    },
    returns_deleted: true,
    columns: &[
        Column::name(),
        Column::of(ColumnType::Name, 0, "Attacher", "attacher indicates the name of the volume driver that MUST handle this request. This is the name returned by GetPluginName().", |a, _| Cell::from(a.spec.attacher.as_str())),
        Column::text("PV", "persistentVolumeName represents the name of the persistent volume to attach.", |a, _| Cell::from(a.spec.source.persistent_volume_name.as_deref().unwrap_or(""))),
        Column::text("Node", "nodeName represents the node that the volume should be attached to.", |a, _| Cell::from(a.spec.node_name.as_str())),
        Column::of(ColumnType::Boolean, 0, "Attached", "attached indicates the volume is successfully attached. This field must only be set by the entity completing the attach operation, i.e. the external-attacher.", |a, _| Cell::from(a.status.as_ref().is_some_and(|s| s.attached))),
        Column::age(),
    ],
    ..Kind::new(("storage.k8s.io", "v1"), "VolumeAttachment", "volumeattachments", "volumeattachment")
};

const MAX_METADATA_BYTES: usize = 256 * 1024;
const MAX_MESSAGE_BYTES: usize = 1024;

fn validate(a: &VolumeAttachment, errors: &mut FieldErrors) {
    let at = Path::new("spec");
    names::validate_driver_name(&a.spec.attacher, &at.child("attacher"), errors);
    validate_source(&a.spec.source, &at.child("source"), errors);
    let node = &a.spec.node_name;
    errors.invalid_each(&at.child("nodeName"), node, names::dns1123_subdomain(node, false));
    if let Some(s) = &a.status {
        validate_content(s, &Path::new("status"), errors);
    }
    if let Some(volume) = &a.spec.source.persistent_volume_name {
        let source = at.child("source");
        let at = source.child("persistentVolumeName");
        errors.invalid_each(&at, volume, names::dns1123_subdomain(volume, false));
    }
}

/// Real Kubernetes: an inline volume is judged as a PersistentVolume is.
fn validate_source(s: &VolumeAttachmentSource, at: &Path<'_>, errors: &mut FieldErrors) {
    const ONE: &str = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";
    match (&s.inline_volume_spec, s.persistent_volume_name.as_deref()) {
        (None, None) => errors.required(at, ONE),
        (Some(_), Some(_)) => errors.forbidden(at, ONE),
        (None, Some("")) => {
            errors.required(&at.child("persistentVolumeName"), "must specify non empty persistentVolumeName");
        }
        _ => {}
    }
}

fn validate_content(s: &VolumeAttachmentStatus, at: &Path<'_>, errors: &mut FieldErrors) {
    let bytes: usize = s.attachment_metadata.iter().flatten().map(|(k, v)| k.len() + v.len()).sum();
    if bytes > MAX_METADATA_BYTES {
        errors.too_long(&at.child("attachmentMetadata"), MAX_METADATA_BYTES);
    }
    for (name, e) in [("attachError", &s.attach_error), ("detachError", &s.detach_error)] {
        if let Some(e) = e {
            validate_error(e, &at.child(name), errors);
        }
    }
}

fn validate_error(e: &VolumeError, at: &Path<'_>, errors: &mut FieldErrors) {
    if e.message.as_ref().is_some_and(|m| m.len() > MAX_MESSAGE_BYTES) {
        // Kubernetes names the limit of something else.
        errors.too_long(&at.child("message"), MAX_METADATA_BYTES);
    }
    if let Some(code) = e.error_code.filter(|c| *c < 0) {
        errors.invalid(&at.child("errorCode"), code, format!("must be between 0 and {}, inclusive", i32::MAX));
    }
}

fn validate_update(new: &VolumeAttachment, old: &VolumeAttachment, errors: &mut FieldErrors) {
    const TYPE: &str = "storage/v1.VolumeAttachmentSpec";
    if !canonical::equal(&new.spec, &old.spec, TYPE) {
        errors.invalid_struct(&Path::new("spec"), internal::shown(&new.spec, TYPE), "field is immutable");
    }
}
