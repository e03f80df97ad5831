use super::eviction::stays;
use super::health::{Zone, zone};
use crate::api::Duration;
use k8s_openapi::api::core::v1::{Taint, Toleration};

#[test]
fn when_all_nodes_are_silent_the_fault_is_elsewhere() {
    for (ready, silent, want) in [
        (1, 0, Zone::Normal),
        (0, 1, Zone::Full),
        (3, 1, Zone::Normal),
        (2, 2, Zone::Normal),
        (2, 3, Zone::Partial),
        (0, 5, Zone::Full),
    ] {
        assert_eq!(zone(ready, silent), want, "{ready} ready, {silent} silent");
    }
}

#[test]
fn a_pod_stays_as_long_as_its_shortest_toleration() {
    let taint = Taint { key: "node.kubernetes.io/unreachable".into(), effect: "NoExecute".into(), ..Taint::default() };
    let toleration = |seconds: Option<i64>| Toleration {
        key: Some("node.kubernetes.io/unreachable".into()),
        operator: Some("Exists".into()),
        effect: Some("NoExecute".into()),
        toleration_seconds: seconds,
        ..Toleration::default()
    };
    assert_eq!(stays(&[], &[&taint]), Some(Duration::ZERO));
    assert_eq!(stays(&[toleration(Some(300))], &[&taint]), Some(Duration::from_secs(300)));
    assert_eq!(stays(&[toleration(None)], &[&taint]), None);
}
