//! An object as it is stored and watched: one revision of one thing, typed, immutable, shared.

use std::any::{Any, TypeId};
use std::fmt;
use std::sync::{Arc, OnceLock};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::custom::CustomObject;
use super::kind::KindRef;
use super::ownership::Ownership;
use super::packing::{Packed, Packing};
use super::uid::Uid;

/// A name or a namespace. They live in many keys and are compared all the time, so a short one is kept inside the key.
pub type Name = smol_str::SmolStr;

/// Where an object lives: its kind, its namespace (empty for cluster-scoped kinds) and its name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    pub kind: KindRef,
    pub namespace: Name,
    pub name: Name,
}

impl Key {
    pub fn new(kind: KindRef, namespace: &str, name: &str) -> Key {
        Key { kind, namespace: namespace.into(), name: name.into() }
    }

    pub fn of<T: Resource>(namespace: &str, name: &str) -> Key {
        Key::new(T::kind_ref(), namespace, name)
    }

    /// `deployments/web`; of a whole collection `deployments`.
    pub fn resource_name(&self) -> String {
        match self.name.is_empty() {
            true => self.kind.plural().into(),
            false => format!("{}/{}", self.kind.plural(), self.name),
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.kind.plural(), self.namespace, self.name)
    }
}

/// A Rust type that is a kind of the API. `kinds/mod.rs` implements it for each line of its table.
pub trait Resource:
    k8s_openapi::Metadata<Ty = ObjectMeta>
    + Serialize
    + DeserializeOwned
    + Clone
    + PartialEq
    + Default
    + fmt::Debug
    + Send
    + Sync
    + 'static
{
    fn kind_ref() -> KindRef;

    fn meta(&self) -> &ObjectMeta {
        self.metadata()
    }
    fn meta_mut(&mut self) -> &mut ObjectMeta {
        self.metadata_mut()
    }
    fn name(&self) -> &str {
        self.metadata().name.as_deref().unwrap_or("")
    }
    fn namespace(&self) -> &str {
        self.metadata().namespace.as_deref().unwrap_or("")
    }
    fn uid(&self) -> &str {
        self.metadata().uid.as_deref().unwrap_or("")
    }
    fn label(&self, key: &str) -> Option<&str> {
        self.metadata().labels.as_ref()?.get(key).map(String::as_str)
    }
    fn annotation(&self, key: &str) -> Option<&str> {
        self.metadata().annotations.as_ref()?.get(key).map(String::as_str)
    }
    fn key(&self) -> Key {
        Key::new(Self::kind_ref(), self.namespace(), self.name())
    }
    fn is_deleting(&self) -> bool {
        self.metadata().deletion_timestamp.is_some()
    }
    fn generation(&self) -> i64 {
        self.metadata().generation.unwrap_or(0)
    }
}

/// The typed content, behind one object-safe face.
pub(super) trait Body: Send + Sync + fmt::Debug {
    fn meta(&self) -> &ObjectMeta;
    fn meta_mut(&mut self) -> &mut ObjectMeta;
    fn to_json(&self) -> Value;
    fn clone_box(&self) -> Box<dyn Body>;
    fn same(&self, other: &dyn Body) -> bool;
    /// Whether it is a value of that type: what is packed is not unpacked to find out.
    fn is(&self, kind: TypeId) -> bool {
        self.any().type_id() == kind
    }
    fn any(&self) -> &dyn Any;
    fn any_mut(&mut self) -> &mut dyn Any;
    /// Its namespace and its name.
    fn place(&self) -> (&str, &str) {
        let meta = self.meta();
        (meta.namespace.as_deref().unwrap_or_default(), meta.name.as_deref().unwrap_or_default())
    }
    /// Whether it is packed, and nobody has needed it as a whole.
    #[cfg(test)]
    fn lies_packed(&self) -> bool {
        false
    }
    /// The same as one of Rust's values, if it is none.
    fn loose(&self) -> Option<Box<dyn Body>> {
        None
    }
}

impl dyn Body + '_ {
    pub(crate) fn get<T: 'static>(&self) -> Option<&T> {
        if self.is(TypeId::of::<T>()) { self.any().downcast_ref() } else { None }
    }

    fn get_mut<T: 'static>(&mut self) -> Option<&mut T> {
        if self.is(TypeId::of::<T>()) { self.any_mut().downcast_mut() } else { None }
    }
}

impl<T: Resource> Body for T {
    fn meta(&self) -> &ObjectMeta {
        self.metadata()
    }
    fn meta_mut(&mut self) -> &mut ObjectMeta {
        self.metadata_mut()
    }
    fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or(Value::Null)
    }
    fn clone_box(&self) -> Box<dyn Body> {
        Box::new(self.clone())
    }
    fn same(&self, other: &dyn Body) -> bool {
        other.get() == Some(self)
    }
    fn any(&self) -> &dyn Any {
        self
    }
    fn any_mut(&mut self) -> &mut dyn Any {
        self
    }
}

/// What is asked of an object all the time, as numbers: its metadata has them as texts, each elsewhere in memory.
#[derive(Clone, Copy, Debug)]
pub struct Marks {
    pub uid: Uid,
    /// `resourceVersion`; 0 if it has none.
    pub revision: u64,
    /// The UID of the controller that manages it.
    pub owner: Option<Uid>,
}

/// One revision of an object of any kind. Its JSON is made at most once, and so are its marks.
#[derive(Debug)]
pub struct Object {
    kind: KindRef,
    marks: OnceLock<Marks>,
    body: Box<dyn Body>,
    json: OnceLock<Arc<Value>>,
    ownership: Ownership,
    owners: OnceLock<Option<Arc<Value>>>,
}

impl Clone for Object {
    fn clone(&self) -> Object {
        let ownership = match self.owners.get() {
            Some(Some(known)) => Ownership::known(known),
            _ => self.ownership.clone(),
        };
        Object { ownership, ..Object::of(self.kind, self.body.clone_box()) }
    }
}

impl Object {
    pub fn new<T: Resource>(body: T) -> Object {
        Object::of(T::kind_ref(), Box::new(body))
    }

    fn of(kind: KindRef, body: Box<dyn Body>) -> Object {
        Object {
            kind,
            marks: OnceLock::new(),
            body,
            json: OnceLock::new(),
            ownership: Ownership::default(),
            owners: OnceLock::new(),
        }
    }

    /// An object of a kind that somebody has defined.
    pub fn custom(kind: KindRef, body: CustomObject) -> Object {
        Object::of(kind, Box::new(body))
    }

    pub fn as_custom(&self) -> Option<&CustomObject> {
        self.body.get()
    }

    pub fn as_custom_mut(&mut self) -> Option<&mut CustomObject> {
        self.forget();
        self.body.get_mut()
    }

    pub fn kind(&self) -> KindRef {
        self.kind
    }

    pub fn meta(&self) -> &ObjectMeta {
        self.body.meta()
    }

    /// The metadata, to change before the object is shared.
    pub fn meta_mut(&mut self) -> &mut ObjectMeta {
        self.forget();
        self.body.meta_mut()
    }

    pub fn get<T: Resource>(&self) -> Option<&T> {
        self.body.get()
    }

    pub fn get_mut<T: Resource>(&mut self) -> Option<&mut T> {
        self.forget();
        self.body.get_mut()
    }

    /// Makes it small, if its kind knows how: it is about to be stored, and may never be looked at.
    pub fn pack(&mut self) {
        let kind = self.kind;
        kind.pack(self);
    }

    pub(super) fn pack_as<T: Resource>(&mut self, packing: &'static Packing<T>) {
        let marks = *self.marks();
        let Some(content) = self.body.get_mut::<T>() else { return };
        match Packed::of(std::mem::take(content), packing) {
            Ok(packed) => self.body = Box::new(packed),
            Err(whole) => *content = *whole,
        }
        self.forget();
        self.marks = marks.into();
    }

    /// Whether it is packed, and nobody has needed it as a whole.
    #[cfg(test)]
    pub fn lies_packed(&self) -> bool {
        self.body.lies_packed()
    }

    /// The same object to look at for a while: what is packed stays so.
    pub fn loose(self: Arc<Object>) -> Arc<Object> {
        let Some(body) = self.body.loose() else { return self };
        Arc::new(Object { ownership: self.ownership.clone(), ..Object::of(self.kind, body) })
    }

    /// What was made of the content no longer holds.
    fn forget(&mut self) {
        self.marks = OnceLock::new();
        self.json = OnceLock::new();
    }

    pub fn marks(&self) -> &Marks {
        self.marks.get_or_init(|| {
            let meta = self.meta();
            Marks {
                uid: Uid::of(self.uid()),
                revision: meta.resource_version.as_deref().and_then(|r| r.parse().ok()).unwrap_or(0),
                owner: controller_of(meta).map(|r| Uid::of(&r.uid)),
            }
        })
    }

    pub fn name(&self) -> &str {
        self.body.place().1
    }

    pub fn namespace(&self) -> &str {
        self.body.place().0
    }

    pub fn uid(&self) -> &str {
        self.meta().uid.as_deref().unwrap_or("")
    }

    pub fn key(&self) -> Key {
        Key::new(self.kind.stored(), self.namespace(), self.name())
    }

    pub fn is_deleting(&self) -> bool {
        self.meta().deletion_timestamp.is_some()
    }

    /// The object as the API server writes it: with `apiVersion` and `kind`, and with the empty fields that Go writes.
    pub fn json(&self) -> &Arc<Value> {
        self.json.get_or_init(|| Arc::new(self.to_json()))
    }

    fn to_json(&self) -> Value {
        let mut v = self.body.to_json();
        if let Some(layout) = self.kind.layout() {
            super::canonical::fill(&mut v, layout);
        }
        if let Some(map) = v.as_object_mut() {
            map.insert("apiVersion".into(), self.kind.api_version().into());
            map.insert("kind".into(), self.kind.name().into());
        }
        v
    }

    /// The same of a revision that has passed or is just being made: it is not kept, as nobody else will look at it.
    fn json_once(&self) -> Arc<Value> {
        self.json.get().cloned().unwrap_or_else(|| Arc::new(self.to_json()))
    }

    pub fn ownership(&self) -> &Ownership {
        &self.ownership
    }

    pub fn take_ownership(&mut self) -> Ownership {
        self.owners = OnceLock::new();
        std::mem::take(&mut self.ownership)
    }

    pub fn set_ownership(&mut self, ownership: Ownership) {
        self.ownership = ownership;
        self.owners = OnceLock::new();
    }

    /// A copy that the server changes by itself: nobody owns what it does.
    pub fn touched(old: &Arc<Object>) -> Object {
        let mut new = (**old).clone();
        new.set_ownership(Ownership::touched(old));
        new
    }

    /// Who owns its fields: the entries of `metadata.managedFields`, worked out at most once.
    pub fn owners(&self) -> Option<&Arc<Value>> {
        self.owners.get_or_init(|| self.ownership.entries(self)).as_ref()
    }

    /// The same, not kept here.
    pub fn owners_once(&self) -> Option<Arc<Value>> {
        self.owners.get().cloned().unwrap_or_else(|| self.ownership.entries(self))
    }

    /// The same object, with nothing left to work out.
    pub fn with_known_owners(&self) -> Object {
        let ownership = self.owners_once().map_or(Ownership::Unknown, |o| Ownership::known(&o));
        Object { ownership, ..Object::of(self.kind, self.body.clone_box()) }
    }

    /// The object as a version of its kind shows it, but for who owns its fields.
    pub fn in_version(&self, kind: KindRef) -> Arc<Value> {
        self.converted(kind, self.json().clone())
    }

    /// The same, not kept here.
    pub fn once_in(&self, kind: KindRef) -> Value {
        Arc::unwrap_or_clone(self.converted(kind, self.json_once()))
    }

    fn converted(&self, kind: KindRef, json: Arc<Value>) -> Arc<Value> {
        let Some(conversion) = kind.conversion().filter(|_| self.kind != kind) else {
            return super::custom::shown(self, kind, json);
        };
        let mut v = Arc::unwrap_or_clone(json);
        (conversion.from_hub)(&mut v);
        v["apiVersion"] = kind.api_version().into();
        v["kind"] = kind.name().into();
        Arc::new(v)
    }

    /// The same with them.
    pub fn whole_in(&self, kind: KindRef) -> Arc<Value> {
        with_owners(self.in_version(kind), self.owners().cloned())
    }

    /// The same, not kept here.
    pub fn whole_once_in(&self, kind: KindRef) -> Arc<Value> {
        with_owners(Arc::new(self.once_in(kind)), self.owners_once())
    }

    /// Whether two revisions hold the same content.
    pub fn same(&self, other: &Object) -> bool {
        self.kind == other.kind && self.body.same(other.body.as_ref())
    }
}

/// Puts the entries where they belong. Nobody is not written.
fn with_owners(v: Arc<Value>, owners: Option<Arc<Value>>) -> Arc<Value> {
    let Some(owners) = owners.filter(|o| o.as_array().is_none_or(|o| !o.is_empty())) else { return v };
    let mut v = Arc::unwrap_or_clone(v);
    v["metadata"]["managedFields"] = Arc::unwrap_or_clone(owners);
    Arc::new(v)
}

/// The owner that manages an object, if one does.
pub fn controller_of(meta: &ObjectMeta) -> Option<&OwnerReference> {
    meta.owner_references.as_ref()?.iter().find(|r| r.controller == Some(true))
}

/// A reference that makes `owner` the managing owner.
pub fn controller_ref<T: Resource>(owner: &T) -> OwnerReference {
    let kind = T::kind_ref();
    OwnerReference {
        api_version: kind.api_version(),
        kind: kind.name().into(),
        name: owner.name().into(),
        uid: owner.uid().into(),
        controller: Some(true),
        block_owner_deletion: Some(true),
    }
}
