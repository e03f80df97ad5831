//! Laws of the API: what holds whatever is asked of it, in whatever order. Tried with random requests, as many as
//! `KUBETUTOR_SEEDS` says.

mod apply;
mod concurrency;
mod fields;
mod lists;
mod patches;
mod quotas;
mod round_trips;
pub mod server;
