//! describe horizontalpodautoscaler.

use serde_json::Value;

use super::{annotations, date, head, labels, text};
use crate::api::quantity::canonical;
use crate::api::request::Request;
use crate::kubectl::env::Env;
use crate::kubectl::failure::Failure;
use crate::kubectl::resources::Found;

const UNKNOWN: &str = "<unknown>";

/// kubectl asks for `v2`, whichever version was named.
pub fn page(f: &Found, env: &mut Env<'_>) -> Result<String, Failure> {
    let h = &*match f.kind.version() {
        "v2" => f.object.clone(),
        version => env.call(&Request::get(f.path().replacen(&format!("/{version}/"), "/v2/", 1)))?,
    };
    let (spec, status) = (&h["spec"], &h["status"]);
    let target = &spec["scaleTargetRef"];
    let mut out = head(f);
    out.push_str(&labels("Labels", &h["metadata"]["labels"]));
    out.push_str(&annotations("Annotations", &h["metadata"]["annotations"]));
    out.push_str(&format!("CreationTimestamp:\t{}\n", date(&h["metadata"]["creationTimestamp"])));
    out.push_str(&format!("Reference:\t{}/{}\n", text(&target["kind"]), text(&target["name"])));
    out.push_str("Metrics:\t( current / target )\n");
    for (i, m) in spec["metrics"].as_array().into_iter().flatten().enumerate() {
        out.push_str(&metric(m, &status["currentMetrics"][i]));
    }
    let min = spec["minReplicas"].as_i64().map_or_else(|| "<unset>".into(), |n| n.to_string());
    out.push_str(&format!("Min replicas:\t{min}\nMax replicas:\t{}\n", whole(&spec["maxReplicas"])));
    if spec["behavior"].is_object() {
        out.push_str("Behavior:\n");
        out.push_str(&rules("Scale Up", &spec["behavior"]["scaleUp"]));
        out.push_str(&rules("Scale Down", &spec["behavior"]["scaleDown"]));
    }
    let (current, desired) = (whole(&status["currentReplicas"]), whole(&status["desiredReplicas"]));
    out.push_str(&format!("{} pods:\t{current} current / {desired} desired\n", text(&target["kind"])));
    let conditions = status["conditions"].as_array().filter(|c| !c.is_empty());
    if let Some(list) = conditions {
        out.push_str("Conditions:\n  Type\tStatus\tReason\tMessage\n  ----\t------\t------\t-------\n");
        for c in list {
            let cells = ["type", "status", "reason", "message"].map(|k| text(&c[k]));
            out.push_str(&format!("  {}\n", cells.join("\t")));
        }
    }
    Ok(out)
}

fn whole(v: &Value) -> i64 {
    v.as_i64().unwrap_or(0)
}

/// A line of a metric: what it measures, what that is now, what it shall be.
fn metric(m: &Value, now: &Value) -> String {
    let of = |kind: &str| (m[kind].clone(), now[kind]["current"].clone());
    match text(&m["type"]) {
        "External" => {
            let (s, now) = of("external");
            let (field, words) = side(s["target"]["averageValue"].is_string());
            format!("  {:?} ({words}):\t{}\n", text(&s["metric"]["name"]), amounts(field, &now, &s["target"]))
        }
        "Pods" => {
            let (s, now) = of("pods");
            format!("  {:?} on pods:\t{}\n", text(&s["metric"]["name"]), amounts("averageValue", &now, &s["target"]))
        }
        "Object" => {
            let (s, now) = of("object");
            let about = &s["describedObject"];
            let (field, words) = side(s["target"]["type"] == "AverageValue");
            let (name, kind, object) = (text(&s["metric"]["name"]), text(&about["kind"]), text(&about["name"]));
            format!("  \"{name}\" on {kind}/{object} ({words}):\t{}\n", amounts(field, &now, &s["target"]))
        }
        "Resource" => {
            let (s, now) = of("resource");
            resource(&format!("resource {} on pods", text(&s["name"])), &s["target"], &now)
        }
        "ContainerResource" => {
            let (s, now) = of("containerResource");
            let (name, container) = (text(&s["name"]), text(&s["container"]));
            resource(&format!("resource {name} of container \"{container}\" on pods"), &s["target"], &now)
        }
        other => format!("  <unknown metric type {other:?}>\n"),
    }
}

/// The field of a target that counts, and its words.
fn side(average: bool) -> (&'static str, &'static str) {
    if average { ("averageValue", "target average value") } else { ("value", "target value") }
}

fn amounts(field: &str, now: &Value, target: &Value) -> String {
    let now = now[field].as_str().map_or_else(|| UNKNOWN.into(), canonical);
    format!("{now} / {}", canonical(text(&target[field])))
}

fn resource(what: &str, target: &Value, now: &Value) -> String {
    if target["averageValue"].is_string() {
        return format!("  {what}:\t{}\n", amounts("averageValue", now, target));
    }
    let now = match now["averageUtilization"].as_i64() {
        Some(percent) => format!("{percent}% ({})", canonical(text(&now["averageValue"]))),
        None => UNKNOWN.into(),
    };
    let target = target["averageUtilization"].as_i64().map_or_else(|| "<auto>".into(), |p| format!("{p}%"));
    format!("  {what}  (as a percentage of request):\t{now} / {target}\n")
}

fn rules(direction: &str, r: &Value) -> String {
    if !r.is_object() {
        return String::new();
    }
    let mut out = format!("  {direction}:\n");
    if let Some(seconds) = r["stabilizationWindowSeconds"].as_i64() {
        out.push_str(&format!("    Stabilization Window: {seconds} seconds\n"));
    }
    let policies = r["policies"].as_array().filter(|p| !p.is_empty());
    if let Some(list) = policies {
        let select = r["selectPolicy"].as_str().unwrap_or("Max");
        out.push_str(&format!("    Select Policy: {select}\n    Policies:\n"));
        for p in list {
            let (kind, value, period) = (text(&p["type"]), whole(&p["value"]), whole(&p["periodSeconds"]));
            out.push_str(&format!("      - Type: {kind}\tValue: {value}\tPeriod: {period} seconds\n"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_kind_of_metric_has_its_line() {
        let value = json!({"type": "Value", "value": "30"});
        let average = json!({"type": "AverageValue", "averageValue": "500m"});
        let utilization = json!({"type": "Utilization", "averageUtilization": 80});
        let one = |kind: &str, field: &str, source: Value, now: Value| {
            metric(&json!({"type": kind, field: source}), &json!({field: {"current": now}})).replace('\t', " ")
        };
        let queue = |t: &Value| json!({"metric": {"name": "queue"}, "target": t});
        assert_eq!(
            one("External", "external", queue(&value), Value::Null),
            "  \"queue\" (target value): <unknown> / 30\n"
        );
        let now = json!({"averageValue": "1000m"});
        assert_eq!(one("External", "external", queue(&average), now), "  \"queue\" (target average value): 1 / 500m\n");
        assert_eq!(one("Pods", "pods", queue(&average), Value::Null), "  \"queue\" on pods: <unknown> / 500m\n");
        let mut object = queue(&value);
        object["describedObject"] = json!({"kind": "Service", "name": "web"});
        assert_eq!(
            one("Object", "object", object, Value::Null),
            "  \"queue\" on Service/web (target value): <unknown> / 30\n"
        );
        let now = json!({"averageUtilization": 120, "averageValue": "60m"});
        assert_eq!(
            one("Resource", "resource", json!({"name": "cpu", "target": utilization}), now),
            "  resource cpu on pods  (as a percentage of request): 120% (60m) / 80%\n"
        );
        assert_eq!(
            one(
                "ContainerResource",
                "containerResource",
                json!({"name": "cpu", "container": "c", "target": average}),
                Value::Null
            ),
            "  resource cpu of container \"c\" on pods: <unknown> / 500m\n"
        );
    }

    #[test]
    fn rules_are_told_each_way() {
        let r =
            json!({"stabilizationWindowSeconds": 60, "policies": [{"type": "Pods", "value": 4, "periodSeconds": 15}]});
        assert_eq!(
            rules("Scale Up", &r),
            "  Scale Up:\n    Stabilization Window: 60 seconds\n    Select Policy: Max\n    Policies:\n      - Type: Pods\tValue: 4\tPeriod: 15 seconds\n"
        );
        assert_eq!(rules("Scale Down", &Value::Null), "");
    }
}
