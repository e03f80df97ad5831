//! What the questions share whether somebody may do something.
//! Real Kubernetes: pkg/apis/authorization/validation/validation.go.

use k8s_openapi::api::authorization::v1::{
    FieldSelectorAttributes, LabelSelectorAttributes, NonResourceAttributes, ResourceAttributes,
    SelfSubjectAccessReviewSpec, SubjectAccessReviewSpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;

use crate::api::canonical;
use crate::api::field::{FieldErrors, Path};
use crate::api::{internal, names};

const URL_TYPE: &str = "authorization/v1.NonResourceAttributes";
const META_TYPE: &str = "meta/v1.ObjectMeta";

/// What is to be done, to an object or a URL, and by whom; the caller asks for itself.
pub struct Question<'a> {
    resource: Option<&'a ResourceAttributes>,
    url: Option<&'a NonResourceAttributes>,
    who: Who,
}

enum Who {
    Caller,
    Somebody,
    Nobody,
}

impl<'a> From<&'a SubjectAccessReviewSpec> for Question<'a> {
    fn from(s: &'a SubjectAccessReviewSpec) -> Question<'a> {
        let user = s.user.as_deref().unwrap_or("");
        let nobody = user.is_empty() && s.groups.as_ref().is_none_or(Vec::is_empty);
        Question {
            resource: s.resource_attributes.as_ref(),
            url: s.non_resource_attributes.as_ref(),
            who: if nobody { Who::Nobody } else { Who::Somebody },
        }
    }
}

impl<'a> From<&'a SelfSubjectAccessReviewSpec> for Question<'a> {
    fn from(s: &'a SelfSubjectAccessReviewSpec) -> Question<'a> {
        Question { resource: s.resource_attributes.as_ref(), url: s.non_resource_attributes.as_ref(), who: Who::Caller }
    }
}

impl Question<'_> {
    pub fn validate(&self, errors: &mut FieldErrors) {
        let spec = Path::new("spec");
        match (self.resource, self.url) {
            (Some(_), Some(url)) => errors.invalid_struct(
                &spec.child("nonResourceAttributes"),
                internal::shown(url, URL_TYPE),
                "cannot be specified in combination with resourceAttributes",
            ),
            (None, None) => errors.invalid(
                &spec.child("resourceAttributes"),
                Value::Null,
                "exactly one of nonResourceAttributes or resourceAttributes must be specified",
            ),
            _ => {}
        }
        if let Who::Nobody = self.who {
            errors.invalid(&spec.child("user"), "", "at least one of user or group must be specified");
        }
        let at = spec.child("resourceAttributes");
        if let Some(s) = self.resource.and_then(|r| r.field_selector.as_ref()) {
            validate_field_selector(s, &at.child("fieldSelector"), errors);
        }
        if let Some(s) = self.resource.and_then(|r| r.label_selector.as_ref()) {
            validate_label_selector(s, &at.child("labelSelector"), errors);
        }
    }
}

fn validate_field_selector(s: &FieldSelectorAttributes, at: &Path<'_>, errors: &mut FieldErrors) {
    let requirements = s.requirements.as_deref().unwrap_or_default();
    validate_one_form(s.raw_selector.as_deref(), requirements.len(), at, errors);
    let list = at.child("requirements");
    for (i, r) in requirements.iter().enumerate() {
        let at = list.index(i);
        if r.key.is_empty() {
            errors.required(&at.child("key"), "must be specified");
        }
        validate_values(&r.operator, r.values.as_deref(), &at.child("values"), errors);
    }
}

fn validate_label_selector(s: &LabelSelectorAttributes, at: &Path<'_>, errors: &mut FieldErrors) {
    let requirements = s.requirements.as_deref().unwrap_or_default();
    validate_one_form(s.raw_selector.as_deref(), requirements.len(), at, errors);
    let list = at.child("requirements");
    for (i, r) in requirements.iter().enumerate() {
        let at = list.index(i);
        let values = at.child("values");
        validate_values(&r.operator, r.values.as_deref(), &values, errors);
        errors.invalid_each(&at.child("key"), &r.key, names::qualified_name(&r.key));
        for (i, v) in r.values.iter().flatten().enumerate() {
            errors.invalid_each(&values.index(i), v, names::label_value(v));
        }
    }
}

/// A selector is a text or a list of requirements.
fn validate_one_form(raw: Option<&str>, requirements: usize, at: &Path<'_>, errors: &mut FieldErrors) {
    let raw = raw.unwrap_or("");
    if !raw.is_empty() && requirements > 0 {
        errors.invalid(&at.child("rawSelector"), raw, "may not specified at the same time as requirements");
    }
    if raw.is_empty() && requirements == 0 {
        let why = format!("when {at} is specified, requirements or rawSelector is required");
        errors.required(&at.child("requirements"), why);
    }
}

/// Operators that nobody knows pass: a newer client may ask with them.
fn validate_values(operator: &str, values: Option<&[String]>, at: &Path<'_>, errors: &mut FieldErrors) {
    let none = values.is_none_or(<[String]>::is_empty);
    match operator {
        "In" | "NotIn" if none => errors.required(at, "must be specified when `operator` is 'In' or 'NotIn'"),
        "Exists" | "DoesNotExist" if !none => {
            errors.forbidden(at, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
        }
        _ => {}
    }
}

/// A question is not kept, so it has no name. Whoever writes which field is not part of the question.
pub fn validate_no_metadata(meta: &ObjectMeta, why: &str, errors: &mut FieldErrors) {
    if !is_empty(meta) {
        errors.invalid_struct(&Path::new("metadata"), internal::shown(meta, META_TYPE), why);
    }
}

pub fn is_empty(meta: &ObjectMeta) -> bool {
    let own = ObjectMeta { managed_fields: None, ..meta.clone() };
    canonical::equal(&own, &ObjectMeta::default(), META_TYPE)
}

#[cfg(test)]
mod tests {
    use super::super::{LocalSubjectAccessReview, SelfSubjectAccessReview, SubjectAccessReview};
    use super::*;
    use crate::api::KindRef;
    use crate::api::object::Resource;
    use serde_json::json;

    /// What is wrong with a question, line by line.
    fn check(kind: KindRef, json: Value, want: &[&str]) {
        let mut errors = FieldErrors::default();
        kind.validate(&kind.decode(json).expect("decodes"), &mut errors);
        let got: Vec<String> = errors.list().iter().map(ToString::to_string).collect();
        assert_eq!(got, want);
    }

    #[test]
    fn a_question_is_about_an_object_or_a_url_and_about_somebody() {
        let kind = SubjectAccessReview::kind_ref();
        check(kind, json!({"spec": {"user": "a", "resourceAttributes": {"verb": "get"}}}), &[]);
        check(kind, json!({"spec": {"groups": ["a"], "nonResourceAttributes": {"path": "/"}}}), &[]);
        check(
            kind,
            json!({}),
            &[
                "spec.resourceAttributes: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified",
                "spec.user: Invalid value: \"\": at least one of user or group must be specified",
            ],
        );
        check(
            SelfSubjectAccessReview::kind_ref(),
            json!({"metadata": {"name": "x"}, "spec": {"resourceAttributes": {}, "nonResourceAttributes": {"verb": "get"}}}),
            &[
                "spec.nonResourceAttributes: Invalid value: {\"Path\":\"\",\"Verb\":\"get\"}: cannot be specified in combination with resourceAttributes",
                "metadata: Invalid value: {\"name\":\"x\"}: must be empty",
            ],
        );
    }

    #[test]
    fn a_selector_has_one_form_and_fitting_values() {
        let at = "spec.resourceAttributes";
        check(
            SelfSubjectAccessReview::kind_ref(),
            json!({"spec": {"resourceAttributes": {
                "fieldSelector": {"rawSelector": "a=b", "requirements": [{"operator": "In"}, {"key": "a", "operator": "Later"}]},
                "labelSelector": {},
            }}}),
            &[
                &format!(
                    "{at}.fieldSelector.rawSelector: Invalid value: \"a=b\": may not specified at the same time as requirements"
                ),
                &format!("{at}.fieldSelector.requirements[0].key: Required value: must be specified"),
                &format!(
                    "{at}.fieldSelector.requirements[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'"
                ),
                &format!(
                    "{at}.labelSelector.requirements: Required value: when {at}.labelSelector is specified, requirements or rawSelector is required"
                ),
            ],
        );
        check(
            SelfSubjectAccessReview::kind_ref(),
            json!({"spec": {"resourceAttributes": {"labelSelector": {"requirements": [
                {"key": "a", "operator": "Exists", "values": ["-"]}
            ]}}}}),
            &[
                &format!(
                    "{at}.labelSelector.requirements[0].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
                ),
                &format!(
                    "{at}.labelSelector.requirements[0].values[0]: Invalid value: \"-\": {}",
                    names::label_value("-").join("")
                ),
            ],
        );
    }

    #[test]
    fn a_question_of_a_namespace_keeps_to_it() {
        check(
            LocalSubjectAccessReview::kind_ref(),
            json!({"metadata": {"namespace": "a"}, "spec": {"user": "u", "resourceAttributes": {"namespace": "a"}}}),
            &[],
        );
        check(
            LocalSubjectAccessReview::kind_ref(),
            json!({"metadata": {"namespace": "a", "labels": {"x": "y"}}, "spec": {"user": "u", "resourceAttributes": {"namespace": "b"}}}),
            &[
                "metadata: Invalid value: {\"namespace\":\"a\",\"labels\":{\"x\":\"y\"}}: must be empty except for namespace",
                "spec.resourceAttributes.namespace: Invalid value: \"b\": must match metadata.namespace",
            ],
        );
        check(
            LocalSubjectAccessReview::kind_ref(),
            json!({"metadata": {"namespace": "a"}, "spec": {"user": "u", "nonResourceAttributes": {"path": "/", "verb": "get"}}}),
            &[
                "spec.nonResourceAttributes: Invalid value: {\"Path\":\"/\",\"Verb\":\"get\"}: disallowed on this kind of request",
            ],
        );
    }
}
