//! Command lines: flags as kubectl's library reads them, and its words for mistakes.
//! Real Kubernetes: github.com/spf13/pflag, cobra.

use std::collections::BTreeMap;

use serde_json::json;

use super::Verb;
use super::failure::{Failure, Hint, likeliest};
use crate::api::request::{Method, Request};
use crate::api::{Duration, go_text, time::parse_go_duration};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Type {
    Bool,
    Text,
    /// May be given several times; commas separate.
    List,
    /// May be given several times; commas belong to the value.
    Array,
    /// `KEY=VALUE`, or several between commas; may be given several times.
    Pairs,
    Int,
    Duration,
    /// A text that may stand without a value: the value then.
    Optional(&'static str),
}

#[derive(Clone, Copy, Debug)]
pub struct Flag {
    pub name: &'static str,
    pub short: Option<char>,
    pub kind: Type,
    pub default: &'static str,
    /// It still works, and this is said of it.
    pub deprecated: Option<&'static str>,
    /// What it asks for is not there: it is known, and refused.
    pub absent: bool,
}

impl Flag {
    pub const fn new(name: &'static str, kind: Type) -> Flag {
        Flag { name, short: None, kind, default: "", deprecated: None, absent: false }
    }
    pub const fn short(mut self, c: char) -> Flag {
        self.short = Some(c);
        self
    }
    pub const fn default(mut self, d: &'static str) -> Flag {
        self.default = d;
        self
    }
    pub const fn deprecated(mut self, instead: &'static str) -> Flag {
        self.deprecated = Some(instead);
        self
    }
    pub const fn absent(mut self) -> Flag {
        self.absent = true;
        self
    }
    /// What it is where it is not given.
    pub fn plain_default(&self) -> &'static str {
        match (self.kind, self.default) {
            (Type::Bool, "") => "false",
            (Type::Int, "") => "0",
            (Type::Duration, "") => "0s",
            (_, given) => given,
        }
    }
    /// Whether the next word is its value.
    pub fn takes_next(&self) -> bool {
        !matches!(self.kind, Type::Bool | Type::Optional(_))
    }
    /// How an error names it: `"-w, --watch"`.
    fn shown(&self) -> String {
        match self.short {
            Some(c) => format!("-{c}, --{}", self.name),
            None => format!("--{}", self.name),
        }
    }
}

/// Flags that every verb takes.
pub const GLOBAL: &[Flag] = &[
    Flag::new("namespace", Type::Text).short('n'),
    Flag::new("context", Type::Text),
    Flag::new("cluster", Type::Text),
    Flag::new("user", Type::Text),
    Flag::new("kubeconfig", Type::Text),
    Flag::new("server", Type::Text).short('s'),
    Flag::new("token", Type::Text),
    Flag::new("as", Type::Text),
    Flag::new("as-group", Type::List),
    Flag::new("as-uid", Type::Text),
    Flag::new("as-user-extra", Type::List),
    Flag::new("request-timeout", Type::Text).default("0"),
    Flag::new("v", Type::Int).short('v'),
    Flag::new("help", Type::Bool).short('h'),
    Flag::new("warnings-as-errors", Type::Bool),
    Flag::new("match-server-version", Type::Bool),
    Flag::new("insecure-skip-tls-verify", Type::Bool),
    Flag::new("cache-dir", Type::Text).default("/home/user/.kube/cache"),
    Flag::new("certificate-authority", Type::Text),
    Flag::new("client-certificate", Type::Text),
    Flag::new("client-key", Type::Text),
    Flag::new("disable-compression", Type::Bool),
    Flag::new("kuberc", Type::Text).absent(),
    Flag::new("log-flush-frequency", Type::Duration).default("5s"),
    Flag::new("password", Type::Text),
    Flag::new("profile", Type::Text).default("none").absent(),
    Flag::new("profile-output", Type::Text).default("profile.pprof"),
    Flag::new("tls-server-name", Type::Text).absent(),
    Flag::new("username", Type::Text),
    Flag::new("vmodule", Type::Text),
];

/// Which of some flags a word names: `--namespace` or `-n`, without a value of its own.
pub fn named(mut flags: impl Iterator<Item = &'static Flag>, word: &str) -> Option<&'static Flag> {
    match word.strip_prefix("--") {
        Some(name) => flags.find(|f| f.name == name),
        None => {
            let mut letters = word.strip_prefix('-')?.chars();
            let (Some(c), None) = (letters.next(), letters.next()) else { return None };
            flags.find(|f| f.short == Some(c))
        }
    }
}

/// Whether flags may stand behind words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    Mixed,
    /// After the first word all are words: they are a command of its own.
    FlagsFirst,
}

/// What is wrong with a command line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WrongFlag {
    pub message: String,
    /// The flag that was perhaps meant.
    pub meant: Option<String>,
}

/// A parsed command line.
#[derive(Clone, Debug, Default)]
pub struct Args {
    pub verb: &'static str,
    pub words: Vec<String>,
    /// Words after `--`, and where they begin among all words.
    pub dash: Option<usize>,
    values: BTreeMap<&'static str, Vec<String>>,
    /// Flags in the order in which they were given.
    given: Vec<(&'static str, String)>,
    defaults: BTreeMap<&'static str, &'static str>,
    /// What is in the file that `-o go-template-file=…` and its like name.
    pub template_file: Option<Result<String, String>>,
}

impl Args {
    pub fn parse(verb: &'static Verb, words: &[String]) -> Result<Args, Failure> {
        let flags: Vec<&'static Flag> = verb.flags.iter().flat_map(|f| f.iter()).chain(GLOBAL).collect();
        Args::read(verb.name, &flags, words, Order::Mixed).map_err(|wrong| {
            let meant = wrong.meant.map(|n| Hint::DidYouMean(format!("--{n}")));
            Failure::usage(wrong.message, verb.name).hint(meant)
        })
    }

    /// Any command line that the library reads. What stands first among the flags goes before what stands later.
    ///
    /// # Errors
    /// What it says of a mistake, and which flag was perhaps meant.
    pub fn read(
        name: &'static str,
        flags: &[&'static Flag],
        words: &[String],
        order: Order,
    ) -> Result<Args, WrongFlag> {
        let mut args = Args { verb: name, ..Args::default() };
        for f in flags.iter().rev() {
            args.defaults.insert(f.name, f.default);
        }
        let usage = |message: String| WrongFlag { message, meant: None };
        let mut i = 0;
        while i < words.len() {
            let w = &words[i];
            i += 1;
            if w == "--" {
                args.dash = Some(args.words.len());
                args.words.extend(words[i..].iter().cloned());
                break;
            }
            if let Some(long) = w.strip_prefix("--") {
                let (name, inline) = match long.split_once('=') {
                    Some((n, v)) => (n, Some(v.to_string())),
                    None => (long, None),
                };
                let Some(f) = flags.iter().find(|f| f.name == name) else {
                    let known: Vec<&str> = flags.iter().map(|f| f.name).collect();
                    let meant = likeliest(name, &known).map(String::from);
                    return Err(WrongFlag { message: format!("unknown flag: --{name}"), meant });
                };
                let value = match (inline, f.kind) {
                    (Some(v), _) => v,
                    (None, Type::Bool) => "true".into(),
                    (None, Type::Optional(v)) => v.into(),
                    (None, _) => {
                        let Some(v) = words.get(i) else {
                            return Err(usage(format!("flag needs an argument: --{name}")));
                        };
                        i += 1;
                        v.clone()
                    }
                };
                args.put(f, value).map_err(usage)?;
            } else if w.len() > 1 && w.starts_with('-') {
                let mut chars: Vec<char> = w[1..].chars().collect();
                while !chars.is_empty() {
                    let c = chars.remove(0);
                    let Some(f) = flags.iter().find(|f| f.short == Some(c)) else {
                        return Err(usage(format!("unknown shorthand flag: {c:?} in {w}")));
                    };
                    let value = match f.kind {
                        _ if chars.first() == Some(&'=') => chars[1..].iter().collect(),
                        Type::Bool => {
                            args.put(f, "true".into()).map_err(usage)?;
                            continue;
                        }
                        Type::Optional(v) => v.into(),
                        _ if !chars.is_empty() => chars.iter().collect(),
                        _ => {
                            let Some(v) = words.get(i) else {
                                return Err(usage(format!("flag needs an argument: {c:?} in {w}")));
                            };
                            i += 1;
                            v.clone()
                        }
                    };
                    args.put(f, value).map_err(usage)?;
                    break;
                }
            } else {
                args.words.push(w.clone());
                if order == Order::FlagsFirst {
                    args.words.extend(words[i..].iter().cloned());
                    break;
                }
            }
        }
        Ok(args)
    }

    fn put(&mut self, f: &'static Flag, value: String) -> Result<(), String> {
        let bad = |why: String| Err(format!("invalid argument {value:?} for \"{}\" flag: {why}", f.shown()));
        // What can be said in several ways is kept in one.
        let value = match f.kind {
            Type::Bool => match value.as_str() {
                "1" | "t" | "T" | "true" | "TRUE" | "True" => "true".into(),
                "0" | "f" | "F" | "false" | "FALSE" | "False" => "false".into(),
                _ => return bad(format!("strconv.ParseBool: parsing {value:?}: invalid syntax")),
            },
            Type::Int => match go_text::int_of_any_base(&value) {
                Ok(n) => n.to_string(),
                Err(why) => return bad(why),
            },
            Type::Duration if parse_go_duration(&value).is_none() => {
                let digits = value.trim_start_matches(['-', '+']);
                let numeric = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
                let why = if numeric { "missing unit in duration" } else { "invalid duration" };
                return bad(match unknown_unit(digits) {
                    Some(unit) => format!("time: unknown unit {unit:?} in duration {value:?}"),
                    None => format!("time: {why} {value:?}"),
                });
            }
            Type::Pairs => match pairs(&value) {
                Err(why) => return bad(why),
                Ok(_) => value,
            },
            _ => value,
        };
        self.given.push((f.name, value.clone()));
        let list = self.values.entry(f.name).or_default();
        match f.kind {
            Type::List => list.extend(value.split(',').map(String::from)),
            Type::Array => list.push(value),
            Type::Pairs => list.extend(pairs(&value).unwrap_or_default()),
            _ => *list = vec![value],
        }
        Ok(())
    }

    /// The flags that were given, in order.
    pub fn given(&self) -> impl Iterator<Item = &'static str> {
        self.given.iter().map(|(name, _)| *name)
    }

    pub fn is_set(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// The command line as `--record` keeps it: words first, then flags.
    pub fn line(&self) -> String {
        let words = std::iter::once(self.verb).chain(self.words.iter().map(String::as_str));
        let flags = self.given.iter().map(|(name, value)| format!(" --{name}={value}"));
        format!("kubectl {}{}", words.collect::<Vec<_>>().join(" "), flags.collect::<String>())
    }

    /// The same command line without a flag.
    pub fn without(&self, name: &str) -> Args {
        let mut a = self.clone();
        a.values.remove(name);
        a
    }

    pub fn text(&self, name: &str) -> &str {
        match self.values.get(name).and_then(|v| v.last()) {
            Some(v) => v,
            None => self.defaults.get(name).copied().unwrap_or(""),
        }
    }

    pub fn list(&self, name: &str) -> Vec<String> {
        self.values.get(name).cloned().unwrap_or_default()
    }

    /// Whether objects are named by files or by a kustomization.
    pub fn names_files(&self) -> bool {
        !self.list("filename").is_empty() || !self.text("kustomize").is_empty()
    }

    pub fn flag(&self, name: &str) -> bool {
        matches!(self.text(name), "1" | "t" | "T" | "true" | "TRUE" | "True")
    }

    /// What a flag says of each key, the last word of each.
    pub fn pairs(&self, name: &str) -> BTreeMap<String, String> {
        let split = |pair: String| pair.split_once('=').map(|(k, v)| (k.to_string(), v.to_string()));
        self.list(name).into_iter().filter_map(split).collect()
    }

    pub fn int(&self, name: &str) -> i64 {
        self.text(name).parse().unwrap_or(0)
    }

    pub fn duration(&self, name: &str) -> Duration {
        parse_go_duration(self.text(name)).unwrap_or(Duration::ZERO)
    }

    pub fn word(&self, i: usize) -> &str {
        self.words.get(i).map_or("", String::as_str)
    }

    /// Fails as kubectl does when flags that must be set are missing.
    pub fn require(&self, names: &[&str]) -> Result<(), Failure> {
        let missing: Vec<String> = names.iter().filter(|n| !self.is_set(n)).map(|n| format!("{n:?}")).collect();
        if missing.is_empty() {
            Ok(())
        } else {
            Err(Failure::error(format!("required flag(s) {} not set", missing.join(", "))))
        }
    }
}

/// The first unit of a duration that is none. Real Kubernetes: Go's time.ParseDuration.
fn unknown_unit(mut rest: &str) -> Option<&str> {
    let numeric = |c: char| c.is_ascii_digit() || c == '.';
    while rest.starts_with(|c: char| c.is_ascii_digit()) {
        let after = rest.trim_start_matches(numeric);
        let unit = &after[..after.find(numeric).unwrap_or(after.len())];
        match unit {
            "" => return None,
            "ns" | "us" | "µs" | "μs" | "ms" | "s" | "m" | "h" => rest = &after[unit.len()..],
            _ => return Some(unit),
        }
    }
    None
}

/// The parts of `a=b,c=d`. Real Kubernetes: github.com/spf13/pflag string_to_string.go.
fn pairs(value: &str) -> Result<Vec<String>, String> {
    let parts: Vec<String> = match value.matches('=').count() {
        // One alone may hold commas.
        0 | 1 => vec![value.trim_matches('"').to_string()],
        _ => value.split(',').map(String::from).collect(),
    };
    match parts.iter().find(|p| !p.contains('=')) {
        Some(bare) => Err(format!("{bare} must be formatted as key=value")),
        None => Ok(parts),
    }
}

/// The format alone, with what is meant where none is given.
pub const fn output(default: &'static str) -> Flag {
    Flag::new("output", Type::Text).short('o').default(default)
}
pub const SHOW_OWNERS: Flag = Flag::new("show-managed-fields", Type::Bool);
/// What else says how an object is printed.
pub const PRINTING: &[Flag] = &[
    Flag::new("template", Type::Text),
    SHOW_OWNERS,
    Flag::new("allow-missing-template-keys", Type::Bool).default("true"),
];
pub const OUTPUT: &[Flag] = &[output(""), PRINTING[0], PRINTING[1], PRINTING[2]];
pub const SELECTOR: Flag = Flag::new("selector", Type::Text).short('l');
pub const ALL_NAMESPACES: Flag = Flag::new("all-namespaces", Type::Bool).short('A');
pub const SELECT: &[Flag] = &[SELECTOR, Flag::new("field-selector", Type::Text), ALL_NAMESPACES];
pub const FILENAME: Flag = Flag::new("filename", Type::List).short('f');
pub const RECURSIVE: Flag = Flag::new("recursive", Type::Bool).short('R');
pub const FILES: &[Flag] = &[FILENAME, RECURSIVE, Flag::new("kustomize", Type::Text).short('k')];
/// Of verbs that go into directories by themselves, and know no kustomizations.
pub const DEEP_FILES: &[Flag] = &[FILENAME, RECURSIVE.default("true")];
/// As whom a verb owns what it writes.
pub const fn field_manager(default: &'static str) -> Flag {
    Flag::new("field-manager", Type::Text).default(default)
}
pub const VALIDATE: Flag = Flag::new("validate", Type::Optional("strict")).default("strict");
pub const SAVE_CONFIG: Flag = Flag::new("save-config", Type::Bool);
pub const DRY_RUN_FLAG: Flag = Flag::new("dry-run", Type::Optional(BARE_DRY_RUN)).default("none");
/// Of `create` and what is below it.
pub const DRY_RUN: &[Flag] = &[DRY_RUN_FLAG, field_manager("kubectl-create"), VALIDATE, SAVE_CONFIG];
pub const ALL: &[Flag] = &[Flag::new("all", Type::Bool)];

/// How objects that are in the way would be deleted first.
pub const DELETING: &[Flag] = &[
    Flag::new("cascade", Type::Optional("background")).default("background"),
    Flag::new("grace-period", Type::Int).default("-1"),
    Flag::new("timeout", Type::Duration).default("0s"),
    Flag::new("wait", Type::Bool),
];

/// What `--dry-run` means without a value: it is deprecated.
pub const BARE_DRY_RUN: &str = "unchanged";

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DryRun {
    None,
    Client,
    Server,
}

impl DryRun {
    pub fn of(args: &Args) -> Result<DryRun, Failure> {
        match args.text("dry-run") {
            "none" | "false" | "" => Ok(DryRun::None),
            "client" | "true" | BARE_DRY_RUN => Ok(DryRun::Client),
            "server" => Ok(DryRun::Server),
            other => Err(Failure::error(format!(
                "Invalid dry-run value ({other}). Must be \"none\", \"server\", or \"client\"."
            ))),
        }
    }
    /// The request, to be tried only if that is the server's affair.
    pub fn on(self, mut request: Request) -> Request {
        match &mut request.body {
            _ if self != DryRun::Server => request,
            // A deletion's options are all in its body, where it has one.
            Some(options) if request.method == Method::Delete => {
                options["dryRun"] = json!(["All"]);
                request
            }
            _ => request.query("dryRun", "All"),
        }
    }
    /// What is printed behind the message.
    pub fn note(self) -> &'static str {
        match self {
            DryRun::None => "",
            DryRun::Client => " (dry run)",
            DryRun::Server => " (server dry run)",
        }
    }
}
