//! Starting: what is made, kept, and refused.

use symbolon::{
    Config, ConfigError, Engine, KeyEncryptionKey, KeySource, Signing, StartError,
    guard::token::Algorithm,
};

use crate::support::{ISSUER, PASSWORD, Server, key_text, on_both_engines};

fn key(text: &str) -> KeySource {
    KeySource::Given(KeyEncryptionKey::parse(&key_text(text)).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn users_and_keys_outlive_a_restart() {
    on_both_engines(|database| async move {
        let first = Server::open(&database, |_| {}).await;
        first
            .engine
            .create_user("alice", PASSWORD, &["user"])
            .await
            .unwrap();
        let token = first.token().await;
        first.engine.shutdown().await;

        let second = Server::open(&database, |_| {}).await;
        assert_eq!(second.get_with("/api/me", &token).await.status, 200);
        assert_eq!(second.login("alice", PASSWORD).await.status, 200);
        second.engine.shutdown().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_key_encryption_key_is_refused_by_name() {
    on_both_engines(|database| async move {
        let first = Server::open(&database, |_| {}).await;
        first.engine.shutdown().await;
        let other = key("fedcba9876543210");
        let config = Config::new(ISSUER, database.parse().unwrap(), other);
        let refused = Engine::open(config).await.unwrap_err();
        let StartError::KeyMismatch { held, wanted } = &refused else {
            panic!("{refused}")
        };
        assert_ne!(held, wanted);
        assert!(refused.to_string().contains(wanted));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_engines_on_two_databases_do_not_meet() {
    let first = Server::start().await;
    let second = Server::start().await;
    first
        .engine
        .create_user("only-here", PASSWORD, &[])
        .await
        .unwrap();
    assert_eq!(first.login("only-here", PASSWORD).await.status, 200);
    assert_eq!(second.login("only-here", PASSWORD).await.status, 401);
    // The same issuer and the same seed, but other keys.
    assert_eq!(
        second
            .get_with("/api/me", &first.token().await)
            .await
            .status,
        401
    );
}

#[tokio::test]
async fn a_configuration_that_cannot_be_right_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("never.db").display().to_string();
    let config =
        |issuer: &str| Config::new(issuer, database.parse().unwrap(), key("0123456789abcdef"));
    let refused = Engine::open(config("http://login.example.com")).await;
    assert!(matches!(
        refused,
        Err(StartError::Config(ConfigError::Issuer(_)))
    ));
    let mut symmetric = config(ISSUER);
    symmetric.signing = Signing::Published(Algorithm::HS256);
    let refused = Engine::open(symmetric).await;
    assert!(matches!(
        refused,
        Err(StartError::Config(ConfigError::SymmetricAlgorithm(_)))
    ));
    let mut endless = config(ISSUER);
    endless.access_token_lifetime = std::time::Duration::from_hours(25);
    let refused = Engine::open(endless).await;
    assert!(matches!(
        refused,
        Err(StartError::Config(ConfigError::AccessTokenLifetime))
    ));
    let mut reserved = config(ISSUER);
    reserved.login_scopes = vec!["symbolon:admin".to_owned()];
    let refused = Engine::open(reserved).await;
    assert!(matches!(
        refused,
        Err(StartError::Config(ConfigError::Scope { .. }))
    ));
    assert!(!folder.path().join("never.db").exists());
}
