//! `curl`.

use std::net::Ipv4Addr;

use super::http::{Exchange, Failed, Response, Url};
use super::{Looked, Lookup};
use crate::api::{Duration, Time};
use crate::runtime::kernel::net::Address;
use crate::runtime::kernel::{Mode, Program, STDOUT, Step, Sys};
use crate::runtime::programs::options::Options;
use crate::runtime::programs::{Printing, Start, flush};
use crate::runtime::tls::Distrust;

const AGENT: &str = "curl/8.5.0";
const MOST_REDIRECTS: usize = 50;

/// Long names and their letters; those without one get a letter that curl does not use.
const LONG: [(&str, char); 33] = [
    ("silent", 's'),
    ("show-error", 'S'),
    ("output", 'o'),
    ("remote-name", 'O'),
    ("include", 'i'),
    ("head", 'I'),
    ("verbose", 'v'),
    ("location", 'L'),
    ("insecure", 'k'),
    ("max-time", 'm'),
    ("connect-timeout", '1'),
    ("request", 'X'),
    ("data", 'd'),
    ("data-raw", 'd'),
    ("data-binary", 'd'),
    ("header", 'H'),
    ("write-out", 'w'),
    ("fail", 'f'),
    ("user", 'u'),
    ("user-agent", 'A'),
    ("ipv4", '4'),
    ("retry", '2'),
    ("retry-delay", '3'),
    ("cacert", '5'),
    ("cert", 'E'),
    ("key", '6'),
    ("http1.1", '7'),
    ("no-progress-meter", '8'),
    ("version", 'V'),
    ("compressed", '9'),
    ("resolve", '0'),
    ("cookie", 'b'),
    ("get", 'G'),
];

#[derive(Clone)]
struct Curl {
    options: Options,
    /// Not yet fetched, the last one first.
    urls: Vec<String>,
    now: Option<Transfer>,
    out: Vec<u8>,
    err: Vec<u8>,
    code: i32,
}

#[derive(Clone)]
struct Transfer {
    url: Url,
    redirects: usize,
    lookup: Lookup,
    address: Option<Ipv4Addr>,
    exchange: Option<Exchange>,
    began: Time,
}

pub fn start(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    let o = match Options::parse(s.words, "sSOiIvLkf4g#V789NG", "om1XdHwuA235E60b", &LONG) {
        Ok(o) => o,
        Err(e) => {
            let what = e.trim_end().rsplit(['\'', ' ']).find(|p| !p.is_empty()).unwrap_or_default().to_string();
            let dash = if what.len() == 1 { "-" } else { "--" };
            let text = format!(
                "curl: option {dash}{what}: is unknown\ncurl: try 'curl --help' or 'curl --manual' for more information\n"
            );
            return Box::new(Printing::error(text, 2));
        }
    };
    if o.has('V') {
        return Box::new(Printing {
            out: format!("{} (x86_64-pc-linux-gnu)\n", AGENT.replace('/', " ")).into_bytes(),
            err: vec![],
            code: 0,
        });
    }
    if o.rest.is_empty() {
        return Box::new(Printing::error(
            "curl: (2) no URL specified\ncurl: try 'curl --help' or 'curl --manual' for more information\n",
            2,
        ));
    }
    let urls = o.rest.iter().rev().cloned().collect();
    Box::new(Curl { options: o, urls, now: None, out: vec![], err: vec![], code: 0 })
}

/// What curl says of every certificate that it does not take.
const MORE: &str = "\nMore details here: https://curl.se/docs/sslcerts.html\n\ncurl failed to verify the legitimacy of the server and therefore could not\nestablish a secure connection to it. To learn more about this situation and\nhow to fix it, please visit the webpage mentioned above.";

fn seconds(text: Option<&str>) -> Option<Duration> {
    text.and_then(|t| t.parse::<f64>().ok()).and_then(|t| Duration::try_from_secs_f64(t).ok())
}

impl Curl {
    fn fail(&mut self, code: i32, text: &str) {
        self.code = code;
        self.now = None;
        if !self.options.has('s') || self.options.has('S') {
            self.err.extend(format!("curl: ({code}) {text}\n").bytes());
        }
    }

    fn begin(&mut self, text: &str, sys: &Sys<'_>) {
        let Some(url) = Url::parse(text) else {
            return self.fail(3, "URL rejected: Malformed input to a URL function");
        };
        if !["http", "https"].contains(&url.scheme.as_str()) {
            let text = format!("Protocol \"{}\" not supported", url.scheme);
            return self.fail(1, &text);
        }
        let url = if self.options.has('G') { self.with_data(url) } else { url };
        self.now = Some(Transfer {
            lookup: Lookup::new(&url.host),
            address: self.told_address(&url),
            url,
            redirects: 0,
            exchange: None,
            began: sys.now,
        });
        self.code = 0;
    }

    /// With `-G` what would be sent is asked for.
    fn with_data(&self, mut url: Url) -> Url {
        let data = self.options.values('d').join("&");
        if !data.is_empty() {
            let sign = if url.path.contains('?') { '&' } else { '?' };
            url.path = format!("{}{sign}{data}", url.path);
        }
        url
    }

    /// The address that `--resolve HOST:PORT:ADDRESS` says; the last one counts.
    fn told_address(&self, url: &Url) -> Option<Ipv4Addr> {
        self.options.values('0').iter().rev().find_map(|told| {
            let mut parts = told.trim_start_matches('+').splitn(3, ':');
            let (host, port, address) = (parts.next()?, parts.next()?, parts.next()?);
            let fits = (host == "*" || host.eq_ignore_ascii_case(&url.host)) && port == url.port.to_string();
            if fits { address.split(',').next()?.parse().ok() } else { None }
        })
    }

    fn method(&self) -> &str {
        match self.options.value('X') {
            Some(m) => m,
            None if self.options.has('I') => "HEAD",
            None if self.options.has('d') && !self.options.has('G') => "POST",
            None => "GET",
        }
    }

    fn request(&self, url: &Url) -> Vec<u8> {
        let o = &self.options;
        let given: Vec<&str> = o.values('H');
        let has = |name: &str| given.iter().any(|h| h.split(':').next().is_some_and(|n| n.eq_ignore_ascii_case(name)));
        let mut text = format!("{} {} HTTP/1.1\r\n", self.method(), url.path);
        if !has("host") {
            text.push_str(&format!("Host: {}\r\n", url.authority()));
        }
        if let Some(user) = o.value('u').map(String::from).or_else(|| url.user.clone()) {
            use base64::Engine;
            text.push_str(&format!("Authorization: Basic {}\r\n", base64::prelude::BASE64_STANDARD.encode(user)));
        }
        if !has("user-agent") {
            text.push_str(&format!("User-Agent: {}\r\n", o.value('A').unwrap_or(AGENT)));
        }
        if !has("accept") {
            text.push_str("Accept: */*\r\n");
        }
        given.iter().for_each(|h| text.push_str(&format!("{h}\r\n")));
        if let Some(cookie) = o.value('b').filter(|c| c.contains('=')) {
            text.push_str(&format!("Cookie: {cookie}\r\n"));
        }
        let body = if o.has('G') { String::new() } else { o.values('d').join("&") };
        if o.has('d') && !o.has('G') {
            text.push_str(&format!("Content-Length: {}\r\n", body.len()));
            if !has("content-type") {
                text.push_str("Content-Type: application/x-www-form-urlencoded\r\n");
            }
        }
        format!("{text}\r\n{body}").into_bytes()
    }

    /// Whose signatures are good: of all with `-k`, of those in a file; the usual authorities know nobody here.
    fn trusted(&self, sys: &mut Sys<'_>) -> Result<Option<String>, (i32, String)> {
        if self.options.has('k') {
            return Ok(None);
        }
        let Some(file) = self.options.value('5') else { return Ok(Some(String::new())) };
        match sys.read_file(file) {
            Ok(text) => Ok(Some(String::from_utf8_lossy(&text).into_owned())),
            Err(_) => {
                let why = format!("error setting certificate verify locations:  CAfile: {file} CApath: /etc/ssl/certs");
                Err((77, why))
            }
        }
    }

    fn failed(&mut self, why: Failed, t: &Transfer, sys: &Sys<'_>) {
        let took = sys.now.since(t.began).as_millis();
        let (host, port) = (&t.url.host, t.url.port);
        match why {
            Failed::Connect(_) => {
                let text =
                    format!("Failed to connect to {host} port {port} after {took} ms: Couldn't connect to server");
                self.fail(7, &text);
            }
            Failed::TimedOut { connected: false } => {
                let text = format!("Failed to connect to {host} port {port} after {took} ms: Timeout was reached");
                let plain = format!("Connection timed out after {took} milliseconds");
                self.fail(28, if self.options.has('1') { &text } else { &plain });
            }
            Failed::TimedOut { connected: true } => {
                let text = format!("Operation timed out after {took} milliseconds with 0 bytes received");
                self.fail(28, &text);
            }
            Failed::Empty => self.fail(52, "Empty reply from server"),
            Failed::NoHttp => self.fail(1, "Received HTTP/0.9 when not allowed"),
            Failed::NoTls => self.fail(35, "OpenSSL/3.0.13: error:0A00010B:SSL routines::wrong version number"),
            Failed::Distrusted(why) => {
                let why = match why {
                    Distrust::Authority => {
                        "SSL certificate problem: unable to get local issuer certificate".to_string()
                    }
                    Distrust::Name => {
                        format!("SSL: no alternative certificate subject name matches target host name '{host}'")
                    }
                };
                self.fail(60, &format!("{why}{MORE}"));
            }
            Failed::Reset => self.fail(56, "Recv failure: Connection reset by peer"),
        }
    }

    fn came(&mut self, r: &Response, mut t: Transfer, sys: &mut Sys<'_>) {
        if self.options.has('v') {
            self.trace(r, &t);
        }
        let to = r.header("location").and_then(|l| t.url.join(l));
        if let Some(url) =
            to.filter(|_| self.options.has('L') && (300..400).contains(&r.code()) && t.redirects < MOST_REDIRECTS)
        {
            t = Transfer {
                lookup: Lookup::new(&url.host),
                address: self.told_address(&url),
                url,
                redirects: t.redirects + 1,
                exchange: None,
                ..t
            };
            self.now = Some(t);
            return;
        }
        if self.options.has('f') && r.code() >= 400 {
            let text = format!("The requested URL returned error: {}", r.code());
            return self.fail(22, &text);
        }
        let mut text = vec![];
        if self.options.has('i') || self.options.has('I') {
            text.extend(format!("{}\r\n", r.line).bytes());
            r.headers.iter().for_each(|(n, v)| text.extend(format!("{n}: {v}\r\n").bytes()));
            text.extend(b"\r\n");
        }
        text.extend(&r.body);
        let own = t.url.path.split('?').next().unwrap_or("").rsplit('/').next().unwrap_or("").to_string();
        let file = self.options.value('o').map(String::from).or_else(|| self.options.has('O').then_some(own));
        self.progress(&r.body, file.is_some(), sys);
        match file.as_deref() {
            None | Some("-") => self.out.extend(text),
            Some(name) => {
                let done = sys.open(name, Mode::Write).map(|fd| {
                    let _ = sys.drain(fd, &mut text);
                    sys.close(fd);
                });
                if done.is_err() {
                    return self.fail(23, "Failure writing output to destination");
                }
            }
        }
        self.write_out(r, &t, sys);
    }

    /// What `-w` asks for.
    fn write_out(&mut self, r: &Response, t: &Transfer, sys: &Sys<'_>) {
        let Some(format) = self.options.value('w') else { return };
        let total = format!("{:.6}", sys.now.since(t.began).as_secs_f64());
        let text = format
            .replace("%{http_code}", &format!("{:03}", r.code()))
            .replace("%{response_code}", &format!("{:03}", r.code()))
            .replace("%{time_total}", &total)
            .replace("%{size_download}", &r.body.len().to_string())
            .replace("%{remote_ip}", &t.address.map(|a| a.to_string()).unwrap_or_default())
            .replace("\\n", "\n")
            .replace("\\t", "\t");
        self.out.extend(text.bytes());
    }

    /// The meter that shows where the page itself does not go to a terminal.
    fn progress(&mut self, body: &[u8], to_file: bool, sys: &Sys<'_>) {
        if self.options.has('s') || self.options.has('8') || (sys.is_terminal(STDOUT) && !to_file) {
            return;
        }
        let n = body.len();
        self.err.extend(b"  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current\n                                 Dload  Upload   Total   Spent    Left  Speed\n");
        self.err.extend(b"\r  0     0    0     0    0     0      0      0 --:--:-- --:--:-- --:--:--     0");
        self.err.extend(
            format!(
                "\r100 {n:>5}  100 {n:>5}    0     0  {:>5}      0 --:--:-- --:--:-- --:--:-- {:>5}\n",
                n * 100,
                n * 100
            )
            .bytes(),
        );
    }

    fn trace(&mut self, r: &Response, t: &Transfer) {
        let ip = t.address.unwrap_or(Ipv4Addr::UNSPECIFIED);
        let mut text =
            format!("*   Trying {ip}:{}...\n* Connected to {} ({ip}) port {}\n", t.url.port, t.url.host, t.url.port);
        let request = String::from_utf8_lossy(&self.request(&t.url)).to_string();
        let head = request.split("\r\n\r\n").next().unwrap_or_default().to_string();
        head.lines().for_each(|l| text.push_str(&format!("> {l}\n")));
        text.push_str(&format!("> \n< {}\n", r.line));
        r.headers.iter().for_each(|(n, v)| text.push_str(&format!("< {n}: {v}\n")));
        text.push_str("< \n");
        if self.method() != "HEAD" {
            text.push_str(&format!("{{ [{} bytes data]\n", r.body.len()));
        }
        text.push_str(&format!("* Connection #0 to host {} left intact\n", t.url.host));
        self.err.extend(text.bytes());
    }

    /// Goes on with a transfer. `Some`: it has to wait.
    fn go_on(&mut self, mut t: Transfer, sys: &mut Sys<'_>) -> Option<Step> {
        let until = seconds(self.options.value('m')).map(|d| t.began + d);
        let Some(ip) = t.address else {
            match t.lookup.poll(sys) {
                Err(wait) if until.is_none_or(|u| sys.now < u) => {
                    self.now = Some(t);
                    return Some(Step::Wait(wait.or_until(until)));
                }
                Err(_) => {
                    let text = format!("Resolving timed out after {} milliseconds", sys.now.since(t.began).as_millis());
                    self.fail(28, &text);
                }
                Ok(Looked::Found(ips)) if !ips.is_empty() => {
                    t.address = Some(ips[0]);
                    self.now = Some(t);
                }
                Ok(_) => {
                    let text = format!("Could not resolve host: {}", t.url.host);
                    self.fail(6, &text);
                }
            }
            return None;
        };
        if t.exchange.is_none() {
            let to = Address { ip, port: t.url.port };
            let connect = seconds(self.options.value('1')).map(|d| sys.now + d);
            let mut x = Exchange::new(to, self.request(&t.url), self.method() == "HEAD", until, connect);
            if t.url.scheme == "https" {
                match self.trusted(sys) {
                    Ok(trusted) => x = x.over_tls(&t.url.host, trusted),
                    Err((code, why)) => {
                        self.fail(code, &why);
                        return None;
                    }
                }
            }
            t.exchange = Some(x);
        }
        let Some(x) = &mut t.exchange else { return None };
        match x.poll(sys) {
            Err(wait) => {
                self.now = Some(t);
                return Some(Step::Wait(wait));
            }
            Ok(Ok(r)) => self.came(&r, t, sys),
            Ok(Err(why)) => self.failed(why, &t, sys),
        }
        None
    }
}

impl Program for Curl {
    fn run(&mut self, sys: &mut Sys<'_>) -> Step {
        loop {
            if let Some(step) = flush(&mut self.out, &mut self.err, sys) {
                return step;
            }
            match self.now.take() {
                Some(t) => {
                    if let Some(step) = self.go_on(t, sys) {
                        return step;
                    }
                }
                None => match self.urls.pop() {
                    Some(u) => self.begin(&u, sys),
                    None => return Step::Exit(self.code),
                },
            }
        }
    }

    fn clone_box(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }
}
