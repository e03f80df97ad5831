//! The hash of a pod template, by which a Deployment names and finds its ReplicaSets.
//!
//! Kubernetes prints the Go struct with all its fields and types (`spew` with `%#v`) and takes FNV-1a of the
//! text, so the same hash needs the same struct layout: that is what `schema/layout.txt` holds.
//!
//! Real Kubernetes: `pkg/controller/controller_utils.go` ComputeHash, `pkg/util/hash`, `k8s.io/apimachinery/pkg/util/dump`.

use std::fmt::Write;

use serde_json::Value;

use super::quantity::Quantity;
use super::schema::{Base, Field, Shape, TypeId};

/// The letters that generated names are made of: no vowels, so no words.
pub const SAFE_ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// The value of the label `pod-template-hash` for this template (as JSON, with defaults filled in).
pub fn compute(template: &Value, collision_count: Option<i32>) -> String {
    let mut text = String::with_capacity(8192);
    if let Some(t) = TypeId::by_name("core/v1.PodTemplateSpec") {
        text.push_str("(v1.PodTemplateSpec)");
        dump_struct(Some(template), t, &mut text);
    }
    let mut h = fnv1a(0x811c_9dc5, text.as_bytes());
    if let Some(n) = collision_count {
        let mut bytes = [0u8; 8];
        bytes[..4].copy_from_slice(&n.to_le_bytes());
        h = fnv1a(h, &bytes);
    }
    safe_encode(&h.to_string())
}

fn fnv1a(mut h: u32, bytes: &[u8]) -> u32 {
    for b in bytes {
        h ^= u32::from(*b);
        h = h.wrapping_mul(0x0100_0193);
    }
    h
}

/// Replaces each byte by a letter that cannot form bad words. Real Kubernetes: `rand.SafeEncodeString`.
pub fn safe_encode(s: &str) -> String {
    s.bytes().map(|b| char::from(SAFE_ALPHABET[usize::from(b) % SAFE_ALPHABET.len()])).collect()
}

fn dump_struct(v: Option<&Value>, of: TypeId, out: &mut String) {
    out.push('{');
    for (i, f) in of.get().fields.iter().enumerate() {
        if i > 0 {
            out.push(' ');
        }
        out.push_str(f.go_name);
        out.push(':');
        let value = if f.inline { v } else { v.and_then(|v| v.get(f.json)).filter(|v| !v.is_null()) };
        dump_field(value, f, out);
    }
    out.push('}');
}

/// Elements of lists and maps carry no type of their own.
fn dump_field(v: Option<&Value>, f: &Field, out: &mut String) {
    match (&f.shape, v) {
        (Shape::Pointer, None) | (Shape::List | Shape::Map(_), None) => {
            let _ = write!(out, "({})<nil>", f.go_type);
        }
        (Shape::Pointer, Some(v)) => {
            let _ = write!(out, "({})", f.go_type);
            dump_base(Some(v), f, out);
        }
        (Shape::List, Some(v)) => {
            let _ = write!(out, "({})[", f.go_type);
            for (i, item) in v.as_array().into_iter().flatten().enumerate() {
                if i > 0 {
                    out.push(' ');
                }
                dump_base(Some(item), f, out);
            }
            out.push(']');
        }
        (Shape::Map(_), Some(v)) => {
            let _ = write!(out, "({})map[", f.go_type);
            for (i, (k, item)) in v.as_object().into_iter().flatten().enumerate() {
                if i > 0 {
                    out.push(' ');
                }
                let _ = write!(out, "{k}:");
                dump_base(Some(item), f, out);
            }
            out.push(']');
        }
        (Shape::Plain, v) => {
            let _ = write!(out, "({})", f.go_elem);
            dump_base(v, f, out);
        }
    }
}

fn dump_base(v: Option<&Value>, f: &Field, out: &mut String) {
    match f.base {
        Base::Struct(t) => dump_struct(v, t, out),
        Base::String | Base::Bytes | Base::Raw => out.push_str(v.and_then(Value::as_str).unwrap_or("")),
        Base::Bool => out.push_str(if v.and_then(Value::as_bool).unwrap_or(false) { "true" } else { "false" }),
        Base::Integer | Base::Float => match v {
            Some(v) => {
                let _ = write!(out, "{v}");
            }
            None => out.push('0'),
        },
        // A template carries no times; Go prints the zero value.
        Base::Time | Base::MicroTime => {
            out.push_str("{Time:(time.Time){wall:(uint64)0 ext:(int64)0 loc:(*time.Location)<nil>}}");
        }
        Base::Quantity => {
            let a = v.and_then(Value::as_str).and_then(Quantity::go_amount).unwrap_or_default();
            let _ = write!(
                out,
                "{{i:(resource.int64Amount){{value:(int64){} scale:(resource.Scale){}}} d:(resource.infDecAmount){{Dec:(*inf.Dec)<nil>}} s:(string){} Format:(resource.Format){}}}",
                a.value, a.scale, a.text, a.format
            );
        }
        Base::IntOrString => {
            let (kind, int, s) = match v {
                Some(Value::String(s)) => (1, 0, s.as_str()),
                Some(n) => (0, n.as_i64().unwrap_or(0), ""),
                None => (0, 0, ""),
            };
            let _ = write!(out, "{{Type:(intstr.Type){kind} IntVal:(int32){int} StrVal:(string){s}}}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn template(app: &str, container: Value) -> Value {
        let mut c = json!({"imagePullPolicy": "Always", "resources": {}, "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"});
        for (k, v) in container.as_object().into_iter().flatten() {
            c[k] = v.clone();
        }
        json!({"metadata": {"labels": {"app": app}}, "spec": {"containers": [c], "dnsPolicy": "ClusterFirst", "restartPolicy": "Always",
            "schedulerName": "default-scheduler", "securityContext": {}, "terminationGracePeriodSeconds": 30}})
    }

    #[test]
    fn hashes_equal_those_of_a_real_cluster() {
        let first = template("first-app", json!({"name": "kub-first-app", "image": "codongmin/kub-first-app"}));
        assert_eq!(compute(&first, None), "75d5fdbb89");
        let web = template(
            "web",
            json!({"name": "nginx", "image": "nginx:1.26", "imagePullPolicy": "IfNotPresent",
            "resources": {"limits": {"cpu": "200m", "memory": "128Mi"}}}),
        );
        assert_eq!(compute(&web, None), "67478f85f7");
        let echo = template(
            "echo",
            json!({"name": "echo", "image": "subicura/echo:v1", "imagePullPolicy": "IfNotPresent",
            "readinessProbe": {"tcpSocket": {"port": 3000}, "initialDelaySeconds": 3, "periodSeconds": 1, "timeoutSeconds": 1,
            "successThreshold": 1, "failureThreshold": 3}}),
        );
        assert_eq!(compute(&echo, None), "9f9dcdbb9");
    }
}
