//! Where files are read from: directories, none of which may reach out of itself or come back to where one came from.
//! Real Kubernetes: kustomize api/internal/loader.

use crate::api::path::absolute;
use crate::kubectl::Host;

/// The directory of a kustomization, and those through which it was reached.
pub struct Root<'a> {
    host: &'a dyn Host,
    pub path: String,
    visited: Vec<String>,
    /// Whether files may lie anywhere.
    free: bool,
}

/// What a path leads to.
enum Place {
    Directory(String),
    File { directory: String },
}

/// Whether a directory is another, or below it.
fn is_within(directory: &str, other: &str) -> bool {
    other == "/" || directory.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What is fetched from elsewhere, which cannot be done here.
fn is_remote(path: &str) -> bool {
    const BEGINS: &[&str] =
        &["http://", "https://", "git@", "git::", "ssh://", "file://", "github.com/", "github.com:"];
    BEGINS.iter().any(|b| path.starts_with(b))
}

fn refuse_remote(path: &str) -> Result<(), String> {
    match is_remote(path) {
        true => Err(format!("kubetutor fetches nothing from elsewhere: {path}")),
        false => Ok(()),
    }
}

impl<'a> Root<'a> {
    /// # Errors
    /// What kustomize says of a path that is no directory.
    pub fn new(host: &'a dyn Host, path: &str, free: bool) -> Result<Root<'a>, String> {
        refuse_remote(path)?;
        let at = absolute(&host.working_directory(), path);
        let root = Root { host, path: String::new(), visited: vec![], free };
        let path = root.confirmed(path, &at)?;
        Ok(Root { path, ..root })
    }

    /// The directory that a path leads to from here.
    ///
    /// # Errors
    /// It is none, or one that was visited.
    pub fn below(&self, path: &str) -> Result<Root<'a>, String> {
        if path.is_empty() {
            return Err("new root cannot be empty".into());
        }
        refuse_remote(path)?;
        if path.starts_with('/') {
            return Err(format!("new root '{path}' cannot be absolute"));
        }
        let at = absolute(&self.path, path);
        let directory = self.confirmed(&at, &at)?;
        let mut visited = self.visited.clone();
        visited.push(self.path.clone());
        if let Some(v) = visited.iter().rev().find(|v| is_within(v, &directory)) {
            return Err(format!("cycle detected: candidate root '{directory}' contains visited root '{v}'"));
        }
        Ok(Root { host: self.host, path: directory, visited, free: self.free })
    }

    /// Reads a file.
    ///
    /// # Errors
    /// It is not there, or not where it may be.
    pub fn load(&self, path: &str) -> Result<String, String> {
        refuse_remote(path)?;
        let at = absolute(&self.path, path);
        if !self.free {
            let Place::File { directory } = self.place(&at)? else {
                return Err(format!("'{at}' must resolve to a file"));
            };
            if !is_within(&directory, &self.path) {
                return Err(format!("security; file '{at}' is not in or below '{}'", self.path));
            }
        }
        self.host.read(&at).map_err(|_| format!("open {at}: no such file or directory"))
    }

    fn confirmed(&self, shown: &str, path: &str) -> Result<String, String> {
        match self.place(path) {
            Ok(Place::Directory(directory)) => Ok(directory),
            Ok(Place::File { .. }) => Err(format!("must build at directory: '{shown}': file is not directory")),
            Err(why) => Err(format!("must build at directory: not a valid directory: {why}")),
        }
    }

    fn place(&self, path: &str) -> Result<Place, String> {
        if self.host.is_directory(path) {
            return Ok(Place::Directory(path.into()));
        }
        if self.host.read(path).is_ok()
            && let Some((directory, _)) = path.rsplit_once('/')
        {
            let directory = if directory.is_empty() { "/" } else { directory };
            return Ok(Place::File { directory: directory.into() });
        }
        // The first part of the way that is not there.
        let ends = path.match_indices('/').map(|(i, _)| i).skip(1).chain([path.len()]);
        let gone = ends.map(|end| &path[..end]).find(|part| !self.host.is_directory(part)).unwrap_or(path);
        let why = if gone != path && self.host.read(gone).is_ok() {
            format!("lstat {path}: not a directory")
        } else {
            format!("lstat {gone}: no such file or directory")
        };
        Err(format!("evalsymlink failure on '{path}' : {why}"))
    }
}
