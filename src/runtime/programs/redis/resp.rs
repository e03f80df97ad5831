//! RESP, the protocol of Redis: requests as arrays of strings or as lines that somebody types, and replies.

use super::value::Text;
use super::words;

/// What a request may hold at most.
const MOST_WORDS: i64 = 1024 * 1024;
const LONGEST_WORD: i64 = 512 << 20;
const LONGEST_LINE: usize = 64 << 10;
/// How deep a reply may be nested.
const DEEPEST: usize = 8;

#[derive(Clone, PartialEq, Debug)]
pub enum Reply {
    /// It is given later, or never.
    Nothing,
    /// As it goes over the line.
    Raw(Vec<u8>),
    Status(String),
    Error(String),
    Int(i64),
    Double(f64),
    Bulk(Text),
    Nil,
    NilArray,
    Array(Vec<Reply>),
    Set(Vec<Reply>),
    Map(Vec<(Reply, Reply)>),
}

impl Reply {
    pub fn ok() -> Reply {
        Reply::Status("OK".into())
    }

    pub fn bulk(text: impl AsRef<[u8]>) -> Reply {
        Reply::Bulk(text.as_ref().into())
    }

    pub fn count(n: usize) -> Reply {
        Reply::Int(i64::try_from(n).unwrap_or(i64::MAX))
    }

    pub fn bool(yes: bool) -> Reply {
        Reply::Int(i64::from(yes))
    }

    pub fn bulks<'a>(texts: impl IntoIterator<Item = &'a Text>) -> Vec<Reply> {
        texts.into_iter().map(|t| Reply::Bulk(t.clone())).collect()
    }

    /// As it goes over the line. What only the third version of the protocol knows is put into the second's words.
    pub fn encode(&self, protocol: u8, out: &mut Vec<u8>) {
        let new = protocol >= 3;
        let mut head = |sign: char, n: usize| out.extend(format!("{sign}{n}\r\n").bytes());
        match self {
            Reply::Nothing => {}
            Reply::Raw(bytes) => out.extend(bytes),
            Reply::Status(s) => out.extend(format!("+{s}\r\n").bytes()),
            Reply::Error(s) => out.extend(format!("-{}\r\n", s.replace(['\r', '\n'], " ")).bytes()),
            Reply::Int(n) => out.extend(format!(":{n}\r\n").bytes()),
            Reply::Double(n) if new => out.extend(format!(",{}\r\n", number(*n)).bytes()),
            Reply::Double(n) => Reply::bulk(number(*n)).encode(protocol, out),
            Reply::Bulk(b) => {
                head('$', b.len());
                out.extend_from_slice(b);
                out.extend(b"\r\n");
            }
            Reply::Nil | Reply::NilArray if new => out.extend(b"_\r\n"),
            Reply::Nil => out.extend(b"$-1\r\n"),
            Reply::NilArray => out.extend(b"*-1\r\n"),
            Reply::Array(all) | Reply::Set(all) => {
                head(if new && matches!(self, Reply::Set(_)) { '~' } else { '*' }, all.len());
                all.iter().for_each(|r| r.encode(protocol, out));
            }
            Reply::Map(pairs) => {
                if new {
                    head('%', pairs.len())
                } else {
                    head('*', pairs.len() * 2)
                }
                for (k, v) in pairs {
                    k.encode(protocol, out);
                    v.encode(protocol, out);
                }
            }
        }
    }

    /// The reply that some bytes begin with, and how many it takes. `None`: there is more to come.
    pub fn parse(bytes: &[u8]) -> Option<Result<(Reply, usize), String>> {
        parse_reply(bytes, 0)
    }
}

/// A score: as short as it can be written.
pub fn number(n: f64) -> String {
    match n {
        n if n.is_infinite() => if n > 0.0 { "inf" } else { "-inf" }.into(),
        n if n != 0.0 && !(1e-7..1e21).contains(&n.abs()) => {
            let text = format!("{n:e}");
            if text.contains("e-") { text } else { text.replace('e', "e+") }
        }
        n if n == 0.0 && n.is_sign_negative() => "-0".into(),
        n => n.to_string(),
    }
}

/// A line without its end, and where the next one begins.
fn line(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let end = bytes.windows(2).position(|w| w == b"\r\n")?;
    Some((&bytes[..end], end + 2))
}

fn integer(text: &[u8]) -> Option<i64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn parse_reply(bytes: &[u8], depth: usize) -> Option<Result<(Reply, usize), String>> {
    let (head, mut at) = line(bytes)?;
    let Some((sign, rest)) = head.split_first() else { return Some(Err("Protocol error, got an empty line".into())) };
    let wrong = || Some(Err(format!("Protocol error, got {:?} as reply type byte", char::from(*sign))));
    let text = || String::from_utf8_lossy(rest).to_string();
    if depth > DEEPEST {
        return wrong();
    }
    let simple = match sign {
        b'+' => Reply::Status(text()),
        b'-' => Reply::Error(text()),
        b'_' => Reply::Nil,
        b',' => Reply::Double(text().parse().unwrap_or(f64::NAN)),
        b':' => match integer(rest) {
            Some(n) => Reply::Int(n),
            None => return wrong(),
        },
        b'$' | b'*' | b'~' | b'%' | b'>' => {
            let Some(n) = integer(rest).filter(|n| *n <= LONGEST_WORD) else { return wrong() };
            match (usize::try_from(n), sign) {
                (Err(_), b'$') => Reply::Nil,
                (Err(_), _) => Reply::NilArray,
                (Ok(n), b'$') => {
                    let body = bytes.get(at..at + n + 2)?;
                    at += n + 2;
                    Reply::bulk(&body[..n])
                }
                (Ok(n), _) => {
                    let mut all = vec![];
                    for _ in 0..if *sign == b'%' { n * 2 } else { n } {
                        match parse_reply(bytes.get(at..)?, depth + 1)? {
                            Ok((reply, taken)) => {
                                all.push(reply);
                                at += taken;
                            }
                            Err(e) => return Some(Err(e)),
                        }
                    }
                    match sign {
                        b'%' => Reply::Map(all.chunks(2).map(|p| (p[0].clone(), p[1].clone())).collect()),
                        b'~' => Reply::Set(all),
                        _ => Reply::Array(all),
                    }
                }
            }
        }
        _ => return wrong(),
    };
    Some(Ok((simple, at)))
}

/// The words of a request, and how many bytes it takes; a request without words is none. The error is what is answered before
/// the connection is closed. `None`: there is more to come.
pub fn request(bytes: &[u8]) -> Option<Result<(Vec<Text>, usize), String>> {
    if bytes.first()? != &b'*' {
        return inline(bytes);
    }
    let wrong = |what: &str| Some(Err(format!("Protocol error: {what}")));
    let Some((head, mut at)) = line(bytes) else {
        return if bytes.len() > LONGEST_LINE { wrong("too big mbulk count string") } else { None };
    };
    let Some(n) = integer(&head[1..]).filter(|n| *n <= MOST_WORDS) else { return wrong("invalid multibulk length") };
    let mut words = vec![];
    for _ in 0..n {
        let rest = bytes.get(at..).filter(|r| !r.is_empty())?;
        if rest[0] != b'$' {
            return wrong(&format!("expected '$', got '{}'", char::from(rest[0])));
        }
        let Some((head, taken)) = line(rest) else {
            return if rest.len() > LONGEST_LINE { wrong("too big bulk count string") } else { None };
        };
        let length = integer(&head[1..]).filter(|n| (0..=LONGEST_WORD).contains(n));
        let Some(n) = length.and_then(|n| usize::try_from(n).ok()) else { return wrong("invalid bulk length") };
        let body = rest.get(taken..taken + n + 2)?;
        words.push(body[..n].into());
        at += taken + n + 2;
    }
    Some(Ok((words, at)))
}

fn inline(bytes: &[u8]) -> Option<Result<(Vec<Text>, usize), String>> {
    let Some(end) = bytes.iter().position(|b| *b == b'\n') else {
        let long = bytes.len() > LONGEST_LINE;
        return long.then(|| Err("Protocol error: too big inline request".into()));
    };
    let text = bytes[..end].strip_suffix(b"\r").unwrap_or(&bytes[..end]);
    match words::split(text) {
        Some(words) => Some(Ok((words, end + 1))),
        None => Some(Err("Protocol error: unbalanced quotes in request".into())),
    }
}

/// A request as programs send it.
pub fn command<T: AsRef<[u8]>>(words: &[T]) -> Vec<u8> {
    let mut out = format!("*{}\r\n", words.len()).into_bytes();
    for w in words {
        out.extend(format!("${}\r\n", w.as_ref().len()).bytes());
        out.extend_from_slice(w.as_ref());
        out.extend(b"\r\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(bytes: &str) -> String {
        match request(bytes.as_bytes()) {
            None => "more".into(),
            Some(Err(e)) => e,
            Some(Ok((words, n))) => {
                let words: Vec<_> = words.iter().map(|w| String::from_utf8_lossy(w).to_string()).collect();
                format!("{n} {}", words.join("|"))
            }
        }
    }

    #[test]
    fn requests_are_arrays_or_lines() {
        for (bytes, expected) in [
            ("*2\r\n$3\r\nGET\r\n$1\r\na\r\nrest", "20 GET|a"),
            ("*2\r\n$3\r\nGET\r\n", "more"),
            ("*x\r\n", "Protocol error: invalid multibulk length"),
            ("*1\r\nGET\r\n", "Protocol error: expected '$', got 'G'"),
            ("*1\r\n$-2\r\n", "Protocol error: invalid bulk length"),
            ("set a \"b\\x41 c\" 'd'\r\nx", "21 set|a|bA c|d"),
            ("set \"a\r\n", "Protocol error: unbalanced quotes in request"),
            ("\r\n", "2 "),
            ("GET / HTTP/1.1\r\n", "16 GET|/|HTTP/1.1"),
        ] {
            assert_eq!(words(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn a_reply_that_was_sent_is_read_again() {
        let all = Reply::Array(vec![
            Reply::ok(),
            Reply::Error("ERR x".into()),
            Reply::Int(-3),
            Reply::bulk("a\r\nb"),
            Reply::Nil,
            Reply::Array(vec![Reply::NilArray]),
        ]);
        let mut bytes = vec![];
        all.encode(2, &mut bytes);
        assert_eq!(Reply::parse(&bytes), Some(Ok((all, bytes.len()))));
        assert_eq!(Reply::parse(&bytes[..bytes.len() - 1]), None);
        assert!(matches!(Reply::parse(b"HTTP/1.1 400 Bad Request\r\n"), Some(Err(_))));
    }

    #[test]
    fn scores_are_written_shortly() {
        for (n, text) in
            [(1.0, "1"), (1.5, "1.5"), (1e21, "1e+21"), (f64::INFINITY, "inf"), (-0.1, "-0.1"), (1e-9, "1e-9")]
        {
            assert_eq!(number(n), text);
        }
    }
}
