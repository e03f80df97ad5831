//! A machine in memory: for `run --plain`, lessons and tests.

use std::collections::BTreeMap;

use crate::api::Duration;
use crate::api::path::absolute;
use crate::kubectl::Host;

#[derive(Clone, Debug, Default)]
pub struct MemoryHost {
    files: BTreeMap<String, String>,
}

const HOME: &str = "/home/user";

impl Host for MemoryHost {
    /// No clock hangs on its wall.
    fn sleep(&mut self, _: Duration) {}

    fn read(&self, path: &str) -> Result<String, String> {
        self.files.get(&absolute(HOME, path)).cloned().ok_or_else(|| format!("open {path}: no such file or directory"))
    }

    fn list(&self, path: &str) -> Option<Vec<String>> {
        let dir = absolute(HOME, path);
        let prefix = format!("{}/", dir.trim_end_matches('/'));
        let names: Vec<String> = self.files.keys().filter_map(|k| k.strip_prefix(&prefix)).map(String::from).collect();
        (dir == HOME || !names.is_empty()).then_some(names)
    }

    fn write(&mut self, path: &str, content: &str) -> Result<(), String> {
        self.files.insert(absolute(HOME, path), content.into());
        Ok(())
    }

    fn home(&self) -> String {
        HOME.into()
    }

    fn working_directory(&self) -> String {
        HOME.into()
    }
}
