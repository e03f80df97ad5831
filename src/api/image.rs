//! Image names, as every part of the cluster reads them.

const DOCKER_HUB: &str = "docker.io";
/// Without the registry.
const LONGEST_PATH: usize = 255;

/// `nginx` → repository `docker.io/library/nginx`, tag `latest`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ImageRef {
    pub registry: String,
    pub path: String,
    pub tag: Option<String>,
    pub digest: Option<String>,
}

impl ImageRef {
    /// Reads an image name; `None` if it is malformed.
    ///
    /// Real Kubernetes: `github.com/distribution/reference.ParseNormalizedNamed`.
    pub fn parse(text: &str) -> Option<ImageRef> {
        // So long a number in hexadecimal is the id of an image, and no name.
        if text.len() == 64 && text.bytes().all(is_lower_hex) {
            return None;
        }
        let (rest, digest) = match text.split_once('@') {
            Some((r, d)) => (r, Some(d.to_string())),
            None => (text, None),
        };
        let slash = rest.rfind('/').map_or(0, |i| i + 1);
        let (name, tag) = match rest[slash..].rfind(':') {
            Some(i) => (&rest[..slash + i], Some(rest[slash + i + 1..].to_string())),
            None => (rest, None),
        };
        let is_registry = |first: &str| {
            first.contains(['.', ':']) || first == "localhost" || first.bytes().any(|b| b.is_ascii_uppercase())
        };
        let (registry, path) = match name.split_once('/').filter(|(first, _)| is_registry(first)) {
            Some(("index.docker.io", path)) => (DOCKER_HUB, path),
            Some(parts) => parts,
            None => (DOCKER_HUB, name),
        };
        let official = registry == DOCKER_HUB && !path.contains('/');
        let path = if official { ["library/", path].concat() } else { path.to_string() };
        let fits = registry_fits(registry)
            && path.split('/').all(component_fits)
            && path.len() <= LONGEST_PATH
            && tag.as_deref().is_none_or(tag_fits)
            && digest.as_deref().is_none_or(digest_fits);
        fits.then(|| ImageRef { registry: registry.into(), path, tag, digest })
    }

    /// `docker.io/library/nginx:1.27`
    pub fn full(&self) -> String {
        let (mark, version) = match &self.digest {
            Some(digest) => ("@", digest.as_str()),
            None => (":", self.tag_or_latest()),
        };
        [&self.registry, "/", &self.path, mark, version].concat()
    }

    /// Whether its registry is the machine itself that asks for it.
    pub fn is_local(&self) -> bool {
        ["localhost", "127.0.0.1"].contains(&self.registry.split(':').next().unwrap_or_default())
    }

    /// As people write it: `nginx`, `codongmin/app`, `registry.k8s.io/pause`.
    pub fn familiar(&self) -> String {
        match self.registry.as_str() {
            DOCKER_HUB => self.path.strip_prefix("library/").unwrap_or(&self.path).to_string(),
            _ => self.repository(),
        }
    }

    /// The same with its tag: `nginx:latest`.
    pub fn shown(&self) -> String {
        [&self.familiar(), ":", self.tag_or_latest()].concat()
    }

    /// The machine that its registry is asked at.
    pub fn host(&self) -> &str {
        if self.registry == DOCKER_HUB { "registry-1.docker.io" } else { &self.registry }
    }

    pub fn repository(&self) -> String {
        [&self.registry, "/", &self.path].concat()
    }

    pub fn tag_or_latest(&self) -> &str {
        self.tag.as_deref().unwrap_or("latest")
    }

    /// Whether the pull policy defaults to `Always`.
    pub fn is_latest(&self) -> bool {
        self.digest.is_none() && self.tag_or_latest() == "latest"
    }
}

fn is_lower_hex(b: u8) -> bool {
    matches!(b, b'0'..=b'9' | b'a'..=b'f')
}

/// `registry.k8s.io`, `localhost:5000`, `[fd00::1]:5000`
fn registry_fits(registry: &str) -> bool {
    let is_port = |p: &str| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit());
    let (host, port) = match registry.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (registry, None),
    };
    let is_label = |l: &str| {
        let ends = !l.starts_with('-') && !l.ends_with('-');
        !l.is_empty() && ends && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let host_fits = match host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
        Some(v6) => !v6.is_empty() && v6.bytes().all(|b| b.is_ascii_hexdigit() || b == b':'),
        None => host.split('.').all(is_label),
    };
    host_fits && port.is_none_or(is_port)
}

/// Small letters and digits, parted by one dot, one or two underscores, or any number of dashes.
fn component_fits(c: &str) -> bool {
    let mut separators = c.split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    let ends = separators.next() == Some("") && separators.next_back() == Some("");
    ends && !c.is_empty() && separators.all(|s| matches!(s, "" | "." | "_" | "__") || s.bytes().all(|b| b == b'-'))
}

fn tag_fits(t: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let rest = |b: u8| word(b) || matches!(b, b'.' | b'-');
    (1..=128).contains(&t.len()) && t.bytes().next().is_some_and(word) && t.bytes().all(rest)
}

fn digest_fits(d: &str) -> bool {
    let length = |algorithm| match algorithm {
        "sha256" => Some(64),
        "sha384" => Some(96),
        "sha512" => Some(128),
        _ => None,
    };
    d.split_once(':')
        .is_some_and(|(algorithm, hex)| Some(hex.len()) == length(algorithm) && hex.bytes().all(is_lower_hex))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registry_does_not_count_for_the_length_of_a_name() {
        let of = |letters: usize| format!("registry.example.com/{}", "a".repeat(letters));
        assert!(ImageRef::parse(&of(255)).is_some());
        assert_eq!(ImageRef::parse(&of(256)), None);
    }

    #[test]
    fn people_write_names_without_what_goes_without_saying() {
        for (full, short) in [
            ("docker.io/library/nginx:1", "nginx"),
            ("docker.io/a/b", "a/b"),
            ("registry.k8s.io/pause:3", "registry.k8s.io/pause"),
            ("localhost:5000/a", "localhost:5000/a"),
        ] {
            let image = ImageRef::parse(full).unwrap();
            assert_eq!((image.familiar().as_str(), image.is_local()), (short, full.starts_with("localhost")));
        }
    }

    #[test]
    fn image_names_are_normalised() {
        for (text, want) in [
            ("nginx", "docker.io/library/nginx:latest"),
            ("codongmin/kub-first-app:2", "docker.io/codongmin/kub-first-app:2"),
            ("registry.k8s.io/pause:3.10", "registry.k8s.io/pause:3.10"),
            ("localhost:5000/a/b", "localhost:5000/a/b:latest"),
            ("docker.io/nginx:1", "docker.io/library/nginx:1"),
            ("index.docker.io/a/b", "docker.io/a/b:latest"),
            ("Registry/a__b/c---d.e", "Registry/a__b/c---d.e:latest"),
            ("[fd00::1]:5000/a", "[fd00::1]:5000/a:latest"),
        ] {
            assert_eq!(ImageRef::parse(text).map(|i| i.full()).as_deref(), Some(want));
        }
        for bad in [
            "",
            "Nginx",
            "a b",
            "nginx:",
            "nginx:@",
            "a//b",
            "x@sha256:1",
            "a..b",
            "a___b",
            "a-",
            "x:.1",
            "-a.b/c",
            "a.b:p/c",
        ] {
            assert_eq!(ImageRef::parse(bad), None, "{bad}");
        }
        assert_eq!(ImageRef::parse(&"a".repeat(64)), None, "an id");
        assert!(ImageRef::parse(&"g".repeat(64)).is_some());
        assert_eq!(ImageRef::parse(&"g".repeat(250)), None, "too long");
    }
}
