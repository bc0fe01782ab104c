//! The transaction that an operation runs in.
//!
//! Invariant: the first error poisons it. A statement after a failed one would run in a PostgreSQL
//! transaction that is aborted, and on SQLite in one that isn't: both must behave alike.

use super::{
    StoreError,
    sql::{Arg, Row, Statement},
};

/// A transaction on either engine.
pub(crate) struct Tx<'c> {
    pub(super) engine: EngineTx<'c>,
    poisoned: bool,
}

pub(super) enum EngineTx<'c> {
    // `&mut Connection` is Send; `rusqlite::Transaction` holds a `&Connection` and is not.
    #[cfg(feature = "sqlite")]
    Sqlite(&'c mut rusqlite::Connection),
    #[cfg(feature = "postgres")]
    Postgres(&'c deadpool_postgres::Transaction<'c>),
}

/// Makes a value of a row.
pub(crate) type FromRow<T> = fn(&Row<'_>) -> Result<T, StoreError>;

impl<'c> Tx<'c> {
    pub(super) fn new(engine: EngineTx<'c>) -> Self {
        Self {
            engine,
            poisoned: false,
        }
    }

    /// Whether a statement failed.
    pub(super) fn is_poisoned(&self) -> bool {
        self.poisoned
    }

    /// Runs a statement and gives the number of rows it changed.
    #[cfg_attr(
        not(feature = "postgres"),
        expect(clippy::unused_async, reason = "SQLite waits for the disk only")
    )]
    pub(crate) async fn execute(
        &mut self,
        statement: &Statement,
        args: &[Arg<'_>],
    ) -> Result<u64, StoreError> {
        self.check()?;
        let result = match &mut self.engine {
            #[cfg(feature = "sqlite")]
            EngineTx::Sqlite(connection) => super::sqlite::execute(connection, statement, args),
            #[cfg(feature = "postgres")]
            EngineTx::Postgres(tx) => super::postgres::execute(tx, statement, args).await,
        };
        self.note(result)
    }

    /// Runs a statement and gives its rows.
    #[cfg_attr(
        not(feature = "postgres"),
        expect(clippy::unused_async, reason = "SQLite waits for the disk only")
    )]
    pub(crate) async fn query<T: Send>(
        &mut self,
        statement: &Statement,
        args: &[Arg<'_>],
        from_row: FromRow<T>,
    ) -> Result<Vec<T>, StoreError> {
        self.check()?;
        let result = match &mut self.engine {
            #[cfg(feature = "sqlite")]
            EngineTx::Sqlite(connection) => {
                super::sqlite::query(connection, statement, args, from_row)
            }
            #[cfg(feature = "postgres")]
            EngineTx::Postgres(tx) => super::postgres::query(tx, statement, args, from_row).await,
        };
        self.note(result)
    }

    /// Runs a statement that finds one row or none, by a unique key.
    pub(crate) async fn query_opt<T: Send>(
        &mut self,
        statement: &Statement,
        args: &[Arg<'_>],
        from_row: FromRow<T>,
    ) -> Result<Option<T>, StoreError> {
        Ok(self.query(statement, args, from_row).await?.pop())
    }

    fn check(&self) -> Result<(), StoreError> {
        if self.poisoned {
            return Err(StoreError::Poisoned);
        }
        Ok(())
    }

    fn note<T>(&mut self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        self.poisoned |= result.is_err();
        result
    }
}
