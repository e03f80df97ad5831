//! Endpoints: the older way to write down which pods stand behind a Service; clients that have not moved on still read it.
//! Real Kubernetes: pkg/controller/endpoint/endpoints_controller.go.

pub mod decision;
pub mod plan;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::api::endpoints::{HEADLESS, TRIGGER_TIME, has_selector, is_headless, subsets};
use crate::api::kinds::{Endpoints, Service};
use crate::api::selector::Labels;
use crate::api::{Duration, Key, Resource, Status, unless_gone};
use crate::client::backends::{Backed, Backends};
use crate::client::controller::Enqueue;
use crate::client::recorder::{Note, reference};
use crate::client::{Action, Cache, Reconciler, Recorder};
use crate::store::{Change, ChangeKind, Scope};
use crate::world::{Ctx, Tag};
use decision::TooMany;

const MANAGED_BY: &str = "endpoints.kubernetes.io/managed-by";
const MANAGER: &str = "endpoint-controller";
const OVER_CAPACITY: &str = "endpoints.kubernetes.io/over-capacity";
/// Endpoints by which components once elected their leaders have no Service.
const LEADER: &str = "control-plane.alpha.kubernetes.io/leader";

#[derive(Clone)]
pub struct EndpointsOfServices {
    backends: Backends,
    endpoints: Cache<Endpoints>,
    recorder: Recorder,
}

impl Default for EndpointsOfServices {
    fn default() -> EndpointsOfServices {
        let recorder = Recorder::new(MANAGER, "");
        EndpointsOfServices { backends: Backends::default(), endpoints: Cache::default(), recorder }
    }
}

impl Reconciler for EndpointsOfServices {
    type Primary = Service;
    const NAME: &'static str = "endpoint";
    const USER: &'static str = "endpoint-controller";

    fn watches() -> Vec<Scope> {
        let [services, pods] = Backends::watches();
        vec![services, pods, Scope::all(Endpoints::kind_ref())]
    }

    /// What was left behind while nobody looked has no Service any more.
    fn started(&mut self, ctx: &mut Ctx<'_>) {
        ctx.quietly_after(Duration::ZERO, Tag::new("leftovers"));
    }

    fn timer(&mut self, _: Tag, _: &mut Ctx<'_>) -> Vec<Key> {
        let all = self.endpoints.iter().filter(|e| e.annotation(LEADER).is_none());
        all.map(|e| Key::of::<Service>(e.namespace(), e.name())).collect()
    }

    fn observe(&mut self, c: &Change, enqueue: &mut Enqueue<'_>) {
        if !self.backends.observe(c, enqueue) && self.endpoints.apply(c) && c.kind == ChangeKind::Deleted {
            enqueue.add(Key::of::<Service>(&c.key.namespace, &c.key.name));
        }
    }

    fn reconcile(&mut self, key: &Key, ctx: &mut Ctx<'_>) -> Result<Action, Status> {
        let (namespace, name) = (&key.namespace, &key.name);
        let Some(service) = self.backends.service(key) else {
            if self.endpoints.get(namespace, name).is_some() {
                unless_gone(ctx.api::<Endpoints>().delete(namespace, name, Default::default()))?;
            }
            return Ok(Action::done());
        };
        if !has_selector(service) {
            return Ok(Action::done());
        }
        let Some(Backed { service, pods, since }) = self.backends.look(key) else { return Ok(Action::done()) };
        let count = pods.len();
        let wanted = plan::subsets(service, &pods);
        let now = self.endpoints.get(namespace, name).cloned();
        if now.as_ref().is_some_and(|e| plan::is_right(e, service, &wanted)) {
            return Ok(Action::done());
        }
        let new = now.is_none();
        let mut e = now.unwrap_or_else(|| Endpoints {
            metadata: ObjectMeta {
                name: Some(name.to_string()),
                namespace: Some(namespace.to_string()),
                ..ObjectMeta::default()
            },
            subsets: None,
        });
        let mut wanted = wanted;
        let addresses = subsets::count(&wanted);
        let cut = subsets::truncate(&mut wanted);
        e.subsets = (!wanted.is_empty()).then_some(wanted);
        e.metadata.labels = Some(labels(service));
        let annotations = e.metadata.annotations.get_or_insert_default();
        let mut set = |key: &str, value: Option<String>| match value {
            Some(value) => annotations.insert(key.into(), value),
            None => annotations.remove(key),
        };
        set(TRIGGER_TIME, since.map(|t| t.rfc3339()));
        set(OVER_CAPACITY, cut.then(|| "truncated".into()));
        if cut {
            ctx.decide(TooMany { service: key.clone(), count: addresses, capacity: subsets::CAPACITY });
        }
        self.write(e, new, ctx)?;
        Ok(Action::done().having_looked_at(count))
    }
}

impl EndpointsOfServices {
    fn write(&mut self, e: Endpoints, new: bool, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let about = reference(&e, None);
        let (namespace, name) = (e.namespace().to_string(), e.name().to_string());
        let done = if new { ctx.api::<Endpoints>().create(e) } else { ctx.api::<Endpoints>().update(e) };
        let why = match done {
            Ok(o) => {
                self.endpoints.put(&o);
                return Ok(());
            }
            Err(why) if new && why.namespace_ends() => return Ok(()),
            Err(why) => why,
        };
        let (reason, text) = match new {
            true => (
                "FailedToCreateEndpoint",
                format!("Failed to create endpoint for service {namespace}/{name}: {}", why.message),
            ),
            false => {
                ("FailedToUpdateEndpoint", format!("Failed to update endpoint {namespace}/{name}: {}", why.message))
            }
        };
        self.recorder.record(about, Note::warning(reason, &text), ctx);
        Err(why)
    }
}

/// Endpoints carry the labels of their Service.
fn labels(s: &Service) -> Labels {
    let mut labels = s.metadata.labels.clone().unwrap_or_default();
    labels.remove(HEADLESS);
    if is_headless(s) {
        labels.insert(HEADLESS.into(), String::new());
    }
    labels.insert(MANAGED_BY.into(), MANAGER.into());
    labels
}
