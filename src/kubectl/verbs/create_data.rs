//! Keys and values for ConfigMaps and Secrets: `--from-file`, `--from-literal`, `--from-env-file`.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/create/create_configmap.go, create_secret.go, pkg/util/env_file.go.

use std::collections::BTreeMap;

use crate::api::kinds::configmap::key_problems;
use crate::kubectl::args::Type;
use crate::kubectl::env::Env;
use crate::kubectl::{Args, Failure, Flag};

pub const SOURCES: &[Flag] = &[
    Flag::new("from-literal", Type::Array),
    Flag::new("from-file", Type::List),
    Flag::new("from-env-file", Type::List),
    Flag::new("append-hash", Type::Bool).absent(),
];

/// Where the data goes, for messages: kubectl words them differently for the two kinds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Into<'a> {
    ConfigMap(&'a str),
    Secret,
}

impl Into<'_> {
    fn add(self, data: &mut BTreeMap<String, String>, key: String, value: String) -> Result<(), Failure> {
        if let Some(problem) = key_problems(&key).first() {
            return Err(Failure::error(match self {
                Into::ConfigMap(_) => format!("{key:?} is not a valid key name for a ConfigMap: {problem}"),
                Into::Secret => format!("{key:?} is not valid key name for a Secret {problem}"),
            }));
        }
        if data.contains_key(&key) {
            return Err(Failure::error(match self {
                Into::ConfigMap(name) => format!(
                    "cannot add key {key:?}, another key by that name already exists in Data for ConfigMap {name:?}"
                ),
                Into::Secret => format!("cannot add key {key}, another key by that name already exists"),
            }));
        }
        data.insert(key, value);
        Ok(())
    }
}

/// All that the command line names, read.
pub fn read(args: &Args, into: Into<'_>, env: &Env<'_>) -> Result<BTreeMap<String, String>, Failure> {
    let (literals, files, env_files) = (args.list("from-literal"), args.list("from-file"), args.list("from-env-file"));
    let others = literals.len() + files.len();
    if !env_files.is_empty() && others > 0 {
        return Err(Failure::error("from-env-file cannot be combined with from-file or from-literal"));
    }
    let mut data = BTreeMap::new();
    for source in &files {
        let (key, path) = file_source(source)?;
        if let Some(names) = env.host.list(&path) {
            if source.contains('=') {
                return Err(Failure::error("cannot give a key name for a directory path"));
            }
            for n in names.into_iter().filter(|n| !n.contains('/')) {
                let text = text_of(&format!("{}/{n}", path.trim_end_matches('/')), env)?;
                into.add(&mut data, n, text)?;
            }
            continue;
        }
        let text = text_of(&path, env)?;
        into.add(&mut data, key, text)?;
    }
    for source in &literals {
        let Some((key, value)) = source.split_once('=').filter(|(key, _)| !key.is_empty()) else {
            return Err(Failure::error(format!("invalid literal source {source}, expected key=value")));
        };
        into.add(&mut data, key.into(), value.into())?;
    }
    for path in &env_files {
        for (key, value) in env_file(&text_of(path, env)?)? {
            into.add(&mut data, key, value)?;
        }
    }
    Ok(data)
}

/// `[key=]path`; a key that is not given is the file's own name.
fn file_source(source: &str) -> Result<(String, String), Failure> {
    match source.split('=').collect::<Vec<_>>().as_slice() {
        [path] => Ok((path.trim_end_matches('/').rsplit('/').next().unwrap_or(path).into(), (*path).into())),
        ["", path] => Err(Failure::error(format!("key name for file path {path} missing"))),
        [key, ""] => Err(Failure::error(format!("file path for key name {key} missing"))),
        [key, path] => Ok(((*key).into(), (*path).into())),
        _ => Err(Failure::error("key names or file paths cannot contain '='")),
    }
}

fn text_of(path: &str, env: &Env<'_>) -> Result<String, Failure> {
    env.host.read(path).map_err(|_| Failure::error(format!("error reading {path}: no such file or directory")))
}

/// Lines `KEY=value`; blank lines and comments are skipped, and so are keys alone, whose values the environment would have.
fn env_file(text: &str) -> Result<Vec<(String, String)>, Failure> {
    let mut out = vec![];
    for line in text.trim_start_matches('\u{feff}').lines().map(str::trim_start) {
        let Some((key, value)) = line.split_once('=').filter(|_| !line.starts_with('#')) else { continue };
        check_variable(key)?;
        out.push((key.into(), value.into()));
    }
    Ok(out)
}

/// What may name an environment variable.
pub fn check_variable(key: &str) -> Result<(), Failure> {
    if is_variable(key) {
        return Ok(());
    }
    Err(Failure::error(format!(
        "{key:?} is not a valid key name: a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is '[-._a-zA-Z][-._a-zA-Z0-9]*')"
    )))
}

fn is_variable(key: &str) -> bool {
    key.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c))
        && key.chars().next().is_some_and(|c| !c.is_ascii_digit())
}

/// Standard base64, as a Secret's data is written.
pub fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0u32, |n, b| (n << 8) | u32::from(*b)) << (8 * (3 - chunk.len()));
        for i in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * i)) as usize & 63];
            out.push(if i <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_by_key_or_by_themselves() {
        let of = |s: &str| file_source(s).map_err(|f| f.message);
        assert_eq!(of("a/b.txt"), Ok(("b.txt".into(), "a/b.txt".into())));
        assert_eq!(of("k=a/b.txt"), Ok(("k".into(), "a/b.txt".into())));
        assert_eq!(of("=f"), Err("error: key name for file path f missing".into()));
        assert_eq!(of("k="), Err("error: file path for key name k missing".into()));
        assert_eq!(of("a=b=c"), Err("error: key names or file paths cannot contain '='".into()));
    }

    #[test]
    fn env_files_hold_variables_and_comments() {
        let pairs = env_file("A=1\n# c\n\n  B=x y\n#C=2\nALONE\n").unwrap();
        assert_eq!(pairs, [("A".to_string(), "1".to_string()), ("B".to_string(), "x y".to_string())]);
        assert!(env_file("bad key=1\n").is_err());
    }

    #[test]
    fn base64_is_padded() {
        for (plain, coded) in [("", ""), ("q", "cQ=="), ("hi\n", "aGkK"), ("u:p", "dTpw"), ("abcd", "YWJjZA==")] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }
}
