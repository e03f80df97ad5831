//! What an expression may name: variables with their types, and types with their fields.
//! Real Kubernetes: cel-go/checker/env.go, k8s.io/apiserver/pkg/cel/environment.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::declarations;
use super::types::Type;
use super::value::Value;

/// Types whose objects have known fields.
pub trait Types {
    fn is_struct(&self, name: &str) -> bool;
    fn field(&self, of: &str, name: &str) -> Option<Type>;
}

/// No such types.
pub struct NoTypes;

impl Types for NoTypes {
    fn is_struct(&self, _: &str) -> bool {
        false
    }
    fn field(&self, _: &str, _: &str) -> Option<Type> {
        None
    }
}

#[derive(Clone, Default)]
pub struct Env {
    variables: BTreeMap<String, Type>,
    types: Vec<Arc<dyn Types>>,
    /// Whether `jsonpatch.escapeKey` is known.
    patches: bool,
    /// Whether `cel.bind` is.
    pub bindings: bool,
}

/// What a name stands for.
pub struct Ident {
    pub name: String,
    pub type_: Type,
    /// A type that is named is a constant.
    pub value: Option<Value>,
}

impl Env {
    pub fn with(mut self, name: &str, type_: Type) -> Env {
        self.variables.insert(name.into(), type_);
        self
    }

    pub fn with_types(mut self, types: Arc<dyn Types>) -> Env {
        self.types.push(types);
        self
    }

    pub fn with_patches(mut self) -> Env {
        self.patches = true;
        self
    }

    pub fn with_bindings(mut self) -> Env {
        self.bindings = true;
        self
    }

    pub fn ident(&self, name: &str) -> Option<Ident> {
        let name = name.strip_prefix('.').unwrap_or(name);
        if let Some(t) = self.variables.get(name) {
            return Some(Ident { name: name.into(), type_: t.clone(), value: None });
        }
        let named = declarations::named_type(name)
            .or_else(|| self.types.iter().any(|t| t.is_struct(name)).then(|| Type::object(name)))?;
        let value = Some(Value::Type(named.clone()));
        Some(Ident { name: name.into(), type_: Type::Type(Some(Arc::new(named))), value })
    }

    pub fn function(&self, name: &str) -> Option<&'static [declarations::Overload]> {
        let name = name.strip_prefix('.').unwrap_or(name);
        if name == "jsonpatch.escapeKey" && !self.patches {
            return None;
        }
        declarations::function(name)
    }

    pub fn is_struct(&self, name: &str) -> bool {
        self.types.iter().any(|t| t.is_struct(name))
    }

    pub fn field(&self, of: &str, name: &str) -> Option<Type> {
        self.types.iter().find_map(|t| t.field(of, name))
    }
}
