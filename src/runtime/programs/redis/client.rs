//! Who is connected to a server, and how things stand with them.

use super::resp::Reply;
use super::value::{Text, Value};
use crate::api::Time;
use crate::runtime::kernel::Fd;
use crate::runtime::kernel::net::Address;

/// A command that waits for a key.
#[derive(Clone, Debug)]
pub struct Blocked {
    pub args: Vec<Text>,
    /// Who came first is served first.
    pub turn: u64,
    pub until: Option<Time>,
    /// What is said when the time is over.
    pub nil: Reply,
}

#[derive(Clone, Debug)]
pub struct Client {
    pub id: u64,
    pub fd: Fd,
    pub peer: Option<(Address, Address)>,
    pub name: String,
    pub library: (String, String),
    pub db: usize,
    pub protocol: u8,
    pub knows_password: bool,
    pub came: Vec<u8>,
    pub out: Vec<u8>,
    /// It is told what it is told, and then the connection ends.
    pub closes: bool,
    /// It ends at once.
    pub killed: bool,
    pub ended: bool,
    pub since: Time,
    pub last: Time,
    pub last_command: String,
    pub commands: u64,
    pub blocked: Option<Blocked>,
    /// Commands between `MULTI` and `EXEC`.
    pub queued: Option<Vec<Vec<Text>>>,
    /// One of them was wrong.
    pub spoilt: bool,
    pub watched: Vec<(usize, Text, Option<Value>)>,
    pub channels: Vec<Text>,
    pub patterns: Vec<Text>,
    pub monitors: bool,
    /// A replica: it is sent all changes. Its port.
    pub replica: bool,
    pub replica_port: u16,
    pub acknowledged: u64,
}

impl Client {
    pub fn new(id: u64, fd: Fd, peer: Option<(Address, Address)>, now: Time) -> Client {
        Client {
            id,
            fd,
            peer,
            name: String::new(),
            library: Default::default(),
            db: 0,
            protocol: 2,
            knows_password: false,
            came: vec![],
            out: vec![],
            closes: false,
            killed: false,
            ended: false,
            since: now,
            last: now,
            last_command: "NULL".into(),
            commands: 0,
            blocked: None,
            queued: None,
            spoilt: false,
            watched: vec![],
            channels: vec![],
            patterns: vec![],
            monitors: false,
            replica: false,
            replica_port: 0,
            acknowledged: 0,
        }
    }

    pub fn address(&self) -> String {
        self.peer.map_or_else(|| "?:0".into(), |(peer, _)| format!("{}:{}", peer.ip, peer.port))
    }

    pub fn tell(&mut self, reply: &Reply) {
        reply.encode(self.protocol, &mut self.out);
    }

    pub fn subscriptions(&self) -> usize {
        self.channels.len() + self.patterns.len()
    }

    /// Its line of `CLIENT LIST`.
    pub fn line(&self, now: Time) -> String {
        let flag = match () {
            () if self.replica => "S",
            () if self.monitors => "O",
            () if self.blocked.is_some() => "b",
            () if self.queued.is_some() => "x",
            () if self.subscriptions() > 0 => "P",
            () => "N",
        };
        let own = self.peer.map_or_else(|| "?:0".into(), |(_, own)| format!("{}:{}", own.ip, own.port));
        let multi = self.queued.as_ref().map_or(-1, |q| i64::try_from(q.len()).unwrap_or(i64::MAX));
        format!(
            "id={} addr={} laddr={own} fd={} name={} age={} idle={} flags={flag} db={} sub={} psub={} ssub=0 multi={multi} \
             watch={} qbuf={} qbuf-free=20448 argv-mem=10 multi-mem=0 rbs=1024 rbp=0 obl={} oll=0 omem=0 tot-mem=22426 \
             events=r cmd={} user=default redir=-1 resp={} lib-name={} lib-ver={}",
            self.id,
            self.address(),
            self.fd,
            self.name,
            now.since(self.since).as_secs(),
            now.since(self.last).as_secs(),
            self.db,
            self.channels.len(),
            self.patterns.len(),
            self.watched.len(),
            self.came.len(),
            self.out.len(),
            self.last_command,
            self.protocol,
            self.library.0,
            self.library.1,
        )
    }
}
