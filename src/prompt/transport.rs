//! kubectl's way to the cluster, in process: requests are function calls.

use crate::api::request::{Answer, Request, WatchEvent};
use crate::api::{OpId, Outcome, RecordId, Status, Time};
use crate::cluster::Cluster;
use crate::cluster::stream::LogOptions;
use crate::kubectl::Transport;
use crate::kubectl::env::Watch;
use crate::store::WatchId;

/// The administrator's name, as kubeadm's kubeconfig has it.
const USER: &str = "kubernetes-admin";

pub struct InProcess<'a> {
    pub cluster: &'a mut Cluster,
    /// The record of the command line.
    pub cause: RecordId,
    pub numbers: &'a mut u64,
}

impl Transport for InProcess<'_> {
    fn now(&self) -> Time {
        self.cluster.world.now
    }

    fn request(&mut self, request: &Request) -> Result<Answer, Status> {
        self.cluster.world.request(request, USER, self.cause)
    }

    fn watch(&mut self, request: &Request) -> Result<Watch, Status> {
        self.cluster.world.open_watch(request).map(|w| Watch(w.0))
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
