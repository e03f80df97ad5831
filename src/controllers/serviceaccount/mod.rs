//! Service accounts: every namespace gets an account `default` and the certificate of the API server; Secrets that ask for a token
//! of an account get one ([`tokens`]). In Kubernetes a controller each.
//! Real Kubernetes: pkg/controller/serviceaccount, pkg/controller/certificates/rootcacertpublisher.

pub mod tokens;

use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::api::kinds::{ConfigMap, Namespace, Secret, ServiceAccount};
use crate::api::{Key, Object, Reason, Resource, Status, User};
use crate::apiserver::delete::DeleteOptions;
use crate::client::controller::Enqueue;
use crate::client::{Action, Cache, Reconciler};
use crate::ledger::{Decision, Facts};
use crate::store::{Change, ChangeKind, Scope};
use crate::world::Ctx;
use tokens::{Plan, TokenDecision, account_of};

/// As whom the manager asks where no controller of its own does.
const MANAGER: &str = "system:kube-controller-manager";
const ROOT_CA: &str = "kube-root-ca.crt";

#[derive(Clone, Default)]
pub struct ServiceAccounts {
    namespaces: Cache<Namespace>,
    accounts: Cache<ServiceAccount>,
    configs: Cache<ConfigMap>,
    /// Those that hold tokens, or are to.
    secrets: Cache<Secret>,
}

#[derive(Clone, Debug)]
struct Furnished(Key);

impl Decision for Furnished {
    fn message(&self) -> &'static str {
        "serviceaccount-furnished"
    }
    fn facts(&self) -> Facts {
        vec![("namespace", self.0.name.to_string().into())]
    }
    fn about(&self) -> Option<Key> {
        Some(self.0.clone())
    }
}

impl ServiceAccounts {
    /// Fills a Secret that is to hold a token, or removes it.
    fn keep_token(&self, key: &Key, ctx: &mut Ctx<'_>) -> Result<Action, Status> {
        let Some(secret) = self.secrets.by_key(key).filter(|s| !s.is_deleting()) else { return Ok(Action::done()) };
        let Some(name) = account_of(secret).map(String::from) else { return Ok(Action::done()) };
        let authority = ctx.authority().map_err(|e| Status::internal(&e))?.certificate();
        let mut account = self.accounts.get(&key.namespace, &name).cloned();
        if account.is_none() {
            // The cache may be a little old, and what is deleted is gone.
            account = ctx
                .api::<ServiceAccount>()
                .get(&key.namespace, &name)
                .ok()
                .and_then(|o| o.get::<ServiceAccount>().cloned());
        }
        // It speaks as the manager itself, and not as one of its controllers.
        let (manager, secret_key) = (Arc::new(User::of(MANAGER, &[])), key.clone());
        match (tokens::plan(secret, account.as_ref(), &authority), account) {
            (Plan::Fill, Some(found)) => {
                let token = ctx.legacy_token(&found, &key.name).unwrap_or_default();
                let fresh = ctx.api_as::<Secret>(manager.clone()).get(&key.namespace, &key.name)?;
                let Some(mut fresh) = fresh.get::<Secret>().cloned() else { return Ok(Action::done()) };
                tokens::fill(&mut fresh, &found, &authority, &token);
                ctx.decide(TokenDecision::Filled { secret: secret_key, account: name });
                ctx.api_as::<Secret>(manager).update(fresh)?;
            }
            (Plan::Delete, _) => {
                let options = DeleteOptions { uid: Some(secret.uid().into()), ..DeleteOptions::default() };
                ctx.decide(TokenDecision::Deleted { secret: secret_key, account: name });
                match ctx.api_as::<Secret>(manager).delete(&key.namespace, &key.name, options) {
                    Err(e) if !e.is(Reason::NotFound) && !e.is(Reason::Conflict) => return Err(e),
                    _ => {}
                }
            }
            (Plan::Nothing | Plan::Fill, _) => {}
        }
        Ok(Action::done())
    }
}

impl Reconciler for ServiceAccounts {
    type Primary = Namespace;
    const NAME: &'static str = "serviceaccount";
    const USER: &'static str = "service-account-controller";

    fn watches() -> Vec<Scope> {
        vec![
            Scope::all(Namespace::kind_ref()),
            Scope::all(ServiceAccount::kind_ref()),
            Scope::all(ConfigMap::kind_ref()),
            Scope::all(Secret::kind_ref()),
        ]
    }

    fn observe(&mut self, c: &Change, enqueue: &mut Enqueue<'_>) {
        if self.namespaces.apply(c) {
            enqueue.add(c.key.clone());
            return;
        }
        if c.key.kind == Secret::kind_ref() {
            let is_ours = |o: &Object| o.get::<Secret>().is_some_and(|s| account_of(s).is_some());
            // Whoever takes the annotation away wants no token any more.
            if is_ours(&c.object) || c.previous.as_ref().is_some_and(|p| is_ours(p)) {
                enqueue.follow(&mut self.secrets, c);
            }
            return;
        }
        if c.key.kind == ServiceAccount::kind_ref() {
            // A new account fills what waits for it; with one that goes its tokens go.
            for s in self.secrets.in_namespace(&c.key.namespace).filter(|s| account_of(s) == Some(&*c.key.name)) {
                enqueue.add(s.key());
            }
        }
        let mine =
            self.accounts.apply(c) && &*c.key.name == "default" || self.configs.apply(c) && &*c.key.name == ROOT_CA;
        if mine && c.kind == ChangeKind::Deleted {
            enqueue.add(Key::of::<Namespace>("", &c.key.namespace));
        }
    }

    fn reconcile(&mut self, key: &Key, ctx: &mut Ctx<'_>) -> Result<Action, Status> {
        if key.kind == Secret::kind_ref() {
            return self.keep_token(key, ctx);
        }
        let alive = self.namespaces.by_key(key).is_some_and(|n| !n.is_deleting());
        if !alive {
            return Ok(Action::done());
        }
        let ns = key.name.to_string();
        let (no_account, no_config) =
            (self.accounts.get(&ns, "default").is_none(), self.configs.get(&ns, ROOT_CA).is_none());
        if no_account && no_config {
            ctx.decide(Furnished(key.clone()));
        }
        let meta =
            |name: &str| ObjectMeta { name: Some(name.into()), namespace: Some(ns.clone()), ..ObjectMeta::default() };
        let ok = |r: Result<_, Status>| match r {
            Err(e) if !e.is(Reason::AlreadyExists) => Err(e),
            _ => Ok(()),
        };
        if no_account {
            ok(ctx
                .api::<ServiceAccount>()
                .create(ServiceAccount { metadata: meta("default"), ..ServiceAccount::default() })
                .map(|_| ()))?;
        }
        if no_config {
            let mut metadata = meta(ROOT_CA);
            metadata.annotations = Some(
                [("kubernetes.io/description".to_string(), "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.".to_string())].into(),
            );
            let certificate = ctx.authority().map_err(|e| Status::internal(&e))?.certificate();
            let data = [("ca.crt".to_string(), certificate)].into();
            let publisher = User::service_account("kube-system", "root-ca-cert-publisher");
            ok(ctx
                .api_as::<ConfigMap>(publisher.into())
                .create(ConfigMap { metadata, data: Some(data), ..ConfigMap::default() })
                .map(|_| ()))?;
        }
        Ok(Action::done())
    }
}
