//! Warnings as they are sent: each once, and not too much of them.
//! Real Kubernetes: apiserver/pkg/endpoints/filters/warning.go, apimachinery/pkg/util/net NewWarningHeader.

use crate::api::request::Response;

/// Characters of all warnings together. If there are more, all are cut.
const MOST: usize = 4 * 1024;
/// Characters of one that is cut.
const MOST_OF_ONE: usize = 256;

/// An answer with its warnings in the form in which they fit into headers.
pub fn as_sent(answer: Response) -> Response {
    match answer {
        Ok(mut a) => {
            a.warnings = fitting(a.warnings);
            Ok(a)
        }
        Err(mut status) => {
            status.warnings = fitting(status.warnings);
            Err(status)
        }
    }
}

fn fitting(warnings: Vec<String>) -> Vec<String> {
    let mut all: Vec<String> = vec![];
    for text in warnings {
        // A header has no place for control characters.
        if !text.is_empty() && !text.chars().any(char::is_control) && !all.contains(&text) {
            all.push(text);
        }
    }
    let length = |s: &String| s.chars().count();
    if all.iter().map(length).sum::<usize>() <= MOST {
        return all;
    }
    let mut left = MOST;
    let cut = all.iter().map(|s| s.chars().take(MOST_OF_ONE).collect::<String>());
    cut.take_while(|s| {
        let fits = left > 0;
        left = left.saturating_sub(length(s));
        fits
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_sent_once_if_a_header_can_have_it() {
        let all = ["one", "", "two\nlines", "one", "\u{ac00}"].map(String::from);
        assert_eq!(fitting(all.to_vec()), ["one", "\u{ac00}"]);
    }

    #[test]
    fn too_many_are_cut() {
        let long = |i: usize| format!("{i:04}{}", "x".repeat(300));
        let few: Vec<String> = (0..13).map(long).collect();
        assert_eq!(fitting(few.clone()), few);
        let many = fitting((0..40).map(long).collect());
        assert_eq!((many.len(), many[0].len()), (16, MOST_OF_ONE));
    }
}
