//! Programs that talk over the network: `curl`, `wget`, `nslookup`, `nc`, `telnet`, `ping`, `traceroute`, and the cluster's DNS
//! server; and those that look at it: `ip`, `ifconfig`, `route`, `arp`, `netstat`, `ss`.
//!
//! [`resolver`] asks for names as the C library does, [`http`] holds a request and what comes back; both are data that goes on when something
//! comes, [`links`] what a machine's interfaces and routes are.

pub mod bind;
pub mod curl;
mod forwarder;
pub mod getent;
pub mod http;
pub mod ifconfig;
pub mod ip;
pub mod iptables;
mod links;
pub mod name_server;
pub mod netcat;
pub mod nslookup;
pub mod old_nslookup;
mod passing;
pub mod ping;
mod resolver;
pub mod sockets;
pub mod traceroute;
pub mod wget;

pub use forwarder::{Forwarder, Ports};
pub use passing::Passing;
pub use resolver::{Looked, Lookup};

use crate::api::network::Protocol;
use crate::runtime::kernel::Sys;
use crate::runtime::kernel::net::MachineId;
use crate::runtime::programs::{Tools, tools};

/// Ports that have names.
const SERVICES: &[(u16, &str)] = &[
    (21, "ftp"),
    (22, "ssh"),
    (23, "telnet"),
    (25, "smtp"),
    (53, "domain"),
    (80, "http"),
    (110, "pop3"),
    (123, "ntp"),
    (143, "imap2"),
    (389, "ldap"),
    (443, "https"),
    (514, "shell"),
    (636, "ldaps"),
    (873, "rsync"),
    (993, "imaps"),
    (995, "pop3s"),
    (3306, "mysql"),
    (5432, "postgresql"),
    (5672, "amqp"),
    (6379, "redis"),
    (8080, "http-alt"),
    (11211, "memcached"),
    (27017, "mongodb"),
];

/// As `/etc/services` calls a port.
fn service_name(port: u16, protocol: Protocol) -> Option<&'static str> {
    let found = SERVICES.iter().find(|(n, _)| *n == port).map(|(_, name)| *name);
    found.filter(|_| protocol == Protocol::Tcp || [53, 123].contains(&port))
}

/// How the C library puts it that a name was not found.
fn why_unknown(looked: &Looked, sys: &Sys<'_>) -> &'static str {
    let glibc = tools(sys) == Tools::Debian || matches!(sys.machine.id, MachineId::Host(_));
    match (looked, glibc) {
        (Looked::TryAgain, true) => "Temporary failure in name resolution",
        (_, true) => "Name or service not known",
        (Looked::TryAgain, false) => "Try again",
        (_, false) => "Name does not resolve",
    }
}

/// `10.96.0.5` as a name to ask for.
fn reversed(ip: std::net::Ipv4Addr) -> String {
    let [a, b, c, d] = ip.octets();
    format!("{d}.{c}.{b}.{a}.in-addr.arpa")
}
