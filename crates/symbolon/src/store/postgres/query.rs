//! Statements in a transaction, and what the server's errors mean.

use std::borrow::Cow;

use deadpool_postgres::Transaction;
use tokio_postgres::{error::SqlState, types::ToSql};

use super::super::{
    StoreError,
    sql::{Arg, Row, Statement},
    tx::FromRow,
};

pub(in crate::store) async fn execute(
    tx: &Transaction<'_>,
    statement: &Statement,
    args: &[Arg<'_>],
) -> Result<u64, StoreError> {
    let prepared = tx
        .prepare_cached(statement.postgres)
        .await
        .map_err(|error| failure(&error))?;
    tx.execute(&prepared, &params(args))
        .await
        .map_err(|error| failure(&error))
}

pub(in crate::store) async fn query<T>(
    tx: &Transaction<'_>,
    statement: &Statement,
    args: &[Arg<'_>],
    from_row: FromRow<T>,
) -> Result<Vec<T>, StoreError> {
    let prepared = tx
        .prepare_cached(statement.postgres)
        .await
        .map_err(|error| failure(&error))?;
    let rows = tx
        .query(&prepared, &params(args))
        .await
        .map_err(|error| failure(&error))?;
    rows.iter()
        .map(|row| from_row(&Row::Postgres(row)))
        .collect()
}

fn params<'a>(args: &'a [Arg<'a>]) -> Vec<&'a (dyn ToSql + Sync)> {
    args.iter()
        .map(|arg| match arg {
            Arg::Int(value) => value as &(dyn ToSql + Sync),
            Arg::MaybeInt(value) => value,
            Arg::Text(value) => value,
            Arg::MaybeText(value) => value,
            Arg::Bytes(value) => value,
            Arg::MaybeBytes(value) => value,
            Arg::Id(value) => *value,
            Arg::MaybeId(value) => value,
        })
        .collect()
}

/// Whether the operation may come out otherwise when it is begun anew: others worked on its rows, or a row
/// that it found there or not there has gone or come meanwhile. One that breaks a constraint by itself
/// does so again and again, and is told then.
pub(super) fn is_worth_repeating(error: &StoreError) -> bool {
    let overtaken = [SqlState::FOREIGN_KEY_VIOLATION, SqlState::UNIQUE_VIOLATION];
    match error {
        StoreError::Collided => true,
        StoreError::Fault(text) => overtaken.iter().any(|state| text.starts_with(state.code())),
        _ => false,
    }
}

/// Sorts an error by what can be done about it (PostgreSQL manual, appendix A).
pub(in crate::store) fn failure(error: &tokio_postgres::Error) -> StoreError {
    let Some(code) = error.code() else {
        let cause = std::error::Error::source(error);
        return if error.is_closed()
            || cause.is_some_and(<dyn std::error::Error>::is::<std::io::Error>)
        {
            StoreError::Unavailable(Cow::Owned(error.to_string()))
        } else {
            StoreError::Fault(error.to_string())
        };
    };
    if *code == SqlState::T_R_SERIALIZATION_FAILURE || *code == SqlState::T_R_DEADLOCK_DETECTED {
        return StoreError::Collided;
    }
    let class = code.code().get(..2).unwrap_or_default();
    // Connection, read-only server, resources, operator (shutting down), system.
    if matches!(class, "08" | "25" | "53" | "57" | "58") {
        return StoreError::Unavailable(Cow::Owned(error.to_string()));
    }
    // The message, never the detail: that one quotes values.
    let message = error.as_db_error().map_or("unknown", |e| e.message());
    StoreError::Fault(format!("{} {message}", code.code()))
}
