//! IP addresses and blocks of them (CIDRs): how they are read, and what Kubernetes says of unusual spellings.
//!
//! Real Kubernetes: `k8s.io/apimachinery/pkg/util/validation/ip.go` (with StrictIPCIDRValidation, on since v1.36) and
//! `k8s.io/utils/net`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::field::{FieldErrors, Path};

const NO_ADDRESS: &str = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
const NO_BLOCK: &str = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";

/// Reads an address as Kubernetes always has: zeros in front of a number do not matter, and an IPv6 address that stands
/// for one of IPv4 (`::ffff:1.2.3.4`) is that one.
pub fn parse(text: &str) -> Option<IpAddr> {
    match text.bytes().find(|b| matches!(b, b'.' | b':'))? {
        b'.' => parse_v4(text).map(IpAddr::V4),
        _ => parse_v6(text).map(unmapped),
    }
}

fn unmapped(ip: Ipv6Addr) -> IpAddr {
    ip.to_ipv4_mapped().map_or(IpAddr::V6(ip), IpAddr::V4)
}

fn parse_v4(text: &str) -> Option<Ipv4Addr> {
    let mut octets = [0; 4];
    let mut parts = text.split('.');
    for octet in &mut octets {
        *octet = digits(parts.next()?)?.parse().ok()?;
    }
    parts.next().is_none().then(|| octets.into())
}

fn parse_v6(text: &str) -> Option<Ipv6Addr> {
    let mut parts: Vec<String> = vec![];
    for part in text.split(':') {
        parts.push(match part {
            "" => String::new(),
            p if p.contains('.') => parse_v4(p)?.to_string(),
            p => without_zeros(p).into(),
        });
    }
    parts.join(":").parse().ok()
}

/// Decimal digits, without the zeros in front.
fn digits(text: &str) -> Option<&str> {
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then(|| without_zeros(text))
}

fn without_zeros(number: &str) -> &str {
    match number.trim_start_matches('0') {
        "" if !number.is_empty() => "0",
        rest => rest,
    }
}

/// A block of addresses, as its text has it: the address may lie anywhere in the block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Block {
    address: IpAddr,
    /// How many bits, from the left, all addresses of the block share.
    pub bits: u8,
}

impl Block {
    pub fn parse(text: &str) -> Option<Block> {
        let (address, bits) = text.split_once('/')?;
        let address = parse_v4(address).map(IpAddr::V4).or_else(|| parse_v6(address).map(IpAddr::V6))?;
        let bits: u8 = digits(bits)?.parse().ok()?;
        (bits <= if address.is_ipv4() { 32 } else { 128 }).then_some(Block { address, bits })
    }

    /// The first address of the block.
    pub fn network(self) -> IpAddr {
        match self.address {
            IpAddr::V4(ip) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.bits)).unwrap_or(0);
                IpAddr::V4((u32::from(ip) & mask).into())
            }
            IpAddr::V6(ip) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.bits)).unwrap_or(0);
                IpAddr::V6((u128::from(ip) & mask).into())
            }
        }
    }

    pub fn is_ipv4(self) -> bool {
        match self.network() {
            IpAddr::V4(_) => true,
            IpAddr::V6(ip) => unmapped(ip).is_ipv4(),
        }
    }

    /// Whether all addresses of `other` are in this block, and some of this block are not in `other`.
    pub fn strictly_contains(self, other: Block) -> bool {
        let around = Block { address: other.network(), bits: self.bits };
        self.is_ipv4() == other.is_ipv4() && self.bits < other.bits && around.network() == self.network()
    }
}

impl std::fmt::Display for Block {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.network(), self.bits)
    }
}

/// What is wrong with the spelling of an address; nothing if it is only not the canonical one.
fn faults(text: &str) -> Vec<&'static str> {
    if parse(text).is_none() {
        return vec![NO_ADDRESS];
    }
    match text.parse() {
        Err(_) => vec!["must not have leading 0s"],
        Ok(IpAddr::V6(ip)) if ip.to_ipv4_mapped().is_some() => vec!["must not be an IPv4-mapped IPv6 address"],
        Ok(_) => vec![],
    }
}

/// What is wrong with an address that has to be spelled canonically, in a field that is younger than that wish.
pub fn canonical_faults(text: &str) -> Vec<String> {
    let found = faults(text);
    match parse(text) {
        Some(ip) if found.is_empty() && ip.to_string() != text => {
            vec![format!("must be in canonical form (\"{ip}\")")]
        }
        _ => found.into_iter().map(Into::into).collect(),
    }
}

/// An address in a field that takes any spelling that means the same to everybody.
pub fn validate(text: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    for why in faults(text) {
        errors.invalid(at, text, why);
    }
}

fn block_fault(text: &str) -> Option<&'static str> {
    let Some(block) = Block::parse(text) else { return Some(NO_BLOCK) };
    let (address, bits) = text.split_once('/').unwrap_or((text, ""));
    if address.parse::<IpAddr>().is_err() || without_zeros(bits) != bits {
        return Some("must not have leading 0s in IP or prefix length");
    }
    match block.address {
        IpAddr::V6(ip) if ip.to_ipv4_mapped().is_some() => Some("must not have an IPv4-mapped IPv6 address"),
        ip if ip != block.network() => Some("must not have bits set beyond the prefix length"),
        _ => None,
    }
}

/// A block in a field that takes any spelling that means the same to everybody.
pub fn validate_block(text: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    if let Some(why) = block_fault(text) {
        errors.invalid(at, text, why);
    }
}

/// A block that has to be spelled canonically.
pub fn validate_canonical_block(text: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    match (block_fault(text), Block::parse(text)) {
        (Some(why), _) => errors.invalid(at, text, why),
        (None, Some(block)) if block.to_string() != text => {
            errors.invalid(at, text, format!("must be in canonical form (\"{block}\")"));
        }
        _ => {}
    }
}

/// Addresses that mean something else everywhere: they lead to no pod and to no Service.
/// Real Kubernetes: pkg/apis/core/validation ValidateEndpointIP.
pub fn validate_endpoint(text: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    let Some(ip) = parse(text) else {
        errors.invalid(at, text, "must be a valid IP address");
        return;
    };
    let (link_local, link_local_multicast) = match ip {
        IpAddr::V4(v4) => (v4.is_link_local(), v4.octets()[..3] == [224, 0, 0]),
        IpAddr::V6(v6) => (v6.is_unicast_link_local(), v6.segments()[0] & 0xff0f == 0xff02),
    };
    for (hit, why) in [
        (ip.is_unspecified(), format!("may not be unspecified ({text})")),
        (ip.is_loopback(), "may not be in the loopback range (127.0.0.0/8, ::1/128)".into()),
        (link_local, "may not be in the link-local range (169.254.0.0/16, fe80::/10)".into()),
        (link_local_multicast, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)".into()),
    ] {
        if hit {
            errors.invalid(at, text, why);
        }
    }
}

/// What to tell of an address that is accepted. (Real Kubernetes also warns of spellings that it no longer accepts; only
/// objects older than that rule can have those.)
pub fn warning(text: &str, at: &Path<'_>) -> Option<String> {
    let ip = text.parse::<Ipv6Addr>().ok()?.to_string();
    (ip != text).then(|| format!("{at}: IPv6 address {text:?} should be in RFC 5952 canonical format ({ip:?})"))
}

/// The same for the addresses of a load balancer's status.
pub fn balancer_warnings<'a>(ips: impl Iterator<Item = Option<&'a str>>) -> Vec<String> {
    let status = Path::new("status");
    let balancer = status.child("loadBalancer");
    let at = balancer.child("ingress");
    ips.enumerate().filter_map(|(i, ip)| warning(ip?, &at.index(i))).collect()
}

/// The same for a block.
pub fn block_warning(text: &str, at: &Path<'_>) -> Option<String> {
    let block = Block::parse(text).filter(|b| !b.is_ipv4())?.to_string();
    (block != text)
        .then(|| format!("{at}: IPv6 CIDR value {text:?} should be in RFC 5952 canonical format ({block:?})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_leniently_and_judged_strictly() {
        for (text, reads, why) in [
            ("10.0.0.1", Some("10.0.0.1"), None),
            ("010.0.0.01", Some("10.0.0.1"), Some("must not have leading 0s")),
            ("::ffff:1.2.3.4", Some("1.2.3.4"), Some("must not be an IPv4-mapped IPv6 address")),
            ("FE80::1", Some("fe80::1"), None),
            ("00001::1", Some("1::1"), Some("must not have leading 0s")),
            ("1.2.3", None, Some(NO_ADDRESS)),
            ("1.2.3.4.5", None, Some(NO_ADDRESS)),
            ("1.2.3.+4", None, Some(NO_ADDRESS)),
            ("", None, Some(NO_ADDRESS)),
            ("::1::", None, Some(NO_ADDRESS)),
            ("256.1.1.1", None, Some(NO_ADDRESS)),
        ] {
            assert_eq!(parse(text).map(|ip| ip.to_string()).as_deref(), reads, "{text}");
            assert_eq!(faults(text).first().copied(), why, "{text}");
        }
    }

    #[test]
    fn blocks_are_read_leniently_and_judged_strictly() {
        for (text, reads, why) in [
            ("10.0.0.0/8", Some("10.0.0.0/8"), None),
            ("0.0.0.0/0", Some("0.0.0.0/0"), None),
            ("::/0", Some("::/0"), None),
            ("10.0.0.1/8", Some("10.0.0.0/8"), Some("must not have bits set beyond the prefix length")),
            ("10.0.0.0/08", Some("10.0.0.0/8"), Some("must not have leading 0s in IP or prefix length")),
            ("2001:DB8::/32", Some("2001:db8::/32"), None),
            ("10.0.0.0/33", None, Some(NO_BLOCK)),
            ("10.0.0.0", None, Some(NO_BLOCK)),
            ("10.0.0.0/x", None, Some(NO_BLOCK)),
            ("/8", None, Some(NO_BLOCK)),
        ] {
            assert_eq!(Block::parse(text).map(|b| b.to_string()).as_deref(), reads, "{text}");
            assert_eq!(block_fault(text), why, "{text}");
        }
        let block = |t: &str| Block::parse(t).expect("a block");
        assert!(block("10.0.0.0/8").strictly_contains(block("10.1.0.0/16")));
        assert!(!block("10.0.0.0/8").strictly_contains(block("10.0.0.0/8")));
        assert!(!block("10.0.0.0/8").strictly_contains(block("11.0.0.0/16")));
        assert!(block("0.0.0.0/0").strictly_contains(block("11.0.0.0/16")));
        assert!(!block("0.0.0.0/0").strictly_contains(block("::/16")));
    }
}
