//! Get, list and watch: selectors, limits, old revisions.
//! Real Kubernetes: apiserver/pkg/endpoints/handlers/get.go, apiserver/pkg/storage.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::{Value, json};

use super::aggregated::is_unstored;
use super::continuing::Token;
use super::forms::Form;
use super::list_options::{ListOptions, Match, parse_revision};
use super::target::Target;
use super::{ApiServer, ClientWatch, WATCH_BUFFER};
use crate::api::object::{Key, Name};
use crate::api::request::{Request, WatchEvent};
use crate::api::selector::{FieldTerm, Selector, parse_fields};
use crate::api::status::{Cause, Details};
use crate::api::{Duration, KindRef, Object, Reason, Status, Time};
use crate::store::{Change, ChangeKind, Rev, Scope, StoreError, WatchId};

/// Which objects of a kind somebody wants.
#[derive(Clone, Debug)]
pub struct Filter {
    /// The kind whose fields are meant, if each version has its own.
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
        let versioned = kind.custom().is_some() || kind.conversion().is_some();
        Ok(Filter { kind: versioned.then_some(kind), labels, fields })
    }

    /// Whether nothing is left out.
    pub fn chooses_all(&self) -> bool {
        self.fields.is_empty() && self.labels.to_string().is_empty()
    }

    pub fn matches(&self, o: &Object) -> bool {
        if !self.labels.matches(o.meta().labels.as_ref()) {
            return false;
        }
        if self.fields.is_empty() {
            return true;
        }
        let kind = self.kind.unwrap_or(o.kind());
        let converted = match kind.conversion() {
            Some(_) if o.kind() != kind => kind.decode((*o.in_version(kind)).clone()).ok(),
            _ => None,
        };
        let o = converted.as_ref().unwrap_or(o);
        self.fields.iter().all(|f| (kind.field(o, &f.field).as_deref() == Some(f.value.as_str())) == f.equal)
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
        if is_unstored(key.kind) {
            return self.get_unstored(key);
        }
        self.store.get(key).ok_or_else(|| Status::not_found(key.kind, &key.name))
    }

    /// Lists a scope. With `limit`, the rest is fetched by the token, from the same revision.
    pub fn list(&self, scope: &Scope, options: &ListOptions) -> Result<Listing, Status> {
        let newest = self.store.rev();
        let at = match (&options.token, options.revision) {
            (Some(t), _) => t.rev(),
            (None, Some(rev)) if rev > newest => return Err(too_large(rev, newest)),
            // A limited list from a given revision has always meant exactly that one.
            (None, Some(rev)) if options.how == Match::Exact => Some(rev),
            (None, Some(rev)) if options.limit > 0 && options.how == Match::Unset && rev.0 > 0 => Some(rev),
            _ => None,
        };
        let all: Vec<Arc<Object>> = match at {
            Some(at) if at != newest => self.store.list_at(scope, at).map_err(|_| match &options.token {
                Some(t) => t.expired(),
                None => Status::expired(LIST_EXPIRED),
            })?,
            _ if is_unstored(scope.kind) => {
                self.unstored.values().filter(|o| scope.covers(&o.key())).cloned().collect()
            }
            _ => self.store.list(scope).cloned().collect(),
        };
        let rev = at.unwrap_or(newest);
        let after = options.token.as_ref().map(|t| t.place(scope));
        let mut items: Vec<Arc<Object>> = all
            .into_iter()
            .filter(|o| after.as_ref().is_none_or(|(ns, name)| (o.namespace(), o.name()) > (ns, name)))
            .filter_map(|o| {
                if options.filter.chooses_all() {
                    return Some(o);
                }
                let o = o.loose();
                options.filter.matches(&o).then_some(o)
            })
            .collect();
        let (mut continue_token, mut remaining) = (None, None);
        if options.limit > 0 && items.len() > options.limit {
            // With a selector nobody knows what is left without looking.
            let counted = options.filter.chooses_all();
            remaining = counted.then_some(items.len() - options.limit);
            items.truncate(options.limit);
            continue_token = items.last().map(|o| Token::after(rev, scope, o).text());
        }
        let items = items.into_iter().map(Object::loose).collect();
        Ok(Listing { rev, items, continue_token, remaining })
    }

    /// Whether the revision is there that a request for one object wants to see at least.
    pub(super) fn has_come(&self, request: &Request) -> Result<(), Status> {
        let wanted = request.param("resourceVersion").map(parse_revision).transpose()?;
        let now = self.store.rev();
        wanted.filter(|w| *w > now).map_or(Ok(()), |w| Err(too_large(w, now)))
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
            form: Form::of(request),
            first_table: true,
            events: VecDeque::new(),
            after: Rev(0),
            bookmark: None,
            end: options.timeout.map_or(End::Never, |t| End::At(now + t)),
        };
        client.bookmark = options.bookmarks.then(|| client.end.next_bookmark(now));
        let from = options.revision.filter(|r| r.0 > 0);
        let initial = options.initial_events.unwrap_or(from.is_none());
        let now_at = self.store.rev();
        if let Some(rev) = from.filter(|r| initial && *r > now_at) {
            return Err(too_large(rev, now_at));
        }
        client.after = from.filter(|_| !initial).unwrap_or(now_at);
        let since = client.after.min(now_at);
        if initial {
            let present: Vec<Arc<Object>> = self.store.list(&scope).cloned().map(Object::loose).collect();
            for o in present {
                if client.filter.matches(&o) {
                    client.push("ADDED", &o, now);
                }
            }
            if options.initial_events == Some(true) && client.bookmark.is_some() {
                client.tell_place(since, true, now);
            }
        }
        let id = match self.store.watch(scope.clone(), since) {
            Ok(id) => id,
            // Whoever comes too late is told so in the watch, and nothing else.
            Err(e) => {
                let status = watch_expired(&e, since);
                let id = self.store.watch(scope, now_at).map_err(|_| status.clone())?;
                self.store.unwatch(id);
                client.events.push_back(WatchEvent { kind: "ERROR", object: Arc::new(status.to_json()) });
                client.end = End::Come;
                id
            }
        };
        self.clients.insert(id, client);
        Ok(id)
    }

    /// When a client's watch has something to tell of its own: a bookmark, or its end.
    pub fn watch_due(&self, id: WatchId) -> Option<Time> {
        let client = self.clients.get(&id)?;
        let end = if let End::At(end) = client.end { Some(end) } else { None };
        end.into_iter().chain(client.bookmark).min()
    }

    /// Whether a client's watch has come to the end that it was given. Bookmarks that are due are told.
    pub fn watch_ends(&mut self, id: WatchId, now: Time) -> bool {
        let rev = self.store.rev();
        let Some(client) = self.clients.get_mut(&id) else { return true };
        if client.bookmark.is_some_and(|due| due <= now) {
            client.tell_place(rev, false, now);
            client.bookmark = Some(client.end.next_bookmark(now));
        }
        match client.end {
            End::Never => return false,
            End::At(end) if now < end => return false,
            End::At(_) | End::Come => {}
        }
        client.end = End::Come;
        client.events.is_empty()
    }

    /// The server goes: its watches end.
    pub fn end_client_watches(&mut self) {
        self.clients.values_mut().for_each(|c| c.end = End::Come);
    }

    /// The next event of a client's watch; `None` while nothing happened.
    pub fn next_event(&mut self, id: WatchId) -> Option<WatchEvent> {
        self.clients.get_mut(&id)?.events.pop_front()
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

impl End {
    /// Bookmarks are told every minute, and shortly before the end.
    /// Real Kubernetes: apiserver/pkg/storage/cacher/cache_watcher.go nextBookmarkTime.
    fn next_bookmark(self, now: Time) -> Time {
        let regular = now + Duration::from_secs(60);
        match self {
            End::At(end) if end > now + LAST_BOOKMARK && regular + LAST_BOOKMARK > end => end - LAST_BOOKMARK,
            _ => regular,
        }
    }
}

/// So long before its end a watch gets its last bookmark.
const LAST_BOOKMARK: Duration = Duration::from_secs(2);

impl ClientWatch {
    /// Tells the client of a change, as it looks through its selector: what begins to match was added, what ceases to, deleted.
    pub(super) fn tell(&mut self, change: &Change, now: Time) {
        if change.rev <= self.after {
            return;
        }
        let is = change.kind != ChangeKind::Deleted && self.filter.matches(&change.object);
        let was = change.previous.as_ref().is_some_and(|p| self.filter.matches(p));
        let kind = match (was, is) {
            (false, true) => "ADDED",
            (true, true) => "MODIFIED",
            (true, false) => "DELETED",
            (false, false) => return,
        };
        match &change.previous {
            // What is taken out of sight is shown as it was when it was last in sight.
            Some(last) if kind == "DELETED" && change.kind != ChangeKind::Deleted => {
                let mut last = (**last).clone();
                last.meta_mut().resource_version.clone_from(&change.object.meta().resource_version);
                self.push(kind, &Arc::new(last), now);
            }
            _ => self.push(kind, &change.object, now),
        }
    }

    /// Tells how far the client is, so that it may come back there; `initial`: that it has seen what was there.
    fn tell_place(&mut self, rev: Rev, initial: bool, now: Time) {
        let mut meta = json!({"resourceVersion": rev.0.to_string()});
        if initial {
            meta["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        let empty = json!({"kind": self.kind.name(), "apiVersion": self.kind.api_version(), "metadata": meta});
        match self.kind.stored().decode(empty.clone()) {
            // An object that has nothing else is shown in the form that was asked for.
            Ok(o) => self.push("BOOKMARK", &Arc::new(o), now),
            Err(_) => self.events.push_back(WatchEvent { kind: "BOOKMARK", object: Arc::new(empty) }),
        }
    }

    /// Whoever does not read what is told is cut off: the watch ends, and says no word of it.
    /// Real Kubernetes: apiserver/pkg/storage/cacher/cache_watcher.go, forget.
    fn push(&mut self, kind: &'static str, o: &Arc<Object>, now: Time) {
        if self.events.len() >= WATCH_BUFFER {
            self.end = End::Come;
        }
        if matches!(self.end, End::Come) {
            return;
        }
        let object = self.form.event(o, self.kind, now, self.first_table);
        self.first_table = false;
        self.events.push_back(WatchEvent { kind, object });
    }
}

const LIST_EXPIRED: &str = "The resourceVersion for the provided list is too old.";
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
    // What is not stored has no revisions.
    let mut meta = if is_unstored(kind) { json!({}) } else { json!({"resourceVersion": listing.rev.0.to_string()}) };
    if let Some(t) = &listing.continue_token {
        meta["continue"] = t.as_str().into();
        if let Some(n) = listing.remaining {
            meta["remainingItemCount"] = n.into();
        }
    }
    let shown = |o: &Arc<Object>| if owners { Arc::unwrap_or_clone(o.whole_once_in(kind)) } else { o.once_in(kind) };
    let item = |o: &Arc<Object>| {
        let mut item = shown(o);
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
