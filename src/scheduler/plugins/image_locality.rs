//! ImageLocality: a node that has the image already saves the pull.
//! Real Kubernetes: pkg/scheduler/framework/plugins/imagelocality.

use k8s_openapi::api::core::v1::PodSpec;

use crate::scheduler::framework::{MAX_SCORE, NodeInfo, PodInfo, Score, Snapshot};

pub struct ImageLocality;

const MIB: i64 = 1024 * 1024;
/// Smaller images are not worth preferring a node; larger ones count no more.
const LEAST: i64 = 23 * MIB;
const MOST_PER_CONTAINER: i64 = 1000 * MIB;

/// An image as it is looked for among those of a node: with a tag, but not with a registry that it does not name.
/// containerd names them all with their registry, so that `nginx` is found on no node. Real Kubernetes: the same.
fn tagged(image: &str) -> String {
    let last = image.rsplit('/').next().unwrap_or(image);
    if last.contains(':') { image.to_string() } else { format!("{image}:latest") }
}

/// The images of all containers, and those that are mounted as volumes.
fn images(spec: &PodSpec) -> impl Iterator<Item = &str> {
    let containers = spec.containers.iter().chain(spec.init_containers.iter().flatten());
    let volumes = spec.volumes.iter().flatten().filter_map(|v| v.image.as_ref());
    containers.map(|c| c.image.as_deref()).chain(volumes.map(|i| i.reference.as_deref())).flatten()
}

impl Score for ImageLocality {
    fn score(&self, pod: &PodInfo, nodes: &[&NodeInfo], all: &Snapshot<'_>) -> Vec<i64> {
        let spec = pod.pod().spec.as_deref();
        let images: Vec<String> = spec.into_iter().flat_map(images).map(tagged).collect();
        // An image that few nodes have counts less, so that not all pods crowd there.
        let share = |image: &String| all.images.get(image).copied().unwrap_or(0) as f64 / all.nodes.len().max(1) as f64;
        let shares: Vec<f64> = images.iter().map(share).collect();
        if shares.iter().all(|share| *share == 0.0) {
            return vec![0; nodes.len()];
        }
        let containers = spec.map_or(0, |s| s.containers.len() + s.init_containers.as_ref().map_or(0, Vec::len));
        let most = MOST_PER_CONTAINER * i64::try_from(containers).unwrap_or(1).max(1);
        nodes
            .iter()
            .map(|n| {
                let sizes = images.iter().zip(&shares).filter_map(|(i, share)| Some((*n.images.get(i)?, share)));
                let sum: i64 = sizes.map(|(size, share)| (size as f64 * share) as i64).sum();
                MAX_SCORE * (sum.clamp(LEAST, most) - LEAST) / (most - LEAST)
            })
            .collect()
    }
}
