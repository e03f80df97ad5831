//! Programs that talk over the network: `curl`, `wget`, `nslookup`, `nc`, `telnet`, and the cluster's DNS server.
//!
//! [`resolver`] asks for names as the C library does, [`http`] holds a request and what comes back; both are data that goes on when something
//! comes.

pub mod bind;
pub mod curl;
mod forwarder;
pub mod http;
pub mod name_server;
pub mod netcat;
pub mod nslookup;
mod passing;
mod resolver;
pub mod wget;

pub use forwarder::{Forwarder, Ports};
pub use passing::Passing;
pub use resolver::{Looked, Lookup};

/// `10.96.0.5` as a name to ask for.
fn reversed(ip: std::net::Ipv4Addr) -> String {
    let [a, b, c, d] = ip.octets();
    format!("{d}.{c}.{b}.{a}.in-addr.arpa")
}
