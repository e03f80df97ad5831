//! `redis-cli`: it sends commands to a server, and shows what comes back.
//!
//! Start with [`start`]; [`options`] reads what stands behind its name, [`showing`] says how a reply looks, `talking` is the way of a command.

mod options;
mod showing;
mod talking;

use options::Options;
use talking::Cli;

use super::version::Version;
use crate::runtime::kernel::Program;
use crate::runtime::programs::{Printing, Start};

pub fn start(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    let version = Version::of(s.sys).text;
    let said = |out: String, code| Box::new(Printing { out: out.into_bytes(), err: vec![], code });
    match Options::read(&s.words[1..], s.env) {
        Ok(o) if o.version => said(format!("redis-cli {version}\n"), 0),
        Ok(o) if o.help => said(options::usage(&version), 0),
        Ok(o) => Box::new(Cli::new(o, s.sys)),
        Err(text) => Box::new(Printing::error(text, 1)),
    }
}
