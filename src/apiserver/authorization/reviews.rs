//! Questions about access, asked as objects that are answered and never stored.
//! Real Kubernetes: pkg/registry/authorization, pkg/registry/authentication.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Attributes, rbac};
use crate::api::field::FieldErrors;
use crate::api::object::Name;
use crate::api::ownership::Ownership;
use crate::api::selector::{FieldTerm, Selector, parse_fields};
use crate::api::user::User;
use crate::api::{KindRef, Object, Status, Time};
use crate::apiserver::caller::Caller;
use crate::apiserver::write::NAMESPACE_MISMATCH;
use crate::apiserver::{ApiServer, tokens};

/// Answers a question. It is judged as what is stored would be, but spoken of without its kind.
pub fn post(api: &ApiServer, mut o: Object, ns: &str, who: &mut Caller<'_>) -> Result<Object, Status> {
    let kind = o.kind();
    let meta = o.meta_mut();
    match meta.namespace.take() {
        Some(own) if kind.namespaced() && !own.is_empty() && own != ns => {
            return Err(Status::bad_request(NAMESPACE_MISMATCH));
        }
        _ => meta.namespace = kind.namespaced().then(|| ns.into()),
    }
    let asked = o.clone();
    api.own(&mut o, None, asked, None, who);
    let mut judged = o.clone();
    judged.meta_mut().managed_fields = o.owners().and_then(|entries| serde_json::from_value((**entries).clone()).ok());
    let mut errors = FieldErrors::default();
    kind.validate(&judged, &mut errors);
    if !errors.is_empty() {
        return Err(Status::invalid_as("", kind.group(), "", errors.list()));
    }
    answer(api, &o, who.user, who.now)
}

/// The answer to a review: those that only ask for a list begin anew.
fn answer(api: &ApiServer, o: &Object, user: &User, now: Time) -> Result<Object, Status> {
    let mut v = (**o.json()).clone();
    let fresh = |v: Value| o.kind().decode(v).map_err(|e| Status::bad_request(e.to_string()));
    match o.kind().name() {
        "SelfSubjectAccessReview" => v["status"] = access(api, user, &v["spec"]),
        "SubjectAccessReview" | "LocalSubjectAccessReview" => {
            v["status"] = access(api, &asked_about(&v["spec"]), &v["spec"])
        }
        "SelfSubjectRulesReview" => {
            let of = text(&v["spec"], "namespace");
            if of.is_empty() {
                return Err(Status::bad_request("no namespace on request"));
            }
            return fresh(json!({"spec": {}, "status": rules(api, user, of)}));
        }
        "SelfSubjectReview" => {
            let meta = json!({"creationTimestamp": now.rfc3339()});
            return fresh(json!({"metadata": meta, "status": {"userInfo": user_info(user)}}));
        }
        "TokenReview" => v["status"] = tokens::review::answer(api, &v["spec"], now)?,
        _ => return Err(Status::method_not_allowed()),
    }
    let mut answered = fresh(v)?;
    // The answer is the server's, and nobody's.
    answered.set_ownership(Ownership::touched(&Arc::new(o.clone())));
    Ok(answered)
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
    let (fields, labels) = (Selected::fields(&resource["fieldSelector"]), Selected::labels(&resource["labelSelector"]));
    let wish = if resource.is_object() {
        Attributes {
            verb: text(resource, "verb"),
            group: text(resource, "group"),
            resource: text(resource, "resource"),
            subresource: text(resource, "subresource"),
            namespace: text(resource, "namespace"),
            name: text(resource, "name"),
            fields: &fields.terms,
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
    let errors: Vec<String> =
        [fields.error("fieldSelector"), labels.error("labelSelector")].into_iter().flatten().collect();
    if !errors.is_empty() {
        status["evaluationError"] = errors.join("; ").into();
    }
    status
}

/// What a selector in a question says, as far as it can be read.
struct Selected<T> {
    terms: Vec<T>,
    unreadable: bool,
}

impl<T> Selected<T> {
    fn error(&self, which: &str) -> Option<String> {
        let partially = if self.terms.is_empty() { "" } else { "partially " };
        self.unreadable.then(|| format!("spec.resourceAttributes.{which} {partially}ignored due to parse error"))
    }
}

impl Selected<FieldTerm> {
    fn fields(v: &Value) -> Selected<FieldTerm> {
        if let Some(raw) = v["rawSelector"].as_str().filter(|t| !t.is_empty()) {
            let read = parse_fields(raw);
            return Selected { unreadable: read.is_err(), terms: read.unwrap_or_default() };
        }
        let all = v["requirements"].as_array().map_or(&[][..], Vec::as_slice);
        let terms: Vec<FieldTerm> = all.iter().filter_map(field_term).collect();
        Selected { unreadable: terms.len() < all.len(), terms }
    }
}

impl Selected<()> {
    /// No authorizer looks at labels: it is enough to know how many requirements there are.
    fn labels(v: &Value) -> Selected<()> {
        if let Some(raw) = v["rawSelector"].as_str().filter(|t| !t.is_empty()) {
            let unreadable = Selector::parse(raw).is_err();
            return Selected { unreadable, terms: if unreadable { vec![] } else { vec![()] } };
        }
        let all = v["requirements"].as_array().map_or(&[][..], Vec::as_slice);
        let known = |r: &&Value| matches!(text(r, "operator"), "In" | "NotIn" | "Exists" | "DoesNotExist");
        let terms: Vec<()> = all.iter().filter(known).map(|_| ()).collect();
        Selected { unreadable: terms.len() < all.len(), terms }
    }
}

/// Fields are compared with one value.
fn field_term(r: &Value) -> Option<FieldTerm> {
    let equal = match text(r, "operator") {
        "In" => true,
        "NotIn" => false,
        _ => return None,
    };
    let [value] = r["values"].as_array()?.as_slice() else { return None };
    Some(FieldTerm { field: text(r, "key").into(), value: value.as_str()?.into(), equal })
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
    // What kubelets may do beside is not told.
    let node = user.node_name().is_some();
    let mut errors: Vec<String> = vec![];
    if node {
        errors.push("node authorizer does not support user rule resolution".into());
    }
    if !missing.is_empty() {
        errors.push(rbac::listed(&missing));
    }
    let mut status = json!({"resourceRules": resources, "nonResourceRules": urls, "incomplete": node});
    if !errors.is_empty() {
        status["evaluationError"] = rbac::listed(&errors).into();
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
