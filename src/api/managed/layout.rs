//! Types of the built-in kinds, from the layout that the API server has of them.
//!
//! Real Kubernetes: the published OpenAPI definitions, as k8s.io/kube-openapi/pkg/schemaconv reads them.

use super::schema::{Atom, Fields, Keys, List, ListKind, Map, Scalar, Schema};
use crate::api::schema::{Base, Field, ListType, Shape, TypeId};

/// The field of that JSON name, looking into inlined structs.
pub(super) fn find(of: TypeId, json: &str) -> Option<&'static Field> {
    of.get().fields.iter().find_map(|f| match f.base {
        Base::Struct(inner) if f.inline => find(inner, json),
        _ => (f.json == json).then_some(f),
    })
}

pub(super) fn structure<'a>(of: TypeId, atomic: bool) -> Atom<'a> {
    let atomic = atomic || of.get().atomic;
    Atom { map: Some(Map { atomic, fields: Fields::Struct(of), element: Schema::Nothing }), ..Atom::default() }
}

pub(super) fn field<'a>(f: &'static Field) -> Atom<'a> {
    match &f.shape {
        Shape::Plain | Shape::Pointer => match base(f, f.atomic).resolve() {
            Atom { map: Some(map), .. } if f.granular => {
                Atom { map: Some(Map { atomic: false, ..map }), ..Atom::default() }
            }
            atom => atom,
        },
        Shape::List => {
            let kind = match &f.list {
                ListType::Atomic => ListKind::Atomic,
                ListType::Set => ListKind::Set,
                ListType::Map(keys) => ListKind::Map(Keys::Layout(keys)),
            };
            Atom { list: Some(List { kind, element: Schema::Item(f) }), ..Atom::default() }
        }
        Shape::Map(_) => {
            let map = Map { atomic: f.atomic, fields: Fields::None, element: Schema::Item(f) };
            Atom { map: Some(map), ..Atom::default() }
        }
    }
}

pub(super) fn item<'a>(f: &'static Field) -> Atom<'a> {
    // `map[string]v1.ExtraValue`: a list of strings under a name of its own.
    let named_list =
        matches!(f.shape, Shape::Map(_)) && f.go_type.starts_with("map[") && !f.go_type.ends_with(f.go_elem);
    if named_list {
        return Atom { list: Some(List { kind: ListKind::Atomic, element: base(f, false) }), ..Atom::default() };
    }
    base(f, false).resolve()
}

fn base<'a>(f: &'static Field, atomic: bool) -> Schema<'a> {
    match f.base {
        Base::Struct(of) => Schema::Struct { of, atomic },
        Base::String | Base::Bytes => Schema::Scalar(Scalar::String),
        Base::Bool => Schema::Scalar(Scalar::Boolean),
        Base::Integer | Base::Float => Schema::Scalar(Scalar::Numeric),
        Base::Time | Base::MicroTime | Base::Quantity => Schema::Scalar(Scalar::Untyped),
        Base::Raw if f.go_elem == "runtime.RawExtension" => Schema::Untyped,
        // Its published definition names two types, and so does not say that it is a scalar.
        Base::IntOrString | Base::Raw => Schema::Deduced,
    }
}
