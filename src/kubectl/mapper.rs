//! Which kinds the server serves, and which of them a word means.
//! Real Kubernetes: client-go/restmapper (shortcut.go, category_expansion.go), apimachinery/pkg/api/meta/priority.go.

use super::failure::{Failure, Hint, likeliest};
use crate::api::KindRef;

/// The kinds of the server, as discovery lists them: the preferred version of a kind before the others.
#[derive(Clone, Debug)]
pub struct Mapper {
    pub kinds: Vec<KindRef>,
}

impl Mapper {
    /// Finds a kind by what people write: plural, singular, short name, with or without version and group.
    pub fn kind(&self, word: &str) -> Result<KindRef, Failure> {
        let lower = word.to_lowercase();
        let (name, group) = match lower.split_once('.') {
            Some((n, g)) => (n, Some(g)),
            None => (lower.as_str(), None),
        };
        let in_group = |k: &KindRef| match group {
            None => true,
            Some(g) => !k.group().is_empty() && (k.group() == g || g == format!("{}.{}", k.version(), k.group())),
        };
        let called = |k: &KindRef| k.plural() == name || k.singular() == name;
        // A short name never hides a kind that is really called so.
        let found = self.kinds.iter().find(|k| called(k) && in_group(k));
        let found = found.or_else(|| self.kinds.iter().find(|k| k.short_names().contains(&name) && in_group(k)));
        found.copied().ok_or_else(|| {
            let known: Vec<&str> = self.kinds.iter().flat_map(|k| [k.plural(), k.singular()]).collect();
            let hint = likeliest(name, &known).map(|n| Hint::DidYouMean(n.to_string()));
            Failure::error(format!("the server doesn't have a resource type {name:?}")).hint(hint)
        })
    }

    /// The kinds of a word such as `deploy,po`, or of a category such as `all`.
    pub fn kinds(&self, word: &str) -> Result<Vec<KindRef>, Failure> {
        let mut out = vec![];
        for w in word.split(',') {
            let category: Vec<KindRef> = self.preferred().filter(|k| k.categories().contains(&w)).collect();
            if category.is_empty() {
                out.push(self.kind(w)?);
            } else {
                out.extend(category);
            }
        }
        Ok(out)
    }

    /// Every kind once, in its preferred version.
    pub fn preferred(&self) -> impl Iterator<Item = KindRef> {
        self.kinds.iter().enumerate().filter_map(|(i, k)| {
            let same = |other: &&KindRef| other.group() == k.group() && other.plural() == k.plural();
            (!self.kinds[..i].iter().any(|other| same(&other))).then_some(*k)
        })
    }

    /// Finds a kind by `apiVersion` and `kind`.
    pub fn by_gvk(&self, api_version: &str, kind: &str) -> Option<KindRef> {
        // Clients know each kind in small letters, too; the server does not.
        let called = |k: &KindRef| k.name() == kind || k.name().to_lowercase() == kind;
        self.kinds.iter().copied().find(|k| called(k) && k.api_version() == api_version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_mean_kinds_as_kubectl_reads_them() {
        let mapper = Mapper { kinds: KindRef::built_in().collect() };
        for (word, want) in [
            ("po", "v1/pods"),
            ("Deployment", "apps/v1/deployments"),
            ("events", "v1/events"),
            ("events.events.k8s.io", "events.k8s.io/v1/events"),
            ("hpa", "autoscaling/v2/horizontalpodautoscalers"),
            ("hpa.v1.autoscaling", "autoscaling/v1/horizontalpodautoscalers"),
            ("nodes", "v1/nodes"),
            ("nodes.metrics.k8s.io", "metrics.k8s.io/v1beta1/nodes"),
            ("ip", "networking.k8s.io/v1/ipaddresses"),
        ] {
            let got = mapper.kind(word).map(|k| format!("{}/{}", k.api_version(), k.plural()));
            assert_eq!(got.as_deref().map_err(|f| f.message.clone()), Ok(want), "{word}");
        }
        let all: Vec<&str> = mapper.kinds("all").expect("a category").iter().map(|k| k.plural()).collect();
        assert_eq!(
            all,
            [
                "pods",
                "replicationcontrollers",
                "services",
                "daemonsets",
                "deployments",
                "replicasets",
                "statefulsets",
                "horizontalpodautoscalers",
                "cronjobs",
                "jobs"
            ]
        );
        assert!(mapper.kind("podz").is_err());
    }
}
