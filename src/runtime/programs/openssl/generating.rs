//! `openssl genrsa`, `genpkey`, `ecparam`: new keys.

use super::keys::{CURVE_DER, Key};
use super::{Done, Failed, pem, put, put_secret, traced, words};
use crate::runtime::programs::Call;

const BITS: i64 = 2048;
/// OpenSSL refuses smaller ones.
const FEWEST_BITS: i64 = 512;
const CURVES: [&str; 3] = ["prime256v1", "P-256", "secp256r1"];
const CIPHERS: &str = "aes128 aes192 aes256 aes-128-cbc aes-192-cbc aes-256-cbc des3 des";

/// Keys lie in the clear here.
pub fn no_cipher(w: &words::Words) -> Result<(), Failed> {
    match w.options.iter().find(|(n, _)| CIPHERS.split(' ').any(|c| c == n)) {
        Some((n, _)) => Err(format!("kubetutor: keys are not encrypted here: leave out -{n}").into()),
        None => Ok(()),
    }
}

fn checked(c: &mut Call<'_, '_>, bits: i64) -> Result<i64, Failed> {
    if bits >= FEWEST_BITS {
        return Ok(bits);
    }
    let line = "1C8000AB:Provider routines:rsa_gen_set_params:key size too small:../providers/implementations/keymgmt/rsa_kmgmt.c:509:";
    let text = format!("Error setting RSA length\n{}", traced(c, &[line.into()]));
    Err(Failed { text, code: 1 })
}

pub fn genrsa(c: &mut Call<'_, '_>, name: &str, args: &[String]) -> Done {
    let flags = format!("3 F4 f4 verbose traditional {CIPHERS}");
    let w = words::parse(name, args, &flags, "out primes passout rand writerand")?;
    no_cipher(&w)?;
    let bits = match w.rest.as_slice() {
        [] => BITS,
        [bits] => match bits.parse() {
            Ok(n) => n,
            Err(_) => return Err(format!("{name}: Can't parse \"{bits}\" as a number").into()),
        },
        _ => return Err(format!("Extra arguments given.\n{name}: Use -help for summary.").into()),
    };
    let bits = checked(c, bits)?;
    let key = Key::rsa(c, bits)?;
    if w.has("verbose") {
        c.err.extend(format!("Generating RSA private key, {bits} bit long modulus (2 primes)\n").bytes());
        c.err.extend(b"e is 65537 (0x010001)\n");
    }
    let text = if w.has("traditional") { key.traditional()? } else { key.pem()? };
    put_secret(c, name, w.value("out"), text.as_bytes())?;
    Ok(0)
}

pub fn genpkey(c: &mut Call<'_, '_>, name: &str, args: &[String]) -> Done {
    let w = words::parse(name, args, &format!("text quiet {CIPHERS}"), "algorithm pkeyopt out outform pass")?.ends()?;
    no_cipher(&w)?;
    let Some(algorithm) = w.value("algorithm") else {
        return Err(format!("{name}: Use -help for summary.").into());
    };
    let options: Vec<(&str, &str)> = w.values("pkeyopt").filter_map(|o| o.split_once(':')).collect();
    let known: &[&str] = match algorithm.to_ascii_uppercase().as_str() {
        "RSA" => &["rsa_keygen_bits", "rsa_keygen_pubexp", "bits"],
        "EC" => &["ec_paramgen_curve", "ec_param_enc", "group"],
        "ED25519" => &[],
        _ => {
            let line = format!(
                "0308010C:digital envelope routines:inner_evp_generic_fetch:unsupported:../crypto/evp/evp_fetch.c:386:Global default library context, Algorithm ({algorithm} : 0), Properties (<null>)"
            );
            let text = format!("Error initializing {algorithm} context\n{}", traced(c, &[line]));
            return Err(Failed { text, code: 1 });
        }
    };
    if let Some((n, v)) = options.iter().find(|(n, _)| !known.contains(n)) {
        let line = format!(
            "03000093:digital envelope routines:default_fixup_args:command not supported:../crypto/evp/ctrl_params_translate.c:582:[action:2, state:4] name={n}, value={v}"
        );
        let text = format!("{name}: Error setting {n}:{v} parameter:\n{}", traced(c, &[line]));
        return Err(Failed { text, code: 1 });
    }
    let option = |n: &[&str]| options.iter().rev().find(|(o, _)| n.contains(o)).map(|(_, v)| *v);
    let key = match algorithm.to_ascii_uppercase().as_str() {
        "RSA" => {
            let bits = option(&["rsa_keygen_bits", "bits"]).map_or(Ok(BITS), |b| w.a_number(b))?;
            let bits = checked(c, bits)?;
            progress(c, w.has("quiet"));
            Key::rsa(c, bits)?
        }
        "EC" => match option(&["ec_paramgen_curve", "group"]) {
            Some(curve) if CURVES.contains(&curve) => Key::p256(c),
            Some(curve) => return Err(no_curve(c, &format!("{name}: Error generating EC key"), curve)),
            None => return Err(format!("{name}: Error generating EC key").into()),
        },
        _ => Key::ed25519(c),
    };
    let mut text = key.pem()?;
    if w.has("text") {
        text.push_str(&key.text());
    }
    put_secret(c, name, w.value("out"), text.as_bytes())?;
    Ok(0)
}

/// The dots and plus signs that show how the search for two primes goes.
pub fn progress(c: &mut Call<'_, '_>, quiet: bool) {
    if quiet {
        return;
    }
    for _ in 0..2 {
        let tries: Vec<usize> = c.sys.noise(3).iter().map(|b| usize::from(*b % 30)).collect();
        let found = "+".repeat(65);
        let dots = |n: usize| ".".repeat(n);
        let line = format!("{}{found}*{}{found}*{}{found}\n", dots(tries[0]), dots(tries[1]), dots(tries[2]));
        c.err.extend(line.bytes());
    }
}

fn no_curve(c: &mut Call<'_, '_>, said: &str, curve: &str) -> Failed {
    if ["secp384r1", "P-384", "secp521r1", "P-521", "secp256k1"].contains(&curve) {
        return format!("kubetutor: there is no {curve} here: take prime256v1").into();
    }
    let line = "0800008D:elliptic curve routines:group_new_from_name:invalid curve:../crypto/ec/ec_lib.c:1490:";
    Failed { text: format!("{said}\n{}", traced(c, &[line.into()])), code: 1 }
}

pub fn ecparam(c: &mut Call<'_, '_>, name: &str, args: &[String]) -> Done {
    let w = words::parse(name, args, "genkey noout text list_curves check", "name out outform conv_form param_enc")?;
    let w = w.ends()?;
    if w.has("list_curves") {
        c.line("  prime256v1: X9.62/SECG curve over a 256 bit prime field");
        return Ok(0);
    }
    let curve = w.value("name").unwrap_or_default();
    if !CURVES.contains(&curve) {
        let said = if w.has("genkey") { "unable to generate key" } else { "unable to create curve" };
        return Err(no_curve(c, said, curve));
    }
    let mut text = String::new();
    if !w.has("noout") {
        text.push_str(&pem::written("EC PARAMETERS", &CURVE_DER));
    }
    if w.has("genkey") {
        text.push_str(&Key::p256(c).traditional()?);
        put_secret(c, name, w.value("out"), text.as_bytes())?;
    } else {
        put(c, w.value("out"), text.as_bytes())?;
    }
    Ok(0)
}
