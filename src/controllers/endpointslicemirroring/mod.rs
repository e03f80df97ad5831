//! Mirrors Endpoints that people wrote for a Service without a selector into EndpointSlices, which is what kube-proxy reads.
//! Real Kubernetes: pkg/controller/endpointslicemirroring.

pub mod decision;
pub mod plan;

use crate::api::endpoints::{MANAGED_BY, SERVICE_NAME};
use crate::api::kinds::{EndpointSlice, Endpoints, Service};
use crate::api::{Key, Resource, Status};
use crate::client::controller::Enqueue;
use crate::client::recorder::{Note, reference};
use crate::client::slices::Changes;
use crate::client::{Action, Cache, Reconciler, Recorder};
use crate::store::{Change, Scope, rev_of};
use crate::world::Ctx;
use decision::Mirrored;
use plan::Plan;

const MANAGER: &str = "endpointslicemirroring-controller.k8s.io";
const SKIP: &str = "endpointslice.kubernetes.io/skip-mirror";
const LEADER: &str = "control-plane.alpha.kubernetes.io/leader";

#[derive(Clone)]
pub struct Mirroring {
    services: Cache<Service>,
    endpoints: Cache<Endpoints>,
    slices: Cache<EndpointSlice>,
    recorder: Recorder,
}

impl Default for Mirroring {
    fn default() -> Mirroring {
        Mirroring {
            services: Cache::default(),
            endpoints: Cache::default(),
            slices: Cache::default(),
            recorder: Recorder::new("endpoint-slice-mirroring-controller", ""),
        }
    }
}

fn wants_mirror(e: &Endpoints) -> bool {
    e.label(SKIP) != Some("true") && e.annotation(LEADER).is_none()
}

fn has_selector(s: &Service) -> bool {
    s.spec.as_ref().and_then(|s| s.selector.as_ref()).is_some_and(|l| !l.is_empty())
}

fn is_own(s: &EndpointSlice) -> bool {
    s.label(MANAGED_BY) == Some(MANAGER)
}

impl Reconciler for Mirroring {
    type Primary = Endpoints;
    const NAME: &'static str = "endpointslicemirroring";
    const USER: &'static str = "endpointslicemirroring-controller";

    fn watches() -> Vec<Scope> {
        [Service::kind_ref(), Endpoints::kind_ref(), EndpointSlice::kind_ref()].map(Scope::all).to_vec()
    }

    fn observe(&mut self, c: &Change, enqueue: &mut Enqueue<'_>) {
        let key = |name: &str| Key::of::<Endpoints>(&c.key.namespace, name);
        let versions = [Some(&c.object), c.previous.as_ref()];
        let versions = || versions.into_iter().flatten();
        if self.services.apply(c) {
            let with: Vec<bool> = versions().filter_map(|o| o.get::<Service>()).map(has_selector).collect();
            // One that has had a selector all along, or still has none, changes nothing for its Endpoints.
            if matches!(with.as_slice(), [false] | [true, false] | [false, true]) {
                enqueue.add(key(&c.key.name));
            }
        } else if self.endpoints.apply(c) {
            if versions().filter_map(|o| o.get::<Endpoints>()).any(wants_mirror) {
                enqueue.add(c.key.clone());
            }
        } else {
            let echo = self.slices.object(&c.key.namespace, &c.key.name).is_some_and(|o| rev_of(o) >= c.rev);
            if self.slices.apply(c) && !echo {
                for s in versions().filter_map(|o| o.get::<EndpointSlice>()).filter(|s| is_own(s)) {
                    s.label(SERVICE_NAME).into_iter().for_each(|name| enqueue.add(key(name)));
                }
            }
        }
    }

    fn reconcile(&mut self, key: &Key, ctx: &mut Ctx<'_>) -> Result<Action, Status> {
        let own = |s: &&EndpointSlice| s.label(SERVICE_NAME) == Some(&key.name) && is_own(s);
        let slices: Vec<EndpointSlice> = self.slices.in_namespace(&key.namespace).filter(own).cloned().collect();
        let service = self.services.get(&key.namespace, &key.name).filter(|s| !has_selector(s));
        let endpoints = self.endpoints.by_key(key).filter(|e| wants_mirror(e) && service.is_some()).cloned();
        let plan = match &endpoints {
            Some(e) => plan::plan(e, &slices),
            None => Plan { slices: Changes { delete: slices, ..Changes::default() }, ..Plan::default() },
        };
        if let Some(e) = &endpoints {
            self.tell(e, &plan, ctx);
        }
        plan.slices.write(key, &mut self.slices, ctx)?;
        Ok(Action::done())
    }
}

impl Mirroring {
    /// What can't be mirrored, and what is.
    fn tell(&mut self, e: &Endpoints, plan: &Plan, ctx: &mut Ctx<'_>) {
        if plan.invalid > 0 {
            let text = format!("Skipped {} invalid IP addresses when mirroring to EndpointSlices", plan.invalid);
            self.recorder.record(reference(e, None), Note::warning("InvalidIPAddress", &text), ctx);
        }
        if plan.skipped > 0 {
            let text = format!(
                "A max of {} addresses can be mirrored to EndpointSlices per Endpoints subset. {} addresses were skipped",
                plan::MOST,
                plan.skipped + plan.invalid
            );
            self.recorder.record(reference(e, None), Note::warning("TooManyAddressesToMirror", &text), ctx);
        }
        if !plan.slices.create.is_empty() || !plan.slices.update.is_empty() {
            ctx.decide(Mirrored { service: e.key(), addresses: plan::told(e) });
        }
    }
}
