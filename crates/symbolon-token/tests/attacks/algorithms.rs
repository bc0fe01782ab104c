//! Who chooses the algorithm: never the token.

use serde_json::json;
use symbolon_token::{Algorithm, KeySet, SigningKey, Typ, Verifier};

use crate::support::{
    ALGORITHMS, forge, good_claims, good_header, good_token, judged, outcome, policy, seal,
    signing_key, verifier, with_header,
};

#[test]
fn every_algorithm_signs_and_verifies() {
    for &algorithm in ALGORITHMS {
        let token = good_token(algorithm);
        let proof = crate::support::verify(&verifier(algorithm), &token).expect("a good token");
        assert_eq!(proof.algorithm(), algorithm);
        assert_eq!(proof.claims(), &good_claims());
        assert_eq!(proof.registered().subject.as_deref(), Some("user-1"));
    }
}

#[test]
fn t1_only_the_algorithm_of_the_key_is_accepted() {
    for &key in ALGORITHMS {
        for &token in ALGORITHMS {
            let expected = if key == token {
                "accepted"
            } else {
                "algorithm_not_allowed"
            };
            assert_eq!(
                outcome(&verifier(key), &good_token(token)),
                expected,
                "key {key}, token {token}"
            );
        }
    }
}

#[test]
fn t1_names_compare_exactly() {
    for name in [
        "RS256",
        "HS256",
        "ES384",
        "es256",
        "Es256",
        "ES256 ",
        " ES256",
        "ES256\0",
        "ES-256",
        "ES256K",
        "ES2560",
        "",
        "\u{ff25}S256",
    ] {
        let header = json!({ "alg": name, "typ": "at+jwt" }).to_string();
        let token = forge(Algorithm::ES256, header, good_claims().to_string());
        let refused = outcome(&verifier(Algorithm::ES256), &token);
        assert_eq!(refused, "algorithm_not_allowed", "{name:?}");
    }
}

#[test]
fn t1_alg_must_be_there_and_a_string() {
    for header in [
        json!({ "typ": "at+jwt" }),
        json!({ "alg": ["ES256"], "typ": "at+jwt" }),
        json!({ "alg": null, "typ": "at+jwt" }),
        json!({ "alg": 256, "typ": "at+jwt" }),
        json!({ "alg": { "name": "ES256" }, "typ": "at+jwt" }),
        json!({ "Alg": "ES256", "typ": "at+jwt" }),
    ] {
        let token = forge(
            Algorithm::ES256,
            header.to_string(),
            good_claims().to_string(),
        );
        let refused = outcome(&verifier(Algorithm::ES256), &token);
        assert_eq!(refused, "invalid_header", "{header}");
    }
}

/// With keys for both in one set, the name in the header still only reaches the key that has it.
#[test]
fn t1_a_named_key_refuses_another_algorithm_that_the_policy_allows() {
    let hs256 = signing_key(Algorithm::HS256).with_kid("shared");
    let es256 = signing_key(Algorithm::ES256).with_kid("pair");
    let keys = KeySet::new([hs256.verifying_key(), es256.verifying_key()]).expect("two keys");
    let both =
        Verifier::new(keys, policy(&[Algorithm::HS256, Algorithm::ES256])).expect("complete");
    let header = json!({ "alg": "HS256", "typ": "at+jwt", "kid": "pair" }).to_string();
    let token = forge(Algorithm::HS256, header, good_claims().to_string());
    assert_eq!(outcome(&both, &token), "algorithm_not_allowed");
    for key in [hs256, es256] {
        let token = symbolon_token::sign(&key, Typ::ACCESS_TOKEN, &good_claims());
        assert_eq!(outcome(&both, &token.expect("a token")), "accepted");
    }
}

#[test]
fn t2_none_is_refused_in_every_spelling() {
    let signed = good_token(Algorithm::HS256);
    let signature = signed.rsplit('.').next().expect("a signature");
    for name in [
        "none",
        "None",
        "NONE",
        "nOnE",
        "none ",
        " none",
        "none\0",
        "no\u{0}ne",
        "null",
        "n\u{43e}ne",
    ] {
        let header = json!({ "alg": name, "typ": "at+jwt" });
        let sealed = with_header(&header);
        let (input, _) = sealed.rsplit_once('.').expect("three segments");
        for token in [
            format!("{input}."),
            format!("{input}.{signature}"),
            format!("{input}.AA"),
            sealed.clone(),
        ] {
            for &algorithm in ALGORITHMS {
                let refused = outcome(&verifier(algorithm), &token);
                assert_eq!(refused, "algorithm_not_allowed", "{header} {algorithm}");
            }
        }
        assert_eq!(judged(input), "malformed", "two segments: {header}");
    }
}

#[test]
fn t2_an_empty_signature_is_no_signature() {
    for &algorithm in ALGORITHMS {
        let token = good_token(algorithm);
        let (input, _) = token.rsplit_once('.').expect("three segments");
        let refused = outcome(&verifier(algorithm), &format!("{input}."));
        assert_eq!(refused, "bad_signature", "{algorithm}");
    }
}

#[test]
fn t2_none_is_no_algorithm_to_configure() {
    assert_eq!(Algorithm::from_name("none"), None);
    for &algorithm in ALGORITHMS {
        assert_eq!(Algorithm::from_name(algorithm.name()), Some(algorithm));
        assert_eq!(algorithm.to_string(), algorithm.name());
    }
}

/// The classic: a token "signed" with the public key as HMAC secret, against the public key's verifier.
#[test]
fn t1_t3_hmac_with_the_public_key_is_refused() {
    for algorithm in ALGORITHMS
        .iter()
        .copied()
        .filter(|algorithm| !algorithm.is_symmetric())
    {
        let header = good_header(Algorithm::HS256).to_string();
        let token = forge(Algorithm::HS256, header, good_claims().to_string());
        let refused = outcome(&verifier(algorithm), &token);
        assert_eq!(refused, "algorithm_not_allowed", "{algorithm}");
        // Renaming it to the key's algorithm leaves a signature of the wrong kind.
        let header = good_header(algorithm).to_string();
        let token = forge(Algorithm::HS256, header, good_claims().to_string());
        assert_eq!(
            outcome(&verifier(algorithm), &token),
            "bad_signature",
            "{algorithm}"
        );
    }
}

#[test]
fn keys_of_one_algorithm_do_not_sign_for_another_issuer_key() {
    for algorithm in [Algorithm::ES256, Algorithm::Ed25519] {
        let stranger = SigningKey::generate(algorithm).expect("a key");
        let token = symbolon_token::sign(&stranger, Typ::ACCESS_TOKEN, &good_claims());
        // The stranger names its own key; the verifier's nameless key is what is tried.
        assert_eq!(
            outcome(&verifier(algorithm), &token.expect("a token")),
            "bad_signature"
        );
    }
}

#[test]
fn generated_keys_sign_and_differ() {
    for &algorithm in ALGORITHMS {
        let [one, other] = [(); 2].map(|()| SigningKey::generate(algorithm).expect("a key"));
        let token = symbolon_token::sign(&one, Typ::ACCESS_TOKEN, &good_claims()).expect("a token");
        for (key, expected) in [(&one, "accepted"), (&other, "bad_signature")] {
            let key = key.verifying_key().with_kid(one.kid().unwrap_or_default());
            let keys = KeySet::new([key]).expect("one key");
            let verifier = verifier(algorithm)
                .with_keys(keys)
                .expect("the same algorithm");
            assert_eq!(outcome(&verifier, &token), expected, "{algorithm}");
        }
        let shown = one.public_jwk().map(|jwk| jwk.thumbprint());
        assert_eq!(shown.as_deref(), one.kid(), "{algorithm}");
    }
}

/// What a key set learns of headers may not outlive its keys or its policy.
#[test]
fn t1_a_remembered_header_opens_nothing_else() {
    let old = signing_key(Algorithm::HS256).with_kid("a");
    let token = symbolon_token::sign(&old, Typ::ACCESS_TOKEN, &good_claims()).expect("a token");
    let keys = |key: &SigningKey| KeySet::new([key.verifying_key()]).expect("one key");
    let verifier = Verifier::new(keys(&old), policy(&[Algorithm::HS256])).expect("complete");
    for _ in 0..2 {
        assert_eq!(outcome(&verifier, &token), "accepted");
    }
    let renamed = verifier.with_keys(keys(&old.clone().with_kid("b")));
    assert_eq!(
        outcome(&renamed.expect("a verifier"), &token),
        "unknown_key"
    );
    let other = SigningKey::generate(Algorithm::HS256)
        .expect("a key")
        .with_kid("a");
    let replaced = verifier.with_keys(keys(&other)).expect("a verifier");
    assert_eq!(outcome(&replaced, &token), "bad_signature");
    // The header is known by now; everything behind it is judged as before.
    let (input, signature) = token.rsplit_once('.').expect("three segments");
    let (header, payload) = input.split_once('.').expect("two segments");
    for forged in [
        format!("{header}.{payload}."),
        format!("{header}.{}.{signature}", payload.replacen('J', "K", 1)),
        format!("{header}..{signature}"),
    ] {
        assert_eq!(outcome(&verifier, &forged), "bad_signature");
    }
    // A bad signature teaches nothing.
    let fresh = Verifier::new(keys(&old), policy(&[Algorithm::HS256])).expect("complete");
    let id_token = symbolon_token::sign(&old, Typ::JWT, &good_claims()).expect("a token");
    for _ in 0..2 {
        assert_eq!(outcome(&fresh, &id_token), "wrong_typ");
        assert_eq!(outcome(&verifier, &id_token), "wrong_typ");
    }
}

#[test]
fn t8_a_signature_covers_header_and_payload_together() {
    // The same octets with the dot elsewhere are another token.
    let token = good_token(Algorithm::HS256);
    let (input, signature) = token.rsplit_once('.').expect("three segments");
    let (header, payload) = input.split_once('.').expect("two segments");
    let moved = format!("{}.{}{payload}.{signature}", &header[..4], &header[4..]);
    assert_ne!(judged(&moved), "accepted");
    assert_eq!(judged(&seal(Algorithm::HS256, input)), "accepted");
}
