//! kubectl create job, kubectl create cronjob.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/create/create_job.go, create_cronjob.go.

use serde_json::{Map, Value, json};

use super::create::{make, one_name};
use crate::api::{Resource, kinds};
use crate::kubectl::args::{DRY_RUN, OUTPUT, Type};
use crate::kubectl::resources::{Found, fetch_named, joined};
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Verb};

pub static JOB: Verb = Verb {
    name: "create job",
    summary: "Create a job with the specified name",
    flags: &[&[Flag::new("image", Type::Text), Flag::new("from", Type::Text)], OUTPUT, DRY_RUN],
    completes: Completes::Nothing,
    run: job,
};

pub static CRONJOB: Verb = Verb {
    name: "create cronjob",
    summary: "Create a cron job with the specified name",
    flags: &[
        &[Flag::new("image", Type::Text), Flag::new("schedule", Type::Text), Flag::new("restart", Type::Text)],
        OUTPUT,
        DRY_RUN,
    ],
    completes: Completes::Nothing,
    run: cronjob,
};

fn job(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let name = one_name(args)?;
    let (image, from) = (args.text("image"), args.text("from"));
    if image.is_empty() == from.is_empty() {
        return Err(Failure::error("either --image or --from must be specified"));
    }
    if !command(args).is_empty() && !from.is_empty() {
        return Err(Failure::error("cannot specify --from and command"));
    }
    let value = if from.is_empty() {
        json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name},
               "spec": {"template": template(name, args, "Never")}, "status": {}})
    } else {
        let found = cronjob_named(args, from, env)?;
        job_of(name, &found)
    };
    make(args, kinds::Job::kind_ref(), value, "failed to create job:", env)
}

fn cronjob(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    args.require(&["image", "schedule"])?;
    let name = one_name(args)?;
    let restart = match args.text("restart") {
        "" => "OnFailure",
        given => given,
    };
    let value = json!({
        "apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": name},
        "spec": {
            "schedule": args.text("schedule"),
            "jobTemplate": {"metadata": {"name": name}, "spec": {"template": template(name, args, restart)}},
        },
        "status": {},
    });
    make(args, kinds::CronJob::kind_ref(), value, "failed to create cronjob:", env)
}

/// What comes after `--`.
fn command(args: &Args) -> &[String] {
    args.dash.map_or(&[], |d| &args.words[d..])
}

fn template(name: &str, args: &Args, restart: &str) -> Value {
    let mut container = json!({"name": name, "image": args.text("image"), "resources": {}});
    if !command(args).is_empty() {
        container["command"] = json!(command(args));
    }
    json!({"metadata": {}, "spec": {"containers": [container], "restartPolicy": restart}})
}

fn cronjob_named(args: &Args, from: &str, env: &mut Env<'_>) -> Result<Found, Failure> {
    let (mut found, failures) = fetch_named(args, &[from.to_string()], env)?;
    if !failures.is_empty() {
        return Err(joined(failures));
    }
    match (found.pop(), found.is_empty()) {
        (Some(f), true) if f.kind == kinds::CronJob::kind_ref() => Ok(f),
        (Some(f), true) => Err(Failure::error(format!("unknown object type *{}.{}", f.kind.version(), f.kind.name()))),
        _ => Err(Failure::error("from must be an existing cronjob")),
    }
}

/// The Job that a CronJob would make, made by hand.
fn job_of(name: &str, cronjob: &Found) -> Value {
    let template = &cronjob.object["spec"]["jobTemplate"];
    let mut annotations = Map::from_iter([("cronjob.kubernetes.io/instantiate".to_string(), "manual".into())]);
    annotations.extend(template["metadata"]["annotations"].as_object().cloned().unwrap_or_default());
    let mut metadata = json!({
        "name": name, "annotations": annotations,
        "ownerReferences": [{
            "apiVersion": "batch/v1", "kind": "CronJob", "name": cronjob.name,
            "uid": cronjob.object["metadata"]["uid"], "controller": true,
        }],
    });
    if template["metadata"]["labels"].is_object() {
        metadata["labels"] = template["metadata"]["labels"].clone();
    }
    json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": template["spec"], "status": {}})
}
