//! What both kinds of configurations of webhooks demand of a webhook.
//! Real Kubernetes: pkg/apis/admissionregistration/validation validateValidatingWebhook, validateMutatingWebhook.

use k8s_openapi::api::admissionregistration::v1::{
    MatchCondition, MutatingWebhook, RuleWithOperations, ValidatingWebhook, WebhookClientConfig,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::admission_rules::{self, Rule};
use super::webhook_client;
use super::workload::validate_label_selector;
use crate::api::field::{FieldErrors, Path};
use crate::api::names::{dns1035_label, dns1123_subdomain};

/// Webhooks that nobody notices but through their answer.
const SIDE_EFFECTS: [&str; 2] = ["None", "NoneOnDryRun"];
const REINVOCATION_POLICIES: [&str; 2] = ["IfNeeded", "Never"];
const REVIEW_VERSIONS: [&str; 2] = ["v1", "v1beta1"];

/// A webhook of either kind.
pub struct Webhook<'a> {
    pub name: &'a str,
    pub rules: &'a [RuleWithOperations],
    pub failure_policy: Option<&'a str>,
    pub match_policy: Option<&'a str>,
    pub side_effects: &'a str,
    pub timeout_seconds: Option<i32>,
    pub namespace_selector: Option<&'a LabelSelector>,
    pub object_selector: Option<&'a LabelSelector>,
    pub reinvocation_policy: Option<&'a str>,
    pub client: &'a WebhookClientConfig,
    pub conditions: Option<&'a [MatchCondition]>,
    pub review_versions: &'a [String],
}

impl<'a> From<&'a ValidatingWebhook> for Webhook<'a> {
    fn from(w: &'a ValidatingWebhook) -> Webhook<'a> {
        Webhook {
            name: &w.name,
            rules: w.rules.as_deref().unwrap_or_default(),
            failure_policy: w.failure_policy.as_deref(),
            match_policy: w.match_policy.as_deref(),
            side_effects: &w.side_effects,
            timeout_seconds: w.timeout_seconds,
            namespace_selector: w.namespace_selector.as_ref(),
            object_selector: w.object_selector.as_ref(),
            reinvocation_policy: None,
            client: &w.client_config,
            conditions: w.match_conditions.as_deref(),
            review_versions: &w.admission_review_versions,
        }
    }
}

impl<'a> From<&'a MutatingWebhook> for Webhook<'a> {
    fn from(w: &'a MutatingWebhook) -> Webhook<'a> {
        Webhook {
            name: &w.name,
            rules: w.rules.as_deref().unwrap_or_default(),
            failure_policy: w.failure_policy.as_deref(),
            match_policy: w.match_policy.as_deref(),
            side_effects: &w.side_effects,
            timeout_seconds: w.timeout_seconds,
            namespace_selector: w.namespace_selector.as_ref(),
            object_selector: w.object_selector.as_ref(),
            reinvocation_policy: w.reinvocation_policy.as_deref(),
            client: &w.client_config,
            conditions: w.match_conditions.as_deref(),
            review_versions: &w.admission_review_versions,
        }
    }
}

/// Judges all webhooks of a configuration.
pub fn validate<'a>(all: impl Iterator<Item = Webhook<'a>>, errors: &mut FieldErrors) {
    let list = Path::new("webhooks");
    let mut seen: Vec<&str> = vec![];
    for (i, webhook) in all.enumerate() {
        let at = list.index(i);
        webhook.validate(&at, errors);
        validate_review_versions(webhook.review_versions, &at.child("admissionReviewVersions"), errors);
        if webhook.name.is_empty() {
            continue;
        }
        if seen.contains(&webhook.name) {
            errors.duplicate(&at.child("name"), webhook.name);
        }
        seen.push(webhook.name);
    }
}

impl Webhook<'_> {
    fn validate(&self, at: &Path<'_>, errors: &mut FieldErrors) {
        validate_full_name(self.name, &at.child("name"), errors);
        for (i, rule) in self.rules.iter().enumerate() {
            Rule::from(rule).validate(&at.child("rules").index(i), errors);
        }
        admission_rules::validate_policies(self.failure_policy, self.match_policy, at, errors);
        let side_effects = at.child("sideEffects");
        if self.side_effects.is_empty() {
            errors.required(&side_effects, format!("must specify one of {}", SIDE_EFFECTS.join(", ")));
        } else {
            errors.one_of(&side_effects, self.side_effects, &SIDE_EFFECTS);
        }
        if let Some(seconds) = self.timeout_seconds.filter(|s| !(1..=30).contains(s)) {
            let why = "the timeout value must be between 1 and 30 seconds";
            errors.invalid(&at.child("timeoutSeconds"), seconds, why);
        }
        for (field, selector) in
            [("namespaceSelector", self.namespace_selector), ("objectSelector", self.object_selector)]
        {
            if let Some(selector) = selector {
                validate_label_selector(selector, &at.child(field), errors);
            }
        }
        if let Some(policy) = self.reinvocation_policy {
            errors.one_of(&at.child("reinvocationPolicy"), policy, &REINVOCATION_POLICIES);
        }
        let service = self.client.service.as_ref().map(|s| webhook_client::Service {
            name: &s.name,
            namespace: &s.namespace,
            path: s.path.as_deref(),
            port: s.port.unwrap_or(0),
        });
        webhook_client::validate(self.client.url.as_deref(), service, &at.child("clientConfig"), errors);
        admission_rules::validate_conditions(self.conditions, false, &at.child("matchConditions"), errors);
    }
}

fn validate_full_name(name: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    let why = dns1123_subdomain(name, false);
    if name.is_empty() {
        errors.required(at, "");
    } else if !why.is_empty() {
        errors.invalid(at, name, why.join(","));
    } else if name.split('.').count() < 3 {
        errors.invalid(at, name, "should be a domain with at least three segments separated by dots");
    }
}

fn validate_review_versions(versions: &[String], at: &Path<'_>, errors: &mut FieldErrors) {
    if versions.is_empty() {
        return errors.required(at, format!("must specify one of {}", REVIEW_VERSIONS.join(", ")));
    }
    for (i, version) in versions.iter().enumerate() {
        if versions[..i].contains(version) {
            errors.invalid(&at.index(i), version.as_str(), "duplicate version");
        } else {
            errors.invalid_each(&at.index(i), version, dns1035_label(version, false));
        }
    }
    if !versions.iter().any(|v| REVIEW_VERSIONS.contains(&v.as_str())) {
        let why = format!("must include at least one of {}", REVIEW_VERSIONS.join(", "));
        errors.invalid(at, versions.to_vec(), why);
    }
}

/// The port of a Service that says none.
pub fn default_client(client: &mut WebhookClientConfig) {
    if let Some(service) = &mut client.service {
        service.port.get_or_insert(443);
    }
}
