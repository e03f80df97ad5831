//! kubectl proxy: the API on a port of one's own machine, for programs that know nothing of certificates.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/proxy/proxy.go, pkg/proxy/proxy_server.go.

use fancy_regex::Regex;

use super::port_forward::FIRST_FREE;
use crate::api::file_tree::{Node, Tree, join};
use crate::api::ops::{Proxying, Talk};
use crate::api::path::absolute;
use crate::kubectl::args::Type;
use crate::kubectl::env::Found;
use crate::kubectl::remote::Connected;
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Follow, Host, Progress, Verb};

pub static PROXY: Verb = Verb {
    name: "proxy",
    summary: "Run a proxy to the Kubernetes API server",
    flags: &[&[
        Flag::new("port", Type::Int).short('p').default("8001"),
        Flag::new("address", Type::Text).default("127.0.0.1"),
        Flag::new("api-prefix", Type::Text).default("/"),
        Flag::new("www", Type::Text).short('w'),
        Flag::new("www-prefix", Type::Text).short('P').default("/static/"),
        Flag::new("accept-hosts", Type::Text).default(r"^localhost$,^127\.0\.0\.1$,^\[::1\]$"),
        Flag::new("accept-paths", Type::Text).default("^.*"),
        Flag::new("reject-paths", Type::Text).default("^/api/.*/pods/.*/exec,^/api/.*/pods/.*/attach"),
        Flag::new("reject-methods", Type::Text).default("^$"),
        Flag::new("disable-filter", Type::Bool),
        Flag::new("append-server-path", Type::Bool),
        Flag::new("keepalive", Type::Duration).default("0s"),
        Flag::new("unix-socket", Type::Text).short('u'),
    ]],
    completes: Completes::Nothing,
    run: proxy,
};

/// So many files are served beside the API at most.
const MOST_FILES: usize = 5_000;

/// `/x` and `x/` are `/x/`.
fn prefix(text: &str) -> String {
    let inner = text.trim_matches('/');
    if inner.is_empty() { "/".into() } else { format!("/{inner}/") }
}

fn patterns(args: &Args, flag: &str) -> Result<Vec<String>, Failure> {
    let all: Vec<String> = args.text(flag).split(',').map(String::from).collect();
    match all.iter().find(|p| Regex::new(p).is_err()) {
        Some(bad) => Err(Failure::error(format!("error parsing regexp: `{bad}`"))),
        None => Ok(all),
    }
}

/// The files of a directory as they are now.
fn files(host: &dyn Host, root: &str) -> Tree {
    let mut tree = Tree::default();
    let (mut waiting, mut left) = (vec!["/".to_string()], MOST_FILES);
    while let Some(dir) = waiting.pop() {
        for name in host.names(&join(root, dir.trim_start_matches('/'))) {
            let path = join(&dir, &name);
            let Some(found) = host.look(&join(root, path.trim_start_matches('/'))) else { continue };
            if left == 0 {
                return tree;
            }
            left -= 1;
            if matches!(found, Found::Directory) {
                waiting.push(path.clone());
            }
            tree.put(&path, Node::from(found));
        }
    }
    tree
}

fn proxy(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    if let Some(word) = args.words.first() {
        return Err(Failure::error(format!("unknown command {word:?} for \"kubectl proxy\"")));
    }
    if args.is_set("unix-socket") {
        return Err(Failure::error("kubetutor: there are no sockets in files here: --port"));
    }
    if !["127.0.0.1", "localhost", "0.0.0.0"].contains(&args.text("address")) {
        let why = "listen tcp {}: bind: cannot assign requested address"
            .replace("{}", &format!("{}:{}", args.text("address"), args.int("port")));
        return Err(Failure::error(why));
    }
    let port = match u16::try_from(args.int("port")) {
        Ok(0) => u16::try_from(FIRST_FREE + env.api.number() % 28_000).unwrap_or(8001),
        Ok(port) => port,
        Err(_) => return Err(Failure::error(format!("listen tcp: address {}: invalid port", args.int("port")))),
    };
    let anything = || vec![String::new()];
    let open = args.flag("disable-filter");
    let never = || vec!["^$".to_string()];
    let root = args.is_set("www").then(|| absolute(&env.host.working_directory(), args.text("www")));
    let how = Proxying {
        port,
        prefix: prefix(args.text("api-prefix")),
        files: root.map(|r| files(env.host, &r)),
        files_prefix: prefix(args.text("www-prefix")),
        accept_hosts: if open { anything() } else { patterns(args, "accept-hosts")? },
        accept_paths: if open { anything() } else { patterns(args, "accept-paths")? },
        reject_paths: if open { never() } else { patterns(args, "reject-paths")? },
        reject_methods: if open { never() } else { patterns(args, "reject-methods")? },
    };
    if open {
        env.complain("Request filter disabled, your proxy is vulnerable to XSRF attacks, please be cautious\n");
    }
    let address = args.text("address").to_string();
    let op = env.api.proxy(how).map_err(|s| Failure::status(&s))?;
    let address = if address == "localhost" { "127.0.0.1" } else { &address };
    let begins = Some(format!("Starting to serve on {address}:{port}"));
    Ok(Done::Follow(Box::new(Proxied { to: Connected::new(op, false, false, env), begins })))
}

struct Proxied {
    to: Connected,
    /// What is said once it listens.
    begins: Option<String>,
}

impl Follow for Proxied {
    fn poll(&mut self, env: &mut Env<'_>) -> Result<Progress, Failure> {
        let progress = self.to.follow(env)?;
        if let Some(line) = self.begins.take_if(|_| matches!(progress, Progress::Waiting(_))) {
            env.line(line);
        }
        Ok(progress)
    }

    fn typed(&mut self, what: &Talk, env: &mut Env<'_>) {
        self.to.typed(what, env);
    }

    fn stop(&mut self, env: &mut Env<'_>) {
        self.to.end(env);
    }

    fn ends(&self) -> bool {
        false
    }
}
