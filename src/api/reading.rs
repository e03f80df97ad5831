//! From the JSON that a client sent to an object of a kind.
//! Real Kubernetes: apimachinery/pkg/runtime/serializer/json, apiextensions-apiserver's schemaCoercingDecoder.

use serde_json::Value;

use super::canonical;
use super::kind::KindRef;
use super::object::Object;

/// Reads an object. Gives the paths of what no field of it is, which was dropped. The error is what Go's decoder says.
pub fn read(kind: KindRef, body: Value) -> Result<(Object, Vec<String>), String> {
    if let Some(custom) = kind.custom() {
        return custom.read(kind, body);
    }
    let Some(layout) = kind.layout() else { return Err("nothing is known of its shape".into()) };
    let findings = canonical::check(&body, layout);
    if let Some(why) = findings.mismatch {
        return Err(why);
    }
    let mut body = body;
    canonical::read_nulls(&mut body, layout);
    let mut body = without_nulls(body);
    canonical::drop_zeros(&mut body, layout);
    Ok((kind.decode(body)?, findings.unknown))
}

/// Makes `3` of `3.0`, wherever it stands.
pub fn make_whole(v: &mut Value) {
    match v {
        Value::Number(n) if n.is_f64() => {
            if let Some(whole) = canonical::whole(v) {
                *v = whole.into();
            }
        }
        Value::Object(m) => m.values_mut().for_each(make_whole),
        Value::Array(a) => a.iter_mut().for_each(make_whole),
        _ => {}
    }
}

/// The decoder wants absent fields, not nulls, and whole numbers where Go reads them: `3.0` is 3.
pub fn without_nulls(v: Value) -> Value {
    match v {
        mut number @ Value::Number(_) => {
            make_whole(&mut number);
            number
        }
        Value::Object(m) => {
            Value::Object(m.into_iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k, without_nulls(v))).collect())
        }
        Value::Array(a) => Value::Array(a.into_iter().map(without_nulls).collect()),
        other => other,
    }
}
