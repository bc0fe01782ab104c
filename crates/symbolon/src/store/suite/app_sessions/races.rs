//! One app session, many requests at once.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::{EXPIRES_AT, begin, end, find, new_key, save, save_under, set};
use crate::store::{
    Saved, Store, TouchAppSession,
    suite::{Database, NOW, on_both_engines},
};

on_both_engines! {
    saves_of_different_keys_at_once_all_stay,
    s4_what_meets_the_end_never_revives_it,
    s2_many_new_ids_at_once_leave_one_session,
}

const RACERS: usize = 30;

/// Runs them all at once and gathers what they say.
async fn race<T, F>(store: &Arc<Store>, racer: impl Fn(Arc<Store>, usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let racers: JoinSet<T> = (0..RACERS)
        .map(|number| racer(Arc::clone(store), number))
        .collect();
    racers.join_all().await
}

async fn saves_of_different_keys_at_once_all_stay(database: Database) {
    let store = Arc::new(database.open().await);
    let key = begin(&store, &[("a", "1")]).await;
    let saved = race(&store, move |store, number| async move {
        save(&store, key, set(&format!("key-{number}"), "1")).await
    })
    .await;
    assert!(saved.iter().all(|saved| *saved == Saved::Done));
    let found = find(&store, key).await.unwrap();
    assert_eq!(found.entries.iter().count(), 1 + RACERS);
}

async fn s4_what_meets_the_end_never_revives_it(database: Database) {
    let store = Arc::new(database.open().await);
    for _ in 0..5 {
        let (key, new) = (begin(&store, &[("a", "1")]).await, new_key());
        race(&store, move |store, number| async move {
            match number {
                15 => end(&store, key).await,
                14 => {
                    save_under(&store, key, set("b", "2"), Some(new)).await;
                }
                _ if number % 2 == 0 => {
                    save(&store, key, set("b", "2")).await;
                }
                _ => {
                    let touch = TouchAppSession {
                        key,
                        now: NOW,
                        expires_at: EXPIRES_AT,
                    };
                    store.run(touch).await.unwrap();
                }
            }
        })
        .await;
        for id in [key, new] {
            assert!(find(&store, id).await.is_none());
        }
    }
}

async fn s2_many_new_ids_at_once_leave_one_session(database: Database) {
    let store = Arc::new(database.open().await);
    let old = begin(&store, &[("a", "1")]).await;
    let results = race(&store, move |store, _| async move {
        let new = new_key();
        (new, save_under(&store, old, set("b", "2"), Some(new)).await)
    })
    .await;
    assert!(find(&store, old).await.is_none());
    let mut left = 0;
    for (new, saved) in results {
        let found = find(&store, new).await.is_some();
        assert_eq!(found, saved == Saved::Done);
        left += usize::from(found);
    }
    assert_eq!(left, 1);
}
