//! What happened, in order, and because of what. The story, `why`, lessons and tests all read it.
//!
//! A [`Record`] is a root (a typed command, a fault, the start), a step of a component, a request to the API
//! server, a decision or an operation. Every record but a root names its causes, whose numbers are smaller: the
//! ledger is a graph without cycles whose roots are what people did. Start with [`record`].
//!
//! Deliberately absent: words. Decisions are facts; `explain/` and the texts beside each component make sentences.
//! Nothing here influences a run: with the ledger switched off, the same run follows.
//!
//! Real Kubernetes has no such thing; audit logs, events and traces each hold a part of it.

pub mod decision;
pub mod record;

use std::fmt::Write;

pub use decision::{Decision, Fact, Facts, by_reason};
pub use record::{Causes, Particulars, ReadRecord, Record, RequestRecord, Root, Trigger, What};

use crate::api::{RecordId, Time};

/// Older records are forgotten beyond this many.
const LIMIT: usize = 400_000;

/// The book of records.
#[derive(Clone, Debug)]
pub struct Ledger {
    next: u64,
    /// Number of the first record still kept.
    first: u64,
    records: imbl::Vector<Record>,
    keep: bool,
}

impl Default for Ledger {
    fn default() -> Ledger {
        Ledger { next: 1, first: 1, records: imbl::Vector::new(), keep: true }
    }
}

impl Ledger {
    /// A ledger that numbers records but keeps none: for measuring, and to prove that nothing depends on it.
    pub fn silent() -> Ledger {
        Ledger { keep: false, ..Ledger::default() }
    }

    /// Writes a record down and returns its number.
    pub fn add(&mut self, at: Time, actor: &'static str, what: What, causes: Causes) -> RecordId {
        let id = RecordId(self.next);
        debug_assert!(causes.iter().all(|c| *c < id), "a cause must come before its effect");
        self.next += 1;
        if self.keep {
            if self.records.len() >= LIMIT {
                self.records.pop_front();
                self.first += 1;
            }
            self.records.push_back(Record { id, at, actor, what, causes });
        }
        id
    }

    pub fn get(&self, id: RecordId) -> Option<&Record> {
        let i = id.0.checked_sub(self.first)?;
        self.records.get(usize::try_from(i).ok()?)
    }

    /// The number that the next record gets.
    pub fn next_id(&self) -> RecordId {
        RecordId(self.next)
    }

    /// The records from `id` on.
    pub fn since(&self, id: RecordId) -> impl DoubleEndedIterator<Item = &Record> {
        let skip = usize::try_from(id.0.saturating_sub(self.first)).unwrap_or(usize::MAX).min(self.records.len());
        self.records.focus().narrow(skip..).into_iter()
    }

    pub fn all(&self) -> impl DoubleEndedIterator<Item = &Record> {
        self.records.iter()
    }

    /// The roots that a record goes back to.
    pub fn roots(&self, id: RecordId) -> Vec<RecordId> {
        let mut roots = vec![];
        let mut seen = std::collections::BTreeSet::new();
        let mut todo = vec![id];
        while let Some(id) = todo.pop() {
            if !seen.insert(id) {
                continue;
            }
            match self.get(id) {
                Some(r) if matches!(r.what, What::Root(_)) => roots.push(id),
                Some(r) => todo.extend(r.causes.iter()),
                None => {}
            }
        }
        roots.sort();
        roots
    }

    /// The whole ledger as text: two runs are the same if these are.
    pub fn dump(&self) -> String {
        let mut out = String::new();
        for r in &self.records {
            let _ = writeln!(out, "{r:?}");
        }
        out
    }
}
