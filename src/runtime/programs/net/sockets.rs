//! `netstat`, as busybox's and as that of net-tools, and `ss`: the sockets of a machine's network, and who holds them.

use super::ifconfig::table;
use super::links::Wiring;
use crate::api::network::{Address, Protocol};
use crate::runtime::kernel::listed::Listed;
use crate::runtime::kernel::{Program, STDOUT, Step, Sys, Wait};
use crate::runtime::programs::{Printing, Start, flush};

/// What is to be shown.
#[derive(Clone, Default)]
struct Asked {
    maker: Maker,
    tcp: bool,
    udp: bool,
    /// Both if neither is said.
    listening: bool,
    all: bool,
    owners: bool,
    numeric: bool,
    header: bool,
    /// `ss sport = :80`, `state established`: what a line must hold.
    state: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Maker {
    #[default]
    Busybox,
    NetTools,
    Iproute2,
}

#[derive(Clone)]
struct Sockets {
    asked: Asked,
    printing: Option<Printing>,
}

const NETSTAT_USAGE: &str = "Usage: netstat [-ral] [-tuwx] [-enWp]

Display networking information

\t-r\tRouting table
\t-a\tAll sockets
\t-l\tListening sockets
\t\tElse: connected sockets
\t-t\tTCP sockets
\t-u\tUDP sockets
\t-w\tRaw sockets
\t-x\tUnix sockets
\t\tElse: all socket types
\t-e\tOther/more information
\t-n\tDon't resolve names
\t-W\tWide display
\t-p\tShow PID/program name for sockets
";

pub fn busybox_netstat(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    netstat(s, Maker::Busybox)
}

pub fn netstat_of_net_tools(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    netstat(s, Maker::NetTools)
}

/// Letters, or the long names that stand for them.
fn letters(words: &[String], long: &[(&str, char)]) -> Result<String, String> {
    let mut out = String::new();
    for w in words {
        match w.strip_prefix("--") {
            Some(l) => match long.iter().find(|(n, _)| *n == l) {
                Some((_, letter)) => out.push(*letter),
                None => return Err(format!("unrecognized option '{w}'")),
            },
            None => out.push_str(w.strip_prefix('-').unwrap_or("")),
        }
    }
    Ok(out)
}

const LONG: &[(&str, char)] = &[
    ("all", 'a'),
    ("listening", 'l'),
    ("tcp", 't'),
    ("udp", 'u'),
    ("numeric", 'n'),
    ("programs", 'p'),
    ("processes", 'p'),
    ("route", 'r'),
    ("no-header", 'H'),
    ("summary", 's'),
];

fn netstat(s: &mut Start<'_, '_>, maker: Maker) -> Box<dyn Program> {
    let given = match letters(s.words.get(1..).unwrap_or_default(), LONG) {
        Ok(l) => l,
        Err(e) => return Box::new(Printing::error(format!("netstat: {e}\n{NETSTAT_USAGE}"), 1)),
    };
    if let Some(l) = given.chars().find(|l| !"raltuwxenWpc46".contains(*l)) {
        return Box::new(Printing::error(format!("netstat: invalid option -- '{l}'\n{NETSTAT_USAGE}"), 1));
    }
    let has = |l| given.contains(l);
    if has('r') {
        let out = table(&Wiring::of(s.sys), has('n'), true).into_bytes();
        return Box::new(Printing { out, err: vec![], code: 0 });
    }
    let asked = Asked {
        maker,
        tcp: has('t'),
        udp: has('u'),
        listening: has('l'),
        all: has('a'),
        owners: has('p'),
        numeric: has('n'),
        header: true,
        state: None,
    };
    Box::new(Sockets { asked, printing: None })
}

pub fn ss(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    let words = s.words.get(1..).unwrap_or_default();
    let (options, rest): (Vec<_>, Vec<_>) = words.iter().cloned().partition(|w| w.starts_with('-'));
    let given = match letters(&options, LONG) {
        Ok(l) => l,
        Err(e) => return Box::new(Printing::error(format!("ss: {e}\n"), 255)),
    };
    if let Some(l) = given.chars().find(|l| !"altunpeomriHOs46Wxw".contains(*l)) {
        return Box::new(Printing::error(format!("ss: invalid option -- '{l}'\n"), 255));
    }
    let has = |l| given.contains(l);
    let state = rest.iter().position(|w| w == "state").and_then(|i| rest.get(i + 1)).map(|w| w.to_ascii_uppercase());
    let asked = Asked {
        maker: Maker::Iproute2,
        tcp: has('t'),
        udp: has('u'),
        listening: has('l'),
        all: has('a'),
        owners: has('p'),
        numeric: has('n'),
        header: !has('H'),
        state,
    };
    Box::new(Sockets { asked, printing: None })
}

impl Asked {
    fn wants(&self, l: &Listed) -> bool {
        let kind = match l.protocol {
            Protocol::Tcp => self.tcp || !self.udp,
            Protocol::Udp => self.udp || !self.tcp,
            _ => false,
        };
        let state = match (&self.state, l.peer) {
            (Some(s), None) => ["LISTENING", "LISTEN"].contains(&s.as_str()),
            (Some(s), Some(_)) => l.state == s.replace('-', "_"),
            (None, None) => self.listening || self.all,
            (None, Some(_)) => !self.listening || self.all,
        };
        kind && state
    }

    fn port(&self, at: Address, protocol: Protocol) -> String {
        let known = (!self.numeric).then(|| super::service_name(at.port, protocol)).flatten();
        known.map_or_else(|| at.port.to_string(), String::from)
    }

    fn ends(&self, l: &Listed) -> (String, String) {
        let text = |a: Address| format!("{}:{}", a.ip, self.port(a, l.protocol));
        (text(l.local), l.peer.map_or_else(|| "0.0.0.0:*".into(), text))
    }

    fn report(&self, mut all: Vec<Listed>, terminal: bool) -> String {
        all.retain(|l| self.wants(l));
        all.sort_by_key(|l| (l.protocol, l.peer.is_some(), l.local, l.peer));
        match self.maker {
            Maker::Iproute2 => self.as_ss(&all, terminal),
            _ => self.as_netstat(&all),
        }
    }

    fn as_netstat(&self, all: &[Listed]) -> String {
        let what = match (self.all, self.listening) {
            (true, _) => "servers and established",
            (false, true) => "only servers",
            (false, false) => "w/o servers",
        };
        let busybox = self.maker == Maker::Busybox;
        let owners = if self.owners { " PID/Program name    " } else { "" };
        let gap = if busybox && !self.owners { " " } else { "" };
        let mut out = format!(
            "Active Internet connections ({what})\nProto Recv-Q Send-Q Local Address           Foreign Address         State      {gap}{owners}\n"
        );
        for l in all {
            let (local, peer) = self.ends(l);
            let state = if l.protocol == Protocol::Udp && l.peer.is_none() { "" } else { l.state };
            let owner = match (&l.owner, self.owners) {
                (_, false) => String::new(),
                (Some((pid, name, _)), true) => format!("{pid}/{name}").chars().take(20).collect(),
                (None, true) => "-".into(),
            };
            let line = format!("{:<5} {:>6} {:>6} {local:<23} {peer:<23} ", l.protocol.lower(), l.waiting, 0);
            out.push_str(&match (busybox, self.owners) {
                (true, _) => format!("{line}{state:<12}{owner}\n"),
                (false, true) => format!("{line}{state:<11} {owner:<20}\n"),
                (false, false) => format!("{line}{state:<11}\n"),
            });
        }
        if !self.tcp && !self.udp {
            let owner = if self.owners { "PID/Program name     " } else { "" };
            let gap = if busybox { "" } else { "  " };
            out.push_str(&format!(
                "Active UNIX domain sockets ({what})\nProto RefCnt Flags       Type       State         I-Node {gap}{owner}Path\n"
            ));
        }
        out
    }

    fn as_ss(&self, all: &[Listed], terminal: bool) -> String {
        let both = self.tcp == self.udp;
        let state = |l: &Listed| match (l.protocol, l.peer, l.state) {
            (Protocol::Udp, None, _) => "UNCONN".to_string(),
            (_, _, "ESTABLISHED") => "ESTAB".into(),
            (_, _, s) => s.replace('_', "-").replace("WAIT2", "WAIT-2"),
        };
        let title = |w: &str| w.to_string();
        let mut rows: Vec<[String; 9]> = vec![];
        if self.header {
            rows.push(
                ["Netid", "State", "Recv-Q", "Send-Q", "Local Address:", "Port", "Peer Address:", "Port", "Process"]
                    .map(title),
            );
        }
        for l in all {
            let part = |a: Address| (format!("{}:", a.ip), self.port(a, l.protocol));
            let (local, port) = part(l.local);
            let (peer, peer_port) = l.peer.map_or_else(|| ("0.0.0.0:".into(), "*".into()), part);
            let backlog = if l.peer.is_none() && l.protocol == Protocol::Tcp { 4096 } else { 0 };
            let owner = l.owner.as_ref().filter(|_| self.owners);
            let owner = owner.map(|(pid, name, fd)| format!("users:((\"{name}\",pid={pid},fd={fd}))"));
            rows.push([
                l.protocol.lower().into(),
                state(l),
                l.waiting.to_string(),
                backlog.to_string(),
                local,
                port,
                peer,
                peer_port,
                owner.unwrap_or_default(),
            ]);
        }
        let shown: Vec<usize> = (0..9).filter(|i| (*i != 0 || both) && (*i != 1 || self.state.is_none())).collect();
        laid_out(&rows, &shown, terminal.then_some(TERMINAL_WIDTH))
    }
}

/// What `ss` takes a terminal for that does not say how wide it is.
const TERMINAL_WIDTH: usize = 80;
const RIGHT: [usize; 2] = [4, 6];
const JOINED: [usize; 4] = [0, 5, 7, 8];

/// Columns as wide as what stands in them. On a terminal what is left of a line is shared among its columns.
fn laid_out(rows: &[[String; 9]], shown: &[usize], screen: Option<usize>) -> String {
    let gap = |i: usize| usize::from(Some(&i) != shown.first() && !JOINED.contains(&i));
    let content = |i: usize| rows.iter().map(|r| r[i].len()).max().unwrap_or(0);
    let mut widths: Vec<usize> = shown.iter().map(|i| content(*i) + gap(*i)).collect();
    if let Some(screen) = screen {
        share(&mut widths, screen);
    }
    let mut out = String::new();
    for row in rows {
        for (i, width) in shown.iter().zip(&widths) {
            let (text, width) = (&row[*i], width - gap(*i).min(*width));
            out.push_str(&" ".repeat(gap(*i)));
            out.push_str(&if RIGHT.contains(i) { format!("{text:>width$}") } else { format!("{text:<width$}") });
        }
        out.push('\n');
    }
    out
}

/// Fills each line of the screen: what does not fit begins the next one.
fn share(widths: &mut [usize], screen: usize) {
    let mut from = 0;
    while from < widths.len() {
        let (mut to, mut taken) = (from, 0);
        while to < widths.len() && (to == from || taken + widths[to] <= screen) {
            taken += widths[to];
            to += 1;
        }
        let (left, count) = (screen.saturating_sub(taken), to - from);
        for (i, w) in widths[from..to].iter_mut().enumerate() {
            *w += left / count + usize::from(i < left % count);
        }
        from = to;
    }
}

impl Program for Sockets {
    fn run(&mut self, sys: &mut Sys<'_>) -> Step {
        if self.printing.is_none() {
            let Some(all) = sys.listed() else { return Step::Wait(Wait::default()) };
            let out = self.asked.report(all, sys.is_terminal(STDOUT)).into_bytes();
            self.printing = Some(Printing { out, err: vec![], code: 0 });
        }
        match &mut self.printing {
            Some(p) => flush(&mut p.out, &mut p.err, sys).unwrap_or(Step::Exit(p.code)),
            None => Step::Exit(1),
        }
    }

    fn clone_box(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listening() -> Listed {
        Listed {
            protocol: Protocol::Tcp,
            local: Address { ip: std::net::Ipv4Addr::UNSPECIFIED, port: 2024 },
            peer: None,
            state: "LISTEN",
            waiting: 0,
            owner: Some((1, "nginx".into(), 6)),
        }
    }

    #[test]
    fn lists_look_as_those_of_the_real_programs() {
        let asked =
            |maker| Asked { maker, tcp: true, listening: true, numeric: true, header: true, ..Asked::default() };
        let with_owners = |maker| Asked { owners: true, ..asked(maker) };
        assert_eq!(
            asked(Maker::Iproute2).report(vec![Listed { owner: None, ..listening() }], false),
            "State  Recv-Q Send-Q Local Address:Port Peer Address:PortProcess\nLISTEN 0      4096         0.0.0.0:2024      0.0.0.0:*          \n"
        );
        assert_eq!(
            with_owners(Maker::NetTools).report(vec![Listed { owner: None, ..listening() }], false),
            "Active Internet connections (only servers)\nProto Recv-Q Send-Q Local Address           Foreign Address         State       PID/Program name    \ntcp        0      0 0.0.0.0:2024            0.0.0.0:*               LISTEN      -                   \n"
        );
        assert_eq!(
            with_owners(Maker::Busybox).report(vec![listening()], false).lines().last(),
            Some("tcp        0      0 0.0.0.0:2024            0.0.0.0:*               LISTEN      1/nginx")
        );
    }
}
