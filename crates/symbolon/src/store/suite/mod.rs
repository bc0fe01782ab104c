//! One suite for both engines: each test is a function of a database and runs on SQLite and, where
//! `SYMBOLON_TEST_POSTGRES` names a server, on PostgreSQL too, in a database of its own.
//!
//! With `SYMBOLON_TEST_REQUIRE_POSTGRES` set a missing server is a failure instead of a skip.

mod app_sessions;
mod differential;
mod directory;
mod durability;
mod faults;
mod imports;
mod keys;
mod moment;
mod operations;
#[cfg(feature = "postgres")]
mod outage;
mod ownership;
mod races;
mod sealed;
mod setup;
mod statements;
mod throttle;
mod transactions;
mod upstream;

use std::{future::Future, path::PathBuf, pin::Pin, time::Duration};

use symbolon_rules::{
    id::{Id, UserId},
    password::PasswordHash,
    permission::Role,
    user::Username,
};
use symbolon_token::Timestamp;

use super::{
    Access, CreateUser, DatabaseUrl, NewUser, Operation, Sealed, Store, StoreError, StoreOptions,
    Tx,
};
use crate::{Randomness, config::Maker};

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

/// Runs a test once an engine.
macro_rules! on_both_engines {
    ($($test:ident,)*) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $test() {
                    crate::store::suite::with_sqlite(super::$test).await;
                }
            )*
        }

        #[cfg(feature = "postgres")]
        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $test() {
                    crate::store::suite::with_postgres(super::$test).await;
                }
            )*
        }
    };
}
use on_both_engines;

/// A database for one test.
#[derive(Clone)]
struct Database {
    url: DatabaseUrl,
}

impl Database {
    async fn open(&self) -> Store {
        self.open_with(StoreOptions::default()).await
    }

    async fn open_with(&self, options: StoreOptions) -> Store {
        Store::open(&self.url, options, Maker::Engine)
            .await
            .unwrap()
    }
}

async fn with_sqlite<F: Future<Output = ()>>(test: impl FnOnce(Database) -> F) {
    let folder = tempfile::tempdir().unwrap();
    test(Database {
        url: DatabaseUrl::Sqlite(folder.path().join("test.db")),
    })
    .await;
}

#[cfg(feature = "postgres")]
async fn with_postgres<F>(test: impl FnOnce(Database) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let Some(server) = postgres_server() else {
        return;
    };
    let (admin, connection) = server.connect(tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let name = format!("symbolon_{}", new_id::<()>().as_uuid().simple());
    admin
        .batch_execute(&format!("CREATE DATABASE {name}"))
        .await
        .unwrap();
    let mut config = server.clone();
    config.dbname(&name);
    config.ssl_mode(tokio_postgres::config::SslMode::Disable);
    // In a task, so that the database goes away after a failure too.
    let result = tokio::spawn(test(Database {
        url: DatabaseUrl::Postgres(Box::new(config)),
    }))
    .await;
    admin
        .batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)"))
        .await
        .unwrap();
    if let Err(error) = result {
        std::panic::resume_unwind(error.into_panic());
    }
}

#[cfg(feature = "postgres")]
fn postgres_server() -> Option<tokio_postgres::Config> {
    let Ok(url) = std::env::var("SYMBOLON_TEST_POSTGRES") else {
        assert!(
            std::env::var_os("SYMBOLON_TEST_REQUIRE_POSTGRES").is_none(),
            "SYMBOLON_TEST_POSTGRES names no server"
        );
        return None;
    };
    Some(url.parse().unwrap())
}

fn new_id<K>() -> Id<K> {
    Id::generate(NOW, &mut Randomness::system())
}

fn name(text: &str) -> Username {
    Username::parse(text).unwrap()
}

fn hash(text: &str) -> PasswordHash {
    PasswordHash::from_phc(text.to_owned())
}

fn sealed(bytes: &[u8]) -> Sealed {
    Sealed {
        bytes: bytes.to_vec(),
        kek: Some("old".to_owned()),
    }
}

fn user(username: &str) -> NewUser {
    NewUser {
        id: new_id(),
        username: name(username),
        password_hash: Some(hash("first")),
        roles: vec![Role::parse("user").unwrap()],
        created_at: NOW,
    }
}

async fn create(store: &Store, username: &str) -> UserId {
    let user = user(username);
    let id = user.id;
    store.run(CreateUser { user }).await.unwrap();
    id
}

type Running<'a> = Pin<Box<dyn Future<Output = Result<i64, StoreError>> + Send + 'a>>;

/// An operation made of a closure, for what no real operation does.
struct Custom<F>(F);

/// Says what kind of closure it is, so that those who write one needn't.
fn custom<F>(run: F) -> Custom<F>
where
    F: for<'a, 'c> Fn(&'a mut Tx<'c>) -> Running<'a> + Send + Sync + 'static,
{
    Custom(run)
}

impl<F> Operation for Custom<F>
where
    F: for<'a, 'c> Fn(&'a mut Tx<'c>) -> Running<'a> + Send + Sync + 'static,
{
    type Out = i64;
    const ACCESS: Access = Access::Write;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<i64, StoreError> {
        (self.0)(tx).await
    }
}

/// Asks again until it holds; fails when it doesn't within ten seconds.
async fn eventually<F: Future<Output = bool>>(mut holds: impl FnMut() -> F) {
    let asking = async {
        while !holds().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), asking)
        .await
        .expect("it never came true");
}

fn path_of(database: &Database) -> PathBuf {
    match &database.url {
        DatabaseUrl::Sqlite(path) => path.clone(),
        #[cfg(feature = "postgres")]
        DatabaseUrl::Postgres(_) => panic!("not a file"),
    }
}
