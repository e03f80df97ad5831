//! networking.k8s.io/v1 ServiceCIDR: validation, columns.
//! Real Kubernetes: pkg/apis/networking/validation ValidateServiceCIDR, pkg/registry/networking/servicecidr,
//! pkg/printers/internalversion printServiceCIDR.

use super::ServiceCIDR;
use crate::api::field::{FieldErrors, Path};
use crate::api::internal;
use crate::api::ip::{self, Block};
use crate::api::kind::{Kind, Subresource};
use crate::api::names;
use crate::api::table::{Cell, Column};

pub static KIND: Kind<ServiceCIDR> = Kind {
    namespaced: false,
    subresources: &[Subresource::Status],
    prepare_create: |c| c.status = Some(Default::default()),
    prepare_update: |new, old| new.status = old.status.clone(),
    prepare_status: |new, old| {
        new.metadata.clone_from(&old.metadata);
        new.spec = old.spec.clone();
    },
    validate,
    validate_update,
    // Blocks that were there are not judged again.
    update_judges_alone: true,
    columns: &[
        Column::name(),
        Column::text("CIDRs", "CIDRs defines the IP blocks in CIDR notation (e.g. \"192.168.0.0/24\" or \"2001:db8::/64\") from which to assign service cluster IPs. Max of two CIDRs is allowed, one of each IP family. This field is immutable.", |c, _| Cell::from(cidrs(c).join(","))),
        Column::age(),
    ],
    ..Kind::new(("networking.k8s.io", "v1"), "ServiceCIDR", "servicecidrs", "servicecidr")
};

fn cidrs(c: &ServiceCIDR) -> &[String] {
    c.spec.as_ref().and_then(|s| s.cidrs.as_deref()).unwrap_or_default()
}

fn validate(c: &ServiceCIDR, errors: &mut FieldErrors) {
    let spec = Path::new("spec");
    let at = spec.child("cidrs");
    let cidrs = cidrs(c);
    if cidrs.is_empty() {
        errors.required(&at, "at least one CIDR required");
        return;
    }
    if cidrs.len() > 2 {
        let shown = internal::shown(&c.spec, "networking/v1.ServiceCIDRSpec");
        errors.invalid_struct(&at, shown, "may only hold up to 2 values");
        return;
    }
    for (i, text) in cidrs.iter().enumerate() {
        ip::validate_canonical_block(text, &at.index(i), errors);
    }
    let mut families = cidrs.iter().map(|text| Block::parse(text).map(Block::is_ipv4));
    if let (Some(Some(first)), Some(Some(second))) = (families.next(), families.next())
        && first == second
    {
        let why = "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64";
        errors.invalid(&at, cidrs.to_vec(), why);
    }
}

/// Nothing changes, but a cluster with one family of addresses may become one with both.
fn validate_update(new: &ServiceCIDR, old: &ServiceCIDR, errors: &mut FieldErrors) {
    const IMMUTABLE: &str = "field is immutable";
    names::validate_meta_update(&new.metadata, &old.metadata, errors);
    let spec = Path::new("spec");
    let at = spec.child("cidrs");
    let (wanted, before) = (cidrs(new), cidrs(old));
    let widens = before.len() == 1 && wanted.len() == 2;
    if wanted.len() != before.len() && !widens {
        let said = new.spec.as_ref().and_then(|s| s.cidrs.as_ref());
        return errors.invalid(&at, serde_json::to_value(said).unwrap_or_default(), IMMUTABLE);
    }
    for (i, (w, _)) in wanted.iter().zip(before).enumerate().filter(|(_, (w, b))| w != b) {
        errors.invalid(&at.index(i), w.as_str(), IMMUTABLE);
    }
    if widens {
        validate(new, errors);
    }
}
