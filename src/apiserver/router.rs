//! From a request's path to an answer. In process a request is a function call; HTTPS will call the same function.
//! Real Kubernetes: apiserver/pkg/endpoints/installer.go and handlers.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Value, json};

use super::asked::Asked;
use super::authorization::{impersonation, reviews};
use super::binding::is_binding;
use super::caller::{Caller, Options as WriteOptions};
use super::decoding::{disowned, patch_decode_error, unreadable_as};
use super::delete::{DeleteOptions, Deleted, Propagation};
use super::forms::Form;
use super::list_options::{Asking, ListOptions};
use super::target::{Target, told_apart};
use super::write_options::{check_options, delete_options};
use super::{ApiServer, discovery, forms, health, openapi, tokens, warnings};
use crate::api::kind::Subresource;
use crate::api::managed::options;
use crate::api::object::Key;
use crate::api::patch::{self, PatchType};
use crate::api::request::{Accept, Answer, Impersonation, Method, Request, Response};
use crate::api::request_path::RequestPath;
use crate::api::{Status, User, json_patch};
use crate::store::{Ailment, WatchId};

impl ApiServer {
    /// Answers a request, whatever it asks; only watches go another way ([`ApiServer::open_watch`]).
    pub fn handle(&mut self, request: &Request, who: &mut Caller<'_>) -> Response {
        who.dry_run = match &request.body {
            // Whoever deletes with a body says all of it there.
            Some(body) if request.method == Method::Delete => {
                body["dryRun"].as_array().is_some_and(|d| d.iter().any(|d| d == "All"))
            }
            _ => request.param("dryRun") == Some("All"),
        };
        who.owners_at_once = true;
        who.options = WriteOptions::of(request);
        if let Some(manager) = request.param("fieldManager") {
            who.manager = options::manager_of(manager, "").into();
        }
        let answer = match &request.impersonate {
            None => self.handle_as(request, who),
            Some(wanted) => {
                let user = self.impersonated(request, wanted, who.user)?;
                self.handle_as(request, &mut who.acting_as(&user))
            }
        };
        warnings::as_sent(answer)
    }

    /// The user whom the caller may act as.
    pub(super) fn impersonated(&self, request: &Request, wanted: &Impersonation, by: &User) -> Result<User, Status> {
        let asked = Asked::of(request, false);
        impersonation::become_user(self, by, wanted, &asked.attributes())
    }

    fn handle_as(&mut self, request: &Request, who: &mut Caller<'_>) -> Response {
        told_apart(request)?;
        let asked = Asked::of(request, false);
        self.allow(&asked, who)?;
        // What names a resource asks for nothing of the server itself.
        if asked.path.is_some()
            && let Some(answer) = self.about_itself(request)
        {
            let health = health::check(&request.path, request).is_some();
            return if request.method == Method::Get || health {
                Ok(answer.into())
            } else {
                Err(Status::method_not_allowed())
            };
        }
        let target = self.target(&request.path)?;
        let sub = target.sub()?;
        check_options(request)?;
        forms::check(request)?;
        who.version = Some(target.kind);
        // What lives in a namespace is made in one.
        let homeless = target.kind.namespaced() && target.namespace.is_empty();
        // A custom kind that goes lists fewer verbs than it answers.
        let terminating = self.custom.is_terminating(target.kind);
        let verbs = sub.map_or(target.kind.verbs(), Subresource::verbs);
        // What is only ever posted has no paths for its objects, and what is in a namespace none without.
        let nowhere = homeless || sub.is_none() && verbs.iter().all(|v| *v == "create");
        if target.kind.custom().is_some() && homeless && (target.name.is_some() || request.method != Method::Get) {
            return Err(Status::no_such_path());
        }
        if target.name.is_some() && nowhere {
            return Err(Status::no_such_resource());
        }
        // The old way to ask for a watch knows nothing else.
        let misused = homeless && request.method != Method::Get || asked.verb == "watch";
        if misused || !(verbs.contains(&asked.verb) || terminating) {
            return Err(Status::method_not_allowed());
        }
        let answer = match &target.name {
            None => self.handle_collection(&target, request, who),
            Some(name) => self.handle_one(&target, name, sub, request, who),
        };
        let mut answer = warned(answer, target.kind.deprecated().map(Into::into).into_iter().collect());
        let said = match &mut answer {
            Ok(a) => &mut a.warnings,
            Err(status) => &mut status.warnings,
        };
        said.append(&mut who.warnings);
        answer
    }

    fn handle_collection(&mut self, t: &Target, request: &Request, who: &mut Caller<'_>) -> Response {
        match request.method {
            Method::Get => self.get_list(t, request, who),
            Method::Post if is_binding(t.kind) => {
                Ok(self.post_binding(&t.namespace, None, body_of(request), who)?.into())
            }
            Method::Post => self.post(t, request, who),
            Method::Delete => self.delete_collection(t, request, who),
            Method::Put | Method::Patch(_) => Err(Status::method_not_allowed()),
        }
    }

    fn handle_one(
        &mut self,
        t: &Target,
        name: &str,
        sub: Option<Subresource>,
        request: &Request,
        who: &mut Caller<'_>,
    ) -> Response {
        match (request.method, sub) {
            (Method::Get, Some(Subresource::Scale)) => self.get_scale(t, request, who),
            (Method::Put, Some(Subresource::Scale)) => self.put_scale(t, request, who, "update"),
            (Method::Patch(_), Some(Subresource::Scale)) => self.put_scale(t, request, who, "patch"),
            (Method::Post, Some(Subresource::Binding)) => {
                Ok(self.post_binding(&t.namespace, Some(name), body_of(request), who)?.into())
            }
            (Method::Post, Some(Subresource::Token)) => Ok(self.create_token(&t.key(), body_of(request), who)?.into()),
            (Method::Post, Some(Subresource::Eviction)) => Ok(self.evict(&t.key(), body_of(request), who)?.into()),
            (Method::Put, _) => self.put(t, sub, request, who),
            (Method::Delete, None) => self.delete_one(t, request, who),
            (_, Some(sub)) if !sub.shows_the_object() => Err(Status::method_not_allowed()),
            (Method::Get, _) => self.get_one(t, request, who),
            (Method::Patch(PatchType::Apply), _) => self.apply(t, sub, request, who),
            (Method::Patch(how), _) => self.patch(t, sub, how, request, who),
            (Method::Post | Method::Delete, _) => Err(Status::method_not_allowed()),
        }
    }

    /// Asks whether the caller may do this at all. What is refused is noted, like everything that was tried.
    pub(super) fn allow(&self, asked: &Asked<'_>, who: &mut Caller<'_>) -> Result<(), Status> {
        let wish = asked.attributes();
        let verdict = self.judge(who.user, &wish);
        if !verdict.allowed {
            let status = wish.forbidden(who.user, &verdict.reason);
            if let Some(kind) = self.kind_of(asked.group, asked.version, asked.resource) {
                let key = Key::new(kind.stored(), asked.namespace, &asked.name);
                self.refuse(who, asked.verb, &key, None, &status);
            }
            return Err(status);
        }
        who.authorized = true;
        who.granted = who.granted.take().or(Some(verdict.grant()));
        Ok(())
    }

    /// What a server tells of itself: its version, its health, what it serves.
    fn about_itself(&self, request: &Request) -> Option<Value> {
        match request.path.trim_matches('/') {
            "version" => Some(discovery::version()),
            "" => Some(json!({"paths": health::root_paths(&self.served())})),
            path => {
                let known = || tokens::discovery::answer(self, path);
                health::check(&request.path, request)
                    .or_else(known)
                    .or_else(|| openapi::answer(self, &request.path))
                    .or_else(|| self.served().answer(path, request.accept == Accept::Discovery))
            }
        }
    }

    /// Whether the server is well enough for a request for its health.
    ///
    /// # Errors
    /// What it says of itself while its store is gone.
    pub fn ailing(&self, request: &Request) -> Result<(), Status> {
        if self.store.ailment() != Some(Ailment::Gone) {
            return Ok(());
        }
        health::failing(&request.path, request).map_or(Ok(()), |text| Err(Status::plain_error(&text)))
    }

    fn served(&self) -> discovery::Served {
        discovery::Served(self.kinds().collect())
    }

    /// Opens a client's watch, whether the request says in its query that it is one ([`Request::is_watch`]) or is taken for one.
    pub fn open_watch(&mut self, request: &Request, who: &mut Caller<'_>) -> Result<WatchId, Status> {
        told_apart(request)?;
        let now = who.now;
        let asked = Asked::of(request, true);
        match &request.impersonate {
            None => self.allow(&asked, who)?,
            Some(wanted) => {
                let user = impersonation::become_user(self, who.user, wanted, &asked.attributes())?;
                self.allow(&asked, &mut who.acting_as(&user))?;
            }
        }
        let target = self.target(&request.path)?;
        if !target.kind.verbs().contains(&"watch") {
            let listed = target.kind.verbs().contains(&"list");
            let why = if listed { Status::not_watched(target.kind) } else { Status::method_not_allowed() };
            return Err(Status { warnings: target.kind.deprecated().map(Into::into).into_iter().collect(), ..why });
        }
        let old = RequestPath::parse(&request.path).is_some_and(|p| p.watches);
        let mut options = ListOptions::of(request, target.kind, if old { Asking::OldWatch } else { Asking::Watch })?;
        if let Some(name) = &target.name {
            options.filter.fields.push(crate::api::selector::FieldTerm {
                field: "metadata.name".into(),
                value: name.clone(),
                equal: true,
            });
        }
        self.client_watch(&target, options, request, now)
    }

    fn get_one(&self, t: &Target, request: &Request, who: &mut Caller<'_>) -> Response {
        self.has_come(request)?;
        let o = &self.converted(self.get(&t.key())?, t.kind, who)?;
        Ok(Form::of(request).one(o, t.kind, who.now).into())
    }

    fn get_list(&self, t: &Target, request: &Request, who: &mut Caller<'_>) -> Response {
        let options = ListOptions::of(request, t.kind, Asking::List)?;
        let mut listing = self.list(&t.scope(), &options)?;
        self.convert_all(&mut listing.items, t.kind, who)?;
        Ok(Form::of(request).list(&listing, t.kind, who.now).into())
    }

    fn post(&mut self, t: &Target, request: &Request, who: &mut Caller<'_>) -> Response {
        let mut warnings = vec![];
        let o = self.decode(t.kind, request.body.as_ref(), request, &mut warnings)?;
        if reviews::is_review(t.kind) {
            let answered = reviews::post(self, o, &t.namespace, who);
            return warned(answered.map(|o| Form::of(request).asked(&Arc::new(o), t.kind).into()), warnings);
        }
        // How many fields the server fills in is known only when it has; the record is written in `create`.
        who.defaulted = request.body.as_ref().map(|b| self.count_defaults(&o, b));
        let o = self.as_stored(o, who)?;
        let stored = self.create(o, &t.namespace, who);
        who.defaulted = None;
        warnings.append(&mut who.warnings);
        warned(stored.map(|o| Form::of(request).one(&o, t.kind, who.now).into()), warnings)
    }

    fn put(&mut self, t: &Target, sub: Option<Subresource>, request: &Request, who: &mut Caller<'_>) -> Response {
        let mut warnings = vec![];
        let mut body = request.body.clone();
        body.iter_mut().for_each(disowned);
        let mut o = self.decode(t.kind, body.as_ref(), request, &mut warnings)?;
        self.name_must_fit(t, &mut o)?;
        if let Ok(old) = self.get(&t.key()) {
            self.converted(old, t.kind, who)?;
        }
        let o = self.as_stored(o, who)?;
        let stored = self.update(o, sub, "update", who);
        warnings.append(&mut who.warnings);
        warned(stored.map(|o| Form::of(request).one(&o, t.kind, who.now).into()), warnings)
    }

    fn patch(
        &mut self,
        t: &Target,
        sub: Option<Subresource>,
        how: PatchType,
        request: &Request,
        who: &mut Caller<'_>,
    ) -> Response {
        let key = t.key();
        let old = match self.get(&key) {
            Ok(o) => o.clone(),
            Err(status) => {
                self.refuse(who, "patch", &key, sub.map(Subresource::name), &status);
                return Err(status);
            }
        };
        let old = self.converted(&old, t.kind, who)?;
        let body = body_of(request);
        // Owners may be patched as well; mostly they are not.
        let owners = body.to_string().contains("managedFields");
        let before = if owners { old.whole_in(t.kind) } else { old.in_version(t.kind) };
        let mut patched = patch::apply(&before, body, how, t.kind)?;
        disowned(&mut patched);
        let mut warnings = vec![];
        let strict = if how == PatchType::Json { json_patch::unknown_fields(body) } else { vec![] };
        let request = &match strict.is_empty() {
            true => Cow::Borrowed(request),
            false => Cow::Owned(Request { strict, ..request.clone() }),
        };
        let read = match how {
            PatchType::Strategic => self.decode_made(t.kind, &mut patched, request, &mut warnings),
            _ => self.decode(t.kind, Some(&patched), request, &mut warnings),
        };
        let mut o = read.map_err(|s| patch_decode_error(&s, how, body, &patched))?;
        self.name_must_fit(t, &mut o)?;
        let o = self.as_stored(o, who)?;
        let stored = self.update(o, sub, "patch", who);
        warnings.append(&mut who.warnings);
        warned(stored.map(|o| Form::of(request).one(&o, t.kind, who.now).into()), warnings)
    }

    /// Applies a configuration on the server's side.
    fn apply(&mut self, t: &Target, sub: Option<Subresource>, request: &Request, who: &mut Caller<'_>) -> Response {
        let key = t.key();
        let old = match self.get(&key).ok().cloned() {
            Some(old) => Some(self.converted(&old, t.kind, who)?),
            None => None,
        };
        let config = body_of(request);
        let force = request.param("force") == Some("true");
        if old.is_none() && sub.is_some() {
            return Err(Status::not_found(t.kind, &key.name));
        }
        let applied = self.applied(t.kind, sub, old.as_deref(), config, force, who);
        let (mut merged, owners) = match applied {
            Ok(applied) => applied,
            Err(status) => {
                self.refuse(who, "patch", &key, sub.map(Subresource::name), &status);
                return Err(status);
            }
        };
        if let Some(why) = request.strict.first().filter(|_| request.param("fieldValidation") == Some("Strict")) {
            let why = format!("error strict decoding YAML: error converting YAML to JSON: {why}");
            return Err(Status::bad_request(why));
        }
        let mut warnings = vec![];
        let mut o = self
            .decode_made(t.kind, &mut merged, request, &mut warnings)
            .map_err(|s| unreadable_as(&s, config, &merged, t.kind))?;
        if let Some(uid) = o.meta().uid.as_deref().filter(|u| old.is_none() && !u.is_empty()) {
            let why =
                format!("uid mismatch: the provided object specified uid {uid}, and no existing object was found");
            return Err(Status::conflict(t.kind, &key.name, &why));
        }
        self.name_must_fit(t, &mut o)?;
        let o = self.as_stored(o, who)?;
        who.applied = Some(owners.unwrap_or_else(|| Arc::new(json!([]))));
        let stored = match &old {
            None => self.create(o, &t.namespace, who),
            Some(_) => self.update(o, sub, "patch", who),
        };
        who.applied = None;
        warnings.append(&mut who.warnings);
        warned(stored.map(|o| Form::of(request).one(&o, t.kind, who.now).into()), warnings)
    }

    fn delete_one(&mut self, t: &Target, request: &Request, who: &mut Caller<'_>) -> Response {
        let options = delete_options(request)?;
        if let Ok(old) = self.get(&t.key()) {
            self.converted(old, t.kind, who)?;
        }
        let deleted = self.delete(&t.key(), &options, who);
        let answer = deleted.map(|d| match d {
            Deleted::Marked(o) => Form::of(request).one(&o, t.kind, who.now).into(),
            Deleted::Gone(o) if o.kind().returns_deleted() || o.kind().grace(&o).is_some() => {
                Form::of(request).one(&o, t.kind, who.now).into()
            }
            Deleted::Gone(o) => {
                let mut details = json!({"name": o.name(), "kind": o.kind().plural(), "uid": o.uid()});
                if !o.kind().group().is_empty() {
                    details["group"] = o.kind().group().into();
                }
                json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details})
                    .into()
            }
        });
        warned(answer, deletion_warning(t, &options))
    }

    fn delete_collection(&mut self, t: &Target, request: &Request, who: &mut Caller<'_>) -> Response {
        let options = delete_options(request)?;
        let chosen = ListOptions::of(request, t.kind, Asking::List)?;
        let mut listing = self.list(&t.scope(), &chosen)?;
        self.convert_all(&mut listing.items, t.kind, who)?;
        who.options.of_all = true;
        for o in &listing.items {
            self.delete(&o.key(), &options, who)?;
        }
        warned(Ok(Form::of(request).list(&listing, t.kind, who.now).into()), deletion_warning(t, &options))
    }
}

/// What a deletion that leaves open what becomes of what the object owns is warned of.
fn deletion_warning(t: &Target, options: &DeleteOptions) -> Vec<String> {
    let unsaid = options.propagation == Propagation::Unsaid;
    t.kind.deletion_warning().filter(|_| unsaid).map(Into::into).into_iter().collect()
}

fn body_of(request: &Request) -> &Value {
    request.body.as_ref().unwrap_or(&Value::Null)
}

/// Warnings come with every answer, also with a refusal; these come first.
fn warned(answer: Response, mut warnings: Vec<String>) -> Response {
    match answer {
        Ok(mut a) => {
            warnings.append(&mut a.warnings);
            Ok(Answer { warnings, ..a })
        }
        Err(mut status) => {
            warnings.append(&mut status.warnings);
            Err(Status { warnings, ..status })
        }
    }
}
