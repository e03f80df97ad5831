//! describe for kinds with short pages, and the general page.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::{annotations, head, labels, listed, text};
use crate::api::go_text::plain;
use crate::kubectl::env::Env;
use crate::kubectl::failure::Failure;
use crate::kubectl::resources::Found;

fn common(f: &Found) -> String {
    let mut out = if f.kind.namespaced() { head(f) } else { format!("Name:\t{}\n", f.name) };
    out.push_str(&labels("Labels", &f.object["metadata"]["labels"]));
    out.push_str(&annotations("Annotations", &f.object["metadata"]["annotations"]));
    out
}

pub fn namespace(f: &Found, env: &mut Env<'_>) -> Result<String, Failure> {
    let status = &f.object["status"];
    let phase = format!("{}Status:\t{}\n", common(f), text(&status["phase"]));
    Ok(phase + &super::conditions(&status["conditions"]) + &super::limits::of_namespace(&f.name, env)?)
}

pub fn configmap(f: &Found, _: &mut Env<'_>) -> Result<String, Failure> {
    let mut out = common(f);
    out.push_str("\nData\n====\n");
    for (k, v) in f.object["data"].as_object().into_iter().flatten() {
        out.push_str(&format!("{k}:\n----\n{}\n\n", text(v)));
    }
    out.push_str("\nBinaryData\n====\n");
    for (k, v) in f.object["binaryData"].as_object().into_iter().flatten() {
        out.push_str(&format!("{k}: {} bytes\n", bytes(v)));
    }
    out.push('\n');
    Ok(out)
}

fn bytes(v: &Value) -> usize {
    let t = text(v).trim_end_matches('=');
    t.len() * 3 / 4
}

pub fn secret(f: &Found, _: &mut Env<'_>) -> Result<String, Failure> {
    Ok(secret_page(f))
}

/// The token of a ServiceAccount is the one thing that is shown.
fn secret_page(f: &Found) -> String {
    let mut out = common(f);
    let kind = text(&f.object["type"]);
    out.push_str(&format!("\nType:\t{kind}\n\nData\n====\n"));
    for (k, v) in f.object["data"].as_object().into_iter().flatten() {
        if k == "token" && kind == "kubernetes.io/service-account-token" {
            out.push_str(&format!("{k}:\t{}\n", decoded(v)));
        } else {
            out.push_str(&format!("{k}:\t{} bytes\n", bytes(v)));
        }
    }
    out
}

fn decoded(v: &Value) -> String {
    let bytes = STANDARD.decode(text(v)).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

pub fn service_account(f: &Found, _: &mut Env<'_>) -> Result<String, Failure> {
    let secrets = f.object["imagePullSecrets"].as_array().into_iter().flatten();
    let names: Vec<&str> = secrets.map(|s| text(&s["name"])).collect();
    let names = listed(&names, "\n                   \t");
    Ok(common(f) + &format!("Image pull secrets:\t{names}\n"))
}

/// `API Version:`, `Kind:`, and every field in words. A namespace is told of where there is none, too.
pub fn page(f: &Found, _: &mut Env<'_>) -> Result<String, Failure> {
    let mut out = head(f);
    out.push_str(&labels("Labels", &f.object["metadata"]["labels"]));
    out.push_str(&annotations("Annotations", &f.object["metadata"]["annotations"]));
    for (k, v) in f.object.as_object().into_iter().flatten() {
        let mut v = v.clone();
        if k == "metadata"
            && let Some(m) = v.as_object_mut()
        {
            ["name", "namespace", "labels", "annotations", "managedFields"].iter().for_each(|x| {
                m.remove(*x);
            });
        }
        field(&title(k), &v, 0, &mut out);
    }
    Ok(out)
}

const ABBREVIATIONS: [&str; 4] = ["API", "URL", "UID", "GUID"];

/// `holderIdentity` → `Holder Identity`.
/// Real Kubernetes: smartLabelFor.
fn title(key: &str) -> String {
    if key.chars().any(|c| !c.is_alphabetic() && c != '-') {
        return key.into();
    }
    let mut words = words(key);
    // `URL` and what follows it are one.
    let mut i = 0;
    while i + 1 < words.len() {
        let big = |c: char| !c.is_alphabetic() || c.is_uppercase();
        if words[i].len() >= 2 && words[i].chars().all(big) && words[i + 1].starts_with(char::is_uppercase) {
            let next = words.remove(i + 1);
            words[i].push_str(&next);
        }
        i += 1;
    }
    let shown = |word: String| {
        let upper = word.to_uppercase();
        if ABBREVIATIONS.contains(&upper.as_str()) {
            upper
        } else if word.to_lowercase() == word {
            word.chars().take(1).flat_map(char::to_uppercase).chain(word.chars().skip(1)).collect()
        } else {
            word
        }
    };
    words.into_iter().map(shown).collect::<Vec<_>>().join(" ")
}

/// `podIPs` → `pod`, `I`, `Ps`: runs of small and of big letters; a big letter before small ones belongs to them.
fn words(key: &str) -> Vec<String> {
    #[derive(PartialEq, Clone, Copy)]
    enum Class {
        Small,
        Big,
        Other,
    }
    let class = |c: char| match c {
        c if c.is_lowercase() => Class::Small,
        c if c.is_uppercase() => Class::Big,
        _ => Class::Other,
    };
    let mut runs: Vec<(Class, String)> = vec![];
    for c in key.chars() {
        match runs.last_mut() {
            Some((last, run)) if *last == class(c) => run.push(c),
            _ => runs.push((class(c), c.into())),
        }
    }
    for i in 1..runs.len() {
        if runs[i - 1].0 == Class::Big && runs[i].0 == Class::Small {
            let first: String = runs[i - 1].1.pop().into_iter().collect();
            runs[i].1.insert_str(0, &first);
        }
    }
    runs.into_iter().map(|(_, run)| run).filter(|run| !run.is_empty()).collect()
}

fn field(name: &str, v: &Value, level: usize, out: &mut String) {
    let pad = "  ".repeat(level);
    match v {
        Value::Object(m) => {
            out.push_str(&format!("{pad}{name}:\n"));
            m.iter().for_each(|(k, v)| field(&title(k), v, level + 1, out));
        }
        Value::Array(a) => {
            out.push_str(&format!("{pad}{name}:\n"));
            for x in a {
                match x {
                    Value::Object(m) => m.iter().for_each(|(k, v)| field(&title(k), v, level + 1, out)),
                    other => out.push_str(&format!("{pad}  {}\n", plain(other))),
                }
            }
        }
        other => out.push_str(&format!("{pad}{name}:\t{}\n", plain(other))),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::api::{Resource, kinds};

    #[test]
    fn fields_are_called_in_words() {
        for (key, shown) in [
            ("holderIdentity", "Holder Identity"),
            ("apiVersion", "API Version"),
            ("uid", "UID"),
            ("hostIP", "Host IP"),
            ("podIPs", "Pod I Ps"),
            ("externalURLPath", "External URLPath"),
            ("a.b/c", "a.b/c"),
            ("some-name", "Some - Name"),
        ] {
            assert_eq!(title(key), shown, "{key}");
        }
    }

    #[test]
    fn a_secret_hides_all_but_a_token() {
        let page = |kind: &str| {
            let v = json!({"metadata": {"name": "s", "namespace": "ns"}, "type": kind, "data": {"token": "YWJj", "other": "YWI="}});
            secret_page(&Found::of(kinds::Secret::kind_ref(), Arc::new(v)))
        };
        assert!(page("Opaque").ends_with("Type:\tOpaque\n\nData\n====\nother:\t2 bytes\ntoken:\t3 bytes\n"));
        assert!(page("kubernetes.io/service-account-token").ends_with("other:\t2 bytes\ntoken:\tabc\n"));
    }
}
