//! Cluster IPs and node ports: given out at random, never twice, and taken back.
//! Real Kubernetes: pkg/registry/core/service/ipallocator, portallocator.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use super::caller::{Chance, below};
use crate::api::field::{FieldErrors, Path};
use crate::api::kinds::{Service, service};

/// Services live in 10.96.0.0/12.
const FIRST_IP: u32 = u32::from_be_bytes([10, 96, 0, 0]);
const IPS: u64 = 1 << 20;
/// The low part is kept for addresses that people choose.
const RESERVED_IPS: u64 = 256;
const PORTS: std::ops::RangeInclusive<i32> = 30_000..=32_767;
const RESERVED_PORTS: u64 = 86;

#[derive(Clone, Debug, Default)]
pub struct Allocator {
    ips: BTreeSet<Ipv4Addr>,
    ports: BTreeSet<(i32, String)>,
}

impl Allocator {
    /// Gives a Service what it needs and has not, and takes back what it no longer needs.
    pub fn assign(&mut self, new: &mut Service, old: Option<&Service>, chance: &mut Chance, errors: &mut FieldErrors) {
        let kind = service::kind(new).to_string();
        let Some(spec) = new.spec.as_mut() else { return };
        if kind == "ExternalName" {
            // A Service that becomes one gives its address back; a new one may not ask for any.
            if old.is_none() && spec.cluster_ip.as_deref().is_some_and(|ip| !ip.is_empty()) {
                errors.forbidden(&Path::new("spec").child("clusterIPs"), "may not be set for ExternalName services");
            }
            spec.cluster_ip = None;
            spec.cluster_ips = None;
            spec.ip_families = None;
            spec.ip_family_policy = None;
        } else {
            let kept = old.and_then(|o| o.spec.as_ref()).and_then(|s| s.cluster_ip.clone());
            if spec.cluster_ip.as_deref().unwrap_or("").is_empty() {
                spec.cluster_ip = spec.cluster_ips.as_ref().and_then(|i| i.first().cloned()).or(kept);
            }
            match spec.cluster_ip.clone().unwrap_or_default().as_str() {
                "None" => {}
                "" => spec.cluster_ip = self.free_ip(chance),
                wanted => self.claim(wanted, old, errors),
            }
            if !errors.is_empty() {
                return;
            }
            spec.cluster_ips = spec.cluster_ip.clone().map(|ip| vec![ip]);
            spec.ip_families.get_or_insert_with(|| vec!["IPv4".into()]);
            spec.ip_family_policy.get_or_insert_with(|| "SingleStack".into());
        }
        let outside =
            kind == "NodePort" || (kind == "LoadBalancer" && spec.allocate_load_balancer_node_ports != Some(false));
        let before: Vec<_> = old.and_then(|o| o.spec.as_ref()).and_then(|s| s.ports.clone()).unwrap_or_default();
        for (i, p) in spec.ports.iter_mut().flatten().enumerate() {
            if !outside {
                p.node_port = None;
                continue;
            }
            let protocol = p.protocol.clone().unwrap_or_default();
            match p.node_port.unwrap_or(0) {
                0 => {
                    let kept =
                        before.iter().find(|b| b.port == p.port && b.protocol == p.protocol).and_then(|b| b.node_port);
                    p.node_port = kept.filter(|n| *n != 0).or_else(|| self.free_port(&protocol, chance));
                }
                n if before.iter().any(|b| b.node_port == Some(n)) => {}
                n => {
                    let problem = if !PORTS.contains(&n) {
                        "provided port is not in the valid range. The range of valid ports is 30000-32767"
                    } else if self.ports.contains(&(n, protocol)) {
                        "provided port is already allocated"
                    } else {
                        continue;
                    };
                    errors.invalid(&Path::new("spec").child("ports").index(i).child("nodePort"), n, problem);
                }
            }
        }
    }

    fn claim(&self, wanted: &str, old: Option<&Service>, errors: &mut FieldErrors) {
        let spec = Path::new("spec");
        let at = spec.child("clusterIPs");
        let Ok(ip) = wanted.parse::<Ipv4Addr>() else {
            let digits = |p: &str| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit());
            let octal = wanted.split('.').all(digits) && wanted.split('.').any(|p| p.len() > 1 && p.starts_with('0'));
            let why = if octal {
                "must not have leading 0s"
            } else {
                "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
            };
            errors.invalid(&at.index(0), wanted, why);
            return;
        };
        if old.and_then(|o| o.spec.as_ref()).and_then(|s| s.cluster_ip.as_deref()) == Some(wanted) {
            return;
        }
        // Another address than before is refused later, by the rules of an update.
        if old.is_some_and(|o| service::kind(o) != "ExternalName") {
            return;
        }
        let offset = u64::from(u32::from(ip).wrapping_sub(FIRST_IP));
        if offset == 0 || offset >= IPS - 1 {
            errors.invalid(
                &at,
                vec![wanted],
                format!("failed to allocate IP {wanted}: the provided network does not match the current range"),
            );
        } else if self.ips.contains(&ip) {
            errors.invalid(
                &at,
                vec![wanted],
                format!("failed to allocate IP {wanted}: provided IP is already allocated"),
            );
        }
    }

    fn free_ip(&self, chance: &mut Chance) -> Option<String> {
        let start = RESERVED_IPS + below(chance, IPS - RESERVED_IPS - 1);
        (0..IPS)
            .map(|i| RESERVED_IPS + (start - RESERVED_IPS + i) % (IPS - RESERVED_IPS - 1))
            .map(|offset| Ipv4Addr::from(FIRST_IP + u32::try_from(offset).unwrap_or(0)))
            .find(|ip| !self.ips.contains(ip))
            .map(|ip| ip.to_string())
    }

    fn free_port(&mut self, protocol: &str, chance: &mut Chance) -> Option<i32> {
        let span = u64::try_from(PORTS.end() - PORTS.start() + 1).unwrap_or(1) - RESERVED_PORTS;
        let start = below(chance, span);
        let port = (0..span)
            .map(|i| PORTS.start() + i32::try_from(RESERVED_PORTS + (start + i) % span).unwrap_or(0))
            .find(|p| !self.ports.contains(&(*p, protocol.to_string())))?;
        self.ports.insert((port, protocol.into()));
        Some(port)
    }

    /// Books what a stored Service holds.
    pub fn note(&mut self, s: &Service) {
        let Some(spec) = &s.spec else { return };
        self.ips.extend(spec.cluster_ip.as_deref().and_then(|i| i.parse::<Ipv4Addr>().ok()));
        for p in spec.ports.iter().flatten() {
            if let Some(n) = p.node_port.filter(|n| *n != 0) {
                self.ports.insert((n, p.protocol.clone().unwrap_or_default()));
            }
        }
    }

    /// Takes back what a Service held.
    pub fn release(&mut self, s: &Service) {
        let Some(spec) = &s.spec else { return };
        if let Some(ip) = spec.cluster_ip.as_deref().and_then(|i| i.parse().ok()) {
            self.ips.remove(&ip);
        }
        for p in spec.ports.iter().flatten() {
            if let Some(n) = p.node_port {
                self.ports.remove(&(n, p.protocol.clone().unwrap_or_default()));
            }
        }
    }
}
