//! kubectl taint: what keeps pods off nodes.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/taint (taint.go, utils.go).

use std::fmt;

use serde_json::{Value, json};

use super::create::say;
use crate::api::names;
use crate::api::patch::PatchType;
use crate::api::request::{Method, Request};
use crate::kubectl::args::{ALL, DRY_RUN_FLAG, DryRun, OUTPUT, SELECTOR, Type, VALIDATE, field_manager};
use crate::kubectl::manifests::Validate;
use crate::kubectl::printers::Format;
use crate::kubectl::resources::{self, finish};
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Verb};

pub static TAINT: Verb = Verb {
    name: "taint",
    summary: "Update the taints on one or more nodes",
    flags: &[
        &[DRY_RUN_FLAG, VALIDATE, SELECTOR, Flag::new("overwrite", Type::Bool), field_manager("kubectl-taint")],
        ALL,
        OUTPUT,
    ],
    completes: Completes::Objects,
    run: taint,
};

#[derive(Clone, PartialEq, Eq, Debug)]
struct Taint {
    key: String,
    value: String,
    effect: String,
}

impl Taint {
    fn of(v: &Value) -> Taint {
        let text = |k: &str| v[k].as_str().unwrap_or("").to_string();
        Taint { key: text("key"), value: text("value"), effect: text("effect") }
    }

    /// A node has one taint of a key and an effect.
    fn is_the(&self, other: &Taint) -> bool {
        self.key == other.key && self.effect == other.effect
    }

    /// `<key>=<value>:<effect>`, `<key>:<effect>` or `<key>`.
    fn parse(spec: &str) -> Result<Taint, String> {
        let invalid = || format!("invalid taint spec: {spec}");
        let (key, value, effect) = match spec.split(':').collect::<Vec<_>>().as_slice() {
            [key] => (*key, "", ""),
            [pair, effect] => {
                if !["NoSchedule", "PreferNoSchedule", "NoExecute"].contains(effect) {
                    return Err(format!("invalid taint effect: {effect}, unsupported taint effect"));
                }
                let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                let problems = names::label_value(value);
                match value.contains('=') {
                    true => return Err(invalid()),
                    false if !problems.is_empty() => return Err(format!("{}, {}", invalid(), problems.join("; "))),
                    false => (key, value, *effect),
                }
            }
            _ => return Err(invalid()),
        };
        match names::qualified_name(key).as_slice() {
            [] => Ok(Taint { key: key.into(), value: value.into(), effect: effect.into() }),
            problems => Err(format!("{}, {}", invalid(), problems.join("; "))),
        }
    }

    fn json(&self) -> Value {
        let mut v = json!({"key": self.key, "effect": self.effect});
        if !self.value.is_empty() {
            v["value"] = self.value.as_str().into();
        }
        v
    }
}

impl fmt::Display for Taint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Taint { key, value, effect } = self;
        match (value.is_empty(), effect.is_empty()) {
            (true, true) => write!(f, "{key}"),
            (false, true) => write!(f, "{key}={value}:"),
            (true, false) => write!(f, "{key}:{effect}"),
            (false, false) => write!(f, "{key}={value}:{effect}"),
        }
    }
}

/// What a command line does to a node's taints. One that goes may leave its effect open.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Changes {
    add: Vec<Taint>,
    remove: Vec<Taint>,
}

impl Changes {
    fn parse(specs: &[&String]) -> Result<Changes, String> {
        let mut out = Changes::default();
        for spec in specs {
            if let Some(gone) = spec.strip_suffix('-') {
                let t = Taint::parse(gone)?;
                out.remove.push(Taint { value: String::new(), ..t });
                continue;
            }
            let t = Taint::parse(spec)?;
            if t.effect.is_empty() {
                return Err(format!("invalid taint spec: {spec}"));
            }
            if out.add.iter().any(|other| other.is_the(&t)) {
                return Err(format!(
                    "duplicated taints with the same key and effect: {{{} {} {} <nil>}}",
                    t.key, t.value, t.effect
                ));
            }
            out.add.push(t);
        }
        Ok(out)
    }

    /// Taints that are to come and to go at once.
    fn contradictions(&self) -> Vec<String> {
        let pairs = self.add.iter().flat_map(|a| self.remove.iter().map(move |r| (a, r)));
        pairs
            .filter(|(a, r)| a.key == r.key && (r.effect.is_empty() || r.effect == a.effect))
            .map(|(_, r)| format!("{}={}", r.key, r.effect))
            .collect()
    }

    /// The taints of a node afterwards, and the word for what was done; or why it cannot be done.
    fn applied(&self, node: &str, old: &[Taint], overwrite: bool) -> Result<(Vec<Taint>, &'static str), Vec<String>> {
        let there: Vec<&str> =
            self.add.iter().flat_map(|a| old.iter().filter(|o| o.is_the(a)).map(|_| a.key.as_str())).collect();
        if !overwrite && !there.is_empty() {
            return Err(vec![format!(
                "node {node} already has {} taint(s) with same effect(s) and --overwrite is false",
                there.join(",")
            )]);
        }
        let mut new = self.add.clone();
        new.extend(old.iter().filter(|o| !self.add.iter().any(|a| a.is_the(o))).cloned());
        let added = new.len() != old.len();
        let (mut missing, mut removed) = (vec![], false);
        for gone in &self.remove {
            let before = new.len();
            new.retain(|t| !(t.key == gone.key && (gone.effect.is_empty() || gone.effect == t.effect)));
            removed = new.len() != before;
            if !removed {
                missing.push(format!("taint {:?} not found", gone.to_string()));
            }
        }
        if !missing.is_empty() {
            return Err(missing);
        }
        let said = match () {
            () if overwrite || added && removed => "modified",
            () if added => "tainted",
            () => "untainted",
        };
        Ok((new, said))
    }
}

fn taint(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let dry = DryRun::of(args)?;
    let validate = Validate::of(args)?;
    let is_taint = |w: &&String| w.contains(['=', ':']) || w.ends_with('-');
    let split = args.words.iter().position(|w| is_taint(&w)).unwrap_or(args.words.len());
    let (words, _) = args.words.split_at(split);
    let (taints, others): (Vec<&String>, Vec<&String>) = args.words[split..].iter().partition(is_taint);
    if let Some(w) = others.first() {
        return Err(Failure::error(format!("all resources must be specified before taint changes: {w}")));
    }
    let Some(resource) = words.first().map(|w| w.to_lowercase()) else {
        return Err(Failure::error("one or more resources must be specified as <resource> <name>"));
    };
    if taints.is_empty() {
        return Err(Failure::error("at least one taint update is required"));
    }
    let changes = Changes::parse(&taints).map_err(|e| Failure::see(e, "taint"))?;
    let kind = env.mapped(|m| m.kind(&resource))?;
    if kind.name() != "Node" {
        return Err(Failure::error(format!("invalid resource type {resource}, only node types are supported")));
    }
    let contradictions = changes.contradictions();
    if !contradictions.is_empty() {
        return Err(Failure::error(format!(
            "can not both modify and remove the following taint(s) in the same command: {}",
            contradictions.join(", ")
        )));
    }
    let selecting = !args.text("selector").is_empty();
    let by_name = match (args.flag("all"), selecting) {
        (true, true) => {
            return Err(Failure::error("setting 'all' parameter with a non empty selector is prohibited"));
        }
        (false, false) if words.len() < 2 => {
            return Err(Failure::error(
                "at least one resource name must be specified since 'all' parameter is not set",
            ));
        }
        (all, selecting) => !all && !selecting,
    };
    let format = Format::of(args)?;
    // Names beside a selector, or beside --all, are not looked at.
    let names = if by_name { &words[1..] } else { &[] };
    let wanted: Vec<String> = std::iter::once("node".to_string()).chain(names.iter().cloned()).collect();
    let (found, mut failures) = resources::fetch_named(args, &wanted, env)?;
    for f in found {
        let old: Vec<Taint> = f.object["spec"]["taints"].as_array().into_iter().flatten().map(Taint::of).collect();
        let (new, said) = match changes.applied(&f.name, &old, args.flag("overwrite")) {
            Ok(applied) => applied,
            Err(why) => {
                failures.push(refused(why));
                continue;
            }
        };
        let kept = |t: &Taint| {
            let mut all = f.object["spec"]["taints"].as_array().into_iter().flatten();
            all.find(|v| Taint::of(v) == *t).cloned().unwrap_or_else(|| t.json())
        };
        let list = Value::Array(new.iter().map(kept).collect());
        let patch = match (new == old, new.is_empty()) {
            (true, _) => json!({}),
            (false, true) => json!({"spec": {"taints": null}}),
            (false, false) => json!({"spec": {"taints": list}}),
        };
        let mut node = (*f.object).clone();
        if dry == DryRun::Client {
            json_patch::merge(&mut node, &patch);
        } else {
            let r = dry.on(Request::new(Method::Patch(PatchType::Strategic), f.path())
                .query("fieldValidation", validate.field_validation())
                .body(patch));
            match env.try_call(&r) {
                Ok(o) => node = (*o).clone(),
                Err(s) => {
                    failures.push(Failure::status(&s));
                    continue;
                }
            }
        }
        say(args, &format, f.kind, &node, said, dry, env)?;
    }
    finish(failures)
}

/// Several reasons about one node are one failure.
fn refused(why: Vec<String>) -> Failure {
    let several = format!("[{}]", why.join(", "));
    match <[String; 1]>::try_from(why) {
        Ok([one]) => Failure::error(one),
        Err(many) => Failure { among: Some(several), ..Failure::plain(many.join("\n")) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taints(specs: &[&str]) -> Vec<Taint> {
        specs.iter().map(|s| Taint::parse(s).unwrap()).collect()
    }

    fn changes(specs: &[&str]) -> Result<Changes, String> {
        let specs: Vec<String> = specs.iter().map(|s| s.to_string()).collect();
        Changes::parse(&specs.iter().collect::<Vec<_>>())
    }

    #[test]
    fn a_taint_is_a_key_a_value_and_an_effect() {
        for spec in ["a=b:NoSchedule", "a:NoExecute", "a", "example.com/a=b:PreferNoSchedule"] {
            assert_eq!(Taint::parse(spec).unwrap().to_string(), spec);
        }
        for (spec, problem) in [
            ("a=b:Sometimes", "invalid taint effect: Sometimes, unsupported taint effect"),
            ("a=b:c:NoSchedule", "invalid taint spec: a=b:c:NoSchedule"),
            ("a=b=c:NoSchedule", "invalid taint spec: a=b=c:NoSchedule"),
            ("a b:NoSchedule", "invalid taint spec: a b:NoSchedule, name part must consist"),
            ("a=b c:NoSchedule", "invalid taint spec: a=b c:NoSchedule, a valid label must be"),
            ("a=b", "invalid taint spec: a=b, name part must consist"),
        ] {
            let said = Taint::parse(spec).unwrap_err();
            assert!(said.starts_with(problem), "{said}");
        }
    }

    #[test]
    fn what_a_command_line_asks_for_is_whole_and_does_not_contradict_itself() {
        assert_eq!(changes(&["a"]), Err("invalid taint spec: a".into()));
        assert_eq!(
            changes(&["a=1:NoSchedule", "a=2:NoSchedule"]),
            Err("duplicated taints with the same key and effect: {a 2 NoSchedule <nil>}".into())
        );
        let contradictions = |specs: &[&str]| changes(specs).unwrap().contradictions();
        assert_eq!(contradictions(&["a=1:NoSchedule", "a-"]), ["a="]);
        assert_eq!(contradictions(&["a=1:NoSchedule", "a:NoSchedule-"]), ["a=NoSchedule"]);
        assert_eq!(contradictions(&["a=1:NoSchedule", "a:NoExecute-"]), Vec::<String>::new());
    }

    #[test]
    fn taints_come_and_go_and_are_not_overwritten_unasked() {
        let old = taints(&["a=1:NoSchedule", "a=1:NoExecute", "b:NoSchedule"]);
        for (specs, overwrite, want) in [
            (
                &["c=1:NoSchedule"][..],
                false,
                Ok((vec!["c=1:NoSchedule", "a=1:NoSchedule", "a=1:NoExecute", "b:NoSchedule"], "tainted")),
            ),
            (
                &["a=2:NoSchedule"],
                false,
                Err(vec!["node n already has a taint(s) with same effect(s) and --overwrite is false"]),
            ),
            (&["a=2:NoSchedule"], true, Ok((vec!["a=2:NoSchedule", "a=1:NoExecute", "b:NoSchedule"], "modified"))),
            (&["a-"], false, Ok((vec!["b:NoSchedule"], "untainted"))),
            (&["a:NoSchedule-"], false, Ok((vec!["a=1:NoExecute", "b:NoSchedule"], "untainted"))),
            (&["c:NoSchedule", "b-"], false, Ok((vec!["c:NoSchedule", "a=1:NoSchedule", "a=1:NoExecute"], "modified"))),
            (&["c-", "b:NoExecute-"], false, Err(vec!["taint \"c\" not found", "taint \"b:NoExecute\" not found"])),
        ] {
            let got = changes(specs).unwrap().applied("n", &old, overwrite);
            let got = got.map(|(new, said)| (new.iter().map(Taint::to_string).collect::<Vec<_>>(), said));
            let want = want
                .map(|(new, said)| (new.iter().map(|t| t.to_string()).collect(), said))
                .map_err(|e| e.iter().map(|e| e.to_string()).collect::<Vec<_>>());
            assert_eq!(got, want, "{specs:?}");
        }
    }
}
