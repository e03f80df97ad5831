//! Node ports: those of a Service's ports, and the one at which a load balancer asks for its health.
//! Real Kubernetes: pkg/registry/core/service/storage/alloc.go initNodePorts, updateNodePorts, updateHealthCheckNodePort.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ServiceSpec;

use super::{Allocator, Chance, below};
use crate::api::field::{FieldErrors, Path};
use crate::api::kinds::Service;
use crate::api::kinds::service::{needs_health_check, type_of};
use crate::api::object::Resource;
use crate::api::{Reason, Status};

const PORTS: std::ops::RangeInclusive<i32> = 30_000..=32_767;
/// The low part is kept for ports that people choose.
const RESERVED_PORTS: u64 = 86;

/// The node ports that a Service holds.
pub fn of(spec: &ServiceSpec) -> impl Iterator<Item = i32> {
    let check = needs_health_check(spec).then_some(spec.health_check_node_port).flatten();
    spec.ports.iter().flatten().filter_map(|p| p.node_port).chain(check).filter(|n| *n != 0)
}

fn numbers(spec: &ServiceSpec) -> Vec<i32> {
    spec.ports.iter().flatten().filter_map(|p| p.node_port).filter(|n| *n != 0).collect()
}

fn draws_ports(spec: &ServiceSpec) -> bool {
    type_of(spec) == "NodePort" || spec.allocate_load_balancer_node_ports != Some(false)
}

/// The ports that one request takes, besides those that are booked.
struct Taken<'a> {
    booked: &'a Allocator,
    now: Vec<i32>,
    dry_run: bool,
}

impl Taken<'_> {
    fn allocate(&mut self, port: i32) -> Result<(), String> {
        // The range is known to the one who books, and a dry run books nothing.
        if !PORTS.contains(&port) && !self.dry_run {
            let (first, last) = (PORTS.start(), PORTS.end());
            return Err(format!("provided port is not in the valid range. The range of valid ports is {first}-{last}"));
        }
        if self.is_taken(port) {
            return Err("provided port is already allocated".into());
        }
        self.now.push(port);
        Ok(())
    }

    fn is_taken(&self, port: i32) -> bool {
        self.booked.ports.contains(&port) || self.now.contains(&port)
    }

    fn draw(&mut self, chance: &mut Chance) -> Result<i32, String> {
        let span = u64::try_from(PORTS.end() - PORTS.start() + 1).unwrap_or(1) - RESERVED_PORTS;
        let start = below(chance, span);
        let port = (0..span)
            .map(|i| PORTS.start() + i32::try_from(RESERVED_PORTS + (start + i) % span).unwrap_or(0))
            .find(|p| !self.is_taken(*p))
            .ok_or("range is full")?;
        self.now.push(port);
        Ok(port)
    }
}

impl Allocator {
    /// Gives every port that needs one a port of the nodes, or checks the one that the client chose.
    pub(super) fn assign_ports(
        &self,
        spec: &mut ServiceSpec,
        old: Option<&ServiceSpec>,
        name: &str,
        dry_run: bool,
        chance: &mut Chance,
    ) -> Result<(), Status> {
        let mut taken = Taken { booked: self, now: vec![], dry_run };
        if matches!(type_of(spec), "NodePort" | "LoadBalancer") {
            match old {
                None => first_ports(spec, name, &mut taken, chance)?,
                Some(old) => next_ports(spec, old, name, &mut taken, chance)?,
            }
        }
        if !needs_health_check(spec) || old.is_some_and(needs_health_check) {
            return Ok(());
        }
        match spec.health_check_node_port.unwrap_or(0) {
            0 => {
                let drawn = taken.draw(chance);
                let failed = |why| Status::internal(&format!("failed to allocate a HealthCheck NodePort 0: {why}"));
                spec.health_check_node_port = Some(drawn.map_err(failed)?);
                Ok(())
            }
            wanted => taken.allocate(wanted).map_err(|why| {
                Status::internal(&format!("failed to allocate requested HealthCheck NodePort {wanted}: {why}"))
            }),
        }
    }
}

fn refused(name: &str, i: usize, port: i32, why: String) -> Status {
    let (at, mut errors) = (Path::new("spec"), FieldErrors::default());
    errors.invalid(&at.child("ports").index(i).child("nodePort"), port, why);
    Status::invalid(Service::kind_ref(), name, errors.list())
}

fn exhausted(why: String) -> Status {
    Status::internal(&format!("failed to allocate a nodePort: {why}"))
}

/// Ports of the same number, for several protocols, share a node port.
fn first_ports(spec: &mut ServiceSpec, name: &str, taken: &mut Taken<'_>, chance: &mut Chance) -> Result<(), Status> {
    let draws = draws_ports(spec);
    let mut by_port: BTreeMap<i32, i32> = BTreeMap::new();
    let ports = spec.ports.as_mut().map_or(&mut [][..], Vec::as_mut_slice);
    for i in 0..ports.len() {
        let (port, wanted) = (ports[i].port, ports[i].node_port.unwrap_or(0));
        if wanted == 0 && !draws {
            continue;
        }
        match by_port.get(&port).copied() {
            None => {
                let chosen = ports.iter().filter(|p| p.port == port).filter_map(|p| p.node_port).find(|n| *n != 0);
                let given = match chosen {
                    Some(n) => taken.allocate(n).map(|()| n).map_err(|why| refused(name, i, n, why))?,
                    None => taken.draw(chance).map_err(exhausted)?,
                };
                ports[i].node_port = Some(given);
                by_port.insert(port, given);
            }
            Some(given) if wanted == 0 => ports[i].node_port = Some(given),
            Some(given) if wanted != given => taken.allocate(wanted).map_err(|why| refused(name, i, wanted, why))?,
            Some(_) => {}
        }
    }
    Ok(())
}

fn next_ports(
    spec: &mut ServiceSpec,
    old: &ServiceSpec,
    name: &str,
    taken: &mut Taken<'_>,
    chance: &mut Chance,
) -> Result<(), Status> {
    let (draws, before) = (draws_ports(spec), numbers(old));
    let mut seen: Vec<(String, i32)> = vec![];
    for (i, p) in spec.ports.iter_mut().flatten().enumerate() {
        let number = match p.node_port.unwrap_or(0) {
            0 if !draws => continue,
            0 => taken.draw(chance).map_err(exhausted)?,
            n if before.contains(&n) || taken.now.contains(&n) => n,
            n => taken.allocate(n).map(|()| n).map_err(|why| refused(name, i, n, why))?,
        };
        p.node_port = Some(number);
        let entry = (p.protocol.clone().unwrap_or_default(), number);
        if seen.contains(&entry) {
            return Err(Status::new(Reason::Unknown, format!("duplicate nodePort: {{{} {}}}", entry.0, entry.1)));
        }
        seen.push(entry);
    }
    Ok(())
}
