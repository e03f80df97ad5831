//! What the published types look like: fields in Go's order, which empty ones are written, and how lists merge.
//!
//! The data lies beside this file: `schema/layout.txt`, made by `tools/api-layout` and read on first use.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::kind::KindRef;

/// A struct type of the layout, by its line.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct TypeId(usize);

/// How a field holds its base type.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Shape {
    Plain,
    Pointer,
    List,
    /// A map, with Go's name of the key type.
    Map(&'static str),
}

/// What stands at the bottom of a field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Base {
    String,
    Bool,
    Integer,
    Float,
    Bytes,
    Time,
    MicroTime,
    Quantity,
    IntOrString,
    /// Any JSON.
    Raw,
    Struct(TypeId),
}

impl Base {
    /// Go's structs with a JSON form of their own: they are never left out for being empty.
    pub fn writes_itself(self) -> bool {
        matches!(self, Base::Time | Base::MicroTime | Base::Quantity | Base::IntOrString | Base::Raw)
    }
}

#[derive(Clone, Debug)]
pub struct Field {
    pub go_name: &'static str,
    pub json: &'static str,
    /// Go's name of the field's type: `[]v1.Container`.
    pub go_type: &'static str,
    /// Go's name of the element's type: `v1.Container`.
    pub go_elem: &'static str,
    pub shape: Shape,
    pub base: Base,
    pub inline: bool,
    pub omit_empty: bool,
    pub omit_zero: bool,
    /// Lists whose items are merged by a strategic patch, and the key by which.
    pub merge: bool,
    pub retain_keys: bool,
    pub merge_key: Option<&'static str>,
    /// How server-side apply merges it, if it is a list.
    pub list: ListType,
    /// A map or struct that server-side apply takes as one value.
    pub atomic: bool,
    /// A struct that it takes apart here, though it takes others of the type as one value.
    pub granular: bool,
}

/// How server-side apply merges a list. Real Kubernetes: `x-kubernetes-list-type` of the published definitions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ListType {
    /// One value, with one owner.
    Atomic,
    /// Each item is a value of its own.
    Set,
    /// Items are told apart by these fields; an absent one counts as its default, if it has one.
    Map(Vec<ListKey>),
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListKey {
    pub field: &'static str,
    pub default: Option<serde_json::Value>,
}

#[derive(Debug)]
pub struct Type {
    /// `core/v1.Pod`
    pub name: &'static str,
    pub fields: Vec<Field>,
    /// Server-side apply takes the whole struct as one value.
    pub atomic: bool,
}

impl Type {
    /// The field of that JSON name, looking into inlined structs as Go's decoder does.
    pub fn field(&self, json: &str) -> Option<&'static Field> {
        layout().types.iter().find(|t| std::ptr::eq(*t, self))?.find(json)
    }

    fn find(&'static self, json: &str) -> Option<&'static Field> {
        for f in &self.fields {
            if f.inline {
                if let Base::Struct(t) = f.base
                    && let Some(found) = t.get().find(json)
                {
                    return Some(found);
                }
            } else if f.json == json {
                return Some(f);
            }
        }
        None
    }

    /// The embedded structs through which Go reaches the field of that JSON name, the outermost first.
    pub fn embedded(&self, json: &str) -> Vec<&'static str> {
        for f in self.fields.iter().filter(|f| f.inline) {
            if let Base::Struct(t) = f.base
                && t.field(json).is_some()
            {
                let mut through = vec![f.go_name];
                through.extend(t.get().embedded(json));
                return through;
            }
        }
        vec![]
    }
}

impl TypeId {
    pub fn get(self) -> &'static Type {
        &layout().types[self.0]
    }
    pub fn field(self, json: &str) -> Option<&'static Field> {
        self.get().find(json)
    }
    /// The JSON names of the fields, in Go's order; those of embedded structs stand where these do.
    pub fn declared(self) -> Vec<&'static str> {
        let names = |f: &'static Field| match f.base {
            Base::Struct(t) if f.inline => t.declared(),
            _ => vec![f.json],
        };
        self.get().fields.iter().flat_map(names).collect()
    }
    pub fn by_name(name: &str) -> Option<TypeId> {
        layout().names.get(name).copied()
    }
}

struct Layout {
    types: Vec<Type>,
    names: BTreeMap<&'static str, TypeId>,
    kinds: Vec<TypeId>,
}

/// Types whose JSON may be of any shape.
const RAW: [&str; 6] = [
    "meta/v1.FieldsV1",
    "runtime.RawExtension",
    "apiextensions/v1.JSON",
    "apiextensions/v1.JSONSchemaPropsOrArray",
    "apiextensions/v1.JSONSchemaPropsOrBool",
    "apiextensions/v1.JSONSchemaPropsOrStringArray",
];

static LAYOUT_TEXT: &str = include_str!("schema/layout.txt");

fn layout() -> &'static Layout {
    static LAYOUT: OnceLock<Layout> = OnceLock::new();
    LAYOUT.get_or_init(|| {
        let heads = LAYOUT_TEXT.lines().filter(|l| !l.starts_with(' ')).map(head);
        let mut types: Vec<Type> = heads.map(|(name, atomic)| Type { name, fields: vec![], atomic }).collect();
        let names: BTreeMap<&'static str, TypeId> =
            types.iter().enumerate().map(|(i, t)| (t.name, TypeId(i))).collect();
        let mut current = 0;
        for line in LAYOUT_TEXT.lines() {
            match line.strip_prefix(' ') {
                None => current = names.get(head(line).0).map_or(0, |t| t.0),
                Some(field) => types[current].fields.extend(parse_field(field, &names)),
            }
        }
        let kinds = KindRef::built_in()
            .map(|k| {
                let package = if k.group().is_empty() { "core" } else { k.group().split('.').next().unwrap_or("") };
                let name = format!("{package}/{}.{}", k.version(), k.name());
                names.get(name.as_str()).copied().unwrap_or(TypeId(0))
            })
            .collect();
        Layout { types, names, kinds }
    })
}

/// The name of a type, and whether it is one value.
fn head(line: &'static str) -> (&'static str, bool) {
    line.split_once(' ').map_or((line, false), |(name, flags)| (name, flags == "map=atomic"))
}

fn parse_list_type(text: &'static str) -> ListType {
    match text.split_once(':') {
        Some(("map", keys)) => ListType::Map(
            keys.split(',')
                .map(|k| match k.split_once('=') {
                    Some((field, default)) => ListKey { field, default: serde_json::from_str(default).ok() },
                    None => ListKey { field: k, default: None },
                })
                .collect(),
        ),
        _ if text == "set" => ListType::Set,
        _ => ListType::Atomic,
    }
}

fn parse_field(line: &'static str, names: &BTreeMap<&'static str, TypeId>) -> Option<Field> {
    let mut words = line.split(' ');
    let (go_name, json, go_type, shape, base, go_elem) =
        (words.next()?, words.next()?, words.next()?, words.next()?, words.next()?, words.next()?);
    let flags: Vec<&'static str> = words.collect();
    let base = match base {
        "string" => Base::String,
        "bool" => Base::Bool,
        "bytes" => Base::Bytes,
        "float64" => Base::Float,
        b if b.starts_with("int") || b.starts_with("uint") => Base::Integer,
        "meta/v1.Time" => Base::Time,
        "meta/v1.MicroTime" => Base::MicroTime,
        "api/resource.Quantity" => Base::Quantity,
        "util/intstr.IntOrString" => Base::IntOrString,
        b if RAW.contains(&b) => Base::Raw,
        b => names.get(b).map_or(Base::Raw, |t| Base::Struct(*t)),
    };
    let shape = match shape.trim_end_matches('b') {
        "-" | "" => Shape::Plain,
        "*" => Shape::Pointer,
        "[" => Shape::List,
        s => Shape::Map(s.strip_prefix('{').and_then(|s| s.split_once('}')).map_or("string", |(k, _)| k)),
    };
    let value = |prefix: &str| flags.iter().find_map(|f| f.strip_prefix(prefix));
    let strategy = value("strategy=").unwrap_or("");
    Some(Field {
        go_name,
        json,
        go_type,
        go_elem,
        shape,
        base,
        inline: flags.contains(&"inline"),
        omit_empty: flags.contains(&"omitempty"),
        omit_zero: flags.contains(&"omitzero"),
        merge: strategy.split(',').any(|s| s == "merge"),
        retain_keys: strategy.split(',').any(|s| s == "retainKeys"),
        merge_key: value("key="),
        list: value("list=").map_or(ListType::Atomic, parse_list_type),
        atomic: flags.contains(&"map=atomic"),
        granular: flags.contains(&"map=granular"),
    })
}

/// The struct type of a kind.
pub fn type_of(kind: KindRef) -> TypeId {
    layout().kinds[kind.index()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_layout() {
        for k in KindRef::built_in() {
            assert!(type_of(k).get().name.ends_with(&format!(".{}", k.name())), "{}", k.name());
        }
    }

    #[test]
    fn apply_merges_lists_by_the_published_types() {
        let of = |t: &str, f: &str| TypeId::by_name(t).and_then(|t| t.field(f)).map(|f| f.list.clone());
        let keys = [("containerPort", Some(0.into())), ("protocol", Some("TCP".into()))];
        let keys = keys.map(|(field, default)| ListKey { field, default });
        assert_eq!(of("core/v1.Container", "ports"), Some(ListType::Map(keys.to_vec())));
        assert_eq!(of("core/v1.PodSpec", "tolerations"), Some(ListType::Atomic));
        assert_eq!(of("meta/v1.ObjectMeta", "finalizers"), Some(ListType::Set));
        assert!(TypeId::by_name("meta/v1.LabelSelector").is_some_and(|t| t.get().atomic));
    }

    #[test]
    fn lists_merge_by_the_published_keys() {
        let spec = TypeId::by_name("core/v1.PodSpec").expect("PodSpec");
        let containers = spec.field("containers").expect("containers");
        assert!(containers.merge);
        assert_eq!(containers.merge_key, Some("name"));
        assert_eq!(spec.field("nodeSelector").map(|f| f.shape.clone()), Some(Shape::Map("string")));
    }
}
