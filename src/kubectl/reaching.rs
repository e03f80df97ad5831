//! What kubectl does where it needs a server and none answers: how often it asks, and how it says what it asked.

use super::env::Env;
use super::failure::Failure;
use super::mapper::Mapper;
use crate::api::go_url::query_escape;
use crate::api::request::{Method, Request};
use crate::api::{Reason, Status};

/// How often a command asks what there is before it gives up.
pub const TRIES: usize = 5;

impl Env<'_> {
    /// Asks for the schemas by which objects are judged before they are sent.
    ///
    /// # Errors
    /// The server does not answer.
    pub fn schemas(&mut self) -> Result<(), Status> {
        let reached = self.api.reach();
        reached.map_err(|s| self.as_asked(s, &Request::get("/openapi/v2").query("timeout", "32s")))
    }

    /// Who asks what there is and gets no answer says so each time, and tries a few times.
    /// Real Kubernetes: client-go/discovery/cached/memory/memcache.go.
    pub(super) fn ask_kinds(&mut self, fresh: bool, tries: usize) -> Result<Mapper, Failure> {
        self.api.kinds(fresh).map(|kinds| Mapper { kinds }).map_err(|s| {
            let s = self.as_asked(s, &Request::get("/api").query("timeout", "32s"));
            let stamp = self.now().klog_stamp();
            let why = format!("couldn't get current server API group list: {}", s.message);
            for _ in 0..tries {
                self.error_line(format!("E{stamp}       1 memcache.go:265] \"Unhandled Error\" err={why:?}"));
            }
            Failure::status(&s)
        })
    }

    /// Whoever cannot connect tells what was to be asked.
    /// Real Kubernetes: Go's net/url Error.
    pub(super) fn as_asked(&self, mut s: Status, request: &Request) -> Status {
        if s.is(Reason::Unreachable) && s.message.starts_with("dial ") {
            let method = match request.method {
                Method::Get => "Get",
                Method::Post => "Post",
                Method::Put => "Put",
                Method::Patch(_) => "Patch",
                Method::Delete => "Delete",
            };
            let mut query: Vec<String> =
                request.query.iter().map(|(k, v)| format!("{}={}", query_escape(k), query_escape(v))).collect();
            query.sort();
            let mark = if query.is_empty() { "" } else { "?" };
            s.message = format!("{method} \"{}{}{mark}{}\": {}", self.server, request.path, query.join("&"), s.message);
        }
        s
    }
}
