//! `ifconfig`, `route` and `arp`, as busybox's and as those of net-tools.

use std::net::Ipv4Addr;

use super::links::{Link, Sort, Wiring, mac_text};
use crate::api::network::Range;
use crate::runtime::programs::Call;

/// Whose programs they are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Maker {
    Busybox,
    NetTools,
}

impl Maker {
    /// Only busybox puts the program's name before all that it says.
    fn complain(self, c: &mut Call<'_, '_>, text: &str) {
        match self {
            Maker::Busybox => c.complain(text),
            Maker::NetTools => c.err.extend(format!("{text}\n").bytes()),
        }
    }
}

pub fn busybox_ifconfig(c: &mut Call<'_, '_>) -> i32 {
    ifconfig(c, Maker::Busybox, |l| {
        let (kind, mac) = match l.sort {
            Sort::Loopback => ("Local Loopback", String::new()),
            _ => ("Ethernet", format!("HWaddr {}  ", mac_text(l.mac).to_uppercase())),
        };
        let mut out = format!("{:<10}Link encap:{kind}  {mac}\n", l.name);
        if let Some(a) = l.addresses.first() {
            let broadcast = a.broadcast.map(|b| format!("  Bcast:{b}")).unwrap_or_default();
            out.push_str(&format!("          inet addr:{}{broadcast}  Mask:{}\n", a.ip, mask(a.bits)));
        }
        if let Some(v6) = l.inet6() {
            let (bits, scope) = if l.sort == Sort::Loopback { (128, "Host") } else { (64, "Link") };
            out.push_str(&format!("          inet6 addr: {v6}/{bits} Scope:{scope}\n"));
        }
        let flags = match l.sort {
            Sort::Loopback => "UP LOOPBACK RUNNING",
            Sort::Dummy => "BROADCAST NOARP",
            _ => "UP BROADCAST RUNNING MULTICAST",
        };
        let queue = if l.sort == Sort::Bridge { 0 } else { 1000 };
        out + &format!(
            "          {flags}  MTU:{}  Metric:1\n          RX packets:0 errors:0 dropped:0 overruns:0 frame:0\n          TX packets:0 errors:0 dropped:0 overruns:0 carrier:0\n          collisions:0 txqueuelen:{queue} \n          RX bytes:0 (0.0 B)  TX bytes:0 (0.0 B)\n\n",
            l.mtu()
        )
    })
}

pub fn ifconfig_of_net_tools(c: &mut Call<'_, '_>) -> i32 {
    ifconfig(c, Maker::NetTools, |l| {
        let flags = match l.sort {
            Sort::Loopback => "73<UP,LOOPBACK,RUNNING>",
            Sort::Dummy => "130<BROADCAST,NOARP>",
            _ => "4163<UP,BROADCAST,RUNNING,MULTICAST>",
        };
        let mut out = format!("{}: flags={flags}  mtu {}\n", l.name, l.mtu());
        if let Some(a) = l.addresses.first() {
            let broadcast = a.broadcast.map(|b| format!("  broadcast {b}")).unwrap_or_default();
            out.push_str(&format!("        inet {}  netmask {}{broadcast}\n", a.ip, mask(a.bits)));
        }
        if let Some(v6) = l.inet6() {
            let (bits, scope) = if l.sort == Sort::Loopback { (128, "0x10<host>") } else { (64, "0x20<link>") };
            out.push_str(&format!("        inet6 {v6}  prefixlen {bits}  scopeid {scope}\n"));
        }
        let queue = if l.sort == Sort::Bridge { 0 } else { 1000 };
        out.push_str(&match l.sort {
            Sort::Loopback => format!("        loop  txqueuelen {queue}  (Local Loopback)\n"),
            _ => format!("        ether {}  txqueuelen {queue}  (Ethernet)\n", mac_text(l.mac)),
        });
        for way in ["RX", "TX"] {
            let last = if way == "RX" { "overruns 0  frame 0" } else { "overruns 0  carrier 0  collisions 0" };
            let gap = if way == "RX" { "  " } else { " " };
            out.push_str(&format!(
                "        {way} packets 0  bytes 0 (0.0 B)\n        {way} errors 0  dropped 0{gap}{last}\n"
            ));
        }
        out + "\n"
    })
}

fn mask(bits: u8) -> Ipv4Addr {
    Range { base: Ipv4Addr::UNSPECIFIED, bits }.mask()
}

fn ifconfig(c: &mut Call<'_, '_>, maker: Maker, show: impl Fn(&Link) -> String) -> i32 {
    let words = c.args().to_vec();
    let (options, rest): (Vec<_>, Vec<_>) = words.iter().partition(|w| w.starts_with('-'));
    if let Some(o) = options.iter().find(|o| !["-a", "-s", "-v"].contains(&o.as_str())) {
        c.complain(format!("option `{o}' not recognised."));
        return 1;
    }
    let wiring = Wiring::of(c.sys);
    let Some(name) = rest.first() else {
        let mut all: Vec<&Link> = wiring.links.iter().filter(|l| !options.is_empty() || l.is_up()).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all.iter().for_each(|l| c.out.extend(show(l).bytes()));
        return 0;
    };
    let Some(link) = wiring.link(name) else {
        let text = match rest.len() {
            1 => format!("{name}: error fetching interface information: Device not found"),
            _ => "SIOCSIFADDR: No such device".to_string(),
        };
        maker.complain(c, &text);
        return 1;
    };
    if rest.len() > 1 {
        maker.complain(c, "SIOCSIFFLAGS: Operation not permitted");
        return 1;
    }
    c.out.extend(show(link).bytes());
    0
}

/// `Kernel IP routing table`, as `route` and `netstat -r` print it.
pub fn table(wiring: &Wiring, numeric: bool, of_netstat: bool) -> String {
    let last = if of_netstat { "  MSS Window  irtt Iface" } else { "Metric Ref    Use Iface" };
    let mut out = format!("Kernel IP routing table\nDestination     Gateway         Genmask         Flags {last}\n");
    for r in &wiring.routes {
        let to = if r.is_default() && !numeric { "default".into() } else { r.to.base.to_string() };
        let via = match r.via {
            Some(v) => v.to_string(),
            None if numeric => Ipv4Addr::UNSPECIFIED.to_string(),
            None => "*".into(),
        };
        let figures = if of_netstat { "    0 0          0" } else { "0      0        0" };
        out.push_str(&format!("{to:<15} {via:<15} {:<15} {:<5} {figures} {}\n", r.to.mask(), r.flags(), r.dev));
    }
    out
}

pub fn busybox_route(c: &mut Call<'_, '_>) -> i32 {
    route(c, Maker::Busybox)
}

pub fn route_of_net_tools(c: &mut Call<'_, '_>) -> i32 {
    route(c, Maker::NetTools)
}

fn route(c: &mut Call<'_, '_>, maker: Maker) -> i32 {
    let words = c.args().to_vec();
    if let Some(w) = words.iter().find(|w| !w.starts_with('-')) {
        if ["add", "del"].contains(&w.as_str()) {
            let what = if w == "add" { "SIOCADDRT" } else { "SIOCDELRT" };
            maker.complain(c, &format!("{what}: Operation not permitted"));
            return if maker == Maker::NetTools { 7 } else { 1 };
        }
        c.err.extend(b"Usage: route [-ne] [-A inet[6]] [{add|del} [-net|-host] TARGET [netmask MASK]\n\t[gw GATEWAY] [metric N] [mss BYTES] [window BYTES] [irtt MSEC] [IFACE]]\n");
        return 1;
    }
    let letters: String = words.iter().map(|w| w.trim_start_matches('-')).collect();
    if let Some(l) = letters.chars().find(|l| !"nevA46".contains(*l)) {
        c.complain(format!("invalid option -- '{l}'"));
        return 1;
    }
    let text = table(&Wiring::of(c.sys), letters.contains('n'), letters.contains('e'));
    c.out.extend(text.bytes());
    0
}

/// `? (10.244.1.1) at 0a:58:… [ether] on eth0`
fn arp_line(n: &super::links::Neighbour) -> String {
    format!("? ({}) at {} [ether] on {}", n.ip, mac_text(n.mac), n.dev)
}

pub fn busybox_arp(c: &mut Call<'_, '_>) -> i32 {
    let wiring = Wiring::of(c.sys);
    neighbours(c, &wiring, |n| arp_line(n).replace("[ether] on", "[ether]  on"))
}

pub fn arp_of_net_tools(c: &mut Call<'_, '_>) -> i32 {
    let wiring = Wiring::of(c.sys);
    if c.args().iter().any(|w| w.starts_with('-') && w.contains('a')) {
        return neighbours(c, &wiring, arp_line);
    }
    if !wiring.neighbours.is_empty() {
        c.line("Address                  HWtype  HWaddress           Flags Mask            Iface");
    }
    neighbours(c, &wiring, |n| {
        format!("{:<24} ether   {:<19} C                     {}", n.ip.to_string(), mac_text(n.mac), n.dev)
    })
}

fn neighbours(c: &mut Call<'_, '_>, wiring: &Wiring, show: impl Fn(&super::links::Neighbour) -> String) -> i32 {
    let words = c.args().to_vec();
    let wanted = words.iter().find_map(|w| w.parse::<Ipv4Addr>().ok());
    let found: Vec<_> = wiring.neighbours.iter().filter(|n| wanted.is_none_or(|w| w == n.ip)).collect();
    if let (Some(w), true) = (wanted, found.is_empty()) {
        c.line(format!("{w} ({w}) -- no entry"));
        return 1;
    }
    found.iter().for_each(|n| c.line(show(n)));
    0
}
