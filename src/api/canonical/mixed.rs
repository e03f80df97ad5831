//! What in the schema of a custom resource is a schema or something else, and is read by a decoder of its own.
//! Real Kubernetes: apiextensions-apiserver/pkg/apis/apiextensions/v1/marshal.go.

use crate::api::schema::{Base, Field, TypeId};

/// What stands beside a schema, or in place of one.
#[derive(Clone, Copy)]
pub enum Or {
    Schemas,
    Bool,
    Texts,
}

/// What may stand in a field beside a schema, and the type of the schema.
pub fn mixed(f: &Field) -> Option<(Or, TypeId)> {
    let or = match f.go_elem {
        _ if f.base != Base::Raw => return None,
        "v1.JSONSchemaPropsOrArray" => Or::Schemas,
        "v1.JSONSchemaPropsOrBool" => Or::Bool,
        "v1.JSONSchemaPropsOrStringArray" => Or::Texts,
        _ => return None,
    };
    Some((or, TypeId::by_name("apiextensions/v1.JSONSchemaProps")?))
}
