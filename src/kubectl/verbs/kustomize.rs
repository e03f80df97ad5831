//! `kubectl kustomize`: builds a kustomization and prints it.
//! Real Kubernetes: kubectl/pkg/cmd/kustomize, sigs.k8s.io/kustomize/kustomize/v5/commands/build.

use crate::kubectl::args::{Flag, Type};
use crate::kubectl::kustomize::{self, Built, Made, Options};
use crate::kubectl::{Args, Completes, Done, Env, Failure, Verb};

const UNRESTRICTED: &str = "LoadRestrictionsNone";
const RESTRICTED: &str = "LoadRestrictionsRootOnly";

static FLAGS: &[Flag] = &[
    Flag::new("as-current-user", Type::Bool),
    Flag::new("enable-alpha-plugins", Type::Bool).absent(),
    Flag::new("enable-helm", Type::Bool).absent(),
    Flag::new("enable-managedby-label", Type::Bool).deprecated(
        "The flag `enable-managedby-label` has been deprecated. Use the `managedByLabel` option in the `buildMetadata` field instead.",
    ),
    Flag::new("env", Type::Array).short('e'),
    Flag::new("helm-api-versions", Type::List),
    Flag::new("helm-command", Type::Text).default("helm"),
    Flag::new("helm-debug", Type::Bool),
    Flag::new("helm-kube-version", Type::Text),
    Flag::new("load-restrictor", Type::Text).default(RESTRICTED),
    Flag::new("mount", Type::Array),
    Flag::new("network", Type::Bool),
    Flag::new("network-name", Type::Text).default("bridge"),
    Flag::new("output", Type::Text).short('o'),
    Flag::new("reorder", Type::Text)
        .default("legacy")
        .deprecated("use the new 'sortOptions' field in kustomization.yaml instead."),
];

pub static KUSTOMIZE: Verb = Verb {
    name: "kustomize",
    summary: "Build a kustomization target from a directory or URL",
    flags: &[FLAGS],
    completes: Completes::Nothing,
    run,
};

fn run(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    if args.words.len() > 1 {
        return Err(Failure::error("specify one path to kustomization.yaml"));
    }
    let restrictor = args.text("load-restrictor");
    if ![UNRESTRICTED, RESTRICTED].contains(&restrictor) {
        return Err(Failure::error(format!(
            "illegal flag value --load-restrictor {restrictor}; legal values: [{RESTRICTED} {UNRESTRICTED}]"
        )));
    }
    let reorder = args.text("reorder");
    if !["legacy", "none"].contains(&reorder) {
        return Err(Failure::error(format!("illegal flag value --reorder {reorder}; legal values: [legacy none]")));
    }
    let options = Options {
        free: restrictor == UNRESTRICTED,
        reorder: reorder == "legacy",
        managed_by: args.flag("enable-managedby-label"),
    };
    let directory = if args.words.is_empty() { "." } else { args.word(0) };
    let made = build(directory, options, env)?;
    match args.text("output") {
        "" => env.out.push_str(&kustomize::text(&made)),
        path if env.host.is_directory(path) => {
            for m in &made {
                write(&format!("{}/{}", path.trim_end_matches('/'), m.file), &m.yaml, env)?;
            }
        }
        path => write(path, &kustomize::text(&made), env)?,
    }
    Ok(Done::OK)
}

fn write(path: &str, yaml: &str, env: &mut Env<'_>) -> Result<(), Failure> {
    env.host.write(path, yaml).map_err(Failure::error)
}

/// Builds a kustomization, and passes on what is said meanwhile.
pub fn build(directory: &str, options: Options, env: &mut Env<'_>) -> Result<Vec<Made>, Failure> {
    let Built { warnings, log, made } = kustomize::build(&*env.host, directory, options);
    for warning in warnings {
        env.error_line(warning);
    }
    for message in log {
        // Go's own log goes through klog.
        env.log_as_klog('I', "log.go:244", &message);
    }
    made.map_err(Failure::error)
}
