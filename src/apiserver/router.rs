//! From a request's path to an answer. In process a request is a function call; HTTPS will call the same function.
//! Real Kubernetes: apiserver/pkg/endpoints/installer.go and handlers.

use std::sync::Arc;

use serde_json::{Value, json};

use super::authorization::{Attributes, impersonation, reviews};
use super::caller::Caller;
use super::delete::{DeleteOptions, Deleted, Propagation};
use super::list_options::ListOptions;
use super::read::{list_json, scope, with_end};
use super::scale::OwnedScale;
use super::table::{Include, metadata_only, scale_table, table};
use super::write::NAMESPACE_MISMATCH;
use super::{ApiServer, discovery, health, openapi, tokens};
use crate::api::field::{FieldErrors, Path};
use crate::api::kind::Subresource;
use crate::api::managed::options::Options;
use crate::api::managed::{options, unreadable};
use crate::api::object::Key;
use crate::api::patch::{self, PatchType};
use crate::api::request::{Accept, Answer, Impersonation, Method, Request, Response};
use crate::api::selector::{FieldTerm, parse_fields};
use crate::api::status::Reason;
use crate::api::{KindRef, Object, Status, User, body, canonical, custom, reading, strategic};
use crate::store::{Scope, WatchId};

/// What a path names.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    pub kind: KindRef,
    pub namespace: String,
    pub name: Option<String>,
    pub subresource: Option<String>,
}

impl Target {
    /// Reads `/api/v1/namespaces/x/pods/y/status` and the like.
    fn parse(path: &str, kind_of: impl Fn(&str, &str, &str) -> Option<KindRef>) -> Option<Target> {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let (group, version, rest) = match parts.as_slice() {
            ["api", version, rest @ ..] => ("", *version, rest),
            ["apis", group, version, rest @ ..] => (*group, *version, rest),
            _ => return None,
        };
        let (namespace, rest) = match rest {
            ["namespaces", ns, plural, rest @ ..] if !matches!(*plural, "status" | "finalize") => {
                (*ns, [&[*plural], rest].concat())
            }
            _ => ("", rest.to_vec()),
        };
        let kind = kind_of(group, version, rest.first()?)?;
        let text = |i: usize| rest.get(i).filter(|s| !s.is_empty()).map(|s| (*s).to_string());
        (rest.len() <= 3).then(|| Target { kind, namespace: namespace.into(), name: text(1), subresource: text(2) })
    }

    fn key(&self) -> Key {
        let ns = if self.kind.namespaced() { self.namespace.as_str() } else { "" };
        Key::new(self.kind.stored(), ns, self.name.as_deref().unwrap_or(""))
    }

    /// Where its objects are stored, whichever version was asked for.
    pub(super) fn scope(&self) -> Scope {
        scope(self.kind.stored(), &self.namespace)
    }

    fn sub(&self) -> Result<Option<Subresource>, Status> {
        match self.subresource.as_deref() {
            None => Ok(None),
            Some(name) => {
                let found = self.kind.subresources().iter().copied().find(|s| s.name() == name);
                found.map(Some).ok_or_else(|| match self.kind.custom() {
                    None => Status::no_such_resource(),
                    Some(_) => Status::not_found(self.kind, self.name.as_deref().unwrap_or("")),
                })
            }
        }
    }
}

/// What a request wants, as authorization sees it: read off its path, whether that leads anywhere or not.
/// Real Kubernetes: apiserver/pkg/endpoints/request/requestinfo.go.
struct Asked<'a> {
    verb: &'static str,
    group: String,
    version: String,
    resource: String,
    subresource: String,
    namespace: String,
    name: String,
    /// Set for what is no resource.
    path: Option<&'a str>,
    fields: Vec<FieldTerm>,
}

impl<'a> Asked<'a> {
    fn of(request: &'a Request, watch: bool) -> Asked<'a> {
        let parts: Vec<&str> = request.path.split('?').next().unwrap_or("").trim_matches('/').split('/').collect();
        let (group, version, rest) = match parts.as_slice() {
            ["api", version, rest @ ..] if !rest.is_empty() => ("", *version, rest),
            ["apis", group, version, rest @ ..] if !rest.is_empty() => (*group, *version, rest),
            _ => return Asked::about_path(request),
        };
        let (namespace, rest) = match rest {
            ["namespaces", ns, resource, ..] if !matches!(*resource, "status" | "finalize") => (*ns, &rest[2..]),
            ["namespaces", ns, ..] => (*ns, rest),
            _ => ("", rest),
        };
        let text = |i: usize| rest.get(i).copied().unwrap_or("").to_string();
        let fields = request.param("fieldSelector").and_then(|f| parse_fields(f).ok()).unwrap_or_default();
        let mut name = text(1);
        let verb = match (request.method, name.is_empty()) {
            (Method::Get, _) if watch => "watch",
            (Method::Get, false) => "get",
            (Method::Get, true) => "list",
            (Method::Post, _) => "create",
            (Method::Put, _) => "update",
            (Method::Patch(_), _) => "patch",
            (Method::Delete, false) => "delete",
            (Method::Delete, true) => "deletecollection",
        };
        // Who selects one object by its name asks for that one.
        if let Some(one) = fields.iter().find(|f| f.field == "metadata.name" && f.equal).filter(|_| name.is_empty()) {
            name.clone_from(&one.value);
        }
        Asked {
            verb,
            group: group.into(),
            version: version.into(),
            resource: text(0),
            subresource: text(2),
            namespace: namespace.into(),
            name,
            path: None,
            fields,
        }
    }

    fn about_path(request: &'a Request) -> Asked<'a> {
        let verb = match request.method {
            Method::Get => "get",
            Method::Post => "post",
            Method::Put => "put",
            Method::Patch(_) => "patch",
            Method::Delete => "delete",
        };
        let none = String::new;
        Asked {
            verb,
            group: none(),
            version: none(),
            resource: none(),
            subresource: none(),
            namespace: none(),
            name: none(),
            path: Some(&request.path),
            fields: vec![],
        }
    }

    fn attributes(&self) -> Attributes<'_> {
        Attributes {
            verb: self.verb,
            group: &self.group,
            resource: &self.resource,
            subresource: &self.subresource,
            namespace: &self.namespace,
            name: &self.name,
            path: self.path,
            fields: &self.fields,
        }
    }
}

impl ApiServer {
    /// Answers a request, whatever it asks; only watches go another way ([`ApiServer::open_watch`]).
    pub fn handle(&mut self, request: &Request, who: &mut Caller<'_>) -> Response {
        // Whoever deletes may also say in the body that nothing shall be done.
        let in_body =
            request.method == Method::Delete && request.body.as_ref().is_some_and(|b| b["dryRun"][0] == "All");
        who.dry_run = in_body || request.param("dryRun") == Some("All");
        who.owners_at_once = true;
        if let Some(manager) = request.param("fieldManager") {
            who.manager = options::manager_of(manager, "").into();
        }
        match &request.impersonate {
            None => self.handle_as(request, who),
            Some(wanted) => {
                let user = self.impersonated(request, wanted, who.user)?;
                self.handle_as(request, &mut who.acting_as(&user))
            }
        }
    }

    /// The user whom the caller may act as.
    fn impersonated(&self, request: &Request, wanted: &Impersonation, by: &User) -> Result<User, Status> {
        let asked = Asked::of(request, false);
        impersonation::become_user(self, by, wanted, &asked.attributes())
    }

    fn handle_as(&mut self, request: &Request, who: &mut Caller<'_>) -> Response {
        let asked = Asked::of(request, false);
        self.allow(&asked, who)?;
        // What names a resource asks for nothing of the server itself.
        if request.method == Method::Get
            && asked.path.is_some()
            && let Some(answer) = self.about_itself(request)
        {
            return Ok(answer.into());
        }
        let target = self.target(&request.path)?;
        let sub = target.sub()?;
        check_options(request)?;
        who.version = Some(target.kind);
        // What lives in a namespace is made in one.
        if target.kind.namespaced() && target.namespace.is_empty() && request.method != Method::Get {
            return Err(Status::method_not_allowed());
        }
        let answer = match (request.method, &target.name) {
            (Method::Get, Some(_)) if sub == Some(Subresource::Scale) => self.get_scale(&target, request, who),
            (Method::Get, Some(_)) if sub.is_none_or(Subresource::shows_the_object) => {
                self.get_one(&target, request, who)
            }
            (Method::Get, None) => self.get_list(&target, request, who),
            (Method::Post, Some(_)) if sub == Some(Subresource::Binding) => self.post_binding(&target, request, who),
            (Method::Post, Some(_)) if sub == Some(Subresource::Token) => {
                Ok(self.create_token(&target.key(), request.body.as_ref().unwrap_or(&Value::Null), who)?.into())
            }
            (Method::Post, Some(_)) if sub == Some(Subresource::Eviction) => {
                let body = request.body.as_ref().unwrap_or(&Value::Null);
                Ok(self.evict(&target.key(), body, who)?.into())
            }
            (Method::Post, None) => self.post(&target, request, who),
            (Method::Put, Some(_)) if sub == Some(Subresource::Scale) => {
                self.put_scale(&target, request, who, "update")
            }
            (Method::Put, Some(_)) if sub.is_none_or(|s| s.verbs().contains(&"update")) => {
                self.put(&target, sub, request, who)
            }
            (Method::Patch(_), Some(_)) if sub == Some(Subresource::Scale) => {
                self.put_scale(&target, request, who, "patch")
            }
            (Method::Patch(PatchType::Apply), Some(_)) if sub.is_none_or(Subresource::shows_the_object) => {
                self.apply(&target, sub, request, who)
            }
            (Method::Patch(how), Some(_)) if sub.is_none_or(Subresource::shows_the_object) => {
                self.patch(&target, sub, how, request, who)
            }
            (Method::Delete, Some(_)) if sub.is_none() => self.delete_one(&target, request, who),
            (Method::Delete, None) => self.delete_collection(&target, request, who),
            _ => Err(Status::method_not_allowed()),
        };
        warned(answer, target.kind.deprecated().map(Into::into).into_iter().collect())
    }

    /// What a path names, whether it is there or not.
    pub fn leads_to(&self, path: &str) -> Option<Target> {
        Target::parse(path, |group, version, plural| self.kind_of(group, version, plural))
    }

    /// What a path leads to.
    fn target(&self, path: &str) -> Result<Target, Status> {
        let target = self.leads_to(path).ok_or_else(|| nowhere(path))?;
        if target.kind.is_aggregated() && !self.has_api_service(target.kind) {
            let why = "the server is currently unable to handle the request";
            return Err(Status::new(Reason::ServiceUnavailable, why));
        }
        Ok(target)
    }

    /// Asks whether the caller may do this at all. What is refused is noted, like everything that was tried.
    fn allow(&self, asked: &Asked<'_>, who: &mut Caller<'_>) -> Result<(), Status> {
        let wish = asked.attributes();
        let verdict = self.judge(who.user, &wish);
        if !verdict.allowed {
            let status = wish.forbidden(who.user, &verdict.reason);
            if let Some(kind) = self.kind_of(&asked.group, &asked.version, &asked.resource) {
                let key = Key::new(kind.stored(), &asked.namespace, &asked.name);
                self.refuse(who, asked.verb, &key, None, &status);
            }
            return Err(status);
        }
        who.authorized = true;
        who.rule = (!verdict.reason.is_empty()).then(|| verdict.reason.into());
        Ok(())
    }

    /// What a server tells of itself: its version, its health, what it serves.
    fn about_itself(&self, request: &Request) -> Option<Value> {
        match request.path.trim_matches('/') {
            "version" => Some(discovery::version()),
            "" => Some(json!({"paths": health::root_paths(&self.served())})),
            path => {
                let known = || tokens::discovery::answer(self, path);
                health::check(path, request)
                    .or_else(known)
                    .or_else(|| openapi::answer(self, &request.path))
                    .or_else(|| self.served().answer(path, request.accept == Accept::Discovery))
            }
        }
    }

    fn served(&self) -> discovery::Served {
        discovery::Served(self.kinds().collect())
    }

    pub fn open_watch(&mut self, request: &Request, who: &mut Caller<'_>) -> Result<WatchId, Status> {
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
        let mut options = ListOptions::of(request, target.kind, true)?;
        if let Some(name) = &target.name {
            options.filter.fields.push(crate::api::selector::FieldTerm {
                field: "metadata.name".into(),
                value: name.clone(),
                equal: true,
            });
        }
        self.client_watch(&target, options, request, now)
    }

    fn get_one(&self, t: &Target, request: &Request, who: &Caller<'_>) -> Response {
        let o = self.get(&t.key())?;
        if request.accept == Accept::Table {
            let include = Include::parse(request.param("includeObject"));
            let rv = o.meta().resource_version.clone().unwrap_or_default();
            let meta = json!({"resourceVersion": rv});
            return Ok(table(t.kind, std::slice::from_ref(o), who.now, true, include.with(request.owners), meta).into());
        }
        if request.accept == Accept::Metadata {
            return Ok(metadata_only(o, request.owners).into());
        }
        Ok(answer_of(o, t.kind, request).into())
    }

    fn get_list(&self, t: &Target, request: &Request, who: &Caller<'_>) -> Response {
        let options = ListOptions::of(request, t.kind, false)?;
        let listing = self.list(&t.scope(), &options)?;
        if request.accept == Accept::Table {
            let include = Include::parse(request.param("includeObject"));
            let meta =
                list_json(t.kind, &super::read::Listing { items: vec![], ..listing_head(&listing) }, false)["metadata"]
                    .clone();
            return Ok(table(t.kind, &listing.items, who.now, true, include.with(request.owners), meta).into());
        }
        if request.accept == Accept::Metadata {
            let mut v = list_json(t.kind, &super::read::Listing { items: vec![], ..listing_head(&listing) }, false);
            v["kind"] = "PartialObjectMetadataList".into();
            v["apiVersion"] = "meta.k8s.io/v1".into();
            v["items"] = listing.items.iter().map(|o| metadata_only(o, request.owners)).collect();
            return Ok(v.into());
        }
        Ok(with_end(list_json(t.kind, &listing, request.owners), t.kind).into())
    }

    /// Reads an object out of a body, as strictly as asked.
    fn decode(
        &self,
        kind: KindRef,
        body: Option<&Value>,
        request: &Request,
        warnings: &mut Vec<String>,
    ) -> Result<Object, Status> {
        let mut body = body.cloned().unwrap_or(Value::Null);
        // What the body does not say of itself, the path says.
        for (key, text) in [("apiVersion", kind.api_version()), ("kind", kind.name().into())] {
            if kind.custom().is_none() && body.is_object() && body[key].as_str().unwrap_or("").is_empty() {
                body[key] = text.into();
            }
        }
        let (version, name) = (body["apiVersion"].as_str().unwrap_or(""), body["kind"].as_str().unwrap_or(""));
        if !body.is_object() {
            return Err(Status::bad_request("the object provided is unrecognized (must be of type object)"));
        }
        named_as(kind, version, name, &body)?;
        let refuse = |why: String| {
            Status::bad_request(format!(
                "{} in version {:?} cannot be handled as a {}: {why}",
                kind.name(),
                kind.version(),
                kind.name()
            ))
        };
        let (object, unknown) = reading::read(kind, body).map_err(refuse)?;
        let unknown = unknown.iter().map(|f| format!("unknown field {f:?}"));
        let found: Vec<String> = request.strict.iter().cloned().chain(unknown).collect();
        match request.param("fieldValidation").unwrap_or("Warn") {
            "Strict" if !found.is_empty() => {
                return Err(refuse(format!("strict decoding error: {}", found.join(", "))));
            }
            "Warn" => warnings.extend(body::warnings(&found)),
            _ => {}
        }
        to_stored(object).map_err(refuse)
    }

    fn post(&mut self, t: &Target, request: &Request, who: &mut Caller<'_>) -> Response {
        let mut warnings = vec![];
        let mut o = self.decode(t.kind, request.body.as_ref(), request, &mut warnings)?;
        if reviews::is_review(t.kind) {
            o.meta_mut().namespace = t.kind.namespaced().then(|| t.namespace.clone());
            let body = reviews::answer(self, &o, who.user, who.now)?;
            return Ok(Answer { body: body.into(), warnings });
        }
        // How many fields the server fills in is known only when it has; the record is written in `create`.
        who.defaulted = request.body.as_ref().map(|b| self.count_defaults(&o, b));
        let stored = self.create(o, &t.namespace, who);
        who.defaulted = None;
        warnings.append(&mut who.warnings);
        warned(stored.map(|o| answer_of(&o, t.kind, request).into()), warnings)
    }

    /// Fields of the spec that defaulting adds to what the client sent.
    fn count_defaults(&self, o: &Object, sent: &Value) -> usize {
        let mut filled = o.clone();
        filled.kind().defaults(&mut filled);
        leaves(&filled.json()["spec"]).saturating_sub(leaves(&sent["spec"]))
    }

    fn put(&mut self, t: &Target, sub: Option<Subresource>, request: &Request, who: &mut Caller<'_>) -> Response {
        let mut warnings = vec![];
        let mut o = self.decode(t.kind, request.body.as_ref(), request, &mut warnings)?;
        self.name_must_fit(t, &mut o)?;
        let stored = self.update(o, sub, "update", who);
        warnings.append(&mut who.warnings);
        warned(stored.map(|o| answer_of(&o, t.kind, request).into()), warnings)
    }

    fn name_must_fit(&self, t: &Target, o: &mut Object) -> Result<(), Status> {
        let (name, wanted) = (o.name().to_string(), t.name.clone().unwrap_or_default());
        if !name.is_empty() && name != wanted {
            return Err(Status::bad_request(format!(
                "the name of the object ({name}) does not match the name on the URL ({wanted})"
            )));
        }
        if t.kind.namespaced() {
            match o.namespace() {
                ns if ns.is_empty() || ns == t.namespace => {}
                _ => return Err(Status::bad_request(NAMESPACE_MISMATCH)),
            }
            o.meta_mut().namespace = Some(t.namespace.clone());
        }
        o.meta_mut().name = Some(wanted);
        Ok(())
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
        let body = request.body.as_ref().unwrap_or(&Value::Null);
        // Owners may be patched as well; mostly they are not.
        let owners = body.to_string().contains("managedFields");
        let before = if owners { old.whole_in(t.kind) } else { old.in_version(t.kind) };
        let patched = patch::apply(&before, body, how, t.kind)?;
        let mut warnings = vec![];
        let mut o = self
            .decode(t.kind, Some(&patched), request, &mut warnings)
            .map_err(|s| patch_decode_error(&s, how, body, &patched))?;
        self.name_must_fit(t, &mut o)?;
        let stored = self.update(o, sub, "patch", who);
        warnings.append(&mut who.warnings);
        warned(stored.map(|o| answer_of(&o, t.kind, request).into()), warnings)
    }

    /// Applies a configuration on the server's side.
    fn apply(&mut self, t: &Target, sub: Option<Subresource>, request: &Request, who: &mut Caller<'_>) -> Response {
        let key = t.key();
        let old = self.get(&key).ok().cloned();
        let config = request.body.as_ref().unwrap_or(&Value::Null);
        let force = request.param("force") == Some("true");
        if old.is_none() && sub.is_some() {
            return Err(Status::not_found(t.kind, &key.name));
        }
        let applied = self.applied(t.kind, sub, old.as_deref(), config, force, who);
        let (merged, owners) = match applied {
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
        let mut o =
            self.decode(t.kind, Some(&merged), request, &mut warnings).map_err(|s| unreadable_as(&s, config))?;
        self.name_must_fit(t, &mut o)?;
        who.applied = Some(owners.unwrap_or_else(|| Arc::new(json!([]))));
        let stored = match &old {
            None => self.create(o, &t.namespace, who),
            Some(_) => self.update(o, sub, "patch", who),
        };
        who.applied = None;
        warnings.append(&mut who.warnings);
        warned(stored.map(|o| answer_of(&o, t.kind, request).into()), warnings)
    }

    fn get_scale(&self, t: &Target, request: &Request, who: &Caller<'_>) -> Response {
        let o = self.get(&t.key())?;
        if request.accept == Accept::Table {
            let include = Include::parse(request.param("includeObject"));
            return Ok(scale_table(o, scale_json(o)?, who.now, include).into());
        }
        Ok(scale_json(o)?.into())
    }

    fn put_scale(&mut self, t: &Target, request: &Request, who: &mut Caller<'_>, verb: &'static str) -> Response {
        let old = self.get(&t.key())?.clone();
        let owned = OwnedScale::of(&old, t.kind)?;
        let before = scale_json(&old)?;
        let body = request.body.as_ref().unwrap_or(&Value::Null);
        let wanted = match request.method {
            Method::Patch(PatchType::Apply) => {
                let force = request.param("force") == Some("true");
                owned.applied(&before, body, force, &self.by(t.kind, Some(Subresource::Scale), who))?
            }
            Method::Patch(PatchType::Json) => patch::apply(&before, body, PatchType::Json, t.kind)?,
            Method::Patch(_) => patch::apply(&before, body, PatchType::Merge, t.kind)?,
            _ => body.clone(),
        };
        let replicas = replicas_of(&wanted, request.method, &old)?;
        let mut new = custom::as_kind(&old, t.kind);
        new.kind().set_scale(&mut new, replicas);
        new.meta_mut().resource_version = wanted["metadata"]["resourceVersion"].as_str().map(Into::into);
        let by = self.by(t.kind, Some(Subresource::Scale), who);
        who.applied = Some(owned.after(&before, wanted, request.method, &by)?);
        let stored = self.update(new, Some(Subresource::Scale), verb, who);
        who.applied = None;
        let stored = stored?;
        Ok(scale_json(&stored)?.into())
    }

    fn post_binding(&mut self, t: &Target, request: &Request, who: &mut Caller<'_>) -> Response {
        let node = request.body.as_ref().and_then(|b| b["target"]["name"].as_str()).unwrap_or("");
        self.bind(&t.namespace, t.name.as_deref().unwrap_or(""), node, who)?;
        Ok(json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}).into())
    }

    fn delete_one(&mut self, t: &Target, request: &Request, who: &mut Caller<'_>) -> Response {
        let options = delete_options(request)?;
        Ok(match self.delete(&t.key(), &options, who)? {
            Deleted::Marked(o) => answer_of(&o, t.kind, request).into(),
            Deleted::Gone(o) if o.kind().returns_deleted() || o.kind().grace(&o).is_some() => {
                answer_of(&o, t.kind, request).into()
            }
            Deleted::Gone(o) => {
                let mut details = json!({"name": o.name(), "kind": o.kind().plural(), "uid": o.uid()});
                if !o.kind().group().is_empty() {
                    details["group"] = o.kind().group().into();
                }
                json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details})
                    .into()
            }
        })
    }

    fn delete_collection(&mut self, t: &Target, request: &Request, who: &mut Caller<'_>) -> Response {
        let options = delete_options(request)?;
        let chosen = ListOptions::of(request, t.kind, false)?;
        let listing = self.list(&t.scope(), &chosen)?;
        for o in &listing.items {
            self.delete(&o.key(), &options, who)?;
        }
        Ok(list_json(t.kind, &listing, request.owners).into())
    }
}

/// What is sent must be what the path leads to.
fn named_as(kind: KindRef, version: &str, name: &str, body: &Value) -> Result<(), Status> {
    if version == kind.api_version() && name == kind.name() {
        return Ok(());
    }
    if kind.custom().is_none() {
        return Err(Status::bad_request(format!(
            "{name} in version {:?} cannot be handled as a {}: no kind {name:?} is registered for version {version:?} in scheme \"pkg/runtime/scheme.go:111\"",
            version.rsplit('/').next().unwrap_or(""),
            kind.name()
        )));
    }
    if version != kind.api_version() {
        let why = format!(
            "the API version in the data ({version}) does not match the expected API version ({})",
            kind.api_version()
        );
        let mut status = Status::bad_request(why);
        // Of another version nothing is known but what all objects have.
        let known = ["apiVersion", "kind", "metadata"];
        let unknown = body.as_object().into_iter().flatten().filter(|(k, _)| !known.contains(&k.as_str()));
        status.warnings = unknown.map(|(k, _)| format!("unknown field {k:?}")).collect();
        return Err(status);
    }
    let mut errors = FieldErrors::default();
    errors.invalid(&Path::new("kind"), name, format!("must be {}", kind.name()));
    let object = body["metadata"]["name"].as_str().unwrap_or("");
    Err(Status::invalid_as(name, kind.group(), object, errors.list()))
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

/// An object as it is shown to whoever asks, in the version that they ask for.
fn answer_of(o: &Object, kind: KindRef, request: &Request) -> Arc<Value> {
    if request.owners { o.whole_in(kind) } else { o.in_version(kind) }
}

/// A path that leads nowhere: among the built-in groups, or where nobody knows anything.
fn nowhere(path: &str) -> Status {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let built_in = match parts.as_slice() {
        ["api", ..] => true,
        ["apis", group, ..] => KindRef::built_in().any(|k| k.group() == *group && !k.is_aggregated()),
        _ => false,
    };
    if built_in { Status::no_such_resource() } else { Status::no_such_path() }
}

/// What is wrong with the options of a write: how the writer calls itself, what is only tried, how strict it is.
fn check_options(request: &Request) -> Result<(), Status> {
    let options = Options {
        manager: request.param("fieldManager").unwrap_or(""),
        dry_run: request.query.iter().filter(|(k, v)| k == "dryRun" && !v.is_empty()).map(|(_, v)| v.clone()).collect(),
        field_validation: request.param("fieldValidation").unwrap_or(""),
    };
    match request.method {
        Method::Post => options::validate_write("CreateOptions", &options),
        Method::Put => options::validate_write("UpdateOptions", &options),
        Method::Patch(how) => {
            let force = request.param("force").map(|f| f == "true");
            options::validate_patch(how == PatchType::Apply, &options, force)
        }
        _ => Ok(()),
    }
}

/// What an apply makes may be no object of the kind.
fn unreadable_as(s: &Status, config: &Value) -> Status {
    match s.message.split_once(" cannot be handled as a ").and_then(|(_, rest)| rest.split_once(": ")) {
        Some((_, why)) if !why.starts_with("strict decoding error") => unreadable(config, why),
        _ => s.clone(),
    }
}

/// An object of any version as the one that is stored, with the defaults of the version that was sent.
pub(super) fn to_stored(mut o: Object) -> Result<Object, String> {
    let kind = o.kind();
    let Some(conversion) = kind.conversion() else { return Ok(o) };
    kind.defaults(&mut o);
    let mut v = (**o.json()).clone();
    (conversion.to_hub)(&mut v);
    let hub = kind.stored();
    v["apiVersion"] = hub.api_version().into();
    v["kind"] = hub.name().into();
    hub.decode(reading::without_nulls(v))
}

fn listing_head(l: &super::read::Listing) -> super::read::Listing {
    super::read::Listing { rev: l.rev, items: vec![], continue_token: l.continue_token.clone(), remaining: l.remaining }
}

fn delete_options(request: &Request) -> Result<DeleteOptions, Status> {
    let body = request.body.as_ref().unwrap_or(&Value::Null);
    delete_options_of(body, |key| request.param(key))
}

/// What a body says of a deletion, or else somebody who is asked for the same words.
pub(super) fn delete_options_of<'a>(
    body: &'a Value,
    param: impl Fn(&str) -> Option<&'a str>,
) -> Result<DeleteOptions, Status> {
    let propagation = match body["propagationPolicy"].as_str().or(param("propagationPolicy")) {
        None | Some("Background") => Propagation::Background,
        Some("Foreground") => Propagation::Foreground,
        Some("Orphan") => Propagation::Orphan,
        Some(other) => {
            let mut errors = FieldErrors::default();
            let known = ["Foreground", "Background", "Orphan", "nil"];
            errors.not_supported(&Path::new("propagationPolicy"), other, &known);
            return Err(Status::invalid_as("DeleteOptions", "meta.k8s.io", "", errors.list()));
        }
    };
    let text = |v: &Value| v.as_str().map(Into::into);
    Ok(DeleteOptions {
        grace_seconds: body["gracePeriodSeconds"]
            .as_i64()
            .or_else(|| param("gracePeriodSeconds").and_then(|s| s.parse().ok())),
        propagation,
        uid: text(&body["preconditions"]["uid"]),
        resource_version: text(&body["preconditions"]["resourceVersion"]),
    })
}

pub(super) fn scale_json(o: &Object) -> Result<Value, Status> {
    let s = o.kind().scale_of(o).ok_or_else(Status::no_such_path)?;
    let m = o.meta();
    // No replicas are left out, and so is no selector.
    let spec = if s.wanted == 0 { json!({}) } else { json!({"replicas": s.wanted}) };
    let mut status = json!({"replicas": s.current});
    if !s.selector.is_empty() {
        status["selector"] = s.selector.into();
    }
    Ok(json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1",
        "metadata": {"name": o.name(), "namespace": o.namespace(), "uid": o.uid(), "resourceVersion": m.resource_version,
                     "creationTimestamp": m.creation_timestamp.as_ref().map(|t| t.0.to_string())},
        "spec": spec,
        "status": status,
    }))
}

/// How many replicas a Scale asks for.
fn replicas_of(scale: &Value, method: Method, o: &Object) -> Result<i32, Status> {
    let given = &scale["spec"]["replicas"];
    let number = canonical::whole(given).and_then(|n| i32::try_from(n).ok());
    match number {
        None if given.is_null() => Ok(0),
        None => {
            let what = canonical::word(given, "int32");
            let why =
                format!("json: cannot unmarshal {what} into Go struct field ScaleSpec.spec.replicas of type int32");
            Err(match method {
                Method::Patch(_) => patch::Refused::Misfit(scale.to_string(), why).into(),
                _ => Status::bad_request(format!("Scale in version \"v1\" cannot be handled as a Scale: {why}")),
            })
        }
        Some(n) if n < 0 => {
            let mut errors = FieldErrors::default();
            errors.non_negative(&Path::new("spec").child("replicas"), n.into());
            // The Scale is refused, not what it scales.
            Err(Status::invalid_as("Scale", "autoscaling", o.name(), errors.list()))
        }
        Some(n) => Ok(n),
    }
}

fn leaves(v: &Value) -> usize {
    match v {
        Value::Object(m) if !m.is_empty() => m.values().map(leaves).sum(),
        Value::Array(a) if !a.is_empty() => a.iter().map(leaves).sum(),
        Value::Null => 0,
        _ => 1,
    }
}

/// A patch that makes a wrong object is told differently from a wrong object.
fn patch_decode_error(s: &Status, how: PatchType, patch: &Value, patched: &Value) -> Status {
    match s.message.split_once(" cannot be handled as a ").and_then(|(_, rest)| rest.split_once(": ")) {
        Some((_, why)) if how == PatchType::Strategic => {
            patch::Refused::Misfit(strategic::go_map(patch), why.into()).into()
        }
        Some((_, why)) => patch::Refused::Misfit(patched.to_string(), why.into()).into(),
        None => s.clone(),
    }
}
