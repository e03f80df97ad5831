//! `openssl`: keys, requests, certificates, and small things about bytes.
//!
//! Start with [`COMMANDS`]. [`keys`] makes, reads and writes keys, [`names`] subjects, [`extensions`] what a certificate says
//! beside them, [`show`] prints all of it.
//!
//! Deliberately absent: encryption of keys and files, connections, revocation, PKCS#12.

mod chance;
mod config;
mod digests;
mod extensions;
mod generating;
mod interview;
mod keys;
mod names;
mod passwd;
mod pem;
mod pkey;
mod req;
mod show;
mod signing;
mod verify;
mod words;
mod x509;

use super::{Call, Simple, Start};
use crate::runtime::kernel::tree::Bytes;
use crate::runtime::kernel::{Errno, Program};

/// What a command says when it cannot go on, as it stands on the terminal, and its exit code.
struct Failed {
    text: String,
    code: i32,
}

impl From<String> for Failed {
    fn from(text: String) -> Failed {
        Failed { text: format!("{text}\n"), code: 1 }
    }
}

impl From<&str> for Failed {
    fn from(text: &str) -> Failed {
        text.to_string().into()
    }
}

type Done = Result<i32, Failed>;

/// The words are those after the command's name; the name stands before its complaints.
type Command = fn(&mut Call<'_, '_>, &str, &[String]) -> Done;

const COMMANDS: &[(&str, Command)] = &[
    ("base64", digests::encode),
    ("dgst", digests::digest),
    ("ec", pkey::pkey),
    ("ecparam", generating::ecparam),
    ("enc", digests::encode),
    ("genpkey", generating::genpkey),
    ("genrsa", generating::genrsa),
    ("help", help),
    ("list", help),
    ("md5", digests::digest),
    ("passwd", passwd::passwd),
    ("pkey", pkey::pkey),
    ("rand", digests::random),
    ("req", req::req),
    ("rsa", pkey::pkey),
    ("sha1", digests::digest),
    ("sha224", digests::digest),
    ("sha256", digests::digest),
    ("sha384", digests::digest),
    ("sha512", digests::digest),
    ("verify", verify::verify),
    ("version", version),
    ("x509", x509::x509),
];

const VERSION: &str = "OpenSSL 3.0.19 27 Jan 2026";

pub fn start(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    match s.words.get(1).map(String::as_str) {
        Some("req") => interview::start(s).unwrap_or_else(simple),
        _ => simple(),
    }
}

fn simple() -> Box<dyn Program> {
    Box::new(Simple { run: openssl, printing: None, stdin: None })
}

fn openssl(c: &mut Call<'_, '_>) -> i32 {
    let words: Vec<String> = c.args().to_vec();
    let Some((name, rest)) = words.split_first() else {
        return help(c, "help", &[]).unwrap_or(1);
    };
    let Some((_, command)) = COMMANDS.iter().find(|(n, _)| n == name) else {
        c.err.extend(format!("Invalid command '{name}'; type \"help\" for a list.\n").bytes());
        return 1;
    };
    command(c, name, rest).unwrap_or_else(|failed| {
        c.err.extend(failed.text.bytes());
        failed.code
    })
}

fn help(c: &mut Call<'_, '_>, name: &str, _: &[String]) -> Done {
    let mut text = format!("{name}:\n\nStandard commands\n");
    let names: Vec<&str> = COMMANDS.iter().map(|(n, _)| *n).collect();
    for row in names.chunks(4) {
        let row: String = row.iter().map(|n| format!("{n:<18}")).collect();
        text.push_str(&format!("{row}\n"));
    }
    c.err.extend(text.bytes());
    Ok(0)
}

fn version(c: &mut Call<'_, '_>, name: &str, args: &[String]) -> Done {
    let words = words::parse(name, args, "a v d h", "")?;
    c.line(format!("{VERSION} (Library: {VERSION})"));
    if words.has("a") || words.has("d") {
        c.line("OPENSSLDIR: \"/usr/lib/ssl\"");
    }
    Ok(0)
}

/// What OpenSSL's queue of errors says: the number in front is the thread's.
fn traced(c: &mut Call<'_, '_>, lines: &[String]) -> String {
    let n = c.sys.noise(4);
    let thread = format!("80{:02X}{:02X}{:02X}{:02X}7F0000", n[0] | 0xB, n[1], n[2], n[3]);
    lines.iter().map(|l| format!("{thread}:error:{l}\n")).collect()
}

/// A file, or the standard input where none is named.
fn input(c: &mut Call<'_, '_>, file: Option<&str>) -> Result<Bytes, Errno> {
    c.read(file.unwrap_or("-"))
}

/// A file that is opened as plain bytes.
fn opened(c: &mut Call<'_, '_>, file: Option<&str>, mode: &str) -> Result<Bytes, Failed> {
    input(c, file).map_err(|e| cannot_open(c, file.unwrap_or("-"), e, mode))
}

fn cannot_open(c: &mut Call<'_, '_>, file: &str, e: Errno, mode: &str) -> Failed {
    let purpose = if mode.starts_with('w') { "writing" } else { "reading" };
    let why = e.text();
    let lines = [
        format!("80000002:system library:BIO_new_file:{why}:../crypto/bio/bss_file.c:67:calling fopen({file}, {mode})"),
        "10000080:BIO routines:BIO_new_file:no such file:../crypto/bio/bss_file.c:75:".into(),
    ];
    let text = format!("Can't open \"{file}\" for {purpose}, {why}\n{}", traced(c, &lines));
    Failed { text, code: 1 }
}

/// Writes what was made, to a file or to the standard output.
fn put(c: &mut Call<'_, '_>, file: Option<&str>, content: &[u8]) -> Result<(), Failed> {
    let Some(file) = file.filter(|f| *f != "-") else {
        c.out.extend(content);
        return Ok(());
    };
    let path = c.sys.path(file);
    c.sys.view(|v| v.write(&path, content)).map_err(|e| cannot_open(c, file, e, "w"))
}

/// The same of a key: nobody else may read it.
fn put_secret(c: &mut Call<'_, '_>, name: &str, file: Option<&str>, content: &[u8]) -> Result<(), Failed> {
    let Some(file) = file.filter(|f| *f != "-") else {
        c.out.extend(content);
        return Ok(());
    };
    let path = c.sys.path(file);
    let done = c.sys.view(|v| {
        v.write(&path, content)?;
        // A file of the learner's own machine keeps no such rights.
        let _ = v.change(&path, |n| n.mode = 0o600);
        Ok(())
    });
    done.map_err(|e: Errno| format!("{name}: Can't open \"{file}\" for writing, {}", e.text()).into())
}
