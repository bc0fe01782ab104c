//! Claims of the wrong type, time or party (T10, T11, T12), and what wins when several are wrong (T17).

use std::time::Duration;

use serde_json::{Value, json};
use symbolon_token::{
    AccessClaims, Algorithm, ErrorKind, KeySet, Policy, SigningKey, Timestamp, Typ, Verifier, sign,
};

use crate::support::{
    AUDIENCE, ISSUER, NOW, good_claims, good_header, good_token, judged, outcome, policy, verifier,
    verify, with_claim, with_claims, with_header,
};

fn without(name: &str) -> String {
    let mut claims = good_claims();
    claims.as_object_mut().expect("an object").remove(name);
    with_claims(claims)
}

fn refusal(token: &str) -> (&'static str, Option<&'static str>) {
    let refused = verify(&verifier(Algorithm::HS256), token).expect_err("a bad token");
    (refused.code(), refused.claim())
}

#[test]
fn t10_times_are_numbers_in_range() {
    for claim in ["exp", "nbf", "iat"] {
        for value in [
            "\"1900000000\"",
            "\"\"",
            "true",
            "false",
            "null",
            "[]",
            "[1900000000]",
            "{}",
            "-1",
            "-0.5",
            "9223372036854775808",
            "18446744073709551616",
            "1e300",
            "253402300800",
        ] {
            let refused = refusal(&with_claim(claim, value));
            assert_eq!(refused, ("invalid_claim", Some(claim)), "{claim}: {value}");
        }
        for value in ["1e400", "NaN", "0x70000000", "01900000000", "1_900_000_000"] {
            assert_eq!(
                refusal(&with_claim(claim, value)).0,
                "malformed",
                "{claim}: {value}"
            );
        }
    }
}

#[test]
fn t10_exp_is_required() {
    assert_eq!(refusal(&without("exp")), ("missing_claim", Some("exp")));
}

#[test]
fn t10_exp_is_the_first_moment_of_invalidity() {
    let verifier = verifier(Algorithm::HS256);
    let token = with_claim("exp", "1800000000.5");
    let at = |millis: i64| {
        let now = Timestamp::from_millis(millis);
        verifier
            .verify::<Value>(&token, now)
            .map(drop)
            .map_err(|error| error.code())
    };
    assert_eq!(at(1_800_000_000_499), Ok(()));
    assert_eq!(at(1_800_000_000_500), Err("expired"));
    assert_eq!(at(1_800_000_000_501), Err("expired"));
    assert_eq!(
        refusal(&with_claim("exp", "1800000000")),
        ("expired", Some("exp"))
    );
    assert_eq!(judged(&with_claim("exp", "1800000001")), "accepted");
    assert_eq!(judged(&with_claim("exp", "1.800000001e9")), "accepted");
    assert_eq!(judged(&with_claim("exp", "0")), "expired");
}

#[test]
fn t10_nbf_is_the_first_moment_of_validity() {
    assert_eq!(judged(&with_claim("nbf", "1800000000")), "accepted");
    assert_eq!(
        refusal(&with_claim("nbf", "1800000000.001")),
        ("not_yet_valid", Some("nbf"))
    );
    assert_eq!(judged(&with_claim("nbf", "1800000060")), "not_yet_valid");
}

#[test]
fn t10_leeway_is_a_minute_at_most() {
    let strict = verifier(Algorithm::HS256);
    for too_long in [
        Duration::from_millis(60_001),
        Duration::from_hours(1),
        Duration::MAX,
    ] {
        let refused = strict.clone().leeway(too_long).expect_err("too long");
        assert_eq!(refused.kind(), ErrorKind::InvalidPolicy);
    }
    let lenient = strict.leeway(Duration::from_mins(1)).expect("a minute");
    for (claim, value, expected) in [
        ("exp", "1799999940", "expired"),
        ("exp", "1799999940.001", "accepted"),
        ("nbf", "1800000060", "accepted"),
        ("nbf", "1800000060.001", "not_yet_valid"),
    ] {
        assert_eq!(
            outcome(&lenient, &with_claim(claim, value)),
            expected,
            "{claim} {value}"
        );
    }
}

#[test]
fn t11_another_audience_is_refused() {
    for value in [
        "\"https://other.example\"",
        "\"https://api.exampl\"",
        "\"https://api.example/\"",
        "\"https://api.example/v3\"",
        "\"HTTPS://API.EXAMPLE\"",
        "\"\"",
        "\"https://other.example https://api.example\"",
        "[]",
        "[\"\"]",
        "[\"https://other.example\"]",
    ] {
        let refused = refusal(&with_claim("aud", value));
        assert_eq!(refused, ("wrong_audience", Some("aud")), "{value}");
    }
    for value in [
        "7",
        "null",
        "true",
        "{}",
        "[7]",
        "[null]",
        "[[\"https://api.example\"]]",
        "[\"https://api.example\",7]",
        "{\"https://api.example\":true}",
    ] {
        let refused = refusal(&with_claim("aud", value));
        assert_eq!(refused, ("invalid_claim", Some("aud")), "{value}");
    }
    assert_eq!(refusal(&without("aud")), ("missing_claim", Some("aud")));
}

#[test]
fn t11_one_of_several_audiences_is_enough() {
    for value in [
        json!(AUDIENCE),
        json!([AUDIENCE]),
        json!(["https://other.example", AUDIENCE]),
        json!(["https://api.example/v2"]),
    ] {
        let token = with_claim("aud", &value.to_string());
        assert_eq!(judged(&token), "accepted", "{value}");
    }
}

#[test]
fn t11_t16_the_list_of_audiences_is_bounded() {
    let named = |others: usize| {
        let mut audiences = vec![AUDIENCE; 1];
        audiences.resize(others + 1, "");
        with_claim("aud", &json!(audiences).to_string())
    };
    assert_eq!(judged(&named(255)), "accepted");
    assert_eq!(refusal(&named(256)), ("invalid_claim", Some("aud")));
    assert_eq!(refusal(&named(3_000)), ("invalid_claim", Some("aud")));
}

#[test]
fn t11_waiving_the_audience_waives_nothing_else() {
    let waived = verifier(Algorithm::HS256).dangerous_any_audience();
    assert_eq!(outcome(&waived, &without("aud")), "accepted");
    assert_eq!(
        outcome(&waived, &with_claim("aud", "\"https://other.example\"")),
        "accepted"
    );
    assert_eq!(outcome(&waived, &with_claim("aud", "7")), "invalid_claim");
    assert_eq!(outcome(&waived, &with_claim("exp", "1")), "expired");
    assert_eq!(
        outcome(&waived, &with_claim("iss", "\"x\"")),
        "wrong_issuer"
    );
    let kept = waived
        .with_keys(waived.keys().clone())
        .expect("the same keys");
    assert_eq!(outcome(&kept, &without("aud")), "accepted");
}

#[test]
fn t12_waiving_the_issuer_waives_nothing_else() {
    let waived = verifier(Algorithm::HS256).dangerous_any_issuer();
    assert_eq!(outcome(&waived, &without("iss")), "accepted");
    assert_eq!(
        outcome(&waived, &with_claim("iss", "\"https://other.example\"")),
        "accepted"
    );
    for value in ["7", "null", "[\"https://id.example\"]"] {
        let outcome = outcome(&waived, &with_claim("iss", value));
        assert_eq!(outcome, "invalid_claim", "{value}");
    }
    assert_eq!(outcome(&waived, &without("aud")), "missing_claim");
    assert_eq!(outcome(&waived, &without("exp")), "missing_claim");
    let untyped = with_header(json!({ "alg": "HS256" }));
    assert_eq!(outcome(&waived, &untyped), "wrong_typ");
    let proof = verify(&waived, &without("iss")).expect("the issuer is waived");
    assert_eq!(proof.registered().issuer, None);
    let kept = waived
        .with_keys(waived.keys().clone())
        .expect("the same keys");
    assert_eq!(outcome(&kept, &without("iss")), "accepted");
}

#[test]
fn t12_the_issuer_is_one_exact_string() {
    for value in [
        "\"https://id.exampl\"",
        "\"https://id.example/\"",
        "\"https://id.example.evil\"",
        "\"ttps://id.example\"",
        "\"https://ID.example\"",
        "\"https://id.example \"",
        "\"\"",
        "\"h\"",
    ] {
        let refused = refusal(&with_claim("iss", value));
        assert_eq!(refused, ("wrong_issuer", Some("iss")), "{value}");
    }
    for value in ["[\"https://id.example\"]", "7", "null", "{}", "true"] {
        let refused = refusal(&with_claim("iss", value));
        assert_eq!(refused, ("invalid_claim", Some("iss")), "{value}");
    }
    assert_eq!(refusal(&without("iss")), ("missing_claim", Some("iss")));
}

/// Storm-0558: a key of one issuer signs a token that claims another.
#[test]
fn t12_keys_belong_to_their_issuer() {
    let ours = SigningKey::generate(Algorithm::ES256).expect("a key");
    let theirs = SigningKey::generate(Algorithm::ES256).expect("a key");
    let verifier_of = |key: &SigningKey, issuer: &str| {
        let keys = KeySet::new([key.verifying_key()]).expect("one key");
        let policy = Policy {
            issuer: issuer.into(),
            ..policy(&[Algorithm::ES256])
        };
        Verifier::new(keys, policy).expect("complete")
    };
    let of_ours = verifier_of(&ours, ISSUER);
    let of_theirs = verifier_of(&theirs, "https://other.example");
    let token = |key: &SigningKey, issuer: &str| {
        let mut claims = good_claims();
        claims["iss"] = json!(issuer);
        sign(key, Typ::ACCESS_TOKEN, &claims).expect("a token")
    };
    assert_eq!(outcome(&of_ours, &token(&ours, ISSUER)), "accepted");
    assert_eq!(outcome(&of_ours, &token(&theirs, ISSUER)), "unknown_key");
    assert_eq!(outcome(&of_theirs, &token(&theirs, ISSUER)), "wrong_issuer");
    assert_eq!(
        outcome(&of_ours, &token(&ours, "https://other.example")),
        "wrong_issuer"
    );
    // The name of our key doesn't make it theirs.
    let disguised = theirs.with_kid(ours.kid().expect("a name"));
    assert_eq!(
        outcome(&of_ours, &token(&disguised, ISSUER)),
        "bad_signature"
    );
}

#[test]
fn the_other_registered_claims_are_strings() {
    for claim in ["sub", "jti"] {
        for value in ["7", "null", "[]", "{}", "true"] {
            let refused = refusal(&with_claim(claim, value));
            assert_eq!(refused, ("invalid_claim", Some(claim)), "{claim}: {value}");
        }
    }
}

#[test]
fn registered_claims_come_out_as_checked() {
    let proof = verify(
        &verifier(Algorithm::HS256),
        &with_claim("nbf", "1799999999.25"),
    );
    let proof = proof.expect("a good token");
    let registered = proof.registered();
    assert_eq!(registered.issuer.as_deref(), Some(ISSUER));
    assert_eq!(registered.subject.as_deref(), Some("user-1"));
    assert_eq!(registered.audience, [AUDIENCE]);
    assert_eq!(registered.expires_at, NOW + Duration::from_mins(10));
    assert_eq!(registered.issued_at, Some(NOW));
    assert_eq!(
        registered.not_before,
        Some(Timestamp::from_millis(1_799_999_999_250))
    );
    assert_eq!(registered.token_id.as_deref(), Some("token-1"));
}

/// CVE-2024-51744: "expired" hid that the token was forged.
#[test]
fn t17_a_bad_signature_wins_over_everything_in_the_claims() {
    let mut other = good_claims();
    other["sub"] = json!("admin");
    let forged = |claims: &Value| {
        let good = good_token(Algorithm::HS256);
        let (_, signature) = good.rsplit_once('.').expect("three segments");
        let changed = with_claims(claims);
        let (input, _) = changed.rsplit_once('.').expect("three segments");
        format!("{input}.{signature}")
    };
    for (claim, value) in [
        ("exp", json!(1)),
        ("exp", json!("never")),
        ("nbf", json!(9_000_000_000_i64)),
        ("iss", json!("https://other.example")),
        ("aud", json!([])),
        ("sub", json!("admin")),
    ] {
        let mut claims = other.clone();
        claims[claim] = value;
        assert_eq!(
            refusal(&forged(&claims)),
            ("bad_signature", None),
            "{claim}"
        );
    }
    let not_json = good_token(Algorithm::HS256).replace(".ey", ".AA");
    assert_eq!(judged(&not_json), "bad_signature");
}

#[test]
fn t17_errors_say_nothing_of_the_token() {
    let marker = "s3cr3t-marker";
    let mut tokens = vec![
        with_claim("aud", &format!("\"{marker}\"")),
        with_claim("iss", &format!("\"{marker}\"")),
        with_claim("exp", &format!("\"{marker}\"")),
        with_claims(format!("{{\"{marker}\":1,\"{marker}\":2}}")),
        with_claims(marker),
        marker.to_owned(),
    ];
    for name in ["alg", "typ", "kid"] {
        let mut header = good_header(Algorithm::HS256);
        header[name] = json!(marker);
        tokens.push(with_header(header) + "A");
    }
    let verifier = verifier(Algorithm::HS256);
    let mut errors: Vec<_> = tokens
        .iter()
        .map(|token| verify(&verifier, token).expect_err("a bad token"))
        .collect();
    let wrong_type = with_claim("roles", &format!("\"{marker}\""));
    errors.push(
        verifier
            .verify::<AccessClaims>(&wrong_type, NOW)
            .expect_err("not a list"),
    );
    for error in errors {
        let shown = format!("{error} {error:?}");
        assert!(
            !shown.contains(marker) && !shown.contains("s3cr3t"),
            "{shown}"
        );
    }
}

#[test]
fn claims_that_do_not_fit_the_type_are_refused() {
    let verifier = verifier(Algorithm::HS256);
    for token in [
        without("client_id"),
        without("sub"),
        without("jti"),
        with_claim("roles", "7"),
    ] {
        let refused = verifier
            .verify::<AccessClaims>(&token, NOW)
            .expect_err("not RFC 9068");
        assert_eq!(refused.code(), "unreadable_claims");
    }
}

#[test]
fn the_claims_can_be_read_as_another_type() {
    #[derive(Debug, serde::Deserialize)]
    struct Own {
        identity: String,
    }
    let mut claims = good_claims();
    claims["identity"] = json!("7");
    let verifier = verifier(Algorithm::HS256);
    let proof = verifier
        .verify::<AccessClaims>(&with_claims(&claims), NOW)
        .expect("a good token");
    let own: Own = proof.claims_as().expect("it is there");
    assert_eq!(own.identity, "7");

    for identity in [json!(7), json!(null), json!(["s3cr3t"]), json!({})] {
        claims["identity"] = identity.clone();
        let proof = verifier
            .verify::<AccessClaims>(&with_claims(&claims), NOW)
            .expect("a good token");
        let refused = proof.claims_as::<Own>().expect_err("not a string");
        assert_eq!(refused.code(), "unreadable_claims", "{identity}");
        assert!(!format!("{refused} {refused:?} {proof:?}").contains("s3cr3t"));
    }
}

#[test]
fn access_claims_survive_the_round_trip() {
    let claims = AccessClaims {
        iss: ISSUER.into(),
        sub: "사용자 \"1\"\u{0}".into(),
        aud: vec![AUDIENCE.to_owned(), "https://other.example".to_owned()].into(),
        exp: NOW.as_secs() + 1,
        iat: NOW.as_secs(),
        jti: "j".into(),
        client_id: "local".into(),
        scope: Some("openid profile".into()),
        roles: vec!["editor".into()],
        auth_time: Some(NOW.as_secs() - 5),
        sid: Some("s".into()),
    };
    let key = crate::support::signing_key(Algorithm::Ed25519);
    let token = sign(&key, Typ::ACCESS_TOKEN, &claims).expect("a token");
    let proof = verifier(Algorithm::Ed25519).verify::<AccessClaims>(&token, NOW);
    assert_eq!(proof.expect("a good token").into_claims(), claims);

    let bare: AccessClaims =
        serde_json::from_value(good_claims()).expect("the optional ones absent");
    assert_eq!(bare.roles, Vec::<String>::new());
    assert_eq!(serde_json::to_value(&bare).expect("JSON"), good_claims());
}
