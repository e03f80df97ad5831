//! Field management: who owns which fields of an object, and what an apply on the server does with that.
//!
//! Start with [`write`]: [`on_update`] writes down who owns what after a create, an update or a patch; [`on_apply`]
//! merges a configuration into an object, or says with whom it is in conflict. Both ask an [`Updater`](updater), which
//! works on [`Typed`] values, that is, JSON that fits a [`Schema`]; what they own is a [`FieldSet`]. A kind gives its
//! schemas and versions as [`Versions`]: [`BuiltIn`] has the built-in kinds, [`Custom`] those of definitions.
//!
//! A server asks [`on_update`] with what a request makes of an object, before admission; carries `metadata.managedFields` over to
//! what is stored in the end; and calls [`keep_times`] last. To do so only when somebody looks, it keeps the object as requested.
//!
//! Nothing here reads a clock or changes a cluster: the same object, configuration, writer and time give the same result.
//!
//! In Kubernetes this is sigs.k8s.io/structured-merge-diff (fieldpath, typed, merge),
//! k8s.io/apimachinery/pkg/util/managedfields and the field manager of k8s.io/apiserver/pkg/endpoints/handlers.

mod cap;
mod compare;
mod conflict;
mod element;
mod fields;
mod fields_v1;
mod filter;
mod last_applied;
mod layout;
mod merge;
mod openapi;
pub mod options;
mod owners;
mod reconcile;
mod remove;
mod reset;
mod scale;
mod schema;
mod set;
mod typed;
mod updater;
pub mod upgrade;
mod values;
mod versions;
mod write;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;

use serde_json::Value;

use super::{Reason, Status};

pub use compare::Comparison;
pub use conflict::Conflicts;
pub use element::{Path, PathElement, path_text};
pub use filter::Filter;
pub use owners::{Manager, Operation, Owned, Owners, entries_of, validate};
pub use scale::ScaleOwners;
pub use schema::{Atom, Keys, List, ListKind, Map, Scalar, Schema};
pub use set::FieldSet;
pub use typed::{Duplicates, Misfits, Typed};
pub use versions::{BuiltIn, Converter, Custom, CustomVersion, Scale, Unconverted, Versions};
pub use write::{Writer, keep_times, on_apply, on_update};

/// What the server says when the object that an apply made cannot be read as one of its kind.
pub fn unreadable(config: &Value, why: &str) -> Status {
    let (who, kind) = (identity(config), gvk(config));
    let why = format!("unable to convert unstructured object to {kind}: {why}");
    Status::new(Reason::Unknown, format!("failed to convert new object ({who}) to proper version: {why}"))
}

/// `apps/v1, Kind=Deployment`, as Go prints the kind of an object.
fn gvk(object: &Value) -> String {
    let version = object["apiVersion"].as_str().unwrap_or("");
    let (group, version) = version.split_once('/').unwrap_or(("", version));
    format!("{group}/{version}, Kind={}", object["kind"].as_str().unwrap_or(""))
}

/// `default/web; apps/v1, Kind=Deployment`: the object that an error is about.
fn identity(object: &Value) -> String {
    let part = |key: &str| object["metadata"][key].as_str().unwrap_or("");
    format!("{}/{}; {}", part("namespace"), part("name"), gvk(object))
}
