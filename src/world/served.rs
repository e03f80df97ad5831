//! What comes to the API server over the cluster's network, from programs in pods and from `kubectl proxy`.

use smallvec::smallvec;

use super::World;
use crate::api::request_path::PassedOnPath;
use crate::api::served::{Served, ServedCall};
use crate::api::user::{ANONYMOUS, UNAUTHENTICATED};
use crate::api::{Reason, RecordId, Status, User};
use crate::apiserver::caller::Caller;
use crate::apiserver::tokens::ISSUER;
use crate::apiserver::tokens::review::authenticate;
use crate::apiserver::{http, proxying};
use crate::ledger::{Root, What};

impl World {
    /// Answers all that was asked since somebody last looked.
    pub(super) fn serve_calls(&mut self) {
        for (id, call) in self.answerer.take_calls() {
            // Where no server runs nobody answers.
            let reply = self.reach().is_ok().then(|| self.serve(&call));
            let mut out = vec![];
            self.answerer.reply(id, reply.as_ref(), self.now, &mut out);
            self.complete(out);
        }
    }

    fn serve(&mut self, call: &ServedCall) -> Served {
        self.answer(call).unwrap_or_else(|refused| Served::Answered(http::write(call, &Err(refused))))
    }

    fn answer(&mut self, call: &ServedCall) -> Result<Served, Status> {
        let user = match &call.user {
            Some(user) => user.clone(),
            None => self.who_calls(call)?,
        };
        let actor = if call.user.is_some() { "kubectl" } else { "client" };
        if PassedOnPath::of(&call.target).is_some() {
            let cause = self.cause_of(call);
            let at = proxying::At { host: &self.server.host, address: &self.server.address };
            let mut who = Caller::new(&user, actor, self.now, cause, &mut self.ledger, &mut self.chance);
            let passed = self.api.pass_on(call, &at, &mut who);
            return passed.unwrap_or_else(|| Err(Status::no_such_resource()));
        }
        let request = http::read(call, &self.api)?;
        self.api.ailing(&request)?;
        if request.is_watch() {
            let why = "kubetutor: watches are not told over the simulated network: kubectl get --watch shows them";
            return Err(Status::new(Reason::NotAcceptable, why));
        }
        let cause = self.cause_of(call);
        self.measure(&request.path);
        let mut who = Caller::new(&user, actor, self.now, cause, &mut self.ledger, &mut self.chance);
        let answer = self.api.handle(&request, &mut who);
        self.carry();
        Ok(Served::Answered(http::write(call, &answer)))
    }

    /// Who shows no token is nobody in particular; a token must be good.
    fn who_calls(&self, call: &ServedCall) -> Result<User, Status> {
        let shown = call.header("authorization").unwrap_or_default();
        let Some(token) = shown.strip_prefix("Bearer ").map(str::trim).filter(|t| !t.is_empty()) else {
            return Ok(User { name: ANONYMOUS.into(), groups: vec![UNAUTHENTICATED.into()], ..User::default() });
        };
        let known = authenticate(&self.api, token, &[ISSUER], self.now).ok().flatten();
        known.map(|(user, _)| user).ok_or_else(|| Status::new(Reason::Unauthorized, "Unauthorized"))
    }

    /// A program has asked: because of what somebody runs at this time, as far as that can be said, or of its own accord.
    fn cause_of(&mut self, call: &ServedCall) -> RecordId {
        if let Some(newest) = self.ops.values().rev().find(|op| op.actor.is_none()) {
            return newest.cause;
        }
        let line = format!("{} {}", call.method, call.target);
        self.ledger.add(self.now, "client", What::Root(Root::Call(line)), smallvec![])
    }
}
