//! `…/proxy/…` of pods, Services and nodes: the API server passes the request on to whoever listens there, and the answer back.
//!
//! Here it is said where that is; the connection is opened from the API server's machine, over the cluster's network.
//! Real Kubernetes: pkg/registry/core/{pod,node}/strategy.go and service/storage/storage.go (ResourceLocation),
//! apimachinery/pkg/util/{net/port_split.go,proxy/upgradeaware.go}.

use std::net::Ipv4Addr;
use std::sync::Arc;

use smallvec::smallvec;

use super::ApiServer;
use super::asked::Asked;
use super::caller::{Caller, below};
use super::http::is_read_by_people;
use crate::api::go_text::quoted;
use crate::api::kinds::{Endpoints, Node, Pod, Service};
use crate::api::network::Address;
use crate::api::object::{Key, Resource};
use crate::api::patch::PatchType;
use crate::api::path::absolute;
use crate::api::request::{Impersonation, Method, Request};
use crate::api::request_path::PassedOnPath;
use crate::api::served::{Passage, Served, ServedCall, ServedReply};
use crate::api::{KindRef, Reason, Status, pods};
use crate::ledger::record::SERVER;
use crate::ledger::{Decision, Facts, What};

/// Where a kubelet listens.
const KUBELET: u16 = 10_250;

/// What is asked of the API server alone, and not of who answers behind it.
const OWN_HEADERS: [&str; 2] = ["authorization", "connection"];

/// `https:web:8443`: a scheme, a name and a port, of which only the name must be there.
struct Named<'a> {
    tls: bool,
    name: &'a str,
    port: &'a str,
}

impl<'a> Named<'a> {
    fn parse(id: &'a str) -> Option<Named<'a>> {
        let (scheme, name, port) = match *id.split(':').collect::<Vec<_>>().as_slice() {
            [name] => ("", name, ""),
            [name, port] => ("", name, port),
            [scheme, name, port] if ["", "http", "https"].contains(&scheme) => (scheme, name, port),
            _ => return None,
        };
        (!name.is_empty()).then_some(Named { tls: scheme == "https", name, port })
    }

    /// The port of that number; without one it is the scheme's.
    fn number(&self) -> Result<u16, Status> {
        match self.port {
            "" if self.tls => Ok(443),
            "" => Ok(80),
            text => text.parse().map_err(|_| unreachable(&format!("dial tcp: lookup tcp/{text}: unknown port"))),
        }
    }
}

/// The connection does not come about.
fn unreachable(why: &str) -> Status {
    Status::new(Reason::ServiceUnavailable, format!("error trying to reach service: {why}"))
}

/// An address that is some machine's of the cluster, and not the server's own.
fn proxyable(ip: &str) -> Result<Ipv4Addr, Status> {
    let usable = |ip: &Ipv4Addr| !ip.is_loopback() && !ip.is_unspecified() && !ip.is_link_local() && !ip.is_multicast();
    ip.parse().ok().filter(usable).ok_or_else(|| Status::bad_request("address not allowed"))
}

/// Where the API server runs, and at which address it listens.
pub struct At<'a> {
    pub host: &'a Arc<str>,
    pub address: &'a str,
}

impl ApiServer {
    /// A call that somebody behind the server answers: who that is. `None`: the server itself answers it.
    ///
    /// # Errors
    /// The caller may not do this, or nobody is there.
    pub fn pass_on(&self, call: &ServedCall, at: &At<'_>, who: &mut Caller<'_>) -> Option<Result<Served, Status>> {
        let split = PassedOnPath::of(&call.target)?;
        Some(self.passage(call, &split, at, who))
    }

    fn passage(
        &self,
        call: &ServedCall,
        split: &PassedOnPath<'_>,
        at: &At<'_>,
        who: &mut Caller<'_>,
    ) -> Result<Served, Status> {
        let method = match call.method.as_str() {
            "GET" | "HEAD" | "OPTIONS" => Method::Get,
            "POST" => Method::Post,
            "PUT" => Method::Put,
            "PATCH" => Method::Patch(PatchType::Merge),
            "DELETE" => Method::Delete,
            _ => return Err(Status::method_not_allowed()),
        };
        let request = Request {
            impersonate: Impersonation::of_headers(&call.headers).map(Box::new),
            ..Request::new(method, split.path)
        };
        let asked = Asked::of(&request, false);
        match &request.impersonate {
            None => self.allow(&asked, who)?,
            Some(wanted) => {
                let user = self.impersonated(&request, wanted, who.user)?;
                self.allow(&asked, &mut who.acting_as(&user))?;
            }
        }
        let kind = self.kind_of(asked.group, asked.version, asked.resource).ok_or_else(Status::no_such_resource)?;
        let (to, tls) = self.location(kind, asked.namespace, &asked.name, who)?;
        // Relative links of a page lead astray if it seems to be no directory.
        if split.rest.is_empty() && ["GET", "HEAD"].contains(&call.method.as_str()) {
            let location = split.with_query(&format!("{}/", split.path));
            let headers = vec![("Location", location)];
            return Ok(Served::Answered(ServedReply { code: 301, content_type: "", headers, body: String::new() }));
        }
        let name = Named::parse(&asked.name).map_or("", |n| n.name);
        let about = Key::new(kind.stored(), asked.namespace, name);
        let decision = PassedOn { about, to, rest: split.rest.to_string() };
        who.ledger.add(who.now, SERVER, What::Decision(Arc::new(decision)), smallvec![who.cause]);
        let path = if split.rest.is_empty() { "/" } else { split.rest };
        let passed = ServedCall {
            method: call.method.clone(),
            target: split.with_query(path),
            headers: forwarded(call, split, at.address),
            body: call.body.clone(),
            user: None,
        };
        let (below, to_people) = (split.below.to_string(), is_read_by_people(call));
        Ok(Served::PassedOn(Box::new(Passage { from: at.host.clone(), to, tls, call: passed, below, to_people })))
    }

    /// Whoever is meant by the name in such a path.
    fn location(&self, kind: KindRef, ns: &str, id: &str, who: &mut Caller<'_>) -> Result<(Address, bool), Status> {
        let named = Named::parse(id).ok_or_else(|| {
            Status::bad_request(format!("invalid {} request {}", kind.name().to_lowercase(), quoted(id)))
        })?;
        let to = match kind {
            k if k == Pod::kind_ref() => self.of_pod(ns, &named)?,
            k if k == Service::kind_ref() => self.of_service(ns, id, &named, who)?,
            _ => return self.of_node(&named),
        };
        Ok((to, named.tls))
    }

    fn of_pod(&self, ns: &str, named: &Named<'_>) -> Result<Address, Status> {
        let object = self.get(&Key::of::<Pod>(ns, named.name))?;
        let pod = object.get::<Pod>().ok_or_else(Status::no_such_resource)?;
        let first = || {
            let containers = pod.spec.iter().flat_map(|s| &s.containers);
            let port = containers.flat_map(|c| c.ports.iter().flatten()).map(|p| p.container_port).next();
            port.and_then(|p| u16::try_from(p).ok())
        };
        let port = match named.port {
            "" => first().map_or_else(|| named.number(), Ok)?,
            _ => named.number()?,
        };
        Ok(Address { ip: proxyable(pods::ip(pod))?, port })
    }

    /// One of those behind a Service, by chance.
    fn of_service(&self, ns: &str, id: &str, named: &Named<'_>, who: &mut Caller<'_>) -> Result<Address, Status> {
        let unavailable = |why: String| Status::new(Reason::ServiceUnavailable, why);
        let mut port_name = named.port.to_string();
        if let Ok(number) = named.port.parse::<i64>() {
            let object = self.get(&Key::of::<Service>(ns, named.name))?;
            let ports = object.get::<Service>().and_then(|s| s.spec.as_ref()?.ports.as_ref());
            let declared = ports.into_iter().flatten().find(|p| i64::from(p.port) == number);
            let declared = declared.ok_or_else(|| {
                unavailable(format!("no service port {number} found for service {}", quoted(named.name)))
            })?;
            port_name = declared.name.clone().unwrap_or_default();
        }
        let endpoints = self.get(&Key::of::<Endpoints>(ns, named.name))?;
        let subsets = endpoints.get::<Endpoints>().and_then(|e| e.subsets.as_deref()).unwrap_or_default();
        if subsets.is_empty() {
            return Err(unavailable(format!("no endpoints available for service {}", quoted(named.name))));
        }
        let mut any = |n: usize| usize::try_from(below(who.chance, u64::try_from(n).unwrap_or(u64::MAX))).unwrap_or(0);
        let first = any(subsets.len());
        for subset in subsets.iter().cycle().skip(first).take(subsets.len()) {
            let addresses = subset.addresses.as_deref().unwrap_or_default();
            let wanted = |p: &&k8s_openapi::api::core::v1::EndpointPort| p.name.as_deref().unwrap_or("") == port_name;
            let Some(port) = subset.ports.iter().flatten().find(wanted).filter(|_| !addresses.is_empty()) else {
                continue;
            };
            let begin = any(addresses.len());
            let usable = addresses.iter().cycle().skip(begin).take(addresses.len()).find_map(|a| proxyable(&a.ip).ok());
            if let (Some(ip), Ok(port)) = (usable, u16::try_from(port.port)) {
                return Ok(Address { ip, port });
            }
        }
        Err(unavailable(format!("no endpoints available for service {}", quoted(id))))
    }

    /// A node's own address. Without a port its kubelet is meant.
    fn of_node(&self, named: &Named<'_>) -> Result<(Address, bool), Status> {
        let object = self.get(&Key::of::<Node>("", named.name))?;
        let addresses = object.get::<Node>().and_then(|n| n.status.as_ref()?.addresses.as_ref());
        let ip = addresses.into_iter().flatten().find(|a| a.type_ == "InternalIP").map_or("", |a| a.address.as_str());
        if named.port.is_empty() || named.port == KUBELET.to_string() {
            let why =
                "kubetutor: a kubelet's own pages are not simulated: kubectl top, logs and describe show what it tells";
            return Err(Status::new(Reason::ServiceUnavailable, why));
        }
        Ok((Address { ip: proxyable(ip)?, port: named.number()? }, named.tls))
    }
}

/// The headers that go along.
fn forwarded(call: &ServedCall, split: &PassedOnPath<'_>, address: &str) -> Vec<(String, String)> {
    let stays = |n: &str| {
        let n = n.to_ascii_lowercase();
        OWN_HEADERS.contains(&n.as_str()) || n.starts_with("impersonate-") || n == "content-length"
    };
    let mut headers: Vec<_> = call.headers.iter().filter(|(n, _)| !stays(n)).cloned().collect();
    // `kubectl proxy` names the server that it asks, and not itself.
    if call.user.is_some()
        && let Some((_, host)) = headers.iter_mut().find(|(n, _)| n.eq_ignore_ascii_case("host"))
    {
        *host = address.into();
    }
    let uri = absolute("/", split.path) + if split.rest.ends_with('/') { "/" } else { "" };
    if call.header("accept-encoding").is_none() {
        headers.push(("Accept-Encoding".into(), "gzip".into()));
    }
    headers.push(("X-Forwarded-Uri".into(), uri));
    if !call.body.is_empty() {
        headers.push(("Content-Length".into(), call.body.len().to_string()));
    }
    headers
}

/// A request was passed on.
#[derive(Clone, Debug)]
struct PassedOn {
    about: Key,
    to: Address,
    rest: String,
}

impl Decision for PassedOn {
    fn message(&self) -> &'static str {
        "apiserver-passed-on"
    }
    fn facts(&self) -> Facts {
        let path = if self.rest.is_empty() { "/" } else { &self.rest };
        vec![
            ("kind", self.about.kind.name().to_string().into()),
            ("name", self.about.name.to_string().into()),
            ("to", self.to.to_string().into()),
            ("path", path.to_string().into()),
        ]
    }
    fn about(&self) -> Option<Key> {
        Some(self.about.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_have_a_scheme_and_a_port() {
        let parts = |t| Named::parse(t).map(|n| (n.tls, n.name.to_string(), n.port.to_string()));
        assert_eq!(parts("web"), Some((false, "web".into(), String::new())));
        assert_eq!(parts("web:http"), Some((false, "web".into(), "http".into())));
        assert_eq!(parts("https:web:443"), Some((true, "web".into(), "443".into())));
        assert_eq!(parts(":web:443"), Some((false, "web".into(), "443".into())));
        for bad in ["ftp:web:21", ":80", "a:b:c:d", ""] {
            assert_eq!(parts(bad), None, "{bad}");
        }
    }
}
