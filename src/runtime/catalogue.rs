//! Images as data: which exist, how large they are, and what runs in them.
//! To add an image: one entry in `images.yaml` (or in `images-bare.yaml`, the stand-ins of the recordings).

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use serde_json::Value;

use super::layers::Base;
use super::programs::Tools;
use super::web::{REQUEST, Server, Site};
use crate::api::Duration;
use crate::api::digest::Digest;
use crate::api::file_tree::{FILE_MODE, Kind, Node, Tree};
use crate::api::image::ImageRef;

/// What a program takes of memory, where its image does not say more.
const MEMORY_MEBIBYTES: u64 = 1;

#[derive(Clone, Debug, Default)]
pub struct Image {
    /// Its name, as one asks for it.
    pub name: String,
    pub tags: Vec<String>,
    /// Tags that are numbers, each as it is or with what `variants` allow after it.
    pub series: Vec<Series>,
    pub variants: Vec<String>,
    pub bytes: u64,
    /// What its own program takes of memory.
    pub memory: u64,
    pub entrypoint: Vec<String>,
    pub cmd: Vec<String>,
    pub working_dir: String,
    pub user: u32,
    pub group: u32,
    pub env: BTreeMap<String, String>,
    pub files: Tree,
    pub tools: Tools,
    /// Where its program listens, as its `EXPOSE` says.
    pub exposes: Option<u16>,
    /// What its own server answers.
    pub server: Option<Arc<Server>>,
    /// What its own program prints before it ends with a code.
    pub says: Option<(Vec<String>, i32)>,
    /// What runs in place of its own program, which cannot be executed here.
    pub stand_in: Option<Arc<StandIn>>,
}

/// `1.19.0-10`: the tags `1.19`, `1.19.0` up to `1.19.10`. `18.0-20.*`: `18`, `18.0` up to `18.20`, and any number behind these.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Series {
    stem: String,
    first: u32,
    last: u32,
    deeper: bool,
}

impl Series {
    fn parse(text: &str) -> Option<Series> {
        let (text, deeper) = text.strip_suffix(".*").map_or((text, false), |t| (t, true));
        let (stem, range) = text.rsplit_once('.')?;
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        Some(Series { stem: stem.into(), first: first.parse().ok()?, last: last.parse().ok()?, deeper })
    }

    fn has(&self, tag: &str) -> bool {
        let Some(rest) = tag.strip_prefix(&self.stem) else { return false };
        if rest.is_empty() {
            return true;
        }
        let Some(rest) = rest.strip_prefix('.') else { return false };
        let (number, more) = rest.split_once('.').map_or((rest, None), |(n, m)| (n, Some(m)));
        let fits = number.parse().is_ok_and(|n: u32| (self.first..=self.last).contains(&n) && n.to_string() == number);
        fits && more.is_none_or(|m| self.deeper && m.parse::<u32>().is_ok())
    }
}

impl Image {
    /// The newest of its numbers that a tag stands for: `7-alpine` for 7.4.6. A tag without a number stands for the newest of all.
    pub fn newest(&self, tag: &str) -> Option<String> {
        let number = tag.split('-').next().filter(|n| n.starts_with(|c: char| c.is_ascii_digit())).unwrap_or("");
        let parts = |text: &str| text.split('.').filter_map(|p| p.parse().ok()).collect::<Vec<u32>>();
        let asked = parts(number);
        let newest = |s: &Series| {
            let mut all = parts(&s.stem);
            let last = asked.get(all.len()).map_or(s.last, |n| (*n).clamp(s.first, s.last));
            all.push(last);
            all
        };
        let fits = self.series.iter().map(newest).filter(|v| v.starts_with(&asked));
        fits.max().map(|v| v.iter().map(u32::to_string).collect::<Vec<_>>().join("."))
    }

    fn has_tag(&self, tag: &str) -> bool {
        let plain = |t: &str| self.series.iter().any(|s| s.has(t));
        let varied = |v: &String| {
            if v.is_empty() {
                plain(tag)
            } else {
                tag.strip_suffix(v.as_str()).and_then(|t| t.strip_suffix('-')).is_some_and(plain)
            }
        };
        self.tags.iter().any(|t| t == tag) || self.variants.iter().any(varied)
    }
}

/// What is run in place of a program that cannot be executed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StandIn {
    /// The command of the image: `node app.js`.
    pub command: String,
    /// Where the stand-in listens, if the image says where its program would.
    pub port: Option<u16>,
}

/// What a registry holds, and how fast it gives it.
#[derive(Clone, Debug)]
pub struct Catalogue {
    /// By repository; tags of one may differ in what they hold.
    images: BTreeMap<String, Vec<Arc<Image>>>,
    bytes_per_second: u64,
    latency: Duration,
    /// A registry that says the same of what is private and of what does not exist.
    secretive: bool,
}

impl Catalogue {
    /// The images that learners use.
    pub fn public() -> &'static Catalogue {
        static C: OnceLock<Catalogue> = OnceLock::new();
        C.get_or_init(|| Catalogue::read(include_str!("images.yaml")))
    }

    /// The stand-ins of the recorded cluster.
    pub fn bare() -> &'static Catalogue {
        static C: OnceLock<Catalogue> = OnceLock::new();
        C.get_or_init(|| Catalogue::read(include_str!("images-bare.yaml")))
    }

    /// What lies on a machine itself.
    pub fn host() -> Arc<Image> {
        static I: OnceLock<Option<Arc<Image>>> = OnceLock::new();
        let made = I.get_or_init(|| Catalogue::read(include_str!("host.yaml")).images.into_values().flatten().next());
        made.clone().unwrap_or_default()
    }

    /// What lies on the learner's own machine.
    pub fn desk() -> Arc<Image> {
        static I: OnceLock<Option<Arc<Image>>> = OnceLock::new();
        let made = I.get_or_init(|| Catalogue::read(include_str!("desk.yaml")).images.into_values().flatten().next());
        made.clone().unwrap_or_default()
    }

    /// Reads a catalogue. Broken entries are left out; a test proves that there are none.
    pub fn read(text: &str) -> Catalogue {
        let v = crate::api::yaml::parse_all(text).ok().and_then(|d| d.into_iter().next()).unwrap_or_default();
        let mut images: BTreeMap<String, Vec<Arc<Image>>> = BTreeMap::new();
        for (name, image) in v["images"].as_array().into_iter().flatten().filter_map(entry).flatten() {
            images.entry(name).or_default().push(image);
        }
        Catalogue {
            images,
            bytes_per_second: v["bytesPerSecond"].as_u64().unwrap_or(40_000_000),
            latency: Duration::from_millis(v["latencyMilliseconds"].as_u64().unwrap_or(60)),
            secretive: v["secretive"] == true,
        }
    }

    pub fn find(&self, image: &ImageRef) -> Option<&Arc<Image>> {
        let tag = image.tag_or_latest();
        let all = self.images.get(&image.repository())?;
        all.iter().find(|i| image.digest.is_some() || i.has_tag(tag))
    }

    /// Whether there is a repository of that name.
    pub fn has(&self, repository: &str) -> bool {
        self.images.contains_key(repository)
    }

    pub fn is_secretive(&self) -> bool {
        self.secretive
    }

    pub fn pull_time(&self, image: &Image) -> Duration {
        self.latency + Duration::from_millis(image.bytes * 1000 / self.bytes_per_second.max(1))
    }

    /// Until the registry says that it does not have something.
    pub fn answer_time(&self) -> Duration {
        self.latency / 2
    }

    pub fn names(&self) -> impl Iterator<Item = (&str, &Image)> {
        self.images.iter().flat_map(|(n, all)| all.iter().map(move |i| (n.as_str(), &**i)))
    }
}

fn texts(v: &Value) -> Vec<String> {
    v.as_array().into_iter().flatten().map(|t| t.as_str().map_or_else(|| t.to_string(), Into::into)).collect()
}

fn pairs(v: &Value) -> BTreeMap<String, String> {
    v.as_object().into_iter().flatten().map(|(k, v)| (k.clone(), v.as_str().unwrap_or("").into())).collect()
}

fn server(v: &Value) -> Option<Arc<Server>> {
    let port = u16::try_from(v["server"].as_u64()?).ok()?;
    let site = match (v["root"].as_str(), &v["speaks"]) {
        (Some(root), _) => Site::Files { root: root.into(), lists: v["lists"] == true },
        (_, Value::Null) => Site::Program {
            missing: texts(&v["missing"]),
            body: v["body"].as_str().unwrap_or("{image} {hostname}\n").into(),
        },
        (_, says) => Site::Other { says: says.as_str().map(Into::into) },
    };
    let cost = v["requestMicroseconds"].as_u64().map_or(REQUEST, Duration::from_micros);
    Some(Arc::new(Server {
        port,
        site,
        cost,
        software: v["software"].as_str().unwrap_or("").into(),
        log: v["log"].as_str().unwrap_or("{client}:{port} {method} {path}").into(),
        memory: v["memory"].as_u64().unwrap_or(MEMORY_MEBIBYTES) * 1024 * 1024,
    }))
}

/// One entry may stand for several repositories of the same shape.
fn entry(v: &Value) -> Option<Vec<(String, Arc<Image>)>> {
    let base = Base::parse(v["base"].as_str().unwrap_or("busybox"))?;
    let mut files = base.layer().clone();
    for (path, text) in pairs(&v["files"]) {
        // Scripts are there to be run.
        let mode = if text.starts_with("#!") { 0o755 } else { FILE_MODE };
        files.put(&path, Node { mode, ..Node::file(text) });
    }
    for path in texts(&v["directories"]) {
        files.put(&path, Node::directory());
    }
    for (path, target) in pairs(&v["links"]) {
        files.put(&path, Node::link(&target));
    }
    for (path, name) in pairs(&v["programs"]) {
        let program = super::programs::find(&name)?.name;
        files.put(&path, Node::new(Kind::Program(program), 0o755));
    }
    let working_dir = v["workdir"].as_str().unwrap_or("/");
    if !files.is_directory(working_dir) {
        files.put(working_dir, Node::directory());
    }
    let image = Image {
        name: String::new(),
        tags: texts(&v["tags"]),
        series: v["series"].as_str().unwrap_or("").split_whitespace().map(Series::parse).collect::<Option<_>>()?,
        variants: match texts(&v["variants"]) {
            none if none.is_empty() => vec![String::new()],
            some => some,
        },
        bytes: v["bytes"].as_u64().unwrap_or(3_440_000),
        memory: v["memory"].as_u64().unwrap_or(MEMORY_MEBIBYTES) * 1024 * 1024,
        entrypoint: texts(&v["entrypoint"]),
        cmd: match &v["cmd"] {
            Value::Null if v["entrypoint"].is_null() => vec!["sh".into()],
            cmd => texts(cmd),
        },
        working_dir: working_dir.into(),
        user: u32::try_from(v["user"].as_u64().unwrap_or(0)).ok()?,
        group: u32::try_from(v["group"].as_u64().unwrap_or(0)).ok()?,
        env: pairs(&v["env"]),
        files: files.frozen(),
        tools: base.tools(),
        exposes: v["server"].as_u64().or(v["expose"].as_u64()).and_then(|p| u16::try_from(p).ok()),
        server: server(v),
        says: v["print"]
            .is_array()
            .then(|| (texts(&v["print"]), i32::try_from(v["code"].as_i64().unwrap_or(0)).unwrap_or(1))),
        stand_in: None,
    };
    let names = match &v["name"] {
        Value::Array(_) => texts(&v["name"]),
        name => vec![name.as_str()?.to_string()],
    };
    let named = |n: String| Some((ImageRef::parse(&n)?.repository(), Arc::new(Image { name: n, ..image.clone() })));
    Some(names.into_iter().filter_map(named).collect())
}

/// A digest that names this image and tag, always the same.
pub fn digest(image: &ImageRef) -> String {
    if let Some(d) = &image.digest {
        return d.clone();
    }
    format!("sha256:{}", Digest::of(&image.full()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_stands_for_the_newest_of_its_numbers() {
        let image = Catalogue::public().find(&ImageRef::parse("redis").unwrap()).unwrap();
        for (tag, newest) in [
            ("latest", "8.2.2"),
            ("7", "7.4.6"),
            ("6.0", "6.0.20"),
            ("6.0.5", "6.0.5"),
            ("7-alpine", "7.4.6"),
            ("alpine", "8.2.2"),
        ] {
            assert_eq!(image.newest(tag).as_deref(), Some(newest), "{tag}");
        }
        assert_eq!(image.newest("99"), None);
    }

    #[test]
    fn the_catalogues_hold_what_lessons_and_recordings_use() {
        for (catalogue, image, there) in [
            (Catalogue::public(), "nginx:1.27", true),
            (Catalogue::public(), "nginx:nope", false),
            (Catalogue::public(), "nginx:1.18.0", true),
            (Catalogue::public(), "nginx:1.19.8-alpine", true),
            (Catalogue::public(), "nginx:1.7.13", false),
            (Catalogue::public(), "nginx:1.91", false),
            (Catalogue::public(), "nginx:1.019", false),
            (Catalogue::public(), "node:18.17.1-alpine", true),
            (Catalogue::public(), "node:18.17.1", true),
            (Catalogue::public(), "node:18.99", false),
            (Catalogue::public(), "postgres:16.4", true),
            (Catalogue::public(), "python:3.9.7-slim", true),
            (Catalogue::public(), "busybox", true),
            (Catalogue::public(), "kub-first-app", false),
            (Catalogue::bare(), "nginx:9.99", false),
            (Catalogue::bare(), "subicura/echo:v1", true),
            (Catalogue::bare(), "codongmin/kub-first-app:3", false),
            (Catalogue::bare(), "codongmin/kub-first-app", true),
        ] {
            assert_eq!(ImageRef::parse(image).and_then(|i| catalogue.find(&i).map(|_| ())).is_some(), there, "{image}");
        }
    }
}
