//! Commands about the server.

use super::{Answer, Call, SYNTAX, TABLE, calling};
use crate::runtime::programs::redis::config::Refused;
use crate::runtime::programs::redis::replication::Link;
use crate::runtime::programs::redis::resp::Reply;

pub fn config(c: &mut Call<'_, '_>) -> Answer {
    let what = c.word(1);
    match (what.as_str(), c.args.len()) {
        ("GET", 3..) => {
            let patterns: Vec<&[u8]> = c.args[2..].iter().map(|a| &**a).collect();
            let found = c.server.config.get(&patterns);
            Ok(Reply::Map(found.into_iter().map(|(n, v)| (Reply::bulk(n), Reply::bulk(v))).collect()))
        }
        ("SET", n) if n >= 4 && n % 2 == 0 => set(c),
        ("RESETSTAT", 2) => {
            c.server.reset_counts();
            Ok(Reply::ok())
        }
        ("REWRITE", 2) if c.server.config.file.is_empty() => {
            Err("ERR The server is running without a config file".into())
        }
        ("REWRITE", 2) => match c.server.rewrite_config(c.sys) {
            Ok(()) => Ok(Reply::ok()),
            Err(e) => Err(format!("ERR Rewriting config file: {}", e.text())),
        },
        ("GET" | "SET" | "RESETSTAT" | "REWRITE", _) => {
            Err(format!("ERR wrong number of arguments for 'config|{}' command", what.to_lowercase()))
        }
        _ => Err(c.unknown_subcommand()),
    }
}

fn set(c: &mut Call<'_, '_>) -> Answer {
    let before = c.server.config.clone();
    for i in (2..c.args.len()).step_by(2) {
        let (name, value) = (c.text(i), c.text(i + 1));
        let failed =
            |name: &str, why: &str| format!("ERR CONFIG SET failed (possibly related to argument '{name}') - {why}");
        let set = c.server.config.set(&name, &value, true).map_err(|e| match e {
            Refused::Unknown => format!("ERR Unknown option or number of arguments for CONFIG SET - '{name}'"),
            Refused::Fixed(n) => failed(n, "can't set immutable config"),
            Refused::Value(n, why) => failed(n, &why),
        });
        let done = set.and_then(|n| match n {
            "dir" => c.server.enter(&value, c.sys).map_err(|e| failed("dir", e.text())),
            "port" => {
                c.server.listen(c.sys).map_err(|()| failed("port", "Unable to listen on this port. Check server logs."))
            }
            _ => Ok(()),
        });
        if let Err(e) = done {
            c.server.config = before;
            return Err(e);
        }
    }
    c.server.keep_log_as_told(c.sys);
    Ok(Reply::ok())
}

pub fn info(c: &mut Call<'_, '_>) -> Answer {
    let sections: Vec<String> = (1..c.args.len()).map(|i| c.text(i).to_ascii_lowercase()).collect();
    Ok(Reply::bulk(c.server.info(&sections, c.sys)))
}

pub fn command(c: &mut Call<'_, '_>) -> Answer {
    match (c.word(1).as_str(), c.args.len()) {
        ("COUNT", 2) => Ok(Reply::count(calling::count())),
        ("LIST", 2) => Ok(Reply::Array(TABLE.iter().map(|t| Reply::bulk(t.name)).collect())),
        ("DOCS", _) => Ok(Reply::Map(vec![])),
        ("", 1) | ("INFO", _) => {
            let asked: Vec<String> = (2..c.args.len()).map(|i| c.text(i).to_ascii_lowercase()).collect();
            let about = |t: &super::Command| {
                let flag = if t.writes { "write" } else { "readonly" };
                let flags = [Some(flag), t.grows.then_some("denyoom")].into_iter().flatten();
                let flags = flags.map(|f| Reply::Status(f.into())).collect();
                Reply::Array(vec![Reply::bulk(t.name), Reply::Int(t.arity.into()), Reply::Array(flags)])
            };
            if asked.is_empty() {
                return Ok(Reply::Array(TABLE.iter().map(about).collect()));
            }
            let one = |name: &String| TABLE.iter().find(|t| t.name == name).map_or(Reply::NilArray, about);
            Ok(Reply::Array(asked.iter().map(one).collect()))
        }
        _ => Err(c.unknown_subcommand()),
    }
}

pub fn time(c: &mut Call<'_, '_>) -> Answer {
    let (seconds, nanos) = c.sys.now.unix_seconds_and_nanos();
    Ok(Reply::Array(vec![Reply::bulk(seconds.to_string()), Reply::bulk((nanos / 1000).to_string())]))
}

pub fn save(c: &mut Call<'_, '_>) -> Answer {
    match c.server.save(c.sys) {
        true => Ok(Reply::ok()),
        false => Err("ERR".into()),
    }
}

pub fn bgsave(c: &mut Call<'_, '_>) -> Answer {
    if c.args.len() > 2 || (c.args.len() == 2 && c.word(1) != "SCHEDULE") {
        return Err(SYNTAX.into());
    }
    c.server.save_in_background(c.sys);
    Ok(Reply::Status("Background saving started".into()))
}

pub fn bgrewriteaof(c: &mut Call<'_, '_>) -> Answer {
    c.server.rewrite_log(c.sys);
    Ok(Reply::Status("Background append only file rewriting started".into()))
}

pub fn lastsave(c: &mut Call<'_, '_>) -> Answer {
    Ok(Reply::Int(c.server.last_save.unix_seconds_and_nanos().0))
}

pub fn shutdown(c: &mut Call<'_, '_>) -> Answer {
    let saves = match (c.word(1).as_str(), c.args.len()) {
        ("", 1) => None,
        ("SAVE", 2) => Some(true),
        ("NOSAVE", 2) => Some(false),
        ("NOW" | "FORCE", 2) => None,
        ("ABORT", 2) => return Err("ERR No shutdown in progress.".into()),
        _ => return Err(SYNTAX.into()),
    };
    match c.server.shut_down(saves, c.sys) {
        true => {
            c.client.killed = true;
            Ok(Reply::Nothing)
        }
        false => Err("ERR Errors trying to SHUTDOWN. Check logs.".into()),
    }
}

pub fn role(c: &mut Call<'_, '_>) -> Answer {
    let offset = Reply::Int(i64::try_from(c.server.offset).unwrap_or(i64::MAX));
    if let Some(link) = &c.server.link {
        let port = Reply::Int(link.port.into());
        let words = vec![Reply::bulk("slave"), Reply::bulk(&link.host), port, Reply::bulk(link.state()), offset];
        return Ok(Reply::Array(words));
    }
    let replicas = c.server.clients.iter().filter(|o| o.replica).map(|o| {
        let ip = o.peer.map(|(p, _)| p.ip.to_string()).unwrap_or_default();
        let texts = [ip, o.replica_port.to_string(), o.acknowledged.to_string()];
        Reply::Array(texts.into_iter().map(Reply::bulk).collect())
    });
    let replicas = Reply::Array(replicas.collect());
    Ok(Reply::Array(vec![Reply::bulk("master"), offset, replicas]))
}

/// `REPLICAOF HOST PORT`, `REPLICAOF NO ONE`
pub fn replicaof(c: &mut Call<'_, '_>) -> Answer {
    if (c.word(1).as_str(), c.word(2).as_str()) == ("NO", "ONE") {
        if let Some(link) = c.server.link.take() {
            link.end(c.sys);
            let text = format!("MASTER MODE enabled (user request from '{}')", c.client_described());
            c.server.note(&text, c.sys);
        }
        return Ok(Reply::ok());
    }
    let port = c.args[2].iter().all(u8::is_ascii_digit).then(|| c.text(2).parse::<u16>().ok()).flatten();
    let (host, port) = (c.text(1), port.ok_or("ERR Invalid master port")?);
    if c.server.link.as_ref().is_some_and(|l| l.host == host && l.port == port) {
        return Ok(Reply::Status("OK Already connected to specified master".into()));
    }
    if let Some(link) = c.server.link.take() {
        link.end(c.sys);
    }
    let text = format!("Connecting to MASTER {host}:{port}");
    c.server.link = Some(Link::new(&host, port));
    let who = c.client_described();
    c.server.note(&text, c.sys);
    c.server.note(&format!("REPLICAOF {host}:{port} enabled (user request from '{who}')"), c.sys);
    Ok(Reply::ok())
}

impl Call<'_, '_> {
    fn client_described(&self) -> String {
        format!("id={} addr={} name={}", self.client.id, self.client.address(), self.client.name)
    }
}

pub fn replconf(c: &mut Call<'_, '_>) -> Answer {
    for i in (1..c.args.len()).step_by(2) {
        match c.word(i).as_str() {
            "LISTENING-PORT" => c.client.replica_port = u16::try_from(c.int(i + 1)?).unwrap_or(0),
            "ACK" => {
                c.client.acknowledged = u64::try_from(c.int(i + 1)?).unwrap_or(0);
                return Ok(Reply::Nothing);
            }
            "CAPA" | "IP-ADDRESS" | "VERSION" => {}
            _ => return Err(format!("ERR Unrecognized REPLCONF option: {}", c.text(i))),
        }
    }
    Ok(Reply::ok())
}

/// A replica wants all there is, and then all that changes.
pub fn psync(c: &mut Call<'_, '_>) -> Answer {
    if c.server.link.as_ref().is_some_and(|l| !l.is_up()) {
        return Err("NOMASTERLINK Can't SYNC while not connected with my master".into());
    }
    let ip = c.client.peer.map(|(p, _)| p.ip.to_string()).unwrap_or_default();
    let who = format!("{ip}:{}", c.client.replica_port);
    c.server.note(&format!("Replica {who} asks for synchronization"), c.sys);
    c.server.note(&format!("Full resync requested by replica {who}"), c.sys);
    c.server.note("Starting BGSAVE for SYNC with target: replicas sockets", c.sys);
    let data = c.server.snapshot(c.sys);
    let mut raw =
        format!("+FULLRESYNC {} {}\r\n${}\r\n", c.server.replication_id, c.server.offset, data.len()).into_bytes();
    raw.extend(data);
    c.client.replica = true;
    c.client.acknowledged = c.server.offset;
    // Whoever follows hears first which database the changes are about.
    c.server.passed_db = None;
    c.server.note(&format!("Synchronization with replica {who} succeeded"), c.sys);
    Ok(Reply::Raw(raw))
}
