//! What the API server knows about a kind: names, defaults, validation, update rules, columns.
//!
//! A kind's file in `kinds/` fills one [`Kind`] record; everything generic reads it through [`AnyKind`].

use std::fmt;

use serde_json::Value;

use super::field::FieldErrors;
use super::object::{Object, Resource};
use super::schema::{self, TypeId};
use super::table::{Cell, Column, ColumnType};
use super::time::Time;

/// A kind, as a small number: the line in `kinds::TABLE`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct KindRef(pub(super) u16);

impl KindRef {
    pub fn all() -> impl Iterator<Item = KindRef> {
        (0..super::kinds::TABLE.len()).map(|i| KindRef(u16::try_from(i).unwrap_or(u16::MAX)))
    }
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
    /// `apps/v1`, or `v1` for the core group.
    pub fn api_version(self) -> String {
        if self.group().is_empty() { self.version().into() } else { format!("{}/{}", self.group(), self.version()) }
    }
    /// `deployments.apps`, or `pods` for the core group.
    pub fn group_resource(self) -> String {
        if self.group().is_empty() { self.plural().into() } else { format!("{}.{}", self.plural(), self.group()) }
    }
    /// Finds a kind by `apiVersion` and `kind`.
    pub fn by_gvk(api_version: &str, kind: &str) -> Option<KindRef> {
        KindRef::all().find(|k| k.name() == kind && k.api_version() == api_version)
    }
    /// Finds a kind by group, version and plural.
    pub fn by_gvr(group: &str, version: &str, plural: &str) -> Option<KindRef> {
        KindRef::all().find(|k| k.plural() == plural && k.group() == group && k.version() == version)
    }
    pub fn layout(self) -> TypeId {
        schema::type_of(self)
    }
}

impl std::ops::Deref for KindRef {
    type Target = dyn AnyKind;
    fn deref(&self) -> &(dyn AnyKind + 'static) {
        super::kinds::TABLE[self.index()]
    }
}

impl fmt::Debug for KindRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.plural())
    }
}

/// What of an object a request may reach besides the object itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Subresource {
    Status,
    Scale,
    Binding,
    Log,
    Exec,
    Finalize,
}

impl Subresource {
    pub fn name(self) -> &'static str {
        match self {
            Subresource::Status => "status",
            Subresource::Scale => "scale",
            Subresource::Binding => "binding",
            Subresource::Log => "log",
            Subresource::Exec => "exec",
            Subresource::Finalize => "finalize",
        }
    }
}

/// The numbers behind the `scale` subresource.
pub struct Scale<T> {
    pub replicas: fn(&T) -> i32,
    pub set_replicas: fn(&mut T, i32),
    pub current: fn(&T) -> i32,
    pub selector: fn(&T) -> String,
}

/// How names of a kind are checked.
pub type NameRule = fn(&str, bool) -> Vec<String>;

/// Everything that is particular to one kind. Fields are public so that a kind's file reads as one record.
pub struct Kind<T: 'static> {
    pub group: &'static str,
    pub version: &'static str,
    pub name: &'static str,
    pub plural: &'static str,
    pub singular: &'static str,
    pub short_names: &'static [&'static str],
    pub categories: &'static [&'static str],
    pub namespaced: bool,
    pub subresources: &'static [Subresource],
    /// Whether `metadata.generation` counts changes of the spec.
    pub generation: bool,
    pub name_rule: NameRule,
    /// Keeps, in what a client sent, a difference that the typed shape would lose.
    pub before_decoding: fn(&mut Value),
    pub defaults: fn(&mut T),
    /// Clears what a client may not set (status) and sets what the server owns, on create.
    pub prepare_create: fn(&mut T),
    /// The same for an update of the main resource: the old status is kept.
    pub prepare_update: fn(&mut T, &T),
    /// The same for an update of the status subresource: only the status of `new` counts.
    pub prepare_status: fn(&mut T, &T),
    /// Whether the specs differ, that is, whether the generation counts up.
    pub spec_changed: fn(&T, &T) -> bool,
    pub validate: fn(&T, &mut FieldErrors),
    pub validate_update: fn(&T, &T, &mut FieldErrors),
    pub columns: &'static [Column<T>],
    /// Fields that a field selector may name besides metadata.name and metadata.namespace.
    pub selectable: &'static [&'static str],
    pub field: fn(&T, &str) -> Option<String>,
    pub scale: Option<Scale<T>>,
    /// Seconds of grace a plain delete gives; `None` deletes at once.
    pub grace: fn(&T) -> Option<i64>,
}

impl<T: Resource> Kind<T> {
    /// A namespaced kind with no rules of its own; a kind's file overrides what it needs.
    pub const fn new(
        api: (&'static str, &'static str),
        name: &'static str,
        plural: &'static str,
        singular: &'static str,
    ) -> Kind<T> {
        Kind {
            group: api.0,
            version: api.1,
            name,
            plural,
            singular,
            short_names: &[],
            categories: &[],
            namespaced: true,
            subresources: &[],
            generation: false,
            name_rule: super::names::dns1123_subdomain,
            before_decoding: |_| {},
            defaults: |_| {},
            prepare_create: |_| {},
            prepare_update: |_, _| {},
            prepare_status: |_, _| {},
            spec_changed: |_, _| false,
            validate: |_, _| {},
            validate_update: |_, _, _| {},
            columns: &[],
            selectable: &[],
            field: |_, _| None,
            scale: None,
            grace: |_| None,
        }
    }
}

/// A [`Kind`] without its type, for everything that treats all kinds alike.
pub trait AnyKind: Sync {
    fn group(&self) -> &'static str;
    fn version(&self) -> &'static str;
    fn name(&self) -> &'static str;
    fn plural(&self) -> &'static str;
    fn singular(&self) -> &'static str;
    fn short_names(&self) -> &'static [&'static str];
    fn categories(&self) -> &'static [&'static str];
    fn namespaced(&self) -> bool;
    fn subresources(&self) -> &'static [Subresource];
    fn has_generation(&self) -> bool;
    fn check_name(&self, name: &str, prefix: bool) -> Vec<String>;
    fn decode(&self, json: Value) -> Result<Object, String>;
    fn defaults(&self, o: &mut Object);
    fn prepare_create(&self, o: &mut Object);
    fn prepare_update(&self, new: &mut Object, old: &Object);
    fn prepare_status(&self, new: &mut Object, old: &Object);
    fn spec_changed(&self, new: &Object, old: &Object) -> bool;
    fn validate(&self, o: &Object, errors: &mut FieldErrors);
    fn validate_update(&self, new: &Object, old: &Object, errors: &mut FieldErrors);
    fn column_headers(&self) -> Vec<ColumnHeader>;
    fn row(&self, o: &Object, now: Time) -> Vec<Cell>;
    fn selectable(&self) -> &'static [&'static str];
    fn field(&self, o: &Object, field: &str) -> Option<String>;
    fn scale_of(&self, o: &Object) -> Option<ScaleValues>;
    fn set_scale(&self, o: &mut Object, replicas: i32);
    fn grace(&self, o: &Object) -> Option<i64>;
}

/// A column of a server-side Table, without the function that fills it.
pub struct ColumnHeader {
    pub name: &'static str,
    pub kind: ColumnType,
    pub priority: i32,
    pub description: &'static str,
}

/// What the scale subresource shows of an object.
pub struct ScaleValues {
    pub wanted: i32,
    pub current: i32,
    pub selector: String,
}

/// Runs `f` on the typed content. A kind is only ever handed objects of its own type, which the table guarantees.
fn typed<T: Resource, R: Default>(o: &Object, f: impl FnOnce(&T) -> R) -> R {
    o.get::<T>().map(f).unwrap_or_default()
}

fn typed_mut<T: Resource>(o: &mut Object, f: impl FnOnce(&mut T)) {
    if let Some(t) = o.get_mut::<T>() {
        f(t);
    }
}

impl<T: Resource> AnyKind for Kind<T> {
    fn group(&self) -> &'static str {
        self.group
    }
    fn version(&self) -> &'static str {
        self.version
    }
    fn name(&self) -> &'static str {
        self.name
    }
    fn plural(&self) -> &'static str {
        self.plural
    }
    fn singular(&self) -> &'static str {
        self.singular
    }
    fn short_names(&self) -> &'static [&'static str] {
        self.short_names
    }
    fn categories(&self) -> &'static [&'static str] {
        self.categories
    }
    fn namespaced(&self) -> bool {
        self.namespaced
    }
    fn subresources(&self) -> &'static [Subresource] {
        self.subresources
    }
    fn has_generation(&self) -> bool {
        self.generation
    }
    fn check_name(&self, name: &str, prefix: bool) -> Vec<String> {
        (self.name_rule)(name, prefix)
    }
    fn decode(&self, mut json: Value) -> Result<Object, String> {
        (self.before_decoding)(&mut json);
        serde_json::from_value::<T>(json).map(Object::new).map_err(|e| e.to_string())
    }
    fn defaults(&self, o: &mut Object) {
        typed_mut(o, self.defaults);
    }
    fn prepare_create(&self, o: &mut Object) {
        typed_mut(o, self.prepare_create);
    }
    fn prepare_update(&self, new: &mut Object, old: &Object) {
        if let Some(old) = old.get::<T>() {
            typed_mut(new, |n| (self.prepare_update)(n, old));
        }
    }
    fn prepare_status(&self, new: &mut Object, old: &Object) {
        if let Some(old) = old.get::<T>() {
            typed_mut(new, |n| (self.prepare_status)(n, old));
        }
    }
    fn spec_changed(&self, new: &Object, old: &Object) -> bool {
        match (new.get::<T>(), old.get::<T>()) {
            (Some(n), Some(o)) => (self.spec_changed)(n, o),
            _ => false,
        }
    }
    fn validate(&self, o: &Object, errors: &mut FieldErrors) {
        typed(o, |t| (self.validate)(t, errors));
    }
    fn validate_update(&self, new: &Object, old: &Object, errors: &mut FieldErrors) {
        if let (Some(n), Some(o)) = (new.get::<T>(), old.get::<T>()) {
            (self.validate_update)(n, o, errors);
        }
    }
    fn column_headers(&self) -> Vec<ColumnHeader> {
        self.columns
            .iter()
            .map(|c| ColumnHeader { name: c.name, kind: c.kind, priority: c.priority, description: c.description })
            .collect()
    }
    fn row(&self, o: &Object, now: Time) -> Vec<Cell> {
        typed(o, |t: &T| self.columns.iter().map(|c| (c.cell)(t, now)).collect())
    }
    fn selectable(&self) -> &'static [&'static str] {
        self.selectable
    }
    fn field(&self, o: &Object, field: &str) -> Option<String> {
        match field {
            "metadata.name" => Some(o.name().to_string()),
            "metadata.namespace" => Some(o.namespace().to_string()),
            _ if self.selectable.contains(&field) => typed(o, |t| (self.field)(t, field)),
            _ => None,
        }
    }
    fn scale_of(&self, o: &Object) -> Option<ScaleValues> {
        let s = self.scale.as_ref()?;
        let t = o.get::<T>()?;
        Some(ScaleValues { wanted: (s.replicas)(t), current: (s.current)(t), selector: (s.selector)(t) })
    }
    fn set_scale(&self, o: &mut Object, replicas: i32) {
        if let Some(s) = &self.scale {
            typed_mut(o, |t| (s.set_replicas)(t, replicas));
        }
    }
    fn grace(&self, o: &Object) -> Option<i64> {
        typed(o, self.grace)
    }
}
