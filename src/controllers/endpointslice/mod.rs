//! EndpointSlice: writes down which pods stand behind a Service, and whether they may get traffic.
//! Real Kubernetes: pkg/controller/endpointslice, k8s.io/endpointslice/reconciler.go.

pub mod decision;
mod hints;
pub mod plan;
#[cfg(test)]
mod tests;

use crate::api::endpoints::{MANAGED_BY, SERVICE_NAME, TRIGGER_TIME, has_selector};
use crate::api::kinds::{EndpointSlice, Node, Service};
use crate::api::{Duration, Key, Reason, Resource, Status, Time};
use crate::client::backends::Backends;
use crate::client::controller::Enqueue;
use crate::client::recorder::{Note, reference};
use crate::client::slices::Changes;
use crate::client::{Action, Cache, Reconciler, Recorder};
use crate::store::{Change, ChangeKind, Scope, rev_of};
use crate::world::Ctx;
use decision::SliceDecision;
use plan::{Lost, Plan, Seen};

const MANAGER: &str = "endpointslice-controller.k8s.io";
const ZONE: &str = "topology.kubernetes.io/zone";
/// What others do to a slice is looked at after a while.
const OTHERS_WAIT: Duration = Duration::from_secs(1);

#[derive(Clone)]
pub struct EndpointSlices {
    backends: Backends,
    nodes: Cache<Node>,
    slices: Cache<EndpointSlice>,
    recorder: Recorder,
}

impl Default for EndpointSlices {
    fn default() -> EndpointSlices {
        EndpointSlices {
            backends: Backends::default(),
            nodes: Cache::default(),
            slices: Cache::default(),
            recorder: Recorder::new("endpoint-slice-controller", ""),
        }
    }
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

fn is_own(s: &EndpointSlice) -> bool {
    s.label(MANAGED_BY) == Some(MANAGER)
}

/// The addresses that take traffic.
fn in_traffic<'a>(slices: impl Iterator<Item = &'a EndpointSlice>) -> Vec<String> {
    let all = slices.flat_map(|s| s.endpoints.iter().flatten());
    let ready = all.filter(|e| e.conditions.as_ref().is_some_and(|c| c.ready == Some(true)));
    ready.flat_map(|e| e.addresses.clone()).collect()
}

/// The addresses that took traffic and those that will, if these are other ones.
fn traffic(slices: &[&EndpointSlice], changes: &Changes) -> Option<(Vec<String>, Vec<String>)> {
    if changes.is_empty() {
        return None;
    }
    let touched = |s: &&&EndpointSlice| changes.update.iter().chain(&changes.delete).any(|n| n.name() == s.name());
    let kept = slices.iter().filter(|s| !touched(s)).copied();
    let after = in_traffic(kept.chain(&changes.update).chain(&changes.create));
    let mut before = in_traffic(slices.iter().copied());
    let mut sorted = after.clone();
    before.sort();
    sorted.sort();
    (before != sorted).then_some((before, after))
}

impl Reconciler for EndpointSlices {
    type Primary = Service;
    const NAME: &'static str = "endpointslice";
    const USER: &'static str = "endpointslice-controller";

    fn watches() -> Vec<Scope> {
        let [services, pods] = Backends::watches();
        vec![services, pods, Scope::all(EndpointSlice::kind_ref()), Scope::all(Node::kind_ref())]
    }

    fn observe(&mut self, c: &Change, enqueue: &mut Enqueue<'_>) {
        if self.backends.observe(c, enqueue) || self.nodes.apply(c) {
            return;
        }
        let echo = self.slices.object(&c.key.namespace, &c.key.name).is_some_and(|o| rev_of(o) >= c.rev);
        if !self.slices.apply(c) || (echo && c.kind != ChangeKind::Deleted) {
            return;
        }
        for o in [Some(&c.object), c.previous.as_ref()].into_iter().flatten() {
            let Some(s) = o.get::<EndpointSlice>().filter(|s| is_own(s)) else { continue };
            if let Some(service) = s.label(SERVICE_NAME) {
                enqueue.after(OTHERS_WAIT, Key::of::<Service>(&c.key.namespace, service), false);
            }
        }
    }

    fn reconcile(&mut self, key: &Key, ctx: &mut Ctx<'_>) -> Result<Action, Status> {
        if self.backends.service(key).is_none_or(|s| !has_selector(s)) {
            return Ok(Action::done());
        }
        let Some(backed) = self.backends.look(key) else { return Ok(Action::done()) };
        // One that is going is no place to put anything into.
        let own = |s: &&EndpointSlice| s.label(SERVICE_NAME) == Some(&key.name) && is_own(s) && !s.is_deleting();
        // A copy of the cache is free; one of the slices is not.
        let all = self.slices.clone();
        let slices: Vec<&EndpointSlice> = all.in_namespace(&key.namespace).filter(own).collect();
        let zone_of = |node: &str| Some(self.nodes.get("", node)?.label(ZONE).map(Into::into));
        let seen = Seen { service: backed.service, pods: &backed.pods, slices: &slices, zone_of: &zone_of };
        let Plan { slices: mut changes, lost } = plan::plan(&seen);
        let (count, since) = (backed.pods.len(), backed.since);
        if let Some((before, after)) = traffic(&slices, &changes) {
            ctx.decide(SliceDecision { service: key.clone(), before, after });
        }
        changes.create.iter_mut().chain(&mut changes.update).for_each(|s| annotate(s, since));
        let (namespace, name) = (&key.namespace, &key.name);
        // A pod without a node is left out, and looked for again.
        let mut failures: Vec<Status> = lost
            .into_iter()
            .map(|Lost { pod, node }| {
                format!("skipping Pod {pod} for Service {namespace}/{name}: Node {node} Not Found")
            })
            .map(|message| Status::new(Reason::InternalError, message))
            .collect();
        failures.extend(changes.write(key, &mut self.slices, ctx).err());
        if let Some(e) = Status::joined(failures) {
            let text = format!("Error updating Endpoint Slices for Service {namespace}/{name}: {}", e.message);
            self.recorder.record(
                reference(backed.service, None),
                Note::warning("FailedToUpdateEndpointSlices", &text),
                ctx,
            );
            return Err(e);
        }
        Ok(Action::done().having_looked_at(count))
    }
}
