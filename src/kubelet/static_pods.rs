//! Pods that lie as files on a node: kubelet runs them without being asked by anybody, and shows the API a mirror of each.
//!
//! Of such a pod kubelet knows what it has to know from the file, so it needs no API server: that is how the API server itself comes to
//! run. The mirror is only to be looked at: who deletes it has deleted a picture, and kubelet hangs up another one.
//! Real Kubernetes: pkg/kubelet/config/file.go, pkg/kubelet/pod/mirror_client.go, pkg/kubelet/kubelet.go tryReconcileMirrorPods.

use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;

use super::decision::KubeletDecision;
use super::fleet::Fleet;
use super::reporting::Image;
use super::status;
use super::worker::Worker;
use crate::api::kinds::{Node, Pod};
use crate::api::object::Resource;
use crate::api::{Key, Object, Reason, Status, Uid};
use crate::apiserver::delete::DeleteOptions;
use crate::store::{Change, ChangeKind, rev_of};
use crate::world::Ctx;

/// The annotation by which a mirror is known; it says of which file.
pub const MIRROR: &str = "kubernetes.io/config.mirror";
const SEEN: &str = "kubernetes.io/config.seen";

/// A pod that lies as a file on a node.
#[derive(Clone, Debug)]
pub struct StaticPod {
    /// The program that runs in it: `kube-scheduler`.
    pub program: &'static str,
    /// Its image's full name. Who installed the node has pulled it.
    pub image: String,
    pub pod: Arc<Object>,
}

/// What a worker knows that runs a static pod.
#[derive(Clone, Debug)]
pub struct Fixed {
    pub program: &'static str,
    /// Its mirror, as the API has it.
    mirror: Option<Arc<Object>>,
    /// There was one before.
    mirrored: bool,
    /// It ends as soon as it is started.
    pub broken: bool,
}

fn mirror_of(o: &Object) -> Option<Uid> {
    let hash = o.get::<Pod>()?.metadata.annotations.as_ref()?.get(MIRROR)?;
    Some(Uid::of(hash))
}

impl Fleet {
    /// Kubelet has found its files.
    pub(super) fn run_static_pods(&mut self, node: &str, ctx: &mut Ctx<'_>) {
        let Some(at) = self.nodes.find(node) else { return };
        let n = self.nodes.at_mut(&at);
        let pods = n.config.statics.clone();
        for s in &pods {
            n.images.entry(s.image.clone()).or_insert_with(|| Image { bytes: 25_000_000, ..Image::default() });
        }
        let seen = ctx.now().rfc3339();
        for s in pods {
            let mut o = (*s.pod).clone();
            o.meta_mut().annotations.get_or_insert_default().insert(SEEN.into(), seen.clone());
            let fixed = Fixed { program: s.program, mirror: None, mirrored: false, broken: false };
            let mut w = Worker::new(Arc::new(o), at.clone());
            w.fixed = Some(fixed);
            let uid = w.uid;
            self.workers.insert(w);
            self.sync(uid, ctx);
        }
    }

    /// Whether a change is one of a mirror: it concerns nobody but the static pod.
    pub(super) fn observe_mirror(&mut self, c: &Change, ctx: &mut Ctx<'_>) -> bool {
        let Some(uid) = mirror_of(&c.object) else { return false };
        let Some(w) = self.workers.get_mut(uid) else { return true };
        let down = self.nodes.at(&w.node).down;
        let Some(fixed) = &mut w.fixed else { return true };
        let newer = fixed.mirror.as_ref().is_none_or(|m| rev_of(m) < rev_of(&c.object));
        let same = fixed.mirror.as_ref().is_some_and(|m| m.marks().uid == c.object.marks().uid);
        let news = match c.kind {
            ChangeKind::Deleted if same => {
                fixed.mirror = None;
                true
            }
            ChangeKind::Deleted => false,
            _ if newer => {
                let deleting = c.object.is_deleting();
                fixed.mirror = Some(c.object.clone());
                deleting
            }
            _ => false,
        };
        if news && !down {
            self.mirror(uid, ctx);
        }
        true
    }

    /// Writes the status of a static pod down, and shows it to the API.
    pub(super) fn write_static_status(&mut self, uid: Uid, ctx: &mut Ctx<'_>) {
        let now = ctx.now();
        let Some(w) = self.workers.get(uid) else { return };
        let pod = w.typed();
        let node = self.nodes.at(&w.node);
        let fresh = status::generate(w, &pod, &node.config.ip, node.clock(now));
        if pod.status.as_deref() != Some(&fresh)
            && let Some(w) = self.workers.get_mut(uid)
        {
            let mut o = (*w.pod).clone();
            if let Some(p) = o.get_mut::<Pod>() {
                p.status = Some(fresh.into());
            }
            w.pod = Arc::new(o);
        }
        self.mirror(uid, ctx);
    }

    /// Brings the mirror in line with the pod: one that is deleted or of another file goes, a missing one is made.
    fn mirror(&mut self, uid: Uid, ctx: &mut Ctx<'_>) {
        let Some(w) = self.workers.get(uid) else { return };
        let Some(fixed) = &w.fixed else { return };
        let (user, key) = (self.nodes.at(&w.node).user.clone(), w.key.clone());
        let mut mirror = fixed.mirror.clone();
        let mut done = Ok(());
        if let Some(m) = mirror.take_if(|m| m.is_deleting()) {
            let options =
                DeleteOptions { grace_seconds: Some(0), uid: Some(m.uid().into()), ..DeleteOptions::default() };
            let gone = ctx.api_as::<Pod>(user.clone()).delete(&key.namespace, &key.name, options);
            done = gone.map(|_| ()).or_else(|e| if e.is(Reason::NotFound) { Ok(()) } else { Err(e) });
        }
        if done.is_ok() && mirror.is_none() {
            done = self.make_mirror(uid, ctx).map(|o| mirror = Some(o));
        }
        if let (Ok(()), Some(m)) = (&done, &mirror) {
            let fresh = self.workers.get(uid).and_then(|w| w.typed().status.clone());
            let told = m.get::<Pod>().is_some_and(|p| p.status == fresh);
            if !told {
                let of = m.marks().uid;
                let written = ctx.api_as::<Pod>(user).patch_status(&key.namespace, &key.name, |p| {
                    if Uid::of(p.uid()) == of {
                        p.status = fresh;
                    }
                });
                done = written.map(|o| mirror = Some(o));
            }
        }
        let Some(w) = self.workers.get_mut(uid) else { return };
        if let Some(fixed) = &mut w.fixed {
            fixed.mirror = mirror;
        }
        match done {
            Ok(()) => w.reported = Some(w.basis()),
            Err(_) => w.tell_later(ctx),
        }
    }

    fn make_mirror(&mut self, uid: Uid, ctx: &mut Ctx<'_>) -> Result<Arc<Object>, Status> {
        let Some(w) = self.workers.get_mut(uid) else { return Err(Status::bad_request("")) };
        let pod = w.typed();
        let n = self.nodes.at(&w.node);
        let mut mirror = Pod { metadata: pod.metadata.clone(), spec: pod.spec.clone(), status: None };
        let meta = &mut mirror.metadata;
        let hash = meta.uid.take().unwrap_or_default();
        meta.annotations.get_or_insert_default().insert(MIRROR.into(), hash);
        let kind = Node::kind_ref();
        meta.owner_references = Some(vec![OwnerReference {
            api_version: kind.api_version(),
            kind: kind.name().into(),
            name: n.config.name.clone(),
            uid: n.uid.clone(),
            controller: Some(true),
            block_owner_deletion: None,
        }]);
        let made = ctx.api_as::<Pod>(n.user.clone()).create(mirror)?;
        if let Some(fixed) = &mut w.fixed
            && std::mem::replace(&mut fixed.mirrored, true)
        {
            ctx.decide(KubeletDecision::Mirrored { pod: w.key.clone(), node: w.node.to_string() });
        }
        Ok(made)
    }

    /// A program of the control plane cannot run any more, or can again. What has waited to be started again does not wait longer.
    pub(super) fn break_program(&mut self, pod: &Key, broken: bool, ctx: &mut Ctx<'_>) {
        let Some(uid) = self.workers.all().find(|w| w.fixed.is_some() && w.key == *pod).map(|w| w.uid) else { return };
        if let Some(fixed) = self.workers.get_mut(uid).and_then(|w| w.fixed.as_mut()) {
            fixed.broken = broken;
        }
        if !broken {
            self.restarts.forget(uid);
            self.see(uid);
            self.sync(uid, ctx);
        }
    }

    /// What is known of a program's health, if the pod is one of the control plane.
    pub(super) fn health_of(&self, uid: Uid, ctx: &Ctx<'_>) -> Option<(bool, String)> {
        let fixed = self.workers.get(uid)?.fixed.as_ref()?;
        Some(ctx.health_of(fixed.program))
    }
}
