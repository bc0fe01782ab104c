//! SQLite: one writer thread that commits in groups, and a few readers.
//!
//! The writer drains its queue into one transaction, one savepoint an operation, commits once and
//! only then answers: the group pays for `synchronous = FULL`, without which a power cut may forget
//! a revocation that was acknowledged.
//!
//! Invariant: nothing is acknowledged before its COMMIT. When the disk is full SQLite rolls back
//! the whole group, not the statement; so after each operation the connection is asked whether its
//! transaction still stands, and where it doesn't, all of the group is told so.

use std::{
    borrow::Cow,
    fs::{File, OpenOptions, TryLockError},
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    pin::pin,
    sync::{Arc, Mutex, PoisonError, mpsc},
    task::{Context, Poll, Waker},
    thread::JoinHandle,
    time::Duration,
};

use rusqlite::{
    Connection, ErrorCode, OpenFlags, OptionalExtension, ToSql, params_from_iter,
    types::ToSqlOutput,
};
use tokio::sync::oneshot;

use super::{
    Access, Maker, OpenError, Operation, StoreError, StoreOptions, Tx,
    ownership::{self, Found},
    sql::{Arg, Row, Statement},
    tx::{EngineTx, FromRow},
};

mod migrations {
    refinery::embed_migrations!("migrations/sqlite");
}

/// Jobs that may wait for a turn; more are refused at once.
const QUEUE: usize = 1024;
/// Operations that share a COMMIT at the most.
const GROUP: usize = 256;
/// Readers: more than cores only swap places.
const READERS_MAX: usize = 4;

/// An operation, its answer kept back until its transaction has ended.
type Job = Box<dyn FnOnce(&mut Connection) -> Answer + Send>;
type Answer = Box<dyn FnOnce(Ending) + Send>;

/// How a transaction ended.
#[derive(Clone, Copy, Debug)]
enum Ending {
    Committed,
    RolledBack,
}

enum Message {
    Run(Job),
    Stop,
}

/// A SQLite database and the threads that work on it.
#[derive(Clone)]
pub(super) struct Sqlite(Arc<Inner>);

struct Inner {
    writer: mpsc::SyncSender<Message>,
    readers: mpsc::SyncSender<Message>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    reader_count: usize,
    /// Held until the last thread is gone.
    lock: Mutex<Option<File>>,
}

impl Sqlite {
    /// Opens or makes the file, takes its lock and brings the schema up to date. Blocks.
    pub(super) fn open(
        path: &Path,
        options: StoreOptions,
        maker: Maker,
    ) -> Result<Self, OpenError> {
        let unreachable = |reason: &dyn std::fmt::Display| OpenError::Unreachable {
            database: path.display().to_string(),
            reason: reason.to_string(),
        };
        let lock = take_lock(path)?;
        private(path).map_err(|error| unreachable(&error))?;
        let mut writer = Connection::open(path).map_err(|error| unreachable(&error))?;
        let found = look(&writer).map_err(|error| unreachable(&error))?;
        found.check(maker, || path.display().to_string())?;
        configure(&writer).map_err(|error| unreachable(&error))?;
        migrate(&mut writer)?;

        let reader_count = options.connections.clamp(1, READERS_MAX);
        let (to_writer, for_writer) = mpsc::sync_channel(QUEUE);
        let (to_readers, for_readers) = mpsc::sync_channel(QUEUE);
        let mut threads = vec![spawn("sqlite-writer", move || write(writer, &for_writer))?];
        let for_readers = Arc::new(Mutex::new(for_readers));
        for _ in 0..reader_count {
            let reader = read_only(path).map_err(|error| unreachable(&error))?;
            let jobs = Arc::clone(&for_readers);
            threads.push(spawn("sqlite-reader", move || read(reader, &jobs))?);
        }
        Ok(Self(Arc::new(Inner {
            writer: to_writer,
            readers: to_readers,
            threads: Mutex::new(threads),
            reader_count,
            lock: Mutex::new(Some(lock)),
        })))
    }

    pub(super) async fn run<O: Operation>(
        &self,
        operation: O,
        deadline: Duration,
    ) -> Result<O::Out, StoreError> {
        let (reply, answer) = oneshot::channel();
        let queue = match O::ACCESS {
            Access::Read => &self.0.readers,
            Access::Write => &self.0.writer,
        };
        queue
            .try_send(Message::Run(job(operation, reply)))
            .map_err(|error| match error {
                mpsc::TrySendError::Full(_) => unavailable("too many operations are waiting"),
                mpsc::TrySendError::Disconnected(_) => unavailable("it is closed"),
            })?;
        match tokio::time::timeout(deadline, answer).await {
            Ok(Ok(result)) => result,
            Ok(Err(_dropped)) => Err(unavailable("the operation lost its turn")),
            Err(_elapsed) => Err(O::ACCESS.too_late()),
        }
    }

    /// Lets the threads finish what is queued, and closes the file.
    pub(super) async fn close(&self) {
        let inner = Arc::clone(&self.0);
        let closing = tokio::task::spawn_blocking(move || {
            // A thread that is gone already needs no telling.
            let _ = inner.writer.send(Message::Stop);
            for _ in 0..inner.reader_count {
                let _ = inner.readers.send(Message::Stop);
            }
            let threads =
                std::mem::take(&mut *inner.threads.lock().unwrap_or_else(PoisonError::into_inner));
            for thread in threads {
                let _ = thread.join();
            }
            let mut lock = inner.lock.lock().unwrap_or_else(PoisonError::into_inner);
            drop(lock.take());
        });
        if closing.await.is_err() {
            tracing::error!("closing the database did not end well");
        }
    }
}

impl std::fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sqlite")
    }
}

/// Wraps an operation so that it runs inside a savepoint and answers after the transaction.
fn job<O: Operation>(operation: O, reply: oneshot::Sender<Result<O::Out, StoreError>>) -> Job {
    Box::new(move |connection| {
        // The asker has given up before its turn came: nothing begun, nothing to finish.
        if reply.is_closed() {
            return Box::new(|_| {});
        }
        let result = savepoint(connection, &operation);
        Box::new(move |ending| {
            let result = match ending {
                Ending::Committed => result,
                // Also for an operation that only saw a conflict: what it saw was rolled back.
                Ending::RolledBack => Err(unavailable("the transaction was rolled back")),
            };
            // The asker's deadline may have passed; then it knows that it doesn't know.
            let _ = reply.send(result);
        })
    })
}

fn savepoint<O: Operation>(
    connection: &mut Connection,
    operation: &O,
) -> Result<O::Out, StoreError> {
    batch(connection, "SAVEPOINT operation")?;
    let run = AssertUnwindSafe(|| {
        let mut tx = Tx::new(EngineTx::Sqlite(connection));
        let result = now_or_never(operation.run(&mut tx))?;
        if tx.is_poisoned() {
            return Err(StoreError::Poisoned);
        }
        Ok(result)
    });
    // A panic in one operation must not take the writer, and with it the store, down.
    let result = catch_unwind(run)
        .unwrap_or_else(|_| Err(StoreError::Fault("an operation panicked".to_owned())));
    if connection.is_autocommit() {
        return result;
    }
    let end = match result {
        Ok(_) => "RELEASE operation",
        Err(_) => "ROLLBACK TO operation; RELEASE operation",
    };
    batch(connection, end).and(result)
}

/// Every future of this engine is ready: nothing in it waits for anything but the disk.
fn now_or_never<T>(future: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => Err(StoreError::Fault(
            "an operation waited for something other than the database".to_owned(),
        )),
    }
}

fn write(mut connection: Connection, queue: &mpsc::Receiver<Message>) {
    let mut open = true;
    while open {
        let Ok(Message::Run(first)) = queue.recv() else {
            return;
        };
        let mut group = vec![first];
        while group.len() < GROUP {
            match queue.try_recv() {
                Ok(Message::Run(job)) => group.push(job),
                Ok(Message::Stop) => {
                    open = false;
                    break;
                }
                Err(_) => break,
            }
        }
        commit_group(&mut connection, group);
    }
}

/// Runs a group in one transaction and answers all of it with how that ended.
fn commit_group(connection: &mut Connection, group: Vec<Job>) {
    let mut answers = Vec::with_capacity(group.len());
    let mut ending = match batch(connection, "BEGIN IMMEDIATE") {
        Ok(()) => Ending::Committed,
        Err(_) => Ending::RolledBack,
    };
    for job in group {
        // Dropped unrun, a job's asker hears that it lost its turn.
        if matches!(ending, Ending::RolledBack) {
            continue;
        }
        answers.push(job(connection));
        if connection.is_autocommit() {
            ending = Ending::RolledBack;
        }
    }
    if matches!(ending, Ending::Committed) && batch(connection, "COMMIT").is_err() {
        ending = Ending::RolledBack;
    }
    if !connection.is_autocommit() && batch(connection, "ROLLBACK").is_err() {
        tracing::error!("a transaction could neither be committed nor rolled back");
    }
    for answer in answers {
        answer(ending);
    }
}

fn read(mut connection: Connection, queue: &Mutex<mpsc::Receiver<Message>>) {
    loop {
        let message = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Message::Run(job)) = message else {
            return;
        };
        // The transaction is the snapshot: an operation of several statements sees one state.
        let ending = match batch(&connection, "BEGIN") {
            Ok(()) => Ending::Committed,
            Err(_) => Ending::RolledBack,
        };
        let answer = job(&mut connection);
        if !connection.is_autocommit() && batch(&connection, "COMMIT").is_err() {
            let _ = batch(&connection, "ROLLBACK");
        }
        answer(ending);
    }
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, OpenError> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .stack_size(512 * 1024)
        .spawn(run)
        .map_err(|error| OpenError::Unreachable {
            database: name.to_owned(),
            reason: error.to_string(),
        })
}

/// One process a file: keys and decisions are held in memory, and two writers would only wait.
fn take_lock(path: &Path) -> Result<File, OpenError> {
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
fn private(path: &Path) -> std::io::Result<()> {
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

fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA trusted_schema = OFF;
         PRAGMA temp_store = MEMORY;
         PRAGMA busy_timeout = 2000;",
    )?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(())
}

fn read_only(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA busy_timeout = 2000;")?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(connection)
}

/// What is in the file, before anything is written into it.
fn look(connection: &Connection) -> rusqlite::Result<Found> {
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

fn migrate(connection: &mut Connection) -> Result<(), OpenError> {
    migrations::migrations::runner()
        .set_migration_table_name(ownership::MIGRATIONS_TABLE)
        .run(connection)
        .map_err(|error| super::migration_failure(&error))?;
    Ok(())
}

pub(super) fn execute(
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

pub(super) fn query<T>(
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

fn batch(connection: &Connection, sql: &str) -> Result<(), StoreError> {
    connection
        .execute_batch(sql)
        .map_err(|error| failure(&error))
}

/// What the machine is to blame for may pass; the rest is a fault of a statement.
pub(super) fn failure(error: &rusqlite::Error) -> StoreError {
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

fn unavailable(reason: &'static str) -> StoreError {
    StoreError::Unavailable(Cow::Borrowed(reason))
}

impl ToSql for Arg<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::Int(value) => value.to_sql(),
            Self::MaybeInt(value) => value.to_sql(),
            Self::Text(value) => value.to_sql(),
            Self::MaybeText(value) => value.to_sql(),
            Self::Bytes(value) => value.to_sql(),
            Self::Id(value) => Ok(ToSqlOutput::Borrowed(value.as_bytes().as_slice().into())),
        }
    }
}
