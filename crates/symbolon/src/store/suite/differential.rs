//! Random operations on both engines at once: every answer is the same.

#![cfg(feature = "postgres")]

use std::time::Duration;

use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use symbolon_rules::{
    client,
    id::{SessionId, UserId},
    permission::Role,
    session::NewSession,
    user::UserState,
};
use uuid::Uuid;

use super::{Database, NOW, custom, hash, name, with_postgres, with_sqlite};
use crate::store::{
    BeginSession, CreateUser, FindLogin, FindSignedIn, NewUser, SetPassword, SetUserState, Store,
    SweepSessions, tx::EngineTx,
};

/// Few names, few sessions and few moments, so that operations meet.
#[derive(Clone, Debug)]
enum Step {
    Create {
        name: u8,
        id: u8,
        roles: u8,
    },
    SetPassword {
        name: u8,
        hash: u8,
    },
    SetState {
        name: u8,
        state: u8,
    },
    FindLogin {
        name: u8,
    },
    Begin {
        session: u8,
        user: u8,
        epoch: u8,
        lifetime: u8,
    },
    FindSignedIn {
        session: u8,
        user: u8,
        after: u8,
    },
    Sweep {
        after: u8,
        limit: u8,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let small = || 0_u8..4;
    prop_oneof![
        (small(), small(), small()).prop_map(|(name, id, roles)| Step::Create { name, id, roles }),
        (small(), small()).prop_map(|(name, hash)| Step::SetPassword { name, hash }),
        (small(), small()).prop_map(|(name, state)| Step::SetState { name, state }),
        small().prop_map(|name| Step::FindLogin { name }),
        (any::<u8>(), small(), 0_u8..3, small()).prop_map(|(session, user, epoch, lifetime)| {
            Step::Begin {
                session: session % 12,
                user,
                epoch,
                lifetime,
            }
        }),
        (0_u8..12, small(), small()).prop_map(|(session, user, after)| Step::FindSignedIn {
            session,
            user,
            after
        }),
        (small(), 1_u8..4).prop_map(|(after, limit)| Step::Sweep { after, limit }),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn both_engines_answer_alike() {
    with_postgres(|postgres: Database| async move {
        with_sqlite(async |sqlite: Database| {
            let engines = [sqlite.open().await, postgres.open().await];
            let runtime = tokio::runtime::Handle::current();
            tokio::task::block_in_place(|| {
                let config = Config {
                    cases: 40,
                    failure_persistence: None,
                    ..Config::default()
                };
                TestRunner::new(config)
                    .run(&prop::collection::vec(step(), 1..40), |steps| {
                        runtime.block_on(compare(&engines, &steps))
                    })
                    .unwrap();
            });
        })
        .await;
    })
    .await;
}

async fn compare(engines: &[Store; 2], steps: &[Step]) -> Result<(), TestCaseError> {
    for engine in engines {
        clear(engine).await;
    }
    for step in steps {
        let [sqlite, postgres] = engines;
        prop_assert_eq!(take(sqlite, step).await, take(postgres, step).await);
    }
    Ok(())
}

async fn take(store: &Store, step: &Step) -> String {
    match *step {
        Step::Create { name, id, roles } => said(
            store
                .run(CreateUser {
                    user: NewUser {
                        id: user_id(id),
                        username: user_name(name),
                        password_hash: (roles > 0).then(|| hash("first")),
                        roles: (0..roles)
                            .map(|role| Role::parse(&format!("role-{role}")).unwrap())
                            .collect(),
                        created_at: NOW,
                    },
                })
                .await,
        ),
        Step::SetPassword { name, hash: which } => said(
            store
                .run(SetPassword {
                    username: user_name(name),
                    password_hash: hash(&format!("hash-{which}")),
                })
                .await,
        ),
        Step::SetState { name, state } => said(
            store
                .run(SetUserState {
                    username: user_name(name),
                    state: if state == 0 {
                        UserState::Disabled
                    } else {
                        UserState::Enabled
                    },
                })
                .await,
        ),
        Step::FindLogin { name } => said(
            store
                .run(FindLogin {
                    username: user_name(name),
                })
                .await,
        ),
        Step::Begin {
            session,
            user,
            epoch,
            lifetime,
        } => said(
            store
                .run(BeginSession {
                    session: NewSession {
                        id: session_id(session),
                        user: user_id(user),
                        client: client::LOCAL,
                        credential_epoch: i64::from(epoch),
                        authenticated_at: NOW,
                        expires_at: NOW + Duration::from_secs(u64::from(lifetime)),
                    },
                })
                .await,
        ),
        Step::FindSignedIn {
            session,
            user,
            after,
        } => said(
            store
                .run(FindSignedIn {
                    session: session_id(session),
                    user: user_id(user),
                    now: NOW + Duration::from_secs(u64::from(after)),
                })
                .await,
        ),
        Step::Sweep { after, limit } => said(
            store
                .run(SweepSessions {
                    now: NOW + Duration::from_secs(u64::from(after)),
                    limit: i64::from(limit),
                })
                .await,
        ),
    }
}

/// An answer, or that there was an error: the engines word theirs differently.
fn said<T: std::fmt::Debug, E>(result: Result<T, E>) -> String {
    result.map_or_else(|_| "an error".to_owned(), |answer| format!("{answer:?}"))
}

fn user_id(number: u8) -> UserId {
    UserId::from_uuid(Uuid::from_u128(1000 + u128::from(number)))
}

fn session_id(number: u8) -> SessionId {
    SessionId::from_uuid(Uuid::from_u128(2000 + u128::from(number)))
}

fn user_name(number: u8) -> symbolon_rules::user::Username {
    name(&format!("user-{number}"))
}

async fn clear(store: &Store) {
    const CLEAR: &str = "DELETE FROM sessions; DELETE FROM user_roles; DELETE FROM users;";
    let clear = custom(|tx| {
        Box::pin(async {
            match &mut tx.engine {
                EngineTx::Sqlite(connection) => connection.execute_batch(CLEAR).unwrap(),
                EngineTx::Postgres(transaction) => transaction.batch_execute(CLEAR).await.unwrap(),
            }
            Ok(0)
        })
    });
    store.run(clear).await.unwrap();
}
