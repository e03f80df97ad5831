//! kubectl plugin list: programs called `kubectl-…`.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/plugin.go, which looks for them along `PATH`. Here no program of the learner's
//! machine is run in kubectl's place, so there are none to be found.

use crate::kubectl::args::Type;
use crate::kubectl::{Completes, Failure, Flag, Verb};

pub static LIST: Verb = Verb {
    name: "plugin list",
    summary: "List all visible plugin executables on a user's PATH",
    flags: &[&[Flag::new("name-only", Type::Bool)]],
    completes: Completes::Nothing,
    run: |_, _| Err(Failure::error("unable to find any kubectl plugins in your PATH")),
};
