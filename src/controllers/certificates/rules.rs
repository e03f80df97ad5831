//! Which requests a signer takes, and what a certificate may be used for.
//! Real Kubernetes: pkg/apis/certificates/helpers.go, pkg/controller/certificates/signer/signer.go, authority/policies.go.

use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::der::flagset::FlagSet;
use x509_cert::ext::pkix::KeyUsages;

use crate::api::kinds::certificatesigningrequest::Wish;

pub const CLIENT: &str = "kubernetes.io/kube-apiserver-client";
pub const KUBELET_CLIENT: &str = "kubernetes.io/kube-apiserver-client-kubelet";
pub const KUBELET_SERVING: &str = "kubernetes.io/kubelet-serving";
pub const LEGACY: &str = "kubernetes.io/legacy-unknown";

/// What a request must be like for its signer: `None` if nobody here signs for that name.
pub fn judge(signer: &str, wish: &Wish, usages: &[String]) -> Option<Result<(), String>> {
    Some(match signer {
        CLIENT => client_usages(usages),
        KUBELET_CLIENT => kubelet_client(wish, usages),
        KUBELET_SERVING => kubelet_serving(wish, usages),
        LEGACY => Ok(()),
        _ => return None,
    })
}

fn client_usages(usages: &[String]) -> Result<(), String> {
    let odd = usages.iter().find(|u| !["digital signature", "key encipherment", "client auth"].contains(&u.as_str()));
    match odd {
        Some(u) => Err(format!("invalid usage for client certificate: {u}")),
        None if usages.iter().any(|u| u == "client auth") => Ok(()),
        None => Err("missing required usage for client certificate: client auth".into()),
    }
}

/// Exactly these; that for encrypting keys only a key of RSA has a use for.
fn usages_are(usages: &[String], use_of: &str) -> Result<(), String> {
    let mut given: Vec<&str> = usages.iter().map(String::as_str).collect();
    given.sort_unstable();
    given.dedup();
    let mut wanted = [use_of, "digital signature", "key encipherment"];
    wanted.sort_unstable();
    given.retain(|u| *u != "key encipherment");
    if given.len() == 2 && given.iter().all(|u| wanted.contains(u)) {
        return Ok(());
    }
    Err(format!("usages did not match [{}]", wanted.join(" ")))
}

fn of_a_node(wish: &Wish) -> Result<(), String> {
    let begins = wish.common_name.last().is_some_and(|n| n.starts_with("system:node:"));
    begins.then_some(()).ok_or("subject common name does not begin with system:node:".into())
}

fn of_the_nodes(wish: &Wish) -> Result<(), String> {
    (wish.organization == ["system:nodes"]).then_some(()).ok_or("subject organization is not system:nodes".into())
}

fn none_of(names: &[(&str, usize)]) -> Result<(), String> {
    match names.iter().find(|(_, n)| *n > 0) {
        Some((what, _)) => Err(format!("{what} subjectAltNames are not allowed")),
        None => Ok(()),
    }
}

pub fn kubelet_client(wish: &Wish, usages: &[String]) -> Result<(), String> {
    of_the_nodes(wish)?;
    let (names, mails) = (("DNS", wish.dns_names.len()), ("Email", wish.emails.len()));
    none_of(&[names, mails, ("IP", wish.addresses.len()), ("URI", wish.uris.len())])?;
    of_a_node(wish)?;
    usages_are(usages, "client auth")
}

fn kubelet_serving(wish: &Wish, usages: &[String]) -> Result<(), String> {
    of_the_nodes(wish)?;
    if wish.dns_names.is_empty() && wish.addresses.is_empty() {
        return Err("DNS or IP subjectAltName is required".into());
    }
    none_of(&[("Email", wish.emails.len()), ("URI", wish.uris.len())])?;
    usages_are(usages, "server auth")?;
    of_a_node(wish)
}

fn key_usage(name: &str) -> Option<KeyUsages> {
    Some(match name {
        "signing" | "digital signature" => KeyUsages::DigitalSignature,
        "content commitment" => KeyUsages::NonRepudiation,
        "key encipherment" => KeyUsages::KeyEncipherment,
        "key agreement" => KeyUsages::KeyAgreement,
        "data encipherment" => KeyUsages::DataEncipherment,
        "cert sign" => KeyUsages::KeyCertSign,
        "crl sign" => KeyUsages::CRLSign,
        "encipher only" => KeyUsages::EncipherOnly,
        "decipher only" => KeyUsages::DecipherOnly,
        _ => return None,
    })
}

/// With the place at which Go's crypto/x509 lists it.
fn extended(name: &str) -> Option<(u8, ObjectIdentifier)> {
    let (place, oid) = match name {
        "any" => (0, "2.5.29.37.0"),
        "server auth" => (1, "1.3.6.1.5.5.7.3.1"),
        "client auth" => (2, "1.3.6.1.5.5.7.3.2"),
        "code signing" => (3, "1.3.6.1.5.5.7.3.3"),
        "email protection" | "s/mime" => (4, "1.3.6.1.5.5.7.3.4"),
        "ipsec end system" => (5, "1.3.6.1.5.5.7.3.5"),
        "ipsec tunnel" => (6, "1.3.6.1.5.5.7.3.6"),
        "ipsec user" => (7, "1.3.6.1.5.5.7.3.7"),
        "timestamping" => (8, "1.3.6.1.5.5.7.3.8"),
        "ocsp signing" => (9, "1.3.6.1.5.5.7.3.9"),
        "microsoft sgc" => (10, "1.3.6.1.4.1.311.10.3.3"),
        "netscape sgc" => (11, "2.16.840.1.113730.4.1"),
        _ => return None,
    };
    Some((place, ObjectIdentifier::new(oid).ok()?))
}

/// What the usages are in a certificate.
pub fn usages(names: &[String]) -> Result<(FlagSet<KeyUsages>, Vec<ObjectIdentifier>), String> {
    let (mut flags, mut more, mut odd) = (FlagSet::default(), vec![], vec![]);
    for name in names {
        match (key_usage(name), extended(name)) {
            (Some(u), _) => flags |= u,
            (None, Some(e)) => more.push(e),
            (None, None) => odd.push(format!("{name:?}")),
        }
    }
    if !odd.is_empty() {
        return Err(format!("unrecognized usage values: [{}]", odd.join(" ")));
    }
    more.sort_unstable();
    more.dedup();
    Ok((flags, more.into_iter().map(|(_, oid)| oid).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(words: &[&str]) -> Vec<String> {
        words.iter().map(ToString::to_string).collect()
    }

    fn node() -> Wish {
        Wish { common_name: strings(&["system:node:a"]), organization: strings(&["system:nodes"]), ..Wish::default() }
    }

    #[test]
    fn a_client_is_signed_for_client_auth_alone() {
        let judged = |u: &[&str]| judge(CLIENT, &Wish::default(), &strings(u)).unwrap();
        assert_eq!(judged(&["client auth", "digital signature", "key encipherment"]), Ok(()));
        assert_eq!(
            judged(&["client auth", "server auth"]).unwrap_err(),
            "invalid usage for client certificate: server auth"
        );
        let missing = "missing required usage for client certificate: client auth";
        assert_eq!(judged(&["digital signature"]).unwrap_err(), missing);
        assert!(judge("example.com/mine", &Wish::default(), &[]).is_none());
    }

    #[test]
    fn a_kubelet_asks_in_the_name_of_a_node_and_for_its_use_alone() {
        let usages = strings(&["client auth", "digital signature"]);
        assert_eq!(kubelet_client(&node(), &usages), Ok(()));
        let other = Wish { organization: strings(&["dev"]), ..node() };
        assert_eq!(kubelet_client(&other, &usages).unwrap_err(), "subject organization is not system:nodes");
        let named = Wish { dns_names: strings(&["a.b"]), ..node() };
        assert_eq!(kubelet_client(&named, &usages).unwrap_err(), "DNS subjectAltNames are not allowed");
        let text = "usages did not match [client auth digital signature key encipherment]";
        assert_eq!(kubelet_client(&node(), &strings(&["client auth"])).unwrap_err(), text);
        let serving = strings(&["server auth", "digital signature", "key encipherment"]);
        assert_eq!(kubelet_serving(&node(), &serving).unwrap_err(), "DNS or IP subjectAltName is required");
        assert_eq!(kubelet_serving(&named, &serving), Ok(()));
    }

    #[test]
    fn usages_become_flags_and_names() {
        let (flags, more) = usages(&strings(&["client auth", "server auth", "digital signature", "signing"])).unwrap();
        assert_eq!(flags, FlagSet::from(KeyUsages::DigitalSignature));
        assert_eq!(
            more.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]
        );
        assert_eq!(usages(&strings(&["x", "y"])).unwrap_err(), "unrecognized usage values: [\"x\" \"y\"]");
    }
}
