//! What could come next on a line: words of the prompt, verbs, flags, kinds, names of objects that are there now.

use crate::api::KindRef;
use crate::kubectl::args::GLOBAL;
use crate::kubectl::resources;
use crate::kubectl::{Completes, verbs};
use crate::prompt::Session;
use crate::prompt::builtins;
use crate::store::Scope;

/// Where the word begins that is being typed, and what it could become.
pub fn candidates(session: &Session, line: &str) -> (usize, Vec<String>) {
    let start = line.rfind(char::is_whitespace).map_or(0, |i| i + 1);
    let word = &line[start..];
    let before: Vec<&str> = line[..start].split_whitespace().collect();
    let mut all: Vec<String> = match before.as_slice() {
        [] => builtins::TABLE.iter().map(|w| w.name.to_string()).chain(["kubectl".into(), "learn".into()]).collect(),
        ["kubectl" | "k", rest @ ..] => kubectl(session, rest, word),
        ["why"] => kinds()
            .into_iter()
            .flat_map(|k| names(session, k).into_iter().map(move |n| format!("{}/{n}", k.singular())))
            .collect(),
        ["fail" | "heal"] => crate::cluster::faults::TABLE.iter().map(|f| f.name.to_string()).collect(),
        ["fail" | "heal", name] => {
            crate::cluster::faults::find(name).map(|f| session.cluster.places(f.place)).unwrap_or_default()
        }
        ["narrate"] => ["off", "brief", "full"].map(String::from).into(),
        ["lang"] => ["en", "ko"].map(String::from).into(),
        ["pace"] => ["auto", "manual", "live", "step"].map(String::from).into(),
        _ => vec![],
    };
    all.retain(|c| c.starts_with(word));
    all.sort();
    all.dedup();
    (start, all)
}

fn kinds() -> Vec<KindRef> {
    KindRef::all().collect()
}

fn names(session: &Session, kind: KindRef) -> Vec<String> {
    let ns = session.config.namespace();
    let scope = Scope { kind, namespace: kind.namespaced().then(|| ns.into()) };
    session.cluster.world.api.store().list(&scope).map(|o| o.name().to_string()).take(500).collect()
}

fn kubectl(session: &Session, before: &[&str], word: &str) -> Vec<String> {
    // The longest verb that the words begin with.
    let plain: Vec<&str> = before.iter().copied().filter(|w| !w.starts_with('-')).collect();
    let found = (1..=plain.len().min(2)).rev().find_map(|n| {
        let path = plain[..n].join(" ");
        verbs::TABLE.iter().find(|v| v.name == path).map(|v| (*v, n))
    });
    let prefix = plain.join(" ");
    let next: Vec<String> = verbs::TABLE
        .iter()
        .filter_map(|v| if prefix.is_empty() { Some(v.name) } else { v.name.strip_prefix(&prefix)?.strip_prefix(' ') })
        .filter_map(|rest| rest.split(' ').next().map(String::from))
        .collect();
    let Some((verb, used)) = found else { return next };
    if word.starts_with('-') {
        return verb.flags.iter().flat_map(|f| f.iter()).chain(GLOBAL).map(|f| format!("--{}", f.name)).collect();
    }
    if before.last() == Some(&"-n") || before.last() == Some(&"--namespace") {
        return resources::kind("namespaces").map(|k| names(session, k)).unwrap_or_default();
    }
    let rest = &plain[used..];
    let mut out = if rest.is_empty() { next } else { vec![] };
    match verb.completes {
        Completes::Nothing => {}
        Completes::Kinds => out.extend(kinds().into_iter().map(|k| k.plural().to_string())),
        Completes::Pods => out.extend(resources::kind("pods").map(|k| names(session, k)).unwrap_or_default()),
        Completes::Objects => match (word.split_once('/'), rest.first()) {
            (Some((t, _)), _) => out.extend(
                resources::kind(t)
                    .map(|k| names(session, k))
                    .unwrap_or_default()
                    .into_iter()
                    .map(|n| format!("{t}/{n}")),
            ),
            (None, None) => {
                out.extend(kinds().into_iter().flat_map(|k| [k.plural().to_string(), k.singular().to_string()]))
            }
            (None, Some(t)) => out.extend(resources::kind(t).map(|k| names(session, k)).unwrap_or_default()),
        },
    }
    out
}

/// Grey text behind the cursor: the newest line of the history that begins like this one.
pub fn hint(history: &[String], line: &str) -> Option<String> {
    if line.trim().is_empty() {
        return None;
    }
    history.iter().rev().find(|h| h.len() > line.len() && h.starts_with(line)).map(|h| h[line.len()..].to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::Options;

    #[test]
    fn verbs_kinds_flags_and_live_names_are_completed() {
        let mut s = Session::in_memory(&Options::default());
        s.eval("kubectl create deployment web --image=nginx:1.27");
        for (line, want) in [
            ("kubectl ge", "get"),
            ("kubectl rollout st", "status"),
            ("kubectl get depl", "deployments"),
            ("kubectl get deploy w", "web"),
            ("kubectl describe deploy/w", "deploy/web"),
            ("kubectl get pods --show", "--show-labels"),
            ("kubectl get pods -n kube-s", "kube-system"),
            ("wh", "why"),
            ("fail kubelet work", "worker-1"),
            ("kubectl create dep", "deployment"),
        ] {
            let (_, all) = candidates(&s, line);
            assert!(all.iter().any(|c| c == want), "{line}: {all:?}");
        }
        let (_, pods) = candidates(&s, "kubectl logs web-");
        assert_eq!(pods.len(), 1);
    }

    proptest::proptest! {
        #[test]
        fn any_line_completes_without_panic(line in "[a-z /=$'\"가-힣-]{0,30}") {
            let s = Session::in_memory(&Options::default());
            let _ = candidates(&s, &line);
        }
    }
}
