//! The log of a server: a line for each thing of note, with who says it and when.

use super::server::Server;
use crate::runtime::kernel::{Mode, STDOUT, Sys};

/// How grave it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Level {
    Notice,
    Warning,
}

impl Server {
    pub fn note(&mut self, text: &str, sys: &mut Sys<'_>) {
        self.log(Level::Notice, text, sys);
    }

    pub fn warn(&mut self, text: &str, sys: &mut Sys<'_>) {
        self.log(Level::Warning, text, sys);
    }

    /// What was a warning in old versions and is none any more.
    pub fn note_since_7_2(&mut self, text: &str, sys: &mut Sys<'_>) {
        let level = if self.version.is_at_least(7, 2) { Level::Notice } else { Level::Warning };
        self.log(level, text, sys);
    }

    fn log(&mut self, level: Level, text: &str, sys: &mut Sys<'_>) {
        if level == Level::Notice && self.config.text("loglevel") == "warning" {
            return;
        }
        let role = match () {
            () if !self.is_up => 'C',
            () if self.link.is_some() => 'S',
            () => 'M',
        };
        let sign = if level == Level::Notice { '*' } else { '#' };
        let line = format!("{}:{role} {} {sign} {text}\n", sys.pid(), sys.now.redis_log_stamp());
        self.print(line.as_bytes(), sys);
    }

    pub fn print(&mut self, line: &[u8], sys: &mut Sys<'_>) {
        match self.config.text("logfile") {
            "" => drop(sys.write(STDOUT, line)),
            path => {
                if let Ok(fd) = sys.open(path, Mode::Append) {
                    let _ = sys.write(fd, line);
                    sys.close(fd);
                }
            }
        }
    }
}
