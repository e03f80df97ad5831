//! Logs and exec: the API server asks the kubelet of the pod's node, which asks its runtime.
//! Real Kubernetes: pkg/registry/core/pod/rest, pkg/kubelet/server.

use std::sync::Arc;

use super::Cluster;
use super::outside::OUTSIDE;
use crate::api::kinds::Pod;
use crate::api::ops::{ContainerId, PodRef, Proxying, RuntimeCall};
use crate::api::served::ServedCall;
use crate::api::{Key, Op, OpId, Outcome, Reason, RecordId, Resource, Status, Time, Uid, User, pods};

/// Which container's log, and what of it.
#[derive(Clone, Debug, Default)]
pub struct LogOptions {
    pub container: Option<String>,
    pub previous: bool,
}

impl Cluster {
    fn kubelet_of(&self, pod: &Pod, path: &str, exec: bool) -> Result<Arc<str>, Status> {
        let node = pods::node(pod);
        let config = self.plan.nodes.iter().find(|n| n.name == node);
        let Some(config) = config else {
            return Err(Status::bad_request(format!("pod {} does not have a host assigned", pod.name())));
        };
        let broken = |what: &str| self.world.broken(what, node).is_some();
        let host = self.plan.nodes.first().map_or("", |n| n.name.as_str());
        let why = match () {
            () if broken("node") => Some("connect: no route to host"),
            () if self.world.are_parted(host, node) => Some("i/o timeout"),
            () if broken("kubelet") => Some("connect: connection refused"),
            () => None,
        };
        if let Some(why) = why {
            let dial = format!("dial tcp {0}:10250: {why}", config.ip);
            let message = if exec {
                format!("error dialing backend: {dial}")
            } else {
                format!("Get \"https://{}:10250{path}\": {dial}", config.ip)
            };
            return Err(Status::new(Reason::Unknown, message));
        }
        Ok(node.into())
    }

    fn pod(&self, ns: &str, name: &str) -> Result<Pod, Status> {
        let o = self.world.api.get(&Key::of::<Pod>(ns, name))?;
        Ok(o.get::<Pod>().cloned().unwrap_or_default())
    }

    /// The container that is meant; a pod with several needs a name.
    fn container(pod: &Pod, wanted: Option<&str>) -> Result<String, Status> {
        let spec = pod.spec.clone().unwrap_or_default();
        let mains: Vec<String> = spec.containers.iter().map(|c| c.name.clone()).collect();
        let inits: Vec<String> = spec.init_containers.iter().flatten().map(|c| c.name.clone()).collect();
        let ephemeral: Vec<String> = spec.ephemeral_containers.iter().flatten().map(|c| c.name.clone()).collect();
        match wanted {
            Some(w) if mains.iter().chain(&inits).chain(&ephemeral).any(|c| c == w) => Ok(w.into()),
            Some(w) => Err(Status::bad_request(format!("container {w} is not valid for pod {}", pod.name()))),
            None if mains.len() == 1 => Ok(mains[0].clone()),
            None => {
                let mut message = format!(
                    "a container name must be specified for pod {}, choose one of: [{}]",
                    pod.name(),
                    mains.join(" ")
                );
                if !inits.is_empty() {
                    message.push_str(&format!(" or one of the init containers: [{}]", inits.join(" ")));
                }
                Err(Status::bad_request(message))
            }
        }
    }

    /// The lines of a container's log.
    pub fn logs(
        &mut self,
        ns: &str,
        name: &str,
        options: &LogOptions,
        cause: RecordId,
    ) -> Result<Vec<(Time, String)>, Status> {
        let pod = self.pod(ns, name)?;
        let container = Cluster::container(&pod, options.container.as_deref())?;
        if pods::node(&pod).is_empty() {
            return Ok(vec![]);
        }
        let node = self.kubelet_of(&pod, &format!("/containerLogs/{ns}/{name}/{container}"), false)?;
        let statuses = pod.status.clone().unwrap_or_default();
        let found = statuses
            .container_statuses
            .iter()
            .flatten()
            .chain(statuses.init_container_statuses.iter().flatten())
            .chain(statuses.ephemeral_container_statuses.iter().flatten())
            .find(|c| c.name == container)
            .cloned();
        let state = found.as_ref().and_then(|c| c.state.clone()).unwrap_or_default();
        let last = found.as_ref().and_then(|c| c.last_state.clone()).unwrap_or_default();
        let id_of = |s: &k8s_openapi::api::core::v1::ContainerState| {
            s.terminated.as_ref().and_then(|t| container_id(t.container_id.as_deref()?))
        };
        let which = if options.previous {
            match id_of(&last) {
                Some(id) => Some(id),
                None => {
                    return Err(Status::bad_request(format!(
                        "previous terminated container {container:?} in pod {name:?} not found"
                    )));
                }
            }
        } else {
            match &state.waiting {
                Some(w) if id_of(&last).is_none() => {
                    let why = match w.reason.as_deref().unwrap_or("") {
                        "ErrImagePull" => "image can't be pulled",
                        "ImagePullBackOff" => "trying and failing to pull image",
                        other => other,
                    };
                    return Err(Status::bad_request(format!(
                        "container {container:?} in pod {name:?} is waiting to start: {why}"
                    )));
                }
                Some(_) => id_of(&last),
                None => None,
            }
        };
        let call = RuntimeCall::Logs {
            pod: PodRef { namespace: ns.into(), name: name.into(), uid: Uid::of(pod.uid()) },
            container,
            previous: which,
        };
        let op = self.world.call(Op::Runtime { node, call }, cause);
        match self.world.take_outcome(op) {
            Some(Outcome::Logs(lines)) => Ok(lines),
            // Kubelet has removed that run already, or cannot ask for it: it says so where the log would be.
            _ => Ok(which
                .or_else(|| container_id(found?.container_id.as_deref()?))
                .map(|id| (self.world.now, format!("unable to retrieve container logs for containerd://{id}")))
                .into_iter()
                .collect()),
        }
    }

    /// The running container that is meant, and its node.
    fn running(&self, at: (&str, &str, Option<&str>), path: &str) -> Result<(Arc<str>, ContainerId, Pod), Status> {
        let (ns, name, container) = at;
        let pod = self.pod(ns, name)?;
        let container = Cluster::container(&pod, container)?;
        let node = self.kubelet_of(&pod, path, true)?;
        let statuses = pod.status.iter().flat_map(|s| {
            let all = [&s.container_statuses, &s.init_container_statuses, &s.ephemeral_container_statuses];
            all.into_iter().flat_map(|l| l.iter().flatten())
        });
        let running = statuses
            .filter(|c| c.name == container && c.state.as_ref().is_some_and(|s| s.running.is_some()))
            .find_map(|c| container_id(c.container_id.as_deref()?));
        match running {
            Some(id) => Ok((node, id, pod)),
            None if path == "/attach" => {
                Err(Status::new(Reason::NotFound, format!("container {container} not found in pod {name}_{ns}")))
            }
            None => Err(Status::new(
                Reason::NotFound,
                format!("unable to upgrade connection: container not found ({container:?})"),
            )),
        }
    }

    /// Starts a command in a container. Its outcome is fetched with `World::take_outcome`.
    pub fn exec(
        &mut self,
        at: (&str, &str, Option<&str>),
        command: &[String],
        (stdin, tty): (bool, bool),
        cause: RecordId,
    ) -> Result<OpId, Status> {
        let (node, id, _) = self.running(at, "/exec")?;
        let call = RuntimeCall::Exec { id, command: command.to_vec(), stdin, tty };
        Ok(self.world.call(Op::Runtime { node, call }, cause))
    }

    /// Takes part in what the first process of a container reads and prints.
    pub fn attach(&mut self, at: (&str, &str, Option<&str>), stdin: bool, cause: RecordId) -> Result<OpId, Status> {
        let (node, id, _) = self.running(at, "/attach")?;
        Ok(self.world.call(Op::Runtime { node, call: RuntimeCall::Attach { id, stdin } }, cause))
    }

    /// Listens on ports of the learner's machine, each for one of a pod.
    pub fn port_forward(
        &mut self,
        (ns, name): (&str, &str),
        ports: &[(u16, u16)],
        addresses: &[String],
        cause: RecordId,
    ) -> Result<OpId, Status> {
        let pod = self.pod(ns, name)?;
        self.kubelet_of(&pod, "/portForward", true)?;
        let pod = PodRef { namespace: ns.into(), name: name.into(), uid: Uid::of(pod.uid()) };
        let host = self.own_host();
        let (ports, addresses) = (ports.to_vec(), addresses.to_vec());
        let call = RuntimeCall::PortForward { host: host.clone(), pod, ports, addresses, lasting: false };
        Ok(self.world.call(Op::Runtime { node: host, call }, cause))
    }

    /// A port of the learner's machine leads to the API.
    pub fn proxy(&mut self, how: Proxying, user: User, headers: Vec<(String, String)>, cause: RecordId) -> OpId {
        let host = self.own_host();
        let call = RuntimeCall::Proxy { host: host.clone(), how: Box::new(how), user: Box::new(user), headers };
        self.world.call(Op::Runtime { node: host, call }, cause)
    }

    /// A request for somebody behind the API server, from the learner's machine.
    pub fn ask_through(&mut self, call: ServedCall, cause: RecordId) -> OpId {
        let host = self.own_host();
        self.world
            .call(Op::Runtime { node: host.clone(), call: RuntimeCall::Ask { host, call: Box::new(call) } }, cause)
    }

    /// Where the learner sits: on a machine beside the nodes, or, where there is none, on the node.
    pub fn own_host(&self) -> Arc<str> {
        let first = self.plan.nodes.first().map_or("", |n| n.name.as_str());
        if self.plan.on_host { first } else { OUTSIDE }.into()
    }
}

/// The container that a status names.
fn container_id(text: &str) -> Option<ContainerId> {
    text.strip_prefix("containerd://")?.parse().ok()
}
