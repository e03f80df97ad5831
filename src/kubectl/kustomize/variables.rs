//! Variables: `$(NAME)` in some fields stands for a field of a resource. Replacements came in their stead.
//! Real Kubernetes: kustomize api/filters/refvar, api/types/var.go.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::fields::{Create, Done, each};
use super::file::{FieldSpec, Var};
use super::ids::ResId;
use super::paths::{look_up, split};
use super::set::Resources;
use crate::api::go_text::{plain, type_name};

impl Var {
    /// With what goes without saying.
    fn completed(&self) -> Var {
        let mut var = self.clone();
        if var.fieldref.field_path.is_empty() {
            var.fieldref.field_path = "metadata.name".into();
        }
        match var.objref.api_version.split('/').collect::<Vec<_>>().as_slice() {
            [""] => {}
            [version] => var.objref.gvk.version = (*version).into(),
            [group, version] => (var.objref.gvk.group, var.objref.gvk.version) = ((*group).into(), (*version).into()),
            _ => {}
        }
        var
    }

    fn shown(&self) -> String {
        format!("{{{} {} {{{}}}}}", self.name, self.objref.gvk, self.fieldref.field_path)
    }

    fn target(&self) -> ResId {
        ResId {
            gvk: self.objref.gvk.clone(),
            name: self.objref.name.clone(),
            namespace: self.objref.namespace.clone(),
            cluster_scoped: false,
        }
    }
}

/// As Go's `%v` prints them.
pub fn shown(vars: &[Var]) -> String {
    format!("[{}]", vars.iter().map(Var::shown).collect::<Vec<_>>().join(" "))
}

/// Takes up the variables of a file, and marks what they look into.
///
/// # Errors
/// A name is taken, or a variable may mean several resources.
pub fn declare(all: &mut Resources, known: &mut BTreeMap<String, Var>, vars: &[Var]) -> Done {
    let vars: Vec<Var> = vars.iter().map(Var::completed).collect();
    for var in &vars {
        let target = var.target();
        let found = all.with_any_id(|id| match target.namespace.as_str() {
            "" => target.is_namesake(id),
            _ => target.is_same(id),
        });
        match found.as_slice() {
            [] => {}
            [at] => all.0[*at].variables.push(var.name.clone()),
            many => {
                return Err(format!(
                    "found {} resId matches for var {} (unable to disambiguate)",
                    many.len(),
                    var.shown()
                ));
            }
        }
    }
    vars.into_iter().try_for_each(|var| add(known, var))
}

/// # Errors
/// The name is taken.
pub fn add(known: &mut BTreeMap<String, Var>, var: Var) -> Done {
    if known.contains_key(&var.name) {
        return Err(format!("var '{}' already encountered", var.name));
    }
    known.insert(var.name.clone(), var);
    Ok(())
}

/// Puts the values of variables where they are named, and logs which were named nowhere.
///
/// # Errors
/// A variable has no value.
pub fn resolve(all: &mut Resources, known: &BTreeMap<String, Var>, specs: &[FieldSpec], log: &mut Vec<String>) -> Done {
    let mut values = BTreeMap::new();
    for var in known.values() {
        values.insert(var.name.clone(), value(all, var)?);
    }
    if values.is_empty() {
        return Ok(());
    }
    let mut seen = Seen { values: &values, used: BTreeSet::new(), log };
    for r in &mut all.0 {
        each(r, specs, Create::Nothing, &mut |node| {
            match node {
                Value::Object(map) => map.values_mut().for_each(|v| seen.expand(v)),
                Value::Array(items) if items.iter().all(Value::is_string) => {
                    items.iter_mut().for_each(|v| seen.expand(v));
                }
                Value::Array(_) => return Err("invalid value type expect a string".into()),
                scalar => seen.expand(scalar),
            }
            Ok(())
        })?;
    }
    let unused: Vec<&str> = values.keys().filter(|name| !seen.used.contains(*name)).map(String::as_str).collect();
    if !unused.is_empty() {
        seen.log.push(format!("well-defined vars that were never replaced: {}", unused.join(",")));
    }
    Ok(())
}

fn value(all: &Resources, var: &Var) -> Result<Value, String> {
    let Some(r) = all.0.iter().find(|r| r.variables.contains(&var.name)) else {
        return Err(format!("var '{}' cannot be mapped to a field in the set of known resources", var.shown()));
    };
    // `ports[0]` is `ports.0` here.
    let indexed = |part: String| match part.strip_suffix(']').and_then(|p| p.rsplit_once('[')) {
        Some((name, index)) if index.bytes().all(|b| b.is_ascii_digit()) => vec![name.to_string(), index.to_string()],
        _ => vec![part],
    };
    let path: Vec<String> = split(&var.fieldref.field_path).into_iter().flat_map(indexed).collect();
    match look_up(&r.node, &path) {
        Ok(Some(v)) => Ok(v.clone()),
        _ => Err(format!("field specified in var '{}' not found in corresponding resource", var.shown())),
    }
}

/// The values of all variables, and what became of them.
struct Seen<'a> {
    values: &'a BTreeMap<String, Value>,
    used: BTreeSet<String>,
    log: &'a mut Vec<String>,
}

impl Seen<'_> {
    /// Puts values into a text. A text that is nothing but a variable becomes what its value is.
    fn expand(&mut self, node: &mut Value) {
        let Value::String(old) = node else { return };
        let (mut out, mut rest) = (String::new(), old.as_str());
        while let Some(at) = rest.find('$') {
            out.push_str(&rest[..at]);
            let behind = &rest[at + 1..];
            let closed = behind.strip_prefix('(').and_then(|b| b.split_once(')'));
            match (behind.chars().next(), closed) {
                (None, _) => {
                    out.push('$');
                    rest = behind;
                }
                (Some('$'), _) => {
                    out.push('$');
                    rest = &behind[1..];
                }
                (Some('('), Some((name, after))) => {
                    match self.value(name) {
                        Some(value) if *old == format!("$({name})") => {
                            *node = value;
                            return;
                        }
                        Some(value) => out.push_str(&plain(&value)),
                        None => out.push_str(&format!("$({name})")),
                    }
                    rest = after;
                }
                (Some(c), _) => {
                    out.push('$');
                    out.push(c);
                    rest = &behind[c.len_utf8()..];
                }
            }
        }
        out.push_str(rest);
        *node = out.into();
    }

    fn value(&mut self, name: &str) -> Option<Value> {
        let value = self.values.get(name)?;
        if value.is_array() || value.is_object() || value.is_null() {
            let (of, shown) = (type_name(value), plain(value));
            self.log.push(format!("MakePrimitiveReplacer: bad replacement type={of} val={shown}"));
            return None;
        }
        self.used.insert(name.into());
        Some(value.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn variables_stand_for_values() {
        let values = BTreeMap::from([("A".to_string(), json!("x")), ("N".to_string(), json!(80))]);
        for (given, wanted) in [
            ("$(A):$(N)", json!("x:80")),
            ("$(N)", json!(80)),
            ("$$(A)", json!("$(A)")),
            ("$(B)", json!("$(B)")),
            ("$(A", json!("$(A")),
            ("1$", json!("1$")),
        ] {
            let mut node = json!(given);
            Seen { values: &values, used: BTreeSet::new(), log: &mut vec![] }.expand(&mut node);
            assert_eq!(node, wanted, "{given}");
        }
    }
}
