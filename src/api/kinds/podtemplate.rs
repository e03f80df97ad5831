//! v1 PodTemplate: defaults, validation, columns.
//! Real Kubernetes: pkg/apis/core/validation ValidatePodTemplate, pkg/registry/core/podtemplate.

use super::PodTemplate;
use super::{pod_spec, workload};
use crate::api::field::{FieldErrors, Path};
use crate::api::kind::Kind;
use crate::api::names;
use crate::api::selector::labels_text;
use crate::api::table::{Cell, Column};

pub static KIND: Kind<PodTemplate> = Kind {
    generation: true,
    returns_deleted: true,
    defaults: |t| workload::default_template(t.template.get_or_insert_default()),
    spec_changed: |new, old| new.template != old.template,
    prepare_create: |t| pod_spec::drop_disabled_of_template(t.template.as_mut(), None),
    prepare_update: |new, old| pod_spec::drop_disabled_of_template(new.template.as_mut(), old.template.as_ref()),
    validate: |t, errors| validate(t, None, errors),
    validate_update: |new, old, errors| {
        names::validate_meta_update(&new.metadata, &old.metadata, errors);
        validate(new, Some(old), errors);
    },
    update_judges_alone: true,
    warnings,
    columns: &[
        Column::name(),
        Column::text("Containers", "Names of each container in the template.", |t, _| Cell::from(pod_spec::container_names(t.template.as_ref().and_then(|t| t.spec.as_ref())))),
        Column::text("Images", "Images referenced by each container in the template.", |t, _| Cell::from(pod_spec::images(t.template.as_ref().and_then(|t| t.spec.as_ref())))),
        Column::text("Pod Labels", "The labels for the pod template.", |t, _| Cell::from(labels_text(t.template.as_ref().and_then(|t| t.metadata.as_ref()?.labels.as_ref()), "<none>"))),
    ],
    ..Kind::new(("", "v1"), "PodTemplate", "podtemplates", "podtemplate")
};

fn validate(t: &PodTemplate, old: Option<&PodTemplate>, errors: &mut FieldErrors) {
    if let Some(template) = &t.template {
        let old = old.and_then(|o| o.template.as_ref());
        pod_spec::validate_template(template, old, &Path::new("template"), errors);
    }
}

/// A changed template is looked at again.
fn warnings(new: &PodTemplate, old: Option<&PodTemplate>) -> Vec<String> {
    let changed = old.is_none_or(|o| o.metadata.generation != new.metadata.generation);
    let told = new.template.as_ref().filter(|_| changed);
    told.map(|t| pod_spec::template_warnings(t, &Path::new("template"))).unwrap_or_default()
}
