//! Tokens signed by a secret that verifiers share.

use symbolon::{
    Signing,
    guard::{
        SharedSecret,
        token::{AccessClaims, Typ},
    },
};

use crate::support::{ISSUER, NOW, Server};

const SECRET: &str = "k9Q2vXo7Zt4mB1rL8wYc5NfJ3hGdPsAe6uTi0KxR";

#[tokio::test]
async fn a_token_by_a_shared_secret_is_verified_by_who_holds_it() {
    let secret = SharedSecret::parse(SECRET).unwrap();
    let server =
        Server::start_with(|config| config.signing = Signing::Shared(secret.clone())).await;
    let token = server.token().await;
    assert_eq!(server.get_with("/api/me", &token).await.status, 200);
    let verifier = secret.verifier(ISSUER, ISSUER, Typ::ACCESS_TOKEN).unwrap();
    assert!(verifier.verify::<AccessClaims>(&token, NOW).is_ok());

    let other = SharedSecret::parse("Zr8Kc2Lw5Yx9Qn4Tb7Vm1Hd6Fp3Js0GaUeRoXiMk").unwrap();
    let stranger = other.verifier(ISSUER, ISSUER, Typ::ACCESS_TOKEN).unwrap();
    let refused = stranger.verify::<AccessClaims>(&token, NOW).unwrap_err();
    assert_eq!(refused.code(), "bad_signature");
}

#[tokio::test]
async fn a_shared_secret_is_never_published() {
    let secret = SharedSecret::parse(SECRET).unwrap();
    for signing in [Signing::Shared(secret), Signing::SharedKept] {
        let server = Server::start_with(|config| config.signing = signing).await;
        let jwks = server.get("/.well-known/jwks.json").await;
        assert_eq!(jwks.body, r#"{"keys":[]}"#);
    }
}

#[tokio::test]
async fn a_kept_secret_outlives_a_restart_and_is_encrypted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    let database = path.display().to_string();
    let kept = |config: &mut symbolon::Config| config.signing = Signing::SharedKept;
    let first = Server::open(&database, kept).await;
    let token = first.engine.issue("42", serde_json::json!({})).unwrap();
    first.engine.shutdown().await;

    let second = Server::open(&database, kept).await;
    let mut headers = http::HeaderMap::new();
    headers.insert("authorization", format!("Bearer {token}").parse().unwrap());
    assert!(
        second
            .engine
            .guard()
            .admit(&headers)
            .await
            .unwrap()
            .is_some()
    );
    second.engine.shutdown().await;

    // Back to published keys: the secret is not among them, and its tokens are worth nothing.
    let third = Server::open(&database, |_| {}).await;
    assert!(third.engine.guard().admit(&headers).await.is_err());
    let keys = third.get("/.well-known/jwks.json").await.json();
    assert_eq!(keys["keys"].as_array().unwrap().len(), 2);
}
