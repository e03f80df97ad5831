//! The course as pages of a book, one lesson a page. The words are the lesson's own; what the console blocks show has
//! just been run.

use std::fmt::Write;

use super::{Lesson, Text, proof};
use crate::explain::Language;
use crate::prompt::session::Narration;

/// A file of the book and what is in it.
pub type Page = (String, String);

/// Headings that no lesson's file holds.
struct Words {
    title: &'static str,
    predict: &'static str,
    route: &'static str,
    hints: &'static str,
    intro: &'static str,
}

const ENGLISH: Words = Words {
    title: "Kubernetes, watched",
    predict: "What do you expect?",
    route: "One way to do it",
    hints: "Hints",
    intro: "These are the lessons of kubetutor. Each console block was run when this book was made; \
            `kubetutor learn` leads through the same steps with a cluster of your own.",
};

const KOREAN: Words = Words {
    title: "들여다보는 쿠버네티스",
    predict: "어떻게 될까요?",
    route: "한 가지 방법",
    hints: "힌트",
    intro: "kubetutor의 실습입니다. 콘솔에 보이는 출력은 이 책을 만들 때 실제로 실행한 결과입니다. \
            `kubetutor learn`으로 같은 단계를 직접 해 볼 수 있습니다.",
};

fn words(language: Language) -> &'static Words {
    if language == Language::Korean { &KOREAN } else { &ENGLISH }
}

/// All pages in a language: the contents, the front page, a page for each lesson.
pub fn pages(course: &[Lesson], language: Language) -> Result<Vec<Page>, String> {
    let w = words(language);
    let mut contents = format!("# {}\n\n[{}](index.md)\n\n", w.title, w.title);
    let mut front = format!("# {}\n\n{}\n\n", w.title, w.intro);
    let mut out = vec![];
    for l in course {
        let t = l.text(language);
        let _ = writeln!(contents, "- [{}]({}.md)", t.title, l.name);
        let _ = writeln!(front, "- [{}]({}.md): {}", t.title, l.name, t.summary);
        out.push((format!("{}.md", l.name), page(l, t, language)?));
    }
    out.push(("SUMMARY.md".into(), contents));
    out.push(("index.md".into(), front));
    Ok(out)
}

fn page(lesson: &Lesson, t: &Text, language: Language) -> Result<String, String> {
    let w = words(language);
    let mut md = format!("# {}\n\n{}\n\n", t.title, t.intro);
    let (mut session, _) = proof::at(lesson, 0);
    session.language = language;
    session.narration = Narration::Brief;
    for (i, step) in lesson.steps.iter().enumerate() {
        let text = t.steps.get(&step.id).ok_or_else(|| format!("{}: step {} has no text", lesson.name, step.id))?;
        let _ = write!(md, "## {}. {}\n\n{}\n\n", i + 1, step.id, text.task);
        if !text.predict.is_empty() {
            let _ = write!(md, "**{}** {}\n\n", w.predict, text.predict);
        }
        let _ = write!(md, "<details><summary>{}</summary>\n\n", w.hints);
        for (n, h) in text.hints.iter().enumerate() {
            let _ = writeln!(md, "{}. {h}", n + 1);
        }
        let _ = write!(md, "\n</details>\n\n<details><summary>{}</summary>\n\n", w.route);
        for line in &step.solution {
            let o = session.eval(line);
            md.push_str(&console(line.trim_end(), &[&o.stdout, &o.stderr, &o.story]));
        }
        let _ = write!(md, "</details>\n\n{}\n\n", text.after);
    }
    Ok(md)
}

/// A fenced block. The fence is longer than any in what it holds.
fn console(line: &str, parts: &[&str]) -> String {
    let body: String = parts.concat();
    let longest = body.lines().map(|l| l.trim_start().chars().take_while(|c| *c == '`').count()).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}console\n$ {line}\n{}\n{fence}\n\n", body.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_shows_what_its_commands_print() {
        let course = crate::lessons::course().unwrap();
        for language in [Language::English, Language::Korean] {
            let all = pages(&course, language).unwrap();
            assert_eq!(all.len(), course.len() + 2);
            for l in &course {
                let (_, page) = all.iter().find(|(f, _)| *f == format!("{}.md", l.name)).unwrap();
                for line in l.steps.iter().flat_map(|s| &s.solution) {
                    assert!(page.contains(&format!("console\n$ {}", line.trim_end())), "{}: {line}", l.name);
                }
            }
            let (_, first) = all.iter().find(|(f, _)| f == "first-deployment.md").unwrap();
            assert!(first.contains("\ndeployment.apps/web created\n"), "{first}");
        }
    }
}
