//! Another program's table, read once from its first row to its last.
//!
//! Invariant: nothing is written, locked or made. Values come as text, whatever their types are: what
//! they mean is for whoever asked.

use tokio::sync::mpsc;

use super::{DatabaseUrl, OpenError, StoreError};

/// Rows that are read ahead.
const AHEAD: usize = 1024;

/// The values of the columns that were asked for; empty where one of them is no UTF-8.
pub(crate) type ForeignRow = Vec<Option<String>>;

type Sender = mpsc::Sender<Result<ForeignRow, StoreError>>;

/// A table that was found.
#[derive(Debug)]
pub(crate) struct ForeignTable {
    database: DatabaseUrl,
    name: String,
    columns: Vec<String>,
    rows: u64,
}

impl ForeignTable {
    /// Looks for the table and counts its rows. Without columns there is no such table.
    pub(crate) async fn find(database: DatabaseUrl, name: &str) -> Result<Self, OpenError> {
        let name = name.to_owned();
        let (columns, rows) = match &database {
            #[cfg(feature = "sqlite")]
            DatabaseUrl::Sqlite(path) => {
                let (path, table) = (path.clone(), name.clone());
                let finding = tokio::task::spawn_blocking(move || sqlite::find(&path, &table));
                let found = finding.await.map_err(|panic| panic.to_string());
                found.and_then(|found| found.map_err(|error| error.to_string()))
            }
            #[cfg(feature = "postgres")]
            DatabaseUrl::Postgres(config) => postgres::find(config, &name)
                .await
                .map_err(|error| error.to_string()),
        }
        .map_err(|reason| OpenError::Unreachable {
            database: database.to_string(),
            reason,
        })?;
        Ok(Self {
            database,
            name,
            columns,
            rows,
        })
    }

    /// Its columns.
    pub(crate) fn columns(&self) -> &[String] {
        &self.columns
    }

    /// How many rows it has.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// Reads some columns of every row, ordered by one of them where one is named.
    pub(crate) fn read(
        self,
        columns: &[String],
        order_by: Option<&str>,
    ) -> mpsc::Receiver<Result<ForeignRow, StoreError>> {
        let (sender, rows) = mpsc::channel(AHEAD);
        let select = select(&self.name, columns, order_by);
        match self.database {
            #[cfg(feature = "sqlite")]
            DatabaseUrl::Sqlite(path) => {
                tokio::task::spawn_blocking(move || {
                    if let Err(error) = sqlite::read(&path, &select, &sender) {
                        // Nobody to tell: the reader has gone.
                        let _ = sender.blocking_send(Err(super::sqlite::failure(&error)));
                    }
                });
            }
            #[cfg(feature = "postgres")]
            DatabaseUrl::Postgres(config) => {
                tokio::spawn(async move {
                    if let Err(error) = postgres::read(&config, &select, &sender).await {
                        let error = StoreError::Fault(error.to_string());
                        let _ = sender.send(Err(error)).await;
                    }
                });
            }
        }
        rows
    }
}

/// The one statement that is made of names at run time. They were found in the database, and
/// quoted they are names and nothing else.
fn select(table: &str, columns: &[String], order_by: Option<&str>) -> String {
    let values: Vec<_> = columns
        .iter()
        .map(|column| format!("CAST({} AS TEXT)", quoted(column)))
        .collect();
    let order = order_by.map_or(String::new(), |column| {
        format!(" ORDER BY {}", quoted(column))
    });
    format!("SELECT {} FROM {}{order}", values.join(", "), quoted(table))
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(feature = "sqlite")]
mod sqlite {
    //! Read through a connection that can't write.

    use std::path::Path;

    use super::{Sender, quoted};
    use crate::store::sqlite::read_only;

    pub(super) fn find(path: &Path, table: &str) -> rusqlite::Result<(Vec<String>, u64)> {
        let connection = read_only(path)?;
        let mut columns = connection.prepare("SELECT name FROM pragma_table_info(?1)")?;
        let columns = columns.query_map([table], |row| row.get(0))?;
        let columns = columns.collect::<rusqlite::Result<Vec<String>>>()?;
        if columns.is_empty() {
            return Ok((columns, 0));
        }
        let count = format!("SELECT COUNT(*) FROM {}", quoted(table));
        let rows: i64 = connection.query_row(&count, [], |row| row.get(0))?;
        Ok((columns, rows.unsigned_abs()))
    }

    pub(super) fn read(path: &Path, select: &str, sender: &Sender) -> rusqlite::Result<()> {
        let connection = read_only(path)?;
        let mut statement = connection.prepare(select)?;
        let width = statement.column_count();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let values = (0..width).map(|column| row.get(column)).collect();
            let values = match values {
                Err(
                    rusqlite::Error::Utf8Error(..) | rusqlite::Error::FromSqlConversionFailure(..),
                ) => {
                    vec![]
                }
                values => values?,
            };
            if sender.blocking_send(Ok(values)).is_err() {
                break;
            }
        }
        Ok(())
    }
}

#[cfg(feature = "postgres")]
mod postgres {
    //! Read through a transaction that can't write, row by row as they come.

    use std::pin::pin;

    use futures_util::TryStreamExt;
    use tokio_postgres::{Client, Config};

    use super::{Sender, quoted};
    use crate::store::{OpenError, postgres::connect_read_only};

    pub(super) async fn find(
        config: &Config,
        table: &str,
    ) -> Result<(Vec<String>, u64), OpenError> {
        const COLUMNS: &str = "SELECT CAST(column_name AS TEXT) FROM information_schema.columns \
            WHERE table_name = $1 AND table_schema = current_schema() ORDER BY ordinal_position";
        let client = connect_read_only(config).await?;
        let failed = |error| unreadable(config, &error);
        let columns = client.query(COLUMNS, &[&table]).await.map_err(failed)?;
        let columns: Vec<String> = columns.iter().map(|row| row.get(0)).collect();
        if columns.is_empty() {
            return Ok((columns, 0));
        }
        let count = format!("SELECT COUNT(*) FROM {}", quoted(table));
        let rows: i64 = client.query_one(&count, &[]).await.map_err(failed)?.get(0);
        Ok((columns, rows.unsigned_abs()))
    }

    pub(super) async fn read(
        config: &Config,
        select: &str,
        sender: &Sender,
    ) -> Result<(), OpenError> {
        let client = connect_read_only(config).await?;
        stream(&client, select, sender)
            .await
            .map_err(|error| unreadable(config, &error))
    }

    async fn stream(
        client: &Client,
        select: &str,
        sender: &Sender,
    ) -> Result<(), tokio_postgres::Error> {
        let no_arguments: [&str; 0] = [];
        let mut rows = pin!(client.query_raw(select, no_arguments).await?);
        while let Some(row) = rows.try_next().await? {
            let values = (0..row.len()).map(|column| row.try_get(column));
            let values = values.collect::<Result<_, _>>()?;
            if sender.send(Ok(values)).await.is_err() {
                break;
            }
        }
        Ok(())
    }

    fn unreadable(config: &Config, error: &tokio_postgres::Error) -> OpenError {
        OpenError::Unreachable {
            database: crate::DatabaseUrl::Postgres(Box::new(config.clone())).to_string(),
            reason: error.to_string(),
        }
    }
}
