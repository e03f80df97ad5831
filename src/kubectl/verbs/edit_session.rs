//! The editor is opened, what it leaves is sent, and where that is refused it is opened again.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/util/editor/editoptions.go.

use serde_json::{Value, json};

use super::apply::{self, LAST_APPLIED as ANNOTATION};
use super::create::say;
use super::edit_text::{self, Content, Reason, header};
use crate::api::patch::PatchType;
use crate::api::request::{Method, Request};
use crate::api::{Reason as Why, go_text, strategic, yaml};
use crate::kubectl::args::DryRun;
use crate::kubectl::editor::{Editor, Unedited};
use crate::kubectl::manifests::{self, Manifest, Validate};
use crate::kubectl::printers::{Format, json_text};
use crate::kubectl::record;
use crate::kubectl::resources::{Found, collection, joined, object};
use crate::kubectl::{Args, Env, Failure};

/// What an edited object is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// It is in the cluster.
    Live,
    /// It is to be made.
    New,
    /// It is the annotation of an object in the cluster.
    LastApplied,
}

/// An editor that changes every text that it opens would go on for ever.
const MOST_OPENINGS: usize = 100;

/// Lets a person edit objects. A failure leaves what was written in its file, and says where.
pub fn run(mode: Mode, args: &Args, originals: &[Found], env: &mut Env<'_>) -> Result<(), Failure> {
    let shape = Shape::of(mode, args)?;
    let editor = Editor::of(env);
    // Who owns what is kept out of sight.
    let originals: Vec<Original> = originals.iter().map(Original::of).collect();
    let unchanged = shape.file(&shape.print(&originals), &[]);
    let (mut text, mut before, mut last_file) = (unchanged.clone(), None, String::new());
    for _ in 0..MOST_OPENINGS {
        let file = format!("/tmp/kubectl-edit-{}{}", env.api.number(), shape.extension());
        let edited = open(&editor, &file, &text, env).map_err(|e| kept(e, &last_file, env))?;
        if before.as_ref() == Some(&Content::of(&edited)) {
            return Err(kept(Failure::error("Edit cancelled, no valid changes were saved."), &file, env));
        }
        env.host.remove(&last_file);
        last_file.clone_from(&file);
        before = Some(Content::of(&edited));
        let reasons = match shape.judge(&edited, &unchanged, &originals[0], env) {
            Judged::Cancelled(why) => {
                env.host.remove(&file);
                env.error_line(why);
                return Ok(());
            }
            Judged::Wrong(reason) => vec![reason],
            Judged::Objects(edited) => shape.send(edited, &originals, &file, env)?,
        };
        if reasons.is_empty() {
            env.host.remove(&file);
            return Ok(());
        }
        text = shape.file(&edit_text::uncommented(&edited), &reasons);
    }
    Err(kept(Failure::error("Edit cancelled, no valid changes were saved."), &last_file, env))
}

/// Writes a file, has it edited, reads it.
fn open(editor: &Editor, file: &str, text: &str, env: &mut Env<'_>) -> Result<String, Failure> {
    env.host.write(file, text).map_err(Failure::error)?;
    env.host.edit(editor, file).map_err(|e| {
        let program = go_text::quoted(&editor.words.join(" "));
        Failure::error(match e {
            Unedited::Absent => format!("unable to launch the editor {program}"),
            Unedited::Failed => format!("there was a problem with the editor {program}"),
        })
    })?;
    env.host.read(file).map_err(Failure::error)
}

/// Says where the work of the person still is.
fn kept(failure: Failure, file: &str, env: &mut Env<'_>) -> Failure {
    if env.host.read(file).is_ok() {
        env.error_line(format!("A copy of your changes has been stored to {file:?}"));
    }
    failure
}

struct Original {
    found: Found,
    /// As it is shown.
    value: Value,
    owners: Option<Value>,
}

impl Original {
    fn of(found: &Found) -> Original {
        let mut value = (*found.object).clone();
        let owners = value.get_mut("metadata").and_then(Value::as_object_mut).and_then(|m| m.remove("managedFields"));
        Original { found: found.clone(), value, owners }
    }
    fn uid(&self) -> &Value {
        &self.value["metadata"]["uid"]
    }
}

/// How objects are shown, and what is done with them afterwards.
struct Shape<'a> {
    mode: Mode,
    args: &'a Args,
    format: Format,
    validate: Validate,
}

enum Judged {
    Cancelled(&'static str),
    Wrong(Reason),
    Objects(Vec<Manifest>),
}

impl Shape<'_> {
    fn of(mode: Mode, args: &Args) -> Result<Shape<'_>, Failure> {
        let output = args.text("output");
        if !["", "json", "yaml"].contains(&output) {
            return Err(Failure::error(format!(
                "unable to match a printer suitable for the output format {output:?}, allowed formats are: json,kyaml,yaml"
            )));
        }
        Ok(Shape { mode, args, format: Format::of(args)?, validate: Validate::of(args)? })
    }

    fn extension(&self) -> &'static str {
        if self.format == Format::Json { ".json" } else { ".yaml" }
    }

    /// One object as it is, several as a list.
    fn print(&self, originals: &[Original]) -> String {
        let value = match originals {
            [one] => one.value.clone(),
            many => json!({"apiVersion": "v1", "kind": "List", "metadata": {},
                           "items": many.iter().map(|o| o.value.clone()).collect::<Vec<_>>()}),
        };
        if self.format == Format::Json { json_text(&value) } else { yaml::print(&value) }
    }

    /// A file to be edited. JSON knows no comments.
    fn file(&self, objects: &str, reasons: &[Reason]) -> String {
        let about = if self.mode == Mode::LastApplied { edit_text::LAST_APPLIED } else { edit_text::OBJECT };
        let head = if self.format == Format::Json { String::new() } else { header(about, reasons) };
        let ends = if self.args.flag("windows-line-endings") { "\r\n" } else { "\n" };
        format!("{head}{objects}").replace("\r\n", "\n").replace('\n', ends)
    }

    /// What the person left: objects, nothing, or something else.
    fn judge(&self, edited: &str, unchanged: &str, first: &Original, env: &mut Env<'_>) -> Judged {
        let read = yaml::parse(edited, yaml::Repeated::LastWins)
            .or_else(|_| yaml::parse(&edit_text::uncommented(edited), yaml::Repeated::LastWins));
        let wrong = match &read {
            Err(e) => Some(e.clone()),
            Ok(v) => manifests::kindless(v.as_ref().unwrap_or(&Value::Null)),
        };
        if let Some(why) = wrong.filter(|_| self.validate != Validate::Ignore) {
            let (kind, name) = (first.found.kind, &first.found.name);
            env.error_line(format!("error: {} {name:?} is invalid", kind.group_resource()));
            return Judged::Wrong(Reason::unreadable(kind, name, &why));
        }
        if Content::of(edited) == Content::of(unchanged) {
            return Judged::Cancelled("Edit cancelled, no changes made.");
        }
        if !edit_text::has_lines(edited) {
            return Judged::Cancelled("Edit cancelled, saved file was empty.");
        }
        let parsed = |mapper: &_| -> Result<Vec<Manifest>, Failure> {
            let (good, bad): (Vec<_>, Vec<_>) =
                manifests::parse("edited-file", edited, Validate::Ignore, mapper).into_iter().partition(Result::is_ok);
            let bad: Vec<Failure> = bad.into_iter().filter_map(Result::err).collect();
            if bad.is_empty() { Ok(good.into_iter().flatten().collect()) } else { Err(joined(bad)) }
        };
        match env.mapped(parsed) {
            Ok(objects) => Judged::Objects(objects),
            Err(f) => {
                let why = f.message.strip_prefix("error: ").unwrap_or(&f.message);
                let head = format!("The edited file had a syntax error: {why}");
                Judged::Wrong(Reason { head, details: vec![] })
            }
        }
    }

    /// Sends what was edited. What the server finds invalid is to be edited again.
    fn send(
        &self,
        edited: Vec<Manifest>,
        originals: &[Original],
        file: &str,
        env: &mut Env<'_>,
    ) -> Result<Vec<Reason>, Failure> {
        let mut refused = Refused::default();
        for m in edited {
            let done = self.complete(m, originals, env).and_then(|m| match self.mode {
                Mode::Live => self.patch(&m, originals, &mut refused, env),
                Mode::New => self.create(&m, env),
                Mode::LastApplied => self.annotate(&m, originals, env),
            });
            done.map_err(|f| kept(f, file, env))?;
        }
        if refused.may_work_later {
            env.error_line(format!("You can run `kubectl replace -f {file}` to try this update again."));
            return Err(Failure::plain(""));
        }
        if refused.gone {
            env.error_line(format!("The edits you made on deleted resources have been saved to {file:?}"));
            return Err(Failure::plain(""));
        }
        Ok(refused.invalid)
    }

    /// An edited object with what is not shown to people, and with what the command line adds.
    fn complete(&self, mut m: Manifest, originals: &[Original], env: &mut Env<'_>) -> Result<Manifest, Failure> {
        let uid = m.value["metadata"]["uid"].clone();
        let owners = originals.iter().find(|o| *o.uid() == uid).and_then(|o| o.owners.clone());
        if let Some(owners) = owners {
            m.value["metadata"]["managedFields"] = owners;
        }
        m.put_into(&env.namespace, true)?;
        if self.args.flag("save-config") {
            if m.value["metadata"]["annotations"].is_null() {
                m.value["metadata"]["annotations"] = json!({});
            }
            apply::remember(&mut m.value);
        }
        record::mark(self.args, &mut m.value);
        Ok(m)
    }

    fn original<'o>(&self, m: &Manifest, originals: &'o [Original]) -> Result<&'o Original, Failure> {
        let uid = &m.value["metadata"]["uid"];
        originals.iter().find(|o| o.uid() == uid).ok_or_else(|| {
            Failure::error(format!(
                "no original object found for &unstructured.Unstructured{{Object:{}}}",
                go_text::syntax(&m.value)
            ))
        })
    }

    fn patch(
        &self,
        m: &Manifest,
        originals: &[Original],
        refused: &mut Refused,
        env: &mut Env<'_>,
    ) -> Result<(), Failure> {
        let original = self.original(m, originals)?;
        if *original.found.object == m.value {
            return say(self.args, &self.format, m.kind, &m.value, "skipped", DryRun::None, env);
        }
        let patch = strategic::diff(&original.found.object, &m.value, m.kind.layout());
        if ["apiVersion", "kind", "managedFields"].iter().any(|k| patch.get(k).is_some())
            || patch["metadata"].get("name").is_some()
        {
            return Err(Failure::error("At least one of apiVersion, kind and name was changed"));
        }
        if self.args.flag("output-patch") {
            env.line(format!("Patch: {}", go_text::json(&patch)));
        }
        let path = object(m.kind, m.namespace(), m.name());
        let part = self.args.text("subresource");
        let path = if part.is_empty() { path } else { format!("{path}/{part}") };
        let request = Request::new(Method::Patch(PatchType::of(m.kind)), path)
            .query("fieldValidation", self.validate.field_validation())
            .body(patch);
        let about = format!("error: {} {:?}", m.kind.group_resource(), m.name());
        match env.try_call(&request) {
            Ok(new) => return say(self.args, &self.format, m.kind, &new, "edited", DryRun::None, env),
            Err(s) if s.is(Why::Invalid) => {
                refused.invalid.push(Reason::invalid(m.kind, m.name(), &s));
                env.error_line(format!("{about} is invalid"));
            }
            Err(s) if s.is(Why::NotFound) => {
                refused.gone = true;
                env.error_line(format!("{about} could not be found on the server"));
            }
            Err(s) => {
                refused.may_work_later = true;
                env.error_line(format!("{about} could not be patched: {}", s.message));
            }
        }
        Ok(())
    }

    fn create(&self, m: &Manifest, env: &mut Env<'_>) -> Result<(), Failure> {
        let request = Request::new(Method::Post, collection(m.kind, m.namespace()))
            .query("fieldValidation", self.validate.field_validation())
            .body(m.value.clone());
        let made = env.call(&request)?;
        say(self.args, &self.format, m.kind, &made, "created", DryRun::None, env)
    }

    /// Writes down what is said to have been applied.
    fn annotate(&self, m: &Manifest, originals: &[Original], env: &mut Env<'_>) -> Result<(), Failure> {
        let original = self.original(m, originals)?;
        if *original.found.object == m.value {
            return say(self.args, &self.format, m.kind, &m.value, "skipped", DryRun::None, env);
        }
        let patch = json!({"metadata": {"annotations": {ANNOTATION: go_text::json(&m.value)}}});
        let path = object(m.kind, m.namespace(), m.name());
        let request = Request::new(Method::Patch(PatchType::Merge), path)
            .query("fieldValidation", self.validate.field_validation())
            .body(patch);
        env.call(&request)?;
        say(self.args, &self.format, m.kind, &m.value, "edited", DryRun::None, env)
    }
}

/// What the server would not take.
#[derive(Default)]
struct Refused {
    invalid: Vec<Reason>,
    gone: bool,
    may_work_later: bool,
}
