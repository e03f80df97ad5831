//! How objects are printed: tables, YAML, JSON, names, JSONPath, custom columns.
//! Real Kubernetes: k8s.io/cli-runtime/pkg/printers, k8s.io/kubectl/pkg/cmd/get.

use serde_json::{Map, Value, json};

use super::args::Args;
use super::env::Host;
use super::failure::Failure;
use super::go_template;
use super::resources::Found;
use super::tabwriter::align;
use crate::api::go_text::{plain, syntax};
use crate::api::jsonpath::Template;
use crate::api::{kyaml, wire, yaml};

/// The output format of a command.
#[derive(Clone, Debug, PartialEq)]
pub enum Format {
    Table { wide: bool },
    Name,
    Json,
    Yaml,
    JsonPath { template: Template, as_json: bool },
    GoTemplate(String),
    Kyaml,
    Columns(Vec<(String, Template)>),
}

/// The formats of all verbs.
const ALLOWED: &[&str] = &[
    "go-template",
    "go-template-file",
    "json",
    "jsonpath",
    "jsonpath-as-json",
    "jsonpath-file",
    "kyaml",
    "name",
    "template",
    "templatefile",
    "yaml",
];
/// Those of the verbs that show tables.
const OF_TABLES: &[&str] = &["custom-columns", "custom-columns-file", "wide"];

impl Format {
    /// The format of a verb that says in a line what it did.
    pub fn of(args: &Args) -> Result<Format, Failure> {
        Format::among(ALLOWED, args)
    }

    /// The format of a verb that shows tables.
    pub fn of_table(args: &Args) -> Result<Format, Failure> {
        let mut allowed = [ALLOWED, OF_TABLES].concat();
        allowed.sort_unstable();
        Format::among(&allowed, args)
    }

    fn among(allowed: &[&str], args: &Args) -> Result<Format, Failure> {
        let text = args.text("output");
        let (name, template) = named(args);
        let lower = name.to_lowercase();
        let name = if ["json", "yaml", "kyaml"].contains(&lower.as_str()) { &lower } else { name };
        let two_templates = !args.text("template").is_empty() && text.contains('=');
        if !name.is_empty() && (two_templates || !allowed.contains(&name)) {
            return Err(Failure::error(format!(
                "unable to match a printer suitable for the output format {text:?}, allowed formats are: {}",
                allowed.join(",")
            )));
        }
        match name {
            "" => Ok(Format::Table { wide: false }),
            "wide" => Ok(Format::Table { wide: true }),
            "name" => Ok(Format::Name),
            "json" => Ok(Format::Json),
            "yaml" => Ok(Format::Yaml),
            "kyaml" => Ok(Format::Kyaml),
            _ if name.starts_with("custom-columns") => Format::columns(template, args),
            _ if template.is_empty() => Err(Failure::error("template format specified but no template given")),
            _ => {
                let text = match &args.template_file {
                    Some(Ok(text)) => text,
                    Some(Err(why)) => {
                        return Err(Failure::error(format!("error reading --template {template}, {why}")));
                    }
                    None => template,
                };
                if !name.starts_with("jsonpath") {
                    go_template::check(text)?;
                    return Ok(Format::GoTemplate(text.into()));
                }
                let parsed =
                    Template::parse(text).map_err(|e| Failure::error(format!("error parsing jsonpath {text}, {e}")))?;
                Ok(Format::JsonPath { template: parsed, as_json: name.ends_with("json") })
            }
        }
    }

    fn columns(spec: &str, args: &Args) -> Result<Format, Failure> {
        Ok(Format::Columns(match &args.template_file {
            _ if spec.is_empty() => {
                return Err(Failure::error("custom-columns format specified but no custom columns given"));
            }
            None => columns(spec)?,
            Some(Ok(text)) => columns_of_file(text)?,
            Some(Err(why)) => return Err(Failure::error(format!("error reading template {spec}, {why}\n"))),
        }))
    }

    /// Whether a template picks what it likes, which no flag hides from it.
    pub fn looks_at_all(args: &Args) -> bool {
        let (name, _) = named(args);
        ["jsonpath", "go-template", "template", "custom-columns"].iter().any(|t| name.starts_with(t))
    }

    pub fn is_table(&self) -> bool {
        matches!(self, Format::Table { .. })
    }
}

/// The name of a format and its template. `--template` alone is one of Go's.
fn named(args: &Args) -> (&str, &str) {
    match (args.text("output"), args.text("template")) {
        ("", "") => ("", ""),
        ("", template) => ("go-template", template),
        (text, template) => text.split_once('=').unwrap_or((text, template)),
    }
}

/// Reads the file that a format names, if it names one.
pub fn read_template(args: &mut Args, host: &dyn Host) {
    const OF_FILES: &[&str] = &["go-template-file", "templatefile", "jsonpath-file", "custom-columns-file"];
    let (name, path) = named(args);
    if OF_FILES.contains(&name) && !path.is_empty() {
        args.template_file = Some(host.read(path).map_err(|_| format!("open {path}: no such file or directory")));
    }
}

/// A line of heads, and a line of what is under them.
fn columns_of_file(text: &str) -> Result<Vec<(String, Template)>, Failure> {
    let mut lines = text.lines();
    let mut line = |what: &str| {
        let missing = format!(
            "invalid template, missing {what} line. Expected format is one line of space separated headers, one line of space separated column specs."
        );
        lines.next().map(|l| l.split_whitespace().collect::<Vec<_>>()).ok_or_else(|| Failure::error(missing))
    };
    let (heads, specs) = (line("header")?, line("spec")?);
    if heads.len() != specs.len() {
        let (heads, specs) = (heads.len(), specs.len());
        return Err(Failure::error(format!(
            "number of headers ({heads}) and field specifications ({specs}) don't match"
        )));
    }
    let column =
        |(head, spec): (&&str, &&str)| Ok(((*head).to_string(), Template::relaxed(spec).map_err(Failure::error)?));
    heads.iter().zip(&specs).map(column).collect()
}

fn columns(spec: &str) -> Result<Vec<(String, Template)>, Failure> {
    let mut out = vec![];
    for c in spec.split(',') {
        let Some((head, path)) = c.split_once(':') else {
            return Err(Failure::error(format!(
                "unexpected custom-columns spec: {c}, expected <header>:<json-path-expr>"
            )));
        };
        let t = Template::relaxed(path).map_err(Failure::error)?;
        out.push((head.to_string(), t));
    }
    Ok(out)
}

/// Objects without what `kubectl` hides.
pub fn cleaned(v: &Value, managed_fields: bool) -> Value {
    let mut v = v.clone();
    if !managed_fields && let Some(m) = v.get_mut("metadata").and_then(Value::as_object_mut) {
        m.remove("managedFields");
    }
    v
}

/// A list that kubectl puts together of what it did, and holds as Go's type of it.
pub fn print_bundle(format: &Format, objects: &[Found], args: &Args) -> Result<String, Failure> {
    let managed = args.flag("show-managed-fields") || Format::looks_at_all(args);
    let items: Vec<Value> = objects.iter().map(|f| cleaned(&f.object, managed)).collect();
    let bundle = json!({"apiVersion": "v1", "kind": "List", "metadata": {}, "items": items});
    match (format, objects) {
        (Format::Json, [_, _, ..]) => Ok(wire::bundle(&bundle)),
        (_, [first, _, ..]) => print(format, &[Found { object: bundle.into(), ..first.clone() }], true, args),
        _ => print(format, objects, true, args),
    }
}

/// Prints objects in a format that is no table. `single`: one object was asked for by name.
pub fn print(format: &Format, objects: &[Found], single: bool, args: &Args) -> Result<String, Failure> {
    let managed = args.flag("show-managed-fields") || Format::looks_at_all(args);
    let whole = || -> Value {
        match objects {
            [one] if single => cleaned(&one.object, managed),
            all => json!({"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""},
                          "items": all.iter().map(|f| cleaned(&f.object, managed)).collect::<Vec<_>>()}),
        }
    };
    Ok(match format {
        Format::Table { .. } => String::new(),
        Format::Name => objects.iter().map(|f| format!("{}\n", f.full_name())).collect(),
        Format::Json => json_text(&whole()),
        Format::Yaml => yaml::print(&whole()),
        Format::Kyaml => kyaml::print(&whole()),
        Format::GoTemplate(template) => {
            go_template::print(template, &whole(), args.flag("allow-missing-template-keys"))?
        }
        Format::JsonPath { template, as_json } => {
            let v = whole();
            if *as_json {
                let found: Vec<Value> = template.find(&v).into_iter().cloned().collect();
                return Ok(json_text(&Value::Array(found)));
            }
            let strict = !args.flag("allow-missing-template-keys");
            template.print(&v, strict).map_err(|e| Failure::error(format!("error executing jsonpath {0:?}: Error executing template: {e}. Printing more information for debugging the template:\n\ttemplate was:\n\t\t{0}\n\tobject given to jsonpath engine was:\n\t\t{1}\n\n", template.text(), syntax(&v))))?
        }
        Format::Columns(columns) => custom_columns(columns, objects, args.flag("no-headers")),
    })
}

/// JSON as kubectl prints it: four blanks, `<`, `>` and `&` escaped.
pub fn json_text(v: &Value) -> String {
    let mut out = vec![];
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b"    ");
    let mut s = serde_json::Serializer::with_formatter(&mut out, formatter);
    if serde::Serialize::serialize(v, &mut s).is_err() {
        return String::new();
    }
    let text = String::from_utf8_lossy(&out).into_owned();
    format!("{}\n", text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026"))
}

fn custom_columns(columns: &[(String, Template)], objects: &[Found], no_headers: bool) -> String {
    let mut rows = vec![];
    if !no_headers {
        rows.push(columns.iter().map(|(h, _)| h.clone()).collect::<Vec<_>>().join("\t"));
    }
    for f in objects {
        let cells: Vec<String> = columns
            .iter()
            .map(|(_, t)| {
                let found: Vec<String> = t
                    .find(&f.object)
                    .into_iter()
                    .map(|v| if v.is_null() { "<nil>".into() } else { escaped(&plain(v)) })
                    .collect();
                listed(&found, ",")
            })
            .collect();
        rows.push(cells.join("\t"));
    }
    align(&format!("{}\n", rows.join("\n")), 6, 3)
}

/// What a table is printed with.
#[derive(Clone, Debug, Default)]
pub struct TableOptions {
    pub wide: bool,
    pub headers: bool,
    pub namespaces: bool,
    pub labels: bool,
    pub label_columns: Vec<String>,
    /// Put before names: `deployment.apps/`.
    pub prefix: String,
    /// What happened, as a first column.
    pub event: Option<String>,
}

/// One table of the server, as text.
pub fn table(t: &Value, o: &TableOptions) -> String {
    let list = |key: &str| t[key].as_array().map(Vec::as_slice).unwrap_or_default();
    let lines: String = cells(list("columnDefinitions"), list("rows"), o).iter().map(|r| r.join("\t") + "\n").collect();
    align(&lines, 6, 3)
}

/// A cell is one line, whatever ends lines; what a terminal would obey is shown.
/// Real Kubernetes: cli-runtime/pkg/printers/tableprinter.go printRows, which cuts texts only.
fn cell(v: &Value) -> String {
    match v {
        Value::Null => String::new(),
        Value::String(text) => match text.find(['\u{c}', '\n', '\r']) {
            Some(end) => escaped(&text[..end]) + "...",
            None => escaped(text),
        },
        other => escaped(&plain(other)),
    }
}

/// The texts of a list, or that there are none.
pub fn listed<S: std::borrow::Borrow<str>>(texts: &[S], separator: &str) -> String {
    if texts.is_empty() { "<none>".into() } else { texts.join(separator) }
}

/// Text without what a terminal would obey. Real Kubernetes: cli-runtime/pkg/printers/terminal.go.
pub fn escaped(text: &str) -> String {
    text.replace('\u{1b}', "^[").replace('\r', "\\r")
}

/// The cells of rows under given columns: a watch sends the columns only once.
pub fn cells(heads: &[Value], rows: &[Value], o: &TableOptions) -> Vec<Vec<String>> {
    let shown: Vec<usize> =
        (0..heads.len()).filter(|i| o.wide || heads[*i]["priority"].as_i64().unwrap_or(0) == 0).collect();
    let mut lines = vec![];
    if o.headers {
        let mut cells: Vec<String> = o.event.iter().map(|_| "EVENT".to_string()).collect();
        if o.namespaces {
            cells.push("NAMESPACE".into());
        }
        cells.extend(shown.iter().map(|i| heads[*i]["name"].as_str().unwrap_or("").to_uppercase()));
        cells.extend(o.label_columns.iter().map(|l| l.rsplit('/').next().unwrap_or(l).to_uppercase()));
        if o.labels {
            cells.push("LABELS".into());
        }
        lines.push(cells);
    }
    for row in rows {
        let meta = &row["object"]["metadata"];
        let mut cells: Vec<String> = o.event.iter().cloned().collect();
        if o.namespaces {
            cells.push(meta["namespace"].as_str().unwrap_or("").into());
        }
        for (n, i) in shown.iter().enumerate() {
            let text = cell(&row["cells"][*i]);
            let name_column = heads[*i]["format"] == "name" || (n == 0 && heads[*i]["name"] == "Name");
            cells.push(if name_column { format!("{}{text}", o.prefix) } else { text });
        }
        for l in &o.label_columns {
            cells.push(meta["labels"][l].as_str().unwrap_or("").into());
        }
        if o.labels {
            let empty = Map::new();
            let labels = meta["labels"].as_object().unwrap_or(&empty);
            let text: Vec<String> = labels.iter().map(|(k, v)| format!("{k}={}", v.as_str().unwrap_or(""))).collect();
            cells.push(listed(&text, ","));
        }
        lines.push(cells);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_one_line_and_move_no_cursor() {
        assert_eq!(cell(&json!("a\nb")), "a...");
        assert_eq!(cell(&json!("a\rb")), "a...");
        assert_eq!(cell(&json!("a\u{1b}[2Jb")), "a^[[2Jb");
        assert_eq!(cell(&json!(3)), "3");
        assert_eq!(cell(&Value::Null), "");
    }
}
