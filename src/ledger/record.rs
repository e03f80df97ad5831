//! The records of the ledger.

use std::sync::Arc;

use smallvec::SmallVec;

use super::Decision;
use crate::api::object::{Key, Name};
use crate::api::status::Status;
use crate::api::{KindRef, OpId, RecordId, Time};

/// The numbers of the records that led to one. Almost always one or two, which need no allocation.
pub type Causes = SmallVec<[RecordId; 2]>;

/// The actor of what the API server writes down for itself.
pub const SERVER: &str = "kube-apiserver";

#[derive(Clone, Debug)]
pub struct Record {
    pub id: RecordId,
    pub at: Time,
    pub actor: &'static str,
    pub what: What,
    pub causes: Causes,
}

#[derive(Clone, Debug)]
pub enum What {
    Root(Root),
    Step(Trigger),
    Request(Box<RequestRecord>),
    /// A person looked at something. Components look into their caches, which leaves no trace.
    Read(ReadRecord),
    Decision(Arc<dyn Decision>),
    /// An operation was started; its end is a step that this record caused.
    Op {
        id: OpId,
        call: &'static str,
    },
}

/// Where everything begins.
#[derive(Clone, Debug, PartialEq)]
pub enum Root {
    /// The cluster was put together.
    Startup,
    /// A line that somebody typed.
    Command(String),
    /// Something was broken or mended on purpose.
    Fault { what: String, broken: bool },
    /// A program of a pod has asked the API server, for reasons of its own: method and target.
    Call(String),
}

/// What made a component take a step.
#[derive(Clone, Debug, PartialEq)]
pub enum Trigger {
    Started,
    Watch(Key),
    Work(Key),
    Timer,
    Done(OpId),
}

/// A request to the API server and what became of it.
#[derive(Clone, Debug)]
pub struct RequestRecord {
    pub verb: &'static str,
    pub key: Key,
    pub subresource: Option<&'static str>,
    pub user: Name,
    /// Why it is allowed, if it is.
    pub granted: Option<Granted>,
    pub outcome: RequestOutcome,
    /// What components' own writes have seldom, and they are nearly all there are.
    pub rest: Option<Box<Particulars>>,
}

/// What is worth knowing of a request that people make.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Particulars {
    /// The version in which the object was spoken of, if it is not the one that it is stored in.
    pub version: Option<KindRef>,
    /// Who acted as the user.
    pub impersonator: Option<Name>,
    /// Fields that defaulting and admission filled in, where that was counted.
    pub defaulted: Option<usize>,
    /// What admission had to say of it, as the audit log has it: keys and values.
    pub annotations: Vec<(String, String)>,
    /// What admission did, plugin by plugin. Of components' own writes only who refused is put down.
    pub admission: Vec<AdmissionStep>,
}

/// Why somebody may do something.
#[derive(Clone, PartialEq, Debug)]
pub enum Granted {
    /// Members of `system:masters` need no rule.
    ToMasters,
    /// Kubelets may do what their own nodes need.
    ToNode,
    /// By the rule of a role.
    By(Arc<str>),
}

/// A plugin of admission that was not indifferent to a request.
#[derive(Clone, PartialEq, Debug)]
pub struct AdmissionStep {
    pub plugin: &'static str,
    pub did: Admitted,
}

#[derive(Clone, PartialEq, Debug)]
pub enum Admitted {
    /// It changed the object in these places: `spec.tolerations`.
    Changed(Vec<String>),
    Refused,
}

/// What a person looked at.
#[derive(Clone, PartialEq, Debug)]
pub struct ReadRecord {
    pub kind: KindRef,
    /// Empty: all of them.
    pub namespace: String,
    /// `None`: a list.
    pub name: Option<String>,
    /// How many objects were shown.
    pub found: usize,
}

#[derive(Clone, Debug)]
pub enum RequestOutcome {
    /// Stored as this revision.
    Stored(u64),
    /// The object is as it was; nothing was written.
    Unchanged,
    /// Gone from the store, at this revision.
    Removed(u64),
    Refused(Box<Status>),
}

impl Particulars {
    /// For a record: nothing, if there is nothing to say.
    pub fn kept(self) -> Option<Box<Particulars>> {
        (self != Particulars::default()).then(|| Box::new(self))
    }
}

impl RequestRecord {
    pub fn particulars(&self) -> &Particulars {
        static NONE: Particulars =
            Particulars { version: None, impersonator: None, defaulted: None, annotations: vec![], admission: vec![] };
        self.rest.as_deref().unwrap_or(&NONE)
    }

    /// The version in which the object was spoken of.
    pub fn version(&self) -> KindRef {
        self.particulars().version.unwrap_or(self.key.kind)
    }

    pub fn refused(&self) -> Option<&Status> {
        match &self.outcome {
            RequestOutcome::Refused(s) => Some(s),
            _ => None,
        }
    }
    pub fn revision(&self) -> Option<u64> {
        match self.outcome {
            RequestOutcome::Stored(r) | RequestOutcome::Removed(r) => Some(r),
            _ => None,
        }
    }
}
