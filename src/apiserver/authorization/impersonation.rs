//! Acting as another user, for those who may: `kubectl --as`.
//!
//! Since 1.36 there are two ways: rules that allow to act as somebody in one kind of request (`impersonate-on:…`), and the
//! old one that allows it in all. Whichever allows it is taken; the first that applied words the refusal.
//! Real Kubernetes: apiserver/pkg/endpoints/filters/impersonation.

use super::Attributes;
use crate::api::object::Name;
use crate::api::request::Impersonation;
use crate::api::user::{
    ANONYMOUS, AUTHENTICATED, MASTERS, NODES, UNAUTHENTICATED, User, as_node, as_service_account,
    service_account_groups,
};
use crate::api::{Reason, Status};
use crate::apiserver::ApiServer;

const AUTHENTICATION: &str = "authentication.k8s.io";

/// The user that `requester` becomes for a request, if they may.
pub fn become_user(
    api: &ApiServer,
    requester: &User,
    wanted: &Impersonation,
    request: &Attributes<'_>,
) -> Result<User, Status> {
    if wanted.user.is_empty() {
        return Err(Status::bad_request(format!("requested {} without impersonating a user name", shown(wanted))));
    }
    let alone = wanted.uid.is_empty() && wanted.groups.is_empty() && wanted.extra.is_empty();
    let (node, account) = (as_node(&wanted.user), as_service_account(&wanted.user));
    let modes = [
        ("arbitrary-node", alone && node.is_some()),
        ("serviceaccount", alone && account.is_some()),
        ("user-info", node.is_none() && account.is_none()),
    ];
    let constrained = modes.into_iter().filter(|(_, applies)| *applies).map(|(mode, _)| {
        let verb = format!("impersonate-on:{mode}:{}", request.verb);
        allow(api, requester, &Attributes { verb: &verb, ..*request })?;
        checked(api, requester, wanted, &format!("impersonate:{mode}"), true)
    });
    let mut first = None;
    for attempt in constrained.chain(std::iter::once_with(|| checked(api, requester, wanted, "impersonate", false))) {
        match attempt {
            Ok(user) => return Ok(user),
            Err(status) => first = first.or(Some(status)),
        }
    }
    Err(first.unwrap_or_else(|| Status::new(Reason::InternalError, "all impersonation modes failed")))
}

/// As Go shows its struct.
fn shown(wanted: &Impersonation) -> String {
    let list = |of: &[String]| of.iter().map(|t| format!("{t:?}")).collect::<Vec<_>>().join(", ");
    let groups = match wanted.groups.as_slice() {
        [] => "(nil)".into(),
        some => format!("{{{}}}", list(some)),
    };
    let extra = match wanted.extra.is_empty() {
        true => "(nil)".into(),
        false => {
            let each = wanted.extra.iter().map(|(k, v)| format!("{k:?}:[]string{{{}}}", list(v)));
            format!("{{{}}}", each.collect::<Vec<_>>().join(", "))
        }
    };
    format!(
        "&user.DefaultInfo{{Name:\"\", UID:{:?}, Groups:[]string{groups}, Extra:map[string][]string{extra}}}",
        wanted.uid
    )
}

fn allow(api: &ApiServer, requester: &User, wish: &Attributes<'_>) -> Result<(), Status> {
    let verdict = api.judge(requester, wish);
    if verdict.allowed { Ok(()) } else { Err(wish.forbidden(requester, &verdict.reason)) }
}

/// Asks for everything that is to be impersonated, one after the other.
fn checked(
    api: &ApiServer,
    requester: &User,
    wanted: &Impersonation,
    verb: &str,
    constrained: bool,
) -> Result<User, Status> {
    let group = if constrained { AUTHENTICATION } else { "" };
    let of = |group, resource| Attributes { verb, group, resource, ..Attributes::default() };
    let mut groups: Vec<Name> = wanted.groups.iter().map(Name::from).collect();
    let mut user = Attributes { name: &wanted.user, ..of(group, "users") };
    if constrained && let Some(node) = as_node(&wanted.user) {
        user = Attributes { name: node, ..of(group, "nodes") };
        groups = vec![NODES.into()];
    }
    if let Some((namespace, name)) = as_service_account(&wanted.user) {
        user = Attributes { name, namespace, ..of(group, "serviceaccounts") };
        if groups.is_empty() {
            groups = service_account_groups(namespace).map(Name::from).to_vec();
        }
    }
    allow(api, requester, &user)?;
    if !wanted.uid.is_empty() {
        allow(api, requester, &Attributes { name: &wanted.uid, ..of(AUTHENTICATION, "uids") })?;
    }
    for name in &wanted.groups {
        let wish = Attributes { name, ..of(group, "groups") };
        if constrained && name == MASTERS {
            return Err(wish.forbidden(requester, "impersonating the system:masters group is not allowed"));
        }
        allow(api, requester, &wish)?;
    }
    for (key, values) in &wanted.extra {
        for name in values {
            allow(api, requester, &Attributes { name, subresource: key, ..of(AUTHENTICATION, "userextras") })?;
        }
    }
    let everybody = if wanted.user == ANONYMOUS { UNAUTHENTICATED } else { AUTHENTICATED };
    if !groups.iter().any(|g| g == everybody || g == UNAUTHENTICATED) {
        groups.push(everybody.into());
    }
    Ok(User { name: wanted.user.as_str().into(), uid: wanted.uid.clone(), groups, extra: wanted.extra.clone() })
}
