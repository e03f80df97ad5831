//! What a server can be told: in a file, behind its name, and with `CONFIG SET`.

use std::collections::BTreeMap;

use super::glob;
use super::words;

/// What a parameter may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Shape {
    Text,
    YesNo,
    Number(i64, i64),
    /// Bytes: `2mb`.
    Memory,
    OneOf(&'static [&'static str]),
    /// Seconds and changes, in pairs.
    SavePoints,
    Address,
}

struct Parameter {
    name: &'static str,
    other: &'static str,
    usual: &'static str,
    shape: Shape,
    fixed: bool,
}

const fn of(name: &'static str, usual: &'static str, shape: Shape) -> Parameter {
    Parameter { name, other: "", usual, shape, fixed: false }
}

const fn fixed(p: Parameter) -> Parameter {
    Parameter { fixed: true, ..p }
}

const fn also(other: &'static str, p: Parameter) -> Parameter {
    Parameter { other, ..p }
}

const POLICIES: &[&str] = &[
    "volatile-lru",
    "volatile-lfu",
    "volatile-random",
    "volatile-ttl",
    "allkeys-lru",
    "allkeys-lfu",
    "allkeys-random",
    "noeviction",
];

const MOST: i64 = i32::MAX as i64;

static TABLE: &[Parameter] = &[
    of("activedefrag", "no", Shape::YesNo),
    of("activerehashing", "yes", Shape::YesNo),
    of("aof-load-truncated", "yes", Shape::YesNo),
    of("aof-use-rdb-preamble", "yes", Shape::YesNo),
    of("appenddirname", "appendonlydir", Shape::Text),
    of("appendfilename", "appendonly.aof", Shape::Text),
    of("appendfsync", "everysec", Shape::OneOf(&["everysec", "always", "no"])),
    of("appendonly", "no", Shape::YesNo),
    of("auto-aof-rewrite-min-size", "67108864", Shape::Memory),
    of("auto-aof-rewrite-percentage", "100", Shape::Number(0, MOST)),
    of("bind", "* -::*", Shape::Text),
    fixed(of("cluster-enabled", "no", Shape::YesNo)),
    fixed(of("daemonize", "no", Shape::YesNo)),
    fixed(of("databases", "16", Shape::Number(1, 10_000))),
    of("dbfilename", "dump.rdb", Shape::Text),
    of("dir", "", Shape::Text),
    of("hash-max-listpack-entries", "512", Shape::Number(0, MOST)),
    of("hash-max-listpack-value", "64", Shape::Number(0, MOST)),
    of("hz", "10", Shape::Number(0, MOST)),
    fixed(of("io-threads", "1", Shape::Number(1, 128))),
    of("latency-monitor-threshold", "0", Shape::Number(0, MOST)),
    of("lazyfree-lazy-eviction", "no", Shape::YesNo),
    of("lazyfree-lazy-expire", "no", Shape::YesNo),
    of("list-max-listpack-size", "-2", Shape::Number(-MOST, MOST)),
    fixed(of("logfile", "", Shape::Text)),
    of("loglevel", "notice", Shape::OneOf(&["debug", "verbose", "notice", "warning", "nothing"])),
    of("lua-time-limit", "5000", Shape::Number(0, MOST)),
    of("masterauth", "", Shape::Text),
    of("masteruser", "", Shape::Text),
    of("maxclients", "10000", Shape::Number(1, MOST)),
    of("maxmemory", "0", Shape::Memory),
    of("maxmemory-clients", "0", Shape::Memory),
    of("maxmemory-policy", "noeviction", Shape::OneOf(POLICIES)),
    of("maxmemory-samples", "5", Shape::Number(1, 64)),
    also("min-slaves-to-write", of("min-replicas-to-write", "0", Shape::Number(0, MOST))),
    of("notify-keyspace-events", "", Shape::Text),
    fixed(of("pidfile", "", Shape::Text)),
    of("port", "6379", Shape::Number(0, 65_535)),
    of("protected-mode", "no", Shape::YesNo),
    of("rdbchecksum", "yes", Shape::YesNo),
    of("rdbcompression", "yes", Shape::YesNo),
    of("repl-backlog-size", "1048576", Shape::Memory),
    of("repl-diskless-sync", "yes", Shape::YesNo),
    of("repl-diskless-sync-delay", "5", Shape::Number(0, MOST)),
    of("repl-timeout", "60", Shape::Number(1, MOST)),
    also("slave-announce-ip", of("replica-announce-ip", "", Shape::Text)),
    also("slave-announce-port", of("replica-announce-port", "0", Shape::Number(0, 65_535))),
    also("slave-priority", of("replica-priority", "100", Shape::Number(0, MOST))),
    also("slave-read-only", of("replica-read-only", "yes", Shape::YesNo)),
    also("slave-serve-stale-data", of("replica-serve-stale-data", "yes", Shape::YesNo)),
    also("slaveof", of("replicaof", "", Shape::Address)),
    of("requirepass", "", Shape::Text),
    of("save", "3600 1 300 100 60 10000", Shape::SavePoints),
    of("set-max-intset-entries", "512", Shape::Number(0, MOST)),
    of("slowlog-log-slower-than", "10000", Shape::Number(-1, i64::MAX)),
    of("slowlog-max-len", "128", Shape::Number(0, i64::MAX)),
    of("stop-writes-on-bgsave-error", "yes", Shape::YesNo),
    of("supervised", "no", Shape::OneOf(&["upstart", "systemd", "auto", "no"])),
    fixed(of("tcp-backlog", "511", Shape::Number(0, MOST))),
    of("tcp-keepalive", "300", Shape::Number(0, MOST)),
    of("timeout", "0", Shape::Number(0, MOST)),
    fixed(of("tls-port", "0", Shape::Number(0, 65_535))),
    fixed(of("unixsocket", "", Shape::Text)),
    of("zset-max-listpack-entries", "128", Shape::Number(0, MOST)),
    of("zset-max-listpack-value", "64", Shape::Number(0, MOST)),
];

fn find(name: &str) -> Option<&'static Parameter> {
    let is = |n: &str| n.eq_ignore_ascii_case(name);
    TABLE.iter().find(|p| is(p.name) || (!p.other.is_empty() && is(p.other)))
}

/// Why a value may not be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refused {
    Unknown,
    Fixed(&'static str),
    Value(&'static str, String),
}

#[derive(Clone, Debug, Default)]
pub struct Config {
    /// What differs from the usual.
    given: BTreeMap<&'static str, String>,
    /// The file that it was read from.
    pub file: String,
}

impl Config {
    pub fn text(&self, name: &str) -> &str {
        match find(name) {
            Some(p) => self.given.get(p.name).map_or(p.usual, String::as_str),
            None => "",
        }
    }

    pub fn is_on(&self, name: &str) -> bool {
        self.text(name) == "yes"
    }

    pub fn number(&self, name: &str) -> u64 {
        self.text(name).parse().unwrap_or(0)
    }

    /// After so many seconds it saves if there were so many changes.
    pub fn save_points(&self) -> Vec<(u64, u64)> {
        let numbers: Vec<u64> = self.text("save").split_whitespace().filter_map(|n| n.parse().ok()).collect();
        numbers.chunks_exact(2).map(|p| (p[0], p[1])).collect()
    }

    /// Names and values, for any of some patterns.
    pub fn get(&self, patterns: &[&[u8]]) -> Vec<(&'static str, String)> {
        let mut out = vec![];
        for p in TABLE {
            let asks =
                |name: &str| !name.is_empty() && patterns.iter().any(|g| glob::matches(g, name.as_bytes(), true));
            if asks(p.name) {
                out.push((p.name, self.text(p.name).to_string()));
            }
            if asks(p.other) {
                out.push((p.other, self.text(p.name).to_string()));
            }
        }
        out
    }

    /// Sets one. Whether it may be set while the server runs is asked only then.
    pub fn set(&mut self, name: &str, value: &str, runs: bool) -> Result<&'static str, Refused> {
        let p = find(name).ok_or(Refused::Unknown)?;
        if runs && (p.fixed || p.shape == Shape::Address) {
            return Err(Refused::Fixed(p.name));
        }
        let value = checked(p.shape, value).map_err(|why| Refused::Value(p.name, why))?;
        self.given.insert(p.name, value);
        Ok(p.name)
    }

    /// A line of a configuration file, in words. The error is what is said of it.
    fn directive(&mut self, line: &[u8], saves: &mut Option<String>) -> Result<(), String> {
        let wrong = || "Bad directive or wrong number of arguments".to_string();
        let words = words::split(line).ok_or("Unbalanced quotes in configuration line")?;
        let words: Vec<String> = words.iter().map(|w| String::from_utf8_lossy(w).to_string()).collect();
        let Some((name, values)) = words.split_first() else { return Ok(()) };
        let name = name.to_ascii_lowercase();
        if ["loadmodule", "client-output-buffer-limit", "user", "rename-command", "include"].contains(&name.as_str()) {
            return if values.is_empty() { Err(wrong()) } else { Ok(()) };
        }
        let p = find(&name).ok_or_else(wrong)?;
        let many = matches!(p.shape, Shape::SavePoints | Shape::Address) || p.name == "bind";
        if values.is_empty() || (values.len() > 1 && !many) {
            return Err(wrong());
        }
        let mut value = values.join(" ");
        if p.shape == Shape::SavePoints {
            // Each line adds to those before it; an empty one forgets them.
            let before = saves.take().filter(|_| !value.is_empty()).unwrap_or_default();
            value = format!("{before} {value}").trim().to_string();
            *saves = Some(value.clone());
        }
        self.set(p.name, &value, false).map(drop).map_err(|e| match e {
            Refused::Value(_, why) => why,
            _ => wrong(),
        })
    }

    /// A file's text with the values as they are now; what it does not name comes at its end.
    pub fn rewritten(&self, old: &[u8]) -> String {
        let told = |name: &str| {
            let value = self.text(name);
            let plain = !value.is_empty() && value.bytes().all(|b| b.is_ascii_graphic() || b == b' ');
            if plain { format!("{name} {value}") } else { format!("{name} {}", words::quote(value.as_bytes())) }
        };
        let (mut out, mut known) = (String::new(), vec![]);
        for line in String::from_utf8_lossy(old).lines() {
            let named = line.split_whitespace().next().and_then(find);
            match named {
                Some(p) if known.contains(&p.name) => continue,
                Some(p) => {
                    known.push(p.name);
                    out.push_str(&told(p.name));
                }
                None => out.push_str(line),
            }
            out.push('\n');
        }
        let more: Vec<&str> = self.given.keys().copied().filter(|n| !known.contains(n)).collect();
        if !more.is_empty() {
            out.push_str("# Generated by CONFIG REWRITE\n");
            more.iter().for_each(|n| out.push_str(&(told(n) + "\n")));
        }
        out
    }

    /// A whole file. The error is which line it is, what it says, and what is wrong with it.
    pub fn read(&mut self, text: &[u8]) -> Result<(), (usize, String, String)> {
        let mut saves = None;
        for (i, line) in text.split(|b| *b == b'\n').enumerate() {
            let line = line.trim_ascii();
            if line.is_empty() || line.starts_with(b"#") {
                continue;
            }
            self.directive(line, &mut saves).map_err(|why| (i + 1, String::from_utf8_lossy(line).to_string(), why))?;
        }
        Ok(())
    }
}

fn checked(shape: Shape, value: &str) -> Result<String, String> {
    match shape {
        Shape::Text => Ok(value.into()),
        Shape::YesNo => match value.to_ascii_lowercase() {
            v if v == "yes" || v == "no" => Ok(v),
            _ => Err("argument must be 'yes' or 'no'".into()),
        },
        Shape::Number(least, most) => {
            let n: i64 = value.parse().map_err(|_| "argument couldn't be parsed into an integer")?;
            match (least..=most).contains(&n) {
                true => Ok(n.to_string()),
                false => Err(format!("argument must be between {least} and {most} inclusive")),
            }
        }
        Shape::Memory => memory(value).map(|n| n.to_string()).ok_or_else(|| "argument must be a memory value".into()),
        Shape::OneOf(names) => match names.iter().find(|n| n.eq_ignore_ascii_case(value)) {
            Some(n) => Ok((*n).into()),
            None => Err(format!("argument(s) must be one of the following: {}", names.join(", "))),
        },
        Shape::SavePoints => {
            let numbers: Vec<Option<u64>> = value.split_whitespace().map(|n| n.parse().ok()).collect();
            let whole =
                numbers.len().is_multiple_of(2) && numbers.chunks_exact(2).all(|p| p[0] > Some(0) && p[1].is_some());
            if whole { Ok(value.into()) } else { Err("Invalid save parameters".into()) }
        }
        Shape::Address => match value.split_whitespace().collect::<Vec<_>>()[..] {
            ["no", "one"] => Ok(String::new()),
            [host, port] if port.parse::<u16>().is_ok_and(|p| p > 0) => Ok(format!("{host} {port}")),
            [_, _] => Err("Invalid master port".into()),
            _ => Err("wrong number of arguments".into()),
        },
    }
}

/// `100`, `2k` (thousands), `2kb` (of 1024), `1gb`.
fn memory(text: &str) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    let digits = lower.len() - lower.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = lower.split_at(digits);
    let unit = match unit {
        "" | "b" => 1,
        "k" => 1000,
        "kb" => 1 << 10,
        "m" => 1_000_000,
        "mb" => 1 << 20,
        "g" => 1_000_000_000,
        "gb" => 1 << 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit)
}

/// The words behind the server's name as lines of a configuration file: `--port 7000 --save 60 1`.
pub fn lines(words: &[String]) -> Vec<u8> {
    let mut out = String::new();
    for w in words {
        match w.strip_prefix("--") {
            Some(name) => out.push_str(&format!("\n{name}")),
            None => out.push_str(&format!(" {}", words::quote(w.as_bytes()))),
        }
    }
    out.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_options_set_what_they_name() {
        let mut c = Config::default();
        c.read(b"# memory\nmaxmemory 2mb\n\nmaxmemory-policy allkeys-lru \r\nsave 60 1\nsave 10 5\n").unwrap();
        c.read(&lines(&[
            "--port".into(),
            "7000".into(),
            "--requirepass".into(),
            "a b".into(),
            "--slaveof".into(),
            "x".into(),
            "1".into(),
        ]))
        .unwrap();
        let got: Vec<_> =
            ["maxmemory", "maxmemory-policy", "port", "requirepass", "replicaof", "save"].map(|n| c.text(n)).into();
        assert_eq!(got, ["2097152", "allkeys-lru", "7000", "a b", "x 1", "60 1 10 5"]);
        assert_eq!(c.save_points(), [(60, 1), (10, 5)]);
        let wrong = c.read(b"port 1\nmaxmemoryy 2mb\n").unwrap_err();
        assert_eq!(wrong, (2, "maxmemoryy 2mb".into(), "Bad directive or wrong number of arguments".into()));
        assert_eq!(
            c.set("maxmemory", "x", true),
            Err(Refused::Value("maxmemory", "argument must be a memory value".into()))
        );
        assert_eq!(c.set("databases", "3", true), Err(Refused::Fixed("databases")));
        assert_eq!(c.get(&[b"maxmemory-p*"]), [("maxmemory-policy", "allkeys-lru".into())]);
    }
}
