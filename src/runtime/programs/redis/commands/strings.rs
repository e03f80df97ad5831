//! Commands about texts and numbers.

use super::{Answer, Call, NOT_A_FLOAT, NOT_AN_INTEGER, SYNTAX, at_ms, plain, span};
use crate::api::Time;
use crate::runtime::programs::redis::resp::Reply;
use crate::runtime::programs::redis::value::{Text, Typed, integer};

/// Real ones hold 512 MiB; here they are the learner's own memory.
const LONGEST: usize = 16 << 20;

fn bulk(text: Option<&Vec<u8>>) -> Reply {
    text.map_or(Reply::Nil, Reply::bulk)
}

impl Call<'_, '_> {
    /// When `EX 10`, `PX`, `EXAT` and `PXAT` say that it is over.
    fn expiry(&self, unit: &str, amount: Option<&Text>) -> Result<Time, String> {
        let wrong = || format!("ERR invalid expire time in '{}' command", self.name());
        let n = amount.and_then(|a| integer(a)).ok_or(NOT_AN_INTEGER)?;
        if n <= 0 {
            return Err(wrong());
        }
        let ms = if unit.starts_with('P') { Some(n) } else { n.checked_mul(1000) };
        let base = if unit.ends_with("AT") { 0 } else { self.now_ms() };
        ms.and_then(|ms| ms.checked_add(base)).and_then(at_ms).ok_or_else(wrong)
    }

    /// Writes a text down as it will be the same whenever it is read again.
    fn store(&mut self, key: &Text, text: &[u8], expires: Option<Time>) {
        self.db().put(key, text.to_vec().wrap(), expires);
        self.changed += 1;
        match expires {
            None => self.pass_on(&[b"SET", key, text]),
            Some(at) => {
                let ms = super::milliseconds(at).to_string();
                self.pass_on(&[b"SET", key, text, b"PXAT", ms.as_bytes()]);
            }
        }
    }
}

pub fn get(c: &mut Call<'_, '_>) -> Answer {
    let key = &c.args[1];
    Ok(bulk(c.db().read::<Vec<u8>>(key)?))
}

pub fn set(c: &mut Call<'_, '_>) -> Answer {
    let (key, value) = (&c.args[1], &c.args[2]);
    let (mut expires, mut keeps, mut nx, mut xx, mut gets) = (None, false, false, false, false);
    let mut i = 3;
    while i < c.args.len() {
        let option = c.word(i);
        match option.as_str() {
            "NX" if !xx => nx = true,
            "XX" if !nx => xx = true,
            "GET" => gets = true,
            "KEEPTTL" if expires.is_none() => keeps = true,
            "EX" | "PX" | "EXAT" | "PXAT" if expires.is_none() && !keeps && i + 1 < c.args.len() => {
                expires = Some(c.expiry(&option, c.args.get(i + 1))?);
                i += 1;
            }
            _ => return Err(SYNTAX.into()),
        }
        i += 1;
    }
    let old = if gets { bulk(c.db().read::<Vec<u8>>(key)?) } else { Reply::ok() };
    let there = c.db().entry(key).map(|e| e.expires);
    if (nx && there.is_some()) || (xx && there.is_none()) {
        return Ok(if gets { old } else { Reply::Nil });
    }
    let expires = if keeps { there.flatten() } else { expires };
    c.store(key, value, expires);
    Ok(old)
}

pub fn setnx(c: &mut Call<'_, '_>) -> Answer {
    let (key, value) = (&c.args[1], &c.args[2]);
    if c.db().entry(key).is_some() {
        return Ok(Reply::Int(0));
    }
    c.store(key, value, None);
    Ok(Reply::Int(1))
}

/// `SETEX`, `PSETEX`
pub fn setex(c: &mut Call<'_, '_>) -> Answer {
    let unit = if c.name() == "setex" { "EX" } else { "PX" };
    let at = c.expiry(unit, c.args.get(2))?;
    c.store(&c.args[1], &c.args[3], Some(at));
    Ok(Reply::ok())
}

pub fn getset(c: &mut Call<'_, '_>) -> Answer {
    let key = &c.args[1];
    let old = bulk(c.db().read::<Vec<u8>>(key)?);
    c.store(key, &c.args[2], None);
    Ok(old)
}

pub fn getdel(c: &mut Call<'_, '_>) -> Answer {
    let key = &c.args[1];
    let old = bulk(c.db().read::<Vec<u8>>(key)?);
    if c.db().remove(key) {
        c.changed += 1;
        c.pass_on(&[b"DEL", key]);
    }
    Ok(old)
}

pub fn getex(c: &mut Call<'_, '_>) -> Answer {
    let key = &c.args[1];
    let option = c.word(2);
    let expires = match (option.as_str(), c.args.len()) {
        ("", 2) => None,
        ("PERSIST", 3) => Some(None),
        ("EX" | "PX" | "EXAT" | "PXAT", 4) => Some(Some(c.expiry(&option, c.args.get(3))?)),
        _ => return Err(SYNTAX.into()),
    };
    let old = bulk(c.db().read::<Vec<u8>>(key)?);
    if let (Some(expires), Reply::Bulk(_)) = (expires, &old) {
        c.db().set_expiry(key, expires);
        c.changed += 1;
        match expires {
            None => c.pass_on(&[b"PERSIST", key]),
            Some(at) => c.pass_on(&[b"PEXPIREAT", key, super::milliseconds(at).to_string().as_bytes()]),
        }
    }
    Ok(old)
}

/// `MSET`, `MSETNX`
pub fn mset(c: &mut Call<'_, '_>) -> Answer {
    if c.args.len().is_multiple_of(2) {
        return Err(c.wrong_count());
    }
    let only_new = c.name() == "msetnx";
    let keys: Vec<&Text> = c.args[1..].iter().step_by(2).collect();
    if only_new && keys.iter().any(|k| c.db().entry(k).is_some()) {
        return Ok(Reply::Int(0));
    }
    for pair in c.args[1..].chunks_exact(2) {
        c.db().put(&pair[0], pair[1].to_vec().wrap(), None);
        c.changed += 1;
    }
    Ok(if only_new { Reply::Int(1) } else { Reply::ok() })
}

pub fn mget(c: &mut Call<'_, '_>) -> Answer {
    let all = c.args[1..].iter().map(|k| c.db().read::<Vec<u8>>(k).map_or(Reply::Nil, bulk));
    Ok(Reply::Array(all.collect()))
}

pub fn append(c: &mut Call<'_, '_>) -> Answer {
    let (key, more) = (&c.args[1], &c.args[2]);
    let old = c.db().read::<Vec<u8>>(key)?.map_or(0, Vec::len);
    if old + more.len() > LONGEST {
        return Err("ERR string exceeds maximum allowed size (proto-max-bulk-len)".into());
    }
    c.changed += 1;
    c.db().change(key, |t: &mut Vec<u8>| {
        t.extend_from_slice(more);
        Reply::count(t.len())
    })
}

pub fn strlen(c: &mut Call<'_, '_>) -> Answer {
    let key = &c.args[1];
    Ok(Reply::count(c.db().read::<Vec<u8>>(key)?.map_or(0, Vec::len)))
}

pub fn getrange(c: &mut Call<'_, '_>) -> Answer {
    let (key, start, end) = (&c.args[1], c.int(2)?, c.int(3)?);
    let text = c.db().read::<Vec<u8>>(key)?.cloned().unwrap_or_default();
    Ok(Reply::bulk(&text[span(start, end, text.len())]))
}

pub fn setrange(c: &mut Call<'_, '_>) -> Answer {
    let (key, more) = (&c.args[1], &c.args[3]);
    let at = usize::try_from(c.int(2)?).map_err(|_| "ERR offset is out of range")?;
    let length = c.db().read::<Vec<u8>>(key)?.map_or(0, Vec::len);
    if more.is_empty() {
        return Ok(Reply::count(length));
    }
    let end = at.saturating_add(more.len());
    if end > LONGEST {
        return Err("ERR string exceeds maximum allowed size (proto-max-bulk-len)".into());
    }
    c.changed += 1;
    c.db().change(key, |t: &mut Vec<u8>| {
        t.resize(t.len().max(end), 0);
        t[at..end].copy_from_slice(more);
        Reply::count(t.len())
    })
}

/// `INCR`, `DECR`
pub fn incr(c: &mut Call<'_, '_>) -> Answer {
    let by = if c.name() == "incr" { 1 } else { -1 };
    add(c, by)
}

/// `INCRBY`, `DECRBY`
pub fn incrby(c: &mut Call<'_, '_>) -> Answer {
    let n = c.int(2)?;
    let by = if c.name() == "incrby" { n } else { n.checked_neg().ok_or("ERR decrement would overflow")? };
    add(c, by)
}

fn add(c: &mut Call<'_, '_>, by: i64) -> Answer {
    let key = &c.args[1];
    let old = match c.db().read::<Vec<u8>>(key)? {
        None => 0,
        Some(t) => integer(t).ok_or(NOT_AN_INTEGER)?,
    };
    let new = old.checked_add(by).ok_or("ERR increment or decrement would overflow")?;
    c.changed += 1;
    c.db().change(key, |t: &mut Vec<u8>| *t = new.to_string().into_bytes())?;
    Ok(Reply::Int(new))
}

pub fn incrbyfloat(c: &mut Call<'_, '_>) -> Answer {
    let key = &c.args[1];
    let old = match c.db().read::<Vec<u8>>(key)? {
        None => 0.0,
        Some(t) => super::float(t).ok_or(NOT_A_FLOAT)?,
    };
    let new = old + c.float(2)?;
    if !new.is_finite() {
        return Err("ERR increment would produce NaN or Infinity".into());
    }
    let text = plain(new);
    c.changed += 1;
    c.db().change(key, |t: &mut Vec<u8>| *t = text.clone().into_bytes())?;
    c.pass_on(&[b"SET", key, text.as_bytes(), b"KEEPTTL"]);
    Ok(Reply::bulk(text))
}
