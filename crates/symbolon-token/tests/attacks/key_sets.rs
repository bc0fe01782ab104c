//! JWK Sets as issuers publish them, and as attackers would (T4).

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use symbolon_token::{Algorithm, JwkSet, KeySet, SigningKey, Typ, Verifier, sign};

use crate::support::{ALGORITHMS, SECRET, code, good_claims, outcome, policy, signing_key};

fn jwk(algorithm: Algorithm, kid: &str) -> Value {
    let jwk = signing_key(algorithm).with_kid(kid).public_jwk();
    serde_json::to_value(jwk.expect("a key pair")).expect("JSON")
}

fn without_alg(mut jwk: Value) -> Value {
    jwk.as_object_mut().expect("an object").remove("alg");
    jwk
}

/// The algorithms of the keys taken, and the codes of those left out.
fn parse(keys: &[Value], algorithms: &[Algorithm]) -> (Vec<Algorithm>, Vec<&'static str>) {
    let document = json!({ "keys": keys }).to_string();
    let parsed = KeySet::from_jwks(document.as_bytes(), algorithms).expect("a JWK Set");
    (
        parsed
            .keys
            .keys()
            .iter()
            .map(symbolon_token::VerifyingKey::algorithm)
            .collect(),
        parsed
            .skipped
            .iter()
            .map(|skipped| skipped.error.code())
            .collect(),
    )
}

#[test]
fn t4_what_is_published_is_read_back() {
    let pairs: Vec<SigningKey> = ALGORITHMS
        .iter()
        .filter(|algorithm| !algorithm.is_symmetric())
        .map(|algorithm| signing_key(*algorithm).with_kid(algorithm.name()))
        .collect();
    let published = JwkSet {
        keys: pairs.iter().filter_map(SigningKey::public_jwk).collect(),
    };
    let document = serde_json::to_vec(&published).expect("JSON");
    let parsed = KeySet::from_jwks(&document, ALGORITHMS).expect("a JWK Set");
    assert_eq!((parsed.keys.len(), parsed.skipped.len()), (12, 0));
    let verifier = Verifier::new(parsed.keys, policy(ALGORITHMS)).expect("complete");
    for key in pairs {
        let token = sign(&key, Typ::ACCESS_TOKEN, &good_claims()).expect("a token");
        assert_eq!(
            outcome(&verifier, &token),
            "accepted",
            "{}",
            key.algorithm()
        );
    }
}

/// CVE-2026-22817 and -22818: where the JWK had no `alg`, the header decided.
#[test]
fn t4_without_alg_only_configured_algorithms_count() {
    let rsa = without_alg(jwk(Algorithm::RS256, "a"));
    let keys = [rsa.clone()];
    assert_eq!(
        parse(&keys, &[Algorithm::RS256]),
        (vec![Algorithm::RS256], vec![])
    );
    assert_eq!(
        parse(&keys, &[Algorithm::PS256]),
        (vec![Algorithm::PS256], vec![])
    );
    assert_eq!(
        parse(&keys, &[Algorithm::HS256]),
        (vec![], vec!["wrong_key"])
    );
    assert_eq!(
        parse(&keys, &[Algorithm::ES256]),
        (vec![], vec!["wrong_key"])
    );
    assert_eq!(parse(&keys, &[]), (vec![], vec!["wrong_key"]));
    let both = parse(&keys, &[Algorithm::RS256, Algorithm::PS256]);
    assert_eq!(both, (vec![], vec!["ambiguous_algorithm"]));
    let edwards = [without_alg(jwk(Algorithm::Ed25519, "a"))];
    let both = parse(&edwards, &[Algorithm::Ed25519, Algorithm::EdDSA]);
    assert_eq!(both, (vec![], vec!["ambiguous_algorithm"]));

    // The key is RS256's now, whatever the header says.
    let document = json!({ "keys": keys }).to_string();
    let parsed = KeySet::from_jwks(document.as_bytes(), &[Algorithm::RS256]).expect("a JWK Set");
    let verifier = Verifier::new(parsed.keys, policy(&[Algorithm::RS256, Algorithm::PS256]));
    let token = sign(
        &signing_key(Algorithm::PS256).with_kid("a"),
        Typ::ACCESS_TOKEN,
        &good_claims(),
    );
    let refused = outcome(&verifier.expect("complete"), &token.expect("a token"));
    assert_eq!(refused, "algorithm_not_allowed");
}

#[test]
fn t4_unusable_keys_are_skipped_with_their_reason() {
    let good = jwk(Algorithm::ES256, "good");
    let mut enc = jwk(Algorithm::ES256, "enc");
    enc["use"] = json!("enc");
    let mut leaked = jwk(Algorithm::ES256, "leaked");
    leaked["d"] = json!("AQAB");
    let mut off_curve = jwk(Algorithm::ES256, "off");
    off_curve["y"] = off_curve["x"].clone();
    let secret = json!({ "kty": "oct", "kid": "secret", "k": BASE64URL_NOPAD.encode(SECRET) });
    let p192 = json!({ "kty": "EC", "crv": "P-192", "kid": "p192", "x": "AA", "y": "AA" });
    let numbered = json!({ "kty": "EC", "kid": 7 });
    let keys = [
        json!("text"),
        json!(null),
        json!([]),
        json!({}),
        numbered,
        enc,
        leaked,
        off_curve,
        secret,
        p192,
        jwk(Algorithm::RS256, "rsa"),
        good.clone(),
        good,
        jwk(Algorithm::ES256, "later"),
    ];
    let document = json!({ "keys": keys }).to_string();
    let algorithms = [Algorithm::ES256, Algorithm::HS256];
    let parsed = KeySet::from_jwks(document.as_bytes(), &algorithms).expect("a JWK Set");
    let taken: Vec<_> = parsed.keys.keys().iter().map(|key| key.kid()).collect();
    assert_eq!(taken, [Some("good"), Some("later")]);
    let skipped: Vec<_> = parsed
        .skipped
        .iter()
        .map(|skipped| (skipped.kid.as_deref(), skipped.error.code()))
        .collect();
    assert_eq!(
        skipped,
        [
            (None, "invalid_key"),
            (None, "invalid_key"),
            (None, "invalid_key"),
            (None, "invalid_key"),
            (None, "invalid_key"),
            (Some("enc"), "wrong_key"),
            (Some("leaked"), "invalid_key"),
            (Some("off"), "invalid_key"),
            (Some("secret"), "invalid_key"),
            (Some("p192"), "unsupported_key"),
            (Some("rsa"), "wrong_key"),
            (Some("good"), "duplicate_key"),
        ]
    );
}

#[test]
fn t4_nameless_keys_of_one_algorithm_are_told_apart_by_coming_first() {
    let mut first = jwk(Algorithm::ES256, "x");
    first.as_object_mut().expect("an object").remove("kid");
    let parsed = parse(&[first.clone(), first], &[Algorithm::ES256]);
    assert_eq!(parsed, (vec![Algorithm::ES256], vec!["duplicate_key"]));
}

#[test]
fn malformed_documents_are_fatal() {
    let parse = |document: &[u8]| code(KeySet::from_jwks(document, &[Algorithm::ES256]));
    for document in [
        "",
        "[]",
        "null",
        "{}",
        r#"{"keys":{}}"#,
        r#"{"keys":null}"#,
        r#"{"keys":"[]"}"#,
        r#"{"Keys":[]}"#,
        r#"{"keys":[}"#,
        r#"{"keys":[]} x"#,
        "<html></html>",
        "\u{feff}{\"keys\":[]}",
    ] {
        assert_eq!(parse(document.as_bytes()), "malformed", "{document:?}");
    }
    assert_eq!(parse(br#"{"keys":[],"keys":[]}"#), "duplicate_member");
    assert_eq!(
        parse(br#"{"keys":[{"kty":"EC","kty":"RSA"}]}"#),
        "duplicate_member"
    );
    assert_eq!(parse(b"{\"keys\":[\xff]}"), "malformed");
    let long = format!("{{\"keys\":[]{}}}", " ".repeat(1024 * 1024));
    assert_eq!(parse(long.as_bytes()), "too_large");
    assert_eq!(parse(br#"{"more":1,"keys":[]}"#), "accepted");
    let crowded = |entries: usize| json!({ "keys": vec![json!({}); entries] }).to_string();
    assert_eq!(parse(crowded(1024).as_bytes()), "accepted");
    assert_eq!(parse(crowded(1025).as_bytes()), "too_large");
}
