//! What pods and pod templates share: a pod's spec, its containers and volumes. [`defaults`] fills it in, [`validation`]
//! says what is wrong with it,
//! with [`handlers`] for probes and hooks, [`placement`] for where it runs and [`volumes`].

pub mod defaults;
pub mod handlers;
pub mod placement;
pub mod references;
pub mod validation;
pub mod volumes;

pub use defaults::{default_requests, default_spec, default_template};
pub use validation::{validate_images, validate_spec};

use k8s_openapi::api::core::v1::{PodSpec, Volume};

pub fn container_names(spec: Option<&PodSpec>) -> String {
    spec.map(|s| s.containers.iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(",")).unwrap_or_default()
}

pub fn images(spec: Option<&PodSpec>) -> String {
    spec.map(|s| s.containers.iter().map(|c| c.image.as_deref().unwrap_or("")).collect::<Vec<_>>().join(","))
        .unwrap_or_default()
}

/// How many sources a volume names; one is right.
fn volume_sources(v: &Volume) -> usize {
    macro_rules! count {
        ($($source:ident)*) => {{
            // Complete by construction: a source that is not counted here does not compile.
            let Volume { name: _, $($source),* } = v;
            [$($source.is_some()),*].into_iter().filter(|named| *named).count()
        }};
    }
    count!(
        aws_elastic_block_store azure_disk azure_file cephfs cinder config_map csi downward_api empty_dir ephemeral fc
        flex_volume flocker gce_persistent_disk git_repo glusterfs host_path image iscsi nfs persistent_volume_claim
        photon_persistent_disk portworx_volume projected quobyte rbd scale_io secret storageos vsphere_volume
    )
}
