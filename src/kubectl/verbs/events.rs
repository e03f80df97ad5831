//! kubectl events: the events of a namespace, oldest first, with their own columns.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/events (events.go, event_printer.go).

use std::sync::Arc;

use serde_json::{Value, json};

use crate::api::request::Request;
use crate::api::time::ago;
use crate::api::{Resource, Time, kinds, wire, yaml};
use crate::kubectl::args::{OUTPUT, Type};
use crate::kubectl::env::Watch;
use crate::kubectl::printers::{self, Format, escaped};
use crate::kubectl::resources::{Found, collection};
use crate::kubectl::tabwriter::{Remembered, align};
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Follow, Progress, Verb};

pub static EVENTS: Verb = Verb {
    name: "events",
    summary: "List events",
    flags: &[
        &[
            Flag::new("for", Type::Text),
            Flag::new("types", Type::List),
            Flag::new("watch", Type::Bool).short('w'),
            Flag::new("no-headers", Type::Bool),
            Flag::new("all-namespaces", Type::Bool).short('A'),
            Flag::new("chunk-size", Type::Int).default("500"),
        ],
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
    let last = ago(last_seen(e), now);
    if count > 1 { format!("{last} (x{count} over {})", ago(first_seen(e), now)) } else { last }
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
        let (t, n) =
            args.text("for").split_once('/').ok_or_else(|| Failure::error("--for must be in resource/name form"))?;
        if n.contains('/') {
            return Err(Failure::error("arguments in resource/name form may not have more than one slash"));
        }
        let k = env.mapped(|m| m.kind(t))?;
        let (name, version) = (k.name(), k.api_version());
        request = request.query(
            "fieldSelector",
            format!("involvedObject.kind={name},involvedObject.apiVersion={version},involvedObject.name={n}"),
        );
    }
    if args.flag("watch") {
        let watch = env.api.watch(&request).map_err(|s| Failure::status(&s))?;
        let columns = Remembered::default();
        return Ok(Done::Follow(Box::new(Watching {
            watch,
            format,
            types,
            columns,
            heading: !args.flag("no-headers"),
            args: args.clone(),
        })));
    }
    let list = env.call(&request)?;
    let mut all: Vec<Value> = list["items"].as_array().cloned().unwrap_or_default();
    all.retain(|e| is_wanted(e, &types));
    all.sort_by_key(last_seen);
    if all.is_empty() {
        let place =
            if ns.is_empty() { "No events found.".to_string() } else { format!("No events found in {ns} namespace.") };
        env.error_line(place);
        return Ok(Done::OK);
    }
    match &format {
        Format::Table { .. } => {}
        // A list has no name.
        Format::Name => return Ok(Done::OK),
        Format::Yaml | Format::Json => {
            let items: Vec<Value> =
                all.iter().map(|e| printers::cleaned(e, args.flag("show-managed-fields"))).collect();
            let list = json!({"apiVersion": "v1", "kind": "EventList", "metadata": {}, "items": items});
            let text = if format == Format::Yaml {
                yaml::print(&list)
            } else {
                wire::declared(kinds::Event::kind_ref(), &list)
            };
            env.out.push_str(&text);
            return Ok(Done::OK);
        }
        _ => {
            let found: Vec<Found> = all.into_iter().map(|e| Found::of(kind, Arc::new(e))).collect();
            let text = printers::print(&format, &found, false, args)?;
            env.out.push_str(&text);
            return Ok(Done::OK);
        }
    }
    let wide = ns.is_empty();
    let mut text = if args.flag("no-headers") { String::new() } else { row(heading(wide)) };
    let now = env.now();
    text.extend(all.iter().map(|e| row(cells(e, wide, now))));
    env.out.push_str(&align(&text, 6, 3));
    Ok(Done::OK)
}

fn is_wanted(e: &Value, types: &[String]) -> bool {
    types.is_empty() || types.iter().any(|t| e["type"].as_str().is_some_and(|x| x.eq_ignore_ascii_case(t)))
}

fn heading(wide: bool) -> Vec<String> {
    let all = ["NAMESPACE", "LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"];
    all.iter().skip(usize::from(!wide)).map(|s| s.to_string()).collect()
}

fn cells(e: &Value, wide: bool, now: Time) -> Vec<String> {
    let text = |v: &Value| escaped(v.as_str().unwrap_or("").trim());
    let o = &e["involvedObject"];
    let object = format!("{}/{}", text(&o["kind"]), text(&o["name"]));
    let all = [
        text(&e["metadata"]["namespace"]),
        interval(e, now),
        text(&e["type"]),
        text(&e["reason"]),
        object,
        text(&e["message"]),
    ];
    all.into_iter().skip(usize::from(!wide)).collect()
}

fn row(cells: Vec<String>) -> String {
    cells.join("\t") + "\n"
}

/// `--watch`: every event that there is, as it comes, and every one that follows.
struct Watching {
    watch: Watch,
    format: Format,
    types: Vec<String>,
    columns: Remembered,
    heading: bool,
    args: Args,
}

impl Follow for Watching {
    fn poll(&mut self, env: &mut Env<'_>) -> Result<Progress, Failure> {
        let wide = self.args.flag("all-namespaces");
        while let Some(e) = env.api.next(self.watch) {
            if e.kind == "ERROR" {
                return Err(Failure::error(e.object["message"].as_str().unwrap_or("watch closed").to_string()));
            }
            // An event that is gone has only grown old.
            if e.kind == "DELETED" || !is_wanted(&e.object, &self.types) {
                continue;
            }
            if !self.format.is_table() {
                let found = Found::of(kinds::Event::kind_ref(), e.object.clone());
                let text = printers::print(&self.format, &[found], true, &self.args)?;
                env.out.push_str(&text);
                continue;
            }
            let mut rows = vec![cells(&e.object, wide, env.now())];
            if std::mem::take(&mut self.heading) {
                rows.insert(0, heading(wide));
            }
            let text = self.columns.lay(&rows);
            env.out.push_str(&text);
        }
        Ok(env.api.course(self.watch).into())
    }

    fn stop(&mut self, env: &mut Env<'_>) {
        env.api.close(self.watch);
    }

    fn ends(&self) -> bool {
        false
    }
}
