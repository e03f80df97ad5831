use super::*;

/// Made by openssl, with a key of RSA: subject `CN=jane, O=dev`.
const REQUEST: &[u8] = include_bytes!("../../../tests/data/certificates/jane.csr");
const KEY: &[u8] = include_bytes!("../../../tests/data/certificates/jane.key");

fn authority(seed: u64) -> Authority {
    Authority::named("kubernetes", seed, Time::ZERO).unwrap()
}

fn request() -> Vec<u8> {
    super::super::pem::blocks(REQUEST)[0].bytes.clone()
}

fn terms(extended: &str) -> Terms {
    let key_usage = KeyUsages::DigitalSignature.into();
    let extended = vec![ObjectIdentifier::new(extended).unwrap()];
    Terms { not_before: Time::ZERO, not_after: Time::ZERO + ONE_YEAR, key_usage, extended }
}

#[test]
fn whoever_brings_a_certificate_of_the_authority_is_whom_it_names() {
    let a = authority(1);
    let c = a.sign(&request(), &terms("1.3.6.1.5.5.7.3.2")).unwrap();
    let user = a.user(c.as_bytes(), Time::ZERO).unwrap();
    assert_eq!((&*user.name, user.is_in("dev"), user.is_in("system:authenticated")), ("jane", true, true));
    assert!(user.extra["authentication.kubernetes.io/credential-id"][0].starts_with("X509SHA256="));
    assert_eq!(belong_together(c.as_bytes(), KEY), Ok(()));
    assert_eq!(end_of(c.as_bytes()), Ok(Time::ZERO + ONE_YEAR));
    // The same request at the same time is signed alike.
    assert_eq!(a.sign(&request(), &terms("1.3.6.1.5.5.7.3.2")).unwrap(), c);
}

#[test]
fn a_certificate_of_others_or_of_another_time_or_for_another_use_is_not_believed() {
    let (a, other) = (authority(1), authority(2));
    let c = a.sign(&request(), &terms("1.3.6.1.5.5.7.3.2")).unwrap();
    let unknown = "x509: certificate signed by unknown authority";
    assert_eq!(other.user(c.as_bytes(), Time::ZERO).unwrap_err(), unknown);
    let late = Time::ZERO + 2 * ONE_YEAR;
    let told = a.user(c.as_bytes(), late).unwrap_err();
    assert!(
        told.contains("has expired or is not yet valid") && told.ends_with("is after 2027-01-01T00:00:00Z"),
        "{told}"
    );
    let serving = a.sign(&request(), &terms("1.3.6.1.5.5.7.3.1")).unwrap();
    assert!(a.user(serving.as_bytes(), Time::ZERO).unwrap_err().contains("incompatible key usage"));
    assert!(a.user(b"", Time::ZERO).is_err());
}

#[test]
fn who_asks_without_the_key_gets_nothing() {
    let mut forged = request();
    let last = forged.len() - 1;
    forged[last] ^= 1;
    let why = authority(1).sign(&forged, &terms("1.3.6.1.5.5.7.3.2")).unwrap_err();
    assert_eq!(why, "unable to verify certificate request signature: crypto/rsa: verification error");
    assert!(authority(1).sign(b"no request", &terms("1.3.6.1.5.5.7.3.2")).is_err());
}

#[test]
fn an_administrators_key_belongs_to_its_certificate_and_to_no_other() {
    let a = authority(1);
    let (c, key) = a.client("kubernetes-admin", &["system:masters"], Time::ZERO).unwrap();
    assert!(a.user(c.as_bytes(), Time::ZERO).unwrap().is_in("system:masters"));
    assert_eq!(belong_together(c.as_bytes(), key.as_bytes()), Ok(()));
    let wrong = Err("tls: private key does not match public key".to_string());
    assert_eq!(belong_together(c.as_bytes(), KEY), wrong);
    let no_key = Err("tls: failed to find any PEM data in key input".to_string());
    assert_eq!(belong_together(c.as_bytes(), c.as_bytes()), no_key);
}
