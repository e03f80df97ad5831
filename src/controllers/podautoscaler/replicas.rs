//! How many replicas a metric asks for: what pods use beside what they should use, and what is thought of pods that nothing is
//! known of.
//! Real Kubernetes: pkg/controller/podautoscaler/replica_calculator.go, metrics/utilization.go.

use std::collections::{BTreeMap, BTreeSet};

use crate::api::kinds::Pod;
use crate::api::object::Resource;
use crate::api::quantity::Quantity;
use crate::api::{Duration, Time, pods, resource_list};

/// For so long after its start a pod's CPU figures count only if it was ready all the while: starting takes more than running.
const CPU_INITIALIZATION: Duration = Duration::from_secs(5 * 60);
/// A pod that was unready from its first so many seconds on has never been ready.
const INITIAL_READINESS: Duration = Duration::from_secs(30);

/// What a pod used, in thousandths, as the mean over a window that ended at a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sample {
    pub value: i64,
    pub at: Time,
    pub window: Duration,
}

/// How far usage may be off before anything is done.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Tolerances {
    pub down: f64,
    pub up: f64,
}

impl Tolerances {
    fn allow(self, ratio: f64) -> bool {
        (1.0 - self.down..=1.0 + self.up).contains(&ratio)
    }
}

/// What is aimed at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Target {
    /// So many percent of what pods request.
    Utilization(i32),
    /// So many thousandths for each pod.
    Average(i64),
}

/// The question.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    pub now: Time,
    /// How many replicas are wanted now.
    pub current: i32,
    pub pods: &'a [&'a Pod],
    pub resource: &'a str,
    /// The one container that is looked at, if it is not the whole pod.
    pub container: Option<&'a str>,
    pub target: Target,
    pub tolerances: Tolerances,
}

/// The answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Proposal {
    pub replicas: i32,
    /// What is used, in percent of what is requested, where that is what is aimed at.
    pub percent: Option<i32>,
    /// What a pod uses, in thousandths.
    pub usage: i64,
}

/// # Errors
/// What is missing to tell.
pub fn propose(ask: &Ask<'_>, samples: &BTreeMap<String, Sample>) -> Result<Proposal, String> {
    if ask.pods.is_empty() {
        return Err("no pods returned by selector while calculating replica count".into());
    }
    let groups = Groups::of(ask, samples);
    let counts = |name: &str| !groups.ignored.contains(name) && !groups.unready.contains(name);
    let mut used: BTreeMap<&str, i64> =
        samples.iter().filter(|(name, _)| counts(name)).map(|(name, s)| (name.as_str(), s.value)).collect();
    if used.is_empty() {
        return Err("did not receive metrics for targeted pods (pods might be unready)".into());
    }
    let yardstick = Yardstick::of(ask)?;
    let Measure { ratio, percent, usage } = yardstick.measure(&used)?;
    let proposal = |replicas| Ok(Proposal { replicas, percent, usage });
    let unready_count = !groups.unready.is_empty() && ratio > 1.0;
    if !unready_count && groups.missing.is_empty() {
        let enough = ask.tolerances.allow(ratio);
        return proposal(if enough { ask.current } else { times(ratio, groups.ready) });
    }
    // Whoever says nothing is thought to stand in the way of any change: busy when it would be less, idle when it would be more.
    for name in &groups.missing {
        if ratio < 1.0 {
            used.insert(name, yardstick.busy(name));
        } else if ratio > 1.0 {
            used.insert(name, 0);
        }
    }
    if unready_count {
        used.extend(groups.unready.iter().map(|name| (*name, 0)));
    }
    let again = yardstick.measure(&used)?.ratio;
    let turned = (ratio < 1.0 && again > 1.0) || (ratio > 1.0 && again < 1.0);
    if turned || ask.tolerances.allow(again) {
        return proposal(ask.current);
    }
    let replicas = times(again, used.len());
    let turned = (again < 1.0 && replicas > ask.current) || (again > 1.0 && replicas < ask.current);
    proposal(if turned { ask.current } else { replicas })
}

fn times(ratio: f64, pods: usize) -> i32 {
    (ratio * pods as f64).ceil() as i32
}

/// Pods by what their figures are worth.
struct Groups<'a> {
    ready: usize,
    /// Their figures say nothing about later.
    unready: BTreeSet<&'a str>,
    missing: BTreeSet<&'a str>,
    /// They go, or have failed.
    ignored: BTreeSet<&'a str>,
}

impl<'a> Groups<'a> {
    fn of(ask: &Ask<'a>, samples: &BTreeMap<String, Sample>) -> Groups<'a> {
        let (unready, missing, ignored) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let mut groups = Groups { ready: 0, unready, missing, ignored };
        for p in ask.pods {
            let of_cpu = ask.resource == "cpu";
            let set = match samples.get(p.name()) {
                _ if p.is_deleting() || pods::phase(p) == "Failed" => &mut groups.ignored,
                _ if pods::phase(p) == "Pending" => &mut groups.unready,
                None => &mut groups.missing,
                Some(s) if of_cpu && is_unready(p, *s, ask.now) => &mut groups.unready,
                Some(_) => {
                    groups.ready += 1;
                    continue;
                }
            };
            set.insert(p.name());
        }
        groups
    }
}

/// Whether what a pod uses of CPU still is what starting takes.
fn is_unready(p: &Pod, sample: Sample, now: Time) -> bool {
    let status = p.status.as_ref();
    let condition = status.and_then(|s| pods::condition(s, "Ready"));
    let start = status.and_then(|s| s.start_time.as_ref()).map(Time::from_meta);
    let (Some(condition), Some(start)) = (condition, start) else { return true };
    let since = condition.last_transition_time.as_ref().map(Time::from_meta).unwrap_or_default();
    let not_ready = condition.status == "False";
    if start + CPU_INITIALIZATION > now {
        not_ready || sample.at < since + sample.window
    } else {
        not_ready && start + INITIAL_READINESS > since
    }
}

/// What usage is laid beside.
enum Yardstick<'a> {
    Utilization { percent: i32, requests: BTreeMap<&'a str, i64> },
    Average(i64),
}

struct Measure {
    /// 1 is what is aimed at.
    ratio: f64,
    percent: Option<i32>,
    usage: i64,
}

impl<'a> Yardstick<'a> {
    fn of(ask: &Ask<'a>) -> Result<Yardstick<'a>, String> {
        match ask.target {
            Target::Average(value) => Ok(Yardstick::Average(value)),
            Target::Utilization(percent) => {
                let requests = ask.pods.iter().map(|p| Ok((p.name(), request(p, ask.container, ask.resource)?)));
                Ok(Yardstick::Utilization { percent, requests: requests.collect::<Result<_, String>>()? })
            }
        }
    }

    fn measure(&self, used: &BTreeMap<&str, i64>) -> Result<Measure, String> {
        let mean = |total: i64, n: usize| total / i64::try_from(n).unwrap_or(i64::MAX).max(1);
        match self {
            Yardstick::Average(target) => {
                let usage = mean(used.values().fold(0, |sum: i64, n| sum.saturating_add(*n)), used.len());
                Ok(Measure { ratio: usage as f64 / *target as f64, percent: None, usage })
            }
            Yardstick::Utilization { percent, requests } => {
                let known = used.iter().filter_map(|(name, value)| Some((value, requests.get(name)?)));
                let (total, requested, n) = known
                    .fold((0_i64, 0_i64, 0), |(t, r, n), (v, q)| (t.saturating_add(*v), r.saturating_add(*q), n + 1));
                if requested == 0 {
                    return Err("no metrics returned matched known pods".into());
                }
                let now = i32::try_from(total.saturating_mul(100) / requested).unwrap_or(i32::MAX);
                Ok(Measure { ratio: f64::from(now) / f64::from(*percent), percent: Some(now), usage: mean(total, n) })
            }
        }
    }

    /// What a pod uses that is as busy as can be expected.
    fn busy(&self, pod: &str) -> i64 {
        match self {
            Yardstick::Average(target) => *target,
            Yardstick::Utilization { percent, requests } => {
                requests.get(pod).copied().unwrap_or(0).saturating_mul(i64::from((*percent).max(100))) / 100
            }
        }
    }
}

/// What a pod, or one container of it, requests of a resource, in thousandths.
fn request(p: &Pod, container: Option<&str>, resource: &str) -> Result<i64, String> {
    let Some(spec) = &p.spec else { return Ok(0) };
    let as_a_whole = spec.resources.as_ref().and_then(|r| r.requests.as_ref()).is_some_and(|r| !r.is_empty());
    if container.is_none() && as_a_whole {
        let found = resource_list::pod_requests(spec).get(resource).map(|q| q.milli());
        return found.ok_or_else(|| format!("missing pod-level request for {resource} in Pod {}", p.name()));
    }
    let sidecars = spec.init_containers.iter().flatten().filter(|c| pods::is_sidecar(c));
    let mut chosen =
        spec.containers.iter().chain(sidecars).filter(|c| container.is_none_or(|n| n == c.name)).peekable();
    if let (Some(name), None) = (container, chosen.peek()) {
        return Err(format!("container {name} not found in Pod {}", p.name()));
    }
    chosen.try_fold(0_i64, |sum, c| match resource_list::requests(c).get(resource) {
        Some(q) => Ok(sum.saturating_add(Quantity::milli(*q))),
        None => Err(format!("missing request for {resource} in container {} of Pod {}", c.name, p.name())),
    })
}
