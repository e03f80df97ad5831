//! In which order the items of merged lists stand, and what tells items apart.
//! Real Kubernetes: apimachinery/pkg/util/strategicpatch/patch.go validatePatchWithSetOrderList, normalizeElementOrder.

use serde_json::Value;

use super::merge::{Done, Object, other};
use super::{DIRECTIVE, ORDER};
use crate::api::go_text::{plain, type_name};

pub(super) fn map(v: &Value) -> Done<&Object> {
    match v {
        Value::Object(m) => Ok(m),
        v => misfit("map[string]interface {}", v),
    }
}

pub(super) fn misfit<T>(expected: &str, v: &Value) -> Done<T> {
    // Go has no name for the type of nothing.
    let got = if v.is_null() { "%!s(<nil>)" } else { type_name(v) };
    other(format!("expected a {expected}, but received a {got}"))
}

/// The value by which items are told apart.
pub(super) fn id<'v>(item: &'v Value, merge_key: &str) -> Done<&'v Value> {
    match map(item)?.get(merge_key) {
        Some(id) => Ok(id),
        None => other(format!("map: {} does not contain declared merge key: {merge_key}", plain(item))),
    }
}

fn is_deletion(item: &Value) -> bool {
    item.get(DIRECTIVE).and_then(Value::as_str) == Some("delete")
}

/// What a patch sets must stand in the order that it tells.
pub(super) fn told_in_order(new: &[Value], order: &[Value], merge_key: Option<&str>) -> Done {
    if new.is_empty() || order.is_empty() {
        return Ok(());
    }
    if merge_key.is_some() {
        new.iter().try_for_each(|item| map(item).map(drop))?;
    }
    let set = new.iter().filter(|item| merge_key.is_none() || !is_deletion(item));
    let (mut set, mut told) = (set.peekable(), order.iter());
    while let Some(item) = set.peek() {
        let directs = item.get(DIRECTIVE).is_some();
        // The order may end before what directs a list is passed over.
        let Some(o) = told.as_slice().first() else {
            let (new, order) = (plain(&new.to_vec().into()), plain(&order.to_vec().into()));
            return other(format!("The order in patch list:\n{new}\n doesn't match {ORDER} list:\n{order}\n"));
        };
        let same = match merge_key {
            _ if directs => true,
            None => *item == o,
            Some(key) => id(item, key)? == id(o, key)?,
        };
        if same {
            set.next();
        }
        if !directs {
            told.next();
        }
    }
    Ok(())
}

/// What the real server finds in a list when it looks for the order in which it was: it has deleted and appended in place.
pub(super) fn overwritten(old: &[Value], new: &[Value], key: &str) -> Vec<Value> {
    let (mut seen, mut kept, mut beyond) = (old.to_vec(), old.len(), vec![]);
    let is = |a: &Value, b: &Value| a.get(key) == b.get(key);
    for item in new.iter().filter(|i| is_deletion(i)) {
        while let Some(at) = seen[..kept].iter().position(|o| is(o, item)) {
            let last = seen[kept - 1].clone();
            seen.remove(at);
            seen.insert(kept - 1, last);
            kept -= 1;
        }
    }
    if new.iter().any(|i| i.get(DIRECTIVE).and_then(Value::as_str) == Some("replace")) {
        return seen;
    }
    for item in new.iter().filter(|i| i.get(DIRECTIVE).is_none()) {
        if seen[..kept].iter().chain(beyond.iter().copied()).any(|o| is(o, item)) {
            continue;
        }
        match seen.get_mut(kept) {
            Some(place) => {
                *place = item.clone();
                kept += 1;
            }
            None => beyond.push(item),
        }
    }
    seen
}

/// Puts what the patch names into its order, and what only the server has where it stood among that.
pub(super) fn arrange(
    merged: Vec<Value>,
    named: &[Value],
    order: &[Value],
    before: &[Value],
    merge_key: Option<&str>,
    of_maps: bool,
) -> Done<Vec<Value>> {
    if of_maps {
        let key = merge_key.unwrap_or_default();
        for item in &merged {
            let wanted = id(item, key)?;
            let passed = named.iter().position(|n| n.get(key) == Some(wanted)).unwrap_or(named.len());
            if let Some(odd) = named[..passed].iter().position(|n| !n.is_object()) {
                return other(format!("value for key {odd} is not a map"));
            }
        }
        order.iter().chain(before).try_for_each(|item| id(item, key).map(drop))?;
    }
    let same = |a: &Value, b: &Value| match merge_key {
        Some(key) => a.get(key) == b.get(key),
        None => a == b,
    };
    let at = |list: &[Value], v: &Value| list.iter().position(|l| same(l, v));
    let (mut mine, mut servers): (Vec<Value>, Vec<Value>) =
        merged.into_iter().partition(|m| named.iter().any(|n| same(n, m)));
    mine.sort_by_key(|v| (is_deletion(v), at(order, v)));
    servers.sort_by_key(|v| (is_deletion(v), at(before, v)));
    let (mut mine, mut servers) = (mine.into_iter().peekable(), servers.into_iter().peekable());
    let mut out = vec![];
    loop {
        let servers_first = match (servers.peek(), mine.peek()) {
            (None, None) => return Ok(out),
            (None, Some(_)) => false,
            (Some(_), None) => true,
            (Some(s), Some(m)) => at(before, s).zip(at(before, m)).is_some_and(|(s, m)| s < m),
        };
        out.extend(if servers_first { servers.next() } else { mine.next() });
    }
}
