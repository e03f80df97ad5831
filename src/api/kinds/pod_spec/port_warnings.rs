//! Ports of a pod's containers that are in each other's way.
//! Real Kubernetes: pkg/api/pod/warnings.go warningsForPodSpecAndMeta.

use k8s_openapi::api::core::v1::{ContainerPort, PodSpec};

use super::{containers, text};
use crate::api::field::Path;
use crate::api::go_text::quoted;

/// A port and where it stands.
#[derive(Clone, Copy)]
struct Place<'a> {
    list: &'static str,
    container: usize,
    at: usize,
    port: &'a ContainerPort,
}

impl Place<'_> {
    fn shown(&self, spec_at: &Path<'_>) -> String {
        let list = spec_at.child(self.list);
        let here = list.index(self.container);
        here.child("ports").index(self.at).to_string()
    }

    fn host_port(&self) -> i32 {
        self.port.host_port.unwrap_or(0)
    }

    /// How two ports of the same number and protocol get on.
    fn clash(&self, other: &Place<'_>) -> Option<&'static str> {
        let (ip, other_ip) = (text(&self.port.host_ip), text(&other.port.host_ip));
        let (port, other_port) = (self.host_port(), other.host_port());
        if ip == other_ip && port == other_port {
            Some("duplicate")
        } else if port == 0 || other_port == 0 {
            Some("overlapping")
        } else if port == other_port && ip.is_empty() != other_ip.is_empty() {
            Some("dangerously ambiguous")
        } else {
            None
        }
    }
}

pub fn find(s: &PodSpec, spec_at: &Path<'_>, out: &mut Vec<String>) {
    // One port is in nobody's way.
    let ports = || containers::all(s).flat_map(|(_, _, c)| c.ports);
    if ports().count() < 2 && ports().all(|p| text(&p.host_ip).is_empty()) {
        return;
    }
    let all: Vec<Place<'_>> = containers::all(s)
        .flat_map(|(list, container, c)| {
            c.ports.iter().enumerate().map(move |(at, port)| Place { list, container, at, port })
        })
        .collect();
    for (i, p) in all.iter().enumerate() {
        if !text(&p.port.host_ip).is_empty() && p.host_port() == 0 {
            out.push(format!("{}: hostIP set without hostPort: {}", p.shown(spec_at), as_go(p.port)));
        }
        let same = |o: &&Place<'_>| {
            o.port.container_port == p.port.container_port && text(&o.port.protocol) == text(&p.port.protocol)
        };
        for other in all[..i].iter().filter(same) {
            if let Some(how) = p.clash(other) {
                out.push(format!("{}: {how} port definition with {}", p.shown(spec_at), other.shown(spec_at)));
            }
        }
    }
    for (i, p) in all.iter().enumerate().filter(|(_, p)| !text(&p.port.name).is_empty()) {
        if let Some(first) = all[..i].iter().find(|o| o.port.name == p.port.name) {
            let (name, first) = (quoted(text(&p.port.name)), first.shown(spec_at));
            out.push(format!(
                "{}: duplicate port name {name} with {first}, services and probes that select ports by name will use {first}",
                p.shown(spec_at)
            ));
        }
    }
}

/// A port as Go prints a struct.
fn as_go(p: &ContainerPort) -> String {
    let (name, protocol, ip) = (text(&p.name), text(&p.protocol), text(&p.host_ip));
    let port = p.host_port.unwrap_or(0);
    format!("{{Name:{name} HostPort:{port} ContainerPort:{} Protocol:{protocol} HostIP:{ip}}}", p.container_port)
}
