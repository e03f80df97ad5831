//! A Dockerfile: its instructions, or what is wrong with it in Docker's words.
//!
//! [`lines`] are what is written, [`words`] what a line's words mean; here they become instructions. Variables are replaced only when
//! an instruction is carried out: they depend on those before it.
//! Docker: moby/buildkit, frontend/dockerfile/instructions/parse.go.

pub mod lines;
pub mod words;

use lines::{Document, Line};

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Dockerfile {
    pub escape: char,
    pub instructions: Vec<Instruction>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Instruction {
    /// Its first and last line, from one.
    pub span: (usize, usize),
    /// As it is shown.
    pub text: String,
    pub what: What,
}

/// A command: a line for a shell, or words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Command {
    Shell(String),
    Exec(Vec<String>),
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Copy {
    /// Another stage, or an image.
    pub from: Option<String>,
    pub owner: Option<String>,
    pub mode: Option<String>,
    pub sources: Vec<String>,
    pub to: String,
    pub documents: Vec<Document>,
    /// `ADD`: archives are unpacked, addresses fetched.
    pub adds: bool,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum What {
    From {
        image: String,
        name: Option<String>,
    },
    Arg(Vec<(String, Option<String>)>),
    Env(Vec<(String, String)>),
    Label(Vec<(String, String)>),
    Workdir(String),
    User(String),
    Copy(Copy),
    Run {
        command: Command,
        documents: Vec<Document>,
    },
    Cmd(Command),
    Entrypoint(Command),
    Expose(Vec<String>),
    Volume(Vec<String>),
    /// `None`: there is to be none.
    Healthcheck(Option<Command>),
    Shell(Vec<String>),
    StopSignal(String),
    Maintainer(String),
    OnBuild(Box<Instruction>),
}

/// What is wrong, and in which lines.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wrong {
    pub span: (usize, usize),
    pub message: String,
}

const NAMES: [&str; 18] = [
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];

pub fn parse(text: &str) -> Result<Dockerfile, Wrong> {
    let (directives, lines) = lines::read(text).map_err(|(line, message)| Wrong { span: (line, line), message })?;
    let mut instructions = vec![];
    for line in &lines {
        let read = instruction(line, directives.escape);
        instructions.push(read.map_err(|message| Wrong { span: line.span, message })?);
    }
    if instructions.is_empty() {
        return Err(Wrong { span: (0, 0), message: "file with no instructions".into() });
    }
    let early = instructions.iter().find(|i| !matches!(i.what, What::Arg(_)));
    match early.filter(|i| !matches!(i.what, What::From { .. })) {
        Some(i) => Err(Wrong { span: i.span, message: "no build stage in current context".into() }),
        None => Ok(Dockerfile { escape: directives.escape, instructions }),
    }
}

fn instruction(line: &Line, escape: char) -> Result<Instruction, String> {
    let (name, rest) = line.text.split_once(char::is_whitespace).unwrap_or((&line.text, ""));
    let (name, rest) = (name.to_ascii_uppercase(), rest.trim());
    if !NAMES.contains(&name.as_str()) {
        let near = NAMES.iter().find(|n| strsim::damerau_levenshtein(n, &name) <= 2);
        let hint = near.map(|n| format!(" (did you mean {n}?)")).unwrap_or_default();
        return Err(format!("unknown instruction: {name}{hint}"));
    }
    let (flags, rest) = flags(&name, rest)?;
    let what = what(&name, &flags, rest, line, escape)?;
    Ok(Instruction { span: line.span, text: format!("{name} {}", line.text[name.len()..].trim()).trim().into(), what })
}

type Flags = Vec<(String, String)>;

/// The flags before an instruction's words: `--from=build`.
fn flags<'a>(name: &str, mut rest: &'a str) -> Result<(Flags, &'a str), String> {
    let known: &[&str] = match name {
        "FROM" => &["platform"],
        "COPY" => &["from", "chown", "chmod", "link", "parents", "exclude"],
        "ADD" => &["chown", "chmod", "link", "keep-git-dir", "checksum", "unpack", "exclude"],
        "RUN" => &["mount", "network", "security", "device"],
        "HEALTHCHECK" => &["interval", "timeout", "start-period", "start-interval", "retries"],
        _ => return Ok((vec![], rest)),
    };
    let mut out = vec![];
    while let Some(flag) = rest.strip_prefix("--") {
        let (word, after) = flag.split_once(char::is_whitespace).unwrap_or((flag, ""));
        let (flag, value) = word.split_once('=').unwrap_or((word, ""));
        if !known.contains(&flag) {
            let near = known.iter().find(|k| strsim::damerau_levenshtein(k, flag) <= 2);
            let hint = near.map(|n| format!(" (did you mean {n}?)")).unwrap_or_default();
            return Err(format!("unknown flag: --{flag}{hint}"));
        }
        out.push((flag.to_string(), value.trim_matches('"').to_string()));
        rest = after.trim_start();
    }
    Ok((out, rest))
}

fn command(rest: &str) -> Command {
    words::list(rest).map_or_else(|| Command::Shell(rest.into()), Command::Exec)
}

fn one(name: &str, rest: &str) -> Result<String, String> {
    if rest.is_empty() { Err(format!("{name} requires exactly one argument")) } else { Ok(rest.into()) }
}

fn what(name: &str, flags: &Flags, rest: &str, line: &Line, escape: char) -> Result<What, String> {
    let all = || words::split(rest, escape);
    let some = |list: Vec<String>| {
        if list.is_empty() { Err(format!("{name} requires at least one argument")) } else { Ok(list) }
    };
    Ok(match name {
        "FROM" => match all().as_slice() {
            [image] => What::From { image: image.clone(), name: None },
            [image, with, stage] if with.eq_ignore_ascii_case("as") => {
                What::From { image: image.clone(), name: Some(stage.to_lowercase()) }
            }
            _ => return Err("FROM requires either one or three arguments".into()),
        },
        "ARG" => What::Arg(some(all())?.iter().map(|w| argument(w)).collect()),
        "ENV" => What::Env(pairs(name, rest, escape)?),
        "LABEL" => What::Label(pairs(name, rest, escape)?),
        "WORKDIR" => What::Workdir(one(name, rest)?),
        "USER" => What::User(one(name, rest)?),
        "STOPSIGNAL" => What::StopSignal(one(name, rest)?),
        "MAINTAINER" => What::Maintainer(one(name, rest)?),
        "COPY" | "ADD" => What::Copy(copy(name, flags, rest, line, escape)?),
        "RUN" => What::Run { command: command(&some(vec![rest.into()])?[0]), documents: line.documents.clone() },
        "CMD" => What::Cmd(command(rest)),
        "ENTRYPOINT" => What::Entrypoint(command(rest)),
        "EXPOSE" => What::Expose(some(all())?),
        "VOLUME" => What::Volume(some(words::list(rest).unwrap_or_else(all))?),
        "HEALTHCHECK" => What::Healthcheck(healthcheck(rest)?),
        "SHELL" => What::Shell(words::list(rest).ok_or("SHELL requires the arguments to be in JSON form")?),
        _ => {
            let inner = Line { text: one(name, rest)?, ..line.clone() };
            let inner = instruction(&inner, escape)?;
            if matches!(inner.what, What::From { .. } | What::OnBuild(_)) {
                let first = inner.text.split(' ').next().unwrap_or_default();
                return Err(format!("{first} isn't allowed as an ONBUILD trigger"));
            }
            What::OnBuild(Box::new(inner))
        }
    })
}

fn argument(word: &str) -> (String, Option<String>) {
    match word.split_once('=') {
        Some((name, value)) => (name.into(), Some(value.into())),
        None => (word.into(), None),
    }
}

/// `NAME=value NAME="two words"`, or of old `NAME the rest of the line`.
fn pairs(name: &str, rest: &str, escape: char) -> Result<Vec<(String, String)>, String> {
    let all = words::split(rest, escape);
    let Some(first) = all.first() else { return Err(format!("{name} requires at least one argument")) };
    if !first.contains('=') {
        let Some((key, value)) = rest.split_once(char::is_whitespace) else {
            return Err(format!("{name} must have two arguments"));
        };
        return Ok(vec![(key.into(), value.trim().into())]);
    }
    let pair = |w: &String| {
        let missing = || format!("Syntax error - can't find = in {w:?}. Must be of the form: name=value");
        w.split_once('=').map(|(k, v)| (k.to_string(), v.to_string())).ok_or_else(missing)
    };
    all.iter().map(pair).collect()
}

fn copy(name: &str, flags: &Flags, rest: &str, line: &Line, escape: char) -> Result<Copy, String> {
    let mut all = words::list(rest).unwrap_or_else(|| words::split(rest, escape));
    if all.len() < 2 {
        let given = if all.is_empty() {
            "requires at least two arguments, but only 0 were provided".to_string()
        } else {
            "requires at least two arguments, but only one was provided".into()
        };
        return Err(format!("{name} {given}. Destination could not be determined"));
    }
    let to = all.pop().unwrap_or_default();
    let flag = |n: &str| flags.iter().find(|(f, _)| f == n).map(|(_, v)| v.clone());
    Ok(Copy {
        from: flag("from"),
        owner: flag("chown"),
        mode: flag("chmod"),
        sources: all.into_iter().filter(|w| lines::document(w).is_none() || line.documents.is_empty()).collect(),
        to,
        documents: line.documents.clone(),
        adds: name == "ADD",
    })
}

fn healthcheck(rest: &str) -> Result<Option<Command>, String> {
    let (kind, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    match kind.to_ascii_uppercase().as_str() {
        "NONE" if rest.trim().is_empty() => Ok(None),
        "NONE" => Err("HEALTHCHECK NONE takes no arguments".into()),
        "CMD" if rest.trim().is_empty() => Err("Missing command after HEALTHCHECK CMD".into()),
        "CMD" => Ok(Some(command(rest.trim()))),
        "" => Err("HEALTHCHECK requires at least one argument".into()),
        other => Err(format!("Unknown type {other:?} in HEALTHCHECK (try CMD)")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last(text: &str) -> What {
        parse(&format!("FROM a\n{text}")).unwrap().instructions.pop().unwrap().what
    }

    fn wrong(text: &str) -> String {
        parse(text).unwrap_err().message
    }

    fn texts(all: &[&str]) -> Vec<String> {
        all.iter().map(|t| (*t).to_string()).collect()
    }

    #[test]
    fn stages_have_images_and_names() {
        let file = parse("ARG V=18\nFROM --platform=linux/amd64 node:${V} AS Build\nfrom nginx").unwrap();
        let what: Vec<What> = file.instructions.into_iter().map(|i| i.what).collect();
        let from = |image: &str, name: Option<&str>| What::From { image: image.into(), name: name.map(Into::into) };
        assert_eq!(what[0], What::Arg(vec![("V".into(), Some("18".into()))]));
        assert_eq!(what[1..], [from("node:${V}", Some("build")), from("nginx", None)]);
        assert_eq!(wrong("FROM a b"), "FROM requires either one or three arguments");
        assert_eq!(wrong("RUN x\nFROM a"), "no build stage in current context");
        assert_eq!(wrong("# nothing"), "file with no instructions");
    }

    #[test]
    fn commands_are_lines_for_a_shell_or_words() {
        let exec = |words: &[&str]| Command::Exec(texts(words));
        assert_eq!(last("CMD [\"node\", \"app.js\"]"), What::Cmd(exec(&["node", "app.js"])));
        assert_eq!(last("CMD ['node']"), What::Cmd(Command::Shell("['node']".into())));
        assert_eq!(last("ENTRYPOINT exec top -b"), What::Entrypoint(Command::Shell("exec top -b".into())));
        assert_eq!(last("SHELL [\"/bin/bash\", \"-c\"]"), What::Shell(texts(&["/bin/bash", "-c"])));
        assert_eq!(wrong("FROM a\nSHELL bash"), "SHELL requires the arguments to be in JSON form");
        let run = last("RUN --mount=type=cache,target=/x npm ci");
        assert_eq!(run, What::Run { command: Command::Shell("npm ci".into()), documents: vec![] });
    }

    #[test]
    fn variables_and_labels_are_pairs_or_of_old_a_name_and_a_line() {
        let pair = |k: &str, v: &str| (k.to_string(), v.to_string());
        assert_eq!(
            last("ENV A=1 B=\"x y\" \\\n C=z"),
            What::Env(vec![pair("A", "1"), pair("B", "\"x y\""), pair("C", "z")])
        );
        assert_eq!(last("ENV A old style"), What::Env(vec![pair("A", "old style")]));
        assert_eq!(last("LABEL a.b=c"), What::Label(vec![pair("a.b", "c")]));
        assert_eq!(wrong("FROM a\nENV A"), "ENV must have two arguments");
        assert!(wrong("FROM a\nENV A=1 B").starts_with("Syntax error - can't find = in \"B\""));
        assert_eq!(last("ARG A B=2"), What::Arg(vec![("A".into(), None), ("B".into(), Some("2".into()))]));
    }

    #[test]
    fn what_is_copied_may_come_from_elsewhere_and_belong_to_somebody() {
        let What::Copy(c) = last("COPY --from=build --chown=node:node --chmod=755 [\"a b\", \"c\", \"/d/\"]") else {
            panic!()
        };
        assert_eq!(
            (c.from.as_deref(), c.owner.as_deref(), c.mode.as_deref()),
            (Some("build"), Some("node:node"), Some("755"))
        );
        assert_eq!((c.sources, c.to, c.adds), (texts(&["a b", "c"]), "/d/".into(), false));
        let What::Copy(c) = last("ADD <<EOF /x\nhello\nEOF") else { panic!() };
        assert_eq!((c.sources.len(), c.documents[0].content.as_str(), c.adds), (0, "hello\n", true));
        assert!(wrong("FROM a\nCOPY x").starts_with("COPY requires at least two arguments, but only one was provided"));
        assert_eq!(wrong("FROM a\nCOPY --form=b x y"), "unknown flag: --form (did you mean from?)");
    }

    #[test]
    fn the_rest_says_how_a_container_is_to_run() {
        assert_eq!(last("EXPOSE 80 443/tcp"), What::Expose(texts(&["80", "443/tcp"])));
        assert_eq!(last("VOLUME [\"/data\"]"), What::Volume(texts(&["/data"])));
        assert_eq!(last("VOLUME /a /b"), What::Volume(texts(&["/a", "/b"])));
        assert_eq!(last("USER node"), What::User("node".into()));
        assert_eq!(last("WORKDIR /usr/src/app"), What::Workdir("/usr/src/app".into()));
        assert_eq!(last("STOPSIGNAL SIGQUIT"), What::StopSignal("SIGQUIT".into()));
        assert_eq!(last("MAINTAINER me"), What::Maintainer("me".into()));
        let check = Command::Shell("curl -f http://localhost || exit 1".into());
        assert_eq!(
            last("HEALTHCHECK --interval=5s CMD curl -f http://localhost || exit 1"),
            What::Healthcheck(Some(check))
        );
        assert_eq!(last("HEALTHCHECK NONE"), What::Healthcheck(None));
        assert!(matches!(last("ONBUILD COPY . /app"), What::OnBuild(_)));
        assert_eq!(wrong("FROM a\nONBUILD FROM b"), "FROM isn't allowed as an ONBUILD trigger");
        assert_eq!(wrong("FROM a\nHEALTHCHECK PING"), "Unknown type \"PING\" in HEALTHCHECK (try CMD)");
    }

    #[test]
    fn a_wrong_word_gets_the_likely_one() {
        assert_eq!(wrong("FORM node"), "unknown instruction: FORM (did you mean FROM?)");
        assert_eq!(wrong("FROM a\nFOOBAR x"), "unknown instruction: FOOBAR");
        assert_eq!(parse("FROM a\n\nENVV x").unwrap_err().span, (3, 3));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_parsed_or_refused(s in "(FROM a\n)?([A-Z]{3,5} )?[a-c =\\[\\]\"'\\\\\n$<>{}#:-]{0,60}") {
            let _ = parse(&s);
        }
    }
}
