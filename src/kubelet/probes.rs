//! Liveness, readiness and startup probes: when the next one is due and what its result means.
//! Real Kubernetes: pkg/kubelet/prober.

use std::net::Ipv4Addr;

use k8s_openapi::api::core::v1::{Container, Probe};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::worker::ProbeCount;
use crate::api::Duration;
use crate::api::ops::ProbeCall;

pub const KINDS: [&str; 3] = ["Startup", "Readiness", "Liveness"];

pub fn of<'a>(c: &'a Container, kind: &str) -> Option<&'a Probe> {
    match kind {
        "Startup" => c.startup_probe.as_ref(),
        "Readiness" => c.readiness_probe.as_ref(),
        _ => c.liveness_probe.as_ref(),
    }
}

pub fn seconds(v: Option<i32>, default: u64) -> Duration {
    Duration::from_secs(v.and_then(|v| u64::try_from(v).ok()).filter(|v| *v > 0).unwrap_or(default))
}

pub fn initial_delay(p: &Probe) -> Duration {
    Duration::from_secs(p.initial_delay_seconds.and_then(|v| u64::try_from(v).ok()).unwrap_or(0))
}

/// A port by its number, or by its name in the container.
pub fn port(c: &Container, p: &IntOrString) -> Option<u16> {
    match p {
        IntOrString::Int(n) => u16::try_from(*n).ok(),
        IntOrString::String(name) => {
            let found = c.ports.iter().flatten().find(|x| x.name.as_deref() == Some(name));
            found.and_then(|x| u16::try_from(x.container_port).ok())
        }
    }
}

/// An address that is asked instead of the pod's.
fn host(named: Option<&str>) -> Option<Ipv4Addr> {
    named?.parse().ok()
}

pub fn call(c: &Container, p: &Probe) -> Option<ProbeCall> {
    let port = |p: &IntOrString| port(c, p);
    if let Some(x) = &p.exec {
        return Some(ProbeCall::Exec { command: x.command.clone().unwrap_or_default() });
    }
    if let Some(h) = &p.http_get {
        let path = h.path.clone().unwrap_or_else(|| "/".into());
        let https = h.scheme.as_deref() == Some("HTTPS");
        let headers = h.http_headers.iter().flatten().map(|x| (x.name.clone(), x.value.clone())).collect();
        return Some(ProbeCall::Http { host: host(h.host.as_deref()), port: port(&h.port)?, path, https, headers });
    }
    if let Some(g) = &p.grpc {
        let port = u16::try_from(g.port).ok()?;
        return Some(ProbeCall::Grpc { port, service: g.service.clone().unwrap_or_default() });
    }
    p.tcp_socket.as_ref().and_then(|t| Some(ProbeCall::Tcp { host: host(t.host.as_deref()), port: port(&t.port)? }))
}

/// What a result leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// The threshold is not reached: all stays as it is.
    Undecided,
    Passed,
    Failed,
}

/// Counts a result; thresholds decide.
pub fn count(n: &mut ProbeCount, p: &Probe, ok: bool) -> Verdict {
    if ok {
        n.failures = 0;
        n.successes += 1;
        if n.successes >= p.success_threshold.unwrap_or(1).max(1) { Verdict::Passed } else { Verdict::Undecided }
    } else {
        n.successes = 0;
        n.failures += 1;
        if n.failures >= p.failure_threshold.unwrap_or(3).max(1) { Verdict::Failed } else { Verdict::Undecided }
    }
}
