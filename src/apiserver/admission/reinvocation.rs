//! What has changed an object may have to look at it again, when others have changed it after that.
//!
//! All plugins look once more if a policy or a webhook has changed something; of policies and webhooks only those that want to
//! (`reinvocationPolicy: IfNeeded`), were asked in the first round, and have not seen the last change.
//! Real Kubernetes: apiserver/pkg/admission/reinvocation.go, plugin/{webhook,policy}/mutating/reinvocationcontext.go.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

/// How a request is looked at.
#[derive(Debug, Default)]
pub struct Reinvocation {
    /// This is the second look.
    pub again: bool,
    /// There has to be one.
    pub wanted: bool,
    /// Somebody has changed the object, or has written it down anew.
    pub rewritten: bool,
    pub policies: Memory,
    pub webhooks: Memory,
}

impl Reinvocation {
    /// 0 in the first round.
    pub fn round(&self) -> usize {
        usize::from(self.again)
    }
}

/// What the policies, or the webhooks, have done so far. Each is known by a text.
#[derive(Debug, Default)]
pub struct Memory {
    /// The object as they left it.
    left: Option<Arc<Value>>,
    /// Those that have been asked since the last change and are ready to be asked again.
    asked: BTreeSet<String>,
    /// Those that have to be asked again.
    due: BTreeSet<String>,
}

impl Memory {
    /// Begins a round: what others have changed since, all must see.
    pub fn begin(&mut self, now: &Arc<Value>, again: bool) {
        if again && self.left.as_ref() != Some(now) {
            self.changed();
        }
    }

    /// Something has changed: whoever was asked before has to see that.
    pub fn changed(&mut self) {
        self.due.append(&mut self.asked);
    }

    pub fn asked(&mut self, who: String) {
        self.asked.insert(who);
    }

    pub fn is_due(&self, who: &str) -> bool {
        self.due.contains(who)
    }

    pub fn end(&mut self, now: Arc<Value>) {
        self.left = Some(now);
    }
}
