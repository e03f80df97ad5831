//! Binding: a pod gets its node, once and for all. The scheduler asks for it, and whoever wants to be one.
//! Real Kubernetes: pkg/registry/core/pod/storage/storage.go BindingREST, pkg/apis/core/validation ValidatePodBinding.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::admission::{self, Ask};
use super::caller::Caller;
use super::clashes::other_object;
use super::{ApiServer, parts};
use crate::api::field::{FieldErrors, Path, aggregate};
use crate::api::kind::Subresource;
use crate::api::kinds::{Binding, Pod};
use crate::api::object::{Key, Resource};
use crate::api::status::Details;
use crate::api::{KindRef, Object, Reason, Status, conditions};
use crate::store::{Precondition, rev_of};

/// Whether objects of that kind are bindings: they are posted, and leave nothing but the pod that was bound.
pub fn is_binding(kind: KindRef) -> bool {
    kind == Binding::kind_ref()
}

impl ApiServer {
    /// Gives a pod its node.
    pub fn bind(&mut self, ns: &str, pod: &str, node: &str, who: &mut Caller<'_>) -> Result<Arc<Object>, Status> {
        let binding = json!({
            "apiVersion": "v1", "kind": "Binding", "metadata": {"name": pod, "namespace": ns},
            "target": {"kind": "Node", "name": node},
        });
        self.bind_as(&Key::of::<Pod>(ns, pod), binding, who)
    }

    /// Binds a pod as a body says; what is posted to the namespace names its pod itself.
    pub(super) fn post_binding(
        &mut self,
        ns: &str,
        pod: Option<&str>,
        body: &Value,
        who: &mut Caller<'_>,
    ) -> Result<Value, Status> {
        let binding = parts::decode(body, ("", &["v1"]), "Binding", "core/v1.Binding", who)?;
        let named = binding["metadata"]["name"].as_str().unwrap_or("");
        let key = Key::of::<Pod>(ns, pod.unwrap_or(named));
        parts::namespace_must_fit(&binding, &key)?;
        if key.name.is_empty() {
            return Err(Status::bad_request("Name parameter required."));
        }
        self.bind_as(&key, binding, who)?;
        Ok(json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}))
    }

    fn bind_as(&mut self, key: &Key, binding: Value, who: &mut Caller<'_>) -> Result<Arc<Object>, Status> {
        let name = Subresource::Binding.name();
        let done = self
            .authorize(who, "create", key, Some(Subresource::Binding))
            .and_then(|()| check(key, &binding))
            .and_then(|()| {
                let mut asked = Ask { key, part: Subresource::Binding, body: binding };
                admission::ask(self, &mut asked, who)?;
                self.bound(key, &asked.body, who)
            })
            .and_then(|new| match who.dry_run {
                true => Ok(Arc::new(new)),
                false => self.commit(who, "create", key, Some(name), Some(new), Precondition::Any),
            });
        if let Err(status) = &done {
            self.refuse(who, "create", key, Some(name), status);
        }
        done
    }

    /// The pod as it is once it has its node.
    fn bound(&mut self, key: &Key, binding: &Value, who: &Caller<'_>) -> Result<Object, Status> {
        let old = self.store.get(key).ok_or_else(|| Status::not_found(key.kind, &key.name))?;
        preconditions(old, binding)?;
        let node = binding["target"]["name"].as_str().unwrap_or("");
        let mut new = Object::touched(old);
        let deleting = new.is_deleting();
        let Some(pod) = new.get_mut::<Pod>() else { return Err(Status::not_found(key.kind, &key.name)) };
        let spec = pod.spec.get_or_insert_default();
        if deleting {
            return refuse(key, &format!("pod {} is being deleted, cannot be assigned to a host", key.name));
        }
        if let Some(here) = spec.node_name.as_deref().filter(|n| !n.is_empty()) {
            return refuse(key, &format!("pod {} is already assigned to node {here:?}", key.name));
        }
        if spec.scheduling_gates.as_ref().is_some_and(|g| !g.is_empty()) {
            return refuse(key, &format!("pod {} has non-empty .spec.schedulingGates", key.name));
        }
        spec.node_name = Some(node.into());
        let status = pod.status.get_or_insert_default();
        status.nominated_node_name = None;
        let condition = conditions::pod("PodScheduled", true, "", "", None);
        conditions::set(status.conditions.get_or_insert_default(), condition, who.now);
        self.specs.share_status(pod);
        // What the binding is annotated and labelled with is handed on to the pod.
        let annotations = texts(&binding["metadata"]["annotations"]);
        let labels = texts(&binding["metadata"]["labels"]);
        let meta = new.meta_mut();
        for (more, to) in [(annotations, &mut meta.annotations), (labels, &mut meta.labels)] {
            if !more.is_empty() {
                to.get_or_insert_default().extend(more);
            }
        }
        Ok(new)
    }
}

fn texts(map: &Value) -> BTreeMap<String, String> {
    let all = map.as_object().into_iter().flatten();
    all.filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_string()))).collect()
}

/// What no binding may say.
fn check(key: &Key, binding: &Value) -> Result<(), Status> {
    if binding["metadata"]["name"].as_str().unwrap_or("") != key.name.as_str() {
        return Err(Status::bad_request("name in URL does not match name in Binding object"));
    }
    let (mut errors, target) = (FieldErrors::default(), Path::new("target"));
    match binding["target"]["kind"].as_str().unwrap_or("") {
        "" | "Node" => {}
        other => errors.not_supported(&target.child("kind"), other, &["Node", "<empty>"]),
    }
    if binding["target"]["name"].as_str().unwrap_or("").is_empty() {
        errors.required(&target.child("name"), "");
    }
    match errors.is_empty() {
        true => Ok(()),
        false => Err(Status::new(Reason::Unknown, aggregate(errors.list()))),
    }
}

/// The pod must be the one that the binding means, if it says which.
fn preconditions(pod: &Object, binding: &Value) -> Result<(), Status> {
    let revision = rev_of(pod).0.to_string();
    for (what, field, is) in [("UID", "uid", pod.uid()), ("ResourceVersion", "resourceVersion", &revision)] {
        let wanted = binding["metadata"][field].as_str().unwrap_or("");
        if !wanted.is_empty() && wanted != is {
            return Err(other_object(pod, what, wanted, is));
        }
    }
    Ok(())
}

/// The pod cannot be bound any more, or not yet.
fn refuse(key: &Key, why: &str) -> Result<Object, Status> {
    let what = "pods/binding";
    let details = Details { name: key.name.to_string(), kind: what.into(), ..Details::default() };
    let message = format!("Operation cannot be fulfilled on {what} {:?}: {why}", key.name);
    Err(Status { details: Some(Box::new(details)), ..Status::new(Reason::Conflict, message) })
}
