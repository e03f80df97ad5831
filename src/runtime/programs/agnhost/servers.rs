//! Small servers: one that is alive for ten seconds, one that tells its health in gRPC, one that tells its name.
//! Real Kubernetes: test/images/agnhost/{liveness,grpc-health-checking,serve-hostname}.

use super::{Flags, elsewhere, log_line, not_found, page, print, serve};
use crate::api::time::go_duration;
use crate::api::{Duration, Time};
use crate::runtime::grpc::{Failure, Health, Reply};
use crate::runtime::kernel::{Program, STDERR, Sys};
use crate::runtime::programs::Start;
use crate::runtime::programs::serving::{Pages, Speech};
use crate::runtime::web::{Answer, Request};

#[derive(Clone)]
struct Liveness {
    started: Time,
}

pub fn liveness(_: &Flags, s: &mut Start<'_, '_>) -> Box<dyn Program> {
    serve(Liveness { started: s.sys.now }, vec![(8080, Speech::Http)])
}

impl Pages for Liveness {
    fn answer(&mut self, _: u16, r: &Request, sys: &mut Sys<'_>) -> Answer {
        let age = sys.now.since(self.started);
        match r.path() {
            "/started" => page(200, go_duration(age)),
            "/healthz" if age > Duration::from_secs(10) => page(500, format!("error: {}", age.as_secs_f64())),
            "/healthz" => page(200, "ok"),
            "/redirect" => elsewhere(302, r.value("loc")),
            "/disconnect-headers" => Answer::HungUp,
            _ => not_found(),
        }
    }

    fn clone_box(&self) -> Box<dyn Pages> {
        Box::new(self.clone())
    }
}

#[derive(Clone)]
struct GrpcHealth {
    started: Time,
    service: String,
    /// It does not serve from that age on.
    until: Option<Duration>,
    /// What somebody has said it is.
    forced: Option<Health>,
}

pub fn grpc_health(f: &Flags, s: &mut Start<'_, '_>) -> Box<dyn Program> {
    let now = s.sys.now;
    let (http, grpc) = (f.port("http-port"), f.port("port"));
    let begins = log_line(now, &format!("Http server starting to listen on :{http}"))
        + &log_line(now, &format!("gRPC server starting to listen on :{grpc}"));
    let _ = s.sys.write(STDERR, begins.as_bytes());
    let until = u64::try_from(f.number("delay-unhealthy-sec")).ok().map(Duration::from_secs);
    let pages = GrpcHealth { started: now, service: f.text("service").into(), until, forced: None };
    serve(pages, vec![(http, Speech::Http), (grpc, Speech::Grpc)])
}

impl Pages for GrpcHealth {
    fn answer(&mut self, _: u16, r: &Request, sys: &mut Sys<'_>) -> Answer {
        let (forced, said) = match r.path() {
            "/make-serving" => (Health::Serving, "Mark as healthy"),
            "/make-not-serving" => (Health::NotServing, "Mark as unhealthy"),
            _ => return not_found(),
        };
        self.forced = Some(forced);
        let _ = sys.write(STDERR, log_line(sys.now, said).as_bytes());
        page(200, go_duration(sys.now.since(self.started)))
    }

    fn health(&mut self, service: &str, sys: &mut Sys<'_>) -> Reply {
        let line = format!("Serving the Check request for health check, started at {}", self.started.go_time());
        let _ = sys.write(STDERR, log_line(sys.now, &line).as_bytes());
        if service != self.service {
            return Err(Failure::NotFound("unknown service".into()));
        }
        let late = self.until.is_some_and(|until| sys.now.since(self.started) >= until);
        Ok(if self.forced == Some(Health::NotServing) || late { Health::NotServing } else { Health::Serving })
    }

    fn clone_box(&self) -> Box<dyn Pages> {
        Box::new(self.clone())
    }
}

#[derive(Clone)]
struct Hostname;

pub fn hostname(f: &Flags, s: &mut Start<'_, '_>) -> Box<dyn Program> {
    let (tcp, udp, port) = (f.is_on("tcp"), f.is_on("udp"), f.port("port"));
    let now = s.sys.now;
    if f.is_on("http") && (tcp || udp) {
        return print(log_line(now, "Can't server TCP/UDP mode and HTTP mode at the same time"), 1);
    }
    let _ = s.sys.write(STDERR, log_line(now, &format!("Serving on port {port}.")).as_bytes());
    let speeches = [(f.is_on("http"), Speech::Http), (tcp, Speech::Raw), (udp, Speech::Datagrams)];
    serve(Hostname, speeches.into_iter().filter(|(on, _)| *on).map(|(_, s)| (port, s)).collect())
}

impl Pages for Hostname {
    fn answer(&mut self, _: u16, r: &Request, sys: &mut Sys<'_>) -> Answer {
        let kind = if r.method.is_empty() { "TCP" } else { "HTTP" };
        let line = log_line(sys.now, &format!("{kind} request from {}:{}", r.client, r.client_port));
        let _ = sys.write(STDERR, line.as_bytes());
        page(200, sys.hostname())
    }

    /// It goes on for a minute while whoever sends it requests hears of its end.
    fn lingers(&self) -> Duration {
        Duration::from_secs(60)
    }

    fn clone_box(&self) -> Box<dyn Pages> {
        Box::new(self.clone())
    }
}
