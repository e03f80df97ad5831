//! What the path of a request says: a group and a version, perhaps a namespace, a resource, an object, a part of it.
//! Real Kubernetes: apiserver/pkg/endpoints/request/requestinfo.go.

/// The parts of `/apis/apps/v1/namespaces/x/deployments/web/status`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RequestPath<'a> {
    pub group: &'a str,
    pub version: &'a str,
    /// `/api/v1/watch/pods`, the old way to ask for a watch.
    pub watches: bool,
    /// Of `/api/v1/namespaces/x` it is `x` itself.
    pub namespace: &'a str,
    /// The namespace within which the path leads.
    pub within: &'a str,
    /// The resource, its name, its part, and what should not be there.
    pub rest: Vec<&'a str>,
}

impl<'a> RequestPath<'a> {
    /// `None` for what is no resource's path.
    pub fn parse(path: &'a str) -> Option<RequestPath<'a>> {
        let parts: Vec<&'a str> = path.split('?').next().unwrap_or("").trim_matches('/').split('/').collect();
        let (group, version, rest) = match parts.as_slice() {
            ["api", version, rest @ ..] if !rest.is_empty() => ("", *version, rest),
            ["apis", group, version, rest @ ..] if !rest.is_empty() => (*group, *version, rest),
            _ => return None,
        };
        let (watches, rest) = match rest {
            ["watch", rest @ ..] if !rest.is_empty() => (true, rest),
            _ => (false, rest),
        };
        let (namespace, within, rest) = match rest {
            ["namespaces", ns, resource, ..] if !matches!(*resource, "status" | "finalize") => (*ns, *ns, &rest[2..]),
            ["namespaces", ns, ..] => (*ns, "", rest),
            _ => ("", "", rest),
        };
        Some(RequestPath { group, version, watches, namespace, within, rest: rest.to_vec() })
    }

    pub fn resource(&self) -> &'a str {
        self.part(0)
    }

    pub fn name(&self) -> &'a str {
        self.part(1)
    }

    pub fn subresource(&self) -> &'a str {
        self.part(2)
    }

    fn part(&self, i: usize) -> &'a str {
        self.rest.get(i).copied().unwrap_or("")
    }

    /// Whether it ends where the resource of an old watch or proxy should be named.
    pub fn is_cut_off(&self) -> bool {
        matches!(self.rest.as_slice(), ["watch" | "proxy"])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_taken_apart_as_the_api_server_does() {
        let parts =
            |path| RequestPath::parse(path).map(|p| (p.watches, p.namespace, p.resource(), p.name(), p.subresource()));
        assert_eq!(parts("/api/v1/namespaces/x/pods/y/status"), Some((false, "x", "pods", "y", "status")));
        assert_eq!(parts("/api/v1/watch/namespaces/x/pods/y?limit=1"), Some((true, "x", "pods", "y", "")));
        assert_eq!(parts("/apis/apps/v1/watch/deployments/"), Some((true, "", "deployments", "", "")));
        assert_eq!(parts("/api/v1/namespaces/x/status"), Some((false, "x", "namespaces", "x", "status")));
        assert_eq!(parts("/api/v1/namespaces/watch/pods"), Some((false, "watch", "pods", "", "")));
        for none in ["/api", "/api/v1", "/apis/apps/v1/", "/version", "/", ""] {
            assert_eq!(RequestPath::parse(none), None, "{none}");
        }
        assert!(RequestPath::parse("/api/v1/watch").is_some_and(|p| p.is_cut_off()));
    }
}
