//! The words of decisions: they lie beside each component, in both languages.

use std::cell::RefCell;
use std::rc::Rc;

use fluent_bundle::{FluentArgs, FluentBundle, FluentResource, FluentValue};

use super::language::{Language, particles};
use crate::ledger::{Decision, Fact};

/// One line for each component's texts: English, Korean.
const SOURCES: &[(&str, &str)] = &[
    (include_str!("../apiserver/en.ftl"), include_str!("../apiserver/ko.ftl")),
    (include_str!("../controllers/deployment/en.ftl"), include_str!("../controllers/deployment/ko.ftl")),
    (include_str!("../controllers/replicaset/en.ftl"), include_str!("../controllers/replicaset/ko.ftl")),
    (include_str!("../controllers/podgc/en.ftl"), include_str!("../controllers/podgc/ko.ftl")),
    (include_str!("../controllers/disruption/en.ftl"), include_str!("../controllers/disruption/ko.ftl")),
    (include_str!("../controllers/podautoscaler/en.ftl"), include_str!("../controllers/podautoscaler/ko.ftl")),
    (include_str!("../controllers/job/en.ftl"), include_str!("../controllers/job/ko.ftl")),
    (include_str!("../controllers/cronjob/en.ftl"), include_str!("../controllers/cronjob/ko.ftl")),
    (include_str!("../controllers/certificates/en.ftl"), include_str!("../controllers/certificates/ko.ftl")),
    (
        include_str!("../controllers/kubernetes_service/en.ftl"),
        include_str!("../controllers/kubernetes_service/ko.ftl"),
    ),
    (include_str!("../controllers/nodeipam/en.ftl"), include_str!("../controllers/nodeipam/ko.ftl")),
    (include_str!("../controllers/ttl/en.ftl"), include_str!("../controllers/ttl/ko.ftl")),
    (include_str!("../controllers/ttlafterfinished/en.ftl"), include_str!("../controllers/ttlafterfinished/ko.ftl")),
    (include_str!("../controllers/daemonset/en.ftl"), include_str!("../controllers/daemonset/ko.ftl")),
    (include_str!("../controllers/statefulset/en.ftl"), include_str!("../controllers/statefulset/ko.ftl")),
    (include_str!("../controllers/endpointslice/en.ftl"), include_str!("../controllers/endpointslice/ko.ftl")),
    (include_str!("../controllers/endpoint/en.ftl"), include_str!("../controllers/endpoint/ko.ftl")),
    (
        include_str!("../controllers/endpointslicemirroring/en.ftl"),
        include_str!("../controllers/endpointslicemirroring/ko.ftl"),
    ),
    (include_str!("../controllers/namespace/en.ftl"), include_str!("../controllers/namespace/ko.ftl")),
    (include_str!("../controllers/serviceaccount/en.ftl"), include_str!("../controllers/serviceaccount/ko.ftl")),
    (include_str!("../controllers/garbage_collector/en.ftl"), include_str!("../controllers/garbage_collector/ko.ftl")),
    (include_str!("../controllers/node_lifecycle/en.ftl"), include_str!("../controllers/node_lifecycle/ko.ftl")),
    (
        include_str!("../controllers/clusterrole_aggregation/en.ftl"),
        include_str!("../controllers/clusterrole_aggregation/ko.ftl"),
    ),
    (
        include_str!("../controllers/customresourcedefinition/en.ftl"),
        include_str!("../controllers/customresourcedefinition/ko.ftl"),
    ),
    (
        include_str!("../controllers/validatingadmissionpolicy_status/en.ftl"),
        include_str!("../controllers/validatingadmissionpolicy_status/ko.ftl"),
    ),
    (
        include_str!("../controllers/persistentvolume_binder/en.ftl"),
        include_str!("../controllers/persistentvolume_binder/ko.ftl"),
    ),
    (
        include_str!("../controllers/cloud_load_balancer/en.ftl"),
        include_str!("../controllers/cloud_load_balancer/ko.ftl"),
    ),
    (include_str!("../controllers/minikube_tunnel/en.ftl"), include_str!("../controllers/minikube_tunnel/ko.ftl")),
    (
        include_str!("../controllers/storage_provisioner/en.ftl"),
        include_str!("../controllers/storage_provisioner/ko.ftl"),
    ),
    (include_str!("../controllers/volume_protection/en.ftl"), include_str!("../controllers/volume_protection/ko.ftl")),
    (include_str!("../controllers/resourcequota/en.ftl"), include_str!("../controllers/resourcequota/ko.ftl")),
    (include_str!("../controllers/leader_election/en.ftl"), include_str!("../controllers/leader_election/ko.ftl")),
    (include_str!("../world/en.ftl"), include_str!("../world/ko.ftl")),
    (include_str!("../client/en.ftl"), include_str!("../client/ko.ftl")),
    (include_str!("../scheduler/en.ftl"), include_str!("../scheduler/ko.ftl")),
    (include_str!("../network/en.ftl"), include_str!("../network/ko.ftl")),
    (include_str!("../kubelet/en.ftl"), include_str!("../kubelet/ko.ftl")),
    (include_str!("../host/en.ftl"), include_str!("../host/ko.ftl")),
    (include_str!("en.ftl"), include_str!("ko.ftl")),
];

type Bundle = FluentBundle<FluentResource>;

thread_local! {
    // Read on first use: a start without a story need not pay for it.
    static BUNDLES: RefCell<[Option<Rc<Bundle>>; 2]> = const { RefCell::new([None, None]) };
}

fn bundle(language: Language) -> Rc<Bundle> {
    BUNDLES.with_borrow_mut(|all| {
        let slot = &mut all[usize::from(language == Language::Korean)];
        slot.get_or_insert_with(|| Rc::new(read(language))).clone()
    })
}

fn read(language: Language) -> Bundle {
    let mut b = FluentBundle::new(vec![language.code().parse().unwrap_or_default()]);
    b.set_use_isolating(false);
    for (en, ko) in SOURCES {
        let text = if language == Language::Korean { ko } else { en };
        let resource = match FluentResource::try_new((*text).to_string()) {
            Ok(r) | Err((r, _)) => r,
        };
        // A message that stands twice is found by a test.
        let _ = b.add_resource(resource);
    }
    b
}

/// A message with its facts filled in.
pub fn message(language: Language, id: &str, facts: &[(&str, Fact)]) -> String {
    let b = bundle(language);
    let mut args = FluentArgs::new();
    for (k, f) in facts {
        args.set(
            (*k).to_string(),
            match f {
                Fact::Count(n) => FluentValue::from(*n),
                Fact::Text(s) => FluentValue::from(s.clone()),
                Fact::Names(list) => FluentValue::from(language.list(list, 4)),
                Fact::Time(d) => FluentValue::from(language.time(*d)),
                Fact::Phrases(parts) => {
                    let words: Vec<String> = parts.iter().map(|(id, facts)| message(language, id, facts)).collect();
                    FluentValue::from(words.join("; "))
                }
            },
        );
    }
    let Some(pattern) = b.get_message(id).and_then(|m| m.value()) else { return id.to_string() };
    let mut errors = vec![];
    let text = b.format_pattern(pattern, Some(&args), &mut errors).into_owned();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ").replace(" ,", ",");
    if language == Language::Korean { particles(&text) } else { text }
}

/// A decision in words.
pub fn decision(language: Language, d: &dyn Decision) -> String {
    message(language, d.message(), &d.facts())
}

/// Whether a language has that message.
pub fn has(language: Language, id: &str) -> bool {
    bundle(language).has_message(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(text: &str) -> Vec<String> {
        text.lines()
            .filter(|l| !l.starts_with([' ', '#', '}']))
            .filter_map(|l| l.split_once(" = ").map(|(id, _)| id.to_string()))
            .collect()
    }

    #[test]
    fn every_message_stands_once_in_both_languages() {
        let mut seen = std::collections::BTreeSet::new();
        for (en, ko) in SOURCES {
            assert_eq!(ids(en), ids(ko));
            for id in ids(en) {
                assert!(has(Language::English, &id) && has(Language::Korean, &id), "{id}");
                assert!(seen.insert(id.clone()), "{id} stands twice");
            }
        }
        assert!(seen.len() > 40);
    }

    #[test]
    fn both_languages_use_the_same_facts() {
        let facts = |text: &str| -> std::collections::BTreeMap<String, std::collections::BTreeSet<String>> {
            let mut out = std::collections::BTreeMap::new();
            let mut id = String::new();
            for l in text.lines() {
                if let Some((i, _)) = l.split_once(" = ").filter(|_| !l.starts_with(' ')) {
                    id = i.into();
                }
                for part in l.split('$').skip(1) {
                    let name: String = part.chars().take_while(|c| c.is_alphanumeric()).collect();
                    out.entry(id.clone()).or_insert_with(std::collections::BTreeSet::new).insert(name);
                }
            }
            out
        };
        for (en, ko) in SOURCES {
            assert_eq!(facts(en), facts(ko));
        }
    }
}
