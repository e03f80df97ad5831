//! Commands about keys, whatever they hold.

use super::{Answer, Call, NO_SUCH_KEY, NOT_AN_INTEGER, SYNTAX, at_ms, milliseconds};
use crate::runtime::programs::redis::glob;
use crate::runtime::programs::redis::resp::Reply;
use crate::runtime::programs::redis::value::{Text, Value, integer};

/// `DEL`, `UNLINK`
pub fn del(c: &mut Call<'_, '_>) -> Answer {
    let n = c.args[1..].iter().filter(|k| c.db().remove(k)).count();
    c.changed += n as u64;
    Ok(Reply::count(n))
}

/// `EXISTS`, `TOUCH`
pub fn exists(c: &mut Call<'_, '_>) -> Answer {
    let n = c.args[1..].iter().filter(|k| c.db().look(k).is_some()).count();
    Ok(Reply::count(n))
}

/// `EXPIRE`, `PEXPIRE`, `EXPIREAT`, `PEXPIREAT`
pub fn expire(c: &mut Call<'_, '_>) -> Answer {
    let (name, key, n) = (c.name(), &c.args[1], c.int(2)?);
    let ms = if name.starts_with('p') { Some(n) } else { n.checked_mul(1000) };
    let base = if name.ends_with("at") { 0 } else { c.now_ms() };
    let wrong = || format!("ERR invalid expire time in '{name}' command");
    let ms = ms.and_then(|ms| ms.checked_add(base)).ok_or_else(wrong)?;
    let at = at_ms(ms).ok_or_else(wrong)?;
    let conditions: Vec<String> = (3..c.args.len()).map(|i| c.word(i)).collect();
    if let Some(other) = conditions.iter().find(|o| !["NX", "XX", "GT", "LT"].contains(&o.as_str())) {
        return Err(format!("ERR Unsupported option {other}"));
    }
    let has = |o: &str| conditions.iter().any(|c| c == o);
    if has("NX") && conditions.len() > 1 {
        return Err("ERR NX and XX, GT or LT options at the same time are not compatible".into());
    }
    if has("GT") && has("LT") {
        return Err("ERR GT and LT options at the same time are not compatible".into());
    }
    let Some(old) = c.db().entry(key).map(|e| e.expires) else { return Ok(Reply::Int(0)) };
    let refused = (has("NX") && old.is_some())
        || (has("XX") && old.is_none())
        || (has("GT") && old.is_none_or(|o| at <= o))
        || (has("LT") && old.is_some_and(|o| at >= o));
    if refused {
        return Ok(Reply::Int(0));
    }
    c.changed += 1;
    if at <= c.sys.now {
        c.db().remove(key);
        c.pass_on(&[b"DEL", key]);
    } else {
        c.db().set_expiry(key, Some(at));
        c.pass_on(&[b"PEXPIREAT", key, ms.to_string().as_bytes()]);
    }
    Ok(Reply::Int(1))
}

/// `TTL`, `PTTL`, `EXPIRETIME`, `PEXPIRETIME`
pub fn ttl(c: &mut Call<'_, '_>) -> Answer {
    let (name, key, now) = (c.name(), &c.args[1], c.now_ms());
    let Some(expires) = c.db().entry(key).map(|e| e.expires) else { return Ok(Reply::Int(-2)) };
    let Some(at) = expires.map(milliseconds) else { return Ok(Reply::Int(-1)) };
    let ms = if name.ends_with("ttl") { (at - now).max(0) } else { at };
    Ok(Reply::Int(match name.starts_with('p') {
        true => ms,
        false if name == "ttl" => (ms + 500) / 1000,
        false => ms / 1000,
    }))
}

pub fn persist(c: &mut Call<'_, '_>) -> Answer {
    let key = &c.args[1];
    if c.db().entry(key).is_none_or(|e| e.expires.is_none()) {
        return Ok(Reply::Int(0));
    }
    c.db().set_expiry(key, None);
    c.changed += 1;
    Ok(Reply::Int(1))
}

pub fn keys(c: &mut Call<'_, '_>) -> Answer {
    let pattern = &c.args[1];
    let all = c.db().entries().map(|(k, _)| k).filter(|k| glob::matches(pattern, k, false));
    Ok(Reply::Array(Reply::bulks(all)))
}

pub fn type_of(c: &mut Call<'_, '_>) -> Answer {
    let key = &c.args[1];
    Ok(Reply::Status(c.db().entry(key).map_or("none", |e| e.value.type_name()).into()))
}

/// `RENAME`, `RENAMENX`
pub fn rename(c: &mut Call<'_, '_>) -> Answer {
    let (from, to, only_new) = (&c.args[1], &c.args[2], c.name() == "renamenx");
    if c.db().entry(from).is_none() {
        return Err(NO_SUCH_KEY.into());
    }
    if only_new && c.db().entry(to).is_some() {
        return Ok(Reply::Int(0));
    }
    if let Some(e) = c.db().take(from) {
        c.db().put(to, e.value, e.expires);
    }
    c.changed += 1;
    Ok(if only_new { Reply::Int(1) } else { Reply::ok() })
}

pub fn copy(c: &mut Call<'_, '_>) -> Answer {
    let (from, to) = (&c.args[1], &c.args[2]);
    let (mut target, mut replaces, mut i) = (c.client.db, false, 3);
    while i < c.args.len() {
        match c.word(i).as_str() {
            "REPLACE" => replaces = true,
            "DB" if i + 1 < c.args.len() => {
                i += 1;
                target = database(c, i)?;
            }
            _ => return Err(SYNTAX.into()),
        }
        i += 1;
    }
    if target == c.client.db && from == to {
        return Err("ERR source and destination objects are the same".into());
    }
    let Some(e) = c.db().entry(from).cloned() else { return Ok(Reply::Int(0)) };
    let db = &mut c.server.databases[target];
    if db.entry(to).is_some() && !replaces {
        return Ok(Reply::Int(0));
    }
    db.put(to, e.value, e.expires);
    c.changed += 1;
    Ok(Reply::Int(1))
}

/// The number of a database.
pub fn database(c: &Call<'_, '_>, i: usize) -> Result<usize, String> {
    let n = c.args.get(i).and_then(|a| integer(a)).ok_or(NOT_AN_INTEGER)?;
    let there = usize::try_from(n).ok().filter(|n| *n < c.server.databases.len());
    there.ok_or_else(|| "ERR DB index is out of range".into())
}

pub fn move_key(c: &mut Call<'_, '_>) -> Answer {
    let (key, target) = (&c.args[1], database(c, 2)?);
    if target == c.client.db {
        return Err("ERR source and destination objects are the same".into());
    }
    if c.server.databases[target].entry(key).is_some() {
        return Ok(Reply::Int(0));
    }
    let Some(e) = c.db().take(key) else { return Ok(Reply::Int(0)) };
    c.server.databases[target].put(key, e.value, e.expires);
    c.changed += 1;
    Ok(Reply::Int(1))
}

pub fn dbsize(c: &mut Call<'_, '_>) -> Answer {
    Ok(Reply::count(c.db().len()))
}

pub fn randomkey(c: &mut Call<'_, '_>) -> Answer {
    let n = c.db().len();
    let i = c.chance(n);
    Ok(c.db().entries().nth(i).map_or(Reply::Nil, |(k, _)| Reply::Bulk(k.clone())))
}

/// `FLUSHDB`, `FLUSHALL`
pub fn flush(c: &mut Call<'_, '_>) -> Answer {
    match (c.word(1).as_str(), c.args.len()) {
        (_, 1) | ("ASYNC" | "SYNC", 2) => {}
        _ => return Err(SYNTAX.into()),
    }
    let n = match c.name().as_str() {
        "flushdb" => c.db().clear(),
        _ => c.server.databases.iter_mut().map(|d| d.clear()).sum(),
    };
    c.changed += n as u64 + 1;
    Ok(Reply::ok())
}

pub fn object(c: &mut Call<'_, '_>) -> Answer {
    let what = c.word(1);
    if !["ENCODING", "REFCOUNT", "IDLETIME", "FREQ"].contains(&what.as_str()) {
        return Err(c.unknown_subcommand());
    }
    let Some(key) = c.args.get(2) else {
        return Err(format!("ERR wrong number of arguments for 'object|{}' command", what.to_lowercase()));
    };
    let Some(e) = c.db().entry(key).cloned() else { return Ok(Reply::Nil) };
    Ok(match what.as_str() {
        "ENCODING" => Reply::bulk(encoding(&e.value)),
        "REFCOUNT" => Reply::Int(1),
        "IDLETIME" => Reply::Int(0),
        _ => {
            return Err(
                "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when \
                 switching between policies at runtime LRU and LFU data will take some time to adjust."
                    .into(),
            );
        }
    })
}

/// How Redis would hold it.
fn encoding(value: &Value) -> &'static str {
    const FEW: usize = 128;
    const SHORT: usize = 44;
    const LIST: usize = 8192;
    let small = |n: usize| n <= FEW;
    match value {
        Value::Text(t) if integer(t).is_some() => "int",
        Value::Text(t) if t.len() <= SHORT => "embstr",
        Value::Text(_) => "raw",
        Value::List(_) if value.bytes() < LIST => "listpack",
        Value::List(_) => "quicklist",
        Value::Set(s) if s.all().iter().all(|(m, ())| integer(m).is_some()) => "intset",
        Value::Set(s) if small(s.len()) => "listpack",
        Value::Hash(h) if small(h.len()) => "listpack",
        Value::Sorted(s) if small(s.len()) => "listpack",
        Value::Sorted(_) => "skiplist",
        Value::Set(_) | Value::Hash(_) => "hashtable",
    }
}

/// Keys in an order that does not change while others come and go.
pub fn hash(key: &[u8]) -> u64 {
    key.iter().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x100_0000_01b3)) >> 16
}

pub fn names(c: &mut Call<'_, '_>) -> Vec<(Text, &'static str)> {
    c.db().entries().map(|(k, e)| (k.clone(), e.value.type_name())).collect()
}
