//! Commands about sets whose members have scores.

use super::lists::count;
use super::{Answer, Call, NOT_A_FLOAT, NOT_AN_INTEGER, SYNTAX, span};
use crate::runtime::programs::redis::resp::{Reply, number};
use crate::runtime::programs::redis::value::{Sorted, Text, integer};

type Scored = Vec<(Text, f64)>;

impl Call<'_, '_> {
    fn ranked(&mut self, key: &Text) -> Result<Scored, String> {
        Ok(self.db().read::<Sorted>(key)?.map(Sorted::ranked).unwrap_or_default())
    }
}

fn listed(all: Scored, scores: bool, protocol: u8) -> Reply {
    let pair = |(m, s): (Text, f64)| match (scores, protocol >= 3) {
        (false, _) => vec![Reply::Bulk(m)],
        (true, false) => vec![Reply::Bulk(m), Reply::Double(s)],
        (true, true) => vec![Reply::Array(vec![Reply::Bulk(m), Reply::Double(s)])],
    };
    Reply::Array(all.into_iter().flat_map(pair).collect())
}

pub fn zadd(c: &mut Call<'_, '_>) -> Answer {
    let (key, mut at) = (&c.args[1], 2);
    let (mut nx, mut xx, mut gt, mut lt, mut changes, mut adds) = (false, false, false, false, false, false);
    loop {
        match c.word(at).as_str() {
            "NX" => nx = true,
            "XX" => xx = true,
            "GT" => gt = true,
            "LT" => lt = true,
            "CH" => changes = true,
            "INCR" => adds = true,
            _ => break,
        }
        at += 1;
    }
    let pairs = &c.args[at..];
    if pairs.is_empty() || pairs.len() % 2 == 1 {
        return Err(SYNTAX.into());
    }
    if nx && xx {
        return Err("ERR XX and NX options at the same time are not compatible".into());
    }
    if (nx && (gt || lt)) || (gt && lt) {
        return Err("ERR GT, LT, and/or NX options at the same time are not compatible".into());
    }
    if adds && pairs.len() > 2 {
        return Err("ERR INCR option supports a single increment-element pair".into());
    }
    let scores: Option<Vec<f64>> = pairs.iter().step_by(2).map(|s| super::float(s)).collect();
    let scores = scores.ok_or(NOT_A_FLOAT)?;
    if xx && c.db().read::<Sorted>(key)?.is_none() {
        return Ok(if adds { Reply::Nil } else { Reply::Int(0) });
    }
    let (mut new, mut other, mut last, mut broken) = (0u64, 0u64, None, false);
    c.db().change(key, |z: &mut Sorted| {
        for (member, score) in pairs.iter().skip(1).step_by(2).zip(&scores) {
            let old = z.get(member).copied();
            let score = if adds { old.unwrap_or(0.0) + score } else { *score };
            broken |= score.is_nan();
            let refused = broken
                || (nx && old.is_some())
                || (xx && old.is_none())
                || (gt && old.is_some_and(|o| score <= o))
                || (lt && old.is_some_and(|o| score >= o));
            if refused {
                continue;
            }
            last = Some(score);
            other += u64::from(old.is_some_and(|o| o != score));
            new += u64::from(z.put(member, score));
        }
    })?;
    if broken {
        return Err("ERR resulting score is not a number (NaN)".into());
    }
    c.changed += new + other;
    Ok(match (adds, changes) {
        (true, _) => last.map_or(Reply::Nil, Reply::Double),
        (false, true) => Reply::Int(i64::try_from(new + other).unwrap_or(i64::MAX)),
        (false, false) => Reply::Int(i64::try_from(new).unwrap_or(i64::MAX)),
    })
}

pub fn zincrby(c: &mut Call<'_, '_>) -> Answer {
    let (key, by, member) = (&c.args[1], c.float(2)?, &c.args[3]);
    let old = c.db().read::<Sorted>(key)?.and_then(|z| z.get(member).copied()).unwrap_or(0.0);
    let new = old + by;
    if new.is_nan() {
        return Err("ERR resulting score is not a number (NaN)".into());
    }
    c.db().change(key, |z: &mut Sorted| z.put(member, new))?;
    c.changed += 1;
    c.pass_on(&[b"ZADD", key, number(new).as_bytes(), member]);
    Ok(Reply::Double(new))
}

pub fn zrem(c: &mut Call<'_, '_>) -> Answer {
    let (key, members) = (&c.args[1], &c.args[2..]);
    if c.db().read::<Sorted>(key)?.is_none() {
        return Ok(Reply::Int(0));
    }
    let n = c.db().change(key, |z: &mut Sorted| members.iter().filter(|m| z.remove(m).is_some()).count())?;
    c.changed += n as u64;
    Ok(Reply::count(n))
}

pub fn zcard(c: &mut Call<'_, '_>) -> Answer {
    let key = &c.args[1];
    Ok(Reply::count(c.db().read::<Sorted>(key)?.map_or(0, Sorted::len)))
}

pub fn zscore(c: &mut Call<'_, '_>) -> Answer {
    let (key, member) = (&c.args[1], &c.args[2]);
    let score = c.db().read::<Sorted>(key)?.and_then(|z| z.get(member).copied());
    Ok(score.map_or(Reply::Nil, Reply::Double))
}

/// `ZRANK`, `ZREVRANK`
pub fn zrank(c: &mut Call<'_, '_>) -> Answer {
    let (key, member) = (&c.args[1], &c.args[2]);
    let with_score = match (c.word(3).as_str(), c.args.len()) {
        (_, 3) => false,
        ("WITHSCORE", 4) => true,
        _ => return Err(SYNTAX.into()),
    };
    let mut all = c.ranked(key)?;
    if c.name() == "zrevrank" {
        all.reverse();
    }
    let Some(i) = all.iter().position(|(m, _)| m == member) else {
        return Ok(if with_score { Reply::NilArray } else { Reply::Nil });
    };
    let score = all[i].1;
    Ok(if with_score { Reply::Array(vec![Reply::count(i), Reply::Double(score)]) } else { Reply::count(i) })
}

/// An end of a range of scores: `1.5`, `(1.5`, `-inf`.
struct Bound {
    score: f64,
    open: bool,
}

impl Bound {
    fn parse(text: &[u8]) -> Result<Bound, String> {
        let (rest, open) = text.strip_prefix(b"(").map_or((text, false), |r| (r, true));
        let score = super::float(rest).ok_or("ERR min or max is not a float")?;
        Ok(Bound { score, open })
    }

    fn is_below(&self, s: f64) -> bool {
        if self.open { self.score < s } else { self.score <= s }
    }

    fn is_above(&self, s: f64) -> bool {
        if self.open { self.score > s } else { self.score >= s }
    }
}

fn within(all: Scored, least: &[u8], most: &[u8]) -> Result<Scored, String> {
    let (least, most) = (Bound::parse(least)?, Bound::parse(most)?);
    Ok(all.into_iter().filter(|(_, s)| least.is_below(*s) && most.is_above(*s)).collect())
}

pub fn zcount(c: &mut Call<'_, '_>) -> Answer {
    let all = c.ranked(&c.args[1])?;
    Ok(Reply::count(within(all, &c.args[2], &c.args[3])?.len()))
}

/// `ZRANGE`, `ZREVRANGE`, `ZRANGEBYSCORE`, `ZREVRANGEBYSCORE`
pub fn zrange(c: &mut Call<'_, '_>) -> Answer {
    let name = c.name();
    let (mut by_score, mut backwards) = (name.ends_with("byscore"), name.starts_with("zrev"));
    let (mut scores, mut limit, mut i) = (false, None, 4);
    while i < c.args.len() {
        match c.word(i).as_str() {
            "WITHSCORES" => scores = true,
            "BYSCORE" if name == "zrange" => by_score = true,
            "REV" if name == "zrange" => backwards = true,
            "LIMIT" if i + 2 < c.args.len() => {
                limit = Some((c.int(i + 1)?, c.int(i + 2)?));
                i += 2;
            }
            _ => return Err(SYNTAX.into()),
        }
        i += 1;
    }
    if limit.is_some() && !by_score {
        let text = "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX";
        return Err(text.into());
    }
    let (first, second) = (&c.args[2], &c.args[3]);
    let places = match by_score {
        true => None,
        false => Some((integer(first).ok_or(NOT_AN_INTEGER)?, integer(second).ok_or(NOT_AN_INTEGER)?)),
    };
    let mut all = c.ranked(&c.args[1])?;
    if by_score {
        let (least, most) = if backwards { (second, first) } else { (first, second) };
        all = within(all, least, most)?;
    }
    if backwards {
        all.reverse();
    }
    if let Some((start, stop)) = places {
        let kept = span(start, stop, all.len());
        all = all[kept].to_vec();
    }
    if let Some((skip, n)) = limit {
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        let n = usize::try_from(n).unwrap_or(usize::MAX);
        all = all.into_iter().skip(skip).take(n).collect();
    }
    Ok(listed(all, scores, c.client.protocol))
}

/// `ZPOPMIN`, `ZPOPMAX`
pub fn zpop(c: &mut Call<'_, '_>) -> Answer {
    let key = &c.args[1];
    let most = count(c.args.get(2))?.unwrap_or(1);
    let mut all = c.ranked(key)?;
    if c.name() == "zpopmax" {
        all.reverse();
    }
    all.truncate(most);
    if !all.is_empty() {
        c.db().change(key, |z: &mut Sorted| all.iter().for_each(|(m, _)| _ = z.remove(m)))?;
        c.changed += all.len() as u64;
    }
    Ok(listed(all, true, 2))
}
