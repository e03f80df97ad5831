//! kubectl run: one pod, from an image.

use serde_json::json;

use super::create::{say, submit};
use crate::api::{Resource, kinds};
use crate::kubectl::args::{DRY_RUN, DryRun, OUTPUT, Type};
use crate::kubectl::manifests::Validate;
use crate::kubectl::printers::Format;
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Verb};

pub static RUN: Verb = Verb {
    name: "run",
    summary: "Run a particular image on the cluster",
    flags: &[
        &[
            Flag::new("image", Type::Text),
            Flag::new("labels", Type::List).short('l'),
            Flag::new("env", Type::Array),
            Flag::new("port", Type::Text),
            Flag::new("restart", Type::Text).default("Always"),
            Flag::new("command", Type::Bool),
            Flag::new("rm", Type::Bool),
            Flag::new("attach", Type::Bool),
            Flag::new("stdin", Type::Bool).short('i'),
            Flag::new("tty", Type::Bool).short('t'),
            Flag::new("image-pull-policy", Type::Text),
            Flag::new("expose", Type::Bool),
            Flag::new("annotations", Type::Array),
            Flag::new("overrides", Type::Text),
            Flag::new("quiet", Type::Bool).short('q'),
        ],
        OUTPUT,
        DRY_RUN,
    ],
    completes: Completes::Nothing,
    run,
};

fn run(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    if args.words.is_empty() {
        return Err(Failure::see("NAME is required for run", "run"));
    }
    if args.flag("rm") || args.flag("attach") || args.flag("stdin") || args.flag("expose") || args.is_set("overrides") {
        return Err(Failure::error(
            "kubetutor does not attach to a new pod yet: leave --rm, --attach, -i, --expose and --overrides out",
        ));
    }
    args.require(&["image"])?;
    let name = args.word(0);
    let image = args.text("image");
    if crate::api::image::ImageRef::parse(image).is_none() {
        return Err(Failure::error(format!("Invalid image name {image:?}: invalid reference format")));
    }
    let restart = args.text("restart");
    if !["Always", "OnFailure", "Never"].contains(&restart) {
        return Err(Failure::error(format!("invalid restart policy: {restart}")));
    }
    let extra: Vec<String> = match args.dash {
        Some(d) => args.words[d.max(1)..].to_vec(),
        None => args.words[1..].to_vec(),
    };
    let mut labels = serde_json::Map::new();
    for l in args.list("labels") {
        let Some((k, v)) = l.split_once('=') else { return Err(Failure::error(format!("unexpected label spec: {l}"))) };
        labels.insert(k.into(), v.into());
    }
    if labels.is_empty() {
        labels.insert("run".into(), name.into());
    }
    let mut container = json!({"name": name, "image": image, "resources": {}});
    if !extra.is_empty() {
        container[if args.flag("command") { "command" } else { "args" }] = json!(extra);
    }
    if args.is_set("port") {
        let Ok(port) = args.text("port").parse::<i64>() else {
            return Err(Failure::error(format!("strconv.ParseInt: parsing {:?}: invalid syntax", args.text("port"))));
        };
        container["ports"] = json!([{"containerPort": port}]);
    }
    if args.is_set("image-pull-policy") {
        container["imagePullPolicy"] = args.text("image-pull-policy").into();
    }
    let mut vars = vec![];
    for e in args.list("env") {
        let Some((k, v)) = e.split_once('=') else { return Err(Failure::error(format!("invalid env: {e}"))) };
        vars.push(json!({"name": k, "value": v}));
    }
    if !vars.is_empty() {
        container["env"] = vars.into();
    }
    let value = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels},
        "spec": {"containers": [container], "dnsPolicy": "ClusterFirst", "restartPolicy": restart}, "status": {}});
    let (dry, format, kind) = (DryRun::of(args)?, Format::of(args)?, kinds::Pod::kind_ref());
    let ns = env.namespace.clone();
    let made = submit(kind, &ns, value, dry, Validate::Strict, env).map_err(|s| Failure::status(&s))?;
    say(args, &format, kind, &made, "created", dry, env)?;
    Ok(Done::OK)
}
