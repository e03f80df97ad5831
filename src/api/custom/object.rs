//! A custom resource: metadata as every object has it, and the rest as its author wrote it.

use std::any::Any;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Map, Value};

use crate::api::object::Body;

/// The content beside `apiVersion`, `kind` and `metadata` is JSON whose shape the definition's schema tells.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct CustomObject {
    pub metadata: ObjectMeta,
    pub content: Map<String, Value>,
}

impl CustomObject {
    /// Takes an object apart. The error is Go's of metadata that are none.
    pub fn of(mut object: Map<String, Value>) -> Result<CustomObject, String> {
        object.remove("apiVersion");
        object.remove("kind");
        let metadata = match object.remove("metadata") {
            None | Some(Value::Null) => ObjectMeta::default(),
            Some(metadata) => serde_json::from_value(metadata).map_err(|e| e.to_string())?,
        };
        Ok(CustomObject { metadata, content: object })
    }
}

impl Body for CustomObject {
    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }
    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
    fn to_json(&self) -> Value {
        let mut whole = self.content.clone();
        whole.insert("metadata".into(), serde_json::to_value(&self.metadata).unwrap_or_default());
        Value::Object(whole)
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
