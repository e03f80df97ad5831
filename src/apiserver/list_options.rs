//! What a client asks of a list or a watch, and what it may not ask together.
//! Real Kubernetes: apimachinery/pkg/apis/meta/internalversion/validation, apiserver/pkg/storage/continue.go.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::api::field::{FieldErrors, Path};
use crate::api::request::Request;
use crate::api::status::Details;
use crate::api::{Duration, KindRef, Reason, Status, go_text};
use crate::store::Rev;

use super::read::Filter;

/// How `resourceVersion` is meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Match {
    /// As Kubernetes has always taken it: a list may be newer.
    Unset,
    Exact,
    NotOlderThan,
}

/// The options of a list or watch, checked.
pub struct ListOptions {
    pub filter: Filter,
    /// 0: everything at once.
    pub limit: usize,
    pub token: Option<Token>,
    /// `None`: the newest.
    pub revision: Option<Rev>,
    pub how: Match,
    /// Whether a watch begins with what is there, and says when that is told.
    pub initial_events: Option<bool>,
    pub bookmarks: bool,
    pub timeout: Option<Duration>,
}

impl ListOptions {
    /// Reads and checks the options of a request.
    pub fn of(request: &Request, kind: KindRef, watch: bool) -> Result<ListOptions, Status> {
        let number = |key: &str| match request.param(key) {
            None => Ok(0),
            Some(text) => {
                text.parse::<i64>().map_err(|_| Status::bad_request(go_text::unreadable_int(text).unwrap_or_default()))
            }
        };
        let limit = number("limit")?;
        let timeout = number("timeoutSeconds")?;
        let filter = Filter::of(request, kind)?;
        let yes = |key: &str| request.param(key).map(|t| matches!(t, "1" | "true"));
        let initial_events = yes("sendInitialEvents");
        check(request, watch, initial_events)?;
        let token = request.param("continue").map(Token::parse).transpose()?;
        let revision = match (&token, request.param("resourceVersion")) {
            (Some(_), Some(rv)) if rv != "0" => {
                let why = "specifying resource version is not allowed when using continue";
                return Err(Status::bad_request(why));
            }
            (Some(_), _) => None,
            (None, text) => text.map(parse_revision).transpose()?,
        };
        Ok(ListOptions {
            filter,
            limit: usize::try_from(limit).unwrap_or(0),
            token,
            revision,
            how: match request.param("resourceVersionMatch") {
                Some("Exact") => Match::Exact,
                Some("NotOlderThan") => Match::NotOlderThan,
                _ => Match::Unset,
            },
            initial_events,
            bookmarks: yes("allowWatchBookmarks") == Some(true),
            timeout: u64::try_from(timeout).ok().filter(|t| *t > 0).map(Duration::from_secs),
        })
    }
}

/// Options that contradict one another.
fn check(request: &Request, watch: bool, initial_events: Option<bool>) -> Result<(), Status> {
    let mut errors = FieldErrors::default();
    let at = Path::new("resourceVersionMatch");
    let (how, revision) = (request.param("resourceVersionMatch"), request.param("resourceVersion"));
    match (watch, how) {
        (true, Some(_)) if initial_events.is_none() => {
            errors.forbidden(&at, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
        }
        (true, how) if initial_events.is_some() => {
            if how != Some("NotOlderThan") {
                errors.forbidden(&at, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
            }
            if let Some(how) = how {
                errors.one_of(&at, how, &["NotOlderThan"]);
            }
        }
        (true, _) | (false, None) => {}
        (false, Some(how)) => {
            if revision.is_none() {
                errors.forbidden(&at, "resourceVersionMatch is forbidden unless resourceVersion is provided");
            }
            if request.param("continue").is_some() {
                errors.forbidden(&at, "resourceVersionMatch is forbidden when continue is provided");
            }
            if !matches!(how, "Exact" | "NotOlderThan") {
                errors.not_supported(&at, how, &["Exact", "NotOlderThan", ""]);
            }
            if how == "Exact" && revision == Some("0") {
                errors.forbidden(&at, "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
            }
        }
    }
    if !watch && initial_events.is_some() {
        errors.forbidden(&Path::new("sendInitialEvents"), "sendInitialEvents is forbidden for list");
    }
    if errors.is_empty() { Ok(()) } else { Err(invalid(&errors)) }
}

fn invalid(errors: &FieldErrors) -> Status {
    let texts: Vec<String> = errors.list().iter().map(ToString::to_string).collect();
    let all = if texts.len() == 1 { texts.concat() } else { format!("[{}]", texts.join(", ")) };
    let mut status = Status::new(Reason::Invalid, format!("ListOptions.meta.k8s.io \"\" is invalid: {all}"));
    status.details = Some(Box::new(Details {
        group: "meta.k8s.io".into(),
        kind: "ListOptions".into(),
        causes: errors.list().iter().map(crate::api::field::FieldError::cause).collect(),
        ..Details::default()
    }));
    status
}

pub fn parse_revision(text: &str) -> Result<Rev, Status> {
    let refused =
        |_| Status::bad_request(format!("invalid resource version: {}", unreadable_revision(text).unwrap_or_default()));
    text.parse().map(Rev).map_err(refused)
}

/// Why a text is no revision.
pub fn unreadable_revision(text: &str) -> Option<String> {
    let why = match text.parse::<u64>() {
        _ if text.is_empty() => return None,
        Ok(_) => return None,
        Err(_) if text.bytes().all(|b| b.is_ascii_digit()) => "value out of range",
        Err(_) => "invalid syntax",
    };
    Some(format!("resourceVersion: Invalid value: {text:?}: strconv.ParseUint: parsing {text:?}: {why}"))
}

/// Where a limited list goes on: opaque to clients, but the same as Kubernetes makes it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Token {
    v: String,
    rv: u64,
    start: String,
}

impl Token {
    /// Goes on behind that object, in the list of this revision.
    pub fn after(rev: Rev, namespace: &str, name: &str) -> Token {
        let place = if namespace.is_empty() { name.to_string() } else { format!("{namespace}/{name}") };
        Token { v: "meta.k8s.io/v1".into(), rv: rev.0, start: format!("{place}\0") }
    }

    pub fn rev(&self) -> Rev {
        Rev(self.rv)
    }

    /// The object behind which the list goes on.
    pub fn place(&self) -> (&str, &str) {
        let place = self.start.trim_end_matches('\0');
        place.split_once('/').unwrap_or(("", place))
    }

    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_string(self).unwrap_or_default())
    }

    pub fn parse(text: &str) -> Result<Token, Status> {
        let bad = |why: &str| Status::bad_request(format!("invalid continue token: continue key is not valid: {why}"));
        let bytes = URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).map_err(|_| bad("illegal base64 data"))?;
        let text = String::from_utf8_lossy(&bytes);
        let token: Token = serde_json::from_str(&text)
            .map_err(|_| bad(&crate::api::documents::json_error(&text).unwrap_or_else(|| "unexpected token".into())))?;
        match token.v.as_str() {
            "meta.k8s.io/v1" if token.start.is_empty() => Err(bad("encoded start key is empty")),
            "meta.k8s.io/v1" => Ok(token),
            other => Err(bad(&format!("server does not recognize this encoded version {other}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Resource;
    use crate::api::kinds::ConfigMap;

    fn refused(query: &str, watch: bool) -> String {
        let request =
            query.split('&').filter_map(|p| p.split_once('=')).fold(Request::get(""), |r, (k, v)| r.query(k, v));
        ListOptions::of(&request, ConfigMap::kind_ref(), watch).err().map(|s| s.message).unwrap_or_default()
    }

    /// Each as a real server refuses it.
    #[test]
    fn options_that_contradict_one_another_are_refused() {
        let forbidden = |what: &str| format!("ListOptions.meta.k8s.io \"\" is invalid: {what}");
        for (query, watch, want) in [
            (
                "resourceVersionMatch=Exact",
                false,
                "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided",
            ),
            (
                "resourceVersionMatch=Foo&resourceVersion=1",
                false,
                "resourceVersionMatch: Unsupported value: \"Foo\": supported values: \"Exact\", \"NotOlderThan\", \"\"",
            ),
            (
                "resourceVersionMatch=Exact&resourceVersion=0",
                false,
                "resourceVersionMatch: Forbidden: resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"",
            ),
            ("sendInitialEvents=true", false, "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list"),
            (
                "resourceVersionMatch=NotOlderThan",
                true,
                "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
            ),
            (
                "sendInitialEvents=true",
                true,
                "resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
            ),
            (
                "sendInitialEvents=true&resourceVersionMatch=Exact",
                true,
                "[resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan, resourceVersionMatch: Unsupported value: \"Exact\": supported values: \"NotOlderThan\"]",
            ),
        ] {
            assert_eq!(refused(query, watch), forbidden(want), "{query}");
        }
        assert_eq!(refused("limit=abc", false), "strconv.ParseInt: parsing \"abc\": invalid syntax");
        assert_eq!(
            refused("continue=abc", false),
            "invalid continue token: continue key is not valid: invalid character 'i' looking for beginning of value"
        );
        for good in ["limit=-1", "resourceVersionMatch=Exact&resourceVersion=5", "resourceVersion=0"] {
            assert_eq!(refused(good, false), "", "{good}");
        }
        assert_eq!(refused("sendInitialEvents=true&resourceVersionMatch=NotOlderThan", true), "");
    }

    proptest::proptest! {
        #[test]
        fn a_token_leads_back_to_its_place(rev in 1u64..1 << 60, ns in "[a-z]{0,5}", name in "[a-z]{1,5}") {
            let read = Token::parse(&Token::after(Rev(rev), &ns, &name).text()).map_err(|s| proptest::test_runner::TestCaseError::fail(s.message))?;
            proptest::prop_assert_eq!((read.rev(), read.place()), (Rev(rev), (ns.as_str(), name.as_str())));
        }

        #[test]
        fn any_text_is_a_token_or_is_refused(text in ".{0,40}") {
            let _ = Token::parse(&text);
        }
    }
}
