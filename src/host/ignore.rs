//! `.dockerignore`: which files of a directory are not sent to the builder.
//! Docker: moby/patternmatcher.

/// The lines of a file, the last that fits decides.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Ignored(Vec<(bool, Vec<String>)>);

impl Ignored {
    pub fn parse(text: &str) -> Ignored {
        let line = |l: &str| {
            let l = l.trim();
            let (kept, pattern) = l.strip_prefix('!').map_or((false, l), |p| (true, p.trim()));
            let parts: Vec<String> =
                pattern.split('/').filter(|p| !p.is_empty() && *p != ".").map(String::from).collect();
            (!l.is_empty() && !l.starts_with('#') && !parts.is_empty()).then_some((kept, parts))
        };
        Ignored(text.lines().filter_map(line).collect())
    }

    /// Whether a file, named from the directory on, is left out: it, or a directory above it, fits.
    pub fn leaves_out(&self, path: &str) -> bool {
        let parts: Vec<&str> = path.split('/').collect();
        let fits = |pattern: &[String]| (1..=parts.len()).any(|n| matches(pattern, &parts[..n]));
        self.0.iter().rev().find(|(_, pattern)| fits(pattern)).is_some_and(|(kept, _)| !kept)
    }
}

fn matches(pattern: &[String], path: &[&str]) -> bool {
    match (pattern.split_first(), path.split_first()) {
        (None, None) => true,
        (Some((p, rest)), _) if p == "**" => (0..=path.len()).any(|n| matches(rest, &path[n..])),
        (Some((p, rest)), Some((name, below))) => fits(p, name) && matches(rest, below),
        _ => false,
    }
}

/// Whether a name fits a pattern with `*`, `?` and `[a-z]` in it. Only so many steps are made as both have letters.
pub fn fits(pattern: &str, name: &str) -> bool {
    let (p, n): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut i, mut j, mut star) = (0, 0, None);
    loop {
        match p.get(i) {
            Some('*') => {
                star = Some((i, j));
                i += 1;
                continue;
            }
            Some(_) if j < n.len() => {
                if let Some(next) = one(&p, i, n[j]) {
                    (i, j) = (next, j + 1);
                    continue;
                }
            }
            None if j == n.len() => return true,
            _ => {}
        }
        // The last star takes one letter more.
        match star {
            Some((at, taken)) if taken < n.len() => {
                star = Some((at, taken + 1));
                (i, j) = (at + 1, taken + 1);
            }
            _ => return false,
        }
    }
}

/// Where the pattern goes on after a letter, if it takes it.
fn one(p: &[char], i: usize, c: char) -> Option<usize> {
    match p[i] {
        '?' => Some(i + 1),
        '\\' if i + 1 < p.len() => (p[i + 1] == c).then_some(i + 2),
        '[' => {
            let close = (i + 2..p.len()).find(|k| p[*k] == ']')?;
            let (not, set) = if p[i + 1] == '^' { (true, &p[i + 2..close]) } else { (false, &p[i + 1..close]) };
            let mut k = 0;
            let mut found = false;
            while k < set.len() {
                if k + 2 < set.len() && set[k + 1] == '-' {
                    found |= set[k] <= c && c <= set[k + 2];
                    k += 3;
                } else {
                    found |= set[k] == c;
                    k += 1;
                }
            }
            (found != not).then_some(close + 1)
        }
        other => (other == c).then_some(i + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_that_fits_decides() {
        let i = Ignored::parse("# c\nnode_modules\n*.md\n!README.md\n**/*.log\n/dist/\ntemp?\n");
        for (path, out) in [
            ("node_modules/a/b.js", true),
            ("src/node_modules/x", false),
            ("NOTES.md", true),
            ("README.md", false),
            ("docs/NOTES.md", false),
            ("a.log", true),
            ("x/y/a.log", true),
            ("dist/index.html", true),
            ("temp1", true),
            ("temp", false),
            ("app.js", false),
        ] {
            assert_eq!(i.leaves_out(path), out, "{path}");
        }
        assert!(!Ignored::default().leaves_out("a"));
    }

    #[test]
    fn patterns_are_read_as_a_shell_reads_them() {
        for (pattern, name, yes) in [
            ("package*.json", "package-lock.json", true),
            ("package*.json", "package.json", true),
            ("[a-c]?", "b1", true),
            ("[^a]*", "abc", false),
            ("*a*b*", "xxaxxbxx", true),
            ("*a*b", "ab1", false),
            ("\\*", "*", true),
            ("[", "[", false),
        ] {
            assert_eq!(fits(pattern, name), yes, "{pattern} {name}");
        }
        assert!(!fits(&"*a".repeat(200), &"a".repeat(150)));
    }
}
