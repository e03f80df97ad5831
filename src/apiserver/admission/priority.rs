//! Priority: turns a priority class into a number, and keeps the default class unique.
//! Real Kubernetes: plugin/pkg/admission/priority.

use super::Plugin;
use crate::api::kinds::{Pod, PriorityClass};
use crate::api::object::{Key, Resource};
use crate::api::{Object, Status};
use crate::apiserver::{ApiServer, Caller};

pub const PLUGIN: Plugin = Plugin { mutate, validate, ..Plugin::new("Priority") };

const POLICY: &str = "PreemptLowerPriority";

fn mutate(api: &ApiServer, o: &mut Object, old: Option<&Object>, _: &mut Caller<'_>) -> Result<(), Status> {
    let kind = o.kind();
    if o.get::<Pod>().is_none() {
        return Ok(());
    }
    if let Some(old) = old.and_then(|o| o.get::<Pod>()).and_then(|p| p.spec.as_ref()) {
        // Once given, a priority stays.
        let (priority, policy) = (old.priority, old.preemption_policy.clone());
        let lost = o.get::<Pod>().and_then(|p| p.spec.as_ref()).is_some_and(|s| s.priority.is_none());
        if lost && let Some(spec) = o.get_mut::<Pod>().and_then(|p| p.spec.as_mut()) {
            spec.priority = priority;
            spec.preemption_policy = spec.preemption_policy.take().or(policy);
        }
        return Ok(());
    }
    let Some(pod) = o.get_mut::<Pod>() else { return Ok(()) };
    let name = pod.metadata.name.as_deref().unwrap_or("");
    let Some(spec) = &mut pod.spec else { return Ok(()) };
    let class = spec.priority_class_name.clone().unwrap_or_default();
    let found = match class.as_str() {
        "" => default_class(api),
        class => {
            let found = api.store().get(&Key::of::<PriorityClass>("", class)).and_then(|o| o.get::<PriorityClass>());
            let why = || Status::forbidden(kind, name, &format!("no PriorityClass with name {class} was found"));
            Some(found.ok_or_else(why)?)
        }
    };
    let number = found.and_then(|c| c.value).unwrap_or(0);
    let policy = found.and_then(|c| c.preemption_policy.clone()).unwrap_or_else(|| POLICY.into());
    let must_not = |what: &str, given: &str, computed: &str| {
        let why = format!(
            "the {what} ({given}) must not be provided in pod spec; priority admission controller computed {computed} from the given PriorityClass name"
        );
        Err(Status::forbidden(kind, name, &why))
    };
    if let Some(p) = spec.priority.filter(|p| *p != number) {
        return must_not("integer value of priority", &p.to_string(), &number.to_string());
    }
    if let Some(p) = spec.preemption_policy.as_deref().filter(|p| *p != policy) {
        return must_not("string value of PreemptionPolicy", p, &policy);
    }
    if let Some(class) = found {
        spec.priority_class_name = Some(class.name().into());
    }
    spec.priority = Some(number);
    spec.preemption_policy = Some(policy);
    Ok(())
}

/// The class of pods that name none. If several claim to be it, the least of them is.
fn default_class(api: &ApiServer) -> Option<&PriorityClass> {
    let all = api.store().all::<PriorityClass>();
    all.filter(|c| c.global_default == Some(true)).min_by_key(|c| c.value)
}

fn validate(api: &mut ApiServer, o: &Object, _: Option<&Object>, _: &mut Caller<'_>) -> Result<(), Status> {
    let Some(class) = o.get::<PriorityClass>().filter(|c| c.global_default == Some(true)) else { return Ok(()) };
    match default_class(api) {
        Some(other) if other.name() != class.name() => {
            let why =
                format!("PriorityClass {} is already marked as default. Only one default can exist", other.name());
            Err(Status::forbidden(o.kind(), o.name(), &why))
        }
        _ => Ok(()),
    }
}
