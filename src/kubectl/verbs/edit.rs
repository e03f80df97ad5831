//! kubectl edit, and what else lets a person change objects in an editor before they are sent.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/edit/edit.go, pkg/cmd/apply/apply_edit_last_applied.go.

use std::sync::Arc;

use super::apply::LAST_APPLIED;
use super::edit_session::{self, Mode};
use crate::api::request::Request;
use crate::kubectl::args::{FILES, OUTPUT, Type, VALIDATE, field_manager};
use crate::kubectl::manifests::{self, Manifest, Validate};
use crate::kubectl::record::RECORD;
use crate::kubectl::resources::{self, Found, joined};
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Verb};

pub static EDIT: Verb = Verb {
    name: "edit",
    summary: "Edit a resource on the server",
    flags: &[
        &[
            VALIDATE,
            Flag::new("output-patch", Type::Bool),
            Flag::new("windows-line-endings", Type::Bool),
            field_manager("kubectl-edit"),
            Flag::new("save-config", Type::Bool),
            Flag::new("subresource", Type::Text),
        ],
        RECORD,
        OUTPUT,
        FILES,
    ],
    completes: Completes::Objects,
    run: edit,
};

pub static EDIT_LAST_APPLIED: Verb = Verb {
    name: "apply edit-last-applied",
    summary: "Edit latest last-applied-configuration annotations of a resource/object",
    flags: &[
        &[VALIDATE, Flag::new("windows-line-endings", Type::Bool), field_manager("kubectl-client-side-apply")],
        RECORD,
        OUTPUT,
        FILES,
    ],
    completes: Completes::Objects,
    run: edit_last_applied,
};

fn edit(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    // What is written down as applied has its owners in it.
    env.owners |= args.flag("save-config");
    let found = all(args, env)?;
    if found.is_empty() {
        return Err(Failure::error("edit cancelled, no objects found"));
    }
    edit_session::run(Mode::Live, args, &found, env)?;
    Ok(Done::OK)
}

fn edit_last_applied(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let mut applied = vec![];
    for f in all(args, env)? {
        if let Some(text) = f.object["metadata"]["annotations"][LAST_APPLIED].as_str() {
            let read = manifests::parse("edited-file", text, Validate::Ignore, &env.mapper()?);
            applied.extend(read.into_iter().next().transpose()?.map(found));
        }
    }
    if applied.is_empty() {
        return Err(Failure::error(
            "no last-applied-configuration annotation found on resources, to create the annotation, use command `kubectl apply set-last-applied --create-annotation`",
        ));
    }
    edit_session::run(Mode::LastApplied, args, &applied, env)?;
    Ok(Done::OK)
}

/// Every object that the command line means, as it is now.
fn all(args: &Args, env: &mut Env<'_>) -> Result<Vec<Found>, Failure> {
    let (mut found, failures) = resources::fetch(args, &args.words, env)?;
    if !failures.is_empty() {
        return Err(joined(failures));
    }
    let part = args.text("subresource");
    if !part.is_empty() {
        for f in &mut found {
            f.object = env.call(&Request::get(format!("{}/{part}", f.path())))?;
        }
    }
    Ok(found)
}

/// `create --edit`: each object by itself, before it is made.
pub fn before_creation(manifests: Vec<Manifest>, args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    for m in manifests {
        edit_session::run(Mode::New, args, &[found(m)], env)?;
    }
    Ok(Done::OK)
}

fn found(m: Manifest) -> Found {
    Found::of(m.kind, Arc::new(m.value))
}
