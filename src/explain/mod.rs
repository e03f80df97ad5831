//! Ledger to words: the story after a command, `why`, `trace`.
//!
//! Start with [`story`], which lays the decisions of a command out as a tree of causes. [`texts`] finds a decision's
//! words in the component's own files and fills in its facts, [`language`] knows what each language needs, [`layout`]
//! draws the tree and keeps it on the screen.
//!
//! Deliberately absent: anything that decides. What is told was decided and recorded elsewhere.

pub mod language;
pub mod layout;
pub mod request;
pub mod story;
pub mod texts;
pub mod trace;
pub mod why;

pub use language::Language;
