//! What a controller is built on: a cache that a watch fills, a work queue, a recorder of Events.
//!
//! Start with [`controller`]: it turns a [`Reconciler`] into a component of the world. [`cache`] is an informer's
//! store, [`by_owner`] its index, [`queue`] the rate-limited work queue, [`expectations`] what a controller waits to
//! see, [`recorder`] how Events are counted up instead of written anew; [`claim`] settles whose objects are,
//! [`pod_control`] makes and deletes pods for their owners, [`backends`] sees which pods stand behind which Service,
//! [`ranking`] says which pod goes first,
//! [`history`] keeps the pod templates that owners have had. [`latest`] writes again on a conflict; [`backoff`] makes what fails again and again wait longer;
//! [`postponed`] remembers why a set will act, once it can.
//!
//! Deliberately absent: the store and the API server's inside. Controllers reach the API through `Ctx` only, and
//! read what their caches say, which may be a little old.
//!
//! In Kubernetes this is client-go: `tools/cache`, `util/workqueue`, `tools/record`, and `pkg/controller`.

pub mod backends;
pub mod backoff;
pub mod by_owner;
pub mod cache;
pub mod claim;
pub mod controller;
pub mod expectations;
pub mod history;
pub mod latest;
pub mod pod_control;
pub mod postponed;
pub mod queue;
pub mod ranking;
pub mod recorder;
pub mod slices;
pub mod triggers;
pub mod volumes;

pub use backoff::Backoff;
pub use cache::{Cache, OwnedCache};
pub use controller::{Action, Controller, Reconciler};
pub use expectations::Expectations;
pub use postponed::Postponed;
pub use queue::Queue;
pub use recorder::Recorder;
