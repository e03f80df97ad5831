//! The labels themselves: they must be right, and whoever makes them stricter is told which pods break the new rule.
//! Real Kubernetes: k8s.io/pod-security-admission/admission ValidateNamespace, EvaluatePodsInNamespace.

use std::collections::{BTreeMap, BTreeSet};

use super::checks::{reasons, violations};
use super::policy::{Level, LevelVersion, Policy};
use crate::api::field::FieldErrors;
use crate::api::kinds::{Namespace, Pod};
use crate::api::object::{Resource, controller_of};
use crate::api::{Object, Status};
use crate::apiserver::{ApiServer, Caller};
use crate::store::Scope;

/// No more pods than these are looked at. (Real Kubernetes stops after a second, too.)
const MOST_PODS: usize = 3000;

pub fn validate(api: &ApiServer, new: &Namespace, old: Option<&Object>, who: &mut Caller<'_>) -> Result<(), Status> {
    let (policy, errors) = Policy::of(new.metadata.labels.as_ref());
    let before = old.map(|o| Policy::of(o.meta().labels.as_ref()));
    let faults_are_old = before.as_ref().is_some_and(|(_, old_errors)| *old_errors == errors);
    if !errors.is_empty() && !faults_are_old {
        return Err(Status::invalid(Namespace::kind_ref(), new.name(), errors.list()));
    }
    let Some((before, _)) = before else { return Ok(()) };
    let (now, was) = (policy.enforce, before.enforce);
    let relaxed = now.version == was.version && now.level <= was.level;
    if now != was && now.level != Level::Privileged && !relaxed {
        who.warnings.extend(existing_pods(api, new.name(), now));
    }
    Ok(())
}

/// Several errors as one text.
pub fn aggregate(errors: &FieldErrors) -> String {
    let texts: Vec<String> = errors.list().iter().map(ToString::to_string).collect();
    match texts.as_slice() {
        [one] => one.clone(),
        many => format!("[{}]", many.join(", ")),
    }
}

/// What is said of the pods that are there already: one line for those that break the same rules.
fn existing_pods(api: &ApiServer, namespace: &str, enforce: LevelVersion) -> Vec<String> {
    let scope = Scope { kind: Pod::kind_ref(), namespace: Some(namespace.into()) };
    tell(namespace, enforce, &in_order(api.store().list(&scope).filter_map(|o| o.get::<Pod>())))
}

fn tell(namespace: &str, enforce: LevelVersion, pods: &[&Pod]) -> Vec<String> {
    let mut breaking: BTreeMap<String, (&str, usize)> = BTreeMap::new();
    for pod in pods.iter().take(MOST_PODS) {
        let Some(spec) = &pod.spec else { continue };
        let all = violations(enforce, &pod.metadata, spec);
        if all.is_empty() {
            continue;
        }
        let (name, count) = breaking.entry(reasons(&all)).or_insert((pod.name(), 0));
        *name = pod.name().min(name);
        *count += 1;
    }
    let mut warnings = vec![];
    if pods.len() > MOST_PODS {
        warnings.push(format!(
            "new PodSecurity enforce level only checked against the first {MOST_PODS} of {} existing pods",
            pods.len()
        ));
    }
    if !breaking.is_empty() {
        warnings.push(format!(
            "existing pods in namespace {namespace:?} violate the new PodSecurity enforce level \"{enforce}\""
        ));
    }
    let mut lines: Vec<String> = breaking
        .into_iter()
        .map(|(why, (name, count))| match count {
            1 => format!("{name}: {why}"),
            2 => format!("{name} (and 1 other pod): {why}"),
            n => format!("{name} (and {} other pods): {why}", n - 1),
        })
        .collect();
    lines.sort();
    warnings.append(&mut lines);
    warnings
}

/// The first pod of each controller, then those that are probably like it.
fn in_order<'a>(pods: impl Iterator<Item = &'a Pod>) -> Vec<&'a Pod> {
    let (mut seen, mut first, mut others) = (BTreeSet::new(), vec![], vec![]);
    for pod in pods {
        let is_first = controller_of(&pod.metadata).is_none_or(|owner| seen.insert(owner.uid.as_str()));
        if is_first { first.push(pod) } else { others.push(pod) }
    }
    first.append(&mut others);
    first
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(name: &str, owner: Option<&str>, host: bool) -> Pod {
        let owners =
            owner.map(|uid| json!([{"apiVersion": "v1", "kind": "A", "name": "a", "uid": uid, "controller": true}]));
        let spec = json!({"hostNetwork": host, "containers": [{"name": "a"}]});
        serde_json::from_value(json!({"metadata": {"name": name, "ownerReferences": owners}, "spec": spec})).unwrap()
    }

    #[test]
    fn the_first_pod_of_each_controller_is_looked_at_before_others() {
        let all =
            [pod("a", Some("x"), false), pod("b", Some("x"), false), pod("c", None, false), pod("d", Some("y"), false)];
        let names: Vec<&str> = in_order(all.iter()).into_iter().map(Resource::name).collect();
        assert_eq!(names, ["a", "c", "d", "b"]);
    }

    #[test]
    fn so_many_pods_are_looked_at_and_no_more() {
        let (bad, good) = (pod("bad", None, true), pod("good", None, false));
        let mut all = vec![&good; MOST_PODS];
        all.push(&bad);
        let enforce = LevelVersion { level: Level::Baseline, ..LevelVersion::default() };
        assert_eq!(
            tell("ns", enforce, &all),
            ["new PodSecurity enforce level only checked against the first 3000 of 3001 existing pods"]
        );
        all.swap(0, MOST_PODS);
        assert_eq!(
            tell("ns", enforce, &all)[1..],
            [
                "existing pods in namespace \"ns\" violate the new PodSecurity enforce level \"baseline:latest\"",
                "bad: host namespaces",
            ]
        );
    }
}
