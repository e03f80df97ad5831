//! Kubernetes' own types as expressions see them that are checked beforehand, as far as their published schemas tell types.
//! Real Kubernetes: k8s.io/apiserver/pkg/cel/openapi/resolver and pkg/cel/common.SchemaDeclType on the published definitions.

use super::env::Types;
use super::escaping::{escape, is_reserved};
use super::types::Type;
use crate::api::KindRef;
use crate::api::schema::{Base, Field, Shape, TypeId};

/// A step into the items of a list and into the values of a map, in the name of a type.
const ITEM: &str = "@idx";
const VALUE: &str = "@elem";

/// The types of one kind. Each is named by its path: `Deployment.spec.template`.
///
/// The real names have a number after the kind, which comes from the clock.
pub struct Published {
    kind: KindRef,
}

/// A type with fields.
enum Place {
    Struct(TypeId),
    /// Any object; none of its fields are known.
    Any,
}

impl Published {
    pub fn new(kind: KindRef) -> Published {
        Published { kind }
    }

    pub fn type_(&self) -> Type {
        Type::object(self.kind.name())
    }

    fn place(&self, name: &str) -> Option<Place> {
        let mut steps = name.split('.').peekable();
        steps.next().filter(|first| *first == self.kind.name())?;
        let mut at = self.kind.layout().map_or(Place::Any, Place::Struct);
        while let Some(step) = steps.next() {
            let Place::Struct(t) = at else { return None };
            let f = field(t, step)?;
            let below = match f.shape {
                Shape::List => Some(ITEM),
                Shape::Map(_) => Some(VALUE),
                Shape::Plain | Shape::Pointer => None,
            };
            if below.is_some_and(|below| steps.next() != Some(below)) {
                return None;
            }
            at = place_of(f)?;
        }
        Some(at)
    }
}

fn place_of(f: &Field) -> Option<Place> {
    match f.base {
        Base::Struct(t) => Some(Place::Struct(t)),
        Base::Raw if is_object(f) => Some(Place::Any),
        _ => None,
    }
}

/// Whether the schema says of a field that may hold anything that it is at least an object.
fn is_object(f: &Field) -> bool {
    f.go_type.ends_with("RawExtension") || f.go_type.ends_with("FieldsV1")
}

fn field(t: TypeId, escaped: &str) -> Option<&'static Field> {
    t.field(escaped).filter(|f| escape(f.json).is_some_and(|e| e == escaped)).or_else(|| {
        let fits = |f: &&'static Field| !f.inline && escape(f.json).is_some_and(|e| e == escaped);
        t.get().fields.iter().find(fits)
    })
}

impl Types for Published {
    fn is_struct(&self, name: &str) -> bool {
        self.place(name).is_some()
    }

    fn field(&self, of: &str, name: &str) -> Option<Type> {
        let Place::Struct(t) = self.place(of)? else { return None };
        // A word that CEL keeps for itself may follow a dot as it is.
        let reserved = || escape(name).filter(|_| is_reserved(name)).and_then(|n| Some((field(t, &n)?, n)));
        let (f, name) = field(t, name).map(|f| (f, name.to_string())).or_else(reserved)?;
        let below = match f.shape {
            Shape::List => format!(".{ITEM}"),
            Shape::Map(_) => format!(".{VALUE}"),
            Shape::Plain | Shape::Pointer => String::new(),
        };
        let base = match f.base {
            Base::String => Type::String,
            Base::Bool => Type::Bool,
            Base::Integer => Type::Int,
            Base::Float => Type::Double,
            Base::Bytes => Type::Bytes,
            Base::Time | Base::MicroTime => Type::Timestamp,
            Base::IntOrString => Type::Dyn,
            // Their schema names no type, so they are not seen.
            Base::Quantity => return None,
            Base::Raw if !is_object(f) => return None,
            Base::Raw | Base::Struct(_) => Type::object(&format!("{of}.{name}{below}")),
        };
        Some(match f.shape {
            Shape::List => Type::list(base),
            Shape::Map(_) => Type::map(Type::String, base),
            Shape::Plain | Shape::Pointer => base,
        })
    }
}
