//! v1 Binding.

use super::Binding;
use crate::api::kind::{CREATE_ONLY, Kind};

pub static KIND: Kind<Binding> = Kind {
    verbs: CREATE_ONLY,
    ..Kind::new(("", "v1"), "Binding", "bindings", "binding")
};
