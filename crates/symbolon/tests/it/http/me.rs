//! `GET /api/me`: guarded by our own guard, answered from the store.

use std::time::Duration;

use http::{Method, StatusCode, header};
use serde_json::json;

use crate::support::{PASSWORD, Server, request};

#[tokio::test]
async fn a_token_says_who_its_bearer_is() {
    let server = Server::start().await;
    let answer = server.get_with("/api/me", &server.token().await).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let body = answer.json();
    assert_eq!(body["username"], "alice");
    assert_eq!(body["roles"], json!(["user"]));
    assert!(body["id"].is_string());
    assert_eq!(answer.header(header::CACHE_CONTROL), "no-store");
}

#[tokio::test]
async fn a14_without_a_token_the_challenge_has_no_error() {
    let server = Server::start().await;
    for path in ["/api/me", "/api/me?access_token=x"] {
        let answer = server.get(path).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert_eq!(answer.code(), "missing_token");
        let challenge = answer.header(header::WWW_AUTHENTICATE);
        assert!(challenge.starts_with("Bearer"), "{challenge}");
        assert!(!challenge.contains("error"), "{challenge}");
    }
}

#[tokio::test]
async fn a14_a_token_in_the_query_is_ignored() {
    let server = Server::start().await;
    let path = format!("/api/me?access_token={}", server.token().await);
    assert_eq!(server.get(&path).await.code(), "missing_token");
}

#[tokio::test]
async fn a_token_is_refused_altered_expired_or_doubled() {
    let server = Server::start().await;
    let token = server.token().await;
    let mut altered = token.clone().into_bytes();
    let middle = altered.len() / 2;
    altered[middle] = if altered[middle] == b'A' { b'B' } else { b'A' };
    let altered = String::from_utf8(altered).unwrap();
    let answer = server.get_with("/api/me", &altered).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(answer.code(), "invalid_token");
    let challenge = answer.header(header::WWW_AUTHENTICATE);
    assert!(
        challenge.contains(r#"error="invalid_token""#),
        "{challenge}"
    );

    let mut doubled = request(Method::GET, "/api/me");
    for _ in 0..2 {
        let value = http::HeaderValue::try_from(format!("Bearer {token}")).unwrap();
        doubled.headers_mut().append(header::AUTHORIZATION, value);
    }
    assert_eq!(server.send(doubled).await.status, StatusCode::BAD_REQUEST);

    server
        .clock
        .advance(Duration::from_mins(10) - Duration::from_millis(1));
    assert_eq!(
        server.get_with("/api/me", &token).await.status,
        StatusCode::OK
    );
    server.clock.advance(Duration::from_millis(1));
    assert_eq!(
        server.get_with("/api/me", &token).await.code(),
        "invalid_token"
    );
}

#[tokio::test]
async fn s4_a_new_password_and_a_disabled_user_end_sessions_at_once() {
    let server = Server::start().await;
    let token = server.token().await;
    server
        .engine
        .set_password("alice", "another long enough password")
        .await
        .unwrap();
    let answer = server.get_with("/api/me", &token).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(answer.code(), "invalid_token");
    let challenge = answer.header(header::WWW_AUTHENTICATE);
    assert!(
        challenge.contains(r#"error="invalid_token""#),
        "{challenge}"
    );
    assert_eq!(
        server.login("alice", PASSWORD).await.code(),
        "invalid_credentials"
    );

    let answer = server.login("alice", "another long enough password").await;
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(
        server.get_with("/api/me", &token).await.status,
        StatusCode::OK
    );
    server.engine.disable_user("alice").await.unwrap();
    assert_eq!(
        server.get_with("/api/me", &token).await.code(),
        "invalid_token"
    );
    // Enabled again, the old session stays ended.
    server.engine.enable_user("alice").await.unwrap();
    assert_eq!(
        server.get_with("/api/me", &token).await.code(),
        "invalid_token"
    );
}

#[tokio::test]
async fn t12_a_token_of_another_issuer_is_refused() {
    let server = Server::start().await;
    let other =
        Server::start_with(|config| "http://127.0.0.1:9090".clone_into(&mut config.issuer)).await;
    let answer = server.get_with("/api/me", &other.token().await).await;
    assert_eq!(answer.code(), "invalid_token");
}
