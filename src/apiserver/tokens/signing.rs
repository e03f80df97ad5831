//! JSON Web Tokens, signed with the key of the cluster's seed.
//!
//! Real Kubernetes takes the key from a file; kubeadm makes an RSA one. Here it is one of P-256 (ES256), which kube-apiserver takes as
//! well: it is made in no time, and signs the same text always in the same way.
//! Source: pkg/serviceaccount/jwt.go.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use p256::ecdsa::signature::{Signer, Verifier};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// What stands before a point of P-256 in a published key (SubjectPublicKeyInfo).
const KEY_HEAD: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

pub const ALGORITHM: &str = "ES256";

/// The key of a cluster.
pub struct Key(SigningKey);

impl Key {
    /// The same seed gives the same key.
    pub fn of(seed: u64) -> Option<Key> {
        // Not every number is a key, but nearly every one is.
        (0..=u8::MAX).find_map(|attempt| {
            let digest = Sha256::new().chain_update(b"service-account-key").chain_update(seed.to_be_bytes());
            SigningKey::from_slice(&digest.chain_update([attempt]).finalize()).ok().map(Key)
        })
    }

    fn public(&self) -> &VerifyingKey {
        self.0.verifying_key()
    }

    /// What tokens call the key.
    pub fn id(&self) -> String {
        let point = self.public().to_encoded_point(false);
        BASE64URL.encode(Sha256::new().chain_update(KEY_HEAD).chain_update(point.as_bytes()).finalize())
    }

    /// The public half, as a JSON Web Key.
    pub fn published(&self) -> Value {
        let point = self.public().to_encoded_point(false);
        let half = |part: Option<&p256::FieldBytes>| part.map(|p| BASE64URL.encode(p)).unwrap_or_default();
        json!({
            "use": "sig", "kty": "EC", "kid": self.id(), "crv": "P-256", "alg": ALGORITHM,
            "x": half(point.x()), "y": half(point.y()),
        })
    }

    pub fn sign(&self, claims: &Value) -> String {
        let head = json!({"alg": ALGORITHM, "kid": self.id()});
        let text = [&head, claims].map(|v| BASE64URL.encode(v.to_string())).join(".");
        let signature: Signature = self.0.sign(text.as_bytes());
        format!("{text}.{}", BASE64URL.encode(signature.to_bytes()))
    }

    /// The claims of a token that this key has signed.
    pub fn verify(&self, token: &Token<'_>) -> Result<(), &'static str> {
        match token.key_id() {
            Some(id) if id != self.id() => return Err("invalid signature, no keys found"),
            _ => {}
        }
        let signature = Signature::from_slice(&token.signature).ok();
        let right = signature.is_some_and(|s| self.public().verify(token.signed.as_bytes(), &s).is_ok());
        right.then_some(()).ok_or("go-jose/go-jose: error in cryptographic primitive")
    }
}

/// A token that was taken apart.
pub struct Token<'a> {
    signed: &'a str,
    head: Value,
    pub claims: Value,
    signature: Vec<u8>,
}

impl Token<'_> {
    /// `None` if it is none.
    pub fn parse(text: &str) -> Option<Token<'_>> {
        let (signed, signature) = text.rsplit_once('.')?;
        let (head, claims) = signed.split_once('.').filter(|(_, claims)| !claims.contains('.'))?;
        let bytes = |part: &str| BASE64URL.decode(part).ok();
        let json = |part: &str| serde_json::from_slice::<Value>(&bytes(part)?).ok().filter(Value::is_object);
        Some(Token { signed, head: json(head)?, claims: json(claims)?, signature: bytes(signature)? })
    }

    fn key_id(&self) -> Option<&str> {
        self.head["kid"].as_str().filter(|id| !id.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_signed_is_recognized_by_the_same_key_only() {
        let key = Key::of(1).unwrap();
        let text = key.sign(&json!({"iss": "a"}));
        let token = Token::parse(&text).unwrap();
        assert_eq!(token.claims["iss"], "a");
        assert_eq!(token.head["alg"], "ES256");
        assert_eq!(key.verify(&token), Ok(()));
        assert_eq!(Key::of(2).unwrap().verify(&token), Err("invalid signature, no keys found"));
        let forged = text.replacen(text.split('.').nth(1).unwrap(), &BASE64URL.encode("{\"iss\":\"b\"}"), 1);
        let why = "go-jose/go-jose: error in cryptographic primitive";
        assert_eq!(key.verify(&Token::parse(&forged).unwrap()), Err(why));
    }

    #[test]
    fn a_seed_gives_one_key_and_a_key_signs_alike() {
        let (one, again) = (Key::of(7).unwrap(), Key::of(7).unwrap());
        assert_eq!(one.sign(&json!({"a": 1})), again.sign(&json!({"a": 1})));
        assert_eq!(one.id().len(), 43);
        let public = one.published();
        assert_eq!([&public["x"], &public["y"]].map(|v| v.as_str().map(str::len)), [Some(43); 2]);
    }

    #[test]
    fn no_text_is_taken_for_a_token_that_is_none() {
        for text in ["", "abc", "a.b.c", "..", "e30.e30.!", "e30.e30.e30.e30", "W10.e30.e30"] {
            assert!(Token::parse(text).is_none(), "{text}");
        }
        assert!(Token::parse("e30.e30.e30").is_some());
    }
}
