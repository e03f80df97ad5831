//! Help: what kubectl prints when a verb is missing. The texts are kubectl's own (Apache-2.0, see NOTICE).

use super::TABLE;

const GROUPS: &[(&str, &str)] = &[("rollout", include_str!("help/rollout.txt"))];

/// Help for a group of verbs such as `rollout`.
pub fn group(name: &str) -> String {
    if let Some((_, text)) = GROUPS.iter().find(|(n, _)| *n == name) {
        return (*text).to_string();
    }
    let prefix = format!("{name} ");
    let mut out = String::from("Available Commands:\n");
    for v in TABLE.iter().filter(|v| v.name.starts_with(&prefix)) {
        out.push_str(&format!("  {:<15} {}\n", &v.name[prefix.len()..], v.summary));
    }
    out.push_str(&format!("\nUsage:\n  kubectl {name} SUBCOMMAND [options]\n"));
    out
}

/// Help for kubectl itself.
pub fn root() -> String {
    let mut out = String::from(
        "kubectl controls the Kubernetes cluster manager.\n\n Find more information at: https://kubernetes.io/docs/reference/kubectl/\n\nAvailable Commands:\n",
    );
    let mut seen: Vec<&str> = vec![];
    for v in TABLE {
        let first = v.name.split(' ').next().unwrap_or("");
        if !seen.contains(&first) {
            seen.push(first);
            out.push_str(&format!("  {first:<15} {}\n", v.summary));
        }
    }
    out.push_str("\nUsage:\n  kubectl [flags] [options]\n\nUse \"kubectl <command> --help\" for more information about a given command.\nUse \"kubectl options\" for a list of global command-line options (applies to all commands).\n");
    out
}

/// Help for one verb.
pub fn verb(v: &crate::kubectl::Verb) -> String {
    let mut out = format!("{}\n\nOptions:\n", v.summary);
    for f in v.flags.iter().flat_map(|f| f.iter()) {
        let short = f.short.map(|c| format!("-{c}, ")).unwrap_or_else(|| "    ".into());
        out.push_str(&format!("    {short}--{}={}\n", f.name, if f.default.is_empty() { "''" } else { f.default }));
    }
    out.push_str(&format!("\nUsage:\n  kubectl {} [options]\n", v.name));
    out
}
