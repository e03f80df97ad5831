//! What could come next on a line: words of the prompt, verbs, flags, kinds, names of objects that are there now.

use crate::api::KindRef;
use crate::api::kinds::Pod;
use crate::api::object::Resource;
use crate::kubectl::args::{self, Flag, GLOBAL};
use crate::kubectl::{Completes, Verb, verbs};
use crate::prompt::Session;
use crate::prompt::{builtins, docker, minikube};

/// More objects than these are not looked at for a list that nobody would read.
const MANY: usize = 500;

/// Where the word begins that is being typed, and what it could become.
pub fn candidates(session: &Session, line: &str) -> (usize, Vec<String>) {
    let start = line.rfind(char::is_whitespace).map_or(0, |i| i + 1);
    let word = &line[start..];
    let before: Vec<&str> = line[..start].split_whitespace().collect();
    let mut all: Vec<String> = match before.as_slice() {
        [] => builtins::TABLE.iter().map(|w| w.name.to_string()).chain(["kubectl".into(), "learn".into()]).collect(),
        ["kubectl" | "k", rest @ ..] => kubectl(session, rest, word),
        ["why"] => kinds(session)
            .into_iter()
            .flat_map(|k| names(session, k).into_iter().map(move |n| format!("{}/{n}", k.singular())))
            .collect(),
        ["fail" | "heal"] => crate::cluster::faults::TABLE.iter().map(|f| f.name.to_string()).collect(),
        ["fail" | "heal", name] => {
            crate::cluster::faults::find(name).map(|f| session.cluster.places(f.place)).unwrap_or_default()
        }
        ["docker", rest @ ..] => docker::completions(session, rest),
        ["minikube", rest @ ..] => minikube::completions(session, rest),
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

fn kinds(session: &Session) -> Vec<KindRef> {
    session.mapper().kinds
}

fn names(session: &Session, kind: KindRef) -> Vec<String> {
    let scope = session.scope(kind);
    session.cluster.world.api.store().list(&scope).map(|o| o.name().to_string()).take(MANY).collect()
}

/// What stands before the word that is being typed.
#[derive(Default)]
struct Before<'a> {
    verb: Option<&'static Verb>,
    /// Words that are no flags, the verb's own among them.
    plain: Vec<&'a str>,
    /// How many of them are the verb.
    used: usize,
    /// A flag whose value comes next.
    open: Option<&'static Flag>,
}

impl<'a> Before<'a> {
    fn of(words: &[&'a str]) -> Before<'a> {
        let mut b = Before::default();
        for word in words {
            if b.open.take().is_some() {
                continue;
            }
            if word.starts_with('-') {
                b.open = args::named(b.flags(), word).filter(|f| f.takes_next());
                continue;
            }
            b.plain.push(word);
            // The longest verb that the words begin with: `rollout status`.
            let path = b.plain.join(" ");
            if let Some(v) = verbs::TABLE.iter().find(|v| v.name == path) {
                (b.verb, b.used) = (Some(*v), b.plain.len());
            }
        }
        b
    }

    fn flags(&self) -> impl Iterator<Item = &'static Flag> + use<> {
        self.verb.into_iter().flat_map(|v| v.flags.iter().flat_map(|f| f.iter())).chain(GLOBAL)
    }

    /// The words that say which objects.
    fn rest(&self) -> &[&'a str] {
        &self.plain[self.used..]
    }
}

fn kubectl(session: &Session, before: &[&str], word: &str) -> Vec<String> {
    let b = Before::of(before);
    if let Some(flag) = b.open {
        return values(session, flag, &b, word);
    }
    if let Some((name, typed)) = word.split_once('=').filter(|_| word.starts_with('-')) {
        let found = args::named(b.flags(), name).map(|flag| values(session, flag, &b, typed)).unwrap_or_default();
        return found.into_iter().map(|value| format!("{name}={value}")).collect();
    }
    let prefix = b.plain.join(" ");
    let next: Vec<String> = verbs::TABLE
        .iter()
        .filter_map(|v| if prefix.is_empty() { Some(v.name) } else { v.name.strip_prefix(&prefix)?.strip_prefix(' ') })
        .filter_map(|rest| rest.split(' ').next().map(String::from))
        .collect();
    let Some(verb) = b.verb else { return next };
    if word.starts_with('-') {
        return b.flags().map(|f| format!("--{}", f.name)).collect();
    }
    let rest = b.rest();
    let mut out = if rest.is_empty() { next } else { vec![] };
    match verb.completes {
        Completes::Nothing => {}
        Completes::Kinds => out.extend(kinds(session).into_iter().map(|k| k.plural().to_string())),
        Completes::Pods => out.extend(named(session, "pods")),
        Completes::Objects => match (word.split_once('/'), rest.first()) {
            (Some((t, _)), _) => out.extend(named(session, t).into_iter().map(|n| format!("{t}/{n}"))),
            (None, None) => {
                out.extend(kinds(session).into_iter().flat_map(|k| [k.plural().to_string(), k.singular().to_string()]))
            }
            (None, Some(t)) => out.extend(named(session, t)),
        },
    }
    out
}

/// Names of the objects of a kind that is written so.
fn named(session: &Session, kind: &str) -> Vec<String> {
    session.mapper().kind(kind).map(|k| names(session, k)).unwrap_or_default()
}

/// What may follow a flag.
fn values(session: &Session, flag: &Flag, b: &Before<'_>, typed: &str) -> Vec<String> {
    match flag.name {
        "namespace" => named(session, "namespaces"),
        "output" => ["json", "yaml", "name", "wide", "jsonpath=", "custom-columns="].map(String::from).into(),
        "dry-run" => ["client", "server", "none"].map(String::from).into(),
        "filename" => files(session, typed),
        "container" => containers(session, b.rest()),
        "selector" => labels(session, b.rest().first().copied().unwrap_or("pods")),
        _ => vec![],
    }
}

/// Files in the directory that was typed so far.
fn files(session: &Session, typed: &str) -> Vec<String> {
    let (directory, inside) = typed.rsplit_once('/').map_or((".", String::new()), |(d, _)| (d, format!("{d}/")));
    let all = session.host.list(directory).unwrap_or_default();
    all.into_iter().filter(|name| !name.contains('/')).map(|name| format!("{inside}{name}")).collect()
}

/// The containers of the pod that was named.
fn containers(session: &Session, named: &[&str]) -> Vec<String> {
    let wanted = named.iter().map(|w| w.rsplit_once('/').map_or(*w, |(_, name)| name)).collect::<Vec<_>>();
    let scope = session.scope(Pod::kind_ref());
    let pods = session.cluster.world.api.store().list(&scope).filter_map(|o| o.get::<Pod>());
    let spec = pods.filter(|p| wanted.contains(&p.name())).filter_map(|p| p.spec.as_ref());
    spec.flat_map(|s| s.init_containers.iter().flatten().chain(&s.containers)).map(|c| c.name.clone()).collect()
}

/// `key=value` of the labels that objects of a kind have.
fn labels(session: &Session, kind: &str) -> Vec<String> {
    let Ok(kind) = session.mapper().kind(kind) else { return vec![] };
    let scope = session.scope(kind);
    let objects = session.cluster.world.api.store().list(&scope).take(MANY);
    objects.flat_map(|o| o.meta().labels.iter().flatten()).map(|(k, v)| format!("{k}={v}")).collect()
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
        s.eval("echo kind > web.yaml");
        s.eval("kubectl expose deployment web --port=80");
        s.eval("docker run -d --name some nginx");
        for (line, want) in [
            ("kubectl ge", "get"),
            ("kubectl rollout st", "status"),
            ("kubectl get depl", "deployments"),
            ("kubectl get deploy w", "web"),
            ("kubectl describe deploy/w", "deploy/web"),
            ("kubectl get pods --show", "--show-labels"),
            ("kubectl get pods -n kube-s", "kube-system"),
            ("wh", "why"),
            ("docker bu", "build"),
            ("docker push ng", "nginx:latest"),
            ("docker stop so", "some"),
            ("minikube tu", "tunnel"),
            ("minikube node a", "add"),
            ("minikube service w", "web"),
            ("minikube addons enable metr", "metrics-server"),
            ("fail kubelet work", "worker-1"),
            ("kubectl create dep", "deployment"),
            ("kubectl -n kube-system get depl", "deployments"),
            ("kubectl get pods -o js", "json"),
            ("kubectl get pods -oyaml -l ap", "app=web"),
            ("kubectl get deployments --selector=ap", "--selector=app=web"),
            ("kubectl get pods --namespace=kube-s", "--namespace=kube-system"),
            ("kubectl apply -f we", "web.yaml"),
            ("kubectl create deployment x --image=y --dry-run=cl", "--dry-run=client"),
        ] {
            let (_, all) = candidates(&s, line);
            assert!(all.iter().any(|c| c == want), "{line}: {all:?}");
        }
        let (_, pods) = candidates(&s, "kubectl logs web-");
        assert_eq!(pods.len(), 1);
        let (_, inside) = candidates(&s, &format!("kubectl logs {} -c ", pods[0]));
        assert_eq!(inside, ["nginx"]);
        // What a flag wants is no object.
        assert_eq!(candidates(&s, "kubectl scale deployment web --replicas ").1, [""; 0]);
    }

    proptest::proptest! {
        #[test]
        fn any_line_completes_without_panic(line in "[a-z /=$'\"가-힣-]{0,30}") {
            let s = Session::in_memory(&Options::default());
            for line in [format!("kubectl get {line}"), format!("kubectl logs -c {line}"), line] {
                let _ = candidates(&s, &line);
            }
        }
    }
}
