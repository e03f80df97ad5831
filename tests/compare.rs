//! How what the program answers is laid beside what was recorded of a real cluster: first what is drawn by chance or comes
//! from the clock is masked, on both sides and by the kind of value; then every place that differs is told.

use std::collections::BTreeSet;

use regex::{Captures, Regex};
use serde_json::Value;

/// Values that no two clusters share, by what they look like.
const MASKS: [(&str, &str); 9] = [
    ("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z", "TIME"),
    ("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "DAY"),
    (r"\b10\.244(\.[0-9]+){2}\b", "POD-ADDRESS"),
    ("\\b[0-9a-f]{64}\\b", "HASH"),
    ("apiserver-[a-z2-7]{26}", "apiserver-HASH"),
    ("^kube-api-access-[a-z0-9]{5}$", "kube-api-access-RANDOM"),
    ("\\b[0-9.]+m?s \\([0-9.]+m?s including waiting\\)", "DURATION"),
    ("Image size: [0-9]+ bytes", "Image size: N bytes"),
    ("(?s)-----BEGIN CERTIFICATE-----.*-----END CERTIFICATE-----", "CERTIFICATE"),
];

/// Replaces what no two clusters share.
pub struct Masks {
    patterns: Vec<(Regex, &'static str)>,
    uid: Regex,
    /// Of Services; the first ones are not drawn but chosen.
    address: Regex,
    event: Regex,
    /// Uids in the order in which they were seen, so that it shows when one object names another.
    seen: Vec<String>,
}

impl Masks {
    pub fn new() -> Masks {
        let compiled = |p: &str| Regex::new(p).expect("a pattern");
        Masks {
            patterns: MASKS.iter().map(|(p, to)| (compiled(p), *to)).collect(),
            uid: compiled("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
            address: compiled(r"\b10\.(9[6-9]|1[01][0-9])(\.[0-9]+){2}\b"),
            event: compiled(r"\.[0-9a-f]{16}$"),
            seen: vec![],
        }
    }

    /// The same value without them.
    pub fn apply(v: &Value) -> Value {
        Masks::new().value(v)
    }

    fn value(&mut self, v: &Value) -> Value {
        match v {
            Value::Object(map) => {
                let random = map.get("generateName").and_then(Value::as_str);
                let keys: BTreeSet<&String> = map.keys().collect();
                keys.into_iter()
                    .map(|k| {
                        let value = match (k.as_str(), &map[k]) {
                            ("resourceVersion", Value::String(s)) if !s.is_empty() => "REVISION".into(),
                            ("managedFields", Value::Array(list)) => self.by_owner(list),
                            ("nodePort", Value::Number(_)) => "NODE-PORT".into(),
                            ("name", Value::String(s)) if generated(s, random) => {
                                format!("{}RANDOM", random.unwrap_or_default()).into()
                            }
                            ("name", Value::String(s)) if self.event.is_match(s) => {
                                self.event.replace(s, ".NANOSECONDS").into()
                            }
                            (_, other) => self.value(other),
                        };
                        (self.text(k), value)
                    })
                    .collect()
            }
            Value::Array(list) => list.iter().map(|v| self.value(v)).collect(),
            Value::String(s) => self.text(s).into(),
            other => other.clone(),
        }
    }

    /// In which order they stand depends on the second in which each has written last.
    fn by_owner(&mut self, list: &[Value]) -> Value {
        let word = |v: &Value, k: &str| v[k].as_str().unwrap_or_default().to_string();
        let owner = |v: &Value| ["manager", "operation", "subresource"].map(|k| word(v, k)).join(" ");
        Value::Object(list.iter().map(|v| (owner(v).trim_end().into(), self.value(v))).collect())
    }

    fn text(&mut self, s: &str) -> String {
        let seen = &mut self.seen;
        let numbered = self.uid.replace_all(s, |c: &Captures<'_>| {
            let place = seen.iter().position(|u| *u == c[0]).unwrap_or_else(|| {
                seen.push(c[0].into());
                seen.len() - 1
            });
            format!("UID{place}")
        });
        let numbered = self.address.replace_all(&numbered, |c: &Captures<'_>| {
            if c[0].starts_with("10.96.0.") { c[0].to_string() } else { "SERVICE-ADDRESS".into() }
        });
        let masked = |s: String, (p, to): &(Regex, &str)| p.replace_all(&s, *to).into_owned();
        self.patterns.iter().fold(numbered.into_owned(), masked)
    }
}

/// Whether a name is the prefix and five letters drawn by chance.
fn generated(name: &str, prefix: Option<&str>) -> bool {
    prefix.and_then(|p| name.strip_prefix(p)).is_some_and(|rest| rest.len() == 5)
}

/// A place where two values differ.
#[derive(Debug)]
pub struct Difference {
    /// `.metadata.labels.app`
    pub at: String,
    pub real: Value,
    pub ours: Value,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "  {}\n    real {}\n    ours {}", self.at, self.real, self.ours)
    }
}

/// Every place where two values differ. Lists of different lengths differ as wholes.
pub fn differences(real: &Value, ours: &Value) -> Vec<Difference> {
    fn walk(at: &str, real: &Value, ours: &Value, out: &mut Vec<Difference>) {
        match (real, ours) {
            (Value::Object(r), Value::Object(o)) => {
                for key in r.keys().chain(o.keys().filter(|k| !r.contains_key(*k))) {
                    let at = format!("{at}.{key}");
                    match (r.get(key), o.get(key)) {
                        (Some(r), Some(o)) => walk(&at, r, o, out),
                        // A field that is null is another thing than none.
                        (r, o) => {
                            let shown = |v: Option<&Value>| v.cloned().unwrap_or_else(|| "(absent)".into());
                            out.push(Difference { at, real: shown(r), ours: shown(o) });
                        }
                    }
                }
            }
            (Value::Array(r), Value::Array(o)) if r.len() == o.len() => {
                r.iter().zip(o).enumerate().for_each(|(i, (r, o))| walk(&format!("{at}[{i}]"), r, o, out));
            }
            _ if real == ours => {}
            _ => out.push(Difference { at: at.into(), real: real.clone(), ours: ours.clone() }),
        }
    }
    let mut out = vec![];
    walk("", real, ours, &mut out);
    out
}

/// Something that is known to differ, and why: places that begin so. It must be there, so that nobody forgets to strike it out.
pub struct Known {
    pub file: &'static str,
    pub places: &'static [&'static str],
    pub why: &'static str,
}

/// Takes the known differences out of those of a file; what is left is wrong, and so is what is known and not there any more.
pub fn unexpected(file: &str, found: &[Difference], known: &[Known]) -> Vec<String> {
    let mine: Vec<&Known> = known.iter().filter(|k| k.file == file).collect();
    let places = || mine.iter().flat_map(|k| k.places.iter().map(|p| (*p, k.why)));
    let left = found.iter().filter(|d| !places().any(|(p, _)| d.at.starts_with(p)));
    let equal = places().filter(|(p, _)| !found.iter().any(|d| d.at.starts_with(p)));
    left.map(|d| format!("{file}\n{d}"))
        .chain(equal.map(|(p, why)| format!("{file}: {p} is equal now, strike it out ({why})")))
        .collect()
}
