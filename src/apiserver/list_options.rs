//! What a client asks of a list or a watch, and what it may not ask together.
//! Real Kubernetes: apimachinery/pkg/apis/meta/internalversion/validation, apiserver/pkg/registry/generic/registry/store.go.

use crate::api::field::{FieldErrors, Path};
use crate::api::request::Request;
use crate::api::status::Details;
use crate::api::{Duration, KindRef, Reason, Status, go_text};
use crate::store::Rev;

use super::continuing::Token;
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

/// What the options are of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Asking {
    List,
    Watch,
    /// A watch that says so in its path alone: its options are judged as those of a list.
    OldWatch,
}

impl ListOptions {
    /// Reads and checks the options of a request.
    pub fn of(request: &Request, kind: KindRef, asking: Asking) -> Result<ListOptions, Status> {
        let watch = asking == Asking::Watch;
        let number = |key: &str| match request.given(key) {
            None => Ok(0),
            Some(text) => {
                text.parse::<i64>().map_err(|_| Status::bad_request(go_text::unreadable_int(text).unwrap_or_default()))
            }
        };
        let limit = number("limit")?;
        let timeout = number("timeoutSeconds")?;
        let filter = Filter::of(request, kind)?;
        let yes = |key: &str| request.param(key).map(|t| matches!(t, "1" | "true"));
        let mut initial_events = yes("sendInitialEvents");
        let mut how = request.param("resourceVersionMatch");
        let from_now = matches!(request.param("resourceVersion"), None | Some("0"));
        // Who watches from nowhere in particular is told first what is there.
        if watch && initial_events.is_none() && how.is_none() && from_now {
            (initial_events, how) = (Some(true), Some("NotOlderThan"));
        }
        check(request, watch, how, initial_events)?;
        // A watch goes on nowhere.
        let token = request.param("continue").filter(|_| !watch).map(Token::parse).transpose()?;
        let unreadable = |s: Status| Status::bad_request(format!("invalid resource version: {}", s.message));
        let revision = match (&token, request.param("resourceVersion")) {
            (_, Some(text)) if asking != Asking::List => Some(parse_revision(text)?),
            (Some(_), Some(rv)) if rv != "0" => {
                let why = "specifying resource version is not allowed when using continue";
                return Err(Status::bad_request(why));
            }
            (Some(_), _) => None,
            (None, text) => text.map(parse_revision).transpose().map_err(unreadable)?,
        };
        Ok(ListOptions {
            filter,
            // What is at hand at any rate is shown whole.
            limit: if request.param("resourceVersion") == Some("0") { 0 } else { usize::try_from(limit).unwrap_or(0) },
            token,
            revision,
            how: match how {
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
fn check(request: &Request, watch: bool, how: Option<&str>, initial_events: Option<bool>) -> Result<(), Status> {
    let mut errors = FieldErrors::default();
    let at = Path::new("resourceVersionMatch");
    let continues = request.param("continue").is_some();
    const NOT_WITH_CONTINUE: &str = "resourceVersionMatch is forbidden when continue is provided";
    if watch && initial_events.is_some() && how != Some("NotOlderThan") {
        errors.forbidden(&at, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
    }
    match (how, request.param("resourceVersion")) {
        (None, _) => {}
        (Some(how), _) if watch => {
            if initial_events.is_none() {
                errors
                    .forbidden(&at, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
            }
            errors.one_of(&at, how, &["NotOlderThan"]);
            if continues {
                errors.forbidden(&at, NOT_WITH_CONTINUE);
            }
        }
        (Some(how), revision) => {
            if revision.is_none() {
                errors.forbidden(&at, "resourceVersionMatch is forbidden unless resourceVersion is provided");
            }
            if continues {
                errors.forbidden(&at, NOT_WITH_CONTINUE);
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
    text.parse().map(Rev).map_err(|_| {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let why = if digits { "value out of range" } else { "invalid syntax" };
        let why = format!("strconv.ParseUint: parsing {text:?}: {why}");
        Status::new(Reason::Unknown, format!("resourceVersion: Invalid value: {text:?}: {why}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Resource;
    use crate::api::kinds::ConfigMap;

    fn refused(query: &str, watch: bool) -> String {
        let request =
            query.split('&').filter_map(|p| p.split_once('=')).fold(Request::get(""), |r, (k, v)| r.query(k, v));
        ListOptions::of(&request, ConfigMap::kind_ref(), if watch { Asking::Watch } else { Asking::List })
            .err()
            .map(|s| s.message)
            .unwrap_or_default()
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
}
