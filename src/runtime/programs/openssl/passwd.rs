//! `openssl passwd`: passwords as files of users hold them, and `htpasswd`'s.

use md5::{Digest, Md5};

use super::{Done, Failed, input, put, words};
use crate::runtime::kernel::Errno;
use crate::runtime::programs::Call;

const LETTERS: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const ROUNDS: usize = 5_000;

pub fn passwd(c: &mut Call<'_, '_>, name: &str, args: &[String]) -> Done {
    let w = words::parse(name, args, "1 apr1 aixmd5 5 6 stdin quiet noverify table reverse", "salt in")?;
    let mut given: Vec<String> = w.rest.clone();
    if w.has("stdin") || w.has("in") {
        let text = match input(c, w.value("in")) {
            Ok(text) => text,
            Err(Errno::Again) => return Ok(1),
            Err(e) => return Err(super::cannot_open(c, w.value("in").unwrap_or("-"), e, "r")),
        };
        given.extend(String::from_utf8_lossy(&text).lines().map(String::from));
    } else if given.is_empty() {
        // Where nobody sits at a terminal, the password is asked for in vain.
        let text = match input(c, None) {
            Ok(text) => text,
            Err(_) => return Ok(1),
        };
        given.extend(String::from_utf8_lossy(&text).lines().next().map(String::from));
    }
    let kind = w.options.iter().rev().map(|(n, _)| n.as_str()).find(|n| ["1", "apr1", "5", "6"].contains(n));
    let kind = kind.unwrap_or("1");
    let longest = if matches!(kind, "5" | "6") { 16 } else { 8 };
    let mut out = String::new();
    for password in given {
        let salt: String = match w.value("salt") {
            Some(s) => s.chars().take(longest).collect(),
            None => c.sys.noise(longest).iter().map(|b| char::from(LETTERS[usize::from(b & 63)])).collect(),
        };
        let hash = hashed(kind, password.as_bytes(), salt.as_bytes())?;
        let before = if w.has("table") { format!("{password}\t") } else { String::new() };
        out.push_str(&format!("{before}${kind}${salt}${hash}\n"));
    }
    put(c, None, out.as_bytes())?;
    Ok(0)
}

fn hashed(kind: &str, password: &[u8], salt: &[u8]) -> Result<String, Failed> {
    let wrong = |e: sha_crypt::CryptError| Failed::from(format!("{e:?}"));
    match kind {
        "5" => {
            let params = sha_crypt::Sha256Params::new(ROUNDS).map_err(wrong)?;
            sha_crypt::sha256_crypt_b64(password, salt, &params).map_err(wrong)
        }
        "6" => {
            let params = sha_crypt::Sha512Params::new(ROUNDS).map_err(wrong)?;
            sha_crypt::sha512_crypt_b64(password, salt, &params).map_err(wrong)
        }
        kind => Ok(by_md5(kind, password, salt)),
    }
}

/// Poul-Henning Kamp's scheme; Apache's differs in its name alone.
fn by_md5(kind: &str, password: &[u8], salt: &[u8]) -> String {
    let twice = Md5::new().chain_update(password).chain_update(salt).chain_update(password).finalize();
    let mut first = Md5::new().chain_update(password).chain_update(format!("${kind}$")).chain_update(salt);
    for i in 0..password.len() {
        first.update([twice[i % 16]]);
    }
    let mut n = password.len();
    while n > 0 {
        first.update(if n & 1 == 1 { [0] } else { [password[0]] });
        n >>= 1;
    }
    let mut sum = first.finalize();
    for i in 0..1_000 {
        let odd = i % 2 == 1;
        let mut next = Md5::new();
        if odd {
            next.update(password)
        } else {
            next.update(sum)
        }
        if i % 3 != 0 {
            next.update(salt);
        }
        if i % 7 != 0 {
            next.update(password);
        }
        if odd {
            next.update(sum)
        } else {
            next.update(password)
        }
        sum = next.finalize();
    }
    let mut out = String::new();
    let mut letters = |mut n: u32, count: usize| {
        for _ in 0..count {
            out.push(char::from(LETTERS[(n & 63) as usize]));
            n >>= 6;
        }
    };
    for (a, b, c) in [(0, 6, 12), (1, 7, 13), (2, 8, 14), (3, 9, 15), (4, 10, 5)] {
        letters(u32::from(sum[a]) << 16 | u32::from(sum[b]) << 8 | u32::from(sum[c]), 4);
    }
    letters(u32::from(sum[11]), 2);
    out
}
