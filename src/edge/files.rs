//! Real files and the real environment, for kubectl at the prompt.

use std::path::Path;
use std::time::Duration;

use super::editor;
use crate::kubectl::Host;
use crate::kubectl::editor::{Editor, Unedited};
use crate::kubectl::env::Found;

/// Directories are listed this deep.
const MAX_FILES: usize = 10_000;

pub struct RealFiles;

/// What is larger is no text, and no affair of a learner's shell.
const LARGEST: u64 = 64 << 20;

impl Host for RealFiles {
    fn look(&self, path: &str) -> Option<Found> {
        let about = std::fs::metadata(path).ok()?;
        if about.is_dir() {
            return Some(Found::Directory);
        }
        // Devices and pipes are not read: they may never end.
        let content = if about.is_file() && about.len() <= LARGEST { std::fs::read(path).ok()? } else { vec![] };
        Some(if is_executable(&about) { Found::Executable(content) } else { Found::File(content) })
    }

    fn names(&self, path: &str) -> Vec<String> {
        let all = std::fs::read_dir(path).into_iter().flatten().flatten();
        all.map(|e| e.file_name().to_string_lossy().into_owned()).collect()
    }

    fn store(&mut self, path: &str, content: &[u8], executable: bool) -> Result<(), String> {
        std::fs::write(path, content).map_err(|e| format!("{path}: {e}"))?;
        if executable { make_executable(path) } else { Ok(()) }
    }

    fn remove_directory(&mut self, path: &str) {
        // It is still there afterwards if it could not be removed: who asked looks.
        let _ = std::fs::remove_dir(path);
    }

    fn enter(&mut self, path: &str) {
        // A directory that is gone is left as it is: paths then begin where they began before.
        let _ = std::env::set_current_dir(path);
    }

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

#[cfg(unix)]
fn is_executable(about: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    about.permissions().mode() & 0o111 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &std::fs::Metadata) -> bool {
    false
}

#[cfg(unix)]
fn make_executable(path: &str) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(path, mode).map_err(|e| format!("{path}: {e}"))
}

/// There a file's name says it.
#[cfg(not(unix))]
fn make_executable(_: &str) -> Result<(), String> {
    Ok(())
}
