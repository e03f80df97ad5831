//! What is tried with any bytes: nothing of it may panic. Each is a target of cargo-fuzz and, with mutated good inputs, a test.

use kubetutor::api::canonical::fill;
use kubetutor::api::cel::policy::{Sees, env as policy_env};
use kubetutor::api::cel::schema::{Decl, SchemaTypes};
use kubetutor::api::cel::{self, Activation, Env, Outcome, PER_CALL, schema};
use kubetutor::api::field::FieldErrors;
use kubetutor::api::managed::{BuiltIn, Writer, on_apply, on_update};
use kubetutor::api::patch::{self, PatchType};
use kubetutor::api::quantity::{self, Quantity};
use kubetutor::api::request::{Method, Request};
use kubetutor::api::selector::{Selector, parse_fields};
use kubetutor::api::structural::Structural;
use kubetutor::api::user::MASTERS;
use kubetutor::api::{KindRef, RecordId, Time, User, body, reading};
use kubetutor::apiserver::caller::Chance;
use kubetutor::apiserver::{ApiServer, Caller};
use kubetutor::ledger::Ledger;
use std::sync::Arc;

use rand::SeedableRng;
use serde_json::{Value, json};

pub type Target = fn(&[u8]);

pub const ALL: [(&str, Target); 11] = [
    ("decode", decode),
    ("json_patch", json_patch),
    ("merge_patch", merge_patch),
    ("strategic_patch", strategic_patch),
    ("apply", apply),
    ("label_selector", label_selector),
    ("field_selector", field_selector),
    ("quantity", quantity),
    ("path", path),
    ("cel", cel),
    ("policy", policy),
];

fn parsed(bytes: &[u8], content_type: &str, kind: KindRef) -> Option<Value> {
    body::read(Request::new(Method::Post, ""), content_type, bytes, kind).ok()?.body
}

/// The kind that an object says it is; a Pod, if it is none that is known.
fn kind_of(v: &Value) -> Option<KindRef> {
    let said = KindRef::by_gvk(v["apiVersion"].as_str().unwrap_or(""), v["kind"].as_str().unwrap_or(""));
    said.or_else(|| KindRef::by_gvk("v1", "Pod"))
}

/// Bytes, a body, an object of its kind, completed and judged.
pub fn decode(bytes: &[u8]) {
    let Some(pod) = KindRef::by_gvk("v1", "Pod") else { return };
    for form in ["application/json", "application/yaml"] {
        let Some(v) = parsed(bytes, form, pod) else { continue };
        let Some(kind) = kind_of(&v) else { continue };
        let Ok((mut o, _)) = reading::read(kind, v) else { continue };
        kind.defaults(&mut o);
        let mut errors = FieldErrors::default();
        kind.validate(&o, &mut errors);
        let _ = (kind.warnings(&o, None), kind.row(&o, Time::ZERO), errors.list().len());
        // What was read is written as it was read.
        let again = reading::read(kind, (**o.json()).clone()).map(|(o, unknown)| (o.json().clone(), unknown.len()));
        assert_eq!(again.map(|(v, unknown)| (v == *o.json(), unknown)), Ok((true, 0)), "{}", o.json());
    }
}

/// An object and a patch of it, a line each.
fn patched(bytes: &[u8], how: PatchType) {
    let mut lines = bytes.splitn(2, |b| *b == b'\n');
    let (Some(first), Some(second)) = (lines.next(), lines.next()) else { return };
    let Some(pod) = KindRef::by_gvk("v1", "Pod") else { return };
    let Some(target) = parsed(first, "application/json", pod) else { return };
    let Some(kind) = kind_of(&target) else { return };
    let request = Request::new(Method::Patch(how), "");
    let Some(patch) = body::read(request, "", second, kind).ok().and_then(|r| r.body) else { return };
    if let Ok(mut out) = patch::apply(&target, &patch, how, kind) {
        if let Some(layout) = kind.layout() {
            fill(&mut out, layout);
        }
        let _ = reading::read(kind, out);
    }
}

pub fn json_patch(bytes: &[u8]) {
    patched(bytes, PatchType::Json);
}

pub fn merge_patch(bytes: &[u8]) {
    patched(bytes, PatchType::Merge);
}

pub fn strategic_patch(bytes: &[u8]) {
    patched(bytes, PatchType::Strategic);
}

/// An object and a configuration of it, a line each; whoever made the object owns it.
pub fn apply(bytes: &[u8]) {
    let mut lines = bytes.splitn(2, |b| *b == b'\n');
    let (Some(first), Some(second)) = (lines.next(), lines.next()) else { return };
    let Some(pod) = KindRef::by_gvk("v1", "Pod") else { return };
    let Some(mut live) = parsed(first, "application/json", pod) else { return };
    let Some(kind) = kind_of(&live) else { return };
    let request = Request::new(Method::Patch(PatchType::Apply), "");
    let Some(config) = body::read(request, "", second, kind).ok().and_then(|r| r.body) else { return };
    let versions = BuiltIn::new(kind, None);
    let by = |manager| Writer { manager, subresource: "", time: Time::ZERO };
    on_update(None, &mut live, &versions, &by("first"));
    let Ok(once) = on_apply(Some(&live), &config, &versions, &by("second"), true) else { return };
    let twice = on_apply(Some(&once), &config, &versions, &by("second"), false);
    assert_eq!(twice.as_ref().ok(), Some(&once), "applied twice: {config}");
}

pub fn label_selector(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Ok(selector) = Selector::parse(&text) else { return };
    let labels = [("a".to_string(), "1".to_string()), ("app".into(), "web".into())].into();
    let _ = (selector.matches(None), selector.matches(Some(&labels)));
    let shown = selector.to_string();
    assert_eq!(Selector::parse(&shown).map(|s| s.to_string()), Ok(shown.clone()), "{text:?}");
}

pub fn field_selector(bytes: &[u8]) {
    let _ = parse_fields(&String::from_utf8_lossy(bytes));
}

pub fn quantity(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Some(q) = Quantity::parse(&text) else { return };
    let _ =
        (q.milli(), q.units(), q.rounded(), q.plus(q), q.minus(q), q.cmp(&q.minus(q)), q.approximate(), q.to_string());
    let shown = quantity::canonical(&text);
    assert_eq!(quantity::canonical(&shown), shown, "{text:?}");
}

/// A method's first letter, a path and a query.
pub fn path(bytes: &[u8]) {
    thread_local! {
        static API: ApiServer = ApiServer::default();
    }
    let text = String::from_utf8_lossy(bytes);
    let (method, rest) = (text.chars().next(), text.chars().skip(1).collect::<String>());
    let (path, query) = rest.split_once('?').unwrap_or((rest.as_str(), ""));
    let method = match method {
        Some('p') => Method::Post,
        Some('u') => Method::Put,
        Some('m') => Method::Patch(PatchType::Merge),
        Some('a') => Method::Patch(PatchType::Apply),
        Some('d') => Method::Delete,
        _ => Method::Get,
    };
    let pairs = query.split('&').filter_map(|p| p.split_once('='));
    let request = pairs.fold(Request::new(method, path).body(json!({})), |r, (k, v)| r.query(k, v));
    let (mut api, mut ledger, mut chance) = (API.with(Clone::clone), Ledger::silent(), Chance::seed_from_u64(1));
    let user = User::of("fuzz", &[MASTERS]);
    let mut who = Caller::new(&user, "fuzz", Time::ZERO, RecordId::default(), &mut ledger, &mut chance);
    let _ = api.handle(&request, &mut who);
    let _ = api.open_watch(&request, &mut who);
}

/// What expressions are tried on.
fn thing() -> Value {
    json!({"apiVersion": "g/v1", "kind": "Thing", "metadata": {"name": "thing", "labels": {"a": "b"}}, "spec": {
        "replicas": 3, "min": 1, "max": 5, "ratio": 2.5, "name": "héllo", "enabled": true, "when": "2024-02-29T12:34:56.789Z",
        "wait": "1h30m", "raw": "aGVsbG8=", "port": 80, "tags": ["a", "b"], "nums": [3, 1, 2], "labels": {"app": "web"},
        "items": [{"name": "one", "count": 1}, {"name": "two"}], "any": {"z": [1, null, {"y": {}}]},
    }})
}

/// The schema of it.
fn schema_of_thing() -> Value {
    let text = json!({"type": "string"});
    let number = json!({"type": "integer"});
    json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {
        "replicas": number, "min": number, "max": number, "ratio": {"type": "number"}, "name": {"type": "string", "maxLength": 10},
        "enabled": {"type": "boolean"}, "when": {"type": "string", "format": "date-time"},
        "wait": {"type": "string", "format": "duration"}, "raw": {"type": "string", "format": "byte"},
        "port": {"x-kubernetes-int-or-string": true}, "tags": {"type": "array", "items": text, "maxItems": 5},
        "nums": {"type": "array", "items": number}, "labels": {"type": "object", "additionalProperties": text},
        "items": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"], "items":
            {"type": "object", "required": ["name"], "properties": {"name": text, "count": number}}},
        "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
    }}}})
}

/// Every variable is the same.
struct Same(cel::Value);

impl Activation for Same {
    fn variable(&self, _: &str) -> Option<Result<cel::Value, cel::Error>> {
        Some(Ok(self.0.clone()))
    }
}

/// An expression: of a rule, which knows the types of what it sees, and of a policy, which does not.
pub fn cel(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Some(s) = serde_json::from_value(schema_of_thing()).ok().and_then(|s| Structural::new(&s).ok()) else { return };
    let Some(decl) = Decl::of(&s, "selfType", true).map(Arc::new) else { return };
    let typed = Env::default()
        .with("self", decl.type_())
        .with("oldSelf", decl.type_())
        .with_types(Arc::new(SchemaTypes::of(&decl)));
    let untyped = policy_env(Sees { params: true, authorizer: true, patches: true }, None);
    let seen = [schema::read(&thing(), &s, true), cel::json::to_value(&thing())];
    for (env, seen) in [typed, untyped].iter().zip(seen) {
        let Ok(compiled) = cel::compile(&text, env) else { continue };
        let worst = compiled.cost(&*decl);
        assert!(worst.min <= worst.max, "{text:?} costs {} to {}", worst.min, worst.max);
        let Ok(program) = compiled.program() else { continue };
        let Outcome { value, cost } = program.run(&Same(seen), PER_CALL);
        assert!(cost <= 2 * PER_CALL, "{text:?} costs {cost}");
        let _ = value.map(|v| cel::json::from_value(&v).is_ok());
    }
}

/// A policy's expression, asked for and, if it is taken, applied to what is written next.
pub fn policy(bytes: &[u8]) {
    thread_local! {
        static API: ApiServer = with_a_binding();
    }
    let text = String::from_utf8_lossy(bytes);
    let (mut api, mut ledger, mut chance) = (API.with(Clone::clone), Ledger::silent(), Chance::seed_from_u64(1));
    let user = User::of("fuzz", &[MASTERS]);
    let mut who = Caller::new(&user, "fuzz", Time::ZERO, RecordId::default(), &mut ledger, &mut chance);
    let policy = json!({"apiVersion": POLICIES, "kind": "ValidatingAdmissionPolicy", "metadata": {"name": "p"}, "spec": {
        "matchConstraints": {"resourceRules": [{"apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*"], "operations": ["*"]}]},
        "variables": [{"name": "v", "expression": text}],
        "validations": [{"expression": text, "messageExpression": text}],
        "auditAnnotations": [{"key": "k", "valueExpression": text}],
    }});
    let posted = Request::new(Method::Post, format!("/apis/{POLICIES}/validatingadmissionpolicies")).body(policy);
    let taken = api.handle(&posted, &mut who).is_ok();
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}, "data": {"a": "b"}});
    let written = api.handle(&Request::new(Method::Post, "/api/v1/namespaces/default/configmaps").body(map), &mut who);
    assert!(taken || written.is_ok(), "{text:?} is no policy, and refuses");
}

const POLICIES: &str = "admissionregistration.k8s.io/v1";

/// An API server in which a policy that is yet to come is bound.
fn with_a_binding() -> ApiServer {
    let (mut api, mut ledger, mut chance) = (ApiServer::default(), Ledger::silent(), Chance::seed_from_u64(1));
    let user = User::of("fuzz", &[MASTERS]);
    let mut who = Caller::new(&user, "fuzz", Time::ZERO, RecordId::default(), &mut ledger, &mut chance);
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}});
    let binding = json!({"apiVersion": POLICIES, "kind": "ValidatingAdmissionPolicyBinding", "metadata": {"name": "b"},
        "spec": {"policyName": "p", "validationActions": ["Deny"]}});
    for (path, body) in [
        ("/api/v1/namespaces".into(), namespace),
        (format!("/apis/{POLICIES}/validatingadmissionpolicybindings"), binding),
    ] {
        let made = api.handle(&Request::new(Method::Post, path).body(body), &mut who);
        assert!(made.is_ok(), "{made:?}");
    }
    api
}
