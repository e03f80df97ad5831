//! Redirections: where descriptors lead while a command runs.

use super::expand::{Expansion, Stop};
use super::script::{Redirect, Stmt, Target};
use super::state::{Flavor, Shell};
use crate::runtime::kernel::{Errno, Fd, Mode, Sys};

/// A redirection whose words are expanded.
#[derive(Clone, Debug)]
pub struct Arranged {
    fd: Fd,
    to: Place,
}

#[derive(Clone, Debug)]
enum Place {
    File(String, Mode),
    Text(String),
    Duplicate(Fd),
    Close,
    /// `>&word` with a word that is no number.
    Neither(String),
}

/// Expands the words of redirections.
pub fn arrange(redirects: &[Redirect], e: &mut Expansion<'_, '_>) -> Result<Vec<Arranged>, Stop> {
    let one = |r: &Redirect, e: &mut Expansion<'_, '_>| {
        let to = match &r.to {
            Target::Read(w) => Place::File(e.single(w)?, Mode::Read),
            Target::Write { path, clobber } => {
                let guarded = e.sh.options.noclobber && !clobber;
                Place::File(e.single(path)?, if guarded { Mode::Create } else { Mode::Write })
            }
            Target::Append(w) => Place::File(e.single(w)?, Mode::Append),
            Target::Both(w) => Place::File(e.single(w)?, Mode::Both),
            Target::Here { text, expand } => Place::Text(if *expand { e.document(text)? } else { text.clone() }),
            Target::HereWord(w) => Place::Text(e.single(w)? + "\n"),
            Target::Duplicate(w) => match e.single(w)?.as_str() {
                "-" => Place::Close,
                n => n.parse().map_or_else(|_| Place::Neither(n.into()), Place::Duplicate),
            },
        };
        Ok(Arranged { fd: r.fd, to })
    };
    redirects.iter().map(|r| one(r, e)).collect()
}

impl Shell {
    /// Changes the descriptors. The error is what the shell says.
    pub(super) fn redirect(&mut self, all: &[Arranged], sys: &mut Sys<'_>) -> Result<(), String> {
        for r in all {
            match &r.to {
                Place::File(path, mode) => {
                    let opened = match (*mode, path.as_str()) {
                        // A device may be written to, guarded or not.
                        (Mode::Create, "/dev/null") => sys.open(path, Mode::Write),
                        _ => sys.open(path, *mode),
                    };
                    let fd = opened.map_err(|e| self.cannot_open(path, *mode, e))?;
                    move_to(fd, r.fd, sys);
                }
                Place::Text(text) => {
                    let fd = sys.open_text(text);
                    move_to(fd, r.fd, sys);
                }
                Place::Duplicate(from) => {
                    sys.duplicate(*from, r.fd).map_err(|_| format!("{from}: Bad file descriptor"))?;
                }
                Place::Close => sys.close(r.fd),
                Place::Neither(word) => return Err(format!("{word}: bad fd number")),
            }
        }
        Ok(())
    }

    fn cannot_open(&self, path: &str, mode: Mode, e: Errno) -> String {
        let creates = !matches!(mode, Mode::Read);
        match (self.flavor, creates, e) {
            (Flavor::Bash, ..) => format!("{path}: {}", e.text()),
            (Flavor::Dash, true, Errno::NotFound) => format!("cannot create {path}: Directory nonexistent"),
            (Flavor::Dash, true, e) => format!("cannot create {path}: {}", e.text()),
            (Flavor::Dash, false, Errno::NotFound) => format!("cannot open {path}: No such file"),
            (Flavor::Dash, false, e) => format!("cannot open {path}: {}", e.text()),
            (Flavor::Ash, true, Errno::NotFound) => format!("can't create {path}: nonexistent directory"),
            (Flavor::Ash, true, e) => format!("can't create {path}: {}", e.text()),
            (Flavor::Ash, false, Errno::NotFound) => format!("can't open {path}: no such file"),
            (Flavor::Ash, false, e) => format!("can't open {path}: {}", e.text()),
        }
    }

    /// The descriptors of a compound command. What is given back is to be put back after it.
    pub(super) fn redirected(
        &mut self,
        redirects: &[Redirect],
        stmt: &Stmt,
        tested: bool,
        known: Vec<String>,
        sys: &mut Sys<'_>,
    ) -> Option<Vec<(Fd, usize)>> {
        let arranged = self.expanding(stmt, tested, known, sys, |e| arrange(redirects, e)).ok()?;
        let kept = sys.keep();
        match self.redirect(&arranged, sys) {
            Ok(()) => Some(kept),
            Err(what) => {
                sys.put_back(kept);
                self.complain(&what, sys);
                self.status = if self.flavor == Flavor::Dash { 2 } else { 1 };
                self.check_after(tested);
                None
            }
        }
    }
}

/// The open file is known by another descriptor from now on.
fn move_to(fd: Fd, to: Fd, sys: &mut Sys<'_>) {
    if fd != to {
        let _ = sys.duplicate(fd, to);
        sys.close(fd);
    }
}
