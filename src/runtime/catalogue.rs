//! Images as data: which exist, how large they are, and what runs in them.
//! To add an image: one entry in `images.yaml` (or in `images-bare.yaml`, the stand-ins of the recordings).

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use serde_json::Value;

use super::files::Tree;
use super::web::{REQUEST, Server, Site};
use crate::api::Duration;
use crate::api::digest::Digest;
use crate::api::image::ImageRef;

/// What a program takes of memory, where its image does not say more.
const MEMORY_MEBIBYTES: u64 = 1;

/// What an image's own program does when nothing else is asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Behaviour {
    /// Listens on a port; ends at once with 0 when told to.
    Server(Arc<Server>),
    /// A shell, which has nothing to do without a terminal and ends with 0.
    Shell,
    /// Prints lines and ends with a code.
    Print { lines: Vec<String>, code: i32 },
    /// Runs a script.
    Script(String),
}

#[derive(Clone, Debug)]
pub struct Image {
    pub tags: Vec<String>,
    pub bytes: u64,
    /// What its own program takes of memory.
    pub memory: u64,
    pub behaviour: Behaviour,
    pub env: BTreeMap<String, String>,
    pub files: Tree,
}

impl Image {
    pub fn server(&self) -> Option<&Arc<Server>> {
        match &self.behaviour {
            Behaviour::Server(s) => Some(s),
            _ => None,
        }
    }
}

/// What a registry holds, and how fast it gives it.
#[derive(Clone, Debug)]
pub struct Catalogue {
    images: BTreeMap<String, Image>,
    bytes_per_second: u64,
    latency: Duration,
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

    /// Reads a catalogue. Broken entries are left out; a test proves that there are none.
    pub fn read(text: &str) -> Catalogue {
        let v = crate::api::yaml::parse_all(text).ok().and_then(|d| d.into_iter().next()).unwrap_or_default();
        let images = v["images"].as_array().into_iter().flatten().filter_map(entry).flatten().collect();
        Catalogue {
            images,
            bytes_per_second: v["bytesPerSecond"].as_u64().unwrap_or(40_000_000),
            latency: Duration::from_millis(v["latencyMilliseconds"].as_u64().unwrap_or(60)),
        }
    }

    pub fn find(&self, image: &ImageRef) -> Option<&Image> {
        let entry = self.images.get(&image.repository())?;
        (image.digest.is_some() || entry.tags.iter().any(|t| t == image.tag_or_latest())).then_some(entry)
    }

    pub fn pull_time(&self, image: &Image) -> Duration {
        self.latency + Duration::from_millis(image.bytes * 1000 / self.bytes_per_second.max(1))
    }

    /// Until the registry says that it does not have something.
    pub fn answer_time(&self) -> Duration {
        self.latency / 2
    }

    pub fn names(&self) -> impl Iterator<Item = (&str, &Image)> {
        self.images.iter().map(|(n, i)| (n.as_str(), i))
    }
}

/// One entry may stand for several repositories of the same shape.
fn entry(v: &Value) -> Option<Vec<(String, Image)>> {
    let texts = |v: &Value| -> Vec<String> {
        v.as_array().into_iter().flatten().map(|t| t.as_str().map_or_else(|| t.to_string(), Into::into)).collect()
    };
    let pairs = |v: &Value| -> BTreeMap<String, String> {
        v.as_object().into_iter().flatten().map(|(k, v)| (k.clone(), v.as_str().unwrap_or("").into())).collect()
    };
    let behaviour = match (&v["server"], &v["script"], &v["print"]) {
        (Value::Number(port), _, _) => {
            let site = match (v["root"].as_str(), &v["speaks"]) {
                (Some(root), _) => Site::Files { root: root.into(), lists: v["lists"] == true },
                (_, Value::Null) => Site::Program { missing: texts(&v["missing"]) },
                (_, says) => Site::Other { says: says.as_str().map(Into::into) },
            };
            let port = u16::try_from(port.as_u64()?).ok()?;
            let cost = v["requestMicroseconds"].as_u64().map_or(REQUEST, Duration::from_micros);
            Behaviour::Server(Arc::new(Server { port, site, cost }))
        }
        (_, Value::String(s), _) => Behaviour::Script(s.clone()),
        (_, _, Value::Array(_)) => {
            Behaviour::Print { lines: texts(&v["print"]), code: i32::try_from(v["code"].as_i64().unwrap_or(0)).ok()? }
        }
        _ => Behaviour::Shell,
    };
    let image = Image {
        tags: texts(&v["tags"]),
        bytes: v["bytes"].as_u64().unwrap_or(3_440_000),
        memory: v["memory"].as_u64().unwrap_or(MEMORY_MEBIBYTES) * 1024 * 1024,
        behaviour,
        env: pairs(&v["env"]),
        files: pairs(&v["files"]).into_iter().collect(),
    };
    let names = match &v["name"] {
        Value::Array(_) => texts(&v["name"]),
        name => vec![name.as_str()?.to_string()],
    };
    Some(names.into_iter().filter_map(|n| Some((ImageRef::parse(&n)?.repository(), image.clone()))).collect())
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
    fn the_catalogues_hold_what_lessons_and_recordings_use() {
        for (catalogue, image, there) in [
            (Catalogue::public(), "nginx:1.27", true),
            (Catalogue::public(), "nginx:nope", false),
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
