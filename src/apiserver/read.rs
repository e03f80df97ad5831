//! Get, list and watch: selectors, limits, old revisions.
//! Real Kubernetes: apiserver/pkg/endpoints/handlers/get.go, apiserver/pkg/storage.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::{Value, json};

use super::router::{Target, as_version};
use super::{ApiServer, ClientWatch, WATCH_BUFFER, table};
use crate::api::object::{Key, Name};
use crate::api::request::{Request, WatchEvent};
use crate::api::selector::{FieldTerm, Selector, parse_fields};
use crate::api::status::{Cause, Details};
use crate::api::{KindRef, Object, Reason, Status, Time};
use crate::store::{Change, ChangeKind, Rev, Scope, StoreError, WatchId};

/// Which objects of a kind somebody wants.
#[derive(Clone, Debug)]
pub struct Filter {
    pub labels: Selector,
    pub fields: Vec<FieldTerm>,
}

impl Default for Filter {
    fn default() -> Filter {
        Filter { labels: Selector::everything(), fields: vec![] }
    }
}

impl Filter {
    /// Reads `labelSelector` and `fieldSelector` of a request.
    pub fn of(request: &Request, kind: KindRef) -> Result<Filter, Status> {
        let labels = match request.param("labelSelector") {
            Some(text) => Selector::parse(text).map_err(Status::bad_request)?,
            None => Selector::everything(),
        };
        let fields = match request.param("fieldSelector") {
            Some(text) => parse_fields(text).map_err(Status::bad_request)?,
            None => vec![],
        };
        for f in &fields {
            let known = matches!(f.field.as_str(), "metadata.name" | "metadata.namespace")
                || kind.selectable().contains(&f.field.as_str());
            if !known {
                return Err(Status::bad_request(unknown_field(kind, &f.field)));
            }
        }
        Ok(Filter { labels, fields })
    }

    pub fn matches(&self, o: &Object) -> bool {
        self.labels.matches(o.meta().labels.as_ref())
            && self.fields.iter().all(|f| (o.kind().field(o, &f.field).as_deref() == Some(f.value.as_str())) == f.equal)
    }
}

/// Kinds with selectable fields of their own say less than those without.
/// Real Kubernetes: apimachinery/pkg/runtime DefaultMetaV1FieldSelectorConversion, pkg/apis/core/v1/conversion.go.
fn unknown_field(kind: KindRef, field: &str) -> String {
    match (kind.selectable(), kind.group()) {
        ([], _) => format!("{field:?} is not a known field selector: only \"metadata.name\", \"metadata.namespace\""),
        (_, "") => format!("field label not supported: {field}"),
        _ => format!("field label {field:?} not supported for {}", kind.name()),
    }
}

/// A list with what the caller needs to go on.
pub struct Listing {
    pub rev: Rev,
    pub items: Vec<Arc<Object>>,
    pub continue_token: Option<String>,
    pub remaining: Option<usize>,
}

impl ApiServer {
    pub fn get(&self, key: &Key) -> Result<&Arc<Object>, Status> {
        self.store.get(key).ok_or_else(|| Status::not_found(key.kind, &key.name))
    }

    /// Lists a scope. With `limit`, the rest is fetched by the token, from the same revision.
    pub fn list(&self, scope: &Scope, filter: &Filter, request: &Request) -> Result<Listing, Status> {
        let limit: usize = request.param("limit").and_then(|l| l.parse().ok()).unwrap_or(0);
        let token = request.param("continue").map(Token::parse).transpose()?;
        let exact = request.param("resourceVersionMatch") == Some("Exact");
        let named = request.param("resourceVersion").map(parse_rev).transpose()?;
        let at = match (&token, named) {
            (Some(t), _) => Some(t.rev),
            (None, Some(rev)) if rev > self.store.rev() => return Err(too_large(rev, self.store.rev())),
            (None, Some(rev)) if exact => Some(rev),
            _ => None,
        };
        let all: Vec<Arc<Object>> = match at {
            Some(at) if at != self.store.rev() => self.store.list_at(scope, at).map_err(|_| match &token {
                Some(_) => Status::expired(CONTINUE_EXPIRED),
                None => Status::expired(LIST_EXPIRED),
            })?,
            _ => self.store.list(scope).cloned().collect(),
        };
        let rev = at.unwrap_or(self.store.rev());
        let after = token.map(|t| t.after);
        let mut items: Vec<Arc<Object>> = all
            .into_iter()
            .filter(|o| after.as_ref().is_none_or(|a| (o.namespace(), o.name()) > (a.0.as_str(), a.1.as_str())))
            .filter(|o| filter.matches(o))
            .collect();
        let (mut continue_token, mut remaining) = (None, None);
        if limit > 0 && items.len() > limit {
            remaining = Some(items.len() - limit);
            items.truncate(limit);
            continue_token = items.last().map(|o| Token { rev, after: (o.namespace().into(), o.name().into()) }.text());
        }
        Ok(Listing { rev, items, continue_token, remaining })
    }

    /// Opens a client's watch: the present objects first (unless a revision is given), then every change.
    pub fn client_watch(
        &mut self,
        target: &Target,
        filter: Filter,
        request: &Request,
        now: Time,
    ) -> Result<WatchId, Status> {
        let scope = target.scope();
        let from = request.param("resourceVersion").filter(|r| *r != "0").map(parse_rev).transpose()?;
        let table = request.accept == crate::api::request::Accept::Table;
        let mut client = ClientWatch {
            filter,
            kind: target.kind,
            table,
            first_table: true,
            events: VecDeque::new(),
            overflowed: false,
        };
        let id = match from {
            Some(rev) => self.store.watch(scope, rev).map_err(|e| watch_expired(&e, rev))?,
            None => {
                let present: Vec<Arc<Object>> = self.store.list(&scope).cloned().collect();
                for o in present {
                    if client.filter.matches(&o) {
                        client.push("ADDED", &o, now);
                    }
                }
                let rev = self.store.rev();
                self.store.watch(scope, rev).map_err(|e| watch_expired(&e, rev))?
            }
        };
        self.clients.insert(id, client);
        Ok(id)
    }

    /// The next event of a client's watch; `None` while nothing happened.
    pub fn next_event(&mut self, id: WatchId) -> Option<WatchEvent> {
        let client = self.clients.get_mut(&id)?;
        if client.overflowed {
            let status = Status::expired("too old resource version: the watch was too slow");
            self.unwatch(id);
            return Some(WatchEvent { kind: "ERROR", object: Arc::new(status.to_json()) });
        }
        client.events.pop_front()
    }
}

impl ClientWatch {
    /// Tells the client of a change, as it looks through its selector: what begins to match was added, what ceases to, deleted.
    pub(super) fn tell(&mut self, change: &Change, now: Time) {
        let is = change.kind != ChangeKind::Deleted && self.filter.matches(&change.object);
        let was = change.previous.as_ref().is_some_and(|p| self.filter.matches(p));
        let kind = match (was, is) {
            (false, true) => "ADDED",
            (true, true) => "MODIFIED",
            (true, false) => "DELETED",
            (false, false) => return,
        };
        self.push(kind, &change.object, now);
    }

    fn push(&mut self, kind: &'static str, o: &Arc<Object>, now: Time) {
        if self.events.len() >= WATCH_BUFFER {
            self.overflowed = true;
            return;
        }
        let object = if self.table {
            let t = table::table(
                o.kind(),
                std::slice::from_ref(o),
                now,
                self.first_table,
                table::Include::Object,
                json!({}),
            );
            self.first_table = false;
            Arc::new(t)
        } else {
            as_version(o, self.kind)
        };
        self.events.push_back(WatchEvent { kind, object });
    }
}

/// Where a limited list goes on. Opaque to clients.
struct Token {
    rev: Rev,
    after: (String, String),
}

impl Token {
    fn text(&self) -> String {
        format!("{}~{}~{}", self.rev.0, self.after.0, self.after.1)
    }
    fn parse(text: &str) -> Result<Token, Status> {
        let bad = || Status::bad_request("invalid continue token: continue key is not valid: unable to decode it");
        let mut parts = text.splitn(3, '~');
        let rev = parts.next().and_then(|r| r.parse().ok()).ok_or_else(bad)?;
        let (ns, name) = (parts.next().ok_or_else(bad)?, parts.next().ok_or_else(bad)?);
        Ok(Token { rev: Rev(rev), after: (ns.into(), name.into()) })
    }
}

const LIST_EXPIRED: &str = "The resourceVersion for the provided list is too old.";
const CONTINUE_EXPIRED: &str = "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.";

/// Nobody has written that revision yet. A real server waits three seconds for it first.
fn too_large(wanted: Rev, now: Rev) -> Status {
    let mut status =
        Status::new(Reason::Timeout, format!("Timeout: Too large resource version: {}, current: {}", wanted.0, now.0));
    status.details = Some(Box::new(Details {
        causes: vec![Cause {
            reason: "ResourceVersionTooLarge".into(),
            message: "Too large resource version".into(),
            field: String::new(),
        }],
        retry_after_seconds: 1,
        ..Details::default()
    }));
    status
}

fn parse_rev(text: &str) -> Result<Rev, Status> {
    text.parse().map(Rev).map_err(|_| {
        Status::bad_request(format!(
            "invalid resource version: resourceVersion: Invalid value: {text:?}: strconv.ParseUint: parsing {text:?}: invalid syntax"
        ))
    })
}

/// The changes since that revision are no longer all there.
fn watch_expired(e: &StoreError, from: Rev) -> Status {
    match e {
        StoreError::Compacted { oldest } => {
            Status::expired(format!("too old resource version: {} ({})", from.0, oldest.0))
        }
        _ => Status::expired(LIST_EXPIRED),
    }
}

/// The JSON of a list.
pub fn list_json(kind: KindRef, listing: &Listing) -> Value {
    let mut meta = json!({"resourceVersion": listing.rev.0.to_string()});
    if let Some(t) = &listing.continue_token {
        meta["continue"] = t.as_str().into();
        meta["remainingItemCount"] = listing.remaining.unwrap_or(0).into();
    }
    let items: Vec<Value> = listing.items.iter().map(|o| Arc::unwrap_or_clone(as_version(o, kind))).collect();
    json!({"kind": format!("{}List", kind.name()), "apiVersion": kind.api_version(), "metadata": meta, "items": items})
}

/// A scope from a request's path.
pub fn scope(kind: KindRef, namespace: &str) -> Scope {
    Scope { kind, namespace: (kind.namespaced() && !namespace.is_empty()).then(|| Name::from(namespace)) }
}
