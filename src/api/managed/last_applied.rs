//! From `kubectl apply` to `kubectl apply --server-side`: the annotation in which the one remembers what it applied
//! tells the server what the other may change without a conflict, and is kept up to date.
//!
//! Real Kubernetes: apimachinery/pkg/util/managedfields/internal/lastapplied{,manager,updater}.go.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::set::FieldSet;
use super::typed::Duplicates;
use super::updater::Updater;
use super::versions::{Versions, converted};
use super::write::Writer;
use crate::api::go_text;

/// The manager for whom this is done; whoever wants it otherwise applies under another name.
pub(super) const KUBECTL: &str = "kubectl";
const ANNOTATION: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// Bytes that all annotations of an object may have together.
const MAX_ANNOTATIONS: usize = 256 * 1024;

fn annotation(object: &Value) -> Option<&str> {
    object["metadata"]["annotations"][ANNOTATION].as_str().filter(|text| !text.is_empty())
}

fn annotations_of(object: &mut Value) -> Option<&mut Map<String, Value>> {
    object.get_mut("metadata")?.get_mut("annotations")?.as_object_mut()
}

/// What was applied last and still is as it was applied.
pub(super) fn fields(live: &Value, kind: &dyn Versions) -> Result<FieldSet, String> {
    let text = annotation(live).ok_or("no last applied annotation")?;
    let (version, _) = kind.request();
    let updater = Updater { kind };
    let live = converted(kind, live, version).map_err(|_| "failed to convert live obj to versioned")?;
    let live = updater.typed(live, Duplicates::Refused)?;
    let last: Value = serde_json::from_str(text).map_err(|e| e.to_string())?;
    if last["apiVersion"].as_str() != Some(version) {
        return Err("expected version of last applied to match live object".into());
    }
    let last = updater.typed(Cow::Owned(last), Duplicates::Refused)?;
    let found = last.compare(&live);
    Ok(last.fields().difference(&found.modified).difference(&found.added).difference(&found.removed))
}

/// Writes what is applied now into the annotation, if there is one.
pub(super) fn renew(object: &mut Value, config: &Value, writer: &Writer<'_>) {
    if writer.manager != KUBECTL || annotation(object).is_none() {
        return;
    }
    let mut config = config.clone();
    if let Some(annotations) = annotations_of(&mut config) {
        annotations.remove(ANNOTATION);
    }
    let Some(annotations) = annotations_of(object) else { return };
    annotations.insert(ANNOTATION.into(), format!("{}\n", go_text::json(&config)).into());
    let size: usize = annotations.iter().map(|(k, v)| k.len() + v.as_str().map_or(0, str::len)).sum();
    if size > MAX_ANNOTATIONS {
        annotations.remove(ANNOTATION);
    }
}
