//! What a HorizontalPodAutoscaler aims at beside what there is: `cpu: 40%/80%`.
//! Real Kubernetes: pkg/printers/internalversion/printers.go formatHPAMetrics.

use k8s_openapi::api::autoscaling::v2::{MetricSpec, MetricStatus, MetricTarget, MetricValueStatus};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as RawQuantity;

use crate::api::kinds::HorizontalPodAutoscaler;
use crate::api::quantity::canonical;

/// So many are shown; the others are counted.
const SHOWN: usize = 2;
const UNKNOWN: &str = "<unknown>";

pub fn column(h: &HorizontalPodAutoscaler) -> String {
    let metrics = h.spec.metrics.as_deref().unwrap_or_default();
    let current = h.status.as_ref().and_then(|s| s.current_metrics.as_deref()).unwrap_or_default();
    if metrics.is_empty() {
        return "<none>".into();
    }
    let texts: Vec<String> = metrics.iter().enumerate().take(SHOWN).map(|(i, m)| target(m, current.get(i))).collect();
    let list = texts.join(", ");
    match metrics.len().checked_sub(SHOWN) {
        None | Some(0) => list,
        Some(more) => format!("{list} + {more} more..."),
    }
}

fn target(m: &MetricSpec, now: Option<&MetricStatus>) -> String {
    let of = |t: &MetricTarget, v: Option<&MetricValueStatus>| value_or_average(t, v);
    match (m.type_.as_str(), &m.external, &m.pods, &m.object, &m.resource, &m.container_resource) {
        ("External", Some(s), ..) => of(&s.target, now.and_then(|n| n.external.as_ref()).map(|n| &n.current)),
        ("Pods", _, Some(s), ..) => {
            let now = now.and_then(|n| n.pods.as_ref()).map(|n| &n.current);
            format!("{}/{}", average(now), amount(s.target.average_value.as_ref()))
        }
        ("Object", _, _, Some(s), ..) => of(&s.target, now.and_then(|n| n.object.as_ref()).map(|n| &n.current)),
        ("Resource", .., Some(s), _) => {
            resource(&s.name, &s.target, now.and_then(|n| n.resource.as_ref()).map(|n| &n.current))
        }
        ("ContainerResource", .., Some(s)) => {
            resource(&s.name, &s.target, now.and_then(|n| n.container_resource.as_ref()).map(|n| &n.current))
        }
        _ => "<unknown type>".into(),
    }
}

fn amount(q: Option<&RawQuantity>) -> String {
    q.map_or_else(|| "<nil>".into(), |q| canonical(&q.0))
}

fn average(now: Option<&MetricValueStatus>) -> String {
    now.map_or_else(|| UNKNOWN.into(), |n| amount(n.average_value.as_ref()))
}

fn value_or_average(t: &MetricTarget, now: Option<&MetricValueStatus>) -> String {
    if t.average_value.is_none() {
        let now = now.map_or_else(|| UNKNOWN.into(), |n| amount(n.value.as_ref()));
        return format!("{now}/{}", amount(t.value.as_ref()));
    }
    let now = now.filter(|n| n.average_value.is_some());
    format!("{}/{} (avg)", average(now), amount(t.average_value.as_ref()))
}

fn resource(name: &str, t: &MetricTarget, now: Option<&MetricValueStatus>) -> String {
    if t.average_value.is_some() {
        return format!("{name}: {}/{}", average(now), amount(t.average_value.as_ref()));
    }
    let percent = |n: Option<i32>, none: &str| n.map_or_else(|| none.into(), |n| format!("{n}%"));
    let now = percent(now.and_then(|n| n.average_utilization), UNKNOWN);
    format!("{name}: {now}/{}", percent(t.average_utilization, "<auto>"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn shown(metrics: Value, current: Value) -> String {
        let h = json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {},
            "spec": {"maxReplicas": 1, "scaleTargetRef": {"kind": "a", "name": "b"}, "metrics": metrics},
            "status": {"desiredReplicas": 1, "currentMetrics": current}});
        column(&serde_json::from_value(h).unwrap())
    }

    #[test]
    fn targets_are_shown_beside_what_there_is() {
        let cpu = json!({"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}});
        let pods = json!({"type": "Pods", "pods": {"metric": {"name": "p"}, "target": {"type": "AverageValue", "averageValue": "1000"}}});
        let queue = json!({"type": "External", "external": {"metric": {"name": "q"}, "target": {"type": "AverageValue", "averageValue": "500m"}}});
        assert_eq!(shown(json!([]), json!([])), "<none>");
        assert_eq!(shown(json!([cpu]), json!([])), "cpu: <unknown>/80%");
        let now = json!([{"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 40, "averageValue": "4m"}}}]);
        assert_eq!(shown(json!([cpu, pods, queue, cpu]), now), "cpu: 40%/80%, <unknown>/1k + 2 more...");
        assert_eq!(shown(json!([queue]), json!([])), "<unknown>/500m (avg)");
    }
}
