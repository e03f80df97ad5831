//! Messages from one client to others, by channels; and `MONITOR`, which hears all that is asked.

use super::{Answer, Call};
use crate::runtime::kernel::Sys;
use crate::runtime::programs::redis::client::Client;
use crate::runtime::programs::redis::glob;
use crate::runtime::programs::redis::resp::Reply;
use crate::runtime::programs::redis::server::Server;
use crate::runtime::programs::redis::value::Text;
use crate::runtime::programs::redis::words;

/// `SUBSCRIBE`, `PSUBSCRIBE`
pub fn subscribe(c: &mut Call<'_, '_>) -> Answer {
    let (name, args) = (c.name(), c.args);
    for channel in &args[1..] {
        let all = if name == "subscribe" { &mut c.client.channels } else { &mut c.client.patterns };
        if !all.contains(channel) {
            all.push(channel.clone());
        }
        let n = Reply::count(c.client.subscriptions());
        c.client.tell(&Reply::Array(vec![Reply::bulk(&name), Reply::Bulk(channel.clone()), n]));
    }
    Ok(Reply::Nothing)
}

/// `UNSUBSCRIBE`, `PUNSUBSCRIBE`
pub fn unsubscribe(c: &mut Call<'_, '_>) -> Answer {
    let (name, args) = (c.name(), c.args);
    let plain = name == "unsubscribe";
    let all = if plain { &c.client.channels } else { &c.client.patterns };
    let gone: Vec<Text> = if args.len() > 1 { args[1..].to_vec() } else { all.clone() };
    let told = |c: &Client, what: Reply| Reply::Array(vec![Reply::bulk(&name), what, Reply::count(c.subscriptions())]);
    if gone.is_empty() {
        return Ok(told(c.client, Reply::Nil));
    }
    for channel in gone {
        let all = if plain { &mut c.client.channels } else { &mut c.client.patterns };
        all.retain(|o| *o != channel);
        let reply = told(c.client, Reply::Bulk(channel));
        c.client.tell(&reply);
    }
    Ok(Reply::Nothing)
}

pub fn publish(c: &mut Call<'_, '_>) -> Answer {
    let (channel, message) = (&c.args[1], &c.args[2]);
    let mut n = 0;
    for other in c.server.clients.iter_mut().chain([&mut *c.client]) {
        if other.channels.contains(channel) {
            let words = [Reply::bulk("message"), Reply::Bulk(channel.clone()), Reply::Bulk(message.clone())];
            other.tell(&Reply::Array(words.into()));
            n += 1;
        }
        for p in other.patterns.clone().into_iter().filter(|p| glob::matches(p, channel, false)) {
            let words =
                [Reply::bulk("pmessage"), Reply::Bulk(p), Reply::Bulk(channel.clone()), Reply::Bulk(message.clone())];
            other.tell(&Reply::Array(words.into()));
            n += 1;
        }
    }
    Ok(Reply::Int(n))
}

pub fn pubsub(c: &mut Call<'_, '_>) -> Answer {
    let all: Vec<&Text> = c.server.clients.iter().flat_map(|o| &o.channels).collect();
    match c.word(1).as_str() {
        "CHANNELS" => {
            let mut names: Vec<&Text> =
                all.into_iter().filter(|n| c.args.get(2).is_none_or(|p| glob::matches(p, n, false))).collect();
            names.sort();
            names.dedup();
            Ok(Reply::Array(Reply::bulks(names)))
        }
        "NUMSUB" => {
            let count = |n: &Text| Reply::count(all.iter().filter(|o| *o == &n).count());
            Ok(Reply::Array(c.args[2..].iter().flat_map(|n| [Reply::Bulk(n.clone()), count(n)]).collect()))
        }
        "NUMPAT" => Ok(Reply::count(c.server.clients.iter().map(|o| o.patterns.len()).sum())),
        _ => Err(c.unknown_subcommand()),
    }
}

pub fn monitor(c: &mut Call<'_, '_>) -> Answer {
    c.client.monitors = true;
    Ok(Reply::ok())
}

impl Server {
    /// Passwords are not for their ears.
    pub(super) fn tell_monitors(&mut self, client: &Client, args: &[Text], sys: &Sys<'_>) {
        if !self.clients.iter().any(|o| o.monitors) || args[0].eq_ignore_ascii_case(b"auth") {
            return;
        }
        let (seconds, nanos) = sys.now.unix_seconds_and_nanos();
        let said: Vec<String> = args.iter().map(|a| words::quote(a)).collect();
        let at = format!("{seconds}.{:06}", nanos / 1000);
        let line = format!("{at} [{} {}] {}", client.db, client.address(), said.join(" "));
        self.clients.iter_mut().filter(|o| o.monitors).for_each(|o| o.tell(&Reply::Status(line.clone())));
    }
}
