//! The Service `kubernetes`: the API server sees to it every ten seconds that it is there, and that it leads to itself.
//! Real Kubernetes: pkg/controlplane/controller/kubernetesservice/controller.go, pkg/controlplane/reconcilers.

mod decision;

use serde_json::Value;

use crate::api::request::{Method, Request};
use crate::api::{Duration, Key, User};
use crate::store::Scope;
use crate::world::{Component, Ctx, Event, Tag};
use decision::Restored;

const EVERY: Duration = Duration::from_secs(10);
/// The fields that say where something leads: the Service itself has none.
const LEADS: [&str; 3] = ["subsets", "endpoints", "ports"];

#[derive(Clone)]
pub struct KubernetesService {
    /// The Service and where it leads, as they are to be.
    wanted: Vec<Value>,
}

impl KubernetesService {
    pub fn new(wanted: Vec<Value>) -> KubernetesService {
        KubernetesService { wanted }
    }

    /// What is missing is made anew; what leads elsewhere is led back. It is tried again in ten seconds, whatever goes wrong.
    fn see_to(wanted: &Value, ctx: &mut Ctx<'_>) {
        let word = |v: &Value| v.as_str().unwrap_or("").to_string();
        let Some(kind) = ctx.kind_named(&word(&wanted["apiVersion"]), &word(&wanted["kind"])) else { return };
        let key = Key::new(kind, "default", &word(&wanted["metadata"]["name"]));
        let Ok(found) = ctx.get_any(&key) else { return };
        let Some(found) = found.map(|o| o.in_version(kind)) else {
            ctx.decide(Restored { what: key });
            let _ = ctx.request(&Request::new(Method::Post, kind.collection("default")).body(wanted.clone()));
            return;
        };
        let leads: Vec<&str> = LEADS.into_iter().filter(|f| wanted.get(f).is_some_and(|w| *w != found[*f])).collect();
        if !leads.is_empty() {
            let mut mended = (*found).clone();
            for f in leads {
                mended[f] = wanted[f].clone();
            }
            let path = format!("{}/{}", kind.collection("default"), key.name);
            ctx.decide(Restored { what: key });
            let _ = ctx.request(&Request::new(Method::Put, path).body(mended));
        }
    }
}

impl Component for KubernetesService {
    fn agent(&self) -> &'static str {
        "kube-apiserver"
    }

    fn name(&self) -> &'static str {
        "kubernetes-service"
    }

    fn user(&self) -> User {
        User::api_server()
    }

    fn watches(&self) -> Vec<Scope> {
        vec![]
    }

    fn step(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        if let Event::Timer(_) = event {
            self.wanted.iter().for_each(|w| Self::see_to(w, ctx));
        }
        if matches!(event, Event::Started(_) | Event::Timer(_)) {
            ctx.every(EVERY, Tag::new("look"));
        }
    }

    fn clone_box(&self) -> Box<dyn Component> {
        Box::new(self.clone())
    }
}
