//! Copies values from one resource to others.
//! Real Kubernetes: kustomize api/filters/replacement/replacement.go.

use serde::Deserialize;
use serde_json::{Value, json};

use super::fields::Done;
use super::file::{Kustomization, Selector};
use super::ids::{Gvk, ResId};
use super::loader::Root;
use super::patches::misconfigured;
use super::paths::{look_up, of_kind, split, visit};
use super::resource::{Resource, is_empty, node_kind, text};
use super::set::{Expressions, Resources, is_marked};
use crate::api::go_text::type_name;
use crate::api::yaml::{self, Repeated};

/// What is copied where nothing is said of it.
const NAME: &str = "metadata.name";

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Replacement {
    source: Option<Source>,
    targets: Option<Vec<Target>>,
    source_value: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Source {
    #[serde(flatten)]
    id: ResId,
    field_path: String,
    options: Option<Options>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Target {
    select: Option<Selector>,
    reject: Vec<Selector>,
    field_paths: Vec<String>,
    options: Option<Options>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Options {
    delimiter: String,
    index: i64,
    create: bool,
}

impl Source {
    fn shown(&self) -> String {
        let mut out = vec![self.id.to_string()];
        out.extend((!self.field_path.is_empty()).then(|| self.field_path.clone()));
        let options = self.options.as_ref().filter(|o| !o.delimiter.is_empty() || o.create);
        out.extend(options.map(|o| format!("{}({}), create={}", o.delimiter, o.index, o.create)));
        out.join(":")
    }
}

/// Reads the replacements of a file, and of the files that it names.
///
/// # Errors
/// What kustomize says of one that it cannot read.
pub fn read(file: &Kustomization, root: &Root<'_>) -> Result<Vec<Replacement>, String> {
    let mut out = vec![];
    for given in &file.replacements {
        let config = json!({"Replacements": file.replacements});
        out.extend(one(given, root).map_err(|why| misconfigured("ReplacementTransformer", &config, &why))?);
    }
    Ok(out)
}

fn one(given: &Value, root: &Root<'_>) -> Result<Vec<Replacement>, String> {
    let unreadable = |e: serde_json::Error| format!("error unmarshaling JSON: while decoding JSON: json: {e}");
    let Some(path) = given["path"].as_str().filter(|p| !p.is_empty()) else {
        return Ok(vec![serde_json::from_value(given.clone()).map_err(unreadable)?]);
    };
    if !given["source"].is_null() || !is_empty(&given["targets"]) {
        return Err("cannot specify both path and inline replacement".into());
    }
    let content = root.load(path)?;
    let value = yaml::parse(&content, Repeated::LastWins)
        .map_err(|e| format!("error converting YAML to JSON: {e}"))?
        .unwrap_or_default();
    match crate::api::reading::without_nulls(value) {
        list @ Value::Array(_) => serde_json::from_value(list).map_err(unreadable),
        map @ Value::Object(_) => Ok(vec![serde_json::from_value(map).map_err(unreadable)?]),
        other => {
            let kind = if other.is_null() { "invalid" } else { type_name(&other) };
            Err(format!("unsupported replacement type encountered within replacement path: {kind}"))
        }
    }
}

/// # Errors
/// A source or a target is not there, or is not what it should be.
pub fn apply(all: &mut Resources, replacements: &[Replacement]) -> Done {
    for r in replacements {
        let (Some(targets), true) = (&r.targets, r.source.is_some() || r.source_value.is_some()) else {
            return Err("replacements must specify a source and at least one target".into());
        };
        let value = value(all, r)?;
        for target in targets {
            replace(all, &value, target)?;
        }
    }
    Ok(())
}

fn value(all: &Resources, r: &Replacement) -> Result<Value, String> {
    let source = match (&r.source, &r.source_value) {
        (Some(_), Some(_)) => return Err("value and resource selectors are mutually exclusive".into()),
        (_, Some(value)) => return Ok(value.as_str().into()),
        (None, None) => return Ok(Value::Null),
        (Some(source), None) => source,
    };
    let selected = |r: &&Resource| r.ids().iter().any(|id| id.is_selected_by(&source.id));
    let mut found = all.0.iter().filter(selected);
    let resource = match (found.next(), found.next()) {
        (Some(one), None) => one,
        (None, _) => return Err(format!("nothing selected by {}", source.shown())),
        _ => return Err(format!("multiple matches for selector {}", source.shown())),
    };
    let path = if source.field_path.is_empty() { NAME } else { &source.field_path };
    let found = look_up(&resource.node, &split(path))
        .map_err(|why| format!("error looking up replacement source: {why}"))?
        .filter(|v| !is_empty(v))
        .ok_or_else(|| format!("fieldPath `{path}` is missing for replacement source {}", source.id))?;
    let Some(options) = source.options.as_ref().filter(|o| !o.delimiter.is_empty()) else {
        return Ok(found.clone());
    };
    scalar_only(found)?;
    let whole = text(found);
    let part = usize::try_from(options.index).ok().and_then(|i| whole.split(options.delimiter.as_str()).nth(i));
    let part = part.ok_or_else(|| format!("options.index {} is out of bounds for value {whole}", options.index))?;
    Ok(rewritten(found, part))
}

fn scalar_only(v: &Value) -> Done {
    if node_kind(v) == "ScalarNode" {
        Ok(())
    } else {
        Err("delimiter option can only be used with scalar nodes".into())
    }
}

/// A scalar with another text: what was a text stays one, anything else is what the text means.
fn rewritten(old: &Value, text: &str) -> Value {
    if old.is_string() { text.into() } else { yaml::meaning(text) }
}

fn replace(all: &mut Resources, value: &Value, target: &Target) -> Done {
    let Some(select) = &target.select else { return Err("target must specify resources to select".into()) };
    let failed = |why: String| format!("error creating target selector: {why}");
    let wanted = Expressions::of(select).map_err(failed)?;
    let rejects: Vec<(&Selector, Expressions)> =
        target.reject.iter().map(|s| Ok((s, Expressions::of(s).map_err(failed)?))).collect::<Result<_, String>>()?;
    let named = |e: &Expressions, id: &ResId| e.has_kind(id) && e.has_name(&id.name) && e.has_namespace(&id.namespace);
    for r in &mut all.0 {
        if !is_marked(r, select)? {
            continue;
        }
        let mut rejected = false;
        for (s, expressions) in &rejects {
            let by_marks = !s.annotation_selector.is_empty() || !s.label_selector.is_empty();
            let by_name = s.id.gvk != Gvk::default() || !s.id.name.is_empty() || !s.id.namespace.is_empty();
            rejected |= by_marks && is_marked(r, s)?;
            rejected |= by_name && r.ids().iter().any(|id| named(expressions, id));
        }
        if !rejected && r.ids().iter().any(|id| named(&wanted, id)) {
            copy(r, value, target)?;
        }
    }
    Ok(())
}

fn copy(r: &mut Resource, value: &Value, target: &Target) -> Done {
    let options = target.options.clone().unwrap_or_default();
    let own = [NAME.to_string()];
    let paths = if target.field_paths.is_empty() { own.as_slice() } else { &target.field_paths };
    for path in paths {
        let parts = split(path);
        let made = options.create.then(|| of_kind(value));
        if into_text(&mut r.node, &parts, made.as_ref(), value) {
            continue;
        }
        let how = if options.create { "find or create" } else { "find" };
        let gone = format!("unable to {how} field {} in replacement target", crate::api::go_text::quoted(path));
        let mut fault = None;
        let found = visit(&mut r.node, &parts, made.as_ref(), &mut |node| {
            fault = fault.take().or(set(node, value, &options).err());
            Ok(())
        });
        match (found, fault) {
            (Err(why), _) => return Err(format!("{gone}: {why}")),
            (Ok(0), _) => return Err(gone),
            (_, Some(why)) => return Err(why),
            _ => {}
        }
    }
    Ok(())
}

fn set(node: &mut Value, value: &Value, options: &Options) -> Done {
    let mut new = text(value);
    if !options.delimiter.is_empty() {
        scalar_only(node)?;
        let old = text(node);
        let mut parts: Vec<&str> = old.split(options.delimiter.as_str()).collect();
        match usize::try_from(options.index) {
            Err(_) => parts.insert(0, &new),
            Ok(i) if i >= parts.len() => parts.push(&new),
            Ok(i) => parts[i] = &new,
        }
        new = parts.join(&options.delimiter);
    }
    *node = if node_kind(node) == "ScalarNode" { rewritten(node, &new) } else { value.clone() };
    Ok(())
}

/// Where a path leads into a text that is YAML or JSON itself, the text is written anew.
fn into_text(node: &mut Value, path: &[String], made: Option<&Value>, value: &Value) -> bool {
    let is_text = |i: &usize| matches!(look_up(node, &path[..*i]), Ok(Some(Value::String(_))));
    let Some(at) = (1..path.len()).find(is_text) else { return false };
    let mut written = false;
    let found = visit(node, &path[..at], None, &mut |field| {
        let old = text(field);
        let mut inside = yaml::parse_new(&old)?.unwrap_or_default();
        let set = &mut |node: &mut Value| {
            *node = if node_kind(node) == "ScalarNode" { rewritten(node, &text(value)) } else { value.clone() };
            Ok(())
        };
        if visit(&mut inside, &path[at..], made, set)? > 0 {
            *field = serialized(&inside, &old).into();
            written = true;
        }
        Ok(())
    });
    found.is_ok() && written
}

/// As it was written before. Real Kubernetes: YAML keeps its order and its comments; here its keys are sorted.
fn serialized(v: &Value, old: &str) -> String {
    if !old.trim_start().starts_with(['{', '[']) {
        return yaml::print(v).trim().into();
    }
    if old.contains('\n') && old.contains("  ") {
        return serde_json::to_string_pretty(v).unwrap_or_default();
    }
    crate::api::go_text::json(v)
}
