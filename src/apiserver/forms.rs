//! The forms in which a client may ask for what it is shown: whole objects, their metadata only, or a table.
//! Real Kubernetes: apiserver/pkg/endpoints/handlers/response.go.

use std::sync::Arc;

use serde_json::{Value, json};

use super::read::{Listing, list_json, with_end};
use super::table::{Include, metadata_only, table};
use crate::api::request::{Accept, Request};
use crate::api::{KindRef, Object, Status, Time};

/// How somebody wants to see objects.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    accept: Accept,
    include: Include,
    /// Whether it is told who owns which fields.
    owners: bool,
}

impl Form {
    pub fn of(request: &Request) -> Form {
        let include = Include::parse(request.param("includeObject")).with(request.owners);
        Form { accept: request.accept, include, owners: request.owners }
    }

    /// One object, in the version of `kind`.
    pub fn one(self, o: &Arc<Object>, kind: KindRef, now: Time) -> Arc<Value> {
        self.event(o, kind, now, true)
    }

    /// The answer to a question, which is no table.
    pub fn asked(self, o: &Arc<Object>, kind: KindRef) -> Arc<Value> {
        let accept = if self.accept == Accept::Table { Accept::Json } else { self.accept };
        Form { accept, ..self }.one(o, kind, Time::ZERO)
    }

    /// The same in a watch, whose `first` table alone tells the columns.
    pub fn event(self, o: &Arc<Object>, kind: KindRef, now: Time, first: bool) -> Arc<Value> {
        match self.accept {
            Accept::Table => {
                let meta = json!({"resourceVersion": o.meta().resource_version.clone().unwrap_or_default()});
                Arc::new(table(kind, std::slice::from_ref(o), now, first, self.include, meta))
            }
            Accept::Metadata => Arc::new(metadata_only(o, self.owners)),
            Accept::Json | Accept::Discovery if self.owners => o.whole_in(kind),
            Accept::Json | Accept::Discovery => o.in_version(kind),
        }
    }

    pub fn list(self, listing: &Listing, kind: KindRef, now: Time) -> Value {
        let head = || {
            let Listing { rev, continue_token, remaining, .. } = listing;
            let empty =
                Listing { rev: *rev, items: vec![], continue_token: continue_token.clone(), remaining: *remaining };
            list_json(kind, &empty, false)
        };
        match self.accept {
            Accept::Table => table(kind, &listing.items, now, true, self.include, head()["metadata"].take()),
            Accept::Metadata => {
                let mut v = head();
                v["kind"] = "PartialObjectMetadataList".into();
                v["apiVersion"] = "meta.k8s.io/v1".into();
                // Go has made no list of none.
                let items: Vec<Value> = listing.items.iter().map(|o| metadata_only(o, self.owners)).collect();
                v["items"] = if items.is_empty() { Value::Null } else { items.into() };
                v
            }
            Accept::Json | Accept::Discovery => with_end(list_json(kind, listing, self.owners), kind),
        }
    }
}

/// What a table may be asked to carry of its objects.
pub fn check(request: &Request) -> Result<(), Status> {
    match request.param("includeObject").filter(|_| request.accept == Accept::Table) {
        None | Some("" | "None" | "Metadata" | "Object") => Ok(()),
        Some(other) => Err(Status::bad_request(format!(
            "Unable to convert to Table as requested: includeObject: Invalid value: {other:?}: must be 'Metadata', 'Object', 'None', or empty"
        ))),
    }
}
