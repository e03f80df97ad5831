//! How Kubernetes prints an object of Go for hashing: with all its fields and types (`spew` with `%#v`). The same hash needs the
//! same layout of the structs, which is what `schema/layout.txt` holds.
//!
//! Real Kubernetes: `k8s.io/apimachinery/pkg/util/dump` ForHash, `pkg/util/hash` DeepHashObject.

use std::fmt::Write;

use serde_json::Value;

use super::quantity::Quantity;
use super::schema::{Base, Field, Shape, TypeId};

/// The text of a value (as JSON, with defaults filled in) of a type such as `core/v1.PodTemplateSpec`; nothing for a type that
/// nobody knows.
pub fn of(type_name: &str, value: &Value) -> String {
    let Some(t) = TypeId::by_name(type_name) else { return String::new() };
    let mut text = String::with_capacity(1024);
    let _ = write!(text, "({})", type_name.rsplit_once('/').map_or(type_name, |(_, name)| name));
    dump_struct(Some(value), t, &mut text);
    text
}

/// FNV-1a of 32 bits; `h` is the hash so far.
pub fn fnv32(h: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(h, |h, b| (h ^ u32::from(*b)).wrapping_mul(0x0100_0193))
}

/// With what a hash of 32 bits begins.
pub const FNV32: u32 = 0x811c_9dc5;

/// FNV-1a of 128 bits.
pub fn fnv128(text: &str) -> u128 {
    const START: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    text.bytes().fold(START, |h, b| (h ^ u128::from(b)).wrapping_mul(PRIME))
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
