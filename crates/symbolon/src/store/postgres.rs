//! PostgreSQL: a bounded pool, whole operations repeated where the server asks for it, and a
//! deadline around everything.
//!
//! A connection whose operation was cut off is closed, never handed to the next one: its server may
//! hang, and its answers would belong to somebody else. What was cut off while committing is
//! unknown, not undone.

use std::{
    borrow::Cow,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use deadpool_postgres::{
    Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime, Timeouts,
    Transaction,
};
use tokio_postgres::{Client, Config, NoTls, config::SslMode, error::SqlState, types::ToSql};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{
    Maker, OpenError, Operation, StoreError, StoreOptions, Tx,
    ownership::{self, Found},
    sql::{Arg, Row, Statement},
    tx::{EngineTx, FromRow},
};

mod migrations {
    refinery::embed_migrations!("migrations/postgres");
}

/// How often an operation is begun anew before its asker hears of it.
const ATTEMPTS: usize = 5;
/// How long a connection may take to be made, from the first packet to the last of its start-up.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long another node may take to bring the schema up to date.
const MIGRATION_TIMEOUT: Duration = Duration::from_mins(1);

/// A PostgreSQL database.
#[derive(Clone)]
pub(super) struct Postgres {
    pool: Pool,
}

impl Postgres {
    /// Connects and brings the schema up to date.
    pub(super) async fn open(
        config: &Config,
        options: StoreOptions,
        maker: Maker,
    ) -> Result<Self, OpenError> {
        let tls = tls(config)?;
        let migration =
            tokio::time::timeout(MIGRATION_TIMEOUT, migrate(config, tls.clone(), maker));
        migration
            .await
            .map_err(|_| unreachable(config, "it did not answer in time"))??;

        let manager_config = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let manager = match tls {
            Some(tls) => Manager::from_config(config.clone(), tls, manager_config),
            None => Manager::from_config(config.clone(), NoTls, manager_config),
        };
        let pool = Pool::builder(manager)
            .max_size(options.connections.max(1))
            .runtime(Runtime::Tokio1)
            .timeouts(Timeouts {
                wait: Some(options.deadline),
                create: Some(CONNECT_TIMEOUT.min(options.deadline)),
                recycle: Some(CONNECT_TIMEOUT.min(options.deadline)),
            })
            .build()
            .map_err(|error| unreachable(config, &error.to_string()))?;
        Ok(Self { pool })
    }

    pub(super) async fn run<O: Operation>(
        &self,
        operation: O,
        deadline: Duration,
    ) -> Result<O::Out, StoreError> {
        let committing = AtomicBool::new(false);
        let attempts = self.attempts(&operation, &committing);
        match tokio::time::timeout(deadline, attempts).await {
            Ok(result) => result,
            Err(_) if committing.load(Ordering::Relaxed) => Err(O::ACCESS.too_late()),
            // Before COMMIT was sent: the closed connection takes the transaction with it.
            Err(_) => Err(unavailable("it did not answer in time")),
        }
    }

    async fn attempts<O: Operation>(
        &self,
        operation: &O,
        committing: &AtomicBool,
    ) -> Result<O::Out, StoreError> {
        let mut lease = Lease(Some(self.pool.get().await.map_err(no_connection)?));
        let mut result = Err(StoreError::Collided);
        for _ in 0..ATTEMPTS {
            let client = lease.client()?;
            committing.store(false, Ordering::Relaxed);
            result = attempt(client, operation, committing).await;
            if !matches!(result, Err(StoreError::Collided)) {
                break;
            }
        }
        lease.give_back();
        result
    }

    /// Refuses new operations; connections close as they come back.
    pub(super) fn close(&self) {
        self.pool.close();
    }
}

impl std::fmt::Debug for Postgres {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Postgres")
    }
}

/// A connection that goes back to the pool only when its operation came to an end.
struct Lease(Option<Object>);

impl Lease {
    fn client(&mut self) -> Result<&mut Object, StoreError> {
        self.0.as_mut().ok_or_else(|| unavailable("it is closed"))
    }

    fn give_back(mut self) {
        drop(self.0.take());
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(object) = self.0.take() {
            drop(Object::take(object));
        }
    }
}

async fn attempt<O: Operation>(
    client: &mut Object,
    operation: &O,
    committing: &AtomicBool,
) -> Result<O::Out, StoreError> {
    let transaction = client
        .transaction()
        .await
        .map_err(|error| failure(&error))?;
    let mut tx = Tx::new(EngineTx::Postgres(&transaction));
    let out = operation.run(&mut tx).await?;
    if tx.is_poisoned() {
        return Err(StoreError::Poisoned);
    }
    committing.store(true, Ordering::Relaxed);
    match transaction.commit().await {
        Ok(()) => Ok(out),
        // The server said no, so it didn't.
        Err(error) if error.as_db_error().is_some() => Err(failure(&error)),
        Err(_) => Err(O::ACCESS.too_late()),
    }
}

pub(super) async fn execute(
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

pub(super) async fn query<T>(
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
            Arg::Id(value) => *value,
        })
        .collect()
}

/// Sorts an error by what can be done about it (PostgreSQL manual, appendix A).
pub(super) fn failure(error: &tokio_postgres::Error) -> StoreError {
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

fn no_connection(error: PoolError) -> StoreError {
    match error {
        PoolError::Timeout(_) => unavailable("no connection became free in time"),
        PoolError::Backend(error) => StoreError::Unavailable(Cow::Owned(error.to_string())),
        PoolError::Closed => unavailable("it is closed"),
        PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => {
            StoreError::Fault(error.to_string())
        }
    }
}

fn unavailable(reason: &'static str) -> StoreError {
    StoreError::Unavailable(Cow::Borrowed(reason))
}

/// Runs the migrations while holding a row lock, so that nodes that start together take turns. An
/// advisory lock would not survive a pooler in transaction mode.
async fn migrate(
    config: &Config,
    tls: Option<MakeRustlsConnect>,
    maker: Maker,
) -> Result<(), OpenError> {
    let failed = |error: tokio_postgres::Error| OpenError::Migration(describe(&error));
    let mut turn = connect(config, tls.clone()).await?;
    let found = look(&turn).await.map_err(failed)?;
    found.check(maker, || named(config))?;
    make_lock_row(&turn).await.map_err(failed)?;
    let locked = turn.transaction().await.map_err(failed)?;
    locked
        .execute("UPDATE symbolon_lock SET one = 1 WHERE one = 1", &[])
        .await
        .map_err(failed)?;
    let mut work = connect(config, tls).await?;
    migrations::migrations::runner()
        .set_migration_table_name(ownership::MIGRATIONS_TABLE)
        .run_async(&mut work)
        .await
        .map_err(|error| super::migration_failure(&error))?;
    locked.commit().await.map_err(failed)
}

/// What is in the schema, before anything is written into it.
async fn look(client: &Client) -> Result<Found, tokio_postgres::Error> {
    const TABLES: &str = "SELECT CAST(table_name AS TEXT) FROM information_schema.tables \
        WHERE table_schema = current_schema()";
    let rows = client.query(TABLES, &[]).await?;
    let tables = rows
        .iter()
        .map(|row| row.try_get(0))
        .collect::<Result<Vec<String>, _>>()?;
    let maker = if ownership::is_ours(&tables) {
        let row = client.query_opt(ownership::FIND_MAKER, &[]).await?;
        row.map(|row| row.try_get(0)).transpose()?
    } else {
        None
    };
    Ok(Found { tables, maker })
}

/// `IF NOT EXISTS` doesn't help two nodes that create a table at the same moment: the slower one
/// fails on a system catalogue's unique index, and finds the table at its second try.
async fn make_lock_row(client: &Client) -> Result<(), tokio_postgres::Error> {
    const MAKE: &str = "CREATE TABLE IF NOT EXISTS symbolon_lock (one BIGINT PRIMARY KEY);
        INSERT INTO symbolon_lock (one) VALUES (1) ON CONFLICT DO NOTHING;";
    match client.batch_execute(MAKE).await {
        Err(error) if error.code().is_some() => client.batch_execute(MAKE).await,
        result => result,
    }
}

async fn connect(config: &Config, tls: Option<MakeRustlsConnect>) -> Result<Client, OpenError> {
    let connecting = async {
        if let Some(tls) = tls {
            let (client, connection) = config.connect(tls).await?;
            tokio::spawn(connection);
            Ok(client)
        } else {
            let (client, connection) = config.connect(NoTls).await?;
            tokio::spawn(connection);
            Ok(client)
        }
    };
    within(connecting)
        .await
        .map_err(|reason| unreachable(config, &reason))
}

async fn within<T>(
    work: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, String> {
    match tokio::time::timeout(CONNECT_TIMEOUT, work).await {
        Ok(result) => result.map_err(|error| describe(&error)),
        Err(_) => Err("it did not answer in time".to_owned()),
    }
}

/// An error with its cause: the outer one alone says "error connecting to server".
fn describe(error: &tokio_postgres::Error) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

fn unreachable(config: &Config, reason: &str) -> OpenError {
    OpenError::Unreachable {
        database: named(config),
        reason: reason.to_owned(),
    }
}

fn named(config: &Config) -> String {
    super::DatabaseUrl::Postgres(Box::new(config.clone())).to_string()
}

/// TLS with the system's certificate authorities; `None` where the URL does without.
fn tls(config: &Config) -> Result<Option<MakeRustlsConnect>, OpenError> {
    if config.get_ssl_mode() == SslMode::Disable {
        return Ok(None);
    }
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| unreachable(config, &error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Some(MakeRustlsConnect::new(tls)))
}
