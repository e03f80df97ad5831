//! How a reply looks.

use crate::runtime::programs::redis::resp::{Reply, number};
use crate::runtime::programs::redis::words::quote;

/// Who reads it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Form {
    /// Somebody at a terminal.
    Pretty,
    /// A program; what stands between the parts of an array.
    Raw(String),
    Csv,
}

/// Replies to these are texts for people, whoever reads them.
pub fn is_report(words: &[String]) -> bool {
    let word = |i: usize| words.get(i).map(|w| w.to_ascii_lowercase()).unwrap_or_default();
    match word(0).as_str() {
        "info" | "lolwut" => true,
        "client" => ["list", "info"].contains(&word(1).as_str()),
        "memory" => ["doctor", "malloc-stats"].contains(&word(1).as_str()),
        "cluster" => ["nodes", "info"].contains(&word(1).as_str()),
        "latency" => ["graph", "doctor"].contains(&word(1).as_str()),
        _ => false,
    }
}

pub fn shown(reply: &Reply, form: &Form, report: bool) -> Vec<u8> {
    match form {
        _ if report => raw(reply, "\n"),
        Form::Pretty => pretty(reply, "").into_bytes(),
        Form::Raw(between) => {
            let mut out = raw(reply, between);
            out.push(b'\n');
            out
        }
        Form::Csv => (csv(reply) + "\n").into_bytes(),
    }
}

fn pretty(reply: &Reply, indent: &str) -> String {
    match reply {
        Reply::Nothing | Reply::Raw(_) => String::new(),
        Reply::Status(s) => format!("{s}\n"),
        Reply::Error(e) => format!("(error) {e}\n"),
        Reply::Int(n) => format!("(integer) {n}\n"),
        Reply::Double(n) => format!("(double) {}\n", number(*n)),
        Reply::Bulk(b) => format!("{}\n", quote(b)),
        Reply::Nil | Reply::NilArray => "(nil)\n".into(),
        Reply::Array(all) => numbered(all.iter().map(|r| (None, r)).collect(), "(empty array)", ')', indent),
        Reply::Set(all) => numbered(all.iter().map(|r| (None, r)).collect(), "(empty set)", '~', indent),
        Reply::Map(all) => numbered(all.iter().map(|(k, v)| (Some(k), v)).collect(), "(empty hash)", '#', indent),
    }
}

/// Each on its line, the numbers below one another.
fn numbered(all: Vec<(Option<&Reply>, &Reply)>, empty: &str, sign: char, indent: &str) -> String {
    if all.is_empty() {
        return format!("{empty}\n");
    }
    let width = all.len().to_string().len();
    let inner = format!("{indent}{}", " ".repeat(width + 2));
    let mut out = String::new();
    for (i, (key, value)) in all.into_iter().enumerate() {
        // The first one stands behind what led to it.
        let before = if i == 0 { "" } else { indent };
        out.push_str(&format!("{before}{:width$}{sign} ", i + 1));
        if let Some(key) = key {
            out.push_str(pretty(key, &inner).trim_end_matches('\n'));
            out.push_str(" => ");
        }
        out.push_str(&pretty(value, &inner));
    }
    out
}

fn raw(reply: &Reply, between: &str) -> Vec<u8> {
    let join = |all: Vec<Vec<u8>>| all.join(between.as_bytes());
    match reply {
        Reply::Nothing | Reply::Raw(_) | Reply::Nil | Reply::NilArray => vec![],
        Reply::Status(s) => s.clone().into_bytes(),
        Reply::Error(e) => format!("{e}\n").into_bytes(),
        Reply::Int(n) => n.to_string().into_bytes(),
        Reply::Double(n) => number(*n).into_bytes(),
        Reply::Bulk(b) => b.to_vec(),
        Reply::Array(all) | Reply::Set(all) => join(all.iter().map(|r| raw(r, between)).collect()),
        Reply::Map(all) => join(all.iter().map(|(k, v)| [raw(k, between), raw(v, between)].join(&b' ')).collect()),
    }
}

fn csv(reply: &Reply) -> String {
    match reply {
        Reply::Nothing | Reply::Raw(_) => String::new(),
        Reply::Status(s) => quote(s.as_bytes()),
        Reply::Error(e) => format!("ERROR,{}", quote(e.as_bytes())),
        Reply::Int(n) => n.to_string(),
        Reply::Double(n) => number(*n),
        Reply::Bulk(b) => quote(b),
        Reply::Nil | Reply::NilArray => "NULL".into(),
        Reply::Array(all) | Reply::Set(all) => all.iter().map(csv).collect::<Vec<_>>().join(","),
        Reply::Map(all) => all.iter().map(|(k, v)| format!("{},{}", csv(k), csv(v))).collect::<Vec<_>>().join(","),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_look_as_those_of_the_real_program() {
        let nested =
            Reply::Array(vec![Reply::bulk("a\n"), Reply::Array(vec![Reply::Int(1), Reply::Nil]), Reply::Array(vec![])]);
        for (reply, pretty, raw) in [
            (Reply::ok(), "OK\n", "OK\n"),
            (Reply::bulk("bar"), "\"bar\"\n", "bar\n"),
            (Reply::Int(1), "(integer) 1\n", "1\n"),
            (Reply::Nil, "(nil)\n", "\n"),
            (Reply::Error("ERR x".into()), "(error) ERR x\n", "ERR x\n\n"),
            (nested, "1) \"a\\n\"\n2) 1) (integer) 1\n   2) (nil)\n3) (empty array)\n", "a\n\n1\n\n\n"),
        ] {
            assert_eq!(String::from_utf8(shown(&reply, &Form::Pretty, false)).unwrap(), pretty);
            assert_eq!(String::from_utf8(shown(&reply, &Form::Raw("\n".into()), false)).unwrap(), raw);
        }
    }
}
