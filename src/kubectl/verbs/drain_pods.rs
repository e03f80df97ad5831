//! Which pods of a node drain sends away, which it leaves, and which keep it from beginning.
//! Real Kubernetes: k8s.io/kubectl/pkg/drain/filters.go.

use serde_json::Value;

use crate::api::{Reason, Status, Time};

/// What the flags of drain allow.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Allowed {
    /// `--force`
    pub unmanaged: bool,
    /// `--ignore-daemonsets`
    pub daemonsets: bool,
    /// `--delete-emptydir-data`
    pub local_data: bool,
    /// `--skip-wait-for-delete-timeout`: a pod that has been ending for more seconds is left alone. 0: none is.
    pub patience_secs: u64,
}

/// What becomes of a pod, and what is said of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    Goes { warning: Option<&'static str> },
    Stays { warning: Option<&'static str> },
    Blocks { why: String },
}

use Verdict::{Blocks, Goes, Stays};

/// Judges a pod. `daemonset` looks up a DaemonSet by its namespace and name.
pub fn judge(
    pod: &Value,
    allowed: Allowed,
    now: Time,
    daemonset: &mut dyn FnMut(&str, &str) -> Result<(), Status>,
) -> Verdict {
    if is_given_up(pod, allowed.patience_secs, now) {
        return Stays { warning: None };
    }
    let finished = matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
    let controller =
        pod["metadata"]["ownerReferences"].as_array().into_iter().flatten().find(|o| o["controller"] == true);
    if let Some(c) = controller.filter(|c| c["kind"] == "DaemonSet" && c["apiVersion"] == "apps/v1" && !finished) {
        let text = |v: &Value| v.as_str().unwrap_or("").to_string();
        match daemonset(&text(&pod["metadata"]["namespace"]), &text(&c["name"])) {
            // Nobody would bring it back.
            Err(s) if s.is(Reason::NotFound) && allowed.unmanaged => {}
            Err(s) => return Blocks { why: s.message },
            Ok(()) if allowed.daemonsets => return Stays { warning: Some("ignoring DaemonSet-managed Pods") },
            Ok(()) => return Blocks { why: "DaemonSet-managed Pods (use --ignore-daemonsets to ignore)".into() },
        }
    }
    if !pod["metadata"]["annotations"]["kubernetes.io/config.mirror"].is_null() {
        return Stays { warning: None };
    }
    let keeps_data = pod["spec"]["volumes"].as_array().into_iter().flatten().any(|v| !v["emptyDir"].is_null());
    if keeps_data && !finished && !allowed.local_data {
        return Blocks { why: "Pods with local storage (use --delete-emptydir-data to override)".into() };
    }
    match (finished || controller.is_some(), allowed.unmanaged) {
        (true, _) => Goes { warning: None },
        (false, true) => Goes { warning: Some("deleting Pods that declare no controller") },
        (false, false) => Blocks { why: "Pods that declare no controller (use --force to override)".into() },
    }
}

/// Whether a pod has been ending for so long that nobody waits for it.
pub fn is_given_up(pod: &Value, patience_secs: u64, now: Time) -> bool {
    let since = pod["metadata"]["deletionTimestamp"].as_str().and_then(Time::parse);
    patience_secs > 0 && since.is_some_and(|t| now.since(t).as_secs() > patience_secs)
}

/// What was said, each text once, with the pods of which it was said, in the order of the pods.
pub fn grouped<'a>(said: impl Iterator<Item = (&'a str, &'a Value)>) -> Vec<String> {
    let mut out: Vec<(&str, Vec<String>)> = vec![];
    for (text, pod) in said {
        let name = format!(
            "{}/{}",
            pod["metadata"]["namespace"].as_str().unwrap_or(""),
            pod["metadata"]["name"].as_str().unwrap_or("")
        );
        match out.iter_mut().find(|(t, _)| *t == text) {
            Some((_, pods)) => pods.push(name),
            None => out.push((text, vec![name])),
        }
    }
    out.into_iter().map(|(text, pods)| format!("{text}: {}", pods.join(", "))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::{Resource, kinds};

    fn pod(kind: &str, more: Value) -> Value {
        let mut v = json!({"metadata": {"namespace": "n", "name": "p"}, "spec": {}, "status": {"phase": "Running"}});
        if !kind.is_empty() {
            v["metadata"]["ownerReferences"] =
                json!([{"apiVersion": "apps/v1", "kind": kind, "name": "o", "controller": true}]);
        }
        json_patch::merge(&mut v, &more);
        v
    }

    #[test]
    fn what_nobody_would_bring_back_blocks_unless_it_is_allowed() {
        let none = Allowed::default();
        let blocks = |why: &str| Blocks { why: why.into() };
        let local = json!({"spec": {"volumes": [{"name": "v", "emptyDir": {}}]}});
        let done = json!({"status": {"phase": "Succeeded"}});
        let mirror = json!({"metadata": {"annotations": {"kubernetes.io/config.mirror": "x"}}});
        let ending = json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}});
        let now = Time::parse("2026-01-01T00:00:11Z").unwrap_or_default();
        for (kind, more, allowed, want) in [
            ("ReplicaSet", json!({}), none, Goes { warning: None }),
            ("", json!({}), none, blocks("Pods that declare no controller (use --force to override)")),
            (
                "",
                json!({}),
                Allowed { unmanaged: true, ..none },
                Goes { warning: Some("deleting Pods that declare no controller") },
            ),
            ("", done.clone(), none, Goes { warning: None }),
            ("DaemonSet", json!({}), none, blocks("DaemonSet-managed Pods (use --ignore-daemonsets to ignore)")),
            (
                "DaemonSet",
                json!({}),
                Allowed { daemonsets: true, ..none },
                Stays { warning: Some("ignoring DaemonSet-managed Pods") },
            ),
            ("DaemonSet", done.clone(), none, Goes { warning: None }),
            ("", mirror, none, Stays { warning: None }),
            (
                "ReplicaSet",
                local.clone(),
                none,
                blocks("Pods with local storage (use --delete-emptydir-data to override)"),
            ),
            ("ReplicaSet", local, Allowed { local_data: true, ..none }, Goes { warning: None }),
            ("", ending.clone(), Allowed { patience_secs: 10, ..none }, Stays { warning: None }),
            ("ReplicaSet", ending, Allowed { patience_secs: 11, ..none }, Goes { warning: None }),
        ] {
            let got = judge(&pod(kind, more.clone()), allowed, now, &mut |_, _| Ok(()));
            assert_eq!(got, want, "{kind} {more} {allowed:?}");
        }
    }

    #[test]
    fn a_pod_whose_daemonset_is_gone_goes_by_force() {
        let gone = || Status::not_found(kinds::DaemonSet::kind_ref(), "o");
        let judged = |unmanaged| {
            let allowed = Allowed { unmanaged, daemonsets: true, ..Allowed::default() };
            judge(&pod("DaemonSet", json!({})), allowed, Time::default(), &mut |_, _| Err(gone()))
        };
        assert_eq!(judged(false), Blocks { why: gone().message });
        assert_eq!(judged(true), Goes { warning: None });
    }

    #[test]
    fn pods_of_which_the_same_is_said_are_named_together() {
        let (a, b) = (pod("", json!({})), pod("", json!({"metadata": {"name": "q"}})));
        assert_eq!(grouped([("x", &a), ("y", &a), ("x", &b)].into_iter()), ["x: n/p, n/q", "y: n/p"]);
    }
}
