//! A request as those see it whom people put there: policies and webhooks.
//! Real Kubernetes: apiserver/pkg/admission/{attributes,conversion}.go.

use std::sync::Arc;

use serde_json::{Value, json};

use super::Ask;
use crate::api::kind::Subresource;
use crate::api::kinds::Namespace;
use crate::api::object::Key;
use crate::api::schema::TypeId;
use crate::api::selector::Selector;
use crate::api::{KindRef, Object, Resource, Status, User, canonical};
use crate::apiserver::scale::scale_json;
use crate::apiserver::{ApiServer, Caller};

/// (Real Kubernetes knows `CONNECT` as well; who connects to a pod does not pass through here.)
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operation {
    Create,
    Update,
    Delete,
}

impl Operation {
    pub fn name(self) -> &'static str {
        match self {
            Operation::Create => "CREATE",
            Operation::Update => "UPDATE",
            Operation::Delete => "DELETE",
        }
    }

    /// The kind of its options.
    fn options(self) -> &'static str {
        match self {
            Operation::Create => "CreateOptions",
            Operation::Update => "UpdateOptions",
            Operation::Delete => "DeleteOptions",
        }
    }
}

/// What is sent, or was there before.
#[derive(Clone, Copy)]
pub enum Sent<'a> {
    Object(&'a Object),
    /// A workload, of which only its scale is spoken.
    Scale(&'a Object),
    /// What is asked of an object: a binding, an eviction, a token.
    Body(&'a Value),
}

impl<'a> Sent<'a> {
    pub fn of(o: &'a Object, part: Option<Subresource>) -> Sent<'a> {
        if part == Some(Subresource::Scale) { Sent::Scale(o) } else { Sent::Object(o) }
    }

    /// It as a version of its kind shows it.
    pub fn json(self, kind: KindRef) -> Arc<Value> {
        match self {
            Sent::Object(o) => o.whole_in(kind),
            Sent::Scale(o) => Arc::new(scale_json(o).unwrap_or_default()),
            Sent::Body(v) => {
                let mut v = v.clone();
                if let Some(layout) = layout_of(&v) {
                    canonical::fill(&mut v, layout);
                }
                Arc::new(v)
            }
        }
    }

    pub fn is_selected(self, by: &Selector) -> bool {
        match self {
            Sent::Object(o) => by.matches(o.meta().labels.as_ref()),
            // The labels of what is scaled are not those of its scale.
            Sent::Scale(_) => by.matches(None),
            Sent::Body(v) => {
                let labels = v["metadata"]["labels"].as_object();
                let texts = |(k, v): (&String, &Value)| Some((k.clone(), v.as_str()?.to_string()));
                by.matches(labels.map(|l| l.iter().filter_map(texts).collect()).as_ref())
            }
        }
    }
}

/// How what is asked of an object looks, with the empty fields that Go writes.
fn layout_of(body: &Value) -> Option<TypeId> {
    let name = match body["kind"].as_str()? {
        "Binding" => "core/v1.Binding",
        "Eviction" => "policy/v1.Eviction",
        "TokenRequest" => "authentication/v1.TokenRequest",
        _ => return None,
    };
    TypeId::by_name(name)
}

#[derive(Clone)]
pub struct Request<'a> {
    pub api: &'a ApiServer,
    pub user: &'a User,
    pub operation: Operation,
    /// The version of the kind in which the request speaks of the object.
    pub kind: KindRef,
    pub part: Option<Subresource>,
    /// Of a namespace, its own name.
    pub namespace: &'a str,
    /// Empty if the object gets its name later.
    pub name: &'a str,
    pub dry_run: bool,
    pub options: Value,
    pub new: Option<Sent<'a>>,
    pub old: Option<Sent<'a>>,
}

impl<'a> Request<'a> {
    pub fn of_write(api: &'a ApiServer, who: &Caller<'a>, new: &'a Object, old: Option<&'a Object>) -> Request<'a> {
        let operation = if old.is_some() { Operation::Update } else { Operation::Create };
        let part = who.subresource;
        let (namespace, name) = (of_namespace(new.kind(), new.namespace(), new.name()), new.name());
        Request {
            new: Some(Sent::of(new, part)),
            old: old.map(|o| Sent::of(o, part)),
            ..Request::about(api, who, operation, new.kind(), part, (namespace, name))
        }
    }

    pub fn of_delete(api: &'a ApiServer, who: &Caller<'a>, key: &'a Key) -> Option<Request<'a>> {
        let old = api.store().get(key)?;
        let name = if who.options.of_all { "" } else { key.name.as_str() };
        let place = (of_namespace(key.kind, &key.namespace, name), name);
        let kind = old.kind();
        Some(Request { old: Some(Sent::Object(old)), ..Request::about(api, who, Operation::Delete, kind, None, place) })
    }

    pub fn of_ask(api: &'a ApiServer, who: &Caller<'a>, ask: &'a Ask<'_>) -> Request<'a> {
        let key = ask.key;
        let place = (key.namespace.as_str(), key.name.as_str());
        Request {
            new: Some(Sent::Body(&ask.body)),
            ..Request::about(api, who, Operation::Create, key.kind, Some(ask.part), place)
        }
    }

    fn about(
        api: &'a ApiServer,
        who: &Caller<'a>,
        operation: Operation,
        kind: KindRef,
        part: Option<Subresource>,
        (namespace, name): (&'a str, &'a str),
    ) -> Request<'a> {
        let asked = who.version.filter(|v| v.stored() == kind.stored());
        Request {
            api,
            user: who.user,
            operation,
            kind: asked.unwrap_or(kind),
            part,
            namespace,
            name,
            dry_run: who.dry_run,
            options: options(who, operation),
            new: None,
            old: None,
        }
    }

    /// Whether the request changes anything by itself.
    pub fn changes_something(&self) -> bool {
        let shown = |sent: Option<Sent<'_>>| match sent {
            Some(Sent::Object(o)) => Some(o.json().clone()),
            Some(sent) => Some(sent.json(self.kind)),
            None => None,
        };
        shown(self.new) != shown(self.old)
    }

    pub fn is_about_namespace(&self) -> bool {
        self.kind == Namespace::kind_ref()
    }

    /// The name by which a refusal speaks of the object.
    /// Real Kubernetes: apiserver/pkg/admission/errors.go extractResourceName.
    pub fn spoken_name(&self) -> &'a str {
        if !self.name.is_empty() {
            return self.name;
        }
        let Some(Sent::Object(o) | Sent::Scale(o)) = self.new else { return "Unknown" };
        let prefix = o.meta().generate_name.as_deref().filter(|p| !p.is_empty());
        if o.name().is_empty() { prefix.unwrap_or("Unknown") } else { o.name() }
    }

    pub fn part_name(&self) -> &'static str {
        self.part.map_or("", Subresource::name)
    }

    /// What the object is called in a version of its kind: group, version and kind. A part may have a kind of its own.
    pub fn kind_json(&self, kind: KindRef) -> Value {
        let (name, other) = self.part.map_or((kind.name().to_string(), None), |p| p.kind_of(kind));
        let (group, version) = other.unwrap_or((kind.group(), kind.version()));
        json!({"group": group, "version": version, "kind": name})
    }

    pub fn resource_json(kind: KindRef) -> Value {
        json!({"group": kind.group(), "version": kind.version(), "resource": kind.plural()})
    }

    /// The namespace that the object is in. One that is a namespace itself is in none.
    pub fn surroundings(&self) -> Option<&'a Arc<Object>> {
        let name = if self.is_about_namespace() { "" } else { self.namespace };
        if name.is_empty() { None } else { self.api.store().get(&Key::of::<Namespace>("", name)) }
    }

    /// # Errors
    /// The namespace that the object is in is gone.
    pub fn namespace_is_there(&self) -> Result<(), Status> {
        if self.surroundings().is_some() || self.is_about_namespace() || self.namespace.is_empty() {
            return Ok(());
        }
        Err(Status::not_found(Namespace::kind_ref(), self.namespace))
    }
}

/// A namespace is in itself.
fn of_namespace<'a>(kind: KindRef, namespace: &'a str, name: &'a str) -> &'a str {
    if kind == Namespace::kind_ref() { name } else { namespace }
}

fn options(who: &Caller<'_>, operation: Operation) -> Value {
    let given = who.options.deletion.as_deref().filter(|_| operation == Operation::Delete);
    let mut out = given.cloned().unwrap_or_else(|| json!({}));
    out["kind"] = operation.options().into();
    out["apiVersion"] = "meta.k8s.io/v1".into();
    if who.dry_run {
        out["dryRun"] = json!(["All"]);
    }
    if operation != Operation::Delete {
        for (key, text) in [("fieldManager", &who.options.manager), ("fieldValidation", &who.options.validation)] {
            if let Some(text) = text {
                out[key] = text.as_str().into();
            }
        }
    }
    out
}
