//! A machine in memory: for `run --plain`, lessons and tests.

use std::collections::BTreeMap;

use crate::api::Duration;
use crate::api::path::absolute;
use crate::kubectl::Host;
use crate::kubectl::editor::{Editor, Unedited};

/// Edits a text that lies in no file.
pub type EditText = fn(&Editor, &str) -> Result<String, Unedited>;

#[derive(Clone, Debug, Default)]
pub struct MemoryHost {
    files: BTreeMap<String, String>,
    /// There are no programs in memory: whoever has some lends them.
    edit: Option<EditText>,
}

impl MemoryHost {
    pub fn with_editors(edit: EditText) -> MemoryHost {
        MemoryHost { edit: Some(edit), ..MemoryHost::default() }
    }
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

    /// A directory is there as soon as a file lies in it.
    fn make_directory(&mut self, _: &str) -> Result<(), String> {
        Ok(())
    }

    fn remove(&mut self, path: &str) {
        self.files.remove(&absolute(HOME, path));
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
        HOME.into()
    }
}
