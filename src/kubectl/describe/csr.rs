//! describe certificatesigningrequest.
//! Real Kubernetes: k8s.io/kubectl/pkg/describe/describe.go describeCertificateSigningRequest.

use super::{date, text, the_pairs};
use crate::api::Duration;
use crate::api::kinds::CertificateSigningRequest;
use crate::api::kinds::certificatesigningrequest::{Wish, condition, wish};
use crate::api::time::human;
use crate::kubectl::resources::Found;
use crate::kubectl::{Env, Failure};

pub fn page(f: &Found, _: &mut Env<'_>) -> Result<String, Failure> {
    let broken = |why: String| Failure::error(format!("Error parsing CSR: {why}"));
    let request: CertificateSigningRequest =
        serde_json::from_value((*f.object).clone()).map_err(|e| broken(e.to_string()))?;
    let wish = wish(&request).map_err(broken)?;
    Ok(head(f, &condition(&request)) + &subject(&wish) + &alternatives(&wish))
}

fn head(f: &Found, status: &str) -> String {
    let (meta, spec) = (&f.object["metadata"], &f.object["spec"]);
    let mut out = format!("Name:\t{}\nLabels:\t{}\n", f.name, the_pairs(&meta["labels"]));
    out.push_str(&format!("Annotations:\t{}\n", the_pairs(&meta["annotations"])));
    out.push_str(&format!("CreationTimestamp:\t{}\n", date(&meta["creationTimestamp"])));
    out.push_str(&format!("Requesting User:\t{}\n", text(&spec["username"])));
    if let Some(signer) = spec["signerName"].as_str().filter(|s| !s.is_empty()) {
        out.push_str(&format!("Signer:\t{signer}\n"));
    }
    if let Some(seconds) = spec["expirationSeconds"].as_u64() {
        out.push_str(&format!("Requested Duration:\t{}\n", human(Duration::from_secs(seconds))));
    }
    out + &format!("Status:\t{status}\n")
}

fn subject(wish: &Wish) -> String {
    let one = |of: &[String]| of.last().cloned().unwrap_or_default();
    let mut out = format!("Subject:\n\tCommon Name:\t{}\n", one(&wish.common_name));
    out.push_str(&format!("\tSerial Number:\t{}\n", one(&wish.serial_number)));
    for (title, values) in [
        ("Organization", &wish.organization),
        ("Organizational Unit", &wish.unit),
        ("Country", &wish.country),
        ("Locality", &wish.locality),
        ("Province", &wish.province),
        ("StreetAddress", &wish.street),
        ("PostalCode", &wish.postal_code),
    ] {
        out.push_str(&list(title, values));
    }
    out
}

fn list(title: &str, values: &[String]) -> String {
    if values.is_empty() { String::new() } else { format!("\t{title}:\t{}\n", values.join("\n\t\t")) }
}

fn alternatives(wish: &Wish) -> String {
    let names = [
        ("DNS Names", &wish.dns_names),
        ("Email Addresses", &wish.emails),
        ("URIs", &wish.uris),
        ("IP Addresses", &wish.addresses),
    ];
    let told: String = names.iter().map(|(title, values)| list(title, values)).collect();
    if told.is_empty() { told } else { format!("Subject Alternative Names:\n{told}") }
}
