//! Nothing that comes in makes the API server panic: good inputs, bent and broken, a hundred thousand of them.

#[path = "../fuzz/targets.rs"]
mod targets;

use std::panic::{AssertUnwindSafe, catch_unwind};

use kubetutor::api::yaml;
use kubetutor::apiserver::caller::{Chance, below};
use rand::SeedableRng;
use serde_json::{Value, json};

use super::laws::server::seeds;
use super::objects::{FOLDER, files};

/// What is put into inputs.
const TOKENS: [&str; 44] = [
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ",",
    "null",
    "true",
    "{}",
    "[]",
    "\"\"",
    "-1",
    "0",
    "1e9",
    "1.5",
    "9223372036854775808",
    "1e400",
    "\\u0000",
    "\\ud800",
    "\u{fffd}",
    "é",
    "%2F",
    "/",
    "//",
    "..",
    "$patch",
    "$setElementOrder/containers",
    "$deleteFromPrimitiveList/finalizers",
    "$retainKeys",
    "delete",
    "replace",
    "name",
    "metadata",
    "spec",
    "\n",
    "- ",
    "&a ",
    "*a",
    "!!str ",
    "1Ei",
    "99999999999999999999n",
    "~1",
    "notin (",
];
const SELECTORS: [&str; 10] = [
    "a=1",
    "a==1,b!=2",
    "a in (1,2),!b",
    "a notin (x),c",
    "a>1,b<2",
    "app=web,tier",
    "metadata.name=x",
    "spec.nodeName!=,status.phase=Running",
    "a\\=b=c\\,d",
    "x in (), y",
];
const QUANTITIES: [&str; 16] = [
    "1",
    "100m",
    "1.5Gi",
    "12e6",
    "1E",
    "1Ei",
    "-0.5",
    "+1k",
    "0.000000001n",
    "9223372036854775807",
    "1e-20",
    "123456789012345678901234567890",
    ".5",
    "5.",
    "1e",
    "007Mi",
];
const PATHS: [&str; 12] = [
    "g/api/v1/namespaces/a/pods/x/log?container=c",
    "g/apis/apps/v1/deployments?limit=5&continue=abc",
    "p/api/v1/namespaces",
    "u/api/v1/nodes/n/status",
    "m/apis/apps/v1/namespaces/a/deployments/x/scale",
    "d/api/v1/namespaces/a/pods?labelSelector=a%3Db",
    "g/api/v1/pods?watch=true&resourceVersion=1&fieldSelector=spec.nodeName=x",
    "g/openapi/v3/apis/apps/v1",
    "g/apis//v1",
    "g/version",
    "a/api/v1/namespaces/a/configmaps/x?fieldManager=me&force=true",
    "g/api/v1/namespaces/a/services/x:80/proxy/",
];

struct Bender {
    chance: Chance,
    objects: Vec<Value>,
    expressions: Vec<String>,
}

impl Bender {
    fn any(&mut self, n: usize) -> usize {
        usize::try_from(below(&mut self.chance, n as u64)).unwrap()
    }

    fn of<'t>(&mut self, list: &[&'t str]) -> &'t str {
        list[self.any(list.len())]
    }

    fn object(&mut self) -> Value {
        let i = self.any(self.objects.len());
        self.objects[i].clone()
    }

    /// Breaks a text in a few places.
    fn bend(&mut self, text: &mut Vec<u8>) {
        for _ in 0..self.any(4) {
            let at = self.any(text.len() + 1);
            let end = (at + self.any(8)).min(text.len());
            match self.any(5) {
                0 => drop(text.splice(at..at, self.of(&TOKENS).bytes())),
                1 => drop(text.splice(at..end, self.of(&TOKENS).bytes())),
                2 => drop(text.drain(at..end)),
                3 => {
                    let again = text[at..end].to_vec();
                    text.splice(at..at, again);
                }
                _ => {
                    let letter = u8::try_from(self.any(256)).unwrap();
                    if let Some(b) = text.get_mut(at) {
                        *b = letter;
                    }
                }
            }
        }
    }

    /// Puts something else at a place of a value.
    fn twist(&mut self, v: &mut Value) {
        let deeper = self.any(6) > 0;
        match v {
            Value::Object(fields) if deeper && !fields.is_empty() => {
                let i = self.any(fields.len());
                if let Some(inner) = fields.values_mut().nth(i) {
                    self.twist(inner);
                }
            }
            Value::Array(items) if deeper && !items.is_empty() => {
                let i = self.any(items.len());
                self.twist(&mut items[i]);
            }
            v => {
                let token = self.of(&TOKENS);
                *v = match self.any(7) {
                    0 => Value::Null,
                    1 => json!({}),
                    2 => json!([]),
                    3 => json!([{"name": token, "$patch": "delete"}]),
                    4 => json!(-1),
                    5 => json!([null, token]),
                    _ => json!(token),
                }
            }
        }
    }

    fn twisted(&mut self) -> Value {
        let mut v = self.object();
        for _ in 0..self.any(4) {
            self.twist(&mut v);
        }
        v
    }

    /// The operations of a JSON patch, on fields that may be there.
    fn operations(&mut self) -> Value {
        let some = |b: &mut Bender| {
            let ops = ["add", "remove", "replace", "move", "copy", "test", "fly"];
            let paths = [
                "/metadata/name",
                "/spec",
                "/spec/containers/0",
                "/spec/containers/-",
                "/metadata/labels/a~1b",
                "",
                "/",
                "/spec/template",
                "/data/~2",
                "/metadata/finalizers/99999999999999999999",
            ];
            json!({"op": b.of(&ops), "path": b.of(&paths), "from": b.of(&paths), "value": b.twisted()["spec"]})
        };
        (0..self.any(4)).map(|_| some(self)).collect()
    }

    /// An expression, or one with a part of another in it.
    fn expression(&mut self) -> String {
        let (one, other) = (self.any(self.expressions.len()), self.any(self.expressions.len()));
        let (one, other) = (&self.expressions[one].clone(), &self.expressions[other].clone());
        match self.any(4) {
            0 => format!("{one} && ({other})"),
            1 => format!("[{one}, {other}].map(x, [x, {other}])"),
            2 => one.replacen("1", other, 1),
            _ => one.clone(),
        }
    }

    fn input(&mut self, target: &str) -> Vec<u8> {
        let two = |a: Value, b: Value| format!("{a}\n{b}");
        let mut text = match target {
            "decode" => self.twisted().to_string(),
            "json_patch" => two(self.object(), self.operations()),
            "merge_patch" | "strategic_patch" | "apply" => {
                let one = self.object();
                let mut other = if self.any(3) == 0 { self.object() } else { one.clone() };
                for _ in 0..self.any(5) {
                    self.twist(&mut other);
                }
                two(one, other)
            }
            "label_selector" | "field_selector" => self.of(&SELECTORS).into(),
            "quantity" => self.of(&QUANTITIES).into(),
            "cel" | "policy" => self.expression(),
            _ => self.of(&PATHS).into(),
        }
        .into_bytes();
        // Half of the objects stay JSON, so that what is behind the reader is tried as well.
        if text.len() < 100 || self.any(2) == 0 {
            self.bend(&mut text);
        }
        text
    }
}

/// The objects of all cases.
fn objects() -> Vec<Value> {
    let mut out = vec![];
    for file in files() {
        let text = std::fs::read_to_string(format!("{FOLDER}/{file}.yaml")).expect("file");
        let documents = yaml::parse_all(&text).expect("cases");
        let created = documents[0].as_array().into_iter().flatten().map(|c| c["create"].clone());
        out.extend(created.filter(Value::is_object));
    }
    out
}

/// The expressions of all cases of CEL, and some of policies.
fn expressions() -> Vec<String> {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reference/cel/cases.yaml"));
    let groups = yaml::parse_all(&text.expect("cases")).expect("cases").remove(0);
    let mut out: Vec<String> = [
        "object.data.all(k, k.startsWith('a') || variables.v)",
        "request.operation == 'CREATE' && !has(oldObject.metadata)",
        "authorizer.group('apps').resource('deployments').namespace('default').check('create').allowed()",
        "namespaceObject.metadata.name in ['default'] ? string(object) : 'x'",
        "JSONPatch{op: 'add', path: '/data/' + jsonpatch.escapeKey('a/b'), value: object}",
    ]
    .map(Into::into)
    .into();
    for group in groups.as_array().into_iter().flatten() {
        let all = group["expressions"].as_array().into_iter().flatten();
        out.extend(all.filter_map(|e| e.as_str().map(Into::into)));
    }
    out
}

/// Tries a target `times` for each three of the usual seeds.
fn try_out(name: &str, times: usize) {
    let (_, target) = targets::ALL.into_iter().find(|(n, _)| *n == name).expect("a target");
    let times = times * usize::try_from(seeds().cases).unwrap() / 300;
    let mut bender = Bender { chance: Chance::seed_from_u64(7), objects: objects(), expressions: expressions() };
    for _ in 0..times {
        let input = bender.input(name);
        let whole = catch_unwind(AssertUnwindSafe(|| target(&input)));
        assert!(whole.is_ok(), "{name}: {}", String::from_utf8_lossy(&input));
    }
}

#[test]
fn any_object_is_read_completed_and_judged_without_panic() {
    try_out("decode", 12_000);
}

#[test]
fn any_patch_is_applied_or_refused_without_panic() {
    for how in ["json_patch", "merge_patch", "strategic_patch"] {
        try_out(how, 6_000);
    }
}

#[test]
fn any_configuration_is_applied_or_refused_without_panic() {
    try_out("apply", 5_000);
}

#[test]
fn any_selector_and_quantity_is_read_or_refused_without_panic() {
    try_out("label_selector", 25_000);
    try_out("field_selector", 15_000);
    try_out("quantity", 20_000);
}

#[test]
fn any_path_leads_somewhere_or_nowhere_without_panic() {
    try_out("path", 8_000);
}

#[test]
fn any_expression_is_judged_and_run_without_panic() {
    try_out("cel", 8_000);
    try_out("policy", 3_000);
}
