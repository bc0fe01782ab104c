//! An issuer, a service, their keys, and a forge that signs what it is given.

use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use symbolon_token::{
    Algorithm, Error, KeySet, Policy, SigningKey, Timestamp, Typ, Verified, Verifier,
};

pub(crate) const ISSUER: &str = "https://id.example";
pub(crate) const AUDIENCE: &str = "https://api.example";
pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
/// Long enough for every hash.
pub(crate) const SECRET: &[u8] =
    b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.:";

pub(crate) const ALGORITHMS: &[Algorithm] = Algorithm::ALL;

pub(crate) const RSA: &str = include_str!("../keys/rsa2048.pem");
pub(crate) const RSA_PUBLIC: &str = include_str!("../keys/rsa2048.pub.pem");
pub(crate) const P256: &str = include_str!("../keys/p256.pem");
pub(crate) const P256_PUBLIC: &str = include_str!("../keys/p256.pub.pem");
pub(crate) const P384: &str = include_str!("../keys/p384.pem");
pub(crate) const P384_PUBLIC: &str = include_str!("../keys/p384.pub.pem");
pub(crate) const P521: &str = include_str!("../keys/p521.pem");
pub(crate) const P521_PUBLIC: &str = include_str!("../keys/p521.pub.pem");
pub(crate) const K256: &str = include_str!("../keys/k256.pem");
pub(crate) const K256_PUBLIC: &str = include_str!("../keys/k256.pub.pem");
pub(crate) const ED25519: &str = include_str!("../keys/ed25519.pem");
pub(crate) const ED25519_PUBLIC: &str = include_str!("../keys/ed25519.pub.pem");

/// The issuer's private key for an algorithm, and its public half; `None` for a shared secret.
pub(crate) fn pems(algorithm: Algorithm) -> Option<(&'static str, &'static str)> {
    Some(match algorithm {
        Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 => return None,
        Algorithm::ES256 => (P256, P256_PUBLIC),
        Algorithm::ES384 => (P384, P384_PUBLIC),
        Algorithm::ES512 => (P521, P521_PUBLIC),
        Algorithm::ES256K => (K256, K256_PUBLIC),
        Algorithm::Ed25519 | Algorithm::EdDSA => (ED25519, ED25519_PUBLIC),
        _ => (RSA, RSA_PUBLIC),
    })
}

/// The issuer's key for an algorithm, without a name.
pub(crate) fn signing_key(algorithm: Algorithm) -> SigningKey {
    match pems(algorithm) {
        None => SigningKey::hmac(algorithm, SECRET).expect("a secret"),
        Some((private, _)) => {
            SigningKey::from_pkcs8_pem(algorithm, private).expect("a private key")
        }
    }
}

pub(crate) fn policy(algorithms: &[Algorithm]) -> Policy {
    Policy {
        issuer: ISSUER.into(),
        audience: vec![AUDIENCE.into(), "https://api.example/v2".into()],
        algorithms: algorithms.to_vec(),
        typ: Typ::ACCESS_TOKEN,
    }
}

/// A verifier that trusts the issuer's key of this one algorithm.
pub(crate) fn verifier(algorithm: Algorithm) -> Verifier {
    let keys = KeySet::new([signing_key(algorithm).verifying_key()]).expect("one key");
    Verifier::new(keys, policy(&[algorithm])).expect("a complete policy")
}

pub(crate) fn good_claims() -> Value {
    json!({
        "iss": ISSUER,
        "sub": "user-1",
        "aud": AUDIENCE,
        "exp": NOW.as_secs() + 600,
        "iat": NOW.as_secs(),
        "jti": "token-1",
        "client_id": "app",
    })
}

pub(crate) fn good_token(algorithm: Algorithm) -> String {
    symbolon_token::sign(&signing_key(algorithm), Typ::ACCESS_TOKEN, &good_claims())
        .expect("good claims")
}

/// A header as the crate would write it.
pub(crate) fn good_header(algorithm: Algorithm) -> Value {
    json!({ "alg": algorithm.name(), "typ": "at+jwt" })
}

/// Puts a token together from any bytes, signed with the issuer's HS256 secret or ES256 key: whatever
/// the verifier finds wrong with it, it isn't the signature.
pub(crate) fn forge(
    algorithm: Algorithm,
    header: impl AsRef<[u8]>,
    payload: impl AsRef<[u8]>,
) -> String {
    let header = BASE64URL_NOPAD.encode(header.as_ref());
    let payload = BASE64URL_NOPAD.encode(payload.as_ref());
    seal(algorithm, &format!("{header}.{payload}"))
}

/// Signs text that needn't be two segments.
pub(crate) fn seal(algorithm: Algorithm, input: &str) -> String {
    let signature = match algorithm {
        Algorithm::HS256 => {
            hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET), input.as_bytes())
                .as_ref()
                .to_vec()
        }
        Algorithm::ES256 => {
            let der = signing_key(algorithm)
                .to_pkcs8_der()
                .expect("a private key");
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der)
                .expect("a private key")
                .sign(&SystemRandom::new(), input.as_bytes())
                .expect("a signature")
                .as_ref()
                .to_vec()
        }
        other => panic!("the forge has no {other}"),
    };
    format!("{input}.{}", BASE64URL_NOPAD.encode(&signature))
}

/// A token with these claims and nothing else wrong with it.
pub(crate) fn with_claims(claims: impl std::fmt::Display) -> String {
    let header = good_header(Algorithm::HS256).to_string();
    forge(Algorithm::HS256, header, claims.to_string())
}

/// A token with one claim replaced by JSON text.
pub(crate) fn with_claim(name: &str, json: &str) -> String {
    let mut claims = good_claims();
    claims[name] = Value::from("PLACE");
    with_claims(claims.to_string().replace("\"PLACE\"", json))
}

/// A token with this header and nothing else wrong with it.
pub(crate) fn with_header(header: impl std::fmt::Display) -> String {
    forge(
        Algorithm::HS256,
        header.to_string(),
        good_claims().to_string(),
    )
}

pub(crate) fn verify(verifier: &Verifier, token: &str) -> Result<Verified<Value>, Error> {
    verifier.verify(token, NOW)
}

/// The code of the refusal, or "accepted".
pub(crate) fn outcome(verifier: &Verifier, token: &str) -> &'static str {
    match verify(verifier, token) {
        Ok(_) => "accepted",
        Err(error) => error.code(),
    }
}

/// The same against the verifier of the issuer's HS256 secret, where `forge` and its kin fit.
pub(crate) fn judged(token: &str) -> &'static str {
    outcome(&verifier(Algorithm::HS256), token)
}

/// The code of an error, or "accepted".
pub(crate) fn code<T>(result: Result<T, Error>) -> &'static str {
    result.map_or_else(|error| error.code(), |_| "accepted")
}

/// The DER inside a PEM file.
pub(crate) fn der(pem: &str) -> Vec<u8> {
    let body: String = pem
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    data_encoding::BASE64
        .decode(body.as_bytes())
        .expect("base64")
}
