//! The fuzz targets as plain functions: each takes any octets and must come back.
//!
//! `fuzz/` hands them to cargo-fuzz; `main.rs` beside this file runs them briefly in the tests.

use std::sync::LazyLock;

use symbolon_token::{
    Algorithm, Jwk, KeySet, Policy, SigningKey, Timestamp, Typ, Unverified, Verifier, VerifyingKey,
    raw,
};

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

/// A key that nobody can guess from the outside, so that whatever is accepted is a forgery.
static KEYS: LazyLock<KeySet> = LazyLock::new(|| {
    let key = SigningKey::generate(Algorithm::HS256).expect("a key");
    KeySet::new([key.verifying_key()]).expect("one key")
});

static VERIFIER: LazyLock<Verifier> = LazyLock::new(|| {
    let policy = Policy {
        issuer: "https://id.example".into(),
        audience: vec!["https://api.example".into()],
        algorithms: vec![Algorithm::HS256],
        typ: Typ::ACCESS_TOKEN,
    };
    Verifier::new(KEYS.clone(), policy).expect("a complete policy")
});

/// No token is accepted that wasn't signed; looking into it never panics.
pub(crate) fn token(octets: &[u8]) {
    let text = String::from_utf8_lossy(octets);
    assert!(VERIFIER.check(&text, NOW).is_err());
    assert!(raw::verify(&KEYS, &text).is_err());
    assert!(raw::verify_json(&KEYS, &text).is_err());
    if let Ok(seen) = Unverified::inspect(&text) {
        let _ = seen.findings(NOW);
    }
}

/// Whatever JSON is accepted, `serde_json` accepts too.
pub(crate) fn key_set(octets: &[u8]) {
    if KeySet::from_jwks(octets, Algorithm::ALL).is_ok() {
        assert!(serde_json::from_slice::<serde_json::Value>(octets).is_ok());
    }
    if let Ok(jwk) = Jwk::parse(octets) {
        let written = serde_json::to_vec(&jwk).expect("JSON");
        assert_eq!(Jwk::parse(&written).as_ref(), Ok(&jwk));
    }
    for algorithm in [
        Algorithm::HS256,
        Algorithm::RS256,
        Algorithm::ES256,
        Algorithm::Ed25519,
    ] {
        let _ = SigningKey::from_jwk(algorithm, octets);
    }
}

/// A key that is read in any format is written and read again as itself.
pub(crate) fn key_formats(octets: &[u8]) {
    let text = String::from_utf8_lossy(octets);
    let read = [
        Jwk::from_spki_der(octets),
        Jwk::from_certificate_der(octets),
        Jwk::from_pem(&text),
        Jwk::from_ssh(&text),
    ];
    for key in read.into_iter().flatten() {
        assert_eq!(Jwk::from_spki_der(&key.to_spki_der()).as_ref(), Ok(&key));
    }
    for algorithm in [Algorithm::RS256, Algorithm::ES512, Algorithm::EdDSA] {
        let _ = SigningKey::from_pkcs8_der(algorithm, octets);
        let _ = SigningKey::from_pem(algorithm, &text);
    }
    let _ = VerifyingKey::hmac(Algorithm::HS256, octets);
}
