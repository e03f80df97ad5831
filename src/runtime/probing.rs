//! Probes and hooks: what kubelet asks of containers, and how it takes the answers.
//! Real Kubernetes: pkg/probe/{exec,http,tcp,grpc}, pkg/kubelet/lifecycle/handlers.go.

use super::grpc::{self, Failure, Health, Heard, Reply};
use super::kernel::net::{ConnectionId, MachineId, Side};
use super::sessions::{Session, What};
use super::simulated::{Due, Simulated};
use crate::api::go_text::quoted;
use crate::api::ops::{Completion, ContainerId, HookCall, PodRef, ProbeCall, Stream};
use crate::api::time::go_duration;
use crate::api::{Duration, OpId, Outcome, Time};

#[derive(Clone, Debug)]
pub(super) struct Probe {
    pub call: ProbeCall,
    address: String,
    timeout: Duration,
    /// It is no question but a hook: whatever is answered is well, and a command's failure is told in full.
    hook: bool,
    /// So many more are followed.
    redirects: u8,
}

/// As Go's client.
const MOST_REDIRECTS: u8 = 10;

/// What an answer means that has come so far.
enum Verdict {
    Waits,
    Is(Result<(), String>),
    /// It is elsewhere on the same server.
    Elsewhere(String),
}

pub(super) fn probed(verdict: Result<(), String>) -> Outcome {
    Outcome::Probed { ok: verdict.is_ok(), detail: verdict.err().unwrap_or_default() }
}

/// What is said of a probe that nobody has answered in time, by what had come until then.
fn unanswered(probe: &ProbeCall, address: &str, timeout: Duration, came: &[u8]) -> String {
    match probe {
        ProbeCall::Exec { command } => format!("command timed out: {command:?} timed out after {}s", timeout.as_secs()),
        ProbeCall::Http { port, path, .. } => format!(
            "Get \"{}://{address}:{port}{path}\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
            scheme(probe)
        ),
        ProbeCall::Tcp { port, .. } => format!("dial tcp {address}:{port}: i/o timeout"),
        ProbeCall::Grpc { port, .. } if grpc::heard(came) == Heard::Nothing => format!(
            "timeout: failed to connect service \"{address}:{port}\" within {}: context deadline exceeded",
            go_duration(timeout)
        ),
        ProbeCall::Grpc { .. } => format!("timeout: health rpc did not complete within {}", go_duration(timeout)),
    }
}

fn scheme(probe: &ProbeCall) -> &'static str {
    if matches!(probe, ProbeCall::Http { https: true, .. }) { "https" } else { "http" }
}

/// The first bytes of a TLS handshake, for whoever does not expect one.
const CLIENT_HELLO: &[u8] = b"\x16\x03\x01";

/// What an HTTP probe or hook sends.
fn http_request(probe: &ProbeCall, path: &str, address: &str, hook: bool) -> Vec<u8> {
    let ProbeCall::Http { port, https, headers, .. } = probe else { return vec![] };
    if *https && !hook {
        return CLIENT_HELLO.to_vec();
    }
    let own = |name: &str| headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.clone());
    let agent = if hook { "kube-lifecycle/1.36" } else { "kube-probe/1.36" };
    let mut text = format!(
        "GET {path} HTTP/1.1\r\nHost: {}\r\nUser-Agent: {}\r\n",
        own("Host").unwrap_or_else(|| format!("{address}:{port}")),
        own("User-Agent").unwrap_or_else(|| agent.into())
    );
    // A header that is given empty is not sent.
    let accept = own("Accept").unwrap_or_else(|| "*/*".into());
    let more = headers.iter().filter(|(n, _)| !["host", "user-agent", "accept"].contains(&n.to_lowercase().as_str()));
    for (name, value) in [("Accept".to_string(), accept)].iter().chain(more).filter(|(_, v)| !v.is_empty()) {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    (text + "Connection: close\r\n\r\n").into_bytes()
}

impl Simulated {
    #[allow(clippy::too_many_arguments, reason = "they are the fields of the call")]
    pub(super) fn probe(
        &mut self,
        op: OpId,
        id: ContainerId,
        pod: &PodRef,
        probe: &ProbeCall,
        timeout: Duration,
        now: Time,
        out: &mut Vec<Completion>,
    ) {
        self.ask(op, id, pod, (probe, false), Some(timeout), now, out);
    }

    /// A hook. Nothing but its end is waited for where no time is given.
    #[allow(clippy::too_many_arguments, reason = "they are the fields of the call")]
    pub(super) fn hook(
        &mut self,
        op: OpId,
        id: ContainerId,
        pod: &PodRef,
        hook: &HookCall,
        timeout: Option<Duration>,
        now: Time,
        out: &mut Vec<Completion>,
    ) {
        let call = match hook {
            HookCall::Exec { command } => ProbeCall::Exec { command: command.clone() },
            HookCall::Http { port, path } => {
                ProbeCall::Http { host: None, port: *port, path: path.clone(), https: false, headers: vec![] }
            }
            HookCall::Sleep { seconds } => {
                let wait = Duration::from_secs(*seconds);
                let at = now + timeout.map_or(wait, |t| t.min(wait));
                return out.push(Completion { op, at, outcome: probed(Ok(())) });
            }
        };
        self.ask(op, id, pod, (&call, true), timeout, now, out);
    }

    #[allow(clippy::too_many_arguments, reason = "they are the fields of the call")]
    fn ask(
        &mut self,
        op: OpId,
        id: ContainerId,
        pod: &PodRef,
        (probe, hook): (&ProbeCall, bool),
        timeout: Option<Duration>,
        now: Time,
        out: &mut Vec<Completion>,
    ) {
        let own = MachineId::Pod(pod.uid);
        let (machine, host) = match probe {
            ProbeCall::Http { host: Some(host), .. } | ProbeCall::Tcp { host: Some(host), .. } => {
                (self.machine_at(*host).cloned(), Some(*host))
            }
            _ => (Some(own), None),
        };
        let host = host.or_else(|| self.machines.get(machine.as_ref()?)?.address);
        let address = host.map(|a| a.to_string()).unwrap_or_default();
        // Where nobody has the address nobody answers.
        let Some(machine) = machine else {
            let wait = timeout.unwrap_or_default();
            return out.push(Completion {
                op,
                at: now + wait,
                outcome: probed(Err(unanswered(probe, &address, wait, &[]))),
            });
        };
        let done = |verdict, after: Duration, out: &mut Vec<Completion>| {
            out.push(Completion { op, at: now + after, outcome: probed(verdict) });
        };
        let refused = |port: &u16| format!("dial tcp {address}:{port}: connect: connection refused");
        let what = match probe {
            ProbeCall::Exec { command } => match self.begin_command(id, command, (false, false), now) {
                Ok(what) => what,
                Err(message) => return done(Err(message), Duration::ZERO, out),
            },
            ProbeCall::Tcp { port, .. } => {
                let listens = self.is_heard(&machine, *port);
                return done(if listens { Ok(()) } else { Err(refused(port)) }, Duration::from_millis(1), out);
            }
            ProbeCall::Http { port, path, .. } => match self.connect_into(&machine, *port) {
                None => {
                    let url = format!("Get \"{}://{address}:{port}{path}\": {}", scheme(probe), refused(port));
                    return done(Err(url), Duration::from_millis(1), out);
                }
                Some(id) => {
                    let _ = self.sockets.write(id, Side::Client, &http_request(probe, path, &address, hook));
                    What::Connection { id, machine: machine.clone() }
                }
            },
            ProbeCall::Grpc { port, service } => match self.connect_into(&machine, *port) {
                // It tries to connect until its time is up.
                None => {
                    let wait = timeout.unwrap_or_default();
                    return done(Err(unanswered(probe, &address, wait, &[])), wait, out);
                }
                Some(id) => {
                    let question = grpc::question(service, &format!("{address}:{port}"));
                    let _ = self.sockets.write(id, Side::Client, &question);
                    What::Connection { id, machine: machine.clone() }
                }
            },
        };
        let asked = Probe {
            call: probe.clone(),
            address,
            timeout: timeout.unwrap_or_default(),
            hook,
            redirects: MOST_REDIRECTS,
        };
        let session = Session { probe: Some(asked), ..Session::new(what) };
        self.sessions.insert(op, session);
        self.run(&machine, now, out);
        if let Some(timeout) = timeout.filter(|_| self.sessions.contains_key(&op)) {
            self.at(now + timeout, Due::TimeOut(op));
        }
    }

    /// A probe waited long enough.
    pub(super) fn time_out(&mut self, op: OpId, now: Time, out: &mut Vec<Completion>) {
        let Some(session) = self.sessions.remove(&op) else { return };
        let Some(p) = &session.probe else { return };
        let why = unanswered(&p.call, &p.address, p.timeout, &session.bytes());
        out.push(Completion { op, at: now, outcome: probed(Err(why)) });
        self.leave(&session, now, out);
    }

    /// Takes what has come to a probe's connection. Whether that is over.
    pub(super) fn take_answer(&mut self, op: OpId, id: ConnectionId, now: Time, out: &mut Vec<Completion>) -> bool {
        let ended = self.sockets.is_readable(id, Side::Client);
        let Some(session) = self.sessions.get_mut(&op) else { return true };
        let came = session.bytes();
        let (Some(p), What::Connection { machine, .. }) = (&mut session.probe, &session.what) else { return true };
        let verdict = match p.verdict(&came, ended) {
            Verdict::Waits => return false,
            Verdict::Is(verdict) => verdict,
            Verdict::Elsewhere(_) if p.redirects == 0 => Err("stopped after 10 redirects".into()),
            Verdict::Elsewhere(path) => {
                p.redirects -= 1;
                let (request, machine) = (http_request(&p.call, &path, &p.address, p.hook), machine.clone());
                let ProbeCall::Http { port, .. } = p.call else { return true };
                match self.connect_into(&machine, port) {
                    Some(next) => {
                        let _ = self.sockets.write(next, Side::Client, &request);
                        let Some(session) = self.sessions.get_mut(&op) else { return true };
                        session.heard.clear();
                        session.what = What::Connection { id: next, machine };
                        return true;
                    }
                    None => Err(format!("Get {}: connection refused", quoted(&path))),
                }
            }
        };
        self.sessions.remove(&op);
        out.push(Completion { op, at: now, outcome: probed(verdict) });
        true
    }
}

impl Probe {
    /// What is told of a command that has failed.
    pub(super) fn failure(&self, code: i32, said: &Session) -> String {
        let ProbeCall::Exec { command } = &self.call else { return said.text() };
        if !self.hook {
            return said.text();
        }
        let of = |wanted: Stream| -> String {
            let all = said.heard.iter().filter(|(s, _)| *s == wanted).flat_map(|(_, t)| t.clone()).collect::<Vec<_>>();
            String::from_utf8_lossy(&all).into_owned()
        };
        let (out, err) = (of(Stream::Out), of(Stream::Err));
        format!("command '{}' exited with {code}: {err}, message: {}", command.join(" "), quoted(&(out + &err)))
    }

    fn verdict(&self, came: &[u8], ended: bool) -> Verdict {
        match &self.call {
            ProbeCall::Grpc { .. } => match grpc::heard(came) {
                Heard::Answer(reply) => Verdict::Is(healthy(&reply)),
                Heard::Greeting if ended => {
                    let lost = Failure::Code(14, "error reading from server: EOF".into());
                    Verdict::Is(Err(format!("error: health rpc probe failed: {}", lost.text())))
                }
                // It would connect again and again.
                Heard::Nothing | Heard::Greeting => Verdict::Waits,
            },
            _ if !ended => Verdict::Waits,
            ProbeCall::Http { port, path, .. } => {
                let url = format!("Get \"{}://{}:{port}{path}\"", scheme(&self.call), self.address);
                self.judge(&url, &String::from_utf8_lossy(came))
            }
            ProbeCall::Exec { .. } | ProbeCall::Tcp { .. } => Verdict::Is(Ok(())),
        }
    }

    /// An HTTP answer: from 200 to 399 is well.
    fn judge(&self, url: &str, answer: &str) -> Verdict {
        if self.hook && !answer.is_empty() {
            return Verdict::Is(Ok(()));
        }
        let line = answer.lines().next().unwrap_or_default();
        let code = line.strip_prefix("HTTP/1.").and_then(|l| l.split(' ').nth(1)).and_then(|c| c.parse::<u16>().ok());
        Verdict::Is(match code {
            Some(_) if scheme(&self.call) == "https" => {
                Err(format!("{url}: http: server gave HTTP response to HTTPS client"))
            }
            Some(301 | 302 | 303 | 307 | 308) => match self.redirected(answer) {
                Some(path) => return Verdict::Elsewhere(path),
                None => Ok(()),
            },
            Some(200..=399) => Ok(()),
            Some(code) => Err(format!("HTTP probe failed with statuscode: {code}")),
            None if answer.is_empty() => Err(format!("{url}: EOF")),
            None => {
                Err(format!("{url}: net/http: HTTP/1.x transport connection broken: malformed HTTP response {line:?}"))
            }
        })
    }

    /// Where an answer leads, if that is on the same server: kubelet goes nowhere else.
    fn redirected(&self, answer: &str) -> Option<String> {
        let ProbeCall::Http { port, .. } = self.call else { return None };
        let named = |l: &str| {
            l.split_once(':').filter(|(n, _)| n.eq_ignore_ascii_case("location")).map(|(_, v)| v.trim().to_string())
        };
        let to = answer.lines().take_while(|l| !l.is_empty()).find_map(named)?;
        let Some(rest) = to.strip_prefix("http://") else { return to.starts_with('/').then_some(to) };
        let path =
            rest.strip_prefix(&format!("{}:{port}", self.address)).or_else(|| rest.strip_prefix(&self.address))?;
        Some(if path.is_empty() { "/".into() } else { path.to_string() }).filter(|p| p.starts_with('/'))
    }
}

/// What kubelet makes of a service's answer.
/// Real Kubernetes: pkg/probe/grpc/grpc.go Probe.
fn healthy(reply: &Reply) -> Result<(), String> {
    match reply {
        Ok(Health::Serving) => Ok(()),
        Ok(Health::NotServing) => Err("service unhealthy (responded with \"NOT_SERVING\")".into()),
        Err(Failure::Unimplemented(why)) => Err(format!(
            "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): {why}"
        )),
        Err(other) => Err(format!("error: health rpc probe failed: {}", other.text())),
    }
}
