//! One object in several versions of its API: an owner's fields are those of the version in which it wrote.
//!
//! Real Kubernetes: apimachinery/pkg/util/managedfields/internal/{versionconverter,typeconverter}.go.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::filter::Filter;
use super::reset;
use super::schema::Schema;
use super::set::FieldSet;
use crate::api::canonical;
use crate::api::kind::{KindRef, Subresource};
use crate::api::schema::{TypeId, type_of};

/// A kind as field management sees it.
pub trait Versions {
    /// The version and the kind of a request: `apps/v1`, `Deployment`.
    fn request(&self) -> (&str, &str);
    /// The type of its objects in a version; nothing if it has none there.
    fn schema(&self, api_version: &str) -> Option<Schema<'_>>;
    /// An object as it is in another version than its own.
    fn convert(&self, object: &Value, api_version: &str) -> Result<Value, Unconverted>;
    /// What the request may come to own.
    fn filter(&self, api_version: &str) -> Filter;
    /// An object of the request's version with nothing in it, as it is before it is created.
    fn empty(&self) -> Value;
}

/// Why there is no such object in that version.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unconverted {
    /// The version is not served, or not any more: who owns fields in it owns nothing.
    Missing,
    Failed(String),
}

/// The object in that version, and nothing done if it is so already.
pub(super) fn converted<'v>(
    kind: &dyn Versions,
    object: &'v Value,
    api_version: &str,
) -> Result<Cow<'v, Value>, Unconverted> {
    if object["apiVersion"].as_str() == Some(api_version) {
        return Ok(Cow::Borrowed(object));
    }
    kind.convert(object, api_version).map(Cow::Owned)
}

/// The object with the name of its version.
fn named(mut object: Value, api_version: &str) -> Value {
    if let Some(fields) = object.as_object_mut() {
        fields.insert("apiVersion".into(), api_version.into());
    }
    object
}

/// A built-in kind, or one of its subresources.
pub struct BuiltIn {
    kind: KindRef,
    subresource: Option<Subresource>,
    api_version: String,
}

impl BuiltIn {
    pub fn new(kind: KindRef, subresource: Option<Subresource>) -> BuiltIn {
        BuiltIn { kind, subresource, api_version: kind.api_version() }
    }

    fn layout(&self, api_version: &str) -> Option<TypeId> {
        KindRef::by_gvk(api_version, self.kind.name()).map(type_of)
    }
}

impl Versions for BuiltIn {
    fn request(&self) -> (&str, &str) {
        (&self.api_version, self.kind.name())
    }

    fn schema(&self, api_version: &str) -> Option<Schema<'_>> {
        self.layout(api_version).map(|of| Schema::Struct { of, atomic: false })
    }

    fn convert(&self, object: &Value, api_version: &str) -> Result<Value, Unconverted> {
        let from = object["apiVersion"].as_str().unwrap_or(&self.api_version);
        let find = |version: &str| KindRef::by_gvk(version, self.kind.name()).ok_or(Unconverted::Missing);
        let (from, to) = (find(from)?, find(api_version)?);
        // Versions of two groups are not converted, though an event is one object in both.
        if from.group() != to.group() || from.stored() != to.stored() {
            return Err(Unconverted::Missing);
        }
        let mut object = object.clone();
        if let Some(c) = from.conversion() {
            (c.to_hub)(&mut object);
        }
        if let Some(c) = to.conversion() {
            (c.from_hub)(&mut object);
        }
        canonical::fill(&mut object, type_of(to));
        Ok(named(object, api_version))
    }

    fn filter(&self, api_version: &str) -> Filter {
        match KindRef::by_gvk(api_version, self.kind.name()) {
            Some(kind) => reset::filter(kind, self.subresource),
            None => Filter::All,
        }
    }

    fn empty(&self) -> Value {
        let mut object = json!({"apiVersion": self.api_version, "kind": self.kind.name()});
        canonical::fill(&mut object, type_of(self.kind));
        object
    }
}

/// The scale of an object, whatever its kind: there is one version of it, in which all is owned.
pub struct Scale;

/// The version of `Scale`, and its kind.
pub(super) const SCALE: (&str, &str) = ("autoscaling/v1", "Scale");

fn scale_layout() -> Option<TypeId> {
    TypeId::by_name("autoscaling/v1.Scale")
}

impl Versions for Scale {
    fn request(&self) -> (&str, &str) {
        SCALE
    }

    fn schema(&self, api_version: &str) -> Option<Schema<'_>> {
        scale_layout().filter(|_| api_version == SCALE.0).map(|of| Schema::Struct { of, atomic: false })
    }

    fn convert(&self, _: &Value, _: &str) -> Result<Value, Unconverted> {
        Err(Unconverted::Missing)
    }

    fn filter(&self, _: &str) -> Filter {
        Filter::All
    }

    fn empty(&self) -> Value {
        let mut object = json!({"apiVersion": SCALE.0, "kind": SCALE.1});
        if let Some(layout) = scale_layout() {
            canonical::fill(&mut object, layout);
        }
        object
    }
}

/// A version in which custom resources of a kind are served.
pub struct CustomVersion<'a> {
    /// `example.com/v1`
    pub api_version: String,
    /// The OpenAPI v3 schema.
    pub schema: &'a Value,
    /// Whether it has the status subresource.
    pub status: bool,
}

/// How a definition says that custom resources are made into another version. It is given the object and the version.
pub type Converter<'a> = &'a dyn Fn(&Value, &str) -> Result<Value, String>;

/// A kind of custom resources, or its status.
pub struct Custom<'a> {
    pub api_version: &'a str,
    pub kind: &'a str,
    pub versions: Vec<CustomVersion<'a>>,
    pub subresource: Option<Subresource>,
    /// The definition's own `preserveUnknownFields`.
    pub preserve_unknown_fields: bool,
    /// Without one, versions differ in nothing but their name.
    pub converter: Option<Converter<'a>>,
}

impl Custom<'_> {
    fn version(&self, api_version: &str) -> Option<&CustomVersion<'_>> {
        self.versions.iter().find(|v| v.api_version == api_version)
    }
}

impl Versions for Custom<'_> {
    fn request(&self) -> (&str, &str) {
        (self.api_version, self.kind)
    }

    fn schema(&self, api_version: &str) -> Option<Schema<'_>> {
        self.version(api_version).map(|v| Schema::Resource { of: v.schema, open: self.preserve_unknown_fields })
    }

    fn convert(&self, object: &Value, api_version: &str) -> Result<Value, Unconverted> {
        if self.version(api_version).is_none() {
            let why = format!("request to convert CR to an invalid group/version: {api_version}");
            return Err(Unconverted::Failed(why));
        }
        let object = match self.converter {
            Some(convert) => convert(object, api_version).map_err(Unconverted::Failed)?,
            None => object.clone(),
        };
        Ok(named(object, api_version))
    }

    /// Real Kubernetes: apiextensions-apiserver/pkg/registry/customresource. A write of the resource itself knows only
    /// what its own version resets.
    fn filter(&self, api_version: &str) -> Filter {
        let has_status = self.version(api_version).is_some_and(|v| v.status);
        match self.subresource {
            Some(Subresource::Status) if has_status => Filter::without(&[&["metadata"], &["spec"]]),
            None if has_status && api_version == self.api_version => Filter::without(&[&["status"]]),
            _ => Filter::All,
        }
    }

    fn empty(&self) -> Value {
        json!({"apiVersion": self.api_version, "kind": self.kind})
    }
}

/// The fields that every object has and nobody owns: they name it, or the server writes them.
pub(super) fn unowned() -> FieldSet {
    const OF_METADATA: [&str; 9] = [
        "name",
        "namespace",
        "creationTimestamp",
        "selfLink",
        "uid",
        "clusterName",
        "generation",
        "managedFields",
        "resourceVersion",
    ];
    let mut set = FieldSet::of_fields(&[&["apiVersion"], &["kind"], &["metadata"]]);
    OF_METADATA.iter().for_each(|f| set = set.union(&FieldSet::of_fields(&[&["metadata", f]])));
    set
}
