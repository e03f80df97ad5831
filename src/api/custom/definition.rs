//! From a CustomResourceDefinition to the kinds that it makes.
//! Real Kubernetes: apiextensions-apiserver/pkg/apiserver/customresource_handler.go getOrCreateServingInfoFor,
//! customresource_discovery_controller.go.

use std::sync::OnceLock;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinitionNames, CustomResourceDefinitionVersion, CustomResourceSubresourceScale,
};
use serde_json::{Value, json};

use super::columns::columns;
use super::openapi::{About, published, published_v2};
use super::table::number;
use super::{CustomKind, ScalePaths, keep};
use crate::api::jsonpath::Template;
use crate::api::kind::{KindRef, Subresource};
use crate::api::kinds::CustomResourceDefinition;
use crate::api::structural::Structural;
use crate::api::version::priority;

/// What may be done with custom resources, in discovery's order.
const VERBS: &[&str] = &["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];
/// What may be done with objects whose definition goes away.
const LAST_VERBS: &[&str] = &["delete", "deletecollection", "get", "list", "watch"];

/// The kinds that a definition makes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Definition {
    /// Under which objects are stored.
    pub hub: KindRef,
    /// The versions that are served.
    pub served: Vec<Face>,
    /// The version as which objects are stored.
    pub storage: KindRef,
    /// The definition goes away, and its objects with it: nothing new is taken.
    pub terminating: bool,
}

/// One version of a definition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Face {
    pub version: String,
    pub kind: KindRef,
}

impl Definition {
    /// Reads a definition whose names were accepted and which is established; any other makes no kinds.
    pub fn of(crd: &CustomResourceDefinition) -> Option<Definition> {
        if !is_true(crd, "Established") {
            return None;
        }
        let names = crd.status.as_ref()?.accepted_names.as_ref()?;
        let stored = crd.spec.versions.iter().find(|v| v.storage)?;
        let hub = hub(crd, names)?;
        let terminating = is_true(crd, "Terminating");
        let face = |v: &CustomResourceDefinitionVersion| face(crd, names, v, &stored.name, hub, terminating);
        let storage = face(stored)?;
        let served = crd.spec.versions.iter().filter(|v| v.served);
        let served = served.filter_map(|v| Some(Face { version: v.name.clone(), kind: face(v)? })).collect();
        Some(Definition { hub, served, storage, terminating })
    }
}

pub fn is_true(crd: &CustomResourceDefinition, condition: &str) -> bool {
    let all = crd.status.as_ref().and_then(|s| s.conditions.as_deref()).unwrap_or_default();
    all.iter().any(|c| c.type_ == condition && c.status == "True")
}

fn hub(crd: &CustomResourceDefinition, names: &CustomResourceDefinitionNames) -> Option<KindRef> {
    let content = json!([crd.spec.group, names.plural, names.singular, names.kind, names.list_kind, crd.spec.scope]);
    number(content.to_string(), || CustomKind {
        version: "__internal",
        storage_version: "__internal",
        hub: None,
        schema: Structural::default(),
        columns: vec![],
        ..named(crd, names)
    })
}

fn face(
    crd: &CustomResourceDefinition,
    names: &CustomResourceDefinitionNames,
    v: &CustomResourceDefinitionVersion,
    storage_version: &str,
    hub: KindRef,
    terminating: bool,
) -> Option<KindRef> {
    let schema = v.schema.as_ref().and_then(|s| s.open_api_v3_schema.as_ref());
    let structural = schema.map_or(Ok(Structural::default()), Structural::new).ok()?;
    let content = json!([hub.0, names, v, storage_version, terminating, crd.spec.preserve_unknown_fields]);
    number(content.to_string(), || {
        let source = serde_json::to_value(schema).unwrap_or_default();
        let written = schema;
        let mut schema = structural;
        let all_unknown = crd.spec.preserve_unknown_fields == Some(true);
        if all_unknown {
            schema.extensions.preserve_unknown_fields = true;
        }
        let paths: Vec<String> = v.selectable_fields.iter().flatten().map(|f| f.json_path.clone()).collect();
        let selectors: Vec<Option<Template>> =
            paths.iter().map(|p| Template::parse(&format!("{{{p}}}")).ok()).collect();
        let (paths, selectors): (Vec<String>, Vec<Template>) =
            paths.into_iter().zip(selectors).filter_map(|(p, s)| Some((p, s?))).unzip();
        let selectable = keep_all(paths.iter().map(|p| p.trim_start_matches('.')));
        let about = About { group: &crd.spec.group, version: &v.name, kind: &names.kind, selectable };
        CustomKind {
            version: keep(&v.name),
            storage_version: keep(storage_version),
            verbs: if terminating { LAST_VERBS } else { VERBS },
            subresources: subresources(v),
            deprecated: deprecation(crd, names, v).map(|text| keep(&text)),
            hub: Some(hub),
            schema,
            source,
            published: published(written, &about),
            published_v2: published_v2(written, all_unknown, &about),
            columns: columns(v.additional_printer_columns.as_deref()),
            selectable,
            selectors,
            scale: v.subresources.as_ref().and_then(|s| s.scale.as_ref()).map(scale_paths),
            ..named(crd, names)
        }
    })
}

/// What all versions have in common.
fn named(crd: &CustomResourceDefinition, names: &CustomResourceDefinitionNames) -> CustomKind {
    CustomKind {
        group: keep(&crd.spec.group),
        version: "",
        name: keep(&names.kind),
        list_kind: keep(names.list_kind.as_deref().unwrap_or("")),
        plural: keep(&names.plural),
        singular: keep(names.singular.as_deref().unwrap_or("")),
        short_names: keep_all(names.short_names.iter().flatten().map(String::as_str)),
        categories: keep_all(names.categories.iter().flatten().map(String::as_str)),
        namespaced: crd.spec.scope == "Namespaced",
        verbs: VERBS,
        subresources: &[],
        storage_version: "",
        deprecated: None,
        hub: None,
        schema: Structural::default(),
        rules: OnceLock::new(),
        source: Value::Null,
        published: Value::Null,
        published_v2: Value::Null,
        columns: vec![],
        selectable: &[],
        selectors: vec![],
        scale: None,
    }
}

fn keep_all<'a>(texts: impl Iterator<Item = &'a str>) -> &'static [&'static str] {
    Box::leak(texts.map(keep).collect())
}

fn subresources(v: &CustomResourceDefinitionVersion) -> &'static [Subresource] {
    let own = v.subresources.as_ref();
    let (status, scale) = (own.is_some_and(|s| s.status.is_some()), own.is_some_and(|s| s.scale.is_some()));
    match (scale, status) {
        (true, true) => &[Subresource::Status, Subresource::Scale],
        (true, false) => &[Subresource::Scale],
        (false, true) => &[Subresource::Status],
        (false, false) => &[],
    }
}

fn scale_paths(s: &CustomResourceSubresourceScale) -> ScalePaths {
    let steps = |path: &str| -> Vec<String> {
        let path = path.trim_start_matches('.');
        if path.is_empty() { vec![] } else { path.split('.').map(Into::into).collect() }
    };
    ScalePaths {
        wanted: steps(&s.spec_replicas_path),
        current: steps(&s.status_replicas_path),
        selector: steps(s.label_selector_path.as_deref().unwrap_or("")),
    }
}

/// What everybody is told who asks for a version that is on its way out.
fn deprecation(
    crd: &CustomResourceDefinition,
    names: &CustomResourceDefinitionNames,
    v: &CustomResourceDefinitionVersion,
) -> Option<String> {
    if v.deprecated != Some(true) {
        return None;
    }
    if let Some(own) = &v.deprecation_warning {
        return Some(own.clone());
    }
    let this = format!("{}/{} {}", crd.spec.group, v.name, names.kind);
    let successor = successor(crd, &v.name);
    Some(match successor {
        Some(other) => format!("{this} is deprecated; use {}/{other} {}", crd.spec.group, names.kind),
        None => format!("{this} is deprecated"),
    })
}

/// The newest stable version that is newer, served and not on its way out itself.
fn successor<'a>(crd: &'a CustomResourceDefinition, version: &str) -> Option<&'a str> {
    let better = |v: &&CustomResourceDefinitionVersion| {
        v.served && v.deprecated != Some(true) && priority(&v.name) < priority(version)
    };
    crd.spec.versions.iter().filter(better).map(|v| v.name.as_str()).min_by_key(|v| priority(v))
}
