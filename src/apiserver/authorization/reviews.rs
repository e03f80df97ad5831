//! Questions about access, asked as objects that are answered and never stored.
//! Real Kubernetes: pkg/registry/authorization, pkg/registry/authentication.

use serde_json::{Value, json};

use super::{Attributes, rbac};
use crate::api::field::FieldErrors;
use crate::api::object::Name;
use crate::api::selector::{FieldTerm, Selector, parse_fields};
use crate::api::user::User;
use crate::api::{KindRef, Object, Status, Time};
use crate::apiserver::{ApiServer, tokens};

/// The answer to a review.
pub fn answer(api: &ApiServer, o: &Object, user: &User, now: Time) -> Result<Value, Status> {
    let kind = o.kind();
    let mut errors = FieldErrors::default();
    kind.validate(o, &mut errors);
    if !errors.is_empty() {
        // Go's object does not know its kind by then.
        return Err(Status::invalid_as("", kind.group(), "", errors.list()));
    }
    let mut v = (*o.whole_in(kind)).clone();
    match kind.name() {
        "SelfSubjectAccessReview" => v["status"] = access(api, user, &v["spec"]),
        "SubjectAccessReview" | "LocalSubjectAccessReview" => {
            v["status"] = access(api, &asked_about(&v["spec"]), &v["spec"])
        }
        "SelfSubjectRulesReview" => {
            let of = text(&v["spec"], "namespace");
            if of.is_empty() {
                return Err(Status::bad_request("no namespace on request"));
            }
            let status = rules(api, user, of);
            v = alone(&v, json!({}));
            v["spec"] = json!({});
            v["status"] = status;
        }
        "SelfSubjectReview" => {
            v = alone(&v, json!({"creationTimestamp": now.rfc3339()}));
            v["status"] = json!({"userInfo": user_info(user)});
        }
        "TokenReview" => v["status"] = tokens::review::answer(api, &v["spec"], now)?,
        _ => return Err(Status::method_not_allowed()),
    }
    Ok(v)
}

/// What does not answer in the object in which it was asked.
fn alone(question: &Value, metadata: Value) -> Value {
    json!({"kind": question["kind"], "apiVersion": question["apiVersion"], "metadata": metadata})
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
    let (fields, problems) = narrowed(resource);
    let wish = if resource.is_object() {
        Attributes {
            verb: text(resource, "verb"),
            group: text(resource, "group"),
            resource: text(resource, "resource"),
            subresource: text(resource, "subresource"),
            namespace: text(resource, "namespace"),
            name: text(resource, "name"),
            fields: &fields,
            ..Attributes::default()
        }
    } else {
        let path = &spec["nonResourceAttributes"];
        Attributes { verb: text(path, "verb"), path: Some(text(path, "path")), ..Attributes::default() }
    };
    let verdict = api.judge(user, &wish);
    let mut status = json!({"allowed": verdict.allowed});
    if !verdict.told().is_empty() {
        status["reason"] = verdict.told().into();
    }
    if !problems.is_empty() {
        status["evaluationError"] = problems.join("; ").into();
    }
    status
}

/// What a question is narrowed to by its selectors, and what of that is not understood.
/// Real Kubernetes: pkg/registry/authorization/util/helpers.go ResourceAttributesFrom, BuildEvaluationError.
fn narrowed(resource: &Value) -> (Vec<FieldTerm>, Vec<String>) {
    let mut problems = vec![];
    let mut problem = |which: &str, some_left: bool| {
        let how = if some_left { "partially ignored" } else { "ignored" };
        problems.push(format!("spec.resourceAttributes.{which} {how} due to parse error"));
    };
    let requirements = |of: &Value| of["requirements"].as_array().cloned().unwrap_or_default();
    let of = &resource["fieldSelector"];
    let mut fields = parse_fields(text(of, "rawSelector"));
    let wanted = requirements(of);
    let read: Vec<FieldTerm> = wanted.iter().filter_map(field_term).collect();
    if !wanted.is_empty() {
        fields = Ok(read.clone());
    }
    if fields.is_err() || read.len() < wanted.len() {
        problem("fieldSelector", !read.is_empty());
    }
    let of = &resource["labelSelector"];
    let wanted = requirements(of);
    let known = |r: &&Value| matches!(text(r, "operator"), "In" | "NotIn" | "Exists" | "DoesNotExist");
    let read = wanted.iter().filter(known).count();
    if Selector::parse(text(of, "rawSelector")).is_err() || read < wanted.len() {
        problem("labelSelector", read > 0);
    }
    (fields.unwrap_or_default(), problems)
}

/// A requirement of a field, if it can be one: of a single value.
fn field_term(requirement: &Value) -> Option<FieldTerm> {
    let equal = match text(requirement, "operator") {
        "In" => true,
        "NotIn" => false,
        _ => return None,
    };
    let [value] = requirement["values"].as_array()?.as_slice() else { return None };
    Some(FieldTerm { field: text(requirement, "key").into(), value: value.as_str()?.into(), equal })
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
