//! What a definition says of the whole: group, scope, versions, names, conversion.
//! Real Kubernetes: pkg/apis/apiextensions/validation validateCustomResourceDefinitionSpec.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceConversion, CustomResourceDefinitionSpec, JSONSchemaProps, WebhookConversion,
};

use super::hub::Hub;
use super::options::{Options, is_review_version};
use super::{go_shape, names, schema_tree, version};
use crate::api::field::{FieldErrors, Path};
use crate::api::kinds::webhook_client;
use crate::api::names::{dns1035_label, dns1123_subdomain};

pub fn validate(spec: &CustomResourceDefinitionSpec, options: &Options, at: &Path<'_>, errors: &mut FieldErrors) {
    let hub = Hub::of(spec);
    validate_group(&spec.group, &at.child("group"), errors);
    one_of_or_required(&spec.scope, &["Cluster", "Namespaced"], &at.child("scope"), errors);
    let mut options = options.clone();
    let preserves = spec.preserve_unknown_fields == Some(true);
    options.structural |= !preserves;
    validate_presence(&hub, &options, preserves, at, errors);
    let has = |looks: &dyn Fn(&JSONSchemaProps) -> bool| hub.schemas().any(|s| schema_tree::any(s, &mut |s| looks(s)));
    if has(&|s| s.default.is_some()) {
        options.structural = true;
        if preserves {
            let why = "must be false in order to use defaults in the schema";
            errors.invalid(&at.child("preserveUnknownFields"), true, why);
        }
    }
    options.structural |= has(&has_extensions);
    validate_versions(&hub, &options, at, errors);
    validate_names(spec, &at.child("names"), errors);
    version::validate_shared(&hub, &options, at, errors);
    if let Some(conversion) = &spec.conversion {
        if conversion.strategy != "None" && preserves {
            let why = "must be None if spec.preserveUnknownFields is true";
            errors.invalid(&at.child("conversion").child("strategy"), conversion.strategy.as_str(), why);
        }
        validate_conversion(conversion, &options, &at.child("conversion"), errors);
    }
}

fn validate_group(group: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    let why = dns1123_subdomain(group, false);
    if group.is_empty() {
        errors.required(at, "");
    } else if !why.is_empty() {
        errors.invalid(at, group, why.join(","));
    } else if !group.contains('.') {
        errors.invalid(at, group, "should be a domain with at least one dot");
    }
}

fn one_of_or_required(value: &str, accepted: &[&str], at: &Path<'_>, errors: &mut FieldErrors) {
    if value.is_empty() {
        errors.required(at, "");
    } else {
        errors.one_of(at, value, accepted);
    }
}

/// Every version needs a schema; of one that has been without, only those that are served.
fn validate_presence(hub: &Hub<'_>, options: &Options, preserves: bool, at: &Path<'_>, errors: &mut FieldErrors) {
    if hub.shared.schema().is_some() || (!options.schema && preserves) {
        return;
    }
    for (i, v) in hub.versions.iter().enumerate().filter(|(_, v)| v.own.schema().is_none()) {
        let versions = at.child("versions");
        let version = versions.index(i);
        let schema = version.child("schema");
        let at = schema.child("openAPIV3Schema");
        if options.schema {
            errors.required(&at, "");
        } else if v.version.served {
            errors.required(&at, "because otherwise all fields are pruned");
        }
    }
}

fn has_extensions(s: &JSONSchemaProps) -> bool {
    s.x_kubernetes_embedded_resource == Some(true)
        || s.x_kubernetes_preserve_unknown_fields.is_some()
        || s.x_kubernetes_int_or_string == Some(true)
        || s.x_kubernetes_list_map_keys.is_some()
        || s.x_kubernetes_list_type.is_some()
        || s.x_kubernetes_validations.is_some()
}

fn validate_versions(hub: &Hub<'_>, options: &Options, at: &Path<'_>, errors: &mut FieldErrors) {
    let list = at.child("versions");
    let mut seen: Vec<&str> = vec![];
    for (i, v) in hub.versions.iter().enumerate() {
        let here = list.index(i);
        seen.push(&v.version.name);
        names::label(&v.version.name, &here.child("name"), errors);
        version::validate(v, hub.has_status(v), options, &here, errors);
    }
    seen.sort_unstable();
    if seen.windows(2).any(|w| w[0] == w[1]) {
        errors.invalid_struct(&list, go_shape::versions(hub), "must contain unique version names");
    }
    if hub.versions.iter().filter(|v| v.version.storage).count() != 1 {
        let why = "must have exactly one version marked as storage version";
        errors.invalid_struct(&list, go_shape::versions(hub), why);
    }
    // The older shape names the first version once more.
    if let Some(first) = hub.versions.first().filter(|v| !v.version.name.is_empty()) {
        names::label(&first.version.name, &at.child("version"), errors);
    }
}

fn validate_names(spec: &CustomResourceDefinitionSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    let text = |t: &Option<String>| t.clone().unwrap_or_default();
    for (field, name) in [
        ("plural", spec.names.plural.clone()),
        ("singular", text(&spec.names.singular)),
        ("kind", spec.names.kind.clone()),
        ("listKind", text(&spec.names.list_kind)),
    ] {
        if name.is_empty() {
            errors.required(&at.child(field), "");
        }
    }
    names::validate(&spec.names, at, errors);
}

fn validate_conversion(c: &CustomResourceConversion, options: &Options, at: &Path<'_>, errors: &mut FieldErrors) {
    one_of_or_required(&c.strategy, &["None", "Webhook"], &at.child("strategy"), errors);
    let client = c.webhook.as_ref().and_then(|w| w.client_config.as_ref());
    let at_client = at.child("webhookClientConfig");
    if c.strategy != "Webhook" {
        let why = "should not be set when strategy is not set to Webhook";
        if client.is_some() {
            errors.forbidden(&at_client, why);
        }
        if c.webhook.as_ref().is_some_and(|w| !w.conversion_review_versions.is_empty()) {
            errors.forbidden(&at.child("conversionReviewVersions"), why);
        }
        return;
    }
    match client {
        None => errors.required(&at_client, "required when strategy is set to Webhook"),
        Some(client) => {
            let service = client.service.as_ref().map(|s| webhook_client::Service {
                name: &s.name,
                namespace: &s.namespace,
                path: s.path.as_deref(),
                port: s.port.unwrap_or(0),
            });
            webhook_client::validate(client.url.as_deref(), service, &at_client, errors);
            let bundle = client.ca_bundle.as_ref().map(|b| b.0.as_slice()).unwrap_or_default();
            if !bundle.is_empty() && !options.invalid_ca_allowed {
                webhook_client::validate_ca(bundle, &at_client.child("caBundle"), errors);
            }
        }
    }
    validate_review_versions(c.webhook.as_ref(), options, &at.child("conversionReviewVersions"), errors);
}

fn validate_review_versions(
    w: Option<&WebhookConversion>,
    options: &Options,
    at: &Path<'_>,
    errors: &mut FieldErrors,
) {
    let versions = w.map(|w| w.conversion_review_versions.as_slice()).unwrap_or_default();
    if versions.is_empty() {
        return errors.required(at, "");
    }
    for (i, v) in versions.iter().enumerate() {
        if versions[..i].contains(v) {
            errors.invalid(&at.index(i), v.as_str(), "duplicate version");
        } else {
            errors.invalid_each(&at.index(i), v, dns1035_label(v, false));
        }
    }
    if options.recognized_review_version && !versions.iter().any(|v| is_review_version(v)) {
        errors.invalid(at, versions.to_vec(), "must include at least one of v1, v1beta1");
    }
}
