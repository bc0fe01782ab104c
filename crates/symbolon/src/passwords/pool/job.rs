//! A job: something to compute, and whoever waits for it.
//!
//! Invariant: a job is answered once, whoever computes it first; it may be computed twice, so it must be
//! a function of what it was made with.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::oneshot;

use super::memory::Memory;

/// How much memory a job takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::passwords) struct Need {
    /// Bytes of blocks, which are kept for the next job.
    pub(in crate::passwords) blocks: usize,
    /// Bytes that it allocates and frees itself.
    pub(in crate::passwords) own: usize,
}

/// Why a job was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::passwords) enum Refused {
    /// Too many are waiting, or it waited too long: it may come back after this time.
    Busy { retry_after: Duration },
    /// It needs more memory than there may ever be.
    TooLarge,
    /// The pool has been closed.
    Closed,
    /// It panicked.
    Panicked,
    /// The system has no thread to give.
    NoThread,
}

/// A job, without its type.
pub(super) trait Work: Send + Sync {
    /// Computes it, unless it has been or nobody waits. Whoever waits is not told yet.
    fn compute(&self, memory: &mut Memory);
    /// Tells whoever waits what came out.
    fn answer(&self);
    /// Tells them that it won't be done.
    fn refuse(&self, why: Refused);
    /// Whether somebody still waits for its answer.
    fn is_wanted(&self) -> bool;
}

/// What is waited on.
pub(super) type Answer<T> = oneshot::Receiver<Result<T, Refused>>;

pub(super) struct Task<T, F> {
    compute: F,
    result: Mutex<Option<Result<T, Refused>>>,
    asker: Mutex<Option<oneshot::Sender<Result<T, Refused>>>>,
}

impl<T: Send, F: Fn(&mut Memory) -> T + Send + Sync> Task<T, F> {
    pub(super) fn new(compute: F) -> (Self, Answer<T>) {
        let (asker, answer) = oneshot::channel();
        let task = Self {
            compute,
            result: Mutex::new(None),
            asker: Mutex::new(Some(asker)),
        };
        (task, answer)
    }

    fn tell(&self, what: Result<T, Refused>) {
        let asker = lock(&self.asker).take();
        if let Some(asker) = asker {
            // They may have hung up meanwhile.
            let _ = asker.send(what);
        }
    }
}

impl<T: Send, F: Fn(&mut Memory) -> T + Send + Sync> Work for Task<T, F> {
    fn compute(&self, memory: &mut Memory) {
        if !self.is_wanted() {
            return;
        }
        // A panic costs this job only. The blocks hold half a hash then, and the next one writes over it.
        let computed = catch_unwind(AssertUnwindSafe(|| (self.compute)(memory)));
        *lock(&self.result) = Some(computed.map_err(|_| Refused::Panicked));
    }

    fn answer(&self) {
        let result = lock(&self.result).take();
        if let Some(result) = result {
            self.tell(result);
        }
    }

    fn refuse(&self, why: Refused) {
        self.tell(Err(why));
    }

    fn is_wanted(&self) -> bool {
        lock(&self.asker)
            .as_ref()
            .is_some_and(|asker| !asker.is_closed())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
