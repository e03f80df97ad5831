//! TLS without its mathematics: who calls says whom it expects, the server shows who it is, and from then on both speak in the
//! clear, as nobody listens here. What is decided on the way (whether the authority is known, whether the name fits) is decided
//! as OpenSSL does it.

use crate::api::served::Identity;

/// The first bytes of a handshake, of both sides.
const HELLO: [u8; 3] = [0x16, 3, 1];

/// What a client begins with.
pub fn client_hello(name: &str) -> Vec<u8> {
    [&HELLO, name.as_bytes(), b"\n"].concat()
}

/// Takes a client's first words. `None`: they are not whole yet. The error: it does not speak TLS.
pub fn take_client_hello(came: &mut Vec<u8>) -> Option<Result<String, ()>> {
    if !came.is_empty() && came[0] != HELLO[0] {
        return Some(Err(()));
    }
    let end = came.iter().position(|b| *b == b'\n')?;
    let line: Vec<u8> = came.drain(..=end).collect();
    Some(Ok(String::from_utf8_lossy(line.get(HELLO.len()..end).unwrap_or_default()).into_owned()))
}

pub fn server_hello(who: &Identity) -> Vec<u8> {
    let text = serde_json::json!({"authority": who.authority, "names": who.names}).to_string();
    [&HELLO, text.as_bytes(), b"\n"].concat()
}

/// Takes a server's first words.
pub fn take_server_hello(came: &mut Vec<u8>) -> Option<Result<Identity, ()>> {
    match take_client_hello(came)? {
        Ok(text) => {
            let v: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
            let names = v["names"].as_array().into_iter().flatten().filter_map(|n| n.as_str().map(String::from));
            Some(Ok(Identity { authority: v["authority"].as_str().unwrap_or("").into(), names: names.collect() }))
        }
        Err(()) => Some(Err(())),
    }
}

/// Why a server is not believed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Distrust {
    /// Nobody whom one trusts has signed.
    Authority,
    Name,
}

/// Looks at a server's certificate. `trusted`: the certificates of authorities, as PEM.
pub fn verify(who: &Identity, trusted: &str, host: &str) -> Result<(), Distrust> {
    if who.authority.trim().is_empty() || !trusted.contains(who.authority.trim()) {
        return Err(Distrust::Authority);
    }
    if who.names.iter().any(|n| n.eq_ignore_ascii_case(host)) { Ok(()) } else { Err(Distrust::Name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_believed_by_its_authority_and_its_name() {
        let who = Identity { authority: "PEM\n".into(), names: vec!["kubernetes".into(), "10.96.0.1".into()] };
        let mut came = client_hello("kubernetes");
        came.extend(b"GET /");
        assert_eq!(take_client_hello(&mut came), Some(Ok("kubernetes".into())));
        assert_eq!(came, b"GET /");
        let shown = take_server_hello(&mut server_hello(&who)).unwrap().unwrap();
        assert_eq!(shown, who);
        assert_eq!(verify(&shown, "other\nPEM\n", "kubernetes"), Ok(()));
        assert_eq!(verify(&shown, "PEM", "localhost"), Err(Distrust::Name));
        assert_eq!(verify(&shown, "other", "kubernetes"), Err(Distrust::Authority));
    }

    #[test]
    fn who_does_not_speak_it_is_noticed() {
        assert_eq!(take_client_hello(&mut b"GET / HTTP/1.1\r\n".to_vec()), Some(Err(())));
        assert_eq!(take_client_hello(&mut HELLO.to_vec()), None);
        assert_eq!(take_server_hello(&mut b"HTTP/1.1 400".to_vec()), Some(Err(())));
    }
}
