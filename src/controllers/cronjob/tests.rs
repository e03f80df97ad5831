use serde_json::{Value, json};

use super::plan::{Plan, outlived, plan};
use super::timetable::{Missed, Timetable};
use super::{job_of, local};
use crate::api::kinds::{CronJob, Job};
use crate::api::{Resource, Time, time_zone};

/// Made at midnight.
fn cronjob(spec: Value, status: Value) -> CronJob {
    let mut all =
        json!({"schedule": "*/10 * * * *", "concurrencyPolicy": "Allow", "jobTemplate": {"spec": {"template": {}}}});
    all.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
    let meta = json!({"name": "c", "namespace": "d", "uid": "u", "creationTimestamp": "2026-01-01T00:00:00Z"});
    serde_json::from_value(json!({"metadata": meta, "spec": all, "status": status})).unwrap()
}

fn at(clock: &str) -> Time {
    Time::parse(&format!("2026-01-01T{clock}Z")).unwrap()
}

#[test]
fn what_is_due_and_what_is_done_about_it() {
    let running = json!({"active": [{"name": "c-29453769"}], "lastScheduleTime": "2026-01-01T00:00:00Z"});
    let start = |clock, replace| Ok((Plan::Start { at: at(clock), replace }, false));
    for (spec, status, now, want) in [
        (json!({}), json!({}), "00:09:59", Ok((Plan::Wait, false))),
        (json!({}), json!({}), "00:10:00", start("00:10:00", false)),
        (json!({}), json!({"lastScheduleTime": "2026-01-01T00:10:00Z"}), "00:10:01", Ok((Plan::Wait, false))),
        (json!({}), running.clone(), "00:10:00", start("00:10:00", false)),
        (json!({"concurrencyPolicy": "Forbid"}), running.clone(), "00:10:00", Ok((Plan::Forbidden, false))),
        (json!({"concurrencyPolicy": "Forbid"}), json!({}), "00:10:00", start("00:10:00", false)),
        (json!({"concurrencyPolicy": "Replace"}), running, "00:10:00", start("00:10:00", true)),
        // Of several missed times the last one counts.
        (json!({}), json!({}), "00:35:00", start("00:30:00", false)),
        (json!({"startingDeadlineSeconds": 200}), json!({}), "00:35:00", Ok((Plan::Wait, false))),
        (json!({"startingDeadlineSeconds": 301}), json!({}), "00:35:00", start("00:30:00", false)),
        (json!({}), json!({}), "23:00:00", Ok((Plan::Start { at: at("23:00:00"), replace: false }, true))),
        (json!({"timeZone": "Asia/Seoul", "schedule": "30 9 * * *"}), json!({}), "00:30:00", start("00:30:00", false)),
        (
            json!({"schedule": "0 0 31 2 *"}),
            json!({}),
            "00:30:00",
            Err("time difference between two schedules is less than 1 second".into()),
        ),
    ] {
        let c = cronjob(spec, status);
        let table = Timetable::of(&c.spec).unwrap();
        assert_eq!(plan(&c, &table, at(now)), want, "{} at {now}", c.spec.schedule);
    }
}

#[test]
fn the_next_time_is_counted_from_the_last() {
    let c = cronjob(json!({}), json!({}));
    let table = Timetable::of(&c.spec).unwrap();
    assert_eq!(table.next_due(&c, at("00:00:30")), at("00:10:00"));
    assert_eq!(table.next_due(&c, at("00:10:30")), at("00:20:00"));
    let due = table.due(&c, at("23:59:00"), true).unwrap();
    assert_eq!((due.last, due.missed), (Some(at("23:50:00")), Missed::Many));
}

#[test]
fn schedules_that_cannot_be_read_are_told_of() {
    for (spec, reason, message) in [
        (
            json!({"timeZone": "Mars/Base"}),
            "UnknownTimeZone",
            "invalid timeZone: \"Mars/Base\": unknown time zone Mars/Base",
        ),
        (
            json!({"schedule": "bad"}),
            "UnparseableSchedule",
            "unparseable schedule: \"bad\" : expected exactly 5 fields, found 1: [bad]",
        ),
    ] {
        let why = Timetable::of(&cronjob(spec, json!({})).spec).unwrap_err();
        assert_eq!((why.reason, why.message.as_str()), (reason, message));
    }
}

#[test]
fn its_jobs_are_named_after_the_minute() {
    let c = cronjob(
        json!({"timeZone": "Asia/Seoul", "jobTemplate": {"metadata": {"name": "x", "labels": {"a": "b"}}}}),
        json!({}),
    );
    let j = job_of(&c, at("00:10:00"), &time_zone::load("Asia/Seoul").unwrap());
    assert_eq!(j.name(), "c-29453770");
    assert_eq!(j.label("a"), Some("b"));
    assert_eq!(j.annotation("batch.kubernetes.io/cronjob-scheduled-timestamp"), Some("2026-01-01T09:10:00+09:00"));
    assert_eq!(local(at("00:10:00"), &time_zone::load("Europe/London").unwrap()), "2026-01-01T00:10:00Z");
}

#[test]
fn the_oldest_finished_jobs_go_first() {
    let job = |name: &str, kind: &str, start: Option<&str>| -> Job {
        let start = start.map(|c| at(c).rfc3339());
        let status = json!({"startTime": start, "conditions": [{"type": kind, "status": "True"}]});
        serde_json::from_value(json!({"metadata": {"name": name}, "status": status})).unwrap()
    };
    let jobs = [
        job("never", "Complete", None),
        job("b", "Complete", Some("00:20:00")),
        job("a", "Complete", Some("00:10:00")),
        job("f", "Failed", Some("00:15:00")),
        job("r", "Suspended", Some("00:01:00")),
    ];
    for (good, bad, want) in [(1, 1, vec!["a", "b"]), (2, 0, vec!["a", "f"]), (5, 5, vec![])] {
        let c = cronjob(json!({"successfulJobsHistoryLimit": good, "failedJobsHistoryLimit": bad}), json!({}));
        let gone: Vec<&str> = outlived(&c, &jobs).iter().map(|j| j.name()).collect();
        assert_eq!(gone, want);
    }
}
