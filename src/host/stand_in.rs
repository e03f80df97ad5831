//! Whether what an image is to run can be executed here; and if not, what runs in its place.

use std::sync::Arc;

use super::picture::Picture;
use crate::api::file_tree::{Kind, Tree, join};
use crate::runtime::catalogue::StandIn;
use crate::runtime::web::{REQUEST, Server, Site};

const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// What a small server in an interpreter takes of memory.
const MEMORY: u64 = 40 << 20;
/// What it answers: by this one sees who has answered, and of which version.
const BODY: &str = "a stand-in for the program of {image}:{tag} answers, on {hostname}\n";

/// Gives a picture whose program cannot be executed its stand-in, and takes it from one whose program can.
pub fn decide(p: &mut Picture) {
    let command = p.command();
    if !cannot_run(&p.image.files, &command, p.image.env.get("PATH").map_or(PATH, String::as_str), &p.image.working_dir)
    {
        p.image.stand_in = None;
        return;
    }
    let port = p.ports().first().copied();
    // A line for a shell is shown as it is written.
    let shown = match command.as_slice() {
        [shell, flag, line] if flag == "-c" && shell.ends_with("sh") => line.clone(),
        words => words.join(" "),
    };
    p.image.stand_in = Some(Arc::new(StandIn { command: shown, port }));
    let site = Site::Program { missing: vec![], body: BODY.into() };
    p.image.server = port.map(|port| {
        let log = "{client} - \"{method} {target} {protocol}\" {code}".into();
        Arc::new(Server { port, site, cost: REQUEST, software: String::new(), log, memory: MEMORY })
    });
    p.image.memory = MEMORY;
}

/// Whether some word of the command that is to be run is the name of a program that cannot be executed.
fn cannot_run(files: &Tree, command: &[String], path: &str, cwd: &str) -> bool {
    // A line for a shell is looked at word by word.
    let words: Vec<&str> = match command {
        [shell, flag, line] if flag == "-c" && shell.ends_with("sh") => {
            line.split(|c: char| c.is_whitespace() || ";&|".contains(c)).collect()
        }
        words => words.iter().map(String::as_str).collect(),
    };
    words
        .iter()
        .filter(|w| !w.is_empty())
        .any(|w| matches!(find(files, w, path, cwd), Some(Kind::Program("stand-in" | "tool"))))
}

/// The file behind the name of a program, through links.
fn find(files: &Tree, name: &str, path: &str, cwd: &str) -> Option<Kind> {
    let places: Vec<String> = match name {
        n if n.starts_with('/') => vec![n.to_string()],
        n if n.contains('/') => vec![crate::api::path::absolute(cwd, n)],
        n => path.split(':').map(|dir| join(dir, n)).collect(),
    };
    places.into_iter().find_map(|mut place| {
        for _ in 0..8 {
            match files.get(&place).map(|n| n.kind.clone()) {
                Some(Kind::Link(to)) => place = crate::api::path::absolute(crate::api::file_tree::parent(&place), &to),
                other => return other,
            }
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::image::ImageRef;
    use crate::runtime::Catalogue;

    fn of(image: &str, cmd: &[&str], port: &str) -> Picture {
        let found = Catalogue::public().find(&ImageRef::parse(image).unwrap()).unwrap();
        let mut p = Picture::of(image, found);
        p.exposed = [port.to_string()].into_iter().filter(|p| !p.is_empty()).collect();
        p.image.cmd = cmd.iter().map(|w| (*w).to_string()).collect();
        decide(&mut p);
        p
    }

    #[test]
    fn only_what_cannot_be_executed_gets_a_stand_in_on_its_port() {
        let p = of("node:22", &["node", "app.js"], "8080/tcp");
        assert_eq!(p.stand_in().map(|s| (s.command.as_str(), s.port)), Some(("node app.js", Some(8080))));
        assert_eq!(p.image.server.unwrap().port, 8080);
        assert_eq!(of("node:22", &["npm", "start"], "").stand_in().map(|s| s.port), Some(None));
        assert!(of("python:3.12", &["/bin/sh", "-c", "cd x && exec python app.py"], "80").stand_in().is_some());
        assert!(of("node:22", &["sh", "-c", "echo hi"], "80").stand_in().is_none());
        let nginx = of("nginx", &["nginx", "-g", "daemon off;"], "80");
        assert!(nginx.stand_in().is_none() && nginx.image.exposes == Some(80));
    }
}
