//! FlowSchemas and PriorityLevelConfigurations: those that every cluster has, and what the two kinds share.
//! Real Kubernetes: apiserver/pkg/apis/flowcontrol/bootstrap/default.go.

use std::collections::BTreeMap;

use k8s_openapi::api::flowcontrol::v1::{
    ExemptPriorityLevelConfiguration, FlowDistinguisherMethod, FlowSchemaSpec, GroupSubject, LimitResponse,
    LimitedPriorityLevelConfiguration, NonResourcePolicyRule, PolicyRulesWithSubjects,
    PriorityLevelConfigurationReference, PriorityLevelConfigurationSpec, QueuingConfiguration, ResourcePolicyRule,
    ServiceAccountSubject, Subject, UserSubject,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{FlowSchema, PriorityLevelConfiguration};
use crate::api::field::{FieldErrors, Path};

/// A server keeps the object as it should be, unless somebody sets this to `false`.
const AUTO_UPDATE: &str = "apf.kubernetes.io/autoupdate-spec";

/// Each condition has a type, and no two the same.
pub fn validate_conditions<'a>(types: impl Iterator<Item = &'a str>, errors: &mut FieldErrors) {
    let status = Path::new("status");
    let at = status.child("conditions");
    let mut seen: Vec<&str> = vec![];
    for (i, kind) in types.enumerate() {
        let here = at.index(i);
        let at = here.child("type");
        if seen.contains(&kind) {
            errors.duplicate(&at, kind);
        }
        seen.push(kind);
        if kind.is_empty() {
            errors.required(&at, "");
        }
    }
}

/// What the spec of a FlowSchema of that name has to be, if it may be nothing else.
pub fn mandatory_flow_schema(name: &str) -> Option<FlowSchemaSpec> {
    match name {
        "exempt" => Some(schema("exempt", 1, None, vec![(groups(&["system:masters"]), everything())])),
        "catch-all" => Some(schema("catch-all", 10_000, Some("ByUser"), vec![(groups(&EVERYBODY), everything())])),
        _ => None,
    }
}

/// The same for a PriorityLevelConfiguration.
pub fn mandatory_priority_level(name: &str) -> Option<PriorityLevelConfigurationSpec> {
    match name {
        "exempt" => Some(PriorityLevelConfigurationSpec {
            type_: "Exempt".into(),
            exempt: Some(ExemptPriorityLevelConfiguration {
                nominal_concurrency_shares: Some(0),
                lendable_percent: Some(0),
            }),
            limited: None,
        }),
        "catch-all" => Some(level(5, 0, None)),
        _ => None,
    }
}

/// All FlowSchemas that a server makes: the mandatory ones and those that it suggests.
pub fn flow_schemas() -> Vec<FlowSchema> {
    let mut out = vec![];
    let mut add = |name: &str, spec: FlowSchemaSpec| {
        out.push(FlowSchema { metadata: meta(name), spec: Some(spec), status: None });
    };
    for name in ["exempt", "catch-all"] {
        add(name, mandatory_flow_schema(name).unwrap_or_default());
    }
    let nodes = || groups(&["system:nodes"]);
    let leases = |verbs: &[&str]| (vec![rule(verbs, "coordination.k8s.io", &["leases"], false)], vec![]);
    add("system-nodes", schema("system", 500, Some("ByUser"), vec![(nodes(), everything())]));
    let (mut health, none) = (vec![rule(&["*"], "", &["nodes", "nodes/status"], true)], vec![]);
    health.extend(leases(&["*"]).0);
    add("system-node-high", schema("node-high", 400, Some("ByUser"), vec![(nodes(), (health, none))]));
    let probes = vec![urls(&["get"], &["/healthz", "/readyz", "/livez"])];
    add("probes", schema("exempt", 2, None, vec![(groups(&EVERYBODY), (vec![], probes))]));
    let mut leaders = users(&["system:kube-controller-manager", "system:kube-scheduler"]);
    leaders.extend(system_accounts());
    let elections = vec![(leaders, leases(&["get", "create", "update"]))];
    add("system-leader-election", schema("leader-election", 100, Some("ByUser"), elections));
    for name in ["kube-controller-manager", "kube-scheduler"] {
        let who = users(&[&format!("system:{name}")]);
        add(name, schema("workload-high", 800, Some("ByNamespace"), vec![(who, everything())]));
    }
    let who = vec![(system_accounts(), everything())];
    add("kube-system-service-accounts", schema("workload-high", 900, Some("ByNamespace"), who));
    let who = vec![(groups(&["system:serviceaccounts"]), everything())];
    add("service-accounts", schema("workload-low", 9000, Some("ByUser"), who));
    add("global-default", schema("global-default", 9900, Some("ByUser"), vec![(groups(&EVERYBODY), everything())]));
    out
}

/// All PriorityLevelConfigurations that a server makes.
pub fn priority_levels() -> Vec<PriorityLevelConfiguration> {
    let mut out = vec![];
    let mut add = |name: &str, spec: PriorityLevelConfigurationSpec| {
        out.push(PriorityLevelConfiguration { metadata: meta(name), spec: Some(spec), status: None });
    };
    for name in ["exempt", "catch-all"] {
        add(name, mandatory_priority_level(name).unwrap_or_default());
    }
    for (name, shares, lendable, queues, hand) in [
        ("system", 30, 33, 64, 6),
        ("node-high", 40, 25, 64, 6),
        ("leader-election", 10, 0, 16, 4),
        ("workload-high", 40, 50, 128, 6),
        ("workload-low", 100, 90, 128, 6),
        ("global-default", 20, 50, 128, 6),
    ] {
        add(name, level(shares, lendable, Some((queues, hand))));
    }
    out
}

const EVERYBODY: [&str; 2] = ["system:unauthenticated", "system:authenticated"];

/// What of the API is spoken of: resources, and paths that are none.
type Rules = (Vec<ResourcePolicyRule>, Vec<NonResourcePolicyRule>);

fn meta(name: &str) -> ObjectMeta {
    let annotations = BTreeMap::from([(AUTO_UPDATE.into(), "true".into())]);
    ObjectMeta { name: Some(name.into()), annotations: Some(annotations), ..ObjectMeta::default() }
}

fn schema(level: &str, precedence: i32, method: Option<&str>, rules: Vec<(Vec<Subject>, Rules)>) -> FlowSchemaSpec {
    fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
        (!list.is_empty()).then_some(list)
    }
    let rules = rules.into_iter().map(|(subjects, (resources, others))| PolicyRulesWithSubjects {
        subjects,
        resource_rules: some(resources),
        non_resource_rules: some(others),
    });
    FlowSchemaSpec {
        priority_level_configuration: PriorityLevelConfigurationReference { name: level.into() },
        matching_precedence: Some(precedence),
        distinguisher_method: method.map(|m| FlowDistinguisherMethod { type_: m.into() }),
        rules: Some(rules.collect()),
    }
}

/// Shares, percent that may be lent, and of how many queues how many are one flow's.
fn level(shares: i32, lendable: i32, queues: Option<(i32, i32)>) -> PriorityLevelConfigurationSpec {
    let queuing = queues.map(|(queues, hand)| QueuingConfiguration {
        queues: Some(queues),
        hand_size: Some(hand),
        queue_length_limit: Some(50),
    });
    PriorityLevelConfigurationSpec {
        type_: "Limited".into(),
        limited: Some(LimitedPriorityLevelConfiguration {
            nominal_concurrency_shares: Some(shares),
            lendable_percent: Some(lendable),
            limit_response: Some(LimitResponse {
                type_: if queuing.is_some() { "Queue" } else { "Reject" }.into(),
                queuing,
            }),
            borrowing_limit_percent: None,
        }),
        exempt: None,
    }
}

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|t| (*t).to_string()).collect()
}

fn groups(names: &[&str]) -> Vec<Subject> {
    let group = |name: &&str| Subject {
        kind: "Group".into(),
        group: Some(GroupSubject { name: (*name).into() }),
        ..Subject::default()
    };
    names.iter().map(group).collect()
}

fn users(names: &[&str]) -> Vec<Subject> {
    let user = |name: &&str| Subject {
        kind: "User".into(),
        user: Some(UserSubject { name: (*name).into() }),
        ..Subject::default()
    };
    names.iter().map(user).collect()
}

fn system_accounts() -> Vec<Subject> {
    let account = ServiceAccountSubject { name: "*".into(), namespace: "kube-system".into() };
    vec![Subject { kind: "ServiceAccount".into(), service_account: Some(account), ..Subject::default() }]
}

fn rule(verbs: &[&str], group: &str, resources: &[&str], cluster_scope: bool) -> ResourcePolicyRule {
    ResourcePolicyRule {
        verbs: texts(verbs),
        api_groups: texts(&[group]),
        resources: texts(resources),
        namespaces: Some(texts(&["*"])),
        cluster_scope: cluster_scope.then_some(true),
    }
}

fn urls(verbs: &[&str], urls: &[&str]) -> NonResourcePolicyRule {
    NonResourcePolicyRule { verbs: texts(verbs), non_resource_urls: texts(urls) }
}

fn everything() -> Rules {
    (vec![rule(&["*"], "*", &["*"], true)], vec![urls(&["*"], &["*"])])
}
