//! Tokens that a program mints for whom it has authenticated itself.

use std::time::Duration;

use serde_json::{Value, json};
use symbolon::{IdentityError, IssueError};

use crate::support::{ISSUER, NOW, Server, claims_of};

#[tokio::test]
async fn a_program_mints_tokens_with_claims_of_its_own() {
    let server = Server::start().await;
    let token = server
        .engine
        .issue("42", json!({ "identity": "42", "team": ["a", "b"] }));
    let claims = claims_of(&token.unwrap());
    assert_eq!(claims["sub"], "42");
    assert_eq!(claims["identity"], "42");
    assert_eq!(claims["team"], json!(["a", "b"]));
    assert_eq!(claims["iss"], ISSUER);
    assert_eq!(claims["aud"], ISSUER);
    assert_eq!(claims["exp"], NOW.as_secs() + 600);
    // Nobody proved anything to Symbolon, and there is no session.
    assert_eq!(claims["auth_time"], Value::Null);
    assert_eq!(claims["sid"], Value::Null);
    assert_eq!(claims["fresh"], Value::Null);
}

#[tokio::test]
async fn a_token_is_described_step_by_step() {
    let server = Server::start().await;
    let token = server
        .engine
        .token_for("42")
        .roles(["editor"])
        .scopes(["posts:read", "posts:write"])
        .audience("https://api.example")
        .lifetime(Duration::from_mins(5))
        .fresh()
        .issue()
        .unwrap();
    let claims = claims_of(&token);
    assert_eq!(claims["roles"], json!(["editor"]));
    assert_eq!(claims["scope"], "posts:read posts:write");
    assert_eq!(claims["aud"], "https://api.example");
    assert_eq!(claims["exp"], NOW.as_secs() + 300);
    assert_eq!(claims["fresh"], true);
    assert_eq!(claims["auth_time"], NOW.as_secs());
}

#[tokio::test]
async fn a_minted_token_passes_the_guard_and_opens_no_account() {
    let server = Server::start().await;
    let token = server.engine.issue("42", json!({})).unwrap();
    let mut headers = http::HeaderMap::new();
    headers.insert("authorization", format!("Bearer {token}").parse().unwrap());
    let admitted = server.engine.guard().admit(&headers).await.unwrap();
    assert_eq!(admitted.unwrap().subject(), "42");
    // It is about nobody that Symbolon knows.
    assert_eq!(
        server.get_with("/api/me", &token).await.code(),
        "invalid_token"
    );
}

#[tokio::test]
async fn a_program_cannot_mint_what_it_must_not() {
    let server = Server::start().await;
    let engine = &server.engine;
    for claims in [
        json!({ "exp": 4_000_000_000_u32 }),
        json!({ "roles": ["symbolon:admin"] }),
        json!({ "scope": "symbolon:admin" }),
        json!({ "sub": "1" }),
        json!({ "symbolon:admin": true }),
        json!({ "x": "y".repeat(5000) }),
        json!(["exp"]),
    ] {
        let refused = engine.issue("42", claims.clone());
        assert!(
            matches!(refused, Err(IssueError::Identity(IdentityError::Claims(_)))),
            "{claims}"
        );
    }
    let reserved = engine
        .token_for("42")
        .roles(["user", "symbolon:admin"])
        .issue();
    assert!(matches!(
        reserved,
        Err(IssueError::Identity(IdentityError::Role(_)))
    ));
    let reserved = engine.token_for("42").scopes(["symbolon:admin"]).issue();
    assert!(matches!(
        reserved,
        Err(IssueError::Identity(IdentityError::Scope(_)))
    ));
    for subject in ["", &"x".repeat(256)] {
        let refused = engine.issue(subject, json!({}));
        assert!(matches!(refused, Err(IssueError::Subject)));
    }
    for lifetime in [Duration::ZERO, Duration::from_hours(25), Duration::MAX] {
        let refused = engine.token_for("42").lifetime(lifetime).issue();
        assert!(matches!(refused, Err(IssueError::Lifetime)), "{lifetime:?}");
    }
}
