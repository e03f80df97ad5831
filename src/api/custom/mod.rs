//! Custom kinds: what a CustomResourceDefinition makes the API server know, behind the same face as the kinds that are built in.
//!
//! Each version of a definition is one [`CustomKind`], with its schema, its columns and its subresources. A definition as a whole is
//! one more, the hub: objects are stored under it, whichever version they were written in, and keep their place when the definition
//! changes. (Real Kubernetes has a version of this sort too, and calls it `__internal`.)
//!
//! A kind is known by a number everywhere, and lives as long as the program: [`learn`] gives equal definitions the same number, so
//! that what is defined again and again is kept once. What is served at a time is the API server's to know.
//!
//! Real Kubernetes: apiextensions-apiserver/pkg/apiserver/customresource_handler.go, pkg/registry/customresource/strategy.go.

mod columns;
mod definition;
mod object;
mod openapi;
mod rules;
mod table;

pub use definition::{Definition, Face, is_true};
pub use object::CustomObject;
pub(super) use table::kind;

use std::sync::{Arc, OnceLock};

use serde_json::Value;

use super::cel::rules::Validator;
use super::field::{FieldError, FieldErrors, Path};
use super::jsonpath::Template;
use super::kind::{AnyKind, ColumnHeader, Conversion, KindRef, ScaleValues, Subresource};
use super::object::Object;
use super::structural::{self, Structural};
use super::table::{Cell, ColumnType, NAME_DOC};
use super::time::Time;
use super::{go_text, names};
use columns::CustomColumn;

/// What is known of a custom kind. It never changes: a changed definition makes another one.
pub struct CustomKind {
    group: &'static str,
    version: &'static str,
    name: &'static str,
    list_kind: &'static str,
    plural: &'static str,
    singular: &'static str,
    short_names: &'static [&'static str],
    categories: &'static [&'static str],
    namespaced: bool,
    verbs: &'static [&'static str],
    subresources: &'static [Subresource],
    storage_version: &'static str,
    deprecated: Option<&'static str>,
    /// The kind under which its objects are stored; the hub itself has none.
    pub hub: Option<KindRef>,
    schema: Structural,
    /// The schema's rules in CEL, compiled when the first object is judged.
    rules: OnceLock<Option<Validator>>,
    /// The schema as it was written.
    source: Value,
    /// The schema as it is published.
    published: Value,
    /// The same for clients that know OpenAPI v2 only.
    published_v2: Value,
    columns: Vec<CustomColumn>,
    selectable: &'static [&'static str],
    selectors: Vec<Template>,
    scale: Option<ScalePaths>,
}

/// Where the numbers behind the `scale` subresource stand: `.spec.replicas`.
#[derive(Debug)]
struct ScalePaths {
    wanted: Vec<String>,
    current: Vec<String>,
    selector: Vec<String>,
}

/// Keeps a text as long as the program lives, as the kind that it belongs to.
fn keep(text: &str) -> &'static str {
    if text.is_empty() { "" } else { Box::leak(text.into()) }
}

impl CustomKind {
    /// By what kinds are put in order.
    pub(super) fn place(&self) -> (&'static str, &'static str, &'static str, &'static str, bool) {
        (self.group, self.plural, self.version, self.name, self.namespaced)
    }

    /// The kind of a list of its objects.
    pub fn list_kind(&self) -> &'static str {
        self.list_kind
    }

    fn rules(&self) -> Option<&Validator> {
        self.rules.get_or_init(|| Validator::new(&self.schema)).as_ref()
    }

    pub fn schema(&self) -> &Structural {
        &self.schema
    }

    /// Where the object has its replicas.
    pub fn replicas_path(&self) -> Option<&[String]> {
        self.scale.as_ref().map(|s| s.wanted.as_slice())
    }

    /// The schema in OpenAPI v3, as it was written.
    pub fn source(&self) -> &Value {
        &self.source
    }

    /// The schema in OpenAPI v3, with what every object has.
    pub fn published(&self) -> &Value {
        &self.published
    }

    /// The same for OpenAPI v2.
    pub fn published_v2(&self) -> &Value {
        &self.published_v2
    }

    fn has_status(&self) -> bool {
        self.subresources.contains(&Subresource::Status)
    }

    /// Reads an object that a client sent: what does not belong is dropped and named, what is missing is filled in.
    pub fn read(&self, kind: KindRef, mut o: Value) -> Result<(Object, Vec<String>), String> {
        let mut unknown = structural::coerce_metadata(&mut o)?;
        unknown.extend(self.fit(&mut o).map_err(|e| e.to_string())?);
        let Value::Object(map) = o else { return Err("the object is none".into()) };
        Ok((Object::custom(kind, CustomObject::of(map)?), unknown))
    }

    /// Makes a value one of this version. The error is of objects embedded in it.
    fn fit(&self, o: &mut Value) -> Result<Vec<String>, Box<FieldError>> {
        let mut unknown = structural::prune(o, &self.schema);
        structural::prune_nulls(o, &self.schema);
        unknown.extend(structural::coerce(o, &self.schema, &Path::root())?);
        structural::default(o, &self.schema);
        go_text::plain_numbers(o);
        Ok(unknown)
    }
}

/// An object, as JSON, as a version of its kind shows it.
pub fn shown(o: &Object, kind: KindRef, json: Arc<Value>) -> Arc<Value> {
    match kind.custom() {
        Some(custom) if o.kind() != kind => {
            let mut v = Arc::unwrap_or_clone(json);
            if o.kind().version() == kind.version() {
                // What was stored has been judged; what no longer fits is left as it is.
                let _ = custom.fit(&mut v);
            } else {
                // Only what is read from the store is completed, by the version in which it lies there.
                structural::prune(&mut v, &custom.schema);
            }
            v["apiVersion"] = kind.api_version().into();
            v["kind"] = kind.name().into();
            Arc::new(v)
        }
        _ => json,
    }
}

/// The same as an object.
pub fn as_kind(o: &Object, kind: KindRef) -> Object {
    if o.kind() == kind || o.as_custom().is_none() {
        return o.clone();
    }
    with_content(o, kind, o.once_in(kind))
}

/// An object as the version in which it is stored, completed as whoever reads it will find it.
pub fn to_store(o: &Object, storage: KindRef) -> Object {
    let mut v = (**o.json()).clone();
    if let Some(custom) = storage.custom() {
        let _ = custom.fit(&mut v);
    }
    with_content(o, storage, v)
}

/// The same object, owned as before, with another content.
pub fn with_content(o: &Object, kind: KindRef, v: Value) -> Object {
    let read = v.as_object().cloned().and_then(|map| CustomObject::of(map).ok());
    let mut made = Object::custom(kind, read.or_else(|| o.as_custom().cloned()).unwrap_or_default());
    made.set_ownership(o.ownership().clone());
    made
}

fn follow<'v>(o: &'v Value, path: &[String]) -> Option<&'v Value> {
    path.iter().try_fold(o, |v, step| v.get(step))
}

impl AnyKind for CustomKind {
    fn group(&self) -> &'static str {
        self.group
    }
    fn version(&self) -> &'static str {
        self.version
    }
    fn name(&self) -> &'static str {
        self.name
    }
    fn plural(&self) -> &'static str {
        self.plural
    }
    fn singular(&self) -> &'static str {
        self.singular
    }
    fn short_names(&self) -> &'static [&'static str] {
        self.short_names
    }
    fn categories(&self) -> &'static [&'static str] {
        self.categories
    }
    fn namespaced(&self) -> bool {
        self.namespaced
    }
    fn verbs(&self) -> &'static [&'static str] {
        self.verbs
    }
    fn subresources(&self) -> &'static [Subresource] {
        self.subresources
    }
    fn storage_version(&self) -> &'static str {
        self.storage_version
    }
    fn conversion(&self) -> Option<&Conversion> {
        None
    }
    fn is_aggregated(&self) -> bool {
        false
    }
    fn has_generation(&self) -> bool {
        true
    }
    fn creates_on_update(&self) -> bool {
        false
    }
    fn updates_unconditionally(&self) -> bool {
        false
    }
    fn check_name(&self, name: &str, prefix: bool) -> Vec<String> {
        names::dns1123_subdomain(name, prefix)
    }
    fn decode(&self, _: Value) -> Result<Object, String> {
        Err("custom kinds are read by their schema".into())
    }
    fn defaults(&self, _: &mut Object) {}
    fn stamp(&self, _: &mut Object, _: Time) {}

    fn prepare_create(&self, o: &mut Object) {
        if let Some(c) = o.as_custom_mut().filter(|_| self.has_status()) {
            c.content.remove("status");
        }
    }

    fn early_warnings(&self, _: &Object) -> Vec<String> {
        vec![]
    }
    fn prepare_update(&self, new: &mut Object, old: &Object) {
        if let (Some(n), Some(o), true) = (new.as_custom_mut(), old.as_custom(), self.has_status()) {
            match o.content.get("status") {
                Some(status) => drop(n.content.insert("status".into(), status.clone())),
                None => drop(n.content.remove("status")),
            }
        }
    }

    fn prepare_status(&self, new: &mut Object, old: &Object) {
        let (Some(n), Some(o)) = (new.as_custom_mut(), old.as_custom()) else { return };
        let status = n.content.remove("status");
        n.content.clone_from(&o.content);
        let managed = n.metadata.managed_fields.take();
        n.metadata.clone_from(&o.metadata);
        n.metadata.managed_fields = managed;
        match status {
            Some(status) => drop(n.content.insert("status".into(), status)),
            None => drop(n.content.remove("status")),
        }
    }

    fn spec_changed(&self, new: &Object, old: &Object) -> bool {
        new.as_custom().map(|n| &n.content) != old.as_custom().map(|o| &o.content)
    }

    fn validate(&self, o: &Object, errors: &mut FieldErrors) {
        rules::validate(self, o, None, errors);
    }

    fn validate_update(&self, new: &Object, old: &Object, errors: &mut FieldErrors) {
        names::validate_common_update(new.meta(), old.meta(), errors);
        rules::validate(self, new, Some(old), errors);
    }

    fn update_judges_alone(&self) -> bool {
        true
    }

    fn validate_status(&self, new: &Object, old: &Object, errors: &mut FieldErrors) {
        rules::validate_status(self, new, old, errors);
    }

    fn warnings(&self, new: &Object, old: Option<&Object>) -> Vec<String> {
        let before = old.and_then(|o| o.meta().finalizers.as_deref()).unwrap_or_default();
        let mut added: Vec<&String> = new.meta().finalizers.iter().flatten().filter(|f| !before.contains(f)).collect();
        added.sort();
        added.dedup();
        added.into_iter().flat_map(|f| rules::finalizer_warnings(f)).collect()
    }

    fn status_warnings(&self, _: &Object) -> Vec<String> {
        vec![]
    }
    fn returns_deleted(&self) -> bool {
        false
    }
    fn leaves_owned(&self) -> bool {
        false
    }
    fn deletion_warning(&self) -> Option<&'static str> {
        None
    }
    fn condemn(&self, _: &mut Object, _: Time) -> bool {
        false
    }
    fn deprecated(&self) -> Option<&'static str> {
        self.deprecated
    }

    fn column_headers(&self) -> Vec<ColumnHeader> {
        let name = ColumnHeader::new("Name", ColumnType::Name, 0, NAME_DOC);
        std::iter::once(name).chain(self.columns.iter().map(|c| c.header)).collect()
    }

    fn row(&self, o: &Object, now: Time) -> Vec<Cell> {
        let json = o.json();
        std::iter::once(o.name().into()).chain(self.columns.iter().map(|c| c.cell(json, now))).collect()
    }

    fn selectable(&self) -> &'static [&'static str] {
        self.selectable
    }

    fn field(&self, o: &Object, field: &str) -> Option<String> {
        match field {
            "metadata.name" => Some(o.name().to_string()),
            "metadata.namespace" => Some(o.namespace().to_string()),
            _ => {
                let i = self.selectable.iter().position(|f| *f == field)?;
                let json = o.json();
                let found =
                    self.selectors[i].find(json).first().filter(|v| !v.is_null()).map(|v| super::jsonpath::show(v));
                Some(found.unwrap_or_default())
            }
        }
    }

    fn scale_of(&self, o: &Object) -> Option<ScaleValues> {
        let paths = self.scale.as_ref()?;
        let json = o.json();
        let number = |path: &[String]| {
            follow(json, path).and_then(Value::as_i64).and_then(|n| i32::try_from(n).ok()).unwrap_or(0)
        };
        Some(ScaleValues {
            wanted: number(&paths.wanted),
            current: number(&paths.current),
            selector: follow(json, &paths.selector).and_then(Value::as_str).unwrap_or("").to_string(),
        })
    }

    fn set_scale(&self, o: &mut Object, replicas: i32) {
        let (Some(paths), Some(c)) = (&self.scale, o.as_custom_mut()) else { return };
        let Some((last, steps)) = paths.wanted.split_last() else { return };
        let mut map = &mut c.content;
        for step in steps {
            let next = map.entry(step).or_insert_with(|| Value::Object(serde_json::Map::new()));
            let Some(inner) = next.as_object_mut() else { return };
            map = inner;
        }
        map.insert(last.clone(), replicas.into());
    }

    fn grace(&self, _: &Object) -> Option<i64> {
        None
    }
}
