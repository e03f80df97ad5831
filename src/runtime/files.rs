//! A container's file tree: its own files, and the volumes that it shares with its pod.

/// Path → content. Copies share what they have in common: every container begins with its image's files.
pub type Tree = imbl::OrdMap<String, String>;

/// Where a volume is mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mounted {
    pub path: String,
    pub volume: usize,
    pub read_only: bool,
}

/// The files that a process sees: `own` below everything, volumes over it.
pub struct Files<'a> {
    pub own: &'a mut Tree,
    pub volumes: &'a mut Vec<Tree>,
    pub mounts: &'a [Mounted],
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FileError {
    NotFound,
    ReadOnly,
    IsDirectory,
}

impl FileError {
    pub fn text(self) -> &'static str {
        match self {
            FileError::NotFound => "No such file or directory",
            FileError::ReadOnly => "Read-only file system",
            FileError::IsDirectory => "Is a directory",
        }
    }
}

impl Files<'_> {
    fn mount(&self, path: &str) -> Option<(&Mounted, String)> {
        self.mounts
            .iter()
            .filter(|m| path == m.path || path.starts_with(&format!("{}/", m.path.trim_end_matches('/'))))
            .max_by_key(|m| m.path.len())
            .map(|m| (m, path[m.path.trim_end_matches('/').len()..].trim_start_matches('/').to_string()))
    }

    pub fn read(&self, path: &str) -> Result<&str, FileError> {
        let found = match self.mount(path) {
            Some((m, rest)) => self.volumes.get(m.volume).and_then(|t| t.get(&rest)),
            None => self.own.get(path),
        };
        match found {
            Some(s) => Ok(s),
            None if self.is_directory(path) => Err(FileError::IsDirectory),
            None => Err(FileError::NotFound),
        }
    }

    pub fn write(&mut self, path: &str, content: String, append: bool) -> Result<(), FileError> {
        if self.is_directory(path) && !self.exists_as_file(path) {
            return Err(FileError::IsDirectory);
        }
        if path == "/dev/null" {
            return Ok(());
        }
        let place = self.mount(path).map(|(m, rest)| (m.volume, m.read_only, rest));
        let (tree, key) = match place {
            Some((_, true, _)) => return Err(FileError::ReadOnly),
            Some((volume, false, rest)) => match self.volumes.get_mut(volume) {
                Some(t) => (t, rest),
                None => return Err(FileError::NotFound),
            },
            None => (&mut *self.own, path.to_string()),
        };
        let file = tree.entry(key).or_default();
        if !append {
            file.clear();
        }
        file.push_str(&content);
        Ok(())
    }

    pub fn remove(&mut self, path: &str) -> Result<(), FileError> {
        let place = self.mount(path).map(|(m, rest)| (m.volume, m.read_only, rest));
        let gone = match place {
            Some((_, true, _)) => return Err(FileError::ReadOnly),
            Some((volume, _, rest)) => self.volumes.get_mut(volume).and_then(|t| t.remove(&rest)),
            None => self.own.remove(path),
        };
        gone.map(|_| ()).ok_or(FileError::NotFound)
    }

    fn exists_as_file(&self, path: &str) -> bool {
        match self.mount(path) {
            Some((m, rest)) => self.volumes.get(m.volume).is_some_and(|t| t.contains_key(&rest)),
            None => self.own.contains_key(path),
        }
    }

    pub fn is_file(&self, path: &str) -> bool {
        self.exists_as_file(path)
    }

    pub fn is_directory(&self, path: &str) -> bool {
        const ALWAYS: [&str; 13] = [
            "/", "/bin", "/dev", "/etc", "/home", "/proc", "/root", "/sys", "/tmp", "/usr", "/var", "/usr/bin",
            "/var/log",
        ];
        ALWAYS.contains(&path)
            || self.mounts.iter().any(|m| m.path.trim_end_matches('/') == path)
            || !self.list(path).is_empty()
    }

    /// Names directly below a directory.
    pub fn list(&self, path: &str) -> Vec<String> {
        let prefix = format!("{}/", path.trim_end_matches('/'));
        let first = |rest: &str| rest.split('/').next().unwrap_or("").to_string();
        let mut names: Vec<String> = self.own.keys().filter_map(|k| k.strip_prefix(&prefix)).map(first).collect();
        if let Some((m, rest)) = self.mount(path) {
            let below = if rest.is_empty() { String::new() } else { format!("{rest}/") };
            names.extend(
                self.volumes
                    .get(m.volume)
                    .into_iter()
                    .flat_map(|t| t.keys())
                    .filter_map(|k| k.strip_prefix(&below))
                    .map(first),
            );
        }
        names.extend(self.mounts.iter().filter_map(|m| m.path.strip_prefix(&prefix)).map(first));
        if prefix == "/" {
            names.extend(["bin", "dev", "etc", "home", "proc", "root", "sys", "tmp", "usr", "var"].map(String::from));
        }
        names.retain(|n| !n.is_empty());
        names.sort();
        names.dedup();
        names
    }
}
