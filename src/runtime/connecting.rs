//! Connections that arrive: within a machine at once, between machines when the network has said so.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::Arc;

use super::kernel::machine::Listener;
use super::kernel::net::{Address, ConnectionId, Dial, MachineId, Protocol, Reached};
use super::kernel::{Errno, Machine};
use super::simulated::Simulated;
use crate::api::Time;
use crate::api::network::Fabric;
use crate::api::ops::Completion;

impl Simulated {
    /// A machine that calls itself needs no network.
    pub(super) fn dial_locally(&mut self) {
        let dials = std::mem::take(&mut self.sockets.dials);
        for d in dials {
            // What a node sends to its own address passes its rules all the same.
            let is_pod = matches!(d.from, MachineId::Pod(_));
            let own = is_pod && self.machines.get(&d.from).and_then(|m| m.address) == Some(d.to.ip);
            if !d.to.ip.is_loopback() && !d.to.ip.is_unspecified() && !own {
                self.sockets.dials.push(d);
                continue;
            }
            self.offer(&d);
        }
    }

    fn offer(&mut self, d: &Dial) {
        let Dial { connection, from, protocol, to, within, .. } = d;
        self.sockets.answered_by(*connection, to.ip, 0);
        let from = within.as_ref().unwrap_or(from);
        let m = self.machines.get_mut(from).map(Arc::make_mut);
        let listener = m.and_then(|m| m.listeners.iter_mut().find(|l| l.port == to.port && l.protocol == *protocol));
        let answer = match listener {
            Some(l) => {
                l.backlog.push(*connection);
                Ok((from.clone(), to.port, to.ip))
            }
            // An echo request is answered by the kernel itself.
            None if *protocol == Protocol::Icmp => Ok((from.clone(), 0, to.ip)),
            None => Err(Errno::Refused),
        };
        self.sockets.answer(*connection, answer);
    }

    /// Tells who looks which sockets there are in his network. Who can go on now.
    pub(super) fn list_sockets(&mut self) -> Vec<MachineId> {
        let looking = std::mem::take(&mut self.sockets.looking);
        for (id, process) in &looking {
            let address = self.machines.get(id).and_then(|m| m.address);
            // Pods of a node's own network share it.
            let shares =
                |(other, m): &(&MachineId, &Arc<Machine>)| *other == id || (address.is_some() && m.address == address);
            let of =
                |(other, m): (&MachineId, &Arc<Machine>)| m.listed(&self.sockets, (other == id).then_some(*process));
            let all = self.machines.iter().filter(shares).flat_map(of).collect();
            self.sockets.seen.insert((id.clone(), *process), all);
            if let Some(p) = self.machine_mut(id).and_then(|m| m.process_mut(*process)) {
                p.woken = true;
            }
        }
        looking.into_iter().map(|(id, _)| id).collect()
    }

    /// Who asked for rules is given them.
    pub fn tell_rules(&mut self, machine: &MachineId, pipe: usize, text: &str, now: Time, out: &mut Vec<Completion>) {
        if let Some(m) = self.machine_mut(machine) {
            m.feed(pipe, text.as_bytes());
            m.finish_input(pipe);
        }
        self.run(machine, now, out);
    }

    pub fn take_rule_questions(&mut self) -> Vec<(MachineId, usize)> {
        std::mem::take(&mut self.sockets.asking_rules)
    }

    /// Who has which address from now on.
    pub fn set_fabric(&mut self, fabric: Fabric) {
        self.sockets.fabric = fabric;
    }

    /// Whoever calls from another machine is heard at this port.
    fn listener(&mut self, machine: &MachineId, port: u16) -> Option<(&mut Listener, Ipv4Addr)> {
        let m = self.machines.get_mut(machine).map(Arc::make_mut)?;
        let ip = m.address?;
        let found = m.listeners.iter_mut().find(|l| l.port == port && l.protocol == Protocol::Tcp && !l.loopback);
        Some((found?, ip))
    }

    /// A connection of kubelet's to a pod, over the node's own network.
    pub(super) fn connect_into(&mut self, machine: &MachineId, port: u16) -> Option<ConnectionId> {
        let (_, ip) = self.listener(machine, port)?;
        // Whoever connects from outside is the node.
        let node = Ipv4Addr::from(u32::from(ip) & 0xffff_ff00 | 1);
        let id = self.sockets.dial(MachineId::Host("".into()), Protocol::Tcp, Address { ip, port });
        self.sockets.dials.retain(|d| d.connection != id);
        self.listener(machine, port)?.0.backlog.push(id);
        self.sockets.answer(id, Ok((machine.clone(), port, node)));
        Some(id)
    }

    pub(super) fn is_heard(&mut self, machine: &MachineId, port: u16) -> bool {
        self.listener(machine, port).is_some()
    }

    /// What the network said comes true.
    pub(super) fn arrive(&mut self, id: ConnectionId, reached: Reached, now: Time, out: &mut Vec<Completion>) {
        let Some(c) = self.sockets.get(id) else { return };
        let (protocol, to) = (c.protocol, c.to.ip);
        let client = c.client.clone();
        match &reached {
            Reached::Failed { by: Some(by), .. } => self.sockets.answered_by(id, *by, 0),
            Reached::Failed { by: None, .. } => {}
            Reached::Machine { routers, .. } => self.sockets.answered_by(id, to, *routers),
        }
        let answer = match reached {
            Reached::Failed { why, .. } => Err(why),
            Reached::Machine { machine, port, source, .. } => {
                let m = self.machines.get_mut(&machine).map(Arc::make_mut);
                let found = m.and_then(|m| {
                    m.listeners.iter_mut().find(|l| l.port == port && l.protocol == protocol && !l.loopback)
                });
                match found {
                    Some(l) => {
                        l.backlog.push(id);
                        Ok((machine, port, source))
                    }
                    None if protocol == Protocol::Icmp => Ok((machine, port, source)),
                    None => Err(Errno::Refused),
                }
            }
        };
        self.sockets.answer(id, answer);
        let mut woken: BTreeSet<_> = std::mem::take(&mut self.sockets.woken);
        woken.insert(client);
        woken.extend(self.sockets.get(id).and_then(|c| c.server.clone()));
        for machine in woken {
            self.run(&machine, now, out);
        }
    }
}
