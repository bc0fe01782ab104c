//! Where the users are: found by name, and read in batches whatever it is.

use std::{io::Read, path::Path};

use anyhow::{Context, Result, bail};
use tokio::sync::mpsc;

use super::{
    columns::Columns,
    files::{self, Listing},
};
use crate::{
    DatabaseUrl, StoreError,
    store::{ForeignRow, ForeignTable},
};

/// What a source can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// Comma-separated values with a line of names
    Csv,
    /// One JSON object a line
    Jsonl,
    /// The table of a Flask-SQLAlchemy program, in SQLite or PostgreSQL
    FlaskSqlalchemy,
}

/// A source that was found.
pub(super) enum Source {
    File(Listing),
    Table(ForeignTable),
}

/// A row, and where it stands.
pub(super) struct Record {
    /// The line of a file, or the number of a table's row; from 1.
    pub(super) line: u64,
    /// The values of the wanted columns, or what is wrong with the row.
    pub(super) values: Result<Vec<Option<String>>, String>,
}

impl Source {
    /// Finds it and the columns it has.
    pub(super) async fn find(name: &str, format: Option<Format>, table: &str) -> Result<Self> {
        let format = match format {
            Some(format) => format,
            None => guess(name)?,
        };
        if format != Format::FlaskSqlalchemy {
            let listing = Listing::scan(Path::new(name), format);
            return Ok(Self::File(listing.with_context(|| name.to_owned())?));
        }
        let database = database(name)?;
        #[cfg(feature = "sqlite")]
        if let DatabaseUrl::Sqlite(path) = &database
            && !path.is_file()
        {
            bail!("there is no file {}", path.display());
        }
        let shown = database.to_string();
        let found = ForeignTable::find(database, table).await?;
        if found.columns().is_empty() {
            bail!("{shown} has no table {table:?}; name another with --table");
        }
        Ok(Self::Table(found))
    }

    pub(super) fn columns(&self) -> &[String] {
        match self {
            Self::File(listing) => listing.columns(),
            Self::Table(table) => table.columns(),
        }
    }

    pub(super) fn rows(&self) -> u64 {
        match self {
            Self::File(listing) => listing.rows(),
            Self::Table(table) => table.rows(),
        }
    }

    /// Begins to read.
    pub(super) fn read(self, columns: &Columns) -> Result<Records> {
        Ok(match self {
            Self::File(listing) => Records::File(listing.read(columns.names())?),
            Self::Table(table) => Records::Table {
                rows: table.read(columns.names(), Some(columns.order_by())),
                line: 0,
            },
        })
    }
}

/// The rows of a source.
pub(super) enum Records {
    File(files::Records),
    Table {
        rows: mpsc::Receiver<Result<ForeignRow, StoreError>>,
        line: u64,
    },
}

impl Records {
    /// The next so many at the most; none at the end.
    pub(super) async fn next(&mut self, limit: usize) -> Result<Vec<Record>> {
        let mut batch = Vec::with_capacity(limit);
        match self {
            Self::File(records) => {
                for record in records.take(limit) {
                    batch.push(record?);
                }
            }
            Self::Table { rows, line } => {
                while batch.len() < limit {
                    let Some(row) = rows.recv().await else { break };
                    *line += 1;
                    batch.push(Record {
                        line: *line,
                        values: Ok(row?),
                    });
                }
            }
        }
        Ok(batch)
    }
}

fn guess(name: &str) -> Result<Format> {
    let is_url = |scheme: &str| name.split(['+', ':']).next() == Some(scheme) && name.contains(':');
    if ["postgres", "postgresql", "sqlite"].into_iter().any(is_url) {
        return Ok(Format::FlaskSqlalchemy);
    }
    // Never quoted: a URL may hold a password.
    if name.contains("://") {
        bail!("the source is no database that can be read: give a SQLite file, or postgresql://…");
    }
    let extension = Path::new(name).extension().and_then(|text| text.to_str());
    match extension.unwrap_or_default().to_ascii_lowercase().as_str() {
        "csv" => return Ok(Format::Csv),
        "jsonl" | "ndjson" | "json" => return Ok(Format::Jsonl),
        _ => {}
    }
    let mut start = [0; 16];
    let mut file = std::fs::File::open(name).with_context(|| name.to_owned())?;
    if file.read_exact(&mut start).is_ok() && start == *b"SQLite format 3\0" {
        return Ok(Format::FlaskSqlalchemy);
    }
    bail!("what is in {name}? Say so with --format")
}

/// A URL as Flask programs have it: a driver behind the scheme (`postgresql+psycopg`), and three
/// slashes in front of a relative path.
fn database(name: &str) -> Result<DatabaseUrl> {
    let url = match name.split_once("://") {
        Some((scheme, rest)) => match scheme.split('+').next() {
            Some("sqlite") => rest.strip_prefix('/').unwrap_or(rest).to_owned(),
            Some(scheme) => format!("{scheme}://{rest}"),
            None => name.to_owned(),
        },
        None => name.to_owned(),
    };
    Ok(url.parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_as_flask_programs_have_them() {
        for (url, expected) in [
            ("sqlite:///instance/app.db", "instance/app.db"),
            ("sqlite:////srv/app.db", "/srv/app.db"),
            ("instance/app.db", "instance/app.db"),
            (
                "postgresql+psycopg2://me@127.0.0.1:5432/app",
                "postgres://127.0.0.1:5432/app",
            ),
            (
                "postgresql://me@127.0.0.1:5432/app",
                "postgres://127.0.0.1:5432/app",
            ),
        ] {
            assert_eq!(database(url).unwrap().to_string(), expected, "{url}");
        }
        for url in ["postgresql+psycopg://x/y", "sqlite:///x.db"] {
            assert_eq!(guess(url).unwrap(), Format::FlaskSqlalchemy, "{url}");
        }
        assert_eq!(guess("old/users.CSV").unwrap(), Format::Csv);
        assert!(guess("nowhere/users").is_err());
        let refused = guess("mysql://me:canary@host/x").unwrap_err();
        assert!(!format!("{refused:#}").contains("canary"), "{refused:#}");
    }
}
