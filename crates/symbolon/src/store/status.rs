//! What a database is, without changing it: whose, how old its schema is, how much is in it.

#[cfg(feature = "postgres")]
use super::postgres;
#[cfg(feature = "sqlite")]
use super::sqlite;
use super::{
    DatabaseUrl, Maker, OpenError,
    migrations::{Migration, Taken},
    ownership::Found,
};

/// What is counted, where the table is there already.
pub(super) const COUNTED: [(&str, &str); 4] = [
    ("users", "SELECT COUNT(*) FROM users"),
    ("sessions", "SELECT COUNT(*) FROM sessions"),
    ("app_sessions", "SELECT COUNT(*) FROM app_sessions"),
    ("signing_keys", "SELECT COUNT(*) FROM signing_keys"),
];
pub(super) const FIND_MADE: &str =
    "SELECT maker, kek_id, created_at FROM symbolon_store WHERE one = 1";

/// A step of the schema.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Step {
    pub(crate) version: i64,
    pub(crate) name: String,
}

impl From<&Migration> for Step {
    fn from(known: &Migration) -> Self {
        Self {
            version: known.version.into(),
            name: known.name.to_owned(),
        }
    }
}

impl From<Taken> for Step {
    fn from(Taken { version, name, .. }: Taken) -> Self {
        Self { version, name }
    }
}

/// A store's making.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Made {
    pub(crate) maker: String,
    pub(crate) kek_id: String,
    pub(crate) created_at: i64,
}

/// A database as it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct DatabaseStatus {
    /// `None` before the first start.
    pub(crate) made: Option<Made>,
    /// The steps that were taken.
    pub(crate) applied: Vec<Step>,
    /// Those that this version knows.
    pub(crate) known: Vec<Step>,
    /// Tables and their rows.
    pub(crate) counts: Vec<(&'static str, i64)>,
    /// In bytes.
    pub(crate) size: u64,
}

impl DatabaseStatus {
    /// Looks at a database. One that isn't there is an empty one.
    pub(crate) async fn of(database: &DatabaseUrl) -> Result<Self, OpenError> {
        match database {
            #[cfg(feature = "sqlite")]
            DatabaseUrl::Sqlite(path) => {
                let path = path.clone();
                let looking = tokio::task::spawn_blocking(move || sqlite::status(&path));
                looking.await.map_err(|panic| OpenError::Unreachable {
                    database: database.to_string(),
                    reason: panic.to_string(),
                })?
            }
            #[cfg(feature = "postgres")]
            DatabaseUrl::Postgres(config) => postgres::status(config).await,
        }
    }

    /// Steps that are still to be taken.
    pub(crate) fn pending(&self) -> impl Iterator<Item = &Step> {
        let applied = self.applied.iter().map(|step| step.version).max();
        let known = self.known.iter();
        known.filter(move |step| applied.is_none_or(|last| step.version > last))
    }

    /// Steps that a newer version took.
    pub(crate) fn newer(&self) -> impl Iterator<Item = &Step> {
        let known = self.known.iter().map(|step| step.version).max();
        let applied = self.applied.iter();
        applied.filter(move |step| known.is_none_or(|last| step.version > last))
    }
}

/// Brings the schema of a database up to date, telling each step before it is taken.
pub(crate) async fn migrate(
    database: &DatabaseUrl,
    maker: Maker,
    progress: impl Fn(&str) + Send + Sync + 'static,
) -> Result<(), OpenError> {
    match database {
        #[cfg(feature = "sqlite")]
        DatabaseUrl::Sqlite(path) => {
            let path = path.clone();
            let migrating =
                tokio::task::spawn_blocking(move || sqlite::migrate(&path, maker, &progress));
            let migrated = migrating.await;
            migrated.map_err(|panic| OpenError::Migration(panic.to_string()))?
        }
        #[cfg(feature = "postgres")]
        DatabaseUrl::Postgres(config) => postgres::migrate(config, maker, &progress).await,
    }
}

/// Refuses another program's tables; whoever made the store is told, whatever it is.
pub(super) fn check_ours(found: &Found, database: &str) -> Result<(), OpenError> {
    let anybodys = Found {
        tables: found.tables.clone(),
        maker: None,
    };
    anybodys.check(Maker::Engine, || database.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(versions: &[i64]) -> Vec<Step> {
        let step = |version: &i64| Step {
            version: *version,
            name: String::new(),
        };
        versions.iter().map(step).collect()
    }

    #[test]
    fn what_is_pending_and_what_is_newer_follows_from_the_last_steps() {
        let status = |applied, known| DatabaseStatus {
            applied: steps(applied),
            known: steps(known),
            ..DatabaseStatus::default()
        };
        for (applied, known, pending, newer) in [
            (&[][..], &[1, 2][..], 2, 0),
            (&[1], &[1, 2, 8], 2, 0),
            (&[1, 2], &[1, 2], 0, 0),
            (&[1, 2, 9], &[1, 2], 0, 1),
        ] {
            let status = status(applied, known);
            assert_eq!(status.pending().count(), pending, "{status:?}");
            assert_eq!(status.newer().count(), newer, "{status:?}");
        }
    }
}
