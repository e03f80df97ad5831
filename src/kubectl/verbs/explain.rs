//! kubectl explain: the documentation of kinds and fields, from the published OpenAPI documents.
//! Real Kubernetes: k8s.io/kubectl/pkg/explain/v2/templates/plaintext.tmpl.

use crate::api::schema::{Doc, DocField, definition, definition_name};
use crate::kubectl::args::{OUTPUT, Type};
use crate::kubectl::resources;
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Verb};

pub static EXPLAIN: Verb = Verb {
    name: "explain",
    summary: "Get documentation for a resource",
    flags: &[&[Flag::new("recursive", Type::Bool), Flag::new("api-version", Type::Text)], OUTPUT],
    completes: Completes::Kinds,
    run: explain,
};

/// Where lines are folded.
const WIDTH: usize = 80;

fn explain(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    if args.words.is_empty() {
        return Err(Failure::plain(
            "error: You must specify the type of resource to explain. Use \"kubectl api-resources\" for a complete list of supported resources.",
        ));
    }
    if args.words.len() > 1 {
        return Err(Failure::error("We accept only this format: explain RESOURCE"));
    }
    let mut path = args.word(0).split('.');
    let kind = resources::kind(path.next().unwrap_or(""))
        .map_err(|f| Failure { message: f.message.trim_start_matches("error: ").into(), ..f })?;
    let wanted = args.text("api-version");
    if !wanted.is_empty() && wanted != kind.api_version() {
        return Err(Failure::error(format!("GVR ({wanted}, Resource={}) not found in OpenAPI schema", kind.plural())));
    }
    let fields: Vec<&str> = path.filter(|p| !p.is_empty()).collect();
    let mut doc = definition(&definition_name(kind)).ok_or_else(|| Failure::error("couldn't find resource"))?;
    // Said even if a field of the path does not exist.
    if !kind.group().is_empty() {
        env.line(format!("GROUP:      {}", kind.group()));
    }
    env.line(format!("KIND:       {}", kind.name()));
    env.line(format!("VERSION:    {}\n", kind.version()));
    let mut field: Option<DocField> = None;
    for f in &fields {
        let i = doc.fields.iter().position(|x| x.name == *f);
        let Some(i) = i else { return Err(Failure::error(format!("field {f:?} does not exist"))) };
        let found = doc.fields.swap_remove(i);
        if !found.refers.is_empty() {
            doc = definition(found.refers).unwrap_or(Doc { type_name: "", description: String::new(), fields: vec![] });
        } else {
            doc = Doc { type_name: "", description: String::new(), fields: vec![] };
        }
        field = Some(found);
    }
    if let Some(f) = &field {
        env.line(format!("FIELD: {} <{}>", f.name, f.type_name));
        if f.enums.is_empty() {
            env.out.push('\n');
        } else {
            env.line("ENUM:");
            f.enums.iter().for_each(|e| env.line(format!("    {e}")));
        }
        env.out.push('\n');
    }
    env.line("DESCRIPTION:");
    let own = field.as_ref().map(|f| f.description.clone()).filter(|d| !d.is_empty());
    let mut described = false;
    for text in own.iter().chain(Some(&doc.description).filter(|d| !d.is_empty())) {
        described = true;
        let text = wrap(text, 4);
        env.line(text);
    }
    if !described {
        env.line("    <empty>");
    }
    env.line("    ");
    if doc.fields.is_empty() {
        env.out.push('\n');
        return Ok(Done::OK);
    }
    env.line("FIELDS:");
    let recursive = args.flag("recursive");
    list(&doc, 2, recursive, &mut vec![], env);
    env.out.push('\n');
    Ok(Done::OK)
}

fn list(doc: &Doc, indent: usize, recursive: bool, above: &mut Vec<String>, env: &mut Env<'_>) {
    let pad = " ".repeat(indent);
    for (i, f) in doc.fields.iter().enumerate() {
        let required = if f.required { " -required-" } else { "" };
        env.line(format!("{pad}{}\t<{}>{required}", f.name, f.type_name));
        if !f.enums.is_empty() {
            let text = if f.enums.len() > 4 && !recursive {
                format!("{}, ....", f.enums[..4].join(", "))
            } else {
                f.enums.join(", ")
            };
            env.line(format!("{pad}enum: {text}"));
        }
        if recursive {
            // A type within itself would never end.
            if !f.refers.is_empty()
                && !above.iter().any(|a| a == f.refers)
                && let Some(d) = definition(f.refers)
            {
                above.push(f.refers.into());
                list(&d, indent + 2, true, above, env);
                above.pop();
            }
            continue;
        }
        let text = if f.description.is_empty() {
            format!("{}<no description>", " ".repeat(4))
        } else {
            wrap(&f.description, 4)
        };
        env.line(text);
        if i + 1 < doc.fields.len() {
            env.out.push('\n');
        }
    }
}

/// Folds a text at 80 columns, each line indented.
fn wrap(text: &str, indent: usize) -> String {
    let pad = " ".repeat(indent);
    let mut out: Vec<String> = vec![];
    for paragraph in text.split('\n') {
        let (mut line, mut first) = (String::new(), true);
        for word in paragraph.split(' ').filter(|w| !w.is_empty()) {
            if !line.is_empty() && indent + line.chars().count() + 1 + word.chars().count() > WIDTH {
                out.push(format!("{pad}{line}"));
                line.clear();
            }
            // Items of a list keep the blank that sets them off.
            if !line.is_empty() || (first && paragraph.starts_with(' ')) {
                line.push(' ');
            }
            first = false;
            line.push_str(word);
        }
        out.push(format!("{pad}{line}"));
    }
    out.join("\n")
}
