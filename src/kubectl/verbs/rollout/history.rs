//! kubectl rollout history.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/rollout/rollout_history.go, k8s.io/kubectl/pkg/polymorphichelpers/history.go.

use super::revisions::{Revision, revisions};
use super::{Rolled, finish, gather, no_revisions};
use crate::kubectl::describe::template;
use crate::kubectl::printers::{self, Format};
use crate::kubectl::record::CAUSE;
use crate::kubectl::resources::Found;
use crate::kubectl::tabwriter::align;
use crate::kubectl::{Args, Done, Env, Failure};

pub fn history(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let wanted = args.int("revision");
    if wanted < 0 {
        return Err(Failure::error(format!("revision must be a positive integer: {wanted}")));
    }
    let (found, mut failures) = gather(args, env)?;
    let format = Format::of(args)?;
    for f in found {
        if let Err(e) = one(&f, wanted, &format, args, env) {
            failures.push(e);
        }
    }
    finish(failures)
}

fn one(f: &Found, wanted: i64, format: &Format, args: &Args, env: &mut Env<'_>) -> Result<(), Failure> {
    let Some(kind) = Rolled::of(f.kind) else { return Err(no_revisions(f.kind, "history", "history viewer")) };
    let mut all = revisions(kind, f, env)?;
    if wanted > 0 && (!all.is_empty() || !format.is_table()) {
        all.retain(|r| r.number == wanted);
        if all.is_empty() {
            return Err(Failure::error("unable to find the specified revision"));
        }
    }
    if !format.is_table() {
        return print(args, format, &all, env);
    }
    let with_revision = if wanted > 0 { format!("with revision #{wanted}") } else { String::new() };
    env.line(format!("{} {with_revision}", f.full_name()));
    if all.is_empty() {
        env.line("No rollout history found.");
        return Ok(());
    }
    let text = if wanted > 0 { all.iter().map(|r| shown(kind, r)).collect() } else { overview(&all) };
    env.out.push_str(&text);
    env.out.push('\n');
    Ok(())
}

fn overview(all: &[Revision]) -> String {
    let mut text = String::from("REVISION\tCHANGE-CAUSE\n");
    for r in all {
        text.push_str(&format!("{}\t{}\n", r.number, r.cause().unwrap_or("<none>")));
    }
    align(&text, 0, 2)
}

fn print(args: &Args, format: &Format, all: &[Revision], env: &mut Env<'_>) -> Result<(), Failure> {
    for (i, r) in all.iter().enumerate() {
        if i > 0 && *format == Format::Yaml {
            env.line("---");
        }
        let text = printers::print(format, std::slice::from_ref(&r.shown), true, args)?;
        env.out.push_str(&text);
    }
    Ok(())
}

/// A revision's template as `rollout` prints it: with tabs, not aligned. That of a Deployment says why it came to be.
fn shown(kind: Rolled, r: &Revision) -> String {
    let mut t = r.template.clone();
    if let Some(cause) = r.cause().filter(|_| kind == Rolled::Deployment) {
        t["metadata"]["annotations"][CAUSE] = cause.into();
    }
    template(&t)
}
