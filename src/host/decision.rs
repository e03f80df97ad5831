//! What was done on the learner's own machine, and what the cluster has of it.

use crate::api::object::Key;
use crate::ledger::{Decision, Facts};

/// How such a pod gets its image.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    Push,
    /// Or it is given to the node.
    Load,
    /// The node has it, and must ask all the same.
    AskLess,
}

#[derive(Clone, Debug)]
pub enum HostDecision {
    /// An image lies in Docker's store now.
    Built {
        image: String,
        size: u64,
    },
    /// What the image runs cannot be executed.
    StandsIn {
        image: String,
        command: String,
        port: Option<u16>,
    },
    Pushed {
        image: String,
        registry: String,
    },
    /// Nobody has shown who they are, or not the one whose name it is.
    PushDenied {
        image: String,
        login: String,
    },
    /// Below no name of a person only Docker itself may write.
    PushNeedsName {
        image: String,
        user: String,
    },
    /// A container runs beside the cluster.
    Runs {
        container: String,
        image: String,
        ports: Vec<(u16, u16)>,
    },
    /// Given to nodes by hand.
    Loaded {
        image: String,
        nodes: Vec<String>,
        /// A registry has it, too.
        public: bool,
    },
    /// A node asked the registry for an image that only the learner's machine has.
    OnlyHere {
        image: String,
        node: String,
        pod: Key,
        way: Way,
    },
}

impl Decision for HostDecision {
    fn message(&self) -> &'static str {
        match self {
            HostDecision::Built { .. } => "host-built",
            HostDecision::StandsIn { port: Some(_), .. } => "host-stands-in",
            HostDecision::StandsIn { port: None, .. } => "host-stands-in-silently",
            HostDecision::Pushed { .. } => "host-pushed",
            HostDecision::PushDenied { .. } => "host-push-denied",
            HostDecision::PushNeedsName { .. } => "host-push-needs-name",
            HostDecision::Runs { .. } => "host-runs",
            HostDecision::Loaded { public: true, .. } => "host-loaded-too",
            HostDecision::Loaded { public: false, .. } => "host-loaded",
            HostDecision::OnlyHere { way: Way::Load, .. } => "host-only-here",
            HostDecision::OnlyHere { way: Way::Push, .. } => "host-only-here-push",
            HostDecision::OnlyHere { way: Way::AskLess, .. } => "host-asked-anyway",
        }
    }

    fn facts(&self) -> Facts {
        let text = |s: &String| s.as_str().into();
        match self {
            HostDecision::Built { image, size } => {
                let size = format!("{:.0} MB", *size as f64 / 1e6);
                vec![("image", text(image)), ("size", size.into())]
            }
            HostDecision::StandsIn { image, command, port } => {
                let port = i32::from(port.unwrap_or_default());
                vec![("image", text(image)), ("command", text(command)), ("port", port.to_string().into())]
            }
            HostDecision::Pushed { image, registry } => vec![("image", text(image)), ("registry", text(registry))],
            HostDecision::PushDenied { image, login } => vec![("image", text(image)), ("login", text(login))],
            HostDecision::PushNeedsName { image, user } => vec![("image", text(image)), ("user", text(user))],
            HostDecision::Runs { container, image, ports } => {
                let ports: Vec<String> = ports.iter().map(|(here, there)| format!("{here}→{there}")).collect();
                let count = ports.len().into();
                vec![("container", text(container)), ("image", text(image)), ("ports", ports.into()), ("count", count)]
            }
            HostDecision::Loaded { image, nodes, .. } => vec![("image", text(image)), ("nodes", nodes.clone().into())],
            HostDecision::OnlyHere { image, node, pod, .. } => {
                let name = pod.name.to_string();
                vec![("image", text(image)), ("node", text(node)), ("pod", name.into())]
            }
        }
    }

    fn about(&self) -> Option<Key> {
        match self {
            HostDecision::OnlyHere { pod, .. } => Some(pod.clone()),
            _ => None,
        }
    }
}
