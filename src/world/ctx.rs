//! The only way out of a step.

use std::marker::PhantomData;
use std::sync::Arc;

use serde_json::Value;

use super::decision::ProcessDecision;
use super::{ActorId, Due, Event, Goal, Tag, World};
use smallvec::smallvec;

use crate::api::kind::Subresource;
use crate::api::kinds;
use crate::api::object::{Key, Resource};
use crate::api::ops::Figures;
use crate::api::pki::Authority;
use crate::api::request::{Method, Request, Response};
use crate::api::{Duration, KindRef, Object, Op, OpId, RecordId, Status, Time, User};
use crate::apiserver::caller::{Chance, below, new_uid};
use crate::apiserver::delete::{DeleteOptions, Deleted};
use crate::apiserver::tokens::{legacy, volume};
use crate::apiserver::{ApiServer, Caller};
use crate::ledger::{Causes, Decision, Trigger, What};
use crate::store::Scope;

/// A component's hands during one step. The step's record is written only if the step does something.
pub struct Ctx<'a> {
    world: &'a mut World,
    actor: ActorId,
    incarnation: u32,
    trigger: Trigger,
    causes: Causes,
    record: Option<RecordId>,
}

impl<'a> Ctx<'a> {
    pub(super) fn new(
        world: &'a mut World,
        actor: ActorId,
        incarnation: u32,
        trigger: Trigger,
        causes: Causes,
    ) -> Ctx<'a> {
        Ctx { world, actor, incarnation, trigger, causes, record: None }
    }

    pub fn now(&self) -> Time {
        self.world.now
    }

    /// The cluster's certificate authority, as its files have it.
    ///
    /// # Errors
    /// There is none.
    pub fn authority(&self) -> Result<&Authority, String> {
        self.world.api.authority()
    }

    /// What the token of a pod says, for its volume. `None`: there is no such account.
    pub fn token_claims(&self, pod: &kinds::Pod, audience: &str, seconds: i64) -> Option<Arc<str>> {
        volume::claims(&self.world.api, pod, audience, seconds, self.world.now).map(Arc::from)
    }

    /// A token of an account that is to lie in a Secret.
    pub fn legacy_token(&self, account: &kinds::ServiceAccount, secret: &str) -> Option<String> {
        legacy::token(self.world.api.seed, account, secret)
    }

    pub fn chance(&mut self) -> &mut Chance {
        &mut self.world.slots[self.actor.0].chance
    }

    pub fn new_uid(&mut self) -> String {
        new_uid(self.chance())
    }

    /// The causes of this step; what a component puts by to be done later keeps them.
    pub fn causes(&self) -> Causes {
        match self.record {
            Some(id) => smallvec![id],
            None => self.causes.clone(),
        }
    }

    /// This step now works on something that was put by earlier: its causes count, not the timer's.
    pub fn because(&mut self, key: &Key, causes: Causes) {
        if self.record.is_none() && !causes.is_empty() {
            self.causes = causes;
            self.trigger = Trigger::Work(key.clone());
        }
    }

    /// The record of this step.
    pub fn record(&mut self) -> RecordId {
        if let Some(id) = self.record {
            return id;
        }
        let name = self.world.slots[self.actor.0].name;
        let id = self.world.ledger.add(self.world.now, name, What::Step(self.trigger.clone()), self.causes.clone());
        self.record = Some(id);
        id
    }

    /// Explains what is done here. The only teaching call.
    pub fn decide(&mut self, decision: impl Decision + 'static) {
        let cause = self.record();
        let name = self.world.slots[self.actor.0].name;
        self.world.ledger.add(self.world.now, name, What::Decision(Arc::new(decision)), smallvec![cause]);
    }

    /// A timer that the cluster waits for.
    pub fn after(&mut self, delay: Duration, tag: Tag) {
        self.timer(delay, Event::Timer(tag), false);
    }

    /// A timer of a back-off, a resync or the like: the cluster counts as settled without it.
    pub fn quietly_after(&mut self, delay: Duration, tag: Tag) {
        self.timer(delay, Event::Timer(tag), true);
    }

    /// A timer that repeats as long as the component lives. Its cause is the component's start.
    pub fn every(&mut self, delay: Duration, tag: Tag) {
        let causes = smallvec![self.world.slots[self.actor.0].started_by];
        let to = Goal::Component { actor: self.actor, incarnation: self.incarnation, event: Event::Timer(tag) };
        self.world.agenda.push(self.world.now + delay, Due { to, causes }, true);
    }

    /// Wakes the component's work queue.
    pub fn work_after(&mut self, delay: Duration, quiet: bool) {
        self.timer(delay, Event::Work, quiet);
    }

    fn timer(&mut self, delay: Duration, event: Event, quiet: bool) {
        let causes = self.causes();
        let to = Goal::Component { actor: self.actor, incarnation: self.incarnation, event };
        self.world.agenda.push(self.world.now + delay, Due { to, causes }, quiet);
    }

    /// Starts an operation; [`Event::Done`] tells how it ended.
    pub fn start(&mut self, op: Op) -> OpId {
        let cause = self.record();
        let name = self.world.slots[self.actor.0].name;
        let call = op.name();
        let next = OpId(self.world.next_op);
        let id = self.world.ledger.add(self.world.now, name, What::Op { id: next, call }, smallvec![cause]);
        self.world.submit(op, Some((self.actor, self.incarnation)), id)
    }

    /// A number from 0 to `n` − 1, by chance.
    pub fn any_below(&mut self, n: usize) -> usize {
        usize::try_from(below(self.chance(), u64::try_from(n).unwrap_or(u64::MAX))).unwrap_or(0)
    }

    /// Typed access to the API.
    pub fn api<T: Resource>(&mut self) -> Api<'_, 'a, T> {
        Api { ctx: self, user: None, version: None, kind: PhantomData }
    }

    /// The same as another user: a kubelet speaks for its node.
    pub fn api_as<T: Resource>(&mut self, user: Arc<User>) -> Api<'_, 'a, T> {
        Api { ctx: self, user: Some(user), version: None, kind: PhantomData }
    }
}

/// Requests for one kind.
pub struct Api<'c, 'a, T> {
    ctx: &'c mut Ctx<'a>,
    user: Option<Arc<User>>,
    version: Option<KindRef>,
    kind: PhantomData<T>,
}

impl<T: Resource> Api<'_, '_, T> {
    fn call<R>(&mut self, f: impl FnOnce(&mut ApiServer, &mut Caller<'_>) -> Result<R, Status>) -> Result<R, Status> {
        let version = self.version;
        self.ctx.call(self.user.as_deref(), |api, who| {
            who.version = version;
            f(api, who)
        })
    }

    /// The same in another version of the kind: it tells who owns which fields by the names that they have there.
    pub fn speaking(mut self, version: KindRef) -> Self {
        self.version = Some(version);
        self
    }

    /// Applies a configuration as `manager`, and takes over what others own of it. `change` is what it does to the object.
    pub fn apply(
        mut self,
        part: Option<Subresource>,
        config: Value,
        manager: &str,
        change: impl FnOnce(&mut T),
    ) -> Result<Arc<Object>, Status> {
        let word = |k: &str| config["metadata"][k].as_str().unwrap_or_default();
        let key = Key::of::<T>(word("namespace"), word("name"));
        self.call(|api, who| {
            who.manager = manager.into();
            api.apply_to(&key, part, config, change, who)
        })
    }

    pub fn create(mut self, object: T) -> Result<Arc<Object>, Status> {
        let ns = object.namespace().to_string();
        self.call(|api, who| api.create(Object::new(object), &ns, who))
    }

    /// Reads past the cache, from the API server itself.
    pub fn get(self, namespace: &str, name: &str) -> Result<Arc<Object>, Status> {
        self.ctx.world.read_through()?;
        self.cached(namespace, name)
    }

    /// Reads what the component watches, though it keeps no copy of its own here: the ConfigMaps and Secrets of a kubelet's pods.
    /// It is known even while the API server cannot be reached, as nothing changes then.
    pub fn cached(self, namespace: &str, name: &str) -> Result<Arc<Object>, Status> {
        self.ctx.world.api.get(&Key::of::<T>(namespace, name)).cloned()
    }

    pub fn update(mut self, object: T) -> Result<Arc<Object>, Status> {
        self.call(|api, who| api.update(Object::new(object), None, "update", who))
    }

    pub fn update_status(mut self, object: T) -> Result<Arc<Object>, Status> {
        self.call(|api, who| api.update(Object::new(object), Some(Subresource::Status), "update", who))
    }

    /// Replaces a namespace's finalizers.
    pub fn finalize(mut self, object: T) -> Result<Arc<Object>, Status> {
        self.call(|api, who| api.update(Object::new(object), Some(Subresource::Finalize), "update", who))
    }

    /// Changes the newest revision, whatever it is: what a patch does.
    pub fn patch(mut self, namespace: &str, name: &str, change: impl FnOnce(&mut T)) -> Result<Arc<Object>, Status> {
        self.ctx.reach(self.user.as_deref())?;
        let mut o = (*self.ctx.world.api.get(&Key::of::<T>(namespace, name))?).as_ref().clone();
        if let Some(t) = o.get_mut::<T>() {
            change(t);
        }
        self.call(|api, who| api.update(o, None, "patch", who))
    }

    /// Patches the status of the newest revision.
    pub fn patch_status(
        mut self,
        namespace: &str,
        name: &str,
        change: impl FnOnce(&mut T),
    ) -> Result<Arc<Object>, Status> {
        self.ctx.reach(self.user.as_deref())?;
        let mut o = (*self.ctx.world.api.get(&Key::of::<T>(namespace, name))?).as_ref().clone();
        if let Some(t) = o.get_mut::<T>() {
            change(t);
        }
        self.call(|api, who| api.update(o, Some(Subresource::Status), "patch", who))
    }

    pub fn delete(mut self, namespace: &str, name: &str, options: DeleteOptions) -> Result<Deleted, Status> {
        let key = Key::of::<T>(namespace, name);
        self.call(|api, who| api.delete(&key, &options, who))
    }

    pub fn bind(mut self, namespace: &str, pod: &str, node: &str) -> Result<Arc<Object>, Status> {
        self.call(|api, who| api.bind(namespace, pod, node, who))
    }
}

impl Ctx<'_> {
    /// Whether the API server can be reached by the component, or by whom it speaks for.
    fn reach(&self, user: Option<&User>) -> Result<(), Status> {
        user.map_or_else(|| self.world.reach(), |user| self.world.reach_as(user))
    }

    /// A request to the API server: by the component itself, or in somebody's name.
    fn call<R>(
        &mut self,
        user: Option<&User>,
        f: impl FnOnce(&mut ApiServer, &mut Caller<'_>) -> Result<R, Status>,
    ) -> Result<R, Status> {
        self.reach(user)?;
        self.world.commit(Some(self.actor.0))?;
        let cause = self.record();
        self.call_because(cause, user, f)
    }

    fn call_because<R>(
        &mut self,
        cause: RecordId,
        user: Option<&User>,
        f: impl FnOnce(&mut ApiServer, &mut Caller<'_>) -> Result<R, Status>,
    ) -> Result<R, Status> {
        let world = &mut *self.world;
        let slot = &mut world.slots[self.actor.0];
        let user = user.unwrap_or(&slot.user);
        let mut who =
            Caller::new(user, slot.name, world.now, cause, &mut world.ledger, &mut slot.chance).with_agent(slot.agent);
        f(&mut world.api, &mut who)
    }

    /// Deletes an object of any kind: what the garbage collector and the namespace controller do.
    pub fn delete_any(&mut self, key: &Key, options: &DeleteOptions) -> Result<Deleted, Status> {
        self.call(None, |api, who| api.delete(key, options, who))
    }

    /// Changes the metadata of an object of any kind.
    pub fn patch_meta(
        &mut self,
        key: &Key,
        change: impl FnOnce(&mut k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta),
    ) -> Result<Arc<Object>, Status> {
        self.call(None, |api, who| {
            let mut o = (**api.get(key)?).clone();
            change(o.meta_mut());
            api.update(o, None, "patch", who)
        })
    }

    /// A request as any client makes it. Who only looks leaves no record of it.
    pub fn request(&mut self, request: &Request) -> Response {
        self.world.reach()?;
        self.world.measure(&request.path);
        if request.method != Method::Get {
            return self.call(None, |api, who| api.handle(request, who));
        }
        let cause = self.causes().first().copied().unwrap_or_default();
        self.call_because(cause, None, |api, who| api.handle(request, who))
    }

    /// Every version that is served of the kind that a group calls so.
    pub fn kinds_called(&self, group: &str, name: &str) -> Vec<KindRef> {
        self.world.api.kinds().filter(|k| k.group() == group && k.name() == name).collect()
    }

    /// Lists the objects of a kind in a namespace past the caches.
    ///
    /// # Errors
    /// The API server does not answer.
    pub fn list_any(&self, kind: KindRef, namespace: &str) -> Result<Vec<Arc<Object>>, Status> {
        self.world.read_through()?;
        Ok(self.world.api.store().list(&Scope { kind, namespace: Some(namespace.into()) }).cloned().collect())
    }

    /// Every object of a custom kind, in all namespaces.
    ///
    /// # Errors
    /// The API server does not answer.
    pub fn list_all_of(&self, group: &str, plural: &str) -> Result<Vec<Arc<Object>>, Status> {
        self.world.read_through()?;
        let api = &self.world.api;
        let kind = api.custom_kinds().find(|k| k.group() == group && k.plural() == plural);
        Ok(kind.into_iter().flat_map(|k| api.store().list(&Scope::all(k)).cloned().collect::<Vec<_>>()).collect())
    }

    /// Every kind under which objects are stored.
    pub fn stored_kinds(&self) -> Vec<KindRef> {
        self.world.api.stored_kinds().collect()
    }

    /// The kind that an owner reference means.
    pub fn kind_named(&self, api_version: &str, kind: &str) -> Option<KindRef> {
        self.world.api.kind_named(api_version, kind).map(KindRef::stored)
    }

    /// Reads any object past the caches.
    ///
    /// # Errors
    /// The API server does not answer.
    pub fn get_any(&self, key: &Key) -> Result<Option<Arc<Object>>, Status> {
        self.world.read_through()?;
        Ok(self.world.api.get(key).ok().cloned())
    }

    /// What the containers of all nodes use, as their runtimes tell it.
    pub fn stats(&self) -> Figures {
        self.world.answerer.stats(self.world.now)
    }

    /// An image that lies on a node, as its runtime says: its size, and as whom it runs.
    pub fn image(&self, node: &str, full: &str) -> Option<(u64, u32)> {
        self.world.answerer.image(node, full, self.world.now)
    }

    /// Whether the API server answers.
    pub fn answers(&self, user: &User) -> bool {
        self.world.reach_as(user).is_ok()
    }

    /// Whether something can be removed at this moment.
    pub fn can_remove(&self, user: &User) -> bool {
        self.answers(user) && self.world.read_through().is_ok()
    }

    /// Writes an Event, or keeps it to be tried again if the API server does not answer. `false`: it is lost.
    pub fn write_event(&mut self, event: kinds::Event, user: Option<Arc<User>>) -> bool {
        let who = (self.actor.0, user.as_ref().map(|u| Arc::from(u.name.as_str())));
        if self.reach(user.as_deref()).is_err() || self.world.has_unsent(&who) {
            let cause = self.record();
            self.world.send_later(who, event, user, cause);
            return true;
        }
        let ns = event.metadata.namespace.clone().unwrap_or_default();
        self.call(user.as_deref(), |api, who| api.create(Object::new(event), &ns, who)).is_ok()
    }

    /// A program of the control plane runs, as its container does.
    pub fn program_began(&mut self, program: &'static str) {
        let cause = self.record();
        self.world.process_began(program, cause);
    }

    /// A program of the control plane has ended with its container; if nobody has `seen` it, nobody starts it again.
    pub fn program_ended(&mut self, program: &'static str, seen: bool) {
        let cause = self.record();
        self.world.process_ended(program, cause);
        if !seen {
            self.world.tell_of(program, ProcessDecision::Unseen, cause);
        }
    }

    /// What a program of the control plane says when it is asked for its health: whether it is well, and what is wrong.
    pub fn health_of(&self, program: &str) -> (bool, String) {
        self.world.health_of(program)
    }

    /// The containers of a pod end with an error.
    pub fn crash(&mut self, pod: &Key) {
        let cause = self.record();
        self.world.crash(pod, cause);
    }

    /// The component's program has its lease: the others of it begin.
    pub fn lead(&mut self, after: Duration) {
        let cause = self.record();
        let program = self.world.slots[self.actor.0].agent;
        self.world.lead(program, cause, after);
    }

    /// The component's program ends with an error.
    pub fn exit(&mut self) {
        let cause = self.record();
        let program = self.world.slots[self.actor.0].agent;
        self.world.process_exits(program, cause);
    }
}
