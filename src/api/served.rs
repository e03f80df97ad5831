//! Requests that reach the API server over the cluster's own network: what was sent, until it is taken apart there.

use std::sync::Arc;

use super::network::Address;
use super::user::User;

/// A request as its bytes say it.
#[derive(Clone, Debug, Default)]
pub struct ServedCall {
    pub method: String,
    /// Path and query.
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// As whom it is passed on, if not as what it shows itself: `kubectl proxy` asks as whoever started it.
    pub user: Option<User>,
}

impl ServedCall {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }
}

/// What comes back.
#[derive(Clone, Debug)]
pub struct ServedReply {
    pub code: u16,
    pub content_type: &'static str,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

/// What becomes of a call.
#[derive(Clone, Debug)]
pub enum Served {
    Answered(ServedReply),
    PassedOn(Box<Passage>),
}

/// A call that a pod, a Service or a node answers, with the API server between.
#[derive(Clone, Debug)]
pub struct Passage {
    /// The machine from which it is passed on.
    pub from: Arc<str>,
    pub to: Address,
    pub tls: bool,
    /// As it is sent there.
    pub call: ServedCall,
    /// Below which path of the API what answers is found: `/api/v1/namespaces/x/pods/y/proxy`.
    pub below: String,
    /// Whether somebody reads what the API server itself has to say of it.
    pub to_people: bool,
}

/// By what a server shows who it is: the authority that has signed its certificate, as PEM, and the names and addresses in it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Identity {
    pub authority: String,
    pub names: Vec<String>,
}
