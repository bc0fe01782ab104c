//! What a header must not do: bring a key, reach for one, or ask for extensions (T5, T6, T7).

use std::{io, net::TcpListener};

use data_encoding::BASE64URL_NOPAD;
use serde_json::json;
use symbolon_token::{Algorithm, KeySet, SigningKey, Typ, Verifier, sign};

use crate::support::{
    forge, good_claims, good_header, judged, outcome, policy, signing_key, verifier, with_header,
};

/// The attacker signs with a key of its own and says where to find it.
#[test]
fn t5_self_signed_tokens_are_refused_and_nothing_is_fetched() {
    let trap = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
    trap.set_nonblocking(true).expect("a listener");
    let url = format!("http://{}/keys", trap.local_addr().expect("an address"));
    let own = signing_key(Algorithm::ES256)
        .public_jwk()
        .expect("a key pair");
    let certificate = BASE64URL_NOPAD.encode(&[0x30; 64]);

    let nobody = Verifier::new(KeySet::empty(), policy(&[Algorithm::ES256])).expect("complete");
    let stranger = SigningKey::generate(Algorithm::ES256).expect("a key");
    let stranger = KeySet::new([stranger.verifying_key()]).expect("one key");
    let somebody = nobody.with_keys(stranger).expect("complete");
    for (name, value) in [
        ("jwk", serde_json::to_value(own).expect("JSON")),
        ("jku", json!(url)),
        ("x5u", json!(url)),
        ("x5c", json!([certificate])),
        ("jwk", json!(null)),
        ("jku", json!("")),
        ("x5c", json!([])),
    ] {
        let mut header = good_header(Algorithm::ES256);
        header[name] = value;
        header["kid"] = json!(url);
        let token = forge(
            Algorithm::ES256,
            header.to_string(),
            good_claims().to_string(),
        );
        for verifier in [&nobody, &somebody, &verifier(Algorithm::ES256)] {
            assert_eq!(outcome(verifier, &token), "forbidden_header", "{header}");
        }
    }
    let connection = trap.accept().map(drop);
    assert_eq!(
        connection.expect_err("somebody called").kind(),
        io::ErrorKind::WouldBlock
    );
}

#[test]
fn t5_a_verifier_without_keys_trusts_nobody() {
    let nobody = Verifier::new(KeySet::empty(), policy(&[Algorithm::HS256])).expect("complete");
    let token = crate::support::good_token(Algorithm::HS256);
    let refused = crate::support::verify(&nobody, &token).expect_err("no keys");
    assert_eq!(refused.code(), "unknown_key");
    assert!(refused.is_unknown_key());
}

#[test]
fn t6_strange_key_names_pick_no_key() {
    let key = signing_key(Algorithm::HS256).with_kid("2026-11");
    let keys = KeySet::new([key.verifying_key()]).expect("one key");
    let verifier = Verifier::new(keys, policy(&[Algorithm::HS256])).expect("complete");
    let long = "k".repeat(700);
    for kid in [
        "../../../../dev/null",
        "/dev/null",
        "' OR '1'='1",
        "\" --",
        "2026-11\0",
        "\0",
        "",
        " ",
        "2026-11 ",
        "2026-1",
        "2026-111",
        "%32026-11",
        "２026-11",
        "http://127.0.0.1/",
        "$(id)",
        &long,
    ] {
        let header = json!({ "alg": "HS256", "typ": "at+jwt", "kid": kid });
        assert_eq!(
            outcome(&verifier, &with_header(header)),
            "unknown_key",
            "{kid:.40}"
        );
    }
    for kid in [
        json!(1),
        json!(null),
        json!(["2026-11"]),
        json!({ "a": 1 }),
        json!(true),
    ] {
        let header = json!({ "alg": "HS256", "typ": "at+jwt", "kid": kid });
        assert_eq!(
            outcome(&verifier, &with_header(header)),
            "invalid_header",
            "{kid}"
        );
    }
    for length in [800, 8 * 1024, 1024 * 1024] {
        let enormous = json!({ "alg": "HS256", "typ": "at+jwt", "kid": "k".repeat(length) });
        assert_eq!(outcome(&verifier, &with_header(enormous)), "too_large");
    }
    let nameless = signing_key(Algorithm::HS256).with_kid("k".repeat(800));
    let signed = sign(&nameless, Typ::JWT, &json!({}));
    assert_eq!(crate::support::code(signed), "too_large");
    // An escaped name is still the name.
    let escaped = r#"{"alg":"HS256","typ":"at+jwt","kid":"2026\u002d11"}"#;
    assert_eq!(outcome(&verifier, &with_header(escaped)), "accepted");
}

#[test]
fn t6_a_token_without_a_name_gets_the_only_key_or_none() {
    let first = signing_key(Algorithm::HS256);
    let second = SigningKey::hmac(Algorithm::HS256, b"another secret of more than 32 octets");
    let second = second.expect("a secret");
    let set = |keys: &[&SigningKey]| {
        let keys = KeySet::new(keys.iter().map(|key| key.verifying_key())).expect("keys");
        Verifier::new(keys, policy(&[Algorithm::HS256, Algorithm::ES256])).expect("complete")
    };
    let nameless = with_header(good_header(Algorithm::HS256));
    let named = with_header(json!({ "alg": "HS256", "typ": "at+jwt", "kid": "a" }));

    let a = first.clone().with_kid("a");
    let b = second.clone().with_kid("b");
    let other = signing_key(Algorithm::ES256).with_kid("c");
    // The only key of the algorithm, though others of another algorithm stand beside it.
    assert_eq!(outcome(&set(&[&a, &other]), &nameless), "accepted");
    assert_eq!(outcome(&set(&[&other]), &nameless), "unknown_key");
    // Two would fit: trying them one after another is what isn't done.
    let two = set(&[&a, &b]);
    assert_eq!(outcome(&two, &nameless), "kid_required");
    assert_eq!(outcome(&two, &named), "accepted");
    // A named key wins over the nameless one, and the nameless one answers for unknown names.
    assert_eq!(outcome(&set(&[&second, &a]), &named), "accepted");
    assert_eq!(outcome(&set(&[&first, &b]), &named), "accepted");
    assert_eq!(outcome(&set(&[&second, &b]), &named), "bad_signature");
}

#[test]
fn t6_the_proof_names_the_key_that_was_used() {
    let key = signing_key(Algorithm::ES256).with_kid("2026-11");
    let keys = KeySet::new([key.verifying_key()]).expect("one key");
    let verifier = Verifier::new(keys, policy(&[Algorithm::ES256])).expect("complete");
    let token = sign(&key, Typ::ACCESS_TOKEN, &good_claims()).expect("a token");
    let proof = crate::support::verify(&verifier, &token).expect("a good token");
    assert_eq!(proof.key_id(), Some("2026-11"));
    assert_eq!(
        format!("{proof:?}"),
        r#"Verified { algorithm: ES256, key_id: Some("2026-11"), .. }"#
    );
}

#[test]
fn t7_crit_is_refused_in_every_form() {
    for crit in [
        json!(["exp"]),
        json!(["unknown"]),
        json!([]),
        json!(["b64", "b64"]),
        json!("exp"),
        json!(null),
        json!({}),
        json!([1]),
        json!(["alg"]),
        json!(["absent"]),
        json!(["http://example.invalid/UNDEFINED"]),
    ] {
        let mut header = good_header(Algorithm::HS256);
        header["crit"] = crit;
        header["exp"] = json!(1);
        header["unknown"] = json!(1);
        assert_eq!(
            judged(&with_header(&header)),
            "unsupported_crit",
            "{header}"
        );
    }
}

#[test]
fn t7_unencoded_payloads_are_refused() {
    for b64 in [json!(false), json!(true), json!("false")] {
        let mut header = good_header(Algorithm::HS256);
        header["b64"] = b64;
        assert_eq!(
            judged(&with_header(&header)),
            "forbidden_header",
            "{header}"
        );
        header["crit"] = json!(["b64"]);
        assert_eq!(
            judged(&with_header(&header)),
            "unsupported_crit",
            "{header}"
        );
    }
}

#[test]
fn header_members_that_mean_nothing_here_are_ignored() {
    let mut header = good_header(Algorithm::HS256);
    header["x5t"] = json!("abc");
    header["cty"] = json!("json");
    header["unknown"] = json!({ "a": [1, 2] });
    assert_eq!(judged(&with_header(header)), "accepted");
}

/// Found by the differential runs: other libraries refuse these, and they are right (RFC 7515 §4.1.7, §4.1.8, §4.1.10).
#[test]
fn g3_registered_members_that_mean_nothing_here_are_still_strings() {
    for member in ["cty", "x5t", "x5t#S256"] {
        for value in [
            json!(1),
            json!(null),
            json!(["JWT"]),
            json!({}),
            json!(false),
        ] {
            let header = json!({ "alg": "HS256", "typ": "at+jwt", member: value });
            assert_eq!(judged(&with_header(header)), "invalid_header", "{member}");
        }
        let header = json!({ "alg": "HS256", "typ": "at+jwt", member: "text" });
        assert_eq!(judged(&with_header(header)), "accepted", "{member}");
    }
}
