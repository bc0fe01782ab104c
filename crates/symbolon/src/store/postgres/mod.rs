//! PostgreSQL: a bounded pool, whole operations repeated where the server asks for it, and a
//! deadline around everything.
//!
//! A connection whose operation was cut off is closed, never handed to the next one: its server may
//! hang, and its answers would belong to somebody else. What was cut off while committing is
//! unknown, not undone.

mod connect;
mod query;
mod schema;
#[cfg(feature = "cli")]
mod status;

use std::{
    borrow::Cow,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use deadpool_postgres::{
    Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime, Timeouts,
};
#[cfg(feature = "cli")]
use tokio_postgres::Client;
use tokio_postgres::Config;
use tokio_postgres_rustls::MakeRustlsConnect;
use tracing::Instrument;

use self::connect::{CONNECT_TIMEOUT, tls, unreachable};
use self::query::is_worth_repeating;
pub(super) use self::query::{execute, failure, query};
#[cfg(feature = "cli")]
pub(super) use self::status::{migrate, status};
use super::{
    Maker, OpenError, Operation, StoreError, StoreOptions, Tx,
    tx::EngineTx,
    work::{Work, work},
};

/// How often an operation is begun anew before its asker hears of it.
const ATTEMPTS: usize = 5;
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
        schema::migrate(config, tls.clone(), maker).await?;
        Self::connect(config, tls, options)
    }

    /// Connects to the database as it is; `None` where it holds no store.
    #[cfg(feature = "cli")]
    pub(super) async fn open_read_only(
        config: &Config,
        options: StoreOptions,
        maker: Maker,
    ) -> Result<Option<Self>, OpenError> {
        let tls = tls(config)?;
        if !schema::is_made(config, tls.clone(), maker).await? {
            return Ok(None);
        }
        Self::connect(config, tls, options).map(Some)
    }

    fn connect(
        config: &Config,
        tls: MakeRustlsConnect,
        options: StoreOptions,
    ) -> Result<Self, OpenError> {
        let manager_config = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let manager = Manager::from_config(config.clone(), tls, manager_config);
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

    /// Runs an operation to its end, whatever becomes of the caller.
    pub(super) async fn run<O: Operation>(
        &self,
        operation: O,
        deadline: Duration,
    ) -> Result<O::Out, StoreError> {
        let (work, answer) = work(operation);
        let running = self.clone().carry_out(work, deadline);
        // What is logged on the way belongs to the request that asked.
        match tokio::spawn(running.in_current_span()).await {
            Ok(()) => answer.await.unwrap_or(Err(StoreError::OutcomeUnknown)),
            Err(panic) => Err(StoreError::Fault(panic.to_string())),
        }
    }

    async fn carry_out(self, mut work: Box<dyn Work>, deadline: Duration) {
        let committing = AtomicBool::new(false);
        let attempts = self.attempts(work.as_mut(), &committing);
        let ended = match tokio::time::timeout(deadline, attempts).await {
            Ok(result) => result,
            Err(_) if committing.load(Ordering::Relaxed) => Err(work.access().too_late()),
            // Before COMMIT was sent: the closed connection takes the transaction with it.
            Err(_) => Err(unavailable("it did not answer in time")),
        };
        work.answer(ended);
    }

    async fn attempts(
        &self,
        work: &mut dyn Work,
        committing: &AtomicBool,
    ) -> Result<(), StoreError> {
        let mut lease = Lease(Some(self.pool.get().await.map_err(no_connection)?));
        let mut result = Err(StoreError::Collided);
        for _ in 0..ATTEMPTS {
            let client = lease.client()?;
            committing.store(false, Ordering::Relaxed);
            result = attempt(client, work, committing).await;
            match &result {
                Err(error) if is_worth_repeating(error) => {}
                _ => break,
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

/// A connection beside any pool, whose transactions can't write.
#[cfg(feature = "cli")]
pub(super) async fn connect_read_only(config: &Config) -> Result<Client, OpenError> {
    let client = connect::connect(config, tls(config)?).await?;
    client
        .batch_execute("SET default_transaction_read_only = on")
        .await
        .map_err(|error| unreachable(config, &connect::describe(&error)))?;
    Ok(client)
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

async fn attempt(
    client: &mut Object,
    work: &mut dyn Work,
    committing: &AtomicBool,
) -> Result<(), StoreError> {
    let transaction = client
        .transaction()
        .await
        .map_err(|error| failure(&error))?;
    let mut tx = Tx::new(EngineTx::Postgres(&transaction));
    work.run(&mut tx).await?;
    if tx.is_poisoned() {
        return Err(StoreError::Poisoned);
    }
    committing.store(true, Ordering::Relaxed);
    match transaction.commit().await {
        Ok(()) => Ok(()),
        // The server said no, so it didn't.
        Err(error) if error.as_db_error().is_some() => Err(failure(&error)),
        Err(_) => Err(work.access().too_late()),
    }
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
