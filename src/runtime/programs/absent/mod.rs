//! Programs that are known here but cannot be executed: interpreters, package managers, compilers.
//!
//! They say so, every time, and do what can be done in their place: [`tools`] leave behind what a Dockerfile goes on with, a
//! [`stand_in`] listens where an image says that its program listens.

mod leaves;
mod stand_in;

pub use stand_in::start;

use super::{Call, Kind, Printing, Start};
use crate::runtime::kernel::Program;

/// What each tool leaves behind. The words are those after its name.
type Leaves = fn(&mut Call<'_, '_>, &[String]);

const TOOLS: &[(&str, Leaves)] = &[
    ("apk", leaves::packages),
    ("apt", leaves::packages),
    ("apt-get", leaves::packages),
    ("cargo", leaves::of_cargo),
    ("dotnet", leaves::of_dotnet),
    ("g++", leaves::binary),
    ("gcc", leaves::binary),
    ("go", leaves::binary),
    ("gradle", leaves::jar_of_gradle),
    ("gradlew", leaves::jar_of_gradle),
    ("mvn", leaves::jar_of_maven),
    ("mvnw", leaves::jar_of_maven),
    ("npm", leaves::of_node),
    ("npx", leaves::of_node),
    ("pip", leaves::of_python),
    ("pip3", leaves::of_python),
    ("pnpm", leaves::of_node),
    ("rustc", leaves::binary),
    ("yarn", leaves::of_node),
];

/// Words after which a tool runs what the image is for.
const SERVES: [&str; 8] = ["start", "serve", "dev", "preview", "runserver", "bootRun", "spring-boot:run", "server"];

/// A tool: it counts as done, and says so.
pub fn tool(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    let first = s.words.iter().skip(1).find(|w| *w != "run");
    let serves = first.is_some_and(|w| SERVES.contains(&w.as_str()));
    if serves { stand_in::start(s) } else { done(s) }
}

/// It is not executed, and counts as done.
fn done(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    let words = s.words.to_vec();
    let mut call = Call { words: &words, sys: s.sys, out: vec![], err: vec![], stdin: None, wants_stdin: false };
    let name = call.name().to_string();
    let line = words.join(" ");
    call.line(format!("kubetutor: {line:?} is not executed here, as it would need programs and a network that are not simulated: it counts as done"));
    if let Some((_, leaves)) = TOOLS.iter().find(|(n, _)| *n == name) {
        leaves(&mut call, words.get(1..).unwrap_or_default());
    }
    let (out, err) = (call.out, call.err);
    Box::new(Printing { out, err, code: 0 })
}

/// Names of a package, and where which program of the table lies then.
type Package = (&'static [&'static str], &'static [(&'static str, &'static str)]);

/// Packages whose programs are here.
const PACKAGES: &[Package] = &[
    (
        &["dnsutils", "bind-tools", "bind9-dnsutils"],
        &[("/usr/bin/nslookup", "nslookup of BIND"), ("/usr/bin/dig", "dig")],
    ),
    (&["netcat", "netcat-openbsd", "netcat-traditional"], &[("/usr/bin/nc", "nc of OpenBSD")]),
    (&["iputils", "iputils-ping", "inetutils-ping"], &[("/usr/bin/ping", "ping of iputils")]),
    (&["traceroute", "inetutils-traceroute"], &[("/usr/bin/traceroute", "traceroute of Linux")]),
    (&["iproute2"], &[("/usr/sbin/ip", "ip of iproute2"), ("/usr/bin/ss", "ss")]),
    (
        &["net-tools"],
        &[
            ("/usr/sbin/ifconfig", "ifconfig of net-tools"),
            ("/usr/sbin/route", "route of net-tools"),
            ("/usr/sbin/arp", "arp of net-tools"),
            ("/usr/bin/netstat", "netstat of net-tools"),
        ],
    ),
    (&["iptables"], &[("/usr/sbin/iptables", "iptables"), ("/usr/sbin/iptables-save", "iptables-save")]),
];

/// What package managers install: where it lies, and the name that it has in the table.
fn installable(name: &str) -> Vec<(String, &'static str)> {
    match PACKAGES.iter().find(|(names, _)| names.contains(&name)) {
        Some((_, programs)) => programs.iter().map(|(path, program)| ((*path).to_string(), *program)).collect(),
        None => of_table(name).into_iter().collect(),
    }
}

/// A package that is called as its program is.
fn of_table(name: &str) -> Option<(String, &'static str)> {
    let renamed = match name {
        "procps" => "ps",
        "vim" | "vim-tiny" | "nano" => "vi",
        other => other,
    };
    let found =
        super::find(renamed).filter(|e| e.place != "/" && matches!(e.kind, Kind::Program(_) | Kind::Simple(_)))?;
    Some((format!("{}/{renamed}", found.place), found.name))
}
