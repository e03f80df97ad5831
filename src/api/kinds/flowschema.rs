//! flowcontrol.apiserver.k8s.io/v1 FlowSchema: defaults, validation, columns.
//! Real Kubernetes: pkg/apis/flowcontrol/v1/defaults.go, pkg/apis/flowcontrol/validation ValidateFlowSchema,
//! pkg/registry/flowcontrol/flowschema, pkg/printers/internalversion printFlowSchema.

use k8s_openapi::api::flowcontrol::v1::{
    FlowSchemaSpec, FlowSchemaStatus, NonResourcePolicyRule, PolicyRulesWithSubjects, ResourcePolicyRule,
    ServiceAccountSubject, Subject,
};

use super::FlowSchema;
use super::flowcontrol;
use crate::api::field::{FieldErrors, Path};
use crate::api::kind::{Kind, Subresource};
use crate::api::object::Resource;
use crate::api::table::{Cell, Column};
use crate::api::{internal, names};

pub static KIND: Kind<FlowSchema> = Kind {
    namespaced: false,
    subresources: &[Subresource::Status],
    generation: true,
    defaults,
    prepare_create: |f| f.status = Some(Default::default()),
    prepare_update: |new, old| new.status = old.status.clone(),
    prepare_status: |new, old| {
        new.metadata.clone_from(&old.metadata);
        new.spec = old.spec.clone();
    },
    spec_changed: |new, old| new.spec != old.spec,
    validate,
    validate_status: |new, _, errors| validate_status(new.status.as_ref(), errors),
    columns: &[
        Column::name(),
        Column::text("PriorityLevel", "`name` is the name of the priority level configuration being referenced Required.", |f, _| Cell::from(f.spec.as_ref().map_or("", |s| s.priority_level_configuration.name.as_str()))),
        Column::text("MatchingPrecedence", "`matchingPrecedence` is used to choose among the FlowSchemas that match a given request. The chosen FlowSchema is among those with the numerically lowest (which we take to be logically highest) MatchingPrecedence.  Each MatchingPrecedence value must be ranged in [1,10000]. Note that if the precedence is not specified, it will be set to 1000 as default.", |f, _| Cell::from(f.spec.as_ref().and_then(|s| s.matching_precedence).unwrap_or(0))),
        Column::text("DistinguisherMethod", "`distinguisherMethod` defines how to compute the flow distinguisher for requests that match this schema. `nil` specifies that the distinguisher is disabled and thus will always be the empty string.", |f, _| Cell::from(f.spec.as_ref().and_then(|s| s.distinguisher_method.as_ref()).map_or("<none>", |m| m.type_.as_str()))),
        Column::age(),
        Column::text("MissingPL", "references a broken or non-existent PriorityLevelConfiguration", |f, _| Cell::from(missing_level(f))),
    ],
    ..Kind::new(("flowcontrol.apiserver.k8s.io", "v1"), "FlowSchema", "flowschemas", "flowschema")
};

/// Whether the priority level is not there, as far as that was looked at.
fn missing_level(f: &FlowSchema) -> &str {
    let conditions = f.status.as_ref().and_then(|s| s.conditions.as_deref()).unwrap_or_default();
    let dangling = conditions.iter().find(|c| c.type_.as_deref() == Some("Dangling"));
    dangling.map_or("?", |c| c.status.as_deref().unwrap_or(""))
}

fn defaults(f: &mut FlowSchema) {
    let precedence = &mut f.spec.get_or_insert_default().matching_precedence;
    if precedence.unwrap_or(0) == 0 {
        *precedence = Some(1000);
    }
}

fn validate(f: &FlowSchema, errors: &mut FieldErrors) {
    let at = Path::new("spec");
    let spec = f.spec.clone().unwrap_or_default();
    validate_spec(f.name(), &spec, &at, errors);
    if flowcontrol::mandatory_flow_schema(f.name()).is_some_and(|fixed| fixed != spec) {
        let shown = internal::shown(&spec, "flowcontrol/v1.FlowSchemaSpec");
        errors.invalid_struct(&at, shown, format!("spec of '{}' must equal the fixed value", f.name()));
    }
    validate_status(f.status.as_ref(), errors);
}

fn validate_spec(name: &str, spec: &FlowSchemaSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    let precedence = spec.matching_precedence.unwrap_or(0);
    let precedence_at = at.child("matchingPrecedence");
    if precedence <= 0 {
        errors.invalid(&precedence_at, precedence, "must be a positive value");
    }
    if precedence > 10_000 {
        errors.invalid(&precedence_at, precedence, "must not be greater than 10000");
    }
    if precedence == 1 && name != "exempt" {
        let why = "only the schema named 'exempt' may have matchingPrecedence 1";
        errors.invalid(&precedence_at, precedence, why);
    }
    if let Some(method) = &spec.distinguisher_method
        && !matches!(method.type_.as_str(), "ByNamespace" | "ByUser")
    {
        // The real server shows the struct around the type.
        let shown = internal::shown(method, "flowcontrol/v1.FlowDistinguisherMethod");
        let at = at.child("distinguisherMethod");
        errors.not_supported_struct(&at.child("type"), shown, &["ByNamespace", "ByUser"]);
    }
    let level = &spec.priority_level_configuration.name;
    let level_at = at.child("priorityLevelConfiguration");
    if level.is_empty() {
        errors.required(&level_at.child("name"), "must reference a priority level");
    } else {
        errors.invalid_each(&level_at.child("name"), level, names::dns1123_subdomain(level, false));
    }
    for (i, rules) in spec.rules.iter().flatten().enumerate() {
        validate_rules(rules, &at.child("rules").index(i), errors);
    }
}

fn validate_rules(r: &PolicyRulesWithSubjects, at: &Path<'_>, errors: &mut FieldErrors) {
    let subjects_at = at.child("subjects");
    if r.subjects.is_empty() {
        errors.required(&subjects_at, "subjects must contain at least one value");
    }
    for (i, s) in r.subjects.iter().enumerate() {
        validate_subject(s, &subjects_at.index(i), errors);
    }
    let resources = r.resource_rules.as_deref().unwrap_or_default();
    let others = r.non_resource_rules.as_deref().unwrap_or_default();
    if resources.is_empty() && others.is_empty() {
        errors.required(at, "at least one of resourceRules and nonResourceRules has to be non-empty");
    }
    for (i, rule) in resources.iter().enumerate() {
        validate_resource_rule(rule, &at.child("resourceRules").index(i), errors);
    }
    for (i, rule) in others.iter().enumerate() {
        validate_non_resource_rule(rule, &at.child("nonResourceRules").index(i), errors);
    }
}

fn validate_subject(s: &Subject, at: &Path<'_>, errors: &mut FieldErrors) {
    let (account, user, group) = (at.child("serviceAccount"), at.child("user"), at.child("group"));
    match s.kind.as_str() {
        "ServiceAccount" => validate_account(s.service_account.as_ref(), &account, errors),
        "User" => validate_named(s.user.as_ref().map(|u| u.name.as_str()), &user, "user", errors),
        "Group" => validate_named(s.group.as_ref().map(|g| g.name.as_str()), &group, "group", errors),
        other => {
            errors.not_supported(&at.child("kind"), other, &["Group", "ServiceAccount", "User"]);
            return;
        }
    }
    for (at, field, kind, set) in [
        (&account, "serviceAccount", "ServiceAccount", s.service_account.is_some()),
        (&user, "user", "User", s.user.is_some()),
        (&group, "group", "Group", s.group.is_some()),
    ] {
        if set && s.kind != kind {
            errors.forbidden(at, format!("{field} is forbidden when subject kind is not '{kind}'"));
        }
    }
}

fn validate_account(s: Option<&ServiceAccountSubject>, at: &Path<'_>, errors: &mut FieldErrors) {
    let Some(s) = s else {
        errors.required(at, "serviceAccount is required when subject kind is 'ServiceAccount'");
        return;
    };
    match s.name.as_str() {
        "" => errors.required(&at.child("name"), ""),
        "*" => {}
        name => errors.invalid_each(&at.child("name"), name, names::dns1123_subdomain(name, false)),
    }
    match s.namespace.as_str() {
        "" => errors.required(&at.child("namespace"), "must specify namespace for service account"),
        ns => errors.invalid_each(&at.child("namespace"), ns, names::dns1123_label(ns, false)),
    }
}

/// A user or a group: `what` it is.
fn validate_named(name: Option<&str>, at: &Path<'_>, what: &str, errors: &mut FieldErrors) {
    match name {
        None => {
            let kind = if what == "user" { "User" } else { "Group" };
            errors.required(at, format!("{what} is required when subject kind is '{kind}'"));
        }
        Some("") => errors.required(&at.child("name"), ""),
        Some(_) => {}
    }
}

fn validate_verbs(verbs: &[String], at: &Path<'_>, errors: &mut FieldErrors) {
    const VERBS: [&str; 9] =
        ["create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"];
    let at = at.child("verbs");
    if verbs.is_empty() {
        errors.required(&at, "verbs must contain at least one value");
    } else if is_wild(verbs) {
        alone(verbs, &at, "verbs", errors);
    } else if !verbs.iter().all(|v| VERBS.contains(&v.as_str())) {
        errors.not_supported_struct(&at, serde_json::to_string(verbs).unwrap_or_default(), &VERBS);
    }
}

fn is_wild(list: &[String]) -> bool {
    list.iter().any(|i| i == "*")
}

/// `*` means all, so nothing can stand beside it.
fn alone(list: &[String], at: &Path<'_>, others: &str, errors: &mut FieldErrors) {
    if list.len() > 1 && is_wild(list) {
        errors.invalid(at, list.to_vec(), format!("if '*' is present, must not specify other {others}"));
    }
}

fn validate_resource_rule(r: &ResourcePolicyRule, at: &Path<'_>, errors: &mut FieldErrors) {
    validate_verbs(&r.verbs, at, errors);
    for (field, list, one, others) in
        [("apiGroups", &r.api_groups, "api group", "api groups"), ("resources", &r.resources, "resource", "resources")]
    {
        let at = at.child(field);
        if list.is_empty() {
            errors.required(&at, format!("resource rules must supply at least one {one}"));
        }
        alone(list, &at, others, errors);
    }
    let namespaces = r.namespaces.as_deref().unwrap_or_default();
    let at = at.child("namespaces");
    if namespaces.is_empty() && r.cluster_scope != Some(true) {
        let why = "resource rules that are not cluster scoped must supply at least one namespace";
        errors.required(&at, why);
    } else if is_wild(namespaces) {
        alone(namespaces, &at, "namespaces", errors);
    } else {
        for (i, ns) in namespaces.iter().enumerate() {
            for why in names::dns1123_label(ns, false) {
                let why = format!("each member of this list must be '*' or a DNS-1123 label; {why}");
                errors.invalid(&at.index(i), ns.as_str(), why);
            }
        }
    }
}

fn validate_non_resource_rule(r: &NonResourcePolicyRule, at: &Path<'_>, errors: &mut FieldErrors) {
    validate_verbs(&r.verbs, at, errors);
    let urls = r.non_resource_urls.as_slice();
    let at = at.child("nonResourceURLs");
    if urls.is_empty() {
        errors.required(&at, "nonResourceURLs must contain at least one value");
    } else if is_wild(urls) {
        alone(urls, &at, "non-resource URLs", errors);
    } else {
        for (i, url) in urls.iter().enumerate() {
            if let Some(why) = url_fault(url) {
                errors.invalid(&at.index(i), url.as_str(), why);
            }
        }
    }
}

/// Real Kubernetes: ValidateNonResourceURLPath.
fn url_fault(url: &str) -> Option<&'static str> {
    match url {
        "" => Some("must not be empty"),
        "/" => None,
        u if !u.starts_with('/') => Some("must start with slash"),
        u if u.contains(' ') => Some("must not contain white-space"),
        u if u.contains("//") => Some("must not contain double slash"),
        u => match u.matches('*').count() {
            0 => None,
            1 if u.ends_with("/*") => None,
            _ => Some("wildcard can only do suffix matching"),
        },
    }
}

fn validate_status(s: Option<&FlowSchemaStatus>, errors: &mut FieldErrors) {
    let conditions = s.and_then(|s| s.conditions.as_deref()).unwrap_or_default();
    flowcontrol::validate_conditions(conditions.iter().map(|c| c.type_.as_deref().unwrap_or("")), errors);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mandatory_schema_stays_as_it_is() {
        let schemas = flowcontrol::flow_schemas();
        let exempt = schemas.iter().find(|f| f.name() == "exempt").expect("exempt");
        let mut errors = FieldErrors::default();
        schemas.iter().for_each(|f| validate(f, &mut errors));
        assert_eq!(errors.list(), []);
        let mut changed = exempt.clone();
        changed.spec.get_or_insert_default().rules = None;
        validate(&changed, &mut errors);
        // The words of a real server.
        assert_eq!(errors.list().iter().map(ToString::to_string).collect::<Vec<_>>(), [
            r#"spec: Invalid value: {"PriorityLevelConfiguration":{"Name":"exempt"},"MatchingPrecedence":1,"DistinguisherMethod":null,"Rules":null}: spec of 'exempt' must equal the fixed value"#
        ]);
    }
}
