//! `ip`, as busybox's and as that of iproute2: it shows interfaces, addresses, routes and neighbours, and changes none: containers
//! may not.

use std::net::Ipv4Addr;

use super::links::{Inet, Link, Route, Sort, Wiring, mac_text};
use crate::api::network::Range;
use crate::runtime::programs::Call;

const USAGE: &str = "Usage: ip [ OPTIONS ] OBJECT { COMMAND | help }
       ip [ -force ] -batch filename
where  OBJECT := { address | addrlabel | amt | fou | help | ila | ioam | l2tp |
                   link | macsec | maddress | monitor | mptcp | mroute | mrule |
                   neighbor | neighbour | netconf | netns | nexthop | ntable |
                   ntbl | route | rule | sr | tap | tcpmetrics |
                   token | tunnel | tuntap | vrf | xfrm }
       OPTIONS := { -V[ersion] | -s[tatistics] | -d[etails] | -r[esolve] |
                    -h[uman-readable] | -iec | -j[son] | -p[retty] |
                    -f[amily] { inet | inet6 | mpls | bridge | link } |
                    -4 | -6 | -M | -B | -0 |
                    -l[oops] { maximum-addr-flush-attempts } | -br[ief] |
                    -o[neline] | -t[imestamp] | -ts[hort] | -b[atch] [filename] |
                    -rc[vbuf] [size] | -n[etns] name | -N[umeric] | -a[ll] |
                    -c[olor]}
";
const SHORT_USAGE: &str = "Usage: ip [OPTIONS] address|route|link|tunnel|neigh|rule [ARGS]

OPTIONS := -f[amily] inet|inet6|link | -o[neline]

ip addr add|del IFADDR dev IFACE | show|flush [dev IFACE] [to PREFIX]
ip route list|flush|add|del|change|append|replace|test ROUTE
ip link set IFACE [up|down] [arp on|off] [multicast on|off]
\t[promisc on|off] [mtu NUM] [name NAME] [qlen NUM] [address MAC]
\t[master IFACE | nomaster] [netns PID]
ip neigh show|flush [to PREFIX] [dev DEV] [nud STATE]
ip rule [list] | add|del SELECTOR ACTION
";
const NOT_PERMITTED: &str = "RTNETLINK answers: Operation not permitted";

/// Which of the two programs, and how it is to show things.
#[derive(Clone, Copy, Default)]
struct Style {
    busybox: bool,
    /// Busybox shows the state of an interface if it was built against the kernel's headers.
    states: bool,
    v4: bool,
    v6: bool,
    brief: bool,
    one_line: bool,
}

pub fn busybox(c: &mut Call<'_, '_>) -> i32 {
    let states = c.sys.exists("/etc/os-release");
    ip(c, Style { busybox: true, states, ..Style::default() })
}

pub fn iproute2(c: &mut Call<'_, '_>) -> i32 {
    ip(c, Style { states: true, ..Style::default() })
}

fn usage(c: &mut Call<'_, '_>, style: Style) -> i32 {
    c.err.extend(if style.busybox { SHORT_USAGE } else { USAGE }.bytes());
    if style.busybox { 1 } else { 255 }
}

fn ip(c: &mut Call<'_, '_>, mut style: Style) -> i32 {
    let words: Vec<String> = c.args().to_vec();
    let mut words = words.iter().map(String::as_str).peekable();
    while let Some(w) = words.next_if(|w| w.starts_with('-')) {
        match w.trim_start_matches('-') {
            "4" => style.v4 = true,
            "6" => style.v6 = true,
            "o" | "oneline" => style.one_line = true,
            "f" | "family" => match words.next() {
                Some("inet") => style.v4 = true,
                Some("inet6") => style.v6 = true,
                Some("link") => {}
                _ => return usage(c, style),
            },
            "V" | "Version" if !style.busybox => {
                c.line("ip utility, iproute2-6.1.0, libbpf 1.1.2");
                return 0;
            }
            "br" | "brief" if !style.busybox => style.brief = true,
            "c" | "color" | "s" | "stats" | "statistics" | "d" | "details" | "N" | "h" | "r" if !style.busybox => {}
            other if style.busybox => {
                c.complain(format!("unrecognized option: {other}"));
                return usage(c, style);
            }
            _ => {
                c.err.extend(format!("Option \"{w}\" is unknown, try \"ip -help\".\n").bytes());
                return 255;
            }
        }
    }
    let Some(object) = words.next() else { return usage(c, style) };
    let rest: Vec<&str> = words.collect();
    let is = |full: &str, least: usize| object.len() >= least && full.starts_with(object);
    let wiring = Wiring::of(c.sys);
    match () {
        () if is("address", 1) => addresses(c, style, &wiring, &rest),
        () if is("link", 1) => links(c, style, &wiring, &rest),
        () if is("route", 1) => routes(c, style, &wiring, &rest),
        () if is("neighbour", 1) || is("neighbor", 1) => neighbours(c, style, &wiring, &rest),
        () if is("rule", 2) => {
            for (at, table) in [(0, "local"), (32_766, "main"), (32_767, "default")] {
                c.line(format!("{at}:\tfrom all lookup {table}{}", if style.busybox { " " } else { "" }));
            }
            0
        }
        () if is("help", 1) => usage(c, style),
        () if style.busybox => usage(c, style),
        () => {
            c.err.extend(format!("Object \"{object}\" is unknown, try \"ip help\".\n").bytes());
            1
        }
    }
}

/// Whether only something is to be shown, and what then stands behind: `show`, `list`, `ls` or nothing.
fn shown<'a>(rest: &'a [&'a str]) -> Option<&'a [&'a str]> {
    match rest.first() {
        None => Some(rest),
        Some(w) if ["show", "list", "lst", "ls", "s", "sh", "l", "li", "lis", "sho"].contains(w) => Some(&rest[1..]),
        Some(w) if ["dev", "default", "to", "up", "table", "type", "via"].contains(w) => Some(rest),
        Some(_) => None,
    }
}

/// What is not shown is changed, and that one may not do; or it is no command at all.
fn changes(c: &mut Call<'_, '_>, style: Style, object: &str, rest: &[&str]) -> i32 {
    let word = rest.first().copied().unwrap_or_default();
    let known =
        ["add", "a", "del", "delete", "d", "change", "replace", "append", "set", "flush", "f", "test"].contains(&word);
    match (known, style.busybox) {
        (true, true) => {
            c.complain(NOT_PERMITTED);
            2
        }
        (true, false) => {
            c.err.extend(format!("{NOT_PERMITTED}\n").bytes());
            2
        }
        (false, true) => usage(c, style),
        (false, false) if word == "help" => usage(c, style),
        (false, false) => {
            c.err.extend(format!("Command \"{word}\" is unknown, try \"ip {object} help\".\n").bytes());
            255
        }
    }
}

/// The interfaces that are asked for.
fn chosen<'w>(c: &mut Call<'_, '_>, style: Style, wiring: &'w Wiring, rest: &[&str]) -> Result<Vec<&'w Link>, i32> {
    let (mut name, mut up) = (None, false);
    let mut words = rest.iter();
    while let Some(w) = words.next() {
        match *w {
            "up" => up = true,
            "dev" => name = words.next().copied(),
            w if name.is_none() => name = Some(w),
            w if style.busybox => {
                c.complain(format!("either \"dev\" is duplicate, or \"{w}\" is garbage"));
                return Err(1);
            }
            w => {
                let text = format!("Error: either \"dev\" is duplicate, or \"{w}\" is a garbage.\n");
                c.err.extend(text.bytes());
                return Err(255);
            }
        }
    }
    let all = wiring.links.iter().filter(|l| !up || l.is_up());
    let Some(name) = name else { return Ok(all.collect()) };
    match wiring.link(name.split('@').next().unwrap_or(name)) {
        Some(l) => Ok(vec![l]),
        None if style.busybox => {
            c.complain(format!("can't find device '{name}'"));
            Err(1)
        }
        None => {
            c.err.extend(format!("Device \"{name}\" does not exist.\n").bytes());
            Err(1)
        }
    }
}

fn titled(l: &Link) -> String {
    l.peer.map_or_else(|| l.name.clone(), |p| format!("{}@if{p}", l.name))
}

fn flags(l: &Link, style: Style) -> &'static str {
    match (l.sort, l.peer) {
        (Sort::Loopback, _) => "<LOOPBACK,UP,LOWER_UP>",
        (Sort::Dummy, _) => "<BROADCAST,NOARP>",
        // The other end lies in another namespace: busybox takes what it does not see for down.
        (Sort::Ethernet, Some(_)) if style.busybox => "<BROADCAST,MULTICAST,UP,LOWER_UP,M-DOWN>",
        _ => "<BROADCAST,MULTICAST,UP,LOWER_UP>",
    }
}

fn state(l: &Link) -> &'static str {
    match l.sort {
        Sort::Loopback => "UNKNOWN",
        Sort::Dummy => "DOWN",
        _ => "UP",
    }
}

/// The two lines that an interface begins with.
fn head(l: &Link, style: Style, mode: bool) -> String {
    let qdisc = if l.sort == Sort::Dummy { "noop" } else { "noqueue" };
    let mut out = format!("{}: {}: {} mtu {} qdisc {qdisc} ", l.index, titled(l), flags(l, style), l.mtu());
    if style.states {
        out.push_str(&format!("state {} ", state(l)));
    }
    if !style.busybox {
        out.push_str(if mode { "mode DEFAULT group default " } else { "group default " });
    }
    match (style.busybox, l.sort) {
        (false, Sort::Dummy) => {}
        (false, Sort::Bridge) | (true, Sort::Dummy | Sort::Bridge | Sort::Ethernet) => {}
        (false, _) | (true, Sort::Loopback) => out.push_str("qlen 1000"),
    }
    if !style.busybox {
        out.truncate(out.trim_end().len());
        if matches!(l.sort, Sort::Dummy | Sort::Bridge) {
            out.push(' ');
        }
    }
    let broadcast = if l.sort == Sort::Loopback { "00:00:00:00:00:00" } else { "ff:ff:ff:ff:ff:ff" };
    let kind = if l.sort == Sort::Loopback { "loopback" } else { "ether" };
    out.push_str(&format!("\n    link/{kind} {} brd {broadcast}", mac_text(l.mac)));
    if l.peer.is_some() && !style.busybox {
        out.push_str(" link-netnsid 0");
    }
    out + "\n"
}

fn of_inet(a: &Inet, l: &Link) -> String {
    let broadcast = a.broadcast.map(|b| format!(" brd {b}")).unwrap_or_default();
    let scope = if l.sort == Sort::Loopback { "host" } else { "global" };
    format!("inet {}/{}{broadcast} scope {scope} {}", a.ip, a.bits, l.name)
}

fn of_inet6(l: &Link) -> Option<String> {
    let (bits, scope) = if l.sort == Sort::Loopback { (128, "host") } else { (64, "link") };
    Some(format!("inet6 {}/{bits} scope {scope} ", l.inet6()?))
}

fn addresses(c: &mut Call<'_, '_>, style: Style, wiring: &Wiring, rest: &[&str]) -> i32 {
    let Some(rest) = shown(rest) else { return changes(c, style, "address", rest) };
    let all = match chosen(c, style, wiring, rest) {
        Ok(all) => all,
        Err(code) => return code,
    };
    for l in all {
        let v4: Vec<String> = l.addresses.iter().filter(|_| !style.v6 || style.v4).map(|a| of_inet(a, l)).collect();
        let v6: Vec<String> = of_inet6(l).filter(|_| !style.v4 || style.v6).into_iter().collect();
        if (style.v4 || style.v6) && v4.is_empty() && v6.is_empty() {
            continue;
        }
        let lines = || v4.iter().chain(&v6);
        if style.brief {
            let word = |t: &String| t.split(' ').nth(1).unwrap_or_default().to_string();
            let words: String = lines().map(|t| word(t) + " ").collect();
            c.line(format!("{:<16} {:<14} {words}", titled(l), state(l)));
        } else if style.one_line {
            for t in lines() {
                let text = format!("{}: {}    {t}\\       valid_lft forever preferred_lft forever", l.index, l.name);
                c.line(text);
            }
        } else {
            let mut text = head(l, style, false);
            if style.v4 || style.v6 {
                // Addresses of one family only: that of the hardware is none of them.
                text.truncate(text.find('\n').map_or(0, |i| i + 1));
            }
            lines().for_each(|t| text.push_str(&format!("    {t}\n       valid_lft forever preferred_lft forever\n")));
            c.out.extend(text.bytes());
        }
    }
    0
}

fn links(c: &mut Call<'_, '_>, style: Style, wiring: &Wiring, rest: &[&str]) -> i32 {
    let Some(rest) = shown(rest) else { return changes(c, style, "link", rest) };
    let all = match chosen(c, style, wiring, rest) {
        Ok(all) => all,
        Err(code) => return code,
    };
    for l in all {
        if style.brief {
            c.line(format!("{:<16} {:<14} {} {} ", titled(l), state(l), mac_text(l.mac), flags(l, style)));
            continue;
        }
        let text = head(l, style, true);
        match style.one_line {
            true => c.line(text.trim_end().replace('\n', "\\")),
            false => c.out.extend(text.bytes()),
        }
    }
    0
}

fn of_route(r: &Route, style: Style) -> String {
    let to = match r.to.bits {
        0 => "default".to_string(),
        32 => r.to.base.to_string(),
        _ => r.to.to_string(),
    };
    let mut out = format!("{to} ");
    if let Some(via) = r.via {
        out.push_str(&format!("via {via} "));
    }
    out.push_str(&format!("dev {} ", r.dev));
    if r.by_kernel && !style.busybox {
        out.push_str("proto kernel ");
    }
    if let Some(scope) = r.scope {
        out.push_str(&format!("scope {scope} "));
    }
    if let Some(source) = r.source {
        out.push_str(&format!("{}src {source} ", if style.busybox { " " } else { "" }));
    }
    out
}

fn routes(c: &mut Call<'_, '_>, style: Style, wiring: &Wiring, rest: &[&str]) -> i32 {
    if rest.first().is_some_and(|w| ["get", "g"].contains(w)) {
        return route_to(c, style, wiring, rest.get(1).copied());
    }
    let Some(rest) = shown(rest) else { return changes(c, style, "route", rest) };
    if style.v6 {
        return 0;
    }
    let (mut dev, mut only) = (None, None);
    let mut words = rest.iter();
    while let Some(w) = words.next() {
        match *w {
            "dev" => dev = words.next(),
            "default" => only = Some(Range { base: Ipv4Addr::UNSPECIFIED, bits: 0 }),
            "table" | "via" => drop(words.next()),
            "to" => {}
            w => match Range::parse(w) {
                Some(r) => only = Some(r),
                None => {
                    c.err.extend(format!("Error: any valid prefix is expected rather than \"{w}\".\n").bytes());
                    return 1;
                }
            },
        }
    }
    let wanted = |r: &&Route| dev.is_none_or(|d| r.dev == **d) && only.is_none_or(|o| r.to == o);
    for r in wiring.routes.iter().filter(wanted) {
        c.line(of_route(r, style));
    }
    0
}

/// `ip route get ADDRESS`
fn route_to(c: &mut Call<'_, '_>, style: Style, wiring: &Wiring, to: Option<&str>) -> i32 {
    let Some(to) = to else {
        c.err.extend(b"need at least a destination address\n");
        return 1;
    };
    let Ok(ip) = to.parse::<Ipv4Addr>() else {
        c.err.extend(format!("Error: any valid prefix is expected rather than \"{to}\".\n").bytes());
        return 1;
    };
    let own = wiring.links.iter().any(|l| l.addresses.iter().any(|a| a.ip == ip)) || ip.is_loopback();
    let (gap, user) = if style.busybox { (" ", "") } else { ("", "uid 0 ") };
    if own {
        c.line(format!("local {ip} dev lo {gap}src {ip} {user}"));
    } else if let Some(r) = wiring.towards(ip) {
        let via = r.via.map(|v| format!("via {v} ")).unwrap_or_default();
        let first = wiring.link(&r.dev).and_then(|l| l.addresses.first()).map(|a| a.ip);
        let source = r.source.or(first).map(|s| format!("{gap}src {s} ")).unwrap_or_default();
        c.line(format!("{ip} {via}dev {} {source}{user}", r.dev));
    } else {
        c.err.extend(b"RTNETLINK answers: Network is unreachable\n");
        return 2;
    }
    if !style.busybox {
        c.line("    cache ");
    }
    0
}

fn neighbours(c: &mut Call<'_, '_>, style: Style, wiring: &Wiring, rest: &[&str]) -> i32 {
    let Some(rest) = shown(rest) else { return changes(c, style, "neighbour", rest) };
    let dev = rest.iter().position(|w| *w == "dev").and_then(|i| rest.get(i + 1));
    for n in wiring.neighbours.iter().filter(|n| !style.v6 && dev.is_none_or(|d| n.dev == **d)) {
        c.line(format!("{} dev {} lladdr {} REACHABLE ", n.ip, n.dev, mac_text(n.mac)));
    }
    0
}
