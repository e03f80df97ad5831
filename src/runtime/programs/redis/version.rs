//! Which Redis an image holds.

use crate::api::image::ImageRef;
use crate::runtime::kernel::Sys;

/// What an image that does not say is taken to hold.
const USUAL: &str = "7.4.6";

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Version {
    pub text: String,
    numbers: (u32, u32),
}

impl Version {
    /// The image says it itself, else its tag does.
    pub fn of(sys: &Sys<'_>) -> Version {
        let root = sys.root();
        let image = root.and_then(|r| r.image.as_ref());
        let own = image.and_then(|i| i.env.get("REDIS_VERSION").cloned());
        let tag = root.and_then(|r| ImageRef::parse(&r.spec.image)).map(|i| i.tag_or_latest().to_string());
        let tagged = || image?.newest(tag.as_deref().unwrap_or(""));
        Version::parse(&own.or_else(tagged).unwrap_or_else(|| USUAL.into()))
    }

    pub fn parse(text: &str) -> Version {
        let mut numbers = text.split('.').map(|n| n.parse().unwrap_or(0));
        let (major, minor) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        Version { text: text.into(), numbers: (major, minor) }
    }

    pub fn is_at_least(&self, major: u32, minor: u32) -> bool {
        self.numbers >= (major, minor)
    }
}
