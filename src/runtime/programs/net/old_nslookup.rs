//! `nslookup` of busybox up to 1.28: it asks the C library, which follows the search list, and shows what each address is called.

use std::net::Ipv4Addr;

use super::resolver::{Query, Reply, Settings};
use super::{Looked, Lookup, reversed};
use crate::api::dns::Kind;
use crate::runtime::kernel::net::Address;
use crate::runtime::kernel::{Program, Step, Sys, Wait};
use crate::runtime::programs::{Printing, Start, flush};

const USAGE: &str = "Usage: nslookup [HOST] [SERVER]

Query the nameserver for the IP address of the given HOST
optionally using a specified DNS server
";

/// How far it has come.
#[derive(Clone)]
enum Stage {
    /// The server that was named.
    FindsServer(Lookup),
    Server,
    Name,
    Done,
}

#[derive(Clone)]
struct Old {
    name: String,
    stage: Stage,
    servers: Vec<Address>,
    lookup: Option<Lookup>,
    /// Addresses whose names are not known yet, and how many are.
    unnamed: Vec<Ipv4Addr>,
    named: usize,
    pointer: Option<Query>,
    out: Vec<u8>,
    err: Vec<u8>,
    code: i32,
}

pub fn start(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    let words: Vec<&String> = s.words.iter().skip(1).collect();
    let Some(name) = words.first().filter(|_| words.len() <= 2) else {
        return Box::new(Printing::error(USAGE, 1));
    };
    if let Some(option) = name.strip_prefix('-') {
        return Box::new(Printing::error(format!("nslookup: unrecognized option: {option}\n{USAGE}"), 1));
    }
    let stage = words.get(1).map_or(Stage::Server, |w| Stage::FindsServer(Lookup::new(w)));
    Box::new(Old {
        name: (*name).clone(),
        stage,
        servers: vec![],
        lookup: None,
        unnamed: vec![],
        named: 0,
        pointer: None,
        out: vec![],
        err: vec![],
        code: 0,
    })
}

impl Old {
    /// Shows addresses, each with its name. `Err`: it has to wait.
    fn show(&mut self, sys: &mut Sys<'_>) -> Result<(), Wait> {
        while let Some(ip) = self.unnamed.first().copied() {
            let query = self.pointer.get_or_insert_with(|| Query::new(Kind::Ptr, &reversed(ip), &self.servers));
            let name = match query.poll(sys)? {
                Some(Reply::Found(lines)) => lines.into_iter().find(|(_, k, _)| k == "PTR").map(|(_, _, name)| name),
                _ => None,
            };
            self.named += 1;
            let text = name.map(|n| format!(" {n}")).unwrap_or_default();
            self.out.extend(format!("Address {}: {ip}{text}\n", self.named).bytes());
            self.unnamed.remove(0);
            self.pointer = None;
        }
        Ok(())
    }

    fn go_on(&mut self, sys: &mut Sys<'_>) -> Result<(), Wait> {
        if self.servers.is_empty() && !matches!(self.stage, Stage::FindsServer(_)) {
            let all = Settings::read(sys).servers;
            self.servers = all.iter().map(|ip| Address { ip: *ip, port: 53 }).collect();
        }
        match &mut self.stage {
            Stage::FindsServer(lookup) => {
                match lookup.poll(sys)? {
                    Looked::Found(ips) => {
                        self.servers = ips.iter().take(1).map(|ip| Address { ip: *ip, port: 53 }).collect();
                        self.stage = Stage::Server;
                    }
                    _ => {
                        let server = sys.words().get(2).cloned().unwrap_or_default();
                        self.err.extend(format!("nslookup: can't resolve '{server}'\n").bytes());
                        (self.code, self.stage) = (1, Stage::Done);
                    }
                }
                return Ok(());
            }
            Stage::Server => {
                let Some(first) = self.servers.first().map(|s| s.ip) else {
                    self.stage = Stage::Name;
                    return Ok(());
                };
                if self.out.is_empty() {
                    self.out.extend(format!("Server:    {first}\n").bytes());
                    self.unnamed = vec![first];
                }
                self.show(sys)?;
                self.out.push(b'\n');
                (self.stage, self.named) = (Stage::Name, 0);
            }
            Stage::Name => {
                if self.unnamed.is_empty() && self.named == 0 {
                    let (name, servers) = (self.name.clone(), self.servers.clone());
                    let lookup = self.lookup.get_or_insert_with(|| Lookup::at(&name, servers));
                    match lookup.poll(sys)? {
                        Looked::Found(ips) if !ips.is_empty() => {
                            self.out.extend(format!("Name:      {name}\n").bytes());
                            self.unnamed = ips;
                        }
                        _ => {
                            self.err.extend(format!("nslookup: can't resolve '{name}'\n").bytes());
                            (self.code, self.stage) = (1, Stage::Done);
                            return Ok(());
                        }
                    }
                }
                self.show(sys)?;
                self.stage = Stage::Done;
            }
            Stage::Done => {}
        }
        Ok(())
    }
}

impl Program for Old {
    fn run(&mut self, sys: &mut Sys<'_>) -> Step {
        while !matches!(self.stage, Stage::Done) {
            if let Err(wait) = self.go_on(sys) {
                return Step::Wait(wait);
            }
        }
        // What was found stands before what was not.
        while !self.out.is_empty() {
            if let Some(step) = flush(&mut self.out, &mut vec![], sys) {
                return step;
            }
        }
        flush(&mut vec![], &mut self.err, sys).unwrap_or(Step::Exit(self.code))
    }

    fn clone_box(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }
}
