//! Conditions under which a policy or a webhook is asked at all.
//! Real Kubernetes: apiserver/pkg/admission/plugin/webhook/matchconditions/matcher.go.

use super::ready::Expression;
use super::seen::Seen;
use crate::api::cel::{PER_MATCH, Value};

/// Whether all conditions hold. One that does not decides, whatever is wrong with the others.
///
/// # Errors
/// What is wrong with conditions, of which none fails to hold. If failures are ignored, there is no match.
pub fn hold(all: &[Expression], seen: &Seen<'_>, ignore_failures: bool) -> Result<bool, String> {
    if all.is_empty() {
        return Ok(true);
    }
    let seen = seen.for_conditions();
    let mut budget = PER_MATCH;
    let mut wrong = vec![];
    for condition in all {
        match seen.run(condition, &mut budget) {
            Err(_) if ignore_failures => return Ok(false),
            Err(why) => return Err(why),
            Ok(Ok(Value::Bool(false))) => return Ok(false),
            Ok(Ok(_)) => {}
            Ok(Err(why)) => wrong.push(why),
        }
    }
    match wrong.as_slice() {
        [] => Ok(true),
        _ if ignore_failures => Ok(false),
        [one] => Err(one.clone()),
        several => Err(format!("[{}]", several.join(", "))),
    }
}
