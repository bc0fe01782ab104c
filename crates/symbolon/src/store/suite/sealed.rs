//! A key-encryption key takes another's place, row by row; and an older version's rows are taken as theirs.

use std::{sync::Arc, time::Duration};

use symbolon_rules::key_ring::KeyFacts;
use symbolon_token::Algorithm;
use tokio::task::JoinSet;

use super::{Database, NOW, custom, new_id, on_both_engines, sealed};
use crate::store::{
    AddKey, FindStale, FindStore, Instance, KeepCheck, ListKeys, MakeStore, MoveKek, Reseal,
    Sealed, SealedKey, SealedKind, Store,
    sealed::StaleRow,
    sql::statements,
    upstream::{BeginUpstreamLogin, KeepTokens},
};

on_both_engines! {
    stale_rows_are_found_page_by_page,
    a_row_that_changed_meanwhile_is_not_resealed,
    the_store_moves_when_no_row_is_another_keys,
    one_of_many_moves_the_store,
    rows_of_an_older_version_have_no_key_named,
}

fn new(bytes: &[u8]) -> Sealed {
    Sealed {
        bytes: bytes.to_vec(),
        kek: Some("new".to_owned()),
    }
}

async fn store_of(database: &Database) -> Store {
    let store = database.open().await;
    let instance = Instance {
        id: new_id(),
        maker: "engine".to_owned(),
        kek_id: "old".to_owned(),
        kek_check: None,
    };
    store.run(MakeStore { instance, now: NOW }).await.unwrap();
    store
}

async fn add_key(store: &Store, number: i64) {
    let key = SealedKey {
        facts: KeyFacts {
            kid: format!("key-{number}"),
            algorithm: Algorithm::ES256,
            number,
            created_at: NOW,
            activates_at: None,
            revoked_at: None,
        },
        sealed: sealed(&[1]),
    };
    assert!(store.run(AddKey { key }).await.unwrap());
}

async fn add_tokens(store: &Store) {
    let keep = KeepTokens {
        id: new_id(),
        session: None,
        sealed: sealed(&[2]),
        expires_at: NOW + Duration::from_hours(1),
    };
    store.run(keep).await.unwrap();
}

async fn add_login(store: &Store, expires_in: Duration) {
    let (key, browser) = super::upstream::keys();
    let begin = BeginUpstreamLogin {
        key,
        browser,
        sealed: sealed(&[3]),
        expires_at: NOW + expires_in,
    };
    store.run(begin).await.unwrap();
}

async fn find(store: &Store, kind: SealedKind, limit: i64) -> Vec<StaleRow> {
    let mut found: Vec<StaleRow> = Vec::new();
    loop {
        let find = FindStale {
            kind,
            kek: "new".to_owned(),
            after: found.last().map(|row| row.name.clone()),
            now: NOW,
            limit,
        };
        let page = store.run(find).await.unwrap();
        assert!(page.len() <= usize::try_from(limit).unwrap());
        if page.is_empty() {
            return found;
        }
        found.extend(page);
    }
}

async fn reseal(store: &Store, kind: SealedKind) -> u64 {
    let rows = find(store, kind, 10).await;
    let rows = rows.into_iter().map(|row| (row, new(&[9]))).collect();
    store.run(Reseal { rows }).await.unwrap()
}

async fn move_kek(store: &Store) -> bool {
    let take = MoveKek {
        from: "old".to_owned(),
        to: "new".to_owned(),
        check: vec![7],
        now: NOW,
    };
    store.run(take).await.unwrap()
}

async fn stale_rows_are_found_page_by_page(database: Database) {
    let store = store_of(&database).await;
    for number in 1..=5 {
        add_key(&store, number).await;
        add_tokens(&store).await;
        add_login(&store, Duration::from_mins(10)).await;
    }
    // Nobody reads what has expired.
    add_login(&store, Duration::ZERO).await;
    for kind in [SealedKind::Keys, SealedKind::Logins, SealedKind::Tokens] {
        assert_eq!(find(&store, kind, 2).await.len(), 5, "{kind:?}");
        assert_eq!(reseal(&store, kind).await, 5, "{kind:?}");
        assert_eq!(find(&store, kind, 2).await.len(), 0, "{kind:?}");
    }
    let kept = store.run(ListKeys).await.unwrap();
    assert!(kept.iter().all(|key| key.sealed == new(&[9])));
}

async fn a_row_that_changed_meanwhile_is_not_resealed(database: Database) {
    let store = store_of(&database).await;
    add_tokens(&store).await;
    let row = find(&store, SealedKind::Tokens, 1).await.remove(0);
    let late = vec![(row.clone(), new(&[8]))];
    let fresh = vec![(row, new(&[9]))];
    assert_eq!(store.run(Reseal { rows: fresh }).await.unwrap(), 1);
    assert_eq!(store.run(Reseal { rows: late }).await.unwrap(), 0);
}

async fn the_store_moves_when_no_row_is_another_keys(database: Database) {
    let store = store_of(&database).await;
    add_key(&store, 1).await;
    add_tokens(&store).await;
    add_login(&store, Duration::from_mins(10)).await;
    for kind in [SealedKind::Keys, SealedKind::Logins, SealedKind::Tokens] {
        assert!(!move_kek(&store).await, "before {kind:?}");
        reseal(&store, kind).await;
    }
    assert!(move_kek(&store).await);
    let instance = store.run(FindStore).await.unwrap().unwrap();
    assert_eq!(instance.kek_id, "new");
    assert_eq!(instance.kek_check, Some(vec![7]));
    // A check value is kept once, and only for the key that it is of.
    for (kek, check) in [("old", 1), ("new", 2)] {
        let kek = kek.to_owned();
        let check = vec![check];
        store.run(KeepCheck { kek, check }).await.unwrap();
    }
    let instance = store.run(FindStore).await.unwrap().unwrap();
    assert_eq!(instance.kek_check, Some(vec![7]));
}

async fn one_of_many_moves_the_store(database: Database) {
    let store = Arc::new(store_of(&database).await);
    let mut racers = JoinSet::new();
    for _ in 0..50 {
        let store = Arc::clone(&store);
        racers.spawn(async move { move_kek(&store).await });
    }
    let moved = racers.join_all().await;
    assert_eq!(moved.iter().filter(|moved| **moved).count(), 1);
}

statements! {
    FORGET_KEYS = "UPDATE signing_keys SET kek_id = NULL WHERE number >= $1";
    FORGET_TOKENS = "UPDATE upstream_tokens SET kek_id = NULL WHERE version >= $1";
}

async fn rows_of_an_older_version_have_no_key_named(database: Database) {
    let store = store_of(&database).await;
    add_key(&store, 1).await;
    add_tokens(&store).await;
    let forget = custom(|tx| {
        Box::pin(async {
            let all = [crate::store::sql::Arg::Int(0)];
            let keys = tx.execute(&FORGET_KEYS, &all).await?;
            let tokens = tx.execute(&FORGET_TOKENS, &all).await?;
            Ok(i64::try_from(keys + tokens).unwrap())
        })
    });
    assert_eq!(store.run(forget).await.unwrap(), 2);
    assert!(!move_kek(&store).await);
    for kind in [SealedKind::Keys, SealedKind::Tokens] {
        let stale = find(&store, kind, 5).await;
        assert_eq!(stale[0].sealed.kek, None);
        assert_eq!(reseal(&store, kind).await, 1);
    }
    assert!(move_kek(&store).await);
}
