//! Commands about sets.

use super::lists::count;
use super::{Answer, Call, NOT_AN_INTEGER, SYNTAX};
use crate::runtime::programs::redis::resp::Reply;
use crate::runtime::programs::redis::value::{Set, Text, integer};

impl Call<'_, '_> {
    fn members(&mut self, key: &Text) -> Result<Vec<Text>, String> {
        Ok(self.db().read::<Set>(key)?.map(Set::members).unwrap_or_default())
    }

    /// One of some things, by chance.
    fn draw(&mut self, from: &mut Vec<Text>) -> Option<Text> {
        if from.is_empty() {
            return None;
        }
        let i = self.chance(from.len());
        Some(from.remove(i))
    }
}

pub fn sadd(c: &mut Call<'_, '_>) -> Answer {
    let (key, members) = (&c.args[1], &c.args[2..]);
    let n = c.db().change(key, |s: &mut Set| members.iter().filter(|m| s.put(m, ())).count())?;
    c.changed += n as u64;
    Ok(Reply::count(n))
}

pub fn srem(c: &mut Call<'_, '_>) -> Answer {
    let (key, members) = (&c.args[1], &c.args[2..]);
    if c.db().read::<Set>(key)?.is_none() {
        return Ok(Reply::Int(0));
    }
    let n = c.db().change(key, |s: &mut Set| members.iter().filter(|m| s.remove(m).is_some()).count())?;
    c.changed += n as u64;
    Ok(Reply::count(n))
}

pub fn smembers(c: &mut Call<'_, '_>) -> Answer {
    let members = c.members(&c.args[1])?;
    Ok(Reply::Set(Reply::bulks(&members)))
}

pub fn sismember(c: &mut Call<'_, '_>) -> Answer {
    let (key, member) = (&c.args[1], &c.args[2]);
    Ok(Reply::bool(c.db().read::<Set>(key)?.is_some_and(|s| s.has(member))))
}

pub fn smismember(c: &mut Call<'_, '_>) -> Answer {
    let (key, members) = (&c.args[1], &c.args[2..]);
    let set = c.db().read::<Set>(key)?;
    Ok(Reply::Array(members.iter().map(|m| Reply::bool(set.is_some_and(|s| s.has(m)))).collect()))
}

pub fn scard(c: &mut Call<'_, '_>) -> Answer {
    let key = &c.args[1];
    Ok(Reply::count(c.db().read::<Set>(key)?.map_or(0, Set::len)))
}

pub fn smove(c: &mut Call<'_, '_>) -> Answer {
    let (from, to, member) = (&c.args[1], &c.args[2], &c.args[3]);
    let there = c.db().read::<Set>(from)?.is_some_and(|s| s.has(member));
    c.db().read::<Set>(to)?;
    if there && from != to {
        c.db().change(from, |s: &mut Set| s.remove(member))?;
        c.db().change(to, |s: &mut Set| s.put(member, ()))?;
        c.changed += 1;
    }
    Ok(Reply::bool(there))
}

/// `SUNION`, `SINTER`, `SDIFF`
pub fn combined(c: &mut Call<'_, '_>) -> Answer {
    let (name, keys) = (c.name(), &c.args[1..]);
    let mut all: Vec<Text> = c.members(&keys[0])?;
    for key in &keys[1..] {
        let other = c.db().read::<Set>(key)?.cloned().unwrap_or_default();
        match name.as_str() {
            "sunion" => {
                let mut known = Set::default();
                all.extend(other.members());
                all.retain(|m| known.put(m, ()));
            }
            "sinter" => all.retain(|m| other.has(m)),
            _ => all.retain(|m| !other.has(m)),
        }
    }
    Ok(Reply::Set(Reply::bulks(&all)))
}

pub fn spop(c: &mut Call<'_, '_>) -> Answer {
    let key = &c.args[1];
    if c.args.len() > 3 {
        return Err(SYNTAX.into());
    }
    let most = count(c.args.get(2))?;
    let mut left = c.members(key)?;
    let mut drawn = vec![];
    for _ in 0..most.unwrap_or(1) {
        let Some(m) = c.draw(&mut left) else { break };
        drawn.push(m);
    }
    if !drawn.is_empty() {
        c.db().change(key, |s: &mut Set| drawn.iter().for_each(|m| _ = s.remove(m)))?;
        c.changed += drawn.len() as u64;
        let mut words: Vec<&[u8]> = vec![b"SREM", key];
        words.extend(drawn.iter().map(|m| &**m));
        c.pass_on(&words);
    }
    match most {
        Some(_) => Ok(Reply::Set(Reply::bulks(&drawn))),
        None => Ok(drawn.into_iter().next().map_or(Reply::Nil, Reply::Bulk)),
    }
}

pub fn srandmember(c: &mut Call<'_, '_>) -> Answer {
    /// So many at most, where the same one may come again.
    const MOST: u64 = 1 << 20;
    let mut left = c.members(&c.args[1])?;
    let Some(n) = c.args.get(2) else { return Ok(c.draw(&mut left).map_or(Reply::Nil, Reply::Bulk)) };
    if c.args.len() > 3 {
        return Err(SYNTAX.into());
    }
    let n = integer(n).ok_or(NOT_AN_INTEGER)?;
    let mut drawn = vec![];
    if n < 0 && !left.is_empty() {
        for _ in 0..n.unsigned_abs().min(MOST) {
            let i = c.chance(left.len());
            drawn.push(left[i].clone());
        }
    } else {
        for _ in 0..n.max(0) {
            let Some(m) = c.draw(&mut left) else { break };
            drawn.push(m);
        }
    }
    Ok(Reply::Array(Reply::bulks(&drawn)))
}
