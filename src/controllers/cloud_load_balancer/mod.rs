//! cloud-controller-manager's service controller: the cloud makes a load balancer for each Service that asks for one, and its
//! address is written into the Service. Only a cluster in a cloud has it; elsewhere the address stays `<pending>`.
//!
//! The cloud itself is as simple as can be: it hands out an address after a while and takes it back at once.
//! Real Kubernetes: k8s.io/cloud-provider/controllers/service/controller.go; what it calls is the cloud's own.

pub mod decision;

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::LoadBalancerIngress;

use crate::api::kinds::Service;
use crate::api::kinds::service::{self, external_addresses};
use crate::api::{Duration, Key, Resource, Status, Time};
use crate::client::controller::Enqueue;
use crate::client::recorder::{Note, reference};
use crate::client::{Action, Cache, Reconciler, Recorder};
use crate::store::{Change, Scope};
use crate::world::Ctx;
use decision::LoadBalancerDecision;

/// It keeps a Service until its load balancer is gone.
const FINALIZER: &str = "service.kubernetes.io/load-balancer-cleanup";
/// How long a cloud takes for a load balancer.
const TAKES: Duration = Duration::from_secs(30);
/// The cloud's addresses: those that RFC 5737 keeps for documentation.
const ADDRESSES: &str = "203.0.113.";

#[derive(Clone)]
pub struct LoadBalancers {
    services: Cache<Service>,
    /// When the cloud will have made what it was asked for.
    ordered: BTreeMap<Key, Time>,
    recorder: Recorder,
}

impl Default for LoadBalancers {
    fn default() -> LoadBalancers {
        let recorder = Recorder::new("service-controller", "");
        LoadBalancers { services: Cache::default(), ordered: BTreeMap::new(), recorder }
    }
}

/// What is to be done about a Service.
#[derive(PartialEq, Eq, Debug)]
enum Plan {
    Nothing,
    Order,
    Remove,
}

impl Reconciler for LoadBalancers {
    type Primary = Service;
    const NAME: &'static str = "service-lb";
    const USER: &'static str = "cloud-controller-manager";
    const AGENT: &'static str = "cloud-controller-manager";

    fn watches() -> Vec<Scope> {
        vec![Scope::all(Service::kind_ref())]
    }

    fn observe(&mut self, c: &Change, enqueue: &mut Enqueue<'_>) {
        enqueue.follow(&mut self.services, c);
    }

    fn reconcile(&mut self, key: &Key, ctx: &mut Ctx<'_>) -> Result<Action, Status> {
        let Some(s) = self.services.by_key(key).cloned() else { return Ok(Action::done()) };
        match plan(&s) {
            Plan::Nothing => Ok(Action::done()),
            Plan::Order => self.order(&s, ctx),
            Plan::Remove => self.remove(&s, ctx),
        }
    }
}

impl LoadBalancers {
    fn order(&mut self, s: &Service, ctx: &mut Ctx<'_>) -> Result<Action, Status> {
        let now = ctx.now();
        let Some(&due) = self.ordered.get(&s.key()) else {
            ctx.decide(LoadBalancerDecision::Ordered { service: s.key() });
            self.say(s, "EnsuringLoadBalancer", "Ensuring load balancer", ctx);
            if !has_finalizer(s) {
                let done = ctx.api::<Service>().patch(s.namespace(), s.name(), |s| {
                    s.metadata.finalizers.get_or_insert_default().push(FINALIZER.into());
                })?;
                self.services.put(&done);
            }
            self.ordered.insert(s.key(), now + TAKES);
            return Ok(Action::after(TAKES));
        };
        if now < due {
            return Ok(Action::after(due.since(now)));
        }
        let Some(address) = free_address(self.services.iter()) else { return Ok(Action::quietly_after(TAKES)) };
        ctx.decide(LoadBalancerDecision::Given { service: s.key(), address: address.clone() });
        let ingress = LoadBalancerIngress { ip: Some(address), ip_mode: Some("VIP".into()), ..Default::default() };
        let set = |s: &mut Service| service::set_external_address(s, Some(ingress.clone()));
        let done = ctx.api::<Service>().patch_status(s.namespace(), s.name(), set)?;
        self.services.put(&done);
        self.ordered.remove(&s.key());
        self.say(s, "EnsuredLoadBalancer", "Ensured load balancer", ctx);
        Ok(Action::done())
    }

    fn remove(&mut self, s: &Service, ctx: &mut Ctx<'_>) -> Result<Action, Status> {
        self.ordered.remove(&s.key());
        ctx.decide(LoadBalancerDecision::Removed {
            service: s.key(),
            address: external_addresses(s).next().map(String::from),
        });
        self.say(s, "DeletingLoadBalancer", "Deleting load balancer", ctx);
        if s.metadata.deletion_timestamp.is_none() {
            let unset = |s: &mut Service| service::set_external_address(s, None);
            ctx.api::<Service>().patch_status(s.namespace(), s.name(), unset)?;
        }
        let done = ctx.api::<Service>().patch(s.namespace(), s.name(), |s| {
            s.metadata.finalizers.iter_mut().for_each(|all| all.retain(|f| f != FINALIZER));
        })?;
        self.services.put(&done);
        self.say(s, "DeletedLoadBalancer", "Deleted load balancer", ctx);
        Ok(Action::done())
    }

    fn say(&mut self, s: &Service, reason: &'static str, message: &str, ctx: &mut Ctx<'_>) {
        self.recorder.record(reference(s, None), Note::normal(reason, message), ctx);
    }
}

/// Real Kubernetes: wantsLoadBalancer, needsCleanup.
fn plan(s: &Service) -> Plan {
    let spec = s.spec.as_ref();
    let ours = spec.is_some_and(|s| s.type_.as_deref() == Some("LoadBalancer") && s.load_balancer_class.is_none());
    let wanted = ours && s.metadata.deletion_timestamp.is_none();
    match (wanted, has_finalizer(s)) {
        (true, true) if external_addresses(s).next().is_some() => Plan::Nothing,
        (true, _) => Plan::Order,
        (false, true) => Plan::Remove,
        (false, false) => Plan::Nothing,
    }
}

fn has_finalizer(s: &Service) -> bool {
    s.metadata.finalizers.iter().flatten().any(|f| f == FINALIZER)
}

/// The lowest that no Service has.
fn free_address<'a>(services: impl Iterator<Item = &'a Service>) -> Option<String> {
    let taken: BTreeSet<&str> = services.flat_map(external_addresses).collect();
    (1..=254).map(|n| format!("{ADDRESSES}{n}")).find(|ip| !taken.contains(ip.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(type_: &str, more: serde_json::Value) -> Service {
        let mut v = serde_json::json!({"metadata": {"name": "web"}, "spec": {"type": type_}});
        v.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(v).unwrap()
    }

    #[test]
    fn who_wants_a_load_balancer_gets_one_and_it_goes_with_the_wish() {
        let none = serde_json::json!({});
        let kept = serde_json::json!({"metadata": {"name": "web", "finalizers": [FINALIZER]}});
        let given = serde_json::json!({
            "metadata": {"name": "web", "finalizers": [FINALIZER]},
            "status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.1"}]}}});
        for (type_, more, wanted) in [
            ("ClusterIP", &none, Plan::Nothing),
            ("LoadBalancer", &none, Plan::Order),
            ("LoadBalancer", &kept, Plan::Order),
            ("LoadBalancer", &given, Plan::Nothing),
            ("NodePort", &given, Plan::Remove),
        ] {
            assert_eq!(plan(&service(type_, more.clone())), wanted, "{type_} {more}");
        }
        let all = [service("LoadBalancer", given)];
        assert_eq!(free_address(all.iter()).as_deref(), Some("203.0.113.2"));
    }
}
