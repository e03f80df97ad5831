//! Help, as kubectl v1.36.3 prints it: `--help`, `help VERB`, and what a missing verb brings.
//! The texts are kubectl's own (Apache-2.0, see NOTICE), each after a line `==> VERB <==`.

const TEXTS: &str = include_str!("help/kubectl.txt");

/// The help of a command by its words; that of kubectl itself has none.
pub fn of(path: &str) -> Option<&'static str> {
    let head = format!("==> {path} <==\n");
    let from = if TEXTS.starts_with(&head) { 0 } else { TEXTS.find(&format!("\n{head}"))? + 1 };
    let text = &TEXTS[from + head.len()..];
    Some(&text[..text.find("\n==> ").map_or(text.len(), |i| i + 1)])
}

/// All of kubectl's commands, those that kubetutor lacks too.
pub fn commands() -> impl Iterator<Item = &'static str> {
    TEXTS
        .lines()
        .filter_map(|l| l.strip_prefix("==> ")?.strip_suffix(" <=="))
        .filter(|name| !name.is_empty() && !name.contains(' ') && *name != "options")
}

/// The help that a command line asks for, if it asks for any.
pub fn asked(words: &[String]) -> Option<&'static str> {
    let own = words.iter().position(|w| w == "--").map_or(words, |i| &words[..i]);
    let plain: Vec<&str> = own.iter().map(String::as_str).filter(|w| !w.starts_with('-')).collect();
    match plain.split_first() {
        Some((&"help", rest)) => longest(rest),
        Some((&"options", [])) => of("options"),
        _ if own.iter().any(|w| w == "-h" || w == "--help") => longest(&plain),
        _ => None,
    }
}

/// Of `get pods web` the words that name a command: `get`.
fn longest(words: &[&str]) -> Option<&'static str> {
    (0..=words.len()).rev().filter(|n| *n > 0 || words.is_empty()).find_map(|n| of(&words[..n].join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubectl::Flag;
    use crate::kubectl::args::GLOBAL;
    use crate::kubectl::verbs::TABLE;

    #[test]
    fn every_verb_has_its_help() {
        for v in TABLE {
            let text = of(v.name).unwrap_or_default();
            assert!(text.contains("Usage:\n"), "{}", v.name);
            assert!(!text.contains("==> "), "{}", v.name);
            let group = v.name.rsplit_once(' ').map_or("", |(group, _)| group);
            assert!(of(group).is_some_and(|t| t.contains(v.summary)), "{}: {:?}", v.name, v.summary);
        }
        assert!(of("").is_some_and(|t| t.starts_with("kubectl controls")));
    }

    /// A flag as the help of a verb lists it: `-n, --namespace='':`.
    fn option(line: &str) -> Option<(String, Option<char>, String)> {
        let line = line.strip_prefix("    ")?.strip_suffix(':')?;
        let (short, long) = match line.split_once(", --") {
            Some((short, long)) => (short.chars().nth(1), long),
            None => (None, line.strip_prefix("--")?),
        };
        let (name, default) = long.split_once('=')?;
        Some((name.into(), short, default.trim_matches(['\'', '[', ']']).into()))
    }

    fn listed(path: &str) -> Vec<(String, Option<char>, String)> {
        let text = of(path).unwrap_or_default();
        let from = if path == "options" { 0 } else { text.find("\nOptions:\n").unwrap_or(text.len()) };
        let mut all: Vec<_> = text[from..].lines().filter_map(option).collect();
        all.sort();
        all
    }

    /// The same of a record. What is deprecated is hidden.
    fn recorded<'a>(flags: impl Iterator<Item = &'a Flag>) -> Vec<(String, Option<char>, String)> {
        let shown = flags.filter(|f| f.deprecated.is_none());
        let mut all: Vec<_> = shown.map(|f| (f.name.to_string(), f.short, f.plain_default().to_string())).collect();
        all.sort();
        all
    }

    #[test]
    fn verbs_take_the_flags_that_their_help_lists() {
        let global = recorded(GLOBAL.iter().filter(|f| f.name != "help"));
        let mut differ = vec![];
        for v in TABLE {
            let (known, told) = (recorded(v.flags.iter().flat_map(|f| f.iter())), listed(v.name));
            // What all verbs take some list again.
            let missing = told.iter().filter(|o| !known.contains(o) && !global.contains(o));
            let more = known.iter().filter(|o| !told.contains(o));
            differ.extend(missing.map(|o| format!("{} lacks {o:?}", v.name)));
            differ.extend(more.map(|o| format!("{} has {o:?}", v.name)));
            let twice = known.windows(2).filter(|w| w[0].0 == w[1].0);
            differ.extend(twice.map(|w| format!("{} has --{} twice", v.name, w[0].0)));
        }
        assert!(differ.is_empty(), "{}", differ.join("\n"));
        assert_eq!(global, listed("options"));
    }

    #[test]
    fn help_is_asked_for_in_several_ways() {
        let asked = |line: &str| asked(&line.split(' ').map(String::from).collect::<Vec<_>>());
        assert_eq!(asked("create deployment -h"), of("create deployment"));
        assert_eq!(asked("help create deployment"), of("create deployment"));
        assert_eq!(asked("get pods web --help"), of("get"));
        assert_eq!(asked("help"), of(""));
        assert_eq!(asked("--help"), of(""));
        assert_eq!(asked("options"), of("options"));
        assert_eq!(asked("exec web -- ls --help"), None);
        assert_eq!(asked("get pods"), None);
    }
}
