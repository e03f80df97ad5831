//! What the learner should notice of images: that one which a node cannot pull lies on the learner's own machine, and that
//! something stands in for the program of another.

use crate::api::image::ImageRef;
use crate::api::kinds::Pod;
use crate::api::{Key, RecordId};
use crate::cluster::profile::Profile;
use crate::explain::texts::message;
use crate::host::decision::{HostDecision, Way};
use crate::ledger::{Fact, What};
use crate::prompt::session::{Output, Session};

impl Session {
    /// Explains pulls that failed since a record, for images that Docker has.
    pub(in crate::prompt) fn notice_pulls(&mut self, from: RecordId) {
        if self.cluster.docker.named().next().is_none() {
            return;
        }
        let decided = self.cluster.world.ledger.since(from).filter_map(|r| match &r.what {
            What::Decision(d) if r.actor == "kubelet" => Some((r.id, d.about()?, d.place()?.to_string())),
            _ => None,
        });
        let mut seen: Vec<(RecordId, Key, String)> = vec![];
        for (id, pod, node) in decided {
            if !seen.iter().any(|(_, p, _)| *p == pod) {
                seen.push((id, pod, node));
            }
        }
        for (id, pod, node) in seen {
            for image in self.pulled_in_vain(&pod) {
                let Some(i) = ImageRef::parse(&image) else { continue };
                let held = self.cluster.docker.image(&i).is_some();
                let way = match self.cluster.images_on(&node).contains(&i.full()) {
                    true => Way::AskLess,
                    false if self.cluster.plan.profile == Profile::Minikube => Way::Load,
                    false => Way::Push,
                };
                let told = self.cluster.world.ledger.since(id).any(
                    |r| matches!(&r.what, What::Decision(d) if r.actor == "docker" && d.about().as_ref() == Some(&pod)),
                );
                if held && !told {
                    let only = HostDecision::OnlyHere { image, node: node.clone(), pod: pod.clone(), way };
                    self.cluster.tell("docker", only, id);
                }
            }
        }
    }

    /// The images of a pod that its kubelet could not get.
    fn pulled_in_vain(&self, pod: &Key) -> Vec<String> {
        let Ok(o) = self.cluster.world.api.get(pod) else { return vec![] };
        let Some(p) = o.get::<Pod>() else { return vec![] };
        let waits = |c: &&k8s_openapi::api::core::v1::ContainerStatus| {
            let waiting = c.state.as_ref().and_then(|s| s.waiting.as_ref());
            waiting.and_then(|w| w.reason.as_deref()).is_some_and(|r| ["ErrImagePull", "ImagePullBackOff"].contains(&r))
        };
        let status = p.status.as_ref();
        let all = status.iter().flat_map(|s| [&s.init_container_statuses, &s.container_statuses]).flatten().flatten();
        all.filter(waits).map(|c| c.image.clone()).collect()
    }

    /// Says what stands in for programs of images that were described.
    pub(in crate::prompt) fn notice_stand_ins(&self, out: &mut Output) {
        let mut images: Vec<&str> =
            out.stdout.lines().filter_map(|l| l.trim_start().strip_prefix("Image:")).map(str::trim).collect();
        images.sort_unstable();
        images.dedup();
        let mut told = String::new();
        for image in images {
            let Some(s) = self.cluster.stand_in(image) else { continue };
            let id = if s.port.is_some() { "host-stands-in" } else { "host-stands-in-silently" };
            let port = s.port.unwrap_or_default().to_string();
            let facts = [("image", Fact::from(image)), ("command", s.command.as_str().into()), ("port", port.into())];
            told.push_str(&format!("  {}\n", message(self.language, id, &facts)));
        }
        out.story.push_str(&told);
    }
}
