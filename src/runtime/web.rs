//! Programs that listen on a port, and what they answer to a request.

use super::files::Files;
use crate::api::Duration;
use crate::api::path::absolute;

/// How long a request keeps a CPU busy, where nothing else is said.
pub const REQUEST: Duration = Duration::from_micros(200);

/// A program that listens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Server {
    pub port: u16,
    pub site: Site,
    /// The CPU time that a request takes.
    pub cost: Duration,
}

/// What stands behind the port.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Site {
    /// A program that answers every path, but for some that it does not have.
    Program { missing: Vec<String> },
    /// The files below a directory. A directory without an index page is listed or refused.
    Files { root: String, lists: bool },
    /// No web server. What it says to an HTTP request, if it does not just hang up.
    Other { says: Option<String> },
}

/// What comes back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    Status(u16),
    /// Bytes that are no HTTP.
    Malformed(String),
    HungUp,
}

impl Site {
    pub fn answer(&self, path: &str, files: &Files<'_>) -> Answer {
        let path = path.split(['?', '#']).next().unwrap_or("/");
        match self {
            Site::Program { missing } if missing.iter().any(|m| m == path) => Answer::Status(404),
            Site::Program { .. } => Answer::Status(200),
            Site::Files { root, lists } => Answer::Status(of_files(root, *lists, path, files)),
            Site::Other { says: Some(text) } => Answer::Malformed(text.clone()),
            Site::Other { says: None } => Answer::HungUp,
        }
    }
}

fn of_files(root: &str, lists: bool, path: &str, files: &Files<'_>) -> u16 {
    let place = absolute("/", &format!("{root}/{path}"));
    // Nothing above the root is served.
    if place != root && !place.starts_with(&format!("{}/", root.trim_end_matches('/'))) {
        return 400;
    }
    if files.is_file(&place) {
        return if path.ends_with('/') { 404 } else { 200 };
    }
    if !files.is_directory(&place) {
        return 404;
    }
    if !path.ends_with('/') && place != root {
        return 301;
    }
    if files.is_file(&format!("{}/index.html", place.trim_end_matches('/'))) || lists { 200 } else { 403 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::files::{Mounted, Tree};

    #[test]
    fn a_web_server_answers_from_the_files_that_its_container_sees() {
        let tree = |names: &[&str]| names.iter().map(|n| ((*n).to_string(), "x".to_string())).collect::<Tree>();
        let (mut own, mut volumes) = (tree(&["/www/index.html", "/www/sub/page"]), vec![tree(&["note"])]);
        let mounts = [Mounted { path: "/www/mounted".into(), volume: 0, read_only: false }];
        let mut files = Files { own: &mut own, volumes: &mut volumes, mounts: &mounts };
        let site = Site::Files { root: "/www".into(), lists: false };
        for (path, want) in [
            ("/", 200),
            ("/index.html", 200),
            ("/index.html?x=1", 200),
            ("/missing", 404),
            ("/sub", 301),
            ("/sub/", 403),
            ("/sub/page", 200),
            ("/mounted/note", 200),
            ("/../etc/passwd", 400),
        ] {
            assert_eq!(site.answer(path, &files), Answer::Status(want), "{path}");
        }
        let _ = files.write("/www/missing", "now".into(), false);
        let _ = files.remove("/www/index.html");
        assert_eq!(site.answer("/missing", &files), Answer::Status(200));
        assert_eq!(site.answer("/", &files), Answer::Status(403));
        assert_eq!(Site::Files { root: "/www".into(), lists: true }.answer("/", &files), Answer::Status(200));
    }
}
