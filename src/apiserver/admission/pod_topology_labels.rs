//! PodTopologyLabels: a pod that has a node is labelled with the zone and the region of it, so that its programs can read
//! them. One that is bound gets them with its binding.
//! Real Kubernetes: plugin/pkg/admission/podtopologylabels.

use std::collections::BTreeMap;

use super::{Ask, Plugin};
use crate::api::kind::Subresource;
use crate::api::kinds::{Node, Pod};
use crate::api::object::Key;
use crate::api::{Object, Status, pods};
use crate::apiserver::{ApiServer, Caller};

pub const PLUGIN: Plugin = Plugin { mutate, alter, ..Plugin::new("PodTopologyLabels") };

const LABELS: [&str; 2] = ["topology.kubernetes.io/zone", "topology.kubernetes.io/region"];

/// Where a node is, as its labels tell; nowhere, if there is no such node.
fn of_node(api: &ApiServer, node: &str) -> BTreeMap<String, String> {
    let found = api.store().get(&Key::of::<Node>("", node)).and_then(|o| o.get::<Node>());
    let labels = found.and_then(|n| n.metadata.labels.as_ref()).into_iter().flatten();
    labels.filter(|(k, _)| LABELS.contains(&k.as_str())).map(|(k, v)| (k.clone(), v.clone())).collect()
}

fn mutate(api: &ApiServer, o: &mut Object, old: Option<&Object>, who: &mut Caller<'_>) -> Result<(), Status> {
    let Some(pod) = o.get::<Pod>().filter(|_| old.is_none() && who.subresource.is_none()) else { return Ok(()) };
    let node = pods::node(pod);
    let place = if node.is_empty() { BTreeMap::new() } else { of_node(api, node) };
    if !place.is_empty() {
        o.meta_mut().labels.get_or_insert_default().extend(place);
    }
    Ok(())
}

/// A binding hands its labels on to the pod that it binds.
fn alter(api: &ApiServer, asked: &mut Ask<'_>, _: &mut Caller<'_>) -> Result<(), Status> {
    if asked.part != Subresource::Binding || asked.body["target"]["kind"] != "Node" {
        return Ok(());
    }
    for (key, value) in of_node(api, asked.body["target"]["name"].as_str().unwrap_or("")) {
        asked.body["metadata"]["labels"][key] = value.into();
    }
    Ok(())
}
