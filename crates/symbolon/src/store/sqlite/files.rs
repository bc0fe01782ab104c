//! The file and what surrounds it: its lock, its mode, its settings, its schema.

use std::{
    fs::{File, OpenOptions, TryLockError},
    path::{Path, PathBuf},
};

use rusqlite::{
    Connection, OpenFlags, OptionalExtension, TransactionBehavior, config::DbConfig, params,
};

use super::super::{
    OpenError,
    migrations::{FIND_TAKEN, MAKE_LIST, Migration, RECORD, SQLITE, Taken, pending},
    ownership::{self, Found},
};

/// One process a file: keys and decisions are held in memory, and two writers would only wait.
pub(super) fn take_lock(path: &Path) -> Result<File, OpenError> {
    if path.is_dir() {
        return Err(OpenError::Unreachable {
            database: path.display().to_string(),
            reason: "it is a folder; name a file in it".to_owned(),
        });
    }
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let path_of_lock = PathBuf::from(name);
    let unreachable = |error: std::io::Error| OpenError::Unreachable {
        database: path.display().to_string(),
        reason: format!("{}: {error}", path_of_lock.display()),
    };
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    owner_only(&mut options);
    let lock = options.open(&path_of_lock).map_err(unreachable)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(path.display().to_string())),
        Err(TryLockError::Error(error)) => Err(unreachable(error)),
    }
}

/// Makes the file readable by its owner only before SQLite writes anything into it; SQLite gives
/// the files beside it the same mode.
pub(super) fn private(path: &Path) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    owner_only(&mut options);
    options.open(path).map(drop)
}

fn owner_only(options: &mut OpenOptions) {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    #[cfg(not(unix))]
    let _ = options;
}

pub(super) fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA trusted_schema = OFF;
         PRAGMA temp_store = MEMORY;
         PRAGMA busy_timeout = 2000;",
    )?;
    prepare_once(connection)
}

/// Statements are prepared once. Without the second setting SQLite prepares some of them again for each
/// value, to see whether another plan would do better.
fn prepare_once(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(128);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

pub(in crate::store) fn read_only(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA busy_timeout = 2000;")?;
    prepare_once(&connection)?;
    Ok(connection)
}

/// What is in the file, before anything is written into it.
pub(super) fn look(connection: &Connection) -> rusqlite::Result<Found> {
    let mut tables = connection.prepare("SELECT name FROM sqlite_master WHERE type = 'table'")?;
    let names = tables.query_map([], |row| row.get(0))?;
    let tables = names.collect::<Result<Vec<String>, _>>()?;
    let maker = if ownership::is_ours(&tables) {
        connection
            .query_row(ownership::FIND_MAKER, [], |row| row.get(0))
            .optional()?
    } else {
        None
    };
    Ok(Found { tables, maker })
}

/// Brings the schema up to date; each step is told before it is taken.
pub(super) fn migrate(
    connection: &mut Connection,
    progress: &dyn Fn(&str),
) -> Result<(), OpenError> {
    let failed = |error: rusqlite::Error| OpenError::Migration(error.to_string());
    connection.execute_batch(MAKE_LIST).map_err(failed)?;
    let taken = taken(connection).map_err(failed)?;
    for migration in pending(SQLITE, &taken)? {
        progress(migration.name);
        take(connection, migration).map_err(failed)?;
    }
    Ok(())
}

fn take(connection: &mut Connection, migration: &Migration) -> rusqlite::Result<()> {
    let step = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    step.execute_batch(migration.sql)?;
    let row = params![migration.version, migration.name, migration.checksum()];
    step.execute(RECORD.sqlite, row)?;
    step.commit()
}

/// The steps that were taken, in their order. There must be a list.
pub(super) fn taken(connection: &Connection) -> rusqlite::Result<Vec<Taken>> {
    let mut find = connection.prepare(FIND_TAKEN.sqlite)?;
    let taken = find.query_map([], |row| {
        Ok(Taken {
            version: row.get(0)?,
            name: row.get(1)?,
            checksum: row.get(2)?,
        })
    })?;
    taken.collect()
}
