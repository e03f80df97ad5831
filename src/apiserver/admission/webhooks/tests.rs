//! What webhooks change and refuse, once somebody reaches them.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rand::SeedableRng;
use serde_json::{Value, json};

use super::calling::{Call, Outlet, Reach, Reply};
use crate::api::object::Key;
use crate::api::user::MASTERS;
use crate::api::{KindRef, Object, RecordId, Status, Time, User};
use crate::apiserver::caller::Chance;
use crate::apiserver::delete::DeleteOptions;
use crate::apiserver::{ApiServer, Caller};
use crate::ledger::{Ledger, What};

/// A webhook that answers every review with this.
#[derive(Debug)]
struct Says(Value);

impl Reach for Says {
    fn post(&self, call: &Call<'_>) -> Result<Reply, String> {
        assert_eq!((call.url, call.address), ("https://hooks.example.com/p?timeout=10s", "hooks.example.com:443"));
        let mut response = self.0.clone();
        response["uid"] = call.review["request"]["uid"].clone();
        let review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response});
        Ok(Reply { code: 200, content_type: "application/json".into(), body: review.to_string().into_bytes() })
    }
}

struct Server {
    api: ApiServer,
    ledger: Ledger,
    chance: Chance,
}

impl Server {
    /// A server with a webhook for everything, and somebody who answers for it, if anybody does.
    fn new(kind: &str, rule: Value, answer: Option<Value>) -> Server {
        let mut s = Server { api: ApiServer::of(1), ledger: Ledger::default(), chance: Chance::seed_from_u64(1) };
        if let Some(answer) = answer {
            s.api.set_outlet(Outlet(Arc::new(Says(answer))));
        }
        s.create("v1", "Namespace", json!({"metadata": {"name": "ns"}})).unwrap();
        let mut hook = json!({
            "name": "a.example.com", "clientConfig": {"url": "https://hooks.example.com/p"}, "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
            "rules": [{"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"], "resources": ["configmaps"]}],
        });
        hook.as_object_mut().unwrap().extend(rule.as_object().unwrap().clone());
        let configuration = json!({"metadata": {"name": "c"}, "webhooks": [hook]});
        s.create("admissionregistration.k8s.io/v1", kind, configuration).unwrap();
        s
    }

    fn with<R>(&mut self, f: impl FnOnce(&mut ApiServer, &mut Caller<'_>) -> R) -> (R, Vec<String>) {
        let user = User::of("admin", &[MASTERS]);
        let mut who = Caller::new(&user, "test", Time::ZERO, RecordId::default(), &mut self.ledger, &mut self.chance);
        let out = f(&mut self.api, &mut who);
        (out, who.warnings)
    }

    fn create(&mut self, version: &str, kind: &str, v: Value) -> Result<Arc<Object>, Status> {
        let kind = KindRef::by_gvk(version, kind).unwrap();
        let ns = v["metadata"]["namespace"].as_str().unwrap_or("").to_string();
        let o: Object = kind.decode(v).unwrap();
        self.with(|api, who| api.create(o, &ns, who)).0
    }

    fn config_map(&mut self) -> Result<Arc<Object>, Status> {
        self.create("v1", "ConfigMap", json!({"metadata": {"name": "m", "namespace": "ns"}, "data": {"a": "b"}}))
    }

    /// What was put down about the last request.
    fn notes(&self) -> Vec<String> {
        let mut requests = self.ledger.all().filter_map(|r| match &r.what {
            What::Request(request) => Some(request),
            _ => None,
        });
        let last = requests.next_back();
        last.into_iter().flat_map(|r| r.particulars().annotations.iter()).map(|(k, v)| format!("{k}={v}")).collect()
    }
}

const MUTATING: &str = "MutatingWebhookConfiguration";
const VALIDATING: &str = "ValidatingWebhookConfiguration";

#[test]
fn a_webhook_that_cannot_be_reached_refuses_or_is_passed_over() {
    let why = "Internal error occurred: failed calling webhook \"a.example.com\": failed to call webhook: Post \"https://hooks.example.com/p?timeout=10s\": dial tcp: lookup hooks.example.com on 127.0.0.53:53: no such host";
    for kind in [MUTATING, VALIDATING] {
        let mut s = Server::new(kind, json!({}), None);
        assert_eq!(s.config_map().unwrap_err().message, why);
        let mut s = Server::new(kind, json!({"failurePolicy": "Ignore"}), None);
        assert!(s.config_map().is_ok());
        let what = if kind == MUTATING { "mutation" } else { "validating" };
        let note = format!("failed-open.{what}.webhook.admission.k8s.io/round_0_index_0=a.example.com");
        assert!(s.notes().contains(&note), "{:?}", s.notes());
    }
}

#[test]
fn a_webhook_changes_what_is_written_and_says_more() {
    let patch = STANDARD.encode(r#"[{"op": "add", "path": "/data/c", "value": "d"}]"#);
    let answer = json!({"allowed": true, "patch": patch, "patchType": "JSONPatch", "auditAnnotations": {"k": "v"}});
    let mut s = Server::new(MUTATING, json!({}), Some(answer));
    let made = s.config_map().unwrap();
    assert_eq!(made.json()["data"], json!({"a": "b", "c": "d"}));
    assert_eq!(
        s.notes(),
        [
            "a.example.com/k=v",
            "patch.webhook.admission.k8s.io/round_0_index_0={\"configuration\":\"c\",\"webhook\":\"a.example.com\",\"patch\":[{\"op\":\"add\",\"path\":\"/data/c\",\"value\":\"d\"}],\"patchType\":\"JSONPatch\"}",
            "mutation.webhook.admission.k8s.io/round_0_index_0={\"configuration\":\"c\",\"webhook\":\"a.example.com\",\"mutated\":true}"
        ]
    );
}

#[test]
fn a_webhook_refuses_in_its_own_words() {
    for (status, why) in [
        (json!({"message": "no", "reason": "Forbidden"}), "denied the request: no"),
        (json!({"reason": "Forbidden"}), "denied the request: Forbidden"),
        (json!({}), "denied the request without explanation"),
    ] {
        let mut s = Server::new(VALIDATING, json!({}), Some(json!({"allowed": false, "status": status})));
        let refused = s.config_map().unwrap_err();
        assert_eq!(refused.message, format!("admission webhook \"a.example.com\" {why}"));
    }
}

#[test]
fn an_answer_that_is_none_counts_as_no_answer() {
    let patched = json!({"allowed": true, "patch": "W10=", "patchType": "JSONPatch"});
    let mut s = Server::new(VALIDATING, json!({}), Some(patched));
    assert_eq!(
        s.config_map().unwrap_err().message,
        "Internal error occurred: failed calling webhook \"a.example.com\": received invalid webhook response: validating webhook may not return response.patch"
    );
}

#[test]
fn rules_and_selectors_say_what_a_webhook_is_asked_about() {
    let no = || Some(json!({"allowed": false}));
    let rule = |more: Value| {
        let mut rule =
            json!({"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]});
        rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"rules": [rule]})
    };
    for (more, asked) in [
        (rule(json!({})), true),
        (rule(json!({"resources": ["*"]})), true),
        (rule(json!({"resources": ["*/*"]})), true),
        (rule(json!({"resources": ["configmaps/*"]})), true),
        (rule(json!({"resources": ["*/status"]})), false),
        (rule(json!({"resources": ["secrets"]})), false),
        (rule(json!({"operations": ["UPDATE", "DELETE"]})), false),
        (rule(json!({"apiGroups": ["apps"]})), false),
        (rule(json!({"scope": "Namespaced"})), true),
        (rule(json!({"scope": "Cluster"})), false),
        (json!({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ns"}}}), true),
        (json!({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "other"}}}), false),
        (json!({"objectSelector": {"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}}), true),
        (json!({"objectSelector": {"matchLabels": {"a": "b"}}}), false),
    ] {
        let mut s = Server::new(VALIDATING, more.clone(), no());
        assert_eq!(s.config_map().is_err(), asked, "{more}");
    }
}

#[test]
fn a_deletion_is_asked_about_and_webhooks_never_about_themselves() {
    let rule = json!({"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["DELETE"], "resources": ["*"]});
    let mut s = Server::new(VALIDATING, json!({"rules": [rule]}), Some(json!({"allowed": false})));
    let made = s.config_map().unwrap();
    let delete = |s: &mut Server, key: &Key| s.with(|api, who| api.delete(key, &DeleteOptions::default(), who)).0;
    assert!(delete(&mut s, &made.key()).is_err());
    let kind = KindRef::by_gvk("admissionregistration.k8s.io/v1", VALIDATING).unwrap();
    assert!(delete(&mut s, &Key::new(kind, "", "c")).is_ok());
    assert!(delete(&mut s, &made.key()).is_ok());
}
