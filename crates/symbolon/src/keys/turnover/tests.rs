//! A turnover that stops after any of its steps.

use std::time::Duration;

use symbolon_guard::Clock;
use symbolon_rules::{id::Id, key_ring::KeyFacts};
use symbolon_token::{Algorithm, Timestamp};
use uuid::Uuid;

use super::*;
use crate::{
    Config, DatabaseUrl, Engine, KeyEncryptionKey, KeySource, Randomness, StartError, StoreOptions,
    config::Maker,
    keys::vault::{LOGINS, TOKENS, Vault, login_row},
    store::{Access, AddKey, KeepTokens, Operation, Sealed, SealedKey, SealedName, Store, Tx},
};

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
const KINDS: [SealedKind; 3] = [SealedKind::Keys, SealedKind::Logins, SealedKind::Tokens];

struct Scene {
    folder: tempfile::TempDir,
    old: KeyEncryptionKey,
    new: KeyEncryptionKey,
}

impl Scene {
    /// A store of the old key, with rows of every kind.
    async fn new() -> Self {
        let entropy = &mut Randomness::system();
        let scene = Self {
            folder: tempfile::tempdir().unwrap(),
            old: KeyEncryptionKey::generate(entropy),
            new: KeyEncryptionKey::generate(entropy),
        };
        scene.opens(&scene.old, None).await;
        let store = scene.store().await;
        let vault = scene.vault(&store, &scene.old, None).await;
        for id in 1..=3_u8 {
            let row = login_row(&[id]);
            let sealed = vault.seal_row(LOGINS, &row, &[id], entropy);
            let sealed = vault.sealed(sealed).unwrap();
            store.run(PutLogin { id, sealed }).await.unwrap();
        }
        let id = Id::generate(NOW, entropy);
        let row = id.as_uuid().to_string();
        let sealed = vault.seal_row(TOKENS, &row, b"tokens", entropy);
        let keep = KeepTokens {
            id,
            session: None,
            sealed: vault.sealed(sealed).unwrap(),
            expires_at: NOW + Duration::from_mins(10),
        };
        store.run(keep).await.unwrap();
        store.close().await;
        scene
    }

    fn url(&self) -> DatabaseUrl {
        DatabaseUrl::Sqlite(self.folder.path().join("test.db"))
    }

    async fn store(&self) -> Store {
        let options = StoreOptions::default();
        Store::open(&self.url(), options, Maker::Engine)
            .await
            .unwrap()
    }

    async fn vault(
        &self,
        store: &Store,
        first: &KeyEncryptionKey,
        previous: Option<&KeyEncryptionKey>,
    ) -> Vault {
        let instance = store.run(FindStore).await.unwrap().unwrap();
        Vault::new(first.clone(), previous.cloned(), instance.id)
    }

    async fn open(
        &self,
        first: &KeyEncryptionKey,
        previous: Option<&KeyEncryptionKey>,
    ) -> Result<Engine, StartError> {
        let key = KeySource::Given(first.clone());
        let mut config = Config::new("http://127.0.0.1:8080", self.url(), key);
        config.previous_key_encryption_key = previous.cloned().map(KeySource::Given);
        config.clock = Clock::fixed(NOW).clock();
        Engine::open(config).await
    }

    async fn opens(&self, first: &KeyEncryptionKey, previous: Option<&KeyEncryptionKey>) {
        let engine = self.open(first, previous).await.unwrap();
        engine.shutdown().await;
    }

    /// The first steps of a turnover, as far as it came.
    async fn stop_after(&self, steps: usize) {
        let store = self.store().await;
        let vault = self.vault(&store, &self.new, Some(&self.old)).await;
        let opening = Opening {
            store: &store,
            vault: &vault,
            randomness: &Randomness::system(),
            now: NOW,
        };
        let mut resealed = Resealed {
            rows: 0,
            unreadable: 0,
            is_done: false,
        };
        for kind in KINDS.into_iter().take(steps) {
            reseal_rows(&opening, kind, &mut resealed).await.unwrap();
        }
        assert_eq!(resealed.unreadable, 0);
        assert_eq!(resealed.rows > 0, steps > 0);
        store.close().await;
    }

    /// Every login and all tokens that are kept open with this key alone.
    async fn rows_open_with(&self, kek: &KeyEncryptionKey) -> bool {
        let store = self.store().await;
        let vault = self.vault(&store, kek, None).await;
        let find = |kind| FindStale {
            kind,
            kek: "nobody's".to_owned(),
            after: None,
            now: NOW,
            limit: 10,
        };
        let mut rows = store.run(find(SealedKind::Logins)).await.unwrap();
        rows.extend(store.run(find(SealedKind::Tokens)).await.unwrap());
        store.close().await;
        assert_eq!(rows.len(), 4);
        rows.iter().all(|row| {
            let (purpose, name, expected) = match &row.name {
                SealedName::Login(id) => (LOGINS, login_row(id), id.clone()),
                SealedName::Tokens(id) => (TOKENS, id.to_string(), b"tokens".to_vec()),
                SealedName::Key { .. } => return false,
            };
            let plain = vault.unseal_row(purpose, &name, &row.sealed);
            plain.is_ok_and(|plain| **plain == expected)
        })
    }
}

/// As a login that is under way is kept.
struct PutLogin {
    id: u8,
    sealed: Sealed,
}

impl Operation for PutLogin {
    type Out = ();
    const ACCESS: Access = Access::Write;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        crate::store::put_login(tx, &[self.id], &self.sealed, NOW + Duration::from_mins(10)).await
    }
}

#[tokio::test]
async fn stopped_after_any_step_a_store_opens_with_both_keys() {
    for steps in 0..=KINDS.len() {
        let scene = Scene::new().await;
        scene.stop_after(steps).await;
        // The store is the old key's still; the new one alone is told so.
        let refused = scene.open(&scene.new, None).await.unwrap_err();
        let text = refused.to_string();
        assert!(matches!(refused, StartError::KeyMismatch { .. }), "{text}");
        assert!(text.contains(&scene.old.id()), "{text}");
        if steps > 0 {
            // With the old one alone a signing key is missed by the name of what sealed it.
            let refused = scene.open(&scene.old, None).await.unwrap_err();
            let text = refused.to_string();
            assert!(
                matches!(refused, StartError::Keys(RingError::OtherKek { .. })),
                "{text}"
            );
            assert!(text.contains(&scene.new.id()), "{text}");
        }
        scene.opens(&scene.new, Some(&scene.old)).await;
        assert!(scene.rows_open_with(&scene.new).await, "{steps}");
        scene.opens(&scene.new, None).await;
        let refused = scene.open(&scene.old, None).await;
        assert!(matches!(refused, Err(StartError::KeyMismatch { .. })));
    }
}

#[tokio::test]
async fn stopped_after_any_step_a_turnover_may_be_taken_back() {
    for steps in 0..=KINDS.len() {
        let scene = Scene::new().await;
        scene.stop_after(steps).await;
        scene.opens(&scene.old, Some(&scene.new)).await;
        assert!(scene.rows_open_with(&scene.old).await, "{steps}");
        scene.opens(&scene.old, None).await;
    }
}

#[tokio::test]
async fn a_store_of_an_older_version_opens_and_turns_over() {
    let scene = Scene::new().await;
    let store = scene.store().await;
    assert!(store.run(Forget).await.unwrap() >= 7);
    store.close().await;
    scene.opens(&scene.old, None).await;
    let store = scene.store().await;
    let instance = store.run(FindStore).await.unwrap().unwrap();
    assert_eq!(instance.kek_check, Some(scene.old.check_value(instance.id)));
    store.close().await;
    let refused = scene.open(&scene.new, None).await;
    assert!(matches!(refused, Err(StartError::KeyMismatch { .. })));
    scene.opens(&scene.new, Some(&scene.old)).await;
    scene.opens(&scene.new, None).await;
    assert!(scene.rows_open_with(&scene.new).await);
}

/// Makes rows what a version before this one has left.
struct Forget;

impl Operation for Forget {
    type Out = u64;
    const ACCESS: Access = Access::Write;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<u64, StoreError> {
        crate::store::forget_keks(tx).await
    }
}

#[tokio::test]
async fn a_row_that_neither_key_opens_keeps_the_store_the_old_keys() {
    let scene = Scene::new().await;
    let store = scene.store().await;
    let third = KeyEncryptionKey::generate(&mut Randomness::system());
    let strange = scene.vault(&store, &third, None).await;
    let entropy = &mut Randomness::system();
    let sealed = strange.seal_row(LOGINS, &login_row(&[9]), b"x", entropy);
    let sealed = strange.sealed(sealed).unwrap();
    store.run(PutLogin { id: 9, sealed }).await.unwrap();
    let vault = scene.vault(&store, &scene.new, Some(&scene.old)).await;
    let randomness = Randomness::system();
    let opening = |now| Opening {
        store: &store,
        vault: &vault,
        randomness: &randomness,
        now,
    };
    let resealed = reseal(&opening(NOW)).await.unwrap();
    assert_eq!((resealed.unreadable, resealed.is_done), (1, false));
    // It expires like any other login, and then the turnover ends.
    let later = NOW + Duration::from_mins(10);
    let resealed = reseal(&opening(later)).await.unwrap();
    assert_eq!((resealed.unreadable, resealed.is_done), (0, true));
    store.close().await;
}

#[tokio::test]
async fn a_key_with_the_right_name_and_another_check_value_is_refused() {
    let scene = Scene::new().await;
    let store = scene.store().await;
    let id = store.run(FindStore).await.unwrap().unwrap().id;
    let other = Id::from_uuid(Uuid::from_u128(1));
    assert_ne!(scene.old.check_value(id), scene.old.check_value(other));
    assert_ne!(scene.old.check_value(id), scene.new.check_value(id));
    // As a store whose row was mixed up with another's.
    let from = scene.old.id();
    for (from, to, check) in [
        (from.clone(), "none".to_owned(), vec![]),
        (
            "none".to_owned(),
            from.clone(),
            scene.old.check_value(other),
        ),
    ] {
        let now = NOW + Duration::from_hours(1);
        store
            .run(ForceKek {
                from,
                to,
                check,
                now,
            })
            .await
            .unwrap();
    }
    store.close().await;
    let refused = scene.open(&scene.old, None).await;
    assert!(matches!(refused, Err(StartError::KeyMismatch { .. })));
}

/// Moves the store whatever its rows say.
struct ForceKek {
    from: String,
    to: String,
    check: Vec<u8>,
    now: Timestamp,
}

impl Operation for ForceKek {
    type Out = bool;
    const ACCESS: Access = Access::Write;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<bool, StoreError> {
        let find = FindStale {
            kind: SealedKind::Keys,
            kek: self.to.clone(),
            after: None,
            now: self.now,
            limit: 10,
        };
        let rows = find.run(tx).await?.into_iter().map(|row| {
            let sealed = Sealed {
                kek: Some(self.to.clone()),
                ..row.sealed.clone()
            };
            (row, sealed)
        });
        let rows = rows.collect();
        Reseal { rows }.run(tx).await?;
        let take = MoveKek {
            from: self.from.clone(),
            to: self.to.clone(),
            check: self.check.clone(),
            now: self.now,
        };
        take.run(tx).await
    }
}

#[tokio::test]
async fn a_key_that_does_not_open_stops_a_start_but_not_a_server() {
    let scene = Scene::new().await;
    let engine = scene.open(&scene.old, None).await.unwrap();
    // What another node could have added that has another key-encryption key.
    let key = SealedKey {
        facts: KeyFacts {
            kid: "strange".to_owned(),
            algorithm: Algorithm::ES256,
            number: 99,
            created_at: NOW,
            activates_at: Some(NOW),
            revoked_at: None,
        },
        sealed: Sealed {
            bytes: vec![0; 64],
            kek: Some(scene.new.id()),
        },
    };
    engine.app.store.run(AddKey { key }).await.unwrap();
    engine.refresh_keys().await.unwrap();
    let token = engine.issue("alice", serde_json::json!({})).unwrap();
    assert!(engine.app.keys.verifying_keys().is_ok());
    assert!(!token.is_empty());
    engine.shutdown().await;
    let refused = scene.open(&scene.old, None).await.unwrap_err();
    assert!(matches!(
        refused,
        StartError::Keys(RingError::OtherKek { .. })
    ));
}
