//! kubectl certificate approve and deny: somebody's word on a request for a certificate.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/certificates/certificates.go.

use serde_json::{Value, json};

use super::create::say;
use crate::api::request::{Method, Request};
use crate::api::{Reason, Resource, kinds};
use crate::kubectl::args::{DryRun, FILES, OUTPUT, Type};
use crate::kubectl::manifests::{self, Validate};
use crate::kubectl::printers::Format;
use crate::kubectl::resources::{Found, joined, named, object};
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Verb};

const FLAGS: &[&[Flag]] = &[&[Flag::new("force", Type::Bool)], FILES, OUTPUT];

pub static APPROVE: Verb = Verb {
    name: "certificate approve",
    summary: "Approve a certificate signing request",
    flags: FLAGS,
    completes: Completes::Nothing,
    run: |args, env| answer(args, &YES, env),
};

pub static DENY: Verb = Verb {
    name: "certificate deny",
    summary: "Deny a certificate signing request",
    flags: FLAGS,
    completes: Completes::Nothing,
    run: |args, env| answer(args, &NO, env),
};

/// A word on a request.
struct Word {
    condition: &'static str,
    /// What nobody may have said before.
    against: &'static str,
    reason: &'static str,
    message: &'static str,
    said: &'static str,
}

const YES: Word = Word {
    condition: "Approved",
    against: "Denied",
    reason: "KubectlApprove",
    message: "This CSR was approved by kubectl certificate approve.",
    said: "approved",
};

const NO: Word = Word {
    condition: "Denied",
    against: "Approved",
    reason: "KubectlDeny",
    message: "This CSR was denied by kubectl certificate deny.",
    said: "denied",
};

/// Somebody else may write at the same time.
const MOST_TRIES: usize = 11;

fn answer(args: &Args, word: &Word, env: &mut Env<'_>) -> Result<Done, Failure> {
    let format = Format::of(args)?;
    if args.words.is_empty() && !args.names_files() {
        return Err(Failure::error("one or more CSRs must be specified as <name> or -f <filename>"));
    }
    let csr = kinds::CertificateSigningRequest::kind_ref();
    let mut failures = vec![];
    let mut wanted = vec![];
    if args.names_files() {
        let (read, unread) = manifests::split(manifests::read(args, Validate::Ignore, env)?);
        wanted.extend(read.iter().map(|m| (m.kind, m.namespace().to_string(), m.name().to_string())));
        failures.extend(unread);
    }
    for w in &args.words {
        let (kind, name) = env.mapped(|m| named(w, csr, m))?;
        wanted.push((kind, env.namespace.clone(), name));
    }
    let mut said = 0;
    for (kind, namespace, name) in wanted {
        let namespace = if kind.namespaced() { namespace } else { String::new() };
        let done = env.call(&Request::get(object(kind, &namespace, &name))).and_then(|o| {
            if kind != csr {
                return Err(Failure::error(format!(
                    "can only handle CertificateSigningRequest.certificates.k8s.io objects, got {}",
                    if kind.group().is_empty() {
                        kind.name().into()
                    } else {
                        format!("{}.{}", kind.name(), kind.group())
                    }
                )));
            }
            give(&Found::of(kind, o.clone()), word, args.flag("force"), env)?;
            said += 1;
            say(args, &format, kind, &o, word.said, DryRun::None, env)
        });
        failures.extend(done.err());
    }
    if !failures.is_empty() {
        return Err(joined(failures));
    }
    if said == 0 {
        env.line("No resources found");
    }
    Ok(Done::OK)
}

fn give(f: &Found, word: &Word, force: bool, env: &mut Env<'_>) -> Result<(), Failure> {
    let mut tries = 1;
    loop {
        let now = env.now().rfc3339();
        let mut request = (*env.call(&Request::get(f.path()))?).clone();
        if !decide(&mut request, word, &now)? && !force {
            return Ok(());
        }
        let update = Request::new(Method::Put, format!("{}/approval", f.path())).body(request);
        match env.try_call(&update) {
            Err(s) if s.is(Reason::Conflict) && tries < MOST_TRIES => tries += 1,
            answer => return answer.map(|_| ()).map_err(|s| Failure::status(&s)),
        }
    }
}

/// Writes a word into a request. Tells whether it was not there yet.
fn decide(request: &mut Value, word: &Word, now: &str) -> Result<bool, Failure> {
    let given: Vec<&Value> = request["status"]["conditions"].as_array().into_iter().flatten().collect();
    if given.iter().any(|c| c["type"] == word.against) {
        let name = request["metadata"]["name"].as_str().unwrap_or("");
        return Err(Failure::error(format!("certificate signing request {name:?} is already {}", word.against)));
    }
    if given.iter().any(|c| c["type"] == word.condition) {
        return Ok(false);
    }
    let mut conditions: Vec<Value> = given.into_iter().cloned().collect();
    conditions.push(json!({
        "type": word.condition, "status": "True", "reason": word.reason, "message": word.message, "lastUpdateTime": now,
    }));
    request["status"]["conditions"] = conditions.into();
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_given_once_and_not_taken_back() {
        let mut request = json!({"metadata": {"name": "jane"}, "status": {}});
        assert_eq!(decide(&mut request, &YES, "now"), Ok(true));
        assert_eq!(request["status"]["conditions"][0]["reason"], "KubectlApprove");
        assert_eq!(decide(&mut request, &YES, "later"), Ok(false));
        assert_eq!(
            decide(&mut request, &NO, "later").map_err(|f| f.message),
            Err("error: certificate signing request \"jane\" is already Approved".into())
        );
    }
}
