//! Numbers that may be percentages: `maxSurge`, `targetPort`.
//!
//! Real Kubernetes: `k8s.io/apimachinery/pkg/util/intstr`.

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
