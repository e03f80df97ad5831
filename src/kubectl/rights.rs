//! The rules of roles broken down to what they allow on single resources, as `describe` and `auth can-i --list` show it.
//! Real Kubernetes: component-helpers/auth/rbac/validation, k8s.io/kubectl/pkg/util/rbac.

use std::fmt;

use serde_json::Value;

/// Verbs on one resource or one URL.
pub struct Right {
    verbs: Vec<String>,
    group: Option<String>,
    resource: Option<String>,
    name: Option<String>,
    url: Option<String>,
}

impl Right {
    /// The rule as Go prints it: by this text they are sorted.
    fn in_go(&self) -> String {
        let one = |x: &Option<String>| x.clone().unwrap_or_default();
        format!(
            "Verbs:[{}],APIGroups:[{}],Resources:[{}],ResourceNames:[{}],NonResourceURLs:[{}]",
            self.verbs.join(" "),
            one(&self.group),
            one(&self.resource),
            one(&self.name),
            one(&self.url)
        )
    }
}

/// A row of the table: resource, URL, name, verbs.
impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.resource.as_deref().unwrap_or(""))?;
        if let Some(group) = self.group.as_ref().filter(|g| !g.is_empty()) {
            write!(f, ".{group}")?;
        }
        let one = |x: &Option<String>| x.clone().unwrap_or_default();
        write!(f, "\t[{}]\t[{}]\t[{}]", one(&self.url), one(&self.name), self.verbs.join(" "))
    }
}

fn texts(v: &Value) -> Vec<String> {
    v.as_array().into_iter().flatten().filter_map(|x| x.as_str().map(String::from)).collect()
}

/// The rights that some rules give, verbs on the same resource together.
pub fn of<'a>(rules: impl Iterator<Item = &'a Value>) -> Vec<Right> {
    let mut out: Vec<Right> = vec![];
    for rule in rules {
        let verbs = texts(&rule["verbs"]);
        for right in resources(rule) {
            let same = |r: &&mut Right| r.group == right.group && r.resource == right.resource && r.name == right.name;
            match out.iter_mut().find(same) {
                Some(r) => r.verbs.extend(verbs.clone()),
                None => out.push(Right { verbs: verbs.clone(), ..right }),
            }
        }
        for url in texts(&rule["nonResourceURLs"]) {
            let right = |verb: &String| Right { verbs: vec![verb.clone()], url: Some(url.clone()), ..nothing() };
            out.extend(verbs.iter().map(right));
        }
    }
    out.sort_by_cached_key(Right::in_go);
    out
}

fn nothing() -> Right {
    Right { verbs: vec![], group: None, resource: None, name: None, url: None }
}

fn resources(rule: &Value) -> Vec<Right> {
    let names = texts(&rule["resourceNames"]);
    let names: Vec<Option<String>> = if names.is_empty() { vec![None] } else { names.into_iter().map(Some).collect() };
    let mut out = vec![];
    for group in texts(&rule["apiGroups"]) {
        for resource in texts(&rule["resources"]) {
            let (group, resource) = (Some(group.clone()), Some(resource));
            out.extend(names.iter().map(|name| Right {
                group: group.clone(),
                resource: resource.clone(),
                name: name.clone(),
                ..nothing()
            }));
        }
    }
    out
}
