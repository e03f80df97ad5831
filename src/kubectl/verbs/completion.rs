//! kubectl completion: the scripts that teach a shell to complete kubectl's words, as kubectl v1.36.3 publishes them.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/completion/completion.go; cobra makes the scripts (Apache-2.0, see NOTICE).

use crate::kubectl::{Args, Completes, Done, Env, Failure, Verb};

pub static COMPLETION: Verb = Verb {
    name: "completion",
    summary: "Output shell completion code for the specified shell (bash, zsh, fish, or powershell)",
    flags: &[],
    completes: Completes::Nothing,
    run: completion,
};

const SCRIPTS: &[(&str, &str)] = &[
    ("bash", include_str!("completion/bash.txt")),
    ("zsh", include_str!("completion/zsh.txt")),
    ("fish", include_str!("completion/fish.txt")),
    ("powershell", include_str!("completion/powershell.txt")),
];

fn completion(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let shell = match args.words.as_slice() {
        [] => return Err(Failure::see("Shell not specified.", "completion")),
        [shell] => shell,
        _ => return Err(Failure::see("Too many arguments. Expected only the shell type.", "completion")),
    };
    let Some((_, script)) = SCRIPTS.iter().find(|(name, _)| name == shell) else {
        return Err(Failure::see(format!("Unsupported shell type {shell:?}."), "completion"));
    };
    env.out.push_str(script);
    Ok(Done::OK)
}
