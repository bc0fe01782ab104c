//! Many at once, on both engines: one wins where one may win, and nothing locks up.

use std::{sync::Arc, time::Duration};

use symbolon_rules::{client, id::UserId, key_ring::KeyFacts, session::NewSession};
use symbolon_token::Algorithm;
use tokio::task::JoinSet;

use super::{Database, NOW, create, hash, name, new_id, on_both_engines, sealed, user};
use crate::store::{
    AddKey, BeginSession, Begun, CreateUser, Created, FindLogin, FindSignedIn, Instance, ListKeys,
    MakeStore, SealedKey, SetPassword, Store, StoreError, StoreOptions,
};

on_both_engines! {
    one_of_many_takes_a_name,
    one_of_many_adds_a_key,
    one_of_many_makes_the_store,
    no_session_survives_a_password_that_changed_meanwhile,
    clients_beyond_the_pool_wait_their_turn,
}

const RACERS: usize = 50;

/// Runs them all at once and gathers what they say.
async fn race<T, F, R>(store: &Arc<Store>, racer: R) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
    R: Fn(Arc<Store>, usize) -> F,
{
    let mut racers = JoinSet::new();
    for number in 0..RACERS {
        racers.spawn(racer(Arc::clone(store), number));
    }
    racers.join_all().await
}

async fn one_of_many_takes_a_name(database: Database) {
    let store = Arc::new(database.open().await);
    let results = race(&store, |store, _| async move {
        let create = CreateUser {
            user: user("alice"),
        };
        store.run(create).await.unwrap()
    })
    .await;
    let winners = results.iter().filter(|result| **result == Created::Done);
    assert_eq!(winners.count(), 1);
}

async fn one_of_many_adds_a_key(database: Database) {
    let store = Arc::new(database.open().await);
    let results = race(&store, |store, number| async move {
        let key = SealedKey {
            facts: KeyFacts {
                kid: format!("key-{number}"),
                algorithm: Algorithm::ES256,
                number: 1,
                created_at: NOW,
                activates_at: None,
                revoked_at: None,
            },
            sealed: sealed(b""),
        };
        store.run(AddKey { key }).await.unwrap()
    })
    .await;
    assert_eq!(results.iter().filter(|added| **added).count(), 1);
    assert_eq!(store.run(ListKeys).await.unwrap().len(), 1);
}

async fn one_of_many_makes_the_store(database: Database) {
    let store = Arc::new(database.open().await);
    let found = race(&store, |store, number| async move {
        let instance = Instance {
            id: new_id(),
            maker: "engine".to_owned(),
            kek_id: number.to_string(),
            kek_check: Some(vec![1]),
        };
        store.run(MakeStore { instance, now: NOW }).await.unwrap()
    })
    .await;
    assert!(found.iter().all(|instance| *instance == found[0]));
}

async fn no_session_survives_a_password_that_changed_meanwhile(database: Database) {
    let store = Arc::new(database.open().await);
    let user = create(&store, "alice").await;
    let results = race(&store, move |store, number| async move {
        if number % 10 == 5 {
            let set = SetPassword {
                username: name("alice"),
                password_hash: hash("next"),
            };
            store.run(set).await.unwrap();
            return None;
        }
        let session = session(user, read_epoch(&store).await);
        let begun = store.run(BeginSession {
            session: session.clone(),
        });
        (begun.await.unwrap() == Begun::Done).then_some(session)
    })
    .await;
    let epoch = read_epoch(&store).await;
    assert_eq!(epoch, 5);
    for session in results.into_iter().flatten() {
        let find = FindSignedIn {
            session: session.id,
            user,
            now: NOW,
        };
        let found = store.run(find).await.unwrap();
        assert_eq!(found.is_some(), session.credential_epoch == epoch);
    }
}

async fn clients_beyond_the_pool_wait_their_turn(database: Database) {
    let options = StoreOptions {
        connections: 2,
        deadline: Duration::from_secs(5),
    };
    let store = Arc::new(database.open_with(options).await);
    let user = create(&store, "alice").await;
    let mut clients = JoinSet::new();
    for _ in 0..64 {
        let store = Arc::clone(&store);
        clients.spawn(async move {
            for _ in 0..20 {
                let epoch = read_epoch(&store).await;
                let session = session(user, epoch);
                let begun = store.run(BeginSession { session }).await;
                assert!(matches!(
                    begun,
                    Ok(Begun::Done) | Err(StoreError::Unavailable(_))
                ));
            }
        });
    }
    let all = tokio::time::timeout(Duration::from_mins(1), clients.join_all());
    all.await.expect("64 clients on two connections locked up");
    assert_eq!(read_epoch(&store).await, 0);
}

async fn read_epoch(store: &Store) -> i64 {
    let username = name("alice");
    let facts = store.run(FindLogin { username }).await.unwrap();
    facts.unwrap().credential_epoch
}

fn session(user: UserId, credential_epoch: i64) -> NewSession {
    NewSession {
        id: new_id(),
        user,
        client: client::LOCAL,
        credential_epoch,
        authenticated_at: NOW,
        expires_at: NOW + Duration::from_hours(1),
    }
}
