//! What a rollout can go back to: the ReplicaSets of a Deployment, the ControllerRevisions of a DaemonSet or StatefulSet.
//! Real Kubernetes: k8s.io/kubectl/pkg/polymorphichelpers/history.go.

use std::sync::Arc;

use serde_json::Value;

use super::Rolled;
use crate::api::object::Resource;
use crate::api::request::Request;
use crate::api::schema::TypeId;
use crate::api::selector::Selector;
use crate::api::{kinds, snapshot, strategic};
use crate::kubectl::record::CAUSE;
use crate::kubectl::resources::{Found, collection};
use crate::kubectl::{Env, Failure};

pub const REVISION: &str = "deployment.kubernetes.io/revision";

/// One state that there was.
pub struct Revision {
    pub number: i64,
    /// The object that keeps it.
    pub kept: Value,
    /// What `-o` shows: the ReplicaSet, or the set as it was.
    pub shown: Found,
    pub template: Value,
}

impl Revision {
    /// Why it came to be, if somebody said so.
    pub fn cause(&self) -> Option<&str> {
        self.kept["metadata"]["annotations"][CAUSE].as_str().filter(|c| !c.is_empty())
    }
}

/// The revision of a Deployment or a ReplicaSet.
pub fn of_deployment(o: &Value) -> i64 {
    o["metadata"]["annotations"][REVISION].as_str().and_then(|r| r.parse().ok()).unwrap_or(0)
}

/// All revisions, oldest first.
pub fn revisions(kind: Rolled, f: &Found, env: &mut Env<'_>) -> Result<Vec<Revision>, Failure> {
    let mut list = match kind {
        Rolled::Deployment => replica_sets(f, env)?,
        Rolled::DaemonSet | Rolled::StatefulSet => controller_revisions(f, env)?,
    };
    list.sort_by_key(|r| r.number);
    Ok(list)
}

fn replica_sets(d: &Found, env: &mut Env<'_>) -> Result<Vec<Revision>, Failure> {
    let kind = kinds::ReplicaSet::kind_ref();
    let list = env.call(&Request::get(collection(kind, &d.namespace)))?;
    let uid = &d.object["metadata"]["uid"];
    let owned =
        |s: &&Value| s["metadata"]["ownerReferences"].as_array().into_iter().flatten().any(|r| r["uid"] == *uid);
    let revision = |s: &Value| Revision {
        number: of_deployment(s),
        shown: Found::of(kind, Arc::new(s.clone())),
        template: s["spec"]["template"].clone(),
        kept: s.clone(),
    };
    let all = list["items"].as_array().into_iter().flatten().filter(owned).map(revision);
    Ok(all.filter(|r| r.number > 0).collect())
}

fn controller_revisions(f: &Found, env: &mut Env<'_>) -> Result<Vec<Revision>, Failure> {
    let selector = serde_json::from_value(f.object["spec"]["selector"].clone()).unwrap_or_default();
    let path = collection(kinds::ControllerRevision::kind_ref(), &f.namespace);
    let list = env.call(&Request::get(path).query("labelSelector", Selector::of(&selector).to_string()))?;
    let uid = &f.object["metadata"]["uid"];
    let manages = |r: &Value| r["controller"] == true && r["uid"] == *uid;
    let owned = |r: &&Value| r["metadata"]["ownerReferences"].as_array().into_iter().flatten().any(manages);
    let layout = TypeId::by_name(&format!("{}.{}", f.kind.api_version(), f.kind.name()));
    let revision = |r: &Value| {
        let mut then = (*f.object).clone();
        strategic::apply(&mut then, &r["data"], layout).map_err(|e| Failure::error(e.to_string()))?;
        Ok(Revision {
            number: r["revision"].as_i64().unwrap_or(0),
            shown: Found::of(f.kind, Arc::new(then)),
            template: snapshot::template(&r["data"]),
            kept: r.clone(),
        })
    };
    list["items"].as_array().into_iter().flatten().filter(owned).map(revision).collect()
}
