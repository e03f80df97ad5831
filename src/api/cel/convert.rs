//! Values made of values of other types: `int('1')`, `string(1.5)`.
//! Real Kubernetes: ConvertToType in cel-go/common/types.

use super::library::Opaque;
use super::times;
use super::value::{Error, Evaluated, Value};

pub fn convert(to: &str, value: &Value) -> Evaluated {
    if let Value::Invalid(why) = value {
        return Err(Error::new(why));
    }
    let made = match to {
        "dyn" => return Ok(value.clone()),
        "type" => Some(Value::Type(value.type_of())),
        "string" => text(value)?.map(|t| Value::string(&t)),
        "int" => integer(value)?.map(Value::Int),
        "uint" => unsigned(value)?.map(Value::Uint),
        "double" => match value {
            Value::Double(f) => Some(*f),
            Value::Int(i) => Some(*i as f64),
            Value::Uint(u) => Some(*u as f64),
            Value::String(s) => s.parse().ok(),
            _ => None,
        }
        .map(Value::Double),
        "bool" => match value {
            Value::Bool(b) => Some(*b),
            Value::String(s) => match &**s {
                "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
                "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
                _ => None,
            },
            _ => None,
        }
        .map(Value::Bool),
        "bytes" => match value {
            Value::Bytes(_) => Some(value.clone()),
            Value::String(s) => Some(Value::Bytes(s.as_bytes().into())),
            _ => None,
        },
        "duration" => match value {
            Value::Duration(d) => Some(*d),
            Value::Int(i) => Some(*i),
            Value::String(s) => times::parse_duration(s),
            _ => None,
        }
        .map(Value::Duration),
        "timestamp" => match value {
            Value::Timestamp(t) => Some(*t),
            Value::Int(seconds) => Some(times::stamp(*seconds, 0)?),
            Value::String(s) => match times::parse_stamp(s) {
                Some(t) => Some(times::stamp(t.seconds, t.nanos)?),
                None => None,
            },
            _ => None,
        }
        .map(Value::Timestamp),
        _ => None,
    };
    made.ok_or_else(|| refused(to, value))
}

fn refused(to: &str, value: &Value) -> Error {
    let to = match to {
        "duration" => "google.protobuf.Duration",
        "timestamp" => "google.protobuf.Timestamp",
        other => other,
    };
    // What has no conversion at all is a call of no function; a text that cannot be read is a failed conversion.
    let convertible = matches!(
        (value, to),
        (Value::String(_), _)
            | (Value::Int(_) | Value::Uint(_) | Value::Double(_), "int" | "uint" | "double" | "string")
    );
    if convertible {
        Error::new(format!("type conversion error from '{}' to '{to}'", value.type_of().name()))
    } else {
        Error::no_such_overload()
    }
}

fn integer(value: &Value) -> Result<Option<i64>, Error> {
    let overflow = || Error::new("integer overflow");
    Ok(match value {
        Value::Int(i) => Some(*i),
        Value::Uint(u) => Some(i64::try_from(*u).map_err(|_| overflow())?),
        Value::Double(f) if f.is_finite() && *f > -9_223_372_036_854_775_808.0 && *f < 9_223_372_036_854_775_808.0 => {
            Some(*f as i64)
        }
        Value::Double(_) => return Err(overflow()),
        Value::Duration(d) => Some(*d),
        Value::Timestamp(t) => Some(t.seconds),
        Value::String(s) => s.parse().ok(),
        _ => None,
    })
}

fn unsigned(value: &Value) -> Result<Option<u64>, Error> {
    let overflow = || Error::new("unsigned integer overflow");
    Ok(match value {
        Value::Uint(u) => Some(*u),
        Value::Int(i) => Some(u64::try_from(*i).map_err(|_| overflow())?),
        Value::Double(f) if f.is_finite() && *f >= 0.0 && *f < 18_446_744_073_709_551_616.0 => Some(*f as u64),
        Value::Double(_) => return Err(overflow()),
        Value::String(s) if !s.starts_with('+') => s.parse().ok(),
        _ => None,
    })
}

fn text(value: &Value) -> Result<Option<String>, Error> {
    Ok(Some(match value {
        Value::String(s) => s.to_string(),
        Value::Bool(b) => b.to_string(),
        Value::Int(i) => i.to_string(),
        Value::Uint(u) => u.to_string(),
        Value::Double(f) => crate::api::go_text::float(*f),
        Value::Bytes(b) => match std::str::from_utf8(b) {
            Ok(s) => s.into(),
            Err(_) => return Err(Error::new("invalid UTF-8 in bytes, cannot convert to string")),
        },
        Value::Duration(d) => times::duration_text(*d),
        Value::Timestamp(t) => t.rfc3339(),
        Value::Opaque(o) => match &**o {
            Opaque::Ip(ip) => super::library::net::ip_text(*ip),
            Opaque::Cidr(cidr) => super::library::net::cidr_text(*cidr),
            _ => return Ok(None),
        },
        _ => return Ok(None),
    }))
}
