//! Types of expressions: how they are told, and which fit which.
//! Real Kubernetes: cel-go/common/types/types.go, checker/types.go, checker/format.go.

use std::fmt;
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// What an expression has whose error has been told.
    Error,
    Dyn,
    Any,
    Null,
    Bool,
    Int,
    Uint,
    Double,
    String,
    Bytes,
    Duration,
    Timestamp,
    List(Arc<Type>),
    Map(Arc<(Type, Type)>),
    /// The type of a type.
    Type(Option<Arc<Type>>),
    /// To be found out: `A` in a declaration, `_var0` while checking.
    Param(Arc<str>),
    Struct(Arc<str>),
    Opaque(Arc<str>, Arc<[Type]>),
}

/// What stands for each type variable so far. Copies share what they have in common, as each attempt to make types fit starts with one.
pub type Mapping = imbl::OrdMap<Arc<str>, Type>;

pub const OPTIONAL: &str = "optional_type";

impl Type {
    pub fn list(element: Type) -> Type {
        Type::List(Arc::new(element))
    }

    pub fn map(key: Type, value: Type) -> Type {
        Type::Map(Arc::new((key, value)))
    }

    pub fn optional(inner: Type) -> Type {
        Type::Opaque(OPTIONAL.into(), [inner].into())
    }

    pub fn object(name: &str) -> Type {
        Type::Struct(name.into())
    }

    pub fn is_dyn(&self) -> bool {
        matches!(self, Type::Dyn | Type::Any)
    }

    pub fn is_dyn_or_error(&self) -> bool {
        matches!(self, Type::Dyn | Type::Any | Type::Error)
    }

    /// The type in an `optional_type`.
    pub fn in_optional(&self) -> Option<&Type> {
        match self {
            Type::Opaque(name, params) if &**name == OPTIONAL => params.first(),
            _ => None,
        }
    }

    /// Of a fixed size.
    pub fn is_scalar(&self) -> bool {
        match self {
            Type::Bool | Type::Double | Type::Duration | Type::Int | Type::Timestamp | Type::Uint => true,
            _ => self.in_optional().is_some_and(Type::is_scalar),
        }
    }

    /// The name that a value of it tells at run time.
    pub fn name(&self) -> String {
        match self {
            Type::Duration => "google.protobuf.Duration".into(),
            Type::Timestamp => "google.protobuf.Timestamp".into(),
            Type::Null => "null_type".into(),
            Type::List(_) => "list".into(),
            Type::Map(_) => "map".into(),
            Type::Type(_) => "type".into(),
            Type::Struct(name) | Type::Opaque(name, _) => name.to_string(),
            other => other.to_string(),
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Error => write!(f, "!error!"),
            Type::Dyn => write!(f, "dyn"),
            Type::Any => write!(f, "any"),
            Type::Null => write!(f, "null"),
            Type::Bool => write!(f, "bool"),
            Type::Int => write!(f, "int"),
            Type::Uint => write!(f, "uint"),
            Type::Double => write!(f, "double"),
            Type::String => write!(f, "string"),
            Type::Bytes => write!(f, "bytes"),
            Type::Duration => write!(f, "duration"),
            Type::Timestamp => write!(f, "timestamp"),
            Type::List(e) => write!(f, "list({e})"),
            Type::Map(kv) => write!(f, "map({}, {})", kv.0, kv.1),
            Type::Type(None) => write!(f, "type"),
            Type::Type(Some(t)) => write!(f, "type({t})"),
            Type::Param(name) | Type::Struct(name) => write!(f, "{name}"),
            Type::Opaque(name, params) if params.is_empty() => write!(f, "{name}"),
            Type::Opaque(name, params) => {
                let params: Vec<_> = params.iter().map(Type::to_string).collect();
                write!(f, "{name}({})", params.join(", "))
            }
        }
    }
}

/// `target.(args)` or `(args)`.
pub fn signature(args: &[Type], member: bool) -> String {
    let (target, args) = match args {
        [target, args @ ..] if member => (format!("{target}."), args),
        _ => (String::new(), args),
    };
    let args: Vec<_> = args.iter().map(Type::to_string).collect();
    format!("{target}({})", args.join(", "))
}

/// Puts what is known for the variables; those of which nothing is known stay, or are `dyn`.
pub fn substitute(m: &Mapping, t: &Type, free_is_dyn: bool) -> Type {
    let inner = |t: &Type| substitute(m, t, free_is_dyn);
    match t {
        Type::Param(name) => match m.get(name) {
            Some(known) => inner(known),
            None if free_is_dyn => Type::Dyn,
            None => t.clone(),
        },
        Type::List(e) => Type::list(inner(e)),
        Type::Map(kv) => Type::map(inner(&kv.0), inner(&kv.1)),
        Type::Type(Some(of)) => Type::Type(Some(Arc::new(inner(of)))),
        Type::Opaque(name, params) => Type::Opaque(name.clone(), params.iter().map(inner).collect()),
        _ => t.clone(),
    }
}

/// Whether a value of one type may stand where the other is wanted; what that says of variables is noted.
pub fn assignable(m: &mut Mapping, a: &Type, b: &Type) -> bool {
    let mut attempt = m.clone();
    let fits = unify(&mut attempt, a, b);
    if fits {
        *m = attempt;
    }
    fits
}

pub fn all_assignable(m: &mut Mapping, a: &[Type], b: &[Type]) -> bool {
    let mut attempt = m.clone();
    let fits = unify_all(&mut attempt, a, b);
    if fits {
        *m = attempt;
    }
    fits
}

fn unify_all(m: &mut Mapping, a: &[Type], b: &[Type]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| unify(m, a, b))
}

fn unify(m: &mut Mapping, a: &Type, b: &Type) -> bool {
    if let Type::Param(name) = b {
        match substitutes(m, a, name, b) {
            Substitution::Fits => return true,
            Substitution::Known => return false,
            Substitution::Occurs => {}
        }
    }
    if let Type::Param(name) = a {
        return matches!(substitutes(m, b, name, a), Substitution::Fits);
    }
    if a.is_dyn_or_error() || b.is_dyn_or_error() {
        return true;
    }
    match (a, b) {
        (Type::Null, other) | (other, Type::Null) => {
            matches!(other, Type::Null | Type::Opaque(..) | Type::Struct(_) | Type::Duration | Type::Timestamp)
        }
        (Type::Type(_), Type::Type(_)) => true,
        (Type::List(a), Type::List(b)) => unify(m, a, b),
        (Type::Map(a), Type::Map(b)) => unify(m, &a.0, &b.0) && unify(m, &a.1, &b.1),
        (Type::Opaque(a, x), Type::Opaque(b, y)) => a == b && unify_all(m, x, y),
        _ => a == b,
    }
}

enum Substitution {
    Fits,
    /// The variable stands for something else.
    Known,
    /// The variable occurs in the type.
    Occurs,
}

/// Whether a type variable may stand for a type.
fn substitutes(m: &mut Mapping, t: &Type, name: &Arc<str>, param: &Type) -> Substitution {
    if t == param {
        return Substitution::Fits;
    }
    if let Some(known) = m.get(name).cloned() {
        if *t == known {
            return Substitution::Fits;
        }
        if unify(m, t, &known) {
            let general = most_general(t, &known);
            if absent(m, param, &general) {
                m.insert(name.clone(), general);
            }
            return Substitution::Fits;
        }
        return Substitution::Known;
    }
    if absent(m, param, t) {
        m.insert(name.clone(), t.clone());
        return Substitution::Fits;
    }
    Substitution::Occurs
}

/// Whether a variable does not occur within a type.
fn absent(m: &Mapping, param: &Type, within: &Type) -> bool {
    if param == within {
        return false;
    }
    match within {
        Type::Param(name) => m.get(name).is_none_or(|known| absent(m, param, known)),
        Type::List(e) => absent(m, param, e),
        Type::Map(kv) => absent(m, param, &kv.0) && absent(m, param, &kv.1),
        Type::Type(Some(t)) => absent(m, param, t),
        Type::Opaque(_, params) => params.iter().all(|p| absent(m, param, p)),
        _ => true,
    }
}

pub fn most_general(a: &Type, b: &Type) -> Type {
    if less_specific(a, b) { a.clone() } else { b.clone() }
}

/// Whether the first type says as much as the second or less.
fn less_specific(a: &Type, b: &Type) -> bool {
    if a.is_dyn() || matches!(a, Type::Param(_)) {
        return true;
    }
    match (a, b) {
        (Type::Type(_), Type::Type(_)) => true,
        (Type::List(a), Type::List(b)) => less_specific(a, b),
        (Type::Map(a), Type::Map(b)) => less_specific(&a.0, &b.0) && less_specific(&a.1, &b.1),
        (Type::Opaque(a, x), Type::Opaque(b, y)) => {
            a == b && x.len() == y.len() && x.iter().zip(y.iter()).all(|(x, y)| less_specific(x, y))
        }
        _ => a == b,
    }
}
