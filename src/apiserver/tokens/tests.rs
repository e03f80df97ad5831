//! Tokens from request to review, against a small API server.

use rand::SeedableRng;
use serde_json::{Value, json};

use super::review;
use super::signing::Token;
use crate::api::kinds::ServiceAccount;
use crate::api::object::Key;
use crate::api::user::MASTERS;
use crate::api::{Duration, KindRef, Object, RecordId, Time, User};
use crate::apiserver::caller::Chance;
use crate::apiserver::delete::DeleteOptions;
use crate::apiserver::{ApiServer, Caller};
use crate::ledger::Ledger;

struct Server {
    api: ApiServer,
    ledger: Ledger,
    chance: Chance,
    now: Time,
}

impl Server {
    fn new() -> Server {
        let chance = Chance::seed_from_u64(1);
        let mut s = Server { api: ApiServer::of(1), ledger: Ledger::default(), chance, now: Time::ZERO };
        s.put("v1", "Namespace", json!({"metadata": {"name": "ns"}}));
        s.put("v1", "ServiceAccount", json!({"metadata": {"name": "robot", "namespace": "ns"}}));
        s
    }

    fn with<R>(&mut self, f: impl FnOnce(&mut ApiServer, &mut Caller<'_>) -> R) -> R {
        let user = User::of("admin", &[MASTERS]);
        let mut who = Caller::new(&user, "test", self.now, RecordId::default(), &mut self.ledger, &mut self.chance);
        f(&mut self.api, &mut who)
    }

    fn put(&mut self, version: &str, kind: &str, v: Value) -> String {
        let kind = KindRef::by_gvk(version, kind).unwrap();
        let ns = v["metadata"]["namespace"].as_str().unwrap_or("").to_string();
        let o: Object = kind.decode(v).unwrap();
        self.with(|api, who| api.create(o, &ns, who)).unwrap().uid().to_string()
    }

    fn token(&mut self, spec: Value) -> Value {
        let key = Key::of::<ServiceAccount>("ns", "robot");
        self.with(|api, who| api.create_token(&key, &json!({"spec": spec}), who)).unwrap()
    }

    fn review(&self, token: &str, audiences: Value) -> Value {
        review::answer(&self.api, &json!({"token": token, "audiences": audiences}), self.now).unwrap()
    }
}

fn claims(answer: &Value) -> Value {
    Token::parse(answer["status"]["token"].as_str().unwrap()).unwrap().claims
}

#[test]
fn a_token_says_what_a_real_one_says_and_is_recognized() {
    let mut s = Server::new();
    let uid = s.api.get(&Key::of::<ServiceAccount>("ns", "robot")).unwrap().uid().to_string();
    let answer = s.token(json!({}));
    let c = claims(&answer);
    let now = s.now.meta().0.as_second();
    let id = c["jti"].as_str().unwrap().to_string();
    assert_eq!(
        c,
        json!({
            "aud": [super::ISSUER], "exp": now + 3600, "iat": now, "iss": super::ISSUER, "jti": id,
            "kubernetes.io": {"namespace": "ns", "serviceaccount": {"name": "robot", "uid": uid}},
            "nbf": now, "sub": "system:serviceaccount:ns:robot",
        })
    );
    let told = s.review(answer["status"]["token"].as_str().unwrap(), json!([]));
    assert_eq!(
        told,
        json!({
            "authenticated": true, "audiences": [super::ISSUER],
            "user": {
                "username": "system:serviceaccount:ns:robot", "uid": uid,
                "groups": ["system:serviceaccounts", "system:serviceaccounts:ns", "system:authenticated"],
                "extra": {"authentication.kubernetes.io/credential-id": [format!("JTI={id}")]},
            },
        })
    );
}

#[test]
fn a_token_does_not_hold_for_others_nor_for_ever_nor_without_its_account() {
    let mut s = Server::new();
    let answer = s.token(json!({"expirationSeconds": 600}));
    let text = answer["status"]["token"].as_str().unwrap().to_string();
    let error = |s: &Server, audiences| s.review(&text, audiences)["error"].as_str().unwrap_or("").to_string();
    assert_eq!(
        error(&s, json!(["a", "b"])),
        "[invalid bearer token, token audiences [\"https://kubernetes.default.svc.cluster.local\"] is invalid for the target audiences [\"a\" \"b\"]]"
    );
    s.now = Time::ZERO + Duration::from_secs(660);
    assert_eq!(error(&s, json!([])), "");
    s.now = Time::ZERO + Duration::from_secs(661);
    assert_eq!(error(&s, json!([])), "[invalid bearer token, service account token has expired]");
    s.now = Time::ZERO;
    let key = Key::of::<ServiceAccount>("ns", "robot");
    s.with(|api, who| api.delete(&key, &DeleteOptions::default(), who)).unwrap();
    assert_eq!(error(&s, json!([])), "[invalid bearer token, serviceaccounts \"robot\" not found]");
    s.put("v1", "ServiceAccount", json!({"metadata": {"name": "robot", "namespace": "ns"}}));
    assert!(error(&s, json!([])).contains("service account UID ("));
}

#[test]
fn a_token_that_is_bound_goes_with_what_it_is_bound_to() {
    let mut s = Server::new();
    let uid = s.put("v1", "Secret", json!({"metadata": {"name": "s", "namespace": "ns"}}));
    let answer = s.token(json!({"boundObjectRef": {"apiVersion": "v1", "kind": "Secret", "name": "s"}}));
    assert_eq!(claims(&answer)["kubernetes.io"]["secret"], json!({"name": "s", "uid": uid}));
    let text = answer["status"]["token"].as_str().unwrap().to_string();
    assert_eq!(s.review(&text, json!([]))["authenticated"], true);
    let key = Key::new(KindRef::by_gvk("v1", "Secret").unwrap(), "ns", "s");
    s.with(|api, who| api.delete(&key, &DeleteOptions::default(), who)).unwrap();
    let error = "[invalid bearer token, service account token has been invalidated]";
    assert_eq!(s.review(&text, json!([]))["error"], error);
}

#[test]
fn the_token_of_a_pods_volume_lasts_longer_than_it_says() {
    let mut s = Server::new();
    let spec = json!({"serviceAccountName": "robot", "nodeName": "n", "containers": [{"name": "a", "image": "i"}]});
    let uid = s.put("v1", "Pod", json!({"metadata": {"name": "p", "namespace": "ns"}, "spec": spec}));
    let bound = json!({"apiVersion": "v1", "kind": "Pod", "name": "p"});
    let answer = s.token(json!({"expirationSeconds": 3607, "boundObjectRef": bound}));
    let (c, now) = (claims(&answer), s.now.meta().0.as_second());
    assert_eq!(c["exp"], now + 365 * 24 * 3600);
    let private = &c["kubernetes.io"];
    assert_eq!(private["warnafter"], now + 3607);
    assert_eq!((&private["pod"], &private["node"]), (&json!({"name": "p", "uid": uid}), &json!({"name": "n"})));
    let told = s.review(answer["status"]["token"].as_str().unwrap(), json!([]));
    let extra = &told["user"]["extra"];
    assert_eq!(extra["authentication.kubernetes.io/pod-name"], json!(["p"]));
    assert_eq!(extra["authentication.kubernetes.io/node-name"], json!(["n"]));
}

#[test]
fn others_find_the_key_by_the_name_that_tokens_give_it() {
    let s = Server::new();
    let key = super::signing::Key::of(1).unwrap();
    let answer = super::discovery::answer(&s.api, "openid/v1/jwks").unwrap();
    assert_eq!(answer["keys"][0]["kid"], key.id());
    let about = super::discovery::answer(&s.api, ".well-known/openid-configuration").unwrap();
    assert_eq!(about["jwks_uri"], "https://127.0.0.1:6443/openid/v1/jwks");
}
