//! Paths to fields, and what may be wrong with a field.
//!
//! Real Kubernetes: `k8s.io/apimachinery/pkg/util/validation/field`.

use std::fmt;

use serde_json::Value;

use super::go_text;
use super::status::Cause;

/// A path such as `spec.template.spec.containers[0].image`: the last step, and the path to it. Paths are made for every
/// field that is looked at and hardly ever shown, so they live on the stack and are put into words only then.
#[derive(Clone, Copy, Debug)]
pub struct Path<'a> {
    to: Option<&'a Path<'a>>,
    part: Part<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Part<'a> {
    /// The object itself.
    Root,
    Field(&'a str),
    Index(usize),
    Key(&'a str),
}

impl<'a> Path<'a> {
    pub fn root() -> Path<'a> {
        Path { to: None, part: Part::Root }
    }
    pub fn new(start: &'a str) -> Path<'a> {
        Path { to: None, part: Part::Field(start) }
    }
    pub fn child(&'a self, name: &'a str) -> Path<'a> {
        Path { to: Some(self), part: Part::Field(name) }
    }
    /// Whether it is the path to the object itself.
    pub fn is_root(&self) -> bool {
        matches!(self.part, Part::Root)
    }
    pub fn index(&'a self, i: usize) -> Path<'a> {
        Path { to: Some(self), part: Part::Index(i) }
    }
    pub fn key(&'a self, key: &'a str) -> Path<'a> {
        Path { to: Some(self), part: Part::Key(key) }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let to = self.to.filter(|to| !to.is_root());
        if let Some(to) = to {
            to.fmt(f)?;
        }
        match self.part {
            Part::Root => f.write_str("<nil>"),
            // As Go shows a step without a name.
            Part::Field("") => f.write_str("[]"),
            Part::Field(name) if to.is_some() => write!(f, ".{name}"),
            Part::Field(name) => f.write_str(name),
            Part::Index(i) => write!(f, "[{i}]"),
            Part::Key(key) => write!(f, "[{key}]"),
        }
    }
}

/// The ways in which a field can be wrong, each with Kubernetes' wording.
#[derive(Clone, PartialEq, Debug)]
pub enum Fault {
    Required {
        detail: String,
    },
    Invalid {
        value: Value,
        detail: String,
    },
    /// `shown` is as Go prints it.
    InvalidStruct {
        shown: String,
        detail: String,
    },
    /// A custom resource's value is of another type than its schema wants. `shown` is as Go prints it.
    TypeInvalid {
        shown: String,
        detail: String,
    },
    /// `value` is as Go prints it.
    NotSupported {
        value: String,
        supported: Vec<String>,
    },
    Forbidden {
        detail: String,
    },
    /// `value` is as Go prints it.
    Duplicate {
        value: String,
    },
    TooLong {
        max: usize,
    },
    TooMany {
        got: usize,
        max: usize,
    },
    NotFound {
        value: Value,
    },
    /// The same, with what would have been there.
    NotFoundAmong {
        value: Value,
        detail: String,
    },
    /// The server itself is at a loss.
    Internal {
        detail: String,
    },
}

#[derive(Clone, PartialEq, Debug)]
pub struct FieldError {
    pub path: String,
    pub fault: Fault,
}

/// A value as Go prints it inside an error: strings quoted, numbers plain, the rest as JSON.
pub fn shown(v: &Value) -> String {
    match v {
        Value::String(s) => go_text::quoted(s),
        Value::Number(n) => go_text::number(n),
        other => go_text::json(other),
    }
}

impl FieldError {
    fn body(&self) -> String {
        match &self.fault {
            Fault::Required { detail } if detail.is_empty() => "Required value".into(),
            Fault::Required { detail } => format!("Required value: {detail}"),
            Fault::Invalid { value, detail } if detail.is_empty() => format!("Invalid value: {}", shown(value)),
            Fault::Invalid { value, detail } => format!("Invalid value: {}: {detail}", shown(value)),
            Fault::InvalidStruct { shown, detail } if detail.is_empty() => format!("Invalid value: {shown}"),
            Fault::InvalidStruct { shown, detail } if shown.is_empty() => format!("Invalid value: {detail}"),
            Fault::InvalidStruct { shown, detail } | Fault::TypeInvalid { shown, detail } => {
                format!("Invalid value: {shown}: {detail}")
            }
            Fault::NotSupported { value, supported } if supported.is_empty() => format!("Unsupported value: {value}"),
            Fault::NotSupported { value, supported } => {
                let list: Vec<String> = supported.iter().map(|s| format!("{s:?}")).collect();
                format!("Unsupported value: {value}: supported values: {}", list.join(", "))
            }
            Fault::Forbidden { detail } => format!("Forbidden: {detail}"),
            Fault::Duplicate { value } if value.is_empty() => "Duplicate value".into(),
            Fault::Duplicate { value } => format!("Duplicate value: {value}"),
            Fault::TooLong { max: 1 } => "Too long: may not be more than 1 byte".into(),
            Fault::TooLong { max } => format!("Too long: may not be more than {max} bytes"),
            Fault::NotFound { value } => format!("Not found: {}", shown(value)),
            Fault::NotFoundAmong { value, detail } => format!("Not found: {}: {detail}", shown(value)),
            Fault::Internal { detail } => format!("Internal error: {detail}"),
            Fault::TooMany { got, max: 1 } => format!("Too many: {got}: must have at most 1 item"),
            Fault::TooMany { got, max } => format!("Too many: {got}: must have at most {max} items"),
        }
    }

    fn reason(&self) -> &'static str {
        match self.fault {
            Fault::Required { .. } => "FieldValueRequired",
            Fault::Invalid { .. } | Fault::InvalidStruct { .. } => "FieldValueInvalid",
            Fault::TypeInvalid { .. } => "FieldValueTypeInvalid",
            Fault::NotSupported { .. } => "FieldValueNotSupported",
            Fault::Forbidden { .. } => "FieldValueForbidden",
            Fault::Duplicate { .. } => "FieldValueDuplicate",
            Fault::TooLong { .. } => "FieldValueTooLong",
            Fault::TooMany { .. } => "FieldValueTooMany",
            Fault::NotFound { .. } | Fault::NotFoundAmong { .. } => "FieldValueNotFound",
            Fault::Internal { .. } => "InternalError",
        }
    }

    pub fn cause(&self) -> Cause {
        Cause { reason: self.reason().into(), message: self.body(), field: self.path.clone() }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.body())
    }
}

/// All that is wrong with an object, in the order in which it was found.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct FieldErrors {
    list: Vec<FieldError>,
    /// What is wrong, but was so before and has not been touched.
    warnings: Vec<String>,
}

impl FieldErrors {
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
    pub fn list(&self) -> &[FieldError] {
        &self.list
    }
    /// Whoever writes the object is told, and goes on.
    pub fn warn(&mut self, text: String) {
        self.warnings.push(text);
    }
    pub fn take_warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }
    /// Moves the errors of `other` behind these.
    pub fn append(&mut self, other: &mut FieldErrors) {
        self.list.append(&mut other.list);
        self.warnings.append(&mut other.warnings);
    }
    fn push(&mut self, path: &Path<'_>, fault: Fault) {
        self.add(FieldError { path: path.to_string(), fault });
    }
    /// An error whose path was put into words elsewhere.
    pub fn add(&mut self, error: FieldError) {
        self.list.push(error);
    }
    /// Puts the errors in the order of their words, where Kubernetes does.
    pub fn sort(&mut self) {
        self.list.sort_by_cached_key(ToString::to_string);
    }
    pub fn required(&mut self, path: &Path<'_>, detail: impl Into<String>) {
        self.push(path, Fault::Required { detail: detail.into() });
    }
    pub fn invalid(&mut self, path: &Path<'_>, value: impl Into<Value>, detail: impl Into<String>) {
        self.push(path, Fault::Invalid { value: value.into(), detail: detail.into() });
    }
    /// The same for a value that is a Go struct, already as Go prints it.
    pub fn invalid_struct(&mut self, path: &Path<'_>, shown: String, detail: impl Into<String>) {
        self.push(path, Fault::InvalidStruct { shown, detail: detail.into() });
    }
    /// The same where the value is not shown.
    pub fn invalid_omitted(&mut self, path: &Path<'_>, detail: impl Into<String>) {
        self.invalid_struct(path, String::new(), detail);
    }
    /// `supported` is listed in Kubernetes' order, which is not always the alphabet's.
    pub fn not_supported(&mut self, path: &Path<'_>, value: &str, supported: &[&str]) {
        self.not_supported_struct(path, go_text::quoted(value), supported);
    }
    /// The same for a value that is a Go struct, already as Go prints it.
    pub fn not_supported_struct(&mut self, path: &Path<'_>, shown: String, supported: &[&str]) {
        let supported = supported.iter().map(|s| (*s).to_string()).collect();
        self.push(path, Fault::NotSupported { value: shown, supported });
    }
    pub fn forbidden(&mut self, path: &Path<'_>, detail: impl Into<String>) {
        self.push(path, Fault::Forbidden { detail: detail.into() });
    }
    pub fn duplicate(&mut self, path: &Path<'_>, value: impl Into<Value>) {
        self.duplicate_struct(path, shown(&value.into()));
    }
    /// The same for a value that is a Go struct, already as Go prints it.
    pub fn duplicate_struct(&mut self, path: &Path<'_>, shown: String) {
        self.push(path, Fault::Duplicate { value: shown });
    }
    pub fn too_long(&mut self, path: &Path<'_>, max: usize) {
        self.push(path, Fault::TooLong { max });
    }
    pub fn too_many(&mut self, path: &Path<'_>, got: usize, max: usize) {
        self.push(path, Fault::TooMany { got, max });
    }
    /// The field names something that is not there.
    pub fn push_not_found(&mut self, path: &Path<'_>, value: impl Into<Value>) {
        self.push(path, Fault::NotFound { value: value.into() });
    }
    /// The same, and `detail` says what is there.
    pub fn not_found_among(&mut self, path: &Path<'_>, value: impl Into<Value>, detail: impl Into<String>) {
        self.push(path, Fault::NotFoundAmong { value: value.into(), detail: detail.into() });
    }
    pub fn internal(&mut self, path: &Path<'_>, detail: impl Into<String>) {
        self.push(path, Fault::Internal { detail: detail.into() });
    }
    /// Adds one `Invalid` for each message.
    pub fn invalid_each(&mut self, path: &Path<'_>, value: &str, messages: Vec<String>) {
        for m in messages {
            self.invalid(path, value, m);
        }
    }
    /// Must be one of `supported`.
    pub fn one_of(&mut self, path: &Path<'_>, value: &str, supported: &[&str]) {
        if !supported.contains(&value) {
            self.not_supported(path, value, supported);
        }
    }
    pub fn non_negative(&mut self, path: &Path<'_>, value: i64) {
        if value < 0 {
            self.invalid(path, value, "must be greater than or equal to 0");
        }
    }
    /// The field was `old` and may not become something else.
    pub fn immutable<T: PartialEq + serde::Serialize>(&mut self, path: &Path<'_>, new: &T, old: &T) {
        if new != old {
            self.invalid(path, serde_json::to_value(new).unwrap_or_default(), "field is immutable");
        }
    }
}

/// Several errors in one text, each said once. Real Kubernetes: apimachinery/pkg/util/errors Aggregate.
pub fn aggregate(errors: &[FieldError]) -> String {
    let mut texts: Vec<String> = vec![];
    for text in errors.iter().map(ToString::to_string) {
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    match texts.as_slice() {
        [one] => one.clone(),
        many => format!("[{}]", many.join(", ")),
    }
}
