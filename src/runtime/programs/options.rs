//! Options of small programs: letters after a dash, together or apart, some with a value.

/// What was given, in order, and the words that are no options.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Options {
    given: Vec<(char, String)>,
    pub rest: Vec<String>,
}

impl Options {
    /// `flags` stand alone, `valued` take a value. Long names stand for letters. The error is what busybox says.
    pub fn parse(words: &[String], flags: &str, valued: &str, long: &[(&str, char)]) -> Result<Options, String> {
        let name = words.first().map_or("", |w| crate::runtime::kernel::tree::name(w));
        let mut out = Options::default();
        let mut args = words.iter().skip(1);
        while let Some(a) = args.next() {
            if a == "--" {
                out.rest.extend(args.cloned());
                break;
            }
            if let Some(l) = a.strip_prefix("--") {
                let (l, value) = l.split_once('=').map_or((l, None), |(l, v)| (l, Some(v.to_string())));
                let Some((_, letter)) = long.iter().find(|(n, _)| *n == l) else {
                    return Err(format!("{name}: unrecognized option: {l}\n"));
                };
                let value = match (valued.contains(*letter), value) {
                    (true, None) => args.next().cloned().ok_or_else(|| missing(name, *letter))?,
                    (_, v) => v.unwrap_or_default(),
                };
                out.given.push((*letter, value));
                continue;
            }
            let Some(letters) = a.strip_prefix('-').filter(|l| !l.is_empty()) else {
                out.rest.push(a.clone());
                continue;
            };
            let mut letters = letters.chars();
            while let Some(c) = letters.next() {
                if valued.contains(c) {
                    let here: String = letters.by_ref().collect();
                    let value =
                        if here.is_empty() { args.next().cloned().ok_or_else(|| missing(name, c))? } else { here };
                    out.given.push((c, value));
                } else if flags.contains(c) {
                    out.given.push((c, String::new()));
                } else {
                    return Err(format!("{name}: invalid option -- '{c}'\n"));
                }
            }
        }
        Ok(out)
    }

    pub fn has(&self, letter: char) -> bool {
        self.given.iter().any(|(l, _)| *l == letter)
    }

    /// The value that was given last.
    pub fn value(&self, letter: char) -> Option<&str> {
        self.given.iter().rev().find(|(l, _)| *l == letter).map(|(_, v)| v.as_str())
    }

    pub fn values(&self, letter: char) -> Vec<&str> {
        self.given.iter().filter(|(l, _)| *l == letter).map(|(_, v)| v.as_str()).collect()
    }

    /// The last of some letters that was given.
    pub fn last_of(&self, letters: &str) -> Option<char> {
        self.given.iter().rev().find(|(l, _)| letters.contains(*l)).map(|(l, _)| *l)
    }
}

fn missing(name: &str, letter: char) -> String {
    format!("{name}: option requires an argument -- '{letter}'\n")
}
