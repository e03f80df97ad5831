//! kubectl apply --prune: what was applied once and is no longer among the files goes.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/apply/prune.go, k8s.io/kubectl/pkg/util/prune/prune.go.

use std::sync::Arc;

use super::apply::{Applying, LAST_APPLIED, Visited};
use super::create::say;
use super::delete::options;
use crate::api::request::{Method, Request};
use crate::api::{KindRef, Status};
use crate::kubectl::args::DryRun;
use crate::kubectl::mapper::Mapper;
use crate::kubectl::printers::Format;
use crate::kubectl::resources::{Found, collection};
use crate::kubectl::{Args, Env, Failure};

/// The kinds that are pruned where nobody names others.
const USUAL: &[(&str, &str)] = &[
    ("v1", "ConfigMap"),
    ("v1", "Endpoints"),
    ("v1", "PersistentVolumeClaim"),
    ("v1", "Pod"),
    ("v1", "ReplicationController"),
    ("v1", "Secret"),
    ("v1", "Service"),
    ("batch/v1", "Job"),
    ("batch/v1", "CronJob"),
    ("networking.k8s.io/v1", "Ingress"),
    ("apps/v1", "DaemonSet"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "ReplicaSet"),
    ("apps/v1", "StatefulSet"),
    ("v1", "Namespace"),
    ("v1", "PersistentVolume"),
];

const OF_NO_NAMESPACE: &str = "Deprecated: kubectl apply will no longer prune non-namespaced resources by default when used with the --namespace flag in a future release. To preserve the current behaviour, list the resources you want to target explicitly in the --prune-allowlist flag.";

/// The kinds whose objects may be pruned.
#[derive(Default)]
pub struct Pruned {
    kinds: Vec<KindRef>,
    /// Whether nobody named them.
    usual: bool,
}

impl Pruned {
    /// What `--prune-allowlist` names: `GROUP/VERSION/KIND`.
    pub fn of(args: &Args, mapper: &Mapper) -> Result<Pruned, Failure> {
        let named = args.list("prune-allowlist");
        let usual = named.is_empty();
        let find = |api_version: &str, kind: &str| {
            mapper
                .by_gvk(api_version, kind)
                .ok_or_else(|| Failure::error(format!("no matches for kind {kind:?} in version {api_version:?}")))
        };
        let kinds: Result<Vec<KindRef>, Failure> = if usual {
            USUAL.iter().map(|(version, kind)| find(version, kind)).collect()
        } else {
            named
                .iter()
                .map(|name| match *name.split('/').collect::<Vec<_>>() {
                    ["core" | "", version, kind] => find(version, kind),
                    [group, version, kind] => find(&format!("{group}/{version}"), kind),
                    _ => Err(Failure::error(format!(
                        "invalid GroupVersionKind format: {name}, please follow <group/version/kind>"
                    ))),
                })
                .collect()
        };
        Ok(Pruned { kinds: kinds?, usual })
    }

    /// What was applied once and was not visited now.
    pub fn goners(&self, visited: &Visited, args: &Args, env: &mut Env<'_>) -> Result<Vec<Found>, Failure> {
        if self.usual {
            env.warn_as_klog("prune.go:71", OF_NO_NAMESPACE);
        }
        let (inside, outside): (Vec<KindRef>, Vec<KindRef>) = self.kinds.iter().partition(|k| k.namespaced());
        let inside = visited.namespaces.iter().flat_map(|n| inside.iter().map(move |k| (*k, n.as_str())));
        let mut out = vec![];
        for (kind, namespace) in inside.chain(outside.iter().map(|k| (*k, ""))) {
            let mut list = Request::get(collection(kind, namespace));
            if !args.text("selector").is_empty() {
                list = list.query("labelSelector", args.text("selector"));
            }
            let all = env.try_call(&list).map_err(|s| failed(&s, kind))?;
            let applied = all["items"].as_array().into_iter().flatten().filter(|o| {
                let uid = o["metadata"]["uid"].as_str();
                o["metadata"]["annotations"][LAST_APPLIED].is_string()
                    && !uid.is_some_and(|uid| visited.uids.contains(uid))
            });
            out.extend(applied.map(|o| Found::of(kind, Arc::new(o.clone()))));
        }
        Ok(out)
    }

    /// They go.
    pub fn prune(&self, by: &Applying, env: &mut Env<'_>) -> Result<(), Failure> {
        let format = Format::of(&by.args)?;
        for f in self.goners(&by.visited, &by.args, env)? {
            if by.dry != DryRun::Client {
                let deletion = options(by.propagation, by.args.int("grace-period"));
                env.try_call(&by.dry.on(Request::new(Method::Delete, f.path()).body(deletion)))
                    .map_err(|s| failed(&s, f.kind))?;
            }
            say(&by.args, &format, f.kind, &f.object, "pruned", by.dry, env)?;
        }
        Ok(())
    }
}

fn failed(s: &Status, kind: KindRef) -> Failure {
    let place = if kind.namespaced() { "namespaced" } else { "nonNamespaced" };
    let version = format!("{}/{}", kind.group(), kind.version());
    Failure::error(format!("error pruning {place} object {version}, Kind={}: {}", kind.name(), s.message))
}
