//! The rooms of `src/` and which may import which.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A room and what it imports besides itself.
const ROOMS: &[(&str, &[&str])] = &[
    ("api", &[]),
    ("ledger", &["api"]),
    ("store", &["api"]),
    ("apiserver", &["api", "ledger", "store"]),
    ("world", &["api", "ledger", "store", "apiserver"]),
    ("client", &["api", "ledger", "store", "apiserver", "world"]),
    ("controllers", &["api", "ledger", "store", "apiserver", "world", "client"]),
    ("scheduler", &["api", "ledger", "store", "apiserver", "world", "client"]),
    ("runtime", &["api"]),
    ("host", &["api", "ledger", "runtime"]),
    ("kubelet", &["api", "ledger", "store", "apiserver", "world", "client"]),
    ("network", &["api", "ledger", "store", "apiserver", "world", "client"]),
    (
        "cluster",
        &[
            "api",
            "ledger",
            "store",
            "apiserver",
            "world",
            "client",
            "controllers",
            "scheduler",
            "runtime",
            "host",
            "kubelet",
            "network",
        ],
    ),
    ("kubectl", &["api"]),
    ("explain", &["api", "ledger"]),
    ("prompt", &["api", "ledger", "store", "network", "runtime", "host", "scheduler", "cluster", "kubectl", "explain"]),
    ("lessons", &["api", "ledger", "store", "network", "cluster", "kubectl", "explain", "prompt"]),
    ("shell", &["api", "ledger", "store", "network", "cluster", "kubectl", "explain", "prompt", "lessons"]),
    ("edge", &["cluster", "kubectl", "explain", "prompt", "lessons", "shell"]),
];

/// What those who reach the API server only by requests may name of it and of the store: the words of a request and of
/// a watch, never the state.
const VOCABULARY: &[&str] = &[
    "store::Change",
    "store::ChangeKind",
    "store::Scope",
    "store::Rev",
    "store::rev_of",
    "apiserver::delete::",
    "apiserver::caller::{Chance, below}",
];

fn sources(dir: &Path) -> Vec<PathBuf> {
    let mut out = vec![];
    for e in fs::read_dir(dir).unwrap() {
        let p = e.unwrap().path();
        if p.is_dir() {
            out.extend(sources(&p));
        } else if p.extension().is_some_and(|x| x == "rs") {
            out.push(p);
        }
    }
    out.sort();
    out
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The rest of each line after `crate::`; tests at a file's end may look further.
fn imports(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap();
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    code.lines()
        .filter(|l| !l.trim_start().starts_with("//"))
        .flat_map(|l| l.split("crate::").skip(1).map(String::from).collect::<Vec<_>>())
        .collect()
}

fn is_test(file: &Path) -> bool {
    file.file_name().is_some_and(|n| n == "tests.rs")
}

#[test]
fn every_directory_is_a_room_of_the_table() {
    let dirs: BTreeSet<String> = fs::read_dir(root().join("src"))
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.is_dir())
        .map(|p| p.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    let table: BTreeSet<String> = ROOMS.iter().map(|(n, _)| (*n).to_string()).collect();
    assert_eq!(dirs, table);
}

#[test]
fn rooms_import_only_what_the_table_allows() {
    let mut wrong = vec![];
    for (room, may) in ROOMS {
        for file in sources(&root().join("src").join(room)).into_iter().filter(|f| !is_test(f)) {
            for rest in imports(&file) {
                let name: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
                if name != *room && ROOMS.iter().any(|(r, _)| *r == name) && !may.contains(&name.as_str()) {
                    wrong.push(format!("{}: crate::{rest}", file.display()));
                }
                // A grouped import would slip past this test.
                if name.is_empty() && rest.starts_with('{') {
                    wrong.push(format!("{}: name the room: crate::{rest}", file.display()));
                }
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn controllers_reach_the_api_server_by_requests_only() {
    let mut wrong = vec![];
    for room in ["client", "controllers", "scheduler", "kubelet"] {
        for file in sources(&root().join("src").join(room)).into_iter().filter(|f| !is_test(f)) {
            for rest in imports(&file) {
                let deep = rest.starts_with("store::") || rest.starts_with("apiserver::");
                let names: Vec<String> = match rest.split_once('{').filter(|(path, _)| path.ends_with("store::")) {
                    Some((path, group)) => {
                        let group = group.split('}').next().unwrap_or_default();
                        group.split(',').map(|n| format!("{path}{}", n.trim())).collect()
                    }
                    None => vec![rest.clone()],
                };
                if deep && !names.iter().all(|n| VOCABULARY.iter().any(|v| n.starts_with(v))) {
                    wrong.push(format!("{}: crate::{rest}", file.display()));
                }
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn no_controller_imports_another() {
    let dir = root().join("src/controllers");
    let names: Vec<String> = fs::read_dir(&dir)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.is_dir())
        .map(|p| p.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    assert!(names.len() >= 7);
    for name in &names {
        for file in sources(&dir.join(name)) {
            let text = fs::read_to_string(&file).unwrap();
            for other in names.iter().filter(|o| *o != name) {
                assert!(!text.contains(&format!("controllers::{other}")), "{}: {other}", file.display());
            }
        }
    }
}

#[test]
fn every_room_says_what_it_is() {
    for (room, _) in ROOMS {
        let text = fs::read_to_string(root().join("src").join(room).join("mod.rs")).unwrap();
        assert!(text.starts_with("//! "), "src/{room}/mod.rs");
        assert!(text.contains("Start "), "src/{room}/mod.rs does not say where to start");
        assert!(text.contains("Deliberately absent"), "src/{room}/mod.rs does not say what is absent");
    }
}

#[test]
fn no_file_of_tests_is_forgotten() {
    let all = fs::read_to_string(root().join("tests/all.rs")).unwrap();
    let targets = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    for p in sources(&root().join("tests")).iter().filter(|p| p.parent() == Some(&root().join("tests"))) {
        let name = p.file_stem().unwrap().to_string_lossy().into_owned();
        let is_own = targets.contains(&format!("path = \"tests/{name}.rs\""));
        assert!(is_own || all.contains(&format!("mod {name};")), "{name}");
    }
}
