//! Where a webhook is called: an address or a Service, and whom to trust there.
//! Real Kubernetes: k8s.io/apiserver/pkg/util/webhook/validation.go, k8s.io/client-go/transport (the bundle of certificates).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::api::field::{FieldErrors, Path};
use crate::api::{go_url, names};

/// A Service that is called, whatever kind of webhook names it.
pub struct Service<'a> {
    pub name: &'a str,
    pub namespace: &'a str,
    pub path: Option<&'a str>,
    pub port: i32,
}

/// Exactly one of both says where to call.
pub fn validate(url: Option<&str>, service: Option<Service<'_>>, at: &Path<'_>, errors: &mut FieldErrors) {
    match (url, service) {
        (Some(url), None) => validate_url(url, &at.child("url"), errors),
        (None, Some(service)) => validate_service(&service, &at.child("service"), errors),
        _ => errors.required(at, "exactly one of url or service is required"),
    }
}

fn validate_url(text: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    const FORM: &str = "; desired format: https://host[/path]";
    let url = match go_url::parse(text) {
        Ok(url) => url,
        Err(why) => return errors.required(at, format!("url must be a valid URL: {why}{FORM}")),
    };
    if url.scheme != "https" {
        errors.invalid(at, url.scheme.as_str(), format!("'https' is the only allowed URL scheme{FORM}"));
    }
    if url.host.is_empty() {
        errors.invalid(at, "", format!("host must be specified{FORM}"));
    }
    if let Some(user) = url.user {
        errors.invalid(at, user, "user information is not permitted in the URL");
    }
    for (part, why) in [
        (url.fragment, "fragments are not permitted in the URL"),
        (url.query, "query parameters are not permitted in the URL"),
    ] {
        if !part.is_empty() {
            errors.invalid(at, part, why);
        }
    }
}

fn validate_service(service: &Service<'_>, at: &Path<'_>, errors: &mut FieldErrors) {
    // Real Kubernetes takes the name for the namespace here, and the namespace for the name.
    if service.namespace.is_empty() {
        errors.required(&at.child("name"), "");
    }
    if service.name.is_empty() {
        errors.required(&at.child("namespace"), "");
    }
    if !(1..=65_535).contains(&service.port) {
        let why = "port is not valid: must be between 1 and 65535, inclusive";
        errors.invalid(&at.child("port"), service.port, why);
    }
    let Some(path) = service.path.filter(|p| !p.is_empty() && *p != "/") else { return };
    let at = at.child("path");
    if path == "//" {
        return errors.invalid(&at, path, "segment[0] may not be empty");
    }
    if !path.starts_with('/') {
        errors.invalid(&at, path, "must start with a '/'");
    }
    // The first sign is left out even where it is no slash.
    let steps = path.get(path.chars().next().map_or(0, char::len_utf8)..).unwrap_or("");
    for (i, step) in steps.strip_suffix('/').unwrap_or(steps).split('/').enumerate() {
        if step.is_empty() {
            errors.invalid(&at, path, format!("segment[{i}] may not be empty"));
            continue;
        }
        for why in names::dns1123_subdomain(step, false) {
            errors.invalid(&at, path, format!("segment[{i}]: {why}"));
        }
    }
}

pub fn validate_ca(bundle: &[u8], at: &Path<'_>, errors: &mut FieldErrors) {
    if let Some(why) = ca_refusal(bundle) {
        errors.invalid(at, STANDARD.encode(bundle), why);
    }
}

/// Why nothing in a bundle can be trusted; `None` if something can.
pub fn ca_refusal(bundle: &[u8]) -> Option<String> {
    const BEGIN: &str = "-----BEGIN ";
    let text = String::from_utf8_lossy(bundle);
    let mut rest: &str = &text;
    let mut first = None;
    while !rest.is_empty() {
        let block = rest.find(BEGIN).and_then(|start| {
            let (label, body) = rest[start + BEGIN.len()..].split_once("-----")?;
            let (body, after) = body.split_once(&format!("-----END {label}-----"))?;
            let plain: String = body.split_whitespace().collect();
            Some((label, STANDARD.decode(plain).ok()?, after.trim_start()))
        });
        let Some((label, der, after)) = block else {
            first.get_or_insert("unable to parse bytes as PEM block");
            break;
        };
        rest = after;
        // A certificate is a sequence; nothing here reads what stands in it.
        match (label, der.as_slice()) {
            ("CERTIFICATE", [0x30, ..]) => return None,
            ("CERTIFICATE", _) => {
                first.get_or_insert("failed to parse certificate: x509: malformed certificate");
            }
            _ => {}
        }
    }
    Some(format!("unable to load root certificates: {}", first.unwrap_or("no valid certificate authority data seen")))
}
