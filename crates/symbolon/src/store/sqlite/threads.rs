//! What the threads do: one writes, in groups, the others read.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    task::{Context, Poll, Waker},
    thread::JoinHandle,
};

use rusqlite::Connection;

use super::{
    super::{
        Access, OpenError, Outlives, StoreError, Tx,
        tx::EngineTx,
        work::{Running, Work},
    },
    query::{batch, bracket},
    unavailable,
};

/// Jobs that may wait for a turn; more are refused at once.
pub(super) const QUEUE: usize = 1024;
/// Operations that share a COMMIT at the most.
const GROUP: usize = 256;

/// An operation that waits for its turn.
pub(super) struct Job {
    pub(super) work: Box<dyn Work>,
    /// Set by the asker once it has given up.
    pub(super) is_overdue: Arc<AtomicBool>,
}

/// An operation that was run, its answer kept back until its transaction has ended.
struct Done {
    work: Box<dyn Work>,
    result: Result<(), StoreError>,
}

/// How a transaction ended.
#[derive(Clone, Copy, Debug)]
enum Ending {
    Committed,
    RolledBack,
}

pub(super) enum Message {
    Run(Job),
    Stop,
}

impl Job {
    /// Runs the operation inside a savepoint, if that isn't for nothing. A change is made whether somebody
    /// still listens or not, unless it is overdue.
    fn run(mut self, connection: &mut Connection) -> Option<Done> {
        // Nothing begun, nothing to finish.
        let is_for_nobody = self.work.access() == Access::Read && self.work.is_for_nobody();
        if is_for_nobody || self.is_overdue.load(Ordering::Relaxed) {
            return None;
        }
        let result = savepoint(connection, self.work.as_mut());
        let Self { work, .. } = self;
        Some(Done { work, result })
    }
}

impl Done {
    fn answer(self, ending: Ending) {
        self.work.answer(match ending {
            Ending::Committed => self.result,
            // Also for an operation that only saw a conflict: what it saw was rolled back.
            Ending::RolledBack => Err(unavailable("the transaction was rolled back")),
        });
    }
}

fn savepoint(connection: &mut Connection, work: &mut dyn Work) -> Result<(), StoreError> {
    bracket(connection, "SAVEPOINT operation")?;
    let run = AssertUnwindSafe(|| {
        let mut tx = Tx::new(EngineTx::Sqlite(connection));
        now_or_never(work.run(&mut tx))?;
        if tx.is_poisoned() {
            return Err(StoreError::Poisoned);
        }
        Ok(())
    });
    // A panic in one operation must not take the writer, and with it the store, down.
    let result = catch_unwind(run)
        .unwrap_or_else(|_| Err(StoreError::Fault("an operation panicked".to_owned())));
    if connection.is_autocommit() {
        return result;
    }
    if result.is_err() {
        bracket(connection, "ROLLBACK TO operation")?;
    }
    bracket(connection, "RELEASE operation").and(result)
}

/// Every future of this engine is ready: nothing in it waits for anything but the disk.
fn now_or_never(mut running: Running<'_>) -> Result<(), StoreError> {
    match running
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(result) => result,
        Poll::Pending => Err(StoreError::Fault(
            "an operation waited for something other than the database".to_owned(),
        )),
    }
}

pub(super) fn write(mut connection: Connection, queue: &mpsc::Receiver<Message>) {
    // As the connection was opened.
    let mut outlives = Outlives::PowerCut;
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
        commit_group(&mut connection, &mut outlives, group);
    }
}

/// Runs a group in one transaction and answers all of it with how that ended.
fn commit_group(connection: &mut Connection, outlives: &mut Outlives, group: Vec<Job>) {
    let mut done = Vec::with_capacity(group.len());
    let begun =
        prepare(connection, outlives, &group).and_then(|()| bracket(connection, "BEGIN IMMEDIATE"));
    let mut ending = match begun {
        Ok(()) => Ending::Committed,
        Err(_) => Ending::RolledBack,
    };
    for job in group {
        // Dropped unrun, a job's asker hears that it lost its turn.
        if matches!(ending, Ending::RolledBack) {
            continue;
        }
        done.extend(job.run(connection));
        if connection.is_autocommit() {
            ending = Ending::RolledBack;
        }
    }
    if matches!(ending, Ending::Committed) && bracket(connection, "COMMIT").is_err() {
        ending = Ending::RolledBack;
    }
    if !connection.is_autocommit() && bracket(connection, "ROLLBACK").is_err() {
        tracing::error!("a transaction could neither be committed nor rolled back");
    }
    for done in done {
        done.answer(ending);
    }
}

/// Has a COMMIT wait for the disk if one of the group does. What was written before reaches it then, too.
fn prepare(
    connection: &Connection,
    outlives: &mut Outlives,
    group: &[Job],
) -> Result<(), StoreError> {
    let most = group.iter().map(|job| job.work.outlives()).max();
    let most = most.unwrap_or(Outlives::PowerCut);
    if *outlives != most {
        batch(
            connection,
            match most {
                Outlives::Program => "PRAGMA synchronous = NORMAL",
                Outlives::PowerCut => "PRAGMA synchronous = FULL",
            },
        )?;
        *outlives = most;
    }
    Ok(())
}

/// Runs what only reads, in a transaction of its own. What it gives tells the answer.
pub(super) fn read_one(connection: &mut Connection, job: Job) -> impl FnOnce() + use<> {
    // The transaction is the snapshot: an operation of several statements sees one state.
    let ending = match bracket(connection, "BEGIN") {
        Ok(()) => Ending::Committed,
        Err(_) => Ending::RolledBack,
    };
    let done = job.run(connection);
    if !connection.is_autocommit() && bracket(connection, "COMMIT").is_err() {
        let _ = bracket(connection, "ROLLBACK");
    }
    move || {
        if let Some(done) = done {
            done.answer(ending);
        }
    }
}

pub(super) fn spawn(
    name: &str,
    run: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle<()>, OpenError> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .stack_size(512 * 1024)
        .spawn(run)
        .map_err(|error| OpenError::Unreachable {
            database: name.to_owned(),
            reason: error.to_string(),
        })
}
