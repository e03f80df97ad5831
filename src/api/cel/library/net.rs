//! IP addresses and blocks of them.
//! Real Kubernetes: k8s.io/apiserver/pkg/cel/library/{ip,cidr}.go; Go's net/netip.

use std::net::{IpAddr, Ipv6Addr};

use super::super::value::{Error, Evaluated, Value};
use super::Opaque;
use crate::api::go_text::quoted;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cidr {
    pub address: IpAddr,
    pub bits: u8,
}

impl Cidr {
    /// Whether the first `bits` bits of an address are those of the block.
    fn shares(self, address: IpAddr, bits: u8) -> bool {
        match (self.address, address) {
            (IpAddr::V4(a), IpAddr::V4(b)) => {
                (u32::from(a) ^ u32::from(b)).checked_shr(32 - u32::from(bits)).unwrap_or(0) == 0
            }
            (IpAddr::V6(a), IpAddr::V6(b)) => {
                (u128::from(a) ^ u128::from(b)).checked_shr(128 - u32::from(bits)).unwrap_or(0) == 0
            }
            _ => false,
        }
    }

    fn masked(self) -> Cidr {
        let address = match self.address {
            IpAddr::V4(a) => {
                let rest = u32::MAX.checked_shr(self.bits.into()).unwrap_or(0);
                IpAddr::V4((u32::from(a) & !rest).into())
            }
            IpAddr::V6(a) => {
                let rest = u128::MAX.checked_shr(self.bits.into()).unwrap_or(0);
                IpAddr::V6((u128::from(a) & !rest).into())
            }
        };
        Cidr { address, ..self }
    }
}

pub fn ip_text(ip: IpAddr) -> String {
    ip.to_string()
}

pub fn cidr_text(cidr: Cidr) -> String {
    format!("{}/{}", cidr.address, cidr.bits)
}

/// Why netip cannot read an address.
fn refusal(text: &str) -> String {
    let whole = quoted(text);
    let v6 = text.find([':', '.', '%']).map(|i| text.as_bytes()[i]);
    match v6 {
        Some(b':') => format!("ParseAddr({whole}): {}", v6_refusal(text)),
        Some(b'.') => format!("ParseAddr({whole}): {}", v4_refusal(text)),
        Some(_) => format!("ParseAddr({whole}): missing IPv6 address"),
        None => format!("ParseAddr({whole}): unable to parse IP"),
    }
}

fn v4_refusal(text: &str) -> String {
    let fields: Vec<&str> = text.split('.').collect();
    for (i, field) in fields.iter().enumerate() {
        let rest = || quoted(&fields[i..].join("."));
        if let Some(at) = field.find(|c: char| !c.is_ascii_digit()) {
            let tail =
                format!("{}{}", &field[at..], fields[i + 1..].iter().map(|f| format!(".{f}")).collect::<String>());
            return format!("unexpected character (at {})", quoted(&tail));
        }
        if field.is_empty() {
            return format!(
                "IPv4 field must have at least one digit (at {})",
                if i == 0 { quoted(text) } else { quoted(&format!(".{}", fields[i..].join("."))) }
            );
        }
        if field.len() > 1 && field.starts_with('0') {
            let _ = rest;
            return "IPv4 field has octet with leading zero".into();
        }
        if field.parse::<u16>().map_or(true, |n| n > 255) {
            return "IPv4 field has value >255".into();
        }
    }
    if fields.len() < 4 { "IPv4 address too short".into() } else { "IPv4 address too long".into() }
}

fn v6_refusal(text: &str) -> String {
    for group in text.split(':') {
        if let Some(at) = group.find(|c: char| !c.is_ascii_hexdigit() && c != '.') {
            let from = text.find(&group[at..]).unwrap_or(0);
            return format!("each colon-separated field must have at least one digit (at {})", quoted(&text[from..]));
        }
        if group.len() > 4 && !group.contains('.') {
            return format!("each group must have 4 or fewer digits (at {})", quoted(text));
        }
    }
    if text.contains("::") {
        return format!("multiple :: in address (at {})", quoted(text));
    }
    "address string too short".into()
}

fn read(text: &str) -> Result<IpAddr, String> {
    let zone = text.split_once('%').filter(|(a, zone)| a.parse::<Ipv6Addr>().is_ok() && !zone.is_empty());
    if zone.is_some() {
        return Err(format!("IP address {} with zone value is not allowed", quoted(text)));
    }
    match text.parse::<IpAddr>() {
        Ok(IpAddr::V6(ip)) if ip.to_ipv4_mapped().is_some() => {
            Err(format!("IPv4-mapped IPv6 address {} is not allowed", quoted(text)))
        }
        Ok(ip) => Ok(ip),
        Err(_) => {
            let why = refusal(text);
            Err(format!("IP Address {} parse error during conversion from string: {why}", quoted(text)))
        }
    }
}

fn read_cidr(text: &str) -> Result<Cidr, String> {
    let failed = |why: String| {
        let why = format!("netip.ParsePrefix({}): {why}", quoted(text));
        format!("network address parse error during conversion from string: {why}")
    };
    let Some((address, bits)) = text.rsplit_once('/') else { return Err(failed("no '/'".into())) };
    if address.contains('%') {
        return Err(failed("IPv6 zones cannot be present in a prefix".into()));
    }
    let ip: IpAddr = address.parse().map_err(|_| failed(refusal(address)))?;
    if bits.len() > 1 && !bits.starts_with(|c: char| ('1'..='9').contains(&c)) {
        return Err(failed(format!("bad bits after slash: {}", quoted(bits))));
    }
    let number: u16 = match bits.parse() {
        Ok(n) if !bits.starts_with('+') => n,
        _ => return Err(failed(format!("bad bits after slash: {}", quoted(bits)))),
    };
    let most = if ip.is_ipv4() { 32 } else { 128 };
    if number > most {
        return Err(failed("prefix length out of range".into()));
    }
    if matches!(ip, IpAddr::V6(ip) if ip.to_ipv4_mapped().is_some()) {
        return Err(format!("IPv4-mapped IPv6 address {} is not allowed", quoted(text)));
    }
    Ok(Cidr { address: ip, bits: u8::try_from(number).unwrap_or(128) })
}

fn to_cidr(text: &str) -> Result<Cidr, Error> {
    read_cidr(text)
        .map_err(|why| Error::new(format!("network address parse error during conversion from string: {why}")))
}

fn global_unicast(ip: IpAddr) -> bool {
    let broadcast = matches!(ip, IpAddr::V4(v4) if v4.is_broadcast());
    !ip.is_unspecified() && !broadcast && !ip.is_loopback() && !ip.is_multicast() && !link_local(ip)
}

fn link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.segments()[0] & 0xffc0 == 0xfe80,
    }
}

fn link_local_multicast(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.octets()[..3] == [224, 0, 0],
        IpAddr::V6(ip) => ip.segments()[0] & 0xff0f == 0xff02,
    }
}

pub fn call(function: &str, args: &[Value]) -> Evaluated {
    match args {
        [Value::String(s)] => of_text(function, s),
        [Value::Opaque(o)] => match &**o {
            Opaque::Ip(ip) => of_ip(function, *ip),
            Opaque::Cidr(c) => of_cidr(function, *c),
            _ => Err(Error::no_such_overload()),
        },
        [Value::Opaque(o), other] => match &**o {
            Opaque::Cidr(c) => contains(function, *c, other),
            _ => Err(Error::no_such_overload()),
        },
        _ => Err(Error::no_such_overload()),
    }
}

fn of_text(function: &str, s: &str) -> Evaluated {
    Ok(match function {
        "ip" => Value::opaque(Opaque::Ip(read(s).map_err(Error::new)?)),
        "isIP" => Value::Bool(read(s).is_ok()),
        "ip.isCanonical" => Value::Bool(read(s).map_err(Error::new)?.to_string() == s),
        "cidr" => Value::opaque(Opaque::Cidr(to_cidr(s)?)),
        "isCIDR" => Value::Bool(read_cidr(s).is_ok()),
        _ => return Err(Error::no_such_overload()),
    })
}

fn of_ip(function: &str, ip: IpAddr) -> Evaluated {
    Ok(Value::Bool(match function {
        "family" => return Ok(Value::Int(if ip.is_ipv4() { 4 } else { 6 })),
        "isUnspecified" => ip.is_unspecified(),
        "isLoopback" => ip.is_loopback(),
        "isLinkLocalMulticast" => link_local_multicast(ip),
        "isLinkLocalUnicast" => link_local(ip),
        "isGlobalUnicast" => global_unicast(ip),
        _ => return Err(Error::no_such_overload()),
    }))
}

fn of_cidr(function: &str, c: Cidr) -> Evaluated {
    Ok(match function {
        "ip" => Value::opaque(Opaque::Ip(c.address)),
        "masked" => Value::opaque(Opaque::Cidr(c.masked())),
        "prefixLength" => Value::Int(c.bits.into()),
        _ => return Err(Error::no_such_overload()),
    })
}

fn contains(function: &str, c: Cidr, other: &Value) -> Evaluated {
    let inner = match (function, other) {
        ("containsIP", Value::String(s)) => Opaque::Ip(read(s).map_err(|_| Error::no_such_overload())?),
        ("containsCIDR", Value::String(s)) => Opaque::Cidr(to_cidr(s)?),
        (_, Value::Opaque(o)) => (**o).clone(),
        _ => return Err(Error::no_such_overload()),
    };
    Ok(Value::Bool(match (function, inner) {
        ("containsIP", Opaque::Ip(ip)) => c.shares(ip, c.bits),
        ("containsCIDR", Opaque::Cidr(d)) => c.bits <= d.bits && c.shares(d.address, c.bits),
        _ => return Err(Error::no_such_overload()),
    }))
}
