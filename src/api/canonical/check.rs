//! Reads JSON as strictly as Go does: finds unknown fields, and values of the wrong type, in Go's words.

use serde_json::Value;

use super::EXTRA;
use super::mixed::{Or, mixed};
use crate::api::schema::{Base, Field, Shape, TypeId};
use crate::api::{quantity, time};

/// What strict decoding finds: fields nobody knows, and the value that the decoder complains about.
#[derive(Default, Debug, PartialEq)]
pub struct Findings {
    pub unknown: Vec<String>,
    pub mismatch: Option<String>,
}

/// Looks through a document as Go's strict JSON decoder does, in the order of the document.
pub fn check(v: &Value, of: TypeId) -> Findings {
    let mut seeker = Seeker::default();
    seeker.visit_struct(v, of, &Trail::Start);
    Findings { unknown: seeker.unknown, mismatch: seeker.fatal.or(seeker.first) }
}

/// The way to a value. It is put into words only when something is wrong there.
#[derive(Clone, Copy)]
enum Trail<'a> {
    Start,
    Field(&'a Trail<'a>, TypeId, &'a str),
    Index(&'a Trail<'a>, usize),
    Key(&'a Trail<'a>, &'a str),
    /// Into a value that a decoder of its own reads.
    Apart(&'a Trail<'a>),
}

impl Trail<'_> {
    /// `spec.containers[0].image`
    fn precise(&self) -> String {
        match self {
            Trail::Start => String::new(),
            Trail::Field(to, _, name) | Trail::Key(to, name) => match to.precise() {
                to if to.is_empty() => (*name).to_string(),
                to => format!("{to}.{name}"),
            },
            Trail::Index(to, i) => format!("{}[{i}]", to.precise()),
            Trail::Apart(to) => to.precise(),
        }
    }

    /// As Go's decoder names a field: embedded structs are steps, indices and keys are not.
    fn in_go(&self) -> String {
        match self {
            Trail::Start => String::new(),
            Trail::Index(to, _) | Trail::Key(to, _) | Trail::Apart(to) => to.in_go(),
            Trail::Field(to, owner, name) => {
                let mut steps = vec![to.in_go()];
                steps.extend(owner.get().embedded(name).into_iter().map(Into::into));
                steps.push((*name).to_string());
                steps.retain(|s| !s.is_empty());
                steps.join(".")
            }
        }
    }

    /// The struct in which Go's decoder was when it met the value: the outermost decoder, if there are several.
    fn owner(&self) -> Option<TypeId> {
        self.outside().unwrap_or(self).innermost()
    }

    fn innermost(&self) -> Option<TypeId> {
        match self {
            Trail::Start => None,
            Trail::Field(_, owner, _) => Some(*owner),
            Trail::Index(to, _) | Trail::Key(to, _) | Trail::Apart(to) => to.innermost(),
        }
    }

    /// Where the first decoder handed over to another one.
    fn outside(&self) -> Option<&Self> {
        match self {
            Trail::Start => None,
            Trail::Field(to, ..) | Trail::Index(to, _) | Trail::Key(to, _) => to.outside(),
            Trail::Apart(to) => Some(to.outside().unwrap_or(to)),
        }
    }
}

/// Looks for what is wrong. A value of the wrong type is remembered and the rest is read on; a value that refuses to be
/// read (a quantity, a time) ends the reading and is what the caller hears of.
#[derive(Default)]
struct Seeker {
    /// How many decoders are at work within others. They are not strict.
    apart: usize,
    unknown: Vec<String>,
    first: Option<String>,
    fatal: Option<String>,
}

impl Seeker {
    fn visit_struct(&mut self, v: &Value, of: TypeId, trail: &Trail<'_>) {
        let Value::Object(map) = v else {
            if !v.is_null() {
                let plain = of.get().name.rsplit('/').next().unwrap_or_default();
                self.first.get_or_insert_with(|| mismatch(v, plain, trail));
            }
            return;
        };
        for (name, value) in map {
            let here = Trail::Field(trail, of, name);
            match of.field(name) {
                Some(f) => self.visit_field(value, f, &here),
                None if self.apart > 0 => {}
                None => self.unknown.push(here.precise()),
            }
            if self.fatal.is_some() {
                return;
            }
        }
    }

    fn visit_field(&mut self, v: &Value, f: &'static Field, trail: &Trail<'_>) {
        if v.is_null() {
            return;
        }
        match (&f.shape, v) {
            (Shape::Plain | Shape::Pointer, _) => {
                let go = if f.shape == Shape::Plain { f.go_type } else { f.go_elem };
                self.visit_base(v, f, go, trail);
            }
            (Shape::List, Value::Array(items)) => {
                for (i, item) in items.iter().enumerate() {
                    self.visit_base(item, f, f.go_elem, &Trail::Index(trail, i));
                }
            }
            (Shape::Map(_), Value::Object(m)) => {
                for (k, item) in m {
                    let trail = Trail::Key(trail, k);
                    // Of all maps, these alone hold lists.
                    match item.as_array().filter(|_| f.go_type.ends_with(EXTRA)) {
                        Some(texts) => texts.iter().for_each(|text| self.visit_base(text, f, f.go_elem, &trail)),
                        None => self.visit_base(item, f, f.go_elem, &trail),
                    }
                }
            }
            (Shape::List | Shape::Map(_), other) => {
                self.first.get_or_insert_with(|| mismatch(other, f.go_type, trail));
            }
        }
    }

    fn visit_base(&mut self, v: &Value, f: &'static Field, go: &str, trail: &Trail<'_>) {
        if v.is_null() || self.fatal.is_some() {
            return;
        }
        let fits = match f.base {
            Base::Struct(t) if v.is_object() => return self.visit_struct(v, t, trail),
            Base::Struct(_) => false,
            Base::String => v.is_string(),
            Base::Bool => v.is_boolean(),
            Base::Integer => v.as_i64().is_some_and(|n| go != "int32" || i32::try_from(n).is_ok()),
            Base::Float => v.is_number(),
            Base::Raw => match mixed(f) {
                Some(mixed) => return self.visit_mixed(v, mixed, trail),
                None => true,
            },
            Base::Bytes => {
                if let Some(at) = v.as_str().and_then(bad_base64) {
                    self.first.get_or_insert_with(|| format!("illegal base64 data at input byte {at}"));
                }
                v.is_string()
            }
            Base::Quantity => {
                let fault = match v {
                    Value::String(s) => quantity::fault(s),
                    other => (!other.is_number()).then_some(quantity::NOT_ONE),
                };
                if let Some(why) = fault {
                    self.fatal = Some(why.into());
                }
                true
            }
            Base::IntOrString => {
                if !v.is_string() && whole(v).is_none_or(|n| i32::try_from(n).is_err()) {
                    self.fatal = Some(mismatch(v, "int32", trail));
                }
                true
            }
            Base::Time | Base::MicroTime => {
                match v.as_str() {
                    None => self.fatal = Some(mismatch(v, "string", trail)),
                    Some(s) => self.fatal = time::unreadable(s, f.base == Base::MicroTime),
                }
                true
            }
        };
        if !fits {
            self.first.get_or_insert_with(|| mismatch(v, go, trail));
        }
    }

    fn visit_mixed(&mut self, v: &Value, (or, schema): (Or, TypeId), trail: &Trail<'_>) {
        let trail = Trail::Apart(trail);
        self.apart += 1;
        match (or, v) {
            (_, Value::Object(_)) => self.visit_struct(v, schema, &trail),
            (Or::Schemas, Value::Array(items)) => {
                let each = items.iter().enumerate();
                each.for_each(|(i, item)| self.visit_struct(item, schema, &Trail::Index(&trail, i)));
            }
            (Or::Texts, Value::Array(items)) => {
                if let Some(other) = items.iter().find(|i| !i.is_string() && !i.is_null()) {
                    self.first.get_or_insert_with(|| mismatch(other, "string", &trail));
                }
            }
            (Or::Bool, v) if !v.is_boolean() => {
                self.first.get_or_insert_with(|| "boolean or JSON schema expected".into());
            }
            // What is neither is read as nothing.
            _ => {}
        }
        self.apart -= 1;
    }
}

/// The number, if it has no fraction: JSON does not tell `3` from `3.0`.
pub fn whole(v: &Value) -> Option<i64> {
    v.as_i64().or_else(|| {
        let f = v.as_f64().filter(|f| f.fract() == 0.0 && f.abs() < 9e15)?;
        // Whole, and far below the largest integer.
        #[allow(clippy::cast_possible_truncation)]
        Some(f as i64)
    })
}

/// Where Go's base64 decoder gives up, if it does.
pub fn bad_base64(text: &str) -> Option<usize> {
    let b = text.as_bytes();
    let newline = |c: u8| c == b'\n' || c == b'\r';
    let past_newlines = |from: usize| (from..b.len()).find(|i| !newline(b[*i])).unwrap_or(b.len());
    // How many signs of a group of four were read.
    let mut place = 0;
    for (i, c) in b.iter().enumerate() {
        match c {
            c if newline(*c) => {}
            c if c.is_ascii_alphanumeric() || matches!(c, b'+' | b'/') => place = (place + 1) % 4,
            b'=' if place >= 2 => {
                let mut end = past_newlines(i + 1);
                if place == 2 {
                    match b.get(end) {
                        None => return Some(b.len()),
                        Some(b'=') => end = past_newlines(end + 1),
                        Some(_) => return Some(end - 1),
                    }
                }
                return (end < b.len()).then_some(end);
            }
            _ => return Some(i),
        }
    }
    (place != 0).then(|| b.len() - place)
}

/// A number as Go writes it into JSON.
fn number_text(n: &serde_json::Number) -> String {
    match n.as_f64() {
        // A small one has a point because it was sent with one.
        Some(f) if n.is_f64() && f.fract() == 0.0 && f.abs() >= 1e15 && f.abs() < 1e21 => format!("{f:.0}"),
        Some(f) if n.is_f64() && f.abs() >= 1e21 => format!("{f:e}").replacen('e', "e+", 1),
        _ => n.to_string(),
    }
}

/// What JSON has there, as Go's decoder says it of a value that is no `go_type`.
pub fn word(v: &Value, go_type: &str) -> String {
    match v {
        Value::String(_) => "string".into(),
        // A number that is one, but not of that type, is named.
        Value::Number(n) if go_type.starts_with("int") => format!("number {}", number_text(n)),
        Value::Number(_) => "number".into(),
        Value::Bool(_) => "bool".into(),
        Value::Array(_) => "array".into(),
        Value::Object(_) => "object".into(),
        Value::Null => "null".into(),
    }
}

/// Go's words for a value that does not fit: it names the struct, the path and the Go type.
fn mismatch(v: &Value, go_type: &str, trail: &Trail<'_>) -> String {
    let plain = go_type.trim_start_matches('*');
    let what = word(v, plain);
    match trail.owner() {
        None => format!("json: cannot unmarshal {what} into Go value of type {plain}"),
        Some(owner) => {
            let owner = owner.get().name.rsplit('.').next().unwrap_or_default();
            format!("json: cannot unmarshal {what} into Go struct field {owner}.{} of type {plain}", trail.in_go())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds;
    use crate::api::object::Resource;
    use crate::api::schema::type_of;
    use serde_json::json;

    #[test]
    fn unknown_and_misfit_fields_are_found_where_they_stand() {
        let v = json!({"spec": {"containers": [{"name": "a", "imag": "x"}], "replicas": 1, "hostNetwork": "yes"}});
        let found = check(&v, type_of(kinds::Pod::kind_ref()));
        assert_eq!(found.unknown, ["spec.containers[0].imag", "spec.replicas"]);
        assert_eq!(
            found.mismatch.as_deref(),
            Some("json: cannot unmarshal string into Go struct field PodSpec.spec.hostNetwork of type bool")
        );
    }

    fn complaint(kind: crate::api::KindRef, v: &Value) -> String {
        check(v, type_of(kind)).mismatch.unwrap_or_default().replace("json: cannot unmarshal ", "")
    }

    #[test]
    fn a_misfit_is_named_as_gos_decoder_names_it() {
        let pod = |v: Value| complaint(kinds::Pod::kind_ref(), &v);
        let first = |c: Value| pod(json!({"spec": {"containers": [c]}}));
        assert_eq!(
            pod(json!({"metadata": {"labels": {"a/b.c": 1}}})),
            "number into Go struct field ObjectMeta.metadata.labels of type string"
        );
        assert_eq!(
            first(json!({"ports": [80]})),
            "number into Go struct field Container.spec.containers.ports of type v1.ContainerPort"
        );
        assert_eq!(
            first(json!({"ports": [{"containerPort": 99_999_999_999_i64}]})),
            "number 99999999999 into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32"
        );
        assert_eq!(
            first(json!({"livenessProbe": {"httpGet": {"port": 1.5}}})),
            "number 1.5 into Go struct field HTTPGetAction.spec.containers.livenessProbe.ProbeHandler.httpGet.port of type int32"
        );
        assert_eq!(
            pod(json!({"spec": {"volumes": [{"name": "a", "emptyDir": "x"}]}})),
            "string into Go struct field Volume.spec.volumes.VolumeSource.emptyDir of type v1.EmptyDirVolumeSource"
        );
        assert_eq!(
            pod(json!({"spec": {"activeDeadlineSeconds": 1e100}})),
            "number 1e+100 into Go struct field PodSpec.spec.activeDeadlineSeconds of type int64"
        );
        assert_eq!(
            pod(json!({"spec": {"activeDeadlineSeconds": 3.0}})),
            "number 3.0 into Go struct field PodSpec.spec.activeDeadlineSeconds of type int64"
        );
        assert_eq!(pod(json!({"spec": "x"})), "string into Go struct field Pod.spec of type v1.PodSpec");
        assert_eq!(
            pod(json!({"metadata": {"creationTimestamp": "yesterday"}})),
            "parsing time \"yesterday\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"yesterday\" as \"2006\""
        );
        // A quantity ends the reading, whatever was wrong before it.
        assert_eq!(first(json!({"args": "a", "resources": {"limits": {"cpu": true}}})), quantity::NOT_ONE);
    }

    #[test]
    fn bad_base64_is_found_where_go_finds_it() {
        let secret = |text: &str| complaint(kinds::Secret::kind_ref(), &json!({"data": {"a": text}}));
        for (text, at) in
            [("%%%", 0), ("YQ=%", 2), ("YWJj ZGVm", 4), ("plain text!", 5), ("pass1", 4), ("YQ", 0), ("YQ==YQ==", 4)]
        {
            assert_eq!(secret(text), format!("illegal base64 data at input byte {at}"), "{text}");
        }
        for good in ["", "YQ==", "YWI=", "YWJj\nZGVm", "password"] {
            assert_eq!(secret(good), "", "{good}");
        }
    }

    #[test]
    fn a_schema_within_a_schema_is_read_by_a_decoder_that_is_not_strict() {
        let schema = |v: Value| {
            let version = json!({"name": "v1", "schema": {"openAPIV3Schema": {"properties": {"a": v}}}});
            check(&json!({"spec": {"versions": [version]}}), type_of(kinds::CustomResourceDefinition::kind_ref()))
        };
        let told = |v: Value| schema(v).mismatch.unwrap_or_default().replace("json: cannot unmarshal ", "");
        let at = "JSONSchemaProps.spec.versions.schema.openAPIV3Schema.properties";
        // The words of a real server. The struct named is the one that the first decoder was in.
        assert_eq!(
            told(json!({"items": {"maxLength": true}})),
            format!("bool into Go struct field {at}.items.maxLength of type int64")
        );
        assert_eq!(
            told(json!({"additionalProperties": {"x-kubernetes-validations": [[]]}})),
            format!(
                "array into Go struct field {at}.additionalProperties.x-kubernetes-validations of type v1.ValidationRule"
            )
        );
        assert_eq!(told(json!({"additionalProperties": 1})), "boolean or JSON schema expected");
        assert_eq!(told(json!({"items": "x"})), "");
        assert_eq!(schema(json!({"b": 1})).unknown, ["spec.versions[0].schema.openAPIV3Schema.properties.a.b"]);
        assert!(schema(json!({"items": {"b": 1}})).unknown.is_empty());
    }
}
