//! The learner's Docker beside the cluster: the books are [`Engine`]'s, containers run in the same runtime as pods do, on a machine of
//! their own that no kubelet looks after.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Cluster;
use super::outside::{OUTSIDE, Outside};
use crate::api::image::ImageRef;
use crate::api::ops::{ContainerId, ContainerSpec, ExitInfo, Mount, PodRef, RuntimeCall, Talk};
use crate::api::{Duration, Op, OpId, Outcome, RecordId, Time, Uid};
use crate::host::build::{Built, Job, Shelf, build};
use crate::host::decision::HostDecision;
use crate::host::engine::{Container, Engine};
use crate::host::picture::Picture;
use crate::ledger::What;
use crate::network::Place;
use crate::runtime::Simulated;
use crate::runtime::catalogue::StandIn;
use crate::runtime::container::State;
use crate::runtime::kernel::Signal;
use crate::runtime::stores::{DOCKER, Refusal};

/// Longer than anybody gives a container to end.
const LONGEST: Duration = Duration::from_secs(7_200);

/// A container as it is ordered.
#[derive(Clone, Debug, Default)]
pub struct Order {
    pub name: Option<String>,
    /// As the image was asked for.
    pub image: String,
    /// What goes before the image's own command, and in its place.
    pub entrypoint: Vec<String>,
    pub args: Vec<String>,
    pub env: BTreeMap<String, String>,
    /// Ports of this machine, and those of the container that they lead to.
    pub ports: Vec<(u16, u16)>,
    pub mounts: Vec<Mount>,
    pub user: Option<u32>,
    pub working_dir: String,
    pub hostname: String,
    pub stdin: bool,
    pub tty: bool,
    /// It goes when it has ended.
    pub temporary: bool,
}

/// Where an image goes when it is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keep {
    InDocker,
    Nowhere,
}

/// How a container stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Standing {
    Created,
    Running,
    Exited(ExitInfo),
}

/// Where a build finds what it begins with.
struct Bench<'a> {
    engine: &'a mut Engine,
    runtime: &'a Simulated,
}

impl Shelf for Bench<'_> {
    fn base(&mut self, image: &ImageRef) -> Result<(Picture, Duration), String> {
        let near = Duration::from_millis(10);
        if let Some(p) = self.engine.image(image) {
            return Ok((Picture::clone(p), near));
        }
        let found = self.runtime.ask_registry(image).map_err(|why| refusal(why, image))?;
        let took = self.runtime.catalogue().pull_time(&found);
        let own = self.engine.pushed(&image.full()).map(|p| Picture::clone(p));
        Ok((own.unwrap_or_else(|| Picture::of(&image.full(), &found)), took))
    }

    fn cached(&self, id: &str) -> Option<Picture> {
        self.engine.cached(id).map(|p| Picture::clone(p))
    }

    fn keep(&mut self, picture: &Picture) {
        self.engine.keep(picture);
    }
}

/// As BuildKit says it.
fn refusal(why: Refusal, image: &ImageRef) -> String {
    match why {
        Refusal::Denied => "pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed".into(),
        Refusal::Unknown => format!("{}: not found", image.full()),
        Refusal::Local => format!("failed to do request: Head \"http://{}/v2/{}/manifests/{}\": dial tcp 127.0.0.1: connect: connection refused", image.registry, image.path, image.tag_or_latest()),
        Refusal::Down => format!("failed to do request: Head \"https://{}/v2/{}/manifests/{}\": dial tcp: lookup {}: i/o timeout", image.host(), image.path, image.tag_or_latest(), image.host()),
    }
}

impl Cluster {
    fn runtime(&self) -> Option<&Simulated> {
        self.outside().map(Outside::runtime)
    }

    /// Changes what the runtime holds.
    pub(super) fn with_runtime<R>(&mut self, act: impl FnOnce(&mut Simulated) -> R) -> Option<R> {
        self.outside_mut().map(|o| act(o.runtime_mut()))
    }

    /// Writes down what Docker or minikube did and why.
    pub fn tell(&mut self, actor: &'static str, decision: HostDecision, cause: RecordId) {
        let now = self.world.now;
        self.world.ledger.add(now, actor, What::Decision(Arc::new(decision)), [cause].into_iter().collect());
    }

    /// Lets time pass until an operation is over.
    pub(super) fn finish(&mut self, op: OpId) -> Outcome {
        let until = self.world.now + LONGEST;
        loop {
            if let Some(outcome) = self.world.take_outcome(op) {
                return outcome;
            }
            if self.world.now > until || !self.world.step() {
                return Outcome::Failed { message: "context deadline exceeded".into() };
            }
        }
    }

    fn docker_call(&mut self, call: RuntimeCall, cause: RecordId) -> Outcome {
        let op = self.world.call(Op::Runtime { node: DOCKER.into(), call }, cause);
        self.finish(op)
    }

    // ---- images -----------------------------------------------------------------------------

    /// Builds an image, which Docker keeps or not.
    pub fn docker_build(&mut self, job: &Job, keep: Keep, cause: RecordId) -> Built {
        let keep = keep == Keep::InDocker;
        let mut engine = std::mem::take(&mut self.docker);
        let mut built = match self.runtime() {
            Some(runtime) => build(job, &mut Bench { engine: &mut engine, runtime }),
            None => Built { report: String::new(), took: Duration::ZERO, picture: None },
        };
        self.docker = engine;
        self.world.run_until(self.world.now + built.took);
        if let Some(p) = &mut built.picture {
            let named = job.tags.first().and_then(|t| ImageRef::parse(t));
            p.image.name = named.map_or_else(|| p.short_id().to_string(), |i| i.familiar());
            let p = Arc::new(p.clone());
            for full in job.tags.iter().filter(|_| keep) {
                self.docker_tag(full, p.clone());
            }
            if job.tags.is_empty() && keep {
                self.docker.keep_nameless(p.clone());
            }
            let image =
                job.tags.first().and_then(|t| ImageRef::parse(t)).map_or_else(|| p.short_id().into(), |i| i.shown());
            if keep {
                self.tell("docker", HostDecision::Built { image: image.clone(), size: p.image.bytes }, cause);
            }
            if let Some(s) = p.stand_in() {
                let (command, port) = (s.command.clone(), s.port);
                self.tell("docker", HostDecision::StandsIn { image, command, port }, cause);
            }
        }
        built
    }

    pub fn docker_tag(&mut self, full: &str, picture: Arc<Picture>) {
        let image = Arc::new(picture.image.clone());
        self.docker.tag(full, picture);
        self.with_runtime(|r| r.stores.put(&DOCKER.into(), full, image));
    }

    /// Fetches an image. Whether it is another than the one that was there.
    ///
    /// # Errors
    /// Why the registry gives none.
    pub fn docker_pull(&mut self, image: &ImageRef) -> Result<(Arc<Picture>, bool), Refusal> {
        let full = image.full();
        let local = image.is_local() && self.local_registry(image);
        let found = match self.runtime() {
            Some(r) if local => r.pushed(&full).cloned().ok_or(Refusal::Unknown),
            Some(r) => r.ask_registry(image),
            None => Err(Refusal::Down),
        };
        let took = self.runtime().map(Simulated::catalogue).map(|c| match &found {
            Ok(i) => c.pull_time(i),
            Err(Refusal::Down) => Duration::from_secs(15),
            Err(_) => c.answer_time(),
        });
        self.world.run_until(self.world.now + took.unwrap_or_default());
        let found = found?;
        let own = self.docker.pushed(&full).cloned();
        let picture = own.unwrap_or_else(|| Arc::new(Picture::of(&full, &found)));
        let news = self.docker.image(image).is_none_or(|p| p.id != picture.id);
        self.docker_tag(&full, picture.clone());
        Ok((picture, news))
    }

    /// Whether registries do not answer.
    pub fn registry_is_down(&self) -> bool {
        self.world.broken("registry", "").is_some()
    }

    /// Whether a registry listens where that name leads, on the learner's own machine.
    pub fn local_registry(&self, image: &ImageRef) -> bool {
        let port = image.registry.split_once(':').and_then(|(_, p)| p.parse().ok()).unwrap_or(80);
        self.listens_here(port)
    }

    /// Gives a registry an image: from now on whoever asks for it is given it.
    pub fn docker_push(&mut self, image: &ImageRef, picture: &Arc<Picture>, cause: RecordId) {
        const BYTES_PER_SECOND: u64 = 10_000_000;
        let full = image.full();
        let inner = Arc::new(picture.image.clone());
        self.docker.push(&full, picture.clone());
        self.with_runtime(|r| r.stores.push(&full, inner));
        let took = Duration::from_millis(900 + picture.image.bytes * 1_000 / BYTES_PER_SECOND);
        self.world.run_until(self.world.now + took);
        let (image, registry) = (image.shown(), image.registry.clone());
        self.tell("docker", HostDecision::Pushed { image, registry }, cause);
    }

    pub fn docker_untag(&mut self, full: &str) {
        self.with_runtime(|r| r.stores.remove(&DOCKER.into(), full));
        self.docker.untag(full);
    }

    /// Whether somebody listens on a port of the machine that the learner sits at.
    pub fn listens_here(&self, port: u16) -> bool {
        let own = self.own_host();
        let at = if &*own == OUTSIDE { Place::Outside } else { Place::Node(own) };
        self.listens(&at, port)
    }

    /// What runs in place of the program of an image, wherever it lies.
    pub fn stand_in(&self, image: &str) -> Option<Arc<StandIn>> {
        let image = ImageRef::parse(image)?;
        let runtime = self.runtime()?;
        let on_node = self.plan.nodes.iter().find_map(|n| runtime.stores.on(&n.name.as_str().into(), &image.full()));
        on_node.or_else(|| runtime.pushed(&image.full())).and_then(|i| i.stand_in.clone())
    }

    // ---- containers -------------------------------------------------------------------------

    pub fn docker_standing(&self, c: &Container) -> Standing {
        match self.runtime().and_then(|r| r.container(c.inside)).map(|c| &c.state) {
            Some(State::Running) => Standing::Running,
            // What could not be started has not run.
            Some(State::Exited(info)) if info.reason == "StartError" => Standing::Created,
            Some(State::Exited(info)) => Standing::Exited(info.clone()),
            Some(State::Created) | None => Standing::Created,
        }
    }

    pub fn docker_logs(&self, c: &Container) -> Vec<(Time, String)> {
        self.runtime().and_then(|r| r.container(c.inside)).map(|c| c.lines()).unwrap_or_default()
    }

    /// Makes a container of an image that is here. Its id, or what Docker's daemon says.
    ///
    /// # Errors
    /// Why it cannot be made.
    pub fn docker_create(&mut self, order: &Order, picture: &Arc<Picture>, cause: RecordId) -> Result<String, String> {
        let n = self.docker.next_number();
        let name = order.name.clone().unwrap_or_else(|| self.docker.name(n));
        let id = crate::api::digest::Digest::of(&format!("container {n} {name}")).to_string();
        let address = self.docker.address();
        let pod = PodRef { namespace: "docker".into(), name: name.as_str().into(), uid: Uid::of(&id) };
        let call = RuntimeCall::CreateSandbox { pod: pod.clone(), host_network: false, ip: Some(address.to_string()) };
        self.docker_call(call, cause);
        let image = self.docker.names_of(&picture.id).into_iter().next().unwrap_or_else(|| {
            let full = format!("docker.io/library/nameless:{}", picture.short_id());
            let image = Arc::new(picture.image.clone());
            self.with_runtime(|r| r.stores.put(&DOCKER.into(), &full, image));
            full
        });
        let hostname = if order.hostname.is_empty() { id[..12].to_string() } else { order.hostname.clone() };
        let spec = ContainerSpec {
            name: name.clone(),
            image: ImageRef::parse(&order.image).map_or(image, |i| i.full()),
            command: order.entrypoint.clone(),
            args: order.args.clone(),
            env: order.env.clone(),
            working_dir: order.working_dir.clone(),
            hostname,
            stdin: order.stdin,
            tty: order.tty,
            user: order.user,
            mounts: order.mounts.clone(),
            resolv_conf: "nameserver 8.8.8.8\n".into(),
            ..ContainerSpec::default()
        };
        let made = self.docker_call(RuntimeCall::CreateContainer { pod: pod.clone(), spec: spec.into() }, cause);
        let inside = match made {
            Outcome::Created { id, .. } => id,
            Outcome::Failed { message } => return Err(message),
            _ => ContainerId::of(&id),
        };
        let own = match (order.entrypoint.is_empty(), order.args.is_empty()) {
            (true, true) => picture.command(),
            (true, false) => picture.image.entrypoint.iter().chain(&order.args).cloned().collect(),
            (false, _) => order.entrypoint.iter().chain(&order.args).cloned().collect(),
        };
        self.docker.containers.push(Container {
            id: id.clone(),
            name,
            image: order.image.clone(),
            picture: picture.id.clone(),
            command: own,
            created: self.world.now,
            started: None,
            ports: order.ports.clone(),
            exposed: picture.exposed.iter().cloned().collect(),
            address,
            env: order.env.clone(),
            pod,
            inside,
            forward: None,
            temporary: order.temporary,
            tty: order.tty,
            stdin: order.stdin,
        });
        Ok(id)
    }

    /// Starts a container, for the first time or again.
    ///
    /// # Errors
    /// What Docker's daemon says.
    pub fn docker_start(&mut self, id: &str, cause: RecordId) -> Result<(), String> {
        let Some(c) = self.docker.container(id).cloned() else { return Err(format!("No such container: {id}")) };
        if let Some((port, _)) = c.ports.iter().find(|(p, _)| self.listens_here(*p)) {
            return Err(format!(
                "failed to set up container networking: driver failed programming external connectivity on endpoint {} ({id}): Bind for 0.0.0.0:{port} failed: port is already allocated",
                c.name
            ));
        }
        let started = self.docker_call(RuntimeCall::StartContainer { id: c.inside }, cause);
        if let Outcome::Failed { message } = started {
            return Err(message.replacen(
                "failed to create containerd task:",
                "failed to create task for container:",
                1,
            ));
        }
        let forward = (!c.ports.is_empty()).then(|| {
            let (host, pod) = (self.own_host(), c.pod.clone());
            let call = RuntimeCall::PortForward {
                host: host.clone(),
                pod,
                ports: c.ports.clone(),
                addresses: vec![],
                lasting: true,
            };
            self.world.call(Op::Runtime { node: host, call }, cause)
        });
        let now = self.world.now;
        if let Some(c) = self.docker.container_mut(&c.id) {
            (c.started, c.forward) = (Some(now), forward);
        }
        self.tell("docker", HostDecision::Runs { container: c.name, image: c.image, ports: c.ports }, cause);
        Ok(())
    }

    /// Ends a container: at first kindly.
    pub fn docker_stop(&mut self, id: &str, grace: Duration, cause: RecordId) {
        let Some(c) = self.docker.container(id).cloned() else { return };
        self.docker_call(RuntimeCall::StopContainer { id: c.inside, grace }, cause);
        self.docker_tidy(cause);
    }

    pub fn docker_signal(&mut self, id: &str, signal: Signal, cause: RecordId) {
        let Some(c) = self.docker.container(id).cloned() else { return };
        self.docker_call(RuntimeCall::SignalContainer { id: c.inside, signal: signal.0 }, cause);
        self.docker_tidy(cause);
    }

    pub fn docker_remove(&mut self, id: &str, cause: RecordId) {
        let Some(c) = self.docker.container(id).cloned() else { return };
        if let Some(op) = c.forward {
            self.world.talk(op, &Talk::Leave);
        }
        self.docker.containers.retain(|other| other.id != c.id);
        self.docker_call(RuntimeCall::RemoveContainer { id: c.inside }, cause);
        self.docker_call(RuntimeCall::RemoveSandbox { pod: c.pod }, cause);
    }

    /// What has ended holds no port any longer, and goes if it was to go then.
    pub fn docker_tidy(&mut self, cause: RecordId) {
        let ended: Vec<Container> = self
            .docker
            .containers
            .iter()
            .filter(|c| c.started.is_some() && matches!(self.docker_standing(c), Standing::Exited(_)))
            .cloned()
            .collect();
        for c in ended {
            if let Some(op) = c.forward {
                self.world.talk(op, &Talk::Leave);
                self.docker.container_mut(&c.id).into_iter().for_each(|c| c.forward = None);
            }
            if c.temporary {
                self.docker_remove(&c.id, cause);
            }
        }
    }
}
