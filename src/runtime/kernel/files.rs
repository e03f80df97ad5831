//! The files that a process sees: its container's own tree, and volumes mounted over it. Paths are resolved as the kernel does:
//! name by name, through symbolic links, with the rights of who asks.

use std::sync::Arc;

use super::errno::Errno;
use super::outside::{Outside, lies_outside};
use super::tree::{Bytes, Device, Kind, Node, Tree, join, parent};
use crate::api::Time;

/// A volume among those of the whole runtime.
pub type VolumeId = Arc<str>;

/// All volumes that are mounted somewhere.
pub type Volumes = imbl::OrdMap<VolumeId, Tree>;

/// Signs tokens: what they claim, and when.
#[derive(Clone, Default)]
pub struct Signer(pub Option<Arc<Sign>>);

type Sign = dyn Fn(&str, Time) -> String + Send + Sync;

impl Signer {
    fn sign(&self, claims: &str, now: Time) -> Vec<u8> {
        self.0.as_ref().map(|sign| sign(claims, now)).unwrap_or_default().into_bytes()
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer")
    }
}

/// Where a volume is mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mounted {
    pub path: String,
    pub volume: VolumeId,
    /// What of the volume is shown: `/`, or a path in it, which may be a file.
    pub inside: String,
    pub read_only: bool,
    pub claims: Option<Arc<str>>,
}

impl Mounted {
    /// All of a volume, to read and write.
    pub fn whole(path: &str, volume: &VolumeId) -> Mounted {
        Mounted { path: path.into(), volume: volume.clone(), inside: "/".into(), read_only: false, claims: None }
    }
}

/// As whom a process asks.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Identity {
    pub user: u32,
    pub group: u32,
    pub groups: Arc<[u32]>,
}

/// How many links may follow one another.
const MOST_LINKS: usize = 40;

/// What one file may hold. Real disks hold more; ours are memory.
pub const LARGEST_FILE: usize = 256 << 20;

/// A path that was resolved: in the own tree, or in a volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    volume: Option<VolumeId>,
    outside: bool,
    path: String,
    read_only: bool,
}

/// A process's view of the files.
pub struct View<'a> {
    pub own: &'a mut Tree,
    pub volumes: &'a mut Volumes,
    pub mounts: &'a [Mounted],
    /// The container's own files may not be changed.
    pub read_only: bool,
    pub who: &'a Identity,
    pub umask: u16,
    pub now: Time,
    /// Where all files lie that are no part of the simulation, if there are such.
    pub outside: Option<&'a mut dyn Outside>,
    pub signer: Signer,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Right {
    Read = 4,
    Write = 2,
    Search = 1,
}

impl View<'_> {
    /// The mount that a path lies in.
    fn mount(&self, path: &str) -> Option<&Mounted> {
        let covers = |m: &&Mounted| {
            path == m.path || path.strip_prefix(&*m.path).is_some_and(|r| r.starts_with('/')) || m.path == "/"
        };
        self.mounts.iter().filter(covers).max_by_key(|m| m.path.len())
    }

    /// Where that is, or the place in the own tree.
    fn place(&self, path: &str) -> Place {
        let Some(m) = self.mount(path) else {
            let outside = self.outside.is_some() && lies_outside(path);
            return Place { volume: None, outside, path: path.into(), read_only: self.read_only };
        };
        let rest = path[m.path.trim_end_matches('/').len()..].trim_start_matches('/');
        let path = match (m.inside.as_str(), rest) {
            ("/", rest) => format!("/{rest}"),
            (inside, "") => inside.into(),
            (inside, rest) => join(inside, rest),
        };
        Place { volume: Some(m.volume.clone()), outside: false, path, read_only: m.read_only }
    }

    fn tree(&self, place: &Place) -> Option<&Tree> {
        match &place.volume {
            None => Some(self.own),
            Some(v) => self.volumes.get(v),
        }
    }

    fn tree_mut(&mut self, place: &Place) -> Result<&mut Tree, Errno> {
        if place.read_only {
            return Err(Errno::ReadOnly);
        }
        match &place.volume {
            None => Ok(self.own),
            Some(v) => self.volumes.get_mut(v).ok_or(Errno::NotFound),
        }
    }

    fn put_at(&mut self, place: &Place, node: Node) -> Result<(), Errno> {
        if let Some(outside) = self.outside.as_mut().filter(|_| place.outside) {
            return outside.put(&place.path, &node);
        }
        self.tree_mut(place)?.put(&place.path, node);
        Ok(())
    }

    fn remove_at(&mut self, place: &Place) -> Result<(), Errno> {
        if let Some(outside) = self.outside.as_mut().filter(|_| place.outside) {
            return outside.remove(&place.path);
        }
        self.tree_mut(place)?.remove(&place.path);
        Ok(())
    }

    /// Changes what stands at a place.
    fn alter<R>(&mut self, place: &Place, change: impl FnOnce(&mut Node) -> Result<R, Errno>) -> Result<R, Errno> {
        if let Some(outside) = self.outside.as_mut().filter(|_| place.outside) {
            let mut node = outside.look(&place.path).ok_or(Errno::NotFound)?;
            let done = change(&mut node)?;
            outside.put(&place.path, &node)?;
            return Ok(done);
        }
        change(self.tree_mut(place)?.get_mut(&place.path).ok_or(Errno::NotFound)?)
    }

    fn names_at(&self, place: &Place) -> Vec<String> {
        if let Some(outside) = self.outside.as_ref().filter(|_| place.outside) {
            return outside.names(&place.path);
        }
        self.tree(place).map(|t| t.names(&place.path)).unwrap_or_default()
    }

    /// What lies below a place, with the paths from there on.
    fn below(&self, place: &Place) -> Vec<(String, Node)> {
        if !place.outside {
            let Some(tree) = self.tree(place) else { return vec![] };
            let rest = |p: Arc<str>| Some((p[place.path.len()..].to_string(), tree.get(&p)?.clone()));
            return tree.below(&place.path).into_iter().filter_map(rest).collect();
        }
        let mut out = vec![];
        for name in self.names_at(place) {
            let next = Place { path: join(&place.path, &name), ..place.clone() };
            let Some(node) = self.at(&next) else { continue };
            out.push((format!("/{name}"), node));
            out.extend(self.below(&next).into_iter().map(|(p, n)| (format!("/{name}{p}"), n)));
        }
        out
    }

    /// What stands at a place. A root that nobody put is a directory all the same.
    fn at(&self, place: &Place) -> Option<Node> {
        if let Some(outside) = self.outside.as_ref().filter(|_| place.outside) {
            return outside.look(&place.path);
        }
        let tree = self.tree(place)?;
        match tree.get(&place.path) {
            None if place.path == "/" || (place.volume.is_none() && self.holds_mounts(&place.path)) => {
                Some(Node::directory())
            }
            found => found.cloned(),
        }
    }

    /// Where volumes are mounted there are directories, whoever made them.
    fn holds_mounts(&self, path: &str) -> bool {
        let prefix = join(path, "");
        self.mounts.iter().any(|m| m.path.starts_with(&prefix))
    }

    fn may(&self, node: &Node, right: Right) -> bool {
        let bits = match () {
            () if self.who.user == 0 => 7,
            () if node.user == self.who.user => node.mode >> 6,
            () if node.group == self.who.group || self.who.groups.contains(&node.group) => node.mode >> 3,
            () => node.mode,
        };
        bits & right as u16 != 0
    }

    /// The path with every link in it followed; the last one only if `last` says so. The last name need not exist.
    pub fn resolve(&self, path: &str, last: bool) -> Result<String, Errno> {
        if path.is_empty() {
            return Err(Errno::NotFound);
        }
        let (mut done, mut links) = (String::from("/"), 0);
        let mut rest: Vec<String> =
            path.split('/').rev().filter(|p| !p.is_empty() && *p != ".").map(Into::into).collect();
        while let Some(name) = rest.pop() {
            if name == ".." {
                done = parent(&done).to_string();
                continue;
            }
            let here = self.at(&self.place(&done)).ok_or(Errno::NotFound)?;
            if !here.is_directory() {
                return Err(Errno::NotDirectory);
            }
            if !self.may(&here, Right::Search) {
                return Err(Errno::Denied);
            }
            let next = join(&done, &name);
            match self.at(&self.place(&next)) {
                Some(Node { kind: Kind::Link(to), .. }) if last || !rest.is_empty() => {
                    links += 1;
                    if links > MOST_LINKS {
                        return Err(Errno::Loop);
                    }
                    if to.starts_with('/') {
                        done = "/".into();
                    }
                    rest.extend(to.split('/').rev().filter(|p| !p.is_empty() && *p != ".").map(String::from));
                }
                None if !rest.is_empty() => return Err(Errno::NotFound),
                _ => done = next,
            }
        }
        // A slash at the end asks for a directory.
        let is_other = |n: Node| !n.is_directory();
        if path.ends_with('/') && self.at(&self.place(&done)).is_some_and(is_other) {
            return Err(Errno::NotDirectory);
        }
        Ok(done)
    }

    /// What a path stands for; links are followed.
    pub fn stat(&self, path: &str) -> Result<Node, Errno> {
        let path = self.resolve(path, true)?;
        self.at(&self.place(&path)).ok_or(Errno::NotFound)
    }

    /// The same of a link itself.
    pub fn link_stat(&self, path: &str) -> Result<Node, Errno> {
        let path = self.resolve(path, false)?;
        self.at(&self.place(&path)).ok_or(Errno::NotFound)
    }

    pub fn is_directory(&self, path: &str) -> bool {
        self.stat(path).is_ok_and(|n| n.is_directory())
    }

    pub fn exists(&self, path: &str) -> bool {
        self.stat(path).is_ok()
    }

    /// Whether who asks may read, write or execute: letters of `rwx`.
    pub fn access(&self, path: &str, letter: char) -> bool {
        let Ok(node) = self.stat(path) else { return false };
        let right = match letter {
            'r' => Right::Read,
            'w' => Right::Write,
            _ => Right::Search,
        };
        let writable = || self.resolve(path, true).is_ok_and(|p| !self.place(&p).read_only);
        let some_bit = node.is_directory() || node.mode & 0o111 != 0;
        self.may(&node, right) && (letter != 'w' || writable()) && (letter != 'x' || some_bit)
    }

    pub fn names(&self, path: &str) -> Result<Vec<String>, Errno> {
        let path = self.resolve(path, true)?;
        let place = self.place(&path);
        let node = self.at(&place).ok_or(Errno::NotFound)?;
        if !node.is_directory() {
            return Err(Errno::NotDirectory);
        }
        if !self.may(&node, Right::Read) {
            return Err(Errno::Denied);
        }
        let mut names = self.names_at(&place);
        let prefix = join(&path, "");
        let mounted = self.mounts.iter().filter_map(|m| m.path.strip_prefix(&prefix)?.split('/').next());
        names.extend(mounted.map(String::from));
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// A whole file.
    pub fn read(&self, path: &str) -> Result<Bytes, Errno> {
        let node = self.stat(path)?;
        if !self.may(&node, Right::Read) {
            return Err(Errno::Denied);
        }
        match node.kind {
            Kind::File(b) => Ok(b),
            Kind::Token(claims) => {
                let path = self.resolve(path, true)?;
                let claims = claims.or_else(|| self.mount(&path)?.claims.clone()).unwrap_or_default();
                Ok(Arc::new(self.signer.sign(&claims, self.now)))
            }
            Kind::Directory => Err(Errno::IsDirectory),
            // What an executable begins with, as far as anybody looks at it.
            Kind::Program(name) => Ok(Arc::new(format!("\x7fELF\x02\x01\x01\0{name}").into_bytes())),
            Kind::Device(_) | Kind::Link(_) => Ok(Bytes::default()),
        }
    }

    /// Where a new name may be put: its directory is there, and may be written to.
    fn room_for(&self, path: &str) -> Result<Place, Errno> {
        let place = self.place(path);
        let above = self.at(&self.place(parent(path))).ok_or(Errno::NotFound)?;
        if !above.is_directory() {
            return Err(Errno::NotDirectory);
        }
        if place.read_only {
            return Err(Errno::ReadOnly);
        }
        if !self.may(&above, Right::Write) {
            return Err(Errno::Denied);
        }
        Ok(place)
    }

    /// A new node. In a directory with the set-group-ID bit it is of the directory's group.
    fn fresh(&self, place: &Place, kind: Kind, mode: u16) -> Node {
        let above = Place { path: parent(&place.path).to_string(), ..place.clone() };
        let shared = self.at(&above).filter(|n| n.mode & 0o2000 != 0).map(|n| n.group);
        let bit = if shared.is_some() && kind == Kind::Directory { 0o2000 } else { 0 };
        let group = shared.unwrap_or(self.who.group);
        Node { kind, mode: mode & !self.umask | bit, user: self.who.user, group, modified: self.now }
    }

    /// Makes ready for writing: the path with its links followed, and the device that stands there, if one does.
    pub fn open_to_write(
        &mut self,
        path: &str,
        truncate: bool,
        exclusive: bool,
    ) -> Result<(String, Option<Device>), Errno> {
        let path = self.resolve(path, true)?;
        let place = self.place(&path);
        match self.at(&place) {
            Some(_) if exclusive => Err(Errno::Exists),
            Some(n) => match n.kind {
                Kind::Directory => Err(Errno::IsDirectory),
                Kind::Device(d) => Ok((path, Some(d))),
                _ if place.read_only => Err(Errno::ReadOnly),
                _ if !self.may(&n, Right::Write) => Err(Errno::Denied),
                _ => {
                    if truncate {
                        let now = self.now;
                        self.alter(&place, |n| {
                            (n.kind, n.modified) = (Kind::File(Bytes::default()), now);
                            Ok(())
                        })?;
                    }
                    Ok((path, None))
                }
            },
            None => {
                let place = self.room_for(&path)?;
                let node = self.fresh(&place, Kind::File(Bytes::default()), 0o666);
                self.put_at(&place, node)?;
                Ok((path, None))
            }
        }
    }

    /// Writes at a place of a file that was opened. `None`: at its end. Tells where it went on to.
    pub fn write_at(&mut self, path: &str, offset: Option<usize>, data: &[u8]) -> Result<usize, Errno> {
        let (place, now) = (self.place(path), self.now);
        self.alter(&place, |node| {
            let Kind::File(content) = &mut node.kind else { return Err(Errno::Invalid) };
            let content = Arc::make_mut(content);
            let from = offset.unwrap_or(content.len());
            if from.saturating_add(data.len()) > LARGEST_FILE {
                return Err(Errno::TooLarge);
            }
            if content.len() < from + data.len() {
                content.resize(from + data.len(), 0);
            }
            content[from..from + data.len()].copy_from_slice(data);
            node.modified = now;
            Ok(from + data.len())
        })
    }

    /// Replaces a file's content, or makes it.
    pub fn write(&mut self, path: &str, content: &[u8]) -> Result<(), Errno> {
        let (path, device) = self.open_to_write(path, true, false)?;
        if device.is_none() {
            self.write_at(&path, Some(0), content)?;
        }
        Ok(())
    }

    pub fn make_directory(&mut self, path: &str, mode: u16) -> Result<(), Errno> {
        let path = self
            .resolve(path.trim_end_matches('/'), false)
            .or_else(|e| if path == "/" { Ok("/".into()) } else { Err(e) })?;
        if self.at(&self.place(&path)).is_some() {
            return Err(Errno::Exists);
        }
        let place = self.room_for(&path)?;
        let node = self.fresh(&place, Kind::Directory, mode);
        self.put_at(&place, node)?;
        Ok(())
    }

    pub fn make_link(&mut self, target: &str, path: &str) -> Result<(), Errno> {
        let path = self.resolve(path, false)?;
        if self.at(&self.place(&path)).is_some() {
            return Err(Errno::Exists);
        }
        let place = self.room_for(&path)?;
        let node = Node { mode: 0o777, ..self.fresh(&place, Kind::Link(target.into()), 0o777) };
        self.put_at(&place, node)?;
        Ok(())
    }

    fn removable(&self, path: &str) -> Result<(Place, Node), Errno> {
        let path = self.resolve(path, false)?;
        let place = self.place(&path);
        let node = self.at(&place).ok_or(Errno::NotFound)?;
        if self.mounts.iter().any(|m| m.path == path) || path == "/" {
            return Err(Errno::Busy);
        }
        Ok((self.room_for(&path)?, node))
    }

    /// Removes a file or a link.
    pub fn unlink(&mut self, path: &str) -> Result<(), Errno> {
        let (place, node) = self.removable(path)?;
        if node.is_directory() {
            return Err(Errno::IsDirectory);
        }
        self.remove_at(&place)
    }

    pub fn remove_directory(&mut self, path: &str) -> Result<(), Errno> {
        let (place, node) = self.removable(path.trim_end_matches('/'))?;
        if !node.is_directory() {
            return Err(Errno::NotDirectory);
        }
        if !self.names_at(&place).is_empty() {
            return Err(Errno::NotEmpty);
        }
        self.remove_at(&place)
    }

    /// Moves a file or a directory with all in it.
    pub fn rename(&mut self, from: &str, to: &str) -> Result<(), Errno> {
        let (old, node) = self.removable(from.trim_end_matches('/'))?;
        let to = self.resolve(to.trim_end_matches('/'), false)?;
        let new = self.room_for(&to)?;
        let same = (&new.volume, new.outside) == (&old.volume, old.outside);
        if same && new.path == old.path {
            return Ok(());
        }
        if node.is_directory() && same && new.path.starts_with(&join(&old.path, "")) {
            return Err(Errno::Invalid);
        }
        match self.at(&new) {
            Some(n) if n.is_directory() && !node.is_directory() => return Err(Errno::IsDirectory),
            Some(n) if !n.is_directory() && node.is_directory() => return Err(Errno::NotDirectory),
            Some(n) if n.is_directory() && !self.names_at(&new).is_empty() => {
                return Err(Errno::NotEmpty);
            }
            _ => {}
        }
        if old.read_only {
            return Err(Errno::ReadOnly);
        }
        let below = self.below(&old);
        // From the bottom up: a directory goes when it is empty.
        for (rest, _) in below.iter().rev() {
            self.remove_at(&Place { path: format!("{}{rest}", old.path), ..old.clone() })?;
        }
        self.remove_at(&old)?;
        if self.at(&new).is_some() {
            self.remove_at(&new)?;
        }
        self.put_at(&new, node)?;
        for (rest, node) in below {
            self.put_at(&Place { path: format!("{}{rest}", new.path), ..new.clone() }, node)?;
        }
        Ok(())
    }

    /// Puts what is no plain file: a copy of an executable, another name of a file.
    pub fn put(&mut self, path: &str, kind: Kind, mode: u16) -> Result<(), Errno> {
        let path = self.resolve(path, false)?;
        if self.at(&self.place(&path)).is_some_and(|n| n.is_directory()) {
            return Err(Errno::IsDirectory);
        }
        let place = self.room_for(&path)?;
        let node = self.fresh(&place, kind, mode);
        self.put_at(&place, node)?;
        Ok(())
    }

    /// Changes what stands beside the content: permissions, owner, times.
    pub fn change(&mut self, path: &str, change: impl FnOnce(&mut Node)) -> Result<(), Errno> {
        let path = self.resolve(path, true)?;
        let place = self.place(&path);
        let node = self.at(&place).ok_or(Errno::NotFound)?;
        if self.who.user != 0 && node.user != self.who.user {
            return Err(Errno::NotPermitted);
        }
        if !place.outside {
            let tree = self.tree_mut(&place)?;
            if tree.get(&place.path).is_none() {
                tree.put(&place.path, node);
            }
        }
        self.alter(&place, |n| {
            change(n);
            Ok(())
        })
    }
}
