//! Taints of nodes, and the tolerations of pods that answer them.
//! Real Kubernetes: k8s.io/api/core/v1/toleration.go, k8s.io/component-helpers/scheduling/corev1/helpers.go.

use k8s_openapi::api::core::v1::{Taint, Toleration};

/// Whether a toleration answers a taint.
pub fn tolerates(t: &Toleration, taint: &Taint) -> bool {
    let (effect, key) = (t.effect.as_deref().unwrap_or(""), t.key.as_deref().unwrap_or(""));
    let value = || t.value.as_deref().unwrap_or("") == taint.value.as_deref().unwrap_or("");
    (effect.is_empty() || effect == taint.effect)
        && (key.is_empty() || key == taint.key)
        && match t.operator.as_deref().unwrap_or("") {
            "Exists" => true,
            "" | "Equal" => value(),
            _ => false,
        }
}

/// The first taint with one of these effects that none of the tolerations answers.
pub fn untolerated<'a>(taints: &'a [Taint], tolerations: &[Toleration], effects: &[&str]) -> Option<&'a Taint> {
    let matters = |t: &&Taint| effects.contains(&t.effect.as_str());
    taints.iter().filter(matters).find(|taint| !tolerations.iter().any(|t| tolerates(t, taint)))
}

/// `key=value:NoSchedule`
pub fn text(t: &Taint) -> String {
    let value = t.value.as_deref().filter(|v| !v.is_empty()).map(|v| format!("={v}")).unwrap_or_default();
    format!("{}{value}:{}", t.key, t.effect)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_toleration_answers_by_key_value_and_effect() {
        let taint: Taint = serde_json::from_value(json!({"key": "k", "value": "v", "effect": "NoSchedule"})).unwrap();
        let answers = |t: serde_json::Value| tolerates(&serde_json::from_value(t).unwrap(), &taint);
        assert!(answers(json!({"operator": "Exists"})));
        assert!(answers(json!({"key": "k", "value": "v"})));
        assert!(answers(json!({"key": "k", "operator": "Equal", "value": "v", "effect": "NoSchedule"})));
        assert!(!answers(json!({"key": "k", "operator": "Equal"})));
        assert!(!answers(json!({"key": "k", "operator": "Exists", "effect": "NoExecute"})));
        assert!(!answers(json!({"key": "other", "operator": "Exists"})));
        assert_eq!(text(&taint), "k=v:NoSchedule");
        assert!(untolerated(std::slice::from_ref(&taint), &[], &["NoExecute"]).is_none());
        assert_eq!(untolerated(std::slice::from_ref(&taint), &[], &["NoSchedule"]), Some(&taint));
    }
}
