//! The format of `dump.rdb`: all keys and what they hold, in bytes.
//! The plain encodings of it only, which every Redis reads.

use super::commands::{at_ms, milliseconds};
use super::keyspace::Database;
use super::value::{End, Hash, List, Set, Sorted, Text, Typed, Value};
use super::version::Version;
use crate::api::Time;

const AUX: u8 = 0xfa;
const SIZES: u8 = 0xfb;
const EXPIRES_MS: u8 = 0xfc;
const DATABASE: u8 = 0xfe;
const END: u8 = 0xff;

const TEXT: u8 = 0;
const LIST: u8 = 1;
const SET: u8 = 2;
const HASH: u8 = 4;
const SORTED: u8 = 5;

/// The version of the format that a Redis writes.
fn format(v: &Version) -> u32 {
    match () {
        () if v.is_at_least(7, 4) => 12,
        () if v.is_at_least(7, 2) => 11,
        () if v.is_at_least(7, 0) => 10,
        () if v.is_at_least(5, 0) => 9,
        () => 8,
    }
}

/// What is written into the file beside the data.
pub struct About<'a> {
    pub version: &'a Version,
    pub now: Time,
    pub used_memory: usize,
    /// Whether changes follow in another file.
    pub base: bool,
}

pub fn write(databases: &[Database], about: &About<'_>) -> Vec<u8> {
    let mut out = format!("REDIS{:04}", format(about.version)).into_bytes();
    let seconds = about.now.unix_seconds_and_nanos().0;
    for (name, value) in [
        ("redis-ver", about.version.text.clone()),
        ("redis-bits", "64".into()),
        ("ctime", seconds.to_string()),
        ("used-mem", about.used_memory.to_string()),
        ("aof-base", i32::from(about.base).to_string()),
    ] {
        out.push(AUX);
        put_text(&mut out, name.as_bytes());
        put_text(&mut out, value.as_bytes());
    }
    for (i, db) in databases.iter().enumerate().filter(|(_, d)| !d.is_empty()) {
        out.push(DATABASE);
        put_length(&mut out, i);
        out.push(SIZES);
        put_length(&mut out, db.len());
        put_length(&mut out, db.expiring());
        for (key, e) in db.entries() {
            if let Some(at) = e.expires {
                out.push(EXPIRES_MS);
                out.extend(milliseconds(at).to_le_bytes());
            }
            put_value(&mut out, key, &e.value);
        }
    }
    out.push(END);
    let sum = checksum(&out);
    out.extend(sum.to_le_bytes());
    out
}

fn put_value(out: &mut Vec<u8>, key: &[u8], value: &Value) {
    let kind = match value {
        Value::Text(_) => TEXT,
        Value::List(_) => LIST,
        Value::Set(_) => SET,
        Value::Hash(_) => HASH,
        Value::Sorted(_) => SORTED,
    };
    out.push(kind);
    put_text(out, key);
    match value {
        Value::Text(t) => put_text(out, t),
        Value::List(l) => {
            put_length(out, l.items().len());
            l.items().iter().for_each(|i| put_text(out, i));
        }
        Value::Set(s) => {
            put_length(out, s.len());
            s.members().iter().for_each(|m| put_text(out, m));
        }
        Value::Hash(h) => {
            put_length(out, h.len());
            for (k, v) in h.all() {
                put_text(out, &k);
                put_text(out, &v);
            }
        }
        Value::Sorted(z) => {
            put_length(out, z.len());
            for (m, s) in z.ranked() {
                put_text(out, &m);
                out.extend(s.to_le_bytes());
            }
        }
    }
}

fn put_text(out: &mut Vec<u8>, text: &[u8]) {
    put_length(out, text.len());
    out.extend_from_slice(text);
}

/// In one byte, two, or five.
fn put_length(out: &mut Vec<u8>, n: usize) {
    match u32::try_from(n).unwrap_or(u32::MAX) {
        n @ 0..=0x3f => out.extend(n.to_le_bytes().first()),
        n @ 0x40..=0x3fff => out.extend(&(n | 0x4000).to_be_bytes()[2..]),
        n => {
            out.push(0x80);
            out.extend(n.to_be_bytes());
        }
    }
}

/// What a file held.
#[derive(Default)]
pub struct Loaded {
    pub databases: Vec<Database>,
    /// Which Redis wrote it, when, and how much memory it had in use.
    pub version: String,
    pub written: i64,
    pub used_memory: usize,
    pub keys: usize,
    pub expired: usize,
    /// Where it ends.
    pub length: usize,
}

/// Reads a file. The error is what is said of one that is none.
pub fn read(bytes: &[u8], databases: usize, now: Time) -> Result<Loaded, String> {
    let head = bytes.get(..9).ok_or("Short read or OOM loading DB. Unrecoverable error, aborting now.")?;
    let format = head.strip_prefix(b"REDIS").ok_or("Wrong signature trying to load DB from file")?;
    let known = std::str::from_utf8(format).ok().and_then(|f| f.parse::<u32>().ok()).filter(|f| (1..=12).contains(f));
    if known.is_none() {
        return Err(format!("Can't handle RDB format version {}", String::from_utf8_lossy(format)));
    }
    let mut r = Reader { bytes, at: 9 };
    let loaded = r.all(databases, now).ok_or("Short read or OOM loading DB. Unrecoverable error, aborting now.")?;
    let sum = bytes.get(r.at..r.at + 8).ok_or("Short read or OOM loading DB. Unrecoverable error, aborting now.")?;
    let own = checksum(&bytes[..r.at]).to_le_bytes();
    if sum != [0; 8] && sum != own {
        return Err("Wrong RDB checksum expected: aborting now.".into());
    }
    Ok(Loaded { length: r.at + 8, ..loaded })
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn take(&mut self, n: usize) -> Option<&[u8]> {
        let part = self.bytes.get(self.at..self.at.checked_add(n)?)?;
        self.at += n;
        Some(part)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn eight(&mut self) -> Option<[u8; 8]> {
        self.take(8)?.try_into().ok()
    }

    fn length(&mut self) -> Option<usize> {
        let first = self.byte()?;
        match first >> 6 {
            0 => Some(usize::from(first)),
            1 => Some(usize::from(first & 0x3f) << 8 | usize::from(self.byte()?)),
            _ if first == 0x80 => usize::try_from(u32::from_be_bytes(self.take(4)?.try_into().ok()?)).ok(),
            _ => None,
        }
    }

    /// A text, or a number in one, two or four bytes.
    fn text(&mut self) -> Option<Text> {
        let number = match self.bytes.get(self.at)? {
            0xc0 => i32::from(i8::from_le_bytes([*self.take(2)?.get(1)?])),
            0xc1 => i32::from(i16::from_le_bytes(self.take(3)?[1..].try_into().ok()?)),
            0xc2 => i32::from_le_bytes(self.take(5)?[1..].try_into().ok()?),
            _ => {
                let n = self.length()?;
                return self.take(n).map(Into::into);
            }
        };
        Some(number.to_string().as_bytes().into())
    }

    fn all(&mut self, databases: usize, now: Time) -> Option<Loaded> {
        let mut out = Loaded { databases: vec![Database::default(); databases], ..Loaded::default() };
        let (mut db, mut expires) = (0, None);
        loop {
            match self.byte()? {
                END => return Some(out),
                AUX => {
                    let (name, value) = (self.text()?, self.text()?);
                    let value = String::from_utf8_lossy(&value).to_string();
                    match &*name {
                        b"redis-ver" => out.version = value,
                        b"ctime" => out.written = value.parse().ok()?,
                        b"used-mem" => out.used_memory = value.parse().ok()?,
                        _ => {}
                    }
                }
                DATABASE => db = self.length().filter(|n| *n < databases)?,
                SIZES => {
                    self.length()?;
                    self.length()?;
                }
                EXPIRES_MS => expires = Some(i64::from_le_bytes(self.eight()?)),
                kind => {
                    let key = self.text()?;
                    let value = self.value(kind)?;
                    let at = expires.take().map(|ms| at_ms(ms).unwrap_or(Time::from_nanos(u64::MAX)));
                    if at.is_some_and(|t| t <= now) {
                        out.expired += 1;
                    } else {
                        out.databases[db].put(&key, value, at);
                        out.keys += 1;
                    }
                }
            }
        }
    }

    fn value(&mut self, kind: u8) -> Option<Value> {
        if kind == TEXT {
            return Some(self.text()?.to_vec().wrap());
        }
        let n = self.length()?;
        Some(match kind {
            LIST => {
                let mut l = List::default();
                for _ in 0..n {
                    l.push(End::Right, self.text()?);
                }
                l.wrap()
            }
            SET => {
                let mut s = Set::default();
                for _ in 0..n {
                    s.put(&self.text()?, ());
                }
                s.wrap()
            }
            HASH => {
                let mut h = Hash::default();
                for _ in 0..n {
                    h.put(&self.text()?, self.text()?);
                }
                h.wrap()
            }
            SORTED => {
                let mut z = Sorted::default();
                for _ in 0..n {
                    z.put(&self.text()?, f64::from_le_bytes(self.eight()?));
                }
                z.wrap()
            }
            _ => return None,
        })
    }
}

/// CRC-64 with Jones' polynomial, bits reversed.
fn checksum(bytes: &[u8]) -> u64 {
    const POLYNOMIAL: u64 = 0x95ac_9329_ac4b_c9b5;
    let step = |c: u64| if c & 1 == 1 { c >> 1 ^ POLYNOMIAL } else { c >> 1 };
    bytes.iter().fold(0, |crc, b| (0..8).fold(crc ^ u64::from(*b), |c, _| step(c)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_again() {
        assert_eq!(checksum(b"123456789"), 0xe9c6_d914_c4b8_d9ca);
        let mut db = Database::default();
        let later = Time::ZERO + crate::api::Duration::from_secs(10);
        db.put(&Text::from(*b"text"), vec![b'x'; 70_000].wrap(), Some(later));
        let mut list = List::default();
        (0..100).for_each(|i| list.push(End::Right, i.to_string().as_bytes().into()));
        db.put(&Text::from(*b"list"), list.wrap(), None);
        let mut z = Sorted::default();
        z.put(&Text::from(*b"a"), 1.5);
        db.put(&Text::from(*b"z"), z.wrap(), None);
        let version = Version::parse("7.4.6");
        let about = About { version: &version, now: Time::ZERO, used_memory: 5, base: false };
        let bytes = write(&[Database::default(), db.clone()], &about);
        assert!(bytes.starts_with(b"REDIS0012"));
        let loaded =
            read(&bytes, 16, Time::ZERO).map(|l| (l.keys, l.expired, l.databases[1].bytes(), l.version, l.length));
        assert_eq!(loaded, Ok((3, 0, db.bytes(), "7.4.6".into(), bytes.len())));
        assert_eq!(read(&bytes, 16, later).map(|l| (l.keys, l.expired)), Ok((2, 1)));
        for n in 0..bytes.len().min(300) {
            assert!(read(&bytes[..n], 16, Time::ZERO).is_err(), "{n}");
        }
        assert_eq!(
            read(b"nonsense!", 16, Time::ZERO).err().as_deref(),
            Some("Wrong signature trying to load DB from file")
        );
    }
}
