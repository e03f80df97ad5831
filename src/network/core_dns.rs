//! What CoreDNS knows: it watches Services, EndpointSlices and Namespaces, and its servers answer from what they hold. When it cannot
//! hear of changes, it goes on to answer as before.
//! Real Kubernetes: coredns plugin/kubernetes/controller.go.

use std::sync::Arc;

use super::services::record;
use super::watching::{self, Known};
use crate::api::kinds::Namespace;
use crate::api::network::{Names, NetworkCall};
use crate::api::object::{Key, Resource};
use crate::api::{Duration, Op, User};
use crate::store::{Change, ChangeKind, Scope};
use crate::world::{Component, Ctx, Event, Tag};

/// Changes that come together are taken in together.
const SOON: Duration = Duration::from_millis(5);

#[derive(Clone, Default)]
pub struct CoreDns {
    known: Known,
    names: Names,
    changed: bool,
    waiting: bool,
}

impl Component for CoreDns {
    fn name(&self) -> &'static str {
        "coredns"
    }

    fn agent(&self) -> &'static str {
        "coredns"
    }

    fn user(&self) -> User {
        User::of(
            "system:serviceaccount:kube-system:coredns",
            &["system:serviceaccounts", "system:serviceaccounts:kube-system"],
        )
    }

    fn watches(&self) -> Vec<Scope> {
        let mut all = watching::scopes();
        all.push(Scope::all(Namespace::kind_ref()));
        all
    }

    fn step(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        match event {
            Event::Started(all) => {
                all.iter().for_each(|c| self.hear(c));
                self.tell(ctx);
            }
            Event::Watch(c) => {
                self.hear(&c);
                if self.changed && !std::mem::replace(&mut self.waiting, true) {
                    ctx.quietly_after(SOON, Tag::new("names"));
                }
            }
            Event::Timer(_) => {
                self.waiting = false;
                self.tell(ctx);
            }
            _ => {}
        }
    }

    fn clone_box(&self) -> Box<dyn Component> {
        Box::new(self.clone())
    }
}

impl CoreDns {
    fn hear(&mut self, c: &Change) {
        if c.key.kind == Namespace::kind_ref() {
            let name: Arc<str> = (&*c.key.name).into();
            let changed = match c.kind {
                ChangeKind::Deleted => self.names.namespaces.remove(&name).is_some(),
                _ => self.names.namespaces.insert(name).is_none(),
            };
            self.changed |= changed;
            return;
        }
        if let Some(service) = self.known.apply(c) {
            self.update(&service);
        }
    }

    fn update(&mut self, service: &Key) {
        let now = self.known.services.by_key(service).and_then(|s| record(s, &self.known.slices_of(service)));
        let key = ((&*service.namespace).into(), (&*service.name).into());
        match now {
            Some(r) if self.names.services.get(&key).is_none_or(|old| **old != r) => {
                self.names.services.insert(key, Arc::new(r));
                self.changed = true;
            }
            Some(_) => {}
            None => self.changed |= self.names.services.remove(&key).is_some(),
        }
    }

    fn tell(&mut self, ctx: &mut Ctx<'_>) {
        if std::mem::take(&mut self.changed) {
            ctx.start(Op::Network(NetworkCall::ProgramNames(self.names.clone())));
        }
    }
}
