//! How a command is called: whether it may be, what it changes, and who is told of that.

use super::{Answer, Call, Command, TABLE, find};
use crate::api::Duration;
use crate::runtime::kernel::Sys;
use crate::runtime::programs::redis::client::Client;
use crate::runtime::programs::redis::resp::Reply;
use crate::runtime::programs::redis::server::Server;
use crate::runtime::programs::redis::value::Text;

/// The CPU time that a command takes.
const COST: Duration = Duration::from_micros(5);
/// What is shown of the words of an unknown command.
const SHOWN: usize = 128;

impl Server {
    /// A request of somebody.
    pub fn request(&mut self, client: &mut Client, args: &[Text], sys: &mut Sys<'_>) {
        let reply = match self.judge(client, args, sys) {
            Ok(command) => {
                self.tell_monitors(client, args, sys);
                match &mut client.queued {
                    Some(queue) if !command.at_once => {
                        queue.push(args.to_vec());
                        Reply::Status("QUEUED".into())
                    }
                    _ => self.call(command, client, args, None, false, sys),
                }
            }
            Err(e) => {
                client.spoilt |= client.queued.is_some();
                self.errors += 1;
                Reply::Error(e)
            }
        };
        client.tell(&reply);
    }

    /// A command that waits tries once more.
    pub fn retry(&mut self, client: &mut Client, sys: &mut Sys<'_>) {
        let Some(b) = client.blocked.take() else { return };
        let Some(command) = find(&b.args[0]) else { return };
        let reply = self.call(command, client, &b.args, Some((b.turn, b.until)), false, sys);
        client.tell(&reply);
    }

    /// What may be asked now.
    fn judge(&mut self, client: &mut Client, args: &[Text], sys: &mut Sys<'_>) -> Result<&'static Command, String> {
        let command = find(&args[0]).ok_or_else(|| self.unknown(args))?;
        let n = i32::try_from(args.len()).unwrap_or(i32::MAX);
        if (command.arity > 0 && n != command.arity) || n < command.arity.abs() {
            return Err(format!("ERR wrong number of arguments for '{}' command", command.name));
        }
        (client.last, client.last_command) = (sys.now, command.name.to_string());
        client.commands += 1;
        let closed = !self.config.text("requirepass").is_empty() && !client.knows_password;
        if closed && !command.free && command.name != "host:" && command.name != "post" {
            return Err("NOAUTH Authentication required.".into());
        }
        let listens = client.subscriptions() > 0 && client.protocol < 3;
        let for_listeners =
            ["subscribe", "unsubscribe", "psubscribe", "punsubscribe", "ping", "quit", "reset"].contains(&command.name);
        if listens && !for_listeners {
            return Err(format!(
                "ERR Can't execute '{}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context",
                command.name
            ));
        }
        if command.writes && self.link.is_some() && self.config.is_on("replica-read-only") {
            return Err("READONLY You can't write against a read only replica.".into());
        }
        if command.writes && self.save_failed && self.config.is_on("stop-writes-on-bgsave-error") {
            return Err("MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. \
                 Commands that may modify the data set are disabled, because this instance is configured to report errors \
                 during writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs \
                 for details about the RDB error."
                .into());
        }
        if !self.make_room(sys) && command.grows {
            return Err("OOM command not allowed when used memory > 'maxmemory'.".into());
        }
        Ok(command)
    }

    fn unknown(&self, args: &[Text]) -> String {
        let shown = |t: &Text| String::from_utf8_lossy(&t[..t.len().min(SHOWN)]).to_string();
        let (name, mut rest) = (shown(&args[0]), String::new());
        let new = self.version.is_at_least(7, 0);
        for a in &args[1..] {
            if rest.len() >= SHOWN {
                break;
            }
            rest.push_str(&if new { format!("'{}' ", shown(a)) } else { format!("`{}`, ", shown(a)) });
        }
        match new {
            true => format!("ERR unknown command '{name}', with args beginning with: {rest}"),
            false => format!("ERR unknown command `{name}`, with args beginning with: {rest}"),
        }
    }

    /// It is done, written down and passed on.
    pub fn call(
        &mut self,
        command: &'static Command,
        client: &mut Client,
        args: &[Text],
        waited: Option<(u64, Option<crate::api::Time>)>,
        hurries: bool,
        sys: &mut Sys<'_>,
    ) -> Reply {
        sys.work(COST);
        self.commands += 1;
        let now = sys.now;
        self.databases.iter_mut().for_each(|d| d.expire(now));
        let db = client.db;
        let mut call = Call { server: self, client, args, sys, changed: 0, instead: None, waited, hurries };
        let answer: Answer = (command.run)(&mut call);
        let (changed, instead) = (call.changed, call.instead.take());
        if changed > 0 {
            self.dirty += changed;
            let own = || vec![args.to_vec()];
            for words in instead.unwrap_or_else(own) {
                self.pass_on(db, &words, sys);
            }
        }
        answer.unwrap_or_else(|e| {
            self.errors += 1;
            Reply::Error(e)
        })
    }
}

pub fn count() -> usize {
    TABLE.iter().filter(|c| !["host:", "post"].contains(&c.name)).count()
}
