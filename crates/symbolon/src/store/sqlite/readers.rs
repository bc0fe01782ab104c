//! The readers: one from the start, another whenever all of them are at work.
//!
//! A reader has a thread, a connection and what it prepared; most programs of this kind are at rest for most
//! of the time, and then one is plenty.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread::JoinHandle,
};

use rusqlite::Connection;

use super::{
    super::OpenError,
    files, opening_failed,
    threads::{Job, Message, QUEUE, read_one, spawn},
};

pub(super) struct Readers {
    queue: mpsc::SyncSender<Message>,
    path: PathBuf,
    max: usize,
    shared: Arc<Shared>,
    /// What was started; none any more after the end.
    threads: Mutex<Option<Vec<JoinHandle<()>>>>,
    /// How many that are, for who brings a job and takes no lock for it.
    count: AtomicUsize,
}

struct Shared {
    jobs: Mutex<mpsc::Receiver<Message>>,
    /// Jobs that wait or are under way.
    at_hand: AtomicUsize,
}

impl Readers {
    /// Opens the first, of so many at the most.
    pub(super) fn start(path: &Path, max: usize) -> Result<Self, OpenError> {
        let (queue, jobs) = mpsc::sync_channel(QUEUE);
        let shared = Arc::new(Shared {
            jobs: Mutex::new(jobs),
            at_hand: AtomicUsize::new(0),
        });
        let connection = files::read_only(path).map_err(|error| opening_failed(path, &error))?;
        let for_first = Arc::clone(&shared);
        let first = spawn("sqlite-reader", move || read(connection, &for_first))?;
        Ok(Self {
            queue,
            path: path.to_owned(),
            max,
            shared,
            threads: Mutex::new(Some(vec![first])),
            count: AtomicUsize::new(1),
        })
    }

    /// Leaves a job for whoever is free first.
    pub(super) fn take(&self, job: Job) -> Result<(), mpsc::TrySendError<Message>> {
        let at_hand = self.shared.at_hand.fetch_add(1, Ordering::Relaxed) + 1;
        if let Err(error) = self.queue.try_send(Message::Run(job)) {
            self.shared.at_hand.fetch_sub(1, Ordering::Relaxed);
            return Err(error);
        }
        let count = self.count.load(Ordering::Relaxed);
        if at_hand > count && count < self.max {
            self.grow();
        }
        Ok(())
    }

    fn grow(&self) {
        let mut threads = self.threads();
        let Some(started) = threads.as_mut().filter(|threads| threads.len() < self.max) else {
            return;
        };
        let (path, shared) = (self.path.clone(), Arc::clone(&self.shared));
        let another = spawn("sqlite-reader", move || match files::read_only(&path) {
            Ok(connection) => read(connection, &shared),
            // Those that are there go on.
            Err(error) => tracing::warn!(%error, "no further reader of the database"),
        });
        match another {
            Ok(thread) => {
                started.push(thread);
                self.count.store(started.len(), Ordering::Relaxed);
            }
            Err(error) => tracing::warn!(%error, "no further reader of the database"),
        }
    }

    /// How many there are.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Has all of them finish what is queued. Blocks.
    pub(super) fn stop(&self) {
        let threads = self.threads().take().unwrap_or_default();
        // A thread that is gone already needs no telling.
        for _ in &threads {
            let _ = self.queue.send(Message::Stop);
        }
        for thread in threads {
            let _ = thread.join();
        }
    }

    fn threads(&self) -> MutexGuard<'_, Option<Vec<JoinHandle<()>>>> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a reader does until it is stopped.
fn read(mut connection: Connection, shared: &Shared) {
    loop {
        let jobs = shared.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let message = jobs.recv();
        drop(jobs);
        let Ok(Message::Run(job)) = message else {
            return;
        };
        let answer = read_one(&mut connection, job);
        // Before the answer: whoever has it may come with the next one at once.
        shared.at_hand.fetch_sub(1, Ordering::Relaxed);
        answer();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::sync::oneshot;

    use super::*;
    use crate::store::{
        Access, Operation, StoreError, Tx,
        work::{Answer, Work, work},
    };

    /// Only a failure reaches it.
    const DEADLINE: Duration = Duration::from_mins(1);

    /// Says that it has begun, and ends when it may.
    struct Held {
        begun: mpsc::Sender<()>,
        gate: Mutex<mpsc::Receiver<()>>,
    }

    impl Operation for Held {
        type Out = ();
        const ACCESS: Access = Access::Read;

        async fn run(&self, _tx: &mut Tx<'_>) -> Result<(), StoreError> {
            self.begun.send(()).unwrap();
            // Also where the test is over.
            let _ = self.gate.lock().unwrap().recv();
            Ok(())
        }
    }

    fn give<O: Operation>(readers: &Readers, operation: O) -> oneshot::Receiver<Answer<O>> {
        let (work, answer) = work(operation);
        assert!(readers.take(job(work)).is_ok());
        answer
    }

    fn job(work: Box<dyn Work>) -> Job {
        Job {
            work,
            is_overdue: Arc::default(),
            has_until: Duration::ZERO,
        }
    }

    #[test]
    fn another_comes_when_all_are_at_work_up_to_the_most() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        Connection::open(&path)
            .unwrap()
            .execute_batch("CREATE TABLE a (b ANY) STRICT")
            .unwrap();
        let readers = Readers::start(&path, 3).unwrap();
        let (begun, begins) = mpsc::channel();
        let hold = || {
            let (release, gate) = mpsc::channel();
            let begun = begun.clone();
            let gate = Mutex::new(gate);
            (release, give(&readers, Held { begun, gate }))
        };

        // One after the other needs one.
        for _ in 0..10 {
            let (release, answer) = hold();
            begins.recv_timeout(DEADLINE).unwrap();
            release.send(()).unwrap();
            answer.blocking_recv().unwrap().unwrap();
        }
        assert_eq!(readers.count(), 1);

        // Three at once are three.
        let three = [hold(), hold(), hold()];
        for _ in &three {
            begins.recv_timeout(DEADLINE).unwrap();
        }
        assert_eq!(readers.count(), 3);

        // A fourth waits for one of them.
        let (release, answer) = hold();
        assert!(begins.try_recv().is_err());
        assert_eq!(readers.count(), 3);
        for (release, answer) in three {
            release.send(()).unwrap();
            answer.blocking_recv().unwrap().unwrap();
        }
        begins.recv_timeout(DEADLINE).unwrap();
        release.send(()).unwrap();
        answer.blocking_recv().unwrap().unwrap();

        readers.stop();
        let (work, _answer) = work(Held {
            begun,
            gate: Mutex::new(mpsc::channel().1),
        });
        let _ = readers.take(job(work));
        assert!(readers.threads().is_none(), "none is started after the end");
    }
}
