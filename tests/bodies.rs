//! What the API server says of bodies, good and bad, beside the answers of a real one (`tests/reference/bodies`).

use kubetutor::api::body;
use kubetutor::api::request::{Method, Request, Response};
use serde_json::{Value, json};

use super::laws::server::Server;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reference/bodies/bodies.json");

/// The bytes of a body: texts, and texts so many times.
fn bytes(body: &Value) -> Vec<u8> {
    let latin = |v: &Value| v.as_str().unwrap_or("").chars().map(|c| u8::try_from(c).unwrap()).collect::<Vec<u8>>();
    let part = |p: &Value| match p {
        Value::Array(times) => latin(&times[0]).repeat(usize::try_from(times[1].as_u64().unwrap()).unwrap()),
        text => latin(text),
    };
    body.as_array().into_iter().flatten().flat_map(part).collect()
}

/// A request as it comes in by HTTP, answered.
pub fn send(server: &mut Server, method: &str, path: &str, content_type: &str, bytes: &[u8]) -> Response {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let method = match method {
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        _ => Method::Patch(body::patch_type(content_type)?),
    };
    let mut request = Request::new(method, path);
    for (key, value) in query.split('&').filter_map(|p| p.split_once('=')) {
        request = request.query(key, value);
    }
    let target = server.api.leads_to(path).expect("a path that leads somewhere");
    let request = body::read(request, content_type, bytes, target.kind)?;
    server.ask(request)
}

fn shown(answer: &Response) -> Value {
    let (mut out, warnings) = match answer {
        Ok(a) if a.body["data"].is_object() => (json!({"data": a.body["data"]}), &a.warnings),
        Ok(a) => (json!({}), &a.warnings),
        Err(s) => {
            let v = s.to_json();
            let reason = v["reason"].as_str().unwrap_or("");
            (json!({"code": s.code(), "reason": reason, "message": s.message}), &s.warnings)
        }
    };
    if !warnings.is_empty() {
        out["warnings"] = json!(warnings);
    }
    out
}

#[test]
fn bodies_are_read_and_refused_as_a_real_server_does() {
    let cases: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(FILE).unwrap()).unwrap();
    let mut server = Server::new();
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"a": "b"}});
    server.post("/api/v1/namespaces/a/configmaps", map).expect("a map");
    let mut wrong = vec![];
    for case in &cases {
        let text = |i: usize| case[i].as_str().unwrap();
        let path = text(2).replace("NS", "a");
        let got = shown(&send(&mut server, text(1), &path, text(3), &bytes(&case[4])));
        if got != case[5] {
            wrong.push(format!("{}: {} {path} {}\n  real {}\n  ours {got}", text(0), text(1), text(3), case[5]));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn what_nests_as_deep_as_may_be_is_stored_changed_and_shown() {
    // As small as the stack of a thread ever is.
    let all = || {
        let mut server = Server::new();
        let path = "/apis/laws.example.com/v1/namespaces/a/gadgets";
        let levels = body::DEEPEST - 3;
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let gadget = |deep: &str| {
                format!(
                    "{{\"apiVersion\":\"laws.example.com/v1\",\"kind\":\"Gadget\",\"metadata\":{{\"name\":\"x\"}},\"spec\":{{\"any\":{{\"a\":{deep}}}}}}}"
                )
            };
            let deep = |n: usize, inner: &str| format!("{}{inner}{}", open.repeat(n), close.repeat(n));
            let one = send(&mut server, "POST", path, "application/json", gadget(&deep(levels, "1")).as_bytes());
            let one = one.map_err(|s| s.message).expect("created");
            let x = format!("{path}/x");
            for (how, body) in [
                ("application/merge-patch+json", format!("{{\"spec\":{{\"any\":{{\"a\":{}}}}}}}", deep(levels, "2"))),
                ("application/apply-patch+yaml", gadget(&deep(80, "3"))),
            ] {
                let query = "?fieldManager=me&force=true";
                let query = if how.contains("apply") { query } else { "" };
                send(&mut server, "PATCH", &format!("{x}{query}"), how, body.as_bytes())
                    .map_err(|s| s.message)
                    .expect(how);
            }
            let mut put = (*one.body).clone();
            let now = server.get(&x).expect("an object").body;
            // Who owns a field is told a few levels below it.
            put["metadata"]["managedFields"] = Value::Null;
            put["metadata"]["resourceVersion"] = now["metadata"]["resourceVersion"].clone();
            send(&mut server, "PUT", &x, "application/json", put.to_string().as_bytes()).expect("put");
            let refused =
                send(&mut server, "POST", path, "application/json", gadget(&deep(levels + 1, "1")).as_bytes());
            assert!(refused.expect_err("too deep").message.contains("exceeded max depth"));
            server.delete(&x).expect("deleted");
        }
    };
    std::thread::Builder::new().stack_size(2 << 20).spawn(all).unwrap().join().unwrap();
}
