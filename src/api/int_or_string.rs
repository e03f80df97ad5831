//! Numbers that may be percentages: `maxSurge`, `targetPort`.
//!
//! Real Kubernetes: `k8s.io/apimachinery/pkg/util/intstr`.

use super::field::{FieldErrors, Path};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

pub fn text(v: &IntOrString) -> String {
    match v {
        IntOrString::Int(i) => i.to_string(),
        IntOrString::String(s) => s.clone(),
    }
}

/// The percentage in `25%`, if it is one.
pub fn percent(v: &IntOrString) -> Option<i32> {
    match v {
        IntOrString::Int(_) => None,
        IntOrString::String(s) => s.strip_suffix('%')?.parse().ok(),
    }
}

/// The value as a count out of `total`; a percentage is rounded as asked.
pub fn scaled(v: &IntOrString, total: i32, round_up: bool) -> i32 {
    match v {
        IntOrString::Int(i) => *i,
        IntOrString::String(_) => {
            let product = i64::from(percent(v).unwrap_or(0)) * i64::from(total);
            let exact = if round_up { (product + 99).div_euclid(100) } else { product.div_euclid(100) };
            i32::try_from(exact).unwrap_or(i32::MAX)
        }
    }
}

/// What a percentage looks like, in the words of the API server.
const NO_PERCENTAGE: &str = "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";

/// The number before the sign of a well-written percentage.
fn well_written(v: &IntOrString) -> Option<i64> {
    let IntOrString::String(s) = v else { return None };
    let digits = s.strip_suffix('%').filter(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit()))?;
    Some(digits.parse().unwrap_or(i64::MAX))
}

/// Must be a count or a percentage, neither below zero.
/// Real Kubernetes: pkg/apis/apps/validation/validation.go ValidatePositiveIntOrPercent.
pub fn validate(v: &IntOrString, at: &Path<'_>, errors: &mut FieldErrors) {
    match v {
        IntOrString::Int(i) => errors.non_negative(at, i64::from(*i)),
        IntOrString::String(s) if well_written(v).is_none() => errors.invalid(at, s.as_str(), NO_PERCENTAGE),
        IntOrString::String(_) => {}
    }
}

/// A percentage must not be of more than all. Real Kubernetes: IsNotMoreThan100Percent, there.
pub fn validate_not_above_all(v: &IntOrString, at: &Path<'_>, errors: &mut FieldErrors) {
    if well_written(v).is_some_and(|percent| percent > 100) {
        errors.invalid(at, text(v), "must not be greater than 100%");
    }
}

/// Whether it stands for none at all. A number in quotes counts as one, any other text as none.
/// Real Kubernetes: getIntOrPercentValue, there.
pub fn is_zero(v: &IntOrString) -> bool {
    match v {
        IntOrString::Int(i) => *i == 0,
        IntOrString::String(s) => well_written(v).unwrap_or_else(|| s.parse().unwrap_or(0)) == 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_round_as_asked() {
        let quarter = IntOrString::String("25%".into());
        assert_eq!(scaled(&quarter, 3, true), 1);
        assert_eq!(scaled(&quarter, 3, false), 0);
        assert_eq!(scaled(&IntOrString::Int(2), 3, true), 2);
    }
}
