//! What can be broken on purpose. To add a fault: its line in [`TABLE`] and what it does below.

use super::{Cluster, first_objects};
use crate::api::kinds::{Node, Pod};
use crate::api::{Duration, Key, Resource};
use crate::controllers;
use crate::ledger::Root;
use crate::world::Tag;

/// What a fault needs to know.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    Nowhere,
    Node,
    Pod,
    Controller,
}

pub struct Fault {
    pub name: &'static str,
    pub place: Place,
    /// The message that says what is about to happen.
    pub message: &'static str,
}

pub static TABLE: &[Fault] = &[
    Fault { name: "kubelet", place: Place::Node, message: "fault-kubelet" },
    Fault { name: "containerd", place: Place::Node, message: "fault-containerd" },
    Fault { name: "scheduler", place: Place::Nowhere, message: "fault-scheduler" },
    Fault { name: "controller-manager", place: Place::Nowhere, message: "fault-controller-manager" },
    Fault { name: "controller", place: Place::Controller, message: "fault-controller" },
    Fault { name: "container", place: Place::Pod, message: "fault-container" },
    Fault { name: "metrics-server", place: Place::Nowhere, message: "fault-metrics-server" },
    Fault { name: "registry", place: Place::Nowhere, message: "fault-registry" },
    Fault { name: "kube-proxy", place: Place::Node, message: "fault-kube-proxy" },
    Fault { name: "coredns", place: Place::Nowhere, message: "fault-coredns" },
];

/// A process that comes back needs a moment: it lists, and takes its lease again.
const SCHEDULER_RESTART: Duration = Duration::from_millis(700);
const COREDNS_RESTART: Duration = Duration::from_millis(500);
const MANAGER_RESTART: Duration = Duration::from_millis(1800);

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FaultError {
    Unknown { name: String, near: Option<&'static str> },
    NeedsPlace { what: Place },
    NoSuchPlace { place: String, known: Vec<String> },
    AlreadySo,
    NotInstalled,
}

pub fn find(name: &str) -> Option<&'static Fault> {
    TABLE.iter().find(|f| f.name == name)
}

impl Cluster {
    /// Places where a fault can strike.
    pub fn places(&self, what: Place) -> Vec<String> {
        match what {
            Place::Nowhere => vec![],
            Place::Node => self.plan.nodes.iter().map(|n| n.name.clone()).collect(),
            Place::Pod => self.objects::<Pod>().iter().map(|p| format!("{}/{}", p.namespace(), p.name())).collect(),
            Place::Controller => controllers::TABLE.iter().map(|c| c.name.to_string()).collect(),
        }
    }

    /// Breaks or mends something.
    pub fn fault(&mut self, name: &str, place: Option<&str>, broken: bool) -> Result<(), FaultError> {
        let Some(fault) = find(name) else {
            let near =
                TABLE.iter().map(|f| f.name).max_by(|a, b| strsim::jaro(a, name).total_cmp(&strsim::jaro(b, name)));
            return Err(FaultError::Unknown { name: name.into(), near: near.filter(|n| strsim::jaro(n, name) > 0.7) });
        };
        let known = self.places(fault.place);
        let place = match (fault.place, place) {
            (Place::Nowhere, _) => String::new(),
            (Place::Node, None) if known.len() == 1 => known[0].clone(),
            (what, None) => return Err(FaultError::NeedsPlace { what }),
            (Place::Pod, Some(p)) => {
                let full = if p.contains('/') { p.trim_start_matches("pod/").to_string() } else { p.to_string() };
                if full.contains('/') { full } else { format!("default/{full}") }
            }
            (_, Some(p)) => p.to_string(),
        };
        if fault.place != Place::Nowhere && !known.contains(&place) {
            return Err(FaultError::NoSuchPlace { place, known });
        }
        let id = (name.to_string(), place.clone());
        let lasting = name != "container";
        if lasting && self.world.faults.contains_key(&id) == broken {
            return Err(FaultError::AlreadySo);
        }
        if name == "metrics-server" && !self.plan.metrics_service {
            return Err(FaultError::NotInstalled);
        }
        let what = if place.is_empty() { name.to_string() } else { format!("{name} {place}") };
        let cause = self.world.root("fault", Root::Fault { what, broken });
        if broken && lasting {
            self.world.faults.insert(id, cause);
        } else {
            self.world.faults.remove(&id);
        }
        match name {
            "kubelet" | "containerd" => {
                let tag = Tag::about(
                    if name == "kubelet" { "fault kubelet" } else { "fault containerd" },
                    Key::of::<Node>("", &place),
                );
                if name == "containerd" {
                    self.world.fault_outside(name, &place, broken, cause);
                }
                self.world.notify("kubelet", tag.number(u64::from(broken)), cause);
                // A stopped process does not finish what it was about to do.
                self.world.run_until(self.world.now);
            }
            "kube-proxy" => {
                let tag = Tag::about("fault kube-proxy", Key::of::<Node>("", &place));
                self.world.notify("kube-proxy", tag.number(u64::from(broken)), cause);
                self.world.run_until(self.world.now);
            }
            "coredns" => {
                // It hears of nothing while it does not run, and lists anew when it comes back.
                if broken {
                    self.world.stop("coredns")
                } else {
                    self.world.restart("coredns", cause, COREDNS_RESTART)
                }
                self.world.fault_outside(name, &place, broken, cause);
            }
            "scheduler" if broken => self.world.stop("scheduler"),
            "scheduler" => self.world.restart("scheduler", cause, SCHEDULER_RESTART),
            "controller-manager" => {
                for c in controllers::TABLE {
                    if broken { self.world.stop(c.name) } else { self.world.restart(c.name, cause, MANAGER_RESTART) }
                }
            }
            "controller" if broken => self.world.stop(&place),
            "controller" => self.world.restart(&place, cause, MANAGER_RESTART),
            "metrics-server" => {
                self.world.fault_outside(name, &place, broken, cause);
                first_objects::set_metrics_available(&mut self.world, !broken, cause);
            }
            _ => self.world.fault_outside(name, &place, broken, cause),
        }
        Ok(())
    }
}
