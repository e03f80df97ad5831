//! Who asks, when, and because of what.

use std::sync::Arc;

use rand::Rng;
use serde_json::Value;
use smallvec::smallvec;
use smol_str::SmolStr;

use super::admission::reinvocation::Reinvocation;
use crate::api::kind::Subresource;
use crate::api::object::Name;
use crate::api::request::{Method, Request};
use crate::api::template_hash::SAFE_ALPHABET;
use crate::api::user::MASTERS;
use crate::api::{Key, KindRef, RecordId, Time, User, names};
use crate::ledger::record::{AdmissionStep, Granted, RequestOutcome, RequestRecord, SERVER};
use crate::ledger::{Ledger, Particulars, What};

/// The stream of chance of a whole cluster: one seed, one run.
pub type Chance = rand_pcg::Pcg64Mcg;

/// The circumstances of a request.
pub struct Caller<'a> {
    pub user: &'a User,
    /// Who acts as that user.
    pub impersonator: Option<Name>,
    /// The component's name in the ledger.
    pub actor: &'static str,
    pub now: Time,
    pub cause: RecordId,
    pub ledger: &'a mut Ledger,
    pub chance: &'a mut Chance,
    pub dry_run: bool,
    /// As whom it owns the fields that it writes.
    pub manager: SmolStr,
    /// Whether somebody looks at who owns what, so that it is worked out at once.
    pub owners_at_once: bool,
    /// The version in which it speaks of the object, if that is not the object's own.
    pub version: Option<KindRef>,
    /// The owners that an apply has worked out.
    pub applied: Option<Arc<Value>>,
    /// What a component applies.
    pub applying: Option<Value>,
    /// Whether it was found to be allowed already.
    pub authorized: bool,
    /// Why it is allowed, once that is known.
    pub granted: Option<Granted>,
    /// Fields that were filled in, if they were counted.
    pub defaulted: Option<usize>,
    /// What the caller should know of a write that was done all the same.
    pub warnings: Vec<String>,
    /// The part of the object that is written, if it is not the whole.
    pub subresource: Option<Subresource>,
    /// What admission puts down about the request: the annotations of the audit log.
    pub annotations: Vec<(String, String)>,
    /// What admission has done so far.
    pub admission: Vec<AdmissionStep>,
    /// What the request says of itself beside the object.
    pub options: Options,
    /// Whether admission looks at the same request once more, and at whose wish.
    pub(super) reinvocation: Reinvocation,
}

/// The options of a write or a deletion, as far as nothing else here has them.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// As whom the client wants to own fields, if it says so.
    pub manager: Option<SmolStr>,
    /// `fieldValidation`, if it says so.
    pub validation: Option<SmolStr>,
    /// What strict decoding found in the bytes of the body.
    pub strict: Vec<String>,
    /// What the body of a deletion says.
    pub deletion: Option<Box<Value>>,
    /// Whether the request names no object, but deletes all that there are.
    pub of_all: bool,
}

impl Options {
    pub fn of(request: &Request) -> Options {
        let text = |key: &str| request.param(key).filter(|t| !t.is_empty()).map(SmolStr::from);
        let body = request.body.as_ref().filter(|b| request.method == Method::Delete && b.is_object());
        Options {
            manager: text("fieldManager"),
            validation: text("fieldValidation"),
            strict: request.strict.clone(),
            deletion: body.map(|b| Box::new(b.clone())),
            of_all: false,
        }
    }
}

impl<'a> Caller<'a> {
    pub fn new(
        user: &'a User,
        actor: &'static str,
        now: Time,
        cause: RecordId,
        ledger: &'a mut Ledger,
        chance: &'a mut Chance,
    ) -> Caller<'a> {
        Caller {
            user,
            impersonator: None,
            actor,
            now,
            cause,
            ledger,
            chance,
            dry_run: false,
            manager: actor.into(),
            owners_at_once: false,
            version: None,
            applied: None,
            applying: None,
            authorized: false,
            granted: user.is_in(MASTERS).then_some(Granted::ToMasters),
            defaulted: None,
            warnings: vec![],
            subresource: None,
            annotations: vec![],
            admission: vec![],
            options: Options::default(),
            reinvocation: Reinvocation::default(),
        }
    }

    /// The same, as a program that calls itself so.
    pub fn with_agent(mut self, agent: &str) -> Caller<'a> {
        self.manager = agent.into();
        self
    }

    /// The same, for a request in another's name.
    pub fn acting_as<'b>(&'b mut self, user: &'b User) -> Caller<'b> {
        let (dry_run, manager) = (self.dry_run, self.manager.clone());
        let owners_at_once = self.owners_at_once;
        let options = self.options.clone();
        Caller {
            impersonator: Some(self.user.name.clone()),
            dry_run,
            manager,
            owners_at_once,
            options,
            ..Caller::new(user, self.actor, self.now, self.cause, self.ledger, self.chance)
        }
    }

    /// Puts something down about the request. What has been put down stays, and what is no proper name is none.
    /// Real Kubernetes: apiserver/pkg/admission/attributes.go AddAnnotation.
    pub fn annotate(&mut self, key: String, text: String) {
        let proper = key.split('/').count() == 2 && names::qualified_name(&key).is_empty();
        if proper && !self.annotations.iter().any(|(k, _)| *k == key) {
            self.annotations.push((key, text));
        }
    }

    /// The API server itself, because of this request.
    pub fn as_the_server<'b>(&'b mut self, server: &'b User) -> Caller<'b> {
        Caller { actor: SERVER, ..self.acting_as(server) }.with_agent(SERVER)
    }

    /// Writes a request and what became of it down. Dry runs leave no trace.
    pub fn record(
        &mut self,
        verb: &'static str,
        key: &Key,
        subresource: Option<&'static str>,
        outcome: RequestOutcome,
    ) -> RecordId {
        if self.dry_run {
            return self.cause;
        }
        let defaulted = self.defaulted.filter(|_| !matches!(outcome, RequestOutcome::Refused(_)));
        let rest = Particulars {
            version: self.version.filter(|v| *v != key.kind && v.stored() == key.kind),
            impersonator: self.impersonator.clone(),
            defaulted,
            annotations: std::mem::take(&mut self.annotations),
            admission: std::mem::take(&mut self.admission),
        };
        let (key, user, granted) = (key.clone(), self.user.name.clone(), self.granted.clone());
        let request = RequestRecord { verb, key, subresource, user, granted, outcome, rest: rest.kept() };
        self.ledger.add(self.now, self.actor, What::Request(Box::new(request)), smallvec![self.cause])
    }
}

/// A new UID, version 4.
pub fn new_uid(chance: &mut Chance) -> String {
    let (a, b) = (chance.next_u64(), chance.next_u64());
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    // Version 4, variant 1, as RFC 9562 wants it.
    let bits = u128::from(a & !0xf000 | 0x4000) << 64 | u128::from(b & !(0b11 << 62) | 0b10 << 62);
    let mut text = [b'-'; 36];
    let places = (0..36).filter(|i| !matches!(i, 8 | 13 | 18 | 23));
    for (digit, place) in places.enumerate() {
        text[place] = DIGITS[(bits >> (124 - 4 * digit) & 0xf) as usize];
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// `n` letters that form no words. Real Kubernetes: `k8s.io/apimachinery/pkg/util/rand.String`.
pub fn suffix(chance: &mut Chance, n: usize) -> String {
    (0..n).map(|_| char::from(SAFE_ALPHABET[below(chance, SAFE_ALPHABET.len() as u64) as usize])).collect()
}

/// A number from 0 to `n` − 1.
pub fn below(chance: &mut Chance, n: u64) -> u64 {
    if n == 0 { 0 } else { ((u128::from(chance.next_u64()) * u128::from(n)) >> 64) as u64 }
}
