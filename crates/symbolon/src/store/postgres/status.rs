//! What a database is, without changing it, and its schema brought up to date by itself.

use std::time::Duration;

use tokio_postgres::{Client, Config};

use super::{
    super::{
        Maker, OpenError,
        migrations::POSTGRES,
        ownership,
        status::{COUNTED, DatabaseStatus, FIND_MADE, Made, Step, check_ours},
    },
    connect::{describe, named, tls, unreachable},
    connect_read_only,
    schema::{self, Progress},
};

/// Whoever runs a migration by hand waits for it.
const PATIENCE: Duration = Duration::from_hours(6);
const FIND_SIZE: &str = "SELECT pg_database_size(current_database())";

/// Reads it beside the nodes that work on it.
pub(in crate::store) async fn status(config: &Config) -> Result<DatabaseStatus, OpenError> {
    let client = connect_read_only(config).await?;
    let failed = |error: tokio_postgres::Error| unreachable(config, &describe(&error));
    let found = schema::look(&client).await.map_err(failed)?;
    check_ours(&found, &named(config))?;
    let mut status = read(&client, &found.tables).await.map_err(failed)?;
    status.known = POSTGRES.iter().map(Step::from).collect();
    Ok(status)
}

async fn read(client: &Client, tables: &[String]) -> Result<DatabaseStatus, tokio_postgres::Error> {
    let mut status = DatabaseStatus::default();
    let has = |name: &str| tables.iter().any(|table| table == name);
    if has(ownership::MIGRATIONS_TABLE) {
        let taken = schema::taken(client).await?;
        status.applied = taken.into_iter().map(Step::from).collect();
    }
    if ownership::is_ours(tables)
        && let Some(row) = client.query_opt(FIND_MADE, &[]).await?
    {
        status.made = Some(Made {
            maker: row.try_get(0)?,
            kek_id: row.try_get(1)?,
            created_at: row.try_get(2)?,
        });
    }
    for (table, count) in COUNTED.into_iter().filter(|(table, _)| has(table)) {
        let rows = client.query_one(count, &[]).await?.try_get(0)?;
        status.counts.push((table, rows));
    }
    let size: i64 = client.query_one(FIND_SIZE, &[]).await?.try_get(0)?;
    status.size = size.unsigned_abs();
    Ok(status)
}

/// Brings the schema up to date when it is this process's turn.
pub(in crate::store) async fn migrate(
    config: &Config,
    maker: Maker,
    progress: Progress<'_>,
) -> Result<(), OpenError> {
    let migrating = schema::in_turn(config, tls(config)?, maker, progress);
    match tokio::time::timeout(PATIENCE, migrating).await {
        Ok(result) => result,
        Err(_) => Err(unreachable(config, "it did not answer in time")),
    }
}
