//! URLs as Go's net/url reads them: the parts that are looked at, and why a text is none.
//! Real Kubernetes: Go's net/url/url.go, which the addresses of webhooks and the format `uri` go through.

use std::net::{IpAddr, Ipv6Addr};

/// The parts of a URL that somebody judges.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Url {
    pub scheme: String,
    /// Name and password, as they were written.
    pub user: Option<String>,
    pub host: String,
    pub query: String,
    pub fragment: String,
}

/// Reads any URL. The error is Go's whole message.
pub fn parse(text: &str) -> Result<Url, String> {
    let (before, fragment) = text.split_once('#').unwrap_or((text, ""));
    let mut url = read(before, false).map_err(|why| worded(before, &why))?;
    unescape(fragment, Place::Elsewhere).map_err(|why| worded(text, &why))?;
    url.fragment = fragment.into();
    Ok(url)
}

/// Reads what a request may ask for: an absolute URL or path.
pub fn parse_request_uri(text: &str) -> Result<Url, String> {
    read(text, true).map_err(|why| worded(text, &why))
}

/// A key or a value of a query, as it is written into one. Go's QueryEscape.
pub fn query_escape(text: &str) -> String {
    let one = |b: u8| match b {
        b' ' => "+".to_string(),
        b if b.is_ascii_alphanumeric() || b"-_.~".contains(&b) => char::from(b).to_string(),
        b => format!("%{b:02X}"),
    };
    text.bytes().map(one).collect()
}

/// The keys and values of a query; what cannot be read is left out. Go's Query.
pub fn query_pairs(query: &str) -> Vec<(String, String)> {
    let read = |text: &str| {
        let mut out = vec![];
        let mut bytes = text.bytes();
        while let Some(b) = bytes.next() {
            out.push(match b {
                b'+' => b' ',
                b'%' => {
                    let digits = [bytes.next()?, bytes.next()?];
                    u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
                }
                b => b,
            });
        }
        Some(String::from_utf8_lossy(&out).into_owned())
    };
    let pairs = query.split('&').filter(|p| !p.is_empty() && !p.contains(';'));
    pairs.filter_map(|p| p.split_once('=').or(Some((p, "")))).filter_map(|(k, v)| Some((read(k)?, read(v)?))).collect()
}

fn worded(text: &str, why: &str) -> String {
    format!("parse {text:?}: {why}")
}

fn read(text: &str, request: bool) -> Result<Url, String> {
    if text.bytes().any(|b| b < b' ' || b == 0x7f) {
        return Err("net/url: invalid control character in URL".into());
    }
    if text.is_empty() && request {
        return Err("empty url".into());
    }
    if text == "*" {
        return Ok(Url::default());
    }
    let (scheme, rest) = scheme(text)?;
    let mut url = Url { scheme: scheme.to_ascii_lowercase(), ..Url::default() };
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    url.query = query.into();
    if !rest.starts_with('/') {
        if !url.scheme.is_empty() {
            return Ok(url);
        }
        if request {
            return Err("invalid URI for request".into());
        }
        if rest.split('/').next().is_some_and(|segment| segment.contains(':')) {
            return Err("first path segment in URL cannot contain colon".into());
        }
    }
    let mut path = rest;
    let has_authority = !url.scheme.is_empty() || (!request && !rest.starts_with("///"));
    if has_authority && let Some(after) = rest.strip_prefix("//") {
        let end = after.find('/').unwrap_or(after.len());
        path = &after[end..];
        (url.user, url.host) = authority(&url.scheme, &after[..end])?;
    }
    unescape(path, Place::Elsewhere)?;
    Ok(url)
}

/// What stands before the first colon, if that can be a scheme, and what follows.
fn scheme(text: &str) -> Result<(&str, &str), String> {
    for (i, b) in text.bytes().enumerate() {
        match b {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if i > 0 => {}
            b':' if i == 0 => return Err("missing protocol scheme".into()),
            b':' => return Ok((&text[..i], &text[i + 1..])),
            _ => break,
        }
    }
    Ok(("", text))
}

fn authority(scheme: &str, text: &str) -> Result<(Option<String>, String), String> {
    let Some((user, host)) = text.rsplit_once('@') else { return Ok((None, host(scheme, text)?)) };
    let host = self::host(scheme, host)?;
    if !user.chars().all(|c| c.is_ascii_alphanumeric() || "-._:~!$&'()*+,;=%@".contains(c)) {
        return Err("net/url: invalid userinfo".into());
    }
    unescape(user, Place::Elsewhere)?;
    Ok((Some(user.into()), host))
}

fn host(scheme: &str, text: &str) -> Result<String, String> {
    match text.rfind('[') {
        Some(0) => return bracketed(text),
        Some(_) => return Err("invalid IP-literal".into()),
        None => {}
    }
    if let Some(first) = text.find(':') {
        let strict = scheme == "http" || scheme == "https";
        let at = if strict { first } else { text.rfind(':').unwrap_or(first) };
        port(&text[at..])?;
    }
    unescape(text, Place::Host)
}

/// `[::1]:80`
fn bracketed(text: &str) -> Result<String, String> {
    let Some(end) = text.rfind(']') else { return Err("missing ']' in host".into()) };
    port(&text[end + 1..])?;
    let address = unescape(&text[1..end], Place::Host)?;
    let plain = address.split('%').next().unwrap_or("");
    match plain.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => Err("invalid IP-literal".into()),
        Ok(IpAddr::V6(_)) => Ok(text.into()),
        Err(_) => Err(format!("invalid host: ParseAddr({address:?}): {}", no_address(&address))),
    }
}

fn no_address(text: &str) -> &'static str {
    if text.contains(':') && text.parse::<Ipv6Addr>().is_err() {
        "each colon-separated field must have at least one digit"
    } else {
        "unable to parse IP"
    }
}

fn port(text: &str) -> Result<(), String> {
    let fits = text.is_empty() || text.strip_prefix(':').is_some_and(|p| p.bytes().all(|b| b.is_ascii_digit()));
    if fits { Ok(()) } else { Err(format!("invalid port {text:?} after host")) }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Host,
    Elsewhere,
}

fn unescape(text: &str, place: Place) -> Result<String, String> {
    let bytes = text.as_bytes();
    let bad = |from: usize| {
        let part: String = text.get(from..).unwrap_or("").chars().take(3).collect();
        Err(format!("invalid URL escape {part:?}"))
    };
    let mut out = vec![];
    let mut i = 0;
    while let Some(&b) = bytes.get(i) {
        if b == b'%' {
            let digits = text.get(i + 1..i + 3).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
            let Some(value) = digits.and_then(|d| u8::from_str_radix(d, 16).ok()) else { return bad(i) };
            // In a host, only what is no ASCII may be escaped, and the sign of the escape itself.
            if place == Place::Host && value < 0x80 && value != b'%' {
                return bad(i);
            }
            out.push(value);
            i += 3;
            continue;
        }
        let plain = b >= 0x80 || b.is_ascii_alphanumeric() || b"!\"$&'()*+,-.:;<=>[]_~".contains(&b);
        if place == Place::Host && !plain {
            return Err(format!("invalid character {:?} in host name", char::from(b).to_string()));
        }
        out.push(b);
        i += 1;
    }
    Ok(String::from_utf8_lossy(&out).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_as_go_reads_them() {
        let url = parse("https://me:pw@host.example:8443/a/b?x=1#f").expect("url");
        assert_eq!((url.scheme.as_str(), url.host.as_str()), ("https", "host.example:8443"));
        assert_eq!((url.user.as_deref(), url.query.as_str(), url.fragment.as_str()), (Some("me:pw"), "x=1", "f"));
        assert_eq!(parse("host/path").map(|u| u.host), Ok(String::new()));
        assert!(parse_request_uri("/a/b").is_ok());
    }

    #[test]
    fn what_is_no_url_is_told_in_gos_words() {
        for (text, why) in [
            ("1:2", "first path segment in URL cannot contain colon"),
            (":x", "missing protocol scheme"),
            ("https://a:b/", "invalid port \":b\" after host"),
            ("https://a b/", "invalid character \" \" in host name"),
            ("https://a/%zz", "invalid URL escape \"%zz\""),
            ("https://[::1", "missing ']' in host"),
            ("a\nb", "net/url: invalid control character in URL"),
        ] {
            assert_eq!(parse(text), Err(format!("parse {text:?}: {why}")));
        }
        assert_eq!(parse_request_uri("abc"), Err("parse \"abc\": invalid URI for request".into()));
        assert_eq!(parse_request_uri(""), Err("parse \"\": empty url".into()));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused_without_panic(s in r".{0,20}|[a:/@%#?\[\]0]{0,20}") {
            let _ = (parse(&s), parse_request_uri(&s));
        }
    }
}
