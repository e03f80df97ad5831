//! kubectl attach: what a running container prints from now on.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/attach/attach.go.

use super::logs::pod_of;
use crate::api::request::Request;
use crate::api::{Resource, kinds};
use crate::kubectl::args::Type;
use crate::kubectl::containers;
use crate::kubectl::env::Attachment;
use crate::kubectl::resources::object;
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Follow, Progress, Verb};

pub static ATTACH: Verb = Verb {
    name: "attach",
    summary: "Attach to a running container",
    flags: &[&[
        Flag::new("container", Type::Text).short('c'),
        Flag::new("stdin", Type::Bool).short('i'),
        Flag::new("tty", Type::Bool).short('t'),
        Flag::new("quiet", Type::Bool).short('q'),
        Flag::new("detach-keys", Type::Text).default("ctrl-p,ctrl-q"),
        Flag::new("pod-running-timeout", Type::Duration).default("1m0s"),
    ]],
    completes: Completes::Pods,
    run: attach,
};

const RECORDED: &str = "All commands and output from this session will be recorded in container logs, including credentials and sensitive information passed through the command prompt.";
const PROMPT: &str = "If you don't see a command prompt, try pressing enter.";

fn attach(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let word = match args.words.as_slice() {
        [] => return Err(Failure::error("at least 1 argument is required for attach")),
        [one] => one.clone(),
        [kind, name] => format!("{kind}/{name}"),
        many => {
            return Err(Failure::error(format!(
                "expected POD, TYPE/NAME, or TYPE NAME, (at most 2 arguments) saw {}: [{}]",
                many.len(),
                many.join(" ")
            )));
        }
    };
    if args.duration("pod-running-timeout").is_zero() {
        return Err(Failure::error("--pod-running-timeout must be higher than zero"));
    }
    let (pod, _) = pod_of(&word, "attach to", env)?;
    let path = object(kinds::Pod::kind_ref(), &env.namespace, &pod);
    let o = env.call(&Request::get(&path))?;
    if let phase @ ("Succeeded" | "Failed") = o["status"]["phase"].as_str().unwrap_or("") {
        return Err(Failure::error(format!("cannot attach a container in a completed pod; current phase is {phase}")));
    }
    let wanted = args.is_set("container").then(|| args.text("container"));
    let (container, note) = containers::chosen(&o, wanted).map_err(|f| {
        let why = f.message.strip_prefix("error: ").unwrap_or(&f.message).to_string();
        Failure::error(format!("cannot attach to the container: {why}"))
    })?;
    let quiet = args.flag("quiet");
    let mut say = |line: &str| {
        if !quiet {
            env.error_line(line)
        }
    };
    note.iter().for_each(|n| say(n));
    let mut all = o["spec"]["containers"].as_array().into_iter().flatten();
    if args.flag("tty") && !all.any(|c| c["name"] == container.as_str() && c["tty"] == true) {
        say(&format!("error: Unable to use a TTY - container {container} did not allocate one"));
    }
    say(RECORDED);
    say(PROMPT);
    if args.flag("stdin") {
        // Real Kubernetes: what is typed reaches the program. Programs of this runtime read nothing once they run.
        return Err(Failure::error("kubetutor does not pass on what is typed yet: leave --stdin out"));
    }
    let refused = |why: String| Err(Failure::error(format!("unable to upgrade connection: {why}")));
    if o["spec"]["nodeName"].as_str().unwrap_or("").is_empty() {
        return refused(format!("pod {pod} does not have a host assigned"));
    }
    let Some(id) = container_id(&o, &container) else {
        return refused(format!("container {container} not found in pod {pod}_{}", env.namespace));
    };
    let to = env.api.attach(&env.namespace, &pod).map_err(|s| Failure::status(&s))?;
    let printed = env.api.printed(&to, Some(&container), false).map_err(|s| Failure::status(&s))?.len();
    Ok(Done::Follow(Box::new(Attached { to, path, container, id, printed })))
}

/// The container as it runs now; another one after a restart. `None`: it does not run.
fn container_id(pod: &serde_json::Value, container: &str) -> Option<String> {
    let all = pod["status"]["containerStatuses"].as_array()?;
    let c = all.iter().find(|c| c["name"] == container && c["state"]["running"].is_object())?;
    c["containerID"].as_str().map(String::from)
}

struct Attached {
    to: Attachment,
    path: String,
    container: String,
    id: String,
    /// Lines that were there before, or have been shown.
    printed: usize,
}

impl Follow for Attached {
    fn poll(&mut self, env: &mut Env<'_>) -> Result<Progress, Failure> {
        let now = env.try_call(&Request::get(&self.path)).ok().and_then(|o| container_id(&o, &self.container));
        // What a program says as its last word comes with its end; a program that came after it is another one.
        let same = now.as_ref() == Some(&self.id);
        let previous = now.is_some() && !same;
        if let Ok(lines) = env.api.printed(&self.to, Some(&self.container), previous) {
            lines.iter().skip(self.printed).for_each(|(_, line)| env.line(line));
            self.printed = self.printed.max(lines.len());
        }
        Ok(if same { Progress::Waiting(None) } else { Progress::Exit(0) })
    }

    fn ends(&self) -> bool {
        false
    }
}
