//! What stands at a place of an object, as far as ownership goes: a map whose fields have owners of their own or that
//! is one value, a list whose items do or do not, or a scalar.
//!
//! There are two sources: the layout of the built-in types ([`super::layout`]) and the OpenAPI schemas of custom
//! resources ([`super::openapi`]). What neither declares is deduced from the value.
//!
//! Real Kubernetes: sigs.k8s.io/structured-merge-diff/schema, k8s.io/kube-openapi/pkg/schemaconv.

use serde_json::Value;

use super::{layout, openapi};
use crate::api::schema::{self, ListKey, TypeId};

/// The type of a place. It is as small as a reference: [`Schema::resolve`] tells more.
#[derive(Clone, Copy, Debug)]
pub enum Schema<'a> {
    /// Nothing may stand here.
    Nothing,
    /// A struct of the layout; a field may say that it is one value where the type does not.
    Struct {
        of: TypeId,
        atomic: bool,
    },
    /// What a field of the layout holds.
    Field(&'static schema::Field),
    /// An item of the list or map that a field of the layout holds.
    Item(&'static schema::Field),
    /// A schema of a custom resource. `open` says that a schema around it keeps fields that it doesn't declare.
    OpenApi {
        of: &'a Value,
        open: bool,
    },
    /// A custom resource itself: its schema, and the metadata that every object has.
    Resource {
        of: &'a Value,
        open: bool,
    },
    Scalar(Scalar),
    /// Anything: its maps have fields with owners, its lists are values.
    Deduced,
    /// Anything, as one value.
    Untyped,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scalar {
    Numeric,
    String,
    Boolean,
    Untyped,
}

/// What may stand at a place. A place that is not typed may hold any of the three.
#[derive(Clone, Copy, Debug, Default)]
pub struct Atom<'a> {
    pub map: Option<Map<'a>>,
    pub scalar: Option<Scalar>,
    pub list: Option<List<'a>>,
}

#[derive(Clone, Copy, Debug)]
pub struct Map<'a> {
    pub atomic: bool,
    pub(super) fields: Fields<'a>,
    pub(super) element: Schema<'a>,
}

/// The declared fields of a map.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fields<'a> {
    None,
    Struct(TypeId),
    OpenApi { of: &'a Value, open: bool },
    Resource { of: &'a Value, open: bool },
}

#[derive(Clone, Copy, Debug)]
pub struct List<'a> {
    pub kind: ListKind<'a>,
    pub(super) element: Schema<'a>,
}

#[derive(Clone, Copy, Debug)]
pub enum ListKind<'a> {
    Atomic,
    Set,
    Map(Keys<'a>),
}

/// The fields that tell the items of a list from each other.
#[derive(Clone, Copy, Debug)]
pub enum Keys<'a> {
    Layout(&'static [ListKey]),
    OpenApi { names: &'a [Value], item: &'a Value },
}

impl<'a> Schema<'a> {
    pub fn resolve(self) -> Atom<'a> {
        match self {
            Schema::Nothing => Atom::default(),
            Schema::Struct { of, atomic } => layout::structure(of, atomic),
            Schema::Field(f) => layout::field(f),
            Schema::Item(f) => layout::item(f),
            Schema::OpenApi { of, open } => openapi::resolve(of, open),
            Schema::Resource { of, open } => openapi::resource(of, open),
            Schema::Scalar(s) => Atom { scalar: Some(s), ..Atom::default() },
            Schema::Deduced => anything(false, Schema::Deduced),
            Schema::Untyped => anything(true, Schema::Untyped),
        }
    }

    /// A place whose schema tells nothing of what is in it, so that a change of the schema tells nothing either.
    pub(super) fn is_untyped(self) -> bool {
        match self {
            Schema::Deduced => true,
            Schema::OpenApi { .. } => self.resolve().scalar == Some(Scalar::Untyped),
            _ => false,
        }
    }
}

fn anything(atomic: bool, element: Schema<'_>) -> Atom<'_> {
    Atom {
        scalar: Some(Scalar::Untyped),
        list: Some(List { kind: ListKind::Atomic, element: Schema::Untyped }),
        map: Some(Map { atomic, fields: Fields::None, element }),
    }
}

impl<'a> Map<'a> {
    /// The type of a declared field.
    pub fn field(&self, name: &str) -> Option<Schema<'a>> {
        match self.fields {
            Fields::None => None,
            Fields::Struct(of) => layout::find(of, name).map(Schema::Field),
            Fields::OpenApi { of, open } => openapi::property(of, open, name),
            Fields::Resource { of, open } => openapi::resource_field(of, open, name),
        }
    }

    /// The type of what is not declared.
    pub fn element(&self) -> Schema<'a> {
        self.element
    }

    /// The type of a field, declared or not.
    pub fn at(&self, name: &str) -> Schema<'a> {
        self.field(name).unwrap_or(self.element)
    }

    /// A map that only says of itself that it is one.
    pub(super) fn is_untyped(&self) -> bool {
        self.element.is_untyped() && matches!(self.fields, Fields::None)
    }
}

impl<'a> List<'a> {
    pub fn element(&self) -> Schema<'a> {
        self.element
    }
}

impl Keys<'_> {
    /// Each key, and what an item without it counts as having there.
    pub fn each(&self) -> Vec<(&str, Option<Value>)> {
        match self {
            Keys::Layout(keys) => keys.iter().map(|k| (k.field, k.default.clone())).collect(),
            Keys::OpenApi { names, item } => {
                let default = |name: &str| item.get("properties")?.get(name)?.get("default").cloned();
                names.iter().filter_map(Value::as_str).map(|n| (n, default(n).filter(|d| !d.is_null()))).collect()
            }
        }
    }
}

/// Which part of an atom a value is held against.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Part {
    Map,
    Scalar,
    List,
    /// Nothing fits.
    None,
}

impl Atom<'_> {
    /// The part for that value, and whether the value decided it: null fits all parts.
    pub(super) fn part(&self, v: Option<&Value>) -> (Part, bool) {
        match v {
            Some(Value::Object(_)) if self.map.is_some() => (Part::Map, true),
            Some(Value::Array(_)) if self.list.is_some() => (Part::List, true),
            Some(Value::Bool(_) | Value::Number(_) | Value::String(_)) if self.scalar.is_some() => (Part::Scalar, true),
            _ => {
                let first = [(Part::Map, self.map.is_some()), (Part::Scalar, self.scalar.is_some())];
                let last = if self.list.is_some() { Part::List } else { Part::None };
                (first.iter().find(|(_, there)| *there).map_or(last, |(part, _)| *part), self.is_simple())
            }
        }
    }

    /// Whether there is only one part to choose from.
    fn is_simple(&self) -> bool {
        usize::from(self.map.is_some()) + usize::from(self.scalar.is_some()) + usize::from(self.list.is_some()) <= 1
    }
}
