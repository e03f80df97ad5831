//! Redis: `redis-server`, a store in memory that speaks RESP over the simulated network, and `redis-cli`.
//!
//! Start with [`server`]: it listens, takes requests and answers them by the table of [`commands`]. Data lie in a [`keyspace`] of
//! [`value`]s; [`config`] is what can be set, [`persistence`] keeps data in files ([`rdb`] is their format), [`replication`] follows another
//! server. [`resp`] is what both programs speak. To add a command: its function, and its line in `commands::TABLE`.
//!
//! Deliberately absent: clusters, sentinels, scripts, streams, users beside the default one. Simplified: keys come in the order of their
//! names, not of their hashes.

mod cli;
mod client;
mod commands;
mod config;
mod glob;
mod info;
mod keyspace;
mod log;
mod persistence;
mod rdb;
mod replication;
mod resp;
mod server;
mod value;
mod version;
mod words;

pub use cli::start as cli;
pub use server::start as server;
