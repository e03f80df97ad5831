//! The hash of a pod template, by which a Deployment names and finds its ReplicaSets.
//!
//! Kubernetes prints the template as Go does ([`go_dump`]) and takes FNV-1a of the text.
//!
//! Real Kubernetes: `pkg/controller/controller_utils.go` ComputeHash.

use serde_json::Value;

use super::go_dump::{self, FNV32, fnv32};

/// The letters that generated names are made of: no vowels, so no words.
pub const SAFE_ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// The value of the label `pod-template-hash` for this template (as JSON, with defaults filled in).
pub fn compute(template: &Value, collision_count: Option<i32>) -> String {
    let mut h = fnv32(FNV32, go_dump::of("core/v1.PodTemplateSpec", template).as_bytes());
    if let Some(n) = collision_count {
        let mut bytes = [0u8; 8];
        bytes[..4].copy_from_slice(&n.to_le_bytes());
        h = fnv32(h, &bytes);
    }
    safe_encode(&h.to_string())
}

/// The hash by which a StatefulSet names a ControllerRevision: of the data's JSON, by FNV-1.
/// Real Kubernetes: pkg/controller/history HashControllerRevision.
pub fn of_revision(data: &str, collision_count: i32) -> String {
    let text = format!("{data}{collision_count}");
    let hash = text.bytes().fold(FNV32, |h, b| h.wrapping_mul(0x0100_0193) ^ u32::from(b));
    safe_encode(&hash.to_string())
}

/// Replaces each byte by a letter that cannot form bad words. Real Kubernetes: `rand.SafeEncodeString`.
pub fn safe_encode(s: &str) -> String {
    s.bytes().map(|b| char::from(SAFE_ALPHABET[usize::from(b) % SAFE_ALPHABET.len()])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn template(app: &str, container: Value) -> Value {
        let mut c = json!({"imagePullPolicy": "Always", "resources": {}, "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"});
        for (k, v) in container.as_object().into_iter().flatten() {
            c[k] = v.clone();
        }
        json!({"metadata": {"labels": {"app": app}}, "spec": {"containers": [c], "dnsPolicy": "ClusterFirst", "restartPolicy": "Always",
            "schedulerName": "default-scheduler", "securityContext": {}, "terminationGracePeriodSeconds": 30}})
    }

    #[test]
    fn hashes_equal_those_of_a_real_cluster() {
        let first = template("first-app", json!({"name": "kub-first-app", "image": "codongmin/kub-first-app"}));
        assert_eq!(compute(&first, None), "75d5fdbb89");
        let web = template(
            "web",
            json!({"name": "nginx", "image": "nginx:1.26", "imagePullPolicy": "IfNotPresent",
            "resources": {"limits": {"cpu": "200m", "memory": "128Mi"}}}),
        );
        assert_eq!(compute(&web, None), "67478f85f7");
        let echo = template(
            "echo",
            json!({"name": "echo", "image": "subicura/echo:v1", "imagePullPolicy": "IfNotPresent",
            "readinessProbe": {"tcpSocket": {"port": 3000}, "initialDelaySeconds": 3, "periodSeconds": 1, "timeoutSeconds": 1,
            "successThreshold": 1, "failureThreshold": 3}}),
        );
        assert_eq!(compute(&echo, None), "9f9dcdbb9");
    }
}
