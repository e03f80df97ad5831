//! Who owns which fields of a stored object.
//!
//! It is worked out when somebody asks, from the object as it was, the object as the request asked for it, and who asked. Most
//! writes are made by components, and nobody ever looks at who owns the fields of what they write.
//!
//! What has to be kept for that is bounded: a component's writes of a status, one after another, are taken for one (nobody else
//! owns fields of it), and after [`MOST_PENDING`] other writes the owners are worked out all the same.
//!
//! Real Kubernetes works them out at each write: apiserver/pkg/endpoints/handlers/{create,update,patch}.go.

use std::sync::Arc;

use serde_json::Value;
use smol_str::SmolStr;

use super::kind::{KindRef, Subresource};
use super::managed::{BuiltIn, Custom, CustomVersion, Versions, Writer, on_apply, on_update};
use super::object::Object;
use super::time::Time;

/// Writes whose owners are not worked out yet, one upon another.
const MOST_PENDING: u8 = 4;

#[derive(Clone, Debug, Default)]
pub enum Ownership {
    /// Nobody is known to own anything.
    #[default]
    Unknown,
    /// The entries of `metadata.managedFields`.
    Known(Arc<Value>),
    Pending(Arc<Pending>),
    /// The same of an object that the server itself has changed since, which nobody owns.
    Touched(Arc<Pending>),
}

/// A write whose owners can be worked out.
#[derive(Debug)]
pub struct Pending {
    /// The object as it was, if it was there.
    before: Option<Arc<Object>>,
    asked: Asked,
    by: By,
    depth: u8,
}

/// What a request asks for.
#[derive(Debug)]
pub enum Asked {
    /// The object as the request made it, before anything else was done to it.
    Object(Object),
    /// A configuration that is applied by force.
    Config(Value),
}

/// Who writes, to what, and when.
#[derive(Clone, Debug)]
pub struct By {
    pub manager: SmolStr,
    /// The version in which the request speaks of the object.
    pub kind: KindRef,
    pub subresource: Option<Subresource>,
    /// The versions of a custom kind.
    pub faces: Vec<KindRef>,
    pub time: Time,
}

impl By {
    pub fn writer(&self) -> Writer<'_> {
        let subresource = self.subresource.map_or("", Subresource::name);
        Writer { manager: &self.manager, subresource, time: self.time }
    }

    /// Calls `f` with what field management must know of a kind.
    pub fn with<R>(&self, f: impl FnOnce(&dyn Versions) -> R) -> R {
        let kind = self.kind;
        if kind.custom().is_none() {
            return f(&BuiltIn::new(kind, self.subresource));
        }
        let versions = self.faces.iter().filter_map(|k| {
            let custom = k.custom()?;
            let status = k.subresources().contains(&Subresource::Status);
            Some(CustomVersion { api_version: k.api_version(), schema: custom.source(), status })
        });
        f(&Custom {
            api_version: &kind.api_version(),
            kind: kind.name(),
            versions: versions.collect(),
            subresource: self.subresource,
            preserve_unknown_fields: false,
            converter: None,
        })
    }
}

impl Ownership {
    /// After a write by a component: `asked` is what it wants the object to be.
    pub fn after(before: Option<&Arc<Object>>, mut asked: Asked, by: By) -> Ownership {
        // It began as a copy of what was there, and would keep that, and what was there before, for ever.
        if let Asked::Object(o) = &mut asked {
            o.set_ownership(Ownership::Unknown);
        }
        let Some(old) = before else {
            return Ownership::Pending(Arc::new(Pending { before: None, asked, by, depth: 1 }));
        };
        let (base, depth) = match old.ownership() {
            // A status that is written again and again is its writer's.
            Ownership::Pending(p) if p.before.is_some() && p.is_continued_by(&by, &asked) => {
                (p.before.clone(), p.depth)
            }
            Ownership::Pending(p) | Ownership::Touched(p) if p.depth >= MOST_PENDING => {
                (Some(Arc::new(old.with_known_owners())), 1)
            }
            Ownership::Pending(p) | Ownership::Touched(p) => (Some(old.clone()), p.depth + 1),
            _ => (Some(old.clone()), 1),
        };
        Ownership::Pending(Arc::new(Pending { before: base, asked, by, depth }))
    }

    /// What becomes of it when the server changes the object by itself.
    pub fn touched(&self) -> Ownership {
        match self {
            Ownership::Pending(p) => Ownership::Touched(p.clone()),
            other => other.clone(),
        }
    }

    /// The entries, worked out.
    pub fn entries(&self) -> Option<Arc<Value>> {
        match self {
            Ownership::Unknown => None,
            Ownership::Known(entries) => Some(entries.clone()),
            Ownership::Pending(p) | Ownership::Touched(p) => p.entries(),
        }
    }
}

impl Pending {
    fn is_continued_by(&self, by: &By, asked: &Asked) -> bool {
        let (Asked::Object(before), Asked::Object(now)) = (&self.asked, asked) else { return false };
        by.subresource == Some(Subresource::Status)
            && self.by.subresource == by.subresource
            && self.by.manager == by.manager
            && before.kind() == now.kind()
            && self.by.kind == by.kind
    }

    fn entries(&self) -> Option<Arc<Value>> {
        let kind = self.by.kind;
        let live = self.before.as_ref().map(|o| o.whole_in(kind));
        match &self.asked {
            Asked::Object(asked) => {
                let mut new = (*asked.in_version(kind)).clone();
                self.by.with(|versions| on_update(live.as_deref(), &mut new, versions, &self.by.writer()));
                known(new)
            }
            Asked::Config(config) => {
                let writer = self.by.writer();
                let merged = self.by.with(|versions| on_apply(live.as_deref(), config, versions, &writer, true));
                known(merged.ok()?)
            }
        }
    }
}

/// What stands in `metadata.managedFields`, if anything does.
pub fn known(mut object: Value) -> Option<Arc<Value>> {
    let entries = object.get_mut("metadata")?.get_mut("managedFields")?.take();
    entries.as_array().is_some_and(|e| !e.is_empty()).then(|| Arc::new(entries))
}
