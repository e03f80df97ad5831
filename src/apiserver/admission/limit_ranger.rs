//! LimitRanger: containers that say nothing get the namespace's defaults, and none may leave its bounds.
//! Real Kubernetes: plugin/pkg/admission/limitranger.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, LimitRangeItem};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Published;

use super::Plugin;
use crate::api::kind::Subresource;
use crate::api::kinds::{LimitRange, PersistentVolumeClaim, Pod};
use crate::api::object::Resource;
use crate::api::quantity::Quantity;
use crate::api::resource_list::{self, ResourceList};
use crate::api::{Object, Status};
use crate::apiserver::{ApiServer, Caller};
use crate::store::Scope;

pub const PLUGIN: Plugin = Plugin { mutate, validate, ..Plugin::new("LimitRanger") };

const ANNOTATION: &str = "kubernetes.io/limit-ranger";

fn ranges_of(o: &Object) -> Scope {
    Scope { kind: LimitRange::kind_ref(), namespace: Some(o.namespace().into()) }
}

/// Containers come with a pod, and ask for something else only through the part that is made for it. What is going may stay as it is.
fn concerns_pod(o: &Object, old: Option<&Object>, who: &Caller<'_>) -> bool {
    let asks = old.is_none() || who.subresource == Some(Subresource::Resize);
    asks && o.get::<Pod>().is_some() && !old.is_some_and(Object::is_deleting)
}

fn mutate(api: &ApiServer, o: &mut Object, old: Option<&Object>, who: &mut Caller<'_>) -> Result<(), Status> {
    if !concerns_pod(o, old, who) {
        return Ok(());
    }
    let scope = ranges_of(o);
    let mut filled = vec![];
    for range in api.store().list(&scope).filter_map(|o| o.get::<LimitRange>()) {
        let of_containers = range.spec.iter().flat_map(|s| &s.limits).filter(|l| l.type_ == "Container");
        let (mut requests, mut limits) = (BTreeMap::new(), BTreeMap::new());
        for l in of_containers {
            requests.extend(l.default_request.clone().unwrap_or_default());
            limits.extend(l.default.clone().unwrap_or_default());
        }
        if requests.is_empty() && limits.is_empty() {
            continue;
        }
        let Some(spec) = o.get_mut::<Pod>().and_then(|p| p.spec.as_mut()) else { return Ok(()) };
        for c in &mut spec.containers {
            filled.extend(fill(c, "container", &requests, &limits));
        }
        for c in spec.init_containers.iter_mut().flatten() {
            filled.extend(fill(c, "init container", &requests, &limits));
        }
    }
    if !filled.is_empty() {
        let text = format!("LimitRanger plugin set: {}", filled.join("; "));
        o.meta_mut().annotations.get_or_insert_default().insert(ANNOTATION.into(), text);
    }
    Ok(())
}

type Amounts = BTreeMap<String, Published>;

/// Gives a container what it does not ask for itself; says what that was.
fn fill(c: &mut Container, what: &str, requests: &Amounts, limits: &Amounts) -> Vec<String> {
    let name = c.name.clone();
    let r = c.resources.get_or_insert_default();
    let mut said = vec![];
    for (side, word, defaults) in [(&mut r.requests, "request", requests), (&mut r.limits, "limit", limits)] {
        let own = side.get_or_insert_default();
        let missing: Vec<&String> = defaults.keys().filter(|k| !own.contains_key(*k)).collect();
        if !missing.is_empty() {
            let list = missing.iter().map(|k| k.as_str()).collect::<Vec<_>>().join(", ");
            said.push(format!("{list} {word} for {what} {name}"));
        }
        for k in missing {
            own.insert(k.clone(), defaults[k].clone());
        }
        if own.is_empty() {
            *side = None;
        }
    }
    said
}

fn validate(api: &mut ApiServer, o: &Object, old: Option<&Object>, who: &mut Caller<'_>) -> Result<(), Status> {
    let pod = o.get::<Pod>().filter(|_| concerns_pod(o, old, who));
    let claim = o.get::<PersistentVolumeClaim>();
    if pod.is_none() && claim.is_none() || old.is_some_and(Object::is_deleting) {
        return Ok(());
    }
    let scope = ranges_of(o);
    for range in api.store().list(&scope).filter_map(|o| o.get::<LimitRange>()) {
        let mut faults = vec![];
        for item in range.spec.iter().flat_map(|s| &s.limits) {
            match (item.type_.as_str(), pod.and_then(|p| p.spec.as_deref()), claim) {
                ("Container", Some(spec), _) => {
                    for c in spec.containers.iter().chain(spec.init_containers.iter().flatten()) {
                        Bounds { item, requests: &resource_list::requests(c), limits: &resource_list::limits(c) }
                            .check(&mut faults);
                    }
                }
                ("Pod", Some(spec), _) => {
                    let (requests, limits) = (resource_list::pod_requests(spec), resource_list::pod_limits(spec));
                    Bounds { item, requests: &requests, limits: &limits }.check(&mut faults);
                }
                ("PersistentVolumeClaim", _, Some(claim)) => {
                    let resources = claim.spec.as_ref().and_then(|s| s.resources.as_ref());
                    let requests = resource_list::read(resources.and_then(|r| r.requests.as_ref()));
                    Bounds { item, requests: &requests, limits: &ResourceList::new() }.check_claim(&mut faults);
                }
                _ => {}
            }
        }
        if !faults.is_empty() {
            let why = if faults.len() == 1 { faults.concat() } else { format!("[{}]", faults.join(", ")) };
            return Err(Status::forbidden(o.kind(), o.name(), &why));
        }
    }
    Ok(())
}

/// The most units that 64 bits hold thousandths of.
const MAX_MILLI: i64 = i64::MAX / 1000;

/// One item of a range, and what somebody asks for.
struct Bounds<'a> {
    item: &'a LimitRangeItem,
    requests: &'a ResourceList,
    limits: &'a ResourceList,
}

impl Bounds<'_> {
    fn check(&self, faults: &mut Vec<String>) {
        for (name, bound) in resource_list::read(self.item.min.as_ref()) {
            faults.extend(self.too_little(&name, bound));
        }
        for (name, bound) in resource_list::read(self.item.max.as_ref()) {
            faults.extend(self.too_much(&name, bound));
        }
        for (name, bound) in resource_list::read(self.item.max_limit_request_ratio.as_ref()) {
            faults.extend(self.too_far_apart(&name, bound));
        }
    }

    /// Claims have no limits.
    fn check_claim(&self, faults: &mut Vec<String>) {
        for (name, bound) in resource_list::read(self.item.min.as_ref()) {
            faults.extend(self.too_little(&name, bound));
        }
        for (name, bound) in resource_list::read(self.item.max.as_ref()) {
            let head = format!("maximum {name} usage per {} is {bound}", self.item.type_);
            let [asked, _, most] = self.counted(&name, bound);
            match self.requests.get(&name) {
                None => faults.push(format!("{head}.  No request is specified")),
                Some(r) if asked > most => faults.push(format!("{head}, but request is {r}")),
                Some(_) => {}
            }
        }
    }

    /// Request, limit and bound as numbers that can be compared: thousandths, where 64 bits hold them.
    /// Real Kubernetes: requestLimitEnforcedValues.
    fn counted(&self, name: &str, bound: Quantity) -> [i64; 3] {
        let given = |list: &ResourceList| list.get(name).copied().unwrap_or(Quantity::ZERO);
        let amounts = [given(self.requests), given(self.limits), bound];
        let precise = amounts.iter().all(|q| q.units() <= MAX_MILLI);
        amounts.map(if precise { Quantity::milli } else { Quantity::units })
    }

    fn too_little(&self, name: &str, bound: Quantity) -> Option<String> {
        let head = format!("minimum {name} usage per {} is {bound}", self.item.type_);
        let [asked, allowed, least] = self.counted(name, bound);
        match (self.requests.get(name), self.limits.get(name)) {
            (None, _) => Some(format!("{head}.  No request is specified")),
            (Some(r), _) if asked < least => Some(format!("{head}, but request is {r}")),
            (_, Some(l)) if allowed < least => Some(format!("{head}, but limit is {l}")),
            _ => None,
        }
    }

    fn too_much(&self, name: &str, bound: Quantity) -> Option<String> {
        let head = format!("maximum {name} usage per {} is {bound}", self.item.type_);
        let [asked, allowed, most] = self.counted(name, bound);
        match (self.requests.get(name), self.limits.get(name)) {
            (_, None) => Some(format!("{head}.  No limit is specified")),
            (_, Some(l)) if allowed > most => Some(format!("{head}, but limit is {l}")),
            (Some(r), _) if asked > most => Some(format!("{head}, but request is {r}")),
            _ => None,
        }
    }

    fn too_far_apart(&self, name: &str, bound: Quantity) -> Option<String> {
        let head = format!("{name} max limit to request ratio per {} is {bound}", self.item.type_);
        let [asked, allowed, _] = self.counted(name, bound);
        if asked == 0 {
            return Some(format!("{head}, but no request is specified or request is 0"));
        }
        if allowed == 0 {
            return Some(format!("{head}, but no limit is specified or limit is 0"));
        }
        let ratio = allowed as f64 / asked as f64;
        let precise = bound.units() <= MAX_MILLI;
        let too_far = if precise { ratio * 1000.0 > bound.milli() as f64 } else { ratio > bound.units() as f64 };
        too_far.then(|| format!("{head}, but provided ratio is {ratio:.6}"))
    }
}
