//! The six kinds of token against the six verifiers (T13), and what each kind requires and forbids.

use serde_json::{Value, json};
use symbolon_token::{
    Algorithm, ClaimFailure, Error, KeySet, SigningKey, Typ,
    profile::{
        AccessTokens, Authentication, ClientAssertions, DpopProofs, IdTokens, LogoutTokens,
        ProvenRequest, SecurityEvents,
    },
    sign,
};

use crate::support::{AUDIENCE, ISSUER, NOW, code, signing_key};

const ES256: Algorithm = Algorithm::ES256;
const CLIENT: &str = "client-1";
const LOGOUT: &str = "http://schemas.openid.net/event/backchannel-logout";
const ACCESS_TOKEN: &str = "an-access-token";

fn key() -> SigningKey {
    signing_key(ES256)
}

fn keys() -> KeySet {
    KeySet::new([key().verifying_key()]).expect("one key")
}

/// Every kind accepts these claims as far as its own are concerned, so that only the kind decides.
fn claims(kind: &str) -> Value {
    let now = NOW.as_secs();
    let mut claims = json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "user-1", "exp": now + 300, "iat": now,
        "jti": "token-1", "client_id": CLIENT,
    });
    match kind {
        "logout+jwt" => claims["events"] = json!({ LOGOUT: {} }),
        "secevent+jwt" => claims["events"] = json!({ "urn:example:happened": {} }),
        "client-authentication+jwt" => claims["sub"] = json!(ISSUER),
        "dpop+jwt" => {
            let hash =
                aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, ACCESS_TOKEN.as_bytes());
            let ath = data_encoding::BASE64URL_NOPAD.encode(hash.as_ref());
            claims["htm"] = json!("GET");
            claims["htu"] = json!("https://api.example/notes");
            claims["ath"] = json!(ath);
            claims["nonce"] = json!("server-nonce");
        }
        _ => {}
    }
    claims
}

fn token(kind: &str, claims: &Value) -> String {
    if kind == "dpop+jwt" {
        return proof(&json!({}), claims);
    }
    sign(&key(), Typ::new(kind).expect("a media type"), claims).expect("a token")
}

/// A proof of possession, its header changed as asked.
fn proof(changes: &Value, claims: &Value) -> String {
    let jwk = key().public_jwk().expect("a key pair");
    let mut header = json!({ "alg": "ES256", "typ": "dpop+jwt", "jwk": jwk });
    for (member, value) in changes.as_object().expect("an object") {
        header[member] = value.clone();
    }
    crate::support::forge(ES256, header.to_string(), claims.to_string())
}

const REQUEST: ProvenRequest<'_> = ProvenRequest {
    method: "GET",
    url: "https://API.example:443/notes?page=2",
    access_token: Some(ACCESS_TOKEN),
    nonce: Some("server-nonce"),
};

const KINDS: [&str; 6] = [
    "at+jwt",
    "JWT",
    "logout+jwt",
    "client-authentication+jwt",
    "dpop+jwt",
    "secevent+jwt",
];

/// Asks the verifier of a kind.
fn ask(kind: &str, token: &str) -> Result<(), Error> {
    let algorithms = vec![ES256];
    match kind {
        "at+jwt" => AccessTokens::new(keys(), ISSUER, AUDIENCE, algorithms)?
            .verify(token, NOW)
            .map(drop),
        "JWT" => IdTokens::new(keys(), ISSUER, AUDIENCE, algorithms)?
            .verify(token, Authentication::default(), NOW)
            .map(drop),
        "logout+jwt" => LogoutTokens::new(keys(), ISSUER, AUDIENCE, algorithms)?
            .verify(token, NOW)
            .map(drop),
        "client-authentication+jwt" => ClientAssertions::new(keys(), ISSUER, AUDIENCE, algorithms)?
            .verify(token, NOW)
            .map(drop),
        "dpop+jwt" => DpopProofs::new(algorithms)?
            .verify(token, REQUEST, NOW)
            .map(drop),
        _ => SecurityEvents::new(keys(), ISSUER, AUDIENCE, algorithms)?
            .verify(token, NOW)
            .map(drop),
    }
}

#[test]
fn t13_six_kinds_and_six_verifiers_agree_on_the_diagonal_only() {
    for kind in KINDS {
        for verifier in KINDS {
            let refused = code(ask(verifier, &token(kind, &claims(kind))));
            let expected = match (kind, verifier) {
                (kind, verifier) if kind == verifier => "accepted",
                // A proof brings its key, which only its own verifier reads; the others bring none.
                ("dpop+jwt", _) => "forbidden_header",
                (_, "dpop+jwt") => "invalid_header",
                _ => "wrong_typ",
            };
            assert_eq!(refused, expected, "{kind} to the verifier of {verifier}");
            // The long form of the media type is the same kind.
            if kind == verifier && kind != "dpop+jwt" {
                let long = sign(
                    &key(),
                    Typ::new(format!("application/{kind}")).expect("a media type"),
                    &claims(kind),
                );
                assert_eq!(code(ask(verifier, &long.expect("a token"))), "accepted");
            }
        }
    }
}

/// Claims by themselves don't make a kind: with another's `typ` they must differ in what is required.
#[test]
fn t13_claims_of_one_kind_under_the_typ_of_another() {
    for (of, under, expected, claim) in [
        ("logout+jwt", "JWT", "claim_mismatch", "events"),
        ("JWT", "logout+jwt", "missing_claim", "events"),
        ("secevent+jwt", "logout+jwt", "claim_mismatch", "events"),
        ("JWT", "secevent+jwt", "missing_claim", "events"),
        ("JWT", "client-authentication+jwt", "claim_mismatch", "sub"),
        ("JWT", "dpop+jwt", "missing_claim", "htm"),
    ] {
        let refused = ask(under, &token(under, &claims(of))).expect_err("another kind");
        assert_eq!(
            (refused.code(), refused.claim()),
            (expected, Some(claim)),
            "{of} as {under}"
        );
    }
}

#[test]
fn t13_each_kind_requires_its_claims_and_names_the_missing_one() {
    for (kind, required) in [
        (
            "at+jwt",
            &["iss", "sub", "aud", "exp", "iat", "jti", "client_id"][..],
        ),
        ("JWT", &["iss", "sub", "aud", "exp", "iat"]),
        ("logout+jwt", &["iss", "aud", "exp", "iat", "jti", "events"]),
        (
            "client-authentication+jwt",
            &["iss", "sub", "aud", "exp", "jti"],
        ),
        ("dpop+jwt", &["jti", "htm", "htu", "iat", "ath", "nonce"]),
        ("secevent+jwt", &["iss", "aud", "iat", "jti", "events"]),
    ] {
        for claim in required {
            let mut claims = claims(kind);
            claims.as_object_mut().expect("an object").remove(*claim);
            let refused = ask(kind, &token(kind, &claims)).expect_err("a claim is missing");
            let missing = (Some(ClaimFailure::Missing), Some(*claim));
            let seen = (refused.claim_failure(), refused.claim());
            // The one claim that is read as one string is named by its own refusal.
            assert_eq!(seen, missing, "{kind} without {claim}: {refused}");
        }
    }
}

fn changed(kind: &str, claim: &str, value: Value) -> &'static str {
    let mut claims = claims(kind);
    claims[claim] = value;
    code(ask(kind, &token(kind, &claims)))
}

#[test]
fn t13_what_each_kind_forbids() {
    let now = NOW.as_secs();
    for (kind, claim, value, expected) in [
        ("at+jwt", "exp", json!(now), "expired"),
        ("at+jwt", "client_id", json!(7), "unreadable_claims"),
        ("JWT", "nonce", json!("unasked"), "claim_mismatch"),
        ("JWT", "azp", json!("another"), "claim_mismatch"),
        ("JWT", "azp", json!(AUDIENCE), "accepted"),
        ("JWT", "aud", json!([AUDIENCE, "another"]), "missing_claim"),
        ("JWT", "sub", json!("x".repeat(256)), "invalid_claim"),
        ("JWT", "sub", json!(""), "invalid_claim"),
        ("JWT", "sub", json!("\u{e4}"), "invalid_claim"),
        ("JWT", "events", json!({}), "claim_mismatch"),
        ("logout+jwt", "nonce", json!("n"), "claim_mismatch"),
        ("logout+jwt", "nonce", json!(null), "claim_mismatch"),
        (
            "logout+jwt",
            "events",
            json!({ LOGOUT: 1 }),
            "claim_mismatch",
        ),
        ("logout+jwt", "events", json!([LOGOUT]), "claim_mismatch"),
        ("logout+jwt", "iat", json!(now + 61), "not_yet_valid"),
        (
            "client-authentication+jwt",
            "aud",
            json!([AUDIENCE]),
            "claim_mismatch",
        ),
        (
            "client-authentication+jwt",
            "aud",
            json!(format!("{AUDIENCE}/token")),
            "wrong_audience",
        ),
        (
            "client-authentication+jwt",
            "sub",
            json!("another"),
            "claim_mismatch",
        ),
        (
            "client-authentication+jwt",
            "exp",
            json!(now + 601),
            "claim_mismatch",
        ),
        (
            "client-authentication+jwt",
            "exp",
            json!(now + 600),
            "accepted",
        ),
        ("dpop+jwt", "htm", json!("get"), "claim_mismatch"),
        ("dpop+jwt", "htm", json!("POST"), "claim_mismatch"),
        (
            "dpop+jwt",
            "htu",
            json!("https://api.example/other"),
            "claim_mismatch",
        ),
        (
            "dpop+jwt",
            "htu",
            json!("http://api.example/notes"),
            "claim_mismatch",
        ),
        ("dpop+jwt", "htu", json!("notes"), "claim_mismatch"),
        ("dpop+jwt", "ath", json!("AAAA"), "claim_mismatch"),
        ("dpop+jwt", "nonce", json!("old"), "claim_mismatch"),
        ("dpop+jwt", "iat", json!(now - 61), "expired"),
        ("dpop+jwt", "iat", json!(now + 61), "not_yet_valid"),
        ("dpop+jwt", "iat", json!(now - 60), "accepted"),
        ("dpop+jwt", "jti", json!(1), "invalid_claim"),
        ("secevent+jwt", "events", json!({}), "missing_claim"),
        (
            "secevent+jwt",
            "events",
            json!({ "urn:x": 1 }),
            "unreadable_claims",
        ),
        ("secevent+jwt", "exp", json!(now), "expired"),
        ("secevent+jwt", "nonce", json!("n"), "claim_mismatch"),
    ] {
        assert_eq!(
            changed(kind, claim, value.clone()),
            expected,
            "{kind} {claim} {value}"
        );
    }
    let mut nobody = claims("logout+jwt");
    nobody.as_object_mut().expect("an object").remove("sub");
    assert_eq!(
        code(ask("logout+jwt", &token("logout+jwt", &nobody))),
        "missing_claim"
    );
    nobody["sid"] = json!("session-1");
    assert_eq!(
        code(ask("logout+jwt", &token("logout+jwt", &nobody))),
        "accepted"
    );
}

#[test]
fn o1_an_id_token_answers_what_was_asked() {
    let verifier = IdTokens::new(keys(), ISSUER, AUDIENCE, vec![ES256]).expect("complete");
    let judged = |claims: &Value, asked| code(verifier.verify(&token("JWT", claims), asked, NOW));
    let plain = Authentication::default();
    let with_nonce = Authentication {
        nonce: Some("n-1"),
        ..plain
    };
    let mut claims = claims("JWT");
    assert_eq!(judged(&claims, with_nonce), "missing_claim");
    claims["nonce"] = json!("n-2");
    assert_eq!(judged(&claims, with_nonce), "claim_mismatch");
    claims["nonce"] = json!("n-1");
    assert_eq!(judged(&claims, with_nonce), "accepted");
    // OpenID Connect Core A.3: the access token of its example, and the hash that it shows.
    let with_token = Authentication {
        access_token: Some("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"),
        ..with_nonce
    };
    claims["at_hash"] = json!("77QmUPtjPfzWtF2AnpK9RQ");
    assert_eq!(judged(&claims, with_token), "accepted");
    for wrong in ["77QmUPtjPfzWtF2AnpK9RA", "", "77QmUPtjPfzWtF2AnpK9RQ=="] {
        claims["at_hash"] = json!(wrong);
        assert_eq!(judged(&claims, with_token), "claim_mismatch", "{wrong}");
    }
    claims["at_hash"] = json!("77QmUPtjPfzWtF2AnpK9RQ");
    let fresh = Authentication {
        max_age: Some(std::time::Duration::from_mins(5)),
        ..with_token
    };
    assert_eq!(judged(&claims, fresh), "missing_claim");
    claims["auth_time"] = json!(NOW.as_secs() - 361);
    assert_eq!(judged(&claims, fresh), "claim_mismatch");
    claims["auth_time"] = json!(NOW.as_secs() - 360);
    assert_eq!(judged(&claims, fresh), "accepted");
}

#[test]
fn a_proof_of_possession_brings_a_good_public_key_of_its_own() {
    let good = claims("dpop+jwt");
    let verifier = DpopProofs::new(vec![ES256]).expect("an algorithm");
    let accepted = verifier
        .verify(&proof(&json!({}), &good), REQUEST, NOW)
        .expect("a good proof");
    let jwk = key().public_jwk().expect("a key pair");
    assert_eq!(accepted.thumbprint(), jwk.thumbprint());
    assert_eq!(accepted.token_id(), "token-1");
    let mut leaked = serde_json::to_value(&jwk).expect("JSON");
    leaked["d"] = json!("AAAA");
    let stranger = SigningKey::generate(ES256).expect("a key").public_jwk();
    for (name, changes, expected) in [
        ("another's key", json!({ "jwk": stranger }), "bad_signature"),
        ("a private key", json!({ "jwk": leaked }), "invalid_key"),
        (
            "a shared secret",
            json!({ "jwk": { "kty": "oct", "k": "AAAA" } }),
            "invalid_key",
        ),
        ("no object", json!({ "jwk": "text" }), "invalid_header"),
        ("another kind", json!({ "typ": "JWT" }), "wrong_typ"),
        (
            "another algorithm",
            json!({ "alg": "ES384" }),
            "algorithm_not_allowed",
        ),
        ("none", json!({ "alg": "none" }), "algorithm_not_allowed"),
        ("crit", json!({ "crit": ["exp"] }), "unsupported_crit"),
        (
            "a linked key",
            json!({ "jku": "http://127.0.0.1/" }),
            "forbidden_header",
        ),
        ("unencoded", json!({ "b64": false }), "forbidden_header"),
    ] {
        let judged = verifier.verify(&proof(&changes, &good), REQUEST, NOW);
        assert_eq!(code(judged), expected, "{name}");
    }
    assert_eq!(code(DpopProofs::new(vec![])), "invalid_policy");
    assert_eq!(
        code(DpopProofs::new(vec![Algorithm::HS256])),
        "invalid_policy"
    );
}

/// RFC 9449 §4.2, figure 2, with its access token from §7.1.
#[test]
fn rfc9449_7_1_the_proof_of_the_rfc() {
    let proof = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";
    let request = ProvenRequest {
        method: "POST",
        url: "https://server.example.com/token",
        access_token: None,
        nonce: None,
    };
    let verifier = DpopProofs::new(vec![ES256]).expect("an algorithm");
    let then = symbolon_token::Timestamp::from_secs(1_562_262_616);
    let accepted = verifier
        .verify(proof, request, then)
        .expect("the RFC's own");
    assert_eq!(
        accepted.thumbprint(),
        "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
    );
    let other = ProvenRequest {
        url: "https://server.example.com/other",
        ..request
    };
    assert_eq!(code(verifier.verify(proof, other, then)), "claim_mismatch");
}
