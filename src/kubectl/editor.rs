//! Which program a person edits with, and how it is called.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/util/editor/editor.go, launcher_others.go.

use super::env::Env;
use crate::api::go_text;

/// Where neither `KUBE_EDITOR` nor `EDITOR` says anything.
const USUAL: &str = "vi";
const USUAL_SHELL: &str = "/bin/bash";

/// A command that opens a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Editor {
    pub words: Vec<String>,
    /// The last word is a line for a shell.
    shell: bool,
}

/// Why no edited text came back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unedited {
    /// There is no such program.
    Absent,
    /// It ended badly.
    Failed,
}

impl Editor {
    /// The editor that the environment names.
    pub fn of(env: &Env<'_>) -> Editor {
        let named = |name: &str| env.variable(name).filter(|v| !v.is_empty());
        let line = named("KUBE_EDITOR").or_else(|| named("EDITOR")).unwrap_or_else(|| USUAL.into());
        Editor::parse(&line, || named("SHELL").unwrap_or_else(|| USUAL_SHELL.into()))
    }

    /// Words are simply parted at blanks; what is quoted is left to a shell.
    pub fn parse(line: &str, shell: impl FnOnce() -> String) -> Editor {
        match line.contains(' ') && line.contains(['"', '\'', '\\']) {
            true => Editor { words: vec![shell(), "-c".into(), line.into()], shell: true },
            false => Editor { words: line.split(' ').map(String::from).collect(), shell: false },
        }
    }

    /// The command with the file that it is to open.
    pub fn args(&self, path: &str) -> Vec<String> {
        let mut words = self.words.clone();
        match words.last_mut() {
            Some(line) if self.shell => *line = format!("{line} {}", go_text::quoted(path)),
            _ => words.push(path.into()),
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_is_left_to_a_shell() {
        for (line, want) in [
            ("vi", vec!["vi", "/f"]),
            ("code --wait", vec!["code", "--wait", "/f"]),
            ("sed -i s/a:.b/a:\\ c/", vec!["/bin/sh", "-c", "sed -i s/a:.b/a:\\ c/ \"/f\""]),
            ("vi'", vec!["vi'", "/f"]),
        ] {
            assert_eq!(Editor::parse(line, || "/bin/sh".into()).args("/f"), want, "{line}");
        }
    }
}
