//! Programs that other programs start: found on the way that `PATH` shows, with the descriptors that they are to have.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Started, load, which};
use crate::runtime::kernel::{Environment, Errno, Fd, ProcessId, Sys};

type Variables = Arc<BTreeMap<String, String>>;

/// Starts a program. The error is why not, and the code that says so: 127 if there is none, 126 if it cannot run.
pub fn start(
    words: &[String],
    env: &Variables,
    fds: Vec<(Fd, usize)>,
    sys: &mut Sys<'_>,
) -> Result<ProcessId, (Errno, i32)> {
    let name = words.first().map_or("", String::as_str);
    let path = env.get("PATH").map_or(super::DEFAULT_PATH, String::as_str).to_string();
    let Started { program, words } =
        which(name, &path, sys).and_then(|p| load(&p, words, env, sys)).map_err(|e| match e {
            Errno::NotFound => (e, 127),
            e => (e, 126),
        })?;
    sys.spawn(program, words, Environment::Own(env.clone()), fds).ok_or((Errno::Again, 126))
}

/// Starts a shell with a command.
pub fn shell(
    command: &str,
    env: &Variables,
    fds: Vec<(Fd, usize)>,
    sys: &mut Sys<'_>,
) -> Result<ProcessId, (Errno, i32)> {
    start(&["sh".to_string(), "-c".into(), command.into()], env, fds, sys)
}

/// The own descriptors, with others in place of some: `(1, fd)` gives the child `fd` as its output. Those are not given beside.
pub fn with(replaced: &[(Fd, Fd)], without: &[Fd], sys: &Sys<'_>) -> Vec<(Fd, usize)> {
    let own = sys.fds();
    let open = |fd: Fd| own.iter().find(|(f, _)| *f == fd).map(|(_, o)| *o);
    let gone = |fd: Fd| replaced.iter().any(|(to, from)| *to == fd || *from == fd) || without.contains(&fd);
    let mut fds: Vec<(Fd, usize)> = own.iter().filter(|(fd, _)| !gone(*fd)).copied().collect();
    fds.extend(replaced.iter().filter_map(|(to, from)| Some((*to, open(*from)?))));
    fds
}
