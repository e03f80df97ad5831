//! Connections between machines: what one end writes the other may read. Who reaches whom is the network's affair: a connection
//! is dialled here, and answered from outside.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::Ipv4Addr;
use std::sync::Arc;

use super::errno::Errno;
use super::files::Signer;
use super::listed::Listed;
use super::open::Read;
use super::process::ProcessId;
use super::shared::Shared;
pub use crate::api::network::{Address, Protocol};
use crate::api::network::{Fabric, Names};
use crate::api::served::{Identity, ServedCall};
use crate::api::{Duration, Uid};

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ConnectionId(pub u64);

/// A network namespace with processes in it: a pod, or a machine itself.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum MachineId {
    Pod(Uid),
    Host(Arc<str>),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    Client,
    Server,
}

/// Somebody wants to connect. The network says what becomes of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Dial {
    pub connection: ConnectionId,
    pub from: MachineId,
    pub protocol: Protocol,
    pub to: Address,
    /// In whose network it is dialled, if not in one's own.
    pub within: Option<MachineId>,
    /// How many machines may pass it on, and one more.
    pub ttl: u8,
}

/// What becomes of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reached {
    /// It arrives at a machine's port, and seems to come from `source`.
    Machine {
        machine: MachineId,
        port: u16,
        source: Ipv4Addr,
        after: Duration,
        /// How many machines pass it on.
        routers: u8,
    },
    Failed {
        why: Errno,
        /// Who says so, if anybody does.
        by: Option<Ipv4Addr>,
        after: Duration,
    },
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum State {
    Dialling,
    Open,
    Failed(Errno),
}

/// What was written and not yet read, message by message.
#[derive(Clone, Debug, Default)]
struct Flow {
    data: VecDeque<Vec<u8>>,
    ended: bool,
}

#[derive(Clone, Debug)]
pub struct Connection {
    pub protocol: Protocol,
    pub state: State,
    pub client: MachineId,
    pub server: Option<MachineId>,
    /// As the client named it.
    pub to: Address,
    /// As the server sees the client.
    pub source: Address,
    /// Where it arrived.
    pub port: u16,
    /// Who answered or complained, and what was left of the answer's time to live.
    pub answered: Option<(Ipv4Addr, u8)>,
    flows: [Flow; 2],
    /// Ends that somebody still holds.
    held: [bool; 2],
}

fn index(side: Side) -> usize {
    match side {
        Side::Client => 0,
        Side::Server => 1,
    }
}

/// How much may lie unread in a connection.
const WINDOW: usize = 262_144;
/// How many machines may pass a packet on, if nobody says otherwise.
pub const TTL: u8 = 64;
const FIRST_EPHEMERAL: u16 = 32_768;

#[derive(Clone, Debug, Default)]
pub struct Sockets {
    connections: BTreeMap<ConnectionId, Connection>,
    next: u64,
    /// Not yet answered by the network.
    pub dials: Vec<Dial>,
    /// Machines in which somebody may go on.
    pub woken: BTreeSet<MachineId>,
    /// What the cluster's DNS servers know.
    pub names: Names,
    /// Whether these have somebody to ask about other names.
    pub upstream: bool,
    /// They do not run.
    pub names_down: bool,
    /// What the API server was asked and has not heard of yet.
    pub calls: Vec<(u64, ServedCall)>,
    /// Where its answers go: to a pipe of a machine.
    pub answering: BTreeMap<u64, (MachineId, usize)>,
    /// Who wants to know which sockets there are, and what they are told.
    pub looking: Vec<(MachineId, ProcessId)>,
    pub seen: BTreeMap<(MachineId, ProcessId), Vec<Listed>>,
    /// Who asks what the network's own programs would print, and the pipe that it goes to.
    pub asking_rules: Vec<(MachineId, usize)>,
    pub fabric: Fabric,
    pub identity: Arc<Identity>,
    pub signer: Signer,
    pub shared: Shared,
}

impl Sockets {
    pub fn dial(&mut self, from: MachineId, protocol: Protocol, to: Address) -> ConnectionId {
        self.next += 1;
        let connection = ConnectionId(self.next);
        let port = FIRST_EPHEMERAL + u16::try_from(self.next * 7 % 28_000).unwrap_or_default();
        let made = Connection {
            protocol,
            state: State::Dialling,
            client: from.clone(),
            server: None,
            to,
            source: Address { ip: Ipv4Addr::UNSPECIFIED, port },
            port: to.port,
            answered: None,
            flows: Default::default(),
            held: [true, false],
        };
        self.connections.insert(connection, made);
        self.dials.push(Dial { connection, from, protocol, to, within: None, ttl: TTL });
        connection
    }

    /// Something for the API server, whose answer goes to a pipe.
    pub fn ask(&mut self, call: ServedCall, machine: MachineId, pipe: usize) {
        self.next += 1;
        self.calls.push((self.next, call));
        self.answering.insert(self.next, (machine, pipe));
    }

    pub fn get(&self, id: ConnectionId) -> Option<&Connection> {
        self.connections.get(&id)
    }

    /// Who answered, through how many others.
    pub fn answered_by(&mut self, id: ConnectionId, who: Ipv4Addr, routers: u8) {
        if let Some(c) = self.connections.get_mut(&id) {
            c.answered = Some((who, TTL.saturating_sub(routers)));
        }
    }

    /// How an end of a connection stands, as programs list it, and what lies unread in it.
    pub fn standing(&self, id: ConnectionId, side: Side) -> Option<(&Connection, &'static str, usize)> {
        let c = self.connections.get(&id)?;
        let other = &c.flows[1 - index(side)];
        let state = match (&c.state, c.flows[index(side)].ended, other.ended) {
            (State::Failed(_), ..) => return None,
            (State::Dialling, ..) => "SYN_SENT",
            (State::Open, false, false) => "ESTABLISHED",
            (State::Open, false, true) => "CLOSE_WAIT",
            (State::Open, true, false) => "FIN_WAIT2",
            (State::Open, true, true) => "TIME_WAIT",
        };
        Some((c, state, other.data.iter().map(Vec::len).sum()))
    }

    /// The connection has arrived, or not.
    pub fn answer(&mut self, id: ConnectionId, answer: Result<(MachineId, u16, Ipv4Addr), Errno>) {
        let Some(c) = self.connections.get_mut(&id) else { return };
        match answer {
            Ok((server, port, source)) => {
                (c.state, c.port, c.source.ip) = (State::Open, port, source);
                c.server = Some(server);
                c.held[index(Side::Server)] = true;
            }
            Err(why) => c.state = State::Failed(why),
        }
        self.woken.insert(c.client.clone());
    }

    pub fn read(&mut self, id: ConnectionId, side: Side, most: usize) -> Result<Read, Errno> {
        let Some(c) = self.connections.get_mut(&id) else { return Ok(Read::End) };
        if let State::Failed(why) = c.state {
            return Err(why);
        }
        let stream = c.protocol == Protocol::Tcp;
        let flow = &mut c.flows[1 - index(side)];
        let Some(first) = flow.data.front_mut() else {
            return Ok(if flow.ended { Read::End } else { Read::Empty });
        };
        let taken = match stream && first.len() > most {
            true => first.drain(..most).collect(),
            false => flow.data.pop_front().unwrap_or_default(),
        };
        self.wake_other(id, side);
        Ok(Read::Data(taken))
    }

    /// Tells how much was taken.
    pub fn write(&mut self, id: ConnectionId, side: Side, data: &[u8]) -> Result<usize, Errno> {
        let Some(c) = self.connections.get_mut(&id) else { return Err(Errno::Reset) };
        match c.state {
            State::Failed(why) => return Err(why),
            State::Dialling => return Ok(0),
            State::Open => {}
        }
        if !c.held[1 - index(side)] {
            return Err(Errno::Reset);
        }
        let flow = &mut c.flows[index(side)];
        let room = WINDOW.saturating_sub(flow.data.iter().map(Vec::len).sum());
        let n = data.len().min(room);
        if n > 0 {
            flow.data.push_back(data[..n].to_vec());
        }
        self.wake_other(id, side);
        Ok(n)
    }

    /// One end says no more. (It may still listen.)
    pub fn finish(&mut self, id: ConnectionId, side: Side) {
        if let Some(c) = self.connections.get_mut(&id) {
            c.flows[index(side)].ended = true;
        }
        self.wake_other(id, side);
    }

    /// Nobody holds an end any more.
    pub fn close(&mut self, id: ConnectionId, side: Side) {
        self.finish(id, side);
        let Some(c) = self.connections.get_mut(&id) else { return };
        c.held[index(side)] = false;
        if c.held == [false, false] {
            self.connections.remove(&id);
        }
    }

    /// A machine is gone, and all its ends.
    pub fn forget(&mut self, machine: &MachineId) {
        let ends: Vec<(ConnectionId, Side)> = self
            .connections
            .iter()
            .flat_map(|(id, c)| {
                let client = (c.client == *machine).then_some((*id, Side::Client));
                let server = (c.server.as_ref() == Some(machine)).then_some((*id, Side::Server));
                client.into_iter().chain(server)
            })
            .collect();
        for (id, side) in ends {
            self.close(id, side);
        }
    }

    fn wake_other(&mut self, id: ConnectionId, side: Side) {
        let Some(c) = self.connections.get(&id) else { return };
        let other = match side {
            Side::Client => c.server.clone(),
            Side::Server => Some(c.client.clone()),
        };
        self.woken.extend(other);
    }

    pub fn is_readable(&self, id: ConnectionId, side: Side) -> bool {
        self.connections.get(&id).is_none_or(|c| {
            let flow = &c.flows[1 - index(side)];
            c.state != State::Dialling && (!flow.data.is_empty() || flow.ended || matches!(c.state, State::Failed(_)))
        })
    }

    pub fn is_writable(&self, id: ConnectionId, side: Side) -> bool {
        self.connections.get(&id).is_none_or(|c| {
            let waiting: usize = c.flows[index(side)].data.iter().map(Vec::len).sum();
            c.state != State::Dialling && waiting < WINDOW
        })
    }
}
