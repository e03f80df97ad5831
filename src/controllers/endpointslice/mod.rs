//! EndpointSlice: writes down which pods stand behind a Service, and whether they may get traffic.
//! Real Kubernetes: pkg/controller/endpointslice, k8s.io/endpointslice/reconciler.go.

pub mod decision;
pub mod plan;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::api::kinds::{EndpointSlice, Pod, Service};
use crate::api::object::controller_ref;
use crate::api::{Key, Resource, Status};
use crate::client::controller::Enqueue;
use crate::client::{Action, Cache, Reconciler};
use crate::store::{Change, Scope};
use crate::world::Ctx;
use decision::SliceDecision;

pub const SERVICE_NAME: &str = "kubernetes.io/service-name";
const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
const MANAGER: &str = "endpointslice-controller.k8s.io";
/// Endpoints in one slice.
const LIMIT: usize = 100;

#[derive(Clone, Default)]
pub struct EndpointSlices {
    services: Cache<Service>,
    pods: Cache<Pod>,
    slices: Cache<EndpointSlice>,
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
        let Some(service) = self.services.by_key(key).cloned() else { return Ok(Action::done()) };
        if service.is_deleting() || !plan::has_selector(&service) {
            return Ok(Action::done());
        }
        let ns = service.namespace().to_string();
        let pods: Vec<&Pod> =
            self.pods.in_namespace(&ns).filter(|p| plan::selects(&service, p.metadata.labels.as_ref())).collect();
        let count = pods.len();
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
                    let same = s.endpoints.clone().unwrap_or_default() == list.clone().unwrap_or_default()
                        && s.ports == Some(ports.clone());
                    if !same {
                        s.endpoints = list;
                        s.ports = Some(ports);
                        let o = ctx.api::<EndpointSlice>().update(s)?;
                        self.slices.put(&o);
                    }
                }
                None => {
                    let mut labels = service.metadata.labels.clone().unwrap_or_default();
                    labels.insert(MANAGED_BY.into(), MANAGER.into());
                    labels.insert(SERVICE_NAME.into(), service.name().into());
                    let slice = EndpointSlice {
                        metadata: ObjectMeta {
                            generate_name: Some(format!("{}-", service.name())),
                            namespace: Some(ns.clone()),
                            labels: Some(labels),
                            owner_references: Some(vec![controller_ref(&service)]),
                            ..ObjectMeta::default()
                        },
                        address_type: "IPv4".into(),
                        endpoints: (!endpoints.is_empty()).then_some(endpoints),
                        ports: Some(ports),
                    };
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
