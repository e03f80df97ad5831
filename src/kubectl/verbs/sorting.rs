//! `kubectl get --sort-by`: what can be put in order, and in which.
//! Real Kubernetes: kubectl/pkg/cmd/get/sorter.go.

use std::cmp::Ordering;

use serde_json::Value;

use crate::api::go_text::type_name;
use crate::api::jsonpath::Template;
use crate::api::quantity::Quantity;
use crate::kubectl::resources::Found;

/// Why objects cannot be put in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unsorted {
    Unreadable(String),
    /// None of them has the field.
    NoField(String),
    /// What is in the field has no order.
    Unsortable {
        field: String,
        why: String,
    },
}

/// Sorts objects by a field. Those without it come first.
pub fn sort(found: &mut [Found], by: &str) -> Result<(), Unsorted> {
    let template = Template::relaxed(by).map_err(Unsorted::Unreadable)?;
    let key = |f: &Found| template.find(&f.object).first().map(|v| (*v).clone());
    if !found.is_empty() && found.iter().all(|f| key(f).is_none()) {
        let field = template.text().replace("\\.", ".");
        return Err(Unsorted::NoField(format!("couldn't find any field with path {field:?} in the list of objects")));
    }
    let mut fault = None;
    found.sort_by(|a, b| match (key(a), key(b)) {
        (Some(a), Some(b)) => compare(&a, &b).unwrap_or_else(|why| {
            fault.get_or_insert(why);
            Ordering::Equal
        }),
        (a, b) => a.is_some().cmp(&b.is_some()),
    });
    match fault {
        Some(why) => Err(Unsorted::Unsortable { field: template.text().into(), why }),
        None => Ok(()),
    }
}

/// Texts that are amounts are compared as such.
fn compare(a: &Value, b: &Value) -> Result<Ordering, String> {
    match (a, b) {
        (Value::Null, _) | (_, Value::Null) => Ok(b.is_null().cmp(&a.is_null())),
        (Value::Number(x), Value::Number(y)) if x.is_f64() == y.is_f64() => Ok(match (x.as_i64(), y.as_i64()) {
            (Some(x), Some(y)) => x.cmp(&y),
            _ => x.as_f64().partial_cmp(&y.as_f64()).unwrap_or(Ordering::Equal),
        }),
        (Value::String(x), Value::String(y)) => Ok(match (Quantity::parse(x), Quantity::parse(y)) {
            (Some(x), Some(y)) => x.cmp(&y),
            _ => x.cmp(y),
        }),
        (Value::Number(_) | Value::String(_), _) => Err("unsortable interface: interface".into()),
        (other, _) => Err(format!("unsortable type: {}", type_name(other))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn amounts_and_numbers_have_an_order_and_truth_has_none() {
        for (a, b, wanted) in [
            (json!(2), json!(10), Ok(Ordering::Less)),
            (json!("2"), json!("10"), Ok(Ordering::Less)),
            (json!("900Mi"), json!("1Gi"), Ok(Ordering::Less)),
            (json!("a"), json!("1Gi"), Ok(Ordering::Greater)),
            (json!(null), json!("a"), Ok(Ordering::Less)),
            (json!(true), json!(true), Err("unsortable type: bool".to_string())),
            (json!({}), json!({}), Err("unsortable type: map[string]interface {}".to_string())),
            (json!(1), json!("a"), Err("unsortable interface: interface".to_string())),
        ] {
            assert_eq!(compare(&a, &b), wanted, "{a} {b}");
        }
    }
}
