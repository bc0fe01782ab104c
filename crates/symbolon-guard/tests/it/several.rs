//! Several issuers at one guard: each token is judged by the keys of the issuer that it names, alone.

use serde::Deserialize;
use symbolon_guard::{
    Caller, Clock, Guard, Identified, Invalid, Profile, Reason, SharedSecret,
    testing::TestIssuer,
    token::{ErrorKind, SigningKey, Typ, sign},
};

use crate::support::{Mint, NOW, bearer, issuer::FakeIssuer, until};

fn code(refused: &symbolon_guard::Rejection) -> &'static str {
    refused
        .token_error()
        .map_or("none", symbolon_guard::token::Error::code)
}

#[tokio::test]
async fn t12_each_issuers_tokens_are_judged_by_its_own_keys() {
    let (ours, theirs) = (
        TestIssuer::new(),
        TestIssuer::named("https://partner.example"),
    );
    let guard = ours
        .guard("https://api.example")
        .or(&theirs.guard("https://api.example"));
    for (issuer, name) in [
        (&ours, "https://login.example"),
        (&theirs, "https://partner.example"),
    ] {
        let caller = guard.require(&issuer.mint("ada").headers()).await.unwrap();
        assert_eq!((caller.subject(), caller.issuer()), ("ada", name));
        assert!(caller.is_from(&guard));
    }
    // Storm-0558: a key of the one signs for the other.
    let forged = theirs.mint("ada").claim("iss", "https://login.example");
    let refused = guard.require(&forged.headers()).await.unwrap_err();
    assert_eq!(code(&refused), "unknown_key");
    let forged = ours.mint("ada").claim("iss", "https://partner.example");
    let refused = guard.require(&forged.headers()).await.unwrap_err();
    assert_eq!(code(&refused), "unknown_key");
    for issuer in [
        "https://login.example/",
        "https://LOGIN.example",
        "https://other.example",
        "",
    ] {
        let token = ours.mint("ada").claim("iss", issuer);
        assert!(guard.require(&token.headers()).await.is_err(), "{issuer}");
    }
    // A list is no issuer, whatever it holds.
    let token = ours.mint("ada").claim("iss", ["https://login.example"]);
    assert!(guard.require(&token.headers()).await.is_err());
}

/// Two keys under one name: were the keys put together, the one would shadow the other.
#[tokio::test]
async fn t12_the_same_kid_at_two_issuers_means_two_keys() {
    let (ours, theirs) = (
        Mint::named("1", "https://login.example"),
        Mint::named("1", "https://partner.example"),
    );
    let guard = ours.guard().0.or(&theirs.guard().0);
    for (mint, other) in [(&ours, &theirs), (&theirs, &ours)] {
        assert!(guard.require(&bearer(&mint.token())).await.is_ok());
        let claims = mint.claims(NOW);
        let forged = sign(&other.key, Typ::ACCESS_TOKEN, &claims).unwrap();
        let refused = guard.require(&bearer(&forged)).await.unwrap_err();
        assert_eq!(code(&refused), "bad_signature");
    }
}

#[tokio::test]
async fn t12_the_audience_is_each_issuers_own() {
    let (ours, theirs) = (
        TestIssuer::new(),
        TestIssuer::named("https://partner.example"),
    );
    let guard = ours.guard("https://api.example").or(&theirs.guard("posts"));
    let right = theirs.mint("ada").audience("posts");
    assert!(guard.require(&right.headers()).await.is_ok());
    let wrong = theirs.mint("ada").audience("https://api.example");
    let refused = guard.require(&wrong.headers()).await.unwrap_err();
    assert_eq!(code(&refused), "wrong_audience");
}

/// Nobody is asked for keys because of a token that names nobody we know.
#[tokio::test]
async fn t6_t12_an_unknown_issuer_makes_nobody_fetch() {
    let (first, second) = (FakeIssuer::open(), FakeIssuer::open());
    let (mint, other) = (Mint::named("1", &first.url), Mint::named("1", &second.url));
    first.publish(&[&mint]);
    second.publish(&[&other]);
    let hands = Clock::fixed(NOW);
    let start = |issuer: &FakeIssuer| {
        Guard::remote(&issuer.url)
            .clock(hands.clock())
            .start()
            .unwrap()
    };
    let guard = start(&first).or(&start(&second));
    until("all keys", || guard.holds_keys()).await;
    guard.ready().await;

    let stranger = Mint::named("x", "https://evil.example");
    for _ in 0..50 {
        let refused = guard.require(&bearer(&stranger.token())).await.unwrap_err();
        assert_eq!(refused.status(), 401);
    }
    assert_eq!((first.desk.jwks_asked(), second.desk.jwks_asked()), (1, 1));

    // A new key of the second is asked for at the second.
    let new = Mint::named("2", &second.url);
    second.publish(&[&other, &new]);
    assert!(guard.require(&bearer(&new.token())).await.is_ok());
    assert_eq!((first.desk.jwks_asked(), second.desk.jwks_asked()), (1, 2));
}

/// Tokens that name nobody are for the guard whose issuer may be waived; a fetched issuer never is.
#[tokio::test]
async fn t12_a_token_without_an_issuer_is_not_for_a_fetched_one() {
    let issuer = FakeIssuer::open();
    let mint = Mint::named("1", &issuer.url);
    issuer.publish(&[&mint]);
    let hands = Clock::fixed(NOW);
    let fetched = Guard::remote(&issuer.url)
        .profile(Profile::jwt())
        .algorithms([symbolon_guard::token::Algorithm::Ed25519])
        .audience("posts")
        .clock(hands.clock())
        .start()
        .unwrap();
    until("the keys", || fetched.holds_keys()).await;
    let (old, key) = original();
    let guard = fetched.or(&old);
    let claims = serde_json::json!({"user_id": "7", "exp": NOW.as_secs() + 60});
    let token = bearer(&sign(&key, Typ::JWT, &claims).unwrap());
    assert_eq!(guard.require(&token).await.unwrap().subject(), "7");
    assert!(fetched.require(&token).await.is_err());
    assert_eq!(issuer.desk.jwks_asked(), 1);
}

/// One issuer's failure is not the other's.
#[tokio::test]
async fn an_issuer_that_is_away_takes_only_its_own_tokens_along() {
    let (ours, theirs) = (
        TestIssuer::new(),
        TestIssuer::named("https://partner.example"),
    );
    let guard = ours
        .guard("https://api.example")
        .or(&theirs.guard("https://api.example"));
    theirs.go_away();
    assert!(!guard.holds_keys());
    assert!(guard.require(&ours.mint("ada").headers()).await.is_ok());
    let refused = guard.require(&theirs.mint("ada").headers()).await;
    assert_eq!(refused.unwrap_err().status(), 503);
    theirs.come_back();
    assert!(guard.require(&theirs.mint("ada").headers()).await.is_ok());
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Original {
    user_id: String,
    #[serde(rename = "exp")]
    _exp: i64,
}

/// What the old program signs with the secret that both know, and what we do.
fn moving_over(ours: &TestIssuer) -> (Guard, SigningKey) {
    let (old, key) = original();
    (ours.guard("https://api.example").or(&old), key)
}

fn original() -> (Guard, SigningKey) {
    let secret = SharedSecret::parse("k9Q2vXo7Zt4mB1rL8wYc5NfJ3hGdPsAe6uTi0KxR").unwrap();
    let verifier = secret.verifier("old", "old", Typ::JWT).unwrap();
    let verifier = verifier.dangerous_any_issuer().dangerous_any_audience();
    let clock = Clock::fixed(NOW).clock();
    let old = Guard::with_clock(verifier, clock).with_profile(Profile::own(|claims: Original| {
        (claims.user_id != "0").then(|| Identified::new(claims.user_id).role("member"))
    }));
    (old, secret.signing_key())
}

#[tokio::test]
async fn p1_02_ours_or_else_the_old_programs_token() {
    let ours = TestIssuer::new();
    let (guard, key) = moving_over(&ours);
    let old = |claims: serde_json::Value| bearer(&sign(&key, Typ::JWT, &claims).unwrap());
    let exp = NOW.as_secs() + 60;

    let caller = guard
        .require(&old(serde_json::json!({"user_id": "7", "exp": exp})))
        .await
        .unwrap();
    assert_eq!((caller.subject(), caller.issuer()), ("7", ""));
    assert!(caller.has_role("member") && caller.session_id().is_none());
    let caller: Caller = guard.require(&ours.mint("ada").headers()).await.unwrap();
    assert_eq!(caller.subject(), "ada");

    for (claims, expected) in [
        (serde_json::json!({"user_id": "7"}), ErrorKind::MissingClaim),
        (
            serde_json::json!({"user_id": "7", "exp": exp - 60}),
            ErrorKind::Expired,
        ),
        (
            serde_json::json!({"user_id": 7, "exp": exp}),
            ErrorKind::UnreadableClaims,
        ),
        (
            serde_json::json!({"user_id": "7", "exp": exp, "admin": true}),
            ErrorKind::UnreadableClaims,
        ),
        // One that names our issuer is still the old kind, and its claims have no place for it.
        (
            serde_json::json!({"user_id": "7", "exp": exp, "iss": "https://login.example"}),
            ErrorKind::UnreadableClaims,
        ),
    ] {
        let refused = guard.require(&old(claims.clone())).await.unwrap_err();
        let kind = refused
            .token_error()
            .map(symbolon_guard::token::Error::kind);
        assert_eq!(kind, Some(expected), "{claims}");
    }
    let nobody = guard
        .require(&old(serde_json::json!({"user_id": "0", "exp": exp})))
        .await;
    assert!(matches!(
        nobody.unwrap_err().reason(),
        Reason::Invalid(Invalid::WrongKind(_))
    ));
    // The old secret makes no token of ours, whatever it says of itself.
    let claims = serde_json::json!({
        "iss": "https://login.example", "aud": "https://api.example", "sub": "admin", "exp": exp,
        "iat": exp, "jti": "1", "client_id": "x",
    });
    let forged = sign(&key, Typ::ACCESS_TOKEN, &claims).unwrap();
    let refused = guard.require(&bearer(&forged)).await.unwrap_err();
    assert_eq!(code(&refused), "algorithm_not_allowed");
}
