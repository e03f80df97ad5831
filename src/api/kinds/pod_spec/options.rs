//! What today's rules forbid and an object may keep that has it already, as it was stored under older rules.
//! Real Kubernetes: pkg/api/pod/util.go GetValidationOptionsFromPodSpecAndMeta, with the feature gates as v1.36 sets them.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Affinity, PodAffinityTerm, PodSpec, PodTemplateSpec};

use super::containers;
use super::resource_names::divides_huge_page;
use super::{items, placement, security, spread, text, volumes};
use crate::api::field::{FieldErrors, Path};
use crate::api::kinds::workload::validate_label_selector;
use crate::api::names;

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Options {
    /// A pod is judged, not a template of one: what is left to be filled in must be there.
    pub resource_is_pod: bool,
    pub allow_invalid_deletion_cost: bool,
    pub allow_invalid_selector_values: bool,
    pub allow_invalid_node_affinity_values: bool,
    pub allow_indivisible_huge_pages: bool,
    pub allow_invalid_spread_selector: bool,
    pub allow_invalid_match_label_keys: bool,
    pub allow_non_local_token_path: bool,
    pub allow_host_sysctls: bool,
    pub allow_any_selinux_change_policy: bool,
    pub allow_restart_of_init_containers_on_resize: bool,
    pub allow_user_namespaces_with_devices: bool,
}

impl Options {
    /// For a pod that takes the place of `old`.
    pub fn for_pod(old: Option<&PodSpec>, old_annotations: Option<&BTreeMap<String, String>>) -> Options {
        let kept = old.map_or_else(Options::default, |o| Options::since(o, old_annotations));
        Options { resource_is_pod: true, ..kept }
    }

    /// For a template that takes the place of `old`.
    pub fn for_template(old: Option<&PodTemplateSpec>) -> Options {
        let annotations = old.and_then(|t| t.metadata.as_ref()?.annotations.as_ref());
        old.and_then(|t| t.spec.as_ref()).map_or_else(Options::default, |s| Options::since(s, annotations))
    }

    fn since(old: &PodSpec, annotations: Option<&BTreeMap<String, String>>) -> Options {
        Options {
            resource_is_pod: false,
            allow_invalid_deletion_cost: super::template::broken_deletion_cost(annotations).is_some(),
            allow_invalid_selector_values: old.affinity.as_ref().is_some_and(has_invalid_selector),
            allow_invalid_node_affinity_values: old.affinity.as_ref().is_some_and(has_invalid_node_value),
            allow_indivisible_huge_pages: uses_indivisible_huge_pages(old),
            allow_invalid_spread_selector: items(&old.topology_spread_constraints).iter().any(|c| {
                c.label_selector.as_ref().is_some_and(|s| broken(|at, errors| validate_label_selector(s, at, errors)))
            }),
            allow_invalid_match_label_keys: items(&old.topology_spread_constraints).iter().any(|c| {
                let keys = items(&c.match_label_keys);
                broken(|at, errors| spread::validate_label_keys(keys, &[], c.label_selector.as_ref(), at, errors))
            }),
            allow_non_local_token_path: has_non_local_token_path(old),
            allow_host_sysctls: old
                .security_context
                .as_ref()
                .map_or(&[][..], |c| items(&c.sysctls))
                .iter()
                .any(|s| security::host_sysctl_problem(&s.name, old).is_some()),
            allow_any_selinux_change_policy: old
                .security_context
                .as_ref()
                .is_some_and(|c| c.se_linux_change_policy.is_some()),
            allow_restart_of_init_containers_on_resize: items(&old.init_containers).iter().any(|c| {
                text(&c.restart_policy) != "Always"
                    && items(&c.resize_policy).iter().any(|p| p.restart_policy == "RestartContainer")
            }),
            allow_user_namespaces_with_devices: old.host_users == Some(false)
                && containers::all(old).any(|(_, _, c)| !c.volume_devices.is_empty()),
        }
    }
}

fn broken(check: impl FnOnce(&Path<'_>, &mut FieldErrors)) -> bool {
    let mut errors = FieldErrors::default();
    check(&Path::new(""), &mut errors);
    !errors.is_empty()
}

fn has_invalid_selector(a: &Affinity) -> bool {
    let near = a.pod_affinity.as_ref().map(|p| {
        (
            items(&p.required_during_scheduling_ignored_during_execution),
            items(&p.preferred_during_scheduling_ignored_during_execution),
        )
    });
    let far = a.pod_anti_affinity.as_ref().map(|p| {
        (
            items(&p.required_during_scheduling_ignored_during_execution),
            items(&p.preferred_during_scheduling_ignored_during_execution),
        )
    });
    let invalid = |t: &PodAffinityTerm| {
        broken(|at, errors| placement::validate_term_selectors(t, Options::default(), at, errors))
    };
    [near, far].into_iter().flatten().any(|(required, preferred)| {
        required.iter().any(invalid) || preferred.iter().any(|t| invalid(&t.pod_affinity_term))
    })
}

fn has_invalid_node_value(a: &Affinity) -> bool {
    let required =
        a.node_affinity.as_ref().and_then(|n| n.required_during_scheduling_ignored_during_execution.as_ref());
    let terms = required.map_or(&[][..], |r| &r.node_selector_terms);
    let mut values = terms.iter().flat_map(|t| items(&t.match_expressions)).flat_map(|e| items(&e.values));
    values.any(|v| !names::label_value(v).is_empty())
}

fn uses_indivisible_huge_pages(s: &PodSpec) -> bool {
    let of_containers = containers::all(s).filter_map(|(_, _, c)| c.resources).flat_map(|r| [&r.limits, &r.requests]);
    let mut lists = of_containers.chain([&s.overhead]).flatten();
    lists.any(|list| list.iter().any(|(name, q)| !divides_huge_page(name, &q.0)))
}

fn has_non_local_token_path(s: &PodSpec) -> bool {
    let projected = items(&s.volumes).iter().filter_map(|v| v.projected.as_ref());
    let mut tokens =
        projected.flat_map(|p| items(&p.sources)).filter_map(|source| source.service_account_token.as_ref());
    tokens.any(|t| broken(|at, errors| volumes::validate_local_path(&t.path, at, errors)))
}
