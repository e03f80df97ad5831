//! describe job, describe cronjob.

use serde_json::Value;

use super::{annotations, controlled_by, date, head, labels, listed, selector, template, text};
use crate::api::Time;
use crate::api::time::human;
use crate::kubectl::env::Env;
use crate::kubectl::failure::Failure;
use crate::kubectl::resources::Found;

/// How much of a list of indexes is shown.
const INDEXES_SHOWN: usize = 50;

pub fn page(f: &Found, _: &mut Env<'_>) -> Result<String, Failure> {
    let (spec, status) = (&f.object["spec"], &f.object["status"]);
    let mut out = head(f);
    out.push_str(&format!("Selector:\t{}\n", selector(&spec["selector"])));
    out.push_str(&labels("Labels", &f.object["metadata"]["labels"]));
    out.push_str(&annotations("Annotations", &f.object["metadata"]["annotations"]));
    if let Some(owner) = controlled_by(&f.object) {
        out.push_str(&format!("Controlled By:\t{owner}\n"));
    }
    let indexed = spec["completionMode"] == "Indexed";
    let lines = [
        ("Parallelism", number(&spec["parallelism"])),
        ("Completions", number(&spec["completions"]).or_else(|| Some("<unset>".into()))),
        ("Completion Mode", spec["completionMode"].as_str().map(Into::into)),
        ("Suspend", spec["suspend"].as_bool().map(|b| b.to_string())),
        ("Backoff Limit", number(&spec["backoffLimit"])),
        ("TTL Seconds After Finished", number(&spec["ttlSecondsAfterFinished"])),
        ("Start Time", status["startTime"].as_str().map(|_| date(&status["startTime"]))),
        ("Completed At", status["completionTime"].as_str().map(|_| date(&status["completionTime"]))),
        ("Duration", lasted(status)),
        ("Active Deadline Seconds", number(&spec["activeDeadlineSeconds"]).map(|n| n + "s")),
        ("Pods Statuses", Some(pods(status))),
        ("Completed Indexes", indexed.then(|| indexes(text(&status["completedIndexes"])))),
    ];
    for (title, value) in lines {
        if let Some(value) = value {
            out.push_str(&format!("{title}:\t{value}\n"));
        }
    }
    out.push_str(&template(&spec["template"]));
    Ok(out)
}

fn number(v: &Value) -> Option<String> {
    v.as_i64().map(|n| n.to_string())
}

fn lasted(status: &Value) -> Option<String> {
    let at = |k: &str| status[k].as_str().and_then(Time::parse);
    Some(human(at("completionTime")?.since(at("startTime")?)))
}

fn pods(status: &Value) -> String {
    let n = |k: &str| status[k].as_i64().unwrap_or(0);
    let ready = status["ready"].as_i64().map(|n| format!(" ({n} Ready)")).unwrap_or_default();
    format!("{} Active{ready} / {} Succeeded / {} Failed", n("active"), n("succeeded"), n("failed"))
}

/// A long list is cut after an interval.
fn indexes(list: &str) -> String {
    let comma = list.get(INDEXES_SHOWN..).and_then(|rest| rest.find(','));
    match (list, comma) {
        ("", _) => "<none>".into(),
        (list, None) => list.into(),
        (list, Some(at)) => format!("{}...", &list[..=INDEXES_SHOWN + at]),
    }
}

pub fn cronjob(f: &Found, _: &mut Env<'_>) -> Result<String, Failure> {
    let (spec, status) = (&f.object["spec"], &f.object["status"]);
    let unset = || "<unset>".to_string();
    let or_unset = |v: &Value| number(v).unwrap_or_else(unset);
    let mut out = head(f);
    out.push_str(&labels("Labels", &f.object["metadata"]["labels"]));
    out.push_str(&annotations("Annotations", &f.object["metadata"]["annotations"]));
    let suspend = match spec["suspend"].as_bool() {
        None => "<unset>",
        Some(true) => "True",
        Some(false) => "False",
    };
    let work = &spec["jobTemplate"]["spec"];
    let chosen = if work["selector"].is_object() { selector(&work["selector"]) } else { unset() };
    let deadline = |v: &Value| number(v).map(|n| n + "s");
    for (title, value) in [
        ("Schedule", Some(text(&spec["schedule"]).to_string())),
        ("Concurrency Policy", Some(text(&spec["concurrencyPolicy"]).into())),
        ("Suspend", Some(suspend.into())),
        ("Time Zone", Some(spec["timeZone"].as_str().unwrap_or("<unset>").into())),
        ("Successful Job History Limit", Some(or_unset(&spec["successfulJobsHistoryLimit"]))),
        ("Failed Job History Limit", Some(or_unset(&spec["failedJobsHistoryLimit"]))),
        ("Starting Deadline Seconds", Some(deadline(&spec["startingDeadlineSeconds"]).unwrap_or_else(unset))),
        ("Selector", Some(chosen)),
        ("Parallelism", Some(or_unset(&work["parallelism"]))),
        ("Completions", Some(or_unset(&work["completions"]))),
        ("Active Deadline Seconds", deadline(&work["activeDeadlineSeconds"])),
    ] {
        if let Some(value) = value {
            out.push_str(&format!("{title}:\t{value}\n"));
        }
    }
    out.push_str(&template(&work["template"]));
    let last = status["lastScheduleTime"].as_str().map_or_else(unset, |_| date(&status["lastScheduleTime"]));
    let active: Vec<&str> = status["active"].as_array().into_iter().flatten().map(|r| text(&r["name"])).collect();
    let active = listed(&active, ", ");
    out.push_str(&format!("Last Schedule Time:\t{last}\nActive Jobs:\t{active}\n"));
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_of_indexes_are_cut_between_two() {
        let long: Vec<String> = (0..40).map(|i| (i * 2).to_string()).collect();
        assert_eq!(indexes(""), "<none>");
        assert_eq!(indexes("0-4"), "0-4");
        assert_eq!(indexes(&long.join(",")), "0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,30,32,34,36,...");
    }
}
