//! Where a webhook is, and who can get there.
//!
//! In process nobody can: there is no network, so every call fails as it would if nothing listened there ([`Nowhere`]). Whoever serves
//! the API to the outside puts a better [`Reach`] in its place.
//! Real Kubernetes: apiserver/pkg/util/webhook/client.go, util/proxy/proxy.go ResolveEndpoint.

use std::fmt;
use std::sync::Arc;

use k8s_openapi::api::admissionregistration::v1::WebhookClientConfig;
use k8s_openapi::api::discovery::v1::EndpointPort;
use serde_json::Value;

use crate::api::endpoints::SERVICE_NAME;
use crate::api::go_url;
use crate::api::kinds::admission_webhooks::Webhook;
use crate::api::kinds::{EndpointSlice, Service};
use crate::api::object::{Key, Resource};
use crate::api::{Duration, time};
use crate::apiserver::ApiServer;
use crate::store::Scope;

/// A call to make.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    pub url: &'a str,
    /// Where the host of the URL is: `host:port`.
    pub address: &'a str,
    /// The authorities, in PEM, of which one must have signed the server's certificate; none: those that everybody trusts.
    pub authorities: Option<&'a [u8]>,
    /// For how long somebody waits for the answer.
    pub timeout: Duration,
    pub review: &'a Value,
}

/// An answer of HTTP.
#[derive(Clone, Debug)]
pub struct Reply {
    pub code: u16,
    pub content_type: String,
    pub body: Vec<u8>,
}

/// A way to the outside.
pub trait Reach: fmt::Debug + Send + Sync {
    /// Posts a review as JSON. Gives what comes back, or why nothing did, as Go says it: `context deadline exceeded`.
    fn post(&self, call: &Call<'_>) -> Result<Reply, String>;
}

/// Nothing is reached.
#[derive(Debug)]
pub struct Nowhere;

impl Reach for Nowhere {
    fn post(&self, call: &Call<'_>) -> Result<Reply, String> {
        let address = call.address;
        let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
        let number = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok();
        Err(match host {
            "localhost" => {
                format!("dial tcp {}: connect: connection refused", address.replacen("localhost", "127.0.0.1", 1))
            }
            _ if number => format!("dial tcp {address}: connect: connection refused"),
            _ => format!("dial tcp: lookup {host} on 127.0.0.53:53: no such host"),
        })
    }
}

/// The way that an API server has.
#[derive(Clone, Debug)]
pub struct Outlet(pub Arc<dyn Reach>);

impl Default for Outlet {
    fn default() -> Outlet {
        Outlet(Arc::new(Nowhere))
    }
}

/// Posts a review to a webhook. The error is what Go says of the attempt.
pub fn call(api: &ApiServer, hook: &Webhook<'_>, review: &Value) -> Result<Reply, String> {
    let timeout = Duration::from_secs(u64::try_from(hook.timeout_seconds.unwrap_or(10)).unwrap_or(0));
    post(api, hook.client, timeout, review)
}

/// The same for any review.
pub fn post(api: &ApiServer, client: &WebhookClientConfig, timeout: Duration, review: &Value) -> Result<Reply, String> {
    let (url, host) = address(client);
    let url = format!("{url}?timeout={}", time::go_duration(timeout));
    let reached = match &client.service {
        Some(s) => endpoint(api, &s.namespace, &s.name, s.port.unwrap_or(443)),
        None => Ok(host),
    };
    let authorities = client.ca_bundle.as_ref().map(|b| b.0.as_slice()).filter(|b| !b.is_empty());
    let posted =
        reached.and_then(|at| api.outlet.0.post(&Call { url: &url, address: &at, authorities, timeout, review }));
    posted.map_err(|why| format!("Post {url:?}: {why}"))
}

/// The URL of a webhook, without its query, and the host and port in it.
fn address(client: &WebhookClientConfig) -> (String, String) {
    let (host, path) = match (&client.service, &client.url) {
        (Some(s), _) => {
            let host = format!("{}.{}.svc:{}", s.name, s.namespace, s.port.unwrap_or(443));
            (host, s.path.clone().unwrap_or_default())
        }
        (None, Some(url)) => {
            let host = go_url::parse(url).map(|u| u.host).unwrap_or_default();
            let path = url.split_once(&host).map_or("", |(_, path)| path).to_string();
            (host, path)
        }
        (None, None) => (String::new(), String::new()),
    };
    let steps: Vec<&str> = path.split('/').filter(|s| !s.is_empty()).collect();
    let port =
        |host: &str| if host.rsplit_once(':').is_some_and(|(_, p)| p.parse::<u16>().is_ok()) { "" } else { ":443" };
    (format!("https://{host}/{}", steps.join("/")), format!("{host}{}", port(&host)))
}

/// A ready endpoint of a Service, as `host:port`.
fn endpoint(api: &ApiServer, namespace: &str, name: &str, number: i32) -> Result<String, String> {
    let key = Key::of::<Service>(namespace, name);
    let Some(service) = api.store().get(&key).and_then(|o| o.get::<Service>()) else {
        return Err(format!("service {name:?} not found"));
    };
    let spec = service.spec.clone().unwrap_or_default();
    let kind = spec.type_.as_deref().unwrap_or("ClusterIP");
    if !matches!(kind, "ClusterIP" | "LoadBalancer" | "NodePort") {
        return Err(format!("unsupported service type {kind:?}"));
    }
    let Some(port) = spec.ports.iter().flatten().find(|p| p.port == number) else {
        return Err(format!("no service port {number} found for service {name:?}"));
    };
    let named = |p: &&EndpointPort| p.name.as_deref().unwrap_or("") == port.name.as_deref().unwrap_or("");
    let scope = Scope { kind: EndpointSlice::kind_ref(), namespace: Some(namespace.into()) };
    let slices = api.store().list(&scope).filter_map(|o| o.get::<EndpointSlice>());
    let own = slices.filter(|s| s.label(SERVICE_NAME) == Some(name));
    let mut found = own.filter_map(|s| {
        let port = s.ports.iter().flatten().find(named)?.port?;
        let ready = |e: &&k8s_openapi::api::discovery::v1::Endpoint| {
            e.conditions.as_ref().is_none_or(|c| c.ready != Some(false))
        };
        let ip = s.endpoints.iter().flatten().find(ready)?.addresses.first()?;
        Some(if ip.contains(':') { format!("[{ip}]:{port}") } else { format!("{ip}:{port}") })
    });
    found.next().ok_or_else(|| format!("no endpoints available for service {name:?}"))
}
