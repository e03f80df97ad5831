//! kubectl apply without --server-side: the three-way patch is made here, from what was last applied, the file and the live object.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/apply/apply.go applyOneObject, patcher.go.

use serde_json::{Map, Value};

use super::apply::{Applied, Applying, LAST_APPLIED, patch_for, remembered};
use super::delete::options;
use crate::api::patch::{self, PatchType};
use crate::api::request::{Method, Request};
use crate::api::{Reason, Status, Time};
use crate::kubectl::args::DryRun;
use crate::kubectl::manifests::Manifest;
use crate::kubectl::resources::{collection, object};
use crate::kubectl::{Env, Failure};

pub fn apply_one(m: &Manifest, by: &Applying, env: &mut Env<'_>) -> Result<Applied, Failure> {
    if m.name().is_empty() {
        return Err(Failure::error(format!(
            "error when retrieving current configuration of:\n{}\nfrom server for: {:?}: resource name may not be empty",
            described(m),
            m.source
        )));
    }
    let modified = remembered(m);
    match env.try_call(&Request::get(object(m.kind, m.namespace(), m.name()))) {
        Err(s) if s.is(Reason::NotFound) => create(m, modified, by, env).map(|made| Applied::As(made, "created")),
        Err(s) => Err(Failure::status_while(
            &s,
            &format!(
                "error when retrieving current configuration of:\n{}\nfrom server for: {:?}",
                described(m),
                m.source
            ),
        )),
        Ok(current) => bring(m, modified, &current, by, env),
    }
}

fn create(m: &Manifest, mut modified: Value, by: &Applying, env: &mut Env<'_>) -> Result<Value, Failure> {
    without_nulls(&mut modified);
    if by.dry == DryRun::Client {
        return Ok(modified);
    }
    let made = env.try_call(&creation(m, modified, by));
    made.map(|v| (*v).clone()).map_err(|s| Failure::status_while(&s, &format!("error when creating {:?}", m.source)))
}

fn creation(m: &Manifest, value: Value, by: &Applying) -> Request {
    by.dry.on(Request::new(Method::Post, collection(m.kind, m.namespace()))
        .query("fieldValidation", by.validate.field_validation())
        .body(value))
}

/// A null in a file says that there is to be nothing, which a new object need not be told.
fn without_nulls(v: &mut Value) {
    match v {
        Value::Object(fields) => {
            fields.retain(|_, v| !v.is_null());
            fields.values_mut().for_each(without_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(without_nulls),
        _ => {}
    }
}

/// Brings the live object to what the file says.
fn bring(m: &Manifest, modified: Value, current: &Value, by: &Applying, env: &mut Env<'_>) -> Result<Applied, Failure> {
    if current["metadata"]["annotations"][LAST_APPLIED].is_null() {
        env.error_line(format!(
            "Warning: resource {}/{} is missing the {LAST_APPLIED} annotation which is required by kubectl apply. kubectl apply should only be used on resources created declaratively by either kubectl create --save-config or kubectl apply. The missing annotation will be patched automatically.",
            m.kind.plural(),
            m.name()
        ));
    }
    let patch = patch_for(m, &modified, current);
    if patch.as_object().is_some_and(Map::is_empty) {
        return Ok(Applied::As(current.clone(), "unchanged"));
    }
    let how = PatchType::of(m.kind);
    let failed =
        |s: &Status, doing: &str| Failure::status_while(s, &format!("{}{doing}", applying(m, &patch.to_string())));
    if by.dry == DryRun::Client {
        let patched = patch::apply(current, &patch, how, m.kind).map_err(|why| failed(&why.into(), ""))?;
        return Ok(Applied::As(patched, "configured"));
    }
    let path = object(m.kind, m.namespace(), m.name());
    let request = by.dry.on(Request::new(Method::Patch(how), &path)
        .query("fieldValidation", by.validate.field_validation())
        .body(patch.clone()));
    match env.try_call(&request) {
        Ok(new) => Ok(Applied::As((*new).clone(), "configured")),
        Err(s) if by.args.flag("force") && (s.is(Reason::Conflict) || s.is(Reason::Invalid)) => {
            let deletion = options(by.propagation, by.args.int("grace-period"));
            env.try_call(&Request::new(Method::Delete, &path).body(deletion)).map_err(|s| failed(&s, ""))?;
            let deadline = env.now() + by.args.duration("timeout");
            Ok(Applied::Later(Box::new(Room { manifest: m.clone(), modified, original: current.clone(), deadline })))
        }
        Err(s) => Err(failed(&s, &format!(": error when patching {:?}", m.source))),
    }
}

/// `Resource: "/v1, Resource=pods", GroupVersionKind: …`, as kubectl shows what it works on.
fn described(m: &Manifest) -> String {
    let version = format!("{}/{}", m.kind.group(), m.kind.version());
    format!(
        "Resource: \"{version}, Resource={}\", GroupVersionKind: \"{version}, Kind={}\"\nName: {:?}, Namespace: {:?}",
        m.kind.plural(),
        m.kind.name(),
        m.name(),
        m.namespace()
    )
}

fn applying(m: &Manifest, patch: &str) -> String {
    format!("error when applying patch:\n{patch}\nto:\n{}\nfor: {:?}", described(m), m.source)
}

/// `--force`: an object that refuses the patch was deleted, and another takes its place when it is gone.
pub struct Room {
    manifest: Manifest,
    modified: Value,
    original: Value,
    deadline: Time,
}

impl Room {
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Until when it is waited for.
    pub fn deadline(&self) -> Time {
        self.deadline
    }

    /// The object that took the place; nothing while the old one is there.
    pub fn taken(&self, by: &Applying, env: &mut Env<'_>) -> Result<Option<Value>, Failure> {
        let m = &self.manifest;
        let doing = applying(m, &format!("{}\n", self.modified));
        match env.try_call(&Request::get(object(m.kind, m.namespace(), m.name()))) {
            Ok(_) if env.now() < self.deadline => return Ok(None),
            Ok(_) => return Err(Failure::error(format!("{doing}: context deadline exceeded"))),
            Err(s) if s.is(Reason::NotFound) => {}
            Err(s) => return Err(Failure::status_while(&s, &doing)),
        }
        match env.try_call(&creation(m, self.modified.clone(), by)) {
            Ok(made) => Ok(Some((*made).clone())),
            Err(refused) => Err(self.restored(&refused, &doing, by, env)),
        }
    }

    /// The object that was there comes back, if that can be.
    fn restored(&self, refused: &Status, doing: &str, by: &Applying, env: &mut Env<'_>) -> Failure {
        let mut original = self.original.clone();
        if let Some(metadata) = original["metadata"].as_object_mut() {
            metadata.remove("resourceVersion");
        }
        match env.try_call(&creation(&self.manifest, original, by)) {
            Ok(_) => Failure::status_while(refused, doing),
            Err(lost) => Failure::error(format!(
                "{doing}: An error occurred force-replacing the existing object with the newly provided one:\n\n{}.\n\nAdditionally, an error occurred attempting to restore the original object:\n\n{}",
                refused.message, lost.message
            )),
        }
    }
}
