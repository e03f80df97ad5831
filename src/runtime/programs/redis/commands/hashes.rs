//! Commands about hashes.

use super::{Answer, Call, NOT_A_FLOAT, plain};
use crate::runtime::programs::redis::resp::Reply;
use crate::runtime::programs::redis::value::{Hash, Text, integer};

impl Call<'_, '_> {
    /// A field of the hash that the first word names.
    fn field(&mut self, i: usize) -> Result<Option<Text>, String> {
        let (key, field) = (&self.args[1], &self.args[i]);
        Ok(self.db().read::<Hash>(key)?.and_then(|h| h.get(field).cloned()))
    }

    fn set_field(&mut self, i: usize, value: &[u8]) -> Result<bool, String> {
        let (key, field) = (&self.args[1], &self.args[i]);
        self.changed += 1;
        self.db().change(key, |h: &mut Hash| h.put(field, value.into()))
    }
}

/// `HSET`, `HMSET`
pub fn hset(c: &mut Call<'_, '_>) -> Answer {
    let (key, pairs) = (&c.args[1], &c.args[2..]);
    if pairs.len() % 2 == 1 {
        return Err(c.wrong_count());
    }
    let put = |h: &mut Hash| pairs.chunks_exact(2).filter(|p| h.put(&p[0], p[1].clone())).count();
    let new = c.db().change(key, put)?;
    c.changed += pairs.len() as u64 / 2;
    Ok(if c.name() == "hset" { Reply::count(new) } else { Reply::ok() })
}

pub fn hsetnx(c: &mut Call<'_, '_>) -> Answer {
    if c.field(2)?.is_some() {
        return Ok(Reply::Int(0));
    }
    let value = &c.args[3];
    Ok(Reply::bool(c.set_field(2, value)?))
}

pub fn hget(c: &mut Call<'_, '_>) -> Answer {
    Ok(c.field(2)?.map_or(Reply::Nil, Reply::Bulk))
}

pub fn hmget(c: &mut Call<'_, '_>) -> Answer {
    let all: Result<Vec<Reply>, String> =
        (2..c.args.len()).map(|i| Ok(c.field(i)?.map_or(Reply::Nil, Reply::Bulk))).collect();
    Ok(Reply::Array(all?))
}

/// `HGETALL`, `HKEYS`, `HVALS`
pub fn hgetall(c: &mut Call<'_, '_>) -> Answer {
    let (name, key) = (c.name(), &c.args[1]);
    let all = c.db().read::<Hash>(key)?.map(Hash::all).unwrap_or_default();
    Ok(match name.as_str() {
        "hkeys" => Reply::Array(all.into_iter().map(|(k, _)| Reply::Bulk(k)).collect()),
        "hvals" => Reply::Array(all.into_iter().map(|(_, v)| Reply::Bulk(v)).collect()),
        _ => Reply::Map(all.into_iter().map(|(k, v)| (Reply::Bulk(k), Reply::Bulk(v))).collect()),
    })
}

pub fn hdel(c: &mut Call<'_, '_>) -> Answer {
    let (key, fields) = (&c.args[1], &c.args[2..]);
    if c.db().read::<Hash>(key)?.is_none() {
        return Ok(Reply::Int(0));
    }
    let n = c.db().change(key, |h: &mut Hash| fields.iter().filter(|f| h.remove(f).is_some()).count())?;
    c.changed += n as u64;
    Ok(Reply::count(n))
}

pub fn hexists(c: &mut Call<'_, '_>) -> Answer {
    Ok(Reply::bool(c.field(2)?.is_some()))
}

pub fn hstrlen(c: &mut Call<'_, '_>) -> Answer {
    Ok(Reply::count(c.field(2)?.map_or(0, |v| v.len())))
}

pub fn hlen(c: &mut Call<'_, '_>) -> Answer {
    let key = &c.args[1];
    Ok(Reply::count(c.db().read::<Hash>(key)?.map_or(0, Hash::len)))
}

pub fn hincrby(c: &mut Call<'_, '_>) -> Answer {
    let by = c.int(3)?;
    let old = match c.field(2)? {
        None => 0,
        Some(v) => integer(&v).ok_or("ERR hash value is not an integer")?,
    };
    let new = old.checked_add(by).ok_or("ERR increment or decrement would overflow")?;
    c.set_field(2, new.to_string().as_bytes())?;
    Ok(Reply::Int(new))
}

pub fn hincrbyfloat(c: &mut Call<'_, '_>) -> Answer {
    let by = super::float(&c.args[3]).ok_or(NOT_A_FLOAT)?;
    let old = match c.field(2)? {
        None => 0.0,
        Some(v) => super::float(&v).ok_or("ERR hash value is not a float")?,
    };
    let new = old + by;
    if !new.is_finite() {
        return Err("ERR increment would produce NaN or Infinity".into());
    }
    let text = plain(new);
    c.set_field(2, text.as_bytes())?;
    let args = c.args;
    c.pass_on(&[b"HSET", &args[1], &args[2], text.as_bytes()]);
    Ok(Reply::bulk(text))
}
