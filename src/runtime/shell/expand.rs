//! Expansion of words: parameters, commands, arithmetic, quotes, splitting, paths. A command that a word holds has to run first: the
//! expansion is given up, and begun anew when the command's output is known.

use brush_parser::word::{
    self, Parameter, ParameterExpr, ParameterTestType, SpecialParameter, SubstringMatchKind, TildeExpr, WordPiece,
};

use super::pattern::{Pattern, paths};
use super::{Flavor, Shell, arithmetic};
use crate::runtime::kernel::Sys;
use crate::runtime::programs::echo::unescape;

/// Why an expansion cannot go on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Stop {
    /// This command has to run first.
    Substitute(String),
    /// What the shell says, and gives up over.
    Error(String),
}

/// One expansion: the outputs of the commands in it, in the order in which they are met.
pub struct Expansion<'a, 'b> {
    pub sh: &'a mut Shell,
    pub sys: &'a mut Sys<'b>,
    pub known: &'a [String],
    pub used: usize,
}

/// Fields under construction. A field may be open, and quoted text keeps it even if it is empty. Each letter knows whether it was quoted:
/// what was does not stand for files.
#[derive(Default)]
struct Fields {
    done: Vec<Vec<(char, bool)>>,
    open: Option<Vec<(char, bool)>>,
}

impl Fields {
    fn push(&mut self, s: &str, quoted: bool) {
        self.open.get_or_insert_default().extend(s.chars().map(|c| (c, quoted)));
    }
    fn close(&mut self) {
        self.done.extend(self.open.take());
    }
    fn split(&mut self, s: &str, separators: &str) {
        // White space separates however much there is of it; other separators each end a field.
        let mut chars = s.chars().peekable();
        while let Some(c) = chars.next() {
            if !separators.contains(c) {
                self.push(&c.to_string(), false);
                continue;
            }
            if !c.is_whitespace() && self.open.is_none() {
                self.open = Some(vec![]);
            }
            self.close();
            let mut hard = !c.is_whitespace();
            while let Some(n) = chars.peek().filter(|n| separators.contains(**n) && (n.is_whitespace() || !hard)) {
                hard |= !n.is_whitespace();
                chars.next();
            }
        }
    }
}

fn text(field: &[(char, bool)]) -> String {
    field.iter().map(|(c, _)| *c).collect()
}

/// The same as a pattern, in which what was quoted stands for itself.
fn as_pattern(field: &[(char, bool)]) -> String {
    let mut out = String::new();
    for (c, quoted) in field {
        if *quoted && "*?[]\\!^-".contains(*c) {
            out.push('\\');
        }
        out.push(*c);
    }
    out
}

pub(super) fn options() -> brush_parser::ParserOptions {
    brush_parser::ParserOptions { tilde_expansion_at_word_start: true, ..brush_parser::ParserOptions::default() }
}

impl Expansion<'_, '_> {
    /// A word to its fields, paths included.
    pub fn fields(&mut self, word: &str) -> Result<Vec<String>, Stop> {
        let mut out = vec![];
        if self.sh.flavor == Flavor::Bash
            && word.contains('{')
            && let Some(words) = super::arrays::braces(word)
        {
            for w in words {
                out.extend(self.fields_of_one(&w)?);
            }
            return Ok(out);
        }
        self.fields_of_one(word)
    }

    fn fields_of_one(&mut self, word: &str) -> Result<Vec<String>, Stop> {
        let mut out = vec![];
        for f in self.pieces(word)? {
            let found = match self.sh.options.noglob || !f.iter().any(|(c, q)| !q && "*?[".contains(*c)) {
                true => vec![],
                false => paths(&as_pattern(&f), self.sys),
            };
            if found.is_empty() { out.push(text(&f)) } else { out.extend(found) }
        }
        Ok(out)
    }

    fn pieces(&mut self, word: &str) -> Result<Vec<Vec<(char, bool)>>, Stop> {
        let mut f = Fields::default();
        match word::parse(word, &options()) {
            Ok(pieces) => {
                for p in pieces {
                    self.piece(&p.piece, false, true, &mut f)?;
                }
            }
            Err(_) => return Err(Stop::Error("Bad substitution".into())),
        }
        f.close();
        Ok(f.done)
    }

    /// A word to one string, without splitting: values of variables, targets of redirections.
    pub fn single(&mut self, word: &str) -> Result<String, Stop> {
        Ok(text(&self.joined(word)?))
    }

    /// A word to a pattern.
    pub fn pattern(&mut self, word: &str) -> Result<Pattern, Stop> {
        Ok(Pattern::parse(&as_pattern(&self.joined(word)?)))
    }

    fn joined(&mut self, word: &str) -> Result<Vec<(char, bool)>, Stop> {
        let mut f = Fields::default();
        let pieces = word::parse(word, &options()).map_err(|_| Stop::Error("Bad substitution".into()))?;
        for p in pieces {
            self.piece(&p.piece, false, false, &mut f)?;
        }
        f.close();
        Ok(f.done.join(&(' ', false)))
    }

    /// A here-document: only `$` and backquotes mean something in it.
    pub fn document(&mut self, doc: &str) -> Result<String, Stop> {
        let quoted = format!("\"{}\"", escape_quotes(doc));
        self.single(&quoted)
    }

    fn piece(&mut self, piece: &WordPiece, quoted: bool, split: bool, out: &mut Fields) -> Result<(), Stop> {
        match piece {
            WordPiece::Text(s) => out.push(s, quoted),
            WordPiece::SingleQuotedText(s) => out.push(s, true),
            // dash knows no such quotes: there it is a dollar before a quoted text.
            WordPiece::AnsiCQuotedText(s) if self.sh.flavor == Flavor::Dash => {
                out.push("$", false);
                out.push(s, true);
            }
            WordPiece::AnsiCQuotedText(s) => {
                let mut text = vec![];
                let s = s.replace("\\'", "'").replace("\\\"", "\"");
                unescape(&s, false, &mut text);
                out.push(&String::from_utf8_lossy(&text), true);
            }
            WordPiece::EscapeSequence(s) => match s.strip_prefix('\\') {
                Some("\n") => {}
                Some(rest) => out.push(rest, true),
                None => out.push(s, true),
            },
            WordPiece::TildeExpansion(t) => {
                let to = match t {
                    TildeExpr::Home => self.sh.get("HOME").unwrap_or_default(),
                    TildeExpr::WorkingDir => self.sys.cwd().to_string(),
                    TildeExpr::OldWorkingDir => self.sh.get("OLDPWD").unwrap_or_default(),
                    TildeExpr::UserHome(user) if user == "root" => "/root".into(),
                    TildeExpr::UserHome(user) => format!("/home/{user}"),
                    _ => "~".into(),
                };
                out.push(&to, true);
            }
            WordPiece::DoubleQuotedSequence(list) | WordPiece::GettextDoubleQuotedSequence(list) => {
                // `"$@"` without arguments is no field at all, `""` is an empty one.
                let is_arguments = |p: &WordPiece| super::arrays::is_list(p) == Some(false);
                if !list.iter().any(|p| is_arguments(&p.piece)) {
                    out.push("", true);
                }
                for p in list {
                    self.piece(&p.piece, true, split, out)?;
                }
            }
            WordPiece::ParameterExpansion(e) => {
                if let Some((joins, list)) = self.list(e)? {
                    self.arguments(&list, joins, quoted, split, out);
                    return Ok(());
                }
                self.parameter(e, quoted, split, out)?;
            }
            WordPiece::CommandSubstitution(s) => {
                let v = self.command(s)?;
                self.put(&v, quoted, split, out);
            }
            WordPiece::BackquotedCommandSubstitution(s) => {
                let v = self.command(&unescaped(s, quoted))?;
                self.put(&v, quoted, split, out);
            }
            WordPiece::ArithmeticExpression(e) => {
                let text = self.single(&format!("\"{}\"", e.value.replace('"', "")))?;
                let n = arithmetic::evaluate(self.sh, &text).map_err(Stop::Error)?;
                self.put(&n.to_string(), quoted, split, out);
            }
        }
        Ok(())
    }

    fn put(&self, v: &str, quoted: bool, split: bool, out: &mut Fields) {
        match quoted || !split {
            true => out.push(v, quoted),
            false => out.split(v, &self.sh.get("IFS").unwrap_or_else(|| " \t\n".into())),
        }
    }

    /// `$@` and `$*`.
    fn arguments(&self, args: &[String], joins: bool, quoted: bool, split: bool, out: &mut Fields) {
        let separators = self.sh.get("IFS").unwrap_or_else(|| " \t\n".into());
        if (joins && quoted) || !split {
            let between =
                if joins { separators.chars().next().map(String::from).unwrap_or_default() } else { " ".into() };
            return out.push(&args.join(&between), quoted);
        }
        for (i, a) in args.iter().enumerate() {
            if i > 0 {
                out.close();
            }
            if quoted { out.push(a, true) } else { out.split(a, &separators) }
        }
    }

    fn command(&mut self, script: &str) -> Result<String, Stop> {
        let known = self.known.get(self.used).cloned();
        self.used += 1;
        known.ok_or_else(|| Stop::Substitute(script.into()))
    }

    fn value(&mut self, p: &Parameter) -> Result<Option<String>, Stop> {
        match p {
            Parameter::NamedWithIndex { name, index } => {
                let key = self.key(name, index)?;
                Ok(self.sh.elements(name).into_iter().find(|(k, _)| *k == key).map(|(_, v)| v))
            }
            Parameter::NamedWithAllIndices { name, .. } => {
                let all: Vec<String> = self.sh.elements(name).into_iter().map(|(_, v)| v).collect();
                Ok((!all.is_empty()).then(|| all.join(" ")))
            }
            p => Ok(self.sh.parameter(p, self.sys)),
        }
    }

    /// The value of a parameter that has to be there if `set -u` says so.
    fn demanded(&mut self, p: &Parameter) -> Result<String, Stop> {
        match self.value(p)? {
            Some(v) => Ok(v),
            None if self.sh.options.nounset && !matches!(p, Parameter::Special(_)) => {
                Err(Stop::Error(format!("{}: parameter not set", name(p))))
            }
            None => Ok(String::new()),
        }
    }

    fn tested(&mut self, p: &Parameter, t: &ParameterTestType) -> Result<Option<String>, Stop> {
        let v = self.value(p)?;
        Ok(v.filter(|v| matches!(t, ParameterTestType::Unset) || !v.is_empty()))
    }

    /// A word within braces: it is split where the whole is.
    fn inner(&mut self, word: Option<&str>, quoted: bool, split: bool, out: &mut Fields) -> Result<(), Stop> {
        let word = word.unwrap_or("");
        if quoted {
            let v = self.single(&format!("\"{}\"", escape_quotes_but_own(word)))?;
            out.push(&v, true);
            return Ok(());
        }
        let pieces = word::parse(word, &options()).map_err(|_| Stop::Error("Bad substitution".into()))?;
        for p in pieces {
            match &p.piece {
                WordPiece::Text(s) if split => out.split(s, " \t\n"),
                other => self.piece(other, false, split, out)?,
            }
        }
        Ok(())
    }

    fn parameter(&mut self, e: &ParameterExpr, quoted: bool, split: bool, out: &mut Fields) -> Result<(), Stop> {
        use ParameterExpr as E;
        // dash knows what POSIX names, and nothing else.
        let beyond = matches!(
            e,
            E::Substring { .. }
                | E::ReplaceSubstring { .. }
                | E::UppercasePattern { .. }
                | E::LowercasePattern { .. }
                | E::UppercaseFirstChar { .. }
                | E::LowercaseFirstChar { .. }
                | E::Parameter { indirect: true, .. }
                | E::Parameter { parameter: Parameter::NamedWithIndex { .. }, .. }
        );
        if beyond && self.sh.flavor == Flavor::Dash {
            return Err(Stop::Error("Bad substitution".into()));
        }
        let v = match e {
            ParameterExpr::Parameter { parameter, indirect: false } => self.demanded(parameter)?,
            ParameterExpr::Parameter { parameter, indirect: true } => {
                let named = self.demanded(parameter)?;
                self.sh.get(&named).unwrap_or_default()
            }
            ParameterExpr::UseDefaultValues { parameter, test_type, default_value, .. } => {
                match self.tested(parameter, test_type)? {
                    Some(v) => v,
                    None => return self.inner(default_value.as_deref(), quoted, split, out),
                }
            }
            ParameterExpr::AssignDefaultValues { parameter, test_type, default_value, .. } => {
                match self.tested(parameter, test_type)? {
                    Some(v) => v,
                    None => {
                        let v = self.single(default_value.as_deref().unwrap_or(""))?;
                        let Parameter::Named(n) = parameter else { return Err(Stop::Error("Bad substitution".into())) };
                        self.sh.set(n, v.clone()).map_err(Stop::Error)?;
                        v
                    }
                }
            }
            ParameterExpr::IndicateErrorIfNullOrUnset { parameter, test_type, error_message, .. } => {
                match self.tested(parameter, test_type)? {
                    Some(v) => v,
                    None => {
                        let said = self.single(error_message.as_deref().unwrap_or(""))?;
                        let said = match (said.is_empty(), test_type) {
                            (false, _) => said,
                            (_, ParameterTestType::Unset) => "parameter not set".into(),
                            _ => "parameter not set or null".into(),
                        };
                        return Err(Stop::Error(format!("{}: {said}", name(parameter))));
                    }
                }
            }
            ParameterExpr::UseAlternativeValue { parameter, test_type, alternative_value, .. } => {
                return match self.tested(parameter, test_type)? {
                    Some(_) => self.inner(alternative_value.as_deref(), quoted, split, out),
                    None => Ok(()),
                };
            }
            ParameterExpr::ParameterLength { parameter, .. } => match parameter {
                Parameter::NamedWithAllIndices { name, .. } => self.sh.elements(name).len().to_string(),
                Parameter::Special(SpecialParameter::AllPositionalParameters { .. }) => self.sh.args.len().to_string(),
                p if self.sh.flavor == Flavor::Bash => self.demanded(p)?.chars().count().to_string(),
                p => self.demanded(p)?.len().to_string(),
            },
            ParameterExpr::RemoveSmallestSuffixPattern { parameter, pattern, .. } => {
                self.cut(parameter, pattern.as_deref(), false, false)?
            }
            ParameterExpr::RemoveLargestSuffixPattern { parameter, pattern, .. } => {
                self.cut(parameter, pattern.as_deref(), false, true)?
            }
            ParameterExpr::RemoveSmallestPrefixPattern { parameter, pattern, .. } => {
                self.cut(parameter, pattern.as_deref(), true, false)?
            }
            ParameterExpr::RemoveLargestPrefixPattern { parameter, pattern, .. } => {
                self.cut(parameter, pattern.as_deref(), true, true)?
            }
            ParameterExpr::Substring { parameter, offset, length, .. } => {
                let v: Vec<char> = self.demanded(parameter)?.chars().collect();
                let size = i64::try_from(v.len()).unwrap_or(i64::MAX);
                let from = self.number(&offset.value)?;
                let from = if from < 0 { (size + from).max(0) } else { from.min(size) };
                let to = match length {
                    None => size,
                    Some(l) => match self.number(&l.value)? {
                        n if n < 0 => (size + n).max(from),
                        n => from.saturating_add(n).min(size),
                    },
                };
                let at = |n: i64| usize::try_from(n).unwrap_or_default();
                v[at(from)..at(to)].iter().collect()
            }
            ParameterExpr::ReplaceSubstring { parameter, pattern, replacement, match_kind, .. } => {
                let (v, p) = (self.demanded(parameter)?, self.pattern(pattern)?);
                let with = self.single(replacement.as_deref().unwrap_or(""))?;
                replaced(&v, &p, &with, match_kind)
            }
            ParameterExpr::UppercaseFirstChar { parameter, .. } => {
                let v = self.demanded(parameter)?;
                let mut c = v.chars();
                c.next().map(|f| f.to_uppercase().to_string()).unwrap_or_default() + c.as_str()
            }
            ParameterExpr::LowercaseFirstChar { parameter, .. } => {
                let v = self.demanded(parameter)?;
                let mut c = v.chars();
                c.next().map(|f| f.to_lowercase().to_string()).unwrap_or_default() + c.as_str()
            }
            ParameterExpr::UppercasePattern { parameter, .. } => self.demanded(parameter)?.to_uppercase(),
            ParameterExpr::LowercasePattern { parameter, .. } => self.demanded(parameter)?.to_lowercase(),
            _ => return Err(Stop::Error("Bad substitution".into())),
        };
        self.put(&v, quoted, split, out);
        Ok(())
    }

    pub(super) fn number(&mut self, text: &str) -> Result<i64, Stop> {
        let text = self.single(text)?;
        arithmetic::evaluate(self.sh, &text).map_err(Stop::Error)
    }

    /// `${x#…}`, `${x##…}`, `${x%…}` and `${x%%…}`.
    fn cut(&mut self, p: &Parameter, pattern: Option<&str>, front: bool, longest: bool) -> Result<String, Stop> {
        let (v, pattern) = (self.demanded(p)?, self.pattern(pattern.unwrap_or(""))?);
        let mut ends: Vec<usize> = v.char_indices().map(|(i, _)| i).chain([v.len()]).collect();
        // The shortest piece first.
        if front == longest {
            ends.reverse();
        }
        let found = ends.into_iter().find(|i| pattern.matches(if front { &v[..*i] } else { &v[*i..] }));
        Ok(match found {
            Some(i) if front => v[i..].into(),
            Some(i) => v[..i].into(),
            None => v,
        })
    }
}

fn replaced(v: &str, pattern: &Pattern, with: &str, kind: &SubstringMatchKind) -> String {
    let at = |from: usize| {
        let ends = v[from..].char_indices().map(|(i, _)| from + i).chain([v.len()]).rev();
        ends.into_iter().find(|to| *to > from && pattern.matches(&v[from..*to]))
    };
    let (mut out, mut i) = (String::new(), 0);
    while i < v.len() {
        let allowed = match kind {
            SubstringMatchKind::Prefix => i == 0,
            SubstringMatchKind::Suffix => at(i) == Some(v.len()),
            SubstringMatchKind::FirstOccurrence | SubstringMatchKind::Anywhere => true,
        };
        if let Some(to) = at(i).filter(|_| allowed) {
            out.push_str(with);
            i = to;
            if !matches!(kind, SubstringMatchKind::Anywhere) {
                break;
            }
            continue;
        }
        let c = v[i..].chars().next().map_or(1, char::len_utf8);
        out.push_str(&v[i..i + c]);
        i += c;
    }
    out + &v[i..]
}

pub fn name(p: &Parameter) -> String {
    match p {
        Parameter::Named(n) => n.clone(),
        other => other.to_string().trim_start_matches('$').trim_matches(['{', '}']).to_string(),
    }
}

/// Changes the quotes of a text, but not those of the commands in it.
fn with_quotes(text: &str, quote: &str, escaped: &str) -> String {
    let (mut out, mut depth) = (String::new(), 0usize);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if chars.peek() == Some(&'"') && depth == 0 => {
                chars.next();
                out.push_str(escaped);
            }
            '\\' => {
                out.push(c);
                out.extend(chars.next());
            }
            '"' if depth == 0 => out.push_str(quote),
            '$' if chars.peek() == Some(&'(') => {
                out.push(c);
                out.extend(chars.next());
                depth += 1;
            }
            '(' | ')' if depth > 0 => {
                depth = if c == '(' { depth + 1 } else { depth - 1 };
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}

/// In a here-document quotes are letters.
fn escape_quotes(text: &str) -> String {
    with_quotes(text, "\\\"", "\\\\\\\"")
}

/// Within braces that stand in quotes, quotes of the word's own part it; the letters in them are the same.
fn escape_quotes_but_own(text: &str) -> String {
    with_quotes(text, "", "\\\"")
}

/// In backquotes a backslash quotes `$`, a backquote, itself, and in double quotes a quote too.
fn unescaped(text: &str, quoted: bool) -> String {
    let mut out = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match chars.peek() {
            Some(n) if c == '\\' && (matches!(n, '$' | '`' | '\\') || (quoted && *n == '"')) => {
                out.extend(chars.next());
            }
            _ => out.push(c),
        }
    }
    out
}
