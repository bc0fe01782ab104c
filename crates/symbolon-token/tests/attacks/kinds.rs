//! Tokens of one kind used as another (T13).

use serde_json::json;
use symbolon_token::{Algorithm, KeySet, Policy, Typ, Verifier, sign};

use crate::support::{
    forge, good_claims, judged, outcome, policy, signing_key, verifier, with_header,
};

const KINDS: [Typ; 6] = [
    Typ::ACCESS_TOKEN,
    Typ::ID_TOKEN,
    Typ::LOGOUT_TOKEN,
    Typ::CLIENT_AUTHENTICATION,
    Typ::DPOP,
    Typ::SECURITY_EVENT,
];

#[test]
fn t13_only_the_diagonal_is_accepted() {
    let key = signing_key(Algorithm::ES256);
    for expected in KINDS {
        let keys = KeySet::new([key.verifying_key()]).expect("one key");
        let policy = Policy {
            typ: expected.clone(),
            ..policy(&[Algorithm::ES256])
        };
        let verifier = Verifier::new(keys, policy).expect("complete");
        for given in KINDS {
            let token = sign(&key, given.clone(), &good_claims()).expect("a token");
            let outcome = outcome(&verifier, &token);
            if given == expected {
                assert_eq!(outcome, "accepted", "{given} as {expected}");
            } else {
                assert_eq!(outcome, "wrong_typ", "{given} as {expected}");
            }
        }
    }
}

#[test]
fn t13_media_types_compare_without_case_and_prefix() {
    for typ in [
        "at+jwt",
        "AT+JWT",
        "application/at+jwt",
        "APPLICATION/at+JWT",
    ] {
        let token = with_header(json!({ "alg": "HS256", "typ": typ }));
        assert_eq!(judged(&token), "accepted", "{typ}");
    }
    for typ in [
        "JWT",
        "jwt",
        "",
        " at+jwt",
        "at+jwt ",
        "at jwt",
        "at%2bjwt",
        "text/at+jwt",
        "x/application/at+jwt",
        "application/application/at+jwt",
        "at+jwt\0",
        "at+jwt;v=1",
        "at+jwts",
        "t+jwt",
    ] {
        let token = with_header(json!({ "alg": "HS256", "typ": typ }));
        assert_eq!(judged(&token), "wrong_typ", "{typ:?}");
    }
}

#[test]
fn t13_a_token_that_does_not_say_its_kind_is_refused() {
    assert_eq!(judged(&with_header(json!({ "alg": "HS256" }))), "wrong_typ");
    let only_cty = json!({ "alg": "HS256", "cty": "at+jwt" });
    assert_eq!(judged(&with_header(only_cty)), "wrong_typ");
    for typ in [json!(null), json!(["at+jwt"]), json!(1), json!({})] {
        let token = with_header(json!({ "alg": "HS256", "typ": typ }));
        assert_eq!(judged(&token), "invalid_header", "{typ}");
    }
}

#[test]
fn t13_an_optional_typ_is_absent_or_right() {
    let waived = verifier(Algorithm::HS256).dangerous_optional_typ();
    let of = |header| outcome(&waived, &with_header(header));
    assert_eq!(of(json!({ "alg": "HS256" })), "accepted");
    assert_eq!(of(json!({ "alg": "HS256", "typ": "at+jwt" })), "accepted");
    for typ in ["JWT", "", "logout+jwt", "dpop+jwt"] {
        let outcome = of(json!({ "alg": "HS256", "typ": typ }));
        assert_eq!(outcome, "wrong_typ", "{typ}");
    }
    let empty = of(json!({ "alg": "HS256", "typ": null }));
    assert_eq!(empty, "invalid_header");
    let mut claims = good_claims();
    claims["aud"] = json!("https://other.example");
    let untyped = json!({ "alg": "HS256" }).to_string();
    let elsewhere = forge(Algorithm::HS256, untyped, claims.to_string());
    assert_eq!(outcome(&waived, &elsewhere), "wrong_audience");
}
