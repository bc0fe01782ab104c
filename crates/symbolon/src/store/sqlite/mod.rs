//! SQLite: one writer thread that commits in groups, and a few readers.
//!
//! The writer drains its queue into one transaction, one savepoint an operation, commits once and
//! only then answers: the group pays for `synchronous = FULL`, without which a power cut may forget
//! a revocation that was acknowledged. Where nothing in it needs that, the COMMIT waits for no disk.
//! While everybody in a group is patient it waits for others, and once it is under way it still takes
//! in who has come.
//!
//! Invariant: nothing is acknowledged before its COMMIT. When the disk is full SQLite rolls back
//! the whole group, not the statement; so after each operation the connection is asked whether its
//! transaction still stands, and where it doesn't, all of the group is told so.

mod files;
mod query;
mod readers;
#[cfg(feature = "cli")]
mod status;
mod threads;

use std::{
    borrow::Cow,
    fs::File,
    num::NonZero,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread::JoinHandle,
    time::Duration,
};

use rusqlite::{Connection, ErrorCode};
use symbolon_guard::Clock;

#[cfg(feature = "cli")]
pub(super) use self::files::read_only;
pub(super) use self::query::{execute, failure, query};
#[cfg(feature = "cli")]
pub(super) use self::status::{migrate, status};
use self::{
    readers::Readers,
    threads::{Job, Message, QUEUE, spawn, write},
};
use super::{Access, Maker, OpenError, Operation, StoreError, StoreOptions, work::work};

/// Readers: more than cores only swap places.
const READERS_MAX: usize = 4;
/// One may be at something long.
const READERS_MIN: usize = 2;

/// A SQLite database and the threads that work on it.
#[derive(Clone)]
pub(super) struct Sqlite(Arc<Inner>);

struct Inner {
    writer: mpsc::SyncSender<Message>,
    /// What patience is measured by, here and by the writer.
    clock: Clock,
    readers: Readers,
    writer_thread: Mutex<Option<JoinHandle<()>>>,
    /// Held until the last thread is gone.
    lock: Mutex<Option<File>>,
}

fn readers_max() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    cores.clamp(READERS_MIN, READERS_MAX)
}

impl Sqlite {
    /// Opens or makes the file, takes its lock and brings the schema up to date. Blocks.
    pub(super) fn open(
        path: &Path,
        options: StoreOptions,
        maker: Maker,
    ) -> Result<Self, OpenError> {
        let (mut writer, lock) = open_own(path, maker)?;
        files::migrate(&mut writer, &|_| {})?;
        Self::start(writer, path, options, Some(lock))
    }

    /// Opens the file as it is, beside whoever works on it. What would write fails. Blocks.
    #[cfg(feature = "cli")]
    pub(super) fn open_read_only(
        path: &Path,
        options: StoreOptions,
        maker: Maker,
    ) -> Result<Option<Self>, OpenError> {
        if !path.exists() {
            return Ok(None);
        }
        let failed = |error: rusqlite::Error| opening_failed(path, &error);
        let connection = read_only(path).map_err(failed)?;
        let found = files::look(&connection).map_err(failed)?;
        found.check(maker, || path.display().to_string())?;
        if found.maker.is_none() {
            return Ok(None);
        }
        Self::start(connection, path, options, None).map(Some)
    }

    fn start(
        writer: Connection,
        path: &Path,
        options: StoreOptions,
        lock: Option<File>,
    ) -> Result<Self, OpenError> {
        let (to_writer, for_writer) = mpsc::sync_channel(QUEUE);
        let clock = Clock::system();
        let its = clock.clone();
        let thread = spawn("sqlite-writer", move || write(writer, &for_writer, its))?;
        let readers = Readers::start(path, options.connections.clamp(1, readers_max()))?;
        Ok(Self(Arc::new(Inner {
            writer: to_writer,
            clock,
            readers,
            writer_thread: Mutex::new(Some(thread)),
            lock: Mutex::new(lock),
        })))
    }

    /// Runs an operation to its end, whatever becomes of the caller after the first poll.
    pub(super) async fn run<O: Operation>(
        &self,
        operation: O,
        deadline: Duration,
        patience: Duration,
    ) -> Result<O::Out, StoreError> {
        let (work, answer) = work(operation);
        let is_overdue = Arc::new(AtomicBool::new(false));
        let job = Job {
            work,
            is_overdue: Arc::clone(&is_overdue),
            has_until: if patience.is_zero() {
                Duration::ZERO
            } else {
                self.0.clock.monotonic() + patience
            },
        };
        let taken = match O::ACCESS {
            Access::Read => self.0.readers.take(job),
            Access::Write => self.0.writer.try_send(Message::Run(job)),
        };
        taken.map_err(|error| match error {
            mpsc::TrySendError::Full(_) => unavailable("too many operations are waiting"),
            mpsc::TrySendError::Disconnected(_) => unavailable("it is closed"),
        })?;
        match tokio::time::timeout(deadline, answer).await {
            Ok(Ok(result)) => result,
            Ok(Err(_dropped)) => Err(unavailable("the operation lost its turn")),
            Err(_elapsed) => {
                is_overdue.store(true, Ordering::Relaxed);
                Err(O::ACCESS.too_late())
            }
        }
    }

    /// Lets the threads finish what is queued, and closes the file.
    pub(super) async fn close(&self) {
        let inner = Arc::clone(&self.0);
        let closing = tokio::task::spawn_blocking(move || {
            // The writer goes last: who closes the file last moves what is in the log beside it into it, and
            // readers can't.
            inner.readers.stop();
            let _ = inner.writer.send(Message::Stop);
            let writer = inner.writer_thread.lock();
            if let Some(writer) = writer.unwrap_or_else(PoisonError::into_inner).take() {
                let _ = writer.join();
            }
            let mut lock = inner.lock.lock().unwrap_or_else(PoisonError::into_inner);
            drop(lock.take());
        });
        if closing.await.is_err() {
            tracing::error!("closing the database did not end well");
        }
    }
}

/// Takes the file for this process, unless it is another's.
fn open_own(path: &Path, maker: Maker) -> Result<(Connection, File), OpenError> {
    let failed = |error: rusqlite::Error| opening_failed(path, &error);
    let lock = files::take_lock(path)?;
    files::private(path).map_err(|error| OpenError::Unreachable {
        database: path.display().to_string(),
        reason: error.to_string(),
    })?;
    let writer = Connection::open(path).map_err(failed)?;
    let found = files::look(&writer).map_err(failed)?;
    found.check(maker, || path.display().to_string())?;
    files::configure(&writer).map_err(failed)?;
    Ok((writer, lock))
}

impl std::fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sqlite")
    }
}

fn opening_failed(path: &Path, error: &rusqlite::Error) -> OpenError {
    let (database, reason) = (path.display().to_string(), error.to_string());
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            OpenError::Damaged { database, reason }
        }
        _ => OpenError::Unreachable { database, reason },
    }
}

fn unavailable(reason: &'static str) -> StoreError {
    StoreError::Unavailable(Cow::Borrowed(reason))
}
