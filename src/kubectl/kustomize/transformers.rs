//! The transformations that write one thing into many fields: names, labels, annotations, replicas, images.
//! Real Kubernetes: kustomize api/internal/builtins, api/filters.

use serde_json::Value;

use super::config::{Config, merge_all};
use super::fields::{Create, Done, each, one, set_entry, set_scalar};
use super::file::{FieldSpec, Image, Label, Replica};
use super::ids::Gvk;
use super::resource::{Resource, Texts, text, wrong_kind};
use super::set::Resources;
use crate::api::go_regexp::Pattern;

/// Where a name gets something more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Affix {
    Prefix,
    Suffix,
}

/// Kinds whose names others than the author choose, or mean something.
fn keeps_its_name(gvk: &Gvk) -> bool {
    matches!(gvk.kind.as_str(), "CustomResourceDefinition" | "Namespace")
        || gvk.kind == "APIService" && gvk.group == "apiregistration.k8s.io"
}

/// # Errors
/// A field is none that could be written.
pub fn affix(all: &mut Resources, which: Affix, affix: &str, specs: &[FieldSpec]) -> Done {
    if affix.is_empty() {
        return Ok(());
    }
    for r in &mut all.0 {
        let id = r.original_id();
        if keeps_its_name(&id.gvk) {
            continue;
        }
        for spec in specs.iter().filter(|s| id.gvk.is_selected_by(&s.gvk)) {
            if spec.path == "metadata/name" {
                let list = if which == Affix::Prefix { &mut r.past.prefixes } else { &mut r.past.suffixes };
                list.push(affix.into());
                r.remember_id();
            }
            one(r, spec, Create::Scalar, &mut |node| {
                let name = text(node);
                let longer = if which == Affix::Prefix { format!("{affix}{name}") } else { format!("{name}{affix}") };
                set_scalar(node, longer.into())
            })?;
        }
    }
    Ok(())
}

/// # Errors
/// What is to be a map is none.
pub fn mark(all: &mut Resources, marks: &Texts, specs: &[FieldSpec]) -> Done {
    for r in &mut all.0 {
        for (key, value) in marks {
            each(r, specs, Create::Mapping, &mut |node| set_entry(node, key, value))?;
        }
    }
    Ok(())
}

/// The fields into which a label goes.
///
/// # Errors
/// They contradict those of the configuration.
pub fn label_fields(label: &Label, config: &Config) -> Result<Vec<FieldSpec>, String> {
    let failed = |why: String| format!("failed to merge labels: {why}");
    let mut specs = label.fields.clone();
    merge_all(&mut specs, &config.labels).map_err(failed)?;
    if label.include_selectors {
        merge_all(&mut specs, &config.common_labels).map_err(failed)?;
        return Ok(specs);
    }
    if label.include_templates {
        merge_all(&mut specs, &config.template_labels)
            .map_err(|why| format!("failed to merge template fieldSpec: {why}"))?;
    }
    let own = FieldSpec { gvk: Gvk::default(), path: "metadata/labels".into(), create: true };
    merge_all(&mut specs, &[own]).map_err(failed)?;
    Ok(specs)
}

/// # Errors
/// Nothing of that name has replicas.
pub fn scale(all: &mut Resources, replica: &Replica, specs: &[FieldSpec]) -> Done {
    let mut found = false;
    for spec in specs {
        for at in all.with_any_id(|id| id.name == replica.name && id.gvk.is_selected_by(&spec.gvk)) {
            found = true;
            one(&mut all.0[at], spec, Create::Scalar, &mut |node| set_scalar(node, replica.count.into()))?;
        }
    }
    if found {
        return Ok(());
    }
    let kinds: Vec<String> = specs.iter().map(|s| s.gvk.to_string()).collect();
    Err(format!(
        "resource with name {} does not match a config with the following GVK [{}]",
        replica.name,
        kinds.join(" ")
    ))
}

/// # Errors
/// What is to be an image is no text.
pub fn set_image(all: &mut Resources, image: &Image, specs: &[FieldSpec]) -> Done {
    let named = Pattern::new(&format!("^{}(:[a-zA-Z0-9_.{{}}-]*)?(@sha256:[a-zA-Z0-9_.{{}}-]*)?$", image.name));
    let mut set = |node: &mut Value| -> Done {
        if matches!(node, Value::Array(_) | Value::Object(_)) {
            return Err(wrong_kind("ScalarNode", node));
        }
        let old = text(node);
        if !node.is_null() && named.matches(&old) {
            *node = changed(&old, image).into();
        }
        Ok(())
    };
    let of_definitions = |r: &Resource| r.kind() == "CustomResourceDefinition";
    // Containers anywhere, whatever kind it is, before the fields that are known.
    for r in all.0.iter_mut().filter(|r| !of_definitions(r)) {
        in_containers(&mut r.node, &mut set)?;
    }
    for r in all.0.iter_mut().filter(|r| !of_definitions(r)) {
        each(r, specs, Create::Nothing, &mut set)?;
    }
    Ok(())
}

fn in_containers(node: &mut Value, set: &mut dyn FnMut(&mut Value) -> Done) -> Done {
    match node {
        Value::Object(map) => {
            for (key, value) in map {
                in_containers(value, set)?;
                if let Value::Array(items) = value
                    && (key == "containers" || key == "initContainers")
                {
                    for image in items.iter_mut().filter_map(|i| i.get_mut("image")) {
                        set(image)?;
                    }
                }
            }
            Ok(())
        }
        Value::Array(items) => items.iter_mut().try_for_each(|item| in_containers(item, set)),
        _ => Ok(()),
    }
}

fn changed(old: &str, image: &Image) -> String {
    let (name, tag, digest) = split(old);
    let or = |new: &str, old: &str| if new.is_empty() { old.to_string() } else { new.to_string() };
    let (tag, digest) = match (image.new_tag.as_str(), image.digest.as_str(), image.tag_suffix.as_str()) {
        ("", "", "") => (tag.to_string(), digest),
        ("", "", suffix) => (format!("{tag}{suffix}"), ""),
        (tag, digest, _) => (tag.to_string(), digest),
    };
    let mut out = or(&image.new_name, name);
    if !tag.is_empty() {
        out.push_str(&format!(":{tag}"));
    }
    if !digest.is_empty() {
        out.push_str(&format!("@{digest}"));
    }
    out
}

/// An image's name, tag and digest; a colon before a slash is that of a port.
fn split(image: &str) -> (&str, &str, &str) {
    let begin = image.find('/').unwrap_or(0);
    let at = |c: char| image[begin..].find(c).map(|i| begin + i);
    match (at('@'), at(':')) {
        (None, None) => (image, "", ""),
        (Some(d), c) if c.is_none_or(|c| d < c) => (&image[..d], "", &image[d + 1..]),
        (Some(d), Some(c)) => (&image[..c], &image[c + 1..d], &image[d + 1..]),
        (_, Some(c)) => (&image[..c], &image[c + 1..], ""),
        (Some(d), None) => (&image[..d], "", &image[d + 1..]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_taken_apart() {
        assert_eq!(split("nginx"), ("nginx", "", ""));
        assert_eq!(split("h:5000/a:v1"), ("h:5000/a", "v1", ""));
        assert_eq!(split("a:v1@sha256:x"), ("a", "v1", "sha256:x"));
        assert_eq!(split("a@sha256:x"), ("a", "", "sha256:x"));
    }
}
