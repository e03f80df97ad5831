//! What is done to a running container from outside: commands (`kubectl exec`), and kubelet's probes.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::container::{Container, State};
use super::process::{environment, not_found};
use super::shell::{Pause, Shell};
use super::simulated::Simulated;
use super::web::{Answer, Server};
use crate::api::digest::Digest;
use crate::api::ops::{Completion, ContainerId, PodRef, ProbeCall};
use crate::api::{Duration, Outcome, Time, Uid};

/// Programs that many images have, and that would need a network between pods.
const NETWORK_PROGRAMS: [&str; 7] = ["wget", "curl", "nslookup", "dig", "ping", "nc", "telnet"];
/// A command that sleeps longer than this is taken to hang.
const LONGEST: Duration = Duration::from_secs(3600);

impl Simulated {
    /// A command in a running container, to its end: time does not pass in it, but what it sleeps is told.
    pub(super) fn exec(
        &mut self,
        id: ContainerId,
        command: &[String],
        stdin: &str,
        now: Time,
        out: &mut Vec<Completion>,
    ) -> (Duration, Outcome) {
        let failed = |message: String| (Duration::ZERO, Outcome::Failed { message });
        let name = command.first().cloned().unwrap_or_default();
        let image = self.containers.get(&id).and_then(|c| c.image);
        let acted = self.inside(id, stdin, now, |state, spec, sys| {
            if !matches!(state, State::Running(_)) {
                return Err("container not running".to_string());
            }
            if !super::programs::exists(&name) {
                if NETWORK_PROGRAMS.contains(&name.as_str()) {
                    return Err(format!("kubetutor: {name} cannot be run: traffic from inside a pod is not simulated yet"));
                }
                return Err(format!(
                    "Internal error occurred: Internal error occurred: error executing command in container: failed to exec in container: failed to start \
                     exec \"{}\": OCI runtime exec failed: exec failed: unable to start container process: exec: {name:?}: {}",
                    Digest::of(&format!("{id}{name}")),
                    not_found(&name)
                ));
            }
            let mut shell = Shell::new(environment(image.map_or(&BTreeMap::new(), |i| &i.env), spec), &spec.working_dir);
            let line = command.iter().map(|w| quote(w)).collect::<Vec<_>>().join(" ");
            if shell.load(&line).is_err() {
                return Ok((Duration::ZERO, 2));
            }
            let mut slept = Duration::ZERO;
            loop {
                match shell.run(sys) {
                    Pause::Exit(code) => return Ok((slept, code)),
                    Pause::Sleep(d) if slept + d < LONGEST => slept += d,
                    Pause::Sleep(_) => return Ok((slept, 137)),
                    // The container's own program listens there.
                    Pause::Serve(server) => {
                        let port = server.port;
                        sys.stderr.push_str(&format!(
                            "{name}: bind() to 0.0.0.0:{port} failed (98: Address already in use)\n"
                        ));
                        return Ok((slept, 1));
                    }
                }
                sys.now = now + slept;
            }
        });
        match acted {
            None => failed("container not found".into()),
            Some((Err(message), _)) => failed(message),
            Some((Ok((slept, code)), said)) => {
                for s in said.signals {
                    self.signal(id, s, now, out);
                }
                (slept, Outcome::Executed { code, stdout: said.stdout, stderr: said.stderr })
            }
        }
    }

    pub(super) fn probe(
        &mut self,
        id: ContainerId,
        pod: &PodRef,
        probe: &ProbeCall,
        timeout: Duration,
        now: Time,
        out: &mut Vec<Completion>,
    ) -> (Duration, Outcome) {
        match probe {
            ProbeCall::Exec { command } => {
                let (took, outcome) = self.exec(id, command, "", now, out);
                match outcome {
                    _ if took > timeout => {
                        let late = format!("command timed out: {command:?} timed out after {}s", timeout.as_secs());
                        (timeout, probed(Err(late)))
                    }
                    Outcome::Executed { code: 0, .. } => (took, probed(Ok(()))),
                    Outcome::Executed { stdout, stderr, .. } => (took, probed(Err(format!("{stdout}{stderr}")))),
                    Outcome::Failed { message } => (took, probed(Err(message))),
                    _ => (took, probed(Err(String::new()))),
                }
            }
            ProbeCall::Tcp { port } => {
                let verdict = self.listener(pod.uid, *port).map(|_| ()).ok_or_else(|| self.refused(pod, *port));
                (Duration::from_millis(1), probed(verdict))
            }
            ProbeCall::Http { port, path } => (Duration::from_millis(2), probed(self.get(pod, *port, path, now))),
        }
    }

    /// An HTTP GET by kubelet: from 200 to 399 is well.
    fn get(&mut self, pod: &PodRef, port: u16, path: &str, now: Time) -> Result<(), String> {
        let url = format!("Get \"http://{}:{port}{path}\"", self.address(pod));
        let Some((id, server)) = self.listener(pod.uid, port) else {
            return Err(format!("{url}: {}", self.refused(pod, port)));
        };
        let answer = self.inside(id, "", now, |_, _, sys| server.site.answer(path, &sys.files));
        if let Some(meter) = self.containers.get_mut(&id).and_then(|c| Arc::make_mut(c).meter.as_mut()) {
            meter.work(server.cost, now);
        }
        match answer.map(|(a, _)| a) {
            Some(Answer::Status(200..=399)) => Ok(()),
            Some(Answer::Status(code)) => Err(format!("HTTP probe failed with statuscode: {code}")),
            Some(Answer::Malformed(text)) => {
                Err(format!("{url}: net/http: HTTP/1.x transport connection broken: malformed HTTP response {text:?}"))
            }
            Some(Answer::HungUp) | None => Err(format!("{url}: EOF")),
        }
    }

    fn address(&self, pod: &PodRef) -> String {
        self.pods.get(&pod.uid).map(|p| p.ip.clone()).unwrap_or_default()
    }

    fn refused(&self, pod: &PodRef, port: u16) -> String {
        format!("dial tcp {}:{port}: connect: connection refused", self.address(pod))
    }

    /// Containers of a pod share one network: any of them may hold the port.
    fn listener(&self, uid: Uid, port: u16) -> Option<(ContainerId, Arc<Server>)> {
        let of = |c: &Container| c.process().and_then(|p| p.server().cloned()).filter(|s| s.port == port);
        let ids = &self.pods.get(&uid)?.containers;
        ids.iter().find_map(|id| Some((*id, of(self.containers.get(id)?)?)))
    }
}

fn probed(verdict: Result<(), String>) -> Outcome {
    Outcome::Probed { ok: verdict.is_ok(), detail: verdict.err().unwrap_or_default() }
}

/// Quotes a word so that the shell takes it as it is.
fn quote(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}
