//! The corner for migration, and looking without trusting: each switch opens one thing and no more.

use serde_json::{Value, json};
use symbolon_token::{Algorithm, Error, Unverified, Verifier};

use crate::support::{
    NOW, code, forge, good_claims, good_header, good_token, judged, outcome, seal, verifier,
    with_claim, with_claims,
};

fn strict() -> Verifier {
    verifier(Algorithm::HS256)
}

#[test]
fn without_expiry_a_token_may_lack_exp_and_one_that_has_it_still_expires() {
    let mut claims = good_claims();
    claims.as_object_mut().expect("an object").remove("exp");
    let token = with_claims(&claims);
    let open = strict().dangerous_without_expiry();
    assert_eq!(judged(&token), "missing_claim");
    let verified = crate::support::verify(&open, &token).expect("no exp is needed");
    assert_eq!(
        verified.registered().expires_at,
        symbolon_token::Timestamp::NEVER
    );
    assert_eq!(outcome(&open, &with_claim("exp", "1")), "expired");
    assert_eq!(outcome(&open, &with_claim("exp", "null")), "invalid_claim");
    assert_eq!(outcome(&open, &with_claim("exp", "\"1\"")), "invalid_claim");
}

#[test]
fn an_integer_subject_is_taken_only_where_it_is_asked_for() {
    let token = with_claim("sub", "7");
    let open = strict().dangerous_integer_subject();
    assert_eq!(judged(&token), "invalid_claim");
    let verified = crate::support::verify(&open, &token).expect("a number");
    assert_eq!(verified.registered().subject.as_deref(), Some("7"));
    for other in ["7.5", "1e3", "null", "true", "[7]", "99999999999999999999"] {
        assert_eq!(
            outcome(&open, &with_claim("sub", other)),
            "invalid_claim",
            "{other}"
        );
    }
    assert_eq!(outcome(&open, &with_claim("iss", "7")), "invalid_claim");
}

#[test]
fn text_dates_are_digits_and_nothing_else() {
    let open = strict().dangerous_text_dates();
    let late = (NOW.as_secs() + 600).to_string();
    assert_eq!(
        judged(&with_claim("exp", &format!("\"{late}\""))),
        "invalid_claim"
    );
    assert_eq!(
        outcome(&open, &with_claim("exp", &format!("\"{late}\""))),
        "accepted"
    );
    assert_eq!(outcome(&open, &with_claim("exp", "\"1\"")), "expired");
    for other in ["", " 1", "-1", "+1", "1.5", "1e9", "0x7f", "\\u0031"] {
        let token = with_claim("exp", &format!("\"{other}\""));
        assert_eq!(outcome(&open, &token), "invalid_claim", "{other}");
    }
}

#[test]
fn padding_is_forgiven_as_far_as_base64_has_it() {
    let open = strict().dangerous_padding();
    let header =
        data_encoding::BASE64URL.encode(good_header(Algorithm::HS256).to_string().as_bytes());
    let payload = data_encoding::BASE64URL.encode(format!("{} ", good_claims()).as_bytes());
    let padded = format!(
        "{}=",
        seal(Algorithm::HS256, &format!("{header}.{payload}"))
    );
    assert!(padded.matches('=').count() > 1);
    assert_eq!(judged(&padded), "malformed");
    for _ in 0..2 {
        assert_eq!(outcome(&open, &padded), "accepted");
    }
    assert_eq!(outcome(&open, &format!("{padded}=")), "malformed");
    assert_eq!(outcome(&open, &good_token(Algorithm::HS256)), "accepted");
    assert_eq!(
        outcome(&open, &padded.replacen('=', "", 1)),
        "bad_signature"
    );
}

#[test]
fn t13_the_switches_leave_everything_else_as_strict_as_it_was() {
    let open = strict()
        .dangerous_without_expiry()
        .dangerous_integer_subject()
        .dangerous_text_dates()
        .dangerous_padding();
    let signed = |claims: Value| with_claims(claims);
    let mut foreign = good_claims();
    foreign["aud"] = json!("https://elsewhere.example");
    assert_eq!(outcome(&open, &signed(foreign)), "wrong_audience");
    let id_token = forge(
        Algorithm::HS256,
        json!({ "alg": "HS256", "typ": "JWT" }).to_string(),
        good_claims().to_string(),
    );
    assert_eq!(outcome(&open, &id_token), "wrong_typ");
    let token = good_token(Algorithm::HS256);
    for at in (0..token.len()).step_by(7) {
        let mut bytes = token.clone().into_bytes();
        bytes[at] ^= 1;
        let flipped = String::from_utf8(bytes).expect("ASCII");
        assert_ne!(outcome(&open, &flipped), "accepted", "{at}");
    }
}

#[test]
fn an_inspected_token_shows_what_would_fail() {
    let seen = Unverified::inspect(&good_token(Algorithm::ES256)).expect("a token");
    assert_eq!(seen.algorithm().as_deref(), Some("ES256"));
    assert_eq!(seen.typ().as_deref(), Some("at+jwt"));
    assert_eq!(seen.key_id(), None);
    assert!(seen.findings(NOW).is_empty());
    assert_eq!(format!("{seen:?}"), "Unverified { .. }");

    let codes = |token: &str| -> Vec<_> {
        let seen = Unverified::inspect(token).expect("something to show");
        seen.findings(NOW).iter().map(Error::code).collect()
    };
    for (token, expected) in [
        (with_claim("exp", "1"), "expired"),
        (with_claim("nbf", "99999999999"), "not_yet_valid"),
        (with_claim("exp", "\"1\""), "invalid_claim"),
        (
            forge(Algorithm::HS256, r#"{"alg":"none","typ":"JWT"}"#, "{}"),
            "algorithm_not_allowed",
        ),
        (
            forge(Algorithm::HS256, r#"{"alg":"HS256"}"#, "{}"),
            "wrong_typ",
        ),
        (forge(Algorithm::HS256, "{}", "not json"), "malformed"),
        (format!("{}=", good_token(Algorithm::HS256)), "malformed"),
    ] {
        assert!(
            codes(&token).contains(&expected),
            "{expected}: {:?}",
            codes(&token)
        );
    }
    for nothing in ["", "a.b", "a.b.c.d", "!.!.!", "\u{e4}.AA.AA"] {
        assert_eq!(code(Unverified::inspect(nothing)), "malformed", "{nothing}");
    }
    let enormous = "A".repeat(2 * 1024 * 1024);
    assert_eq!(code(Unverified::inspect(&enormous)), "too_large");
}
