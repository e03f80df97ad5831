//! Service accounts: every namespace gets an account `default` and the certificate of the API server.
//! Real Kubernetes: pkg/controller/serviceaccount, pkg/controller/certificates/rootcacertpublisher.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::api::kinds::{ConfigMap, Namespace, ServiceAccount};
use crate::api::{Key, Reason, Resource, Status, User};
use crate::client::controller::Enqueue;
use crate::client::{Action, Cache, Reconciler};
use crate::ledger::{Decision, Facts};
use crate::store::{Change, ChangeKind, Scope};
use crate::world::Ctx;

const ROOT_CA: &str = "kube-root-ca.crt";

#[derive(Clone, Default)]
pub struct ServiceAccounts {
    namespaces: Cache<Namespace>,
    accounts: Cache<ServiceAccount>,
    configs: Cache<ConfigMap>,
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

impl Reconciler for ServiceAccounts {
    type Primary = Namespace;
    const NAME: &'static str = "serviceaccount";
    const USER: &'static str = "service-account-controller";

    fn watches() -> Vec<Scope> {
        vec![
            Scope::all(Namespace::kind_ref()),
            Scope::all(ServiceAccount::kind_ref()),
            Scope::all(ConfigMap::kind_ref()),
        ]
    }

    fn observe(&mut self, c: &Change, enqueue: &mut Enqueue<'_>) {
        if self.namespaces.apply(c) {
            enqueue.add(c.key.clone());
            return;
        }
        let mine =
            self.accounts.apply(c) && &*c.key.name == "default" || self.configs.apply(c) && &*c.key.name == ROOT_CA;
        if mine && c.kind == ChangeKind::Deleted {
            enqueue.add(Key::of::<Namespace>("", &c.key.namespace));
        }
    }

    fn reconcile(&mut self, key: &Key, ctx: &mut Ctx<'_>) -> Result<Action, Status> {
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
