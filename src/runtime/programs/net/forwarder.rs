//! What `kubectl port-forward` does on the learner's machine: it listens there, and for each connection opens one in the pod's own network.
//! Real Kubernetes: client-go/tools/portforward/portforward.go; containerd's CRI plugin, sandbox_portforward_linux.go.

use crate::api::digest::Digest;
use crate::runtime::kernel::net::{MachineId, Protocol};
use crate::runtime::kernel::{Fd, Program, Read, Step, Sys, Wait};
use crate::runtime::programs::flush;

/// A port here, and one of the pod.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ports {
    pub local: u16,
    pub remote: u16,
}

#[derive(Clone)]
pub struct Forwarder {
    to: MachineId,
    ports: Vec<Ports>,
    /// As they are shown: `127.0.0.1`, `[::1]`.
    addresses: Vec<String>,
    listeners: Option<Vec<Fd>>,
    connections: Vec<Pair>,
    out: Vec<u8>,
    err: Vec<u8>,
    code: Option<i32>,
    /// One who does not get through hears nothing, and the others go on: so does Docker's proxy.
    lasting: bool,
}

#[derive(Clone)]
struct Pair {
    ports: Ports,
    near: Fd,
    far: Fd,
    to_far: Vec<u8>,
    to_near: Vec<u8>,
    ended: [bool; 2],
}

impl Forwarder {
    pub fn new(to: MachineId, ports: Vec<Ports>, addresses: Vec<String>, lasting: bool) -> Forwarder {
        let (out, err) = (vec![], vec![]);
        Forwarder { to, ports, addresses, listeners: None, connections: vec![], out, err, code: None, lasting }
    }

    fn listen(&mut self, sys: &mut Sys<'_>) -> Vec<Fd> {
        if let Some(l) = &self.listeners {
            return l.clone();
        }
        let mut all = vec![];
        for p in &self.ports {
            match sys.listen(Protocol::Tcp, p.local, true) {
                Ok(fd) => {
                    all.push(fd);
                    for a in &self.addresses {
                        self.out.extend(format!("Forwarding from {a}:{} -> {}\n", p.local, p.remote).bytes());
                    }
                }
                Err(_) => {
                    let n = p.local;
                    let why = format!(
                        "Unable to listen on port {n}: Listeners failed to create with the following errors: [unable to create listener: Error listen tcp4 127.0.0.1:{n}: bind: address already in use]\nerror: unable to listen on any of the requested ports: [{{{n} {}}}]\n",
                        p.remote
                    );
                    self.err.extend(why.bytes());
                    self.code = Some(1);
                }
            }
        }
        self.listeners = Some(all.clone());
        all
    }

    /// Nobody listens in the pod: kubectl says so as a fault of its own, and gives up.
    fn refused(&mut self, p: Ports, sys: &Sys<'_>) {
        let sandbox = Digest::of(&format!("{:?}", self.to));
        let uuid = crate::api::Uid::of(&sandbox.to_string());
        let (local, remote) = (p.local, p.remote);
        let text = format!(
            "E{}       1 portforward.go:522] \"Unhandled Error\" err=\"an error occurred forwarding {local} -> {remote}: error forwarding port {remote} to pod {sandbox}, uid : failed to execute portforward in network namespace \\\"/var/run/netns/cni-{uuid}\\\": failed to connect to localhost:{remote} inside namespace \\\"{sandbox}\\\", IPv4: dial tcp4 127.0.0.1:{remote}: connect: connection refused IPv6 dial tcp6: address localhost: no suitable address found \"\nerror: lost connection to pod\n",
            sys.now.klog_stamp()
        );
        self.err.extend(text.bytes());
        self.code = Some(1);
    }

    /// One connection goes on in both directions. Whether it stays.
    fn carry(&mut self, c: &mut Pair, wait: &mut Wait, sys: &mut Sys<'_>) -> bool {
        match sys.connected(c.far) {
            None => {
                wait.writable.push(c.far);
                return true;
            }
            Some(Err(_)) if self.lasting => return false,
            Some(Err(_)) => {
                self.refused(c.ports, sys);
                return false;
            }
            Some(Ok(())) => {}
        }
        let ways = [(c.near, c.far, &mut c.to_far), (c.far, c.near, &mut c.to_near)];
        for (i, (from, to, held)) in ways.into_iter().enumerate() {
            loop {
                match sys.drain(to, held) {
                    Ok(true) => {}
                    Ok(false) => {
                        wait.writable.push(to);
                        break;
                    }
                    Err(_) => return false,
                }
                if c.ended[i] {
                    break;
                }
                match sys.read(from, 65_536) {
                    Ok(Read::Data(d)) => held.extend(d),
                    Ok(Read::Empty) => {
                        wait.readable.push(from);
                        break;
                    }
                    Ok(Read::End) | Err(_) => {
                        c.ended[i] = true;
                        sys.finish(to);
                    }
                }
            }
        }
        // What the pod has ended is over.
        !c.ended[1]
    }
}

impl Program for Forwarder {
    fn run(&mut self, sys: &mut Sys<'_>) -> Step {
        let listeners = self.listen(sys);
        for (l, ports) in listeners.iter().zip(self.ports.clone()) {
            while let Some(near) = sys.accept(*l) {
                if !self.lasting {
                    self.out.extend(format!("Handling connection for {}\n", ports.local).bytes());
                }
                let far = sys.connect_within(self.to.clone(), ports.remote);
                let pair = Pair { ports, near, far, to_far: vec![], to_near: vec![], ended: [false; 2] };
                self.connections.push(pair);
            }
        }
        let mut wait = Wait { readable: listeners, ..Wait::default() };
        let mut all = std::mem::take(&mut self.connections);
        all.retain_mut(|c| {
            let stays = self.carry(c, &mut wait, sys);
            if !stays {
                sys.close(c.near);
                sys.close(c.far);
            }
            stays
        });
        self.connections = all;
        if let Some(step) = flush(&mut self.out, &mut self.err, sys) {
            return step;
        }
        self.code.map_or(Step::Wait(wait), Step::Exit)
    }

    fn clone_box(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }
}
