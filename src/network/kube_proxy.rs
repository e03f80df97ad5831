//! kube-proxy: one component for those of all nodes. It watches Services and EndpointSlices, and tells the nodes' kernels where
//! packets to each Service go, at most once a second.
//! Real Kubernetes: pkg/proxy, cmd/kube-proxy; pkg/proxy/runner/bounded_frequency_runner.go.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::decision::ProxyDecision;
use super::services::ports;
use super::watching::{self, Known};
use crate::api::network::{NetworkCall, PortName, ServicePort, Services};
use crate::api::object::Key;
use crate::api::{Duration, Op, Time, User};
use crate::client::Recorder;
use crate::client::recorder::{Note, about_node};
use crate::ledger::Causes;
use crate::store::Scope;
use crate::world::{Component, Ctx, Event, Tag};

/// How soon it acts on a change, and how long it leaves at least between two rounds.
const SOON: Duration = Duration::from_millis(10);
const PAUSE: Duration = Duration::from_secs(1);

#[derive(Clone)]
pub struct KubeProxy {
    /// The nodes, each of which has one.
    nodes: Vec<String>,
    recorder: Recorder,
    known: Known,
    /// As it was written last.
    programmed: Services,
    dirty: BTreeSet<Key>,
    causes: Causes,
    waiting: bool,
    last: Option<Time>,
    /// Nodes on which it does not run.
    off: BTreeSet<Arc<str>>,
    /// Nodes that hear nothing.
    parted: BTreeSet<Arc<str>>,
}

impl Component for KubeProxy {
    fn name(&self) -> &'static str {
        "kube-proxy"
    }

    fn agent(&self) -> &'static str {
        "kube-proxy"
    }

    fn user(&self) -> User {
        User::of("system:kube-proxy", &["system:node-proxier"])
    }

    fn watches(&self) -> Vec<Scope> {
        watching::scopes()
    }

    fn step(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        match event {
            Event::Started(all) => {
                for node in self.nodes.clone() {
                    self.tell_start(&node, ctx);
                }
                for c in &all {
                    self.dirty.extend(self.known.apply(c));
                }
                self.sync(ctx);
            }
            Event::Watch(c) => {
                let Some(service) = self.known.apply(&c) else { return };
                self.dirty.insert(service);
                for cause in ctx.causes() {
                    if !self.causes.contains(&cause) {
                        self.causes.push(cause);
                    }
                }
                self.arrange(ctx);
            }
            Event::Timer(tag) if tag.what == "sync" => {
                self.waiting = false;
                let causes = std::mem::take(&mut self.causes);
                if let Some(k) = self.dirty.first().cloned() {
                    ctx.because(&k, causes);
                }
                self.sync(ctx);
            }
            Event::Timer(tag) if tag.what == "fault kube-proxy" => {
                let Some(node) = tag.key.as_ref().map(|k| Arc::from(&*k.name)) else { return };
                if tag.n > 0 {
                    self.off.insert(node)
                } else {
                    self.tell_start(&node, ctx);
                    self.off.remove(&node)
                };
                self.tell(ctx);
            }
            Event::Timer(tag) if tag.what == "fault network" => {
                let Some(node) = tag.key.as_ref().map(|k| Arc::from(&*k.name)) else { return };
                if tag.n > 0 {
                    self.parted.insert(node)
                } else {
                    self.parted.remove(&node)
                };
                self.tell(ctx);
            }
            _ => {}
        }
    }

    fn clone_box(&self) -> Box<dyn Component> {
        Box::new(self.clone())
    }
}

impl KubeProxy {
    pub fn of_nodes(nodes: Vec<String>) -> KubeProxy {
        KubeProxy {
            nodes,
            recorder: Recorder::new("kube-proxy", ""),
            known: Known::default(),
            programmed: Services::default(),
            dirty: BTreeSet::new(),
            causes: Causes::default(),
            waiting: false,
            last: None,
            off: BTreeSet::new(),
            parted: BTreeSet::new(),
        }
    }

    /// The one of a node begins.
    fn tell_start(&mut self, node: &str, ctx: &mut Ctx<'_>) {
        self.recorder.record(about_node(node, ""), Note::normal("Starting", ""), ctx);
    }

    fn arrange(&mut self, ctx: &mut Ctx<'_>) {
        if std::mem::replace(&mut self.waiting, true) {
            return;
        }
        let now = ctx.now();
        let earliest = self.last.map_or(now, |l| l + PAUSE).max(now + SOON);
        ctx.after(earliest.since(now), Tag::new("sync"));
    }

    /// Works out anew what may have changed, and writes it if it has.
    fn sync(&mut self, ctx: &mut Ctx<'_>) {
        let mut changed = vec![];
        for service in std::mem::take(&mut self.dirty) {
            let now: Vec<(PortName, ServicePort)> = match self.known.services.by_key(&service) {
                Some(s) => ports(s, &self.known.slices_of(&service)),
                None => vec![],
            };
            if self.replace(&service, now) {
                changed.push(service);
            }
        }
        if changed.is_empty() {
            return;
        }
        self.last = Some(ctx.now());
        for service in changed {
            let of_service: Vec<&Arc<ServicePort>> = self.of(&service).map(|(_, p)| p).collect();
            let endpoints =
                of_service.iter().map(|p| p.endpoints.iter().filter(|e| e.ready).count()).max().unwrap_or(0);
            let address = of_service.first().map(|p| format!("{}:{}", p.cluster_ip, p.port)).unwrap_or_default();
            ctx.decide(ProxyDecision { service, address, endpoints });
        }
        self.tell(ctx);
    }

    fn of<'a>(&'a self, service: &'a Key) -> impl Iterator<Item = (&'a PortName, &'a Arc<ServicePort>)> {
        let from =
            PortName { namespace: (&*service.namespace).into(), service: (&*service.name).into(), port: "".into() };
        let is_its = |n: &PortName| *n.namespace == *service.namespace && *n.service == *service.name;
        self.programmed.range(from..).take_while(move |(n, _)| is_its(n))
    }

    /// Whether anything is different.
    fn replace(&mut self, service: &Key, now: Vec<(PortName, ServicePort)>) -> bool {
        let before: Vec<PortName> = self.of(service).map(|(n, _)| n.clone()).collect();
        let mut changed = false;
        for gone in before.iter().filter(|b| !now.iter().any(|(n, _)| n == *b)) {
            self.programmed.remove(gone);
            changed = true;
        }
        for (name, port) in now {
            if self.programmed.get(&name).is_none_or(|p| **p != port) {
                self.programmed.insert(name, Arc::new(port));
                changed = true;
            }
        }
        changed
    }

    fn tell(&self, ctx: &mut Ctx<'_>) {
        let except = self.off.union(&self.parted).cloned().collect();
        ctx.start(Op::Network(NetworkCall::ProgramServices { services: self.programmed.clone(), except }));
    }
}
