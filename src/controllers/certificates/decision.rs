//! What became of a request for a certificate, and why.

use crate::api::{Key, Time};
use crate::ledger::{Decision, Facts};

#[derive(Clone, Debug)]
pub struct Decided {
    pub request: Key,
    pub what: What,
}

#[derive(Clone, Debug)]
pub enum What {
    /// A kubelet asked for itself, and may.
    Approved {
        who: String,
        may: &'static str,
    },
    Signed {
        signer: String,
        user: String,
        groups: Vec<String>,
        until: Time,
    },
    /// The signer takes no such requests.
    Refused {
        signer: String,
        why: String,
    },
    /// It is tried again.
    NotSigned {
        why: String,
    },
    Removed(Outlived),
}

/// Why a request is of no more use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outlived {
    Issued,
    Denied,
    Pending,
    Expired,
}

impl Decision for Decided {
    fn message(&self) -> &'static str {
        match self.what {
            What::Approved { .. } => "csr-approved",
            What::Signed { .. } => "csr-signed",
            What::Refused { .. } => "csr-refused",
            What::NotSigned { .. } => "csr-not-signed",
            What::Removed(Outlived::Issued) => "csr-removed-issued",
            What::Removed(Outlived::Denied) => "csr-removed-denied",
            What::Removed(Outlived::Pending) => "csr-removed-pending",
            What::Removed(Outlived::Expired) => "csr-removed-expired",
        }
    }

    fn facts(&self) -> Facts {
        let mut out: Facts = vec![("request", self.request.name.to_string().into())];
        out.extend(match &self.what {
            What::Approved { who, may } => vec![("who", who.clone().into()), ("may", (*may).to_string().into())],
            What::Signed { signer, user, groups, until } => vec![
                ("signer", signer.clone().into()),
                ("user", user.clone().into()),
                ("groups", if groups.is_empty() { "–".to_string() } else { groups.join(", ") }.into()),
                ("until", until.rfc3339().into()),
            ],
            What::Refused { signer, why } => vec![("signer", signer.clone().into()), ("why", why.clone().into())],
            What::NotSigned { why } => vec![("why", why.clone().into())],
            What::Removed(_) => vec![],
        });
        out
    }

    fn about(&self) -> Option<Key> {
        Some(self.request.clone())
    }
}
