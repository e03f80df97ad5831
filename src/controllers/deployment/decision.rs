//! Why a Deployment did what it did.

use crate::api::Duration;
use crate::api::object::Key;
use crate::ledger::{Decision, Facts};

#[derive(Clone, Debug)]
pub enum DeploymentDecision {
    NewSet {
        deployment: Key,
        set: String,
        replicas: i32,
        revision: i64,
        had: usize,
    },
    Reused {
        deployment: Key,
        set: String,
        was: i64,
        revision: i64,
    },
    RollUp {
        deployment: Key,
        set: String,
        from: i32,
        to: i32,
        wanted: i32,
        surge: i32,
        total: i32,
    },
    /// `unhealthy` of the set's pods do not work; they go before the others.
    RollDown {
        deployment: Key,
        set: String,
        from: i32,
        to: i32,
        least: i32,
        available: i32,
        unhealthy: i32,
    },
    RecreateDown {
        deployment: Key,
        set: String,
        from: i32,
    },
    RecreateUp {
        deployment: Key,
        set: String,
        to: i32,
    },
    Scaled {
        deployment: Key,
        set: String,
        from: i32,
        to: i32,
    },
    Spread {
        deployment: Key,
        wanted: i32,
        parts: Vec<(String, i32, i32)>,
    },
    Paused {
        deployment: Key,
        paused: bool,
    },
    Complete {
        deployment: Key,
        available: i32,
        min_ready: Duration,
    },
    TimedOut {
        deployment: Key,
        deadline: Duration,
    },
    Forgot {
        deployment: Key,
        set: String,
        limit: i32,
    },
}

impl DeploymentDecision {
    fn parts(&self) -> (&'static str, &Key, Facts) {
        use DeploymentDecision as D;
        match self {
            D::NewSet { deployment, set, replicas, revision, had } => {
                let message = if *had == 0 { "deployment-first-set" } else { "deployment-new-set" };
                (
                    message,
                    deployment,
                    vec![
                        ("set", set.as_str().into()),
                        ("replicas", (*replicas).into()),
                        ("revision", (*revision).into()),
                    ],
                )
            }
            D::Reused { deployment, set, was, revision } => (
                "deployment-reused-set",
                deployment,
                vec![("set", set.as_str().into()), ("was", (*was).into()), ("revision", (*revision).into())],
            ),
            D::RollUp { deployment, set, from, to, wanted, surge, total } => {
                let facts = vec![
                    ("set", set.as_str().into()),
                    ("from", (*from).into()),
                    ("to", (*to).into()),
                    ("wanted", (*wanted).into()),
                    ("surge", (*surge).into()),
                    ("total", (*total).into()),
                ];
                ("deployment-roll-up", deployment, facts)
            }
            D::RollDown { deployment, set, from, to, least, available, unhealthy } => {
                let facts = vec![
                    ("set", set.as_str().into()),
                    ("from", (*from).into()),
                    ("to", (*to).into()),
                    ("least", (*least).into()),
                    ("available", (*available).into()),
                    ("unhealthy", (*unhealthy).into()),
                ];
                let only_broken = from - to <= *unhealthy;
                (if only_broken { "deployment-roll-broken" } else { "deployment-roll-down" }, deployment, facts)
            }
            D::RecreateDown { deployment, set, from } => {
                ("deployment-recreate-down", deployment, vec![("set", set.as_str().into()), ("from", (*from).into())])
            }
            D::RecreateUp { deployment, set, to } => {
                ("deployment-recreate-up", deployment, vec![("set", set.as_str().into()), ("to", (*to).into())])
            }
            D::Scaled { deployment, set, from, to } => (
                "deployment-scaled",
                deployment,
                vec![("set", set.as_str().into()), ("from", (*from).into()), ("to", (*to).into())],
            ),
            D::Spread { deployment, wanted, parts } => {
                let list: Vec<String> = parts.iter().map(|(n, a, b)| format!("{n} {a}→{b}")).collect();
                ("deployment-spread", deployment, vec![("wanted", (*wanted).into()), ("parts", list.into())])
            }
            D::Paused { deployment, paused } => {
                (if *paused { "deployment-paused" } else { "deployment-resumed" }, deployment, vec![])
            }
            D::Complete { deployment, available, .. } => {
                ("deployment-complete", deployment, vec![("available", (*available).into())])
            }
            D::TimedOut { deployment, deadline } => {
                ("deployment-timed-out", deployment, vec![("deadline", (*deadline).into())])
            }
            D::Forgot { deployment, set, limit } => {
                ("deployment-forgot", deployment, vec![("set", set.as_str().into()), ("limit", (*limit).into())])
            }
        }
    }
}

impl Decision for DeploymentDecision {
    fn message(&self) -> &'static str {
        self.parts().0
    }
    fn facts(&self) -> Facts {
        let (_, key, mut facts) = self.parts();
        facts.push(("deployment", key.name.to_string().into()));
        facts
    }
    fn about(&self) -> Option<Key> {
        Some(self.parts().1.clone())
    }
}
