//! URLs.
//! Real Kubernetes: k8s.io/apiserver/pkg/cel/library/urls.go; Go's net/url.

use std::collections::BTreeMap;

use super::super::value::{Error, Evaluated, Map, Value};
use super::Opaque;
use crate::api::go_url;

/// A URL with the parts that expressions ask for.
#[derive(Clone, Debug, PartialEq)]
pub struct CelUrl {
    text: String,
    scheme: String,
    host: String,
    path: String,
    query: String,
}

fn read(text: &str) -> Result<CelUrl, Error> {
    let failed = |why: String| Error::new(format!("URL parse error during conversion from string: {why}"));
    go_url::parse_request_uri(text).map_err(failed)?;
    let url = go_url::parse(text).map_err(failed)?;
    let before = text.split(['?', '#']).next().unwrap_or("");
    let rest = if url.scheme.is_empty() { before } else { before.split_once(':').map_or("", |(_, r)| r) };
    let path = match rest.strip_prefix("//") {
        Some(authority) => authority.find('/').map_or("", |at| &authority[at..]),
        None if rest.starts_with('/') || url.scheme.is_empty() => rest,
        None => "",
    };
    Ok(CelUrl { text: text.into(), scheme: url.scheme, host: url.host, path: escaped(path), query: url.query })
}

/// A path as it may stand in a URL.
fn escaped(path: &str) -> String {
    let mut out = String::new();
    for b in path.bytes() {
        if b.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:@/[]%".contains(&b) {
            out.push(char::from(b));
        } else {
            out.push_str(&format!("%{b:02X}"));
        }
    }
    out
}

/// The host without its port, and the port.
fn host_and_port(host: &str) -> (&str, &str) {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, port),
        _ => (host, ""),
    };
    (name.strip_prefix('[').and_then(|n| n.split_once(']')).map_or(name, |(inner, _)| inner), port)
}

fn query(text: &str) -> Value {
    let mut all = BTreeMap::<String, Vec<Value>>::new();
    for (key, value) in go_url::query_pairs(text) {
        all.entry(key).or_default().push(Value::string(&value));
    }
    let mut map = Map::default();
    for (key, values) in all {
        map.insert(&key, Value::list(values));
    }
    Value::Map(map)
}

pub fn call(function: &str, args: &[Value]) -> Evaluated {
    match args {
        [Value::String(s)] if function == "url" => Ok(Value::opaque(Opaque::Url(read(s)?))),
        [Value::String(s)] if function == "isURL" => Ok(Value::Bool(go_url::parse_request_uri(s).is_ok())),
        [Value::Opaque(o)] => {
            let Opaque::Url(u) = &**o else { return Err(Error::no_such_overload()) };
            Ok(Value::string(match function {
                "getScheme" => &u.scheme,
                "getHost" => &u.host,
                "getHostname" => host_and_port(&u.host).0,
                "getPort" => host_and_port(&u.host).1,
                "getEscapedPath" => &u.path,
                "getQuery" => return Ok(query(&u.query)),
                _ => return Err(Error::no_such_overload()),
            }))
        }
        _ => Err(Error::no_such_overload()),
    }
}
