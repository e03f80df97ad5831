//! kubectl explain: the documentation of kinds and fields, from the published OpenAPI documents.
//! Real Kubernetes: k8s.io/kubectl/pkg/explain/v2/templates/plaintext.tmpl.

use crate::api::KindRef;
use crate::api::definitions::{self, Doc, DocField};
use crate::kubectl::args::{RECURSIVE, Type, output};
use crate::kubectl::mapper::Mapper;
use crate::kubectl::verbs::explain_v2;
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Verb};

pub static EXPLAIN: Verb = Verb {
    name: "explain",
    summary: "Get documentation for a resource",
    flags: &[&[RECURSIVE, Flag::new("api-version", Type::Text), output("plaintext")]],
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
    let output = args.text("output");
    if !["", "plaintext", "plaintext-openapiv2"].contains(&output) {
        return Err(Failure::error(format!("unrecognized format: {output}")));
    }
    let (mut kind, path) = env
        .mapped(|m| kind_and_path(args.word(0), m))
        .map_err(|f| Failure { message: f.message.trim_start_matches("error: ").into(), ..f })?;
    env.schemas().map_err(|s| Failure::status(&s))?;
    // The path is read as a JSONPath of fields alone, not of anything below, of all fields, or of items.
    let word = args.word(0);
    if word.starts_with('.') || word.contains("..") || word.contains(['*', '[']) {
        return Err(Failure::error("invalid jsonpath syntax, first node must be field node"));
    }
    let wanted = args.text("api-version");
    if !wanted.is_empty() && wanted != kind.api_version() {
        let there = |k: &KindRef| k.api_version() == wanted && k.plural() == kind.plural();
        let known = env.mapper()?.kinds;
        let other = known.iter().copied().find(there);
        // A version that is served has documents, even if this kind is not in them.
        let served = known.iter().any(|k| k.api_version() == wanted);
        let missing = if served {
            format!("GVR ({wanted}, Resource={}) not found in OpenAPI schema", kind.plural())
        } else {
            format!("couldn't find resource for \"{wanted}, Resource={}\"", kind.plural())
        };
        kind = other.ok_or_else(|| Failure::error(missing))?;
    }
    let fields: Vec<&str> = path.split('.').filter(|p| !p.is_empty()).collect();
    if output == "plaintext-openapiv2" {
        return explain_v2::explain(kind, &fields, args.flag("recursive"), env);
    }
    let mut doc = definitions::of_kind(kind).ok_or_else(|| Failure::error("couldn't find resource"))?;
    // Said even if a field of the path does not exist.
    if !kind.group().is_empty() {
        env.line(format!("GROUP:      {}", kind.group()));
    }
    env.line(format!("KIND:       {}", kind.name()));
    env.line(format!("VERSION:    {}\n", kind.version()));
    let mut field: Option<DocField> = None;
    for f in &fields {
        let i = doc.fields.iter().position(|x| x.name == *f);
        // Whichever is missing, the last one is named.
        let Some(i) = i else {
            let last = fields.last().copied().unwrap_or(f);
            return Err(Failure::error(format!("field {last:?} does not exist")));
        };
        let found = doc.fields.swap_remove(i);
        doc = found.doc().unwrap_or_default();
        field = Some(found);
    }
    if let Some(f) = &field {
        env.line(format!("FIELD: {} <{}>", f.name, shown(&f.type_name)));
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
    } else {
        env.line("    ");
    }
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

/// The kind that a path begins with, and the fields after it: `deployments.apps.spec` names the group too.
fn kind_and_path<'a>(word: &'a str, mapper: &Mapper) -> Result<(KindRef, &'a str), Failure> {
    let (first, rest) = word.split_once('.').unwrap_or((word, ""));
    let kind = mapper.kind(first)?;
    let after_group = word.strip_prefix(kind.group_resource().as_str()).filter(|r| r.is_empty() || r.starts_with('.'));
    Ok((kind, after_group.unwrap_or(rest)))
}

/// Times and how long they take are strings in the published documents.
fn shown(type_name: &str) -> &str {
    match type_name {
        "Time" | "MicroTime" | "Duration" => "string",
        other => other,
    }
}

fn list(doc: &Doc, indent: usize, recursive: bool, above: &mut Vec<String>, env: &mut Env<'_>) {
    let pad = " ".repeat(indent);
    for (i, f) in doc.fields.iter().enumerate() {
        let required = if f.required { " -required-" } else { "" };
        env.line(format!("{pad}{}\t<{}>{required}", f.name, shown(&f.type_name)));
        if !f.enums.is_empty() {
            let text =
                if f.enums.len() > 4 { format!("{}, ....", f.enums[..4].join(", ")) } else { f.enums.join(", ") };
            env.line(format!("{pad}enum: {text}"));
        }
        if recursive {
            // A type within itself would never end.
            if (f.refers.is_empty() || !above.contains(&f.refers))
                && let Some(d) = f.doc()
            {
                above.push(f.refers.clone());
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
        // Blanks between words stay as they are, except where a line is folded.
        let (mut line, mut rest) = (String::new(), paragraph);
        while !rest.is_empty() {
            let blanks = rest.len() - rest.trim_start_matches(' ').len();
            let word = rest[blanks..].split(' ').next().unwrap_or("");
            if !line.trim().is_empty() && indent + line.chars().count() + blanks + word.chars().count() > WIDTH {
                out.push(format!("{pad}{line}"));
                line.clear();
            } else {
                line.push_str(&rest[..blanks]);
            }
            line.push_str(word);
            rest = &rest[blanks + word.len()..];
        }
        out.push(format!("{pad}{line}"));
    }
    out.join("\n")
}
