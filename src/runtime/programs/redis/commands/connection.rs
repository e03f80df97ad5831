//! Commands about the connection itself.

use super::{Answer, Call, SYNTAX, keys::database};
use crate::runtime::programs::redis::client::Client;
use crate::runtime::programs::redis::resp::Reply;
use crate::runtime::programs::redis::value::integer;

const WRONG_PASSWORD: &str = "WRONGPASS invalid username-password pair or user is disabled.";

pub fn ping(c: &mut Call<'_, '_>) -> Answer {
    if c.args.len() > 2 {
        return Err(c.wrong_count());
    }
    if c.client.subscriptions() > 0 && c.client.protocol < 3 {
        let said = c.args.get(1).cloned().unwrap_or_else(|| [].into());
        return Ok(Reply::Array(vec![Reply::bulk("pong"), Reply::Bulk(said)]));
    }
    Ok(c.args.get(1).map_or_else(|| Reply::Status("PONG".into()), |a| Reply::Bulk(a.clone())))
}

pub fn echo(c: &mut Call<'_, '_>) -> Answer {
    Ok(Reply::Bulk(c.args[1].clone()))
}

pub fn select(c: &mut Call<'_, '_>) -> Answer {
    c.client.db = database(c, 1).map_err(|e| match integer(&c.args[1]) {
        None => "ERR invalid DB index".into(),
        Some(_) => e,
    })?;
    Ok(Reply::ok())
}

pub fn quit(c: &mut Call<'_, '_>) -> Answer {
    c.client.closes = true;
    Ok(Reply::ok())
}

pub fn reset(c: &mut Call<'_, '_>) -> Answer {
    let old = &*c.client;
    let (id, fd, peer, since) = (old.id, old.fd, old.peer, old.since);
    let (came, out) = (std::mem::take(&mut c.client.came), std::mem::take(&mut c.client.out));
    *c.client = Client { came, out, ..Client::new(id, fd, peer, since) };
    Ok(Reply::Status("RESET".into()))
}

impl Call<'_, '_> {
    fn try_password(&mut self, user: &str, password: &str) -> Result<(), String> {
        let own = self.server.config.text("requirepass");
        let right = user == "default" && (own.is_empty() || own == password);
        if !right {
            return Err(WRONG_PASSWORD.into());
        }
        self.client.knows_password = true;
        Ok(())
    }
}

pub fn auth(c: &mut Call<'_, '_>) -> Answer {
    let (user, password) = match c.args.len() {
        2 => ("default".into(), c.text(1)),
        3 => (c.text(1), c.text(2)),
        _ => return Err(SYNTAX.into()),
    };
    if c.args.len() == 2 && c.server.config.text("requirepass").is_empty() {
        return Err("ERR AUTH <password> called without any password configured for the default user. \
             Are you sure your configuration is correct?"
            .into());
    }
    c.try_password(&user, &password)?;
    Ok(Reply::ok())
}

pub fn hello(c: &mut Call<'_, '_>) -> Answer {
    let mut protocol = c.client.protocol;
    if let Some(v) = c.args.get(1) {
        protocol = match integer(v) {
            Some(2) => 2,
            Some(3) => 3,
            Some(_) => return Err("NOPROTO unsupported protocol version".into()),
            None => return Err("ERR Protocol version is not an integer or out of range".into()),
        };
    }
    let mut i = 2;
    while i < c.args.len() {
        match (c.word(i).as_str(), c.args.len() - i) {
            ("AUTH", 3..) => {
                let (user, password) = (c.text(i + 1), c.text(i + 2));
                c.try_password(&user, &password)?;
                i += 3;
            }
            ("SETNAME", 2..) => {
                c.client.name = c.text(i + 1);
                i += 2;
            }
            _ => return Err(format!("ERR Syntax error in HELLO option '{}'", c.text(i))),
        }
    }
    if !c.server.config.text("requirepass").is_empty() && !c.client.knows_password {
        return Err("NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH \
             <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time"
            .into());
    }
    c.client.protocol = protocol;
    let id = i64::try_from(c.client.id).unwrap_or(i64::MAX);
    let role = if c.server.link.is_some() { "replica" } else { "master" };
    let pair = |name: &str, value| (Reply::bulk(name), value);
    Ok(Reply::Map(vec![
        pair("server", Reply::bulk("redis")),
        pair("version", Reply::bulk(&c.server.version.text)),
        pair("proto", Reply::Int(protocol.into())),
        pair("id", Reply::Int(id)),
        pair("mode", Reply::bulk("standalone")),
        pair("role", Reply::bulk(role)),
        pair("modules", Reply::Array(vec![])),
    ]))
}

/// `Host:` and `POST`: it is HTTP that comes.
pub fn attack(c: &mut Call<'_, '_>) -> Answer {
    let from = c.client.address();
    c.server.warn(
        &format!(
            "Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: commands to Redis. This is \
             likely due to an attacker attempting to use Cross Protocol Scripting to compromise your Redis instance. \
             Connection from {from} aborted."
        ),
        c.sys,
    );
    c.client.killed = true;
    Ok(Reply::Nothing)
}

pub fn client(c: &mut Call<'_, '_>) -> Answer {
    let what = c.word(1);
    let wrong = || format!("ERR wrong number of arguments for 'client|{}' command", what.to_lowercase());
    match (what.as_str(), c.args.len()) {
        ("ID", 2) => Ok(Reply::Int(i64::try_from(c.client.id).unwrap_or(i64::MAX))),
        ("GETNAME", 2) if c.client.name.is_empty() => Ok(Reply::Nil),
        ("GETNAME", 2) => Ok(Reply::bulk(&c.client.name)),
        ("SETNAME", 3) => {
            c.client.name = name(c, 2, "Client names")?;
            Ok(Reply::ok())
        }
        ("SETINFO", 4) => {
            match c.word(2).as_str() {
                "LIB-NAME" => c.client.library.0 = name(c, 3, "lib-name")?,
                "LIB-VER" => c.client.library.1 = name(c, 3, "lib-ver")?,
                _ => return Err(format!("ERR Unrecognized option '{}'", c.text(2))),
            }
            Ok(Reply::ok())
        }
        ("INFO", 2) => Ok(Reply::bulk(format!("{}\n", c.client.line(c.sys.now)))),
        ("LIST", _) => {
            let mut all: Vec<&Client> = c.server.clients.iter().chain([&*c.client]).collect();
            all.sort_by_key(|c| c.id);
            Ok(Reply::bulk(all.iter().map(|o| o.line(c.sys.now) + "\n").collect::<String>()))
        }
        ("KILL", 3..) => kill(c),
        ("NO-EVICT" | "NO-TOUCH" | "REPLY" | "TRACKING", 3..) => Ok(Reply::ok()),
        ("ID" | "GETNAME" | "SETNAME" | "SETINFO" | "INFO" | "KILL" | "REPLY", _) => Err(wrong()),
        _ => Err(c.unknown_subcommand()),
    }
}

fn name(c: &Call<'_, '_>, i: usize, what: &str) -> Result<String, String> {
    let plain = c.args[i].iter().all(|b| (b'!'..=b'~').contains(b));
    let wrong = || format!("ERR {what} cannot contain spaces, newlines or special characters.");
    plain.then(|| c.text(i)).ok_or_else(wrong)
}

/// `CLIENT KILL ADDRESS`, `CLIENT KILL ID 3`, `CLIENT KILL ADDR ADDRESS`
fn kill(c: &mut Call<'_, '_>) -> Answer {
    let old = c.args.len() == 3;
    let (by, value) = if old { ("ADDR".to_string(), c.text(2)) } else { (c.word(2), c.text(3)) };
    let is = |o: &Client| match by.as_str() {
        "ID" => o.id.to_string() == value,
        _ => o.address() == value,
    };
    if c.args.len() > 4 || !["ID", "ADDR"].contains(&by.as_str()) {
        return Err(SYNTAX.into());
    }
    let mut n = 0;
    for other in c.server.clients.iter_mut().filter(|o| is(o)) {
        other.killed = true;
        n += 1;
    }
    // Whoever ends oneself is told so first; one's own connection is spared where many may be meant.
    if old && is(c.client) {
        c.client.closes = true;
        n += 1;
    }
    match (old, n) {
        (true, 0) => Err("ERR No such client".into()),
        (true, _) => Ok(Reply::ok()),
        (false, n) => Ok(Reply::Int(n)),
    }
}
