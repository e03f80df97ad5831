//! What the API server knows about a kind: names, defaults, validation, update rules, columns.
//!
//! A kind's file in `kinds/` fills one [`Kind`] record; everything generic reads it through [`AnyKind`].

use std::cmp::Ordering;
use std::fmt;

use serde_json::Value;

use super::custom::{self, CustomKind};
use super::field::FieldErrors;
use super::object::{Object, Resource};
use super::packing::Packing;
use super::schema::{self, TypeId};
use super::table::{Cell, Column, ColumnType};
use super::time::{Duration, Time};

/// A kind, as a small number: the line in `kinds::TABLE`.
///
/// Numbers beyond the table are [custom](super::custom) kinds: those that somebody has defined.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KindRef(pub(super) u16);

impl KindRef {
    /// Every kind that is built in, each version of it.
    pub fn built_in() -> impl Iterator<Item = KindRef> {
        (0..super::kinds::TABLE.len()).map(|i| KindRef(u16::try_from(i).unwrap_or(u16::MAX)))
    }
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
    /// What a CustomResourceDefinition says of it, if it is none that is built in.
    pub fn custom(self) -> Option<&'static CustomKind> {
        let beyond = self.index().checked_sub(super::kinds::TABLE.len())?;
        Some(custom::kind(beyond))
    }
    /// `apps/v1`, or `v1` for the core group.
    pub fn api_version(self) -> String {
        if self.group().is_empty() { self.version().into() } else { format!("{}/{}", self.group(), self.version()) }
    }
    /// `deployments.apps`, or `pods` for the core group.
    pub fn group_resource(self) -> String {
        if self.group().is_empty() { self.plural().into() } else { format!("{}.{}", self.plural(), self.group()) }
    }
    /// Where its objects are found, those of one namespace or all: `/apis/apps/v1/namespaces/default/deployments`.
    pub fn collection(self, namespace: &str) -> String {
        let root = if self.group().is_empty() { "api" } else { "apis" };
        let within =
            if self.namespaced() && !namespace.is_empty() { format!("namespaces/{namespace}/") } else { String::new() };
        format!("/{root}/{}/{within}{}", self.api_version(), self.plural())
    }
    /// Finds a kind by `apiVersion` and `kind`.
    pub fn by_gvk(api_version: &str, kind: &str) -> Option<KindRef> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        KindRef::built_in().find(|k| k.name() == kind && k.group() == group && k.version() == version)
    }
    /// Finds a kind by group, version and plural.
    pub fn by_gvr(group: &str, version: &str, plural: &str) -> Option<KindRef> {
        KindRef::built_in().find(|k| k.plural() == plural && k.group() == group && k.version() == version)
    }
    /// The kind as which its objects are stored: itself, unless it is another version of one.
    pub fn stored(self) -> KindRef {
        match self.custom() {
            None => self.conversion().map_or(self, |c| (c.hub)()),
            Some(custom) => custom.hub.unwrap_or(self),
        }
    }
    /// Whether objects of it are stored at all, as themselves.
    pub fn is_stored(self) -> bool {
        self.stored() == self && self.verbs().contains(&"delete")
    }
    /// The shape of its objects, if Kubernetes publishes it.
    pub fn layout(self) -> Option<TypeId> {
        self.custom().is_none().then(|| schema::type_of(self))
    }
}

impl std::ops::Deref for KindRef {
    type Target = dyn AnyKind;
    fn deref(&self) -> &(dyn AnyKind + 'static) {
        match super::kinds::TABLE.get(self.index()) {
            Some(kind) => *kind,
            None => custom::kind(self.index() - super::kinds::TABLE.len()),
        }
    }
}

/// Custom kinds follow those that are built in, and are told by their names: their numbers are those in which they came to be
/// known, which may be another order elsewhere.
impl Ord for KindRef {
    fn cmp(&self, other: &KindRef) -> Ordering {
        let place = |k: &KindRef| k.custom().map(CustomKind::place);
        match (place(self), place(other)) {
            (None, None) => self.0.cmp(&other.0),
            (one, other_place) => one.cmp(&other_place).then(self.0.cmp(&other.0)),
        }
    }
}

impl PartialOrd for KindRef {
    fn partial_cmp(&self, other: &KindRef) -> Option<Ordering> {
        Some(self.cmp(other))
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
    Approval,
    Attach,
    Binding,
    EphemeralContainers,
    Eviction,
    Exec,
    Finalize,
    Log,
    PortForward,
    Proxy,
    Resize,
    Token,
}

impl Subresource {
    pub fn name(self) -> &'static str {
        match self {
            Subresource::Status => "status",
            Subresource::Scale => "scale",
            Subresource::Approval => "approval",
            Subresource::Attach => "attach",
            Subresource::Binding => "binding",
            Subresource::EphemeralContainers => "ephemeralcontainers",
            Subresource::Eviction => "eviction",
            Subresource::Exec => "exec",
            Subresource::Finalize => "finalize",
            Subresource::Log => "log",
            Subresource::PortForward => "portforward",
            Subresource::Proxy => "proxy",
            Subresource::Resize => "resize",
            Subresource::Token => "token",
        }
    }

    /// What may be done with it, in discovery's order.
    pub fn verbs(self) -> &'static [&'static str] {
        use Subresource as S;
        match self {
            S::Status | S::Scale | S::Approval | S::EphemeralContainers | S::Resize => &["get", "patch", "update"],
            S::Attach | S::Exec | S::PortForward => &["create", "get"],
            S::Binding | S::Eviction | S::Token => &["create"],
            S::Finalize => &["update"],
            S::Log => &["get"],
            S::Proxy => &["create", "delete", "get", "patch", "update"],
        }
    }

    /// Whether the object itself is read and changed there, if only in part.
    pub fn shows_the_object(self) -> bool {
        use Subresource as S;
        matches!(self, S::Status | S::Approval | S::EphemeralContainers | S::Resize)
    }

    /// The kind that is read and written there, with its group and version where they are not the object's own.
    pub fn kind_of(self, kind: KindRef) -> (String, Option<(&'static str, &'static str)>) {
        match self {
            Subresource::Scale => ("Scale".into(), Some(("autoscaling", "v1"))),
            Subresource::Eviction => ("Eviction".into(), Some(("policy", "v1"))),
            Subresource::Token => ("TokenRequest".into(), Some(("authentication.k8s.io", "v1"))),
            Subresource::Binding => ("Binding".into(), None),
            Subresource::Attach => ("PodAttachOptions".into(), None),
            Subresource::Exec => ("PodExecOptions".into(), None),
            Subresource::PortForward => ("PodPortForwardOptions".into(), None),
            Subresource::Proxy => (format!("{}ProxyOptions", kind.name()), None),
            _ => (kind.name().into(), None),
        }
    }
}

/// What may be done with most kinds, in discovery's order.
pub const ALL_VERBS: &[&str] = &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
/// A kind whose objects are questions: they are answered, never stored.
pub const CREATE_ONLY: &[&str] = &["create"];
/// A kind whose objects are computed when somebody looks.
pub const READ_ONLY: &[&str] = &["get", "list"];

/// How a version of a kind is made of the one that is stored, the hub. Both work on JSON, apiVersion aside.
pub struct Conversion {
    pub hub: fn() -> KindRef,
    pub to_hub: fn(&mut Value),
    pub from_hub: fn(&mut Value),
    /// How an object of the hub is judged that was sent in this version, and the one it replaces, if that is otherwise.
    pub validate: Option<fn(&Object, Option<&Object>, &mut FieldErrors)>,
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
    pub verbs: &'static [&'static str],
    pub subresources: &'static [Subresource],
    /// The version in which real Kubernetes stores it, if that is not this one: discovery gives a hash of it away.
    pub storage_version: Option<&'static str>,
    /// Set for a version that is stored as another one.
    pub conversion: Option<Conversion>,
    /// Whether an add-on serves it: it is there only while there is an APIService for its group and version.
    pub aggregated: bool,
    /// Whether `metadata.generation` counts changes of the spec.
    pub generation: bool,
    /// Whether an update of what is not there creates it.
    pub create_on_update: bool,
    /// Whether an update may do without a resourceVersion.
    pub unconditional_update: bool,
    pub name_rule: NameRule,
    /// Keeps, in what a client sent, a difference that the typed shape would lose.
    pub before_decoding: fn(&mut Value),
    /// Why it cannot become what the server works with, if it can't, though each field can be read.
    pub unconvertible: fn(&T) -> Option<String>,
    pub defaults: fn(&mut T),
    /// Fills in what defaults to the time of the request.
    pub stamp: fn(&mut T, Time),
    /// Clears what a client may not set (status) and sets what the server owns, on create.
    pub prepare_create: fn(&mut T),
    /// What is said of a new object before it is prepared, and so of one that is refused too.
    pub early_warnings: fn(&T) -> Vec<String>,
    /// The same for an update of the main resource: the old status is kept.
    pub prepare_update: fn(&mut T, &T),
    /// The same for an update of the status subresource: only the status of `new` counts.
    pub prepare_status: fn(&mut T, &T),
    /// Whether the specs differ, that is, whether the generation counts up.
    pub spec_changed: fn(&T, &T) -> bool,
    pub validate: fn(&T, &mut FieldErrors),
    /// What is wrong with the change from the second to the first, besides what is wrong with the first.
    pub validate_update: fn(&T, &T, &mut FieldErrors),
    /// Whether `validate_update` judges the new object too, more leniently than `validate` judges one that is created.
    pub update_judges_alone: bool,
    /// The same for a change of the status.
    pub validate_status: fn(&T, &T, &mut FieldErrors),
    /// What whoever writes it should know; the second is the object as it was, if it was there.
    pub warnings: fn(&T, Option<&T>) -> Vec<String>,
    /// The same for whoever writes its status.
    pub status_warnings: fn(&T) -> Vec<String>,
    /// Whether a delete is answered with the object as it was, not only with its name.
    pub returns_deleted: bool,
    /// Whether a deletion that does not say what becomes of what the object owns leaves that behind; and what whoever deletes so
    /// should know.
    pub leaves_owned: bool,
    pub deletion_warning: Option<&'static str>,
    /// Why the object of that name is never deleted, if so.
    pub stays: fn(&str) -> Option<&'static str>,
    /// What a first request to delete does to an object that is emptied before it goes.
    pub condemn: Option<fn(&mut T, Time)>,
    /// Since when nobody should use it, and what instead: everybody who asks for it is told.
    pub deprecated: Option<&'static str>,
    pub columns: &'static [Column<T>],
    /// Fields that a field selector may name besides metadata.name and metadata.namespace.
    pub selectable: &'static [&'static str],
    pub field: fn(&T, &str) -> Option<String>,
    pub scale: Option<Scale<T>>,
    /// Seconds of grace a plain delete gives; `None` deletes at once.
    pub grace: fn(&T) -> Option<i64>,
    /// How long its objects are kept after they were last written, if not for ever.
    pub lifetime: Option<Duration>,
    /// How its objects lie in the store as bytes, where there are many that nobody looks at.
    pub packing: Option<&'static Packing<T>>,
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
            verbs: ALL_VERBS,
            subresources: &[],
            storage_version: None,
            conversion: None,
            aggregated: false,
            generation: false,
            create_on_update: false,
            unconditional_update: true,
            name_rule: super::names::dns1123_subdomain,
            before_decoding: |_| {},
            unconvertible: |_| None,
            defaults: |_| {},
            stamp: |_, _| {},
            prepare_create: |_| {},
            early_warnings: |_| vec![],
            prepare_update: |_, _| {},
            prepare_status: |_, _| {},
            spec_changed: |_, _| false,
            validate: |_, _| {},
            validate_update: |_, _, _| {},
            update_judges_alone: false,
            validate_status: |_, _, _| {},
            warnings: |_, _| vec![],
            status_warnings: |_| vec![],
            returns_deleted: false,
            leaves_owned: false,
            deletion_warning: None,
            stays: |_| None,
            condemn: None,
            deprecated: None,
            columns: &[],
            selectable: &[],
            field: |_, _| None,
            scale: None,
            grace: |_| None,
            lifetime: None,
            packing: None,
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
    fn verbs(&self) -> &'static [&'static str];
    fn subresources(&self) -> &'static [Subresource];
    fn storage_version(&self) -> &'static str;
    fn conversion(&self) -> Option<&Conversion>;
    fn is_aggregated(&self) -> bool;
    fn has_generation(&self) -> bool;
    fn creates_on_update(&self) -> bool;
    fn updates_unconditionally(&self) -> bool;
    fn check_name(&self, name: &str, prefix: bool) -> Vec<String>;
    fn decode(&self, json: Value) -> Result<Object, String>;
    fn defaults(&self, o: &mut Object);
    fn stamp(&self, o: &mut Object, now: Time);
    fn prepare_create(&self, o: &mut Object);
    fn early_warnings(&self, o: &Object) -> Vec<String>;
    fn prepare_update(&self, new: &mut Object, old: &Object);
    fn prepare_status(&self, new: &mut Object, old: &Object);
    fn spec_changed(&self, new: &Object, old: &Object) -> bool;
    fn validate(&self, o: &Object, errors: &mut FieldErrors);
    fn validate_update(&self, new: &Object, old: &Object, errors: &mut FieldErrors);
    fn update_judges_alone(&self) -> bool;
    fn validate_status(&self, new: &Object, old: &Object, errors: &mut FieldErrors);
    fn warnings(&self, new: &Object, old: Option<&Object>) -> Vec<String>;
    fn status_warnings(&self, new: &Object) -> Vec<String>;
    fn returns_deleted(&self) -> bool;
    fn leaves_owned(&self) -> bool;
    fn deletion_warning(&self) -> Option<&'static str>;
    /// Why the object of that name is never deleted, if so.
    fn stays(&self, _name: &str) -> Option<&'static str> {
        None
    }
    /// Marks an object that is emptied before it goes; `false` if its kind knows nothing of the sort.
    fn condemn(&self, o: &mut Object, now: Time) -> bool;
    fn deprecated(&self) -> Option<&'static str>;
    fn column_headers(&self) -> Vec<ColumnHeader>;
    fn row(&self, o: &Object, now: Time) -> Vec<Cell>;
    fn selectable(&self) -> &'static [&'static str];
    fn field(&self, o: &Object, field: &str) -> Option<String>;
    fn scale_of(&self, o: &Object) -> Option<ScaleValues>;
    fn set_scale(&self, o: &mut Object, replicas: i32);
    fn grace(&self, o: &Object) -> Option<i64>;
    /// How long an object is kept after it was last written, if not for ever.
    fn lifetime(&self) -> Option<Duration> {
        None
    }
    /// Makes an object small for the time in which nobody looks at it.
    fn pack(&self, _o: &mut Object) {}
}

/// A column of a server-side Table, without the function that fills it.
#[derive(Clone, Copy, Debug)]
pub struct ColumnHeader {
    pub name: &'static str,
    pub type_name: &'static str,
    pub format: &'static str,
    pub priority: i32,
    pub description: &'static str,
}

impl ColumnHeader {
    pub fn new(name: &'static str, kind: ColumnType, priority: i32, description: &'static str) -> ColumnHeader {
        ColumnHeader { name, type_name: kind.type_name(), format: kind.format(), priority, description }
    }
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
    fn verbs(&self) -> &'static [&'static str] {
        self.verbs
    }
    fn subresources(&self) -> &'static [Subresource] {
        self.subresources
    }
    fn storage_version(&self) -> &'static str {
        self.storage_version.unwrap_or(self.version)
    }
    fn conversion(&self) -> Option<&Conversion> {
        self.conversion.as_ref()
    }
    fn is_aggregated(&self) -> bool {
        self.aggregated
    }
    fn has_generation(&self) -> bool {
        self.generation
    }
    fn creates_on_update(&self) -> bool {
        self.create_on_update
    }
    fn updates_unconditionally(&self) -> bool {
        self.unconditional_update
    }
    fn check_name(&self, name: &str, prefix: bool) -> Vec<String> {
        (self.name_rule)(name, prefix)
    }
    fn decode(&self, mut json: Value) -> Result<Object, String> {
        (self.before_decoding)(&mut json);
        let read = serde_json::from_value::<T>(json).map_err(|e| e.to_string())?;
        match (self.unconvertible)(&read) {
            None => Ok(Object::new(read)),
            Some(why) => Err(why),
        }
    }
    fn defaults(&self, o: &mut Object) {
        typed_mut(o, self.defaults);
    }
    fn stamp(&self, o: &mut Object, now: Time) {
        typed_mut(o, |t| (self.stamp)(t, now));
    }
    fn prepare_create(&self, o: &mut Object) {
        typed_mut(o, self.prepare_create);
    }
    fn early_warnings(&self, o: &Object) -> Vec<String> {
        typed(o, self.early_warnings)
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
    fn update_judges_alone(&self) -> bool {
        self.update_judges_alone
    }
    fn validate_status(&self, new: &Object, old: &Object, errors: &mut FieldErrors) {
        if let (Some(n), Some(o)) = (new.get::<T>(), old.get::<T>()) {
            (self.validate_status)(n, o, errors);
        }
    }
    fn warnings(&self, new: &Object, old: Option<&Object>) -> Vec<String> {
        typed(new, |n| (self.warnings)(n, old.and_then(Object::get)))
    }
    fn status_warnings(&self, new: &Object) -> Vec<String> {
        typed(new, self.status_warnings)
    }
    fn returns_deleted(&self) -> bool {
        self.returns_deleted
    }
    fn leaves_owned(&self) -> bool {
        self.leaves_owned
    }
    fn stays(&self, name: &str) -> Option<&'static str> {
        (self.stays)(name)
    }
    fn deletion_warning(&self) -> Option<&'static str> {
        self.deletion_warning
    }
    fn condemn(&self, o: &mut Object, now: Time) -> bool {
        let Some(condemn) = self.condemn else { return false };
        typed_mut(o, |t| condemn(t, now));
        true
    }
    fn deprecated(&self) -> Option<&'static str> {
        self.deprecated
    }
    fn column_headers(&self) -> Vec<ColumnHeader> {
        let named = self.columns.iter().filter(|c| !c.name.is_empty());
        named.map(|c| ColumnHeader::new(c.name, c.kind, c.priority, c.description)).collect()
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
    fn lifetime(&self) -> Option<Duration> {
        self.lifetime
    }
    fn pack(&self, o: &mut Object) {
        if let Some(packing) = self.packing {
            o.pack_as(packing);
        }
    }
}
