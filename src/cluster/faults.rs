//! What can be broken on purpose. To add a fault: its line in [`TABLE`] and what it does below.

use super::{Cluster, first_objects};
use crate::api::kinds::{Node, Pod};
use crate::api::{Duration, Key, RecordId, Resource};
use crate::controllers;
use crate::ledger::Root;
use crate::store::Ailment;
use crate::world::Tag;

/// What a fault needs to know.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    Nowhere,
    Node,
    /// Between two of them.
    Wire,
    Pod,
    Controller,
    /// Not where, but how: nothing said is the first of them.
    Way(&'static [Way]),
}

/// One of several ways to be broken, and the message that says what it is about to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Way {
    pub name: &'static str,
    pub message: &'static str,
}

pub struct Fault {
    pub name: &'static str,
    pub place: Place,
    /// The message that says what is about to happen.
    pub message: &'static str,
    /// The same where that is the node on which the control plane runs.
    pub on_control_plane: Option<&'static str>,
}

impl Fault {
    const fn new(name: &'static str, place: Place, message: &'static str) -> Fault {
        Fault { name, place, message, on_control_plane: None }
    }

    const fn on_control_plane(self, message: &'static str) -> Fault {
        Fault { on_control_plane: Some(message), ..self }
    }
}

const ETCD: &[Way] = &[
    Way { name: "stopped", message: "fault-etcd-stopped" },
    Way { name: "slow", message: "fault-etcd-slow" },
    Way { name: "full", message: "fault-etcd-full" },
];

pub static TABLE: &[Fault] = &[
    Fault::new("kubelet", Place::Node, "fault-kubelet").on_control_plane("fault-kubelet-of-control-plane"),
    Fault::new("containerd", Place::Node, "fault-containerd").on_control_plane("fault-containerd-of-control-plane"),
    Fault::new("node", Place::Node, "fault-node").on_control_plane("fault-node-of-control-plane"),
    Fault::new("network", Place::Wire, "fault-network").on_control_plane("fault-network-of-control-plane"),
    Fault::new("memory", Place::Node, "fault-memory"),
    Fault::new("disk", Place::Node, "fault-disk"),
    Fault::new("clock", Place::Node, "fault-clock"),
    Fault::new("apiserver", Place::Nowhere, "fault-apiserver"),
    Fault::new("etcd", Place::Way(ETCD), "fault-etcd"),
    Fault::new("scheduler", Place::Nowhere, "fault-scheduler"),
    Fault::new("controller-manager", Place::Nowhere, "fault-controller-manager"),
    Fault::new("controller", Place::Controller, "fault-controller"),
    Fault::new("container", Place::Pod, "fault-container"),
    Fault::new("metrics-server", Place::Nowhere, "fault-metrics-server"),
    Fault::new("registry", Place::Nowhere, "fault-registry"),
    Fault::new("kube-proxy", Place::Node, "fault-kube-proxy"),
    Fault::new("coredns", Place::Nowhere, "fault-coredns"),
];

/// A DNS server that comes back lists anew.
const COREDNS_RESTART: Duration = Duration::from_millis(500);
/// A controller that comes back alone needs a moment to list.
const CONTROLLER_RESTART: Duration = Duration::from_millis(1800);

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FaultError {
    Unknown { name: String, near: Option<&'static str> },
    NeedsPlace { what: Place },
    NoSuchPlace { place: String, known: Vec<String> },
    AlreadySo,
    NotInstalled,
}

/// Two nodes as the list of all pairs has them.
fn in_order(pair: &str, known: &[String]) -> String {
    let turned = pair.split_once(' ').map(|(a, b)| format!("{} {a}", b.trim()));
    turned.filter(|t| known.contains(t)).unwrap_or_else(|| pair.to_string())
}

pub fn find(name: &str) -> Option<&'static Fault> {
    TABLE.iter().find(|f| f.name == name)
}

impl Cluster {
    /// Places where a fault can strike.
    pub fn places(&self, what: Place) -> Vec<String> {
        match what {
            Place::Nowhere => vec![],
            Place::Way(ways) => ways.iter().map(|w| w.name.to_string()).collect(),
            Place::Node => self.plan.nodes.iter().map(|n| n.name.clone()).collect(),
            Place::Wire => {
                let names = || self.plan.nodes.iter().map(|n| &n.name);
                let pairs = names().enumerate().flat_map(|(i, a)| names().skip(i + 1).map(move |b| format!("{a} {b}")));
                pairs.collect()
            }
            Place::Pod => self.objects::<Pod>().iter().map(|p| format!("{}/{}", p.namespace(), p.name())).collect(),
            Place::Controller => controllers::TABLE.iter().map(|c| c.name.to_string()).collect(),
        }
    }

    /// The message that says what a fault is about to do there.
    pub fn foretold(&self, fault: &Fault, place: Option<&str>) -> &'static str {
        if let Place::Way(ways) = fault.place {
            let way = place.map_or(ways.first(), |p| ways.iter().find(|w| w.name == p));
            return way.map_or(fault.message, |w| w.message);
        }
        if fault.name == "container" && place.is_some_and(|p| p.ends_with(" hang")) {
            return "fault-container-hang";
        }
        let nodes = &self.plan.nodes;
        let of = |name: &str| nodes.iter().find(|n| n.name == name);
        let node = if fault.place == Place::Node { place.map_or(nodes.first(), of) } else { None };
        if fault.place == Place::Wire {
            let first = nodes.first().map_or("", |n| n.name.as_str());
            let touches = place.is_some_and(|p| p.split(' ').any(|n| n == first));
            return fault.on_control_plane.filter(|_| touches).unwrap_or(fault.message);
        }
        let carries = node.is_some_and(|n| !n.statics.is_empty());
        fault.on_control_plane.filter(|_| carries).unwrap_or(fault.message)
    }

    /// Where, or in what way, it is broken now.
    fn broken_ways(&self, name: &str) -> Vec<String> {
        self.world.faults.keys().filter(|(fault, _)| fault == name).map(|(_, way)| way.clone()).collect()
    }

    /// Between two nodes nothing gets through, or all again. If one of them is the control plane's, the other's kubelet and kube-proxy
    /// hear nothing and are not heard.
    fn wire(&mut self, place: &str, broken: bool, cause: RecordId) {
        self.world.fault_outside("network", place, broken, cause);
        let host = self.plan.nodes.first().map_or("", |n| n.name.as_str());
        let Some((a, b)) = place.split_once(' ') else { return };
        let other = match (a == host, b == host) {
            (true, _) => b,
            (_, true) => a,
            _ => return,
        };
        for program in ["kubelet", "kube-proxy"] {
            let tag = Tag::about("fault network", Key::of::<Node>("", other)).number(u64::from(broken));
            self.world.notify(program, tag, cause);
        }
        self.world.run_until(self.world.now);
    }

    /// A program of the control plane ends and cannot be started, or can again. One that lives in a container is kubelet's affair.
    fn program(&mut self, program: &'static str, broken: bool, cause: RecordId) {
        if let Some(pod) = self.world.house_of(program).cloned() {
            let tag = Tag::about("fault program", pod.clone()).number(u64::from(broken));
            self.world.notify("kubelet", tag, cause);
            self.world.run_until(self.world.now);
            if broken {
                self.world.crash(&pod, cause);
                self.world.run_until(self.world.now);
            }
        } else if broken {
            self.world.process_ended(program, cause);
        } else {
            self.world.process_began(program, cause);
        }
    }

    /// Breaks or mends something.
    pub fn fault(&mut self, name: &str, place: Option<&str>, broken: bool) -> Result<(), FaultError> {
        let Some(fault) = find(name) else {
            let near =
                TABLE.iter().map(|f| f.name).max_by(|a, b| strsim::jaro(a, name).total_cmp(&strsim::jaro(b, name)));
            return Err(FaultError::Unknown { name: name.into(), near: near.filter(|n| strsim::jaro(n, name) > 0.7) });
        };
        // A container ends, unless it is said that it hangs.
        let (place, how) = match place.and_then(|p| p.split_once(' ')) {
            Some((pod, how)) if fault.place == Place::Pod => (Some(pod), Some(how)),
            _ => (place, None),
        };
        if let Some(how) = how.filter(|how| *how != "hang") {
            return Err(FaultError::NoSuchPlace { place: how.into(), known: vec!["hang".into()] });
        }
        let known = self.places(fault.place);
        let place = match (fault.place, place) {
            (Place::Nowhere, _) => String::new(),
            (Place::Node, None) if known.len() == 1 => known[0].clone(),
            // What is mended is what is broken; what is broken, if nothing else is said, is broken in the usual way.
            (Place::Wire, None) if self.broken_ways(name).len() == 1 => self.broken_ways(name).remove(0),
            (Place::Wire, Some(p)) => in_order(p, &known),
            (Place::Way(_), None) => {
                let broken_so = self.broken_ways(name).into_iter().next();
                broken_so.or(known.first().cloned()).unwrap_or_default()
            }
            (what, None) => return Err(FaultError::NeedsPlace { what }),
            (Place::Pod, Some(p)) => {
                let full = if p.contains('/') { p.trim_start_matches("pod/").to_string() } else { p.to_string() };
                if full.contains('/') { full } else { format!("default/{full}") }
            }
            (_, Some(p)) => p.to_string(),
        };
        if fault.place != Place::Nowhere && !known.contains(&place) && (broken || how.is_none()) {
            return Err(FaultError::NoSuchPlace { place, known });
        }
        let place = how.map_or(place.clone(), |how| format!("{place} {how}"));
        let id = (name.to_string(), place.clone());
        let hangs = name == "container" && how == Some("hang");
        let lasting = name != "container" || hangs;
        // Two ways of being broken at once are none.
        let already = match fault.place {
            Place::Way(_) if broken => self.world.faults.keys().any(|(fault, _)| fault == name),
            _ => self.world.faults.contains_key(&id) == broken,
        };
        if lasting && already {
            return Err(FaultError::AlreadySo);
        }
        if name == "metrics-server" && !self.plan.metrics_service {
            return Err(FaultError::NotInstalled);
        }
        let what = if place.is_empty() || place == "stopped" { name.to_string() } else { format!("{name} {place}") };
        let cause = self.world.root("fault", Root::Fault { what, broken });
        if broken && lasting {
            self.world.faults.insert(id, cause);
        } else {
            self.world.faults.remove(&id);
        }
        match name {
            "kubelet" | "containerd" | "node" | "memory" | "disk" | "clock" => {
                let what = match name {
                    "kubelet" => "fault kubelet",
                    "node" => "fault node",
                    "memory" => "fault memory",
                    "disk" => "fault disk",
                    "clock" => "fault clock",
                    _ => "fault containerd",
                };
                let tag = Tag::about(what, Key::of::<Node>("", &place)).number(u64::from(broken));
                if name == "containerd" {
                    self.world.fault_outside(name, &place, broken, cause);
                }
                self.world.notify("kubelet", tag, cause);
                // A stopped process does not finish what it was about to do.
                self.world.run_until(self.world.now);
                if name == "node" {
                    self.world.fault_outside(name, &place, broken, cause);
                    self.world.run_until(self.world.now);
                }
            }
            "network" => self.wire(&place, broken, cause),
            "kube-proxy" => {
                let tag = Tag::about("fault kube-proxy", Key::of::<Node>("", &place));
                self.world.notify("kube-proxy", tag.number(u64::from(broken)), cause);
                self.world.run_until(self.world.now);
            }
            "coredns" => {
                // It hears of nothing while it does not run, and lists anew when it comes back.
                if broken {
                    self.world.stop(name)
                } else {
                    self.world.restart(name, cause, COREDNS_RESTART)
                }
                self.world.fault_outside(name, &place, broken, cause);
            }
            "apiserver" => self.program("kube-apiserver", broken, cause),
            "etcd" if place == "stopped" => self.program("etcd", broken, cause),
            "etcd" => {
                let ailment = if place == "full" { Ailment::Full } else { Ailment::Slow };
                self.world.set_storage(broken.then_some(ailment), cause);
            }
            "scheduler" => self.program("kube-scheduler", broken, cause),
            "controller-manager" => self.program("kube-controller-manager", broken, cause),
            "controller" => {
                self.world.hold(&place, broken);
                if broken { self.world.stop(&place) } else { self.world.restart(&place, cause, CONTROLLER_RESTART) }
            }
            "container" if hangs => {
                let pod = place.split(' ').next().and_then(|p| p.split_once('/')).unwrap_or_default();
                let tag = Tag::about("fault hang", Key::of::<Pod>(pod.0, pod.1)).number(u64::from(broken));
                self.world.notify("kubelet", tag, cause);
                self.world.run_until(self.world.now);
            }
            "metrics-server" => {
                self.world.fault_outside(name, &place, broken, cause);
                first_objects::set_metrics_available(&mut self.world, !broken, cause);
            }
            _ => self.world.fault_outside(name, &place, broken, cause),
        }
        Ok(())
    }
}
