//! kubectl get: lists objects, as tables or in a format, once or for ever.

use serde_json::{Value, json};

use crate::api::request::{Request, WatchEvent};
use crate::api::time::ago;
use crate::api::{KindRef, Reason, Time};
use crate::kubectl::args::{FILES, OUTPUT, SELECT, Type};
use crate::kubectl::env::{Env, Watch};
use crate::kubectl::printers::{self, Format, TableOptions};
use crate::kubectl::resources::{
    self, Found, Selection, by_name, collection, finish, joined, object, placed, refused_list, with_selectors,
};
use crate::kubectl::tabwriter::Remembered;
use crate::kubectl::verbs::raw;
use crate::kubectl::verbs::sorting::{self, Unsorted};
use crate::kubectl::{Args, Completes, Done, Failure, Flag, Follow, Progress, Verb};

const FLAGS: &[Flag] = &[
    Flag::new("watch", Type::Bool).short('w'),
    Flag::new("watch-only", Type::Bool),
    Flag::new("output-watch-events", Type::Bool),
    Flag::new("no-headers", Type::Bool),
    Flag::new("show-labels", Type::Bool),
    Flag::new("show-kind", Type::Bool),
    Flag::new("label-columns", Type::List).short('L'),
    Flag::new("sort-by", Type::Text),
    Flag::new("ignore-not-found", Type::Bool),
    Flag::new("chunk-size", Type::Int).default("500"),
    Flag::new("raw", Type::Text),
    Flag::new("server-print", Type::Bool).default("true"),
    Flag::new("subresource", Type::Text),
];

pub static GET: Verb = Verb {
    name: "get",
    summary: "Display one or many resources",
    flags: &[FLAGS, OUTPUT, SELECT, FILES],
    completes: Completes::Objects,
    run: get,
};

fn get(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    if args.is_set("raw") {
        return raw::get(args, env);
    }
    let files = args.names_files();
    if args.words.is_empty() && !files {
        return Err(Failure::plain(
            "You must specify the type of resource to get. Use \"kubectl api-resources\" for a complete list of supported resources.\n\n\
             error: Required resource not specified.\nUse \"kubectl explain <resource>\" for a detailed description of that resource (e.g. kubectl explain pods).\n\
             See 'kubectl get -h' for help and examples",
        ));
    }
    let format = match Format::of_table(args) {
        Ok(format) => format,
        // The objects are fetched before it is seen how they are to be printed.
        Err(unprintable) => {
            let (_, failures) = resources::fetch(args, &args.words, env)?;
            return Err(if failures.is_empty() { unprintable } else { joined(failures) });
        }
    };
    let selection = if !files {
        env.mapped(|m| Selection::parse(&args.words, m))?
    } else {
        Selection { items: vec![], several_kinds: false, slashed: false }
    };
    if selection.has_names() {
        if !args.text("selector").is_empty() || !args.text("field-selector").is_empty() {
            return Err(Failure::error("name cannot be provided when a selector is specified"));
        }
        if args.flag("all-namespaces") {
            return Err(Failure::error("a resource cannot be retrieved by name across all namespaces"));
        }
    }
    let sub = args.text("subresource");
    if !sub.is_empty() && (!selection.has_names() || selection.several_kinds) {
        return Err(Failure::error("subresource cannot be used when bulk resources are specified"));
    }
    if args.flag("output-watch-events") && !(args.flag("watch") || args.flag("watch-only")) {
        return Err(Failure::error("--output-watch-events option can only be used with --watch or --watch-only"));
    }
    if args.flag("watch") || args.flag("watch-only") {
        return watch(args, &selection, format, env);
    }
    if format.is_table() && !args.is_set("sort-by") && !files && args.flag("server-print") {
        return tables(args, &selection, &format, env);
    }
    let (mut found, mut failures) = resources::fetch(args, &args.words, env)?;
    if !sub.is_empty() {
        found = subresource(found, sub, &mut failures, env);
    }
    if args.is_set("sort-by") && !args.text("sort-by").is_empty() {
        match sorting::sort(&mut found, args.text("sort-by")) {
            Ok(()) => {}
            // A table without the field is shown as an empty one.
            Err(Unsorted::NoField(_)) if format.is_table() => found.clear(),
            Err(Unsorted::NoField(why) | Unsorted::Unreadable(why)) => return Err(Failure::error(why)),
            Err(Unsorted::Unsortable { field, why }) => {
                let (line, of) =
                    if format.is_table() { (375, "[][][]reflect.Value") } else { (329, "*unstructured.Unstructured") };
                let said = format!("Field {field} in {of} is an unsortable type: interface, err: {why}");
                env.log_as_klog('F', &format!("sorter.go:{line}"), &said);
                return Ok(Done::Exit(1));
            }
        }
    }
    let one_meant = selection.items.len() == 1 && selection.has_names();
    let single = found.len() == 1 && (one_meant || files && failures.is_empty());
    if format.is_table() && !args.flag("server-print") {
        return plain_tables(args, &found, &selection, &format, failures, env);
    }
    if let Format::Table { .. } = format {
        return sorted_tables(args, &found, &selection, &format, failures, env);
    }
    if failures.is_empty() || !found.is_empty() || !one_meant && !files {
        let text = printers::print(&format, &found, single, args)?;
        env.out.push_str(&text);
        if found.is_empty() && matches!(format, Format::Columns(_)) && failures.is_empty() {
            env.out.clear();
            nothing_found(args, &selection, env);
        }
    }
    finish(failures)
}

/// The same objects, seen through a subresource.
fn subresource(found: Vec<Found>, sub: &str, failures: &mut Vec<Failure>, env: &mut Env<'_>) -> Vec<Found> {
    let mut out = vec![];
    for f in found {
        match env.try_call(&Request::get(format!("{}/{sub}", f.path()))) {
            Ok(object) => out.push(Found { object, ..f }),
            Err(s) => failures.push(Failure::status(&s)),
        }
    }
    out
}

fn nothing_found(args: &Args, selection: &Selection, env: &mut Env<'_>) {
    if args.flag("ignore-not-found") {
        return;
    }
    let namespaced = selection.items.iter().any(|(k, _)| k.namespaced());
    let text = if namespaced && !args.flag("all-namespaces") {
        format!("No resources found in {} namespace.", env.namespace)
    } else {
        "No resources found".into()
    };
    env.error_line(text);
}

fn options(args: &Args, format: &Format, kind: KindRef, with_kind: bool) -> TableOptions {
    TableOptions {
        wide: *format == Format::Table { wide: true },
        headers: !args.flag("no-headers"),
        namespaces: args.flag("all-namespaces") && kind.namespaced(),
        labels: args.flag("show-labels"),
        label_columns: args.list("label-columns"),
        prefix: if with_kind || args.flag("show-kind") {
            format!("{}/", resources::singular(kind))
        } else {
            String::new()
        },
        event: None,
    }
}

/// The path of an object, or of the subresource that is asked for.
fn seen(args: &Args, path: String) -> String {
    match args.text("subresource") {
        "" => path,
        sub => format!("{path}/{sub}"),
    }
}

fn tables(args: &Args, selection: &Selection, format: &Format, env: &mut Env<'_>) -> Result<Done, Failure> {
    let namespace = if args.flag("all-namespaces") { String::new() } else { env.namespace.clone() };
    let mut failures = vec![];
    let mut groups: Vec<(KindRef, Value)> = vec![];
    for (kind, name) in &selection.items {
        let request = match name {
            Some(n) => Request::get(seen(args, object(*kind, &namespace, n))).table(),
            None => with_selectors(Request::get(collection(*kind, &namespace)), args)
                .table()
                .query("limit", args.text("chunk-size")),
        };
        let mut request = request;
        loop {
            let answer = match name {
                Some(_) => by_name(&request, placed(*kind, &namespace), env),
                None => env.try_call(&request),
            };
            match answer {
                Ok(t) => {
                    let token = t["metadata"]["continue"].as_str().map(String::from);
                    add_rows(&mut groups, *kind, &t);
                    match token {
                        Some(t) => {
                            request.query.retain(|(k, _)| k != "continue");
                            request = request.query("continue", t);
                        }
                        None => break,
                    }
                }
                Err(s) if s.is(Reason::NotFound) && args.flag("ignore-not-found") => break,
                Err(s) => {
                    failures.push(match name {
                        Some(_) => Failure::status(&s),
                        None => refused_list(s, *kind, args),
                    });
                    break;
                }
            }
        }
    }
    groups.retain(|(_, t)| t["rows"].as_array().is_some_and(|r| !r.is_empty()));
    if groups.is_empty() && failures.is_empty() {
        nothing_found(args, selection, env);
        return Ok(Done::OK);
    }
    print_groups(args, &groups, groups.len() > 1 || selection.several_kinds, format, env);
    finish(failures)
}

fn add_rows(groups: &mut Vec<(KindRef, Value)>, kind: KindRef, t: &Value) {
    match groups.iter_mut().find(|(k, _)| *k == kind) {
        Some((_, old)) => {
            let more = t["rows"].as_array().cloned().unwrap_or_default();
            if let Some(rows) = old["rows"].as_array_mut() {
                rows.extend(more);
            }
        }
        None => groups.push((kind, t.clone())),
    }
}

/// One table for each kind; `named`: its rows name their kind.
fn print_groups(args: &Args, groups: &[(KindRef, Value)], named: bool, format: &Format, env: &mut Env<'_>) {
    for (i, (kind, t)) in groups.iter().enumerate() {
        if i > 0 && !args.flag("no-headers") {
            env.out.push('\n');
        }
        env.out.push_str(&printers::table(t, &options(args, format, *kind, named)));
    }
}

/// Sorting needs the objects; the rows are fetched again in that order.
fn sorted_tables(
    args: &Args,
    found: &[Found],
    selection: &Selection,
    format: &Format,
    failures: Vec<Failure>,
    env: &mut Env<'_>,
) -> Result<Done, Failure> {
    let mut groups: Vec<(KindRef, Value)> = vec![];
    for f in found {
        let t = env.call(&Request::get(f.path()).table())?;
        add_rows(&mut groups, f.kind, &t);
    }
    if groups.is_empty() && failures.is_empty() {
        nothing_found(args, selection, env);
    }
    print_groups(args, &groups, groups.len() > 1, format, env);
    finish(failures)
}

/// What kubectl prints of objects by itself: names and ages.
fn plain_tables(
    args: &Args,
    found: &[Found],
    selection: &Selection,
    format: &Format,
    failures: Vec<Failure>,
    env: &mut Env<'_>,
) -> Result<Done, Failure> {
    let now = env.now();
    let mut groups: Vec<(KindRef, Value)> = vec![];
    for f in found {
        let made = f.object["metadata"]["creationTimestamp"].as_str().and_then(Time::parse);
        let age = made.map_or("<unknown>".into(), |t| ago(t, now));
        let t = json!({
            "columnDefinitions": [{"name": "Name", "format": "name", "priority": 0}, {"name": "Age", "priority": 0}],
            "rows": [{"cells": [f.name, age], "object": {"metadata": f.object["metadata"]}}],
        });
        add_rows(&mut groups, f.kind, &t);
    }
    if groups.is_empty() && failures.is_empty() {
        nothing_found(args, selection, env);
    }
    print_groups(args, &groups, groups.len() > 1, format, env);
    finish(failures)
}

fn watch(args: &Args, selection: &Selection, format: Format, env: &mut Env<'_>) -> Result<Done, Failure> {
    let [(kind, name)] = selection.items.as_slice() else {
        return Err(Failure::error("you may only specify a single resource type"));
    };
    let namespace = if args.flag("all-namespaces") { String::new() } else { env.namespace.clone() };
    if let Some(n) = name {
        let request = Request::get(object(*kind, &namespace, n));
        by_name(&request, placed(*kind, &namespace), env).map_err(|s| Failure::status(&s))?;
    }
    let mut request = with_selectors(Request::get(collection(*kind, &namespace)), args);
    if let Some(n) = name {
        request = request.query("fieldSelector", format!("metadata.name={n}"));
    }
    if format.is_table() {
        request = request.table();
    }
    if args.flag("watch-only") {
        let now =
            env.call(&Request { query: vec![("limit".into(), "1".into())], ..Request::get(request.path.clone()) })?;
        request = request.query("resourceVersion", now["metadata"]["resourceVersion"].as_str().unwrap_or("1"));
    }
    let watch = env.api.watch(&request).map_err(|s| Failure::status(&s))?;
    let options = options(args, &format, *kind, false);
    let (args, kind) = (args.clone(), *kind);
    Ok(Done::Follow(Box::new(Watching {
        watch,
        args,
        format,
        options,
        kind,
        heads: vec![],
        columns: Remembered::default(),
        headed: false,
        begun: false,
    })))
}

struct Watching {
    watch: Watch,
    args: Args,
    format: Format,
    options: TableOptions,
    kind: KindRef,
    heads: Vec<Value>,
    columns: Remembered,
    headed: bool,
    /// Whether what was there at first has been shown.
    begun: bool,
}

impl Watching {
    fn rows(&mut self, t: &Value, event: &str) -> String {
        if let Some(heads) = t["columnDefinitions"].as_array().filter(|h| !h.is_empty()) {
            self.heads.clone_from(heads);
        }
        let mut options = self.options.clone();
        options.headers &= !self.headed;
        if self.args.flag("output-watch-events") {
            options.event = Some(event.to_string());
            // As wide as the longest event.
            self.columns.first_at_least("MODIFIED".len());
        }
        self.headed = true;
        let rows = t["rows"].as_array().map(Vec::as_slice).unwrap_or_default();
        self.columns.lay(&printers::cells(&self.heads, rows, &options))
    }
}

impl Watching {
    /// What is there when one begins to look is shown at once, so that its columns are those of a list. Gives back what came after.
    fn begin(&mut self, env: &mut Env<'_>) -> Option<WatchEvent> {
        let mut table = json!({});
        let (mut rows, mut after) = (vec![], None);
        while let Some(e) = env.api.next(self.watch) {
            if e.kind != "ADDED" {
                after = Some(e);
                break;
            }
            if e.object["columnDefinitions"].as_array().is_some_and(|h| !h.is_empty()) {
                table["columnDefinitions"] = e.object["columnDefinitions"].clone();
            }
            rows.extend(e.object["rows"].as_array().into_iter().flatten().cloned());
        }
        if !rows.is_empty() {
            table["rows"] = rows.into();
            let text = self.rows(&table, "ADDED");
            env.out.push_str(&text);
        }
        after
    }
}

impl Follow for Watching {
    fn poll(&mut self, env: &mut Env<'_>) -> Result<Progress, Failure> {
        let begins = !std::mem::replace(&mut self.begun, true);
        let lists = begins && self.format.is_table() && !self.args.flag("watch-only");
        let mut first = if lists { self.begin(env) } else { None };
        while let Some(e) = first.take().or_else(|| env.api.next(self.watch)) {
            if e.kind == "ERROR" {
                return Err(Failure::error(e.object["message"].as_str().unwrap_or("watch closed").to_string()));
            }
            let text = if self.format.is_table() {
                self.rows(&e.object, e.kind.as_ref())
            } else {
                let mut object = e.object.clone();
                if self.args.flag("output-watch-events")
                    && matches!(self.format, Format::Json | Format::Yaml | Format::Kyaml)
                {
                    object = json!({"type": e.kind, "object": printers::cleaned(&object, false)}).into();
                }
                let found = Found::of(self.kind, object);
                printers::print(&self.format, &[found], true, &self.args)?
            };
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
