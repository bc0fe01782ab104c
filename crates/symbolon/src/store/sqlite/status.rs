//! What a file is, without changing it, and its schema brought up to date by itself.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension};

use super::{
    super::{
        Maker, OpenError,
        migrations::SQLITE,
        ownership,
        status::{COUNTED, DatabaseStatus, FIND_MADE, Made, Step, check_ours},
    },
    files,
};

/// Reads it beside whoever works on it. Blocks.
pub(in crate::store) fn status(path: &Path) -> Result<DatabaseStatus, OpenError> {
    let known = SQLITE.iter().map(Step::from).collect();
    if !path.exists() {
        return Ok(DatabaseStatus {
            known,
            ..DatabaseStatus::default()
        });
    }
    let unreachable = |error: rusqlite::Error| OpenError::Unreachable {
        database: path.display().to_string(),
        reason: error.to_string(),
    };
    let connection = files::read_only(path).map_err(unreachable)?;
    let found = files::look(&connection).map_err(unreachable)?;
    check_ours(&found, &path.display().to_string())?;
    let mut status = read(&connection, &found.tables).map_err(unreachable)?;
    status.known = known;
    // What was written last may still stand in the log alone.
    status.size = ["", "-wal"].iter().map(|end| size(path, end)).sum();
    Ok(status)
}

fn read(connection: &Connection, tables: &[String]) -> rusqlite::Result<DatabaseStatus> {
    let mut status = DatabaseStatus::default();
    let has = |name: &str| tables.iter().any(|table| table == name);
    if has(ownership::MIGRATIONS_TABLE) {
        let taken = files::taken(connection)?;
        status.applied = taken.into_iter().map(Step::from).collect();
    }
    if ownership::is_ours(tables) {
        let made = |row: &rusqlite::Row<'_>| {
            Ok(Made {
                maker: row.get(0)?,
                kek_id: row.get(1)?,
                created_at: row.get(2)?,
            })
        };
        status.made = connection.query_row(FIND_MADE, [], made).optional()?;
    }
    for (table, count) in COUNTED.into_iter().filter(|(table, _)| has(table)) {
        let rows = connection.query_row(count, [], |row| row.get(0))?;
        status.counts.push((table, rows));
    }
    Ok(status)
}

fn size(path: &Path, end: &str) -> u64 {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    std::fs::metadata(name).map_or(0, |found| found.len())
}

/// Brings the schema up to date, alone on the file, and closes it. Blocks.
pub(in crate::store) fn migrate(
    path: &Path,
    maker: Maker,
    progress: &dyn Fn(&str),
) -> Result<(), OpenError> {
    let (mut connection, _lock) = super::open_own(path, maker)?;
    files::migrate(&mut connection, progress)
}
