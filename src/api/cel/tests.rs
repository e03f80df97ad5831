//! Expressions beside what cel-go says of them when it is set up as Kubernetes v1.36.3 sets it up (`tests/reference/cel`).

use std::sync::Arc;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaProps;
use serde_json::{Value as Json, json};

use super::schema::{Decl, SchemaTypes, read};
use super::*;
use crate::api::structural::Structural;
use crate::api::yaml;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reference/cel");

struct Same(Value);

impl Activation for Same {
    fn variable(&self, name: &str) -> Option<Result<Value, Error>> {
        matches!(name, "self" | "oldSelf").then(|| Ok(self.0.clone()))
    }
}

/// A value as the record shows it.
fn show(v: &Value) -> String {
    match v {
        Value::String(s) => go_quoted(s),
        Value::Bytes(b) => format!("b{}", b.iter().map(|b| format!("{b:02x}")).collect::<String>()),
        Value::Uint(u) => format!("{u}u"),
        Value::Double(f) if f.is_infinite() => format!("double({}Inf)", if *f > 0.0 { "+" } else { "-" }),
        Value::Double(f) => format!("double({})", crate::api::go_text::float(*f)),
        Value::Null => "null".into(),
        Value::Optional(None) => "none".into(),
        Value::Optional(Some(v)) => format!("optional({})", show(v)),
        Value::Duration(d) => times::duration_text(*d),
        Value::Timestamp(t) => t.rfc3339(),
        Value::Type(t) => format!("type({})", t.name()),
        Value::List(l) => format!("[{}]", l.items.iter().map(show).collect::<Vec<_>>().join(", ")),
        Value::Map(m) => {
            let mut all: Vec<_> = m.entries.iter().map(|(k, v)| format!("{}: {}", show(&k.value()), show(v))).collect();
            all.sort();
            format!("{{{}}}", all.join(", "))
        }
        Value::Int(i) => i.to_string(),
        Value::Bool(b) => b.to_string(),
        other => other.type_of().name(),
    }
}

fn go_quoted(s: &str) -> String {
    json!(s).to_string()
}

fn judge(text: &str, env: &Env, decl: &Decl, me: &Value) -> Json {
    let compiled = match compile(text, env) {
        Err(issues) => return json!({"issues": issues}),
        Ok(c) => c,
    };
    let cost = compiled.cost(decl);
    let mut out = json!({"type": compiled.type_.to_string(), "min": cost.min, "max": cost.max});
    match compiled.program() {
        Err(e) => out["error"] = format!("program: {}", e.text()).into(),
        Ok(program) => {
            let outcome = program.run(&Same(me.clone()), PER_CALL);
            match outcome.value {
                Ok(v) => out["value"] = show(&v).into(),
                Err(e) => out["error"] = e.text().into(),
            }
            out["cost"] = outcome.cost.into();
        }
    }
    out
}

#[test]
fn expressions_mean_and_cost_what_they_do_in_kubernetes() {
    let text = |name: &str| std::fs::read_to_string(format!("{FOLDER}/{name}")).expect("file");
    let groups = yaml::parse_all(&text("cases.yaml")).expect("cases").remove(0);
    let answers: Json = serde_json::from_str(&text("cases.answers.json")).expect("answers");
    let (mut all, mut count) = (vec![], 0);
    for (group, answers) in groups.as_array().expect("groups").iter().zip(answers.as_array().expect("answers")) {
        let schema: JSONSchemaProps = serde_json::from_value(group["schema"].clone()).expect("schema");
        let s = Structural::new(&schema).expect("structural");
        let root = group["root"] == true;
        let decl = Arc::new(Decl::of(&s, "selfType", root).expect("decl"));
        let env = Env::default()
            .with("self", decl.type_())
            .with("oldSelf", decl.type_())
            .with_types(Arc::new(SchemaTypes::of(&decl)));
        let me = read(&group["object"], &s, root);
        for want in answers.as_array().expect("answers") {
            count += 1;
            let expression = want["expression"].as_str().expect("expression");
            let mut want = want.clone();
            want.as_object_mut().expect("answer").remove("expression");
            let got = judge(expression, &env, &decl, &me);
            if got != want {
                all.push(format!("{expression}\n  real {want}\n  ours {got}"));
            }
        }
    }
    assert!(all.is_empty(), "{}\n{} of {count} differ", all.join("\n"), all.len());
}

/// Whatever is written, nothing panics and all ends.
#[test]
fn broken_expressions_harm_nothing() {
    let deep = |open: &str, close: &str| format!("{}1{}", open.repeat(5000), close.repeat(5000));
    for text in [
        deep("(", ")"),
        deep("[", "]"),
        deep("{1:", "}"),
        deep("-(", ")"),
        format!("1{}", "+1".repeat(20_000)),
        format!("self{}", ".a".repeat(20_000)),
        format!("true{}", " && true".repeat(10_000)),
        "!".repeat(20_000),
        "'".into(),
        "\u{0}".into(),
        "a.b.c(".into(),
        "[1,2,3].map(x, [1,2,3].map(y, [1,2,3].map(z, x+y+z)))".into(),
        format!("{}1{}", "[1].map(x, ".repeat(200), ")".repeat(200)),
        format!("[1]{}", ".map(x, x)".repeat(500)),
    ] {
        if let Ok(c) = compile(&text, &Env::default()) {
            c.cost(&NoSizes);
            if let Ok(p) = c.program() {
                let outcome = p.run(&Same(Value::Null), PER_CALL);
                assert!(outcome.cost <= 2 * PER_CALL);
            }
        }
    }
    // A macro that writes its target twice, over and over.
    let chained = format!("optional.of([1]){}", ".optMap(x, x)".repeat(60));
    assert!(compile(&chained, &Env::default()).is_err_and(|e| e.contains("expression size exceeds limit")));
    // Each step doubles: of no list more may come than there is room for.
    let nested =
        format!("optional.of([1]).optMap(x, {}x{})", "optional.of(x + x).optMap(x, ".repeat(26), ")".repeat(26));
    let compiled = compile(&nested, &Env::default()).expect("compiles");
    let outcome = compiled.program().expect("plan").run(&Same(Value::Null), PER_CALL);
    assert_eq!(outcome.value.map(|_| ()), Err(Error::TooCostly));
}
