//! A route: one method of one path, with what it takes and gives. Both documents are made of routes.
//! Real Kubernetes: go-restful's Route; apiserver/pkg/endpoints/openapi GetOperationIDAndTags.

use super::META;
use super::json::Members;

/// The methods in the order in which documents list them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Method {
    Get,
    Put,
    Post,
    Delete,
    Options,
    Head,
    Patch,
}

impl Method {
    /// As documents have it: `get`.
    pub fn name(self) -> &'static str {
        match self {
            Method::Get => "get",
            Method::Put => "put",
            Method::Post => "post",
            Method::Delete => "delete",
            Method::Options => "options",
            Method::Head => "head",
            Method::Patch => "patch",
        }
    }
}

/// What a body or an answer holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Content {
    Text,
    /// The name of a definition.
    Defined(String),
}

impl Content {
    /// What all kinds share, such as `Status`.
    pub fn meta(name: &str) -> Content {
        Content::Defined(format!("{META}{name}"))
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Place {
    Body,
    Path,
    Query,
}

impl Place {
    pub fn name(self) -> &'static str {
        match self {
            Place::Body => "body",
            Place::Path => "path",
            Place::Query => "query",
        }
    }
}

/// A parameter of a path or a query.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Parameter {
    pub place: Place,
    pub name: String,
    /// `string`, `integer` or `boolean`.
    pub kind: String,
    pub description: String,
}

impl Parameter {
    pub fn in_path(name: &str, description: impl Into<String>) -> Parameter {
        Parameter { place: Place::Path, name: name.into(), kind: "string".into(), description: description.into() }
    }
}

#[derive(Clone, Debug)]
pub struct Body {
    pub content: Content,
    pub required: bool,
}

/// What is read or written there.
#[derive(Clone, Debug)]
pub struct Subject {
    /// `list`, `post`, `connect`…
    pub action: &'static str,
    pub group: String,
    pub version: String,
    pub kind: String,
}

#[derive(Clone, Debug)]
pub struct Route {
    pub method: Method,
    pub path: String,
    pub doc: String,
    /// `readNamespacedPodStatus`
    pub operation: String,
    pub parameters: Vec<Parameter>,
    pub body: Option<Body>,
    pub consumes: &'static [&'static str],
    pub produces: Vec<&'static str>,
    pub answers: Vec<(&'static str, &'static str, Content)>,
    pub subject: Option<Subject>,
    /// Whether it is told that whoever is unknown is refused.
    pub guarded: bool,
}

/// With which operations begin.
const VERBS: [&str; 11] =
    ["get", "log", "read", "replace", "patch", "delete", "watch", "connect", "proxy", "list", "create"];

impl Route {
    /// The operation's name in the document, which holds group and version: `readCoreV1NamespacedPodStatus`.
    pub fn id(&self) -> String {
        let verb = VERBS.into_iter().find(|v| self.operation.starts_with(v)).unwrap_or("");
        let rest = &self.operation[verb.len()..];
        let mut id = verb.to_string();
        for part in self.group_and_version() {
            id.push_str(&word(part, !id.is_empty()));
        }
        id + &word(rest, true)
    }

    /// Under what the operation is listed: `core_v1`.
    pub fn tag(&self) -> String {
        match self.group_and_version().as_slice() {
            [] => word(self.path.trim_matches('/').split('/').next().unwrap_or(""), false),
            parts => parts.iter().map(|p| word(p, false)).collect::<Vec<_>>().join("_"),
        }
    }

    /// Group and version, as far as the path names them.
    fn group_and_version(&self) -> Vec<&str> {
        let parts: Vec<&str> = self.path.trim_matches('/').split('/').collect();
        match parts.as_slice() {
            ["api"] => vec!["core"],
            ["api", version, ..] => vec!["core", version],
            ["apis", group] => vec![group.strip_suffix(".k8s.io").unwrap_or(group)],
            ["apis", group, version, ..] => vec![group.strip_suffix(".k8s.io").unwrap_or(group), version],
            _ => vec![],
        }
    }
}

/// Letters and digits only: what follows anything else begins with a capital letter.
fn word(text: &str, capital: bool) -> String {
    let (mut out, mut capital) = (String::new(), capital);
    for (i, c) in text.char_indices() {
        if c.is_alphabetic() || c == '_' || (i != 0 && c.is_numeric()) {
            if capital {
                out.extend(c.to_uppercase());
            } else {
                out.push(c);
            }
            capital = false;
        } else {
            capital = true;
        }
    }
    out
}

/// `status` as part of a name: `Status`.
pub fn title(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(chars.flat_map(char::to_lowercase)).collect())
}

/// The article that goes before a noun, with blanks around it. Plurals have none.
pub fn article(noun: &str) -> &'static str {
    if noun.ends_with('s') && !noun.ends_with("ss") {
        return " ";
    }
    let vowel = noun.starts_with(|c: char| "aeiou".contains(c.to_ascii_lowercase()));
    if vowel { " an " } else { " a " }
}

impl Parameter {
    /// What stands in the path is always there.
    pub fn is_required(&self) -> bool {
        self.place == Place::Path
    }
}

impl Subject {
    /// As documents name the kind.
    pub fn json(&self) -> String {
        Members::new().text("group", &self.group).text("version", &self.version).text("kind", &self.kind).end()
    }

    /// The same in the order of the alphabet.
    pub fn sorted_json(&self) -> String {
        Members::new().text("group", &self.group).text("kind", &self.kind).text("version", &self.version).end()
    }
}
