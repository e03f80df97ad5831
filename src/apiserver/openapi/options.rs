//! What a request may ask for beside the object: the options of lists, of writes and of connections, as parameters of the query.
//! Real Kubernetes: apiserver/pkg/endpoints/installer.go AddObjectParams.
//!
//! The data lies in `api/schema/options.txt`, made by `tools/api-layout`.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::route::{Parameter, Place};

static TEXT: &str = include_str!("../../api/schema/options.txt");

fn lines() -> &'static BTreeMap<&'static str, &'static str> {
    static LINES: OnceLock<BTreeMap<&str, &str>> = OnceLock::new();
    LINES.get_or_init(|| TEXT.lines().filter_map(|l| l.split_once('\t')).collect())
}

fn read<T: serde::de::DeserializeOwned>(name: &str) -> Vec<T> {
    lines().get(name).and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
}

/// The parameters of a kind of options, such as `ListOptions`.
pub fn parameters(name: &str) -> Vec<Parameter> {
    let known: Vec<(String, String, String)> = read(name);
    let parameter = |(name, kind, description)| Parameter { place: Place::Query, name, kind, description };
    known.into_iter().map(parameter).collect()
}

/// Whether the answer shall be easy to read.
pub fn pretty() -> Parameter {
    let description = "If 'true', then the output is pretty printed. Defaults to 'false' unless the user-agent indicates a browser or command-line HTTP tool (curl and wget).";
    Parameter { place: Place::Query, name: "pretty".into(), kind: "string".into(), description: description.into() }
}

/// Whose library of kinds describes an object: it knows the kinds that every group has in different groups and versions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Library {
    Server,
    Clients,
}

impl Library {
    /// Every group and version that it knows.
    pub fn versions(self) -> Vec<(String, String)> {
        read(match self {
            Library::Server => "server",
            Library::Clients => "clients",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_have_options() {
        let list = parameters("ListOptions");
        assert!(list.iter().any(|p| p.name == "labelSelector" && p.kind == "string" && !p.description.is_empty()));
        assert!(Library::Server.versions().contains(&("apps".into(), "v1".into())));
    }
}
