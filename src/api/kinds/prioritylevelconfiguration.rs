//! flowcontrol.apiserver.k8s.io/v1 PriorityLevelConfiguration: defaults, validation, columns.
//! Real Kubernetes: pkg/apis/flowcontrol/v1/defaults.go, pkg/apis/flowcontrol/validation
//! ValidatePriorityLevelConfiguration, pkg/registry/flowcontrol/prioritylevelconfiguration, pkg/printers/internalversion
//! printPriorityLevelConfiguration.

use k8s_openapi::api::flowcontrol::v1::{
    ExemptPriorityLevelConfiguration, LimitResponse, LimitedPriorityLevelConfiguration, PriorityLevelConfigurationSpec,
    PriorityLevelConfigurationStatus, QueuingConfiguration,
};

use super::PriorityLevelConfiguration;
use super::flowcontrol;
use crate::api::field::{FieldErrors, Path};
use crate::api::kind::{Kind, Subresource};
use crate::api::object::Resource;
use crate::api::table::{Cell, Column};
use crate::api::internal;

pub static KIND: Kind<PriorityLevelConfiguration> = Kind {
    namespaced: false,
    subresources: &[Subresource::Status],
    generation: true,
    defaults,
    prepare_create: |p| p.status = Some(Default::default()),
    prepare_update: |new, old| new.status = old.status.clone(),
    prepare_status: |new, old| {
        new.metadata.clone_from(&old.metadata);
        new.spec = old.spec.clone();
    },
    spec_changed: |new, old| new.spec != old.spec,
    validate,
    validate_status: |new, _, errors| validate_status(new.status.as_ref(), errors),
    columns: &[
        Column::name(),
        Column::text("Type", "`type` indicates whether this priority level is subject to limitation on request execution.  A value of `\"Exempt\"` means that requests of this priority level are not subject to a limit (and thus are never queued) and do not detract from the capacity made available to other priority levels.  A value of `\"Limited\"` means that (a) requests of this priority level _are_ subject to limits and (b) some of the server's limited capacity is made available exclusively to this priority level. Required.", |p, _| Cell::from(p.spec.as_ref().map_or("", |s| s.type_.as_str()))),
        Column::text("NominalConcurrencyShares", "`nominalConcurrencyShares` (NCS) contributes to the computation of the NominalConcurrencyLimit (NominalCL) of this level. This is the number of execution seats available at this priority level. This is used both for requests dispatched from this priority level as well as requests dispatched from other priority levels borrowing seats from this level. The server's concurrency limit (ServerCL) is divided among the Limited priority levels in proportion to their NCS values:\n\nNominalCL(i)  = ceil( ServerCL * NCS(i) / sum_ncs ) sum_ncs = sum[priority level k] NCS(k)\n\nBigger numbers mean a larger nominal concurrency limit, at the expense of every other priority level.\n\nIf not specified, this field defaults to a value of 30.\n\nSetting this field to zero supports the construction of a \"jail\" for this priority level that is used to hold some request(s)", |p, _| number(limited(p).and_then(|l| l.nominal_concurrency_shares))),
        Column::text("Queues", "`queues` is the number of queues for this priority level. The queues exist independently at each apiserver. The value must be positive.  Setting it to 1 effectively precludes shufflesharding and thus makes the distinguisher method of associated flow schemas irrelevant.  This field has a default value of 64.", |p, _| number(queuing(p).and_then(|q| q.queues))),
        Column::text("HandSize", "`handSize` is a small positive number that configures the shuffle sharding of requests into queues.  When enqueuing a request at this priority level the request's flow identifier (a string pair) is hashed and the hash value is used to shuffle the list of queues and deal a hand of the size specified here.  The request is put into one of the shortest queues in that hand. `handSize` must be no larger than `queues`, and should be significantly smaller (so that a few heavy flows do not saturate most of the queues).  See the user-facing documentation for more extensive guidance on setting this field.  This field has a default value of 8.", |p, _| number(queuing(p).and_then(|q| q.hand_size))),
        Column::text("QueueLengthLimit", "`queueLengthLimit` is the maximum number of requests allowed to be waiting in a given queue of this priority level at a time; excess requests are rejected.  This value must be positive.  If not specified, it will be defaulted to 50.", |p, _| number(queuing(p).and_then(|q| q.queue_length_limit))),
        Column::age(),
    ],
    ..Kind::new(("flowcontrol.apiserver.k8s.io", "v1"), "PriorityLevelConfiguration", "prioritylevelconfigurations", "prioritylevelconfiguration")
};

/// Says how a number of zero shares was kept by a version that no longer is.
const ZERO_SHARES_ANNOTATION: &str = "flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares";

fn limited(p: &PriorityLevelConfiguration) -> Option<&LimitedPriorityLevelConfiguration> {
    p.spec.as_ref()?.limited.as_ref()
}

fn queuing(p: &PriorityLevelConfiguration) -> Option<&QueuingConfiguration> {
    limited(p)?.limit_response.as_ref()?.queuing.as_ref()
}

fn number(n: Option<i32>) -> Cell {
    n.map_or_else(|| Cell::from("<none>"), Cell::from)
}

fn defaults(p: &mut PriorityLevelConfiguration) {
    let spec = p.spec.get_or_insert_default();
    if let Some(e) = &mut spec.exempt {
        e.nominal_concurrency_shares.get_or_insert(0);
        e.lendable_percent.get_or_insert(0);
    }
    let Some(l) = &mut spec.limited else { return };
    l.nominal_concurrency_shares.get_or_insert(30);
    l.lendable_percent.get_or_insert(0);
    if let Some(q) = l.limit_response.as_mut().and_then(|r| r.queuing.as_mut()) {
        for (field, default) in [(&mut q.hand_size, 8), (&mut q.queues, 64), (&mut q.queue_length_limit, 50)] {
            if field.unwrap_or(0) == 0 {
                *field = Some(default);
            }
        }
    }
}

fn validate(p: &PriorityLevelConfiguration, errors: &mut FieldErrors) {
    if p.annotation(ZERO_SHARES_ANNOTATION).is_some() {
        let at = Path::new("metadata");
        errors.forbidden(&at.child("annotations"), format!("annotation '{ZERO_SHARES_ANNOTATION}' is forbidden"));
    }
    let at = Path::new("spec");
    let spec = p.spec.clone().unwrap_or_default();
    validate_spec(p.name(), &spec, &at, errors);
    validate_mandatory(p.name(), &spec, &at, errors);
    validate_status(p.status.as_ref(), errors);
}

/// Two levels are as they are, except that the shares of one can be chosen.
fn validate_mandatory(name: &str, spec: &PriorityLevelConfigurationSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    let Some(mut fixed) = flowcontrol::mandatory_priority_level(name) else { return };
    let except = if name == "exempt" {
        fixed.exempt.clone_from(&spec.exempt);
        " except the 'spec.exempt' field"
    } else {
        ""
    };
    if fixed != *spec {
        let shown = internal::shown(spec, "flowcontrol/v1.PriorityLevelConfigurationSpec");
        errors.invalid_struct(at, shown, format!("spec of '{name}'{except} must equal the fixed value"));
    }
}

fn validate_spec(name: &str, spec: &PriorityLevelConfigurationSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    let type_at = at.child("type");
    let kind = spec.type_.as_str();
    if (name == "exempt") != (kind == "Exempt") {
        errors.invalid(&type_at, kind, "must be 'Exempt' if and only if `name` is 'exempt'");
    }
    let (limited_at, exempt_at) = (at.child("limited"), at.child("exempt"));
    match kind {
        "Exempt" => {
            if spec.limited.is_some() {
                errors.forbidden(&limited_at, "must be nil if the type is not Limited");
            }
            if let Some(e) = &spec.exempt {
                validate_exempt(e, &exempt_at, errors);
            }
        }
        "Limited" => {
            if spec.exempt.is_some() {
                errors.forbidden(&exempt_at, "must be nil if the type is Limited");
            }
            match &spec.limited {
                Some(l) => validate_limited(l, &limited_at, errors),
                None => errors.required(&limited_at, "must not be empty when type is Limited"),
            }
        }
        "" => errors.required(&type_at, ""),
        other => errors.not_supported(&type_at, other, &["Exempt", "Limited"]),
    }
}

fn validate_shares(shares: Option<i32>, at: &Path<'_>, errors: &mut FieldErrors) {
    if let Some(n) = shares.filter(|n| *n < 0) {
        errors.invalid(&at.child("nominalConcurrencyShares"), n, "must be a non-negative integer");
    }
}

fn validate_lendable(percent: Option<i32>, at: &Path<'_>, errors: &mut FieldErrors) {
    if let Some(n) = percent.filter(|n| !(0..=100).contains(n)) {
        errors.invalid(&at.child("lendablePercent"), n, "must be between 0 and 100, inclusive");
    }
}

fn validate_exempt(e: &ExemptPriorityLevelConfiguration, at: &Path<'_>, errors: &mut FieldErrors) {
    validate_shares(e.nominal_concurrency_shares, at, errors);
    validate_lendable(e.lendable_percent, at, errors);
}

fn validate_limited(l: &LimitedPriorityLevelConfiguration, at: &Path<'_>, errors: &mut FieldErrors) {
    validate_shares(l.nominal_concurrency_shares, at, errors);
    let response = l.limit_response.clone().unwrap_or_default();
    validate_response(&response, &at.child("limitResponse"), errors);
    validate_lendable(l.lendable_percent, at, errors);
    if let Some(n) = l.borrowing_limit_percent.filter(|n| *n < 0) {
        errors.invalid(&at.child("borrowingLimitPercent"), n, "if specified, must be a non-negative integer");
    }
}

fn validate_response(r: &LimitResponse, at: &Path<'_>, errors: &mut FieldErrors) {
    let queuing_at = at.child("queuing");
    match (r.type_.as_str(), &r.queuing) {
        ("Reject", Some(_)) => {
            errors.forbidden(&queuing_at, "must be nil if limited.limitResponse.type is not Limited");
        }
        ("Reject", None) => {}
        ("Queue", Some(q)) => validate_queuing(q, &queuing_at, errors),
        ("Queue", None) => {
            errors.required(&queuing_at, "must not be empty if limited.limitResponse.type is Limited");
        }
        ("", _) => errors.required(&at.child("type"), ""),
        (other, _) => errors.not_supported(&at.child("type"), other, &["Queue", "Reject"]),
    }
}

fn validate_queuing(q: &QueuingConfiguration, at: &Path<'_>, errors: &mut FieldErrors) {
    const MOST_QUEUES: i32 = 10_000_000;
    /// Of a request's hash, so many bits can be used to choose queues.
    const HASH_BITS: u32 = 60;
    let number = |n: Option<i32>| n.unwrap_or(0);
    let (queues, hand, length) = (number(q.queues), number(q.hand_size), number(q.queue_length_limit));
    const POSITIVE: &str = "must be positive";
    if length <= 0 {
        errors.invalid(&at.child("queueLengthLimit"), length, POSITIVE);
    }
    if queues <= 0 {
        errors.invalid(&at.child("queues"), queues, POSITIVE);
    } else if queues > MOST_QUEUES {
        errors.invalid(&at.child("queues"), queues, format!("must not be greater than {MOST_QUEUES}"));
    }
    let hand_at = at.child("handSize");
    if hand <= 0 {
        errors.invalid(&hand_at, hand, POSITIVE);
    } else if hand > queues {
        errors.invalid(&hand_at, hand, format!("should not be greater than queues ({queues})"));
    } else if f64::from(queues).log2() * f64::from(hand) > f64::from(HASH_BITS) {
        let bits = format!("required entropy bits of deckSize {queues} and handSize {hand}");
        errors.invalid(&hand_at, hand, format!("{bits} should not be greater than {HASH_BITS}"));
    }
}

fn validate_status(s: Option<&PriorityLevelConfigurationStatus>, errors: &mut FieldErrors) {
    let conditions = s.and_then(|s| s.conditions.as_deref()).unwrap_or_default();
    flowcontrol::validate_conditions(conditions.iter().map(|c| c.type_.as_deref().unwrap_or("")), errors);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mandatory_level_stays_as_it_is_but_for_the_shares_of_the_exempt_one() {
        let levels = flowcontrol::priority_levels();
        let mut errors = FieldErrors::default();
        levels.iter().for_each(|l| validate(l, &mut errors));
        let level = |name: &str| levels.iter().find(|l| l.name() == name).expect("a level").clone();
        let mut exempt = level("exempt");
        exempt.spec.get_or_insert_default().exempt.get_or_insert_default().lendable_percent = Some(50);
        validate(&exempt, &mut errors);
        assert_eq!(errors.list(), []);
        let mut catch_all = level("catch-all");
        catch_all.spec.get_or_insert_default().limited.get_or_insert_default().nominal_concurrency_shares = Some(6);
        validate(&catch_all, &mut errors);
        // The words of a real server.
        assert_eq!(errors.list().iter().map(ToString::to_string).collect::<Vec<_>>(), [
            r#"spec: Invalid value: {"Type":"Limited","Limited":{"NominalConcurrencyShares":6,"LimitResponse":{"Type":"Reject","Queuing":null},"LendablePercent":0,"BorrowingLimitPercent":null},"Exempt":null}: spec of 'catch-all' must equal the fixed value"#
        ]);
    }
}
