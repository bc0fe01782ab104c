//! Statements on a connection, and what its errors mean.

use std::borrow::Cow;

use rusqlite::{
    Connection, ErrorCode, ToSql, params_from_iter,
    types::{Null, ToSqlOutput},
};

use super::super::{
    StoreError,
    sql::{Arg, Row, Statement},
    tx::FromRow,
};

pub(in crate::store) fn execute(
    connection: &Connection,
    statement: &Statement,
    args: &[Arg<'_>],
) -> Result<u64, StoreError> {
    let changed = connection
        .prepare_cached(statement.sqlite)
        .and_then(|mut prepared| prepared.execute(params_from_iter(args)))
        .map_err(|error| failure(&error))?;
    Ok(changed as u64)
}

pub(in crate::store) fn query<T>(
    connection: &Connection,
    statement: &Statement,
    args: &[Arg<'_>],
    from_row: FromRow<T>,
) -> Result<Vec<T>, StoreError> {
    let mut prepared = connection
        .prepare_cached(statement.sqlite)
        .map_err(|error| failure(&error))?;
    let mut rows = prepared
        .query(params_from_iter(args))
        .map_err(|error| failure(&error))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(|error| failure(&error))? {
        found.push(from_row(&Row::Sqlite(row))?);
    }
    Ok(found)
}

/// A statement without parameters and rows, which is prepared once: what brackets every operation.
pub(super) fn bracket(connection: &Connection, sql: &'static str) -> Result<(), StoreError> {
    connection
        .prepare_cached(sql)
        .and_then(|mut prepared| prepared.execute([]))
        .map(drop)
        .map_err(|error| failure(&error))
}

pub(super) fn batch(connection: &Connection, sql: &str) -> Result<(), StoreError> {
    connection
        .execute_batch(sql)
        .map_err(|error| failure(&error))
}

/// What the machine is to blame for may pass; the rest is a fault of a statement.
pub(in crate::store) fn failure(error: &rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(
            ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure
            | ErrorCode::OutOfMemory
            | ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::CannotOpen
            | ErrorCode::ReadOnly
            | ErrorCode::FileLockingProtocolFailed,
        ) => StoreError::Unavailable(Cow::Owned(error.to_string())),
        _ => StoreError::Fault(error.to_string()),
    }
}

impl ToSql for Arg<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::Int(value) => value.to_sql(),
            Self::MaybeInt(value) => value.to_sql(),
            Self::Text(value) => value.to_sql(),
            Self::MaybeText(value) => value.to_sql(),
            Self::Bytes(value) => value.to_sql(),
            Self::MaybeBytes(value) => value.to_sql(),
            Self::Id(value) | Self::MaybeId(Some(value)) => {
                Ok(ToSqlOutput::Borrowed(value.as_bytes().as_slice().into()))
            }
            Self::MaybeId(None) => Null.to_sql(),
        }
    }
}
