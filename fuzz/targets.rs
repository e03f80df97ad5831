//! What is tried with any bytes: nothing of it may panic. Each is a target of cargo-fuzz and, with mutated good inputs, a test.

use kubetutor::api::canonical::fill;
use kubetutor::api::field::FieldErrors;
use kubetutor::api::managed::{BuiltIn, Writer, on_apply, on_update};
use kubetutor::api::patch::{self, PatchType};
use kubetutor::api::quantity::{self, Quantity};
use kubetutor::api::request::{Method, Request};
use kubetutor::api::selector::{Selector, parse_fields};
use kubetutor::api::user::MASTERS;
use kubetutor::api::{KindRef, RecordId, Time, User, body, reading};
use kubetutor::apiserver::caller::Chance;
use kubetutor::apiserver::{ApiServer, Caller};
use kubetutor::ledger::Ledger;
use rand::SeedableRng;
use serde_json::{Value, json};

pub type Target = fn(&[u8]);

pub const ALL: [(&str, Target); 9] = [
    ("decode", decode),
    ("json_patch", json_patch),
    ("merge_patch", merge_patch),
    ("strategic_patch", strategic_patch),
    ("apply", apply),
    ("label_selector", label_selector),
    ("field_selector", field_selector),
    ("quantity", quantity),
    ("path", path),
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
    let _ = (q.milli(), q.units(), q.rounded(), q.plus(q), q.minus(q), q.ratio_to(q), q.to_string());
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
