use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::history::History;
use super::limits::{self, Limit, Range};
use super::plan::{ABLE, ACTIVE, Figures, LIMITED, Plan, Reason, Scale, Seen, Step, Unselected, plan, tolerances};
use super::replicas::{Ask, Proposal, Sample, Target, Tolerances, propose};
use crate::api::kinds::{HorizontalPodAutoscaler, Pod, PodMetrics};
use crate::api::{Duration, Time};

const NOW: Time = Time::ZERO;
const USUAL: Tolerances = Tolerances { down: 0.1, up: 0.1 };

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// A pod that requests 100m in one container and has been ready for ten minutes, unless `more` says something else of its status.
fn pod(name: &str, more: Value) -> Pod {
    let mut status = json!({
        "phase": "Running", "startTime": (NOW - seconds(600)).rfc3339(),
        "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": (NOW - seconds(590)).rfc3339()}],
    });
    status.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let container = json!({"name": "c", "resources": {"requests": {"cpu": "100m", "memory": "100Mi"}}});
    let metadata = json!({"name": name, "namespace": "d", "labels": {"app": "web"}});
    serde_json::from_value(json!({"metadata": metadata, "spec": {"containers": [container]}, "status": status}))
        .unwrap()
}

fn well(name: &str) -> Pod {
    pod(name, json!({}))
}

fn unready(name: &str, started: u64, since: u64) -> Pod {
    let ready = json!({"type": "Ready", "status": "False", "lastTransitionTime": (NOW - seconds(since)).rfc3339()});
    pod(name, json!({"startTime": (NOW - seconds(started)).rfc3339(), "conditions": [ready]}))
}

fn sample(value: i64) -> Sample {
    Sample { value, at: NOW - seconds(5), window: seconds(15) }
}

/// How many replicas there should be when so many are wanted and pods use so many thousandths of a CPU.
fn asked(current: i32, target: Target, pods: &[Pod], used: &[(&str, i64)]) -> Result<i32, String> {
    proposed(current, target, pods, used, None).map(|p| p.replicas)
}

fn proposed(
    current: i32,
    target: Target,
    pods: &[Pod],
    used: &[(&str, i64)],
    container: Option<&str>,
) -> Result<Proposal, String> {
    let samples: BTreeMap<String, Sample> = used.iter().map(|(n, v)| ((*n).to_string(), sample(*v))).collect();
    let pods: Vec<&Pod> = pods.iter().collect();
    let question = Ask { now: NOW, current, pods: &pods, resource: "cpu", container, target, tolerances: USUAL };
    propose(&question, &samples)
}

const HALF: Target = Target::Utilization(50);

#[test]
fn replicas_are_in_proportion_to_what_is_used() {
    let two = [well("a"), well("b")];
    assert_eq!(asked(2, HALF, &two, &[("a", 100), ("b", 100)]), Ok(4));
    assert_eq!(asked(2, HALF, &two, &[("a", 80), ("b", 60)]), Ok(3), "rounded up");
    assert_eq!(asked(2, HALF, &two, &[("a", 0), ("b", 0)]), Ok(0));
    assert_eq!(asked(2, Target::Average(20), &two, &[("a", 100), ("b", 100)]), Ok(10));
    let p = proposed(2, HALF, &two, &[("a", 80), ("b", 61)], None).unwrap();
    assert_eq!((p.percent, p.usage), (Some(70), 70));
}

#[test]
fn what_is_off_by_less_than_a_tenth_is_left_alone() {
    let two = [well("a"), well("b")];
    for (used, want) in [(45, 2), (50, 2), (55, 2), (56, 3), (44, 2), (25, 1)] {
        assert_eq!(asked(2, HALF, &two, &[("a", used), ("b", used)]), Ok(want), "{used}m");
    }
}

#[test]
fn a_pod_without_figures_is_thought_busy_on_the_way_down_and_idle_on_the_way_up() {
    let three = [well("a"), well("b"), well("c")];
    // Down: (10 + 10 + 100) of 300 is 40 %, 0.8 of what is aimed at: three.
    assert_eq!(asked(3, HALF, &three, &[("a", 10), ("b", 10)]), Ok(3));
    assert_eq!(asked(3, HALF, &three, &[("a", 0), ("b", 0)]), Ok(2));
    // Up: (100 + 100 + 0) of 300 is 66 %, 1.32 of it: four.
    assert_eq!(asked(3, HALF, &three, &[("a", 100), ("b", 100)]), Ok(4));
    // It would turn round: 70 % without it, 46 % with it.
    assert_eq!(asked(3, HALF, &three, &[("a", 70), ("b", 70)]), Ok(3));
    assert_eq!(asked(3, Target::Average(50), &three, &[("a", 100), ("b", 100)]), Ok(4));
}

#[test]
fn pods_that_are_not_ready_count_as_idle_on_the_way_up_only() {
    let with = |p: Pod| [well("a"), p];
    // 100 % and an idle one: 50 %, which is what is aimed at.
    assert_eq!(asked(2, HALF, &with(unready("b", 60, 55)), &[("a", 100), ("b", 100)]), Ok(2));
    assert_eq!(asked(2, HALF, &with(pod("b", json!({"phase": "Pending"}))), &[("a", 200)]), Ok(4));
    assert_eq!(asked(2, HALF, &with(unready("b", 60, 55)), &[("a", 10), ("b", 100)]), Ok(1));
    // It has been ready before: its figures count.
    assert_eq!(asked(2, HALF, &with(unready("b", 600, 60)), &[("a", 100), ("b", 100)]), Ok(4));
    // It never was, ten minutes long.
    assert_eq!(asked(2, HALF, &with(unready("b", 600, 590)), &[("a", 100), ("b", 100)]), Ok(2));
    // Who goes or has failed does not count at all.
    assert_eq!(asked(2, HALF, &with(pod("b", json!({"phase": "Failed"}))), &[("a", 100), ("b", 100)]), Ok(2));
}

#[test]
fn a_young_pod_counts_once_a_whole_window_has_passed_since_it_was_ready() {
    let ready_for = |s: u64| {
        let ready = json!({"type": "Ready", "status": "True", "lastTransitionTime": (NOW - seconds(s)).rfc3339()});
        [pod("a", json!({"startTime": (NOW - seconds(s + 1)).rfc3339(), "conditions": [ready]}))]
    };
    assert_eq!(asked(1, HALF, &ready_for(20), &[("a", 100)]), Ok(2));
    let none = Err("did not receive metrics for targeted pods (pods might be unready)".to_string());
    assert_eq!(asked(1, HALF, &ready_for(19), &[("a", 100)]), none);
}

#[test]
fn without_requests_there_is_no_share_of_them() {
    let mut bare = well("a");
    bare.spec.as_mut().unwrap().containers[0].resources = None;
    let one = [bare];
    assert_eq!(asked(1, HALF, &one, &[("a", 1)]), Err("missing request for cpu in container c of Pod a".into()));
    assert_eq!(asked(1, Target::Average(10), &one, &[("a", 20)]), Ok(2), "an amount needs none");
    let other = proposed(1, HALF, &[well("a")], &[("a", 1)], Some("x"));
    assert_eq!(other, Err("container x not found in Pod a".into()));
    assert_eq!(asked(1, HALF, &[], &[]), Err("no pods returned by selector while calculating replica count".into()));
}

#[test]
fn the_highest_recommendation_of_five_minutes_holds() {
    let mut h = History::default();
    h.began(3, NOW);
    assert_eq!(h.highest(1, NOW + seconds(15)), 3);
    assert_eq!(h.highest(5, NOW + seconds(30)), 5);
    assert_eq!(h.highest(1, NOW + seconds(330)), 5);
    assert_eq!(h.highest(1, NOW + seconds(331)), 1);
}

#[test]
fn each_way_has_its_window() {
    let mut h = History::default();
    let (up, down) = (seconds(60), seconds(120));
    assert_eq!(h.agreed(2, 5, up, down, NOW), 5);
    assert_eq!(h.agreed(5, 3, up, down, NOW + seconds(30)), 5, "five were needed of late");
    assert_eq!(h.agreed(5, 9, up, down, NOW + seconds(60)), 5, "three were enough of late");
    assert_eq!(h.agreed(5, 9, up, down, NOW + seconds(91)), 9);
    assert_eq!(h.agreed(9, 4, up, down, NOW + seconds(212)), 4);
}

fn rules(select: &str, policies: &[(&str, i32, i32)]) -> k8s_openapi::api::autoscaling::v2::HPAScalingRules {
    let policy = |(t, v, p): &(&str, i32, i32)| json!({"type": t, "value": v, "periodSeconds": p});
    let policies: Vec<Value> = policies.iter().map(policy).collect();
    serde_json::from_value(json!({"selectPolicy": select, "policies": policies})).unwrap()
}

#[test]
fn policies_say_how_many_may_come_and_go() {
    let range = Range { min: 1, max: 100 };
    let both = [("Pods", 4, 60), ("Percent", 100, 60)];
    let quiet = History::default();
    let limited = |select: &str, current: i32, wanted: i32| {
        let r = rules(select, &both);
        limits::by_rules((Some(&r), Some(&r)), &quiet, current, wanted, range, NOW)
    };
    assert_eq!(limited("Max", 3, 50), (7, Limit::Up));
    assert_eq!(limited("Max", 10, 50), (20, Limit::Up));
    assert_eq!(limited("Min", 10, 50), (14, Limit::Up));
    assert_eq!(limited("Disabled", 10, 50), (10, Limit::Up));
    assert_eq!(limited("Max", 90, 150), (100, Limit::TooMany));
    assert_eq!(limited("Max", 10, 0), (1, Limit::TooFew));
    assert_eq!(limited("Min", 10, 2), (6, Limit::Down));
    assert_eq!(limited("Disabled", 10, 2), (10, Limit::Down));
    assert_eq!(limited("Max", 10, 12), (12, Limit::None));
}

#[test]
fn what_came_within_a_period_counts() {
    let behavior = json!({"scaleUp": {"policies": [{"type": "Pods", "value": 4, "periodSeconds": 60}]}});
    let behavior: k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscalerBehavior =
        serde_json::from_value(behavior).unwrap();
    let (range, r) = (Range { min: 1, max: 100 }, rules("Max", &[("Pods", 4, 60)]));
    let mut h = History::default();
    h.scaled(Some(&behavior), 1, 4, NOW);
    let at = |s: u64| limits::by_rules((Some(&r), None), &h, 4, 50, range, NOW + seconds(s));
    assert_eq!(at(15), (5, Limit::Up), "three have come of four");
    assert_eq!(at(60), (8, Limit::Up));
}

/// Pods may request and use as much as they like.
#[test]
fn no_figure_is_too_great() {
    let two = [well("a"), well("b")];
    let used = [("a", i64::MAX), ("b", i64::MAX)];
    assert!(asked(2, HALF, &two, &used).is_ok_and(|n| n > 2));
    assert!(asked(2, Target::Average(1), &two, &used).is_ok_and(|n| n > 2));
    let mut greedy = well("a");
    let container = &mut greedy.spec.as_mut().unwrap().containers[0];
    container.resources = serde_json::from_value(json!({"requests": {"cpu": "9223372036854775807"}})).unwrap();
    let three = [greedy.clone(), well("b"), greedy];
    assert!(asked(3, HALF, &three, &[("b", 500)]).is_ok(), "what has no figures counts as busy");
    let behavior: k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscalerBehavior =
        serde_json::from_value(json!({})).unwrap();
    let mut h = History::default();
    for _ in 0..3 {
        h.scaled(Some(&behavior), i32::MAX, 0, NOW);
    }
    assert_eq!(h.replicas_before(0, 60, NOW), i32::MAX);
}

#[test]
fn without_rules_it_doubles_at_most() {
    let range = Range { min: 2, max: 10 };
    assert_eq!(limits::usual(1, 9, range), (4, Limit::Up));
    assert_eq!(limits::usual(3, 9, range), (6, Limit::Up));
    assert_eq!(limits::usual(6, 20, range), (10, Limit::TooMany));
    assert_eq!(limits::usual(6, 1, range), (2, Limit::TooFew));
    assert_eq!(limits::usual(6, 5, range), (5, Limit::None));
}

fn hpa(more: Value) -> HorizontalPodAutoscaler {
    let metric = json!({"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}});
    let mut spec = json!({"minReplicas": 1, "maxReplicas": 10, "metrics": [metric],
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}});
    spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let metadata = json!({"name": "web", "namespace": "d"});
    serde_json::from_value(json!({"metadata": metadata, "spec": spec})).unwrap()
}

fn using(name: &str, cpu: &str) -> PodMetrics {
    serde_json::from_value(
        json!({"metadata": {"name": name}, "timestamp": (NOW - seconds(5)).rfc3339(), "window": "15s",
        "containers": [{"name": "c", "usage": {"cpu": cpu, "memory": "20Mi"}}]}),
    )
    .unwrap()
}

fn planned(hpa: &HorizontalPodAutoscaler, wanted: i32, pods: &[Pod], figures: Figures) -> Plan {
    let scale = Scale { wanted, selector: "app=web".into() };
    let seen = Seen { hpa, now: NOW, scale, pods: pods.iter().collect(), unselected: None, figures };
    plan(&seen, &mut History::default())
}

/// `True DesiredWithinRange`
fn condition(p: &Plan, kind: &str) -> String {
    let found = p.status.conditions.iter().flatten().find(|c| c.type_ == kind);
    found.map(|c| format!("{} {}", c.status, c.reason.as_deref().unwrap_or(""))).unwrap_or_default()
}

#[test]
fn a_busy_pod_gets_company() {
    let h = hpa(json!({}));
    let mut p = planned(&h, 1, &[well("a")], Ok(vec![using("a", "200m")]));
    let metric = "cpu resource utilization (percentage of request)".to_string();
    assert_eq!(p.step, Step::Rescale { to: 4, reason: Reason::Above(metric) });
    assert_eq!(condition(&p, ACTIVE), "True ValidMetricFound");
    assert_eq!(condition(&p, LIMITED), "False DesiredWithinRange");
    p.scaled(&h, Ok(()), &mut History::default());
    assert_eq!(condition(&p, ABLE), "True SucceededRescale");
    assert_eq!((p.status.current_replicas, p.status.desired_replicas), (Some(1), 4));
    assert_eq!(p.status.last_scale_time, Some(NOW.meta()));
    let now = &p.status.current_metrics.as_ref().unwrap()[0].resource.as_ref().unwrap().current;
    assert_eq!((now.average_utilization, now.average_value.as_ref().unwrap().0.as_str()), (Some(200), "200m"));
    assert_eq!(p.said[0].message, "New size: 4; reason: cpu resource utilization (percentage of request) above target");
}

#[test]
fn a_scale_that_cannot_be_written_stays_what_it_was() {
    let h = hpa(json!({}));
    let mut p = planned(&h, 1, &[well("a")], Ok(vec![using("a", "200m")]));
    p.scaled(&h, Err("no".into()), &mut History::default());
    assert_eq!(condition(&p, ABLE), "False FailedUpdateScale");
    assert_eq!((p.status.desired_replicas, p.status.last_scale_time), (0, None));
    let reason = "cpu resource utilization (percentage of request) above target";
    assert_eq!(p.said[0].message, format!("New size: 4; reason: {reason}; error: no"));
}

#[test]
fn outside_of_its_range_no_metric_is_asked() {
    let h = hpa(json!({"minReplicas": 3, "maxReplicas": 5}));
    assert_eq!([0, 2, 3, 5, 6].map(|n| super::plan::asks_metrics(&h, n)), [false, false, true, true, false]);
    let blind = || Figures::Err("x".into());
    assert_eq!(planned(&h, 2, &[], blind()).step, Step::Rescale { to: 3, reason: Reason::BelowMin });
    assert_eq!(planned(&h, 9, &[], blind()).step, Step::Rescale { to: 5, reason: Reason::AboveMax });
    let zero = planned(&h, 0, &[], blind());
    assert_eq!((zero.step.clone(), condition(&zero, ACTIVE)), (Step::Keep, "False ScalingDisabled".into()));
}

#[test]
fn a_metric_without_figures_keeps_others_from_scaling_down_but_not_up() {
    let cpu = |n: i32| json!({"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": n}}});
    let pods = json!({"type": "Pods", "pods": {"metric": {"name": "hits"}, "target": {"type": "AverageValue", "averageValue": "10"}}});
    let h = |n: i32| hpa(json!({"metrics": [pods, cpu(n)]}));
    let (two, figures) = ([well("a"), well("b")], || Ok(vec![using("a", "50m"), using("b", "50m")]));
    let up = planned(&h(25), 2, &two, figures());
    assert!(matches!(up.step, Step::Rescale { to: 4, .. }), "{:?}", up.step);
    assert_eq!(up.said[0].reason, "FailedGetPodsMetric");
    assert_eq!(condition(&up, ACTIVE), "True ValidMetricFound");
    let down = planned(&h(100), 2, &two, figures());
    let why = "unable to get metric hits: unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered";
    assert_eq!(
        down.step,
        Step::Fail {
            why: format!(
                "invalid metrics (1 invalid out of 2), first error is: failed to get pods metric value: {why}"
            )
        }
    );
    assert_eq!(condition(&down, ACTIVE), "False FailedGetPodsMetric");
    let kinds: Vec<&str> = down.status.current_metrics.iter().flatten().map(|m| m.type_.as_str()).collect();
    assert_eq!(kinds, ["", "Resource"]);
}

#[test]
fn metrics_that_need_an_adapter_say_that_there_is_none() {
    let failure = |metric: Value| {
        let h = hpa(json!({"metrics": [metric]}));
        let p = planned(&h, 1, &[well("a")], Ok(vec![]));
        let Step::Fail { why } = &p.step else { panic!("{:?}", p.step) };
        (p.said[0].message.clone(), why.clone())
    };
    let (why, told) = failure(json!({"type": "External", "external": {
        "metric": {"name": "queue", "selector": {"matchLabels": {"q": "x"}}}, "target": {"type": "AverageValue", "averageValue": "30"}}}));
    let selector =
        "&LabelSelector{MatchLabels:map[string]string{q: x,},MatchExpressions:[]LabelSelectorRequirement{},}";
    assert_eq!(
        why,
        format!(
            "unable to get external metric d/queue/{selector}: unable to fetch metrics from external metrics API: the server could not find the requested resource (get queue.external.metrics.k8s.io)"
        )
    );
    assert_eq!(
        told,
        format!(
            "invalid metrics (1 invalid out of 1), first error is: failed to get queue external metric value: failed to get queue external metric: {why}"
        )
    );
    let (why, told) = failure(json!({"type": "Object", "object": {"metric": {"name": "hits"},
        "describedObject": {"apiVersion": "v1", "kind": "Service", "name": "main"}, "target": {"type": "Value", "value": "30"}}}));
    assert_eq!(
        why,
        "unable to get metric hits: Service on d main/unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered"
    );
    assert_eq!(
        told,
        format!("invalid metrics (1 invalid out of 1), first error is: failed to get object metric value: {why}")
    );
}

#[test]
fn pods_of_several_autoscalers_are_nobodys() {
    let h = hpa(json!({}));
    let rivals = vec!["d/other".to_string(), "d/web".to_string()];
    let scale = Scale { wanted: 1, selector: "app=web".into() };
    let unselected = Some(Unselected::Ambiguous { selector: "app=web".into(), rivals });
    let seen = Seen { hpa: &h, now: NOW, scale, pods: vec![], unselected, figures: Ok(vec![]) };
    let p = plan(&seen, &mut History::default());
    assert_eq!(condition(&p, ACTIVE), "False AmbiguousSelector");
    assert_eq!(p.said[0].message, "pods by selector app=web are controlled by multiple HPAs: [d/other d/web]");
    assert_eq!((p.status.current_replicas, &p.status.current_metrics), (Some(1), &None));
}

#[test]
fn one_container_alone_may_be_measured_and_memory_too() {
    let metric = json!({"type": "ContainerResource", "containerResource": {"name": "memory", "container": "c",
        "target": {"type": "AverageValue", "averageValue": "10Mi"}}});
    let p = planned(&hpa(json!({"metrics": [metric]})), 1, &[well("a")], Ok(vec![using("a", "1m")]));
    assert_eq!(p.step, Step::Rescale { to: 2, reason: Reason::Above("memory resource".into()) });
    let now = &p.status.current_metrics.as_ref().unwrap()[0].container_resource.as_ref().unwrap().current;
    assert_eq!(now.average_value.as_ref().unwrap().0, "20Mi");
}

#[test]
fn rules_may_have_tolerances_of_their_own() {
    let own = tolerances(&hpa(json!({"behavior": {"scaleUp": {"tolerance": "0.5"}}})));
    assert_eq!((own.up, own.down), (0.5, 0.1));
}
