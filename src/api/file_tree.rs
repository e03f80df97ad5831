//! A file tree as data: an ordered map of absolute paths. Copies share what they have in common, so every container begins
//! with its image's files at no cost.

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
pub const DIRECTORY_MODE: u16 = 0o755;

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
            Kind::Directory => 4096,
            Kind::Link(to) => to.len(),
            // What a busybox takes.
            Kind::Program(_) => 1_012_544,
            Kind::Device(_) => 0,
        }
    }
}

/// The root is `/`; it is there even in an empty tree.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Tree(imbl::OrdMap<Arc<str>, Node>);

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
    pub fn get(&self, path: &str) -> Option<&Node> {
        self.0.get(path)
    }

    pub fn get_mut(&mut self, path: &str) -> Option<&mut Node> {
        self.0.get_mut(path)
    }

    /// The root counts as a directory though nothing was put there.
    pub fn is_directory(&self, path: &str) -> bool {
        path == "/" || self.get(path).is_some_and(Node::is_directory)
    }

    /// Puts a node, and directories above it where there are none.
    pub fn put(&mut self, path: &str, node: Node) {
        let mut above = parent(path);
        while above != "/" && self.0.get(above).is_none() {
            self.0.insert(above.into(), Node { modified: node.modified, ..Node::directory() });
            above = parent(above);
        }
        self.0.insert(path.into(), node);
    }

    /// Removes a node and all below it.
    pub fn remove(&mut self, path: &str) -> Option<Node> {
        for below in self.below(path) {
            self.0.remove(&below);
        }
        self.0.remove(path)
    }

    /// Every path below a directory, in order.
    pub fn below(&self, path: &str) -> Vec<Arc<str>> {
        let prefix = join(path, "");
        let from: Arc<str> = prefix.as_str().into();
        let all = self.0.range(from..).map(|(k, _)| k).take_while(|k| k.starts_with(&prefix));
        all.filter(|k| k.len() > prefix.len()).cloned().collect()
    }

    /// The names directly in a directory, in order.
    pub fn names(&self, path: &str) -> Vec<String> {
        let prefix = join(path, "");
        let mut names: Vec<String> = vec![];
        let mut from: Arc<str> = prefix.as_str().into();
        // What lies in directories below is passed over at once: '0' follows '/'.
        while let Some((k, _)) = self.0.range(from..).next() {
            let Some(rest) = k.strip_prefix(&prefix) else { break };
            // The root itself may stand in the map.
            if rest.is_empty() {
                from = format!("{prefix}\0").into();
                continue;
            }
            let first = rest.split('/').next().unwrap_or(rest);
            from = match first.len() == rest.len() {
                true => format!("{prefix}{first}\0").into(),
                false => format!("{prefix}{first}0").into(),
            };
            names.push(first.into());
        }
        // A directory and what lies in it need not stand together: `-` comes before `/`.
        names.sort();
        names.dedup();
        names
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many bytes its files hold.
    pub fn bytes(&self) -> usize {
        let file = |n: &Node| if let Kind::File(b) = &n.kind { b.len() } else { 0 };
        self.0.values().map(file).sum()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &Node)> {
        self.0.iter()
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
}
