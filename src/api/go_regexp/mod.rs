//! Regular expressions as Go reads them: which are refused, in which words, and the same expression for Rust's engine.
//!
//! Both engines match in linear time and mostly agree on the syntax. They differ in what `\d`, `\w` and `\s` mean (Go:
//! ASCII), in the signs that are special inside of `[…]`, and in what is refused, so an expression is written anew.
//! Real Kubernetes: Go's regexp/syntax/parse.go, which `pattern` of a custom resource's schema goes through.

mod signs;
mod translate;

use regex::Regex;

/// An expression and what it matches.
#[derive(Clone, Debug)]
pub struct Pattern {
    pub text: String,
    engine: Engine,
}

#[derive(Clone, Debug)]
enum Engine {
    Matches(Regex),
    /// Go refuses the expression, for this reason.
    Refused(String),
    /// Go takes it, but this engine does not (tables of Unicode that are left out): it judges nothing.
    Unknown,
}

impl Pattern {
    pub fn new(text: &str) -> Pattern {
        let engine = match translate::to_rust(text) {
            Err(why) => Engine::Refused(why),
            Ok(rust) => Regex::new(&rust).map_or(Engine::Unknown, Engine::Matches),
        };
        Pattern { text: text.into(), engine }
    }

    /// Why Go refuses the expression: `error parsing regexp: …`.
    pub fn refusal(&self) -> Option<&str> {
        match &self.engine {
            Engine::Refused(why) => Some(why),
            _ => None,
        }
    }

    /// The parts of a text that match, `most` at most.
    pub fn find<'t>(&self, text: &'t str, most: usize) -> Vec<&'t str> {
        match &self.engine {
            Engine::Matches(regex) => regex.find_iter(text).take(most).map(|m| m.as_str()).collect(),
            Engine::Refused(_) | Engine::Unknown => vec![],
        }
    }

    pub fn matches(&self, text: &str) -> bool {
        match &self.engine {
            Engine::Matches(regex) => regex.is_match(text),
            Engine::Refused(_) => false,
            Engine::Unknown => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_go_refuses_is_refused_in_its_words() {
        for (pattern, why) in [
            ("(a", "missing closing ): `(a`"),
            ("a)", "unexpected ): `a)`"),
            ("[a", "missing closing ]: `[a`"),
            ("*a", "missing argument to repetition operator: `*`"),
            ("a|+?", "missing argument to repetition operator: `+?`"),
            ("a**", "invalid nested repetition operator: `**`"),
            ("a{2}{3}", "invalid nested repetition operator: `{2}{3}`"),
            ("a{1001}", "invalid repeat count: `{1001}`"),
            ("a{5,2}", "invalid repeat count: `{5,2}`"),
            ("(a{100}){100}", "invalid repeat count: `{100}`"),
            ("(?=a)", "invalid or unsupported Perl syntax: `(?=`"),
            ("(?!a)", "invalid or unsupported Perl syntax: `(?!`"),
            ("^(?<!x)y", "invalid named capture: `(?<!x)y`"),
            (r"\y", r"invalid escape sequence: `\y`"),
            (r"\1", r"invalid escape sequence: `\1`"),
            ("a\\", "trailing backslash at end of expression: ``"),
            ("[z-a]", "invalid character class range: `z-a`"),
            ("[[:foo:]]", "invalid character class range: `[:foo:]`"),
        ] {
            let found = Pattern::new(pattern);
            assert_eq!(found.refusal(), Some(format!("error parsing regexp: {why}").as_str()), "{pattern}");
        }
    }

    #[test]
    fn what_go_takes_matches_as_in_go() {
        for (pattern, text, want) in [
            (r"^\d+$", "12", true),
            (r"^\d+$", "١٢", false),
            (r"^[\w-]+$", "a-b_c", true),
            (r"^[a&&b]+$", "&", true),
            ("^[[]$", "[", true),
            ("^a{,3}$", "a{,3}", true),
            (r"^(?P<n>a|b)\.c$", "b.c", true),
            (r"^\Qa.b\E$", "a.b", true),
            ("(?i)^ABC$", "abc", true),
            (r"\bfoo\b", "a foo b", true),
            (r"^\x41\x{42}\103$", "ABC", true),
            ("^[^]]$", "]", false),
            ("a-z]", "a-z]", true),
        ] {
            let found = Pattern::new(pattern);
            assert_eq!((found.refusal(), found.matches(text)), (None, want), "{pattern} {text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_taken_or_refused_without_panic(s in r".{0,20}|[\[\]()*+?{}\\^|a0,:-]{0,20}") {
            let _ = Pattern::new(&s).matches("a");
        }
    }
}
