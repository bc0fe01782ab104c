//! A key that somebody else may have, and a database that is away.

use std::time::Duration;

use symbolon::{KeyError, KeyState, Revoked};

use super::world::{World, header_of, is_accepted};
use crate::support::{Server, on_both_engines};

const JWKS: &str = "/.well-known/jwks.json";

fn kid_of(token: &str) -> String {
    header_of(token)["kid"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn g15_a_revoked_key_is_refused_at_once_and_the_standby_signs() {
    let server = Server::start().await;
    server.clock.advance(Duration::from_hours(1));
    let token = server.token().await;
    assert_eq!(server.get_with("/api/me", &token).await.status, 200);
    let known = server.get(JWKS).await.body;
    let kid = kid_of(&token);

    let revoked = server.engine.revoke_key(&kid).await.unwrap();
    assert_eq!(revoked.unknown_for, Duration::ZERO);
    assert_eq!(Revoked::ACCEPTED_ELSEWHERE, Duration::from_mins(5));
    // Refused by the guard that had found it good, and remembered so.
    let answer = server.get_with("/api/me", &token).await;
    assert_eq!(answer.status, 401, "{}", answer.body);
    let jwks = server.get(JWKS).await.body;
    assert!(!jwks.contains(&kid), "it is published still");

    // Who cached the JWKS before knows the next key already.
    let next = server.token().await;
    assert_eq!(Some(kid_of(&next)), revoked.successor);
    assert!(known.contains(&kid_of(&next)));
    assert_eq!(server.get_with("/api/me", &next).await.status, 200);

    let listed = server.engine.keys().await.unwrap();
    let states: Vec<_> = listed.iter().map(|key| key.state).collect();
    assert_eq!(
        states,
        [KeyState::Revoked, KeyState::Signing, KeyState::Standby]
    );
    assert!(matches!(
        server.engine.revoke_key(&kid).await,
        Err(KeyError::AlreadyRevoked(_))
    ));
    assert!(matches!(
        server.engine.revoke_key("nothing").await,
        Err(KeyError::Unknown(_))
    ));
    // Its row goes when nothing that it signed could count any more.
    server.clock.advance(Duration::from_hours(25));
    assert!(
        server
            .engine
            .keys()
            .await
            .unwrap()
            .iter()
            .all(|key| key.kid != kid)
    );
}

#[tokio::test]
async fn one_key_after_the_other_can_be_revoked() {
    let server = Server::start().await;
    for _ in 0..5 {
        let token = server.token().await;
        server.engine.revoke_key(&kid_of(&token)).await.unwrap();
        assert_eq!(server.get_with("/api/me", &token).await.status, 401);
    }
    // The standby too, and whatever is left: one always signs.
    for key in server.engine.keys().await.unwrap() {
        if key.state != KeyState::Revoked {
            server.engine.revoke_key(&key.kid).await.unwrap();
        }
    }
    let token = server.token().await;
    assert_eq!(server.get_with("/api/me", &token).await.status, 200);
}

#[tokio::test]
async fn a_revocation_outlives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("test.db").display().to_string();
    let first = Server::open(&database, |_| {}).await;
    let token = first.engine.issue("alice", serde_json::json!({})).unwrap();
    first.engine.revoke_key(&kid_of(&token)).await.unwrap();
    first.engine.shutdown().await;
    let second = Server::open(&database, |_| {}).await;
    assert!(!is_accepted(&second, &token, second.clock.now()));
    assert!(!second.get(JWKS).await.body.contains(&kid_of(&token)));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_node_follows_at_its_next_look() {
    on_both_engines(|database| async move {
        if !database.starts_with("postgres") {
            return;
        }
        let world = World::new();
        let one = world.open(&database, |_| {}).await;
        let other = world.open(&database, |_| {}).await;
        let token = one.engine.issue("alice", serde_json::json!({})).unwrap();
        let now = world.clock.now();
        assert!(is_accepted(&other, &token, now));
        one.engine.revoke_key(&kid_of(&token)).await.unwrap();
        assert!(!is_accepted(&one, &token, now));
        other.engine.refresh_keys().await.unwrap();
        assert!(!is_accepted(&other, &token, now));
        assert_eq!(one.get(JWKS).await.body, other.get(JWKS).await.body);
        let next = other.engine.issue("alice", serde_json::json!({})).unwrap();
        assert!(is_accepted(&one, &next, now));
        one.engine.shutdown().await;
        other.engine.shutdown().await;
    })
    .await;
}

/// G11, G13: what needs no database goes on without it.
#[tokio::test]
async fn g11_keys_in_memory_serve_while_the_database_is_away() {
    let server = Server::start().await;
    let token = server.token().await;
    let jwks = server.get(JWKS).await.body;
    // Nothing is answered by the store from here on.
    server.engine.shutdown().await;
    server.clock.advance(Duration::from_mins(5));
    assert!(server.engine.refresh_keys().await.is_err());
    assert!(server.engine.keys().await.is_err());
    let answer = server.get(JWKS).await;
    assert_eq!((answer.status.as_u16(), answer.body), (200, jwks));
    let now = server.clock.now();
    assert!(is_accepted(&server, &token, now));
    let minted = server.engine.issue("alice", serde_json::json!({})).unwrap();
    assert!(is_accepted(&server, &minted, now));
    let revoked = server.engine.revoke_key(&kid_of(&token)).await;
    assert!(matches!(revoked, Err(KeyError::App(_))), "{revoked:?}");
}
