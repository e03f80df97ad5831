//! ImageLocality: a node that has the image already saves the pull.
//! Real Kubernetes: pkg/scheduler/framework/plugins/imagelocality.

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

impl Score for ImageLocality {
    fn score(&self, pod: &PodInfo, nodes: &[&NodeInfo], all: &Snapshot<'_>) -> Vec<i64> {
        let spec = pod.pod().spec.as_ref();
        let images: Vec<String> = spec
            .into_iter()
            .flat_map(|s| s.containers.iter().chain(s.init_containers.iter().flatten()))
            .filter_map(|c| c.image.as_deref().map(tagged))
            .collect();
        let total = i64::try_from(all.nodes.len()).unwrap_or(1).max(1);
        // An image that few nodes have counts less, so that not all pods crowd there.
        let spread: Vec<i64> = images.iter().map(|i| all.images.get(i).copied().unwrap_or(0)).collect();
        if spread.iter().all(|nodes| *nodes == 0) {
            return vec![0; nodes.len()];
        }
        let most = MOST_PER_CONTAINER * i64::try_from(images.len()).unwrap_or(1).max(1);
        nodes
            .iter()
            .map(|n| {
                let sum: i64 = images.iter().zip(&spread).filter_map(|(i, s)| Some(n.images.get(i)? * s / total)).sum();
                MAX_SCORE * (sum.clamp(LEAST, most) - LEAST) / (most - LEAST)
            })
            .collect()
    }
}
