//! The object is called by its resource and group; groups of the Kubernetes project want a sign that somebody has approved them.
//! Real Kubernetes: pkg/apihelpers/helpers.go, pkg/apis/apiextensions/validation validateAPIApproval.

use std::mem::discriminant;

use super::{CustomResourceDefinition, CustomResourceDefinitionCondition, condition};
use crate::api::field::{FieldErrors, Path};
use crate::api::go_url;
use crate::api::object::Resource;

const ANNOTATION: &str = "api-approved.kubernetes.io";
const PULL: &str = "https://github.com/kubernetes/enhancements/pull/1111";

pub fn validate_name(crd: &CustomResourceDefinition, errors: &mut FieldErrors) {
    let wanted = format!("{}.{}", crd.spec.names.plural, crd.spec.group);
    let at = Path::new("metadata");
    let meta = &crd.metadata;
    for (field, name) in [("generateName", &meta.generate_name), ("name", &meta.name)] {
        if let Some(name) = name.as_deref().filter(|n| !n.is_empty() && *n != wanted) {
            errors.invalid(&at.child(field), name, "must be spec.names.plural+\".\"+spec.group");
        }
    }
}

enum Approval {
    Missing,
    Bypassed,
    Given,
    Invalid,
}

impl Approval {
    fn of(crd: &CustomResourceDefinition) -> Approval {
        let text = crd.annotation(ANNOTATION).unwrap_or("");
        if text.is_empty() {
            Approval::Missing
        } else if text.starts_with("unapproved") {
            Approval::Bypassed
        } else if go_url::parse_request_uri(text).is_ok_and(|u| !u.host.is_empty() && !u.scheme.is_empty()) {
            Approval::Given
        } else {
            Approval::Invalid
        }
    }
}

/// Whether a group is one of the Kubernetes project.
fn is_protected(group: &str) -> bool {
    let belongs = |to: &&str| group == *to || group.strip_suffix(to).is_some_and(|front| front.ends_with('.'));
    ["k8s.io", "kubernetes.io"].iter().any(belongs)
}

/// What the API server writes down of it in the status.
/// Real Kubernetes: apiextensions-apiserver/pkg/controller/apiapproval.
pub fn conformance(crd: &CustomResourceDefinition) -> Option<CustomResourceDefinitionCondition> {
    if !is_protected(&crd.spec.group) {
        return None;
    }
    let text = crd.annotation(ANNOTATION).unwrap_or("");
    let (holds, reason, message) = match Approval::of(crd) {
        Approval::Missing => (false, "MissingAnnotation", missing()),
        Approval::Bypassed => (false, "UnapprovedAnnotation", format!("not approved: {text:?}")),
        Approval::Given => (true, "ApprovedAnnotation", format!("approved in {text}")),
        Approval::Invalid => (false, "InvalidAnnotation", invalid()),
    };
    Some(condition("KubernetesAPIApprovalPolicyConformant", holds, reason, &message))
}

fn missing() -> String {
    format!("protected groups must have approval annotation {ANNOTATION:?}, see {PULL}")
}

fn invalid() -> String {
    format!(
        "protected groups must have approval annotation {ANNOTATION:?} with either a URL or a reason starting with \
         \"unapproved\", see {PULL}"
    )
}

pub fn validate(crd: &CustomResourceDefinition, old: Option<&CustomResourceDefinition>, errors: &mut FieldErrors) {
    let protected = is_protected(&crd.spec.group);
    let approval = Approval::of(crd);
    // What was so before stays so.
    if !protected || old.is_some_and(|old| discriminant(&Approval::of(old)) == discriminant(&approval)) {
        return;
    }
    let at = Path::new("metadata");
    let at = at.child("annotations");
    let at = at.key(ANNOTATION);
    match approval {
        Approval::Missing => {
            errors.required(&at, missing());
        }
        Approval::Invalid => {
            errors.invalid(&at, crd.annotation(ANNOTATION).unwrap_or(""), invalid());
        }
        Approval::Bypassed | Approval::Given => {}
    }
}
