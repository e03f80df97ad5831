use k8s_openapi::api::batch::v1::{JobCondition, JobSpec, JobStatus};
use serde_json::{Value, json};

use super::backoff::Failures;
use super::facts::{self, TRACKING};
use super::plan::{New, Plan, plan};
use super::policy::{self, Failure};
use super::tally::{Seen, tally};
use super::template::{pod as new_pod, template};
use super::tracking::{count_released, finish, track};
use super::verdict::{COMPLETE, done, judge};
use crate::api::kinds::{Job, Pod};
use crate::api::{Duration, Resource, Time};

/// A Job and its pods, sixty seconds after its start.
struct Case {
    job: Job,
    status: JobStatus,
    pods: Vec<Pod>,
    failures: Failures,
}

impl Case {
    fn of(mut spec: Value, status: Value, pods: Vec<Pod>) -> Case {
        let fields = spec.as_object_mut().unwrap();
        fields.entry("backoffLimit").or_insert(json!(6));
        fields.entry("parallelism").or_insert(json!(1));
        fields.entry("template").or_insert(json!({"spec": {"containers": [{"name": "c"}]}}));
        let job: Job =
            serde_json::from_value(json!({"metadata": {"name": "j", "namespace": "d", "uid": "u"}, "spec": spec}))
                .unwrap();
        let mut status: JobStatus = serde_json::from_value(status).unwrap();
        status.start_time = Some(Time::ZERO.meta());
        Case { job, status, pods, failures: Failures::default() }
    }

    fn look<R>(&self, f: impl FnOnce(&Seen<'_>) -> R) -> R {
        let pods: Vec<&Pod> = self.pods.iter().collect();
        f(&Seen {
            job: &self.job,
            spec: self.job.spec.as_ref().unwrap(),
            status: &self.status,
            pods: &pods,
            failures: self.failures,
            now: at(60),
        })
    }

    /// What it does, in short.
    fn plan(&self) -> String {
        self.look(|seen| match plan(seen, &tally(seen)) {
            Plan::Keep => "keep".into(),
            Plan::Wait(d) => format!("wait {}s", d.as_secs()),
            Plan::Create(New::Alike(n)) => format!("create {n}"),
            Plan::Create(New::Indexed(all)) => format!("create {all:?}"),
            Plan::Delete { pods, wanted } => format!("delete {} for {wanted}", names(&pods)),
            Plan::Suspend(pods) => format!("suspend {}", names(&pods)),
        })
    }

    fn verdict(&self) -> Option<String> {
        let told = |c: JobCondition| format!("{} {}: {}", c.type_, c.reason.unwrap(), c.message.unwrap());
        self.look(|seen| judge(seen, &tally(seen)).map(told))
    }
}

fn at(seconds: u64) -> Time {
    Time::ZERO + Duration::from_secs(seconds)
}

fn names(pods: &[&Pod]) -> String {
    pods.iter().map(|p| p.name()).collect::<Vec<_>>().join(" ")
}

/// `running a`, `failed@40 b`, `deleting c`; an index comes after a colon: `succeeded b:3`.
fn pod(text: &str) -> Pod {
    let (state, name) = text.split_once(' ').unwrap();
    let (state, end) = state.split_once('@').map_or((state, 50), |(s, t)| (s, t.parse().unwrap()));
    let (name, index) = name.split_once(':').map_or((name, None), |(n, i)| (n, Some(i)));
    let phase = match state {
        "failed" => "Failed",
        "succeeded" => "Succeeded",
        "pending" => "Pending",
        _ => "Running",
    };
    let code = if state == "failed" { 7 } else { 0 };
    let ended = json!({"terminated": {"exitCode": code, "finishedAt": at(end).rfc3339()}});
    let over = matches!(state, "failed" | "succeeded");
    let mut meta = json!({"name": name, "namespace": "d", "uid": format!("uid-{name}"), "finalizers": [TRACKING]});
    if let Some(i) = index {
        meta["annotations"] = json!({"batch.kubernetes.io/job-completion-index": i});
    }
    if state == "deleting" {
        meta["deletionTimestamp"] = json!(at(end).rfc3339());
    }
    let container = json!({
        "name": "c", "image": "", "imageID": "", "ready": !over, "restartCount": 0,
        "state": if over { ended } else { json!({"running": {}}) },
    });
    let ready = json!([{"type": "Ready", "status": if phase == "Running" { "True" } else { "False" }}]);
    serde_json::from_value(json!({
        "metadata": meta, "spec": {"nodeName": "n", "containers": [{"name": "c"}]},
        "status": {"phase": phase, "conditions": ready, "containerStatuses": [container]},
    }))
    .unwrap()
}

fn pods(list: &[&str]) -> Vec<Pod> {
    list.iter().map(|t| pod(t)).collect()
}

#[test]
fn what_it_sees_and_what_it_wants_to_do() {
    let par = json!({"completions": 4, "parallelism": 2});
    let indexed = json!({"completions": 5, "parallelism": 3, "completionMode": "Indexed"});
    for (spec, status, there, want) in [
        (par.clone(), json!({}), vec![], "create 2"),
        (par.clone(), json!({}), vec!["running a"], "create 1"),
        (par.clone(), json!({"succeeded": 3}), vec!["running a", "pending b"], "delete b for 1"),
        (par.clone(), json!({}), vec!["running a", "deleting b"], "create 1"),
        (par.clone(), json!({}), vec!["running a", "succeeded b"], "create 1"),
        (par.clone(), json!({}), vec!["failed@58 a"], "wait 8s"),
        (par.clone(), json!({}), vec!["failed@58 a", "failed@59 b"], "wait 19s"),
        (par.clone(), json!({}), vec!["failed@45 a"], "create 2"),
        // A success begins the back-off anew.
        (par.clone(), json!({}), vec!["failed@58 a", "succeeded@59 b"], "create 2"),
        // A work queue: no pod is added after the first success, and none is taken away.
        (json!({"parallelism": 3}), json!({}), vec!["running a"], "create 2"),
        (json!({"parallelism": 3}), json!({"succeeded": 1}), vec!["running a"], "keep"),
        (json!({"completions": 2, "parallelism": 2, "suspend": true}), json!({}), vec!["running a"], "suspend a"),
        (json!({"completions": 2, "parallelism": 0}), json!({}), vec!["running a"], "delete a for 0"),
        // Where only failed pods are replaced, one that is ending still counts.
        (json!({"completions": 1, "podReplacementPolicy": "Failed"}), json!({}), vec!["deleting a"], "keep"),
        (
            json!({"completions": 1, "podReplacementPolicy": "TerminatingOrFailed"}),
            json!({}),
            vec!["deleting@20 a"],
            "create 1",
        ),
        (indexed.clone(), json!({"completedIndexes": "0,2"}), vec!["running a:1"], "create [3, 4]"),
        (indexed.clone(), json!({}), vec!["running a:1", "pending b:1", "running c"], "delete c b for 3"),
    ] {
        let case = Case::of(spec, status, pods(&there));
        assert_eq!(case.plan(), want, "{there:?}");
    }
}

#[test]
fn each_index_waits_for_itself_and_remembers_its_failures() {
    let spec = json!({"completions": 3, "parallelism": 3, "completionMode": "Indexed", "backoffLimitPerIndex": 2});
    let mut again = pod("failed@45 b:1");
    let count = ("batch.kubernetes.io/job-index-failure-count".to_string(), "1".to_string());
    again.metadata.annotations.as_mut().unwrap().extend([count]);
    let case = Case::of(spec, json!({}), vec![pod("failed@45 a:0"), again, pod("running c:2")]);
    // The first failure waits 10 s, the second one 20 s: only index 0 may be tried again after 15 s.
    assert_eq!(case.plan(), "create [0]");
    case.look(|seen| {
        let p = new_pod(&template(seen), Some(1), seen, &tally(seen));
        let notes = p.metadata.annotations.unwrap();
        assert_eq!(notes["batch.kubernetes.io/job-index-failure-count"], "2");
        assert_eq!(p.metadata.labels.unwrap()["batch.kubernetes.io/job-completion-index"], "1");
        assert_eq!(p.metadata.generate_name.as_deref(), Some("j-1-"));
        let spec = p.spec.unwrap();
        assert_eq!(spec.hostname.as_deref(), Some("j-1"));
        assert_eq!(spec.containers[0].env.as_ref().unwrap()[0].name, "JOB_COMPLETION_INDEX");
        // The failed pods stay until others have taken over their counts.
        let mut status = seen.status.clone();
        assert!(track(seen, &tally(seen), &mut status, &mut None).release.is_empty());
    });
}

#[test]
fn back_off_doubles_up_to_ten_minutes() {
    let mut failures = Failures::default();
    let mut waits = vec![];
    for _ in 0..8 {
        let p = pod("failed@60 a");
        failures = failures.and(&[], &[&p]);
        waits.push(failures.left(at(60)).as_secs());
    }
    assert_eq!(waits, [10, 20, 40, 80, 160, 320, 600, 600]);
    let good = pod("succeeded@61 b");
    assert_eq!(failures.and(&[&good], &[]).left(at(61)), Duration::ZERO);
}

/// Anybody can write annotations and statuses.
#[test]
fn no_count_is_too_great() {
    let most = i32::MAX.to_string();
    let mut p = pod("failed@60 a");
    let annotations = [facts::INDEX_FAILURES, facts::INDEX_IGNORED].map(|a| (a.to_string(), most.clone()));
    p.metadata.annotations.get_or_insert_default().extend(annotations);
    assert_eq!((facts::tries_before(&p), super::backoff::left_for_index(Some(&p), at(60)).as_secs()), (i32::MAX, 600));
}

#[test]
fn how_it_ends() {
    let policy =
        |action: &str| json!({"rules": [{"action": action, "onExitCodes": {"operator": "In", "values": [7]}}]});
    let fail = pods(&["failed a"]);
    let indexed = json!({"completions": 3, "parallelism": 3, "completionMode": "Indexed", "backoffLimitPerIndex": 0});
    let with = |base: &Value, k: &str, v: Value| {
        let mut all = base.clone();
        all[k] = v;
        all
    };
    for (spec, status, there, want) in [
        (
            json!({"completions": 1, "backoffLimit": 0}),
            json!({}),
            fail.clone(),
            Some("FailureTarget BackoffLimitExceeded: Job has reached the specified backoff limit"),
        ),
        (json!({"completions": 1, "backoffLimit": 1}), json!({}), fail.clone(), None),
        (
            json!({"completions": 1, "activeDeadlineSeconds": 60}),
            json!({}),
            vec![],
            Some("FailureTarget DeadlineExceeded: Job was active longer than specified deadline"),
        ),
        (json!({"completions": 1, "activeDeadlineSeconds": 61}), json!({}), vec![], None),
        (
            json!({"completions": 1, "podFailurePolicy": policy("FailJob")}),
            json!({}),
            fail.clone(),
            Some(
                "FailureTarget PodFailurePolicy: Container c for pod d/a failed with exit code 7 matching FailJob rule at index 0",
            ),
        ),
        (json!({"completions": 1, "backoffLimit": 0, "podFailurePolicy": policy("Ignore")}), json!({}), fail, None),
        (
            indexed.clone(),
            json!({"completedIndexes": "0,1", "succeeded": 2}),
            pods(&["failed c:2"]),
            Some("FailureTarget FailedIndexes: Job has failed indexes"),
        ),
        (
            with(&indexed, "maxFailedIndexes", json!(0)),
            json!({}),
            pods(&["failed c:2"]),
            Some(
                "FailureTarget MaxFailedIndexesExceeded: Job has exceeded the specified maximal number of failed indexes",
            ),
        ),
        (
            with(&indexed, "successPolicy", json!({"rules": [{"succeededIndexes": "0-1", "succeededCount": 1}]})),
            json!({}),
            pods(&["succeeded b:1"]),
            Some("SuccessCriteriaMet SuccessPolicy: Matched rules at index 0"),
        ),
        // What was found before stays.
        (
            json!({"completions": 1}),
            json!({"conditions": [{"type": "FailureTarget", "status": "True", "reason": "R", "message": "m"}]}),
            vec![],
            Some("Failed R: m"),
        ),
    ] {
        assert_eq!(Case::of(spec, status, there).verdict().as_deref(), want);
    }
}

#[test]
fn the_first_rule_that_matches_decides() {
    let spec: JobSpec = serde_json::from_value(json!({"template": {}, "podFailurePolicy": {"rules": [
        {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
        {"action": "FailIndex", "onExitCodes": {"containerName": "other", "operator": "In", "values": [7]}},
        {"action": "FailIndex", "onExitCodes": {"operator": "NotIn", "values": [7, 8]}},
        {"action": "Count", "onExitCodes": {"operator": "In", "values": [7]}},
    ]}}))
    .unwrap();
    let mut p = pod("failed a");
    assert_eq!(policy::judge(&spec, &p), Failure::Counts);
    let set = |p: &mut Pod, code: i32| {
        let mut v = serde_json::to_value(&*p).unwrap();
        v["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] = code.into();
        *p = serde_json::from_value(v).unwrap();
    };
    set(&mut p, 9);
    assert_eq!(policy::judge(&spec, &p), Failure::EndsIndex);
    let mut v = serde_json::to_value(&p).unwrap();
    v["status"]["conditions"] = json!([{"type": "DisruptionTarget", "status": "True"}]);
    assert_eq!(policy::judge(&spec, &serde_json::from_value(v).unwrap()), Failure::Ignored);
}

/// Uids are written down before finalizers go, and crossed out when they are gone.
#[test]
fn every_pod_is_counted_once() {
    let spec = json!({"completions": 2, "parallelism": 2});
    let mut case = Case::of(spec, json!({}), pods(&["succeeded a", "succeeded b", "failed@20 c"]));
    let mut status = case.status.clone();
    let (mut verdict, mut held) = (None, Default::default());
    case.look(|seen| {
        let t = tally(seen);
        assert_eq!((t.succeeded, t.failed), (2, 1));
        verdict = done(seen, &t, 0);
        let tracking = track(seen, &t, &mut status, &mut verdict);
        assert_eq!(names(&tracking.release), "a b c");
        assert!(tracking.write);
        held = tracking.held;
    });
    let uncounted = status.uncounted_terminated_pods.clone().unwrap();
    assert_eq!(uncounted.succeeded.unwrap(), ["uid-a", "uid-b"]);
    assert_eq!(uncounted.failed.unwrap(), ["uid-c"]);
    assert_eq!((status.succeeded, status.failed), (None, None));
    assert!(!finish(&mut status, verdict.as_ref(), 0), "nobody is counted yet");
    held.remove("uid-a");
    assert!(count_released(&mut status, &held));
    assert_eq!((status.succeeded, status.failed), (Some(1), None));
    // The controller is restarted here: the next sync goes on where this one stopped.
    case.status = status;
    case.pods = pods(&["succeeded b", "failed@20 c"]);
    let mut status = case.status.clone();
    case.look(|seen| {
        let t = tally(seen);
        assert_eq!((t.succeeded, t.failed), (2, 1));
        let tracking = track(seen, &t, &mut status, &mut verdict);
        assert_eq!(names(&tracking.release), "b c");
    });
    assert!(count_released(&mut status, &Default::default()));
    assert_eq!((status.succeeded, status.failed), (Some(2), Some(1)));
    assert!(!finish(&mut status, verdict.as_ref(), 1), "a pod is still ending");
    assert!(finish(&mut status, verdict.as_ref(), 0));
    let kinds: Vec<&str> = status.conditions.iter().flatten().map(|c| c.type_.as_str()).collect();
    assert_eq!(kinds, ["SuccessCriteriaMet", COMPLETE]);
    assert_eq!(status.completion_time, Some(at(60).meta()));
}
