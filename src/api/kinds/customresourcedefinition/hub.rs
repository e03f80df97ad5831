//! The older shape in which a definition is judged: what is the same in all versions stands beside them, not in them.
//! Real Kubernetes: pkg/apis/apiextensions/v1/conversion.go.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceColumnDefinition, CustomResourceDefinitionSpec, CustomResourceDefinitionVersion,
    CustomResourceSubresources, CustomResourceValidation, JSONSchemaProps, SelectableField,
};

/// What may stand in a version or beside all of them.
#[derive(Clone, Copy, Default)]
pub struct Parts<'a> {
    pub validation: Option<&'a CustomResourceValidation>,
    pub subresources: Option<&'a CustomResourceSubresources>,
    pub columns: Option<&'a [CustomResourceColumnDefinition]>,
    pub selectable: Option<&'a [SelectableField]>,
}

impl<'a> Parts<'a> {
    fn of(v: &'a CustomResourceDefinitionVersion) -> Parts<'a> {
        Parts {
            validation: v.schema.as_ref(),
            subresources: v.subresources.as_ref(),
            columns: v.additional_printer_columns.as_deref(),
            selectable: v.selectable_fields.as_deref(),
        }
    }

    pub fn schema(&self) -> Option<&'a JSONSchemaProps> {
        self.validation?.open_api_v3_schema.as_ref()
    }

    pub fn has_status(&self) -> bool {
        self.subresources.is_some_and(|s| s.status.is_some())
    }
}

pub struct HubVersion<'a> {
    pub version: &'a CustomResourceDefinitionVersion,
    pub own: Parts<'a>,
}

pub struct Hub<'a> {
    pub shared: Parts<'a>,
    pub versions: Vec<HubVersion<'a>>,
}

impl<'a> Hub<'a> {
    pub fn of(spec: &'a CustomResourceDefinitionSpec) -> Hub<'a> {
        let mut versions: Vec<HubVersion<'a>> =
            spec.versions.iter().map(|version| HubVersion { version, own: Parts::of(version) }).collect();
        let mut shared = Parts::default();
        share(&mut shared, &mut versions, |p| &mut p.validation);
        share(&mut shared, &mut versions, |p| &mut p.subresources);
        share(&mut shared, &mut versions, |p| &mut p.columns);
        share(&mut shared, &mut versions, |p| &mut p.selectable);
        Hub { shared, versions }
    }

    /// Every schema, that of all versions first.
    pub fn schemas(&self) -> impl Iterator<Item = &'a JSONSchemaProps> {
        std::iter::once(&self.shared).chain(self.versions.iter().map(|v| &v.own)).filter_map(Parts::schema)
    }

    /// The subresources of a version, wherever they stand.
    pub fn has_status(&self, version: &HubVersion<'_>) -> bool {
        let per_version = self.versions.iter().any(|v| v.own.subresources.is_some());
        if per_version { version.own.has_status() } else { self.shared.has_status() }
    }
}

/// Moves a part out of the versions if it is the same in all of them.
fn share<'a, T: ?Sized + PartialEq + 'a>(
    shared: &mut Parts<'a>,
    versions: &mut [HubVersion<'a>],
    part: impl for<'p> Fn(&'p mut Parts<'a>) -> &'p mut Option<&'a T>,
) {
    let Some(first) = versions.first_mut().map(|v| *part(&mut v.own)) else { return };
    if versions.iter_mut().all(|v| *part(&mut v.own) == first) {
        *part(shared) = first;
        versions.iter_mut().for_each(|v| *part(&mut v.own) = None);
    }
}
