//! What a namespace's labels ask for: a level of the Pod Security Standards, as of some version, in each of three modes.
//! Real Kubernetes: k8s.io/pod-security-admission/api.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Bound;

use crate::api::field::{FieldErrors, Path};

pub type Labels = BTreeMap<String, String>;

const PREFIX: &str = "pod-security.kubernetes.io/";
pub const ENFORCE: &str = "pod-security.kubernetes.io/enforce";
const ENFORCE_VERSION: &str = "pod-security.kubernetes.io/enforce-version";
const AUDIT: &str = "pod-security.kubernetes.io/audit";
const AUDIT_VERSION: &str = "pod-security.kubernetes.io/audit-version";
const WARN: &str = "pod-security.kubernetes.io/warn";
const WARN_VERSION: &str = "pod-security.kubernetes.io/warn-version";

/// From the mildest to the strictest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Level {
    #[default]
    Privileged,
    Baseline,
    Restricted,
}

impl Level {
    const ALL: [Level; 3] = [Level::Privileged, Level::Baseline, Level::Restricted];

    fn name(self) -> &'static str {
        match self {
            Level::Privileged => "privileged",
            Level::Baseline => "baseline",
            Level::Restricted => "restricted",
        }
    }

    fn parse(text: &str) -> Option<Level> {
        Level::ALL.into_iter().find(|l| l.name() == text)
    }
}

/// Which Kubernetes' idea of a level: the newest there is, or that of 1.x.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Version {
    #[default]
    Latest,
    Minor(u64),
}

impl Version {
    fn parse(text: &str) -> Option<Version> {
        if text == "latest" {
            return Some(Version::Latest);
        }
        let digits = text.strip_prefix("v1.")?;
        let plain = digits == "0" || !digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit());
        // Real Kubernetes reads a signed number here.
        let number = digits.parse::<i64>().ok().filter(|_| plain)?;
        u64::try_from(number).ok().map(Version::Minor)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LevelVersion {
    pub level: Level,
    pub version: Version,
}

impl fmt::Display for LevelVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.version {
            Version::Latest => write!(f, "{}:latest", self.level.name()),
            Version::Minor(minor) => write!(f, "{}:v1.{minor}", self.level.name()),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Policy {
    pub enforce: LevelVersion,
    pub audit: LevelVersion,
    pub warn: LevelVersion,
}

impl Policy {
    /// The policy of a namespace with these labels, and what is wrong with them. A wrong label enforces the strictest there
    /// is, but neither warns nor is put down.
    pub fn of(labels: Option<&Labels>) -> (Policy, FieldErrors) {
        let (mut policy, mut errors) = (Policy::default(), FieldErrors::default());
        let Some(labels) = labels.filter(|l| concerned(l)) else { return (policy, errors) };
        let enforced = level(labels, ENFORCE, Level::Restricted, &mut policy.enforce, &mut errors);
        version(labels, ENFORCE_VERSION, &mut policy.enforce, &mut errors);
        level(labels, AUDIT, Level::Privileged, &mut policy.audit, &mut errors);
        version(labels, AUDIT_VERSION, &mut policy.audit, &mut errors);
        level(labels, WARN, Level::Privileged, &mut policy.warn, &mut errors);
        version(labels, WARN_VERSION, &mut policy.warn, &mut errors);
        // What is enforced is warned of, where nothing else is said: those who write controllers see it at once.
        if enforced && !labels.contains_key(WARN) && policy.enforce.level > policy.warn.level {
            policy.warn.level = policy.enforce.level;
            if !labels.contains_key(WARN_VERSION) {
                policy.warn.version = policy.enforce.version;
            }
        }
        (policy, errors)
    }

    pub fn is_fully_privileged(&self) -> bool {
        [self.enforce, self.audit, self.warn].iter().all(|l| l.level == Level::Privileged)
    }
}

/// Most namespaces say nothing of the security of pods.
fn concerned(labels: &Labels) -> bool {
    let from = (Bound::Included(PREFIX), Bound::Unbounded);
    labels.range::<str, _>(from).next().is_some_and(|(key, _)| key.starts_with(PREFIX))
}

/// Whether the label is there and right.
fn level(labels: &Labels, key: &str, wrong: Level, into: &mut LevelVersion, errors: &mut FieldErrors) -> bool {
    let Some(text) = labels.get(key) else { return false };
    let found = Level::parse(text);
    into.level = found.unwrap_or(wrong);
    if found.is_none() {
        refuse(key, text, "must be one of privileged, baseline, restricted", errors);
    }
    found.is_some()
}

fn version(labels: &Labels, key: &str, into: &mut LevelVersion, errors: &mut FieldErrors) {
    let Some(text) = labels.get(key) else { return };
    let found = Version::parse(text);
    into.version = found.unwrap_or_default();
    if found.is_none() {
        refuse(key, text, "must be \"latest\" or \"v1.x\"", errors);
    }
}

fn refuse(key: &str, value: &str, why: &str, errors: &mut FieldErrors) {
    errors.invalid(&Path::new("metadata").child("labels").key(key), value, why);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_they_are_written() {
        for (text, version) in [
            ("latest", Some(Version::Latest)),
            ("v1.0", Some(Version::Minor(0))),
            ("v1.36", Some(Version::Minor(36))),
            ("v1.036", None),
            ("v1.+1", None),
            ("v1.", None),
            ("v2.0", None),
            ("1.20", None),
            ("v1.99999999999999999999", None),
        ] {
            assert_eq!(Version::parse(text), version, "{text}");
        }
    }
}
