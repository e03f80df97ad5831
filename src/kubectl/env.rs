//! What a verb can reach: the API, files, its output.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::Verb;
use super::args::Args;
use super::config::{Keys, Kubeconfig};
use super::editor::{Editor, Unedited};
use super::failure::Failure;
use super::login::Aim;
use super::mapper::Mapper;
use super::printers::Format;
use super::reaching;
use crate::api::file_tree::{EXECUTABLE_MODE, Node};
use crate::api::ops::{Proxying, Stream, Talk};
use crate::api::request::{Answer, Impersonation, Method, Request, WatchEvent};
use crate::api::served::ServedCall;
use crate::api::time::parse_go_duration;
use crate::api::{Duration, KindRef, OpId, Outcome, Status, Time};

/// The number of an open watch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Watch(pub u64);

/// What becomes of a watch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Course {
    /// It goes on; then at the latest it is to be asked again.
    On(Option<Time>),
    Over,
}

/// A container of a pod, as a client names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InPod {
    pub namespace: String,
    pub pod: String,
    pub container: Option<String>,
}

/// What a command in a container is connected to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Streams {
    pub stdin: bool,
    pub tty: bool,
}

/// What became of a command that runs elsewhere.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Remote {
    /// `goes_on`: by itself; otherwise it waits for something that may never come.
    Running {
        goes_on: bool,
    },
    /// It has read all there was, and waits for more.
    AwaitsInput,
    Done(Outcome),
}

/// The way to a cluster: in process, or over HTTP.
pub trait Transport {
    fn now(&self) -> Time;
    /// The keys of whoever made the cluster.
    fn own_keys(&mut self) -> Keys;
    /// From now on one goes there, and says to be that one.
    fn log_in(&mut self, aim: &Aim);
    /// From now on requests are made in somebody's name, or in one's own.
    fn act_as(&mut self, whom: Option<Impersonation>);
    /// Whether the server can be reached.
    ///
    /// # Errors
    /// Why it cannot.
    fn reach(&mut self) -> Result<(), Status>;
    /// What the server serves, as it was when it was last asked, or as it is.
    ///
    /// # Errors
    /// It was to be asked and did not answer.
    fn kinds(&mut self, fresh: bool) -> Result<Vec<KindRef>, Status>;
    fn request(&mut self, request: &Request) -> Result<Answer, Status>;
    /// The same with a body that nobody has read yet.
    fn send(&mut self, request: &Request, content_type: &str, body: &[u8]) -> Result<Answer, Status>;
    fn watch(&mut self, request: &Request) -> Result<Watch, Status>;
    /// The next event of a watch, if there is one already.
    fn next(&mut self, watch: Watch) -> Option<WatchEvent>;
    /// What becomes of a watch that has no more to tell at this moment.
    fn course(&mut self, watch: Watch) -> Course;
    fn close(&mut self, watch: Watch);
    /// Lines of a container's log, with their times.
    fn logs(
        &mut self,
        namespace: &str,
        pod: &str,
        container: Option<&str>,
        previous: bool,
    ) -> Result<Vec<(Time, String)>, Status>;
    /// Starts a command in a container.
    fn exec(&mut self, at: &InPod, command: &[String], streams: Streams) -> Result<OpId, Status>;
    /// Takes part in what a container's first process reads and prints from now on.
    fn attach(&mut self, at: &InPod, streams: Streams) -> Result<OpId, Status>;
    /// Listens on ports of one's own machine, each for one of a pod.
    fn port_forward(
        &mut self,
        namespace: &str,
        pod: &str,
        ports: &[(u16, u16)],
        addresses: &[String],
    ) -> Result<OpId, Status>;
    /// Lets a port of one's own machine lead to the API, as whoever one is.
    fn proxy(&mut self, how: Proxying) -> Result<OpId, Status>;
    /// Begins a request that somebody behind the server answers, and not the server itself; what comes is a whole HTTP answer.
    fn ask_through(&mut self, call: ServedCall) -> Result<OpId, Status>;
    /// What came from there since one last looked, in order.
    fn said(&mut self, op: OpId) -> Vec<(Stream, Vec<u8>)>;
    fn talk(&mut self, op: OpId, what: &Talk);
    fn remote(&mut self, op: OpId) -> Remote;
    /// A number that is not used again: for names of temporary files.
    fn number(&mut self) -> u64;
}

/// What stands at a path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Found {
    Directory,
    File(Vec<u8>),
    Executable(Vec<u8>),
}

impl From<Found> for Node {
    fn from(found: Found) -> Node {
        match found {
            Found::Directory => Node::directory(),
            Found::File(content) => Node::file(content),
            Found::Executable(content) => Node { mode: EXECUTABLE_MODE, ..Node::file(content) },
        }
    }
}

/// The machine on which kubectl runs.
pub trait Host {
    fn look(&self, path: &str) -> Option<Found>;
    /// What lies in a directory itself.
    fn names(&self, path: &str) -> Vec<String>;
    /// # Errors
    /// Why it cannot be written.
    fn store(&mut self, path: &str, content: &[u8], executable: bool) -> Result<(), String>;
    /// Removes an empty directory.
    fn remove_directory(&mut self, path: &str);
    /// From now on paths begin there.
    fn enter(&mut self, path: &str);
    fn read(&self, path: &str) -> Result<String, String>;
    /// Files below a directory, `None` if it is none.
    fn list(&self, path: &str) -> Option<Vec<String>>;
    fn is_directory(&self, path: &str) -> bool {
        self.list(path).is_some()
    }
    /// # Errors
    /// Why it cannot be written.
    fn write(&mut self, path: &str, content: &str) -> Result<(), String> {
        self.store(path, content.as_bytes(), false)
    }
    /// Makes a directory, and those above it.
    fn make_directory(&mut self, path: &str) -> Result<(), String>;
    fn remove(&mut self, path: &str);
    /// Lets a person change a file.
    fn edit(&mut self, editor: &Editor, path: &str) -> Result<(), Unedited>;
    /// A variable of the environment.
    fn variable(&self, name: &str) -> Option<String>;
    fn home(&self) -> String;
    fn working_directory(&self) -> String;
    /// Lets time pass on the clock of the wall.
    fn sleep(&mut self, d: Duration);
}

pub struct Env<'a> {
    pub api: &'a mut dyn Transport,
    pub host: &'a mut dyn Host,
    pub config: &'a mut Kubeconfig,
    /// Where requests go.
    pub server: String,
    pub stdin: Option<String>,
    /// Somebody sits there and types.
    pub terminal: bool,
    /// Variables that were set for this command alone: `KUBE_EDITOR=nano kubectl …`.
    pub variables: Vec<(String, String)>,
    pub out: String,
    pub err: String,
    /// Where what stands in `err` was said among what stands in `out`: their lengths at the time.
    pub turns: Vec<(usize, usize)>,
    /// The namespace of this command.
    pub namespace: String,
    pub namespace_given: bool,
    /// Whether this command looks at who owns which fields.
    pub owners: bool,
    /// As whom it owns what it writes.
    pub manager: String,
}

/// What the flags that every verb takes make of an [`Env`]: worked out once, and the same as long as the command goes on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Globals {
    namespace: String,
    namespace_given: bool,
    owners: bool,
    manager: String,
    /// Whom the flags `--as…` name.
    whom: Option<Impersonation>,
    aim: Option<Aim>,
}

impl Globals {
    pub fn of(args: &Args, env: &Env<'_>, verb: &Verb) -> Result<Globals, Failure> {
        let patience = args.text("request-timeout");
        if !patience.is_empty() && patience.parse::<u64>().is_err() && parse_go_duration(patience).is_none() {
            return Err(Failure::error(
                "Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by a corresponding time unit (e.g. 1s | 2m | 3h)",
            ));
        }
        let context = match args.text("context") {
            "" => env.config.current(),
            named if env.config.context(named).is_none() => {
                return Err(Failure::plain(format!(
                    "Error in configuration: context was not found for specified context: {named}"
                )));
            }
            named => named,
        };
        let namespace_given = args.is_set("namespace");
        let namespace = if namespace_given { args.text("namespace") } else { env.config.namespace_of(context) };
        // Without a name a server goes by the name of the program.
        let manager = match args.text("field-manager") {
            "" => "kubectl",
            own => own,
        };
        Ok(Globals {
            namespace: namespace.to_string(),
            namespace_given,
            owners: ["show-managed-fields", "server-side", "prune"].iter().any(|f| args.flag(f))
                || Format::looks_at_all(args),
            manager: manager.into(),
            whom: impersonation(args)?,
            // Who only looks at the configuration goes nowhere.
            aim: if verb.name.starts_with("config ") { None } else { Some(Aim::of(args, verb, env)?) },
        })
    }
}

/// How a verb ended, or what it waits for.
pub enum Done {
    Exit(i32),
    Follow(Box<dyn Follow>),
}

impl Done {
    pub const OK: Done = Done::Exit(0);
}

/// What a waiting verb says when it is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Progress {
    /// Not yet; at the latest at this time it wants to be asked again.
    Waiting(Option<Time>),
    /// It waits for somebody to type.
    Input,
    Exit(i32),
}

/// What is to be done when a watch has told all it has: one that is over ends the command, and well.
impl From<Course> for Progress {
    fn from(course: Course) -> Progress {
        match course {
            Course::On(due) => Progress::Waiting(due),
            Course::Over => Progress::Exit(0),
        }
    }
}

/// A verb that follows something: it is asked whenever something may have happened.
pub trait Follow {
    fn poll(&mut self, env: &mut Env<'_>) -> Result<Progress, Failure>;
    /// Ctrl-C.
    fn stop(&mut self, _env: &mut Env<'_>) {}
    /// Somebody types.
    fn typed(&mut self, _what: &Talk, _env: &mut Env<'_>) {}
    /// Whether it ends by itself sooner or later, or, as things are, only when it is stopped.
    fn ends(&self) -> bool {
        true
    }
    /// How long it is waited for at most, if it ends by itself.
    fn longest(&self) -> Duration {
        LONGEST_FOLLOW
    }
}

/// A command that waits for something is stopped after this.
const LONGEST_FOLLOW: Duration = Duration::from_secs(86_400);

/// A waiting verb that finds the environment each time as it was when it began.
pub struct Continued {
    pub globals: Globals,
    pub follow: Box<dyn Follow>,
}

impl Follow for Continued {
    fn poll(&mut self, env: &mut Env<'_>) -> Result<Progress, Failure> {
        env.put(&self.globals);
        self.follow.poll(env)
    }
    fn stop(&mut self, env: &mut Env<'_>) {
        env.put(&self.globals);
        self.follow.stop(env);
    }
    fn typed(&mut self, what: &Talk, env: &mut Env<'_>) {
        env.put(&self.globals);
        self.follow.typed(what, env);
    }
    fn ends(&self) -> bool {
        self.follow.ends()
    }
    fn longest(&self) -> Duration {
        self.follow.longest()
    }
}

/// The items of a list are of its kind, though they do not say so.
/// Real Kubernetes: apimachinery/pkg/apis/meta/v1/unstructured/helpers.go decodeToList.
fn with_kinds(mut body: Arc<Value>) -> Arc<Value> {
    let version = body["apiVersion"].clone();
    let Some(kind) = body["kind"].as_str().and_then(|k| k.strip_suffix("List")).map(String::from) else { return body };
    let silent = |item: &Value| item.get("kind").is_none();
    if !body["items"].as_array().is_some_and(|items| items.iter().any(silent)) {
        return body;
    }
    // Nobody else has it: an answer is made for whoever asked.
    for item in Arc::make_mut(&mut body)["items"].as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut)
    {
        item.entry("apiVersion").or_insert_with(|| version.clone());
        item.entry("kind").or_insert_with(|| kind.as_str().into());
    }
    body
}

/// Of a path that leads nowhere the server knows nothing to say, so kubectl adds what it asked for.
/// Real Kubernetes: apimachinery/pkg/api/errors NewGenericServerResponse.
fn say_what_was_asked(mut status: Status, request: &Request) -> Status {
    let parts: Vec<&str> = request.path.trim_matches('/').split('/').collect();
    let (group, rest) = match parts.as_slice() {
        ["api", _, rest @ ..] => ("", rest),
        ["apis", group, _, rest @ ..] => (*group, rest),
        _ => return status,
    };
    let rest = match rest {
        ["namespaces", _, rest @ ..] if !rest.is_empty() => rest,
        all => all,
    };
    if status.details.is_some() || status.message != Status::no_such_path().message || rest.is_empty() {
        return status;
    }
    let resource = if group.is_empty() { rest[0].to_string() } else { format!("{}.{group}", rest[0]) };
    let name = rest.get(1).map(|n| format!(" {n}")).unwrap_or_default();
    status.message = format!("{} ({} {resource}{name})", status.message, request.method.name().to_lowercase());
    status
}

/// Whom the flags `--as…` name.
fn impersonation(args: &Args) -> Result<Option<Impersonation>, Failure> {
    let mut extra = BTreeMap::<String, Vec<String>>::new();
    for pair in args.list("as-user-extra") {
        let (key, value) = pair.split_once('=').unwrap_or((&pair, ""));
        extra.entry(key.into()).or_default().push(value.into());
    }
    let (user, uid, groups) = (args.text("as").to_string(), args.text("as-uid").to_string(), args.list("as-group"));
    if user.is_empty() && (!uid.is_empty() || !groups.is_empty() || !extra.is_empty()) {
        return Err(Failure::error("requesting uid, groups or user-extra for minikube without impersonating a user"));
    }
    Ok((!user.is_empty()).then_some(Impersonation { user, uid, groups, extra }))
}

impl Env<'_> {
    pub fn line(&mut self, text: impl AsRef<str>) {
        self.out.push_str(text.as_ref());
        self.out.push('\n');
    }

    /// A warning as Kubernetes' programs log it. `place` is where theirs does.
    pub fn warn_as_klog(&mut self, place: &str, message: &str) {
        self.log_as_klog('W', place, message);
    }

    /// A message of some weight, `I` for what is only told.
    pub fn log_as_klog(&mut self, weight: char, place: &str, message: &str) {
        let stamp = self.now().klog_stamp();
        self.error_line(format!("{weight}{stamp}       1 {place}] {message}"));
    }

    pub fn error_line(&mut self, text: impl AsRef<str>) {
        self.complain(text.as_ref());
        self.err.push('\n');
    }

    /// The same without an end of the line.
    pub fn complain(&mut self, text: &str) {
        self.turns.push((self.out.len(), self.err.len()));
        self.err.push_str(text);
    }

    pub fn now(&self) -> Time {
        self.api.now()
    }

    pub fn variable(&self, name: &str) -> Option<String> {
        let own = self.variables.iter().rev().find(|(n, _)| n == name);
        own.map(|(_, value)| value.clone()).or_else(|| self.host.variable(name))
    }

    /// The kinds that words may mean, as far as kubectl knows: it keeps what a server once told it.
    ///
    /// # Errors
    /// Nothing is kept, and the server does not answer.
    pub fn mapper(&mut self) -> Result<Mapper, Failure> {
        self.ask_kinds(false, reaching::TRIES)
    }

    /// The same, asked anew.
    ///
    /// # Errors
    /// The server does not answer.
    pub fn fresh_mapper(&mut self) -> Result<Mapper, Failure> {
        self.ask_kinds(true, 1)
    }

    /// Looks something up; what cannot be found may be new, so the server is asked again.
    /// Real Kubernetes: client-go/restmapper/discovery.go DeferredDiscoveryRESTMapper.
    pub fn mapped<R>(&mut self, find: impl Fn(&Mapper) -> Result<R, Failure>) -> Result<R, Failure> {
        match find(&self.mapper()?) {
            Ok(found) => Ok(found),
            Err(_) => find(&self.ask_kinds(true, reaching::TRIES)?),
        }
    }

    /// From here on the command goes by these flags.
    pub fn put(&mut self, globals: &Globals) {
        self.namespace.clone_from(&globals.namespace);
        self.namespace_given = globals.namespace_given;
        self.owners = globals.owners;
        self.manager.clone_from(&globals.manager);
        if let Some(aim) = &globals.aim {
            self.server.clone_from(&aim.server);
            self.api.log_in(aim);
        }
        self.api.act_as(globals.whom.clone());
    }

    /// A request whose failure ends the command; warnings are printed as kubectl prints them.
    pub fn call(&mut self, request: &Request) -> Result<Arc<Value>, Failure> {
        self.try_call(request).map_err(|s| Failure::status(&s))
    }

    pub fn try_call(&mut self, request: &Request) -> Result<Arc<Value>, Status> {
        let mut request = Request { owners: self.owners, ..request.clone() };
        if !matches!(request.method, Method::Get | Method::Delete) && request.param("fieldManager").is_none() {
            request = request.query("fieldManager", self.manager.as_str());
        }
        self.as_it_comes(&request).map(with_kinds)
    }

    /// The answer as the server gives it.
    pub fn as_it_comes(&mut self, request: &Request) -> Result<Arc<Value>, Status> {
        let answer = self.api.request(request);
        self.heard(request, answer)
    }

    /// Sends a body as it is.
    pub fn send(&mut self, request: &Request, body: &[u8]) -> Result<Arc<Value>, Status> {
        let answer = self.api.send(request, "", body);
        self.heard(request, answer)
    }

    /// Passes the warnings of an answer on.
    fn heard(&mut self, request: &Request, answer: Result<Answer, Status>) -> Result<Arc<Value>, Status> {
        for w in answer.as_ref().map_or_else(|status| &status.warnings, |a| &a.warnings) {
            self.complain(&format!("Warning: {w}\n"));
        }
        answer.map(|a| a.body).map_err(|status| self.as_asked(say_what_was_asked(status, request), request))
    }
}
