//! What each language needs: numbers, times, lists, particles.

use crate::api::Duration;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Language {
    English,
    Korean,
}

impl Language {
    pub fn parse(text: &str) -> Option<Language> {
        match text.to_lowercase().split(['_', '-', '.']).next()? {
            "en" | "english" | "c" | "posix" => Some(Language::English),
            "ko" | "korean" => Some(Language::Korean),
            _ => None,
        }
    }

    pub fn code(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::Korean => "ko",
        }
    }

    /// `2.1 s`, `5 min`, `2.1초`, `5분`.
    pub fn time(self, d: Duration) -> String {
        let s = d.as_secs_f64();
        let (value, english, korean) = match () {
            () if s < 1.0 => (format!("{:.0}", s * 1000.0), "ms", "ms"),
            () if s < 60.0 => (trim(s), "s", "초"),
            () if s < 3600.0 => (trim(s / 60.0), "min", "분"),
            () => (trim(s / 3600.0), "h", "시간"),
        };
        match self {
            Language::English => format!("{value} {english}"),
            Language::Korean => format!("{value}{korean}"),
        }
    }

    /// `worker-1, -2 and 3 more`: what several names begin with alike is said once.
    pub fn list(self, names: &[String], most: usize) -> String {
        let names = &alike_once(names);
        if names.len() <= most {
            return names.join(", ");
        }
        let shown = names[..most - 1].join(", ");
        let rest = names.len() + 1 - most;
        match self {
            Language::English => format!("{shown} and {rest} more"),
            Language::Korean => format!("{shown} 외 {rest}개"),
        }
    }
}

/// Of names that begin alike up to their last dash, the later ones keep only the rest.
fn alike_once(names: &[String]) -> Vec<String> {
    let stem = |n: &String| n.rfind('-').map(|i| n[..i].to_string());
    names
        .iter()
        .enumerate()
        .map(|(i, n)| match i.checked_sub(1).and_then(|before| stem(&names[before])) {
            Some(s) if stem(n).as_ref() == Some(&s) => n[s.len()..].to_string(),
            _ => n.clone(),
        })
        .collect()
}

fn trim(n: f64) -> String {
    let s = format!("{n:.1}");
    s.strip_suffix(".0").map_or(s.clone(), Into::into)
}

/// Whether a word ends in a consonant when it is read in Korean. Digits and Latin letters are read as Koreans read them.
fn final_consonant(c: char) -> (bool, bool) {
    match c {
        '가'..='힣' => {
            let last = (c as u32 - 0xAC00) % 28;
            (last != 0, last == 8)
        }
        '1' | '7' | '8' => (true, true),
        '0' | '3' | '6' => (true, false),
        _ => (false, false),
    }
}

/// The same for a word in Latin letters, as it is said in Korean: 웹, 앱, 셋, 스케줄, 네임, but 서버, 노드, 테스트.
fn latin_final(word: &str) -> (bool, bool) {
    let vowel = |c: char| "aeiou".contains(c);
    let letters: Vec<char> = word.to_lowercase().chars().collect();
    match letters.as_slice() {
        [.., 'l'] | [.., 'l', 'e'] => (true, true),
        [.., 'm' | 'n'] | [.., 'm' | 'n', 'e'] | [.., 'n', 'g'] => (true, false),
        // A stop after one short vowel closes the syllable; after a long one or a consonant it gets a vowel of its own.
        [.., a, v, 'b' | 'p' | 'k' | 'c' | 't'] if vowel(*v) && !vowel(*a) => (true, false),
        [v, 'b' | 'p' | 'k' | 'c' | 't'] if vowel(*v) => (true, false),
        [.., 'p', 'p'] | [.., 'c', 'k'] => (true, false),
        _ => (false, false),
    }
}

/// Chooses the particles that stand in both forms: `은(는)`, `이(가)`, `을(를)`, `과(와)`, `(으)로`.
pub fn particles(text: &str) -> String {
    const PAIRS: [(&str, &str, &str); 4] =
        [("은(는)", "은", "는"), ("이(가)", "이", "가"), ("을(를)", "을", "를"), ("과(와)", "과", "와")];
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    'outer: while let Some(c) = rest.chars().next() {
        let before = match out.chars().rev().find(|c| c.is_alphanumeric()) {
            Some(c) if c.is_ascii_alphabetic() => {
                let end = out.trim_end_matches(|c: char| !c.is_ascii_alphabetic());
                latin_final(&end[end.rfind(|c: char| !c.is_ascii_alphabetic()).map_or(0, |i| i + 1)..])
            }
            c => c.map_or((false, false), final_consonant),
        };
        for (both, with, without) in PAIRS {
            if let Some(r) = rest.strip_prefix(both) {
                out.push_str(if before.0 { with } else { without });
                rest = r;
                continue 'outer;
            }
        }
        if let Some(r) = rest.strip_prefix("(으)로") {
            // After ㄹ no 으 is needed.
            out.push_str(if before.0 && !before.1 { "으로" } else { "로" });
            rest = r;
            continue;
        }
        out.push(c);
        rest = &rest[c.len_utf8()..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn particles_follow_the_last_letter() {
        assert_eq!(
            particles("파드은(는) 노드을(를) 5(으)로 7(으)로 3(으)로 레플리카셋이(가)"),
            "파드는 노드를 5로 7로 3으로 레플리카셋이"
        );
        for (word, want) in [
            ("web", "web이"),
            ("first-app", "first-app이"),
            ("`web`", "`web`이"),
            ("NoSchedule", "NoSchedule이"),
            ("server", "server가"),
            ("node", "node가"),
            ("nginx", "nginx가"),
            ("worker-1", "worker-1이"),
            ("test", "test가"),
            ("name", "name이"),
        ] {
            assert_eq!(particles(&format!("{word}이(가)")), want);
        }
    }

    #[test]
    fn names_that_begin_alike_are_shortened() {
        let list =
            |names: &[&str], most| Language::English.list(&names.iter().map(|n| (*n).into()).collect::<Vec<_>>(), most);
        assert_eq!(
            list(&["worker-1", "worker-2", "control-plane", "worker-3"], 4),
            "worker-1, -2, control-plane, worker-3"
        );
        assert_eq!(list(&["a-b-1", "a-b-2", "a-b-3", "a-b-4", "a-b-5"], 4), "a-b-1, -2, -3 and 2 more");
        assert_eq!(list(&["web", "db"], 4), "web, db");
    }

    #[test]
    fn times_are_read_in_both_languages() {
        assert_eq!(Language::English.time(Duration::from_millis(2100)), "2.1 s");
        assert_eq!(Language::Korean.time(Duration::from_secs(300)), "5분");
    }
}
