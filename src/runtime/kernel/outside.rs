//! What lies outside: files of the learner's own machine, and commands that somebody there answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::errno::Errno;
use super::process::ProcessId;
use super::tree::Node;
use crate::api::ops::Stream;

/// Files that are no part of the simulation. Paths begin at the root, and have no links in them.
pub trait Outside {
    fn look(&self, path: &str) -> Option<Node>;
    fn names(&self, path: &str) -> Vec<String>;
    /// Puts a file or makes a directory.
    ///
    /// # Errors
    /// As the real file system refuses it.
    fn put(&mut self, path: &str, node: &Node) -> Result<(), Errno>;
    /// Removes a file or an empty directory.
    ///
    /// # Errors
    /// As the real file system refuses it.
    fn remove(&mut self, path: &str) -> Result<(), Errno>;
}

/// Directories that belong to the simulation even where the other files lie outside: what programs there are is known here.
const INSIDE: [&str; 9] = ["bin", "sbin", "usr", "lib", "etc", "dev", "proc", "sys", "run"];

/// Whether a path leads outside.
pub fn lies_outside(path: &str) -> bool {
    let first = path.trim_start_matches('/').split('/').next().unwrap_or("");
    !first.is_empty() && !INSIDE.contains(&first)
}

/// A command that somebody outside is to answer.
#[derive(Clone, Debug)]
pub struct Asking {
    pub process: ProcessId,
    pub words: Arc<[String]>,
    pub env: Arc<BTreeMap<String, String>>,
    pub cwd: Arc<str>,
    /// What came through a pipe, where it reads that.
    pub stdin: Option<Vec<u8>>,
}

/// What was answered, or a part of it.
#[derive(Clone, Debug, Default)]
pub struct Answered {
    /// What it prints, as it comes.
    pub said: Vec<(Stream, Vec<u8>)>,
    pub code: Option<i32>,
}

/// Questions and answers of a machine. One that nobody stands behind has none.
#[derive(Clone, Debug, Default)]
pub struct Counter {
    pub asked: Vec<Asking>,
    pub answers: BTreeMap<ProcessId, Answered>,
}
