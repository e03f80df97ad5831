//! kubectl: verbs and printers, the same to the letter as kubectl v1.36.
//!
//! Start with [`run`], which finds the verb of a command line, and any file of [`verbs`]: a record (name, flags) and one
//! function. A verb reaches the cluster through [`env::Transport`] and files through [`env::Host`], so the same code runs in
//! process and, later, over HTTP. A verb that waits returns a [`env::Follow`] and never blocks.
//!
//! Deliberately absent: the cluster's inside, the terminal, real files, the clock.
//!
//! In Kubernetes this is `k8s.io/kubectl/pkg/cmd` and `k8s.io/cli-runtime`.

pub mod args;
pub mod config;
pub mod containers;
pub mod describe;
pub mod editor;
pub mod env;
pub mod failure;
pub mod go_template;
pub mod kustomize;
pub mod login;
pub mod manifests;
pub mod mapper;
pub mod printers;
mod reaching;
pub mod record;
pub mod remote;
pub mod resources;
pub mod rights;
pub mod tabwriter;
pub mod verbs;

pub use args::{Args, Flag};
pub use env::{Done, Env, Follow, Host, Progress, Transport};
pub use failure::Failure;

/// One verb: everything that parsing, help and completion need, and the function that does it.
pub struct Verb {
    /// `rollout status` for a verb below another.
    pub name: &'static str,
    pub summary: &'static str,
    pub flags: &'static [&'static [Flag]],
    /// What may follow, for completion.
    pub completes: Completes,
    pub run: fn(&Args, &mut Env<'_>) -> Result<Done, Failure>,
}

/// What the words after a verb are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Completes {
    Nothing,
    /// A kind, then names of its objects.
    Objects,
    /// Names of pods.
    Pods,
    Kinds,
}

/// Runs one command line: the words after `kubectl`.
pub fn run(words: &[String], env: &mut Env<'_>) -> Result<Done, Failure> {
    if let Some(text) = verbs::help::asked(words) {
        env.out.push_str(text);
        return Ok(Done::OK);
    }
    let (verb, rest) = find(words)?;
    let mut args = Args::parse(verb, &rest)?;
    printers::read_template(&mut args, &*env.host);
    say_deprecated(verb, &args, env);
    refuse_absent(verb, &args)?;
    let about_config = verb.name.starts_with("config ");
    let Some((file, config)) = login::other_config(&args, env, about_config)? else { return act(verb, &args, env) };
    // As long as it is begun: what it follows later it has found by then.
    let before = config.clone();
    let own = std::mem::replace(env.config, config);
    let done = act(verb, &args, env);
    let after = std::mem::replace(env.config, own);
    if after != before && file != "/dev/null" {
        env.host.write(&file, &crate::api::yaml::print(&after.value)).map_err(Failure::error)?;
    }
    done
}

fn act(verb: &'static Verb, args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let globals = env::Globals::of(args, env, verb)?;
    env.put(&globals);
    Ok(match (verb.run)(args, env)? {
        Done::Follow(follow) => Done::Follow(Box::new(env::Continued { globals, follow })),
        done @ Done::Exit(_) => done,
    })
}

/// What kubetutor lacks is refused, not left out silently.
fn refuse_absent(verb: &'static Verb, args: &Args) -> Result<(), Failure> {
    let flags = || verb.flags.iter().flat_map(|f| f.iter()).chain(args::GLOBAL);
    let differs = |f: &Flag| match f.kind {
        args::Type::Duration => Some(args.duration(f.name)) != crate::api::time::parse_go_duration(f.plain_default()),
        _ => args.text(f.name) != f.plain_default(),
    };
    let asks = |f: &&Flag| f.absent && args.is_set(f.name) && differs(f);
    // A verb's own flag stands before one of the same name that all have.
    let mut own = args.given().filter_map(|name| flags().find(|f| f.name == name));
    match own.find(asks) {
        Some(f) => Err(Failure::error(format!("kubetutor does not do what --{} asks for yet: leave it out", f.name))),
        None => Ok(()),
    }
}

/// Flags that still work, and what kubectl says of them.
fn say_deprecated(verb: &'static Verb, args: &Args, env: &mut Env<'_>) {
    for name in args.given() {
        let flag = verb.flags.iter().flat_map(|f| f.iter()).find(|f| f.name == name);
        if let Some(instead) = flag.and_then(|f| f.deprecated) {
            env.error_line(format!("Flag --{name} has been deprecated, {instead}"));
        }
    }
    if args.text("dry-run") == args::BARE_DRY_RUN {
        env.warn_as_klog("helpers.go:719", "--dry-run is deprecated and can be replaced with --dry-run=client.");
    }
}

/// What kubectl prints where a verb is missing.
fn help_of(path: &str) -> String {
    verbs::help::of(path).unwrap_or_default().to_string()
}

/// The verb of a command line, and the words that are not its name. Global flags may come before it.
pub fn find(words: &[String]) -> Result<(&'static Verb, Vec<String>), Failure> {
    let mut rest: Vec<String> = vec![];
    let mut names: Vec<String> = vec![];
    let mut i = 0;
    while i < words.len() {
        let w = &words[i];
        if w == "--" {
            break;
        }
        if w.starts_with('-') && w.len() > 1 {
            rest.push(w.clone());
            let takes_value = args::named(args::GLOBAL.iter(), w).is_some_and(Flag::takes_next);
            if takes_value && i + 1 < words.len() {
                i += 1;
                rest.push(words[i].clone());
            }
        } else {
            let mut longer = names.clone();
            longer.push(w.clone());
            let mut path = longer.join(" ");
            if let Some((_, real)) = verbs::ALIASES.iter().find(|(a, _)| *a == path) {
                longer = real.split(' ').map(String::from).collect();
                path = (*real).to_string();
            }
            if verbs::TABLE.iter().any(|v| v.name == path || v.name.starts_with(&format!("{path} "))) {
                names = longer;
            } else {
                break;
            }
        }
        i += 1;
    }
    rest.extend(words[i..].iter().cloned());
    let path = names.join(" ");
    if let Some(v) = verbs::TABLE.iter().find(|v| v.name == path) {
        return Ok((v, rest));
    }
    match (path.as_str(), words.get(i)) {
        (group, Some(w)) if verbs::help::of(format!("{group} {w}").trim()).is_some() => {
            Err(Failure::error(format!("kubetutor does not know `kubectl {}` yet", format!("{group} {w}").trim())))
        }
        ("", Some(w)) => Err(failure::unknown_command(w)),
        // Alone, kubectl explains itself and is content; a group of commands is not.
        ("", None) => Err(Failure { code: 0, ..Failure::help(help_of("")) }),
        (group, Some(_)) => {
            let rest: Vec<&str> = words[i..].iter().map(String::as_str).filter(|w| !w.starts_with('-')).collect();
            Err(Failure::see(format!("unknown command {:?}", rest.join(" ")), group))
        }
        ("rollout", None) => Err(Failure::help(help_of("rollout"))),
        // Other groups explain themselves where errors go.
        (group, None) => Err(Failure::plain(help_of(group).trim_end_matches('\n'))),
    }
}
