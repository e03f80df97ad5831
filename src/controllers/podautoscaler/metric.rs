//! One metric of an autoscaler: what it says, how many replicas it asks for, or why it says nothing.
//! Real Kubernetes: pkg/controller/podautoscaler/horizontal.go computeReplicasForMetric, metrics/client.go.
//!
//! Deliberately absent: figures of objects, of pods' own metrics and from outside. They come from adapters (custom.metrics.k8s.io,
//! external.metrics.k8s.io), and no cluster here has one: such a metric fails as it does in a real cluster without them.

use std::collections::BTreeMap;

use k8s_openapi::api::autoscaling::v2::{
    ContainerResourceMetricStatus, ExternalMetricSource, MetricSpec, MetricStatus, MetricTarget, MetricValueStatus,
    ObjectMetricSource, ResourceMetricStatus,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as RawQuantity;

use super::plan::{Figures, Seen};
use super::replicas::{Ask, Proposal, Sample, Target, propose};
use crate::api::Time;
use crate::api::kinds::PodMetrics;
use crate::api::object::Resource;
use crate::api::quantity::{Format, Quantity};
use crate::api::selector::go_selector;
use crate::api::time::parse_go_duration;

const NO_ADAPTER: &str =
    "unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered";

/// What a metric asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub replicas: i32,
    /// As which it is told of.
    pub name: String,
    pub status: MetricStatus,
}

/// Why a metric asks for nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub reason: &'static str,
    pub why: String,
    /// The same as the whole autoscaler tells it.
    pub told: String,
}

fn failed(reason: &'static str, why: String, of: &str) -> Failure {
    Failure { reason, told: format!("failed to get {of} value: {why}"), why }
}

/// # Errors
/// It has no figures, or they say nothing.
pub fn ask(seen: &Seen<'_>, m: &MetricSpec) -> Result<Answer, Failure> {
    let namespace = seen.hpa.namespace();
    if let Some(r) = &m.resource {
        let got = resource(seen, &r.name, None, &r.target);
        let (p, current) =
            got.map_err(|why| failed("FailedGetResourceMetric", why, &format!("{} resource metric", r.name)))?;
        let resource = Some(ResourceMetricStatus { name: r.name.clone(), current });
        let status = MetricStatus { type_: m.type_.clone(), resource, ..MetricStatus::default() };
        let share = if p.percent.is_some() { " utilization (percentage of request)" } else { "" };
        return Ok(Answer { replicas: p.replicas, name: format!("{} resource{share}", r.name), status });
    }
    if let Some(r) = &m.container_resource {
        let got = resource(seen, &r.name, Some(&r.container), &r.target);
        let (p, current) = got.map_err(|why| {
            failed("FailedGetContainerResourceMetric", why, &format!("{} container metric", r.container))
        })?;
        let (name, container) = (r.name.clone(), r.container.clone());
        let container_resource = Some(ContainerResourceMetricStatus { name, container, current });
        let status = MetricStatus { type_: m.type_.clone(), container_resource, ..MetricStatus::default() };
        let kind =
            if p.percent.is_some() { "container resource utilization (percentage of request)" } else { "resource" };
        return Ok(Answer { replicas: p.replicas, name: format!("{} {kind}", r.name), status });
    }
    if let Some(p) = &m.pods {
        let why = format!("unable to get metric {}: {NO_ADAPTER}", p.metric.name);
        return Err(failed("FailedGetPodsMetric", why, "pods metric"));
    }
    if let Some(o) = &m.object {
        return Err(of_object(o, namespace));
    }
    if let Some(e) = &m.external {
        return Err(from_outside(e, namespace));
    }
    let why = format!("unknown metric source type {:?}", m.type_);
    Err(Failure { reason: "InvalidMetricSourceType", told: why.clone(), why })
}

fn of_object(o: &ObjectMetricSource, namespace: &str) -> Failure {
    let (name, about) = (&o.metric.name, &o.described_object);
    // (The real message has its parts in this order, too.)
    let why = format!("unable to get metric {name}: {} on {namespace} {}/{NO_ADAPTER}", about.kind, about.name);
    if o.target.type_ == "AverageValue" {
        let told = format!("failed to get object metric value: failed to get {name} object metric: {why}");
        return Failure { reason: "FailedGetObjectMetric", why, told };
    }
    failed("FailedGetObjectMetric", why, "object metric")
}

fn from_outside(e: &ExternalMetricSource, namespace: &str) -> Failure {
    let name = &e.metric.name;
    let selector = e.metric.selector.as_ref().map_or("nil".into(), go_selector);
    let why = format!(
        "unable to get external metric {namespace}/{name}/{selector}: unable to fetch metrics from external metrics API: \
         the server could not find the requested resource (get {name}.external.metrics.k8s.io)"
    );
    let inner = match e.target.average_value {
        Some(_) => format!("failed to get {name} external metric: {why}"),
        None => format!("failed to get external metric {name}: {why}"),
    };
    let told = format!("failed to get {name} external metric value: {inner}");
    Failure { reason: "FailedGetExternalMetric", why, told }
}

/// What pods, or one container of each, use of a resource.
fn resource(
    seen: &Seen<'_>,
    name: &str,
    container: Option<&str>,
    target: &MetricTarget,
) -> Result<(Proposal, MetricValueStatus), String> {
    let value = target.average_value.as_ref().and_then(|q| Quantity::parse(&q.0));
    let (target, sought) = match (value, target.average_utilization) {
        (Some(q), _) => (Target::Average(q.milli()), "usage"),
        (None, Some(percent)) => (Target::Utilization(percent), "utilization"),
        (None, None) => {
            return Err("invalid resource metric source: neither an average utilization target nor an average value (usage) target was set".into());
        }
    };
    let tolerances = super::plan::tolerances(seen.hpa);
    let (current, pods) = (seen.scale.wanted, seen.pods.as_slice());
    let question = Ask { now: seen.now, current, pods, resource: name, container, target, tolerances };
    let found = samples(&seen.figures, name, container)
        .map_err(|why| format!("unable to get metrics for resource {name}: {why}"))
        .and_then(|samples| propose(&question, &samples));
    let p = found.map_err(|why| format!("failed to get {name} {sought}: {why}"))?;
    let format = if name == "memory" { Format::Binary } else { Format::Decimal };
    let usage = Quantity::from_milli(p.usage).written_as(format);
    let average_value = Some(RawQuantity(usage.to_string()));
    Ok((p, MetricValueStatus { average_utilization: p.percent, average_value, value: None }))
}

/// What each pod uses. A pod one of whose containers has no figure has none.
fn samples(figures: &Figures, resource: &str, container: Option<&str>) -> Result<BTreeMap<String, Sample>, String> {
    let list = figures.as_ref().map_err(|why| format!("unable to fetch metrics from resource metrics API: {why}"))?;
    if list.is_empty() {
        return Err("no metrics returned from resource metrics API".into());
    }
    let sample = |m: &PodMetrics| {
        let chosen = m.containers.iter().filter(|c| container.is_none_or(|n| n == c.name));
        let amounts = chosen.map(|c| Some(Quantity::parse(&c.usage.get(resource)?.0)?.milli()));
        let values: Option<Vec<i64>> = amounts.collect();
        let value = values.filter(|v| !v.is_empty())?.iter().sum();
        let at = m.timestamp.as_ref().map(Time::from_meta).unwrap_or_default();
        Some((m.name().to_string(), Sample { value, at, window: parse_go_duration(&m.window).unwrap_or_default() }))
    };
    Ok(list.iter().filter_map(sample).collect())
}
