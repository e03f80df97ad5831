//! Image names, as every part of the cluster reads them.

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
        let (rest, digest) = match text.split_once('@') {
            Some((r, d)) => (r, Some(d.to_string())),
            None => (text, None),
        };
        let slash = rest.rfind('/').map_or(0, |i| i + 1);
        let (name, tag) = match rest[slash..].rfind(':') {
            Some(i) => (&rest[..slash + i], Some(rest[slash + i + 1..].to_string())),
            None => (rest, None),
        };
        let (registry, path) = match name.split_once('/') {
            Some((first, path)) if first.contains(['.', ':']) || first == "localhost" => {
                (first.to_string(), path.to_string())
            }
            Some(_) => ("docker.io".into(), name.to_string()),
            None => ("docker.io".into(), ["library/", name].concat()),
        };
        let component = |c: &str| {
            !c.is_empty()
                && c.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-'))
                && c.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric())
                && c.bytes().last().is_some_and(|b| b.is_ascii_alphanumeric())
        };
        let tag_ok = tag.as_deref().is_none_or(|t| {
            !t.is_empty()
                && t.len() <= 128
                && t.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
                && !t.starts_with(['.', '-'])
        });
        let digest_ok = digest.as_deref().is_none_or(|d| {
            d.strip_prefix("sha256:").is_some_and(|h| h.len() == 64 && h.bytes().all(|b| b.is_ascii_hexdigit()))
        });
        (path.split('/').all(component) && tag_ok && digest_ok).then_some(ImageRef { registry, path, tag, digest })
    }

    /// `docker.io/library/nginx:1.27`
    pub fn full(&self) -> String {
        let (mark, version) = match &self.digest {
            Some(digest) => ("@", digest.as_str()),
            None => (":", self.tag_or_latest()),
        };
        [&self.registry, "/", &self.path, mark, version].concat()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn image_names_are_normalised() {
        for (text, want) in [
            ("nginx", "docker.io/library/nginx:latest"),
            ("codongmin/kub-first-app:2", "docker.io/codongmin/kub-first-app:2"),
            ("registry.k8s.io/pause:3.10", "registry.k8s.io/pause:3.10"),
            ("localhost:5000/a/b", "localhost:5000/a/b:latest"),
        ] {
            assert_eq!(ImageRef::parse(text).map(|i| i.full()).as_deref(), Some(want));
        }
        for bad in ["", "Nginx", "a b", "nginx:", "nginx:@", "a//b", "x@sha256:1"] {
            assert_eq!(ImageRef::parse(bad), None, "{bad}");
        }
    }
}
