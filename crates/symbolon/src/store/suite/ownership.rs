//! Whose database it is: somebody else's is refused before a byte of it is changed.

use std::{fs, sync::Arc};

use super::{Database, NOW, create, custom, new_id, on_both_engines, path_of, with_sqlite};
use crate::{
    config::Maker,
    store::{Instance, MakeStore, OpenError, Store, StoreOptions, tx::EngineTx},
};

on_both_engines! {
    a_store_of_another_maker_is_refused,
    a_newer_store_is_refused,
    another_programs_tables_are_refused,
}

async fn try_open(database: &Database, maker: Maker) -> Result<Store, OpenError> {
    Store::open(&database.url, StoreOptions::default(), maker).await
}

/// Runs plain SQL, as somebody else would.
async fn batch(store: &Store, sql: &str) {
    let sql = sql.to_owned();
    let run = custom(move |tx| {
        let sql = sql.clone();
        Box::pin(async move {
            match &mut tx.engine {
                EngineTx::Sqlite(connection) => connection.execute_batch(&sql).unwrap(),
                #[cfg(feature = "postgres")]
                EngineTx::Postgres(transaction) => transaction.batch_execute(&sql).await.unwrap(),
            }
            Ok(0)
        })
    });
    store.run(run).await.unwrap();
}

async fn a_store_of_another_maker_is_refused(database: Database) {
    let store = try_open(&database, Maker::Dev).await.unwrap();
    let instance = Instance {
        id: new_id(),
        maker: "dev".to_owned(),
        kek_id: String::new(),
        kek_check: None,
    };
    store.run(MakeStore { instance, now: NOW }).await.unwrap();
    store.close().await;

    let refused = try_open(&database, Maker::Engine).await;
    assert!(matches!(refused, Err(OpenError::OtherMaker { .. })));
    assert!(try_open(&database, Maker::Dev).await.is_ok());
}

async fn a_newer_store_is_refused(database: Database) {
    let store = database.open().await;
    create(&store, "alice").await;
    batch(
        &store,
        "INSERT INTO symbolon_migrations (version, name, applied_on, checksum) \
         VALUES (999, 'later', '2099-01-01T00:00:00Z', '1')",
    )
    .await;
    store.close().await;
    let refused = try_open(&database, Maker::Engine).await;
    assert!(matches!(refused, Err(OpenError::Newer(_))), "{refused:?}");
}

async fn another_programs_tables_are_refused(database: Database) {
    let store = database.open().await;
    batch(
        &store,
        "DROP TABLE symbolon_store; DROP TABLE symbolon_migrations;",
    )
    .await;
    store.close().await;
    for _ in 0..2 {
        let refused = try_open(&database, Maker::Engine).await;
        assert!(matches!(refused, Err(OpenError::Foreign(_))));
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_alone() {
    with_sqlite(async |database: Database| {
        let path = path_of(&database);
        fs::write(
            &path,
            "a letter to a friend, longer than a header of SQLite would be",
        )
        .unwrap();
        let refused = try_open(&database, Maker::Engine).await;
        assert!(matches!(refused, Err(OpenError::Damaged { .. })));
        assert!(fs::read_to_string(&path).unwrap().starts_with("a letter"));
    })
    .await;
}

#[tokio::test]
async fn a_file_has_one_user_at_a_time() {
    with_sqlite(async |database: Database| {
        let first = database.open().await;
        let refused = try_open(&database, Maker::Engine).await;
        assert!(matches!(refused, Err(OpenError::InUse(_))));
        first.close().await;
        assert!(try_open(&database, Maker::Engine).await.is_ok());
    })
    .await;
}

#[cfg(unix)]
#[tokio::test]
async fn the_files_are_their_owners_only() {
    use std::os::unix::fs::PermissionsExt;
    with_sqlite(async |database: Database| {
        let store = database.open().await;
        create(&store, "alice").await;
        let folder = path_of(&database).parent().unwrap().to_owned();
        let mut seen = 0;
        for entry in fs::read_dir(folder).unwrap() {
            let metadata = entry.unwrap().metadata().unwrap();
            assert_eq!(metadata.permissions().mode() & 0o077, 0);
            seen += 1;
        }
        assert!(seen >= 3, "the database, its log and its lock");
    })
    .await;
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_start_together_bring_the_schema_up_to_date_once() {
    super::with_postgres(|database: Database| async move {
        let database = Arc::new(database);
        let mut nodes = tokio::task::JoinSet::new();
        for _ in 0..6 {
            let database = Arc::clone(&database);
            nodes.spawn(async move { try_open(&database, Maker::Engine).await.map(drop) });
        }
        for opened in nodes.join_all().await {
            opened.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn a_store_that_was_closed_is_one_file() {
    with_sqlite(async |database: Database| {
        let store = database.open().await;
        store.close().await;
        let mut log = path_of(&database).into_os_string();
        log.push("-wal");
        assert!(!std::path::Path::new(&log).exists());
    })
    .await;
}
