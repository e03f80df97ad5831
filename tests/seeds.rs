//! The study notes this program was made for (`data/seeds/*.txt`, as they were written): whatever they say that a learner
//! types, sees or is told is shown by a test or a recorded transcript. `data/seeds/*.yaml` says which; `data/seeds/TABLE.md`
//! is made of that (`UPDATE_EXPECT=1`). The modules below show what no other test does.
//!
//! A line is covered by one entry; a line that no entry covers states nothing (a heading, a picture, an empty line). What
//! is not so in a real cluster is marked `corrected`, and its tests show what happens instead.
//! `tests/reference/ratchet.py` sees to it that the cited lines of transcripts are answered as a real cluster answers them.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use expect_test::expect_file;
use kubetutor::api::{Duration, yaml};
use kubetutor::cluster::Options;
use kubetutor::cluster::profile::Profile;
use kubetutor::prompt::Session;
use regex::Regex;
use serde_json::Value;

mod commands;
mod deployments;
mod faults;
mod nodes;
mod pods;
mod probes;
mod services;
mod volumes;

const NOTES: [&str; 5] = ["000", "001", "002", "003", "004"];

fn at(profile: Profile) -> Session {
    Session::in_memory(&Options { profile, ..Options::default() })
}

/// Runs a line that must fail, and says what was complained of.
fn fails(s: &mut Session, line: &str) -> String {
    let o = s.eval(line);
    assert_ne!(o.code, 0, "{line}: {}", o.stdout);
    o.stderr
}

fn wait(s: &mut Session, milliseconds: u64) {
    let until = s.cluster.world.now + Duration::from_millis(milliseconds);
    s.cluster.world.run_until(until);
}

struct Entry {
    first: usize,
    last: usize,
    says: String,
    corrected: Option<String>,
    /// Why a line that is no structure states nothing that a cluster could show.
    nothing: Option<String>,
    shown_by: Vec<String>,
}

struct Note {
    name: &'static str,
    lines: Vec<String>,
    entries: Vec<Entry>,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn notes() -> Vec<Note> {
    NOTES.into_iter().map(note).collect()
}

fn note(name: &'static str) -> Note {
    let at = root().join("tests/data/seeds");
    let table = yaml::parse_all(&read(&at.join(format!("{name}.yaml")))).unwrap_or_else(|e| panic!("{name}.yaml: {e}"));
    let entries = table[0].as_array().unwrap().iter().map(entry).collect();
    let lines = read(&at.join(format!("{name}.txt"))).lines().map(String::from).collect();
    Note { name, lines, entries }
}

fn entry(v: &Value) -> Entry {
    let known = ["lines", "says", "corrected", "nothing", "shown_by"];
    for key in v.as_object().unwrap().keys() {
        assert!(known.contains(&key.as_str()), "{key}: {v}");
    }
    let text = |key: &str| v[key].as_str().map(String::from);
    let span = v["lines"].as_str().map_or_else(|| v["lines"].to_string(), String::from);
    let (first, last) = span.split_once('-').unwrap_or((&span, &span));
    Entry {
        first: first.parse().unwrap_or_else(|_| panic!("lines of {v}")),
        last: last.parse().unwrap_or_else(|_| panic!("lines of {v}")),
        says: text("says").unwrap_or_else(|| panic!("{v} says nothing")),
        corrected: text("corrected"),
        nothing: text("nothing"),
        shown_by: v["shown_by"].as_array().into_iter().flatten().map(|s| s.as_str().unwrap().into()).collect(),
    }
}

/// Headings, pictures, rulers, fences, empty lines, and marks of the table of contents.
fn is_structure(line: &str) -> bool {
    let shape = r"^\s*(#+\s.*|=+|-+|```\w*|<img .*|-?\s*!\[.*\]\(.*\)|<!--.*-->|\* \[.*\]\(#.*\)|[|\s-]*)$";
    Regex::new(shape).unwrap().is_match(line)
}

#[test]
fn every_line_of_the_notes_is_in_one_entry() {
    for note in notes() {
        let mut covered = BTreeMap::new();
        for (i, e) in note.entries.iter().enumerate() {
            assert!(e.first <= e.last && e.last <= note.lines.len(), "{}: {}-{}", note.name, e.first, e.last);
            for line in e.first..=e.last {
                let other = covered.insert(line, i);
                assert_eq!(other, None, "{}.txt:{line} is in two entries", note.name);
            }
        }
        let in_order = note.entries.windows(2).all(|w| w[0].last < w[1].first);
        assert!(in_order, "{}.yaml is not in the order of the note", note.name);
        for (i, line) in note.lines.iter().enumerate() {
            let seen = covered.contains_key(&(i + 1)) || is_structure(line);
            assert!(seen, "{}.txt:{} is in no entry: {line}", note.name, i + 1);
        }
    }
}

#[test]
fn every_entry_is_shown_by_something() {
    for note in notes() {
        for e in &note.entries {
            let at = format!("{}.txt:{} ({})", note.name, e.first, e.says);
            if e.nothing.is_some() {
                assert!(e.shown_by.is_empty() && e.corrected.is_none(), "{at}: nothing is something");
                continue;
            }
            assert!(!e.shown_by.is_empty(), "{at} is shown by nothing");
        }
    }
}

#[test]
fn whatever_shows_a_line_is_there() {
    for note in notes() {
        for e in &note.entries {
            for by in &e.shown_by {
                if let Err(why) = shows(by) {
                    panic!("{}.txt:{}: {by}: {why}", note.name, e.first);
                }
            }
        }
    }
}

/// Where it is and what it is called, if it is there: a test, a line of a transcript, a story in both languages.
fn shows(by: &str) -> Result<(String, String), String> {
    if let Some(story) = by.strip_prefix("stories/") {
        for language in ["en", "ko"] {
            let file = root().join(format!("tests/stories/{story}.{language}.txt"));
            fs::metadata(&file).map_err(|e| e.to_string())?;
        }
        return Ok((format!("../../stories/{story}.en.txt"), format!("story {story}")));
    }
    if let Some((file, line)) = by.split_once(".txt:") {
        return transcript(file, line.parse().map_err(|_| "no number of a line")?);
    }
    let (module, test) = by.rsplit_once("::").ok_or("neither a test nor a line of a transcript")?;
    let path = module.replace("::", "/");
    let inner = path.strip_suffix("/tests").unwrap_or(&path);
    let files = [
        format!("tests/{path}.rs"),
        format!("src/{path}.rs"),
        format!("src/{inner}.rs"),
        format!("src/{inner}/mod.rs"),
    ];
    let file = files.iter().find(|f| root().join(f).exists()).ok_or("no such module")?;
    let is_test = Regex::new(&format!(r"#\[test\]\s+(#\[[^\n]*\]\s+)*fn {}\b", regex::escape(test))).unwrap();
    match is_test.is_match(&read(&root().join(file))) {
        true => Ok((format!("../../../{file}"), by.into())),
        false => Err(format!("{file} has no such test")),
    }
}

fn transcript(file: &str, line: usize) -> Result<(String, String), String> {
    let folder = if file.starts_with("seed-") { "seeds" } else { "transcripts" };
    let path = root().join(format!("tests/reference/{folder}/{file}.txt"));
    let text = fs::read_to_string(path).map_err(|e| e.to_string())?;
    let command = line.checked_sub(1).and_then(|i| text.lines().nth(i)).unwrap_or_default();
    match ["$ ", "@poll ", "@for ", "@end "].iter().any(|mark| command.starts_with(mark)) {
        true => Ok((format!("../../reference/{folder}/{file}.txt#L{line}"), command.trim_start_matches("$ ").into())),
        false => Err(format!("no command stands there, but: {command}")),
    }
}

#[test]
fn the_table_is_written_down() {
    let mut out = String::from(
        "<!-- Made of the .yaml files beside it by tests/seeds.rs (UPDATE_EXPECT=1). -->\n\n\
         # What the study notes say, and what shows it\n",
    );
    for note in notes() {
        write!(out, "\n## {0}.txt\n\n| lines | what they say | shown by |\n|---|---|---|\n", note.name).unwrap();
        let covered = |line: usize| note.entries.iter().any(|e| (e.first..=e.last).contains(&line));
        let bare = (1..=note.lines.len()).filter(|&l| !covered(l)).count();
        for e in &note.entries {
            row(&mut out, e);
        }
        writeln!(out, "| {bare} others | structure: headings, pictures, empty lines | – |").unwrap();
    }
    expect_file![root().join("tests/data/seeds/TABLE.md")].assert_eq(&out);
}

fn row(out: &mut String, e: &Entry) {
    let span = if e.first == e.last { e.first.to_string() } else { format!("{}–{}", e.first, e.last) };
    let mut says = e.says.clone();
    for (word, text) in [("Corrected", &e.corrected), ("Nothing to show", &e.nothing)] {
        says += &text.as_ref().map(|t| format!(" **{word}:** {t}")).unwrap_or_default();
    }
    let by: Vec<String> = e
        .shown_by
        .iter()
        .filter_map(|b| shows(b).ok())
        .map(|(link, name)| format!("[`{}`]({link})", name.replace('|', "\\|")))
        .collect();
    let by = if by.is_empty() { "–".into() } else { by.join("<br>") };
    writeln!(out, "| {span} | {} | {by} |", says.replace('|', "\\|")).unwrap();
}
