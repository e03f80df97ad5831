//! DefaultIngressClass: a new Ingress that names no class gets the default one.
//! Real Kubernetes: plugin/pkg/admission/network/defaultingressclass.

use super::{Plugin, youngest};
use crate::api::kinds::{Ingress, IngressClass, ingress, ingressclass};
use crate::api::object::Resource;
use crate::api::{Object, Status};
use crate::apiserver::{ApiServer, Caller};

pub const PLUGIN: Plugin = Plugin { mutate, ..Plugin::new("DefaultIngressClass") };

fn mutate(api: &ApiServer, o: &mut Object, old: Option<&Object>, _: &mut Caller<'_>) -> Result<(), Status> {
    let Some(i) = o.get::<Ingress>().filter(|_| old.is_none()) else { return Ok(()) };
    let named = i.spec.as_ref().is_some_and(|s| s.ingress_class_name.is_some());
    if named || i.annotation(ingress::CLASS_ANNOTATION).is_some() {
        return Ok(());
    }
    let defaults = api.store().all::<IngressClass>().filter(|c| ingressclass::is_default(c));
    let Some(class) = youngest(defaults).map(|c| c.name().to_string()) else { return Ok(()) };
    if let Some(i) = o.get_mut::<Ingress>() {
        i.spec.get_or_insert_default().ingress_class_name = Some(class);
    }
    Ok(())
}
