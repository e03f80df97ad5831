//! Real files and the real environment, for kubectl at the prompt.

use std::path::Path;
use std::time::Duration;

use super::editor;
use crate::kubectl::Host;
use crate::kubectl::editor::{Editor, Unedited};

/// Directories are listed this deep.
const MAX_FILES: usize = 10_000;

pub struct RealFiles;

impl Host for RealFiles {
    fn sleep(&mut self, d: Duration) {
        std::thread::sleep(d);
    }

    fn read(&self, path: &str) -> Result<String, String> {
        std::fs::read(path).map(|b| String::from_utf8_lossy(&b).into_owned()).map_err(|e| e.to_string())
    }

    fn list(&self, path: &str) -> Option<Vec<String>> {
        let root = Path::new(path);
        if !root.is_dir() {
            return None;
        }
        let (mut out, mut todo) = (vec![], vec![root.to_path_buf()]);
        while let Some(dir) = todo.pop() {
            for e in std::fs::read_dir(dir).ok()?.flatten() {
                let p = e.path();
                if p.is_dir() {
                    todo.push(p);
                } else if let Ok(rest) = p.strip_prefix(root) {
                    out.push(rest.to_string_lossy().into_owned());
                }
                if out.len() >= MAX_FILES {
                    return Some(out);
                }
            }
        }
        Some(out)
    }

    fn is_directory(&self, path: &str) -> bool {
        Path::new(path).is_dir()
    }

    fn write(&mut self, path: &str, content: &str) -> Result<(), String> {
        std::fs::write(path, content).map_err(|e| format!("{path}: {e}"))
    }

    fn make_directory(&mut self, path: &str) -> Result<(), String> {
        std::fs::create_dir_all(path).map_err(|e| format!("mkdir {path}: {e}"))
    }

    fn remove(&mut self, path: &str) {
        // Who removes a file does not need it any more; that it is still there harms nobody.
        let _ = std::fs::remove_file(path);
    }

    fn edit(&mut self, editor: &Editor, path: &str) -> Result<(), Unedited> {
        editor::open(editor, Path::new(path), editor::Terminal::Given)
    }

    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn home(&self) -> String {
        std::env::var("HOME").unwrap_or_else(|_| "/".into())
    }

    fn working_directory(&self) -> String {
        std::env::current_dir().map(|p| p.to_string_lossy().into_owned()).unwrap_or_else(|_| "/".into())
    }
}
