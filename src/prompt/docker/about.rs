//! `login`, `logout`, `version`, `info`.
//! Docker: docker/cli, cli/command/registry, cli/command/system.

use super::{Call, said};
use crate::cluster::docker::Standing;
use crate::host::engine::HUB;
use crate::kubectl::args::{Flag, Type};
use crate::prompt::session::{Output, Session};

pub const VERSION: &str = "28.4.0";
pub const BUILD: &str = "d8eb465";

pub const LOGIN_FLAGS: &[Flag] = &[
    Flag::new("username", Type::Text).short('u'),
    Flag::new("password", Type::Text).short('p'),
    Flag::new("password-stdin", Type::Bool),
];

/// The registry that is meant, as its log-ins are kept.
fn registry(c: &Call) -> String {
    match c.args.word(0) {
        "" | "docker.io" | "index.docker.io" => HUB.into(),
        other => other.trim_end_matches('/').into(),
    }
}

pub fn login(s: &mut Session, c: &Call) -> Output {
    let user = c.args.text("username").to_string();
    let fail = |why: &str| Output { stderr: format!("{why}\n"), code: 1, ..Output::default() };
    if c.args.flag("password-stdin") && user.is_empty() {
        return fail("the --password-stdin option requires --username to be set");
    }
    if user.is_empty() {
        return fail(
            "kubetutor: there is no browser to log in with here: docker login -u YOUR-NAME (no password is asked for)",
        );
    }
    let warning = match c.args.is_set("password") {
        true => "WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n",
        false => "",
    };
    s.cluster.docker.logins.insert(registry(c), user);
    Output { stdout: "Login Succeeded\n".into(), stderr: warning.into(), ..Output::default() }
}

pub fn logout(s: &mut Session, c: &Call) -> Output {
    let of = registry(c);
    match s.cluster.docker.logins.remove(&of) {
        Some(_) => said(format!("Removing login credentials for {of}\n")),
        None => said(format!("Not logged in to {of}\n")),
    }
}

pub fn version(_: &mut Session, c: &Call) -> Output {
    if c.args.text("format").contains("Version") {
        return said(format!("{VERSION}\n"));
    }
    said(format!(
        "Client: Docker Engine - Community (simulated)
 Version:           {VERSION}
 API version:       1.51
 Go version:        go1.24.7
 Git commit:        {BUILD}
 OS/Arch:           linux/amd64
 Context:           default

Server: Docker Engine - Community (simulated)
 Engine:
  Version:          {VERSION}
  API version:      1.51 (minimum version 1.24)
  Go version:       go1.24.7
  Git commit:       249d679
  OS/Arch:          linux/amd64
  Experimental:     false
"
    ))
}

pub fn info(s: &mut Session, _: &Call) -> Output {
    let all = &s.cluster.docker.containers;
    let count = |wanted: fn(&Standing) -> bool| all.iter().filter(|c| wanted(&s.cluster.docker_standing(c))).count();
    let images = {
        let mut ids: Vec<&str> = s.cluster.docker.named().map(|(_, p)| p.id.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        ids.len() + s.cluster.docker.nameless().len()
    };
    let user = s.cluster.docker.logins.get(HUB).map_or(String::new(), |u| format!(" Username: {u}\n"));
    said(format!(
        "Client: Docker Engine - Community (simulated)
 Version:    {VERSION}
 Context:    default

Server:
 Containers: {}
  Running: {}
  Paused: 0
  Stopped: {}
 Images: {images}
 Server Version: {VERSION}
 Storage Driver: overlay2
 Cgroup Version: 2
 Operating System: kubetutor (a simulated machine beside the cluster)
 OSType: linux
 Architecture: x86_64
 Name: laptop
{user} Registry: {HUB}
",
        all.len(),
        count(|s| *s == Standing::Running),
        count(|s| *s != Standing::Running),
    ))
}
