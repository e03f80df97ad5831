//! A tree of lines on a screen: who at the left, what at the right, cause above effect, wrapped where it is too wide.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// One line of the story, and what followed from it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Item {
    pub who: String,
    pub what: String,
    pub children: Vec<Item>,
}

/// Where the texts begin, unless who stands there is too long.
const COLUMN: usize = 26;
/// A text gets at least so much room, however narrow the screen or deep the tree.
const LEAST: usize = 30;

/// The lines of a tree. The items at the top have no branch before them.
pub fn lines(items: &[Item], width: usize) -> Vec<String> {
    let mut out = vec![];
    for i in items {
        line(&format!("  {}", i.who), "  ", &i.what, width, &mut out);
        branch(&i.children, "", width, &mut out);
    }
    out
}

fn branch(items: &[Item], before: &str, width: usize, out: &mut Vec<String>) {
    for (i, item) in items.iter().enumerate() {
        let last = i + 1 == items.len();
        let below = format!("{before}{}", if last { "  " } else { "│ " });
        let lead = format!("  {before}{}{}", if last { "└ " } else { "├ " }, item.who);
        line(&lead, &format!("  {below}"), &item.what, width, out);
        branch(&item.children, &below, width, out);
    }
}

fn line(lead: &str, below: &str, text: &str, width: usize, out: &mut Vec<String>) {
    let at = COLUMN.max(lead.width() + 2);
    let mut first = true;
    for part in wrap(text, width.saturating_sub(at).max(LEAST)) {
        let begin = if first { lead } else { below };
        out.push(format!("{begin}{}{part}", " ".repeat(at.saturating_sub(begin.width()))));
        first = false;
    }
}

/// A line as it fits on the screen: what is too wide goes on below, as far in as it began.
pub fn fold(line: &str, width: usize) -> Vec<String> {
    if line.width() <= width {
        return vec![line.to_string()];
    }
    let text = line.trim_start();
    let indent = line.len() - text.len();
    wrap(text, width.saturating_sub(indent).max(LEAST)).iter().map(|l| format!("{}{l}", " ".repeat(indent))).collect()
}

/// Cuts a text into lines at its spaces; a word that is too long for a line is cut anywhere.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut out = vec![String::new()];
    for word in text.split(' ') {
        let last = out.last_mut().map_or(0, |l| l.width());
        if last > 0 && last + 1 + word.width() > width {
            out.push(String::new());
        }
        for c in word.chars() {
            let full = out.last().is_some_and(|l| l.width() + c.width().unwrap_or(0) > width);
            if full {
                out.push(String::new());
            }
            if let Some(l) = out.last_mut() {
                l.push(c);
            }
        }
        if let Some(l) = out.last_mut() {
            l.push(' ');
        }
    }
    out.iter_mut().for_each(|l| l.truncate(l.trim_end().len()));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    fn item(who: &str, what: &str, children: Vec<Item>) -> Item {
        Item { who: who.into(), what: what.into(), children }
    }

    #[test]
    fn a_tree_shows_what_followed_from_what_and_stays_within_the_screen() {
        let tree = [item(
            "kubectl",
            "POST deployments/web",
            vec![item(
                "kube-apiserver",
                "stored it",
                vec![
                    item(
                        "scheduler",
                        "one two three four five six seven eight nine ten",
                        vec![item("kubelet@a", "ran it", vec![])],
                    ),
                    item("scheduler", "파드를 노드에 배정했고 그 까닭은 점수가 가장 높았기 때문임", vec![]),
                ],
            )],
        )];
        // A bar at the left, as the blanks there count.
        let shown: Vec<String> = lines(&tree, 56).iter().map(|l| format!("|{l}")).collect();
        expect![[r#"
            |  kubectl                 POST deployments/web
            |  └ kube-apiserver        stored it
            |    ├ scheduler           one two three four five six
            |    │                     seven eight nine ten
            |    │ └ kubelet@a         ran it
            |    └ scheduler           파드를 노드에 배정했고 그
            |                          까닭은 점수가 가장 높았기
            |                          때문임"#]]
        .assert_eq(&shown.join("\n"));
        assert!(lines(&tree, 56).iter().all(|l| l.width() <= 56));
    }

    proptest::proptest! {
        #[test]
        fn wrapping_loses_no_letter_and_keeps_the_width(s in "[a-z가-힣 ]{0,80}", w in 4usize..40) {
            let parts = wrap(&s, w);
            proptest::prop_assert!(parts.iter().all(|p| p.width() <= w), "{parts:?}");
            let letters = |t: &str| t.chars().filter(|c| *c != ' ').collect::<String>();
            proptest::prop_assert_eq!(letters(&parts.concat()), letters(&s));
        }
    }
}
