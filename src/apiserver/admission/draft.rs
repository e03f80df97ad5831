//! What is written, in the hands of those who may change it.
//! Real Kubernetes: apiserver/pkg/admission/conversion.go VersionedAttributes.

use std::sync::Arc;

use serde_json::Value;

use super::request::Sent;
use crate::api::custom::{self, CustomKind, CustomObject};
use crate::api::kind::Subresource;
use crate::api::{KindRef, Object, Status, canonical, reading, structural};
use crate::apiserver::decoding::to_stored;

#[derive(Clone)]
pub enum Draft {
    Object(Object),
    /// A workload, of which only its scale can be changed.
    Scale(Object),
    /// What is asked of an object.
    Body(Value),
}

/// Fields that there are not.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    Dropped,
    Refused,
}

impl Draft {
    pub fn of(o: &Object, part: Option<Subresource>) -> Draft {
        if part == Some(Subresource::Scale) { Draft::Scale(o.clone()) } else { Draft::Object(o.clone()) }
    }

    pub fn sent(&self) -> Sent<'_> {
        match self {
            Draft::Object(o) => Sent::Object(o),
            Draft::Scale(o) => Sent::Scale(o),
            Draft::Body(v) => Sent::Body(v),
        }
    }

    pub fn json(&self, kind: KindRef) -> Arc<Value> {
        self.sent().json(kind)
    }

    /// What it becomes if a version of its kind is to show it like this, completed anew.
    ///
    /// # Errors
    /// Nothing of the kind can look like this.
    pub fn shown_as(&self, kind: KindRef, json: Value, unknown: Unknown) -> Result<Draft, String> {
        match self {
            Draft::Object(before) => {
                if let Some(custom) = kind.custom() {
                    return loose(before, kind, custom, json).map(Draft::Object);
                }
                let (o, fields) = reading::read(kind, json)?;
                if unknown == Unknown::Refused && !fields.is_empty() {
                    let list: Vec<String> = fields.iter().map(|f| format!("unknown field {f:?}")).collect();
                    return Err(format!("strict decoding error: {}", list.join(", ")));
                }
                let mut o = to_stored(o)?;
                o.meta_mut().managed_fields = None;
                o.kind().defaults(&mut o);
                o.set_ownership(before.ownership().clone());
                Ok(Draft::Object(o))
            }
            Draft::Scale(o) => {
                let replicas = &json["spec"]["replicas"];
                let wanted = canonical::whole(replicas).and_then(|n| i32::try_from(n).ok());
                let wanted = wanted.or(replicas.is_null().then_some(0)).ok_or_else(|| {
                    let what = canonical::word(replicas, "int32");
                    format!("json: cannot unmarshal {what} into Go struct field ScaleSpec.spec.replicas of type int32")
                })?;
                let mut o = o.clone();
                o.kind().set_scale(&mut o, wanted);
                Ok(Draft::Scale(o))
            }
            Draft::Body(_) => Ok(Draft::Body(json)),
        }
    }

    /// The object in the version in which it was sent, if it is one. What does not belong into a custom one is dropped now.
    fn into_object(self, sent: KindRef) -> Result<Option<Object>, String> {
        match self {
            Draft::Object(o) if o.as_custom().is_some() => {
                let (mut fitting, _) = reading::read(o.kind(), (**o.json()).clone())?;
                fitting = custom::as_kind(&fitting, sent);
                fitting.set_ownership(o.ownership().clone());
                Ok(Some(fitting))
            }
            Draft::Object(o) | Draft::Scale(o) => Ok(Some(o)),
            Draft::Body(_) => Ok(None),
        }
    }
}

/// Makes of an object what was drafted of it.
pub fn put(o: &mut Object, draft: Draft) -> Result<(), Status> {
    let done =
        draft.into_object(o.kind()).map_err(|why| Status::internal(&format!("failed to convert object: {why}")))?;
    if let Some(new) = done {
        *o = new;
    }
    Ok(())
}

/// A custom object that may have anything in it for the time being.
fn loose(before: &Object, kind: KindRef, custom: &CustomKind, mut json: Value) -> Result<Object, String> {
    structural::default(&mut json, custom.schema());
    let Value::Object(map) = json else { return Err("the object is none".into()) };
    let mut o = Object::custom(kind, CustomObject::of(map)?);
    o.meta_mut().managed_fields = None;
    o.set_ownership(before.ownership().clone());
    Ok(o)
}
