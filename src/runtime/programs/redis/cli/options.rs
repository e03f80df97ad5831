//! What stands behind the name of `redis-cli`.

use std::collections::BTreeMap;

use crate::api::Duration;

#[derive(Clone, PartialEq, Debug)]
pub struct Options {
    pub host: String,
    pub port: u16,
    pub user: Option<String>,
    pub password: Option<String>,
    pub db: u64,
    /// How often the command is sent; `None`: for ever.
    pub times: Option<u64>,
    pub pause: Duration,
    pub protocol: u8,
    /// As it came, or in the form for people; if nobody says, it depends on who reads it.
    pub raw: Option<bool>,
    pub csv: bool,
    /// An error reply is an error of its own.
    pub fails: bool,
    /// The last word of the command comes from the standard input.
    pub reads_last: bool,
    pub scans: bool,
    pub pattern: Option<String>,
    pub delimiter: String,
    pub version: bool,
    pub help: bool,
    /// What is to be warned of.
    pub warning: &'static str,
    pub words: Vec<String>,
}

const WARNING: &str =
    "Warning: Using a password with '-a' or '-u' option on the command line interface may not be safe.\n";

impl Options {
    /// The error is what is said of what cannot be read.
    pub fn read(words: &[String], env: &BTreeMap<String, String>) -> Result<Options, String> {
        let mut o = Options {
            host: "127.0.0.1".into(),
            port: 6379,
            user: None,
            password: env.get("REDISCLI_AUTH").filter(|p| !p.is_empty()).cloned(),
            db: 0,
            times: Some(1),
            pause: Duration::ZERO,
            protocol: 2,
            raw: None,
            csv: false,
            fails: false,
            reads_last: false,
            scans: false,
            pattern: None,
            delimiter: "\n".into(),
            version: false,
            help: false,
            warning: "",
            words: vec![],
        };
        let mut quiet = false;
        let mut rest = words.iter();
        while let Some(w) = rest.next() {
            let is_last = rest.len() == 0;
            let mut value = || {
                let unknown = || format!("Unrecognized option or bad number of args for: '{w}'\n");
                rest.next().cloned().ok_or_else(unknown)
            };
            match w.as_str() {
                "-h" if is_last => o.help = true,
                "-h" => o.host = value()?,
                "-p" => {
                    let text = value()?;
                    o.port = text.parse().map_err(|_| "Invalid server port.\n".to_string())?;
                }
                "-t" => drop(value()?),
                "-a" | "--pass" => {
                    o.password = Some(value()?);
                    o.warning = WARNING;
                }
                "--user" => o.user = Some(value()?),
                "-u" => {
                    o.take_address(&value()?)?;
                    o.warning = if o.password.is_some() { WARNING } else { o.warning };
                }
                "-n" => o.db = value()?.parse().unwrap_or(0),
                "-r" => o.times = value()?.parse::<i64>().map_or(Some(0), |n| u64::try_from(n).ok()),
                "-i" => {
                    let seconds = value()?.parse::<f64>().ok().filter(|s| *s >= 0.0).unwrap_or(0.0);
                    o.pause = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::ZERO);
                }
                "-d" => o.delimiter = value()?,
                "-D" | "-X" => drop(value()?),
                "-x" => o.reads_last = true,
                "-e" => o.fails = true,
                "-2" => o.protocol = 2,
                "-3" => o.protocol = 3,
                "-c" | "-4" | "-6" | "--quoted-input" | "--no-raw" | "--raw" | "--csv" | "--no-auth-warning" => {
                    quiet |= w == "--no-auth-warning";
                    o.csv |= w == "--csv";
                    match w.as_str() {
                        "--raw" => o.raw = Some(true),
                        "--no-raw" => o.raw = Some(false),
                        _ => {}
                    }
                }
                "--scan" => o.scans = true,
                "--pattern" => o.pattern = Some(value()?),
                "--help" => o.help = true,
                "-v" | "--version" => o.version = true,
                w if w.starts_with('-') => {
                    return Err(format!("Unrecognized option or bad number of args for: '{w}'\n"));
                }
                _ => {
                    o.words = [w.clone()].into_iter().chain(rest.by_ref().cloned()).collect();
                }
            }
        }
        if quiet {
            o.warning = "";
        }
        Ok(o)
    }

    /// `redis://user:password@host:port/db`
    fn take_address(&mut self, text: &str) -> Result<(), String> {
        let rest = text.strip_prefix("redis://").ok_or("Invalid URI scheme\n")?;
        let (who, place) = rest.rsplit_once('@').map_or((None, rest), |(w, p)| (Some(w), p));
        if let Some((user, password)) = who.map(|w| w.split_once(':').unwrap_or(("", w))) {
            self.user = Some(user.to_string()).filter(|u| !u.is_empty());
            self.password = Some(password.into());
        }
        let (place, db) = place.split_once('/').unwrap_or((place, ""));
        self.db = db.parse().unwrap_or(self.db);
        let (host, port) = place.split_once(':').unwrap_or((place, ""));
        if !host.is_empty() {
            self.host = host.into();
        }
        self.port = port.parse().unwrap_or(self.port);
        Ok(())
    }
}

pub fn usage(version: &str) -> String {
    format!(
        "redis-cli {version}

Usage: redis-cli [OPTIONS] [cmd [arg [arg ...]]]
  -h <hostname>      Server hostname (default: 127.0.0.1).
  -p <port>          Server port (default: 6379).
  -a <password>      Password to use when connecting to the server.
                     You can also use the REDISCLI_AUTH environment
                     variable to pass this password more safely
                     (if both are used, this argument takes precedence).
  --user <username>  Used to send ACL style 'AUTH username pass'. Needs -a.
  --pass <password>  Alias of -a for consistency with the new --user option.
  -u <uri>           Server URI on format redis://user:password@host:port/dbnum
  -r <repeat>        Execute specified command N times.
  -i <interval>      When -r is used, waits <interval> seconds per command.
  -n <db>            Database number.
  -2                 Start session in RESP2 protocol mode.
  -3                 Start session in RESP3 protocol mode.
  -x                 Read last argument from STDIN.
  -d <delimiter>     Delimiter between response bulks for raw formatting (default: \\n).
  -e                 Return exit error code when command execution fails.
  --raw              Use raw formatting for replies (default when STDOUT is
                     not a tty).
  --no-raw           Force formatted output even when STDOUT is not a tty.
  --csv              Output in CSV format.
  --scan             List all keys using the SCAN command.
  --pattern <pat>    Keys pattern when using the --scan option.
  --no-auth-warning  Don't show warning message when using password on command
                     line interface.
  --help             Output this help and exit.
  --version          Output version and exit.
"
    )
}
