//! Who somebody is, as authentication found out.
//! Real Kubernetes: apiserver/pkg/authentication/user.

use std::collections::BTreeMap;

use super::object::Name;

pub const MASTERS: &str = "system:masters";
pub const AUTHENTICATED: &str = "system:authenticated";
pub const UNAUTHENTICATED: &str = "system:unauthenticated";
pub const ANONYMOUS: &str = "system:anonymous";
pub const NODES: &str = "system:nodes";
const NODE_PREFIX: &str = "system:node:";
const SERVICE_ACCOUNT_PREFIX: &str = "system:serviceaccount:";

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct User {
    pub name: Name,
    pub uid: String,
    pub groups: Vec<Name>,
    pub extra: BTreeMap<String, Vec<String>>,
}

impl User {
    /// A user in these groups, and in that of everybody who is known.
    pub fn of(name: &str, groups: &[&str]) -> User {
        let groups = groups.iter().copied().chain([AUTHENTICATED]).map(Name::from).collect();
        User { name: name.into(), groups, ..User::default() }
    }

    /// The service account of that namespace and name.
    pub fn service_account(namespace: &str, name: &str) -> User {
        let groups = service_account_groups(namespace);
        User::of(&format!("{SERVICE_ACCOUNT_PREFIX}{namespace}:{name}"), &[&groups[0], &groups[1]])
    }

    /// The API server, when it asks itself for something.
    pub fn api_server() -> User {
        User::of("system:apiserver", &[MASTERS])
    }

    /// The kubelet of a node.
    pub fn node(name: &str) -> User {
        User::of(&format!("{NODE_PREFIX}{name}"), &[NODES])
    }

    pub fn is_in(&self, group: &str) -> bool {
        self.groups.iter().any(|g| g == group)
    }

    /// The node whose kubelet this is.
    pub fn node_name(&self) -> Option<&str> {
        self.name.strip_prefix(NODE_PREFIX).filter(|_| self.is_in(NODES))
    }
}

/// The groups that every service account of a namespace is in.
pub fn service_account_groups(namespace: &str) -> [String; 2] {
    ["system:serviceaccounts".into(), format!("system:serviceaccounts:{namespace}")]
}

/// The namespace and name that a service account's user name has in it.
pub fn as_service_account(user: &str) -> Option<(&str, &str)> {
    user.strip_prefix(SERVICE_ACCOUNT_PREFIX)?.split_once(':').filter(|(ns, name)| !ns.is_empty() && !name.is_empty())
}

/// The node that a user name is meant for, whatever groups its bearer is in.
pub fn as_node(user: &str) -> Option<&str> {
    let name = user.strip_prefix(NODE_PREFIX)?;
    super::names::dns1123_subdomain(name, false).is_empty().then_some(name)
}
