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
    time::Duration,
};

use rusqlite::Connection;
use symbolon_guard::Clock;

use super::{
    super::{
        Access, OpenError, Outlives, StoreError, Tx,
        tx::EngineTx,
        work::{Running, Work},
    },
    query::{batch, bracket},
    unavailable,
};
use crate::relay;

/// Jobs that may wait for a turn; more are refused at once.
pub(super) const QUEUE: usize = 1024;
/// Operations that share a COMMIT at the most.
const GROUP: usize = 256;

/// An operation that waits for its turn.
pub(super) struct Job {
    pub(super) work: Box<dyn Work>,
    /// Set by the asker once it has given up.
    pub(super) is_overdue: Arc<AtomicBool>,
    /// Until when the asker is patient, by the engine's [`Clock::monotonic`]; nought where it never was.
    pub(super) has_until: Duration,
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

pub(super) fn write(connection: Connection, queue: &mpsc::Receiver<Message>, clock: Clock) {
    let mut writer = Writer {
        connection,
        // As the connection was opened.
        outlives: Outlives::PowerCut,
    };
    let mut jobs = Jobs {
        queue,
        clock,
        next: None,
        is_open: true,
    };
    while let Some(first) = jobs.wait() {
        let mut group = vec![first];
        jobs.gather(&mut group);
        writer.commit_group(group, &mut jobs);
    }
}

/// What is to be written.
struct Jobs<'q> {
    queue: &'q mpsc::Receiver<Message>,
    clock: Clock,
    /// One that came too early for its group.
    next: Option<Job>,
    is_open: bool,
}

impl Jobs<'_> {
    fn wait(&mut self) -> Option<Job> {
        if let Some(next) = self.next.take() {
            return Some(next);
        }
        match self.is_open.then(|| self.queue.recv())? {
            Ok(Message::Run(job)) => Some(job),
            Ok(Message::Stop) | Err(_) => None,
        }
    }

    /// Adds what has come, and waits for more while everybody in the group is patient.
    fn gather(&mut self, group: &mut Vec<Job>) {
        loop {
            self.drain(group, Outlives::PowerCut);
            let until = group.iter().map(|job| job.has_until).min();
            let until = until.unwrap_or_default();
            if until.is_zero() || !self.is_open || group.len() >= GROUP {
                return;
            }
            let left = until.saturating_sub(self.clock.monotonic());
            match self.queue.recv_timeout(left) {
                Ok(Message::Run(job)) => group.push(job),
                Ok(Message::Stop) => self.is_open = false,
                Err(_) => return,
            }
        }
    }

    /// Adds what has come to a group that outlives so much, for as long as it does for them.
    fn drain(&mut self, group: &mut Vec<Job>, outlives: Outlives) {
        while self.next.is_none() && self.is_open && group.len() < GROUP {
            match self.queue.try_recv() {
                Ok(Message::Run(job)) if job.work.outlives() <= outlives => group.push(job),
                Ok(Message::Run(job)) => self.next = Some(job),
                Ok(Message::Stop) => self.is_open = false,
                Err(_) => return,
            }
        }
    }
}

struct Writer {
    connection: Connection,
    /// What a COMMIT does as things are.
    outlives: Outlives,
}

impl Writer {
    /// Runs a group in one transaction, and who comes meanwhile too, and answers all of it with how that ended.
    fn commit_group(&mut self, mut group: Vec<Job>, jobs: &mut Jobs<'_>) {
        let mut done = Vec::with_capacity(group.len());
        let begun = self
            .prepare(&group)
            .and_then(|()| bracket(&self.connection, "BEGIN IMMEDIATE"));
        let mut ending = match begun {
            Ok(()) => Ending::Committed,
            Err(_) => Ending::RolledBack,
        };
        self.run(&mut group, &mut done, &mut ending);
        if matches!(ending, Ending::Committed) {
            jobs.drain(&mut group, self.outlives);
            self.run(&mut group, &mut done, &mut ending);
        }
        if matches!(ending, Ending::Committed) && bracket(&self.connection, "COMMIT").is_err() {
            ending = Ending::RolledBack;
        }
        if !self.connection.is_autocommit() && bracket(&self.connection, "ROLLBACK").is_err() {
            tracing::error!("a transaction could neither be committed nor rolled back");
        }
        relay::carry_on(|| {
            for done in done {
                done.answer(ending);
            }
        });
    }

    fn run(&mut self, group: &mut Vec<Job>, done: &mut Vec<Done>, ending: &mut Ending) {
        for job in group.drain(..) {
            // Dropped unrun, a job's asker hears that it lost its turn.
            if matches!(ending, Ending::RolledBack) {
                continue;
            }
            done.extend(job.run(&mut self.connection));
            if self.connection.is_autocommit() {
                *ending = Ending::RolledBack;
            }
        }
    }

    /// Has a COMMIT wait for the disk if one of the group does. What was written before reaches it then, too.
    fn prepare(&mut self, group: &[Job]) -> Result<(), StoreError> {
        let most = group.iter().map(|job| job.work.outlives()).max();
        let most = most.unwrap_or(Outlives::PowerCut);
        if self.outlives != most {
            batch(
                &self.connection,
                match most {
                    Outlives::Program => "PRAGMA synchronous = NORMAL",
                    Outlives::PowerCut => "PRAGMA synchronous = FULL",
                },
            )?;
            self.outlives = most;
        }
        Ok(())
    }
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
