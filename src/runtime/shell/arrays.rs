//! What only bash has of words: arrays, and braces that make several words of one.

use std::collections::BTreeMap;
use std::sync::Arc;

use brush_parser::word::{
    self, BraceExpressionMember, BraceExpressionOrText, Parameter, ParameterExpr, SpecialParameter, WordPiece,
};

use super::Shell;
use super::expand::{Expansion, Stop, options};
use super::script::{Assignment, Value};
use super::state::{Elements, Key};

/// Words that braces may make of one.
const MOST_WORDS: usize = 100_000;

/// `a{b,c}` and `{1..5}`. `None`: there are no such braces.
pub fn braces(word: &str) -> Option<Vec<String>> {
    let parsed = word::parse_brace_expansions(word, &options()).ok()??;
    let out = sequence(&parsed);
    (out.len() <= MOST_WORDS).then_some(out)
}

fn sequence(pieces: &[BraceExpressionOrText]) -> Vec<String> {
    let mut out = vec![String::new()];
    for p in pieces {
        let next: Vec<String> = match p {
            BraceExpressionOrText::Text(t) => vec![t.clone()],
            BraceExpressionOrText::Expr(members) => members.iter().flat_map(member).take(MOST_WORDS + 1).collect(),
        };
        if out.len().saturating_mul(next.len()) > MOST_WORDS {
            return vec![String::new(); MOST_WORDS + 1];
        }
        out = out.iter().flat_map(|a| next.iter().map(move |b| format!("{a}{b}"))).collect();
    }
    out
}

fn member(m: &BraceExpressionMember) -> Vec<String> {
    let steps = |start: i64, end: i64, by: i64| {
        let by = by.unsigned_abs().max(1);
        let n = usize::try_from(end.abs_diff(start) / by).unwrap_or(MOST_WORDS).min(MOST_WORDS);
        (0..=n as u64).map(move |i| {
            let d = i64::try_from(i.saturating_mul(by)).unwrap_or(i64::MAX);
            if end >= start { start.saturating_add(d) } else { start.saturating_sub(d) }
        })
    };
    match m {
        BraceExpressionMember::NumberSequence { start, end, increment } => {
            steps(*start, *end, *increment).map(|n| n.to_string()).collect()
        }
        BraceExpressionMember::CharSequence { start, end, increment } => {
            let code = |c: char| i64::from(u32::from(c));
            let letter = |n: i64| u32::try_from(n).ok().and_then(char::from_u32).map(String::from);
            steps(code(*start), code(*end), *increment).filter_map(letter).collect()
        }
        BraceExpressionMember::Child(pieces) => sequence(pieces),
    }
}

fn all(p: &Parameter) -> Option<bool> {
    match p {
        Parameter::Special(SpecialParameter::AllPositionalParameters { concatenate })
        | Parameter::NamedWithAllIndices { concatenate, .. } => Some(*concatenate),
        _ => None,
    }
}

fn stands_for_list(e: &ParameterExpr) -> Option<bool> {
    match e {
        ParameterExpr::Parameter { parameter, .. }
        | ParameterExpr::Substring { parameter, .. }
        | ParameterExpr::UseAlternativeValue { parameter: parameter @ Parameter::NamedWithAllIndices { .. }, .. } => {
            all(parameter)
        }
        ParameterExpr::MemberKeys { concatenate, .. } => Some(*concatenate),
        _ => None,
    }
}

/// Whether a piece stands for a list, and then whether that is joined: `"$*"`.
pub fn is_list(p: &WordPiece) -> Option<bool> {
    if let WordPiece::ParameterExpansion(e) = p { stands_for_list(e) } else { None }
}

impl Expansion<'_, '_> {
    /// The key of an element as it is written.
    pub(super) fn key(&mut self, name: &str, index: &str) -> Result<Key, Stop> {
        if self.sh.has_names(name) {
            return Ok((0, self.single(index)?));
        }
        let n = self.number(index)?;
        let last = self.sh.elements(name).last().map_or(0, |((i, _), _)| i64::try_from(*i).unwrap_or(i64::MAX));
        let n = if n < 0 { last.saturating_add(1).saturating_add(n) } else { n };
        Ok((u64::try_from(n).map_err(|_| Stop::Error(format!("{name}: bad array subscript")))?, String::new()))
    }

    /// The values that `$@`, `${a[@]}`, `${!a[@]}` and `${a[@]:1:2}` stand for, and whether they are joined.
    pub(super) fn list(&mut self, e: &ParameterExpr) -> Result<Option<(bool, Vec<String>)>, Stop> {
        let Some(joins) = stands_for_list(e) else { return Ok(None) };
        let values = |sh: &Shell, p: &Parameter| match p {
            Parameter::NamedWithAllIndices { name, .. } => sh.elements(name).into_iter().map(|(_, v)| v).collect(),
            _ => sh.args.clone(),
        };
        Ok(match e {
            ParameterExpr::MemberKeys { variable_name, .. } => {
                let named = self.sh.has_names(variable_name);
                let key = |(n, name): Key| if named { name } else { n.to_string() };
                Some((joins, self.sh.elements(variable_name).into_iter().map(|(k, _)| key(k)).collect()))
            }
            ParameterExpr::Substring { parameter, offset, length, .. } => {
                let mut list: Vec<String> = values(self.sh, parameter);
                // The name of the shell is the argument before the first.
                if matches!(parameter, Parameter::Special(_)) {
                    list.insert(0, self.sh.name.clone());
                }
                let size = i64::try_from(list.len()).unwrap_or(i64::MAX);
                let from = self.number(&offset.value)?;
                let from = if from < 0 { (size + from).max(0) } else { from.min(size) };
                let to = match length {
                    Some(l) => from.saturating_add(self.number(&l.value)?.max(0)).min(size),
                    None => size,
                };
                let at = |n: i64| usize::try_from(n).unwrap_or_default();
                Some((joins, list[at(from)..at(to)].to_vec()))
            }
            ParameterExpr::Parameter { parameter, indirect: false } => Some((joins, values(self.sh, parameter))),
            _ => None,
        })
    }

    /// Does one assignment.
    pub(super) fn assign(&mut self, a: &Assignment) -> Result<(), Stop> {
        match (&a.value, &a.index) {
            (Value::One(w), None) => {
                let mut v = self.single(w)?;
                if a.append {
                    v = self.sh.get(&a.name).unwrap_or_default() + &v;
                }
                self.sh.set(&a.name, v).map_err(Stop::Error)
            }
            (Value::One(w), Some(index)) => {
                let (key, mut v) = (self.key(&a.name, index)?, self.single(w)?);
                if a.append {
                    let old = self.sh.elements(&a.name).into_iter().find(|(k, _)| *k == key);
                    v = old.map(|(_, v)| v).unwrap_or_default() + &v;
                }
                self.sh.change_array(&a.name, |e| drop(e.all.insert(key, v))).map_err(Stop::Error)
            }
            (Value::Array(list), _) => {
                let mut next = match a.append {
                    true => self.sh.elements(&a.name).last().map_or(0, |((n, _), _)| n + 1),
                    false => 0,
                };
                let mut made: BTreeMap<Key, String> = BTreeMap::new();
                for (key, word) in list {
                    match key {
                        Some(k) => {
                            let key = self.key(&a.name, k)?;
                            next = key.0.saturating_add(1);
                            let v = self.single(word)?;
                            made.insert(key, v);
                        }
                        None => {
                            for v in self.fields(word)? {
                                made.insert((next, String::new()), v);
                                next = next.saturating_add(1);
                            }
                        }
                    }
                }
                let append = a.append;
                let change = |e: &mut Elements| {
                    if !append {
                        e.all.clear();
                    }
                    e.all.extend(made);
                };
                self.sh.change_array(&a.name, change).map_err(Stop::Error)
            }
        }
    }
}

impl Shell {
    /// `declare -a`, `declare -A`: an array without elements.
    pub(super) fn declare_array(&mut self, name: &str, named: bool) {
        let v = self.vars.entry(name.into()).or_default();
        if v.elements.as_ref().is_none_or(|e| e.named != named) {
            let all = v.value.take().map(|t| ((0, String::new()), t)).into_iter().collect();
            v.elements = Some(Arc::new(Elements { named, all }));
        }
    }
}
