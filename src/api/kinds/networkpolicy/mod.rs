//! networking.k8s.io/v1 NetworkPolicy: defaults, columns, warnings.
//! Real Kubernetes: pkg/apis/networking/v1/defaults.go SetDefaults_NetworkPolicy, pkg/registry/networking/networkpolicy,
//! pkg/printers/internalversion printNetworkPolicy.

mod validation;

use k8s_openapi::api::networking::v1::{IPBlock, NetworkPolicyPeer, NetworkPolicyPort};

use super::NetworkPolicy;
use crate::api::field::Path;
use crate::api::ip;
use crate::api::kind::Kind;
use crate::api::selector::Selector;
use crate::api::table::{Cell, Column};

pub static KIND: Kind<NetworkPolicy> = Kind {
    short_names: &["netpol"],
    generation: true,
    defaults,
    spec_changed: |new, old| new.spec != old.spec,
    validate: validation::validate,
    warnings: |new, _| warnings(new),
    columns: &[
        Column::name(),
        Column::text("Pod-Selector", "podSelector selects the pods to which this NetworkPolicy object applies. The array of rules is applied to any pods selected by this field. An empty selector matches all pods in the policy's namespace. Multiple network policies can select the same set of pods. In this case, the ingress rules for each are combined additively. This field is optional. If it is not specified, it defaults to an empty selector.", |p, _| Cell::from(selector(p))),
        Column::age(),
    ],
    ..Kind::new(("networking.k8s.io", "v1"), "NetworkPolicy", "networkpolicies", "networkpolicy")
};

fn selector(p: &NetworkPolicy) -> String {
    let chosen = p.spec.as_ref().and_then(|s| s.pod_selector.as_ref()).map_or_else(Selector::everything, Selector::of);
    match chosen.to_string() {
        all if all.is_empty() => "<none>".into(),
        some => some,
    }
}

fn defaults(p: &mut NetworkPolicy) {
    let spec = p.spec.get_or_insert_default();
    spec.pod_selector.get_or_insert_default();
    let ingress = spec.ingress.iter_mut().flatten().flat_map(|r| r.ports.iter_mut().flatten());
    let egress = spec.egress.iter_mut().flatten().flat_map(|r| r.ports.iter_mut().flatten());
    let default_port = |port: &mut NetworkPolicyPort| {
        port.protocol.get_or_insert_with(|| "TCP".into());
    };
    ingress.chain(egress).for_each(default_port);
    if spec.policy_types.as_ref().is_none_or(Vec::is_empty) {
        let types = spec.policy_types.insert(vec!["Ingress".into()]);
        if spec.egress.as_ref().is_some_and(|e| !e.is_empty()) {
            types.push("Egress".into());
        }
    }
}

fn warnings(p: &NetworkPolicy) -> Vec<String> {
    let mut out = vec![];
    let mut look = |block: &IPBlock, at: &Path<'_>| {
        let at = at.child("ipBlock");
        out.extend(ip::block_warning(&block.cidr, &at.child("cidr")));
        let except = at.child("except");
        out.extend(block.except.iter().flatten().enumerate().filter_map(|(i, e)| ip::block_warning(e, &except.index(i))));
    };
    for_each_peer(p, |peer, at| {
        if let Some(block) = &peer.ip_block {
            look(block, at);
        }
    });
    out
}

/// Visits whom the rules speak of, with the way there.
fn for_each_peer(p: &NetworkPolicy, mut f: impl FnMut(&NetworkPolicyPeer, &Path<'_>)) {
    let at = Path::new("spec");
    let Some(spec) = &p.spec else { return };
    for (i, rule) in spec.ingress.iter().flatten().enumerate() {
        for (j, peer) in rule.from.iter().flatten().enumerate() {
            f(peer, &at.child("ingress").index(i).child("from").index(j));
        }
    }
    for (i, rule) in spec.egress.iter().flatten().enumerate() {
        for (j, peer) in rule.to.iter().flatten().enumerate() {
            f(peer, &at.child("egress").index(i).child("to").index(j));
        }
    }
}
