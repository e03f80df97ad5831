//! What the published types look like: fields in Go's order, which empty ones are written, how lists merge,
//! and the words of `kubectl explain`.
//!
//! The data lies beside this file: `schema/layout.txt` (made by `tools/api-layout`) and `schema/openapi.txt.z`
//! (the published OpenAPI definitions). Both are read on first use, never at start.

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
}

#[derive(Debug)]
pub struct Type {
    /// `core/v1.Pod`
    pub name: &'static str,
    pub fields: Vec<Field>,
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
    pub fn by_name(name: &str) -> Option<TypeId> {
        layout().names.get(name).copied()
    }
}

struct Layout {
    types: Vec<Type>,
    names: BTreeMap<&'static str, TypeId>,
    kinds: Vec<TypeId>,
}

static LAYOUT_TEXT: &str = include_str!("schema/layout.txt");

fn layout() -> &'static Layout {
    static LAYOUT: OnceLock<Layout> = OnceLock::new();
    LAYOUT.get_or_init(|| {
        let heads: Vec<&'static str> = LAYOUT_TEXT.lines().filter(|l| !l.starts_with(' ')).collect();
        let names: BTreeMap<&'static str, TypeId> = heads.iter().enumerate().map(|(i, n)| (*n, TypeId(i))).collect();
        let mut types: Vec<Type> = heads.iter().map(|name| Type { name, fields: vec![] }).collect();
        let mut current = 0;
        for line in LAYOUT_TEXT.lines() {
            match line.strip_prefix(' ') {
                None => current = names.get(line).map_or(0, |t| t.0),
                Some(field) => types[current].fields.extend(parse_field(field, &names)),
            }
        }
        let kinds = KindRef::all()
            .map(|k| {
                let package = if k.group().is_empty() { "core" } else { k.group().split('.').next().unwrap_or("") };
                let name = format!("{package}/{}.{}", k.version(), k.name());
                names.get(name.as_str()).copied().unwrap_or(TypeId(0))
            })
            .collect();
        Layout { types, names, kinds }
    })
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
        "meta/v1.FieldsV1" => Base::Raw,
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
    })
}

/// The struct type of a kind.
pub fn type_of(kind: KindRef) -> TypeId {
    layout().kinds[kind.index()]
}

/// One field as `kubectl explain` shows it.
#[derive(Debug)]
pub struct DocField {
    pub name: &'static str,
    pub type_name: &'static str,
    /// The definition to descend into, or empty.
    pub refers: &'static str,
    pub required: bool,
    pub enums: Vec<&'static str>,
    pub description: String,
}

#[derive(Debug)]
pub struct Doc {
    pub type_name: &'static str,
    pub description: String,
    pub fields: Vec<DocField>,
}

/// The published definition of that name, such as `io.k8s.api.core.v1.PodSpec`.
pub fn definition(name: &str) -> Option<Doc> {
    static TEXT: OnceLock<String> = OnceLock::new();
    let text: &'static str = TEXT.get_or_init(|| {
        let bytes =
            miniz_oxide::inflate::decompress_to_vec_zlib(include_bytes!("schema/openapi.txt.z")).unwrap_or_default();
        String::from_utf8(bytes).unwrap_or_default()
    });
    let head = format!("T\t{name}\t");
    let start = if text.starts_with(&head) { 0 } else { text.find(&format!("\n{head}"))? + 1 };
    let mut lines = text[start..].lines();
    let mut first = lines.next()?.splitn(4, '\t').skip(2);
    let type_name = first.next()?;
    let description = unescape(first.next().unwrap_or(""));
    let fields = lines
        .take_while(|l| !l.starts_with("T\t"))
        .filter_map(|l| {
            let mut c = l.splitn(6, '\t');
            Some(DocField {
                name: c.next()?,
                type_name: c.next()?,
                refers: c.next()?,
                required: c.next()? == "r",
                enums: c.next()?.split(',').filter(|e| !e.is_empty()).collect(),
                description: unescape(c.next()?),
            })
        })
        .collect();
    Some(Doc { type_name, description, fields })
}

/// The definition's name of a kind.
pub fn definition_name(kind: KindRef) -> String {
    let group = if kind.group().is_empty() { "core" } else { kind.group().split('.').next().unwrap_or("") };
    format!("io.k8s.api.{group}.{}.{}", kind.version(), kind.name())
}

fn unescape(s: &str) -> String {
    s.replace("\\n", "\n").replace("\\t", "\t").replace("\\\\", "\\")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_layout_and_a_definition() {
        for k in KindRef::all() {
            assert!(type_of(k).get().name.ends_with(&format!(".{}", k.name())), "{}", k.name());
            assert!(definition(&definition_name(k)).is_some(), "{}", k.name());
        }
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
