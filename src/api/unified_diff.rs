//! The difference between two texts, line by line, with three lines around each change.
//!
//! Real Kubernetes: `k8s.io/apimachinery/pkg/util/diff`, which leaves it to `github.com/pmezard/go-difflib`, which does it as
//! Python's `difflib`: the longest common run of lines, then the same on both sides of it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::Range;

/// Unchanged lines shown before and after a change.
const CONTEXT: usize = 3;
/// From this many lines on, lines that are everywhere begin no common run.
const MANY_LINES: usize = 200;

/// A run of lines that both texts have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Common {
    old: usize,
    new: usize,
    length: usize,
}

/// What becomes of some lines: kept if `same`, else replaced by others; either may be none.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Step {
    same: bool,
    old: Range<usize>,
    new: Range<usize>,
}

/// The difference; empty if there is none. Every line ends with a newline, also the last of each text.
pub fn unified(old: &str, new: &str) -> String {
    let old: Vec<&str> = old.split('\n').collect();
    let new: Vec<&str> = new.split('\n').collect();
    let mut out = String::new();
    for hunk in hunks(steps(&old, &new)) {
        let (Some(first), Some(last)) = (hunk.first(), hunk.last()) else { continue };
        let (from, to) = (first.old.start..last.old.end, first.new.start..last.new.end);
        let _ = writeln!(out, "@@ -{} +{} @@", place(&from), place(&to));
        for s in &hunk {
            for line in &old[s.old.clone()] {
                let _ = writeln!(out, "{}{line}", if s.same { ' ' } else { '-' });
            }
            if !s.same {
                for line in &new[s.new.clone()] {
                    let _ = writeln!(out, "+{line}");
                }
            }
        }
    }
    out
}

/// `4,7` for seven lines from the fourth on. An empty place is named by the line before it.
fn place(lines: &Range<usize>) -> String {
    match lines.len() {
        1 => (lines.start + 1).to_string(),
        0 => format!("{},0", lines.start),
        n => format!("{},{n}", lines.start + 1),
    }
}

/// Where each line of the new text stands, but for lines that are all over a long text.
fn places<'a>(new: &[&'a str]) -> BTreeMap<&'a str, Vec<usize>> {
    let mut out: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (i, line) in new.iter().enumerate() {
        out.entry(line).or_default().push(i);
    }
    if new.len() >= MANY_LINES {
        let most = new.len() / 100 + 1;
        out.retain(|_, at| at.len() <= most);
    }
    out
}

struct Texts<'a> {
    old: &'a [&'a str],
    new: &'a [&'a str],
    places: BTreeMap<&'a str, Vec<usize>>,
}

impl Texts<'_> {
    /// The longest run within these lines, the first of several.
    fn longest(&self, old: &Range<usize>, new: &Range<usize>) -> Common {
        let mut best = Common { old: old.start, new: new.start, length: 0 };
        // How long the run is that ends at a line of the new text and the line before in the old one.
        let mut ending: BTreeMap<usize, usize> = BTreeMap::new();
        for i in old.clone() {
            let mut here = BTreeMap::new();
            for &j in self.places.get(self.old[i]).into_iter().flatten().filter(|j| new.contains(j)) {
                let length = 1 + j.checked_sub(1).and_then(|before| ending.get(&before)).copied().unwrap_or(0);
                here.insert(j, length);
                if length > best.length {
                    best = Common { old: i + 1 - length, new: j + 1 - length, length };
                }
            }
            ending = here;
        }
        // Lines that begin no run may still belong to one.
        while best.old > old.start && best.new > new.start && self.old[best.old - 1] == self.new[best.new - 1] {
            best = Common { old: best.old - 1, new: best.new - 1, length: best.length + 1 };
        }
        while best.old + best.length < old.end
            && best.new + best.length < new.end
            && self.old[best.old + best.length] == self.new[best.new + best.length]
        {
            best.length += 1;
        }
        best
    }

    /// All runs within these lines, in their order.
    fn common(&self, old: Range<usize>, new: Range<usize>) -> Vec<Common> {
        let mut out = vec![];
        // A stack, as a long text could nest deeply: either lines to look at, or a run that is found.
        let mut todo = vec![Ok((old, new))];
        while let Some(next) = todo.pop() {
            let (old, new) = match next {
                Ok(lines) => lines,
                Err(found) => {
                    out.push(found);
                    continue;
                }
            };
            let found = self.longest(&old, &new);
            if found.length == 0 {
                continue;
            }
            let (old_end, new_end) = (found.old + found.length, found.new + found.length);
            if old_end < old.end && new_end < new.end {
                todo.push(Ok((old_end..old.end, new_end..new.end)));
            }
            todo.push(Err(found));
            if old.start < found.old && new.start < found.new {
                todo.push(Ok((old.start..found.old, new.start..found.new)));
            }
        }
        out
    }
}

fn steps(old: &[&str], new: &[&str]) -> Vec<Step> {
    let texts = Texts { old, new, places: places(new) };
    let mut runs: Vec<Common> = vec![];
    for c in texts.common(0..old.len(), 0..new.len()) {
        match runs.last_mut() {
            Some(r) if r.old + r.length == c.old && r.new + r.length == c.new => r.length += c.length,
            _ => runs.push(c),
        }
    }
    runs.push(Common { old: old.len(), new: new.len(), length: 0 });
    let (mut i, mut j) = (0, 0);
    let mut out = vec![];
    for r in runs {
        if i < r.old || j < r.new {
            out.push(Step { same: false, old: i..r.old, new: j..r.new });
        }
        (i, j) = (r.old + r.length, r.new + r.length);
        if r.length > 0 {
            out.push(Step { same: true, old: r.old..i, new: r.new..j });
        }
    }
    out
}

/// Changes that stand close together, each group with the lines around it.
fn hunks(mut steps: Vec<Step>) -> Vec<Vec<Step>> {
    let tail = |s: &Step| Step {
        same: true,
        old: s.old.end.saturating_sub(CONTEXT).max(s.old.start)..s.old.end,
        new: s.new.end.saturating_sub(CONTEXT).max(s.new.start)..s.new.end,
    };
    let head = |s: &Step| Step {
        same: true,
        old: s.old.start..(s.old.start + CONTEXT).min(s.old.end),
        new: s.new.start..(s.new.start + CONTEXT).min(s.new.end),
    };
    if let Some(first) = steps.first_mut().filter(|s| s.same) {
        *first = tail(first);
    }
    if let Some(last) = steps.last_mut().filter(|s| s.same) {
        *last = head(last);
    }
    let mut out = vec![];
    let mut group: Vec<Step> = vec![];
    for s in steps {
        if s.same && s.old.len() > 2 * CONTEXT {
            group.push(head(&s));
            out.push(std::mem::take(&mut group));
            group.push(tail(&s));
        } else {
            group.push(s);
        }
    }
    out.push(group);
    out.retain(|g| g.iter().any(|s| !s.same));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_shown_with_the_lines_around_them() {
        let old: Vec<String> = (1..=20).map(|n| n.to_string()).collect();
        let mut new = old.clone();
        new[1] = "two".into();
        new.remove(14);
        let (old, new) = (old.join("\n"), new.join("\n"));
        let want = "@@ -1,5 +1,5 @@\n 1\n-2\n+two\n 3\n 4\n 5\n@@ -12,7 +12,6 @@\n 12\n 13\n 14\n-15\n 16\n 17\n 18\n";
        assert_eq!(unified(&old, &new), want);
    }

    #[test]
    fn texts_that_are_equal_differ_in_nothing() {
        assert_eq!(unified("a\nb", "a\nb"), "");
        assert_eq!(unified("", "a"), "@@ -1 +1 @@\n-\n+a\n");
    }

    proptest::proptest! {
        #[test]
        fn the_new_text_can_be_made_of_the_old_one(old in "[ab\n]{0,30}", new in "[ab\n]{0,30}") {
            let (o, n): (Vec<&str>, Vec<&str>) = (old.split('\n').collect(), new.split('\n').collect());
            let mut made: Vec<&str> = vec![];
            for s in steps(&o, &n) {
                proptest::prop_assert!(!s.same || o[s.old.clone()] == n[s.new.clone()]);
                made.extend(&n[s.new]);
            }
            proptest::prop_assert_eq!(made, n);
        }
    }
}
