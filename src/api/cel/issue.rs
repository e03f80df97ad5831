//! What is wrong with an expression, shown as CEL shows it: the words, the line, and a mark under the place.
//! Real Kubernetes: cel-go/common/error.go, errors.go.

use super::ast::Source;

/// How many errors of one expression are told.
const LIMIT: usize = 100;
/// Longer lines are not shown.
const LONGEST_LINE: usize = 16384;

#[derive(Clone, Debug, PartialEq)]
pub struct Issue {
    /// Line (from 1) and column (from 0); none: of the expression as a whole.
    pub at: Option<(usize, usize)>,
    pub message: String,
}

/// All that is wrong with one expression.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Issues {
    list: Vec<Issue>,
}

impl Issues {
    pub fn add(&mut self, at: Option<(usize, usize)>, message: impl Into<String>) {
        self.list.push(Issue { at, message: message.into() });
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub fn text(&self, source: &Source) -> String {
        let mut told: Vec<_> = self.list.iter().take(LIMIT).collect();
        told.sort_by_key(|i| i.at);
        let mut lines: Vec<String> = told.into_iter().map(|i| shown(i, source)).collect();
        if self.list.len() > LIMIT {
            lines.push(format!("{} more errors were truncated", self.list.len() - LIMIT));
        }
        lines.join("\n")
    }
}

fn shown(issue: &Issue, source: &Source) -> String {
    let Some((line, column)) = issue.at else {
        return format!("ERROR: <input>:-1:0: {}", issue.message);
    };
    if source.text.is_empty() {
        return format!("ERROR: <input>:1:0: {}", issue.message);
    }
    let head = format!("ERROR: <input>:{line}:{}: {}", column + 1, issue.message);
    let Some(text) = source.text.split('\n').nth(line - 1).filter(|l| l.len() <= LONGEST_LINE) else {
        return head;
    };
    let text = text.replace('\t', " ");
    let dots: String = text.chars().take(column).map(|c| if c.len_utf8() > 1 { '\u{ff0e}' } else { '.' }).collect();
    let mark = if text.chars().nth(column).is_some_and(|c| c.len_utf8() > 1) { '\u{ff3e}' } else { '^' };
    format!("{head}\n | {text}\n | {dots}{mark}")
}
