//! kubectl's way to the cluster, in process: requests are function calls.

use sha2::{Digest, Sha256};

use crate::api::ops::{Proxying, Stream, Talk};
use crate::api::request::{Answer, Impersonation, Method, Request, WatchEvent};
use crate::api::served::ServedCall;
use crate::api::user::{MASTERS, User};
use crate::api::{KindRef, OpId, Reason, RecordId, Status, Time, body};
use crate::cluster::Cluster;
use crate::cluster::authentication::Credential;
use crate::cluster::stream::LogOptions;
use crate::kubectl::Transport;
use crate::kubectl::config::Keys;
use crate::kubectl::env::{Course, InPod, Remote, Streams, Watch};
use crate::kubectl::login::{Aim, Login};
use crate::store::WatchId;

/// The administrator, as kubeadm's kubeconfig has it.
pub fn administrator() -> User {
    // Who came by a certificate is told apart by it.
    let credential = Sha256::digest("kubernetes-admin").iter().map(|b| format!("{b:02x}")).collect::<String>();
    let extra = [("authentication.kubernetes.io/credential-id".into(), vec![format!("X509SHA256={credential}")])];
    User { extra: extra.into(), ..User::of("kubernetes-admin", &[MASTERS]) }
}

pub struct InProcess<'a> {
    pub cluster: &'a mut Cluster,
    /// The record of the command line.
    pub cause: RecordId,
    pub numbers: &'a mut u64,
    /// The kinds that the server told of when it was last asked.
    pub known: &'a mut Vec<KindRef>,
    /// Whom kubectl acts as: `--as`.
    pub impersonate: Option<Box<Impersonation>>,
    /// Where one goes and who one is there.
    pub login: &'a mut Known,
}

/// Somebody whom the server has been shown something, and whom it takes them for.
#[derive(Clone, Debug)]
pub struct Known {
    aim: Option<Aim>,
    /// Whether there is a server where one goes.
    found: Result<(), Status>,
    user: Result<User, Status>,
}

impl Default for Known {
    fn default() -> Known {
        Known { aim: None, found: Ok(()), user: Ok(administrator()) }
    }
}

impl InProcess<'_> {
    /// Whether one may connect to a part of a pod. An administrator may.
    fn may(&mut self, method: Method, namespace: &str, pod: &str, part: &str) -> Result<(), Status> {
        if self.impersonate.is_none() && self.user()?.is_in(MASTERS) {
            return Ok(());
        }
        let path = format!("/api/v1/namespaces/{namespace}/pods/{pod}/{part}");
        // Only the judgement counts: the stream itself does not go through requests.
        match self.request(&Request::new(method, path)) {
            Err(s) if s.is(Reason::Forbidden) => Err(s),
            _ => Ok(()),
        }
    }

    fn read(
        &mut self,
        ns: &str,
        pod: &str,
        container: Option<&str>,
        previous: bool,
    ) -> Result<Vec<(Time, String)>, Status> {
        let options = LogOptions { container: container.map(Into::into), previous };
        self.cluster.logs(ns, pod, &options, self.cause)
    }

    /// Whom the server takes somebody for.
    fn recognized(&self, login: &Login) -> Result<User, Status> {
        let user = match login {
            Login::Own => Some(administrator()),
            Login::Certificate(c) => self.cluster.recognize(Credential::Certificate(c)),
            Login::Token(t) => self.cluster.recognize(Credential::Token(t)),
            Login::Password | Login::Nobody => None,
        };
        user.ok_or_else(|| Status::new(Reason::Unauthorized, "Unauthorized"))
    }

    /// Whether a server listens where one goes, and it is this one.
    fn found(&self, aim: &Aim) -> Result<(), Status> {
        let address = aim.address();
        let Some((host, port)) = address.rsplit_once(':') else { return Ok(()) };
        let plan = &self.cluster.plan;
        let own = [plan.api_address.as_str(), "127.0.0.1", "localhost", "kubernetes"];
        let is_node = plan.nodes.iter().any(|n| !n.statics.is_empty() && (n.name == host || n.ip == host));
        if port == "6443" && (own.contains(&host) || is_node) {
            return Ok(());
        }
        let asked = if host == "localhost" { format!("127.0.0.1:{port}") } else { address.clone() };
        let mut refused = Status::refused(&address);
        refused.message = Status::refused(&asked).message;
        Err(refused)
    }

    fn user(&self) -> Result<User, Status> {
        self.login.found.clone()?;
        self.cluster.world.reach()?;
        self.login.user.clone()
    }

    fn as_wanted(&self, request: &Request) -> Request {
        Request { impersonate: self.impersonate.clone(), ..request.clone() }
    }
}

impl Transport for InProcess<'_> {
    fn now(&self) -> Time {
        self.cluster.world.now
    }

    fn own_keys(&mut self) -> Keys {
        let (world, mut keys) = (&self.cluster.world, Keys::default());
        if let Ok(authority) = world.api.authority() {
            keys.authority = authority.certificate();
            let made = authority.client("kubernetes-admin", &[MASTERS], world.start);
            (keys.certificate, keys.key) = made.unwrap_or_default();
        }
        keys
    }

    fn log_in(&mut self, aim: &Aim) {
        if self.login.aim.as_ref() != Some(aim) || matches!(aim.login, Login::Token(_) | Login::Certificate(_)) {
            let (found, user) = (self.found(aim), self.recognized(&aim.login));
            *self.login = Known { aim: Some(aim.clone()), found, user };
        }
    }

    fn act_as(&mut self, whom: Option<Impersonation>) {
        self.impersonate = whom.map(Box::new);
    }

    fn reach(&mut self) -> Result<(), Status> {
        self.login.found.clone()?;
        self.cluster.world.reach()
    }

    fn kinds(&mut self, fresh: bool) -> Result<Vec<KindRef>, Status> {
        // Whoever made the cluster has used kubectl there: it begins with what the server told then.
        if fresh {
            self.reach()?;
        }
        if fresh || self.known.is_empty() {
            *self.known = self.cluster.world.api.kinds().collect();
        }
        Ok(self.known.clone())
    }

    fn request(&mut self, request: &Request) -> Result<Answer, Status> {
        let request = self.as_wanted(request);
        let user = self.user()?;
        self.cluster.request(&request, &user, self.cause)
    }

    fn send(&mut self, request: &Request, content_type: &str, body: &[u8]) -> Result<Answer, Status> {
        self.reach()?;
        // Who asks for nothing that there is hears so before the body is looked at.
        let kind = self.cluster.world.api.leads_to(&request.path).map(|t| t.kind);
        let read = match kind {
            Some(kind) => body::read(request.clone(), content_type, body, kind)?,
            None => request.clone(),
        };
        self.request(&read)
    }

    fn watch(&mut self, request: &Request) -> Result<Watch, Status> {
        let request = self.as_wanted(request);
        let user = self.user()?;
        self.cluster.world.open_watch(&request, &user, self.cause).map(|w| Watch(w.0))
    }

    fn next(&mut self, watch: Watch) -> Option<WatchEvent> {
        self.cluster.world.next_watch_event(WatchId(watch.0))
    }

    fn course(&mut self, watch: Watch) -> Course {
        let (world, id) = (&mut self.cluster.world, WatchId(watch.0));
        if world.watch_ends(id) { Course::Over } else { Course::On(world.api.watch_due(id)) }
    }

    fn close(&mut self, watch: Watch) {
        self.cluster.world.close_watch(WatchId(watch.0));
    }

    fn logs(
        &mut self,
        namespace: &str,
        pod: &str,
        container: Option<&str>,
        previous: bool,
    ) -> Result<Vec<(Time, String)>, Status> {
        self.reach()?;
        self.may(Method::Get, namespace, pod, "log")?;
        self.read(namespace, pod, container, previous)
    }

    /// A connection is asked for as a WebSocket, and where that is refused as SPDY: who may create it gets one.
    /// Real Kubernetes: k8s.io/kubectl/pkg/cmd/exec/exec.go createExecutor.
    fn exec(&mut self, at: &InPod, command: &[String], streams: Streams) -> Result<OpId, Status> {
        self.reach()?;
        self.may(Method::Post, &at.namespace, &at.pod, "exec")?;
        let container = at.container.as_deref();
        self.cluster.exec((&at.namespace, &at.pod, container), command, (streams.stdin, streams.tty), self.cause)
    }

    fn attach(&mut self, at: &InPod, streams: Streams) -> Result<OpId, Status> {
        self.reach()?;
        self.may(Method::Post, &at.namespace, &at.pod, "attach")?;
        self.cluster.attach((&at.namespace, &at.pod, at.container.as_deref()), streams.stdin, self.cause)
    }

    fn port_forward(
        &mut self,
        namespace: &str,
        pod: &str,
        ports: &[(u16, u16)],
        addresses: &[String],
    ) -> Result<OpId, Status> {
        self.reach()?;
        self.may(Method::Post, namespace, pod, "portforward")?;
        self.cluster.port_forward((namespace, pod), ports, addresses, self.cause)
    }

    fn proxy(&mut self, how: Proxying) -> Result<OpId, Status> {
        let user = self.login.user.clone()?;
        // Whether one may act as them is judged anew with each request.
        let headers = self.impersonate.as_ref().map(|whom| whom.headers()).unwrap_or_default();
        Ok(self.cluster.proxy(how, user, headers, self.cause))
    }

    fn ask_through(&mut self, mut call: ServedCall) -> Result<OpId, Status> {
        self.reach()?;
        call.user = Some(self.login.user.clone()?);
        call.headers.extend(self.impersonate.as_ref().map(|whom| whom.headers()).unwrap_or_default());
        Ok(self.cluster.ask_through(call, self.cause))
    }

    fn said(&mut self, op: OpId) -> Vec<(Stream, Vec<u8>)> {
        self.cluster.world.said(op)
    }

    fn talk(&mut self, op: OpId, what: &Talk) {
        self.cluster.world.talk(op, what);
    }

    fn remote(&mut self, op: OpId) -> Remote {
        match self.cluster.world.take_outcome(op) {
            Some(outcome) => Remote::Done(outcome),
            None if self.cluster.world.awaits_input(op) => Remote::AwaitsInput,
            None => Remote::Running { goes_on: self.cluster.world.goes_on(op) },
        }
    }

    fn number(&mut self) -> u64 {
        // Numbers of temporary files are the client's affair: they may not disturb the cluster's chance.
        *self.numbers = self.numbers.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *self.numbers >> 33
    }
}
