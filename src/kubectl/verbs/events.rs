//! kubectl events: the events of a namespace, oldest first, with their own columns.

use std::sync::Arc;

use serde_json::Value;

use crate::api::request::Request;
use crate::api::time::human;
use crate::api::{Resource, Time, kinds};
use crate::kubectl::args::{OUTPUT, SELECT, Type};
use crate::kubectl::printers::{self, Format};
use crate::kubectl::resources::{Found, collection};
use crate::kubectl::tabwriter::align;
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Verb};

pub static EVENTS: Verb = Verb {
    name: "events",
    summary: "List events",
    flags: &[
        &[
            Flag::new("for", Type::Text),
            Flag::new("types", Type::List),
            Flag::new("watch", Type::Bool).short('w'),
            Flag::new("no-headers", Type::Bool),
        ],
        SELECT,
        OUTPUT,
    ],
    completes: Completes::Nothing,
    run: events,
};

fn time(v: &Value) -> Option<Time> {
    v.as_str().and_then(Time::parse)
}

/// When an event was last seen.
pub fn last_seen(e: &Value) -> Time {
    let series = time(&e["series"]["lastObservedTime"]);
    series.or_else(|| time(&e["lastTimestamp"])).or_else(|| time(&e["eventTime"])).unwrap_or_default()
}

fn first_seen(e: &Value) -> Time {
    time(&e["firstTimestamp"]).or_else(|| time(&e["eventTime"])).unwrap_or_default()
}

/// `5s (x3 over 40s)`, or `5s`.
pub fn interval(e: &Value, now: Time) -> String {
    let count = e["series"]["count"].as_i64().or(e["count"].as_i64()).unwrap_or(1);
    let last = human(now.since(last_seen(e)));
    if count > 1 { format!("{last} (x{count} over {})", human(now.since(first_seen(e)))) } else { last }
}

fn events(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let format = Format::of(args)?;
    let types: Vec<String> = args.list("types");
    for t in &types {
        if !t.eq_ignore_ascii_case("Normal") && !t.eq_ignore_ascii_case("Warning") {
            return Err(Failure::error("valid --types are Normal or Warning"));
        }
    }
    let kind = kinds::Event::kind_ref();
    let ns = if args.flag("all-namespaces") { String::new() } else { env.namespace.clone() };
    let mut request = Request::get(collection(kind, &ns));
    if args.is_set("for") {
        let Some((t, n)) = args.text("for").split_once('/') else {
            return Err(Failure::error("--for must be in resource/name form"));
        };
        let k = env.mapped(|m| m.kind(t))?;
        request = request.query("fieldSelector", format!("involvedObject.kind={},involvedObject.name={n}", k.name()));
    }
    let list = env.call(&request)?;
    let mut all: Vec<Value> = list["items"].as_array().cloned().unwrap_or_default();
    all.retain(|e| {
        types.is_empty() || types.iter().any(|t| e["type"].as_str().is_some_and(|x| x.eq_ignore_ascii_case(t)))
    });
    all.sort_by_key(last_seen);
    if all.is_empty() {
        let place =
            if ns.is_empty() { "No events found.".to_string() } else { format!("No events found in {ns} namespace.") };
        env.error_line(place);
        return Ok(Done::OK);
    }
    if !format.is_table() {
        let found: Vec<Found> = all.into_iter().map(|e| Found::of(kind, Arc::new(e))).collect();
        if format != Format::Name {
            let text = printers::print(&format, &found, false, args)?;
            env.out.push_str(&text);
        }
        return Ok(Done::OK);
    }
    let wide = ns.is_empty();
    let mut text = String::new();
    if !args.flag("no-headers") {
        text.push_str(if wide { "NAMESPACE\t" } else { "" });
        text.push_str("LAST SEEN\tTYPE\tREASON\tOBJECT\tMESSAGE\n");
    }
    let now = env.now();
    for e in &all {
        let s = |v: &Value| v.as_str().unwrap_or("").to_string();
        if wide {
            text.push_str(&format!("{}\t", s(&e["metadata"]["namespace"])));
        }
        let o = &e["involvedObject"];
        text.push_str(&format!(
            "{}\t{}\t{}\t{}/{}\t{}\n",
            interval(e, now),
            s(&e["type"]),
            s(&e["reason"]),
            s(&o["kind"]),
            s(&o["name"]),
            s(&e["message"]).trim()
        ));
    }
    env.out.push_str(&align(&text, 6, 3));
    Ok(Done::OK)
}
