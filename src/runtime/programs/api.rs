//! Programs behind which the API server is: `kube-apiserver` itself, which anybody in the cluster may call, and `kubectl proxy`, which
//! asks it as whoever started it.
//! Real Kubernetes: cmd/kube-apiserver; k8s.io/kubectl/pkg/proxy/proxy_server.go.

use fancy_regex::Regex;

use super::serving::{Pages, Serving, Speech};
use super::{Start, flush};
use crate::api::file_tree::{Kind, Node, Tree, join};
use crate::api::ops::Proxying;
use crate::api::path::absolute;
use crate::api::served::ServedCall;
use crate::api::user::User;
use crate::runtime::kernel::{Fd, Program, Read, Step, Sys, Wait};
use crate::runtime::web::{Answer, Request, kind_of};

const PORT: u16 = 6443;

#[derive(Clone)]
struct ApiServer;

/// `kube-apiserver`.
pub fn start(_: &mut Start<'_, '_>) -> Box<dyn Program> {
    Box::new(Serving::new(Box::new(ApiServer), vec![(PORT, Speech::Https)]))
}

/// `through`: the addresses of those through whom it came.
fn call(r: &Request, target: String, user: Option<User>, through: &[String]) -> ServedCall {
    let mut headers = r.headers.clone();
    let already = r.header("x-forwarded-for").map(String::from);
    headers.retain(|(n, _)| !n.eq_ignore_ascii_case("x-forwarded-for"));
    headers.push(("X-Forwarded-For".into(), already.iter().chain(through).cloned().collect::<Vec<_>>().join(", ")));
    ServedCall { method: r.method.clone(), target, headers, body: r.body.clone(), user }
}

impl Pages for ApiServer {
    fn answer(&mut self, _: u16, r: &Request, _: &mut Sys<'_>) -> Answer {
        Answer::OfApi(Box::new(call(r, r.target.clone(), None, std::slice::from_ref(&r.client))))
    }

    fn clone_box(&self) -> Box<dyn Pages> {
        Box::new(self.clone())
    }
}

#[derive(Clone)]
struct Proxy {
    how: Proxying,
    user: User,
    headers: Vec<(String, String)>,
}

/// `kubectl proxy`, as somebody; `headers` are sent with every request besides.
pub fn proxy(how: Proxying, user: User, headers: Vec<(String, String)>) -> Serving {
    let port = how.port;
    Serving::new(Box::new(Proxy { how, user, headers }), vec![(port, Speech::Http)]).for_itself()
}

/// Whether one of several patterns fits, as Go's `MatchString`: anywhere in the text.
fn fits(patterns: &[String], text: &str) -> bool {
    patterns.iter().any(|p| Regex::new(p).is_ok_and(|r| r.is_match(text).unwrap_or(false)))
}

fn plain(code: u16, text: &str) -> Answer {
    Answer::Page { code, kind: "text/plain; charset=utf-8", body: format!("{text}\n").into_bytes(), location: None }
}

/// A file, or what lies in a directory, as Go's file server shows it.
fn served(tree: &Tree, path: &str) -> Answer {
    let place = absolute("/", path);
    let page = |kind: &'static str, body: Vec<u8>| Answer::Page { code: 200, kind, body, location: None };
    let index = join(&place, "index.html");
    let found = [place.as_str(), index.as_str()].into_iter().find_map(|p| match &tree.get(p)?.kind {
        Kind::File(content) => Some(page(kind_of(p), content.to_vec())),
        _ => None,
    });
    if let Some(page) = found {
        return page;
    }
    if place != "/" && !tree.get(&place).is_some_and(Node::is_directory) {
        return plain(404, "404 page not found");
    }
    let names: String = tree.names(&place).iter().map(|n| format!("<a href=\"{n}\">{n}</a>\n")).collect();
    page(
        "text/html; charset=utf-8",
        format!("<!doctype html>\n<meta name=\"viewport\" content=\"width=device-width\">\n<pre>\n{names}</pre>\n")
            .into_bytes(),
    )
}

/// Asks something and prints the whole answer.
#[derive(Clone)]
pub struct Asking {
    call: Option<Box<ServedCall>>,
    from: Option<Fd>,
    said: Vec<u8>,
}

impl Asking {
    pub fn new(call: ServedCall) -> Asking {
        Asking { call: Some(Box::new(call)), from: None, said: vec![] }
    }
}

impl Program for Asking {
    fn run(&mut self, sys: &mut Sys<'_>) -> Step {
        if let Some(call) = self.call.take() {
            self.from = Some(sys.ask_api(*call));
        }
        while let Some(from) = self.from {
            match sys.read(from, 65_536) {
                Ok(Read::Data(d)) => self.said.extend(d),
                Ok(Read::Empty) => return Step::Wait(Wait::readable(from)),
                Ok(Read::End) | Err(_) => self.from = None,
            }
        }
        flush(&mut self.said, &mut vec![], sys).unwrap_or(Step::Exit(0))
    }

    fn clone_box(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }
}

impl Pages for Proxy {
    fn answer(&mut self, _: u16, r: &Request, sys: &mut Sys<'_>) -> Answer {
        let how = &self.how;
        let host = r.header("host").unwrap_or_default();
        let host = host.rsplit_once(':').map_or(host, |(h, _)| h);
        let refused = fits(&how.reject_methods, &r.method) || fits(&how.reject_paths, r.path());
        if refused || !fits(&how.accept_hosts, host) || !fits(&how.accept_paths, r.path()) {
            return plain(403, "Forbidden");
        }
        let prefix = how.prefix.trim_end_matches('/');
        let below =
            |whole: &str| r.target.strip_prefix(whole).filter(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
        if let (Some(tree), Some(rest)) = (&how.files, below(how.files_prefix.trim_end_matches('/')))
            && how.files_prefix != how.prefix
        {
            return served(tree, rest.split('?').next().unwrap_or_default());
        }
        match below(prefix) {
            Some(rest) => {
                let target = if rest.starts_with('/') { rest.to_string() } else { format!("/{rest}") };
                let own = sys.machine.address.map_or_else(String::new, |a| a.to_string());
                let mut call = call(r, target, Some(self.user.clone()), &[r.client.clone(), own]);
                call.headers.extend(self.headers.iter().cloned());
                Answer::OfApi(Box::new(call))
            }
            None => plain(404, "404 page not found"),
        }
    }

    fn clone_box(&self) -> Box<dyn Pages> {
        Box::new(self.clone())
    }
}
