//! `COPY` and `ADD`: files from one tree into another.
//! Docker: moby/buildkit, frontend/dockerfile/dockerfile2llb/convert.go dispatchCopy.

use super::ignore;
use crate::api::file_tree::{Kind, Node, Tree, join, name};
use crate::api::path::absolute;

/// What is copied, and how.
#[derive(Clone, Debug)]
pub struct Order<'a> {
    pub from: &'a Tree,
    pub sources: &'a [String],
    /// Here-documents: names and texts.
    pub documents: &'a [(String, String)],
    pub to: &'a str,
    pub cwd: &'a str,
    pub owner: Option<(u32, u32)>,
    pub mode: Option<u16>,
}

/// Copies. The error names what is not there.
pub fn copy(order: &Order<'_>, into: &mut Tree) -> Result<u64, String> {
    let mut found: Vec<String> = vec![];
    for s in order.sources {
        let here = matching(order.from, &absolute("/", s));
        if here.is_empty() {
            return Err(format!("{:?}: not found", absolute("/", s)));
        }
        found.extend(here);
    }
    let target = absolute(order.cwd, order.to);
    let into_directory =
        order.to.ends_with('/') || order.to == "." || order.to.ends_with("/.") || into.is_directory(&target);
    if found.len() + order.documents.len() > 1 && !into_directory {
        return Err(
            "When using COPY with more than one source file, the destination must be a directory and end with a /"
                .into(),
        );
    }
    let mut bytes = 0;
    let mut put = |path: &str, node: &Node| {
        let (user, group) = order.owner.unwrap_or((0, 0));
        let mode = order.mode.filter(|_| !matches!(node.kind, Kind::Link(_))).unwrap_or(node.mode);
        bytes += node.size() as u64;
        if !(node.is_directory() && into.is_directory(path)) {
            into.put(path, Node { user, group, mode, ..node.clone() });
        }
    };
    for source in found {
        let directory = order.from.is_directory(&source);
        if directory {
            // A directory's own name stays behind.
            if target != "/" {
                put(&target, &Node::directory());
            }
            for below in order.from.below(&source) {
                let rest = below[source.trim_end_matches('/').len()..].to_string();
                if let Some(node) = order.from.get(&below) {
                    put(&format!("{}{rest}", target.trim_end_matches('/')), node);
                }
            }
        } else if let Some(node) = order.from.get(&source) {
            let path = if into_directory { join(&target, name(&source)) } else { target.clone() };
            put(&path, node);
        }
    }
    for (called, text) in order.documents {
        let path = if into_directory { join(&target, called) } else { target.clone() };
        put(&path, &Node::file(text.clone()));
    }
    Ok(bytes)
}

/// The paths that a pattern names, in order.
fn matching(tree: &Tree, pattern: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    for part in pattern.split('/').filter(|p| !p.is_empty()) {
        let mut next = vec![];
        for dir in found {
            if !part.contains(['*', '?', '[', '\\']) {
                let path = format!("{dir}/{part}");
                if tree.get(&path).is_some() {
                    next.push(path);
                }
                continue;
            }
            let here = if dir.is_empty() { "/" } else { &dir };
            next.extend(tree.names(here).iter().filter(|n| ignore::fits(part, n)).map(|n| format!("{dir}/{n}")));
        }
        found = next;
    }
    found.into_iter().map(|p| if p.is_empty() { "/".into() } else { p }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context() -> Tree {
        let mut t = Tree::default();
        for (path, text) in
            [("/app.js", "js"), ("/package.json", "{}"), ("/package-lock.json", "{}"), ("/src/a/b.txt", "b")]
        {
            t.put(path, Node::file(text));
        }
        t
    }

    fn copied(sources: &[&str], to: &str) -> Result<Vec<String>, String> {
        let (from, mut into) = (context(), Tree::default());
        into.put("/there", Node::directory());
        let sources: Vec<String> = sources.iter().map(|s| (*s).to_string()).collect();
        let order =
            Order { from: &from, sources: &sources, documents: &[], to, cwd: "/app", owner: Some((7, 8)), mode: None };
        copy(&order, &mut into)?;
        Ok(into
            .iter()
            .filter(|(_, n)| matches!(n.kind, Kind::File(_)))
            .map(|(p, n)| format!("{p} {}", n.user))
            .collect())
    }

    #[test]
    fn files_go_into_directories_and_directories_leave_their_names_behind() {
        assert_eq!(copied(&["app.js"], "."), Ok(vec!["/app/app.js 7".into()]));
        assert_eq!(copied(&["app.js"], "main.js"), Ok(vec!["/app/main.js 7".into()]));
        assert_eq!(copied(&["app.js"], "/there"), Ok(vec!["/there/app.js 7".into()]));
        assert_eq!(
            copied(&["package*.json"], "./"),
            Ok(vec!["/app/package-lock.json 7".into(), "/app/package.json 7".into()])
        );
        assert_eq!(copied(&["src"], "/x"), Ok(vec!["/x/a/b.txt 7".into()]));
        assert_eq!(
            copied(&["."], "."),
            Ok(["/app/app.js 7", "/app/package-lock.json 7", "/app/package.json 7", "/app/src/a/b.txt 7"]
                .map(String::from)
                .into())
        );
    }

    #[test]
    fn what_is_not_there_is_named() {
        assert_eq!(copied(&["nope"], "."), Err("\"/nope\": not found".into()));
        assert_eq!(copied(&["../app.js"], "."), Ok(vec!["/app/app.js 7".into()]));
        assert!(copied(&["package*.json"], "x").unwrap_err().contains("must be a directory and end with a /"));
    }
}
