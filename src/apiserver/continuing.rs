//! Where a limited list goes on: opaque to clients, but the same as Kubernetes makes it.
//! Real Kubernetes: apiserver/pkg/storage/continue.go.

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::{Deserialize, Serialize};

use crate::api::status::Details;
use crate::api::{Object, Status, documents};
use crate::store::{Rev, Scope};

/// As Go reads it, which does not look at bits that are left over.
const READER: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
#[derive(Default)]
pub struct Token {
    v: String,
    rv: i64,
    start: String,
}

const CONTINUE_EXPIRED: &str = "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.";

impl Token {
    /// Goes on behind that object, in the list of this revision.
    pub fn after(rev: Rev, scope: &Scope, o: &Object) -> Token {
        // The place is told from where the list begins.
        let place = match o.namespace() {
            ns if scope.namespace.is_none() && !ns.is_empty() => format!("/{ns}/{}", o.name()),
            _ => format!("/{}", o.name()),
        };
        Token { v: "meta.k8s.io/v1".into(), rv: i64::try_from(rev.0).unwrap_or(i64::MAX), start: format!("{place}\0") }
    }

    /// The revision of the list. There is none in a token that goes on in the list as it is by then.
    pub fn rev(&self) -> Option<Rev> {
        u64::try_from(self.rv).ok().map(Rev)
    }

    /// Namespace and name of the object behind which the list goes on.
    pub fn place(&self, scope: &Scope) -> (String, String) {
        let place = self.start.trim_start_matches('/').trim_end_matches('\0');
        match &scope.namespace {
            Some(ns) => (ns.to_string(), place.into()),
            None => place.split_once('/').map_or((String::new(), place.into()), |(ns, n)| (ns.into(), n.into())),
        }
    }

    /// What is said of a token whose revision is no longer kept: another token, to go on in the list as it is by then.
    pub fn expired(&self) -> Status {
        let continue_token = Token { rv: -1, start: self.start.trim_start_matches('/').into(), ..self.clone() }.text();
        let details = Details { continue_token, ..Details::default() };
        Status { details: Some(Box::new(details)), ..Status::expired(CONTINUE_EXPIRED) }
    }

    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_string(self).unwrap_or_default())
    }

    pub fn parse(text: &str) -> Result<Token, Status> {
        let bad = |why: &str| Status::bad_request(format!("invalid continue token: continue key is not valid: {why}"));
        let bytes = READER.decode(text).map_err(|e| {
            use base64::DecodeError::{InvalidByte, InvalidLastSymbol, InvalidLength, InvalidPadding};
            let at = match e {
                InvalidByte(at, _) | InvalidLastSymbol(at, _) => at,
                InvalidLength(length) => length.saturating_sub(1),
                InvalidPadding => text.len(),
            };
            bad(&format!("illegal base64 data at input byte {at}"))
        })?;
        let text = String::from_utf8_lossy(&bytes);
        let token: Token = serde_json::from_str(&text)
            .map_err(|_| bad(&documents::json_error(&text).unwrap_or_else(|| "unexpected token".into())))?;
        match token.v.as_str() {
            "meta.k8s.io/v1" if token.rv == 0 => {
                Err(bad("incorrect encoded start resourceVersion (version meta.k8s.io/v1)"))
            }
            "meta.k8s.io/v1" if token.start.is_empty() => Err(bad("encoded start key empty (version meta.k8s.io/v1)")),
            "meta.k8s.io/v1" if !is_clean(&token.start) => Err(bad(&token.start)),
            "meta.k8s.io/v1" => Ok(token),
            other => Err(bad(&format!("server does not recognize this encoded version {other}"))),
        }
    }
}

/// Whether a place leads nowhere but down.
fn is_clean(place: &str) -> bool {
    let steps = place.strip_prefix('/').unwrap_or(place);
    steps.is_empty() || steps.split('/').all(|step| !matches!(step, "" | "." | ".."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Resource;
    use crate::api::kinds::ConfigMap;

    fn object(ns: &str, name: &str) -> Object {
        let v = serde_json::json!({"metadata": {"namespace": ns, "name": name}});
        ConfigMap::kind_ref().decode(v).expect("an object")
    }

    proptest::proptest! {
        #[test]
        fn a_token_leads_back_to_its_place(rev in 1u64..1 << 60, ns in "[a-z]{1,5}", name in "[a-z]{1,5}", all: bool) {
            let scope = Scope { kind: ConfigMap::kind_ref(), namespace: (!all).then(|| ns.as_str().into()) };
            let text = Token::after(Rev(rev), &scope, &object(&ns, &name)).text();
            let read = Token::parse(&text).map_err(|s| proptest::test_runner::TestCaseError::fail(s.message))?;
            proptest::prop_assert_eq!((read.rev(), read.place(&scope)), (Some(Rev(rev)), (ns, name)));
        }

        #[test]
        fn any_text_is_a_token_or_is_refused(text in ".{0,40}") {
            let _ = Token::parse(&text);
        }
    }
}
