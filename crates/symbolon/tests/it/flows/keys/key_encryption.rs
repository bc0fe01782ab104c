//! The key-encryption key turns over: both open, the first seals, and afterwards it opens alone.

use std::fs;

use symbolon::{Config, Engine, KeySource, KeySourceError, RingError, StartError, guard::Clock};

use super::{NEW, OLD, kek, source};
use crate::support::{ISSUER, NOW, PASSWORD, Server, key_text, on_both_engines};

const JWKS: &str = "/.well-known/jwks.json";

/// An engine by these keys; the second one is the previous one.
async fn open(database: &str, first: &str, previous: Option<&str>) -> Result<Engine, StartError> {
    let mut config = Config::new(ISSUER, database.parse().unwrap(), source(first));
    config.previous_key_encryption_key = previous.map(source);
    // That of the other engines of these tests, which write the time into the store.
    config.clock = Clock::fixed(NOW).clock();
    Box::pin(Engine::open(config)).await
}

async fn opens(database: &str, first: &str, previous: Option<&str>) -> String {
    let engine = open(database, first, previous).await.unwrap();
    let jwks = engine.jwks();
    engine.shutdown().await;
    jwks
}

/// Refused, with the names of what is given and of what is wanted.
async fn is_refused(database: &str, given: &str, wanted: &str) {
    let refused = open(database, given, None).await.unwrap_err();
    let text = refused.to_string();
    assert!(
        matches!(
            refused,
            StartError::KeyMismatch { .. } | StartError::Keys(RingError::OtherKek { .. })
        ),
        "{text}"
    );
    assert!(text.contains(&kek(given).id()), "{text}");
    assert!(text.contains(&kek(wanted).id()), "{text}");
    assert!(text.contains("previous"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_encryption_key_takes_anothers_place() {
    on_both_engines(|database| async move {
        let server = Server::open(&database, |_| {}).await;
        let user = server.engine.create_user("alice", PASSWORD, &["user"]);
        user.await.unwrap();
        let token = server.token().await;
        let jwks = server.get(JWKS).await.body;
        server.engine.shutdown().await;

        is_refused(&database, NEW, OLD).await;
        let between = Server::open(&database, |config| {
            config.key_encryption_key = source(NEW);
            config.previous_key_encryption_key = Some(source(OLD));
        })
        .await;
        assert_eq!(between.get(JWKS).await.body, jwks);
        assert_eq!(between.get_with("/api/me", &token).await.status, 200);
        assert!(between.engine.reencrypt().await.unwrap());
        between.engine.shutdown().await;

        assert_eq!(opens(&database, NEW, None).await, jwks);
        is_refused(&database, OLD, NEW).await;
        // And back again.
        assert_eq!(opens(&database, OLD, Some(NEW)).await, jwks);
        is_refused(&database, NEW, OLD).await;
        assert_eq!(opens(&database, OLD, None).await, jwks);
    })
    .await;
}

/// What several nodes do: first all of them must know the new key, then it may be used.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_only_known_changes_nothing() {
    on_both_engines(|database| async move {
        let jwks = opens(&database, OLD, None).await;
        assert_eq!(opens(&database, OLD, Some(NEW)).await, jwks);
        assert_eq!(opens(&database, OLD, None).await, jwks);
        // Twice the same is one.
        assert_eq!(opens(&database, OLD, Some(OLD)).await, jwks);
        // A previous one that isn't the store's helps nobody.
        is_refused(&database, NEW, OLD).await;
        let third = "00112233445566778899aabbccddeeff".split_at(16).0;
        let refused = open(&database, NEW, Some(third)).await.unwrap_err();
        let text = refused.to_string();
        for named in [NEW, third, OLD] {
            assert!(text.contains(&kek(named).id()), "{text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_turn_over_at_once() {
    on_both_engines(|database| async move {
        let jwks = opens(&database, OLD, None).await;
        if !database.starts_with("postgres") {
            return;
        }
        // One that knows both goes on while others turn over.
        let running = open(&database, OLD, Some(NEW)).await.unwrap();
        let (one, other) = tokio::join!(
            open(&database, NEW, Some(OLD)),
            open(&database, NEW, Some(OLD))
        );
        let (one, other) = (one.unwrap(), other.unwrap());
        assert_eq!(one.jwks(), jwks);
        assert_eq!(other.jwks(), jwks);
        running.refresh_keys().await.unwrap();
        assert_eq!(running.jwks(), jwks);
        // A key that it makes by its own first key is sealed anew by those whose store it is.
        let kid = running.keys().await.unwrap()[0].kid.clone();
        running.revoke_key(&kid).await.unwrap();
        assert!(one.reencrypt().await.unwrap());
        for engine in [running, one, other] {
            engine.shutdown().await;
        }
        opens(&database, NEW, None).await;
    })
    .await;
}

#[tokio::test]
async fn a_kept_secret_turns_over_too() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("test.db").display().to_string();
    let kept = |config: &mut Config| config.signing = symbolon::Signing::SharedKept;
    let first = Server::open(&database, kept).await;
    let token = first.engine.issue("alice", serde_json::json!({})).unwrap();
    first.engine.shutdown().await;
    let between = Server::open(&database, |config| {
        kept(config);
        config.key_encryption_key = source(NEW);
        config.previous_key_encryption_key = Some(source(OLD));
    })
    .await;
    between.engine.shutdown().await;
    let after = Server::open(&database, |config| {
        kept(config);
        config.key_encryption_key = source(NEW);
    })
    .await;
    assert!(super::world::is_accepted(&after, &token, after.clock.now()));
}

#[tokio::test]
async fn files_that_are_gone_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let config = || Config::in_folder(ISSUER, folder.path()).unwrap();
    let engine = Engine::open(config()).await.unwrap();
    engine.shutdown().await;
    let (old, new) = (
        folder.path().join("symbolon.key"),
        folder.path().join("new.key"),
    );
    let turning = || {
        let mut config = config();
        config.key_encryption_key = KeySource::File(new.clone());
        config.previous_key_encryption_key = Some(KeySource::File(old.clone()));
        config
    };
    // The new one isn't made by itself: a misspelt name must not become a key.
    let refused = Engine::open(turning()).await;
    assert!(matches!(
        refused,
        Err(StartError::KeySource(KeySourceError::Missing(path))) if path == new
    ));
    assert!(!new.exists());
    write_key(&new, &key_text(NEW));
    Engine::open(turning()).await.unwrap().shutdown().await;

    fs::remove_file(&old).unwrap();
    let refused = Engine::open(turning()).await.unwrap_err();
    let StartError::KeySource(KeySourceError::PreviousMissing(path)) = &refused else {
        panic!("{refused}")
    };
    assert_eq!(*path, old);
    // It had ended: without the setting all is well.
    let mut after = turning();
    after.previous_key_encryption_key = None;
    Engine::open(after).await.unwrap().shutdown().await;
}

fn write_key(path: &std::path::Path, text: &str) {
    fs::write(path, text).unwrap();
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
}
