//! Proves a lesson: every step's checks fail before, pass by the solution and by a second route, and fail on a known
//! wrong answer.

use super::check::View;
use super::{Lesson, Step};
use crate::api::RecordId;
use crate::prompt::Session;
use crate::prompt::session::Narration;

/// A session at the beginning of a step: the setup and the earlier solutions have been run.
pub fn at(lesson: &Lesson, step: usize) -> (Session, RecordId) {
    let mut s = Session::in_memory(&lesson.options);
    s.narration = Narration::Off;
    let earlier = lesson.steps[..step].iter().flat_map(|s| &s.solution);
    for line in lesson.setup.iter().chain(earlier) {
        s.eval(line);
    }
    let from = s.cluster.world.ledger.next_id();
    (s, from)
}

/// The checks that do not hold.
fn open(view: &View, step: &Step) -> Result<Vec<String>, String> {
    Ok(view.checks(step)?.into_iter().filter(|(_, ok)| !ok).map(|(id, _)| id).collect())
}

/// Everything that is not as it should be; empty for a lesson that holds.
pub fn prove(lesson: &Lesson) -> Vec<String> {
    let mut problems = vec![];
    for (i, step) in lesson.steps.iter().enumerate() {
        let place = format!("{}/lesson.yaml: step {}", lesson.name, step.id);
        let mut say = |text: String| problems.push(format!("{place}: {text}"));
        let after = |lines: &[String]| {
            let (mut s, from) = at(lesson, i);
            for l in lines {
                s.eval(l);
            }
            View::of(&s, from)
        };
        match after(&[]).and_then(|v| open(&v, step)) {
            Err(e) => {
                say(e);
                continue;
            }
            Ok(open) if open.is_empty() => say("its checks hold before anything was done".into()),
            Ok(_) => {}
        }
        for (name, lines) in [("solution", &step.solution), ("second route", &step.second)] {
            let view = after(lines);
            match view.as_ref().map_err(String::clone).and_then(|v| open(v, step)) {
                Ok(open) if open.is_empty() => {}
                Ok(open) => say(format!("after the {name} these checks do not hold: {}", open.join(", "))),
                Err(e) => say(e),
            }
            for w in &step.wrong {
                let taken = w.when.as_ref().zip(view.as_ref().ok()).map(|(cel, v)| v.holds(cel));
                if taken == Some(Ok(true)) {
                    say(format!("the {name} is taken for the wrong answer {}", w.id));
                }
            }
        }
        for w in &step.wrong {
            let view = after(&w.lines);
            match view.as_ref().map_err(String::clone).and_then(|v| open(v, step)) {
                Ok(open) if open.is_empty() => say(format!("the wrong answer {} passes", w.id)),
                Ok(_) => {}
                Err(e) => say(e),
            }
            match w.when.as_ref().zip(view.ok()).map(|(cel, v)| v.holds(cel)) {
                Some(Ok(false)) => say(format!("the wrong answer {} is not recognised by its `when`", w.id)),
                Some(Err(e)) => say(format!("wrong answer {}: {e}", w.id)),
                Some(Ok(true)) | None => {}
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_lesson_holds_what_it_promises() {
        let course = crate::lessons::course().unwrap();
        assert_eq!(course.len(), crate::lessons::BUILT_IN.len());
        for lesson in course {
            assert_eq!(super::prove(&lesson), Vec::<String>::new(), "{}", lesson.name);
        }
    }
}
