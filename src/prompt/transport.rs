//! kubectl's way to the cluster, in process: requests are function calls.

use sha2::{Digest, Sha256};

use crate::api::request::{Answer, Impersonation, Request, WatchEvent};
use crate::api::user::{MASTERS, User};
use crate::api::{KindRef, OpId, Outcome, RecordId, Status, Time};
use crate::cluster::Cluster;
use crate::cluster::stream::LogOptions;
use crate::kubectl::Transport;
use crate::kubectl::env::Watch;
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
}

impl InProcess<'_> {
    fn as_wanted(&self, request: &Request) -> Request {
        Request { impersonate: self.impersonate.clone(), ..request.clone() }
    }
}

impl Transport for InProcess<'_> {
    fn now(&self) -> Time {
        self.cluster.world.now
    }

    fn act_as(&mut self, whom: Option<Impersonation>) {
        self.impersonate = whom.map(Box::new);
    }

    fn kinds(&mut self, fresh: bool) -> Vec<KindRef> {
        if fresh || self.known.is_empty() {
            *self.known = self.cluster.world.api.kinds().collect();
        }
        self.known.clone()
    }

    fn request(&mut self, request: &Request) -> Result<Answer, Status> {
        let request = self.as_wanted(request);
        self.cluster.request(&request, &administrator(), self.cause)
    }

    fn watch(&mut self, request: &Request) -> Result<Watch, Status> {
        let request = self.as_wanted(request);
        self.cluster.world.open_watch(&request, &administrator(), self.cause).map(|w| Watch(w.0))
    }

    fn next(&mut self, watch: Watch) -> Option<WatchEvent> {
        self.cluster.world.next_watch_event(WatchId(watch.0))
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
        let options = LogOptions { container: container.map(Into::into), previous };
        self.cluster.logs(namespace, pod, &options, self.cause)
    }

    fn exec(
        &mut self,
        namespace: &str,
        pod: &str,
        container: Option<&str>,
        command: &[String],
    ) -> Result<OpId, Status> {
        self.cluster.exec(namespace, pod, container, command, self.cause)
    }

    fn exec_result(&mut self, op: OpId) -> Option<Outcome> {
        self.cluster.world.take_outcome(op)
    }

    fn number(&mut self) -> u64 {
        // Numbers of temporary files are the client's affair: they may not disturb the cluster's chance.
        *self.numbers = self.numbers.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *self.numbers >> 33
    }
}
