//! `Status`: how the API server says no. Reasons, codes and messages are Kubernetes' own.
//!
//! Real Kubernetes: `k8s.io/apimachinery/pkg/api/errors`.

use serde_json::{Value, json};

use super::field::{self, FieldError};
use super::kind::KindRef;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reason {
    Unknown,
    NotFound,
    AlreadyExists,
    Conflict,
    Invalid,
    BadRequest,
    Forbidden,
    MethodNotAllowed,
    NotAcceptable,
    RequestEntityTooLarge,
    Unauthorized,
    UnsupportedMediaType,
    Expired,
    InternalError,
    ServiceUnavailable,
    TooManyRequests,
    Timeout,
    /// No server said it: whoever asked could not even connect.
    Unreachable,
}

impl Reason {
    const ALL: [Reason; 17] = [
        Reason::Unknown,
        Reason::NotFound,
        Reason::AlreadyExists,
        Reason::Conflict,
        Reason::Invalid,
        Reason::BadRequest,
        Reason::Forbidden,
        Reason::MethodNotAllowed,
        Reason::NotAcceptable,
        Reason::RequestEntityTooLarge,
        Reason::Unauthorized,
        Reason::UnsupportedMediaType,
        Reason::Expired,
        Reason::InternalError,
        Reason::ServiceUnavailable,
        Reason::TooManyRequests,
        Reason::Timeout,
    ];

    /// The reason of that name; any other is unknown.
    pub fn parse(name: &str) -> Reason {
        Reason::ALL.into_iter().find(|r| r.name() == name).unwrap_or(Reason::Unknown)
    }

    pub fn name(self) -> &'static str {
        match self {
            Reason::Unknown => "",
            Reason::NotFound => "NotFound",
            Reason::AlreadyExists => "AlreadyExists",
            Reason::Conflict => "Conflict",
            Reason::Invalid => "Invalid",
            Reason::BadRequest => "BadRequest",
            Reason::Forbidden => "Forbidden",
            Reason::MethodNotAllowed => "MethodNotAllowed",
            Reason::NotAcceptable => "NotAcceptable",
            Reason::RequestEntityTooLarge => "RequestEntityTooLarge",
            Reason::Unauthorized => "Unauthorized",
            Reason::UnsupportedMediaType => "UnsupportedMediaType",
            Reason::Expired => "Expired",
            Reason::InternalError => "InternalError",
            Reason::ServiceUnavailable => "ServiceUnavailable",
            Reason::TooManyRequests => "TooManyRequests",
            Reason::Timeout => "Timeout",
            Reason::Unreachable => "",
        }
    }
    pub fn code(self) -> u16 {
        match self {
            Reason::Unknown | Reason::InternalError => 500,
            Reason::NotFound => 404,
            Reason::AlreadyExists | Reason::Conflict => 409,
            Reason::Invalid => 422,
            Reason::BadRequest => 400,
            Reason::Forbidden => 403,
            Reason::MethodNotAllowed => 405,
            Reason::NotAcceptable => 406,
            Reason::RequestEntityTooLarge => 413,
            Reason::Unauthorized => 401,
            Reason::UnsupportedMediaType => 415,
            Reason::Expired => 410,
            Reason::ServiceUnavailable => 503,
            Reason::TooManyRequests => 429,
            Reason::Timeout => 504,
            Reason::Unreachable => 0,
        }
    }
}

/// The cause of a refusal that says that the namespace goes away.
pub const NAMESPACE_ENDS: &str = "NamespaceTerminating";

/// One reason more: which field, and what is wrong with it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cause {
    pub reason: String,
    pub message: String,
    pub field: String,
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Details {
    pub name: String,
    pub group: String,
    pub kind: String,
    /// Only others than the server itself say it.
    pub uid: String,
    pub causes: Vec<Cause>,
    pub retry_after_seconds: u32,
    /// How to go on with a list whose revision is gone.
    pub continue_token: String,
}

/// A failed request. Boxed parts keep `Result<T, Status>` small.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Status {
    pub reason: Reason,
    pub message: String,
    pub details: Option<Box<Details>>,
    /// What whoever asked should know besides.
    pub warnings: Vec<String>,
    /// A code, and a word for the reason, that do not follow from the reason.
    pub own: Option<Box<OwnWords>>,
}

/// What was asked for with an object that may be gone meanwhile, which is as good.
///
/// # Errors
/// It failed for another reason.
pub fn unless_gone<T>(done: Result<T, Status>) -> Result<Option<T>, Status> {
    match done {
        Ok(done) => Ok(Some(done)),
        Err(e) if e.is(Reason::NotFound) => Ok(None),
        Err(e) => Err(e),
    }
}

/// What a webhook or a policy answers in its own words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OwnWords {
    pub code: u16,
    /// As whoever refuses calls it; it may be empty.
    pub reason: String,
}

impl Status {
    pub fn new(reason: Reason, message: impl Into<String>) -> Status {
        Status { reason, message: message.into(), details: None, warnings: vec![], own: None }
    }

    pub fn about(reason: Reason, kind: KindRef, name: &str, message: String) -> Status {
        let details =
            Details { name: name.into(), group: kind.group().into(), kind: kind.plural().into(), ..Details::default() };
        Status { reason, message, details: Some(Box::new(details)), warnings: vec![], own: None }
    }

    /// Several failures as one, as Go's aggregates tell them: each message once, in brackets if there are more.
    pub fn joined(failures: Vec<Status>) -> Option<Status> {
        let mut messages: Vec<&str> = vec![];
        for e in &failures {
            if !messages.contains(&e.message.as_str()) {
                messages.push(&e.message);
            }
        }
        let message = match messages.as_slice() {
            [one] => (*one).to_string(),
            all => format!("[{}]", all.join(", ")),
        };
        failures.into_iter().next().map(|first| Status { message, ..first })
    }

    pub fn not_found(kind: KindRef, name: &str) -> Status {
        Status::about(Reason::NotFound, kind, name, format!("{} {name:?} not found", kind.group_resource()))
    }

    /// A path that no handler serves.
    pub fn no_such_path() -> Status {
        Status::new(Reason::NotFound, "the server could not find the requested resource")
    }

    /// The same among the kinds that are built in, where the server has words for it.
    pub fn no_such_resource() -> Status {
        Status { details: Some(Box::default()), ..Status::no_such_path() }
    }

    pub fn already_exists(kind: KindRef, name: &str) -> Status {
        Status::about(Reason::AlreadyExists, kind, name, format!("{} {name:?} already exists", kind.group_resource()))
    }

    pub fn conflict(kind: KindRef, name: &str, why: &str) -> Status {
        let message = format!("Operation cannot be fulfilled on {} {name:?}: {why}", kind.group_resource());
        Status::about(Reason::Conflict, kind, name, message)
    }

    /// Somebody else wrote the object since the caller read it.
    pub fn modified(kind: KindRef, name: &str) -> Status {
        Status::conflict(
            kind,
            name,
            "the object has been modified; please apply your changes to the latest version and try again",
        )
    }

    pub fn forbidden(kind: KindRef, name: &str, why: &str) -> Status {
        let message = match name {
            "" => format!("{} is forbidden: {why}", kind.group_resource()),
            _ => format!("{} {name:?} is forbidden: {why}", kind.group_resource()),
        };
        Status::about(Reason::Forbidden, kind, name, message)
    }

    pub fn bad_request(message: impl Into<String>) -> Status {
        Status::new(Reason::BadRequest, message)
    }

    pub fn method_not_allowed() -> Status {
        let why = "the server does not allow this method on the requested resource";
        Status { details: Some(Box::default()), ..Status::new(Reason::MethodNotAllowed, why) }
    }

    /// Objects of the kind cannot be watched.
    pub fn not_watched(kind: KindRef) -> Status {
        let details = Details { group: kind.group().into(), kind: kind.plural().into(), ..Details::default() };
        let why = format!("watch is not supported on resources of kind {:?}", kind.group_resource());
        Status { details: Some(Box::new(details)), ..Status::new(Reason::MethodNotAllowed, why) }
    }

    pub fn expired(message: impl Into<String>) -> Status {
        Status::new(Reason::Expired, message)
    }

    /// The object breaks rules of its kind: every broken one is listed.
    pub fn invalid(kind: KindRef, name: &str, errors: &[FieldError]) -> Status {
        Status::invalid_as(kind.name(), kind.group(), name, errors)
    }

    /// The same before the kind's own rules are asked, when the object is spoken of by its resource: `pods "web"`.
    pub fn invalid_resource(kind: KindRef, name: &str, errors: &[FieldError]) -> Status {
        Status::invalid_as(kind.plural(), kind.group(), name, errors)
    }

    /// The same for something that is no kind of its own.
    pub fn invalid_as(what: &str, group: &str, name: &str, errors: &[FieldError]) -> Status {
        let list = field::aggregate(errors);
        let group_kind = if group.is_empty() { what.to_string() } else { format!("{what}.{group}") };
        let details = Details {
            name: name.into(),
            group: group.into(),
            kind: what.into(),
            causes: errors.iter().map(FieldError::cause).collect(),
            ..Details::default()
        };
        Status {
            reason: Reason::Invalid,
            message: format!("{group_kind} {name:?} is invalid: {list}"),
            details: Some(Box::new(details)),
            warnings: vec![],
            own: None,
        }
    }

    /// The server could not do what it should.
    pub fn internal(why: &str) -> Status {
        let cause = Cause { reason: String::new(), message: why.into(), field: String::new() };
        Status {
            reason: Reason::InternalError,
            message: format!("Internal error occurred: {why}"),
            details: Some(Box::new(Details { causes: vec![cause], ..Details::default() })),
            warnings: vec![],
            own: None,
        }
    }

    /// What a client makes of an error that the server tells as a plain text.
    /// Real Kubernetes: apimachinery/pkg/api/errors NewGenericServerResponse.
    pub fn plain_error(text: &str) -> Status {
        let cause = Cause { reason: "UnexpectedServerResponse".into(), message: text.into(), field: String::new() };
        Status {
            reason: Reason::InternalError,
            message: format!(
                "an error on the server ({}) has prevented the request from succeeding",
                super::go_text::quoted(text)
            ),
            details: Some(Box::new(Details { causes: vec![cause], ..Details::default() })),
            warnings: vec![],
            own: None,
        }
    }

    /// What a client makes of an answer that is no `Status`, by its code and what it says.
    /// Real Kubernetes: as [`Status::plain_error`].
    pub fn of_response(code: u16, said: &str) -> Status {
        let (reason, message) = match code {
            400 => (Reason::BadRequest, "the server rejected our request for an unknown reason"),
            401 => (Reason::Unauthorized, "the server has asked for the client to provide credentials"),
            403 => (Reason::Forbidden, said),
            404 => (Reason::NotFound, "the server could not find the requested resource"),
            405 => (Reason::MethodNotAllowed, "the server does not allow this method on the requested resource"),
            406 => (Reason::NotAcceptable, said),
            409 => (Reason::Conflict, "the server reported a conflict"),
            415 => (Reason::UnsupportedMediaType, said),
            422 => (Reason::Invalid, "the server rejected our request due to an error in our request"),
            429 => (
                Reason::TooManyRequests,
                "the server has received too many requests and has asked us to try again later",
            ),
            503 => (Reason::ServiceUnavailable, "the server is currently unable to handle the request"),
            504 => (
                Reason::Timeout,
                "the server was unable to return a response in the time allotted, but may still be processing the request",
            ),
            code if code >= 500 => return Status::plain_error(said),
            code => {
                let why =
                    format!("the server responded with the status code {code} but did not return more information");
                return Status::new(Reason::Unknown, why);
            }
        };
        Status::new(reason, message)
    }

    /// Nobody listens at that address: `198.51.100.2:6443`. No server says this, but the client's own machine.
    pub fn refused(address: &str) -> Status {
        let details = Details { name: address.into(), ..Details::default() };
        let why = format!("dial tcp {address}: connect: connection refused");
        Status { details: Some(Box::new(details)), ..Status::new(Reason::Unreachable, why) }
    }

    /// The machine at that address has no power, and nobody beside it knows of it.
    pub fn no_route(address: &str) -> Status {
        let refused = Status::refused(address);
        Status { message: format!("dial tcp {address}: connect: no route to host"), ..refused }
    }

    /// Nothing that is sent there arrives.
    pub fn timed_out(address: &str) -> Status {
        Status { message: format!("dial tcp {address}: i/o timeout"), ..Status::refused(address) }
    }

    /// The address that could not be reached, if that is what went wrong.
    pub fn unreachable(&self) -> Option<&str> {
        self.details.as_ref().filter(|_| self.is(Reason::Unreachable)).map(|d| d.name.as_str())
    }

    /// The same with a code and a reason that do not follow from it.
    pub fn in_own_words(self, code: u16, reason: &str) -> Status {
        Status { own: Some(Box::new(OwnWords { code, reason: reason.into() })), ..self }
    }

    pub fn code(&self) -> u16 {
        self.own.as_ref().map_or(self.reason.code(), |own| own.code)
    }

    /// The reason's name; empty if it has none.
    pub fn reason_name(&self) -> &str {
        self.own.as_ref().map_or(self.reason.name(), |own| &own.reason)
    }

    pub fn is(&self, reason: Reason) -> bool {
        self.reason == reason
    }

    /// Whether something was refused because its namespace goes away with all that is in it.
    pub fn namespace_ends(&self) -> bool {
        self.details.as_ref().is_some_and(|d| d.causes.iter().any(|c| c.reason == NAMESPACE_ENDS))
    }

    pub fn to_json(&self) -> Value {
        let mut v = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "code": self.code(),
        });
        if !self.reason_name().is_empty() {
            v["reason"] = self.reason_name().into();
        }
        if let Some(token) = self.details.as_ref().map(|d| &d.continue_token).filter(|t| !t.is_empty()) {
            v["metadata"]["continue"] = token.as_str().into();
        } else if let Some(d) = &self.details {
            let mut details = serde_json::Map::new();
            for (k, s) in [("name", &d.name), ("group", &d.group), ("kind", &d.kind), ("uid", &d.uid)] {
                if !s.is_empty() {
                    details.insert(k.into(), Value::from(s.as_str()));
                }
            }
            if !d.causes.is_empty() {
                let causes: Vec<Value> = d
                    .causes
                    .iter()
                    .map(|c| {
                        let texts = [("reason", &c.reason), ("message", &c.message), ("field", &c.field)];
                        let said = texts.into_iter().filter(|(_, text)| !text.is_empty());
                        said.map(|(key, text)| (key.to_string(), Value::from(text.as_str()))).collect()
                    })
                    .collect();
                details.insert("causes".into(), causes.into());
            }
            if d.retry_after_seconds > 0 {
                details.insert("retryAfterSeconds".into(), d.retry_after_seconds.into());
            }
            v["details"] = Value::Object(details);
        }
        v
    }
}
