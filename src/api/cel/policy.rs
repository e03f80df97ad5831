//! Expressions of admission policies and of webhooks' match conditions: what they see, and what they must yield.
//! Real Kubernetes: k8s.io/apiserver/pkg/admission/plugin/cel/{compile,composition}.go, pkg/cel/mutation.

use std::sync::Arc;

use super::env::{Env, Types};
use super::published::Published;
use super::types::Type;
use super::{Program, compile};
use crate::api::KindRef;

/// The type of `variables`.
const VARIABLES: &str = "kubernetes.variables";
/// The type of one operation of a JSON patch, as expressions make it.
pub const JSON_PATCH: &str = "JSONPatch";
/// The type of an apply configuration; those of its fields are named by their paths: `Object.spec.template`.
pub const OBJECT: &str = "Object";

/// What is seen besides the object, the request and the namespace.
#[derive(Clone, Copy, Default)]
pub struct Sees {
    pub params: bool,
    pub authorizer: bool,
    pub patches: bool,
}

/// Why an expression cannot be used.
pub struct Refusal {
    /// The server's own fault, as errors of fields tell it apart.
    pub internal: bool,
    pub detail: String,
}

/// What an expression must yield.
#[derive(Clone, Copy)]
pub enum Yields {
    Bool,
    Text,
    TextOrNull,
    Anything,
    Patches,
    Object,
}

impl Yields {
    fn types(self) -> Vec<Type> {
        match self {
            Yields::Bool => vec![Type::Bool],
            Yields::Text => vec![Type::String],
            Yields::TextOrNull => vec![Type::String, Type::Null],
            Yields::Anything => vec![],
            Yields::Patches => vec![Type::list(Type::object(JSON_PATCH))],
            Yields::Object => vec![Type::object(OBJECT)],
        }
    }
}

/// The variables of a policy, each of which sees those before it.
#[derive(Clone, Default)]
pub struct Variables(Vec<(String, Type)>);

impl Variables {
    /// Tells of one more, whose type is known if it compiles.
    pub fn add(&mut self, name: &str, type_: Option<Type>) {
        let plain = match type_ {
            Some(
                t @ (Type::Any
                | Type::Bool
                | Type::Bytes
                | Type::Double
                | Type::Duration
                | Type::Int
                | Type::Null
                | Type::String
                | Type::Timestamp
                | Type::Uint
                | Type::List(_)
                | Type::Map(_)),
            ) => t,
            _ => Type::Dyn,
        };
        self.0.retain(|(n, _)| n != name);
        self.0.push((name.into(), plain));
    }
}

/// The environment of an expression. Without `variables` there is no such name.
pub fn env(sees: Sees, variables: Option<&Variables>) -> Env {
    let mut env = Env::default()
        .with("object", Type::Dyn)
        .with("oldObject", Type::Dyn)
        .with("namespaceObject", Type::object("kubernetes.Namespace"))
        .with("request", Type::object("kubernetes.AdmissionRequest"))
        .with_types(Arc::new(Request));
    if sees.params {
        env = env.with("params", Type::Dyn);
    }
    if sees.authorizer {
        env = env
            .with("authorizer", Type::object("kubernetes.authorization.Authorizer"))
            .with("authorizer.requestResource", Type::object("kubernetes.authorization.ResourceCheck"));
    }
    if sees.patches {
        env = env.with_types(Arc::new(Patches)).with_patches();
    }
    match variables {
        Some(v) => env.with("variables", Type::object(VARIABLES)).with_types(Arc::new(v.clone())),
        None => env,
    }
}

/// The environment of an expression on objects of one kind, to check its types beforehand. `params` are there if there is a
/// kind of them, which may be unknown.
pub fn env_of_types(kind: KindRef, params: Option<Option<KindRef>>, variables: &Variables) -> Env {
    let object = Published::new(kind);
    let plain = env(Sees { params: params.is_some(), ..Sees::default() }, Some(variables));
    let mut env = plain
        .with("object", object.type_())
        .with("oldObject", object.type_())
        .with("authorizer", Type::object("kubernetes.authorization.Authorizer"))
        .with_types(Arc::new(object));
    if let Some(Some(kind)) = params {
        let params = Published::new(kind);
        env = env.with("params", params.type_()).with_types(Arc::new(params));
    }
    env
}

/// Makes an expression ready that must yield something of a kind.
pub fn compile_as(text: &str, env: &Env, yields: Yields) -> Result<(Program, Type), Refusal> {
    let refused = |detail: String| Refusal { internal: false, detail };
    let compiled = compile(text, env).map_err(|issues| refused(format!("compilation failed: {issues}")))?;
    let wanted = yields.types();
    if !wanted.is_empty() && !wanted.contains(&compiled.type_) {
        let got = go_name(&compiled.type_);
        let why = match wanted.as_slice() {
            [only] => format!("must evaluate to {} but got {got}", go_name(only)),
            several => {
                let names: Vec<_> = several.iter().map(go_name).collect();
                format!("must evaluate to one of [{}] but got {got}", names.join(" "))
            }
        };
        return Err(refused(why));
    }
    let program = compiled
        .program()
        .map_err(|e| Refusal { internal: true, detail: format!("program instantiation failed: {}", e.text()) })?;
    Ok((program, compiled.type_))
}

/// A type as Go prints it.
pub fn go_name(t: &Type) -> String {
    match t {
        Type::List(of) => format!("list({})", go_name(of)),
        Type::Map(kv) => format!("map({}, {})", go_name(&kv.0), go_name(&kv.1)),
        Type::Opaque(name, params) if !params.is_empty() => {
            let params: Vec<_> = params.iter().map(go_name).collect();
            format!("{name}({})", params.join(", "))
        }
        Type::Type(Some(of)) => format!("type({})", go_name(of)),
        Type::Any => "google.protobuf.Any".into(),
        other => other.name(),
    }
}

impl Types for Variables {
    fn is_struct(&self, name: &str) -> bool {
        name == VARIABLES
    }

    fn field(&self, of: &str, name: &str) -> Option<Type> {
        self.0.iter().find(|(n, _)| of == VARIABLES && n == name).map(|(_, t)| t.clone())
    }
}

/// The types of `request` and `namespaceObject`.
struct Request;

impl Types for Request {
    fn is_struct(&self, name: &str) -> bool {
        const NAMES: [&str; 9] = [
            "AdmissionRequest",
            "GroupVersionKind",
            "GroupVersionResource",
            "UserInfo",
            "Namespace",
            "NamespaceSpec",
            "NamespaceStatus",
            "NamespaceCondition",
            "NamespaceMetadata",
        ];
        name.strip_prefix("kubernetes.").is_some_and(|n| NAMES.contains(&n))
    }

    fn field(&self, of: &str, name: &str) -> Option<Type> {
        let object = |name: &str| Type::object(&format!("kubernetes.{name}"));
        let texts = || Type::list(Type::String);
        Some(match (of.strip_prefix("kubernetes.")?, name) {
            ("AdmissionRequest", "kind" | "requestKind") => object("GroupVersionKind"),
            ("AdmissionRequest", "resource" | "requestResource") => object("GroupVersionResource"),
            ("AdmissionRequest", "subResource" | "requestSubResource" | "name" | "namespace" | "operation") => {
                Type::String
            }
            ("AdmissionRequest", "userInfo") => object("UserInfo"),
            ("AdmissionRequest", "dryRun") => Type::Bool,
            ("AdmissionRequest", "options") => Type::Dyn,
            ("GroupVersionKind", "group" | "version" | "kind") => Type::String,
            ("GroupVersionResource", "group" | "version" | "resource") => Type::String,
            ("UserInfo", "username" | "uid") => Type::String,
            ("UserInfo", "groups") => texts(),
            ("UserInfo", "extra") => Type::map(Type::String, texts()),
            ("Namespace", "metadata") => object("NamespaceMetadata"),
            ("Namespace", "spec") => object("NamespaceSpec"),
            ("Namespace", "status") => object("NamespaceStatus"),
            ("NamespaceSpec" | "NamespaceMetadata", "finalizers") => texts(),
            ("NamespaceStatus", "conditions") => Type::list(object("NamespaceCondition")),
            ("NamespaceStatus", "phase") => Type::String,
            ("NamespaceCondition", "lastTransitionTime") => Type::Timestamp,
            ("NamespaceCondition", "status" | "type" | "message" | "reason") => Type::String,
            ("NamespaceMetadata", "name" | "generateName" | "namespace" | "UID" | "resourceVersion") => Type::String,
            ("NamespaceMetadata", "labels" | "annotations") => Type::map(Type::String, Type::String),
            ("NamespaceMetadata", "creationTimestamp" | "deletionTimestamp") => Type::Timestamp,
            ("NamespaceMetadata", "deletionGracePeriodSeconds" | "generation") => Type::Int,
            _ => return None,
        })
    }
}

/// `JSONPatch{…}` and `Object{…}`, whose fields may be any.
struct Patches;

impl Types for Patches {
    fn is_struct(&self, name: &str) -> bool {
        name == JSON_PATCH || name == OBJECT || name.starts_with("Object.")
    }

    fn field(&self, of: &str, name: &str) -> Option<Type> {
        match (of, name) {
            (JSON_PATCH, "op" | "from" | "path") => Some(Type::String),
            (JSON_PATCH, "value") => Some(Type::Dyn),
            (JSON_PATCH, _) => None,
            _ => self.is_struct(of).then_some(Type::Dyn),
        }
    }
}
