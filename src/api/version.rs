//! Which of several versions of a group is preferred.

/// Stable versions come before beta and alpha ones, later ones before earlier ones, others by name at the end.
/// Real Kubernetes: apimachinery/pkg/version/helpers.go CompareKubeAwareVersionStrings.
pub fn priority(version: &str) -> (u8, std::cmp::Reverse<(u32, u32)>, String) {
    let last = (3, std::cmp::Reverse((0, 0)), version.to_string());
    let Some(rest) = version.strip_prefix('v') else { return last };
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (major, rest) = rest.split_at(digits);
    let (stage, minor) = match rest {
        "" => (0, "0"),
        _ => match (rest.strip_prefix("beta"), rest.strip_prefix("alpha")) {
            (Some(n), _) => (1, n),
            (_, Some(n)) => (2, n),
            _ => return last,
        },
    };
    match (major.parse(), minor.parse()) {
        (Ok(major), Ok(minor)) => (stage, std::cmp::Reverse((major, minor)), String::new()),
        _ => last,
    }
}
