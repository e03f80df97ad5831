//! kubectl create role, clusterrole, rolebinding, clusterrolebinding.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/create/create_role.go, create_clusterrole.go, create_rolebinding.go.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::create::{make, one_name};
use crate::api::{Resource, kinds};
use crate::kubectl::args::{DRY_RUN, OUTPUT, Type};
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Verb};

const GROUP: &str = "rbac.authorization.k8s.io";
const RULE: &[Flag] =
    &[Flag::new("verb", Type::List), Flag::new("resource", Type::List), Flag::new("resource-name", Type::Array)];
const SUBJECTS: &[Flag] =
    &[Flag::new("user", Type::Array), Flag::new("group", Type::Array), Flag::new("serviceaccount", Type::Array)];

pub static ROLE: Verb = Verb {
    name: "create role",
    summary: "Create a role with single rule",
    flags: &[RULE, OUTPUT, DRY_RUN],
    completes: Completes::Nothing,
    run: role,
};

pub static CLUSTERROLE: Verb = Verb {
    name: "create clusterrole",
    summary: "Create a cluster role",
    flags: &[
        RULE,
        &[Flag::new("non-resource-url", Type::List), Flag::new("aggregation-rule", Type::List)],
        OUTPUT,
        DRY_RUN,
    ],
    completes: Completes::Nothing,
    run: cluster_role,
};

pub static ROLEBINDING: Verb = Verb {
    name: "create rolebinding",
    summary: "Create a role binding for a particular role or cluster role",
    flags: &[SUBJECTS, &[Flag::new("role", Type::Text), Flag::new("clusterrole", Type::Text)], OUTPUT, DRY_RUN],
    completes: Completes::Nothing,
    run: role_binding,
};

pub static CLUSTERROLEBINDING: Verb = Verb {
    name: "create clusterrolebinding",
    summary: "Create a cluster role binding for a particular cluster role",
    flags: &[SUBJECTS, &[Flag::new("clusterrole", Type::Text)], OUTPUT, DRY_RUN],
    completes: Completes::Nothing,
    run: cluster_role_binding,
};

const RESOURCE_VERBS: [&str; 14] = [
    "*",
    "get",
    "delete",
    "list",
    "create",
    "update",
    "patch",
    "watch",
    "proxy",
    "deletecollection",
    "use",
    "bind",
    "escalate",
    "impersonate",
];
const URL_VERBS: [&str; 8] = ["*", "get", "post", "put", "delete", "patch", "head", "options"];

/// Verbs that make sense on few resources only, each with its group.
const SPECIAL: &[(&str, &[(&str, &str)])] = &[
    ("use", &[("podsecuritypolicies", "policy"), ("podsecuritypolicies", "extensions")]),
    ("bind", &[("roles", GROUP), ("clusterroles", GROUP)]),
    ("escalate", &[("roles", GROUP), ("clusterroles", GROUP)]),
    ("impersonate", &[("users", ""), ("serviceaccounts", ""), ("groups", ""), ("userextras", "authentication.k8s.io")]),
];

/// What a rule is about: `deployments.apps/scale`, with the group that the server knows it in.
struct Subject {
    group: String,
    resource: String,
    sub: Option<String>,
    /// What was written names nothing that is served.
    unknown: Option<Failure>,
}

impl Subject {
    fn parse(word: &str, env: &mut Env<'_>) -> Subject {
        let (main, sub) = word.split_once('/').map_or((word, None), |(m, s)| (m, Some(s.to_string())));
        let (resource, group) = main.split_once('.').unwrap_or((main, ""));
        let (group, resource, unknown) = match env.mapped(|m| m.kind(main)) {
            Ok(kind) => (kind.group().to_string(), kind.plural().to_string(), None),
            Err(f) => {
                let message = f.message.trim_start_matches("error: ").to_string();
                (group.into(), resource.into(), Some(Failure::plain(message)))
            }
        };
        Subject { group, resource, sub, unknown }
    }

    fn whole(&self) -> String {
        match &self.sub {
            Some(sub) => format!("{}/{sub}", self.resource),
            None => self.resource.clone(),
        }
    }
}

fn unique(list: Vec<String>) -> Vec<String> {
    let mut out: Vec<String> = vec![];
    for x in list {
        if !out.contains(&x) {
            out.push(x);
        }
    }
    out
}

fn wanted_verbs(args: &Args) -> Vec<String> {
    let verbs = unique(args.list("verb"));
    if verbs.iter().any(|v| v == "*") { vec!["*".into()] } else { verbs }
}

/// The resources of the command line; `*` alone stands for all of them.
fn subjects(args: &Args, env: &mut Env<'_>) -> Vec<Subject> {
    let words = args.list("resource");
    let all: Vec<String> = if words.iter().any(|w| w == "*") { vec!["*".into()] } else { words };
    all.iter().map(|w| Subject::parse(w, env)).collect()
}

fn check_resources(verbs: &[String], subjects: Vec<Subject>) -> Result<Vec<Subject>, Failure> {
    let mut out = vec![];
    for mut s in subjects {
        if s.resource.is_empty() {
            return Err(Failure::error("resource must be specified if apiGroup/subresource specified"));
        }
        if s.resource == "*" {
            out.push(s);
            break;
        }
        for verb in verbs {
            let Some((_, fits)) = SPECIAL.iter().find(|(v, _)| v == verb) else { continue };
            if !fits.iter().any(|(resource, group)| s.resource == *resource && s.group == *group) {
                return Err(Failure::error(format!(
                    "can not perform '{verb}' on '{}' in group '{}'",
                    s.resource, s.group
                )));
            }
            s.unknown = None;
        }
        if let Some(f) = s.unknown.take() {
            return Err(f);
        }
        out.push(s);
    }
    Ok(out)
}

fn warn_of_verbs(verbs: &[String], env: &mut Env<'_>) {
    for v in verbs.iter().filter(|v| !RESOURCE_VERBS.contains(&v.as_str())) {
        env.error_line(format!("Warning: '{v}' is not a standard resource verb"));
    }
}

/// One rule for each group.
fn rules(verbs: &[String], subjects: &[Subject], names: &[String], urls: &[String]) -> Vec<Value> {
    let mut groups: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for s in subjects {
        let list = groups.entry(&s.group).or_default();
        if !list.contains(&s.whole()) {
            list.push(s.whole());
        }
    }
    let mut out: Vec<Value> = groups
        .into_iter()
        .map(|(group, resources)| {
            let mut rule = json!({"apiGroups": [group], "resources": resources, "verbs": verbs});
            if !names.is_empty() {
                rule["resourceNames"] = json!(names);
            }
            rule
        })
        .collect();
    if !urls.is_empty() {
        out.push(json!({"nonResourceURLs": urls, "verbs": verbs}));
    }
    out
}

fn role(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let name = one_name(args)?;
    let verbs = wanted_verbs(args);
    if verbs.is_empty() {
        return Err(Failure::error("at least one verb must be specified"));
    }
    warn_of_verbs(&verbs, env);
    let subjects = subjects(args, env);
    if subjects.is_empty() {
        return Err(Failure::error("at least one resource must be specified"));
    }
    let subjects = check_resources(&verbs, subjects)?;
    let rules = rules(&verbs, &subjects, &unique(args.list("resource-name")), &[]);
    let value = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": name}, "rules": rules});
    make(args, kinds::Role::kind_ref(), value, "", env)
}

fn cluster_role(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let name = one_name(args)?;
    let mut value =
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": name}});
    let (verbs, urls, names) = (wanted_verbs(args), args.list("non-resource-url"), unique(args.list("resource-name")));
    let subjects = subjects(args, env);
    let aggregated = args.list("aggregation-rule");
    if !aggregated.is_empty() {
        if !(verbs.is_empty() && urls.is_empty() && names.is_empty() && subjects.is_empty()) {
            return Err(Failure::error(
                "aggregation rule must be specified without nonResourceURLs, verbs, resources or resourceNames",
            ));
        }
        let labels: BTreeMap<&str, &str> = aggregated.iter().filter_map(|l| l.split_once('=')).collect();
        value["aggregationRule"] = json!({"clusterRoleSelectors": [{"matchLabels": labels}]});
        value["rules"] = Value::Null;
        return make(args, kinds::ClusterRole::kind_ref(), value, "", env);
    }
    if verbs.is_empty() {
        return Err(Failure::error("at least one verb must be specified"));
    }
    if subjects.is_empty() && urls.is_empty() {
        return Err(Failure::error("one of resource or nonResourceURL must be specified"));
    }
    if !subjects.is_empty() {
        warn_of_verbs(&verbs, env);
    }
    let subjects = check_resources(&verbs, subjects)?;
    if !urls.is_empty() {
        check_urls(&verbs, &urls)?;
    }
    value["rules"] = rules(&verbs, &subjects, &names, &urls).into();
    make(args, kinds::ClusterRole::kind_ref(), value, "", env)
}

fn check_urls(verbs: &[String], urls: &[String]) -> Result<(), Failure> {
    if let Some(v) = verbs.iter().find(|v| !URL_VERBS.contains(&v.as_str())) {
        return Err(Failure::error(format!("invalid verb: '{v}' for nonResourceURL")));
    }
    for url in urls.iter().filter(|u| *u != "*") {
        if !url.starts_with('/') {
            return Err(Failure::error("nonResourceURL should start with /"));
        }
        if url.strip_suffix('*').unwrap_or(url).contains('*') {
            return Err(Failure::error("nonResourceURL only supports wildcard matches when '*' is at the end"));
        }
    }
    Ok(())
}

fn bound_to(args: &Args) -> Result<Vec<Value>, Failure> {
    let mut out = vec![];
    for (flag, kind) in [("user", "User"), ("group", "Group")] {
        out.extend(
            unique(args.list(flag)).into_iter().map(|name| json!({"kind": kind, "apiGroup": GROUP, "name": name})),
        );
    }
    for account in unique(args.list("serviceaccount")) {
        match account.split(':').collect::<Vec<_>>().as_slice() {
            [ns, name] if !ns.is_empty() && !name.is_empty() => {
                out.push(json!({"kind": "ServiceAccount", "namespace": ns, "name": name}));
            }
            _ => return Err(Failure::error("serviceaccount must be <namespace>:<name>")),
        }
    }
    Ok(out)
}

fn binding(name: &str, kind: &str, role: (&str, &str), subjects: Vec<Value>) -> Value {
    let mut value = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": {"name": name},
        "roleRef": {"apiGroup": GROUP, "kind": role.0, "name": role.1},
    });
    if !subjects.is_empty() {
        value["subjects"] = subjects.into();
    }
    value
}

fn role_binding(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let name = one_name(args)?;
    let role = match (args.text("role"), args.text("clusterrole")) {
        (role, "") if !role.is_empty() => ("Role", role),
        ("", role) if !role.is_empty() => ("ClusterRole", role),
        _ => return Err(Failure::error("exactly one of clusterrole or role must be specified")),
    };
    let value = binding(name, "RoleBinding", role, bound_to(args)?);
    make(args, kinds::RoleBinding::kind_ref(), value, "failed to create rolebinding:", env)
}

fn cluster_role_binding(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    args.require(&["clusterrole"])?;
    let name = one_name(args)?;
    let value = binding(name, "ClusterRoleBinding", ("ClusterRole", args.text("clusterrole")), bound_to(args)?);
    make(args, kinds::ClusterRoleBinding::kind_ref(), value, "failed to create clusterrolebinding:", env)
}
