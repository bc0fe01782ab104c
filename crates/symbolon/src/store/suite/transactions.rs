//! An operation happens whole or not at all, whatever goes wrong inside it.

use std::sync::Arc;

use super::{Database, create, custom, eventually, name, on_both_engines, user};
use crate::store::{
    CreateUser, FindLogin, Operation, Store, StoreError,
    sql::{Arg, statements},
};

on_both_engines! {
    a_failed_operation_leaves_nothing,
    an_error_that_is_swallowed_still_undoes_everything,
    a_panic_ends_its_operation_only,
    a_caller_that_goes_away_cancels_nothing,
}

statements! {
    FORBIDDEN = "INSERT INTO user_roles (user_id, role) VALUES ($1, 'x')";
}

async fn is_there(store: &Store, username: &str) -> bool {
    let find = FindLogin {
        username: name(username),
    };
    store.run(find).await.unwrap().is_some()
}

async fn a_failed_operation_leaves_nothing(database: Database) {
    let store = database.open().await;
    let fail = custom(|tx| {
        Box::pin(async {
            CreateUser {
                user: user("alice"),
            }
            .run(tx)
            .await?;
            // No such user: the foreign key refuses it.
            let nobody = super::new_id::<()>();
            tx.execute(&FORBIDDEN, &[Arg::Id(nobody.as_uuid())]).await?;
            Ok(0)
        })
    });
    assert!(matches!(store.run(fail).await, Err(StoreError::Fault(_))));
    assert!(!is_there(&store, "alice").await);
}

async fn an_error_that_is_swallowed_still_undoes_everything(database: Database) {
    let store = database.open().await;
    let swallow = custom(|tx| {
        Box::pin(async {
            CreateUser {
                user: user("alice"),
            }
            .run(tx)
            .await?;
            let nobody = super::new_id::<()>();
            let refused = tx.execute(&FORBIDDEN, &[Arg::Id(nobody.as_uuid())]).await;
            assert!(refused.is_err());
            let after = tx.execute(&FORBIDDEN, &[Arg::Id(nobody.as_uuid())]).await;
            assert!(matches!(after, Err(StoreError::Poisoned)));
            Ok(0)
        })
    });
    assert!(matches!(
        store.run(swallow).await,
        Err(StoreError::Poisoned)
    ));
    assert!(!is_there(&store, "alice").await);
}

async fn a_panic_ends_its_operation_only(database: Database) {
    let store = database.open().await;
    let panic = custom(|tx| {
        Box::pin(async {
            CreateUser {
                user: user("alice"),
            }
            .run(tx)
            .await?;
            panic!("on purpose")
        })
    });
    assert!(matches!(store.run(panic).await, Err(StoreError::Fault(_))));
    assert!(!is_there(&store, "alice").await);
    create(&store, "bob").await;
    assert!(is_there(&store, "bob").await);
}

async fn a_caller_that_goes_away_cancels_nothing(database: Database) {
    let store = Arc::new(database.open().await);
    for number in 0..20 {
        let username = format!("user-{number}");
        let create = CreateUser {
            user: user(&username),
        };
        let asking = {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.run(create).await })
        };
        // Once polled, the operation runs in a task of its own.
        tokio::task::yield_now().await;
        asking.abort();
        if asking.await.is_ok_and(|result| result.is_ok()) {
            assert!(is_there(&store, &username).await);
        }
    }
    let create = CreateUser { user: user("last") };
    {
        let mut asking = std::pin::pin!(store.run(create));
        let waker = std::task::Waker::noop();
        let polled = asking
            .as_mut()
            .poll(&mut std::task::Context::from_waker(waker));
        assert!(polled.is_pending());
    }
    eventually(|| is_there(&store, "last")).await;
}
