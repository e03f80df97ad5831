//! Makes JSON of typed objects equal to what Go writes, and reads JSON as strictly as Go does.
//!
//! Rust's types leave an absent field out; Go writes a struct field even when it is empty (`resources: {}`,
//! `lastProbeTime: null`) unless told otherwise. [`fill`] adds those. [`check`] finds unknown fields and values
//! of the wrong type, which the typed decoder alone would drop or word differently.

use serde::Serialize;
use serde_json::{Map, Value};

use super::schema::{Base, Field, Shape, TypeId};
use super::{go_text, quantity, time};

/// Adds the empty fields that Go writes, and spells quantities canonically.
pub fn fill(v: &mut Value, of: TypeId) {
    let Value::Object(map) = v else { return };
    fill_struct(map, of);
}

fn fill_struct(map: &mut Map<String, Value>, of: TypeId) {
    for f in &of.get().fields {
        if f.inline {
            if let Base::Struct(t) = f.base {
                fill_struct(map, t);
            }
            continue;
        }
        // A quantity that nobody has given is none, whatever the type makes of it.
        if f.base == Base::Quantity && map.get(f.json).and_then(Value::as_str) == Some("") {
            map.remove(f.json);
        }
        match map.get_mut(f.json) {
            Some(Value::Null) | None => {
                map.remove(f.json);
                if let Some(zero) = zero(f) {
                    map.insert(f.json.to_string(), zero);
                }
            }
            Some(value) => match f.shape {
                Shape::Plain if f.omit_empty && is_zero(value) && !f.base.writes_itself() => {
                    map.remove(f.json);
                }
                Shape::Plain | Shape::Pointer => fill_base(value, f.base),
                Shape::List | Shape::Map(_) if empty(value) && f.omit_empty => {
                    map.remove(f.json);
                }
                // The store does not tell an empty list from none.
                Shape::List | Shape::Map(_) if empty(value) => *value = Value::Null,
                Shape::List => value.as_array_mut().into_iter().flatten().for_each(|v| fill_base(v, f.base)),
                Shape::Map(_) => value.as_object_mut().into_iter().flatten().for_each(|(_, v)| fill_base(v, f.base)),
            },
        }
    }
}

/// The type of what is said of a user besides name and groups: several texts under one key.
const EXTRA: &str = "ExtraValue";

/// A number, a text or a truth that Go takes for none.
fn is_zero(v: &Value) -> bool {
    match v {
        Value::Bool(b) => !b,
        Value::String(s) => s.is_empty(),
        Value::Number(n) => n.as_f64() == Some(0.0),
        _ => false,
    }
}

fn empty(v: &Value) -> bool {
    matches!(v, Value::Array(a) if a.is_empty()) || matches!(v, Value::Object(o) if o.is_empty())
}

/// Go reads a null among texts that have names as an empty one.
pub fn read_nulls(v: &mut Value, of: TypeId) {
    let Value::Object(map) = v else { return };
    for f in &of.get().fields {
        if let Base::Struct(t) = f.base {
            match (&f.shape, if f.inline { None } else { map.get_mut(f.json) }) {
                (Shape::List, Some(Value::Array(items))) => items.iter_mut().for_each(|v| read_nulls(v, t)),
                (Shape::Map(_), Some(Value::Object(m))) => m.values_mut().for_each(|v| read_nulls(v, t)),
                (Shape::Plain | Shape::Pointer, Some(v)) => read_nulls(v, t),
                _ => {}
            }
        } else if let (Base::String, Shape::Map(_), Some(Value::Object(m))) = (f.base, &f.shape, map.get_mut(f.json)) {
            m.values_mut().filter(|v| v.is_null()).for_each(|v| *v = "".into());
        }
    }
}

/// Takes out what Go cannot tell from nothing: the zero of a plain field that is left out when it is empty. Rust's types
/// could tell the two, and would find a difference where there is none.
pub fn drop_zeros(v: &mut Value, of: TypeId) {
    let Value::Object(map) = v else { return };
    drop_zeros_of(map, of);
}

fn drop_zeros_of(map: &mut Map<String, Value>, of: TypeId) {
    for f in &of.get().fields {
        match f.base {
            Base::Struct(t) if f.inline => drop_zeros_of(map, t),
            Base::Struct(t) => match (&f.shape, map.get_mut(f.json)) {
                (Shape::List, Some(Value::Array(items))) => items.iter_mut().for_each(|v| drop_zeros(v, t)),
                (Shape::Map(_), Some(Value::Object(m))) => m.values_mut().for_each(|v| drop_zeros(v, t)),
                (Shape::Plain | Shape::Pointer, Some(v)) => drop_zeros(v, t),
                _ => {}
            },
            base => {
                let dropped = f.shape == Shape::Plain && f.omit_empty && !base.writes_itself();
                if dropped && map.get(f.json).is_some_and(is_zero) {
                    map.remove(f.json);
                }
            }
        }
    }
}

fn fill_base(v: &mut Value, base: Base) {
    match base {
        Base::Struct(t) => fill(v, t),
        Base::Quantity => {
            if let Value::String(s) = v {
                *s = quantity::canonical(s);
            } else if let Value::Number(n) = v {
                *v = Value::String(quantity::canonical(&n.to_string()));
            }
        }
        // In schemas of custom resources, numbers stand in what is only looked at as JSON too.
        Base::Float | Base::Raw => go_text::plain_numbers(v),
        _ => {}
    }
}

/// What Go writes for an absent field; `None` if it writes nothing.
fn zero(f: &Field) -> Option<Value> {
    if f.omit_zero {
        return None;
    }
    if f.shape != Shape::Plain {
        return if f.omit_empty { None } else { Some(Value::Null) };
    }
    match f.base {
        // Go's `omitempty` does not apply to structs.
        Base::Struct(t) => {
            let mut m = Map::new();
            fill_struct(&mut m, t);
            Some(Value::Object(m))
        }
        Base::Time | Base::MicroTime => Some(Value::Null),
        Base::Quantity => Some(Value::from("0")),
        Base::IntOrString => Some(Value::from(0)),
        _ if f.omit_empty => None,
        Base::String => Some(Value::from("")),
        Base::Bool => Some(Value::from(false)),
        Base::Integer | Base::Float => Some(Value::from(0)),
        Base::Bytes | Base::Raw => Some(Value::Null),
    }
}

/// Whether two values of a type mean the same to the API server: an empty list is none, and `1000m` is `1`.
/// Real Kubernetes: apimachinery/pkg/api/equality Semantic.DeepEqual.
pub fn equal<T: PartialEq + Serialize>(a: &T, b: &T, type_name: &str) -> bool {
    let filled = |v: &T| {
        let mut v = serde_json::to_value(v).unwrap_or_default();
        if let Some(of) = TypeId::by_name(type_name) {
            match &mut v {
                Value::Array(items) => items.iter_mut().for_each(|v| fill(v, of)),
                v => fill(v, of),
            }
        }
        v
    };
    a == b || filled(a) == filled(b)
}

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
        }
    }

    /// As Go's decoder names a field: embedded structs are steps, indices and keys are not.
    fn in_go(&self) -> String {
        match self {
            Trail::Start => String::new(),
            Trail::Index(to, _) | Trail::Key(to, _) => to.in_go(),
            Trail::Field(to, owner, name) => {
                let mut steps = vec![to.in_go()];
                steps.extend(owner.get().embedded(name).into_iter().map(Into::into));
                steps.push((*name).to_string());
                steps.retain(|s| !s.is_empty());
                steps.join(".")
            }
        }
    }

    /// The struct in which Go's decoder was when it met the value.
    fn owner(&self) -> Option<TypeId> {
        match self {
            Trail::Start => None,
            Trail::Field(_, owner, _) => Some(*owner),
            Trail::Index(to, _) | Trail::Key(to, _) => to.owner(),
        }
    }
}

/// Looks for what is wrong. A value of the wrong type is remembered and the rest is read on; a value that refuses to be
/// read (a quantity, a time) ends the reading and is what the caller hears of.
#[derive(Default)]
struct Seeker {
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
            Base::Integer => whole(v).is_some_and(|n| go != "int32" || i32::try_from(n).is_ok()),
            Base::Float => v.is_number(),
            Base::Raw => true,
            Base::Bytes => {
                if let Some(at) = v.as_str().and_then(bad_base64) {
                    self.first.get_or_insert_with(|| format!("illegal base64 data at input byte {at}"));
                }
                v.is_string()
            }
            Base::Quantity => {
                let readable = match v {
                    Value::String(s) => quantity::Quantity::parse(s).is_some(),
                    other => other.is_number(),
                };
                if !readable {
                    self.fatal = Some(quantity::NOT_ONE.into());
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
fn bad_base64(text: &str) -> Option<usize> {
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
        Some(f) if n.is_f64() && f.fract() == 0.0 && f.abs() < 1e21 => format!("{f:.0}"),
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
    fn the_empty_fields_that_go_writes_are_there() {
        let mut v = json!({"metadata": {"name": "x"}, "spec": {"containers": [{"name": "a"}]}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}});
        fill(&mut v, type_of(kinds::Pod::kind_ref()));
        assert_eq!(v["spec"]["containers"][0]["resources"], json!({}));
        assert_eq!(v["status"]["conditions"][0]["lastProbeTime"], Value::Null);
        assert!(v["status"]["conditions"][0].as_object().is_some_and(|c| c.contains_key("lastProbeTime")));
        assert!(!v["metadata"].as_object().is_some_and(|m| m.contains_key("creationTimestamp")));
    }

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

    #[test]
    fn what_go_takes_for_empty_is_left_out_or_null() {
        let mut v = json!({"description": "", "globalDefault": false, "value": 0, "preemptionPolicy": ""});
        fill(&mut v, type_of(kinds::PriorityClass::kind_ref()));
        assert_eq!(v, json!({"metadata": {}, "value": 0, "preemptionPolicy": ""}));
        let mut v = json!({"rules": [], "aggregationRule": {"clusterRoleSelectors": []}});
        fill(&mut v, type_of(kinds::ClusterRole::kind_ref()));
        assert_eq!(v, json!({"metadata": {}, "rules": null, "aggregationRule": {}}));
    }

    #[test]
    fn equal_is_what_means_the_same() {
        let of = "node/v1.Overhead";
        assert!(equal(&json!({"podFixed": {"cpu": "1000m"}}), &json!({"podFixed": {"cpu": 1}}), of));
        assert!(equal(&json!({"podFixed": {}}), &json!({}), of));
        assert!(!equal(&json!({"podFixed": {"cpu": "1"}}), &json!({}), of));
        assert!(equal(&json!([{"podFixed": {}}]), &json!([{}]), of));
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
        assert_eq!(pod(json!({"spec": {"activeDeadlineSeconds": 1e3}})), "");
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
}
