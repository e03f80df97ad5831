//! RuntimeClass: a pod may name only a class that exists, and gets the overhead and the scheduling of its class.
//! Real Kubernetes: plugin/pkg/admission/runtimeclass.

use super::Plugin;
use crate::api::kinds::{Pod, RuntimeClass};
use crate::api::object::Key;
use crate::api::{Object, Status};
use crate::apiserver::{ApiServer, Caller};

pub const PLUGIN: Plugin = Plugin { mutate, validate, ..Plugin::new("RuntimeClass") };

/// The class that a pod names.
fn class<'a>(api: &'a ApiServer, o: &Object) -> Result<Option<&'a RuntimeClass>, Status> {
    let named = o.get::<Pod>().and_then(|p| p.spec.as_ref()?.runtime_class_name.as_deref());
    let Some(named) = named else { return Ok(None) };
    let found = api.store().get(&Key::of::<RuntimeClass>("", named)).and_then(|o| o.get::<RuntimeClass>());
    let why = || Status::forbidden(o.kind(), o.name(), &format!("pod rejected: RuntimeClass {named:?} not found"));
    found.map(Some).ok_or_else(why)
}

fn mutate(api: &ApiServer, o: &mut Object, old: Option<&Object>, _: &mut Caller<'_>) -> Result<(), Status> {
    if old.is_some() || o.get::<Pod>().is_none() {
        return Ok(());
    }
    let Some(class) = class(api, o)?.cloned() else { return Ok(()) };
    let refuse = |o: &Object, why: String| Err(Status::forbidden(o.kind(), o.name(), &why));
    if let Some(overhead) = class.overhead.and_then(|o| o.pod_fixed) {
        let own = o.get::<Pod>().and_then(|p| p.spec.as_ref()?.overhead.clone());
        if own.as_ref().is_some_and(|own| *own != overhead) {
            let why = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead".to_string();
            return refuse(o, why);
        }
        if let Some(spec) = o.get_mut::<Pod>().and_then(|p| p.spec.as_mut()) {
            spec.overhead = Some(overhead);
        }
    }
    let Some(scheduling) = class.scheduling else { return Ok(()) };
    let own = o.get::<Pod>().and_then(|p| p.spec.as_ref()?.node_selector.clone()).unwrap_or_default();
    let mut selector = own.clone();
    for (k, v) in scheduling.node_selector.into_iter().flatten() {
        if own.get(&k).is_some_and(|mine| *mine != v) {
            let why = format!(
                "conflict: runtimeClass.scheduling.nodeSelector[{k}] = {v}; pod.spec.nodeSelector[{k}] = {}",
                own[&k]
            );
            return refuse(o, why);
        }
        selector.insert(k, v);
    }
    if let Some(spec) = o.get_mut::<Pod>().and_then(|p| p.spec.as_mut()) {
        spec.node_selector = (!selector.is_empty()).then_some(selector);
        for toleration in scheduling.tolerations.into_iter().flatten() {
            let all = spec.tolerations.get_or_insert_default();
            if !all.contains(&toleration) {
                all.push(toleration);
            }
        }
    }
    Ok(())
}

fn validate(api: &mut ApiServer, o: &Object, old: Option<&Object>, _: &mut Caller<'_>) -> Result<(), Status> {
    let Some(pod) = o.get::<Pod>().filter(|_| old.is_none()) else { return Ok(()) };
    let overhead = pod.spec.as_ref().and_then(|s| s.overhead.as_ref()).is_some_and(|o| !o.is_empty());
    let expected = class(api, o)?.is_some_and(|c| c.overhead.is_some());
    match overhead && !expected {
        true => {
            let why = "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead";
            Err(Status::forbidden(o.kind(), o.name(), why))
        }
        false => Ok(()),
    }
}
