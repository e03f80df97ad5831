//! The sockets of a machine, as `netstat` and `ss` list them.

use std::net::Ipv4Addr;

use super::machine::Machine;
use super::net::{Address, Protocol, Side, Sockets};
use super::open::What;
use super::process::{Fd, ProcessId};
use super::tree::name;

/// A socket, and who holds it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listed {
    pub protocol: Protocol,
    pub local: Address,
    /// `None`: it listens.
    pub peer: Option<Address>,
    pub state: &'static str,
    /// What lies unread in it, or how many connections wait to be taken.
    pub waiting: usize,
    /// The number of its process, what that is called, and the descriptor there; if one sees that process.
    pub owner: Option<(u32, String, Fd)>,
}

impl Machine {
    /// Its sockets. Owners are named if `viewer`, a process of this machine, sees them.
    pub fn listed(&self, sockets: &Sockets, viewer: Option<ProcessId>) -> Vec<Listed> {
        let of = |container: usize| self.root(container).map(|r| r.pids);
        let own = viewer.and_then(|v| self.process(v)).map(|p| of(p.container));
        let owner = |open: usize| {
            let seen = self.processes.iter().filter(|p| own == Some(of(p.container)));
            let mut held = seen.filter_map(|p| Some((p, p.fds.iter().find(|(_, o)| *o == open)?.0)));
            held.next().map(|(p, fd)| (p.pid, p.words.first().map_or("", |w| name(w)).to_string(), fd))
        };
        let mut all: Vec<Listed> = vec![];
        for (open, file) in self.files.iter().enumerate() {
            match file.as_ref().map(|f| &f.what) {
                Some(What::Listener { port, protocol }) => {
                    let Some(l) = self.listeners.iter().find(|l| (l.port, l.protocol) == (*port, *protocol)) else {
                        continue;
                    };
                    let ip = if l.loopback { Ipv4Addr::LOCALHOST } else { Ipv4Addr::UNSPECIFIED };
                    all.push(Listed {
                        protocol: l.protocol,
                        local: Address { ip, port: l.port },
                        peer: None,
                        state: "LISTEN",
                        waiting: l.backlog.len(),
                        owner: owner(open),
                    });
                }
                Some(What::Socket { connection, side }) => {
                    let Some((c, state, waiting)) = sockets.standing(*connection, *side) else { continue };
                    // A machine that calls itself does so from the address that it calls.
                    let at =
                        |port| Address { ip: self.address.filter(|_| !c.to.ip.is_loopback()).unwrap_or(c.to.ip), port };
                    let (local, peer) = match side {
                        Side::Client => (at(c.source.port), c.to),
                        Side::Server => (at(c.port), c.source),
                    };
                    all.push(Listed {
                        protocol: c.protocol,
                        local,
                        peer: Some(peer),
                        state,
                        waiting,
                        owner: owner(open),
                    });
                }
                _ => {}
            }
        }
        all.retain(|l| l.protocol != Protocol::Icmp);
        all
    }
}
