//! The three kinds of patch, applied to JSON.
//! Real Kubernetes: apiserver/pkg/endpoints/handlers/patch.go.

use serde_json::Value;

use super::canonical::word;
use super::kind::KindRef;
use super::status::{Cause, Details, Reason, Status};
use super::strategic::Senseless;
use super::{convert, go_text, reading, strategic};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PatchType {
    Json,
    Merge,
    Strategic,
    /// A configuration, which is no patch: the server merges it by who owns what.
    Apply,
}

impl PatchType {
    pub fn media_type(self) -> &'static str {
        match self {
            PatchType::Json => "application/json-patch+json",
            PatchType::Merge => "application/merge-patch+json",
            PatchType::Strategic => "application/strategic-merge-patch+json",
            PatchType::Apply => "application/apply-patch+yaml",
        }
    }

    /// The richest patch that a kind takes.
    pub fn of(kind: KindRef) -> PatchType {
        if kind.layout().is_some() { PatchType::Strategic } else { PatchType::Merge }
    }
}

/// Why a patch cannot be applied.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refused {
    /// It is no patch of its type.
    Undecodable(String),
    /// A JSON patch whose test fails, or whose path leads nowhere; or lists laid over lists.
    Fails,
    /// A strategic patch of what has no published type.
    Unknown,
    /// A strategic patch that makes no sense for this kind. The real server has no status of its own for it.
    Senseless(String),
    /// What it makes is no object of the kind: what is shown as the patch, and what is wrong.
    Misfit(String, String),
}

impl From<Senseless> for Refused {
    fn from(why: Senseless) -> Refused {
        match why {
            Senseless::Malformed(why) => Refused::Undecodable(why.into()),
            Senseless::ListOfLists => Refused::Fails,
            Senseless::Other(why) => Refused::Senseless(why),
        }
    }
}

impl From<Refused> for Status {
    fn from(why: Refused) -> Status {
        match why {
            Refused::Undecodable(why) => Status::bad_request(why),
            Refused::Unknown => Status::new(Reason::UnsupportedMediaType, UNKNOWN_FORMAT),
            Refused::Senseless(why) => Status::new(Reason::Unknown, why),
            Refused::Fails => Status {
                reason: Reason::Invalid,
                message: "the server rejected our request due to an error in our request".into(),
                details: Some(Box::default()),
                warnings: vec![],
                own: None,
            },
            Refused::Misfit(patch, why) => {
                let message = format!("Invalid value: {patch:?}: {why}");
                let cause =
                    Cause { reason: "FieldValueInvalid".into(), message: message.clone(), field: "patch".into() };
                Status {
                    reason: Reason::Invalid,
                    message: format!(" \"\" is invalid: patch: {message}"),
                    details: Some(Box::new(Details { causes: vec![cause], ..Details::default() })),
                    warnings: vec![],
                    own: None,
                }
            }
        }
    }
}

const UNKNOWN_FORMAT: &str = "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml";

/// The object after the patch.
pub fn apply(target: &Value, patch: &Value, how: PatchType, kind: KindRef) -> Result<Value, Refused> {
    let mut out = target.clone();
    match how {
        PatchType::Merge => {
            decodable(patch, Value::is_object, "map[string]interface {}", "error decoding patch: ")?;
            ::json_patch::merge(&mut out, patch);
        }
        PatchType::Strategic => {
            decodable(patch, Value::is_object, "map[string]interface {}", "")?;
            let Some(layout) = kind.layout() else { return Err(Refused::Unknown) };
            strategic::apply(&mut out, patch, Some(layout))?;
            if let Some(why) = convert::refusal(&out, layout) {
                return Err(Refused::Misfit(go_text::plain(patch), why));
            }
            // It makes whole numbers of `2.0`, which a decoder does not.
            reading::make_whole(&mut out);
            // The converter knows what it makes, whatever the patch calls it.
            out["apiVersion"] = target["apiVersion"].clone();
            out["kind"] = target["kind"].clone();
        }
        PatchType::Apply => return Err(Refused::Senseless("a configuration is applied, not laid over".into())),
        PatchType::Json => {
            decodable(patch, Value::is_array, "[]handlers.jsonPatchOp", "error decoding patch: ")?;
            for operation in patch.as_array().into_iter().flatten() {
                decodable(operation, Value::is_object, "handlers.jsonPatchOp", "error decoding patch: ")?;
            }
            let operations = patch.as_array().map_or(&[][..], Vec::as_slice);
            out = super::json_patch::applied(&out, operations).map_err(|_| Refused::Fails)?;
        }
    }
    Ok(out)
}

fn decodable(v: &Value, fits: fn(&Value) -> bool, go: &str, while_: &str) -> Result<(), Refused> {
    if fits(v) {
        return Ok(());
    }
    // A body without any JSON in it came as plain text.
    let what = if v.is_null() { "string".into() } else { word(v, go) };
    Err(Refused::Undecodable(format!("{while_}json: cannot unmarshal {what} into Go value of type {go}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds::Pod;
    use crate::api::object::Resource;
    use serde_json::json;

    fn refused(patch: Value, how: PatchType) -> Option<Status> {
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": []}});
        apply(&pod, &patch, how, Pod::kind_ref()).err().map(Status::from)
    }

    #[test]
    fn a_json_patch_that_cannot_be_applied_is_an_invalid_request() {
        for bad in [
            json!([{"op": "test", "path": "/metadata/name", "value": "x"}]),
            json!([{"op": "replace", "path": "/nope/x", "value": 1}]),
            json!([{"op": "remove", "path": "/spec/nope"}]),
            json!([{"op": "fly", "path": "/a"}]),
            json!([{"path": "/a", "value": 1}]),
            json!([{"op": "add", "path": "a", "value": 1}]),
            json!([{"op": "add", "path": "/spec/containers/5", "value": {}}]),
        ] {
            let status = refused(bad.clone(), PatchType::Json).unwrap_or_else(|| panic!("{bad} is applied"));
            assert!(status.is(Reason::Invalid), "{bad}");
            assert_eq!(status.message, "the server rejected our request due to an error in our request");
            assert_eq!(status.details, Some(Box::default()), "names nothing, so kubectl says `The request is invalid`");
        }
        for good in [
            json!([]),
            json!([{"op": "replace", "path": "/spec/nope", "value": 1}]),
            json!([{"op": "add", "path": "/a"}]),
        ] {
            assert_eq!(refused(good, PatchType::Json), None);
        }
        let status = refused(json!({}), PatchType::Json).expect("no list");
        assert_eq!(
            status.message,
            "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp"
        );
    }

    #[test]
    fn a_strategic_patch_that_makes_no_object_shows_the_patch() {
        let status = refused(json!({"spec": {"hostNetwork": "two", "tolerations": null}}), PatchType::Strategic)
            .expect("refused");
        let causes = &status.details.expect("details").causes;
        assert_eq!(causes[0].field, "patch");
        assert_eq!(
            causes[0].message,
            "Invalid value: \"map[spec:map[hostNetwork:two tolerations:<nil>]]\": unrecognized type: bool"
        );
        let status = refused(json!({"$patch": "fly"}), PatchType::Strategic).expect("refused");
        assert_eq!(status.message, "unknown patch type: fly in map: map[$patch:fly]");
        assert_eq!(refused(json!({"kind": "Node"}), PatchType::Strategic), None);
    }
}
