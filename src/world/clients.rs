//! Requests and watches of people.

use smallvec::smallvec;

use super::World;
use crate::api::request::{Method, Request, Response, WatchEvent};
use crate::api::{RecordId, Status, User};
use crate::apiserver::caller::Caller;
use crate::apiserver::target::Target;
use crate::ledger::{ReadRecord, What};
use crate::store::WatchId;

impl World {
    /// A request of a person.
    pub fn request(&mut self, request: &Request, user: &User, cause: RecordId) -> Response {
        self.reach()?;
        self.api.ailing(request)?;
        self.measure(&request.path);
        let mut who = Caller::new(user, "kubectl", self.now, cause, &mut self.ledger, &mut self.chance);
        let answer = self.api.handle(request, &mut who);
        if let Ok(a) = &answer {
            self.note_read(request, &a.body, cause);
        }
        self.carry();
        answer
    }

    /// Writes down what a person looked at: lessons and `trace` tell of it. Asking the same again and again is one look.
    fn note_read(&mut self, request: &Request, body: &serde_json::Value, cause: RecordId) {
        let target = if request.method == Method::Get { self.api.leads_to(&request.path) } else { None };
        let Some(target) = target else { return };
        let count = |list: &str| body[list].as_array().map(Vec::len);
        let found = if target.name.is_some() { 1 } else { count("items").or_else(|| count("rows")).unwrap_or(0) };
        let Target { kind, namespace, name, .. } = target;
        let read = ReadRecord { kind, namespace, name, found };
        if self.last_read.as_ref().is_some_and(|(by, what)| (*by, what) == (cause, &read)) {
            return;
        }
        self.last_read = Some((cause, read.clone()));
        self.ledger.add(self.now, "kubectl", What::Read(read), smallvec![cause]);
    }

    pub fn open_watch(&mut self, request: &Request, user: &User, cause: RecordId) -> Result<WatchId, Status> {
        self.reach()?;
        let mut who = Caller::new(user, "kubectl", self.now, cause, &mut self.ledger, &mut self.chance);
        let id = self.api.open_watch(request, &mut who)?;
        // What has happened since the revision that it asks for is told at once.
        self.carry();
        Ok(id)
    }

    pub fn next_watch_event(&mut self, id: WatchId) -> Option<WatchEvent> {
        self.api.next_event(id)
    }

    /// Whether a watch is over. Bookmarks that are due are told.
    pub fn watch_ends(&mut self, id: WatchId) -> bool {
        self.api.watch_ends(id, self.now)
    }

    pub fn close_watch(&mut self, id: WatchId) {
        self.api.unwatch(id);
    }
}
