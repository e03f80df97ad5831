//! What `kubectl debug --profile` makes of a debugging container and its pod.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/debug/profiles.go.

use serde_json::{Value, json};

use crate::kubectl::{Args, Failure};

/// How somebody looks into something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// A container more in a running pod.
    Ephemeral,
    Copy,
    Node,
}

/// What the copy of a pod keeps of it.
#[derive(Clone, Copy, Debug)]
pub struct Keep {
    labels: bool,
    annotations: bool,
    liveness: bool,
    readiness: bool,
    startup: bool,
    init_containers: bool,
}

impl Keep {
    pub fn of(args: &Args) -> Keep {
        Keep {
            labels: args.flag("keep-labels"),
            annotations: args.flag("keep-annotations"),
            liveness: args.flag("keep-liveness"),
            readiness: args.flag("keep-readiness"),
            startup: args.flag("keep-startup"),
            init_containers: args.flag("keep-init-containers"),
        }
    }

    fn strip(self, pod: &mut Value) {
        let drop = |v: &mut Value, key: &str| v.as_object_mut().and_then(|m| m.remove(key));
        if !self.labels {
            drop(&mut pod["metadata"], "labels");
        }
        if !self.annotations {
            drop(&mut pod["metadata"], "annotations");
        }
        let probes =
            [("livenessProbe", self.liveness), ("readinessProbe", self.readiness), ("startupProbe", self.startup)];
        for c in pod["spec"]["containers"].as_array_mut().into_iter().flatten() {
            probes.iter().filter(|(_, kept)| !kept).for_each(|(probe, _)| {
                drop(c, probe);
            });
        }
        if !self.init_containers {
            drop(&mut pod["spec"], "initContainers");
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Profile {
    Legacy,
    General,
    Baseline,
    Restricted,
    Netadmin,
    Sysadmin,
}

impl Profile {
    pub fn named(name: &str) -> Result<Profile, Failure> {
        Ok(match name {
            "legacy" => Profile::Legacy,
            "general" => Profile::General,
            "baseline" => Profile::Baseline,
            "restricted" => Profile::Restricted,
            "netadmin" => Profile::Netadmin,
            "sysadmin" => Profile::Sysadmin,
            _ => return Err(Failure::error(format!("unknown profile: {name}"))),
        })
    }

    /// Changes `pod`, in which the container `name` is to look around.
    pub fn apply(self, pod: &mut Value, name: &str, style: Style, keep: Keep) {
        if style == Style::Copy && self == Profile::Legacy {
            return Keep {
                labels: false,
                annotations: true,
                liveness: true,
                readiness: true,
                startup: true,
                init_containers: true,
            }
            .strip(pod);
        }
        if style == Style::Copy {
            keep.strip(pod);
            if pod["spec"]["shareProcessNamespace"].is_null() {
                pod["spec"]["shareProcessNamespace"] = true.into();
            }
        }
        let sees_host = !matches!(self, Profile::Baseline | Profile::Restricted);
        if style == Style::Node && sees_host {
            for field in ["hostNetwork", "hostPID", "hostIPC"] {
                pod["spec"][field] = true.into();
            }
            if self != Profile::Netadmin {
                mount_root(pod, name);
            }
        }
        // Of several of one name the first is meant.
        let lists = ["initContainers", "containers", "ephemeralContainers"];
        let Some(list) = lists.into_iter().find(|l| has(&pod["spec"][*l], name)) else { return };
        let all = pod["spec"][list].as_array_mut();
        if let Some(c) = all.and_then(|all| all.iter_mut().find(|c| c["name"] == name)) {
            self.secure(c, style);
        }
    }

    /// Sets the container's security context.
    fn secure(self, c: &mut Value, style: Style) {
        if matches!(self, Profile::Baseline | Profile::Restricted) || self == Profile::General && style == Style::Node {
            c.as_object_mut().and_then(|m| m.remove("securityContext"));
        }
        match self {
            Profile::General if style != Style::Node => add_capability(c, "SYS_PTRACE"),
            Profile::Netadmin => ["NET_ADMIN", "NET_RAW"].into_iter().for_each(|name| add_capability(c, name)),
            Profile::Sysadmin => context(c)["privileged"] = true.into(),
            Profile::Restricted => {
                *context(c) = json!({"runAsNonRoot": true, "capabilities": {"drop": ["ALL"]},
                    "allowPrivilegeEscalation": false, "seccompProfile": {"type": "RuntimeDefault"}});
            }
            _ => {}
        }
    }
}

fn has(list: &Value, name: &str) -> bool {
    list.as_array().is_some_and(|l| l.iter().any(|c| c["name"] == name))
}

fn context(c: &mut Value) -> &mut Value {
    let context = &mut c["securityContext"];
    if !context.is_object() {
        *context = json!({});
    }
    context
}

fn add_capability(c: &mut Value, name: &str) {
    let added = &mut context(c)["capabilities"]["add"];
    match added.as_array_mut() {
        Some(list) => list.push(name.into()),
        None => *added = json!([name]),
    }
}

/// Mounts the node's root directory.
fn mount_root(pod: &mut Value, name: &str) {
    let push = |at: &mut Value, item: Value| match at.as_array_mut() {
        Some(list) => list.push(item),
        None => *at = json!([item]),
    };
    push(&mut pod["spec"]["volumes"], json!({"name": "host-root", "hostPath": {"path": "/"}}));
    for c in pod["spec"]["containers"].as_array_mut().into_iter().flatten().filter(|c| c["name"] == name) {
        push(&mut c["volumeMounts"], json!({"mountPath": "/host", "name": "host-root"}));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Keep =
        Keep { labels: true, annotations: true, liveness: true, readiness: true, startup: true, init_containers: true };

    fn made(profile: &str, style: Style, keep: Keep) -> Value {
        let list = if style == Style::Ephemeral { "ephemeralContainers" } else { "containers" };
        let mut pod = json!({"metadata": {"labels": {"a": "b"}}, "spec": {
            "initContainers": [{"name": "i"}], list: [{"name": "c", "livenessProbe": {}, "securityContext": {"runAsUser": 1}}]}});
        Profile::named(profile).unwrap().apply(&mut pod, "c", style, keep);
        json!({"labels": pod["metadata"]["labels"], "context": pod["spec"][list][0]["securityContext"],
            "host": pod["spec"]["hostNetwork"], "mounts": pod["spec"][list][0]["volumeMounts"][0]["mountPath"],
            "shares": pod["spec"]["shareProcessNamespace"], "probe": pod["spec"][list][0]["livenessProbe"],
            "init": pod["spec"]["initContainers"][0]["name"]})
    }

    fn expect(profile: &str, style: Style, want: Value) {
        let made = made(profile, style, ALL);
        for (key, value) in want.as_object().unwrap() {
            assert_eq!(made[key], *value, "{profile} {style:?} {key}");
        }
    }

    #[test]
    fn a_profile_gives_what_its_name_promises() {
        let traced = json!({"runAsUser": 1, "capabilities": {"add": ["SYS_PTRACE"]}});
        expect("general", Style::Ephemeral, json!({"context": traced, "host": null}));
        expect("general", Style::Copy, json!({"context": traced, "shares": true}));
        expect("general", Style::Node, json!({"context": null, "host": true, "mounts": "/host"}));
        expect(
            "legacy",
            Style::Copy,
            json!({"labels": null, "context": {"runAsUser": 1}, "shares": null, "probe": {}}),
        );
        expect("baseline", Style::Node, json!({"context": null, "host": null, "mounts": null}));
        let locked = json!({"runAsNonRoot": true, "capabilities": {"drop": ["ALL"]}, "allowPrivilegeEscalation": false,
            "seccompProfile": {"type": "RuntimeDefault"}});
        expect("restricted", Style::Copy, json!({"context": locked, "shares": true}));
        expect(
            "netadmin",
            Style::Node,
            json!({"host": true, "mounts": null,
            "context": {"runAsUser": 1, "capabilities": {"add": ["NET_ADMIN", "NET_RAW"]}}}),
        );
        expect("sysadmin", Style::Ephemeral, json!({"context": {"runAsUser": 1, "privileged": true}}));
        assert_eq!(Profile::named("x").map_err(|f| f.message), Err("error: unknown profile: x".into()));
    }

    #[test]
    fn a_copy_keeps_what_it_is_told_to_keep() {
        let none = Keep { labels: false, liveness: false, init_containers: false, ..ALL };
        let bare = made("general", Style::Copy, none);
        assert_eq!((&bare["labels"], &bare["probe"], &bare["init"]), (&Value::Null, &Value::Null, &Value::Null));
        let all = made("general", Style::Copy, ALL);
        assert_eq!((&all["labels"]["a"], &all["init"]), (&json!("b"), &json!("i")));
    }
}
