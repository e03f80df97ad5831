//! `iptables-save`, `iptables -L` and `-S`, `ipvsadm` and `nft list`: the rules that kube-proxy has written on a node, as each of
//! the programs shows them.

use crate::runtime::kernel::net::MachineId;
use crate::runtime::kernel::{Fd, Program, Read, Step, Sys, Wait};
use crate::runtime::programs::{Printing, Start, flush};

/// What the kernel begins with, and where kube-proxy hooks its own chains in.
const HOOKS: &[(&str, &[&str], &[&str])] = &[
    (
        "filter",
        &["INPUT", "FORWARD", "OUTPUT"],
        &[
            "-A INPUT -m conntrack --ctstate NEW -m comment --comment \"kubernetes externally-visible service portals\" -j KUBE-EXTERNAL-SERVICES",
            "-A FORWARD -m conntrack --ctstate NEW -m comment --comment \"kubernetes service portals\" -j KUBE-SERVICES",
            "-A FORWARD -m conntrack --ctstate NEW -m comment --comment \"kubernetes externally-visible service portals\" -j KUBE-EXTERNAL-SERVICES",
            "-A OUTPUT -m conntrack --ctstate NEW -m comment --comment \"kubernetes service portals\" -j KUBE-SERVICES",
        ],
    ),
    (
        "nat",
        &["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"],
        &[
            "-A PREROUTING -m comment --comment \"kubernetes service portals\" -j KUBE-SERVICES",
            "-A OUTPUT -m comment --comment \"kubernetes service portals\" -j KUBE-SERVICES",
            "-A POSTROUTING -m comment --comment \"kubernetes postrouting rules\" -j KUBE-POSTROUTING",
            "-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN",
            "-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0",
            "-A KUBE-POSTROUTING -m comment --comment \"kubernetes service traffic requiring SNAT\" -j MASQUERADE --random-fully",
        ],
    ),
];
const VERSION: &str = "v1.8.9 (nf_tables)";

/// A table: chains of the kernel's, chains of kube-proxy's, and their rules.
#[derive(Clone, Debug, Default)]
struct Table {
    name: String,
    built_in: Vec<String>,
    chains: Vec<String>,
    rules: Vec<String>,
}

/// `-A KUBE-SERVICES …`: the chain.
fn chain_of(rule: &str) -> &str {
    rule.split(' ').nth(1).unwrap_or_default()
}

fn target_of(rule: &str) -> Option<&str> {
    let at = rule.find(" -j ")?;
    rule[at + 4..].split(' ').next()
}

/// The tables of a node, from what kube-proxy has written.
fn tables(listing: &str) -> Vec<Table> {
    let mut all: Vec<Table> = vec![];
    for (name, built_in, hooks) in HOOKS {
        let mut t = Table {
            name: (*name).into(),
            built_in: built_in.iter().map(|c| (*c).to_string()).collect(),
            ..Table::default()
        };
        let lines = listing.lines().skip_while(|l| *l != format!("*{name}")).skip(1).take_while(|l| *l != "COMMIT");
        let (mut chains, mut rules) = (vec![], vec![]);
        for l in lines {
            match l.strip_prefix(':') {
                Some(chain) => chains.push(chain.split(' ').next().unwrap_or_default().to_string()),
                None => rules.push(l.to_string()),
            }
        }
        if !rules.is_empty() || !chains.is_empty() {
            let own = hooks.iter().map(|r| chain_of(r).to_string()).filter(|c| !t.built_in.contains(c));
            chains.extend(own);
            t.rules.extend(hooks.iter().map(|r| (*r).to_string()));
        }
        chains.sort();
        chains.dedup();
        // Each chain with its rules, in the order of the chains.
        for chain in &chains {
            let its = rules.iter().filter(|r| chain_of(r) == chain).cloned();
            t.rules.extend(its);
        }
        t.chains = chains;
        all.push(t);
    }
    all
}

#[derive(Clone)]
enum Shown {
    Save {
        only: Option<String>,
    },
    /// `-S`
    Rules {
        table: String,
        chain: Option<String>,
    },
    /// `-L`
    List {
        table: String,
        chain: Option<String>,
        numeric: bool,
        lines: bool,
        verbose: bool,
    },
    Ipvs,
    Nft,
}

#[derive(Clone)]
struct Rules {
    shown: Shown,
    fd: Option<Fd>,
    text: Vec<u8>,
    printing: Option<Printing>,
}

/// Pods may not look at rules, unless they live in the node's network.
fn begin(s: &mut Start<'_, '_>, shown: Shown) -> Box<dyn Program> {
    let on_node = match &s.sys.machine.id {
        MachineId::Host(name) => !name.is_empty(),
        MachineId::Pod(_) => s.sys.sockets.fabric.nodes.values().any(|n| Some(n.ip) == s.sys.machine.address),
    };
    if !on_node {
        let (text, code) = match &shown {
            Shown::Ipvs => ("Can't initialize ipvs: Permission denied (you must be root)\n".to_string(), 1),
            Shown::Nft => ("Operation not permitted (you must be root)\n".to_string(), 1),
            Shown::Save { .. } => (
                format!(
                    "iptables-save {VERSION}: Could not fetch rule set generation id: Permission denied (you must be root)\n"
                ),
                4,
            ),
            Shown::Rules { .. } | Shown::List { .. } => (
                format!(
                    "iptables {VERSION}: Could not fetch rule set generation id: Permission denied (you must be root)\n"
                ),
                4,
            ),
        };
        return Box::new(Printing::error(text, code));
    }
    Box::new(Rules { shown, fd: None, text: vec![], printing: None })
}

pub fn save(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    let only = s.words.iter().position(|w| w == "-t").and_then(|i| s.words.get(i + 1)).cloned();
    begin(s, Shown::Save { only })
}

pub fn ipvsadm(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    begin(s, Shown::Ipvs)
}

pub fn nft(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    if s.words.get(1).is_none_or(|w| w != "list") {
        return Box::new(Printing::error("Error: only `nft list` is known here\n", 1));
    }
    begin(s, Shown::Nft)
}

pub fn iptables(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    let (mut table, mut chain, mut command) = ("filter".to_string(), None, None);
    let (mut numeric, mut lines, mut verbose) = (false, false, false);
    let all = s.words.to_vec();
    let mut words = all.iter().skip(1).peekable();
    while let Some(w) = words.next() {
        match w.as_str() {
            "-V" | "--version" => {
                let out = format!("iptables {VERSION}\n").into_bytes();
                return Box::new(Printing { out, err: vec![], code: 0 });
            }
            "-t" | "--table" => table = words.next().cloned().unwrap_or_default(),
            "--line-numbers" | "--line-number" => lines = true,
            "--list" => command = Some('L'),
            "--list-rules" => command = Some('S'),
            "--numeric" => numeric = true,
            "--verbose" => verbose = true,
            "-w" | "--wait" => {}
            w if w.starts_with('-') && !w.starts_with("--") => {
                for l in w.chars().skip(1) {
                    match l {
                        'L' | 'S' => command = Some(l),
                        'n' => numeric = true,
                        'v' => verbose = true,
                        'x' => {}
                        'A' | 'D' | 'I' | 'F' | 'N' | 'X' | 'P' | 'Z' => command = Some('A'),
                        other => {
                            let text = format!(
                                "iptables {VERSION}: unknown option \"-{other}\"\nTry `iptables -h' or 'iptables --help' for more information.\n"
                            );
                            return Box::new(Printing::error(text, 2));
                        }
                    }
                }
            }
            w => chain = Some(w.to_string()),
        }
    }
    let shown = match command {
        Some('L') => Shown::List { table, chain, numeric, lines, verbose },
        Some('S') => Shown::Rules { table, chain },
        Some(_) => {
            return Box::new(Printing::error("iptables: kube-proxy writes the rules here, and nobody else\n", 4));
        }
        None => {
            let text = format!(
                "iptables {VERSION}: no command specified\nTry `iptables -h' or 'iptables --help' for more information.\n"
            );
            return Box::new(Printing::error(text, 2));
        }
    };
    begin(s, shown)
}

/// A rule's words; what stands in quotes is one.
fn words(rule: &str) -> Vec<String> {
    let (mut out, mut word, mut quoted) = (vec![], String::new(), false);
    for c in rule.chars() {
        match c {
            '"' => quoted = !quoted,
            ' ' if !quoted => out.push(std::mem::take(&mut word)),
            c => word.push(c),
        }
    }
    out.push(word);
    out
}

/// A rule as a row of `-L`: its target, protocol, source and destination, and all else.
fn row(rule: &str, numeric: bool) -> [String; 5] {
    let any = if numeric { "0.0.0.0/0" } else { "anywhere" };
    let [mut target, mut protocol, mut source, mut destination] = ["", "all", any, any].map(String::from);
    let (mut more, mut not) = (vec![], false);
    let all = words(rule);
    let mut words = all.iter().skip(2);
    while let Some(w) = words.next() {
        let mut value = || words.next().cloned().unwrap_or_default();
        let turned = if std::mem::take(&mut not) { "!" } else { "" };
        match w.as_str() {
            "!" => not = true,
            "-s" => source = format!("{turned}{}", value().trim_end_matches("/32")),
            "-d" => destination = format!("{turned}{}", value().trim_end_matches("/32")),
            "-p" => protocol = value(),
            "-m" => more.extend((value() == "recent").then(|| "recent:".to_string())),
            "-j" => target = value(),
            "--comment" => more.push(format!("/* {} */", value())),
            "--dport" => {
                let port = value();
                let named =
                    port.parse().ok().filter(|_| !numeric).and_then(|p| super::service_name(p, super::Protocol::Tcp));
                more.push(format!("{protocol} dpt:{}", named.map_or(port, String::from)));
            }
            "--dst-type" => more.push(format!("ADDRTYPE match dst-type {}", value())),
            "--src-type" => more.push(format!("ADDRTYPE match src-type {}", value())),
            "--mode" => more.push(format!("statistic mode {}", value())),
            "--probability" => more.push(format!("probability {}", value())),
            "--to-destination" => more.push(format!("to:{}", value())),
            "--or-mark" => more.push(format!("MARK or {}", value())),
            "--set-xmark" => more.push(format!("MARK xor {}", value().split('/').next().unwrap_or_default())),
            "--mark" => more.push(format!("mark match {turned} {}", value()).replace("  ", " ")),
            "--ctstate" => more.push(format!("ctstate {}", value())),
            "--reject-with" => more.push(format!("reject-with {}", value())),
            "--random-fully" => more.push("random-fully".into()),
            "--rcheck" => more.push("CHECK".into()),
            "--set" => more.push("SET".into()),
            "--seconds" => more.push(format!("seconds: {}", value())),
            "--reap" => more.push("reap".into()),
            "--name" => more.push(format!("name: {}", value())),
            "--rsource" => more.push("side: source".into()),
            "--mask" => more.push(format!("mask: {}", value())),
            _ => {}
        }
    }
    [target, protocol, source, destination, more.join(" ")]
}

impl Shown {
    fn report(&self, text: &str, sys: &Sys<'_>) -> Printing {
        let found = |out: String| Printing { out: out.into_bytes(), err: vec![], code: 0 };
        let no_table = |t: &str| {
            let text = format!(
                "iptables {VERSION}: can't initialize iptables table `{t}': Table does not exist (do you need to insmod?)\nPerhaps iptables or your kernel needs to be upgraded.\n"
            );
            Printing::error(text, 3)
        };
        match self {
            Shown::Ipvs if text.starts_with("IP Virtual Server") => found(text.into()),
            Shown::Ipvs => found(
                "IP Virtual Server version 1.2.1 (size=4096)\nProt LocalAddress:Port Scheduler Flags\n  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n"
                    .into(),
            ),
            Shown::Nft if text.starts_with("table ") => found(text.into()),
            Shown::Nft => found(String::new()),
            Shown::Save { only } => {
                let stamp = crate::runtime::programs::moments::shown(sys.now, "%a %b %e %H:%M:%S %Y");
                let mut out = String::new();
                for t in tables(text).iter().filter(|t| only.as_ref().is_none_or(|o| *o == t.name)) {
                    out.push_str(&format!("# Generated by iptables-save {VERSION} on {stamp}\n*{}\n", t.name));
                    t.built_in.iter().for_each(|c| out.push_str(&format!(":{c} ACCEPT [0:0]\n")));
                    t.chains.iter().for_each(|c| out.push_str(&format!(":{c} - [0:0]\n")));
                    t.rules.iter().for_each(|r| out.push_str(&format!("{r}\n")));
                    out.push_str(&format!("COMMIT\n# Completed on {stamp}\n"));
                }
                found(out)
            }
            Shown::Rules { table, chain } => {
                let Some(t) = tables(text).into_iter().find(|t| t.name == *table) else { return no_table(table) };
                let wanted = |c: &str| chain.as_ref().is_none_or(|w| w == c);
                if !t.built_in.iter().chain(&t.chains).any(|c| wanted(c)) {
                    return no_chain();
                }
                let mut out = String::new();
                t.built_in.iter().filter(|c| wanted(c)).for_each(|c| out.push_str(&format!("-P {c} ACCEPT\n")));
                t.chains.iter().filter(|c| wanted(c)).for_each(|c| out.push_str(&format!("-N {c}\n")));
                t.rules.iter().filter(|r| wanted(chain_of(r))).for_each(|r| out.push_str(&format!("{r}\n")));
                found(out)
            }
            Shown::List { table, chain, numeric, lines, verbose } => {
                let Some(t) = tables(text).into_iter().find(|t| t.name == *table) else { return no_table(table) };
                let mut parts = vec![];
                for c in t.built_in.iter().chain(&t.chains).filter(|c| chain.as_ref().is_none_or(|w| w == *c)) {
                    parts.push(listed(&t, c, *numeric, *lines, *verbose));
                }
                if parts.is_empty() { no_chain() } else { found(parts.join("\n")) }
            }
        }
    }
}

fn no_chain() -> Printing {
    Printing::error("iptables: No chain/target/match by that name.\n", 1)
}

/// A chain as `-L` shows it.
fn listed(t: &Table, chain: &str, numeric: bool, lines: bool, verbose: bool) -> String {
    let mut out = match (t.built_in.iter().any(|c| c == chain), verbose) {
        (true, false) => format!("Chain {chain} (policy ACCEPT)\n"),
        (true, true) => format!("Chain {chain} (policy ACCEPT 0 packets, 0 bytes)\n"),
        _ => {
            let references = t.rules.iter().filter(|r| target_of(r) == Some(chain)).count();
            format!("Chain {chain} ({references} references)\n")
        }
    };
    let number = |text: &str| if lines { format!("{text:<4} ") } else { String::new() };
    out.push_str(&number("num"));
    out.push_str(match verbose {
        true => " pkts bytes target     prot opt in     out     source               destination         \n",
        false => "target     prot opt source               destination         \n",
    });
    for (i, rule) in t.rules.iter().filter(|r| chain_of(r) == chain).enumerate() {
        let [target, protocol, source, destination, more] = row(rule, numeric);
        let head = match verbose {
            true => format!("    0     0 {target:<10} {protocol:<4} --  *      *       "),
            false => format!("{target:<10} {protocol:<4} --  "),
        };
        out.push_str(&format!("{}{head}{source:<20} {destination:<20} {more}\n", number(&(i + 1).to_string())));
    }
    out
}

impl Program for Rules {
    fn run(&mut self, sys: &mut Sys<'_>) -> Step {
        while self.printing.is_none() {
            let fd = match self.fd {
                Some(fd) => fd,
                None => *self.fd.insert(sys.ask_rules()),
            };
            match sys.read(fd, 65_536) {
                Ok(Read::Data(d)) => self.text.extend(d),
                Ok(Read::Empty) => return Step::Wait(Wait::readable(fd)),
                Ok(Read::End) | Err(_) => {
                    let text = String::from_utf8_lossy(&self.text).to_string();
                    self.printing = Some(self.shown.report(&text, sys));
                }
            }
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

    #[test]
    fn a_rule_becomes_a_row() {
        let rule = "-A KUBE-SERVICES -d 10.96.0.1/32 -p tcp -m comment --comment \"default/kubernetes:https cluster IP\" -m tcp --dport 443 -j KUBE-SVC-NPX46M4PTMTKRN6Y";
        let listing = format!("*nat\n:KUBE-SERVICES - [0:0]\n{rule}\nCOMMIT\n");
        let t = tables(&listing).pop().unwrap();
        assert_eq!(
            super::listed(&t, "KUBE-SERVICES", true, false, false),
            "Chain KUBE-SERVICES (2 references)\ntarget     prot opt source               destination         \nKUBE-SVC-NPX46M4PTMTKRN6Y tcp  --  0.0.0.0/0            10.96.0.1            /* default/kubernetes:https cluster IP */ tcp dpt:443\n"
        );
    }
}
