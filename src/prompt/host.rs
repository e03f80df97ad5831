//! A machine in memory: for `run --plain`, lessons and tests.

use std::collections::{BTreeMap, BTreeSet};

use crate::api::Duration;
use crate::api::path::absolute;
use crate::kubectl::Host;
use crate::kubectl::editor::{Editor, Unedited};
use crate::kubectl::env::Found;

/// Edits a text that lies in no file.
pub type EditText = fn(&Editor, &str) -> Result<String, Unedited>;

#[derive(Clone, Debug)]
pub struct MemoryHost {
    files: BTreeMap<String, (Vec<u8>, bool)>,
    directories: BTreeSet<String>,
    /// Where relative paths begin.
    at: String,
    /// There are no programs in memory: whoever has some lends them.
    edit: Option<EditText>,
}

const HOME: &str = "/home/user";

impl Default for MemoryHost {
    fn default() -> MemoryHost {
        let directories = ["/", "/home", HOME, "/tmp"].map(String::from).into();
        MemoryHost { files: BTreeMap::new(), directories, at: HOME.into(), edit: None }
    }
}

impl MemoryHost {
    pub fn with_editors(edit: EditText) -> MemoryHost {
        MemoryHost { edit: Some(edit), ..MemoryHost::default() }
    }

    fn path(&self, path: &str) -> String {
        absolute(&self.at, path)
    }
}

/// The directory that a path lies in, with the slash.
fn above(path: &str) -> &str {
    path.rfind('/').map_or("/", |i| &path[..=i])
}

impl Host for MemoryHost {
    fn look(&self, path: &str) -> Option<Found> {
        let path = self.path(path);
        match self.files.get(&path) {
            Some((bytes, true)) => Some(Found::Executable(bytes.clone())),
            Some((bytes, false)) => Some(Found::File(bytes.clone())),
            None => self.directories.contains(&path).then_some(Found::Directory),
        }
    }

    fn names(&self, path: &str) -> Vec<String> {
        let prefix = format!("{}/", self.path(path).trim_end_matches('/'));
        let all = self.files.keys().chain(&self.directories);
        let own = all.filter_map(|k| k.strip_prefix(&prefix)).filter(|n| !n.is_empty() && !n.contains('/'));
        own.map(String::from).collect()
    }

    fn store(&mut self, path: &str, content: &[u8], executable: bool) -> Result<(), String> {
        let path = self.path(path);
        if self.directories.contains(&path) {
            return Err(format!("{path}: is a directory"));
        }
        // A directory is there as soon as a file lies in it.
        self.make_directory(above(&path))?;
        self.files.insert(path, (content.to_vec(), executable));
        Ok(())
    }

    fn remove_directory(&mut self, path: &str) {
        let path = self.path(path);
        if self.names(&path).is_empty() {
            self.directories.remove(&path);
        }
    }

    fn enter(&mut self, path: &str) {
        self.at = self.path(path);
    }

    /// No clock hangs on its wall.
    fn sleep(&mut self, _: Duration) {}

    fn read(&self, path: &str) -> Result<String, String> {
        let found = self.files.get(&self.path(path)).map(|(b, _)| String::from_utf8_lossy(b).into_owned());
        found.ok_or_else(|| format!("open {path}: no such file or directory"))
    }

    fn list(&self, path: &str) -> Option<Vec<String>> {
        let dir = self.path(path);
        let prefix = format!("{}/", dir.trim_end_matches('/'));
        let names: Vec<String> = self.files.keys().filter_map(|k| k.strip_prefix(&prefix)).map(String::from).collect();
        self.directories.contains(&dir).then_some(names)
    }

    fn make_directory(&mut self, path: &str) -> Result<(), String> {
        let path = self.path(path);
        let parts = path.match_indices('/').map(|(i, _)| path[..i].to_string()).filter(|p| !p.is_empty());
        let all: Vec<String> = parts.chain([path.clone()]).collect();
        self.directories.extend(all);
        Ok(())
    }

    fn remove(&mut self, path: &str) {
        self.files.remove(&self.path(path));
    }

    fn edit(&mut self, editor: &Editor, path: &str) -> Result<(), Unedited> {
        let edit = self.edit.ok_or(Unedited::Absent)?;
        let text = edit(editor, &self.read(path).unwrap_or_default())?;
        self.write(path, &text).map_err(|_| Unedited::Failed)
    }

    /// Nothing is set here but what a command line sets.
    fn variable(&self, _: &str) -> Option<String> {
        None
    }

    fn home(&self) -> String {
        HOME.into()
    }

    fn working_directory(&self) -> String {
        self.at.clone()
    }
}
