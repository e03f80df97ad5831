//! What the editor shows: the object, and above it what went wrong, as comments.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/util/editor/editoptions.go (editHeader), pkg/cmd/util/helpers.go.

use serde_json::Value;

use crate::api::yaml::{self, Repeated};
use crate::api::{KindRef, Status};

/// Why a file is opened again.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Reason {
    pub head: String,
    pub details: Vec<String>,
}

impl Reason {
    /// An object that the server found to be invalid.
    pub fn invalid(kind: KindRef, name: &str, s: &Status) -> Reason {
        let causes = s.details.iter().flat_map(|d| &d.causes);
        Reason {
            head: format!("{} {name:?} was not valid", kind.group_resource()),
            details: causes.map(|c| format!("{}: {}", c.field, c.message)).collect(),
        }
    }

    /// A text that is no object at all.
    pub fn unreadable(kind: KindRef, name: &str, why: &str) -> Reason {
        Reason {
            head: format!("{} {name:?} was not valid", kind.group_resource()),
            details: vec![format!("<nil>: Invalid value: \"The edited file failed validation\": {why}")],
        }
    }
}

pub const OBJECT: &str = "\
# Please edit the object below. Lines beginning with a '#' will be ignored,
# and an empty file will abort the edit. If an error occurs while saving this file will be
# reopened with the relevant failures.
#
";
pub const LAST_APPLIED: &str = "\
# Please edit the 'last-applied-configuration' annotations below.
# Lines beginning with a '#' will be ignored, and an empty file will abort the edit.
#
";

/// The comments at the head of a file.
pub fn header(about: &str, reasons: &[Reason]) -> String {
    let mut out = about.to_string();
    for r in reasons {
        let colon = if r.details.is_empty() { "" } else { ":" };
        out.push_str(&format!("# {}{colon}\n", commented(&r.head)));
        r.details.iter().for_each(|d| out.push_str(&format!("# * {}\n", commented(d))));
        out.push_str("#\n");
    }
    out
}

/// Keeps a text of several lines a comment.
fn commented(text: &str) -> String {
    let (whole, end) = text.strip_suffix('\n').map_or((text, ""), |t| (t, "\n"));
    let lines: Vec<String> = whole
        .split('\n')
        .enumerate()
        .map(|(i, l)| if i == 0 || l.starts_with('#') { l.to_string() } else { format!("# {l}") })
        .collect();
    format!("{}{end}", lines.join("\n"))
}

/// A text without its lines of comment.
pub fn uncommented(text: &str) -> String {
    let is_comment = |l: &&str| l.trim_start().starts_with('#') && !l.trim_start().starts_with("#!");
    text.split_inclusive('\n').filter(|l| !is_comment(l)).collect()
}

/// Whether anything but comments is left.
pub fn has_lines(text: &str) -> bool {
    text.lines().map(str::trim).any(|l| !l.is_empty() && !l.starts_with('#'))
}

/// What a text says, comments aside: two texts that say the same are no change.
#[derive(Clone, PartialEq, Debug)]
pub enum Content {
    Object(Value),
    /// It cannot be read.
    Text(String),
}

impl Content {
    pub fn of(text: &str) -> Content {
        match yaml::parse(text, Repeated::LastWins) {
            Ok(v) => Content::Object(v.unwrap_or(Value::Null)),
            Err(_) => Content::Text(uncommented(text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_wrong_stands_above_the_object() {
        let reasons = [
            Reason { head: "x \"a\" was not valid".into(), details: vec!["spec: no\nreally".into()] },
            Reason { head: "The edited file had a syntax error: y".into(), details: vec![] },
        ];
        let text = header(OBJECT, &reasons);
        let tail = text.strip_prefix(OBJECT).unwrap();
        assert_eq!(
            tail,
            "# x \"a\" was not valid:\n# * spec: no\n# really\n#\n# The edited file had a syntax error: y\n#\n"
        );
        assert_eq!(uncommented(&format!("{text}a: 1 # b\n  # c\n#!d\ne")), "a: 1 # b\n#!d\ne");
        assert!(!has_lines(&text) && has_lines(&format!("{text}\na")));
    }

    #[test]
    fn comments_and_layout_are_no_change() {
        assert_eq!(Content::of("a: {b: 1}\n"), Content::of("# x\na:\n  b: 1"));
        assert_ne!(Content::of("a: 1"), Content::of("a: \"1\""));
        assert_eq!(Content::of("# x\na: [1"), Content::of("a: [1"));
    }
}
