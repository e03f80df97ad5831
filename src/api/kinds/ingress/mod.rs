//! networking.k8s.io/v1 Ingress: columns, what an update leaves alone, warnings.
//! Real Kubernetes: pkg/registry/networking/ingress, pkg/printers/internalversion printIngress.

mod validation;

use std::collections::BTreeSet;

use super::Ingress;
use crate::api::ip;
use crate::api::kind::{Kind, Subresource};
use crate::api::names;
use crate::api::table::{Cell, Column};

/// How the class was named before there was a field for it.
pub const CLASS_ANNOTATION: &str = "kubernetes.io/ingress.class";

pub static KIND: Kind<Ingress> = Kind {
    short_names: &["ing"],
    subresources: &[Subresource::Status],
    generation: true,
    prepare_create: |i| i.status = Some(Default::default()),
    prepare_update: |new, old| new.status = old.status.clone(),
    prepare_status: |new, old| new.spec = old.spec.clone(),
    spec_changed: |new, old| new.spec != old.spec,
    validate: validation::validate,
    validate_update: |new, old, errors| {
        names::validate_meta_update(&new.metadata, &old.metadata, errors);
        names::validate_meta(&new.metadata, true, names::dns1123_subdomain, errors);
        validation::validate_spec(new, errors);
    },
    // The old annotation is compared with the field only when the Ingress is new.
    update_judges_alone: true,
    validate_status: validation::validate_status,
    warnings,
    status_warnings,
    columns: &[
        Column::name(),
        Column::text("Class", "The name of the IngressClass resource that should be used for additional configuration", |i, _| Cell::from(i.spec.as_ref().and_then(|s| s.ingress_class_name.as_deref()).unwrap_or("<none>"))),
        Column::text("Hosts", "Hosts that incoming requests are matched against before the ingress rule", |i, _| Cell::from(hosts(i))),
        Column::text("Address", "Address is a list containing ingress points for the load-balancer", |i, _| Cell::from(address(i))),
        Column::text("Ports", "Ports of TLS configurations that open", |i, _| Cell::from(ports(i))),
        Column::age(),
    ],
    ..Kind::new(("networking.k8s.io", "v1"), "Ingress", "ingresses", "ingress")
};

/// The first three hosts, `*` if no rule has one.
fn hosts(i: &Ingress) -> String {
    const SHOWN: usize = 3;
    let rules = i.spec.as_ref().and_then(|s| s.rules.as_deref()).unwrap_or_default();
    let (mut list, mut more): (Vec<&str>, bool) = (vec![], false);
    for host in rules.iter().map(|r| r.host.as_deref().unwrap_or("")) {
        more |= list.len() == SHOWN;
        if !more && !host.is_empty() {
            list.push(host);
        }
    }
    match list.join(",") {
        none if none.is_empty() => "*".into(),
        some if more => format!("{some} + {} more...", rules.len() - SHOWN),
        some => some,
    }
}

/// Where the load balancers of the Ingress are, in the alphabet's order.
pub fn address(i: &Ingress) -> String {
    let text = |t: &Option<String>| t.clone().filter(|t| !t.is_empty());
    let balancer = i.status.as_ref().and_then(|s| s.load_balancer.as_ref());
    let points = balancer.iter().flat_map(|b| b.ingress.iter().flatten());
    let all: BTreeSet<String> = points.filter_map(|p| text(&p.ip).or_else(|| text(&p.hostname))).collect();
    all.into_iter().collect::<Vec<_>>().join(",")
}

fn ports(i: &Ingress) -> &'static str {
    let tls = i.spec.as_ref().and_then(|s| s.tls.as_ref()).is_some_and(|t| !t.is_empty());
    if tls { "80, 443" } else { "80" }
}

fn warnings(new: &Ingress, old: Option<&Ingress>) -> Vec<String> {
    let annotated = new.metadata.annotations.as_ref().is_some_and(|a| a.contains_key(CLASS_ANNOTATION));
    let unnamed = new.spec.as_ref().is_none_or(|s| s.ingress_class_name.is_none());
    let why = format!("annotation {CLASS_ANNOTATION:?} is deprecated, please use 'spec.ingressClassName' instead");
    if old.is_none() && annotated && unnamed { vec![why] } else { vec![] }
}

fn status_warnings(i: &Ingress) -> Vec<String> {
    let points = i.status.iter().filter_map(|s| s.load_balancer.as_ref()?.ingress.as_ref()).flatten();
    ip::balancer_warnings(points.map(|p| p.ip.as_deref()))
}
