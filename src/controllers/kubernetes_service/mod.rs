//! The Service `kubernetes`: the API server sees to it every ten seconds that it is there, and that it leads to itself.
//! Real Kubernetes: pkg/controlplane/controller/kubernetesservice/controller.go, pkg/controlplane/reconcilers.

mod decision;

use serde_json::Value;

use crate::api::request::{Method, Request};
use crate::api::{Duration, Key, Reason, User};
use crate::store::Scope;
use crate::world::{Component, Ctx, Event, Tag};
use decision::Restored;

const EVERY: Duration = Duration::from_secs(10);

#[derive(Clone)]
pub struct KubernetesService {
    /// The Service and where it leads, as they are to be.
    wanted: Vec<Value>,
}

impl KubernetesService {
    pub fn new(wanted: Vec<Value>) -> KubernetesService {
        KubernetesService { wanted }
    }

    /// What is missing is made anew; what leads elsewhere is led back.
    fn see_to(wanted: &Value, ctx: &mut Ctx<'_>) {
        let (collection, fields): (&str, &[&str]) = match wanted["kind"].as_str() {
            Some("Service") => ("/api/v1/namespaces/default/services", &[]),
            Some("Endpoints") => ("/api/v1/namespaces/default/endpoints", &["subsets"]),
            _ => ("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", &["endpoints", "ports"]),
        };
        let name = wanted["metadata"]["name"].as_str().unwrap_or("");
        let path = format!("{collection}/{name}");
        let kind = ctx.kind_named(wanted["apiVersion"].as_str().unwrap_or(""), wanted["kind"].as_str().unwrap_or(""));
        let Some(key) = kind.map(|k| Key::new(k, "default", name)) else { return };
        // It is tried again in ten seconds, whatever went wrong.
        match ctx.request(&Request::get(&path)) {
            Err(e) if e.is(Reason::NotFound) => {
                ctx.decide(Restored { what: key });
                let _ = ctx.request(&Request::new(Method::Post, collection).body(wanted.clone()));
            }
            Ok(found) if fields.iter().any(|f| found.body[*f] != wanted[*f]) => {
                ctx.decide(Restored { what: key });
                let mut mended = (*found.body).clone();
                for f in fields {
                    mended[*f] = wanted[*f].clone();
                }
                let _ = ctx.request(&Request::new(Method::Put, path).body(mended));
            }
            _ => {}
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
