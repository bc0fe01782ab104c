//! `symbolon user import`: another program's users, from a file or straight from its table.
//!
//! Rows go in by the hundred, each hundred in one transaction: cut off anywhere, the same command
//! goes on where it ended. Nothing of what stands in a row is ever printed but its number: with two
//! columns mixed up, a name would be a password.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::{Context, Result};

use self::{
    columns::{ColumnArguments, Columns},
    report::{Report, Run},
    source::{Format, Record, Source},
};
use super::{key_source, print};
use crate::{
    Config, DatabaseUrl, Engine,
    app::{AppError, Imported, OldUser, Rehearsal},
};

mod columns;
mod files;
mod report;
mod source;

/// Rows that share a transaction.
const BATCH: usize = 100;
/// Nobody waits for an answer, and a database may be far away.
const DEADLINE: Duration = Duration::from_mins(1);
/// Nothing is signed and nobody is told of it: an engine wants a name, that is all.
const ISSUER: &str = "http://127.0.0.1";

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Where the users are: a CSV or JSON-lines file, a SQLite file, or `postgresql://…`
    #[arg(value_name = "FILE|URL")]
    source: String,
    /// What the source is (default: by its name)
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// The table, of a SQLite or PostgreSQL source
    #[arg(long, value_name = "NAME", default_value = "user")]
    table: String,
    /// Where they go: a SQLite file, or `postgres://USER:PASSWORD@HOST/NAME`; made if it is new
    #[arg(long, value_name = "URL")]
    database: String,
    /// The file with the key that encrypts the signing keys (default for SQLite: beside the database)
    #[arg(long, value_name = "FILE")]
    key_encryption_key_file: Option<PathBuf>,
    #[command(flatten)]
    columns: ColumnArguments,
    /// Tell what would become of each row, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Print one line of JSON for programs instead of the text for people
    #[arg(long)]
    json: bool,
}

/// Gives 0 when every row is there now, and 1 when some were left out.
pub(super) async fn run(arguments: Arguments) -> Result<ExitCode> {
    let source = Source::find(&arguments.source, arguments.format, &arguments.table).await?;
    let columns = Columns::choose(&arguments.columns, source.columns())?;
    let database: DatabaseUrl = arguments.database.parse().context("--database")?;
    let mut target = if arguments.dry_run {
        Target::Rehearsal(Rehearsal::open(&database).await?)
    } else {
        let key = key_source(arguments.key_encryption_key_file, &database)?;
        let mut config = Config::new(ISSUER, database, key);
        config.store.deadline = DEADLINE;
        Target::Engine(Engine::open(config).await?)
    };

    let run = match target {
        Target::Engine(_) => Run::Import,
        Target::Rehearsal(_) => Run::Rehearsal,
    };
    let mut report = Report::begin(source.rows(), run);
    let result = import(source, &columns, &mut target, &mut report).await;
    target.close().await;
    result.with_context(|| report.progress())?;
    print::line(&if arguments.json {
        report.json()
    } else {
        report.text()
    });
    Ok(report.exit_code())
}

async fn import(
    source: Source,
    columns: &Columns,
    target: &mut Target,
    report: &mut Report,
) -> Result<()> {
    let mut records = source.read(columns)?;
    loop {
        let batch = records.next(BATCH).await?;
        if batch.is_empty() {
            return Ok(());
        }
        let (mut lines, mut users) = (Vec::new(), Vec::new());
        for Record { line, values } in batch {
            match values.and_then(|values| columns.user(values)) {
                Ok(user) => {
                    lines.push(line);
                    users.push(user);
                }
                Err(reason) => report.bad(line, reason),
            }
        }
        let imported = target.import(users).await?;
        for (line, imported) in lines.into_iter().zip(imported) {
            report.add(line, imported);
        }
    }
}

/// Where the users go.
enum Target {
    Engine(Engine),
    Rehearsal(Rehearsal),
}

impl Target {
    async fn import(&mut self, users: Vec<OldUser>) -> Result<Vec<Imported>, AppError> {
        match self {
            Self::Engine(engine) => engine.app.import(users).await,
            Self::Rehearsal(rehearsal) => rehearsal.import(users).await,
        }
    }

    async fn close(&self) {
        match self {
            Self::Engine(engine) => engine.shutdown().await,
            Self::Rehearsal(rehearsal) => rehearsal.close().await,
        }
    }
}
