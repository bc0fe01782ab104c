//! Claims of the program's own, and tokens that another library made with a shared secret.
//!
//! The tokens are PyJWT 2.15.1's, as the seed programs call it: `jwt.encode(claims, SECRET, "HS256")`.

use http::HeaderMap;
use serde::Deserialize;
use symbolon_guard::{
    Clock, Guard, Invalid, Outcome, Reason, SharedSecret,
    token::{ErrorKind, SigningKey, Timestamp, Typ, sign},
};

use crate::support::{AUDIENCE, ISSUER, Mint, NOW, bearer};

const SECRET: &str = "k9Q2vXo7Zt4mB1rL8wYc5NfJ3hGdPsAe6uTi0KxR";

/// `{"identity":"1","exp":1800000300,"iat":1800000000,"nbf":1800000000}`.
const P0: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.\
    eyJpZGVudGl0eSI6IjEiLCJleHAiOjE4MDAwMDAzMDAsImlhdCI6MTgwMDAwMDAwMCwibmJmIjoxODAwMDAwMDAwfQ.\
    VkWCnsLqRb60rf5wrbImCB4DWxye87fQSxzwWxS6GR4";
/// `{"user_id":"7","role":"user","exp":1800000600}`.
const P1: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.\
    eyJ1c2VyX2lkIjoiNyIsInJvbGUiOiJ1c2VyIiwiZXhwIjoxODAwMDAwNjAwfQ.\
    WHOPYYeeqUKje2OR160gR8d8G0F3S58nP3SQkt6jZHo";
/// The same without `typ`.
const P1_UNTYPED: &str = "eyJhbGciOiJIUzI1NiJ9.\
    eyJ1c2VyX2lkIjoiNyIsInJvbGUiOiJ1c2VyIiwiZXhwIjoxODAwMDAwNjAwfQ.\
    7ypKk7iYVZd-tO4E2N3feZZcpujVqJ5rnMnLrYLKqaA";
/// The same without `exp`, as the program makes it.
const P1_FOR_EVER: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.\
    eyJ1c2VyX2lkIjoiNyIsInJvbGUiOiJ1c2VyIn0.\
    NRdG-RvxD49zY_Fq3aQH2dzrN9S3HXfBmnoWwUmGC_k";
/// `{"id":"3","exp":1800000600}`.
const P3: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.\
    eyJpZCI6IjMiLCJleHAiOjE4MDAwMDA2MDB9.\
    Zy4hHdG-uKT-7rhx3xdty49ckDNq88ScyVSsnVxBf_E";

#[derive(Debug, Deserialize)]
struct Identity {
    identity: String,
}

#[derive(Debug, Deserialize)]
struct Member {
    user_id: String,
    role: String,
}

#[derive(Debug, Deserialize)]
struct Id {
    id: String,
}

/// A guard of tokens without issuer and audience, of the kind `JWT`.
fn guard() -> Guard {
    let secret = SharedSecret::parse(SECRET).unwrap();
    let verifier = secret.verifier("posts", "posts", Typ::JWT).unwrap();
    let verifier = verifier.dangerous_any_issuer().dangerous_any_audience();
    Guard::with_clock(verifier, Clock::fixed(NOW).clock())
}

fn refusal<C>(outcome: Outcome<C>) -> &'static str {
    match outcome {
        Outcome::Valid(_) => "accepted",
        Outcome::Invalid(Invalid::Token(error)) => error.code(),
        _ => "no token",
    }
}

#[tokio::test]
async fn p0_05_p1_02_p3_02_tokens_of_their_shapes_are_read() {
    let guard = guard();
    let identity: Identity = guard.require_as(&bearer(P0)).await.unwrap().into_claims();
    assert_eq!(identity.identity, "1");
    let member = guard.require_as(&bearer(P1)).await.unwrap();
    let member: &Member = member.claims();
    assert_eq!((&*member.user_id, &*member.role), ("7", "user"));
    let id: Id = guard.require_as(&bearer(P3)).await.unwrap().into_claims();
    assert_eq!(id.id, "3");
    let nobody = guard.admit_as::<Id>(&HeaderMap::new()).await.unwrap();
    assert!(nobody.is_none());
}

/// P1's program issues tokens for ever; here they count once they carry `exp`.
#[test]
fn t10_a_token_for_ever_is_refused_and_a_late_one_too() {
    let guard = guard();
    let at = |token, seconds| {
        refusal(guard.check_as::<Member>(&bearer(token), Timestamp::from_secs(seconds)))
    };
    assert_eq!(at(P1_FOR_EVER, 0), "missing_claim");
    assert_eq!(at(P1, 1_800_000_599), "accepted");
    assert_eq!(at(P1, 1_800_000_600), "expired");
}

#[test]
fn t13_an_untyped_token_needs_the_word_dangerous() {
    let check = |guard: &Guard| refusal(guard.check_as::<Member>(&bearer(P1_UNTYPED), NOW));
    assert_eq!(check(&guard()), "wrong_typ");
    let secret = SharedSecret::parse(SECRET).unwrap();
    let verifier = secret.verifier("posts", "posts", Typ::JWT).unwrap();
    let verifier = verifier
        .dangerous_any_issuer()
        .dangerous_any_audience()
        .dangerous_optional_typ();
    assert_eq!(check(&Guard::new(verifier)), "accepted");
}

/// One secret, several programs: a token of another shape is no token of this one.
#[test]
fn p1_05_claims_that_do_not_fit_are_refused() {
    let guard = guard();
    let code = |token| refusal(guard.check_as::<Member>(&bearer(token), NOW));
    assert_eq!(code(P1), "accepted");
    assert_eq!(code(P0), "unreadable_claims");
    assert_eq!(code(P3), "unreadable_claims");
    // Nor is it one of the kind that `Caller` proves.
    let access = refusal(guard.check(&bearer(P1), NOW));
    assert_eq!(access, "unreadable_claims");
    let forged = format!("{}A", &P1[..P1.len() - 1]);
    assert_eq!(code(&forged), "bad_signature");
}

#[tokio::test]
async fn t14_another_secret_opens_nothing() {
    let other = SharedSecret::parse("Zt4mB1rL8wYc5NfJ3hGdPsAe6uTi0KxRk9Q2vXo7").unwrap();
    let guard = Guard::shared_secret(&other, ISSUER, AUDIENCE).unwrap();
    assert!(guard.require_as::<Member>(&bearer(P1)).await.is_err());
    assert!(Guard::shared_secret(&other, "", AUDIENCE).is_err());
    assert!(Guard::shared_secret(&other, ISSUER, "").is_err());
}

/// In one line, with all of RFC 9068 asked for: issuer, audience and kind.
#[test]
fn t13_a_guard_of_a_shared_secret_takes_access_tokens_only() {
    let secret = SharedSecret::parse(SECRET).unwrap();
    let guard = Guard::shared_secret(&secret, ISSUER, AUDIENCE).unwrap();
    let mint = Mint {
        key: secret.signing_key(),
        issuer: ISSUER.into(),
        audience: AUDIENCE.into(),
    };
    let code = |token: &str| refusal(guard.check(&bearer(token), NOW));
    assert_eq!(code(&mint.token()), "accepted");
    let id_token = sign(&mint.key, Typ::ID_TOKEN, &mint.claims(NOW)).unwrap();
    assert_eq!(code(&id_token), "wrong_typ");
    for (change, expected) in [
        (("https://other.example", AUDIENCE), "wrong_issuer"),
        ((ISSUER, "https://other.example"), "wrong_audience"),
    ] {
        let mint = Mint {
            key: secret.signing_key(),
            issuer: change.0.into(),
            audience: change.1.into(),
        };
        assert_eq!(code(&mint.token()), expected);
    }
    let key = SigningKey::generate(symbolon_guard::token::Algorithm::Ed25519).unwrap();
    let foreign = sign(&key, Typ::ACCESS_TOKEN, &mint.claims(NOW)).unwrap();
    assert_eq!(code(&foreign), "algorithm_not_allowed");
}

/// P0 as it is issued here: an access token with `identity` as an extra claim.
#[tokio::test]
async fn p0_12_a_callers_extra_claims_are_read_as_a_type() {
    let mint = Mint::new();
    let (guard, _) = mint.guard();
    let with = async |claim: &str, value: serde_json::Value| {
        let mut claims = serde_json::to_value(mint.claims(NOW)).unwrap();
        claims[claim] = value;
        let token = sign(&mint.key, Typ::ACCESS_TOKEN, &claims).unwrap();
        guard.require(&bearer(&token)).await.unwrap()
    };
    let caller = with("identity", "1".into()).await;
    assert_eq!(caller.extra::<Identity>().unwrap().identity, "1");
    assert_eq!(caller.subject(), "ada");

    // P1-05: a good token without the claim is a 500 in the original.
    for caller in [
        with("identity", 1.into()).await,
        with("identities", "1".into()).await,
        with("Identity", "1".into()).await,
    ] {
        let refused = caller.extra::<Identity>().unwrap_err();
        assert_eq!(refused.status(), 401);
        let Reason::Invalid(Invalid::Token(error)) = refused.reason() else {
            panic!("{refused}");
        };
        assert_eq!(error.kind(), ErrorKind::UnreadableClaims);
    }
}
