//! What a server keeps in files: all of it now and then, and each change as it comes if it is told so.

use super::client::Client;
use super::commands::find;
use super::rdb::{self, About, Loaded};
use super::resp;
use super::server::Server;
use super::value::Text;
use crate::api::{Duration, Time};
use crate::runtime::kernel::{Errno, Fd, Mode, Sys};

/// Until it tries again what has failed.
const PAUSE: Duration = Duration::from_secs(5);

/// The file that changes are written to.
#[derive(Clone, Debug)]
pub struct Log {
    fd: Fd,
    /// Which database the last of them was about.
    db: Option<usize>,
    sequence: u64,
}

/// The names of a log's files.
struct Names {
    directory: String,
    manifest: String,
    base: String,
    changes: String,
}

impl Server {
    // ---- all of it --------------------------------------------------------------------------

    pub fn snapshot(&self, sys: &Sys<'_>) -> Vec<u8> {
        self.written(false, sys)
    }

    fn written(&self, base: bool, sys: &Sys<'_>) -> Vec<u8> {
        let about = About { version: &self.version, now: sys.now, used_memory: self.used_memory(), base };
        rdb::write(&self.databases, &about)
    }

    /// Whether all is in the file.
    pub fn save(&mut self, sys: &mut Sys<'_>) -> bool {
        let bytes = self.snapshot(sys);
        let (name, temporary) = (self.config.text("dbfilename").to_string(), format!("temp-{}.rdb", sys.pid()));
        self.last_try = sys.now;
        let (from, to) = (sys.path(&temporary), sys.path(&name));
        let done = sys.view(|v| v.write(&from, &bytes).and_then(|()| v.rename(&from, &to)));
        self.save_failed = done.is_err();
        match done {
            Ok(()) => {
                self.note("DB saved on disk", sys);
                (self.dirty, self.last_save) = (0, sys.now);
                self.saves += 1;
            }
            Err(e) => {
                let dir = sys.cwd();
                let what =
                    format!("Failed opening the temp RDB file {temporary} (in server root dir {dir}) for saving");
                self.warn(&format!("{what}: {}", e.text()), sys);
            }
        }
        !self.save_failed
    }

    pub fn save_in_background(&mut self, sys: &mut Sys<'_>) {
        let child = u64::from(sys.pid()) + 19 + self.saves;
        self.note(&format!("Background saving started by pid {child}"), sys);
        match self.save(sys) {
            true => self.note("Background saving terminated with success", sys),
            false => self.warn("Background saving error", sys),
        }
    }

    /// When the next save is due, if nothing more changes, and why.
    fn due(&self) -> Option<(Time, u64, u64)> {
        let points = self.config.save_points().into_iter().filter(|(_, changes)| self.dirty >= *changes);
        let at = |seconds| {
            (self.last_save + Duration::from_secs(seconds)).max(match self.save_failed {
                true => self.last_try + PAUSE,
                false => Time::default(),
            })
        };
        points.map(|(seconds, changes)| (at(seconds), seconds, changes)).min_by_key(|p| p.0)
    }

    pub fn next_save(&self) -> Option<Time> {
        self.due().map(|(at, ..)| at)
    }

    pub fn save_if_due(&mut self, sys: &mut Sys<'_>) {
        if let Some((_, seconds, changes)) = self.due().filter(|(at, ..)| *at <= sys.now) {
            self.note(&format!("{changes} changes in {seconds} seconds. Saving..."), sys);
            self.save_in_background(sys);
        }
    }

    // ---- at the start -----------------------------------------------------------------------

    /// What was kept. The error is the code that it ends with.
    pub fn load(&mut self, sys: &mut Sys<'_>) -> Result<(), i32> {
        if self.config.is_on("appendonly") {
            let loaded = if self.version.is_at_least(7, 0) { self.load_log(sys) } else { self.load_old_log(sys) };
            return loaded.map_err(|why| {
                self.warn(&why, sys);
                1
            });
        }
        let name = self.config.text("dbfilename").to_string();
        let bytes = match sys.read_file(&name) {
            Ok(b) => b,
            Err(Errno::NotFound) => return Ok(()),
            Err(e) => {
                self.warn(
                    &format!("Fatal error loading the DB, check server logs. Exiting. ({name}: {})", e.text()),
                    sys,
                );
                return Err(1);
            }
        };
        match self.take_in(&bytes, sys) {
            Ok(_) => {
                self.note("DB loaded from disk: 0.000 seconds", sys);
                Ok(())
            }
            Err(why) => {
                self.warn(&why, sys);
                self.warn("Fatal error loading the DB, check server logs. Exiting.", sys);
                Err(1)
            }
        }
    }

    /// Takes over what a file holds, in place of all there is. Tells how long the file is.
    pub fn take_in(&mut self, bytes: &[u8], sys: &mut Sys<'_>) -> Result<usize, String> {
        let loaded = rdb::read(bytes, self.databases.len(), sys.now)?;
        let Loaded { databases, version, written, used_memory, keys, expired, length } = loaded;
        let age = sys.now.unix_seconds_and_nanos().0.saturating_sub(written);
        self.note(&format!("Loading RDB produced by version {version}"), sys);
        self.note(&format!("RDB age {age} seconds"), sys);
        self.note(&format!("RDB memory usage when created {:.2} Mb", used_memory as f64 / f64::from(1 << 20)), sys);
        if self.version.is_at_least(7, 0) {
            self.note(&format!("Done loading RDB, keys loaded: {keys}, keys expired: {expired}."), sys);
        }
        self.databases = databases;
        Ok(length)
    }

    /// Does again what was written down. Tells how much of it was whole.
    fn replay(&mut self, bytes: &[u8], sys: &mut Sys<'_>) -> Result<usize, String> {
        let mut client = Client::new(0, 0, None, sys.now);
        let mut at = 0;
        while let Some(request) = resp::request(&bytes[at..]) {
            let (words, n) = request?;
            at += n;
            let command = words.first().map(|name| find(name).ok_or("Unknown command reading the append only file"));
            if let Some(command) = command {
                self.call(command?, &mut client, &words, None, true, sys);
            }
        }
        self.dirty = 0;
        Ok(at)
    }

    // ---- each change ------------------------------------------------------------------------

    fn names(&self, sequence: u64) -> Names {
        let (directory, file) = (self.config.text("appenddirname").to_string(), self.config.text("appendfilename"));
        Names {
            manifest: format!("{directory}/{file}.manifest"),
            base: format!("{file}.{sequence}.base.rdb"),
            changes: format!("{file}.{sequence}.incr.aof"),
            directory,
        }
    }

    fn load_log(&mut self, sys: &mut Sys<'_>) -> Result<(), String> {
        let n = self.names(1);
        let Ok(manifest) = sys.read_file(&n.manifest) else {
            self.note(&format!("Creating AOF base file {} on server start", n.base), sys);
            self.note(&format!("Creating AOF incr file {} on server start", n.changes), sys);
            return self
                .begin_log(1, sys)
                .map_err(|e| format!("Can't open or create append-only dir {}: {}", n.directory, e.text()));
        };
        let manifest = String::from_utf8_lossy(&manifest).to_string();
        let mut last = None;
        for line in manifest.lines().filter(|l| !l.trim().is_empty()) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let ["file", name, "seq", sequence, "type", kind @ ("b" | "i" | "h")] = words[..] else {
                return Err("Bad file format reading the append only file manifest".into());
            };
            if kind == "h" {
                continue;
            }
            let path = format!("{}/{name}", n.directory);
            let bytes = sys
                .read_file(&path)
                .map_err(|e| format!("Fatal error: can't open the append log file {name} for reading: {}", e.text()))?;
            if kind == "b" {
                self.note("Reading RDB base file on AOF loading...", sys);
                self.take_in(&bytes, sys)?;
                self.note(&format!("DB loaded from base file {name}: 0.000 seconds"), sys);
            } else {
                self.load_changes(&path, name, &bytes, 0, sys)?;
                self.note(&format!("DB loaded from incr file {name}: 0.000 seconds"), sys);
                last = Some((path, name.to_string(), sequence.parse().unwrap_or(1)));
            }
        }
        let (path, name, sequence) = last.ok_or("Bad file format reading the append only file manifest")?;
        self.note("DB loaded from append only file: 0.000 seconds", sys);
        self.note(&format!("Opening AOF incr file {name} on server start"), sys);
        self.append_to(&path, sequence, sys)
            .map_err(|e| format!("Can't open the append-only file {name}: {}", e.text()))
    }

    /// Before version 7 all was in one file, what was there at first too.
    fn load_old_log(&mut self, sys: &mut Sys<'_>) -> Result<(), String> {
        let name = self.config.text("appendfilename").to_string();
        if let Ok(bytes) = sys.read_file(&name).map(|b| b.to_vec())
            && !bytes.is_empty()
        {
            let base = if bytes.starts_with(b"REDIS") { self.take_in(&bytes, sys)? } else { 0 };
            self.load_changes(&name, &name, &bytes, base, sys)?;
            self.note("DB loaded from append only file: 0.000 seconds", sys);
        }
        self.append_to(&name, 1, sys).map_err(|e| format!("Can't open the append-only file: {}", e.text()))
    }

    /// What is broken off at the end is cut away.
    fn load_changes(
        &mut self,
        path: &str,
        name: &str,
        bytes: &[u8],
        from: usize,
        sys: &mut Sys<'_>,
    ) -> Result<(), String> {
        let rest = &bytes[from..];
        let whole = self.replay(rest, sys).map_err(|_| {
            format!(
                "Bad file format reading the append only file {name}: make a backup of your AOF file, then use \
                 ./redis-check-aof --fix <filename.manifest>"
            )
        })?;
        if whole == rest.len() {
            return Ok(());
        }
        if !self.config.is_on("aof-load-truncated") {
            return Err(format!(
                "Unexpected end of file reading the append only file {name}. You can: 1) Make a backup of your AOF file, then use \
                 ./redis-check-aof --fix <filename.manifest>. 2) Alternatively you can set the 'aof-load-truncated' \
                 configuration option to yes and restart the server."
            ));
        }
        self.warn(&format!("!!! Warning: short read while loading the AOF file {name}!!!"), sys);
        self.warn(&format!("AOF {name} loaded anyway because aof-load-truncated is enabled"), sys);
        let path = sys.path(path);
        sys.view(|v| v.write(&path, &bytes[..from + whole])).map_err(|e| e.text().to_string())
    }

    /// New files: all there is, and one for what comes.
    fn begin_log(&mut self, sequence: u64, sys: &mut Sys<'_>) -> Result<(), Errno> {
        let n = self.names(sequence);
        let base = self.written(true, sys);
        let directory = sys.path(&n.directory);
        match sys.view(|v| v.make_directory(&directory, 0o755)) {
            Ok(()) | Err(Errno::Exists) => {}
            Err(e) => return Err(e),
        }
        let manifest =
            format!("file {} seq {sequence} type b\nfile {} seq {sequence} type i\n", n.base, n.changes).into_bytes();
        let changes = format!("{}/{}", n.directory, n.changes);
        for (path, bytes) in
            [(format!("{}/{}", n.directory, n.base), base), (changes.clone(), vec![]), (n.manifest, manifest)]
        {
            let path = sys.path(&path);
            sys.view(|v| v.write(&path, &bytes))?;
        }
        self.append_to(&changes, sequence, sys)
    }

    fn append_to(&mut self, path: &str, sequence: u64, sys: &mut Sys<'_>) -> Result<(), Errno> {
        let fd = sys.open(path, Mode::Append)?;
        if let Some(old) = self.aof.replace(Log { fd, db: None, sequence }) {
            sys.close(old.fd);
        }
        Ok(())
    }

    pub fn write_down(&mut self, db: usize, words: &[Text], sys: &mut Sys<'_>) {
        let Some(log) = &mut self.aof else { return };
        let mut bytes = vec![];
        if log.db != Some(db) {
            bytes.extend(resp::command(&["SELECT", &db.to_string()]));
            log.db = Some(db);
        }
        bytes.extend(resp::command(words));
        if let Err(e) = sys.write(log.fd, &bytes) {
            self.warn(&format!("Error writing to the AOF file: {}", e.text()), sys);
        }
    }

    /// The log is begun anew with what there is.
    pub fn rewrite_log(&mut self, sys: &mut Sys<'_>) {
        let old = self.aof.as_ref().map_or(0, |l| l.sequence);
        let child = u64::from(sys.pid()) + 19 + self.saves + old;
        self.note(&format!("Background append only file rewriting started by pid {child}"), sys);
        let done = match self.version.is_at_least(7, 0) {
            true => self.begin_log(old + 1, sys),
            false => {
                let path = self.config.text("appendfilename").to_string();
                let (whole, bytes) = (sys.path(&path), self.written(true, sys));
                sys.view(|v| v.write(&whole, &bytes)).and_then(|()| self.append_to(&path, old + 1, sys))
            }
        };
        // Nobody has asked for changes to be written down.
        if !self.config.is_on("appendonly") {
            self.close_log(sys);
        }
        match done {
            Ok(()) => {
                if old > 0 && self.version.is_at_least(7, 0) {
                    let n = self.names(old);
                    for name in [n.base, n.changes] {
                        let path = sys.path(&format!("{}/{name}", n.directory));
                        let _ = sys.view(|v| v.unlink(&path));
                    }
                }
                self.note("Background AOF rewrite terminated with success", sys);
            }
            Err(e) => self.warn(&format!("Background AOF rewrite terminated with error: {}", e.text()), sys),
        }
    }

    fn close_log(&mut self, sys: &mut Sys<'_>) {
        if let Some(log) = self.aof.take() {
            sys.close(log.fd);
        }
    }

    /// Somebody has said anew whether changes are to be written down.
    pub fn keep_log_as_told(&mut self, sys: &mut Sys<'_>) {
        match (self.config.is_on("appendonly"), self.aof.is_some()) {
            (true, false) => self.rewrite_log(sys),
            (false, true) => self.close_log(sys),
            _ => {}
        }
    }

    /// The configuration as it is now, in the file that it came from.
    pub fn rewrite_config(&mut self, sys: &mut Sys<'_>) -> Result<(), Errno> {
        let file = self.config.file.clone();
        let old = sys.read_file(&file)?;
        let new = self.config.rewritten(&old);
        sys.view(|v| v.write(&file, new.as_bytes()))?;
        self.note("CONFIG REWRITE executed with success.", sys);
        Ok(())
    }
}
