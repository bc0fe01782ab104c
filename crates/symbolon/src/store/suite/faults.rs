//! A disk that runs full and a writer that stands still (SQLite).
//!
//! The disk is bounded by `max_page_count`, which SQLite answers as it answers a full disk: with
//! `SQLITE_FULL`, rolling back the whole transaction and with it the whole group.

use std::{
    sync::{Arc, mpsc},
    time::Duration,
};

use symbolon_rules::password::PasswordHash;

use super::{Database, create, custom, name, user, with_sqlite};
use crate::store::{CreateUser, Created, FindLogin, Store, StoreError, StoreOptions, tx::EngineTx};

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_runs_full_fails_its_whole_group_and_loses_nothing() {
    with_sqlite(async |database: Database| {
        let store = Arc::new(database.open().await);
        create(&store, "before").await;
        limit_pages(&store, 20).await;

        // The writer waits inside an operation while a group queues up behind it.
        let (release, gate) = mpsc::channel();
        let held = hold_writer(&store, gate).await;
        let mut group = Vec::new();
        for number in 0..10 {
            let mut user = user(&format!("user-{number}"));
            if number == 5 {
                user.password_hash = Some(PasswordHash::from_phc("x".repeat(1_000_000)));
            }
            let store = Arc::clone(&store);
            let mut asking = Box::pin(async move { store.run(CreateUser { user }).await });
            // Polled once here, so that they stand in the queue in this order.
            let waker = std::task::Waker::noop();
            let mut context = std::task::Context::from_waker(waker);
            assert!(asking.as_mut().poll(&mut context).is_pending());
            group.push(asking);
            queued(number + 1).await;
        }
        release.send(()).unwrap();
        // Who comes while a group is run is in it.
        let held = held.await.unwrap();
        assert!(matches!(held, Err(StoreError::Unavailable(_))), "{held:?}");

        for (number, asking) in group.into_iter().enumerate() {
            let result = asking.await;
            let refused = matches!(result, Err(StoreError::Unavailable(_)));
            let there = is_there(&store, &format!("user-{number}")).await;
            // Groups are cut where the writer happens to look; what matters is that no answer lies.
            assert_eq!(refused, !there, "user-{number}: {result:?}");
            assert!(number != 5 || refused);
        }
        assert!(is_there(&store, "before").await);

        // With room again it goes on, without a restart.
        limit_pages(&store, 100_000).await;
        create(&store, "after").await;
        assert!(is_there(&store, "after").await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_answers_all_or_nothing_when_the_disk_is_full() {
    with_sqlite(async |database: Database| {
        let store = Arc::new(database.open().await);
        limit_pages(&store, 20).await;
        let (release, gate) = mpsc::channel();
        let held = hold_writer(&store, gate).await;
        // Both kinds at once, all waiting when the writer comes back.
        let mut asking = tokio::task::JoinSet::new();
        for number in 0..40 {
            let store = Arc::clone(&store);
            asking.spawn(async move {
                let mut user = user(&format!("user-{number}"));
                user.password_hash = Some(PasswordHash::from_phc("x".repeat(10_000)));
                (number, store.run(CreateUser { user }).await)
            });
        }
        release.send(()).unwrap();
        // It may be in their group, and has its end then.
        let _ = held.await.unwrap();
        let mut refused = 0;
        for (number, result) in asking.join_all().await {
            let there = is_there(&store, &format!("user-{number}")).await;
            match result {
                Ok(Created::Done) => assert!(there),
                Err(StoreError::Unavailable(_)) => {
                    refused += 1;
                    assert!(!there);
                }
                other => panic!("user-{number}: {other:?}"),
            }
        }
        assert!(refused > 0, "the disk never ran full");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_that_stands_still_costs_a_deadline_and_not_the_store() {
    with_sqlite(async |database: Database| {
        let options = StoreOptions {
            connections: 2,
            deadline: Duration::from_millis(100),
        };
        let store = Arc::new(database.open_with(options).await);
        create(&store, "before").await;
        let (release, gate) = mpsc::channel();
        let held = hold_writer(&store, gate).await;

        let late = store.run(CreateUser { user: user("late") }).await;
        assert!(matches!(late, Err(StoreError::OutcomeUnknown)));
        // Readers don't wait for the writer.
        assert!(is_there(&store, "before").await);

        release.send(()).unwrap();
        // Its own deadline passed too.
        assert!(held.await.unwrap().is_err());
        super::eventually(|| async {
            let create = CreateUser {
                user: user("after"),
            };
            store.run(create).await.is_ok()
        })
        .await;
    })
    .await;
}

async fn is_there(store: &Store, username: &str) -> bool {
    let find = FindLogin {
        username: name(username),
    };
    store.run(find).await.unwrap().is_some()
}

async fn limit_pages(store: &Store, pages: i64) {
    let limit = custom(move |tx| {
        Box::pin(async move {
            let EngineTx::Sqlite(connection) = &mut tx.engine else {
                panic!("not SQLite")
            };
            let pragma = format!("PRAGMA max_page_count = {pages}");
            Ok(connection.query_row(&pragma, [], |row| row.get(0)).unwrap())
        })
    });
    store.run(limit).await.unwrap();
}

/// Has the writer wait for the gate; returns when it does.
async fn hold_writer(
    store: &Arc<Store>,
    gate: mpsc::Receiver<()>,
) -> tokio::task::JoinHandle<Result<i64, StoreError>> {
    let (says, begun) = tokio::sync::oneshot::channel();
    let says = std::sync::Mutex::new(Some(says));
    let gate = std::sync::Mutex::new(gate);
    let operation = custom(move |_tx| {
        if let Some(says) = says.lock().unwrap().take() {
            says.send(()).unwrap();
        }
        gate.lock().unwrap().recv().unwrap();
        Box::pin(async { Ok(0) })
    });
    let store = Arc::clone(store);
    let held = tokio::spawn(async move { store.run(operation).await });
    begun.await.unwrap();
    held
}

/// Gives the tasks that were spawned so far their turn to reach the queue.
async fn queued(rounds: usize) {
    for _ in 0..rounds * 10 {
        tokio::task::yield_now().await;
    }
}
