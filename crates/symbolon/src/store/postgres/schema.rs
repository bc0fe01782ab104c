//! The schema: whose it is, and bringing it up to date while other nodes wait their turn.

use std::time::Duration;

use tokio_postgres::{Client, Config};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{
    super::{
        Maker, OpenError,
        migrations::{FIND_TAKEN, MAKE_LIST, Migration, POSTGRES, RECORD, Taken, pending},
        ownership::{self, Found},
    },
    connect::{connect, describe, named, unreachable},
};

/// How long another node may take to bring the schema up to date.
const MIGRATION_TIMEOUT: Duration = Duration::from_mins(1);

/// Brings the schema up to date, unless the database is somebody else's.
pub(super) async fn migrate(
    config: &Config,
    tls: MakeRustlsConnect,
    maker: Maker,
) -> Result<(), OpenError> {
    let quietly = in_turn(config, tls, maker, &|_| {});
    match tokio::time::timeout(MIGRATION_TIMEOUT, quietly).await {
        Ok(result) => result,
        Err(_) => Err(unreachable(config, "it did not answer in time")),
    }
}

/// Whom each step is told before it is taken.
pub(in crate::store) type Progress<'a> = &'a (dyn Fn(&str) + Send + Sync);

/// Runs the migrations while holding a row lock, so that nodes that start together take turns. An
/// advisory lock would not survive a pooler in transaction mode.
pub(super) async fn in_turn(
    config: &Config,
    tls: MakeRustlsConnect,
    maker: Maker,
    progress: Progress<'_>,
) -> Result<(), OpenError> {
    let failed = |error: tokio_postgres::Error| OpenError::Migration(describe(&error));
    let mut turn = connect(config, tls.clone()).await?;
    let found = look(&turn).await.map_err(failed)?;
    found.check(maker, || named(config))?;
    make_lock_row(&turn).await.map_err(failed)?;
    let locked = turn.transaction().await.map_err(failed)?;
    locked
        .execute("UPDATE symbolon_lock SET one = 1 WHERE one = 1", &[])
        .await
        .map_err(failed)?;
    let mut work = connect(config, tls).await?;
    work.batch_execute(MAKE_LIST).await.map_err(failed)?;
    let taken = taken(&work).await.map_err(failed)?;
    for migration in pending(POSTGRES, &taken)? {
        progress(migration.name);
        take(&mut work, migration).await.map_err(failed)?;
    }
    locked.commit().await.map_err(failed)
}

async fn take(work: &mut Client, migration: &Migration) -> Result<(), tokio_postgres::Error> {
    let step = work.transaction().await?;
    step.batch_execute(migration.sql).await?;
    step.execute(
        RECORD.postgres,
        &[&migration.version, &migration.name, &migration.checksum()],
    )
    .await?;
    step.commit().await
}

/// The steps that were taken, in their order. There must be a list.
pub(super) async fn taken(client: &Client) -> Result<Vec<Taken>, tokio_postgres::Error> {
    let rows = client.query(FIND_TAKEN.postgres, &[]).await?;
    let taken = |row: &tokio_postgres::Row| {
        Ok(Taken {
            version: row.try_get(0)?,
            name: row.try_get(1)?,
            checksum: row.try_get(2)?,
        })
    };
    rows.iter().map(taken).collect()
}

/// Whether this maker's store is there already. Writes nothing.
#[cfg(feature = "cli")]
pub(super) async fn is_made(
    config: &Config,
    tls: MakeRustlsConnect,
    maker: Maker,
) -> Result<bool, OpenError> {
    let client = connect(config, tls).await?;
    let found = look(&client)
        .await
        .map_err(|error| unreachable(config, &describe(&error)))?;
    found.check(maker, || named(config))?;
    Ok(found.maker.is_some())
}

/// What is in the schema, before anything is written into it.
pub(super) async fn look(client: &Client) -> Result<Found, tokio_postgres::Error> {
    const TABLES: &str = "SELECT CAST(table_name AS TEXT) FROM information_schema.tables \
        WHERE table_schema = current_schema()";
    let rows = client.query(TABLES, &[]).await?;
    let tables = rows
        .iter()
        .map(|row| row.try_get(0))
        .collect::<Result<Vec<String>, _>>()?;
    let maker = if ownership::is_ours(&tables) {
        let row = client.query_opt(ownership::FIND_MAKER, &[]).await?;
        row.map(|row| row.try_get(0)).transpose()?
    } else {
        None
    };
    Ok(Found { tables, maker })
}

/// `IF NOT EXISTS` doesn't help two nodes that create a table at the same moment: the slower one
/// fails on a system catalogue's unique index, and finds the table at its second try.
async fn make_lock_row(client: &Client) -> Result<(), tokio_postgres::Error> {
    const MAKE: &str = "CREATE TABLE IF NOT EXISTS symbolon_lock (one BIGINT PRIMARY KEY);
        INSERT INTO symbolon_lock (one) VALUES (1) ON CONFLICT DO NOTHING;";
    match client.batch_execute(MAKE).await {
        Err(error) if error.code().is_some() => client.batch_execute(MAKE).await,
        result => result,
    }
}
