//! `SCAN` and its kin: a part of what is there, and where to go on.

use super::{Answer, Call, NOT_AN_INTEGER, SYNTAX, keys};
use crate::runtime::programs::redis::glob;
use crate::runtime::programs::redis::resp::{Reply, number};
use crate::runtime::programs::redis::value::{Hash, Set, Sorted, Text, WRONG_TYPE, integer};

/// How much is looked at if nobody says.
const USUAL: usize = 10;

struct Asked {
    cursor: u64,
    count: usize,
    pattern: Option<Text>,
    kind: Option<String>,
}

impl Asked {
    fn read(c: &Call<'_, '_>, at: usize) -> Result<Asked, String> {
        let cursor = c.text(at).parse().map_err(|_| "ERR invalid cursor")?;
        let mut asked = Asked { cursor, count: USUAL, pattern: None, kind: None };
        for (i, pair) in c.args[at + 1..].chunks(2).enumerate() {
            let value = pair.get(1).ok_or(SYNTAX)?;
            match c.word(at + 1 + i * 2).as_str() {
                "COUNT" => {
                    let n = integer(value).ok_or(NOT_AN_INTEGER)?;
                    asked.count = usize::try_from(n).ok().filter(|n| *n > 0).ok_or(SYNTAX)?;
                }
                "MATCH" => asked.pattern = Some(value.clone()),
                "TYPE" if at == 1 => asked.kind = Some(String::from_utf8_lossy(value).to_ascii_lowercase()),
                _ => return Err(SYNTAX.into()),
            }
        }
        Ok(asked)
    }

    /// What comes next of some things, and where to go on after them. What has the same place is never parted.
    fn next<T>(&self, all: Vec<(u64, T)>) -> (u64, Vec<T>) {
        let mut left: Vec<(u64, T)> = all.into_iter().filter(|(at, _)| *at >= self.cursor).collect();
        left.sort_by_key(|(at, _)| *at);
        let last = left.get(self.count - 1).map(|(at, _)| *at);
        let more = left.iter().map(|(at, _)| *at).find(|at| last.is_some_and(|l| *at > l));
        let cut = more.unwrap_or(u64::MAX);
        (more.unwrap_or(0), left.into_iter().filter(|(at, _)| *at < cut).map(|(_, t)| t).collect())
    }

    fn fits(&self, name: &[u8]) -> bool {
        self.pattern.as_ref().is_none_or(|p| glob::matches(p, name, false))
    }
}

fn told(cursor: u64, items: Vec<Reply>) -> Answer {
    Ok(Reply::Array(vec![Reply::bulk(cursor.to_string()), Reply::Array(items)]))
}

pub fn scan(c: &mut Call<'_, '_>) -> Answer {
    let asked = Asked::read(c, 1)?;
    // The first place is not zero: that is the end.
    let all = keys::names(c).into_iter().map(|(k, kind)| (keys::hash(&k) + 1, (k, kind))).collect();
    let (cursor, part) = asked.next(all);
    let fits = |(k, kind): &(Text, &str)| asked.fits(k) && asked.kind.as_ref().is_none_or(|t| t == kind);
    told(cursor, part.into_iter().filter(fits).map(|(k, _)| Reply::Bulk(k)).collect())
}

/// `HSCAN`, `SSCAN`, `ZSCAN`
pub fn of_collection(c: &mut Call<'_, '_>) -> Answer {
    let (key, asked) = (&c.args[1], Asked::read(c, 2)?);
    let name = c.name();
    let db = c.db();
    let all: Vec<(Text, Option<Reply>)> = match name.as_str() {
        "hscan" => {
            let all = db.read::<Hash>(key)?.map(Hash::all).unwrap_or_default();
            all.into_iter().map(|(k, v)| (k, Some(Reply::Bulk(v)))).collect()
        }
        "sscan" => {
            let all = db.read::<Set>(key)?.map(Set::members).unwrap_or_default();
            all.into_iter().map(|k| (k, None)).collect()
        }
        "zscan" => {
            let all = db.read::<Sorted>(key)?.map(Sorted::ranked).unwrap_or_default();
            all.into_iter().map(|(k, s)| (k, Some(Reply::bulk(number(s))))).collect()
        }
        _ => return Err(WRONG_TYPE.into()),
    };
    // What is small is told as a whole.
    const SMALL: usize = 128;
    let (cursor, part) = match all.len() <= SMALL {
        true => (0, all),
        false => asked.next(all.into_iter().map(|item| (keys::hash(&item.0) + 1, item)).collect()),
    };
    let fits = part.into_iter().filter(|(k, _)| asked.fits(k));
    told(cursor, fits.flat_map(|(k, v)| [Some(Reply::Bulk(k)), v].into_iter().flatten()).collect())
}
