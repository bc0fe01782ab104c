//! The threads: one that writes, in groups, and those that read.

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    task::{Context, Poll, Waker},
    thread::JoinHandle,
};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::{
    super::{Access, OpenError, Operation, Outlives, StoreError, Tx, tx::EngineTx},
    query::{batch, bracket},
    unavailable,
};

/// Operations that share a COMMIT at the most.
const GROUP: usize = 256;
/// An operation, its answer kept back until its transaction has ended.
pub(super) struct Job {
    outlives: Outlives,
    run: Run,
}

type Run = Box<dyn FnOnce(&mut Connection) -> Answer + Send>;
pub(super) type Answer = Box<dyn FnOnce(Ending) + Send>;

/// How a transaction ended.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ending {
    Committed,
    RolledBack,
}

pub(super) enum Message {
    Run(Job),
    Stop,
}

/// Wraps an operation so that it runs inside a savepoint and answers after the transaction. A change is
/// made whether somebody still listens or not, unless it is overdue.
pub(super) fn job<O: Operation>(
    operation: O,
    is_overdue: Arc<AtomicBool>,
    reply: oneshot::Sender<Result<O::Out, StoreError>>,
) -> Job {
    let run: Run = Box::new(move |connection| {
        // Nothing begun, nothing to finish.
        let is_for_nobody = O::ACCESS == Access::Read && reply.is_closed();
        if is_for_nobody || is_overdue.load(Ordering::Relaxed) {
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
    });
    Job {
        outlives: O::OUTLIVES,
        run,
    }
}

fn savepoint<O: Operation>(
    connection: &mut Connection,
    operation: &O,
) -> Result<O::Out, StoreError> {
    bracket(connection, "SAVEPOINT operation")?;
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
    if result.is_err() {
        bracket(connection, "ROLLBACK TO operation")?;
    }
    bracket(connection, "RELEASE operation").and(result)
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
    let mut answers = Vec::with_capacity(group.len());
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
        answers.push((job.run)(connection));
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
    for answer in answers {
        answer(ending);
    }
}

/// Has a COMMIT wait for the disk if one of the group does. What was written before reaches it then, too.
fn prepare(
    connection: &Connection,
    outlives: &mut Outlives,
    group: &[Job],
) -> Result<(), StoreError> {
    let most = group.iter().map(|job| job.outlives).max();
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

pub(super) fn read(mut connection: Connection, queue: &Mutex<mpsc::Receiver<Message>>) {
    loop {
        let message = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Message::Run(job)) = message else {
            return;
        };
        // The transaction is the snapshot: an operation of several statements sees one state.
        let ending = match bracket(&connection, "BEGIN") {
            Ok(()) => Ending::Committed,
            Err(_) => Ending::RolledBack,
        };
        let answer = (job.run)(&mut connection);
        if !connection.is_autocommit() && bracket(&connection, "COMMIT").is_err() {
            let _ = bracket(&connection, "ROLLBACK");
        }
        answer(ending);
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
