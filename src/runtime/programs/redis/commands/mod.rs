//! The commands of a server, and what all of them need.
//!
//! Start with [`TABLE`]: a name, how many words it takes, whether it writes, and its function. `calling` is how one is called.

mod calling;
mod connection;
mod hashes;
mod keys;
mod lists;
mod messages;
mod scan;
mod server;
mod sets;
mod sorted;
mod strings;
mod transactions;

use super::client::Client;
use super::resp::Reply;
use super::server::Server;
use super::value::{Text, integer};
use crate::api::{Duration, Time};
use crate::runtime::kernel::Sys;

/// The error is what stands behind the dash of an error reply.
pub type Answer = Result<Reply, String>;

pub struct Command {
    pub name: &'static str,
    /// How many words, its own name included; at least so many if it is below zero.
    pub arity: i32,
    pub run: fn(&mut Call<'_, '_>) -> Answer,
    pub writes: bool,
    /// It may take more memory.
    pub grows: bool,
    /// Whoever has not said the password may use it.
    pub free: bool,
    /// Not put off by `MULTI`.
    pub at_once: bool,
}

type Run = fn(&mut Call<'_, '_>) -> Answer;

const fn read(name: &'static str, arity: i32, run: Run) -> Command {
    Command { name, arity, run, writes: false, grows: false, free: false, at_once: false }
}

const fn write(name: &'static str, arity: i32, run: Run) -> Command {
    Command { writes: true, ..read(name, arity, run) }
}

const fn grow(name: &'static str, arity: i32, run: Run) -> Command {
    Command { grows: true, ..write(name, arity, run) }
}

const fn free(c: Command) -> Command {
    Command { free: true, ..c }
}

const fn at_once(c: Command) -> Command {
    Command { at_once: true, ..c }
}

pub static TABLE: &[Command] = &[
    grow("append", 3, strings::append),
    free(read("auth", -2, connection::auth)),
    read("bgrewriteaof", 1, server::bgrewriteaof),
    read("bgsave", -1, server::bgsave),
    grow("blmove", 6, lists::blmove),
    write("blpop", -3, lists::blpop),
    write("brpop", -3, lists::blpop),
    grow("brpoplpush", 4, lists::blmove),
    read("client", -2, connection::client),
    read("command", -1, server::command),
    read("config", -2, server::config),
    grow("copy", -3, keys::copy),
    read("dbsize", 1, keys::dbsize),
    write("decr", 2, strings::incr),
    grow("decrby", 3, strings::incrby),
    write("del", -2, keys::del),
    at_once(read("discard", 1, transactions::discard)),
    read("echo", 2, connection::echo),
    at_once(read("exec", 1, transactions::exec)),
    read("exists", -2, keys::exists),
    write("expire", -3, keys::expire),
    write("expireat", -3, keys::expire),
    read("expiretime", 2, keys::ttl),
    write("flushall", -1, keys::flush),
    write("flushdb", -1, keys::flush),
    read("get", 2, strings::get),
    write("getdel", 2, strings::getdel),
    write("getex", -2, strings::getex),
    read("getrange", 4, strings::getrange),
    grow("getset", 3, strings::getset),
    write("hdel", -3, hashes::hdel),
    free(read("hello", -1, connection::hello)),
    read("hexists", 3, hashes::hexists),
    read("hget", 3, hashes::hget),
    read("hgetall", 2, hashes::hgetall),
    grow("hincrby", 4, hashes::hincrby),
    grow("hincrbyfloat", 4, hashes::hincrbyfloat),
    read("hkeys", 2, hashes::hgetall),
    read("hlen", 2, hashes::hlen),
    read("hmget", -3, hashes::hmget),
    grow("hmset", -4, hashes::hset),
    at_once(read("host:", -1, connection::attack)),
    read("hscan", -3, scan::of_collection),
    grow("hset", -4, hashes::hset),
    grow("hsetnx", 4, hashes::hsetnx),
    read("hstrlen", 3, hashes::hstrlen),
    read("hvals", 2, hashes::hgetall),
    grow("incr", 2, strings::incr),
    grow("incrby", 3, strings::incrby),
    grow("incrbyfloat", 3, strings::incrbyfloat),
    read("info", -1, server::info),
    read("keys", 2, keys::keys),
    read("lastsave", 1, server::lastsave),
    read("lindex", 3, lists::lindex),
    grow("linsert", 5, lists::linsert),
    read("llen", 2, lists::llen),
    grow("lmove", 5, lists::lmove),
    write("lpop", -2, lists::pop),
    grow("lpush", -3, lists::push),
    grow("lpushx", -3, lists::push),
    read("lrange", 4, lists::lrange),
    write("lrem", 4, lists::lrem),
    grow("lset", 4, lists::lset),
    write("ltrim", 4, lists::ltrim),
    read("mget", -2, strings::mget),
    read("monitor", 1, messages::monitor),
    write("move", 3, keys::move_key),
    grow("mset", -3, strings::mset),
    grow("msetnx", -3, strings::mset),
    at_once(read("multi", 1, transactions::multi)),
    read("object", -2, keys::object),
    write("persist", 2, keys::persist),
    write("pexpire", -3, keys::expire),
    write("pexpireat", -3, keys::expire),
    read("pexpiretime", 2, keys::ttl),
    read("ping", -1, connection::ping),
    at_once(read("post", -1, connection::attack)),
    grow("psetex", 4, strings::setex),
    read("psubscribe", -2, messages::subscribe),
    read("psync", -3, server::psync),
    read("pttl", 2, keys::ttl),
    read("publish", 3, messages::publish),
    read("pubsub", -2, messages::pubsub),
    read("punsubscribe", -1, messages::unsubscribe),
    at_once(free(read("quit", -1, connection::quit))),
    read("randomkey", 1, keys::randomkey),
    write("rename", 3, keys::rename),
    write("renamenx", 3, keys::rename),
    read("replconf", -1, server::replconf),
    read("replicaof", 3, server::replicaof),
    at_once(free(read("reset", 1, connection::reset))),
    read("role", 1, server::role),
    write("rpop", -2, lists::pop),
    grow("rpoplpush", 3, lists::lmove),
    grow("rpush", -3, lists::push),
    grow("rpushx", -3, lists::push),
    grow("sadd", -3, sets::sadd),
    read("save", 1, server::save),
    read("scan", -2, scan::scan),
    read("scard", 2, sets::scard),
    read("sdiff", -2, sets::combined),
    read("select", 2, connection::select),
    grow("set", -3, strings::set),
    grow("setex", 4, strings::setex),
    grow("setnx", 3, strings::setnx),
    grow("setrange", 4, strings::setrange),
    read("shutdown", -1, server::shutdown),
    read("sinter", -2, sets::combined),
    read("sismember", 3, sets::sismember),
    read("slaveof", 3, server::replicaof),
    read("smembers", 2, sets::smembers),
    read("smismember", -3, sets::smismember),
    grow("smove", 4, sets::smove),
    write("spop", -2, sets::spop),
    read("srandmember", -2, sets::srandmember),
    write("srem", -3, sets::srem),
    read("sscan", -3, scan::of_collection),
    read("strlen", 2, strings::strlen),
    read("subscribe", -2, messages::subscribe),
    read("substr", 4, strings::getrange),
    read("sunion", -2, sets::combined),
    read("time", 1, server::time),
    read("touch", -2, keys::exists),
    read("ttl", 2, keys::ttl),
    read("type", 2, keys::type_of),
    write("unlink", -2, keys::del),
    read("unsubscribe", -1, messages::unsubscribe),
    at_once(read("unwatch", 1, transactions::unwatch)),
    at_once(read("watch", -2, transactions::watch)),
    grow("zadd", -4, sorted::zadd),
    read("zcard", 2, sorted::zcard),
    read("zcount", 4, sorted::zcount),
    grow("zincrby", 4, sorted::zincrby),
    write("zpopmax", -2, sorted::zpop),
    write("zpopmin", -2, sorted::zpop),
    read("zrange", -4, sorted::zrange),
    read("zrangebyscore", -4, sorted::zrange),
    read("zrank", -3, sorted::zrank),
    write("zrem", -3, sorted::zrem),
    read("zrevrange", -4, sorted::zrange),
    read("zrevrangebyscore", -4, sorted::zrange),
    read("zrevrank", -3, sorted::zrank),
    read("zscan", -3, scan::of_collection),
    read("zscore", 3, sorted::zscore),
];

pub fn find(name: &[u8]) -> Option<&'static Command> {
    TABLE.iter().find(|c| c.name.as_bytes().eq_ignore_ascii_case(name))
}

pub const SYNTAX: &str = "ERR syntax error";
pub const NOT_AN_INTEGER: &str = "ERR value is not an integer or out of range";
pub const NOT_A_FLOAT: &str = "ERR value is not a valid float";
pub const NO_SUCH_KEY: &str = "ERR no such key";

/// A command that is called, and by whom.
pub struct Call<'a, 'b> {
    pub server: &'a mut Server,
    pub client: &'a mut Client,
    pub args: &'a [Text],
    pub sys: &'a mut Sys<'b>,
    /// How much has changed.
    pub changed: u64,
    /// What is written down and passed on in its place.
    pub instead: Option<Vec<Vec<Text>>>,
    /// It has waited already.
    pub waited: Option<(u64, Option<Time>)>,
    /// It may not wait.
    pub hurries: bool,
}

impl Call<'_, '_> {
    pub fn db(&mut self) -> &mut super::keyspace::Database {
        let n = self.client.db;
        &mut self.server.databases[n]
    }

    /// The name that it was called by, in small letters.
    pub fn name(&self) -> String {
        String::from_utf8_lossy(&self.args[0]).to_ascii_lowercase()
    }

    pub fn text(&self, i: usize) -> String {
        self.args.get(i).map(|a| String::from_utf8_lossy(a).to_string()).unwrap_or_default()
    }

    /// A word in capital letters.
    pub fn word(&self, i: usize) -> String {
        self.text(i).to_ascii_uppercase()
    }

    pub fn int(&self, i: usize) -> Result<i64, String> {
        self.args.get(i).and_then(|a| integer(a)).ok_or_else(|| NOT_AN_INTEGER.into())
    }

    pub fn float(&self, i: usize) -> Result<f64, String> {
        self.args.get(i).and_then(|a| float(a)).ok_or_else(|| NOT_A_FLOAT.into())
    }

    /// A time of Redis: milliseconds since 1970.
    pub fn now_ms(&self) -> i64 {
        milliseconds(self.sys.now)
    }

    pub fn pass_on(&mut self, words: &[&[u8]]) {
        let words = words.iter().map(|w| Text::from(*w)).collect();
        self.instead.get_or_insert_default().push(words);
    }

    pub fn wrong_count(&self) -> String {
        format!("ERR wrong number of arguments for '{}' command", self.name())
    }

    pub fn unknown_subcommand(&self) -> String {
        format!("ERR unknown subcommand '{}'. Try {} HELP.", self.text(1), self.word(0))
    }

    /// It goes on when a key has something, or a time is over.
    pub fn wait(&mut self, seconds: f64, nil: Reply) -> Answer {
        if self.hurries {
            return Ok(nil);
        }
        let (turn, until) = self.waited.unwrap_or_else(|| {
            self.server.turns += 1;
            (self.server.turns, (seconds > 0.0).then(|| self.sys.now + Duration::from_secs_f64(seconds.min(1e9))))
        });
        self.client.blocked = Some(super::client::Blocked { args: self.args.to_vec(), turn, until, nil });
        Ok(Reply::Nothing)
    }

    pub fn chance(&mut self, below: usize) -> usize {
        let bytes = self.sys.noise(4);
        let n = bytes.iter().fold(0usize, |n, b| n << 8 | usize::from(*b));
        n % below.max(1)
    }
}

pub fn milliseconds(t: Time) -> i64 {
    i64::try_from(t.nanos() / 1_000_000).unwrap_or(i64::MAX)
}

/// `None` if it is too far away. What is before all time is over.
pub fn at_ms(ms: i64) -> Option<Time> {
    u64::try_from(ms.max(0)).ok()?.checked_mul(1_000_000).map(Time::from_nanos)
}

fn float(text: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(text).ok().filter(|t| !t.is_empty())?;
    text.parse::<f64>().ok().filter(|n| !n.is_nan())
}

/// A number as `INCRBYFLOAT` writes it: without an exponent, and without the noise of the last digits.
fn plain(n: f64) -> String {
    const DIGITS: usize = 15;
    let rounded: f64 = format!("{n:.*e}", DIGITS - 1).parse().unwrap_or(n);
    let text = rounded.to_string();
    if text == "-0" { "0".into() } else { text }
}

/// A range of places, negative ones counted from the end, as one of places that are there.
fn span(start: i64, stop: i64, length: usize) -> std::ops::Range<usize> {
    let n = i64::try_from(length).unwrap_or(i64::MAX);
    let from = if start < 0 { (n + start.max(-n)).max(0) } else { start.min(n) };
    let to = if stop < 0 { n.saturating_add(stop) } else { stop.min(n - 1) };
    let place = |i: i64| usize::try_from(i).unwrap_or(0);
    if from > to { 0..0 } else { place(from)..place(to + 1) }
}
