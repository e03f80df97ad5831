//! describe for kinds with short pages, and the general page.

use serde_json::Value;

use super::{annotations, head, labels, text};
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
    let status = text(&f.object["status"]["phase"]);
    Ok(format!("{}Status:\t{status}\n{}", common(f), super::limits::of_namespace(&f.name, env)?))
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
    let mut out = common(f);
    out.push_str(&format!("\nType:\t{}\n\nData\n====\n", text(&f.object["type"])));
    for (k, v) in f.object["data"].as_object().into_iter().flatten() {
        out.push_str(&format!("{k}:\t{} bytes\n", bytes(v)));
    }
    Ok(out)
}

pub fn service_account(f: &Found, _: &mut Env<'_>) -> Result<String, Failure> {
    let mut out = common(f);
    // The secrets that were mounted by name are shown only where there are any.
    for (title, key, always) in
        [("Image pull secrets", "imagePullSecrets", true), ("Mountable secrets", "secrets", false)]
    {
        let names: Vec<&str> = f.object[key].as_array().into_iter().flatten().map(|s| text(&s["name"])).collect();
        match names.as_slice() {
            [] if always => out.push_str(&format!("{title}:\t<none>\n")),
            [] => {}
            names => out.push_str(&format!("{title}:\t{}\n", names.join("\n\t"))),
        }
    }
    Ok(out)
}

/// `API Version:`, `Kind:`, and every field in words.
pub fn page(f: &Found, _: &mut Env<'_>) -> Result<String, Failure> {
    let mut out = common(f);
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

/// `holderIdentity` → `Holder Identity`.
/// Real Kubernetes: smartLabelFor, which knows these abbreviations.
fn title(key: &str) -> String {
    let mut out = String::new();
    for (i, c) in key.chars().enumerate() {
        if i == 0 {
            out.extend(c.to_uppercase());
        } else {
            if c.is_uppercase() {
                out.push(' ');
            }
            out.push(c);
        }
    }
    let known = |word: &str| match word {
        "Api" => "API".to_string(),
        "Uid" => "UID".to_string(),
        "Url" => "URL".to_string(),
        "Osb" => "OSB".to_string(),
        "Guid" => "GUID".to_string(),
        other => other.to_string(),
    };
    out.split(' ').map(known).collect::<Vec<_>>().join(" ")
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
                    other => out.push_str(&format!(
                        "{pad}  {}\n",
                        other.as_str().map_or_else(|| other.to_string(), Into::into)
                    )),
                }
            }
        }
        Value::String(s) => out.push_str(&format!("{pad}{name}:\t{s}\n")),
        Value::Null => out.push_str(&format!("{pad}{name}:\t<nil>\n")),
        other => out.push_str(&format!("{pad}{name}:\t{other}\n")),
    }
}
