//! The store: whole domain operations on SQLite or PostgreSQL, and the only place with SQL.
//!
//! An [`Operation`] is written once and runs on both engines, in one transaction. What it decides
//! by stands in its statements (`WHERE credential_epoch = $4`), never in a read before a write:
//! the row count is the truth. What [`Store::run`] has begun goes on by itself, in a thread or a task, so a
//! client that hangs up can't cancel half of it, and under a deadline, so a database that hangs costs a 503
//! and not the server.

mod app_sessions;
mod error;
#[cfg(feature = "cli")]
mod foreign;
#[cfg(any(feature = "cli", test))]
mod imports;
mod instance;
mod keys;
mod migrations;
mod moment;
mod ownership;
#[cfg(feature = "postgres")]
mod postgres;
mod schemes;
mod sealed;
mod sessions;
#[cfg(any(feature = "cli", test))]
mod setup;
mod sql;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "cli")]
mod status;
#[cfg(test)]
mod suite;
mod throttle;
mod tx;
#[cfg(any(feature = "client", test))]
mod upstream;
mod url;
mod users;
mod work;

use std::{borrow::Cow, future::Future, time::Duration};

use crate::{config::Maker, telemetry::Count};
pub(crate) use app_sessions::{
    BeginAppSession, EndAppSession, FindAppSession, NewKey, SaveAppSession, Saved,
    SweepAppSessions, TouchAppSession,
};
pub use error::{OpenError, StoreError};
#[cfg(feature = "cli")]
pub(crate) use foreign::{ForeignRow, ForeignTable};
#[cfg(any(feature = "cli", test))]
pub(crate) use imports::{FindNamesakes, ImportUsers, NewImport};
pub(crate) use instance::{FindStore, Instance, MakeStore};
pub(crate) use keys::{ActivateKey, AddKey, ListKeys, RevokeKey, SealedKey, SweepKey};
pub(crate) use moment::{BelieveTime, SeeTime};
pub(crate) use schemes::{CountSchemes, RenewPassword};
pub(crate) use sealed::{FindStale, KeepCheck, MoveKek, Reseal, Sealed, SealedKind, SealedName};
#[cfg(test)]
pub(crate) use sealed::{forget_keks, put_login};
#[cfg(feature = "client")]
pub(crate) use sessions::EndSession;
pub(crate) use sessions::{BeginSession, Begun, FindSignedIn, SweepSessions};
#[cfg(any(feature = "cli", test))]
pub(crate) use setup::{BeginSetup, FindSetup, RedeemSetup, Redeemed};
#[cfg(feature = "cli")]
pub(crate) use status::{DatabaseStatus, Step, migrate};
pub(crate) use throttle::{
    BeginSessionOfTry, BlockAccount, ClaimLogin, ClaimTry, ClaimedTry, SweepTries, TakeBackTry,
};
pub(crate) use tx::Tx;
#[cfg(all(test, not(feature = "client")))]
pub(crate) use upstream::KeepTokens;
#[cfg(feature = "client")]
pub(crate) use upstream::{
    BeginUpstreamLogin, ClaimRefresh, Claimed, DropTokens, FindLink, FindTokens, KeepTokens, Link,
    LinkFacts, LinkTo, LinkUser, Linked, RedeemUpstreamLogin, ReleaseRefresh, ReplaceTokens,
    SealedTokens, SweepUpstreamLogins, SweepUpstreamTokens, TokensId,
};
pub use url::DatabaseUrl;
pub(crate) use users::{
    ChangeRole, CreateUser, Created, FindLogin, FindUser, ListFrom, ListUsers, NewUser,
    PasswordRecord, RemoveUser, RenameUser, Renamed, RoleChange, RoleChanged, SetPassword,
    SetUserState, UserFacts, UserRecord,
};

/// How the store uses its database.
#[derive(Clone, Copy, Debug)]
pub struct StoreOptions {
    /// Connections to PostgreSQL, or reading connections to SQLite, at the most.
    pub connections: usize,
    /// How long an operation may take, waiting for its turn included.
    pub deadline: Duration,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            connections: 8,
            deadline: Duration::from_secs(5),
        }
    }
}

/// Whether an operation changes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// It only reads, and may run beside a writer.
    Read,
    /// It changes rows.
    Write,
}

/// What a change outlives once it has been answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outlives {
    /// The program, however it ends. Where the machine ends too, the last moments may be missing.
    Program,
    /// A power cut.
    PowerCut,
}

/// A domain operation, written once for both engines.
pub(crate) trait Operation: Send + Sync + 'static {
    /// What it answers, conflicts included.
    type Out: Send + 'static;
    /// Whether it changes anything.
    const ACCESS: Access;
    /// What its change outlives. With PostgreSQL everything waits for the disk.
    #[cfg_attr(
        not(feature = "sqlite"),
        expect(dead_code, reason = "only SQLite can make use of it")
    )]
    const OUTLIVES: Outlives = Outlives::PowerCut;

    /// Runs its statements. May run again from the start where PostgreSQL asks for that.
    fn run(&self, tx: &mut Tx<'_>) -> impl Future<Output = Result<Self::Out, StoreError>> + Send;
}

/// A database, of either engine.
#[derive(Debug)]
pub(crate) struct Store {
    engine: Engine,
    deadline: Duration,
    failures: Failures,
}

/// Operations that brought no answer.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    /// The database may answer the next one.
    pub(crate) unavailable: Count,
    /// Nobody knows whether the change was made.
    pub(crate) outcome_unknown: Count,
    /// Somebody has to look.
    pub(crate) fault: Count,
}

#[derive(Clone, Debug)]
enum Engine {
    #[cfg(feature = "sqlite")]
    Sqlite(sqlite::Sqlite),
    #[cfg(feature = "postgres")]
    Postgres(postgres::Postgres),
}

impl Store {
    /// Opens a database and brings its schema up to date, unless it is somebody else's.
    pub(crate) async fn open(
        database: &DatabaseUrl,
        options: StoreOptions,
        maker: Maker,
    ) -> Result<Self, OpenError> {
        let engine = match database {
            #[cfg(feature = "sqlite")]
            DatabaseUrl::Sqlite(path) => {
                let path = path.clone();
                let opened = tokio::task::spawn_blocking(move || {
                    sqlite::Sqlite::open(&path, options, maker)
                });
                Engine::Sqlite(opened.await.map_err(|panic| OpenError::Unreachable {
                    database: database.to_string(),
                    reason: panic.to_string(),
                })??)
            }
            #[cfg(feature = "postgres")]
            DatabaseUrl::Postgres(config) => {
                Engine::Postgres(postgres::Postgres::open(config, options, maker).await?)
            }
        };
        Ok(Self {
            engine,
            deadline: options.deadline,
            failures: Failures::default(),
        })
    }

    /// Opens a store to read from it, as it is: nothing is made, migrated or locked. `None` where
    /// there is no store yet.
    #[cfg(feature = "cli")]
    #[cfg_attr(
        not(feature = "postgres"),
        expect(clippy::unused_async, reason = "a file is there at once")
    )]
    pub(crate) async fn open_read_only(
        database: &DatabaseUrl,
        options: StoreOptions,
        maker: Maker,
    ) -> Result<Option<Self>, OpenError> {
        let engine = match database {
            #[cfg(feature = "sqlite")]
            DatabaseUrl::Sqlite(path) => {
                sqlite::Sqlite::open_read_only(path, options, maker)?.map(Engine::Sqlite)
            }
            #[cfg(feature = "postgres")]
            DatabaseUrl::Postgres(config) => {
                let opened = postgres::Postgres::open_read_only(config, options, maker).await?;
                opened.map(Engine::Postgres)
            }
        };
        Ok(engine.map(|engine| Self {
            engine,
            deadline: options.deadline,
            failures: Failures::default(),
        }))
    }

    /// Whether other nodes may work on the same database.
    pub(crate) const fn is_shared(&self) -> bool {
        match &self.engine {
            #[cfg(feature = "sqlite")]
            Engine::Sqlite(_) => false,
            #[cfg(feature = "postgres")]
            Engine::Postgres(_) => true,
        }
    }

    /// Runs an operation to its end, whatever becomes of the caller.
    pub(crate) async fn run<O: Operation>(&self, operation: O) -> Result<O::Out, StoreError> {
        self.run_patiently(operation, Duration::ZERO).await
    }

    /// As [`Store::run`], for somebody who can wait for so long without anybody losing by it: those who come
    /// meanwhile may share the way to the disk.
    #[cfg_attr(
        not(feature = "sqlite"),
        expect(unused_variables, reason = "only SQLite commits for several at once")
    )]
    pub(crate) async fn run_patiently<O: Operation>(
        &self,
        operation: O,
        patience: Duration,
    ) -> Result<O::Out, StoreError> {
        let deadline = self.deadline;
        let result = match &self.engine {
            #[cfg(feature = "sqlite")]
            Engine::Sqlite(engine) => engine.run(operation, deadline, patience).await,
            #[cfg(feature = "postgres")]
            Engine::Postgres(engine) => engine.run(operation, deadline).await,
        };
        if let Err(error) = &result {
            self.failures.of(error).add_one();
        }
        result
    }

    /// What failed so far, in numbers.
    #[cfg(feature = "cli")]
    pub(crate) const fn failures(&self) -> &Failures {
        &self.failures
    }

    /// Finishes what has begun and closes the database.
    #[cfg_attr(
        not(feature = "sqlite"),
        expect(clippy::unused_async, reason = "only SQLite has threads to wait for")
    )]
    pub(crate) async fn close(&self) {
        match &self.engine {
            #[cfg(feature = "sqlite")]
            Engine::Sqlite(engine) => engine.close().await,
            #[cfg(feature = "postgres")]
            Engine::Postgres(engine) => engine.close(),
        }
    }
}

impl Failures {
    const fn of(&self, error: &StoreError) -> &Count {
        match error {
            StoreError::Unavailable(_) | StoreError::Collided => &self.unavailable,
            StoreError::OutcomeUnknown => &self.outcome_unknown,
            StoreError::Corrupt(_) | StoreError::Fault(_) | StoreError::Poisoned => &self.fault,
        }
    }
}

impl Access {
    /// What an operation is answered that ran past its deadline.
    const fn too_late(self) -> StoreError {
        match self {
            Self::Read => StoreError::Unavailable(Cow::Borrowed("it did not answer in time")),
            Self::Write => StoreError::OutcomeUnknown,
        }
    }
}
