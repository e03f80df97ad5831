//! Who owns which fields of what is written here.
//! Real Kubernetes: apiserver/pkg/endpoints/handlers/{create,update,patch}.go, handlers/fieldmanager.

use std::sync::Arc;

use serde_json::{Value, json};

use super::caller::Caller;
use super::{ApiServer, admission};
use crate::api::kind::Subresource;
use crate::api::managed::{keep_times, on_apply};
use crate::api::ownership::{Asked, By, Ownership, known};
use crate::api::{Key, KindRef, Object, Resource, Status};

impl ApiServer {
    /// Who writes what, as field management wants to know it.
    pub(super) fn by(&self, kind: KindRef, sub: Option<Subresource>, who: &Caller<'_>) -> By {
        By { manager: who.manager.clone(), kind, subresource: sub, faces: self.custom.faces(kind), time: who.now }
    }

    /// Writes down who owns the fields of `new`, which was made of what was `asked` for.
    pub(super) fn own(
        &self,
        new: &mut Object,
        old: Option<&Arc<Object>>,
        asked: Object,
        sub: Option<Subresource>,
        who: &mut Caller<'_>,
    ) {
        let ownership = match who.applied.take() {
            Some(entries) => Ownership::known(&entries),
            None => {
                let kind = who.version.unwrap_or(asked.kind());
                let asked = who.applying.take().map_or_else(|| Asked::of(asked, new), Asked::Config);
                Ownership::after(old, asked, self.by(kind, sub, who))
            }
        };
        new.set_ownership(ownership);
        // Whoever creates an object owns what was asked for: that can be worked out at any time.
        let Some(old) = old.filter(|_| who.owners_at_once) else { return };
        let entries = with_old_times(old, new, new.owners().cloned());
        new.set_ownership(entries.map_or(Ownership::Unknown, |entries| Ownership::known(&entries)));
    }

    /// Lets those who look at the object before it is stored see who will own its fields; without any, nobody works that out.
    pub(super) fn show_owners(
        &self,
        new: &mut Object,
        old: Option<&Object>,
        asked: &Object,
        sub: Option<Subresource>,
        who: &Caller<'_>,
    ) {
        if !admission::is_watched(self) {
            return;
        }
        let ownership = match &who.applied {
            Some(entries) => Ownership::known(entries),
            None => {
                let kind = who.version.unwrap_or(asked.kind());
                let old = old.map(|o| Arc::new(o.with_known_owners()));
                let asked = who.applying.clone().map_or_else(|| Asked::Object(asked.clone()), Asked::Config);
                Ownership::after(old.as_ref(), asked, self.by(kind, sub, who))
            }
        };
        new.set_ownership(ownership);
    }

    /// What an apply makes of an object: the object that it asks for, and who owns its fields then.
    pub(super) fn applied(
        &self,
        kind: KindRef,
        sub: Option<Subresource>,
        old: Option<&Object>,
        config: &Value,
        force: bool,
        who: &Caller<'_>,
    ) -> Result<(Value, Option<Arc<Value>>), Status> {
        let live = old.map(|o| o.whole_in(kind));
        let by = self.by(kind, sub, who);
        let mut merged = by.with(|versions| on_apply(live.as_deref(), config, versions, &by.writer(), force))?;
        let entries = known(merged.clone());
        if let Some(meta) = merged.get_mut("metadata").and_then(Value::as_object_mut) {
            meta.remove("managedFields");
        }
        Ok((merged, entries))
    }
}

impl ApiServer {
    /// Applies what a component wants of an object that is there, by force. `change` does to the object what the configuration
    /// says, so that the two need be merged only when somebody asks who owns what.
    pub fn apply_to<T: Resource>(
        &mut self,
        key: &Key,
        sub: Option<Subresource>,
        config: Value,
        change: impl FnOnce(&mut T),
        who: &mut Caller<'_>,
    ) -> Result<Arc<Object>, Status> {
        let mut new = (**self.get(key)?).clone();
        if let Some(t) = new.get_mut::<T>() {
            change(t);
        }
        who.applying = Some(config);
        let stored = self.update(new, sub, "patch", who);
        who.applying = None;
        stored
    }
}

/// Times are those of the last change: where nothing else has changed, they stay.
fn with_old_times(old: &Object, new: &Object, entries: Option<Arc<Value>>) -> Option<Arc<Value>> {
    let entries = entries?;
    let Some(before) = old.owners() else { return Some(entries) };
    if *before == entries || !new.same(old) {
        return Some(entries);
    }
    let whole = |entries: &Value| json!({"metadata": {"managedFields": entries}});
    let mut after = whole(&entries);
    keep_times(&whole(before), &mut after);
    known(after)
}
