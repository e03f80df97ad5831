//! kubectl set env: environment variables of containers.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/set/set_env.go.

use serde_json::{Value, json};

use super::create_data::check_variable;
use super::set::{CHANGING, Wording, change, pod_spec, targets};
use crate::api::request::Request;
use crate::api::{Resource, kinds};
use crate::kubectl::args::{FILES, OUTPUT, SELECTOR, Type};
use crate::kubectl::record::RECORD;
use crate::kubectl::resources::{object, slashed};
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Verb};

pub static ENV: Verb = Verb {
    name: "set env",
    summary: "Update environment variables on a pod template",
    flags: &[
        CHANGING,
        &[
            Flag::new("containers", Type::Text).short('c').default("*"),
            Flag::new("env", Type::Array).short('e'),
            Flag::new("list", Type::Bool),
            Flag::new("from", Type::Text),
            Flag::new("prefix", Type::Text),
            Flag::new("keys", Type::List),
            Flag::new("overwrite", Type::Bool).default("true"),
            Flag::new("resolve", Type::Bool).absent(),
            SELECTOR,
        ],
        RECORD,
        OUTPUT,
        FILES,
    ],
    completes: Completes::Objects,
    run: set_env,
};

fn set_env(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let is_change = |w: &&String| w.contains('=') || w.ends_with('-') && w.len() > 1;
    let words: Vec<String> = args.words.iter().filter(|w| !is_change(w)).cloned().collect();
    let (mut set, mut remove): (Vec<Value>, Vec<String>) = (vec![], vec![]);
    for change in args.words.iter().filter(is_change).chain(&args.list("env")) {
        match change.split_once('=') {
            Some((name, value)) => {
                check_variable(name)?;
                set.push(json!({"name": name, "value": value}));
            }
            None => remove.push(change.trim_end_matches('-').to_string()),
        }
    }
    let found = targets(args, &words, env)?;
    if args.is_set("from") {
        set.extend(from(args, env)?);
    }
    let wanted = args.text("containers").to_string();
    let chosen = |c: &Value| wanted == "*" || c["name"] == wanted.as_str();
    if args.flag("list") {
        for o in found {
            let mut v = (*o.object).clone();
            let containers = pod_spec(&mut v).map(|s| s["containers"].clone()).unwrap_or_default();
            for c in containers.as_array().into_iter().flatten().filter(|c| chosen(c)) {
                env.line(format!("# {} {}, container {}", o.kind.name(), o.name, c["name"].as_str().unwrap_or("")));
                c["env"].as_array().into_iter().flatten().for_each(|e| env.line(listed(e)));
            }
        }
        return Ok(Done::OK);
    }
    if set.is_empty() && remove.is_empty() {
        return Err(Failure::error("at least one environment variable must be provided"));
    }
    let overwrite = args.flag("overwrite");
    let wording = Wording { failed: "env update to pod template:", done: "env updated" };
    change(args, found, &wording, env, |spec| {
        let mut problems = vec![];
        let mut hit = false;
        for list in ["initContainers", "containers"] {
            for c in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten().filter(|c| chosen(c)) {
                hit = true;
                problems.extend(update(c, &set, &remove, overwrite));
            }
        }
        if !hit {
            problems.push(Failure::error(format!("unable to find container named {wanted:?}")));
        }
        problems
    })
}

/// Variables that are there keep their place, new ones follow.
fn update(container: &mut Value, set: &[Value], remove: &[String], overwrite: bool) -> Vec<Failure> {
    let mut vars: Vec<Value> = container["env"].as_array().cloned().unwrap_or_default();
    let mut problems = vec![];
    for new in set {
        match vars.iter_mut().find(|v| v["name"] == new["name"]) {
            Some(old) if overwrite || old == new => *old = new.clone(),
            Some(old) => problems.push(Failure::error(format!(
                "\'{}\' already has a value ({}), and --overwrite is false",
                new["name"].as_str().unwrap_or(""),
                old["value"].as_str().unwrap_or("")
            ))),
            None => vars.push(new.clone()),
        }
    }
    vars.retain(|v| !remove.iter().any(|r| v["name"] == r.as_str()));
    if let Some(c) = container.as_object_mut() {
        if vars.is_empty() {
            c.remove("env");
        } else {
            c.insert("env".into(), vars.into());
        }
    }
    problems
}

/// The keys of a ConfigMap or Secret, as references.
fn from(args: &Args, env: &mut Env<'_>) -> Result<Vec<Value>, Failure> {
    let text = args.text("from");
    let Some((word, name)) = slashed(text)? else {
        return Err(Failure::error("arguments in resource/name form must have a single resource and name"));
    };
    let kind = env.mapped(|m| m.kind(word))?;
    let reference = if kind == kinds::Secret::kind_ref() {
        "secretKeyRef"
    } else if kind == kinds::ConfigMap::kind_ref() {
        "configMapKeyRef"
    } else {
        return Err(Failure::error(format!("unsupported resource specified in --from: {text}")));
    };
    let ns = env.namespace.clone();
    let source = env.call(&Request::get(object(kind, &ns, name)))?;
    let keys = args.list("keys");
    let all = source["data"].as_object().into_iter().flatten().map(|(k, _)| k);
    Ok(all
        .filter(|k| keys.is_empty() || keys.contains(k))
        .map(|k| {
            let variable = k.to_uppercase().replace(|c: char| !c.is_ascii_alphanumeric() && c != '_', "_");
            json!({"name": format!("{}{variable}", args.text("prefix")), "valueFrom": {reference: {"key": k, "name": name}}})
        })
        .collect())
}

/// A variable as `--list` shows it.
fn listed(e: &Value) -> String {
    let name = e["name"].as_str().unwrap_or("");
    for (reference, kind) in [("configMapKeyRef", "configmap"), ("secretKeyRef", "secret")] {
        let r = &e["valueFrom"][reference];
        if r.is_object() {
            let text = |v: &Value| v.as_str().unwrap_or("").to_string();
            return format!("# {name} from {kind} {}, key {}", text(&r["name"]), text(&r["key"]));
        }
    }
    if let Some(path) = e["valueFrom"]["fieldRef"]["fieldPath"].as_str() {
        return format!("# {name} from field path {path}");
    }
    format!("{name}={}", e["value"].as_str().unwrap_or(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_replaced_in_their_place_added_and_removed() {
        let mut c = json!({"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]});
        let set = [json!({"name": "A", "value": "3"}), json!({"name": "C", "value": "4"})];
        assert!(update(&mut c, &set, &["B".to_string()], true).is_empty());
        assert_eq!(c, json!({"env": [{"name": "A", "value": "3"}, {"name": "C", "value": "4"}]}));
        assert_eq!(update(&mut c, &[json!({"name": "A", "value": "9"})], &[], false).len(), 1);
        update(&mut c, &[], &["A".to_string(), "C".to_string()], true);
        assert_eq!(c, json!({}));
    }
}
