//! DefaultTolerationSeconds: a pod stays five minutes on a node that is gone, unless it says otherwise.
//! Real Kubernetes: plugin/pkg/admission/defaulttolerationseconds.

use k8s_openapi::api::core::v1::Toleration;

use super::Plugin;
use crate::api::kinds::Pod;
use crate::api::{Object, Status};

pub const PLUGIN: Plugin = Plugin { mutate: |_, o, _, _| add(o), ..Plugin::new("DefaultTolerationSeconds") };

const KEYS: [&str; 2] = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];
const SECONDS: i64 = 300;

fn add(o: &mut Object) -> Result<(), Status> {
    if o.get::<Pod>().is_none() {
        return Ok(());
    }
    let Some(spec) = o.get_mut::<Pod>().and_then(|p| p.spec.as_mut()) else { return Ok(()) };
    for key in KEYS {
        let covered = spec.tolerations.iter().flatten().any(|t| {
            let key_fits = t.key.as_deref().is_none_or(|k| k.is_empty() || k == key);
            let effect_fits = t.effect.as_deref().is_none_or(|e| e.is_empty() || e == "NoExecute");
            key_fits && effect_fits
        });
        if !covered {
            spec.tolerations.get_or_insert_default().push(Toleration {
                key: Some(key.into()),
                operator: Some("Exists".into()),
                effect: Some("NoExecute".into()),
                toleration_seconds: Some(SECONDS),
                ..Toleration::default()
            });
        }
    }
    Ok(())
}
