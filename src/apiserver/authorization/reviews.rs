//! Questions about access, asked as objects that are answered and never stored.
//! Real Kubernetes: pkg/registry/authorization, pkg/registry/authentication.

use serde_json::{Value, json};

use super::{Attributes, rbac};
use crate::api::object::Name;
use crate::api::user::User;
use crate::api::{KindRef, Object, Status, Time};
use crate::apiserver::{ApiServer, tokens};

/// The answer to a review.
pub fn answer(api: &ApiServer, o: &Object, user: &User, now: Time) -> Result<Value, Status> {
    let mut v = (**o.json()).clone();
    match o.kind().name() {
        "SelfSubjectAccessReview" => v["status"] = access(api, user, &v["spec"]),
        "SubjectAccessReview" | "LocalSubjectAccessReview" => {
            v["status"] = access(api, &asked_about(&v["spec"]), &v["spec"])
        }
        "SelfSubjectRulesReview" => {
            let of = v["spec"]["namespace"].as_str().unwrap_or("").to_string();
            v["status"] = rules(api, user, &of);
            v["spec"] = json!({});
        }
        "SelfSubjectReview" => {
            v["metadata"]["creationTimestamp"] = now.rfc3339().into();
            v["status"] = json!({"userInfo": user_info(user)});
        }
        "TokenReview" => v["status"] = tokens::review::answer(api, &v["spec"], now)?,
        _ => return Err(Status::method_not_allowed()),
    }
    Ok(v)
}

fn text<'a>(v: &'a Value, key: &str) -> &'a str {
    v[key].as_str().unwrap_or("")
}

fn asked_about(spec: &Value) -> User {
    let groups = spec["groups"].as_array().into_iter().flatten().filter_map(Value::as_str).map(Name::from).collect();
    User { name: text(spec, "user").into(), uid: text(spec, "uid").into(), groups, extra: Default::default() }
}

fn access(api: &ApiServer, user: &User, spec: &Value) -> Value {
    let resource = &spec["resourceAttributes"];
    let wish = if resource.is_object() {
        Attributes {
            verb: text(resource, "verb"),
            group: text(resource, "group"),
            resource: text(resource, "resource"),
            subresource: text(resource, "subresource"),
            namespace: text(resource, "namespace"),
            name: text(resource, "name"),
            ..Attributes::default()
        }
    } else {
        let path = &spec["nonResourceAttributes"];
        Attributes { verb: text(path, "verb"), path: Some(text(path, "path")), ..Attributes::default() }
    };
    let verdict = api.judge(user, &wish);
    let mut status = json!({"allowed": verdict.allowed});
    if !verdict.reason.is_empty() {
        status["reason"] = verdict.reason.as_ref().into();
    }
    status
}

fn rules(api: &ApiServer, user: &User, namespace: &str) -> Value {
    let (all, missing) = rbac::rules_for(api, user, namespace);
    let mut resources: Vec<Value> = vec![];
    let mut urls: Vec<Value> = vec![];
    for rule in &all {
        match rule.resources.as_deref().unwrap_or_default() {
            [] => {}
            of => {
                let mut v = json!({"verbs": rule.verbs, "apiGroups": rule.api_groups, "resources": of});
                if let Some(names) = rule.resource_names.as_ref().filter(|n| !n.is_empty()) {
                    v["resourceNames"] = json!(names);
                }
                resources.push(v);
            }
        }
        if let Some(paths) = rule.non_resource_urls.as_ref().filter(|u| !u.is_empty()) {
            urls.push(json!({"verbs": rule.verbs, "nonResourceURLs": paths}));
        }
    }
    let mut status = json!({"resourceRules": resources, "nonResourceRules": urls, "incomplete": !missing.is_empty()});
    if !missing.is_empty() {
        status["evaluationError"] = missing.join(", ").into();
    }
    status
}

/// A user as reviews of all sorts show one.
pub fn user_info(user: &User) -> Value {
    let mut v = json!({"username": user.name.as_str()});
    if !user.uid.is_empty() {
        v["uid"] = user.uid.as_str().into();
    }
    if !user.groups.is_empty() {
        v["groups"] = user.groups.iter().map(|g| Value::from(g.as_str())).collect();
    }
    if !user.extra.is_empty() {
        v["extra"] = json!(user.extra);
    }
    v
}

/// Whether objects of a kind are questions that are answered here.
pub fn is_review(kind: KindRef) -> bool {
    matches!(kind.group(), "authentication.k8s.io" | "authorization.k8s.io")
}
