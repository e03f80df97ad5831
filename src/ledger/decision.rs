//! Why a component did what it did: a message's name and typed facts. Each decision's type and its words lie in
//! the directory of the component that takes it.

use std::fmt;

use crate::api::object::Key;
use crate::api::time::Duration;

/// One fact of a decision, as data.
#[derive(Clone, PartialEq, Debug)]
pub enum Fact {
    Count(i64),
    Text(String),
    /// Names of objects, nodes or the like; the story shortens long lists.
    Names(Vec<String>),
    Time(Duration),
    /// Parts of a sentence, each a message with facts of its own.
    Phrases(Vec<(&'static str, Facts)>),
}

impl From<&str> for Fact {
    fn from(s: &str) -> Fact {
        Fact::Text(s.into())
    }
}

impl From<String> for Fact {
    fn from(s: String) -> Fact {
        Fact::Text(s)
    }
}

impl From<Vec<String>> for Fact {
    fn from(v: Vec<String>) -> Fact {
        Fact::Names(v)
    }
}

impl From<Duration> for Fact {
    fn from(d: Duration) -> Fact {
        Fact::Time(d)
    }
}

impl From<i32> for Fact {
    fn from(i: i32) -> Fact {
        Fact::Count(i.into())
    }
}

impl From<i64> for Fact {
    fn from(i: i64) -> Fact {
        Fact::Count(i)
    }
}

impl From<usize> for Fact {
    fn from(i: usize) -> Fact {
        Fact::Count(i64::try_from(i).unwrap_or(i64::MAX))
    }
}

pub type Facts = Vec<(&'static str, Fact)>;

/// Things that have the same reason, together, in the order in which the reasons come up.
pub fn by_reason<R: PartialEq, T>(pairs: impl IntoIterator<Item = (R, T)>) -> Vec<(R, Vec<T>)> {
    let mut groups: Vec<(R, Vec<T>)> = vec![];
    for (reason, thing) in pairs {
        match groups.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, things)) => things.push(thing),
            None => groups.push((reason, vec![thing])),
        }
    }
    groups
}

/// A reason, told by data. `explain/` finds the words by [`Decision::message`].
pub trait Decision: fmt::Debug + Send + Sync {
    /// The message's name in the component's texts.
    fn message(&self) -> &'static str;
    fn facts(&self) -> Facts;
    /// The object that the decision is about.
    fn about(&self) -> Option<Key>;
    /// Where it was taken, for components that run on many nodes.
    fn place(&self) -> Option<&str> {
        None
    }
}
