//! Custom resources in another version than the one in which they are stored, where the definition names a webhook that knows how to
//! make one of the other. Where it does not, only the version's name is another.
//!
//! What is written in another version is converted before it is judged, so that rules see it as it will be stored.
//!
//! Deliberately absent: watches, which tell of an object as it is stored.
//! Real Kubernetes: apiextensions-apiserver/pkg/apiserver/conversion/webhook_converter.go.

use std::sync::Arc;

use k8s_openapi::api::admissionregistration::v1::{ServiceReference, WebhookClientConfig};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::WebhookConversion;
use serde_json::{Map, Value, json};

use super::ApiServer;
use super::admission::webhooks::{calling, reply};
use super::caller::{Caller, new_uid};
use crate::api::custom;
use crate::api::go_text::type_name;
use crate::api::kinds::CustomResourceDefinition;
use crate::api::object::Key;
use crate::api::{Duration, KindRef, Object, Reason, Status};

/// How long a webhook may think.
const TIMEOUT: Duration = Duration::from_secs(30);
const GROUP: &str = "apiextensions.k8s.io";

impl ApiServer {
    /// An object as a version of its kind has it.
    ///
    /// # Errors
    /// The webhook can't be reached, or answers nonsense.
    pub(super) fn converted(&self, o: &Arc<Object>, to: KindRef, who: &mut Caller<'_>) -> Result<Arc<Object>, Status> {
        let from = o.kind();
        if from.custom().is_none() || from.version() == to.version() {
            return Ok(o.clone());
        }
        let Some(webhook) = self.converter(to) else { return Ok(o.clone()) };
        let done = self.ask_converter(&webhook, o, to, who);
        let said =
            done.map_err(|why| format!("conversion webhook for {}, Kind={} {why}", from.api_version(), from.name()));
        match said {
            Ok(v) => Ok(Arc::new(custom::with_content(o, to, v))),
            Err(why) => Err(Status::new(Reason::Unknown, why)),
        }
    }

    /// The same for many.
    ///
    /// # Errors
    /// As [`Self::converted`].
    pub(super) fn convert_all(&self, all: &mut [Arc<Object>], to: KindRef, who: &mut Caller<'_>) -> Result<(), Status> {
        if to.custom().is_none() {
            return Ok(());
        }
        all.iter_mut().try_for_each(|o| {
            *o = self.converted(o, to, who)?;
            Ok(())
        })
    }

    /// What a client sent, as the version in which it will be stored.
    ///
    /// # Errors
    /// As [`Self::converted`].
    pub(super) fn as_stored(&self, o: Object, who: &mut Caller<'_>) -> Result<Object, Status> {
        match self.custom.storage(o.kind()).filter(|s| s.version() != o.kind().version()) {
            Some(storage) if self.converter(storage).is_some() => {
                self.converted(&Arc::new(o), storage, who).map(Arc::unwrap_or_clone)
            }
            _ => Ok(o),
        }
    }

    /// The webhook that converts the objects of a custom kind, if one does.
    fn converter(&self, kind: KindRef) -> Option<WebhookConversion> {
        kind.custom()?;
        let name = format!("{}.{}", kind.plural(), kind.group());
        let definition = self.store.get(&Key::of::<CustomResourceDefinition>("", &name))?;
        let conversion = definition.get::<CustomResourceDefinition>()?.spec.conversion.clone()?;
        conversion.webhook.filter(|_| conversion.strategy == "Webhook")
    }

    fn ask_converter(
        &self,
        webhook: &WebhookConversion,
        o: &Object,
        to: KindRef,
        who: &mut Caller<'_>,
    ) -> Result<Value, String> {
        let known = |v: &&String| matches!(v.as_str(), "v1" | "v1beta1");
        let version = webhook.conversion_review_versions.iter().find(known);
        let version = version.ok_or("failed: no supported conversion review versions")?;
        let uid = new_uid(who.chance);
        let whole = (*o.whole_in(o.kind())).clone();
        let review = json!({
            "kind": "ConversionReview", "apiVersion": format!("{GROUP}/{version}"),
            "request": {"uid": uid, "desiredAPIVersion": to.api_version(), "objects": [whole]},
        });
        let heard = calling::post(self, &client(webhook), TIMEOUT, &review).and_then(|r| reply::content(&r));
        let heard = heard.map_err(|why| format!("failed: {why}"))?;
        let objects = objects(&heard, version, &uid).map_err(|why| format!("failed: {why}"))?;
        let [made] = objects else { return Err(format!("returned {} objects, expected 1", objects.len())) };
        checked(&whole, made, to)
    }
}

/// Where the webhook is; definitions say it in a type of their own.
fn client(w: &WebhookConversion) -> WebhookClientConfig {
    let Some(c) = &w.client_config else { return WebhookClientConfig::default() };
    let service = c.service.as_ref().map(|s| ServiceReference {
        name: s.name.clone(),
        namespace: s.namespace.clone(),
        path: s.path.clone(),
        port: s.port,
    });
    WebhookClientConfig { ca_bundle: c.ca_bundle.clone(), service, url: c.url.clone() }
}

/// The objects in an answer.
fn objects<'a>(review: &'a Value, version: &str, uid: &str) -> Result<&'a [Value], String> {
    let text = |v: &'a Value| v.as_str().unwrap_or("");
    if version == "v1" {
        let (said, kind) = (text(&review["apiVersion"]), text(&review["kind"]));
        if said != format!("{GROUP}/v1") || kind != "ConversionReview" {
            return Err(format!(
                "expected webhook response of {GROUP}/v1, Kind=ConversionReview, got {said}, Kind={kind}"
            ));
        }
    }
    let response = &review["response"];
    if !response.is_object() {
        return Err("no response provided".into());
    }
    if version == "v1" && text(&response["uid"]) != uid {
        return Err(format!("expected response.uid={uid:?}, got {:?}", text(&response["uid"])));
    }
    match (text(&response["result"]["status"]), text(&response["result"]["message"])) {
        ("Success", _) => Ok(response["convertedObjects"].as_array().map(Vec::as_slice).unwrap_or_default()),
        (status, "") => Err(format!("response.result.status was '{status}', not 'Success'")),
        (_, why) => Err(why.into()),
    }
}

/// A converted object with the metadata that it had: a webhook changes labels and annotations, and nothing else of it.
fn checked(before: &Value, made: &Value, to: KindRef) -> Result<Value, String> {
    let text = |v: &Value| v.as_str().unwrap_or("").to_string();
    let wrong = |what: &str, wanted: String, got: String| {
        Err(format!("returned invalid object at index 0: invalid {what} (expected {wanted}, received {got})"))
    };
    if text(&made["apiVersion"]) != to.api_version() {
        return wrong("groupVersion", to.api_version(), text(&made["apiVersion"]));
    }
    if made["kind"] != before["kind"] {
        return wrong("kind", text(&before["kind"]), text(&made["kind"]));
    }
    for (key, called) in [("name", "name"), ("namespace", "namespace"), ("uid", "UID")] {
        let (had, has) = (text(&before["metadata"][key]), text(&made["metadata"][key]));
        if had != has {
            return Err(format!("returned invalid object: must have the same {called}: {had} != {has}"));
        }
    }
    let Some(said) = made["metadata"].as_object() else {
        return Err("returned invalid metadata: missing metadata in converted object".into());
    };
    let mut out = made.clone();
    out["metadata"] = before["metadata"].clone();
    for key in ["labels", "annotations"] {
        let Some(kept) = out["metadata"].as_object_mut() else { continue };
        match said.get(key) {
            None | Some(Value::Null) => {
                kept.remove(key);
            }
            Some(Value::Object(all)) => {
                if let Some((k, v)) = all.iter().find(|(_, v)| !v.is_string()) {
                    let of = type_name(v);
                    return Err(format!(
                        "returned invalid metadata: metadata.{key}[{k}] must be a string, but is {of} in converted object"
                    ));
                }
                kept.insert(key.into(), Value::Object(Map::clone(all)));
            }
            Some(other) => {
                let of = type_name(other);
                return Err(format!(
                    "returned invalid metadata: invalid metadata.{key} of type {of} in converted object"
                ));
            }
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_or_refused_in_the_words_of_a_real_server() {
        let review = |response: Value| json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "ConversionReview", "response": response});
        let good = review(json!({"uid": "u", "result": {"status": "Success"}, "convertedObjects": [{"a": 1}]}));
        assert_eq!(objects(&good, "v1", "u").map(<[Value]>::len), Ok(1));
        assert_eq!(objects(&good, "v1", "x"), Err("expected response.uid=\"x\", got \"u\"".into()));
        let bad = |response| objects(&review(response), "v1", "u").map(|_| ()).unwrap_err();
        assert_eq!(bad(Value::Null), "no response provided");
        assert_eq!(bad(json!({"uid": "u"})), "response.result.status was '', not 'Success'");
        assert_eq!(bad(json!({"uid": "u", "result": {"status": "Failure", "message": "no"}})), "no");
    }

    #[test]
    fn of_a_converted_object_only_labels_and_annotations_are_taken_over() {
        let kind = KindRef::by_gvk("v1", "ConfigMap").expect("a kind");
        let before =
            json!({"kind": "ConfigMap", "metadata": {"name": "a", "uid": "1", "generation": 3, "labels": {"x": "y"}}});
        let made = |metadata: Value| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"k": "v"}});
        let out =
            checked(&before, &made(json!({"name": "a", "uid": "1", "annotations": {"b": "c"}})), kind).expect("good");
        let metadata = json!({"name": "a", "uid": "1", "generation": 3, "annotations": {"b": "c"}});
        assert_eq!((&out["metadata"], &out["data"]["k"]), (&metadata, &json!("v")));
        let bad = |metadata: Value| checked(&before, &made(metadata), kind).unwrap_err();
        assert_eq!(bad(json!({"name": "b"})), "returned invalid object: must have the same name: a != b");
        assert_eq!(
            bad(json!({"name": "a", "uid": "1", "labels": {"x": 1}})),
            "returned invalid metadata: metadata.labels[x] must be a string, but is int64 in converted object"
        );
        let other = json!({"apiVersion": "v2", "kind": "ConfigMap"});
        assert_eq!(
            checked(&before, &other, kind).unwrap_err(),
            "returned invalid object at index 0: invalid groupVersion (expected v1, received v2)"
        );
    }
}
