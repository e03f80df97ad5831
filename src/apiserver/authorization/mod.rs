//! Who may do what: asked before a request is read any further.
//!
//! Start with [`ApiServer::authorize`]. Members of `system:masters` may do anything; then [`node`] judges kubelets, then
//! [`rbac`] looks for a rule that allows it; nobody can forbid. [`policy`] is what everybody finds in a fresh cluster,
//! [`escalation`] keeps people from giving away what they do not have, and [`impersonation`] lets them act as another.
//!
//! Deliberately absent: who somebody is (authentication comes with the request), and webhooks.
//!
//! In Kubernetes this is plugin/pkg/auth/authorizer and apiserver/pkg/authorization, with `--authorization-mode=Node,RBAC`.

pub mod escalation;
pub mod impersonation;
pub mod node;
pub mod policy;
pub mod rbac;
pub mod reviews;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::ApiServer;
use super::caller::Caller;
use crate::api::kind::Subresource;
use crate::api::object::{Key, Name};
use crate::api::selector::FieldTerm;
use crate::api::user::{MASTERS, User};
use crate::api::{KindRef, Reason, Status};
use crate::ledger::record::Granted;

/// What somebody wants to do. Texts that do not apply are empty.
#[derive(Clone, Copy, Debug, Default)]
pub struct Attributes<'a> {
    pub verb: &'a str,
    pub group: &'a str,
    pub resource: &'a str,
    pub subresource: &'a str,
    pub namespace: &'a str,
    pub name: &'a str,
    /// Set for what is no resource: `/healthz`.
    pub path: Option<&'a str>,
    /// What a list or watch is narrowed to.
    pub fields: &'a [FieldTerm],
}

impl<'a> Attributes<'a> {
    pub fn of(verb: &'a str, kind: KindRef, namespace: &'a str, name: &'a str, sub: &'a str) -> Attributes<'a> {
        let namespace = match kind.namespaced() {
            true => namespace,
            // A namespace is in itself.
            false if kind.plural() == "namespaces" && kind.group().is_empty() => name,
            false => "",
        };
        let (group, resource) = (kind.group(), kind.plural());
        Attributes { verb, group, resource, subresource: sub, namespace, name, ..Attributes::default() }
    }

    /// `pods/log`, as rules name it.
    pub fn whole_resource(&self) -> String {
        match self.subresource {
            "" => self.resource.into(),
            sub => format!("{}/{sub}", self.resource),
        }
    }

    /// The refusal. Real Kubernetes: apiserver/pkg/endpoints/handlers/responsewriters/errors.go.
    pub fn forbidden(&self, user: &User, reason: &str) -> Status {
        let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
        let who = format!("User {:?} cannot {}", user.name.as_str(), self.verb);
        if let Some(path) = self.path {
            let why = format!("forbidden: {who} path {path:?}{reason}");
            return Status { details: Some(Box::default()), ..Status::new(Reason::Forbidden, why) };
        }
        let what = format!("{who} resource {:?} in API group {:?}", self.whole_resource(), self.group);
        let place = match self.namespace {
            "" => "at the cluster scope".to_string(),
            ns => format!("in the namespace {ns:?}"),
        };
        let of = if self.group.is_empty() { self.resource.into() } else { format!("{}.{}", self.resource, self.group) };
        let subject = if self.name.is_empty() { of } else { format!("{of} {:?}", self.name) };
        let mut status = Status::new(Reason::Forbidden, format!("{subject} is forbidden: {what} {place}{reason}"));
        status.details = Some(Box::new(crate::api::status::Details {
            name: self.name.into(),
            group: self.group.into(),
            kind: self.resource.into(),
            ..Default::default()
        }));
        status
    }
}

/// What the authorizers said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verdict {
    pub allowed: bool,
    /// The rule that allows it, or what was wrong with those that might have.
    pub reason: Cow<'static, str>,
}

impl Verdict {
    fn yes(reason: impl Into<Cow<'static, str>>) -> Verdict {
        Verdict { allowed: true, reason: reason.into() }
    }
    /// What allows it, to somebody who needs that. The node authorizer does not say why.
    pub(super) fn grant(self) -> Granted {
        match self.reason {
            Cow::Owned(rule) => Granted::By(rule.into()),
            Cow::Borrowed(_) => Granted::ToNode,
        }
    }
    fn no(reason: impl Into<Cow<'static, str>>) -> Verdict {
        Verdict { allowed: false, reason: reason.into() }
    }
}

/// Which rule allows a user something in the whole cluster, whatever its name: components ask the same all the time.
/// Forgotten when any role or binding changes.
#[derive(Clone, Debug, Default)]
pub struct Known(BTreeMap<Name, Vec<(Wish, Arc<str>)>>);

/// A verb on a kind or a part of it.
type Wish = (&'static str, KindRef, Option<Subresource>);

impl Known {
    pub fn forget(&mut self) {
        self.0.clear();
    }
    fn get(&self, user: &Name, wish: &Wish) -> Option<&Arc<str>> {
        self.0.get(user)?.iter().find(|(w, _)| w == wish).map(|(_, rule)| rule)
    }
    fn put(&mut self, user: &Name, wish: Wish, rule: Arc<str>) {
        self.0.entry(user.clone()).or_default().push((wish, rule));
    }
}

impl ApiServer {
    /// Judges what somebody wants, by all authorizers in their order.
    pub fn judge(&self, user: &User, wish: &Attributes<'_>) -> Verdict {
        if user.is_in(MASTERS) {
            return Verdict::yes("");
        }
        let by_node = user.node_name().map(|node| node::judge(self, node, wish));
        if let Some(verdict) = by_node.as_ref().filter(|v| v.allowed) {
            return verdict.clone();
        }
        let by_role = rbac::judge(self, user, wish);
        match by_node {
            // What every authorizer had to say, one after the other.
            Some(v) if !by_role.allowed && !v.reason.is_empty() => {
                let reasons: Vec<&str> = [&*v.reason, &*by_role.reason].into_iter().filter(|r| !r.is_empty()).collect();
                Verdict::no(reasons.join("\n"))
            }
            _ => by_role,
        }
    }

    /// Lets the caller change this object, or says why not. The rule is noted for the ledger.
    pub(super) fn authorize(
        &mut self,
        who: &mut Caller<'_>,
        verb: &'static str,
        key: &Key,
        sub: Option<Subresource>,
    ) -> Result<(), Status> {
        if who.authorized || who.user.is_in(MASTERS) {
            return Ok(());
        }
        let wish = (verb, key.kind, sub);
        if let Some(rule) = self.known.get(&who.user.name, &wish) {
            who.granted = Some(Granted::By(rule.clone()));
            return Ok(());
        }
        let attributes = Attributes::of(verb, key.kind, &key.namespace, &key.name, sub.map_or("", Subresource::name));
        // What is allowed everywhere need not be asked again; a node may do different things to different objects.
        if who.user.node_name().is_none() {
            let anywhere = rbac::judge(self, who.user, &Attributes { namespace: "", name: "", ..attributes });
            if anywhere.allowed {
                let rule: Arc<str> = anywhere.reason.into();
                self.known.put(&who.user.name, wish, rule.clone());
                who.granted = Some(Granted::By(rule));
                return Ok(());
            }
        }
        let verdict = self.judge(who.user, &attributes);
        if !verdict.allowed {
            return Err(attributes.forbidden(who.user, &verdict.reason));
        }
        who.granted = Some(verdict.grant());
        Ok(())
    }
}
