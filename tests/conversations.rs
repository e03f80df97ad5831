//! What the API server answers in conversations, beside the answers of a real one (`tests/reference/conversations`).

use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use kubetutor::api::patch::PatchType;
use kubetutor::api::request::{Accept, Impersonation, Method, Request, Response};
use kubetutor::api::user::MASTERS;
use kubetutor::api::{Duration, Reason, RecordId, Time, User, yaml};
use kubetutor::apiserver::admission::webhooks::calling::{Call, Outlet, Reach, Reply};
use kubetutor::cluster::profile::Profile;
use kubetutor::cluster::{Cluster, Options};
use kubetutor::ledger::What;
use serde_json::{Value, json};

use super::compare::differences as differences_of;

/// Where webhooks are: nothing is there, but calls to it are answered as the conversation says.
const HOOKS: &str = "127.0.0.1:18443";

/// The webhooks of a conversation: what each says, one answer after another, and what they were asked.
#[derive(Debug)]
struct Hooks {
    said: Value,
    asked: Mutex<Vec<(String, Value)>>,
    /// All paths that were ever asked.
    before: Mutex<Vec<String>>,
}

impl Reach for Hooks {
    fn post(&self, call: &Call<'_>) -> Result<Reply, String> {
        assert_eq!(call.address, HOOKS);
        let path =
            call.url.split('?').next().and_then(|u| u.strip_prefix(&format!("https://{HOOKS}/"))).expect("a path");
        let mut before = self.before.lock().expect("lock");
        let turn = before.iter().filter(|p| *p == path).count();
        before.push(path.into());
        self.asked.lock().expect("lock").push((path.into(), call.review.clone()));
        let answer = match &self.said[path] {
            Value::Array(all) => &all[turn.min(all.len() - 1)],
            one => one,
        };
        if answer["sleep"].is_u64() {
            return Err("context deadline exceeded".into());
        }
        let text = |key: &str, other: &str| answer[key].as_str().unwrap_or(other).to_string();
        Ok(Reply {
            code: answer["code"].as_u64().map_or(200, |c| u16::try_from(c).expect("code")),
            content_type: text("type", "application/json"),
            body: said(answer, call.review).into_bytes(),
        })
    }
}

fn said(answer: &Value, review: &Value) -> String {
    if let Some(text) = answer["text"].as_str() {
        return text.into();
    }
    let uid = review["request"]["uid"].clone();
    if answer.get("review").is_some() {
        return answer["review"].to_string().replace("\"UID\"", &uid.to_string());
    }
    let mut response = json!({"uid": uid});
    for (key, v) in answer["response"].as_object().into_iter().flatten() {
        let written = key == "patch" && v.is_array();
        response[key] = if written { STANDARD.encode(v.to_string()).into() } else { v.clone() };
    }
    json!({"apiVersion": review["apiVersion"], "kind": "AdmissionReview", "response": response}).to_string()
}

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reference/conversations");

fn method(word: &str) -> Method {
    match word {
        "GET" | "WATCH" => Method::Get,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "MERGE" => Method::Patch(PatchType::Merge),
        "JSON" => Method::Patch(PatchType::Json),
        "STRATEGIC" => Method::Patch(PatchType::Strategic),
        "APPLY" => Method::Patch(PatchType::Apply),
        other => panic!("no method {other}"),
    }
}

/// `%3D` is `=`.
fn decoded(text: &str) -> String {
    let mut out = String::new();
    let text = text.replace('+', " ");
    let mut rest = text.as_str();
    while let Some(i) = rest.find('%') {
        out.push_str(&rest[..i]);
        out.push(char::from(u8::from_str_radix(&rest[i + 1..i + 3], 16).expect("hex")));
        rest = &rest[i + 3..];
    }
    out + rest
}

/// What was seen in the answers before: what a request may refer to.
#[derive(Default)]
struct Seen {
    revision: String,
    uid: String,
    kept: String,
    going_on: String,
}

impl Seen {
    fn note(&mut self, answer: &Response) {
        let Ok(a) = answer else {
            self.going_on.clear();
            return;
        };
        let meta = &a.body["metadata"];
        for (what, key) in [(&mut self.revision, "resourceVersion"), (&mut self.uid, "uid")] {
            if let Some(text) = meta[key].as_str() {
                *what = text.into();
            }
        }
        self.going_on = meta["continue"].as_str().unwrap_or_default().into();
    }
}

fn form(word: &str) -> Accept {
    match word {
        "" => Accept::Json,
        "table" => Accept::Table,
        _ => Accept::Metadata,
    }
}

fn request(line: &str, body: &Value, seen: &Seen) -> Request {
    let (word, path) = line.split_once(' ').expect("a method and a path");
    let (path, asked) = path.split_once(" as ").unwrap_or((path, ""));
    let path = path.replace("=RV", &format!("={}", seen.revision)).replace("=KEPT", &format!("={}", seen.kept));
    let path = path.replace("=CONTINUE", &format!("={}", seen.going_on));
    let (path, query) = path.split_once('?').unwrap_or((&path, ""));
    let mut r = Request::new(method(word), path);
    r.accept = form(asked);
    for pair in query.split('&').filter(|p| !p.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        r = r.query(key, decoded(value));
    }
    match body {
        Value::Null => {}
        Value::String(asked) => r.accept = form(asked),
        body => {
            let text = body.to_string().replace("\"RV\"", &json!(seen.revision).to_string());
            let text = text.replace("\"UID\"", &json!(seen.uid).to_string());
            r.body = serde_json::from_str(&text).ok();
        }
    }
    r
}

/// Where a list goes on, without the revision that it is of.
fn place(token: &str) -> Value {
    let bytes = URL_SAFE_NO_PAD.decode(token).unwrap_or_default();
    serde_json::from_slice::<Value>(&bytes).map_or(token.into(), |v| v["start"].clone())
}

/// Whom the caller acts as from now on, as `as` says it.
fn acting_as(body: &Value) -> Option<Box<Impersonation>> {
    let texts = |v: &Value| v.as_array().into_iter().flatten().filter_map(|t| t.as_str().map(Into::into)).collect();
    let text = |key: &str| body[key].as_str().unwrap_or_default().to_string();
    let extra = body["extra"].as_object().into_iter().flatten().map(|(k, v)| (decoded(k), texts(v))).collect();
    let who = Impersonation { user: text("user"), uid: text("uid"), groups: texts(&body["groups"]), extra };
    (!body.is_null()).then(|| Box::new(who))
}

fn without_revisions(v: &Value) -> Value {
    match v {
        Value::Object(m) => m
            .iter()
            .filter(|(k, _)| !matches!(k.as_str(), "resourceVersion" | "selfLink"))
            .map(|(k, v)| match v {
                Value::String(token) if k == "continue" => (k.clone(), place(token)),
                v => (k.clone(), without_revisions(v)),
            })
            .collect(),
        Value::Array(a) => a.iter().map(without_revisions).collect(),
        other => other.clone(),
    }
}

/// The ages in a table differ. `first`: the first table of a watch, which alone tells the columns.
fn ageless(v: &mut Value, first: &Value) {
    if v["kind"] != "Table" {
        return;
    }
    let columns = v["columnDefinitions"].as_array().or(first["columnDefinitions"].as_array()).cloned();
    let columns = columns.unwrap_or_default();
    let Some(i) = columns.iter().position(|c| c["name"] == "Age") else { return };
    for row in v["rows"].as_array_mut().into_iter().flatten() {
        row["cells"][i] = Value::Null;
    }
}

fn shown(answer: &Response) -> Value {
    let (code, mut body, warnings) = match answer {
        Ok(a) => (None, (*a.body).clone(), &a.warnings),
        Err(s) => {
            let v = s.to_json();
            // What leads nowhere is told without an object.
            let nowhere = s.is(Reason::NotFound) && s.details.is_none();
            let body = if nowhere { "404 page not found\n".into() } else { v.clone() };
            (v["code"].as_u64(), body, &s.warnings)
        }
    };
    ageless(&mut body, &Value::Null);
    let mut out = json!({"body": without_revisions(&body)});
    if let Some(code) = code {
        out["code"] = code.into();
    }
    if !warnings.is_empty() {
        out["warnings"] = json!(warnings);
    }
    scrubbed(&out)
}

/// What differs from server to server.
fn scrubbed(v: &Value) -> Value {
    let uid = regex::Regex::new("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}").expect("regex");
    let clock = regex::Regex::new("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z").expect("regex");
    let text = v.to_string();
    let text = uid.replace_all(&text, "UID").into_owned();
    let text = clock.replace_all(&text, "TIME").into_owned();
    let chance = regex::Regex::new("gen-[bcdfghjklmnpqrstvwxz2456789]{5}").expect("regex");
    serde_json::from_str(&chance.replace_all(&text, "gen-CHANCE")).expect("JSON")
}

/// All that a watch tells until its time is over.
fn watched(cluster: &mut Cluster, request: &Request, user: &User) -> Response {
    let id = cluster.world.open_watch(request, user, RecordId::default())?;
    let mut told = vec![];
    loop {
        let over = cluster.world.api.watch_ends(id, cluster.world.now);
        while let Some(event) = cluster.world.next_watch_event(id) {
            told.push(json!({"type": event.kind, "object": *event.object}));
        }
        if over {
            break;
        }
        cluster.world.run_until(cluster.world.now + Duration::from_millis(500));
    }
    let first = told.first().map(|e| e["object"].clone()).unwrap_or_default();
    told.iter_mut().for_each(|e| ageless(&mut e["object"], &first));
    Ok(Value::from(told).into())
}

/// What admission has put down about the requests since that record, as the audit log has it.
fn annotations(cluster: &Cluster, since: usize) -> Value {
    let requests = cluster.world.ledger.all().skip(since).filter_map(|r| match &r.what {
        What::Request(request) => Some(request),
        _ => None,
    });
    let all = requests.flat_map(|r| r.particulars().annotations.iter());
    all.map(|(k, v)| (k.clone(), Value::from(v.as_str()))).collect()
}

/// Nobody tells who owns what is only passing by.
fn without_passing_owners(v: &mut Value) {
    for key in ["object", "oldObject"] {
        let o = &mut v["request"][key];
        if ["Scale", "Binding", "Eviction", "TokenRequest"].iter().any(|k| o["kind"] == *k) {
            o["metadata"].as_object_mut().map(|m| m.remove("managedFields"));
        }
    }
}

/// What webhooks were asked since somebody looked last. Who asks is another here and there.
fn asked(hooks: &Hooks, ordered: bool) -> Value {
    let mut asked = hooks.asked.lock().expect("lock");
    if !ordered {
        asked.sort_by(|a, b| a.0.cmp(&b.0));
    }
    let each = asked.drain(..).map(|(path, mut review)| {
        if let Some(request) = review["request"].as_object_mut() {
            request.remove("userInfo");
        }
        without_passing_owners(&mut review);
        json!([path, without_revisions(&review)])
    });
    each.collect()
}

/// Good codes are the server's of HTTP, which a call in process has not.
fn comparable(mut want: Value) -> Value {
    if want["code"].as_u64().is_some_and(|c| c < 300) {
        want.as_object_mut().map(|m| m.remove("code"));
    }
    want
}

fn differences(file: &str, start: &Cluster) -> (usize, Vec<String>) {
    let read = |name: String| std::fs::read_to_string(format!("{FOLDER}/{name}")).expect("file");
    let documents = yaml::parse_all(&read(format!("{file}.yaml"))).expect("conversations");
    let answers: Vec<Value> = serde_json::from_str(&read(format!("{file}.answers.json"))).expect("answers");
    let conversations = documents[0].as_array().expect("a list");
    assert_eq!(conversations.len(), answers.len(), "{file}: record the answers anew");
    let (mut steps, mut out) = (0, vec![]);
    for (conversation, recorded) in conversations.iter().zip(&answers) {
        let name = conversation["name"].as_str().expect("name");
        assert_eq!(name, recorded["name"], "{file}: record the answers anew");
        let mut cluster = start.clone();
        let mut seen = Seen::default();
        let said = conversation["hooks"].clone();
        let hooks = Arc::new(Hooks { said, asked: Mutex::default(), before: Mutex::default() });
        cluster.world.api.set_outlet(Outlet(hooks.clone()));
        let user = User::of("kubernetes-admin", &[MASTERS]);
        for step in conversation["before"].as_array().into_iter().flatten() {
            let (line, body) = step.as_object().and_then(|m| m.iter().next()).expect("one step");
            if line == "wait" {
                let seconds = Duration::from_secs(body.as_u64().expect("seconds"));
                cluster.world.run_until(cluster.world.now + seconds);
                continue;
            }
            let answer = cluster.world.request(&request(line, body, &Seen::default()), &user, RecordId::default());
            assert!(answer.is_ok(), "{file}: {name}: {line}: {answer:?}");
        }
        hooks.asked.lock().expect("lock").clear();
        hooks.before.lock().expect("lock").clear();
        let lines = conversation["steps"].as_array().expect("steps");
        let wants = recorded["answers"].as_array().expect("answers");
        let mut who = None;
        assert_eq!(lines.len(), wants.len(), "{file}: {name}: record the answers anew");
        for (step, want) in lines.iter().zip(wants) {
            let (line, body) = step.as_object().and_then(|m| m.iter().next()).expect("one step");
            if line == "wait" {
                let seconds = Duration::from_secs(body.as_u64().expect("seconds"));
                cluster.world.run_until(cluster.world.now + seconds);
                continue;
            }
            if line == "keep" {
                seen.kept = seen.revision.clone();
                continue;
            }
            if line == "as" {
                who = acting_as(body);
                continue;
            }
            let mut request = request(line, body, &seen);
            request.impersonate = who.clone();
            let since = cluster.world.ledger.all().count();
            let answer = match line.starts_with("WATCH") {
                true => watched(&mut cluster, &request, &user),
                false => cluster.world.request(&request, &user, RecordId::default()),
            };
            seen.note(&answer);
            steps += 1;
            let (mut got, want) = (shown(&answer), comparable(without_revisions(want)));
            if conversation["audit"] == true {
                for (key, v) in [
                    ("annotations", annotations(&cluster, since)),
                    ("asked", asked(&hooks, conversation["ordered"] == true)),
                ] {
                    if v != json!({}) && v != json!([]) {
                        got[key] = scrubbed(&v);
                    }
                }
            }
            if got != want {
                out.push(format!("{file}: {name}: {line}\n{}", difference(&want, &got)));
            }
        }
    }
    (steps, out)
}

/// The places where two answers differ.
fn difference(want: &Value, got: &Value) -> String {
    differences_of(want, got).iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Files of conversations, by their names without ending. `CONVERSATIONS=a,b` looks at those alone.
#[allow(clippy::disallowed_methods, reason = "who works on one of them wants to look at that one")]
fn files() -> Vec<String> {
    let only = std::env::var("CONVERSATIONS").ok().filter(|t| !t.is_empty());
    let only: Option<Vec<String>> = only.map(|t| t.split(',').map(Into::into).collect());
    let mut names: Vec<String> = std::fs::read_dir(FOLDER)
        .expect("folder")
        .filter_map(|e| e.ok()?.file_name().to_str()?.strip_suffix(".yaml").map(Into::into))
        .filter(|n| only.as_ref().is_none_or(|o| o.contains(n)))
        .collect();
    names.sort();
    names
}

#[test]
fn conversations_go_as_with_a_real_server() {
    let mut cluster = Cluster::new(&Options { profile: Profile::Bare, ..Options::default() });
    cluster.world.run_until(Time::ZERO + Duration::from_secs(30));
    let (mut steps, mut all) = (0, vec![]);
    for file in files() {
        let (n, mut found) = differences(&file, &cluster);
        steps += n;
        all.append(&mut found);
    }
    assert!(all.is_empty(), "{}\n{} of {steps} answers differ", all.join("\n"), all.len());
}
