//! Secrets of the type `kubernetes.io/service-account-token`: whoever makes one gets a token in it, for as long as its account is there.
//! Real Kubernetes: pkg/controller/serviceaccount/tokens_controller.go.

use k8s_openapi::ByteString;

use crate::api::kinds::{Secret, ServiceAccount};
use crate::api::{Key, Resource};
use crate::ledger::{Decision, Facts};

pub const TYPE: &str = "kubernetes.io/service-account-token";
const NAME: &str = "kubernetes.io/service-account.name";
const UID: &str = "kubernetes.io/service-account.uid";

/// The account that a Secret is for, if it is of this sort.
pub fn account_of(secret: &Secret) -> Option<&str> {
    secret.annotation(NAME).filter(|n| !n.is_empty() && secret.type_.as_deref() == Some(TYPE))
}

/// What is to be done about a Secret.
#[derive(PartialEq, Debug)]
pub enum Plan {
    Nothing,
    /// Its account is gone, or is another one of that name.
    Delete,
    /// It lacks something.
    Fill,
}

pub fn plan(secret: &Secret, account: Option<&ServiceAccount>, authority: &str) -> Plan {
    let named = secret.annotation(UID).unwrap_or_default();
    let Some(account) = account.filter(|a| named.is_empty() || named == a.uid()) else { return Plan::Delete };
    let held = |k: &str| secret.data.as_ref().and_then(|d| d.get(k)).map(|v| v.0.as_slice()).unwrap_or_default();
    let whole = held("ca.crt") == authority.as_bytes()
        && held("namespace") == account.namespace().as_bytes()
        && !held("token").is_empty()
        && named == account.uid();
    if whole { Plan::Nothing } else { Plan::Fill }
}

/// Puts into a Secret what it lacks.
pub fn fill(secret: &mut Secret, account: &ServiceAccount, authority: &str, token: &str) {
    let data = secret.data.get_or_insert_default();
    let mut put = |k: &str, v: &str| data.insert(k.into(), ByteString(v.into()));
    put("ca.crt", authority);
    put("namespace", account.namespace());
    if data.get("token").is_none_or(|t| t.0.is_empty()) {
        data.insert("token".into(), ByteString(token.into()));
    }
    let notes = secret.metadata.annotations.get_or_insert_default();
    notes.insert(NAME.into(), account.name().into());
    notes.insert(UID.into(), account.uid().into());
}

#[derive(Clone, Debug)]
pub enum TokenDecision {
    Filled { secret: Key, account: String },
    Deleted { secret: Key, account: String },
}

impl TokenDecision {
    fn parts(&self) -> (&Key, &str) {
        match self {
            TokenDecision::Filled { secret, account } | TokenDecision::Deleted { secret, account } => (secret, account),
        }
    }
}

impl Decision for TokenDecision {
    fn message(&self) -> &'static str {
        match self {
            TokenDecision::Filled { .. } => "serviceaccount-token-filled",
            TokenDecision::Deleted { .. } => "serviceaccount-token-deleted",
        }
    }
    fn facts(&self) -> Facts {
        let (secret, account) = self.parts();
        vec![("secret", secret.name.to_string().into()), ("account", account.to_string().into())]
    }
    fn about(&self) -> Option<Key> {
        Some(self.parts().0.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::yaml::{Repeated, parse};

    fn of<T: serde::de::DeserializeOwned>(text: &str) -> T {
        serde_json::from_value(parse(text, Repeated::LastWins).unwrap().unwrap()).unwrap()
    }

    #[test]
    fn a_secret_is_filled_once_and_goes_with_its_account() {
        let mut secret: Secret = of(
            "{apiVersion: v1, kind: Secret, type: kubernetes.io/service-account-token, metadata: {name: s, namespace: x, annotations: {kubernetes.io/service-account.name: a}}}",
        );
        let account: ServiceAccount =
            of("{apiVersion: v1, kind: ServiceAccount, metadata: {name: a, namespace: x, uid: u}}");
        assert_eq!(account_of(&secret), Some("a"));
        assert_eq!(plan(&secret, None, "CA"), Plan::Delete);
        assert_eq!(plan(&secret, Some(&account), "CA"), Plan::Fill);
        fill(&mut secret, &account, "CA", "first");
        assert_eq!(plan(&secret, Some(&account), "CA"), Plan::Nothing);
        assert_eq!(plan(&secret, Some(&account), "another CA"), Plan::Fill);
        // What it has stays.
        fill(&mut secret, &account, "another CA", "second");
        assert_eq!(secret.data.as_ref().unwrap()["token"].0, b"first");
        let other: ServiceAccount =
            of("{apiVersion: v1, kind: ServiceAccount, metadata: {name: a, namespace: x, uid: v}}");
        assert_eq!(plan(&secret, Some(&other), "CA"), Plan::Delete);
    }
}
