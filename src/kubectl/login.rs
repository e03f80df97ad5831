//! Where a client goes and who it says it is: flags come before what the kubeconfig says.
//! Real Kubernetes: client-go/tools/clientcmd/client_config.go, validation.go.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::Verb;
use super::args::Args;
use super::config::{Entries, Kubeconfig};
use super::env::Env;
use super::failure::Failure;
use crate::api::{pki, yaml};

/// Where a client goes that nobody has told where.
const NOWHERE: &str = "http://localhost:8080";

/// Who a client says it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Login {
    /// The one whose keys came with the cluster, in files of its own.
    Own,
    /// With a certificate, and the key that belongs to it.
    Certificate(Vec<u8>),
    Token(String),
    /// With a name and a password, which no server takes any more.
    Password,
    Nobody,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Aim {
    /// With the scheme.
    pub server: String,
    pub login: Login,
}

impl Aim {
    /// # Errors
    /// In the words of kubectl.
    pub fn of(args: &Args, verb: &Verb, env: &Env<'_>) -> Result<Aim, Failure> {
        // A verb's own flag of that name means something else.
        let own = |flag: &str| verb.flags.iter().flat_map(|f| f.iter()).any(|f| f.name == flag);
        let text = |flag: &str| if own(flag) { "" } else { args.text(flag) };
        let config = &*env.config;
        let named = match text("context") {
            "" => config.current(),
            given => given,
        };
        let context = config.context(named).map(|c| &c["context"]);
        if context.is_none() && !named.is_empty() {
            let wrong = "Error in configuration: context was not found for specified context";
            return Err(Failure::plain(format!("{wrong}: {named}")));
        }
        let chosen = |flag: &str| match (text(flag), context) {
            ("", Some(c)) => c[flag].as_str().unwrap_or("").to_string(),
            (given, _) => given.to_string(),
        };
        let (cluster, user) = (chosen("cluster"), chosen("user"));
        let lacks = |of: Entries, name: &str| !name.is_empty() && config.entry(of, name).is_none();
        if lacks(Entries::Clusters, &cluster) {
            return Err(Failure::error(format!("cluster {cluster:?} does not exist")));
        }
        if lacks(Entries::Users, &user) {
            return Err(Failure::error(format!("auth info {user:?} does not exist")));
        }
        let server = match text("server") {
            "" => config.entry(Entries::Clusters, &cluster).and_then(|c| c["server"].as_str()).unwrap_or(""),
            given => given,
        };
        let server = match server {
            "" => NOWHERE.to_string(),
            given if given.contains("://") => given.to_string(),
            bare => format!("http://{bare}"),
        };
        let entry = config.entry(Entries::Users, &user).cloned().unwrap_or_default();
        Ok(Aim { server, login: login(&text, &user, &entry, env)? })
    }

    /// `localhost:8080`
    pub fn address(&self) -> String {
        let (scheme, rest) = self.server.split_once("://").unwrap_or(("https", &self.server));
        let host = rest.split('/').next().unwrap_or(rest);
        match host.rsplit_once(':') {
            Some((_, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host.to_string(),
            _ => format!("{host}:{}", if scheme == "http" { 80 } else { 443 }),
        }
    }
}

fn login<'a>(text: &dyn Fn(&str) -> &'a str, user: &str, entry: &Value, env: &Env<'_>) -> Result<Login, Failure> {
    let said = |field: &str| match text(field) {
        "" => entry[field].as_str().unwrap_or("").to_string(),
        given => given.to_string(),
    };
    let token = said("token");
    if !token.is_empty() {
        return Ok(Login::Token(token));
    }
    if let Some(file) = entry["tokenFile"].as_str() {
        return match env.host.read(file) {
            Ok(text) => Ok(Login::Token(text.trim().into())),
            Err(_) => Err(Failure::error(format!("open {file}: no such file or directory"))),
        };
    }
    let (certificate, key) = (said("client-certificate"), said("client-key"));
    let own_data = entry["client-certificate-data"].as_str().is_some_and(Kubeconfig::is_own);
    if certificate.is_empty() && own_data {
        return Ok(Login::Own);
    }
    if !certificate.is_empty() && certificate == Kubeconfig::own_certificate(&env.host.home()) {
        return Ok(Login::Own);
    }
    let mut wrong = vec![];
    let mut part = |file: &str, what: &str, given: bool| {
        let data = entry[format!("client-{what}-data")].as_str().filter(|_| !given);
        if let Some(bytes) = data.and_then(|d| STANDARD.decode(d).ok()) {
            return bytes;
        }
        if file.is_empty() {
            return vec![];
        }
        env.host.read(file).map(String::into_bytes).unwrap_or_else(|_| {
            let short = if what == "certificate" { "cert" } else { what };
            wrong.push(format!(
                "unable to read client-{short} {file} for {user} due to open {file}: no such file or directory"
            ));
            vec![]
        })
    };
    let certificate = part(&certificate, "certificate", !text("client-certificate").is_empty());
    let key = part(&key, "key", !text("client-key").is_empty());
    match wrong.as_slice() {
        [] => {}
        [one] => return Err(Failure::error(format!("invalid configuration: {one}"))),
        more => return Err(Failure::error(format!("invalid configuration: [{}]", more.join(", ")))),
    }
    match (certificate.is_empty(), key.is_empty()) {
        (true, true) if !said("username").is_empty() => Ok(Login::Password),
        (true, true) => Ok(Login::Nobody),
        (false, true) => Err(Failure::error(format!(
            "invalid configuration: client-key-data or client-key must be specified for {user} to use the clientCert authentication method."
        ))),
        (true, false) => Ok(Login::Nobody),
        (false, false) => match pki::belong_together(&certificate, &key) {
            Ok(()) => Ok(Login::Certificate(certificate)),
            Err(why) => Err(Failure::error(why)),
        },
    }
}

/// The kubeconfig that a command goes by, if it is another than one's own: its file, and what stands there.
pub fn other_config(args: &Args, env: &Env<'_>, may_be_new: bool) -> Result<Option<(String, Kubeconfig)>, Failure> {
    let set_for_command = env.variables.iter().rev().find(|(n, _)| n == "KUBECONFIG").map(|(_, v)| v.as_str());
    let file = match args.text("kubeconfig") {
        "" => set_for_command.unwrap_or(""),
        given => given,
    };
    if file.is_empty() || file == Kubeconfig::path(&env.host.home()) {
        return Ok(None);
    }
    let text = match env.host.read(file) {
        Ok(text) => text,
        Err(_) if file == "/dev/null" || may_be_new => String::new(),
        Err(_) if args.text("kubeconfig").is_empty() => String::new(),
        Err(_) => return Err(Failure::error(format!("stat {file}: no such file or directory"))),
    };
    let read = match text.trim() {
        "" => Ok(None),
        _ => yaml::parse_new(&text),
    };
    match read {
        Ok(value) => Ok(Some((file.to_string(), Kubeconfig::read(value.unwrap_or_default())))),
        Err(why) => Err(Failure::error(format!("error loading config file {file:?}: {why}"))),
    }
}
