//! The network plugin's part: it watches NetworkPolicies, pods and namespaces, and works out for each pod that a policy selects who
//! may talk to it and to whom it may talk.
//! Real Kubernetes: no part of Kubernetes itself; Calico, Cilium and kindnet do so. k8s.io/docs/concepts/services-networking/network-policies.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use k8s_openapi::api::networking::v1::{NetworkPolicyPeer, NetworkPolicyPort};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::api::kinds::{Namespace, NetworkPolicy, Pod};
use crate::api::network::{Allowed, Guard, Guards, NetworkCall, Protocol, Range};
use crate::api::object::Resource;
use crate::api::selector::Selector;
use crate::api::{Duration, Op, User, pods};
use crate::client::Cache;
use crate::store::Scope;
use crate::world::{Component, Ctx, Event, Tag};

const SOON: Duration = Duration::from_millis(20);

#[derive(Clone, Default)]
pub struct Policies {
    policies: Cache<NetworkPolicy>,
    pods: Cache<Pod>,
    namespaces: Cache<Namespace>,
    guards: Arc<Guards>,
    waiting: bool,
}

impl Component for Policies {
    fn name(&self) -> &'static str {
        "network-policy-agent"
    }

    fn agent(&self) -> &'static str {
        "network-policy-agent"
    }

    fn user(&self) -> User {
        User::of("system:serviceaccount:kube-system:network-policy-agent", &["system:serviceaccounts"])
    }

    fn watches(&self) -> Vec<Scope> {
        vec![Scope::all(NetworkPolicy::kind_ref()), Scope::all(Pod::kind_ref()), Scope::all(Namespace::kind_ref())]
    }

    fn step(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        match event {
            Event::Started(all) => {
                for c in &all {
                    let _ = self.policies.apply(c) || self.pods.apply(c) || self.namespaces.apply(c);
                }
                self.tell(ctx);
            }
            Event::Watch(c) => {
                let _ = self.policies.apply(&c) || self.pods.apply(&c) || self.namespaces.apply(&c);
                // Without policies nothing has to be worked out.
                let matters = !self.policies.is_empty() || !self.guards.is_empty();
                if matters && !std::mem::replace(&mut self.waiting, true) {
                    ctx.quietly_after(SOON, Tag::new("guards"));
                }
            }
            Event::Timer(_) => {
                self.waiting = false;
                self.tell(ctx);
            }
            _ => {}
        }
    }

    fn clone_box(&self) -> Box<dyn Component> {
        Box::new(self.clone())
    }
}

fn address(p: &Pod) -> Option<Ipv4Addr> {
    let host = p.spec.as_ref().and_then(|s| s.host_network) == Some(true);
    pods::ip(p).parse().ok().filter(|_| !host && !pods::is_terminal(p))
}

impl Policies {
    fn tell(&mut self, ctx: &mut Ctx<'_>) {
        let now = self.work_out();
        if *self.guards != now {
            self.guards = Arc::new(now);
            ctx.start(Op::Network(NetworkCall::ProgramPolicies(self.guards.clone())));
        }
    }

    fn work_out(&self) -> Guards {
        let mut all: Guards = BTreeMap::new();
        for policy in self.policies.iter() {
            let Some(spec) = &policy.spec else { continue };
            let selector = spec.pod_selector.as_ref().map_or(Selector::everything(), Selector::of);
            let types = spec.policy_types.clone().unwrap_or_else(|| vec!["Ingress".into()]);
            let name: Arc<str> = policy.name().into();
            for pod in self.pods.in_namespace(policy.namespace()) {
                let Some(ip) = address(pod).filter(|_| selector.matches(pod.meta().labels.as_ref())) else { continue };
                let guard: &mut Guard = all.entry(ip).or_default();
                guard.policies.push(name.clone());
                let ns = policy.namespace();
                if types.iter().any(|t| t == "Ingress") {
                    let rules = spec.ingress.iter().flatten();
                    let list = rules.map(|r| self.allowed(&name, ns, r.from.as_deref(), r.ports.as_deref(), Some(pod)));
                    guard.ingress.get_or_insert_default().extend(list);
                }
                if types.iter().any(|t| t == "Egress") {
                    let rules = spec.egress.iter().flatten();
                    let list = rules.map(|r| self.allowed(&name, ns, r.to.as_deref(), r.ports.as_deref(), None));
                    guard.egress.get_or_insert_default().extend(list);
                }
            }
        }
        all
    }

    /// One rule of a policy. Names of ports are those of the pod that is talked to.
    fn allowed(
        &self,
        policy: &Arc<str>,
        ns: &str,
        peers: Option<&[NetworkPolicyPeer]>,
        ports: Option<&[NetworkPolicyPort]>,
        to: Option<&Pod>,
    ) -> Allowed {
        let peers = peers.unwrap_or_default();
        let chosen: Vec<&Pod> = peers.iter().flat_map(|p| self.chosen(p, ns)).collect();
        let one = |ip| (Range { base: ip, bits: 32 }, vec![]);
        let blocks = peers.iter().filter_map(|p| p.ip_block.as_ref()).filter_map(|b| {
            let except = b.except.iter().flatten().filter_map(|e| Range::parse(e)).collect();
            Some((Range::parse(&b.cidr)?, except))
        });
        let list = chosen.iter().filter_map(|p| address(p)).map(one).chain(blocks).collect();
        let named: Vec<&Pod> = to.map_or(chosen, |p| vec![p]);
        let ports = ports.unwrap_or_default().iter().flat_map(|p| numbers(p, &named)).collect();
        Allowed { policy: policy.clone(), peers: list, anybody: peers.is_empty(), ports }
    }

    fn chosen<'a>(&'a self, peer: &NetworkPolicyPeer, ns: &'a str) -> Vec<&'a Pod> {
        if peer.ip_block.is_some() {
            return vec![];
        }
        let selector = peer.pod_selector.as_ref().map_or(Selector::everything(), Selector::of);
        let in_namespaces: Vec<&'a Pod> = match &peer.namespace_selector {
            None => self.pods.in_namespace(ns).collect(),
            Some(s) => {
                let s = Selector::of(s);
                let all = self.namespaces.iter().filter(|n| s.matches(n.meta().labels.as_ref()));
                all.flat_map(|n| self.pods.in_namespace(n.name())).collect()
            }
        };
        in_namespaces.into_iter().filter(|p| selector.matches(p.meta().labels.as_ref())).collect()
    }
}

fn numbers(p: &NetworkPolicyPort, pods: &[&Pod]) -> Vec<(Protocol, Option<(u16, u16)>)> {
    let protocol = Protocol::parse(p.protocol.as_deref().unwrap_or("TCP"));
    let number = |n: i32| u16::try_from(n).unwrap_or_default();
    match &p.port {
        None => vec![(protocol, None)],
        Some(IntOrString::Int(n)) => vec![(protocol, Some((number(*n), p.end_port.map_or(number(*n), number))))],
        Some(IntOrString::String(name)) => {
            let containers = pods.iter().flat_map(|p| p.spec.iter().flat_map(|s| s.containers.iter()));
            let found = containers.flat_map(|c| c.ports.iter().flatten()).filter(|c| c.name.as_deref() == Some(name));
            found.map(|c| (protocol, Some((number(c.container_port), number(c.container_port))))).collect()
        }
    }
}
