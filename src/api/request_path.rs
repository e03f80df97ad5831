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

/// The target of a call that somebody behind the server answers: `/api/v1/namespaces/x/pods/y:80/proxy/a/b?c=d`.
pub struct PassedOnPath<'a> {
    /// Without the query.
    pub path: &'a str,
    /// Up to and with `proxy`: the server's own part.
    pub below: &'a str,
    /// What is asked of whoever answers: `/a/b`.
    pub rest: &'a str,
    query: Option<&'a str>,
}

impl<'a> PassedOnPath<'a> {
    /// `None`: the server itself answers it.
    pub fn of(target: &'a str) -> Option<PassedOnPath<'a>> {
        let (path, query) = target.split_once('?').map_or((target, None), |(p, q)| (p, Some(q)));
        let parsed = RequestPath::parse(path)?;
        let served = parsed.group.is_empty() && ["pods", "services", "nodes"].contains(&parsed.resource());
        if !served || parsed.watches || parsed.name().is_empty() || parsed.subresource() != "proxy" {
            return None;
        }
        // The word may be a namespace's or an object's name, too: it is the part that follows the name.
        let before = path.len() - path.trim_start_matches('/').len();
        let own = if parsed.within.is_empty() { 5 } else { 7 };
        let end = before + path[before..].split('/').take(own).map(|p| p.len() + 1).sum::<usize>() - 1;
        Some(PassedOnPath { path, below: &path[..end], rest: &path[end..], query })
    }

    pub fn with_query(&self, path: &str) -> String {
        self.query.map_or_else(|| path.to_string(), |q| format!("{path}?{q}"))
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

    #[test]
    fn a_path_is_the_servers_up_to_proxy() {
        fn split(t: &str) -> Option<(String, String, Option<String>)> {
            PassedOnPath::of(t).map(|s| (s.below.into(), s.rest.into(), s.query.map(String::from)))
        }
        let pod = "/api/v1/namespaces/x/pods/y:80/proxy";
        assert_eq!(split(pod), Some((pod.into(), String::new(), None)));
        assert_eq!(split(&format!("{pod}/a/b?c=d")), Some((pod.into(), "/a/b".into(), Some("c=d".into()))));
        assert_eq!(split("/api/v1/nodes/n/proxy/pods"), Some(("/api/v1/nodes/n/proxy".into(), "/pods".into(), None)));
        let odd = "/api/v1/namespaces/proxy/services/proxy/proxy";
        assert_eq!(split(&format!("{odd}/proxy/")), Some((odd.into(), "/proxy/".into(), None)));
        for own in ["/api/v1/namespaces/x/pods/y/log", "/api/v1/nodes/n", "/apis/apps/v1/pods/y/proxy", "/api/v1/pods"]
        {
            assert!(PassedOnPath::of(own).is_none(), "{own}");
        }
    }
}
