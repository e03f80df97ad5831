//! Who owns which fields of a stored object.
//!
//! It is worked out when somebody asks, from the object as it was, the object as the request asked for it, and who asked. Most
//! writes are made by components, and nobody ever looks at who owns the fields of what they write.
//!
//! What has to be kept for that is bounded: a component's writes of a status, one after another, are taken for one (nobody else
//! owns fields of it), and after [`MOST_PENDING`] other writes the owners are worked out all the same.
//!
//! Real Kubernetes works them out at each write: apiserver/pkg/endpoints/handlers/{create,update,patch}.go.

use std::collections::BTreeMap;
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
    /// The entries of `metadata.managedFields`, as text: read as JSON they are ten times as large, and they are seldom read.
    Known(Arc<str>),
    Pending(Arc<Pending>),
    /// The same of an object that the server itself has changed since, which nobody owns.
    Touched(Arc<Pending>),
    /// They are those of that object, which the server itself has changed since.
    As(Arc<Object>),
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
    /// The same where it was stored just so: most of what components write.
    Itself,
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

    fn is_same_writer(&self, other: &By) -> bool {
        self.manager == other.manager && self.subresource == other.subresource && self.kind == other.kind
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

impl Asked {
    /// What `stored` was made of. The server's stamps on it belong to nobody, whoever sends them.
    pub fn of(mut asked: Object, stored: &Object) -> Asked {
        if stored.kind().custom().is_some() || asked.kind() != stored.kind() || asked.meta().managed_fields.is_some() {
            return Asked::Object(asked);
        }
        let sent = stamp(&mut asked, Stamps::of(stored));
        if asked.same(stored) {
            return Asked::Itself;
        }
        stamp(&mut asked, sent);
        Asked::Object(asked)
    }

    fn kind(&self) -> Option<KindRef> {
        match self {
            Asked::Object(o) => Some(o.kind()),
            Asked::Itself | Asked::Config(_) => None,
        }
    }
}

/// What only the server sets.
struct Stamps(
    Option<String>,
    Option<k8s_openapi::apimachinery::pkg::apis::meta::v1::Time>,
    Option<i64>,
    Option<String>,
);

impl Stamps {
    fn of(o: &Object) -> Stamps {
        let m = o.meta();
        Stamps(m.uid.clone(), m.creation_timestamp.clone(), m.generation, m.resource_version.clone())
    }
}

/// Puts other stamps on an object, and gives back those that it had.
fn stamp(o: &mut Object, s: Stamps) -> Stamps {
    let m = o.meta_mut();
    Stamps(
        std::mem::replace(&mut m.uid, s.0),
        std::mem::replace(&mut m.creation_timestamp, s.1),
        std::mem::replace(&mut m.generation, s.2),
        std::mem::replace(&mut m.resource_version, s.3),
    )
}

impl Ownership {
    /// Somebody has worked it out.
    pub fn known(entries: &Value) -> Ownership {
        Ownership::Known(entries.to_string().into())
    }

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
            // A status that is written again and again is its writer's, and so is what nobody else has ever written.
            Ownership::Pending(p)
                if p.before.is_some() && (p.is_continued_by(&by, &asked) || p.is_all_theirs(&by, &asked)) =>
            {
                (p.before.clone(), p.depth)
            }
            o if o.depth() >= MOST_PENDING => (Some(Arc::new(old.with_known_owners())), 1),
            o => (Some(old.clone()), o.depth() + 1),
        };
        Ownership::Pending(Arc::new(Pending { before: base, asked, by, depth }))
    }

    /// How many writes have to be looked at to work it out.
    fn depth(&self) -> u8 {
        match self {
            Ownership::Unknown | Ownership::Known(_) => 0,
            Ownership::Pending(p) | Ownership::Touched(p) => p.depth,
            Ownership::As(o) => o.ownership().depth(),
        }
    }

    /// What becomes of that of `old` when the server changes the object by itself.
    pub fn touched(old: &Arc<Object>) -> Ownership {
        match old.ownership() {
            Ownership::Pending(p) if matches!(p.asked, Asked::Itself) => Ownership::As(old.clone()),
            Ownership::Pending(p) => Ownership::Touched(p.clone()),
            other => other.clone(),
        }
    }

    /// The entries of the object that has it, worked out.
    pub fn entries(&self, object: &Object) -> Option<Arc<Value>> {
        match self {
            Ownership::Unknown => None,
            Ownership::Known(entries) => serde_json::from_str(entries).ok().map(Arc::new),
            Ownership::Pending(p) | Ownership::Touched(p) => p.entries(object),
            Ownership::As(o) => o.owners_once(),
        }
    }
}

/// What each writer made last of each kind. Pods of one template are asked for in the same words, and events are as they were asked
/// for: what is kept of such a write serves for the next as well.
#[derive(Clone, Debug, Default)]
pub struct Made(BTreeMap<(KindRef, SmolStr), Arc<Pending>>);

impl Made {
    /// Writers remembered; with more, it begins anew.
    const MOST: usize = 256;

    /// Lets an object that was just made share what is kept of an earlier one, where nothing tells the two apart.
    pub fn share(&mut self, o: &mut Object) {
        let ownership = self.shared(o.take_ownership());
        o.set_ownership(ownership);
    }

    fn shared(&mut self, made: Ownership) -> Ownership {
        let Ownership::Pending(mut fresh) = made else { return made };
        // Nobody owns a name.
        if let Some(Pending { asked: Asked::Object(o), .. }) = Arc::get_mut(&mut fresh) {
            o.meta_mut().name = None;
        }
        let key = (fresh.by.kind, fresh.by.manager.clone());
        if let Some(known) = self.0.get(&key).filter(|known| known.serves_for(&fresh)) {
            return Ownership::Pending(known.clone());
        }
        if self.0.len() >= Self::MOST {
            self.0.clear();
        }
        self.0.insert(key, fresh.clone());
        Ownership::Pending(fresh)
    }
}

impl Pending {
    /// Whether the same owners follow from both.
    fn serves_for(&self, other: &Pending) -> bool {
        let second = |by: &By| by.time.unix_seconds_and_nanos().0;
        let same_asked = match (&self.asked, &other.asked) {
            (Asked::Itself, Asked::Itself) => true,
            (Asked::Object(known), Asked::Object(asked)) => known.same(asked),
            _ => false,
        };
        same_asked
            && self.before.is_none()
            && other.before.is_none()
            && self.by.is_same_writer(&other.by)
            && self.by.faces == other.by.faces
            && second(&self.by) == second(&other.by)
    }

    fn is_continued_by(&self, by: &By, asked: &Asked) -> bool {
        let configures = |asked: &Asked| matches!(asked, Asked::Config(_));
        by.subresource == Some(Subresource::Status)
            && self.by.is_same_writer(by)
            && !configures(&self.asked)
            && !configures(asked)
            && self.asked.kind().zip(asked.kind()).is_none_or(|(before, now)| before == now)
    }

    /// Whether it is the change of an object that this writer has made, too, and to which nobody has added anything: a lease that
    /// is renewed.
    fn is_all_theirs(&self, by: &By, asked: &Asked) -> bool {
        let as_sent = |asked: &Asked| matches!(asked, Asked::Itself);
        let before = self.before.as_ref().map(|o| o.ownership());
        self.by.is_same_writer(by)
            && as_sent(&self.asked)
            && as_sent(asked)
            && matches!(before, Some(Ownership::Pending(first))
                if first.before.is_none() && as_sent(&first.asked) && first.by.is_same_writer(by))
    }

    fn entries(&self, object: &Object) -> Option<Arc<Value>> {
        let kind = self.by.kind;
        let live = self.before.as_ref().map(|o| o.whole_once_in(kind));
        let update = |asked: &Object| {
            let mut new = asked.once_in(kind);
            self.by.with(|versions| on_update(live.as_deref(), &mut new, versions, &self.by.writer()));
            known(new)
        };
        match &self.asked {
            Asked::Object(asked) => update(asked),
            Asked::Itself => update(object),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds::ConfigMap;
    use crate::api::object::Resource;

    fn map(key: &str) -> Object {
        let data = [(key.to_string(), "1".to_string())].into();
        Object::new(ConfigMap { data: Some(data), ..ConfigMap::default() })
    }

    fn stamped(mut o: Object) -> Object {
        o.meta_mut().uid = Some("u".into());
        o.meta_mut().generation = Some(1);
        o
    }

    fn by(manager: &str) -> By {
        let kind = ConfigMap::kind_ref();
        By { manager: manager.into(), kind, subresource: None, faces: vec![], time: Time::ZERO }
    }

    #[test]
    fn what_was_stored_as_it_was_asked_for_is_not_kept_twice() {
        let stored = stamped(map("a"));
        assert!(matches!(Asked::of(map("a"), &stored), Asked::Itself));
        let Asked::Object(other) = Asked::of(map("b"), &stored) else { panic!("it is another object") };
        assert_eq!((other.uid(), other.meta().generation), ("", None), "its own stamps");
        let by_each = [Asked::of(map("a"), &stored), Asked::Object(map("a"))].map(|asked| {
            let mut o = stored.clone();
            o.set_ownership(Ownership::after(None, asked, by("m")));
            o.owners().cloned()
        });
        assert!(by_each[0].is_some());
        assert_eq!(by_each[0], by_each[1]);
    }

    #[test]
    fn what_is_asked_for_in_the_same_words_is_kept_once() {
        let mut made = Made::default();
        let mut make = |name: &str, key: &str, who: &str| {
            let mut o = map(key);
            o.meta_mut().name = Some(name.into());
            let ownership = made.shared(Ownership::after(None, Asked::Object(o), by(who)));
            let Ownership::Pending(p) = ownership else { panic!("it is not worked out") };
            p
        };
        let first = make("one", "a", "m");
        assert!(Arc::ptr_eq(&first, &make("two", "a", "m")));
        assert!(!Arc::ptr_eq(&first, &make("two", "a", "n")), "another writer");
        assert!(!Arc::ptr_eq(&first, &make("two", "b", "m")), "other words");
        assert!(first.entries(&map("c")).is_some_and(|e| e[0]["fieldsV1"]["f:data"].get("f:a").is_some()));
    }

    #[test]
    fn who_writes_alone_owns_all_however_often_they_write_and_only_the_first_and_the_last_are_kept() {
        let first = || {
            let mut o = stamped(map("a"));
            o.set_ownership(Ownership::after(None, Asked::Itself, by("m")));
            Arc::new(o)
        };
        let write = |old: &Arc<Object>, key: &str, who: &str| {
            let mut o = (**old).clone();
            if let Some(c) = o.get_mut::<ConfigMap>() {
                c.data = map(key).get::<ConfigMap>().and_then(|c| c.data.clone());
            }
            o.set_ownership(Ownership::after(Some(old), Asked::Itself, by(who)));
            Arc::new(o)
        };
        let mut alone = first();
        let mut shared = first();
        for key in ["b", "c", "a", "c"] {
            alone = write(&alone, key, "m");
            shared = write(&shared, key, if key == "a" { "n" } else { "m" });
        }
        assert_eq!(alone.ownership().depth(), 2);
        assert!(shared.ownership().depth() > 2 || matches!(shared.ownership(), Ownership::Known(_)));
        let entries = alone.owners().cloned().unwrap();
        assert_eq!(entries.as_array().map(Vec::len), Some(1));
        assert_eq!(entries[0]["fieldsV1"]["f:data"], serde_json::json!({".": {}, "f:c": {}}));
    }

    #[test]
    fn what_the_server_changes_by_itself_has_the_owners_that_it_had() {
        let mut stored = stamped(map("a"));
        stored.set_ownership(Ownership::after(None, Asked::Itself, by("m")));
        let old = Arc::new(stored);
        let mut new = Object::touched(&old);
        if let Some(c) = new.get_mut::<ConfigMap>() {
            c.data.get_or_insert_default().insert("b".into(), "2".into());
        }
        assert!(new.owners().is_some());
        assert_eq!(new.owners(), old.owners());
        // And one who writes after that owns what they write alone.
        let mut next = new.clone();
        if let Some(c) = next.get_mut::<ConfigMap>() {
            c.data.get_or_insert_default().insert("c".into(), "3".into());
        }
        let asked = Asked::of(next.clone(), &next);
        next.set_ownership(Ownership::after(Some(&Arc::new(new)), asked, by("n")));
        let entries = next.owners().cloned().unwrap();
        let fields =
            |i: usize| entries[i]["fieldsV1"]["f:data"].as_object().map(|m| m.keys().cloned().collect::<Vec<_>>());
        assert_eq!(entries[1]["manager"], "n");
        assert_eq!(fields(0), Some(vec![".".to_string(), "f:a".into()]));
        assert_eq!(fields(1), Some(vec!["f:c".to_string()]));
    }
}
