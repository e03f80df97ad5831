//! Cluster IPs and node ports: given out at random, never twice, and taken back.
//!
//! Which addresses are taken, the [IPAddress objects](objects) say.
//!
//! Before a Service is judged it gets what it needs and has not: [`kept`] takes over what a client left out and the Service
//! had, [`families`] settles which addresses it wants, and here and in [`ports`] they are drawn.
//! Real Kubernetes: pkg/registry/core/service/storage (storage.go, alloc.go), ipallocator, portallocator.

mod families;
mod kept;
pub(super) mod objects;
mod ports;

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use k8s_openapi::api::core::v1::ServiceSpec;

use super::caller::{Chance, below};
use crate::api::Status;
use crate::api::field::{FieldErrors, Path};
use crate::api::kinds::Service;
use crate::api::kinds::service::{is_headless, needs_cluster_ip};
use crate::api::object::Resource;
use crate::store::Store;

/// Services live in 10.96.0.0/12.
const FIRST_IP: u32 = u32::from_be_bytes([10, 96, 0, 0]);
const IPS: u64 = 1 << 20;
/// The low part is kept for addresses that people choose.
const RESERVED_IPS: u64 = 256;

#[derive(Clone, Debug, Default)]
pub struct Allocator {
    ports: BTreeSet<i32>,
}

impl Allocator {
    /// Gives a Service what it needs and has not. Nothing is taken before the Service is stored ([`Allocator::note`]).
    pub fn assign(
        &self,
        new: &mut Service,
        old: Option<&Service>,
        store: &Store,
        dry_run: bool,
        chance: &mut Chance,
    ) -> Result<(), Status> {
        let name = new.name().to_string();
        let refuse = |errors: FieldErrors| match errors.is_empty() {
            true => Ok(()),
            false => Err(Status::invalid(Service::kind_ref(), &name, errors.list())),
        };
        let before = old.and_then(|o| o.spec.as_ref());
        let Some(spec) = new.spec.as_mut() else { return Ok(()) };
        kept::take_over(spec, before);
        refuse(families::settle(spec, before))?;
        refuse(assign_ip(spec, before, store, dry_run, chance))?;
        self.assign_ports(spec, before, &name, dry_run, chance)
    }

    /// Books the ports that a stored Service holds.
    pub fn note(&mut self, s: &Service) {
        let Some(spec) = &s.spec else { return };
        self.ports.extend(ports::of(spec));
    }

    /// Takes back the ports that a Service held.
    pub fn release(&mut self, s: &Service) {
        let Some(spec) = &s.spec else { return };
        for port in ports::of(spec) {
            self.ports.remove(&port);
        }
    }
}

/// An address is drawn or, if the client chose one, checked. One that a Service has had before it keeps.
/// A dry run does not look whether somebody else has it.
fn assign_ip(
    spec: &mut ServiceSpec,
    old: Option<&ServiceSpec>,
    store: &Store,
    dry_run: bool,
    chance: &mut Chance,
) -> FieldErrors {
    let mut errors = FieldErrors::default();
    if !needs_cluster_ip(spec) || is_headless(spec) || old.is_some_and(needs_cluster_ip) {
        return errors;
    }
    match spec.cluster_ips.as_ref().and_then(|ips| ips.first()).cloned().unwrap_or_default().as_str() {
        "" => {
            spec.cluster_ip = free_ip(store, chance);
            spec.cluster_ips = spec.cluster_ip.clone().map(|ip| vec![ip]);
        }
        wanted => {
            spec.cluster_ip = Some(wanted.into());
            if let Some(why) = refusal(wanted, store, dry_run) {
                let at = Path::new("spec");
                let shown = spec.cluster_ips.clone().unwrap_or_default();
                errors.invalid(&at.child("clusterIPs"), shown, format!("failed to allocate IP {wanted}: {why}"));
            }
        }
    }
    errors
}

/// Why an address is not to be had.
fn refusal(wanted: &str, store: &Store, dry_run: bool) -> Option<&'static str> {
    let ip: Ipv4Addr = wanted.parse().ok()?;
    let offset = u64::from(u32::from(ip).wrapping_sub(FIRST_IP));
    if offset == 0 || offset >= IPS - 1 {
        Some("the provided network does not match the current range")
    } else {
        (!dry_run && objects::is_held(store, ip)).then_some("provided IP is already allocated")
    }
}

fn free_ip(store: &Store, chance: &mut Chance) -> Option<String> {
    let start = RESERVED_IPS + below(chance, IPS - RESERVED_IPS - 1);
    (0..IPS)
        .map(|i| RESERVED_IPS + (start - RESERVED_IPS + i) % (IPS - RESERVED_IPS - 1))
        .map(|offset| Ipv4Addr::from(FIRST_IP + u32::try_from(offset).unwrap_or(0)))
        .find(|ip| !objects::is_held(store, *ip))
        .map(|ip| ip.to_string())
}
