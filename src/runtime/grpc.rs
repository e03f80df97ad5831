//! gRPC as far as health checks go: HTTP/2 frames, header blocks that are not compressed, and the two messages of
//! `grpc.health.v1.Health/Check`.
//! RFC 9113 (frames), RFC 7541 (header blocks), github.com/grpc/grpc doc/PROTOCOL-HTTP2.md and doc/health-checking.md.

/// What a client says first.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEAD: usize = 9;
/// The one method.
pub const CHECK: &str = "/grpc.health.v1.Health/Check";

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const PING: u8 = 6;

const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// How a service is. gRPC: health.proto HealthCheckResponse.ServingStatus.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Health {
    Serving,
    NotServing,
}

/// Why a call came to nothing. gRPC: codes.Code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Failure {
    NotFound(String),
    Unimplemented(String),
    /// Any other.
    Code(u32, String),
}

impl Failure {
    fn parts(&self) -> (u32, &str) {
        match self {
            Failure::NotFound(m) => (5, m),
            Failure::Unimplemented(m) => (12, m),
            Failure::Code(n, m) => (*n, m),
        }
    }

    fn of(code: u32, message: String) -> Failure {
        match code {
            5 => Failure::NotFound(message),
            12 => Failure::Unimplemented(message),
            n => Failure::Code(n, message),
        }
    }

    /// As Go's gRPC prints it.
    pub fn text(&self) -> String {
        let (code, message) = self.parts();
        let name = match code {
            2 => "Unknown",
            5 => "NotFound",
            12 => "Unimplemented",
            13 => "Internal",
            14 => "Unavailable",
            _ => return format!("rpc error: code = Code({code}) desc = {message}"),
        };
        format!("rpc error: code = {name} desc = {message}")
    }
}

/// What a service answers.
pub type Reply = Result<Health, Failure>;

struct Frame<'a> {
    kind: u8,
    flags: u8,
    stream: u32,
    payload: &'a [u8],
}

/// The first frame of what came, and how long it is. `None`: it is not whole yet.
fn frame(bytes: &[u8]) -> Option<(Frame<'_>, usize)> {
    let [a, b, c, kind, flags, s1, s2, s3, s4] = *bytes.first_chunk::<HEAD>()?;
    let end = HEAD + u32::from_be_bytes([0, a, b, c]) as usize;
    let stream = u32::from_be_bytes([s1 & 0x7f, s2, s3, s4]);
    Some((Frame { kind, flags, stream, payload: bytes.get(HEAD..end)? }, end))
}

fn put_frame(out: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    let length = u32::try_from(payload.len()).unwrap_or_default().to_be_bytes();
    out.extend(&length[1..]);
    out.extend([kind, flags]);
    out.extend(stream.to_be_bytes());
    out.extend(payload);
}

/// A number whose first byte has seven bits for it.
fn put_number(out: &mut Vec<u8>, n: usize) {
    if n < 127 {
        return out.push(u8::try_from(n).unwrap_or_default());
    }
    out.push(127);
    let mut rest = n - 127;
    while rest >= 128 {
        out.push(u8::try_from(rest % 128).unwrap_or_default() | 0x80);
        rest /= 128;
    }
    out.push(u8::try_from(rest).unwrap_or_default());
}

fn take_number(bytes: &mut &[u8]) -> Option<usize> {
    let first = usize::from(bytes.split_off_first()? & 0x7f);
    if first < 127 {
        return Some(first);
    }
    let (mut n, mut shift) = (first, 0);
    loop {
        let next = usize::from(*bytes.split_off_first()?);
        n = n.checked_add((next & 0x7f).checked_shl(shift)?)?;
        shift += 7;
        if next < 128 {
            return Some(n);
        }
    }
}

/// Header fields, each in full and with a new name: a form that every decoder knows.
fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut out = vec![];
    for (name, value) in fields {
        out.push(0);
        for text in [name, value] {
            put_number(&mut out, text.len());
            out.extend(text.as_bytes());
        }
    }
    out
}

/// Reads such a block. `None`: it is of another form.
fn fields(mut bytes: &[u8]) -> Option<Vec<(String, String)>> {
    let mut all = vec![];
    while let Some(first) = bytes.split_off_first() {
        if !matches!(first, 0 | 0x10) {
            return None;
        }
        let mut text = || {
            let plain = bytes.first()? & 0x80 == 0;
            let n = take_number(&mut bytes).filter(|_| plain)?;
            Some(String::from_utf8_lossy(bytes.split_off(..n)?).into_owned())
        };
        all.push((text()?, text()?));
    }
    Some(all)
}

/// A message in its envelope: not compressed, so long.
fn message(body: &[u8]) -> Vec<u8> {
    let mut out = vec![0];
    out.extend(u32::try_from(body.len()).unwrap_or_default().to_be_bytes());
    out.extend(body);
    out
}

fn body(data: &[u8]) -> &[u8] {
    data.get(5..).unwrap_or_default()
}

/// What a client sends that asks for the health of a service.
pub fn question(service: &str, authority: &str) -> Vec<u8> {
    let mut out = PREFACE.to_vec();
    put_frame(&mut out, SETTINGS, 0, 0, &[]);
    let head = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", CHECK),
        (":authority", authority),
        ("content-type", "application/grpc"),
        ("user-agent", "kube-probe/1.36 grpc-go"),
        ("te", "trailers"),
    ];
    put_frame(&mut out, HEADERS, END_HEADERS, 1, &block(&head));
    let mut asked = vec![];
    if !service.is_empty() {
        asked.push(0x0a);
        put_number(&mut asked, service.len());
        asked.extend(service.as_bytes());
    }
    put_frame(&mut out, DATA, END_STREAM, 1, &message(&asked));
    out
}

/// What a client knows by what has come.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Heard {
    /// No server of this kind has greeted.
    Nothing,
    /// It has greeted, and not answered.
    Greeting,
    Answer(Reply),
}

/// Reads what came from a server.
pub fn heard(mut bytes: &[u8]) -> Heard {
    let mut so_far = Heard::Nothing;
    let mut said: Option<Health> = None;
    while let Some((f, n)) = frame(bytes) {
        match f.kind {
            SETTINGS => so_far = Heard::Greeting,
            _ if so_far == Heard::Nothing => return Heard::Nothing,
            DATA if f.stream == 1 => {
                said = Some(if body(f.payload) == [8, 1] { Health::Serving } else { Health::NotServing });
            }
            HEADERS if f.flags & END_STREAM != 0 => {
                let all = fields(f.payload).unwrap_or_default();
                let of = |name: &str| all.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
                let code = of("grpc-status").and_then(|c| c.parse().ok()).unwrap_or(2);
                return Heard::Answer(match said {
                    Some(health) if code == 0 => Ok(health),
                    _ => Err(Failure::of(code, of("grpc-message").unwrap_or_default())),
                });
            }
            _ => {}
        }
        bytes = &bytes[n..];
    }
    so_far
}

/// A server's end of a connection.
#[derive(Clone, Debug, Default)]
pub struct Peer {
    greeted: bool,
    /// The method that is being called.
    path: String,
}

impl Peer {
    /// Takes what is whole from `came`, and answers. The error: whoever speaks there does not speak HTTP/2.
    pub fn answer(&mut self, came: &mut Vec<u8>, mut check: impl FnMut(&str) -> Reply) -> Result<Vec<u8>, ()> {
        let mut out = vec![];
        if !self.greeted {
            if came.len() < PREFACE.len() {
                return if PREFACE.starts_with(came) { Ok(out) } else { Err(()) };
            }
            if !came.starts_with(PREFACE) {
                return Err(());
            }
            came.drain(..PREFACE.len());
            self.greeted = true;
            put_frame(&mut out, SETTINGS, 0, 0, &[]);
        }
        while let Some((f, n)) = frame(came) {
            match f.kind {
                SETTINGS if f.flags & ACK == 0 => put_frame(&mut out, SETTINGS, ACK, 0, &[]),
                PING if f.flags & ACK == 0 => put_frame(&mut out, PING, ACK, 0, f.payload),
                HEADERS => {
                    let path = fields(f.payload).ok_or(())?.into_iter().find(|(n, _)| n == ":path");
                    self.path = path.map(|(_, v)| v).unwrap_or_default();
                }
                DATA if f.flags & END_STREAM != 0 => {
                    let reply = match self.path.as_str() {
                        CHECK => check(&service(body(f.payload))),
                        other => {
                            let of = other.trim_start_matches('/').split('/').next().unwrap_or_default();
                            Err(Failure::Unimplemented(format!("unknown service {of}")))
                        }
                    };
                    put_reply(&mut out, f.stream, &reply);
                }
                _ => {}
            }
            came.drain(..n);
        }
        Ok(out)
    }
}

/// The service that a question names.
fn service(mut asked: &[u8]) -> String {
    let name = match asked.split_off_first() {
        Some(0x0a) => take_number(&mut asked).and_then(|n| asked.get(..n)),
        _ => None,
    };
    String::from_utf8_lossy(name.unwrap_or_default()).into_owned()
}

fn put_reply(out: &mut Vec<u8>, stream: u32, reply: &Reply) {
    const HEAD: [(&str, &str); 2] = [(":status", "200"), ("content-type", "application/grpc")];
    match reply {
        Ok(health) => {
            let health = if *health == Health::Serving { 1 } else { 2 };
            put_frame(out, HEADERS, END_HEADERS, stream, &block(&HEAD));
            put_frame(out, DATA, 0, stream, &message(&[8, health]));
            put_frame(out, HEADERS, END_HEADERS | END_STREAM, stream, &block(&[("grpc-status", "0")]));
        }
        Err(failure) => {
            let (code, message) = failure.parts();
            let code = code.to_string();
            let all = [HEAD[0], HEAD[1], ("grpc-status", &code), ("grpc-message", message)];
            put_frame(out, HEADERS, END_HEADERS | END_STREAM, stream, &block(&all));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(service: &str, reply: &Reply) -> (String, Heard) {
        let (mut peer, mut asked) = (Peer::default(), String::new());
        // What comes in pieces is put together.
        let (mut came, mut back) = (vec![], vec![]);
        for piece in question(service, "10.0.0.1:5000").chunks(7) {
            came.extend(piece);
            let mut check = |name: &str| {
                asked = name.to_string();
                reply.clone()
            };
            back.extend(peer.answer(&mut came, &mut check).unwrap());
        }
        (asked, heard(&back))
    }

    #[test]
    fn a_server_tells_how_a_service_is() {
        let long = "s".repeat(300);
        for service in ["", "shop", &long] {
            for reply in [
                Ok(Health::Serving),
                Ok(Health::NotServing),
                Err(Failure::NotFound("unknown service".into())),
                Err(Failure::Code(14, "it goes".into())),
            ] {
                assert_eq!(ask(service, &reply), (service.to_string(), Heard::Answer(reply)));
            }
        }
        let failure = Failure::NotFound("unknown service".into());
        assert_eq!(failure.text(), "rpc error: code = NotFound desc = unknown service");
    }

    #[test]
    fn who_does_not_speak_it_is_not_understood() {
        assert_eq!(Peer::default().answer(&mut b"GET / HTTP/1.1\r\n\r\n".to_vec(), |_| Ok(Health::Serving)), Err(()));
        assert_eq!(heard(b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\n\r\n"), Heard::Nothing);
        assert_eq!(heard(b""), Heard::Nothing);
        let mut greeting = vec![];
        put_frame(&mut greeting, SETTINGS, 0, 0, &[]);
        assert_eq!(heard(&greeting), Heard::Greeting);
    }
}
