//! `symbolon db`: what the database of an installation is, and its schema brought up to date.
//!
//! `status` changes nothing, takes no lock and works beside a server. A server brings the schema up to date at
//! its start; `migrate` is for doing so beforehand, where that shall be a step of its own.

mod holder;

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use symbolon_token::Timestamp;

use self::holder::Holder;
use super::{
    folder::{DataFolder, Taken},
    installation::{Installation, Which},
    print,
    table::pairs,
    time::{rfc3339, short},
};
use crate::{
    DatabaseUrl,
    config::Maker,
    store::{DatabaseStatus, Step, migrate},
};

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Show the database, its schema and who works on it; changes nothing
    Status(Common),
    /// Bring the schema up to date
    Migrate(Common),
}

#[derive(clap::Args)]
struct Common {
    #[command(flatten)]
    which: Which,
    /// Print one line of JSON for programs instead of the text for people
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: Arguments) -> Result<ExitCode> {
    match arguments.command {
        Command::Status(common) => status(&common).await,
        Command::Migrate(common) => bring_up_to_date(&common).await,
    }
}

async fn status(common: &Common) -> Result<ExitCode> {
    let installation = Installation::load(&common.which)?;
    installation.check_owner()?;
    let status = DatabaseStatus::of(&installation.config.database).await?;
    let holder = Holder::find(&installation.folder).await?;
    let view = StatusView::new(&installation.config.database, &status, holder);
    print::line(&if common.json {
        serde_json::to_string(&view)?
    } else {
        view.text()
    });
    Ok(ExitCode::SUCCESS)
}

async fn bring_up_to_date(common: &Common) -> Result<ExitCode> {
    let installation = Installation::load(&common.which)?;
    installation.check_owner()?;
    let database = &installation.config.database;
    let before = DatabaseStatus::of(database).await?;
    let pending: Vec<_> = before.pending().map(label).collect();
    if before.newer().next().is_none() && pending.is_empty() {
        tell(common, &before, &pending);
        return Ok(ExitCode::SUCCESS);
    }
    let folder = take(&installation)?;
    let bar = ProgressBar::new(pending.len() as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos} of {len}: {msg}, {elapsed}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(std::time::Duration::from_millis(200));
    let shown = bar.clone();
    let progress = move |name: &str| {
        // The first step begins; none has ended.
        if !shown.message().is_empty() {
            shown.inc(1);
        }
        shown.set_message(name.to_owned());
    };
    let migrated = migrate(database, Maker::Engine, progress).await;
    bar.finish_and_clear();
    migrated?;
    let after = DatabaseStatus::of(database).await?;
    drop(folder);
    tell(common, &after, &pending);
    Ok(ExitCode::SUCCESS)
}

/// A SQLite file has one process at a time; nodes of PostgreSQL work on while the schema grows.
fn take(installation: &Installation) -> Result<Option<DataFolder>> {
    match &installation.config.database {
        #[cfg(feature = "sqlite")]
        DatabaseUrl::Sqlite(_) => match DataFolder::open(&installation.folder)? {
            Taken::Ours(folder) => Ok(Some(folder)),
            Taken::Theirs(owner) => bail!(
                "{owner} works on the data folder {}; end it first, or start the new server: that \
                 brings the schema up to date as well",
                installation.folder.display()
            ),
        },
        #[cfg(feature = "postgres")]
        DatabaseUrl::Postgres(_) => Ok(None),
    }
}

fn tell(common: &Common, status: &DatabaseStatus, taken: &[String]) {
    let version = status.applied.last().map_or(0, |step| step.version);
    print::line(&if common.json {
        serde_json::json!({ "version": version, "applied": taken }).to_string()
    } else if taken.is_empty() {
        format!("none pending: the schema is at version {version}")
    } else {
        format!(
            "the schema is at version {version} now: {}",
            taken.join(", ")
        )
    });
}

fn label(step: &Step) -> String {
    format!("V{} {}", step.version, step.name)
}

/// What `db status` tells.
#[derive(Serialize)]
struct StatusView {
    /// `sqlite` or `postgresql`.
    engine: &'static str,
    /// Where it is, without a password.
    database: String,
    size: u64,
    schema: Schema,
    /// What the store is for, once it is made.
    maker: Option<String>,
    created_at: Option<String>,
    /// The name of the key-encryption key.
    key_encryption_key: Option<String>,
    rows: std::collections::BTreeMap<&'static str, i64>,
    in_use: Option<Holder>,
}

#[derive(Serialize)]
struct Schema {
    /// `empty`, `current`, `pending` or `newer`.
    state: &'static str,
    version: i64,
    /// The last that this program knows.
    known: i64,
    pending: Vec<String>,
    /// What a newer version did.
    newer: Vec<String>,
}

impl StatusView {
    fn new(database: &DatabaseUrl, status: &DatabaseStatus, in_use: Option<Holder>) -> Self {
        let made = status.made.as_ref();
        Self {
            engine: match database {
                #[cfg(feature = "sqlite")]
                DatabaseUrl::Sqlite(_) => "sqlite",
                #[cfg(feature = "postgres")]
                DatabaseUrl::Postgres(_) => "postgresql",
            },
            database: database.to_string(),
            size: status.size,
            schema: Schema::new(status),
            maker: made.map(|made| made.maker.clone()),
            created_at: made.map(|made| rfc3339(Timestamp::from_millis(made.created_at))),
            key_encryption_key: made.map(|made| made.kek_id.clone()),
            rows: status.counts.iter().copied().collect(),
            in_use,
        }
    }

    fn text(&self) -> String {
        let engine = match self.engine {
            "sqlite" => "SQLite",
            _ => "PostgreSQL",
        };
        let mut lines = vec![
            ("database", format!("{engine}, {}", self.database)),
            ("size", indicatif::BinaryBytes(self.size).to_string()),
            ("schema", self.schema.text()),
        ];
        if let (Some(maker), Some(at)) = (&self.maker, &self.created_at) {
            let maker = Maker::described(maker);
            lines.push(("made", format!("by {maker}, {}", short(at))));
        }
        if let Some(key) = &self.key_encryption_key {
            lines.push(("key", format!("encrypted with the key {key}")));
        }
        for (table, rows) in &self.rows {
            let name = match *table {
                "app_sessions" => "app sessions",
                "signing_keys" => "signing keys",
                name => name,
            };
            lines.push((name, rows.to_string()));
        }
        let holder = self.in_use.as_ref().map(Holder::text);
        lines.push(("in use", holder.unwrap_or_else(|| "by nobody".to_owned())));
        pairs(&lines)
    }
}

impl Schema {
    fn new(status: &DatabaseStatus) -> Self {
        let pending: Vec<_> = status.pending().map(label).collect();
        let newer: Vec<_> = status.newer().map(label).collect();
        Self {
            state: match (
                status.applied.is_empty(),
                newer.is_empty(),
                pending.is_empty(),
            ) {
                (true, ..) => "empty",
                (_, false, _) => "newer",
                (_, _, false) => "pending",
                _ => "current",
            },
            version: status.applied.last().map_or(0, |step| step.version),
            known: status.known.last().map_or(0, |step| step.version),
            pending,
            newer,
        }
    }

    fn text(&self) -> String {
        let version = self.version;
        match self.state {
            "empty" => "none yet; the first start makes it".to_owned(),
            "current" => format!("version {version}, up to date"),
            "pending" => format!(
                "version {version}; {} pending ({}): run `symbolon db migrate`, or start the server",
                self.pending.len(),
                self.pending.join(", ")
            ),
            _ => format!(
                "version {version}, made by a newer Symbolon ({}): this program knows {}; run that \
                 version or a later one",
                self.newer.join(", "),
                self.known
            ),
        }
    }
}
