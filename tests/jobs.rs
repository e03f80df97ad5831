//! Jobs and CronJobs, by the lines that a person types: what the recordings of a real cluster do not show.

use kubetutor::api::kinds::{Job, Pod};
use kubetutor::api::request::{Method, Request};
use kubetutor::api::user::MASTERS;
use kubetutor::api::{Duration, RecordId, Resource, Time, User};
use kubetutor::prompt::Session;
use kubetutor::store::Scope;

use crate::session::{get, run, session};

fn apply(s: &mut Session, object: &str) {
    run(s, &format!("kubectl apply -f - <<'END'\n{object}\nEND\n"));
}

/// The reasons of the Events about an object, in the order in which they came.
fn reasons(s: &mut Session, name: &str) -> Vec<String> {
    let events = format!("events --field-selector involvedObject.name={name} --sort-by=.lastTimestamp");
    get(s, &events, ".items[*].reason").split(' ').map(Into::into).collect()
}

#[test]
fn an_indexed_job_gives_each_pod_its_number() {
    let mut s = session();
    apply(
        &mut s,
        "{apiVersion: batch/v1, kind: Job, metadata: {name: sum}, spec: {completions: 3, parallelism: 2, completionMode: Indexed, template: {spec: {
          restartPolicy: Never, containers: [{name: c, image: busybox, command: [sh, -c, 'echo I am $JOB_COMPLETION_INDEX on $(hostname)']}]}}}}",
    );
    run(&mut s, "wait 30s");
    assert_eq!(get(&mut s, "job sum", ".status.completedIndexes"), "0-2");
    let described = run(&mut s, "kubectl describe job sum");
    assert!(described.contains("Completed Indexes:  0-2"), "{described}");
    for i in 0..3 {
        let label = format!("-l batch.kubernetes.io/job-completion-index={i}");
        let name = run(&mut s, &format!("kubectl get pods {label} -o name"));
        assert!(name.starts_with(&format!("pod/sum-{i}-")), "{name}");
        assert_eq!(run(&mut s, &format!("kubectl logs {label}")), format!("I am {i} on sum-{i}\n"));
    }
}

#[test]
fn an_index_that_failed_too_often_fails_alone() {
    let mut s = session();
    apply(
        &mut s,
        "{apiVersion: batch/v1, kind: Job, metadata: {name: sum}, spec: {completions: 3, parallelism: 3, completionMode: Indexed, backoffLimitPerIndex: 1,
          template: {spec: {restartPolicy: Never, containers: [{name: c, image: busybox, command: [sh, -c, 'test $JOB_COMPLETION_INDEX != 1']}]}}}}",
    );
    run(&mut s, "wait 60s");
    let status = |s: &mut Session, field: &str| get(s, "job sum", &format!(".status.{field}"));
    assert_eq!((status(&mut s, "completedIndexes"), status(&mut s, "failedIndexes")), ("0,2".into(), "1".into()));
    assert_eq!((status(&mut s, "succeeded"), status(&mut s, "failed")), ("2".into(), "2".into()));
    assert_eq!(status(&mut s, "conditions[*].reason"), "FailedIndexes FailedIndexes");
    let second = "batch\\.kubernetes\\.io/job-index-failure-count";
    let path = format!(".items[*].metadata.annotations.{second}");
    assert_eq!(
        get(&mut s, "pods -l batch.kubernetes.io/job-completion-index=1 --sort-by=.metadata.creationTimestamp", &path),
        "0 1"
    );
}

#[test]
fn a_policy_can_end_the_job_at_the_first_failure_or_forgive_it() {
    let mut s = session();
    let job = |name: &str, action: &str| {
        format!(
            "{{apiVersion: batch/v1, kind: Job, metadata: {{name: {name}}}, spec: {{backoffLimit: 0,
              podFailurePolicy: {{rules: [{{action: {action}, onExitCodes: {{operator: In, values: [42]}}}}]}},
              template: {{spec: {{restartPolicy: Never, containers: [{{name: c, image: busybox, command: [sh, -c, 'exit 42']}}]}}}}}}}}"
        )
    };
    apply(&mut s, &job("strict", "FailJob"));
    run(&mut s, "wait 10s");
    let pod = get(&mut s, "pods -l job-name=strict", ".items[0].metadata.name");
    assert_eq!(
        get(&mut s, "job strict", ".status.conditions[?(@.type==\"Failed\")].message"),
        format!("Container c for pod default/{pod} failed with exit code 42 matching FailJob rule at index 0")
    );
    assert_eq!(reasons(&mut s, "strict"), ["SuccessfulCreate", "PodFailurePolicy"]);
    apply(&mut s, &job("lenient", "Ignore"));
    run(&mut s, "wait 45s");
    assert_eq!(get(&mut s, "job lenient", ".status.conditions"), "");
    assert_eq!(get(&mut s, "job lenient", ".status.failed"), "", "what is ignored is not counted");
    assert!(run(&mut s, "kubectl get pods -l job-name=lenient -o name").lines().count() >= 2, "but replaced");
}

/// As in the recorded timeline: pods 10, 20, 40, 80 s apart, `failed` a second or two after a pod's end.
#[test]
fn failures_are_waited_out_longer_and_longer() {
    let mut s = session();
    apply(
        &mut s,
        "{apiVersion: batch/v1, kind: Job, metadata: {name: f}, spec: {backoffLimit: 4, template: {spec: {
          restartPolicy: Never, containers: [{name: c, image: busybox, command: [sh, -c, 'sleep 0.5; exit 1']}]}}}}",
    );
    let world = &mut s.cluster.world;
    let start = Time::from_meta(
        world
            .api
            .store()
            .list(&Scope::all(Job::kind_ref()))
            .next()
            .unwrap()
            .meta()
            .creation_timestamp
            .as_ref()
            .unwrap(),
    );
    let mut counted = vec![];
    while world.now < start + Duration::from_secs(200) {
        world.run_until(world.now + Duration::from_millis(100));
        let job = world.api.store().list(&Scope::all(Job::kind_ref())).next().unwrap().get::<Job>().unwrap().clone();
        let failed = job.status.unwrap().failed.unwrap_or(0);
        if usize::try_from(failed).unwrap() > counted.len() {
            counted.push(world.now.since(start).as_secs_f64());
        }
    }
    let mut made: Vec<u64> = world
        .api
        .store()
        .list(&Scope::all(Pod::kind_ref()))
        .filter(|o| o.meta().labels.as_ref().is_some_and(|l| l.contains_key("job-name")))
        .map(|o| Time::from_meta(o.meta().creation_timestamp.as_ref().unwrap()).since(start).as_secs())
        .collect();
    made.sort_unstable();
    assert_eq!(made.len(), 5, "backoffLimit 4 allows five pods");
    for (i, wait) in [10, 20, 40, 80].into_iter().enumerate() {
        let apart = made[i + 1] - made[i];
        assert!((wait..=wait + 3).contains(&apart), "{made:?}");
        // From the pod's start: half a second of work, then the end is seen, told and counted.
        let late = counted[i] - made[i] as f64;
        // (The first also waits for its image.)
        assert!((1.5..=5.5).contains(&late), "{made:?} {counted:?}");
    }
    assert_eq!(reasons(&mut s, "f").last().map(String::as_str), Some("BackoffLimitExceeded"));
}

#[test]
fn a_suspended_job_has_no_pods_and_begins_its_time_anew() {
    let mut s = session();
    apply(
        &mut s,
        "{apiVersion: batch/v1, kind: Job, metadata: {name: j}, spec: {activeDeadlineSeconds: 60, template: {spec: {
          restartPolicy: Never, terminationGracePeriodSeconds: 0, containers: [{name: c, image: busybox, command: [sleep, '3600']}]}}}}",
    );
    let first = get(&mut s, "job j", ".status.startTime");
    run(&mut s, "wait 30s");
    run(&mut s, "kubectl patch job j -p '{\"spec\":{\"suspend\":true}}'");
    run(&mut s, "wait 10s");
    assert_eq!(run(&mut s, "kubectl get pods -o name"), "");
    assert_eq!(get(&mut s, "job j", ".status.startTime"), "");
    assert!(run(&mut s, "kubectl get job j").contains("Suspended"));
    run(&mut s, "wait 60s");
    run(&mut s, "kubectl patch job j -p '{\"spec\":{\"suspend\":false}}'");
    run(&mut s, "wait 10s");
    let second = get(&mut s, "job j", ".status.startTime");
    assert!(second > first, "{first} {second}");
    assert_eq!(get(&mut s, "job j", ".status.active"), "1");
    run(&mut s, "wait 70s");
    assert_eq!(get(&mut s, "job j", ".status.conditions[?(@.type==\"Failed\")].reason"), "DeadlineExceeded");
    assert_eq!(run(&mut s, "kubectl get pods -o name"), "");
    let told = reasons(&mut s, "j");
    for reason in ["SuccessfulCreate", "SuccessfulDelete", "Suspended", "Resumed", "DeadlineExceeded"] {
        assert!(told.iter().any(|r| r == reason), "{reason}: {told:?}");
    }
}

#[test]
fn a_pod_whose_job_is_gone_can_go_too() {
    let mut s = session();
    apply(
        &mut s,
        "{apiVersion: batch/v1, kind: Job, metadata: {name: j}, spec: {template: {spec: {
          restartPolicy: Never, terminationGracePeriodSeconds: 0, containers: [{name: c, image: busybox, command: [sleep, '3600']}]}}}}",
    );
    assert_eq!(get(&mut s, "pods", ".items[0].metadata.finalizers[0]"), "batch.kubernetes.io/job-tracking");
    run(&mut s, "kubectl delete job j --cascade=orphan");
    run(&mut s, "wait 5s");
    assert_eq!(get(&mut s, "pods", ".items[0].metadata.finalizers"), "");
    assert_eq!(get(&mut s, "pods", ".items[0].metadata.ownerReferences"), "");
    assert_eq!(get(&mut s, "pods", ".items[0].status.phase"), "Running");
}

/// kubectl always says it; who asks the API alone may not know.
#[test]
fn a_job_deleted_without_a_word_about_its_pods_leaves_them() {
    let mut s = session();
    run(&mut s, "kubectl create job j --image=busybox -- sleep 3600");
    let delete = |s: &mut Session, policy: Option<&str>| {
        let request = Request::new(Method::Delete, "/apis/batch/v1/namespaces/default/jobs/j");
        let request = policy.into_iter().fold(request, |r, p| r.query("propagationPolicy", p));
        let user = User::of("kubernetes-admin", &[MASTERS]);
        s.cluster.world.request(&request, &user, RecordId::default()).expect("deleted").warnings
    };
    let warnings = delete(&mut s, None);
    assert_eq!(
        warnings,
        [
            "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning"
        ]
    );
    run(&mut s, "wait 5s");
    assert_eq!(get(&mut s, "pods", ".items[*].metadata.ownerReferences"), "");
    assert_eq!(get(&mut s, "pods", ".items[*].status.phase"), "Running");
    run(&mut s, "kubectl create job j --image=busybox -- sleep 3600");
    assert!(delete(&mut s, Some("Background")).is_empty());
    run(&mut s, "wait 60s");
    assert_eq!(run(&mut s, "kubectl get pods -o name").lines().count(), 1);
}

#[test]
fn a_pod_that_is_deleted_counts_as_failed_and_is_replaced() {
    let mut s = session();
    apply(
        &mut s,
        "{apiVersion: batch/v1, kind: Job, metadata: {name: j}, spec: {template: {spec: {
          restartPolicy: Never, terminationGracePeriodSeconds: 1, containers: [{name: c, image: busybox, command: [sleep, '3600']}]}}}}",
    );
    run(&mut s, "kubectl delete pod -l job-name=j");
    run(&mut s, "wait 20s");
    assert_eq!(get(&mut s, "job j", ".status.failed"), "1");
    assert_eq!(get(&mut s, "job j", ".status.active"), "1");
    assert_eq!(run(&mut s, "kubectl get pods -o name").lines().count(), 1);
}

#[test]
fn enough_indexes_are_enough() {
    let mut s = session();
    apply(
        &mut s,
        "{apiVersion: batch/v1, kind: Job, metadata: {name: j}, spec: {completions: 3, parallelism: 3, completionMode: Indexed,
          successPolicy: {rules: [{succeededIndexes: '0'}]}, template: {spec: {restartPolicy: Never, terminationGracePeriodSeconds: 0,
          containers: [{name: c, image: busybox, command: [sh, -c, 'test $JOB_COMPLETION_INDEX = 0 || sleep 3600']}]}}}}",
    );
    run(&mut s, "wait 20s");
    assert_eq!(get(&mut s, "job j", ".status.conditions[*].type"), "SuccessCriteriaMet Complete");
    assert_eq!(get(&mut s, "job j", ".status.conditions[0].message"), "Matched rules at index 0");
    assert_eq!(get(&mut s, "job j", ".status.completedIndexes"), "0");
    assert_eq!(get(&mut s, "job j", ".status.active"), "");
}

#[test]
fn a_finished_job_goes_after_its_time_with_its_pods() {
    let mut s = session();
    apply(
        &mut s,
        "{apiVersion: batch/v1, kind: Job, metadata: {name: j}, spec: {ttlSecondsAfterFinished: 30, template: {spec: {
          restartPolicy: Never, containers: [{name: c, image: busybox, command: ['true']}]}}}}",
    );
    run(&mut s, "wait 20s");
    assert_eq!(s.eval("kubectl get job j").code, 0);
    run(&mut s, "wait 30s");
    assert_eq!(s.eval("kubectl get job j").code, 1);
    assert_eq!(run(&mut s, "kubectl get pods -o name"), "");
}

/// A CronJob every minute whose Jobs last for ever.
fn endless(s: &mut Session, policy: &str) {
    apply(
        s,
        &format!(
            "{{apiVersion: batch/v1, kind: CronJob, metadata: {{name: c}}, spec: {{schedule: '* * * * *', concurrencyPolicy: {policy},
              jobTemplate: {{spec: {{template: {{spec: {{restartPolicy: Never, terminationGracePeriodSeconds: 0,
              containers: [{{name: c, image: busybox, command: [sleep, '3600']}}]}}}}}}}}}}}}"
        ),
    );
}

#[test]
fn what_a_cronjob_does_when_its_last_job_still_runs() {
    for (policy, jobs, reason) in
        [("Allow", 3, "SuccessfulCreate"), ("Forbid", 1, "JobAlreadyActive"), ("Replace", 1, "SuccessfulDelete")]
    {
        let mut s = session();
        endless(&mut s, policy);
        assert_eq!(run(&mut s, "kubectl get jobs -o name"), "", "nothing is due yet");
        run(&mut s, "wait 190s");
        assert_eq!(run(&mut s, "kubectl get jobs -o name").lines().count(), jobs, "{policy}");
        assert_eq!(get(&mut s, "cronjob c", ".status.active[*].kind").split(' ').count(), jobs, "{policy}");
        let told = reasons(&mut s, "c");
        assert!(told.iter().any(|r| r == reason), "{policy}: {told:?}");
        let last = get(&mut s, "cronjob c", ".status.lastScheduleTime");
        let minutes = if policy == "Forbid" { 1 } else { 3 };
        let running = get(&mut s, "jobs", ".items[-1:].metadata.name");
        let due = Time::parse(&last).unwrap().nanos() / 60_000_000_000;
        assert_eq!(running, format!("c-{due}"), "{policy}");
        let first = get(&mut s, "cronjob c", ".metadata.creationTimestamp");
        assert_eq!(due - Time::parse(&first).unwrap().nanos() / 60_000_000_000, minutes, "{policy}");
    }
}

#[test]
fn a_cronjob_remembers_a_few_finished_jobs_and_the_last_success() {
    let mut s = session();
    run(&mut s, "kubectl create cronjob tick --image=busybox --schedule='*/1 * * * *' -- true");
    run(&mut s, "wait 5m30s");
    let jobs = run(&mut s, "kubectl get jobs -o name");
    assert_eq!(jobs.lines().count(), 3, "{jobs}");
    assert_eq!(get(&mut s, "cronjob tick", ".status.active"), "");
    assert!(
        get(&mut s, "cronjob tick", ".status.lastSuccessfulTime")
            > get(&mut s, "cronjob tick", ".status.lastScheduleTime")
    );
    let told = reasons(&mut s, "tick");
    for reason in ["SuccessfulCreate", "SawCompletedJob", "SuccessfulDelete"] {
        assert!(told.iter().any(|r| r == reason), "{reason}: {told:?}");
    }
    run(&mut s, "kubectl patch cronjob tick -p '{\"spec\":{\"suspend\":true}}'");
    run(&mut s, "wait 3m");
    assert_eq!(run(&mut s, "kubectl get jobs -o name"), jobs, "it rests");
}

#[test]
fn times_that_were_missed_are_made_up_for_once_or_not_at_all() {
    let mut s = session();
    run(&mut s, "kubectl create cronjob late --image=busybox --schedule='*/1 * * * *' -- true");
    run(&mut s, "kubectl create cronjob strict --image=busybox --schedule='*/10 * * * *' -- true");
    run(&mut s, "kubectl patch cronjob strict -p '{\"spec\":{\"startingDeadlineSeconds\":15}}'");
    run(&mut s, "fail controller cronjob");
    run(&mut s, "wait 12m30s");
    assert_eq!(run(&mut s, "kubectl get jobs -o name"), "");
    run(&mut s, "heal controller cronjob");
    run(&mut s, "wait 5s");
    let jobs = run(&mut s, "kubectl get jobs -o name");
    assert_eq!(jobs.lines().count(), 1, "{jobs}");
    assert!(jobs.starts_with("job.batch/late-"), "{jobs}");
}

#[test]
fn waiting_for_a_time_does_not_keep_the_cluster_busy() {
    let mut s = session();
    run(&mut s, "kubectl create cronjob tick --image=busybox --schedule='*/1 * * * *' -- true");
    let before = s.cluster.world.now;
    run(&mut s, "kubectl get cronjobs");
    assert!(s.cluster.world.now.since(before) < Duration::from_secs(5));
}

#[test]
fn the_story_says_why_a_job_waits_and_ends() {
    let mut s = session();
    let story = s.eval("kubectl create job f --image=busybox -- sh -c 'exit 1'").story;
    assert!(story.contains("0 of 1 done, 0 running, at most 1 at once → created -"), "{story}");
    assert!(story.contains("a pod has failed → waits"), "{story}");
    let story = s.eval("kubectl create cronjob c --image=busybox --schedule='0 3 * * *' -- true").story;
    assert!(story.contains("next due at 2026-01-01T03:00:00Z"), "{story}");
}
