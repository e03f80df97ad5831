//! Everything at the prompt that is not kubectl: time, faults, questions, settings. To add a word: its line in
//! [`TABLE`] and its function.

use super::session::{Narration, Output, Pace, Session};
use super::why;
use super::words::Unfinished;
use super::{docker, minikube, path, programs, scores};
use crate::api::kinds::{Deployment, deployment};
use crate::api::object::Resource;
use crate::api::time::parse_go_duration;
use crate::api::{Duration, Key};
use crate::cluster::faults::{self, FaultError, Place};
use crate::explain::layout::{self, Item};
use crate::explain::story::Telling;
use crate::explain::texts::message;
use crate::explain::{Language, story as tale, trace};
use crate::ledger::{Fact, Root, What};

/// One word of the prompt.
pub struct Word {
    pub name: &'static str,
    pub usage: &'static str,
    /// What it does: English, Korean.
    pub help: (&'static str, &'static str),
    run: fn(&mut Session, &str, &[String]) -> Output,
}

/// What a terminal understands: to the first place, and all away, also what has scrolled out.
const CLEAR_SCREEN: &str = "\x1b[H\x1b[2J\x1b[3J";

pub static TABLE: &[Word] = &[
    Word { name: "help", usage: "help", help: ("this list", "이 목록"), run: help },
    Word {
        name: "story",
        usage: "story",
        help: ("the last story again, in full", "마지막 이야기를 처음부터 끝까지"),
        run: story_word,
    },
    Word {
        name: "trace",
        usage: "trace",
        help: ("every step of the last command, with its causes", "마지막 명령의 모든 단계와 원인"),
        run: trace_word,
    },
    Word {
        name: "why",
        usage: "why [KIND/]NAME|NUMBER",
        help: (
            "who decided what about an object, and why it exists; or what became of a request of `trace`",
            "오브젝트에 대해 누가 무엇을 결정했고 왜 생겼는지, 또는 `trace`에 나온 요청이 어떻게 되었는지",
        ),
        run: why::word,
    },
    Word {
        name: "scores",
        usage: "scores POD · why not POD on NODE",
        help: (
            "what each scheduler plugin gives each node, or objects to",
            "스케줄러 플러그인마다 노드에 준 점수, 또는 반대한 이유",
        ),
        run: scores::word,
    },
    Word {
        name: "narrate",
        usage: "narrate off|brief|full",
        help: ("how much is told after a command", "명령 뒤에 얼마나 이야기할지"),
        run: narrate,
    },
    Word { name: "lang", usage: "lang ko|en", help: ("the language of the story", "이야기의 언어"), run: lang },
    Word {
        name: "wait",
        usage: "wait 5m (≤ 720h)",
        help: ("lets that much cluster time pass", "그만큼 클러스터 시간을 보냄"),
        run: wait,
    },
    Word {
        name: "step",
        usage: "step [n]",
        help: ("the next step of one component", "컴포넌트 하나의 다음 단계"),
        run: step,
    },
    Word {
        name: "pace",
        usage: "pace auto|manual|live|step",
        help: ("how time goes on between commands", "명령 사이에 시간이 흐르는 방식"),
        run: pace,
    },
    Word {
        name: "back",
        usage: "back [n]",
        help: ("takes back the last command, cluster and all", "마지막 명령을 클러스터째 되돌림"),
        run: back,
    },
    Word {
        name: "forward", usage: "forward [n]", help: ("does it again", "되돌린 것을 다시 함"), run: forward
    },
    Word {
        name: "faults", usage: "faults", help: ("what can be broken", "고장 낼 수 있는 것들"), run: faults_word
    },
    Word {
        name: "fail",
        usage: "fail THING [WHERE]",
        help: ("breaks something", "무언가를 고장 냄"),
        run: |s, l, w| fault(s, l, w, true),
    },
    Word {
        name: "heal",
        usage: "heal THING [WHERE]",
        help: ("mends it", "고침"),
        run: |s, l, w| fault(s, l, w, false),
    },
    Word {
        name: "path",
        usage: "path POD|node/NODE|me URL|HOST:PORT",
        help: ("the way of a packet: names, rules, policies, nodes", "패킷이 가는 길: 이름, 규칙, 정책, 노드"),
        run: path::word,
    },
    Word {
        name: "proxy-mode",
        usage: "proxy-mode [userspace|iptables|ipvs|nftables]",
        help: (
            "how kube-proxy works; without a mode: a node's rules",
            "kube-proxy의 동작 방식. 방식을 안 쓰면 노드의 규칙을 보여 줌",
        ),
        run: path::mode_word,
    },
    Word {
        name: "curl",
        usage: "curl URL",
        help: ("asks a web server, from your own machine", "내 컴퓨터에서 웹 서버에 요청을 보냄"),
        run: programs::run,
    },
    Word { name: "wget", usage: "wget -qO- URL", help: ("the same", "같은 일을 함"), run: programs::run },
    Word {
        name: "nslookup",
        usage: "nslookup NAME [SERVER]",
        help: ("asks for a name", "이름을 물어봄"),
        run: programs::run,
    },
    Word {
        name: "nc",
        usage: "nc -zv HOST PORT",
        help: ("tries whether a port answers", "포트가 응답하는지 확인함"),
        run: programs::run,
    },
    Word {
        name: "ping",
        usage: "ping [-c N] HOST",
        help: ("tries whether a machine or a pod answers", "머신이나 파드가 응답하는지 확인함"),
        run: programs::run,
    },
    Word {
        name: "traceroute",
        usage: "traceroute HOST",
        help: ("through which machines a packet goes", "패킷이 어떤 머신을 거쳐 가는지"),
        run: programs::run,
    },
    Word {
        name: "ip",
        usage: "ip addr|link|route|neigh",
        help: ("interfaces, addresses and routes of your own machine", "내 컴퓨터의 인터페이스, 주소, 경로"),
        run: programs::run,
    },
    Word { name: "ifconfig", usage: "ifconfig", help: ("the same", "같은 일을 함"), run: programs::run },
    Word { name: "route", usage: "route -n", help: ("the same", "같은 일을 함"), run: programs::run },
    Word { name: "arp", usage: "arp -n", help: ("the same", "같은 일을 함"), run: programs::run },
    Word {
        name: "ss",
        usage: "ss -tlnp",
        help: ("who listens and who is connected on your own machine", "내 컴퓨터에서 열려 있거나 연결된 포트"),
        run: programs::run,
    },
    Word { name: "netstat", usage: "netstat -tlnp", help: ("the same", "같은 일을 함"), run: programs::run },
    Word {
        name: "docker",
        usage: "docker build|run|push …",
        help: ("images and containers on your own machine", "내 컴퓨터의 이미지와 컨테이너"),
        run: docker::word,
    },
    Word {
        name: "minikube",
        usage: "minikube start|service|tunnel …",
        help: ("the machine under a cluster of minikube's", "minikube 클러스터의 머신"),
        run: minikube::word,
    },
    Word {
        name: "clear",
        usage: "clear",
        help: ("clears the screen", "화면을 지움"),
        run: |_, _, _| Output { stdout: CLEAR_SCREEN.into(), ..Output::default() },
    },
    Word {
        name: "exit",
        usage: "exit",
        help: ("leaves", "나가기"),
        run: |_, _, _| Output { quit: true, ..Output::default() },
    },
];

pub fn run(s: &mut Session, line: &str, words: &[String]) -> Output {
    let first = if words[0] == "quit" { "exit" } else { words[0].as_str() };
    if let Some(w) = TABLE.iter().find(|w| w.name == first) {
        return (w.run)(s, line, words);
    }
    Output { stderr: format!("{first}: command not found\n"), code: 127, ..Output::default() }
}

pub fn did_you_mean(language: Language, word: &str) -> String {
    format!("  {}\n", message(language, "hint-did-you-mean", &[("word", Fact::Text(word.into()))]))
}

pub fn unfinished(language: Language, u: Unfinished) -> String {
    match (language, u) {
        (Language::English, Unfinished::Quote(q)) => format!("a closing {q} is missing"),
        (Language::Korean, Unfinished::Quote(q)) => format!("닫는 {q} 이(가) 없음"),
        (Language::English, _) => "the line is not finished".into(),
        (Language::Korean, _) => "줄이 끝나지 않음".into(),
    }
}

fn said(text: String) -> Output {
    Output { stdout: text, ..Output::default() }
}

pub(super) fn wrong(s: &Session, name: &str) -> Output {
    let usage = TABLE.iter().find(|w| w.name == name).map_or("", |w| w.usage);
    let text = match s.language {
        Language::English => format!("usage: {usage}\n"),
        Language::Korean => format!("사용법: {usage}\n"),
    };
    Output { stderr: text, code: 2, ..Output::default() }
}

fn help(s: &mut Session, _: &str, _: &[String]) -> Output {
    let korean = s.language == Language::Korean;
    let mut text = String::from(if korean {
        "kubectl 명령을 그대로 치면 됩니다(`k`는 kubectl의 줄임). 그 밖에:\n"
    } else {
        "Type any kubectl command (`k` is short for kubectl). Besides:\n"
    });
    for w in TABLE {
        text.push_str(&format!("  {:<28} {}\n", w.usage, if korean { w.help.1 } else { w.help.0 }));
    }
    text.push_str(&format!("  {:<28} {}\n", "learn [LESSON]", if korean { "수업" } else { "the course" }));
    let shell = (
        "and a shell with its programs, on the files of this directory",
        "셸과 그 프로그램들. 파일은 지금 디렉터리의 것",
    );
    text.push_str(&format!("  {:<28} {}\n", "ls, grep, | > $() for …", if korean { shell.1 } else { shell.0 }));
    let makes = format!("who-makes-{}", s.cluster.plan.profile.name());
    text.push_str(&format!("\n{}\n", message(s.language, &makes, &[])));
    said(text)
}

/// The story of the last command, as text: what it led to, or what was decided while it waited.
pub fn what_happened(s: &Session, full: bool) -> String {
    let text = story(s, full);
    if text.is_empty() && s.waited { meanwhile(s, full).unwrap_or_default() } else { text }
}

/// What the last command led to.
fn story(s: &Session, full: bool) -> String {
    let world = &s.cluster.world;
    let telling = Telling { language: s.language, width: s.width, full };
    let told = tale::tell(&world.ledger, s.story_from, telling);
    if told.lines.is_empty() {
        return String::new();
    }
    let facts = [("time", Fact::Time(told.took)), ("steps", told.steps.into())];
    let mut out = format!("\n  {}\n{}\n", message(s.language, "story-head", &facts), told.lines.join("\n"));
    let now = present(s, &told.deployments);
    if !now.is_empty() {
        out.push_str(&format!("  {}\n", message(s.language, "story-now", &[("list", Fact::Text(now))])));
    }
    out.push('\n');
    out
}

/// How Deployments stand.
fn present(s: &Session, keys: &[Key]) -> String {
    let texts: Vec<String> = keys
        .iter()
        .take(4)
        .filter_map(|k| {
            let o = s.cluster.world.api.get(k).ok()?;
            let d = o.get::<Deployment>()?;
            let ready = d.status.as_ref().and_then(|s| s.ready_replicas).unwrap_or(0);
            let facts = [
                ("name", Fact::Text(d.name().into())),
                ("ready", ready.into()),
                ("wanted", deployment::wanted(d).into()),
            ];
            Some(message(s.language, "story-ready", &facts))
        })
        .collect();
    texts.join(" · ")
}

fn story_word(s: &mut Session, _: &str, _: &[String]) -> Output {
    note(s, "story");
    let text = what_happened(s, true);
    let text = if text.is_empty() { format!("  {}\n", message(s.language, "story-nothing", &[])) } else { text };
    Output { story: text, ..Output::default() }
}

fn trace_word(s: &mut Session, _: &str, _: &[String]) -> Output {
    note(s, "trace");
    let w = &s.cluster.world;
    let lines = trace::lines(&w.ledger, s.story_from, w.start, s.language);
    Output { story: format!("{}\n", lines.join("\n")), ..Output::default() }
}

/// A question is written down too: lessons look at what was asked.
pub(super) fn note(s: &mut Session, line: &str) {
    s.cluster.world.root("kubetutor", Root::Command(line.into()));
}

fn narrate(s: &mut Session, _: &str, words: &[String]) -> Output {
    s.narration = match words.get(1).map(String::as_str) {
        Some("off") => Narration::Off,
        Some("brief") => Narration::Brief,
        Some("full") => Narration::Full,
        _ => return wrong(s, "narrate"),
    };
    noted(s, "narrate", words)
}

/// Says that a setting was taken.
fn noted(s: &Session, what: &str, words: &[String]) -> Output {
    let value = words.get(1).cloned().unwrap_or_default();
    let text = message(s.language, "noted", &[("what", what.into()), ("value", value.into())]);
    Output { story: format!("  {text}\n"), ..Output::default() }
}

fn lang(s: &mut Session, _: &str, words: &[String]) -> Output {
    match words.get(1).and_then(|w| Language::parse(w)) {
        Some(l) => {
            s.language = l;
            noted(s, "lang", words)
        }
        None => wrong(s, "lang"),
    }
}

/// Something that makes time pass: it is a command of its own, with a story.
fn command(s: &mut Session, line: &str, f: impl FnOnce(&mut Session)) -> Output {
    s.remember(line);
    s.last_line = line.into();
    s.story_from = s.cluster.world.root("kubetutor", Root::Command(line.into()));
    s.waited = true;
    f(s);
    let mut out = Output::default();
    if s.narration != Narration::Off {
        let told = meanwhile(s, s.narration == Narration::Full);
        out.story = told.unwrap_or_else(|| format!("  {}\n", message(s.language, "story-nothing", &[])));
    }
    out
}

/// What was decided meanwhile, whatever its cause.
fn meanwhile(s: &Session, full: bool) -> Option<String> {
    let world = &s.cluster.world;
    let told: Vec<Item> = world
        .ledger
        .since(s.story_from)
        .filter_map(|r| match &r.what {
            What::Decision(d) => {
                let place = d.place().map(|p| format!("@{p}")).unwrap_or_default();
                let t = r.at.since(world.start).as_secs_f64();
                let what = crate::explain::texts::decision(s.language, d.as_ref());
                Some(Item { who: format!("t+{t:.1}s  {}{place}", r.actor), what, children: vec![] })
            }
            _ => None,
        })
        .collect();
    if told.is_empty() {
        return None;
    }
    let shown = if full { told.len() } else { told.len().min(16) };
    let mut out = format!("\n{}\n", layout::lines(&told[..shown], s.width).join("\n"));
    if shown < told.len() {
        out.push_str(&format!("  {}\n", message(s.language, "story-cut", &[("count", (told.len() - shown).into())])));
    }
    Some(out)
}

/// Longer than any lesson; and a cluster in trouble makes thousands of steps a day.
const LONGEST_WAIT: Duration = Duration::from_secs(86_400 * 30);

fn wait(s: &mut Session, line: &str, words: &[String]) -> Output {
    let wanted = words.get(1).filter(|w| words.len() == 2 && !w.starts_with('-'));
    let Some(d) = wanted.and_then(|w| parse_go_duration(w)).filter(|d| *d <= LONGEST_WAIT) else {
        return wrong(s, "wait");
    };
    let mut out = command(s, line, |s| s.wait(d));
    if s.is_interrupted() {
        out.code = 130;
    }
    out
}

fn step(s: &mut Session, _: &str, words: &[String]) -> Output {
    let Ok(n) = words.get(1).map_or("1", String::as_str).parse::<usize>() else { return wrong(s, "step") };
    let n = n.min(10_000);
    let from = s.cluster.world.ledger.next_id();
    for _ in 0..n {
        // Steps in which nothing is done are passed over.
        let before = s.cluster.world.ledger.next_id();
        for _ in 0..5_000 {
            if !s.cluster.world.step() || s.cluster.world.ledger.next_id() != before {
                break;
            }
        }
    }
    let w = &s.cluster.world;
    let lines = trace::lines(&w.ledger, from, w.start, s.language);
    Output { story: format!("{}\n", lines.join("\n")), ..Output::default() }
}

fn pace(s: &mut Session, _: &str, words: &[String]) -> Output {
    match words.get(1).and_then(|w| Pace::parse(w)) {
        Some(p) => {
            s.pace = p;
            noted(s, "pace", words)
        }
        None => wrong(s, "pace"),
    }
}

fn back(s: &mut Session, _: &str, words: &[String]) -> Output {
    let Some(n) = how_many(words) else { return wrong(s, "back") };
    let lines = s.back(n);
    travelled(s.language, &lines, "↶", "back-none")
}

fn forward(s: &mut Session, _: &str, words: &[String]) -> Output {
    let Some(n) = how_many(words) else { return wrong(s, "forward") };
    let lines = s.forward(n);
    travelled(s.language, &lines, "↷", "forward-none")
}

fn how_many(words: &[String]) -> Option<usize> {
    match words {
        [_] => Some(1),
        [_, n] => n.parse().ok().filter(|n| *n > 0),
        _ => None,
    }
}

fn travelled(language: Language, lines: &[String], sign: &str, none: &str) -> Output {
    if lines.is_empty() {
        return Output { stderr: format!("{}\n", message(language, none, &[])), code: 1, ..Output::default() };
    }
    Output { story: lines.iter().map(|l| format!("  {sign} {l}\n")).collect(), ..Output::default() }
}

fn faults_word(s: &mut Session, _: &str, _: &[String]) -> Output {
    let mut text = String::new();
    for f in faults::TABLE {
        let place = match f.place {
            Place::Nowhere => String::new(),
            Place::Node => " NODE".into(),
            Place::Wire => " NODE NODE".into(),
            Place::Pod => " POD [hang]".into(),
            Place::Controller => " NAME".into(),
            // The first is what happens if nothing is said.
            Place::Way(ways) => format!(" [{}]", ways.iter().skip(1).map(|w| w.name).collect::<Vec<_>>().join("|")),
        };
        text.push_str(&format!(
            "  {:<28} {}\n",
            format!("fail {}{place}", f.name),
            message(s.language, f.message, &[])
        ));
    }
    for (name, place) in s.cluster.world.faults.keys() {
        text.push_str(&format!(
            "  × {}\n",
            message(s.language, "fault-was-broken", &[("what", Fact::Text(format!("{name} {place}").trim().into()))])
        ));
    }
    said(text)
}

fn fault(s: &mut Session, line: &str, words: &[String], broken: bool) -> Output {
    let Some(name) = words.get(1).cloned() else { return wrong(s, if broken { "fail" } else { "heal" }) };
    let place = words.get(2..).map(|w| w.join(" ")).filter(|p| !p.is_empty());
    s.remember(line);
    let from = s.cluster.world.ledger.next_id();
    match s.cluster.fault(&name, place.as_deref(), broken) {
        Ok(()) => {
            (s.story_from, s.waited) = (from, false);
            let what = words[1..].join(" ");
            let id = if broken { "fault-was-broken" } else { "fault-was-mended" };
            let mut out = Output {
                story: format!("  {}\n", message(s.language, id, &[("what", Fact::Text(what))])),
                ..Output::default()
            };
            if broken && let Some(f) = faults::find(&name) {
                let foretold = s.cluster.foretold(f, place.as_deref());
                out.story.push_str(&format!("  {}\n", message(s.language, foretold, &[])));
            }
            s.after_command(&mut out);
            out
        }
        Err(e) => Output { stderr: format!("{}\n", fault_error(s.language, &e)), code: 2, ..Output::default() },
    }
}

fn fault_error(language: Language, e: &FaultError) -> String {
    let korean = language == Language::Korean;
    match e {
        FaultError::Unknown { name, near } => {
            let hint = near
                .map(|n| if korean { format!(" 혹시 {n}?") } else { format!(" Did you mean {n}?") })
                .unwrap_or_default();
            if korean {
                format!("{name}: 고장 낼 수 없는 것. 목록은 `faults`.{hint}")
            } else {
                format!("{name} cannot be broken; `faults` lists what can.{hint}")
            }
        }
        FaultError::NeedsPlace { what: Place::Wire } if korean => {
            "어느 두 노드 사이를? 예: fail network worker-1 worker-2".into()
        }
        FaultError::NeedsPlace { what: Place::Wire } => {
            "between which two? for example: fail network worker-1 worker-2".into()
        }
        FaultError::NeedsPlace { .. } if korean => "어디를? 예: fail kubelet worker-1".into(),
        FaultError::NeedsPlace { .. } => "where? for example: fail kubelet worker-1".into(),
        FaultError::NoSuchPlace { known, .. } if known.is_empty() => match korean {
            true => "이 클러스터에는 그런 곳이 없음".into(),
            false => "this cluster has no such place".into(),
        },
        FaultError::NoSuchPlace { place, known } => {
            let list = language.list(known, 6);
            if korean {
                format!("{place}: 그런 곳은 없음. 있는 곳: {list}")
            } else {
                format!("{place} is not there to be broken; what is: {list}")
            }
        }
        FaultError::NotInstalled if korean => "이 클러스터에는 없음".into(),
        FaultError::NotInstalled => "this cluster has none".into(),
        FaultError::AlreadySo if korean => "바뀐 것 없음: 이미 그런 상태".into(),
        FaultError::AlreadySo => "nothing to do: that is how it is already".into(),
    }
}
