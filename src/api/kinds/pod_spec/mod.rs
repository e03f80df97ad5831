//! What pods and pod templates share: a pod's spec, its containers and volumes.
//!
//! [`defaults`] fills a spec in and [`disabled`] takes out what this cluster has switched off. [`validation`] says what is
//! wrong with a spec and leads to the rest: [`containers`] (with [`env`](mod@env), [`handlers`], [`restarts`], [`mounts`],
//! [`resources`]), [`volumes`] (with [`volume_sources`], [`projected`], [`claim_template`]), [`security`] (with [`windows`] and
//! [`profiles`]), [`placement`] (with [`spread`]) and [`hosts`]. [`template`] judges a template as a whole, [`options`] says
//! what an object that exists may keep, and [`warnings`] what its author should know.
//!
//! Go has one value for a text that is absent and one that is empty, and so for lists: [`text`] and [`items`] read them so.

pub mod claim_template;
pub mod containers;
pub mod defaults;
pub mod disabled;
pub mod env;
pub mod handlers;
pub mod hosts;
pub mod mounts;
pub mod options;
pub mod path_overlaps;
pub mod placement;
pub mod pod_resources;
pub mod port_warnings;
pub mod profiles;
pub mod projected;
pub mod references;
pub mod resource_names;
pub mod resources;
pub mod restarts;
pub mod security;
pub mod spread;
pub mod template;
pub mod validation;
pub mod volume_sources;
pub mod volumes;
pub mod warnings;
pub mod windows;

pub use defaults::{default_pod_spec, default_spec, default_template};
pub use disabled::{drop_disabled, drop_disabled_of_template};
pub use options::Options;
pub use template::validate_template;
pub use validation::{Subject, validate_spec};
pub use warnings::template_warnings;

use k8s_openapi::api::core::v1::PodSpec;
use serde::Serialize;

use crate::api::internal;

pub fn container_names(spec: Option<&PodSpec>) -> String {
    spec.map(|s| s.containers.iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(",")).unwrap_or_default()
}

pub fn images(spec: Option<&PodSpec>) -> String {
    spec.map(|s| s.containers.iter().map(|c| c.image.as_deref().unwrap_or("")).collect::<Vec<_>>().join(","))
        .unwrap_or_default()
}

/// A text, which is empty if it is absent.
pub fn text(o: &Option<String>) -> &str {
    o.as_deref().unwrap_or("")
}

/// The items of a list, none if it is absent.
pub fn items<T>(o: &Option<Vec<T>>) -> &[T] {
    o.as_deref().unwrap_or_default()
}

/// A list of structs as an error shows it. `of` is their published type.
pub fn shown_list<T: Serialize>(list: &[T], of: &str) -> String {
    format!("[{}]", list.iter().map(|v| internal::shown(v, of)).collect::<Vec<_>>().join(","))
}
