//! What a policy's expressions see of a request, and how they are run within a budget.
//! Real Kubernetes: apiserver/pkg/admission/plugin/cel/{activation,condition,composition}.go.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::super::request::{Request, Sent};
use super::ready::Expression;
use crate::api::cel::eval::Activation;
use crate::api::cel::json::to_value;
use crate::api::cel::library::Opaque;
use crate::api::cel::library::authorizer::{Decision, Query, Resource};
use crate::api::cel::{Error, PER_CALL, Value};
use crate::api::{KindRef, User};
use crate::apiserver::authorization::{Attributes, reviews};

/// What `request` is.
fn told(r: &Request<'_>, kind: KindRef) -> Json {
    let mut all = json!({
        "uid": "", "kind": r.kind_json(kind), "resource": Request::resource_json(kind),
        "requestKind": r.kind_json(r.kind), "requestResource": Request::resource_json(r.kind),
        "operation": r.operation.name(), "userInfo": reviews::user_info(r.user), "object": null, "oldObject": null,
        "dryRun": r.dry_run, "options": r.options,
    });
    let (name, namespace, part) = (r.name, r.namespace, r.part_name());
    for (field, text) in [("name", name), ("namespace", namespace), ("subResource", part), ("requestSubResource", part)]
    {
        if !text.is_empty() {
            all[field] = text.into();
        }
    }
    all
}

/// The variables of one round of expressions: what `variables` has is found out once in a round.
pub struct Seen<'a> {
    request: &'a Request<'a>,
    value: Value,
    object: Value,
    old: Value,
    namespace: Value,
    params: Value,
    authorizer: bool,
    variables: &'a [Expression],
    known: RefCell<BTreeMap<String, Result<Value, Error>>>,
    /// What finding variables out has cost.
    spent: Cell<u64>,
}

/// Nothing more is run.
pub const OUT_OF_BUDGET: &str =
    "validation failed due to running out of cost budget, no further validation rules will be run";

impl<'a> Seen<'a> {
    /// `kind` is the version in which the objects are shown.
    pub fn new(
        request: &'a Request<'a>,
        kind: KindRef,
        params: Option<&Json>,
        variables: &'a [Expression],
    ) -> Seen<'a> {
        let shown = |sent: Option<Sent<'_>>| sent.map_or(Value::Null, |s| to_value(&s.json(kind)));
        Seen {
            value: to_value(&told(request, kind)),
            object: shown(request.new),
            old: shown(request.old),
            namespace: request.surroundings().map_or(Value::Null, |o| to_value(o.json())),
            params: params.map_or(Value::Null, to_value),
            request,
            authorizer: true,
            variables,
            known: RefCell::default(),
            spent: Cell::new(0),
        }
    }

    /// The same for another round.
    pub fn again(&self, authorizer: bool) -> Seen<'a> {
        Seen {
            request: self.request,
            value: self.value.clone(),
            object: self.object.clone(),
            old: self.old.clone(),
            namespace: self.namespace.clone(),
            params: self.params.clone(),
            authorizer,
            variables: self.variables,
            known: RefCell::default(),
            spent: Cell::new(0),
        }
    }

    /// For conditions, which see no namespace and no variables.
    pub fn for_conditions(&self) -> Seen<'a> {
        Seen { namespace: Value::Null, variables: &[], ..self.again(true) }
    }

    /// Runs an expression within what is left of a budget. The outer error ends the round.
    pub fn run(&self, e: &Expression, budget: &mut i64) -> Result<Result<Value, String>, String> {
        let program = match &e.program {
            Ok(program) => program,
            Err(why) => return Ok(Err(format!("compilation error: {why}"))),
        };
        self.spent.set(0);
        let outcome = program.run(self, PER_CALL);
        let cost = i64::try_from(outcome.cost.saturating_add(self.spent.get())).unwrap_or(i64::MAX);
        if cost > *budget {
            return Err(OUT_OF_BUDGET.into());
        }
        *budget -= cost;
        Ok(outcome.value.map_err(|err| format!("expression '{}' resulted in error: {}", e.text, err.text())))
    }

    fn compute(&self, name: &str) -> Result<Value, Error> {
        let quoted = crate::api::go_text::quoted(name);
        let Some(v) = self.variables.iter().rfind(|v| v.name == name) else {
            return Err(Error::new(format!("no such key: {name}")));
        };
        let program = v
            .program
            .as_ref()
            .map_err(|why| Error::new(format!("composited variable {quoted} fails to compile: {why}")))?;
        let outcome = program.run(self, PER_CALL);
        self.spent.set(self.spent.get().saturating_add(outcome.cost));
        outcome.value.map_err(|e| Error::new(format!("composited variable {quoted} fails to evaluate: {}", e.text())))
    }
}

impl Activation for Seen<'_> {
    fn variable(&self, name: &str) -> Option<Result<Value, Error>> {
        let query = |q: Query| Value::opaque(Opaque::Query(q));
        Some(Ok(match name {
            "object" => self.object.clone(),
            "oldObject" => self.old.clone(),
            "params" => self.params.clone(),
            "request" => self.value.clone(),
            "namespaceObject" => self.namespace.clone(),
            "variables" => Value::Variables,
            "authorizer" if self.authorizer => query(Query::Authorizer(None)),
            "authorizer.requestResource" if self.authorizer => {
                let r = self.request;
                query(Query::Resource(Resource {
                    group: r.kind.group().into(),
                    resource: r.kind.plural().into(),
                    subresource: r.part_name().into(),
                    namespace: r.namespace.into(),
                    name: r.name.into(),
                    ..Resource::default()
                }))
            }
            _ => return None,
        }))
    }

    fn named(&self, name: &str) -> Result<Value, Error> {
        if let Some(known) = self.known.borrow().get(name) {
            return known.clone();
        }
        let found = self.compute(name);
        self.known.borrow_mut().insert(name.into(), found.clone());
        found
    }

    fn authorize(&self, question: &Query, verb: &str) -> Decision {
        let (who, wish) = match question {
            Query::Path { who, path } => (who, Attributes { verb, path: Some(path), ..Attributes::default() }),
            Query::Resource(r) => (
                &r.who,
                Attributes {
                    verb,
                    group: &r.group,
                    resource: &r.resource,
                    subresource: &r.subresource,
                    namespace: &r.namespace,
                    name: &r.name,
                    ..Attributes::default()
                },
            ),
            _ => return Decision { error: Some("no question".into()), ..Decision::default() },
        };
        let account = who.as_ref().map(|(namespace, name)| User::service_account(namespace, name));
        let verdict = self.request.api.judge(account.as_ref().unwrap_or(self.request.user), &wish);
        Decision { allowed: verdict.allowed, reason: verdict.reason.into_owned(), error: None }
    }
}
