//! Signing keys: kept as they were, activated once, revoked whole or not at all.

use std::sync::Arc;

use symbolon_rules::key_ring::{Activation, KeyFacts};
use symbolon_token::{Algorithm, Timestamp};
use tokio::task::JoinSet;

use super::{Database, NOW, on_both_engines, sealed};
use crate::store::{ActivateKey, AddKey, ListKeys, RevokeKey, SealedKey, Store, SweepKey};

on_both_engines! {
    keys_are_kept_as_they_were,
    a_key_is_activated_by_who_comes_first,
    one_of_many_activates_a_key,
    a_key_is_revoked_with_its_successor_or_not_at_all,
    one_of_many_revokes_a_key,
    a_key_that_changed_is_not_swept,
}

const LATER: Timestamp = Timestamp::from_secs(1_800_086_400);

fn key(kid: &str, number: i64, activates_at: Option<Timestamp>) -> SealedKey {
    SealedKey {
        facts: KeyFacts {
            kid: kid.to_owned(),
            algorithm: Algorithm::ES256,
            number,
            created_at: NOW,
            activates_at,
            revoked_at: None,
        },
        sealed: sealed(&[0, 1, 255]),
    }
}

async fn ring(database: &Database) -> Arc<Store> {
    let store = database.open().await;
    for key in [key("a", 1, Some(NOW)), key("b", 2, None)] {
        assert!(store.run(AddKey { key }).await.unwrap());
    }
    Arc::new(store)
}

async fn facts(store: &Store) -> Vec<KeyFacts> {
    let kept = store.run(ListKeys).await.unwrap();
    kept.into_iter().map(|key| key.facts).collect()
}

fn activation(kid: &str, at: Timestamp, from: Option<Timestamp>) -> Activation {
    Activation {
        kid: kid.to_owned(),
        at,
        from,
    }
}

async fn keys_are_kept_as_they_were(database: Database) {
    let store = ring(&database).await;
    // Another node's key of the same number, and the same key once more.
    for taken in [key("c", 2, None), key("a", 3, None)] {
        assert!(!store.run(AddKey { key: taken }).await.unwrap());
    }
    let kept = store.run(ListKeys).await.unwrap();
    let expected = [key("a", 1, Some(NOW)), key("b", 2, None)];
    for (kept, expected) in kept.iter().zip(&expected) {
        assert_eq!(kept.facts, expected.facts);
        assert_eq!(kept.sealed, expected.sealed);
    }
    assert_eq!(kept.len(), expected.len());
}

async fn a_key_is_activated_by_who_comes_first(database: Database) {
    let store = ring(&database).await;
    let run = async |activation| store.run(ActivateKey(activation)).await.unwrap();
    assert!(run(activation("b", LATER, None)).await);
    assert!(!run(activation("b", NOW, None)).await);
    assert_eq!(facts(&store).await[1].activates_at, Some(LATER));
    // Brought forward by somebody who saw when it was to be.
    assert!(run(activation("b", NOW, Some(LATER))).await);
    assert!(!run(activation("b", NOW, Some(LATER))).await);
    assert_eq!(facts(&store).await[1].activates_at, Some(NOW));
    assert!(!run(activation("nothing", NOW, None)).await);
}

async fn one_of_many_activates_a_key(database: Database) {
    let store = ring(&database).await;
    let mut racers = JoinSet::new();
    for number in 0..50 {
        let store = Arc::clone(&store);
        racers.spawn(async move {
            let at = Timestamp::from_secs(NOW.as_secs() + number);
            let activate = ActivateKey(activation("b", at, None));
            store.run(activate).await.unwrap().then_some(at)
        });
    }
    let winners: Vec<_> = racers.join_all().await.into_iter().flatten().collect();
    assert_eq!(winners.len(), 1);
    assert_eq!(facts(&store).await[1].activates_at, Some(winners[0]));
}

fn revocation(successor: Option<Activation>) -> RevokeKey {
    RevokeKey {
        kid: "a".to_owned(),
        successor,
        now: NOW,
    }
}

async fn a_key_is_revoked_with_its_successor_or_not_at_all(database: Database) {
    let store = ring(&database).await;
    let before = facts(&store).await;
    // The successor isn't what it was thought to be: the key must not go.
    let stale = revocation(Some(activation("b", NOW, Some(LATER))));
    assert!(!store.run(stale).await.unwrap());
    assert_eq!(facts(&store).await, before);

    let right = revocation(Some(activation("b", NOW, None)));
    assert!(store.run(right).await.unwrap());
    let kept = store.run(ListKeys).await.unwrap();
    assert_eq!(kept[0].facts.revoked_at, Some(NOW));
    assert_eq!(kept[0].sealed.bytes, b"", "its private half is gone");
    assert_eq!(kept[1].facts.activates_at, Some(NOW));
    assert!(!store.run(revocation(None)).await.unwrap(), "once");
    // Nothing lets it sign again.
    let again = ActivateKey(activation("a", LATER, Some(NOW)));
    assert!(!store.run(again).await.unwrap());
}

async fn one_of_many_revokes_a_key(database: Database) {
    let store = ring(&database).await;
    let mut racers = JoinSet::new();
    for _ in 0..50 {
        let store = Arc::clone(&store);
        racers.spawn(async move {
            let revoke = revocation(Some(activation("b", NOW, None)));
            store.run(revoke).await.unwrap()
        });
    }
    let done = racers.join_all().await;
    assert_eq!(done.iter().filter(|done| **done).count(), 1);
}

async fn a_key_that_changed_is_not_swept(database: Database) {
    let store = ring(&database).await;
    let sweep = async |from| {
        let kid = "b".to_owned();
        store.run(SweepKey { kid, from }).await.unwrap()
    };
    store
        .run(ActivateKey(activation("b", LATER, None)))
        .await
        .unwrap();
    assert!(!sweep(None).await);
    assert!(sweep(Some(LATER)).await);
    assert_eq!(facts(&store).await.len(), 1);
}
