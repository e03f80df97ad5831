//! A machine in memory: for `run --plain`, lessons and tests.

use std::collections::BTreeMap;

use crate::kubectl::Host;

#[derive(Clone, Debug, Default)]
pub struct MemoryHost {
    files: BTreeMap<String, String>,
}

const HOME: &str = "/home/user";

fn absolute(path: &str) -> String {
    let joined = if path.starts_with('/') { path.to_string() } else { format!("{HOME}/{path}") };
    let mut parts: Vec<&str> = vec![];
    for p in joined.split('/') {
        match p {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            p => parts.push(p),
        }
    }
    format!("/{}", parts.join("/"))
}

impl Host for MemoryHost {
    fn read(&self, path: &str) -> Result<String, String> {
        self.files.get(&absolute(path)).cloned().ok_or_else(|| format!("open {path}: no such file or directory"))
    }

    fn list(&self, path: &str) -> Option<Vec<String>> {
        let dir = absolute(path);
        let prefix = format!("{}/", dir.trim_end_matches('/'));
        let names: Vec<String> = self.files.keys().filter_map(|k| k.strip_prefix(&prefix)).map(String::from).collect();
        (dir == HOME || !names.is_empty()).then_some(names)
    }

    fn write(&mut self, path: &str, content: &str) -> Result<(), String> {
        self.files.insert(absolute(path), content.into());
        Ok(())
    }

    fn home(&self) -> String {
        HOME.into()
    }

    fn working_directory(&self) -> String {
        HOME.into()
    }
}
