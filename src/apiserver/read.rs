//! Get, list and watch: selectors, limits, old revisions.
//! Real Kubernetes: apiserver/pkg/endpoints/handlers/get.go, apiserver/pkg/storage.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::{Value, json};

use super::list_options::{ListOptions, Match, Token};
use super::target::Target;
use super::{ApiServer, ClientWatch, WATCH_BUFFER, table};
use crate::api::object::{Key, Name};
use crate::api::request::{Accept, Request, WatchEvent};
use crate::api::selector::{FieldTerm, Selector, parse_fields};
use crate::api::status::{Cause, Details};
use crate::api::{KindRef, Object, Reason, Status, Time};
use crate::store::{Change, ChangeKind, Rev, Scope, StoreError, WatchId};

/// Which objects of a kind somebody wants.
#[derive(Clone, Debug)]
pub struct Filter {
    /// The custom kind whose fields are meant: each version has its own.
    pub kind: Option<KindRef>,
    pub labels: Selector,
    pub fields: Vec<FieldTerm>,
}

impl Default for Filter {
    fn default() -> Filter {
        Filter { kind: None, labels: Selector::everything(), fields: vec![] }
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
            // Kinds with words of their own for it do not let the namespace pass where there is none.
            let placeless = !kind.namespaced() && (kind.custom().is_some() || !kind.selectable().is_empty());
            let known = match f.field.as_str() {
                "metadata.name" => true,
                "metadata.namespace" => !placeless,
                field => kind.selectable().contains(&field),
            };
            if !known {
                return Err(Status::bad_request(unknown_field(kind, &f.field)));
            }
        }
        Ok(Filter { kind: kind.custom().map(|_| kind), labels, fields })
    }

    /// Whether nothing is left out.
    pub fn chooses_all(&self) -> bool {
        self.fields.is_empty() && self.labels.to_string().is_empty()
    }

    pub fn matches(&self, o: &Object) -> bool {
        let kind = self.kind.unwrap_or(o.kind());
        self.labels.matches(o.meta().labels.as_ref())
            && self.fields.iter().all(|f| (kind.field(o, &f.field).as_deref() == Some(f.value.as_str())) == f.equal)
    }
}

/// Kinds with selectable fields of their own say less than those without.
/// Real Kubernetes: apimachinery/pkg/runtime DefaultMetaV1FieldSelectorConversion, pkg/apis/core/v1/conversion.go.
fn unknown_field(kind: KindRef, field: &str) -> String {
    match (kind.selectable(), kind.group()) {
        _ if kind.custom().is_some() => format!("field label not supported: {field}"),
        ([], _) => format!("{field:?} is not a known field selector: only \"metadata.name\", \"metadata.namespace\""),
        (_, "batch") => format!("field label {field:?} not supported for {}", kind.name()),
        (_, "resource.k8s.io") => {
            format!("field label not supported for {}, Kind={}: {field}", kind.api_version(), kind.name())
        }
        _ => format!("field label not supported: {field}"),
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
        if key.kind.is_aggregated() {
            return self.get_aggregated(key);
        }
        self.store.get(key).ok_or_else(|| Status::not_found(key.kind, &key.name))
    }

    /// Lists a scope. With `limit`, the rest is fetched by the token, from the same revision.
    pub fn list(&self, scope: &Scope, options: &ListOptions) -> Result<Listing, Status> {
        let newest = self.store.rev();
        let at = match (&options.token, options.revision) {
            (Some(t), _) => Some(t.rev()),
            (None, Some(rev)) if rev > newest => return Err(too_large(rev, newest)),
            // A limited list from a given revision has always meant exactly that one.
            (None, Some(rev)) if options.how == Match::Exact => Some(rev),
            (None, Some(rev)) if options.limit > 0 && options.how == Match::Unset && rev.0 > 0 => Some(rev),
            _ => None,
        };
        let all: Vec<Arc<Object>> = match at {
            Some(at) if at != newest => self.store.list_at(scope, at).map_err(|_| match &options.token {
                Some(t) => self.expired(t),
                None => Status::expired(LIST_EXPIRED),
            })?,
            _ if scope.kind.is_aggregated() => {
                self.aggregated.values().filter(|o| scope.covers(&o.key())).cloned().collect()
            }
            _ => self.store.list(scope).cloned().collect(),
        };
        let rev = at.unwrap_or(newest);
        let after = options.token.as_ref().map(Token::place);
        let mut items: Vec<Arc<Object>> = all
            .into_iter()
            .filter(|o| after.is_none_or(|a| (o.namespace(), o.name()) > a))
            .filter(|o| options.filter.matches(o))
            .collect();
        let (mut continue_token, mut remaining) = (None, None);
        if options.limit > 0 && items.len() > options.limit {
            // With a selector nobody knows what is left without looking.
            let counted = options.filter.chooses_all();
            remaining = counted.then_some(items.len() - options.limit);
            items.truncate(options.limit);
            continue_token = items.last().map(|o| Token::after(rev, o.namespace(), o.name()).text());
        }
        Ok(Listing { rev, items, continue_token, remaining })
    }

    /// What is said of a token whose revision is no longer kept: another token, to go on in the list as it is now.
    fn expired(&self, token: &Token) -> Status {
        let mut status = Status::expired(CONTINUE_EXPIRED);
        let (ns, name) = token.place();
        let continue_token = Token::after(self.store.rev(), ns, name).text();
        status.details = Some(Box::new(Details { continue_token, ..Details::default() }));
        status
    }

    /// Opens a client's watch: the present objects first (unless a revision is given), then every change.
    pub fn client_watch(
        &mut self,
        target: &Target,
        options: ListOptions,
        request: &Request,
        now: Time,
    ) -> Result<WatchId, Status> {
        let scope = target.scope();
        let mut client = ClientWatch {
            filter: options.filter,
            kind: target.kind,
            table: request.accept == Accept::Table,
            owners: request.owners,
            first_table: true,
            events: VecDeque::new(),
            overflowed: false,
            bookmarks: options.bookmarks,
            end: options.timeout.map_or(End::Never, |t| End::At(now + t)),
        };
        let from = options.revision.filter(|r| r.0 > 0);
        if let Some(rev) = from.filter(|r| *r > self.store.rev()) {
            return Err(too_large(rev, self.store.rev()));
        }
        let initial = options.initial_events.unwrap_or(from.is_none());
        let since = from.filter(|_| !initial).unwrap_or(self.store.rev());
        if initial {
            let present: Vec<Arc<Object>> = self.store.list(&scope).cloned().collect();
            for o in present {
                if client.filter.matches(&o) {
                    client.push("ADDED", &o, now);
                }
            }
            if options.initial_events == Some(true) && client.bookmarks {
                client.bookmark(since, true);
            }
        }
        let id = self.store.watch(scope, since).map_err(|e| watch_expired(&e, since))?;
        self.clients.insert(id, client);
        Ok(id)
    }

    /// Whether a client's watch has come to the end that it was given; it gets a last bookmark then.
    pub fn watch_ends(&mut self, id: WatchId, now: Time) -> bool {
        let rev = self.store.rev();
        let Some(client) = self.clients.get_mut(&id) else { return true };
        match client.end {
            End::Never => return false,
            End::At(end) if now < end => return false,
            End::At(_) if client.bookmarks => client.bookmark(rev, false),
            End::At(_) | End::Come => {}
        }
        client.end = End::Come;
        client.events.is_empty()
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

/// When a client's watch is over.
#[derive(Clone, Copy, Debug)]
pub enum End {
    Never,
    At(Time),
    /// Only what it has not read yet is left to tell.
    Come,
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

    /// Tells how far the client is, so that it may come back there; `initial`: that it has seen what was there.
    fn bookmark(&mut self, rev: Rev, initial: bool) {
        let mut meta = json!({"resourceVersion": rev.0.to_string()});
        if initial {
            meta["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        let object = json!({"kind": self.kind.name(), "apiVersion": self.kind.api_version(), "metadata": meta});
        self.events.push_back(WatchEvent { kind: "BOOKMARK", object: Arc::new(object) });
    }

    fn push(&mut self, kind: &'static str, o: &Arc<Object>, now: Time) {
        if self.events.len() >= WATCH_BUFFER {
            self.overflowed = true;
            return;
        }
        let object = if self.table {
            let t = table::table(
                self.kind,
                std::slice::from_ref(o),
                now,
                self.first_table,
                table::Include::Object(self.owners),
                json!({}),
            );
            self.first_table = false;
            Arc::new(t)
        } else {
            if self.owners { o.whole_in(self.kind) } else { o.in_version(self.kind) }
        };
        self.events.push_back(WatchEvent { kind, object });
    }
}

const LIST_EXPIRED: &str = "The resourceVersion for the provided list is too old.";
const CONTINUE_EXPIRED: &str = "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.";

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

/// The changes since that revision are no longer all there.
fn watch_expired(e: &StoreError, from: Rev) -> Status {
    match e {
        StoreError::Compacted { oldest } => {
            Status::expired(format!("too old resource version: {} ({})", from.0, oldest.0))
        }
        _ => Status::expired(LIST_EXPIRED),
    }
}

/// The JSON of a list. `owners`: whether it tells who owns which fields.
pub fn list_json(kind: KindRef, listing: &Listing, owners: bool) -> Value {
    // An add-on that measures keeps no revisions.
    let mut meta = if kind.is_aggregated() { json!({}) } else { json!({"resourceVersion": listing.rev.0.to_string()}) };
    if let Some(t) = &listing.continue_token {
        meta["continue"] = t.as_str().into();
        if let Some(n) = listing.remaining {
            meta["remainingItemCount"] = n.into();
        }
    }
    let shown = |o: &Arc<Object>| if owners { o.whole_in(kind) } else { o.in_version(kind) };
    let item = |o: &Arc<Object>| {
        let mut item = Arc::unwrap_or_clone(shown(o));
        // What a list is of need not be said again of each: Go's types have no word for it. Custom resources are no types.
        if kind.custom().is_none()
            && let Some(map) = item.as_object_mut()
        {
            map.remove("apiVersion");
            map.remove("kind");
        }
        item
    };
    let items: Vec<Value> = listing.items.iter().map(item).collect();
    let list = kind.custom().map_or_else(|| format!("{}List", kind.name()), |c| c.list_kind().to_string());
    json!({"kind": list, "apiVersion": kind.api_version(), "metadata": meta, "items": items})
}

/// Lists of custom resources say that they are whole.
pub fn with_end(mut list: Value, kind: KindRef) -> Value {
    if kind.custom().is_some() && list["metadata"].get("continue").is_none() {
        list["metadata"]["continue"] = "".into();
    }
    list
}

/// A scope from a request's path.
pub fn scope(kind: KindRef, namespace: &str) -> Scope {
    Scope { kind, namespace: (kind.namespaced() && !namespace.is_empty()).then(|| Name::from(namespace)) }
}
