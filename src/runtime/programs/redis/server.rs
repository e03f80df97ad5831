//! `redis-server`: it listens, takes requests and answers them, until it is told to end.

use super::client::Client;
use super::config::{self, Config};
use super::keyspace::Database;
use super::persistence::Log;
use super::replication::Link;
use super::resp::{self, Reply};
use super::value::Text;
use super::version::Version;
use crate::api::Time;
use crate::runtime::kernel::net::Protocol;
use crate::runtime::kernel::{Errno, Fd, Program, Reaction, Read, Signal, Step, Sys, Wait};
use crate::runtime::programs::{Printing, Start};

/// What names a build.
pub const VERSION_HASH: &str = "8c2c4f4a1f8e6d0b";
/// What an empty server has in use.
const BASE: usize = 900 << 10;

#[derive(Clone)]
pub struct Server {
    pub version: Version,
    pub config: Config,
    pub databases: Vec<Database>,
    pub clients: Vec<Client>,
    /// It follows another server.
    pub link: Option<Link>,
    pub aof: Option<Log>,
    listener: Option<(u16, Fd)>,
    /// Words were given behind its name.
    told: bool,
    /// What is wrong with them.
    refused: Option<String>,
    pub is_up: bool,
    signalled: Option<Signal>,
    exit: Option<i32>,
    /// What is in use as the container knows it.
    accounted: usize,
    pub started: Time,
    pub run_id: String,
    pub replication_id: String,
    /// Bytes that replicas were told.
    pub offset: u64,
    /// Which database they were told of last.
    pub passed_db: Option<usize>,
    next_client: u64,
    pub turns: u64,
    /// Changes, and those since the last save.
    changes: u64,
    /// What those who wait have seen of them.
    seen: u64,
    pub dirty: u64,
    pub last_save: Time,
    pub last_try: Time,
    pub save_failed: bool,
    pub saves: u64,
    pub commands: u64,
    pub connections: u64,
    pub errors: u64,
    pub evicted: u64,
    pub peak: usize,
}

/// `redis-server [FILE] [--OPTION VALUE]...`
pub fn start(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    let version = Version::of(s.sys);
    let words = s.words.get(1..).unwrap_or_default();
    let first = words.first().map(String::as_str);
    if let (Some("-v" | "--version"), 1) = (first, words.len()) {
        let text = format!(
            "Redis server v={} sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build={VERSION_HASH}\n",
            version.text
        );
        return Box::new(Printing { out: text.into(), err: vec![], code: 0 });
    }
    if let (Some("-h" | "--help"), 1) = (first, words.len()) {
        return Box::new(Printing::error(USAGE, 1));
    }
    let mut server = Server::new(version, s.sys);
    server.told = !words.is_empty();
    let (file, options) = match first {
        Some(f) if !f.starts_with('-') => (Some(f), &words[1..]),
        _ => (None, words),
    };
    let mut text = vec![];
    if let Some(f) = file {
        server.config.file = s.sys.path(f);
        match s.sys.read_file(f) {
            Ok(t) => text = t.to_vec(),
            Err(e) => server.refused = Some(format!("Fatal error, can't open config file '{f}': {}", e.text())),
        }
    }
    text.extend(config::lines(options));
    if let Err((line, directive, why)) = server.config.read(&text) {
        let text = format!(
            "\n*** FATAL CONFIG FILE ERROR (Redis {}) ***\nReading the configuration file, at line {line}\n>>> '{directive}'\n{why}\n",
            server.version.text
        );
        return Box::new(Printing::error(text, 1));
    }
    let n = usize::try_from(server.config.number("databases")).unwrap_or(1);
    server.databases = vec![Database::default(); n];
    if let Some((host, port)) = server.config.text("replicaof").to_string().split_once(' ') {
        server.link = Some(Link::new(host, port.parse().unwrap_or(0)));
    }
    Box::new(server)
}

const USAGE: &str = "\
Usage: ./redis-server [/path/to/redis.conf] [options] [-]
       ./redis-server - (read config from stdin)
       ./redis-server -v or --version
       ./redis-server -h or --help
       ./redis-server --test-memory <megabytes>
       ./redis-server --check-system

Examples:
       ./redis-server (run the server with default conf)
       echo 'maxmemory 128mb' | ./redis-server -
       ./redis-server /etc/redis/6379.conf
       ./redis-server --port 7777
       ./redis-server --port 7777 --replicaof 127.0.0.1 8888
       ./redis-server /etc/myredis.conf --loglevel verbose -
       ./redis-server /etc/myredis.conf --loglevel verbose

Sentinel mode:
       ./redis-server /etc/sentinel.conf --sentinel
";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

impl Server {
    fn new(version: Version, sys: &mut Sys<'_>) -> Server {
        let now = sys.now;
        Server {
            version,
            config: Config::default(),
            databases: vec![],
            clients: vec![],
            link: None,
            aof: None,
            listener: None,
            told: false,
            refused: None,
            is_up: false,
            signalled: None,
            exit: None,
            accounted: 0,
            started: now,
            run_id: hex(&sys.noise(20)),
            replication_id: hex(&sys.noise(20)),
            offset: 0,
            passed_db: None,
            next_client: 2,
            turns: 0,
            changes: 0,
            seen: 0,
            dirty: 0,
            last_save: now,
            last_try: now,
            save_failed: false,
            saves: 0,
            commands: 0,
            connections: 0,
            errors: 0,
            evicted: 0,
            peak: 0,
        }
    }

    // ---- how it begins and ends -------------------------------------------------------------

    fn boot(&mut self, sys: &mut Sys<'_>) -> Result<(), i32> {
        let text = format!(
            "Redis version={}, bits=64, commit=00000000, modified=0, pid={}, just started",
            self.version.text,
            sys.pid()
        );
        if let Some(why) = self.refused.take() {
            self.warn(&why, sys);
            return Err(1);
        }
        self.note_since_7_2("oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo", sys);
        self.note_since_7_2(&text, sys);
        match self.told {
            true => self.note_since_7_2("Configuration loaded", sys),
            false => self.warn(
                "Warning: no config file specified, using the default config. In order to specify a config file use \
                 redis-server /path/to/redis.conf",
                sys,
            ),
        }
        let dir = self.config.text("dir").to_string();
        if let Err(e) = self.enter(if dir.is_empty() { "." } else { &dir }, sys) {
            self.warn(&format!("Can't chdir to '{dir}': {}", e.text()), sys);
            return Err(1);
        }
        self.is_up = true;
        let port = self.config.number("port");
        if self.version.is_at_least(6, 2) {
            self.note("monotonic clock: POSIX clock_gettime", sys);
        }
        self.note(&format!("Running mode=standalone, port={port}."), sys);
        let bytes = sys.root().and_then(|r| r.image.as_ref()).map_or(0, |i| i.memory);
        if !sys.allocate(bytes) {
            return Err(137);
        }
        if self.listen(sys).is_err() {
            self.warn(&format!("Failed listening on port {port} (tcp), aborting."), sys);
            return Err(1);
        }
        if let Some(p) = sys.machine.process_mut(sys.id) {
            p.words = vec![format!("redis-server {}:{port}", if self.is_private() { "127.0.0.1" } else { "*" })].into();
        }
        self.note_since_7_2("Server initialized", sys);
        self.load(sys)?;
        let ready = if self.version.is_at_least(7, 2) { " tcp" } else { "" };
        self.note(&format!("Ready to accept connections{ready}"), sys);
        Ok(())
    }

    /// Another directory to keep files in.
    pub fn enter(&mut self, dir: &str, sys: &mut Sys<'_>) -> Result<(), Errno> {
        let path = sys.path(dir);
        let path = sys.view(|v| v.resolve(&path, true))?;
        match sys.view(|v| v.stat(&path))?.is_directory() {
            false => Err(Errno::NotDirectory),
            true => {
                sys.set_cwd(&path);
                let _ = self.config.set("dir", &path, false);
                Ok(())
            }
        }
    }

    /// Only who is on the same machine reaches it.
    fn is_private(&self) -> bool {
        let local = |a: &str| ["127.0.0.1", "::1", "localhost"].contains(&a.trim_start_matches('-'));
        self.config.text("bind").split_whitespace().all(local)
    }

    /// Listens where it is told to.
    pub fn listen(&mut self, sys: &mut Sys<'_>) -> Result<(), ()> {
        let port = u16::try_from(self.config.number("port")).unwrap_or(0);
        if self.listener.is_some_and(|(p, _)| p == port) {
            return Ok(());
        }
        let made = if port == 0 { None } else { Some(sys.listen(Protocol::Tcp, port, self.is_private())) };
        if let Some(Err(e)) = made {
            let text = format!("Warning: Could not create server TCP listening socket *:{port}: bind: {}", e.text());
            self.warn(&text, sys);
            return Err(());
        }
        if let Some((_, old)) = self.listener.take() {
            sys.close(old);
        }
        self.listener = made.and_then(Result::ok).map(|fd| (port, fd));
        Ok(())
    }

    /// Whether it may end: what is to be kept is.
    pub fn shut_down(&mut self, saves: Option<bool>, sys: &mut Sys<'_>) -> bool {
        self.note_since_7_2("User requested shutdown...", sys);
        if self.aof.is_some() {
            self.note("Calling fsync() on the AOF file.", sys);
        }
        if saves.unwrap_or(!self.config.save_points().is_empty()) {
            self.note("Saving the final RDB snapshot before exiting.", sys);
            if !self.save(sys) {
                self.warn("Error trying to save the DB, can't exit.", sys);
                return false;
            }
        }
        self.warn("Redis is now ready to exit, bye bye...", sys);
        self.exit = Some(0);
        true
    }

    fn on_signal(&mut self, sys: &mut Sys<'_>) {
        let Some(signal) = self.signalled.take() else { return };
        let seconds = sys.now.unix_seconds_and_nanos().0;
        let line =
            format!("{}:signal-handler ({seconds}) Received SIG{} scheduling shutdown...\n", sys.pid(), signal.name());
        self.print(line.as_bytes(), sys);
        if !self.shut_down(None, sys) {
            self.warn(
                "SIGTERM received but errors trying to shut down the server, check the logs for more information",
                sys,
            );
        }
    }

    // ---- memory -----------------------------------------------------------------------------

    pub fn data_bytes(&self) -> usize {
        self.databases.iter().map(Database::bytes).sum()
    }

    pub fn used_memory(&self) -> usize {
        BASE + self.data_bytes()
    }

    /// Gives up what may be, until the rest fits. Whether it does.
    pub fn make_room(&mut self, sys: &mut Sys<'_>) -> bool {
        let most = usize::try_from(self.config.number("maxmemory")).unwrap_or(usize::MAX);
        while most > 0 && self.link.is_none() && self.used_memory() > most {
            let Some((db, key)) = self.victim(sys) else { return false };
            self.databases[db].remove(&key);
            self.evicted += 1;
            self.pass_on(db, &[Text::from(*b"DEL"), key], sys);
        }
        true
    }

    /// Which key is given up first.
    fn victim(&self, sys: &mut Sys<'_>) -> Option<(usize, Text)> {
        let policy = self.config.text("maxmemory-policy");
        let (whose, how) = policy.split_once('-')?;
        let all = || {
            let all = self.databases.iter().enumerate().flat_map(|(i, d)| d.entries().map(move |(k, e)| (i, k, e)));
            all.filter(|(_, _, e)| whose == "allkeys" || e.expires.is_some())
        };
        let chosen = match how {
            "random" => {
                let n = all().count();
                let drawn = sys.noise(2).iter().fold(0, |n, b| n << 8 | usize::from(*b));
                all().nth(drawn % n.max(1))
            }
            "ttl" => all().min_by_key(|(_, _, e)| e.expires),
            _ => all().min_by_key(|(_, _, e)| e.used),
        };
        chosen.map(|(i, k, _)| (i, k.clone()))
    }

    /// The container knows what is in use.
    fn account(&mut self, sys: &mut Sys<'_>) -> bool {
        let used = self.data_bytes();
        self.peak = self.peak.max(used + BASE);
        let before = std::mem::replace(&mut self.accounted, used);
        if used >= before {
            return sys.allocate((used - before) as u64);
        }
        sys.free((before - used) as u64);
        true
    }

    pub fn reset_counts(&mut self) {
        (self.commands, self.connections, self.errors, self.evicted) = (0, 0, 0, 0);
        self.databases.iter_mut().for_each(|d| (d.hits, d.misses, d.expired) = (0, 0, 0));
    }

    // ---- changes ----------------------------------------------------------------------------

    /// A change is written down, and replicas are told of it.
    pub fn pass_on(&mut self, db: usize, words: &[Text], sys: &mut Sys<'_>) {
        self.changes += 1;
        self.write_down(db, words, sys);
        if !self.clients.iter().any(|c| c.replica) {
            return;
        }
        let mut bytes = vec![];
        if self.passed_db != Some(db) {
            bytes.extend(resp::command(&["SELECT", &db.to_string()]));
        }
        bytes.extend(resp::command(words));
        self.passed_db = Some(db);
        if self.link.is_none() {
            self.offset += bytes.len() as u64;
        }
        self.clients.iter_mut().filter(|c| c.replica).for_each(|c| c.out.extend(&bytes));
    }

    // ---- clients ----------------------------------------------------------------------------

    fn accept(&mut self, sys: &mut Sys<'_>) {
        let Some((_, listener)) = self.listener else { return };
        while let Some(fd) = sys.accept(listener) {
            let peer = sys.peer(fd);
            self.next_client += 1;
            self.connections += 1;
            let mut c = Client::new(self.next_client, fd, peer, sys.now);
            if self.clients.len() as u64 >= self.config.number("maxclients") {
                c.tell(&Reply::Error("ERR max number of clients reached".into()));
                c.closes = true;
            }
            self.clients.push(c);
        }
    }

    /// What a client has sent is answered, one request after the other.
    fn answer(&mut self, c: &mut Client, sys: &mut Sys<'_>) {
        let mut at = 0;
        while c.blocked.is_none() && !c.closes && !c.killed && self.exit.is_none() {
            match resp::request(&c.came[at..]) {
                None => break,
                Some(Err(e)) => {
                    c.tell(&Reply::Error(format!("ERR {e}")));
                    c.closes = true;
                }
                Some(Ok((words, n))) => {
                    at += n;
                    if !words.is_empty() {
                        self.request(c, &words, sys);
                    }
                }
            }
        }
        c.came.drain(..at);
    }

    fn read(&mut self, c: &mut Client, sys: &mut Sys<'_>) {
        while !c.ended && !c.closes && !c.killed && self.exit.is_none() {
            match sys.read(c.fd, 65_536) {
                Ok(Read::Data(d)) => {
                    c.came.extend(d);
                    self.answer(c, sys);
                }
                Ok(Read::Empty) => return,
                Ok(Read::End) | Err(_) => c.ended = true,
            }
        }
        // Who has gone hears what was answered before, and waits for nothing.
        c.closes |= c.ended;
        if c.ended {
            c.blocked = None;
        }
    }

    /// Does something with one of the clients, while it is not among the others.
    fn with(&mut self, id: u64, act: impl FnOnce(&mut Server, &mut Client)) {
        let Some(i) = self.clients.iter().position(|c| c.id == id) else { return };
        let mut c = self.clients.remove(i);
        act(self, &mut c);
        self.clients.insert(i.min(self.clients.len()), c);
    }

    /// Who waits for a key that has come, or has waited long enough, goes on.
    fn unblock(&mut self, sys: &mut Sys<'_>) {
        loop {
            let mut waiting: Vec<(u64, u64, Option<Time>)> =
                self.clients.iter().filter_map(|c| c.blocked.as_ref().map(|b| (b.turn, c.id, b.until))).collect();
            waiting.sort_by_key(|w| w.0);
            let news = std::mem::replace(&mut self.seen, self.changes) != self.changes;
            let mut went_on = false;
            for (_, id, until) in waiting {
                self.with(id, |server, c| {
                    if news {
                        server.retry(c, sys);
                    }
                    if until.is_some_and(|u| u <= sys.now)
                        && let Some(b) = c.blocked.take()
                    {
                        c.tell(&b.nil);
                    }
                    if c.blocked.is_none() {
                        went_on = true;
                        server.answer(c, sys);
                    }
                });
            }
            if !went_on && self.seen == self.changes {
                return;
            }
        }
    }

    /// Answers go out; who is done with is let go.
    fn flush(&mut self, sys: &mut Sys<'_>) {
        let mut gone = vec![];
        self.clients.retain_mut(|c| {
            if !c.killed {
                let sent = sys.drain(c.fd, &mut c.out);
                c.killed = sent.is_err() || (c.closes && c.out.is_empty());
            }
            if c.killed {
                sys.close(c.fd);
                if c.replica {
                    gone.push(format!(
                        "{}:{}",
                        c.peer.map(|(p, _)| p.ip.to_string()).unwrap_or_default(),
                        c.replica_port
                    ));
                }
            }
            !c.killed
        });
        for who in gone {
            self.note(&format!("Connection with replica {who} lost."), sys);
        }
    }

    fn wait(&self) -> Wait {
        let mut wait = Wait { readable: self.listener.iter().map(|(_, fd)| *fd).collect(), ..Wait::default() };
        for c in &self.clients {
            // Who is to be left is only told the rest.
            if !c.closes {
                wait.readable.push(c.fd);
            }
            if !c.out.is_empty() {
                wait.writable.push(c.fd);
            }
        }
        let blocked = self.clients.iter().filter_map(|c| c.blocked.as_ref()?.until);
        wait.until = blocked.chain(self.next_save()).min();
        if let Some(link) = &self.link {
            link.waits_for(&mut wait);
        }
        wait
    }
}

impl Program for Server {
    fn run(&mut self, sys: &mut Sys<'_>) -> Step {
        if !self.is_up
            && let Err(code) = self.boot(sys)
        {
            return Step::Exit(code);
        }
        self.on_signal(sys);
        self.accept(sys);
        self.follow(sys);
        for id in self.clients.iter().map(|c| c.id).collect::<Vec<_>>() {
            self.with(id, |server, c| server.read(c, sys));
        }
        self.unblock(sys);
        self.save_if_due(sys);
        self.flush(sys);
        if !self.account(sys) {
            return Step::Exit(137);
        }
        match self.exit {
            Some(code) => Step::Exit(code),
            None => Step::Wait(self.wait()),
        }
    }

    fn signal(&mut self, signal: Signal) -> Reaction {
        if signal.asks_to_end() {
            self.signalled = Some(signal);
            return Reaction::Noted;
        }
        if signal == Signal::HUP || signal == Signal::PIPE { Reaction::Ignored } else { Reaction::Default }
    }

    fn clone_box(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }
}
