//! Commands about lists, those that wait for something to come among them.

use super::{Answer, Call, NO_SUCH_KEY, SYNTAX, span};
use crate::runtime::programs::redis::resp::Reply;
use crate::runtime::programs::redis::value::{End, List, Text, integer};

fn own_end(name: &str) -> End {
    if name.trim_start_matches('b').starts_with('l') { End::Left } else { End::Right }
}

fn end(word: &str) -> Result<End, String> {
    match word {
        "LEFT" => Ok(End::Left),
        "RIGHT" => Ok(End::Right),
        _ => Err(SYNTAX.into()),
    }
}

fn pop_name(end: End) -> &'static [u8] {
    if end == End::Left { b"LPOP" } else { b"RPOP" }
}

/// `LPUSH`, `RPUSH`; with an X only onto what is there.
pub fn push(c: &mut Call<'_, '_>) -> Answer {
    let (name, key) = (c.name(), &c.args[1]);
    if name.ends_with('x') && c.db().read::<List>(key)?.is_none() {
        return Ok(Reply::Int(0));
    }
    let items = &c.args[2..];
    let n = c.db().change(key, |l: &mut List| {
        items.iter().for_each(|i| l.push(own_end(&name), i.clone()));
        l.items().len()
    })?;
    c.changed += items.len() as u64;
    Ok(Reply::count(n))
}

/// `LPOP`, `RPOP`
pub fn pop(c: &mut Call<'_, '_>) -> Answer {
    let (end, key) = (own_end(&c.name()), &c.args[1]);
    if c.args.len() > 3 {
        return Err(c.wrong_count());
    }
    let most = count(c.args.get(2))?;
    if c.db().read::<List>(key)?.is_none() {
        return Ok(if most.is_some() { Reply::NilArray } else { Reply::Nil });
    }
    let popped = c.db().change(key, |l: &mut List| {
        let n = most.unwrap_or(1).min(l.items().len());
        (0..n).filter_map(|_| l.pop(end)).collect::<Vec<Text>>()
    })?;
    c.changed += popped.len() as u64;
    match most {
        Some(_) => Ok(Reply::Array(Reply::bulks(&popped))),
        None => Ok(popped.into_iter().next().map_or(Reply::Nil, Reply::Bulk)),
    }
}

pub fn llen(c: &mut Call<'_, '_>) -> Answer {
    let key = &c.args[1];
    Ok(Reply::count(c.db().read::<List>(key)?.map_or(0, |l| l.items().len())))
}

pub fn lrange(c: &mut Call<'_, '_>) -> Answer {
    let (key, start, stop) = (&c.args[1], c.int(2)?, c.int(3)?);
    let Some(l) = c.db().read::<List>(key)? else { return Ok(Reply::Array(vec![])) };
    Ok(Reply::Array(Reply::bulks(l.items().range(span(start, stop, l.items().len())))))
}

/// A place counted from the front, or from the end if it is below zero.
fn place(i: i64, length: usize) -> Option<usize> {
    let n = i64::try_from(length).ok()?;
    usize::try_from(if i < 0 { i + n } else { i }).ok().filter(|i| *i < length)
}

pub fn lindex(c: &mut Call<'_, '_>) -> Answer {
    let (key, i) = (&c.args[1], c.int(2)?);
    let item = c.db().read::<List>(key)?.and_then(|l| l.items().get(place(i, l.items().len())?).cloned());
    Ok(item.map_or(Reply::Nil, Reply::Bulk))
}

pub fn lset(c: &mut Call<'_, '_>) -> Answer {
    let (key, i, item) = (&c.args[1], c.int(2)?, &c.args[3]);
    let length = c.db().read::<List>(key)?.ok_or(NO_SUCH_KEY)?.items().len();
    let at = place(i, length).ok_or("ERR index out of range")?;
    c.db().change(key, |l: &mut List| l.edit(|items| items[at] = item.clone()))?;
    c.changed += 1;
    Ok(Reply::ok())
}

pub fn linsert(c: &mut Call<'_, '_>) -> Answer {
    let (key, pivot, item) = (&c.args[1], &c.args[3], &c.args[4]);
    let after = match c.word(2).as_str() {
        "BEFORE" => 0,
        "AFTER" => 1,
        _ => return Err(SYNTAX.into()),
    };
    let Some(l) = c.db().read::<List>(key)? else { return Ok(Reply::Int(0)) };
    let Some(at) = l.items().iter().position(|i| i == pivot) else { return Ok(Reply::Int(-1)) };
    let n = c.db().change(key, |l: &mut List| {
        l.edit(|items| items.insert(at + after, item.clone()));
        l.items().len()
    })?;
    c.changed += 1;
    Ok(Reply::count(n))
}

pub fn ltrim(c: &mut Call<'_, '_>) -> Answer {
    let (key, start, stop) = (&c.args[1], c.int(2)?, c.int(3)?);
    if c.db().read::<List>(key)?.is_some() {
        c.db().change(key, |l: &mut List| {
            let kept = span(start, stop, l.items().len());
            l.edit(|items| *items = items.range(kept).cloned().collect());
        })?;
        c.changed += 1;
    }
    Ok(Reply::ok())
}

pub fn lrem(c: &mut Call<'_, '_>) -> Answer {
    let (key, n, item) = (&c.args[1], c.int(2)?, &c.args[3]);
    if c.db().read::<List>(key)?.is_none() {
        return Ok(Reply::Int(0));
    }
    let most = if n == 0 { usize::MAX } else { usize::try_from(n.unsigned_abs()).unwrap_or(usize::MAX) };
    let gone = c.db().change(key, |l: &mut List| {
        let mut gone = 0;
        let mut keeps = |i: &Text| {
            let goes = i == item && gone < most;
            gone += usize::from(goes);
            !goes
        };
        l.edit(|items| {
            if n >= 0 {
                items.retain(&mut keeps);
            } else {
                let kept: Vec<Text> = items.iter().rev().filter(|i| keeps(i)).cloned().collect();
                *items = kept.into_iter().rev().collect();
            }
        });
        gone
    })?;
    c.changed += gone as u64;
    Ok(Reply::count(gone))
}

/// Seconds to wait: the last word.
fn patience(c: &Call<'_, '_>) -> Result<f64, String> {
    let n = c.args.last().and_then(|a| super::float(a)).filter(|n| n.is_finite());
    match n.ok_or("ERR timeout is not a float or out of range")? {
        n if n < 0.0 => Err("ERR timeout is negative".into()),
        n => Ok(n),
    }
}

/// `BLPOP`, `BRPOP`
pub fn blpop(c: &mut Call<'_, '_>) -> Answer {
    let (end, seconds) = (own_end(&c.name()), patience(c)?);
    for key in &c.args[1..c.args.len() - 1] {
        if c.db().read::<List>(key)?.is_some() {
            let item = c.db().change(key, |l: &mut List| l.pop(end))?.unwrap_or_else(|| [].into());
            c.changed += 1;
            c.pass_on(&[pop_name(end), key]);
            return Ok(Reply::Array(vec![Reply::Bulk(key.clone()), Reply::Bulk(item)]));
        }
    }
    c.wait(seconds, Reply::NilArray)
}

/// From where to where `LMOVE`, `RPOPLPUSH` and those that wait take something.
fn ends(c: &Call<'_, '_>) -> Result<(End, End), String> {
    match c.name().ends_with("lmove") {
        true => Ok((end(&c.word(3))?, end(&c.word(4))?)),
        false => Ok((End::Right, End::Left)),
    }
}

/// `LMOVE`, `RPOPLPUSH`
pub fn lmove(c: &mut Call<'_, '_>) -> Answer {
    Ok(moved(c)?.map_or(Reply::Nil, Reply::Bulk))
}

/// `BLMOVE`, `BRPOPLPUSH`
pub fn blmove(c: &mut Call<'_, '_>) -> Answer {
    let seconds = patience(c)?;
    match moved(c)? {
        Some(item) => Ok(Reply::Bulk(item)),
        None => c.wait(seconds, Reply::Nil),
    }
}

fn moved(c: &mut Call<'_, '_>) -> Result<Option<Text>, String> {
    let ((from, to), source, target) = (ends(c)?, &c.args[1], &c.args[2]);
    if c.db().read::<List>(source)?.is_none() {
        return Ok(None);
    }
    // What cannot be put there stays where it is.
    c.db().read::<List>(target)?;
    let Some(item) = c.db().change(source, |l: &mut List| l.pop(from))? else { return Ok(None) };
    c.db().change(target, |l: &mut List| l.push(to, item.clone()))?;
    c.changed += 1;
    let name = |e| if e == End::Left { b"LEFT".as_slice() } else { b"RIGHT" };
    c.pass_on(&[b"LMOVE", source, target, name(from), name(to)]);
    Ok(Some(item))
}

/// How many are asked for, if a word says so.
pub fn count(word: Option<&Text>) -> Result<Option<usize>, String> {
    let Some(word) = word else { return Ok(None) };
    let n = integer(word).and_then(|n| usize::try_from(n).ok());
    n.map(Some).ok_or_else(|| "ERR value is out of range, must be positive".into())
}
