//! The `scale` subresource: how many replicas an object has and wants, as an object of its own; and who owns them when they
//! are written through it, for they are one field of the object.
//! Real Kubernetes: apimachinery/pkg/util/managedfields/scalehandler.go, pkg/registry/apps/deployment/storage/storage.go.

use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry;
use serde_json::{Value, json};

use super::ApiServer;
use super::caller::Caller;
use super::table::{Include, scale_table};
use super::target::Target;
use crate::api::field::{FieldErrors, Path};
use crate::api::kind::Subresource;
use crate::api::managed::{PathElement, Scale, ScaleOwners, entries_of, on_apply, on_update};
use crate::api::ownership::By;
use crate::api::patch::{self, PatchType};
use crate::api::request::{Accept, Method, Request, Response};
use crate::api::{KindRef, Object, Reason, Status, canonical, custom};

impl ApiServer {
    pub(super) fn get_scale(&self, t: &Target, request: &Request, who: &Caller<'_>) -> Response {
        let o = self.get(&t.key())?;
        if request.accept == Accept::Table {
            let include = Include::parse(request.param("includeObject"))?;
            return Ok(scale_table(o, scale_json(o)?, who.now, include).into());
        }
        Ok(scale_json(o)?.into())
    }

    pub(super) fn put_scale(
        &mut self,
        t: &Target,
        request: &Request,
        who: &mut Caller<'_>,
        verb: &'static str,
    ) -> Response {
        let old = self.get(&t.key())?.clone();
        let owned = OwnedScale::of(&old, t.kind)?;
        let before = scale_json(&old)?;
        let body = request.body.as_ref().unwrap_or(&Value::Null);
        let wanted = match request.method {
            Method::Patch(PatchType::Apply) => {
                let force = request.param("force") == Some("true");
                owned.applied(&before, body, force, &self.by(t.kind, Some(Subresource::Scale), who))?
            }
            Method::Patch(PatchType::Json) => patch::apply(&before, body, PatchType::Json, t.kind)?,
            Method::Patch(_) => patch::apply(&before, body, PatchType::Merge, t.kind)?,
            _ => body.clone(),
        };
        let replicas = replicas_of(&wanted, request.method, &old)?;
        let mut new = custom::as_kind(&old, t.kind);
        new.kind().set_scale(&mut new, replicas);
        new.meta_mut().resource_version = wanted["metadata"]["resourceVersion"].as_str().map(Into::into);
        let by = self.by(t.kind, Some(Subresource::Scale), who);
        who.applied = Some(owned.after(&before, wanted, request.method, &by)?);
        let stored = self.update(new, Some(Subresource::Scale), verb, who);
        who.applied = None;
        let stored = stored?;
        Ok(scale_json(&stored)?.into())
    }
}

pub(super) fn scale_json(o: &Object) -> Result<Value, Status> {
    let s = o.kind().scale_of(o).ok_or_else(Status::no_such_path)?;
    let m = o.meta();
    // No replicas are left out, and so is no selector.
    let spec = if s.wanted == 0 { json!({}) } else { json!({"replicas": s.wanted}) };
    let mut status = json!({"replicas": s.current});
    if !s.selector.is_empty() {
        status["selector"] = s.selector.into();
    }
    Ok(json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1",
        "metadata": {"name": o.name(), "namespace": o.namespace(), "uid": o.uid(), "resourceVersion": m.resource_version,
                     "creationTimestamp": m.creation_timestamp.as_ref().map(|t| t.0.to_string())},
        "spec": spec,
        "status": status,
    }))
}

/// How many replicas a Scale asks for.
fn replicas_of(scale: &Value, method: Method, o: &Object) -> Result<i32, Status> {
    let given = &scale["spec"]["replicas"];
    let number = canonical::whole(given).and_then(|n| i32::try_from(n).ok());
    match number {
        None if given.is_null() => Ok(0),
        None => {
            let what = canonical::word(given, "int32");
            let why =
                format!("json: cannot unmarshal {what} into Go struct field ScaleSpec.spec.replicas of type int32");
            Err(match method {
                Method::Patch(_) => patch::Refused::Misfit(scale.to_string(), why).into(),
                _ => Status::bad_request(format!("Scale in version \"v1\" cannot be handled as a Scale: {why}")),
            })
        }
        Some(n) if n < 0 => {
            let mut errors = FieldErrors::default();
            errors.non_negative(&Path::new("spec").child("replicas"), n.into());
            // The Scale is refused, not what it scales.
            Err(Status::invalid_as("Scale", "autoscaling", o.name(), errors.list()))
        }
        Some(n) => Ok(n),
    }
}

/// The owners of an object, and of its scale.
pub struct OwnedScale {
    api_version: String,
    replicas: Vec<PathElement>,
    parent: Vec<ManagedFieldsEntry>,
    scale: Vec<ManagedFieldsEntry>,
}

fn internal(why: String) -> Status {
    Status::new(Reason::Unknown, why)
}

impl OwnedScale {
    pub fn of(o: &Object, kind: KindRef) -> Result<OwnedScale, Status> {
        let path = match kind.custom().and_then(|c| c.replicas_path()) {
            Some(path) => path.iter().map(|step| PathElement::field(step)).collect(),
            None => vec![PathElement::field("spec"), PathElement::field("replicas")],
        };
        let entries = json!({"metadata": {"managedFields": o.owners().map_or(&Value::Null, |o| o)}});
        let parent = if o.owners().is_some() { entries_of(&entries).map_err(internal)? } else { vec![] };
        let mut owned = OwnedScale { api_version: kind.api_version(), replicas: path, parent, scale: vec![] };
        owned.scale = owned.with(|owners| owners.of_scale(&owned.parent)).map_err(internal)?;
        Ok(owned)
    }

    fn with<R>(&self, f: impl FnOnce(&ScaleOwners<'_>) -> R) -> R {
        let replicas = [(self.api_version.as_str(), Some(self.replicas.clone()))];
        f(&ScaleOwners { api_version: &self.api_version, replicas: &replicas })
    }

    /// The scale with its owners.
    fn whole(&self, scale: &Value) -> Value {
        let mut scale = scale.clone();
        scale["metadata"]["managedFields"] = json!(self.scale);
        scale
    }

    /// The scale that an apply makes.
    pub fn applied(&self, scale: &Value, config: &Value, force: bool, by: &By) -> Result<Value, Status> {
        on_apply(Some(&self.whole(scale)), config, &Scale, &by.writer(), force)
    }

    /// The owners of the object, once its scale is what was wanted.
    pub fn after(&self, before: &Value, wanted: Value, method: Method, by: &By) -> Result<Arc<Value>, Status> {
        let mut after = wanted;
        if method != Method::Patch(PatchType::Apply) {
            if method != Method::Put {
                after["metadata"]["managedFields"] = json!(self.scale);
            }
            on_update(Some(&self.whole(before)), &mut after, &Scale, &by.writer());
        }
        let scale = match after["metadata"].get("managedFields") {
            None | Some(Value::Null) => vec![],
            Some(_) => entries_of(&after).map_err(internal)?,
        };
        let parent = self.with(|owners| owners.of_parent(&self.parent, &scale)).map_err(internal)?;
        Ok(Arc::new(json!(parent)))
    }
}
