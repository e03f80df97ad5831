//! EndpointSlice: writes down which pods stand behind a Service, and whether they may get traffic.
//! Real Kubernetes: pkg/controller/endpointslice, k8s.io/endpointslice/reconciler.go.

pub mod decision;
pub mod plan;
mod trigger;

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::api::kinds::{EndpointSlice, Pod, Service};
use crate::api::object::controller_ref;
use crate::api::selector::Labels;
use crate::api::{Key, Resource, Status, Time};
use crate::client::controller::Enqueue;
use crate::client::{Action, Cache, Reconciler};
use crate::store::{Change, Scope};
use crate::world::Ctx;
use decision::SliceDecision;
use trigger::Triggers;

pub const SERVICE_NAME: &str = "kubernetes.io/service-name";
const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
const MANAGER: &str = "endpointslice-controller.k8s.io";
const HEADLESS: &str = "service.kubernetes.io/headless";
const TRIGGER_TIME: &str = "endpoints.kubernetes.io/last-change-trigger-time";
/// Endpoints in one slice.
const LIMIT: usize = 100;

#[derive(Clone, Default)]
pub struct EndpointSlices {
    services: Cache<Service>,
    pods: Cache<Pod>,
    slices: Cache<EndpointSlice>,
    triggers: BTreeMap<Key, Triggers>,
}

/// A slice carries its Service's labels and says whose it is.
fn labels(service: &Service) -> Labels {
    let mut labels = service.metadata.labels.clone().unwrap_or_default();
    labels.insert(MANAGED_BY.into(), MANAGER.into());
    labels.insert(SERVICE_NAME.into(), service.name().into());
    labels.remove(HEADLESS);
    if service.spec.as_ref().and_then(|s| s.cluster_ip.as_deref()) == Some("None") {
        labels.insert(HEADLESS.into(), String::new());
    }
    labels
}

/// Writes down which change the slice answers; without a new one there is nothing to say.
fn annotate(slice: &mut EndpointSlice, trigger: Option<Time>) {
    let annotations = slice.metadata.annotations.get_or_insert_default();
    match trigger {
        Some(t) => annotations.insert(TRIGGER_TIME.into(), t.rfc3339()),
        None => annotations.remove(TRIGGER_TIME),
    };
    if annotations.is_empty() {
        slice.metadata.annotations = None;
    }
}

impl Reconciler for EndpointSlices {
    type Primary = Service;
    const NAME: &'static str = "endpointslice";
    const USER: &'static str = "endpointslice-controller";

    fn watches() -> Vec<Scope> {
        vec![Scope::all(Service::kind_ref()), Scope::all(Pod::kind_ref()), Scope::all(EndpointSlice::kind_ref())]
    }

    fn observe(&mut self, c: &Change, enqueue: &mut Enqueue<'_>) {
        if self.services.apply(c) {
            enqueue.add(c.key.clone());
        } else if self.slices.apply(c) {
            if let Some(service) = c.object.meta().labels.as_ref().and_then(|l| l.get(SERVICE_NAME)) {
                enqueue.add(Key::of::<Service>(&c.key.namespace, service));
            }
        } else if self.pods.apply(c) {
            let ns = c.key.namespace.to_string();
            let touched = |s: &Service, o: &crate::api::Object| plan::selects(s, o.meta().labels.as_ref());
            for s in self.services.in_namespace(&ns) {
                if touched(s, &c.object) || c.previous.as_ref().is_some_and(|p| touched(s, p)) {
                    enqueue.add(s.key());
                }
            }
        }
    }

    fn reconcile(&mut self, key: &Key, ctx: &mut Ctx<'_>) -> Result<Action, Status> {
        let Some(service) = self.services.by_key(key).cloned() else {
            self.triggers.remove(key);
            return Ok(Action::done());
        };
        if service.is_deleting() || !plan::has_selector(&service) {
            return Ok(Action::done());
        }
        let ns = service.namespace().to_string();
        let pods: Vec<&Pod> =
            self.pods.in_namespace(&ns).filter(|p| plan::selects(&service, p.metadata.labels.as_ref())).collect();
        let count = pods.len();
        let trigger = self.triggers.entry(key.clone()).or_default().look(&service, &pods);
        let labels = labels(&service);
        let wanted = plan::slices(&service, &pods, LIMIT);
        let mut have: Vec<EndpointSlice> = self
            .slices
            .in_namespace(&ns)
            .filter(|s| s.label(SERVICE_NAME) == Some(service.name()) && s.label(MANAGED_BY) == Some(MANAGER))
            .cloned()
            .collect();
        let before: Vec<String> = plan::addresses(&have);
        let after: Vec<String> = wanted
            .iter()
            .flat_map(|w| w.0.iter().filter(|e| plan::takes_traffic(e)).flat_map(|e| e.addresses.clone()))
            .collect();
        if before != after {
            ctx.decide(SliceDecision { service: service.key(), before, after });
        }
        for (endpoints, ports) in wanted {
            match have.pop() {
                Some(mut s) => {
                    let list = (!endpoints.is_empty()).then_some(endpoints);
                    let same = s.endpoints == list && s.ports == ports && s.metadata.labels.as_ref() == Some(&labels);
                    if !same {
                        s.endpoints = list;
                        s.ports = ports;
                        s.metadata.labels = Some(labels.clone());
                        annotate(&mut s, trigger);
                        let o = ctx.api::<EndpointSlice>().update(s)?;
                        self.slices.put(&o);
                    }
                }
                None => {
                    let mut slice = EndpointSlice {
                        metadata: ObjectMeta {
                            generate_name: Some(format!("{}-", service.name())),
                            namespace: Some(ns.clone()),
                            labels: Some(labels.clone()),
                            owner_references: Some(vec![controller_ref(&service)]),
                            ..ObjectMeta::default()
                        },
                        address_type: "IPv4".into(),
                        endpoints: (!endpoints.is_empty()).then_some(endpoints),
                        ports,
                    };
                    annotate(&mut slice, trigger);
                    let o = ctx.api::<EndpointSlice>().create(slice)?;
                    self.slices.put(&o);
                }
            }
        }
        for s in have {
            ctx.api::<EndpointSlice>().delete(&ns, s.name(), Default::default())?;
        }
        Ok(Action::done().taking(crate::api::Duration::from_micros(1_000 + 4 * u64::try_from(count).unwrap_or(0))))
    }
}
