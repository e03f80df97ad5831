//! Editors: programs of the learner's machine.

use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::kubectl::editor::{Editor, Unedited};

/// Whether a program may talk to the person at the terminal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Terminal {
    Given,
    /// A script runs: nobody is there.
    Withheld,
}

/// Opens a file and waits until the program ends.
pub fn open(editor: &Editor, path: &Path, terminal: Terminal) -> Result<(), Unedited> {
    let words = editor.args(&path.to_string_lossy());
    let Some((program, rest)) = words.split_first() else { return Err(Unedited::Absent) };
    let mut command = Command::new(program);
    command.args(rest);
    if terminal == Terminal::Withheld {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    }
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Err(e) if e.kind() == ErrorKind::NotFound => Err(Unedited::Absent),
        _ => Err(Unedited::Failed),
    }
}

/// Edits a text that is in no file, by way of one.
pub fn edit_text(editor: &Editor, text: &str) -> Result<String, Unedited> {
    let path = std::env::temp_dir().join(format!("kubetutor-edit-{}.yaml", std::process::id()));
    let edited = std::fs::write(&path, text)
        .map_err(|_| Unedited::Failed)
        .and_then(|()| open(editor, &path, Terminal::Withheld))
        .and_then(|()| std::fs::read_to_string(&path).map_err(|_| Unedited::Failed));
    let _ = std::fs::remove_file(&path);
    edited
}
