//! Reads a lesson. What is wrong is told with file, line and what was expected.

use serde_json::Value;

use super::{Check, Lesson, Sources, Step, StepText, Text, Wrong};
use crate::api::yaml;
use crate::cluster::Options;
use crate::cluster::profile::Profile;

/// The line on which a text stands first, counted from 1.
fn line_of(text: &str, needle: &str) -> usize {
    text.lines().position(|l| l.contains(needle)).map_or(1, |i| i + 1)
}

pub fn lesson(sources: &Sources<'_>) -> Result<Lesson, String> {
    let (name, text, en, ko) = *sources;
    let file = format!("{name}/lesson.yaml");
    let v = yaml::parse_all(text).map_err(|e| format!("{file}: {e}"))?.into_iter().next().unwrap_or_default();
    let fail = |near: &str, expected: &str| Err(format!("{file}:{}: expected {expected}", line_of(text, near)));
    let Some(order) = v["order"].as_i64() else { return fail("order", "`order: NUMBER`") };
    let profile = v["cluster"]["profile"].as_str().unwrap_or("kubeadm");
    let Some(profile) = Profile::parse(profile) else {
        return fail("profile", "`profile: kubeadm|minikube|cloud|bare`");
    };
    let nodes = v["cluster"]["nodes"].as_u64().and_then(|n| u32::try_from(n).ok());
    let Some(list) = v["steps"].as_array().filter(|s| !s.is_empty()) else {
        return fail("steps", "`steps:` with at least one step");
    };
    let mut steps = vec![];
    for s in list {
        let Some(id) = s["id"].as_str() else { return fail("steps", "every step to have an `id`") };
        let near = format!("id: {id}");
        let strings =
            |v: &Value| -> Option<Vec<String>> { v.as_array()?.iter().map(|x| x.as_str().map(String::from)).collect() };
        let Some(solution) = strings(&s["solution"]).filter(|l| !l.is_empty()) else {
            return fail(&near, &format!("step {id} to have `solution: [LINE, …]`"));
        };
        let Some(second) = strings(&s["second"]).filter(|l| !l.is_empty()) else {
            return fail(&near, &format!("step {id} to have `second: [LINE, …]`"));
        };
        let checks: Option<Vec<Check>> = s["checks"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|c| Some(Check { id: c["id"].as_str()?.into(), cel: c["cel"].as_str()?.into() }))
            .collect();
        let Some(checks) = checks.filter(|c| !c.is_empty()) else {
            return fail(&near, &format!("step {id} to have `checks` with `id` and `cel`"));
        };
        let wrong: Option<Vec<Wrong>> = s["wrong"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|w| {
                let when = w["when"].as_str().map(String::from);
                Some(Wrong { id: w["id"].as_str()?.into(), lines: strings(&w["lines"])?, when })
            })
            .collect();
        let Some(wrong) = wrong.filter(|w| !w.is_empty()) else {
            return fail(&near, &format!("step {id} to have `wrong` with `id` and `lines`"));
        };
        steps.push(Step {
            id: id.into(),
            answer: s["predict"]["answer"].as_str().map(String::from),
            checks,
            solution,
            second,
            wrong,
        });
    }
    let texts = |v: &Value| v.as_array().into_iter().flatten().filter_map(|x| x.as_str().map(String::from)).collect();
    let lesson = Lesson {
        name: name.into(),
        order,
        seeds: texts(&v["seeds"]),
        options: Options { profile, nodes, ..Options::default() },
        setup: texts(&v["setup"]),
        steps,
        english: markdown(en, &format!("{name}/en.md"))?,
        korean: markdown(ko, &format!("{name}/ko.md"))?,
    };
    for (t, f, source) in [(&lesson.english, "en.md", en), (&lesson.korean, "ko.md", ko)] {
        complete(&lesson, t, &format!("{name}/{f}"), source)?;
    }
    Ok(lesson)
}

/// Every step, check and wrong answer has its words.
fn complete(lesson: &Lesson, t: &Text, file: &str, source: &str) -> Result<(), String> {
    for s in &lesson.steps {
        let Some(text) = t.steps.get(&s.id) else { return Err(format!("{file}:1: expected a section `## {}`", s.id)) };
        let at = line_of(source, &format!("## {}", s.id));
        if let Some(c) = s.checks.iter().find(|c| !text.checks.contains_key(&c.id)) {
            return Err(format!("{file}:{at}: expected `- {}: …` under `### checks`", c.id));
        }
        if let Some(w) = s.wrong.iter().find(|w| !text.wrong.contains_key(&w.id)) {
            return Err(format!("{file}:{at}: expected `- {}: …` under `### wrong`", w.id));
        }
        if s.answer.is_some() && text.predict.is_empty() {
            return Err(format!("{file}:{at}: expected `### predict`"));
        }
        if text.hints.len() < 3 {
            return Err(format!("{file}:{at}: expected three hints under `### hints`"));
        }
    }
    Ok(())
}

fn markdown(text: &str, file: &str) -> Result<Text, String> {
    let Some(rest) = text.strip_prefix("---\n") else {
        return Err(format!("{file}:1: expected front matter between `---` lines"));
    };
    let Some((front, body)) = rest.split_once("\n---\n") else {
        return Err(format!("{file}:1: expected a second `---` line"));
    };
    let mut t = Text::default();
    for l in front.lines() {
        match l.split_once(':') {
            Some(("title", v)) => t.title = v.trim().into(),
            Some(("summary", v)) => t.summary = v.trim().into(),
            _ => {}
        }
    }
    if t.title.is_empty() {
        return Err(format!("{file}:2: expected `title: …`"));
    }
    let mut step: Option<String> = None;
    let mut part = String::new();
    for l in body.lines() {
        if let Some(id) = l.strip_prefix("## ") {
            step = Some(id.trim().into());
            part.clear();
            t.steps.entry(id.trim().into()).or_default();
        } else if let Some(p) = l.strip_prefix("### ") {
            part = p.trim().into();
        } else if let Some(s) = step.as_ref().and_then(|s| t.steps.get_mut(s)) {
            section(s, &part, l);
        } else {
            t.intro.push_str(l);
            t.intro.push('\n');
        }
    }
    for s in t.steps.values_mut() {
        for text in [&mut s.task, &mut s.predict, &mut s.after] {
            *text = text.trim().to_string();
        }
    }
    t.intro = t.intro.trim().to_string();
    Ok(t)
}

fn section(s: &mut StepText, part: &str, l: &str) {
    let keyed =
        |l: &str| l.strip_prefix("- ").and_then(|r| r.split_once(": ")).map(|(k, v)| (k.to_string(), v.to_string()));
    match part {
        "" => s.task.push_str(&format!("{l}\n")),
        "predict" => s.predict.push_str(&format!("{l}\n")),
        "after" => s.after.push_str(&format!("{l}\n")),
        "checks" => s.checks.extend(keyed(l)),
        "wrong" => s.wrong.extend(keyed(l)),
        "hints" => {
            if let Some((_, text)) = l.split_once(". ").filter(|(n, _)| n.parse::<usize>().is_ok()) {
                s.hints.push(text.into());
            } else if let Some(last) = s.hints.last_mut().filter(|_| !l.trim().is_empty()) {
                last.push(' ');
                last.push_str(l.trim());
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_lesson_is_told_with_file_line_and_what_is_expected() {
        let md = "---\ntitle: T\n---\n\n## a\nx\n### checks\n- c: y\n### wrong\n- w: z\n### hints\n1. a\n2. b\n3. c\n";
        let good = "order: 1\nsteps:\n- id: a\n  checks: [{id: c, cel: 'true'}]\n  solution: [ls]\n  second: [pwd]\n  wrong: [{id: w, lines: [z]}]\n";
        assert!(lesson(&("l", good, md, md)).is_ok());
        for (bad, want) in [
            (good.replace("order: 1\n", ""), "l/lesson.yaml:1: expected `order: NUMBER`"),
            (good.replace("  solution: [ls]\n", ""), "l/lesson.yaml:3: expected step a to have `solution: [LINE, …]`"),
            (good.replace("id: c,", "id: d,"), "l/en.md:5: expected `- d: …` under `### checks`"),
            ("order: [".into(), "l/lesson.yaml: yaml: line 1: did not find expected node content"),
        ] {
            let e = lesson(&("l", &bad, md, md)).err().unwrap_or_default();
            assert!(e.starts_with(want), "{e}");
        }
    }
}
