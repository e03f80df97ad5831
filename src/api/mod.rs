//! The vocabulary that every other room speaks: objects, kinds, selectors, quantities, patches, `Status`.
//!
//! Everything here is a pure function of its arguments. Start with [`object`] (what is stored), then [`kind`]
//! (what the API server knows about a kind) and any file of [`kinds`], which tells one kind in the order a
//! reader asks: names, defaults, validation, columns.
//!
//! Deliberately absent: the store, requests, time that flows, randomness, I/O. Nothing here can change a cluster.
//!
//! In Kubernetes this is `k8s.io/api`, `k8s.io/apimachinery` and the `pkg/apis` and `pkg/registry` strategies.

pub mod body;
pub mod canonical;
pub mod cel;
pub mod conditions;
pub mod convert;
pub mod cron;
pub mod custom;
pub mod definitions;
pub mod digest;
pub mod dns;
pub mod documents;
pub mod endpoints;
pub mod field;
pub mod file_tree;
pub mod go_dump;
pub mod go_regexp;
pub mod go_scanner;
pub mod go_text;
pub mod go_url;
pub mod image;
pub mod int_or_string;
pub mod internal;
pub mod ip;
pub mod json_patch;
pub mod jsonpath;
pub mod kind;
pub mod kinds;
pub mod kyaml;
pub mod managed;
pub mod names;
pub mod network;
pub mod node_affinity;
pub mod object;
pub mod ops;
pub mod ownership;
pub mod packing;
pub mod patch;
pub mod path;
pub mod pem;
pub mod pki;
pub mod places;
pub mod pods;
pub mod quantity;
pub mod quota;
pub mod reading;
pub mod request;
pub mod request_path;
pub mod resource_list;
pub mod schema;
pub mod selector;
pub mod served;
pub mod shared;
pub mod snapshot;
pub mod status;
pub mod strategic;
pub mod structural;
pub mod table;
pub mod taints;
pub mod template_hash;
pub mod time;
pub mod time_zone;
pub mod uid;
pub mod unified_diff;
pub mod user;
pub mod version;
pub mod volumes;
pub mod wire;
pub mod yaml;

pub use kind::{AnyKind, Kind, KindRef};
pub use object::{Key, Object, Resource};
pub use ops::{Op, OpId, Outcome};
pub use status::{Reason, Status, unless_gone};
pub use time::{Duration, RecordId, Time};
pub use uid::Uid;
pub use user::User;
