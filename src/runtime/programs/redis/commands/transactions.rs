//! Commands that are put off and then done together.

use super::{Answer, Call, find};
use crate::runtime::programs::redis::resp::Reply;

pub fn multi(c: &mut Call<'_, '_>) -> Answer {
    if c.client.queued.is_some() {
        return Err("ERR MULTI calls can not be nested".into());
    }
    c.client.queued = Some(vec![]);
    Ok(Reply::ok())
}

pub fn discard(c: &mut Call<'_, '_>) -> Answer {
    if c.client.queued.take().is_none() {
        return Err("ERR DISCARD without MULTI".into());
    }
    c.client.spoilt = false;
    c.client.watched.clear();
    Ok(Reply::ok())
}

pub fn exec(c: &mut Call<'_, '_>) -> Answer {
    let Some(queue) = c.client.queued.take() else { return Err("ERR EXEC without MULTI".into()) };
    let watched = std::mem::take(&mut c.client.watched);
    if std::mem::take(&mut c.client.spoilt) {
        return Err("EXECABORT Transaction discarded because of previous errors.".into());
    }
    let unchanged = watched.iter().all(|(db, key, before)| {
        let now = c.server.databases[*db].entry(key).map(|e| &e.value);
        match (before, now) {
            (None, None) => true,
            (Some(a), Some(b)) => a.is_same(b),
            _ => false,
        }
    });
    if !unchanged {
        return Ok(Reply::NilArray);
    }
    let mut replies = vec![];
    for args in queue {
        let Some(command) = find(&args[0]) else { continue };
        let reply = c.server.call(command, c.client, &args, None, true, c.sys);
        // The array has one for each command, also for those that answer in another way.
        replies.push(if matches!(reply, Reply::Nothing) { Reply::Nil } else { reply });
    }
    Ok(Reply::Array(replies))
}

pub fn watch(c: &mut Call<'_, '_>) -> Answer {
    if c.client.queued.is_some() {
        return Err("ERR WATCH inside MULTI is not allowed".into());
    }
    let db = c.client.db;
    for key in &c.args[1..] {
        let held = c.db().entry(key).map(|e| e.value.clone());
        c.client.watched.push((db, key.clone(), held));
    }
    Ok(Reply::ok())
}

pub fn unwatch(c: &mut Call<'_, '_>) -> Answer {
    c.client.watched.clear();
    Ok(Reply::ok())
}
