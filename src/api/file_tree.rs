//! A file tree as data: absolute paths in order. Copies share what they have in common, so every container begins
//! with its image's files at no cost.

use std::collections::BTreeMap;
use std::collections::btree_map::Range;
use std::ops::Bound;
use std::sync::Arc;

use super::time::Time;

/// What a file holds.
pub type Bytes = Arc<Vec<u8>>;

/// A name in a tree, and what it stands for.
#[derive(Clone, PartialEq, Debug)]
pub struct Node {
    pub kind: Kind,
    /// The permission bits.
    pub mode: u16,
    pub user: u32,
    pub group: u32,
    pub modified: Time,
}

#[derive(Clone, PartialEq, Debug)]
pub enum Kind {
    File(Bytes),
    Directory,
    Link(Arc<str>),
    /// An executable of this runtime, by its name in the table of programs.
    Program(&'static str),
    Device(Device),
    /// A token of a service account, which is signed when somebody reads it: its claims, or those of the mount.
    Token(Option<Arc<str>>),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Device {
    Null,
    Zero,
    Full,
    Random,
    /// One of the process's own descriptors: `/dev/stdout`.
    Own(u32),
    Terminal,
}

pub const FILE_MODE: u16 = 0o644;
pub const EXECUTABLE_MODE: u16 = 0o755;
pub const DIRECTORY_MODE: u16 = 0o755;
/// A token has about so many bytes.
const TOKEN: usize = 1_000;

impl Node {
    pub fn new(kind: Kind, mode: u16) -> Node {
        Node { kind, mode, user: 0, group: 0, modified: Time::ZERO }
    }

    pub fn file(content: impl Into<Vec<u8>>) -> Node {
        Node::new(Kind::File(Arc::new(content.into())), FILE_MODE)
    }

    pub fn directory() -> Node {
        Node::new(Kind::Directory, DIRECTORY_MODE)
    }

    pub fn link(to: &str) -> Node {
        Node::new(Kind::Link(to.into()), 0o777)
    }

    pub fn is_directory(&self) -> bool {
        matches!(self.kind, Kind::Directory)
    }

    pub fn size(&self) -> usize {
        match &self.kind {
            Kind::File(b) => b.len(),
            Kind::Token(_) => TOKEN,
            Kind::Directory => 4096,
            Kind::Link(to) => to.len(),
            // What a busybox takes.
            Kind::Program(_) => 1_012_544,
            Kind::Device(_) => 0,
        }
    }
}

/// What was changed above a layer: what was put there, or that something is gone.
type Changes = BTreeMap<Arc<str>, Option<Node>>;

/// The root is `/`; it is there even in an empty tree.
///
/// A tree is a layer that many share, such as an image's files, with changes of its own above it: a container costs what it
/// changes. In real ones this is an overlay file system.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    layer: Option<Arc<BTreeMap<Arc<str>, Node>>>,
    changes: Arc<Changes>,
}

impl PartialEq for Tree {
    fn eq(&self, other: &Tree) -> bool {
        self.iter().eq(other.iter())
    }
}

/// What is there from a path on, in order: both layers at once.
struct Both<'a> {
    below: Option<std::iter::Peekable<Range<'a, Arc<str>, Node>>>,
    above: std::iter::Peekable<Range<'a, Arc<str>, Option<Node>>>,
}

impl<'a> Iterator for Both<'a> {
    type Item = (&'a Arc<str>, &'a Node);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let low = self.below.as_mut().and_then(|b| b.peek().map(|(k, _)| *k));
            let high = self.above.peek().map(|(k, _)| *k);
            match (low, high) {
                (None, None) => return None,
                (Some(low), Some(high)) if low < high => return self.below.as_mut()?.next(),
                (Some(_), None) => return self.below.as_mut()?.next(),
                (low, Some(high)) => {
                    if low == Some(high) {
                        self.below.as_mut()?.next();
                    }
                    if let (k, Some(n)) = self.above.next()? {
                        return Some((k, n));
                    }
                }
            }
        }
    }
}

/// The directory that a path lies in. The root lies in itself.
pub fn parent(path: &str) -> &str {
    match path.rfind('/') {
        Some(0) | None => "/",
        Some(i) => &path[..i],
    }
}

/// The last name of a path.
pub fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// A name below a directory.
pub fn join(directory: &str, name: &str) -> String {
    format!("{}/{name}", directory.trim_end_matches('/'))
}

impl Tree {
    /// The same as a layer: copies of it share it.
    pub fn frozen(self) -> Tree {
        let all = self.iter().map(|(k, n)| (k.clone(), n.clone())).collect();
        Tree { layer: Some(Arc::new(all)), changes: Arc::default() }
    }

    fn from<'a>(&'a self, path: &str) -> Both<'a> {
        let range = (Bound::Included(path), Bound::Unbounded);
        Both {
            below: self.layer.as_ref().map(|l| l.range::<str, _>(range).peekable()),
            above: self.changes.range::<str, _>(range).peekable(),
        }
    }

    pub fn get(&self, path: &str) -> Option<&Node> {
        match self.changes.get(path) {
            Some(changed) => changed.as_ref(),
            None => self.layer.as_ref()?.get(path),
        }
    }

    pub fn get_mut(&mut self, path: &str) -> Option<&mut Node> {
        if !self.changes.contains_key(path) {
            let (k, n) = self.layer.as_ref()?.get_key_value(path)?;
            let (k, n) = (k.clone(), n.clone());
            Arc::make_mut(&mut self.changes).insert(k, Some(n));
        }
        Arc::make_mut(&mut self.changes).get_mut(path)?.as_mut()
    }

    fn insert(&mut self, path: &str, node: Node) {
        Arc::make_mut(&mut self.changes).insert(path.into(), Some(node));
    }

    fn take(&mut self, path: &str) -> Option<Node> {
        let found = self.get(path)?.clone();
        let changes = Arc::make_mut(&mut self.changes);
        match self.layer.as_ref().is_some_and(|l| l.contains_key(path)) {
            true => drop(changes.insert(path.into(), None)),
            false => drop(changes.remove(path)),
        }
        Some(found)
    }

    /// The root counts as a directory though nothing was put there.
    pub fn is_directory(&self, path: &str) -> bool {
        path == "/" || self.get(path).is_some_and(Node::is_directory)
    }

    /// Puts a node, and directories above it where there are none.
    pub fn put(&mut self, path: &str, node: Node) {
        let mut above = parent(path);
        while above != "/" && self.get(above).is_none() {
            self.insert(above, Node { modified: node.modified, ..Node::directory() });
            above = parent(above);
        }
        self.insert(path, node);
    }

    /// Removes a node and all below it.
    pub fn remove(&mut self, path: &str) -> Option<Node> {
        for below in self.below(path) {
            self.take(&below);
        }
        self.take(path)
    }

    /// Every path below a directory, in order.
    pub fn below(&self, path: &str) -> Vec<Arc<str>> {
        let prefix = join(path, "");
        let all = self.from(&prefix).map(|(k, _)| k).take_while(|k| k.starts_with(&prefix));
        all.filter(|k| k.len() > prefix.len()).cloned().collect()
    }

    /// The names directly in a directory, in order.
    pub fn names(&self, path: &str) -> Vec<String> {
        let prefix = join(path, "");
        let mut names: Vec<String> = vec![];
        let mut from = prefix.clone();
        // What lies in directories below is passed over at once: '0' follows '/'.
        while let Some((k, _)) = self.from(&from).next() {
            let Some(rest) = k.strip_prefix(&prefix) else { break };
            // The root itself may stand in the map.
            if rest.is_empty() {
                from = format!("{prefix}\0");
                continue;
            }
            let first = rest.split('/').next().unwrap_or(rest);
            from = match first.len() == rest.len() {
                true => format!("{prefix}{first}\0"),
                false => format!("{prefix}{first}0"),
            };
            names.push(first.into());
        }
        // A directory and what lies in it need not stand together: `-` comes before `/`.
        names.sort();
        names.dedup();
        names
    }

    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// How many bytes its files hold.
    pub fn bytes(&self) -> usize {
        let file = |n: &Node| if let Kind::File(b) = &n.kind { b.len() } else { 0 };
        self.iter().map(|(_, n)| file(n)).sum()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &Node)> {
        self.from("")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_tells_what_lies_in_a_directory_and_below_it() {
        let mut t = Tree::default();
        for p in ["/a/b/c", "/a/b-x", "/a/d", "/z"] {
            t.put(p, Node::file("x"));
        }
        assert_eq!(t.names("/"), ["a", "z"]);
        assert_eq!(t.names("/a"), ["b", "b-x", "d"]);
        assert_eq!(t.below("/a/b").iter().map(|p| p.to_string()).collect::<Vec<_>>(), ["/a/b/c"]);
        assert!(t.is_directory("/a/b") && !t.is_directory("/a/d") && t.is_directory("/"));
        t.remove("/a/b");
        assert_eq!(t.names("/a"), ["b-x", "d"]);
        assert_eq!(Tree::default().names("/"), Vec::<String>::new());
    }

    #[test]
    fn what_is_changed_above_a_layer_changes_nothing_in_it() {
        let mut image = Tree::default();
        for p in ["/bin/sh", "/etc/hosts", "/etc/passwd", "/usr/share/a"] {
            image.put(p, Node::file(p));
        }
        let image = image.frozen();
        let mut own = image.clone();
        own.remove("/etc");
        own.put("/etc/hosts", Node::file("mine"));
        own.put("/a", Node::file("new"));
        own.get_mut("/bin/sh").unwrap().mode = 0o755;
        assert_eq!(own.names("/"), ["a", "bin", "etc", "usr"]);
        assert_eq!(
            (own.names("/etc"), image.names("/etc")),
            (vec!["hosts".to_string()], vec!["hosts".into(), "passwd".into()])
        );
        assert_eq!((own.get("/bin/sh").unwrap().mode, image.get("/bin/sh").unwrap().mode), (0o755, FILE_MODE));
        assert!(own.get("/etc/passwd").is_none() && own.remove("/etc/passwd").is_none());
        // What is put back as it was is the same tree.
        let mut again = image.clone();
        let sh = again.remove("/bin/sh").unwrap();
        assert!(again != image);
        again.put("/bin/sh", sh);
        assert!(again == image);
    }
}
