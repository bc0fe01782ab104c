//! Verifiers that can't be built (T11), and claims that can't be signed.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::json;
use symbolon_token::{Algorithm, KeySet, Policy, SigningKey, Typ, Verifier, sign};

use crate::support::{SECRET, code, good_claims, policy, signing_key, verifier};

fn keys(algorithm: Algorithm) -> KeySet {
    KeySet::new([signing_key(algorithm).verifying_key()]).expect("one key")
}

#[test]
fn t11_a_policy_is_complete_or_refused() {
    let complete = || policy(&[Algorithm::ES256]);
    for (name, incomplete) in [
        (
            "issuer",
            Policy {
                issuer: String::new(),
                ..complete()
            },
        ),
        (
            "audience",
            Policy {
                audience: Vec::new(),
                ..complete()
            },
        ),
        (
            "audience name",
            Policy {
                audience: vec![String::new()],
                ..complete()
            },
        ),
        (
            "one audience name",
            Policy {
                audience: vec!["a".into(), String::new()],
                ..complete()
            },
        ),
        (
            "algorithms",
            Policy {
                algorithms: Vec::new(),
                ..complete()
            },
        ),
    ] {
        let refused = Verifier::new(keys(Algorithm::ES256), incomplete);
        assert_eq!(code(refused), "invalid_policy", "{name}");
    }
    assert_eq!(
        code(Verifier::new(keys(Algorithm::ES256), complete())),
        "accepted"
    );
}

#[test]
fn t1_keys_outside_the_policy_are_refused_when_they_come_in() {
    let policy = policy(&[Algorithm::ES256, Algorithm::Ed25519]);
    let refused = Verifier::new(keys(Algorithm::HS256), policy);
    assert_eq!(code(refused), "invalid_policy");
    let es256 = verifier(Algorithm::ES256);
    assert_eq!(
        code(es256.with_keys(keys(Algorithm::EdDSA))),
        "invalid_policy"
    );
    assert_eq!(code(es256.with_keys(keys(Algorithm::ES256))), "accepted");
}

#[test]
fn new_keys_replace_the_old_ones() {
    let old = signing_key(Algorithm::ES256).with_kid("old");
    let new = SigningKey::generate(Algorithm::ES256).expect("a key");
    let set = |key: &SigningKey| KeySet::new([key.verifying_key()]).expect("one key");
    let before = Verifier::new(set(&old), policy(&[Algorithm::ES256])).expect("complete");
    let after = before.with_keys(set(&new)).expect("the same algorithm");
    let token = sign(&old, Typ::ACCESS_TOKEN, &good_claims()).expect("a token");
    assert_eq!(crate::support::outcome(&before, &token), "accepted");
    assert_eq!(crate::support::outcome(&after, &token), "unknown_key");
}

#[test]
fn key_sets_refuse_keys_that_cannot_be_told_apart() {
    let named = |kid: &str| {
        let key = SigningKey::hmac(Algorithm::HS256, SECRET).expect("a secret");
        key.verifying_key().with_kid(kid)
    };
    let nameless = |algorithm| signing_key(algorithm).verifying_key();
    assert_eq!(code(KeySet::new([named("a"), named("a")])), "duplicate_key");
    assert_eq!(code(KeySet::new([named("a"), named("b")])), "accepted");
    let other_algorithm = nameless(Algorithm::ES256).with_kid("a");
    assert_eq!(
        code(KeySet::new([named("a"), other_algorithm])),
        "duplicate_key"
    );
    let twice = [nameless(Algorithm::ES256), nameless(Algorithm::ES256)];
    assert_eq!(code(KeySet::new(twice)), "duplicate_key");
    let two = [
        nameless(Algorithm::ES256),
        nameless(Algorithm::ES384),
        named("a"),
    ];
    let set = KeySet::new(two).expect("three keys");
    assert_eq!((set.len(), set.is_empty()), (3, false));
    assert!(KeySet::empty().is_empty());
}

#[test]
fn what_no_verifier_would_take_is_not_signed() {
    #[derive(Serialize)]
    struct Doubled {
        sub: &'static str,
        #[serde(flatten)]
        more: BTreeMap<&'static str, &'static str>,
    }
    let key = signing_key(Algorithm::HS256);
    let doubled = Doubled {
        sub: "user-1",
        more: BTreeMap::from([("sub", "admin")]),
    };
    assert_eq!(
        code(sign(&key, Typ::ACCESS_TOKEN, &doubled)),
        "unsignable_claims"
    );
    for claims in [json!(null), json!("text"), json!([good_claims()]), json!(7)] {
        assert_eq!(
            code(sign(&key, Typ::ACCESS_TOKEN, &claims)),
            "unsignable_claims",
            "{claims}"
        );
    }
    assert_eq!(
        code(sign(&key, Typ::ACCESS_TOKEN, &BTreeMap::from([((), 1)]))),
        "unsignable_claims"
    );
}

#[test]
fn key_names_are_escaped_in_headers() {
    let key = signing_key(Algorithm::HS256).with_kid("a\",\"alg\":\"none\u{1}");
    let token = sign(&key, Typ::ACCESS_TOKEN, &good_claims()).expect("a token");
    let set = KeySet::new([key.verifying_key()]).expect("one key");
    let verifier = verifier(Algorithm::HS256)
        .with_keys(set)
        .expect("the same algorithm");
    let proof = crate::support::verify(&verifier, &token).expect("a good token");
    assert_eq!(proof.key_id(), key.kid());
}
