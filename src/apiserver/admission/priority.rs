//! Priority: turns a priority class into a number. Without classes every pod has priority 0.
//! Real Kubernetes: plugin/pkg/admission/priority.

use super::Plugin;
use crate::api::kinds::Pod;
use crate::api::{Object, Status};
use crate::apiserver::{ApiServer, Caller};

pub const PLUGIN: Plugin = Plugin { name: "Priority", create, update };

const SYSTEM: [(&str, i32); 2] = [("system-cluster-critical", 2_000_000_000), ("system-node-critical", 2_000_001_000)];

fn create(_: &ApiServer, o: &mut Object, _: &mut Caller<'_>) -> Result<(), Status> {
    let kind = o.kind();
    let Some(pod) = o.get_mut::<Pod>() else { return Ok(()) };
    let name = pod.metadata.name.as_deref().unwrap_or("");
    let Some(spec) = &mut pod.spec else { return Ok(()) };
    let class = spec.priority_class_name.clone().unwrap_or_default();
    let number = match SYSTEM.iter().find(|(n, _)| *n == class) {
        Some((_, n)) => *n,
        None if class.is_empty() => 0,
        None => return Err(Status::forbidden(kind, name, &format!("no PriorityClass with name {class} was found"))),
    };
    const POLICY: &str = "PreemptLowerPriority";
    let must_not = |what: &str, given: &str, computed: &str| {
        let why = format!(
            "the {what} ({given}) must not be provided in pod spec; priority admission controller computed {computed} from the given PriorityClass name"
        );
        Err(Status::forbidden(kind, name, &why))
    };
    if let Some(p) = spec.priority.filter(|p| *p != number) {
        return must_not("integer value of priority", &p.to_string(), &number.to_string());
    }
    if let Some(p) = spec.preemption_policy.as_deref().filter(|p| *p != POLICY) {
        return must_not("string value of PreemptionPolicy", p, POLICY);
    }
    spec.priority = Some(number);
    spec.preemption_policy.get_or_insert_with(|| POLICY.into());
    Ok(())
}

/// What was computed when the pod was created stays, also where an update does not say it.
fn update(_: &ApiServer, new: &mut Object, old: &Object, _: &mut Caller<'_>) -> Result<(), Status> {
    let Some(was) = old.get::<Pod>().and_then(|p| p.spec.as_ref()) else { return Ok(()) };
    let forgets = |p: &Pod| p.spec.as_ref().is_some_and(|s| s.priority.is_none() || s.preemption_policy.is_none());
    if !new.get::<Pod>().is_some_and(forgets) {
        return Ok(());
    }
    if let Some(spec) = new.get_mut::<Pod>().and_then(|p| p.spec.as_mut()) {
        spec.priority = spec.priority.or(was.priority);
        spec.preemption_policy = spec.preemption_policy.take().or_else(|| was.preemption_policy.clone());
    }
    Ok(())
}
