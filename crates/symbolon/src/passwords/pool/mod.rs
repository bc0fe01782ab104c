//! The hashing pool: threads of its own, so much memory, so many who wait, for so long.
//!
//! Invariant: what a job takes it holds until it is done. Its place, its memory and its thread belong to
//! the job and not to the request: a client that hangs up before its turn costs nothing, and one that
//! hangs up during it makes no room for another.
//!
//! A place can be kept before it is known what there will be to compute, and its turn be waited for: so
//! nothing else is spent on what would be turned away in the end, and a thousand who come at once don't all
//! have it spent on them in the same moment.
//!
//! Threads start with the first job and end with the last handle.

mod job;
mod memory;
mod priority;
mod quiet;
mod restraint;
mod state;
#[cfg(test)]
mod tests;
mod threads;

use std::{sync::Arc, time::Duration};

use symbolon_guard::Clock;
use tokio::sync::OwnedSemaphorePermit;

use self::{
    job::{Answer, Task, Work},
    threads::{Alive, Shared, help, watch},
};
pub(super) use self::{
    job::{Need, Refused},
    memory::Memory,
    state::Limits,
};

/// How many threads help where this many hash: as many as it takes for a tenth of the usual rate, when
/// each of them shares a core with others.
pub(super) const fn relievers(threads: usize) -> usize {
    if priority::GIVES_WAY {
        threads.div_ceil(4)
    } else {
        0
    }
}

/// How many of them begin without anybody having waited: half, so that the other cores are there for
/// everything else for as long as these keep up.
pub(super) const fn at_once(threads: usize) -> usize {
    threads.div_ceil(2)
}

/// What a pool is at, in jobs and bytes.
#[cfg(feature = "cli")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) waiting: usize,
    pub(crate) running: usize,
    /// Reserved now, kept blocks included.
    pub(crate) memory: usize,
}

/// A pool. Clones share it.
#[derive(Clone)]
pub(super) struct Pool {
    shared: Arc<Shared>,
    _door: Arc<Door>,
}

impl Pool {
    pub(super) fn new(limits: Limits, clock: Clock) -> Self {
        let shared = Arc::new(Shared::new(limits, clock));
        Self {
            _door: Arc::new(Door(Arc::clone(&shared))),
            shared,
        }
    }

    /// Keeps a place for a job still to come.
    pub(super) fn place(&self) -> Result<Place, Refused> {
        self.shared.lock().promise()?;
        Ok(Place {
            shared: Arc::clone(&self.shared),
            since: self.shared.clock.monotonic(),
            is_taken: false,
            near: None,
        })
    }

    /// How long whoever is near may be kept without a thread losing anything by it: the time of a hash, where
    /// another one is ready for each.
    pub(super) fn patience(&self) -> Duration {
        self.shared.lock().patience()
    }

    /// Whether a place would be kept.
    pub(super) fn check_room(&self) -> Result<(), Refused> {
        self.shared.lock().check_room()
    }

    /// Keeps a place, and waits until few are before it.
    pub(super) async fn place_near(&self) -> Result<Place, Refused> {
        let mut place = self.place()?;
        let deadline = self.shared.lock().limits.deadline;
        let near = Arc::clone(&self.shared.near).acquire_owned();
        match tokio::time::timeout(deadline, near).await {
            Ok(Ok(near)) => place.near = Some(near),
            Ok(Err(_closed)) => return Err(Refused::Closed),
            Err(_elapsed) => return Err(self.shared.lock().busy()),
        }
        Ok(place)
    }

    /// Computes something when its turn comes. It may be computed twice at once, and must come out alike.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        mut place: Place,
        need: Need,
        compute: impl Fn(&mut Memory) -> T + Send + Sync + 'static,
    ) -> Result<T, Refused> {
        // Until the answer is there.
        let _near = place.near.take();
        let (task, mut answer): (_, Answer<T>) = Task::new(compute);
        let since = place.since;
        let ticket = self.enter(place, need, Arc::new(task))?;
        let waited = self.shared.clock.monotonic().saturating_sub(since);
        let deadline = ticket.shared.lock().limits.deadline;
        let deadline = deadline.saturating_sub(waited);
        let answered = match tokio::time::timeout(deadline, &mut answer).await {
            Ok(answered) => answered,
            Err(_) if ticket.withdraw() => return Err(self.shared.lock().busy()),
            // It has begun: what is paid for is worth waiting for.
            Err(_) => answer.await,
        };
        // Only a thread that was torn down lets an answer fall.
        answered.unwrap_or(Err(Refused::Panicked))
    }

    fn enter(&self, mut place: Place, need: Need, work: Arc<dyn Work>) -> Result<Ticket, Refused> {
        let mut state = self.shared.lock();
        place.is_taken = true;
        let number = state.enter(need, work, place.since)?;
        let ticket = Ticket {
            shared: Arc::clone(&self.shared),
            number,
        };
        let is_more_wanted = state.wants_worker();
        if is_more_wanted {
            state.workers += 1;
        }
        let relievers = match state.relievers {
            0 => state.limits.relievers,
            _ => 0,
        };
        state.relievers += relievers;
        self.shared.wake(&state);
        drop(state);
        for number in 0..relievers {
            let role = if number == 0 { watch } else { help };
            if !self.spawn(&format!("help-{number}"), role) && number == 0 {
                // Nobody would see that those who give way get on: so nobody gives way.
                self.shared.lock().limits.relievers = 0;
            }
        }
        if is_more_wanted && !self.spawn("turn", threads::work) {
            let mut state = self.shared.lock();
            state.workers -= 1;
            if state.workers == 0 && state.withdraw(number) {
                return Err(Refused::NoThread);
            }
        }
        Ok(ticket)
    }

    /// Whether the system gave a thread.
    fn spawn(&self, name: &str, role: fn(&Arc<Shared>)) -> bool {
        let shared = Arc::clone(&self.shared);
        std::thread::Builder::new()
            .name(format!("symbolon-{name}"))
            .stack_size(512 * 1024)
            .spawn(move || role(&shared))
            .is_ok()
    }

    /// Ends the pool: whoever waits is told so, and what runs is finished first.
    pub(super) async fn close(&self) {
        self.shared.close();
        loop {
            let progress = self.shared.progress.notified();
            // A worker whose job a reliever has done may still be at it, at the end of everybody's queue;
            // nobody waits for that.
            if self.shared.lock().is_settled() {
                return;
            }
            progress.await;
        }
    }

    /// What it is at.
    #[cfg(feature = "cli")]
    pub(super) fn load(&self) -> Load {
        let state = self.shared.lock();
        Load {
            running: state.running(),
            waiting: state.expected() - state.running(),
            memory: state.used().0,
        }
    }

    /// Bytes that are reserved now, and the most that ever were.
    #[cfg(test)]
    pub(super) fn used(&self) -> (usize, usize) {
        self.shared.lock().used()
    }

    /// Threads that are alive.
    #[cfg(test)]
    pub(super) fn threads(&self) -> usize {
        Alive::count(&self.shared)
    }
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let state = self.shared.lock();
        f.debug_struct("Pool")
            .field("limits", &state.limits)
            .field("in_flight", &state.in_flight())
            .field("threads", &Alive::count(&self.shared))
            .finish_non_exhaustive()
    }
}

impl Shared {
    fn close(&self) {
        let turned_away = self.lock().close();
        self.near.close();
        self.wake_all();
        for work in turned_away {
            work.refuse(Refused::Closed);
        }
    }
}

/// Closes the pool when the last handle is dropped: the threads hold what they share themselves.
struct Door(Arc<Shared>);

impl Drop for Door {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// A place that is kept in the queue for a job still to come, given up when it is dropped. Its pool's only.
#[must_use]
pub(crate) struct Place {
    shared: Arc<Shared>,
    /// The deadline counts from here.
    since: Duration,
    is_taken: bool,
    near: Option<OwnedSemaphorePermit>,
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.is_taken {
            self.shared.lock().release();
        }
    }
}

/// A job's place in the queue, given up when it is dropped.
struct Ticket {
    shared: Arc<Shared>,
    number: u64,
}

impl Ticket {
    /// Whether the job hadn't begun; now it won't.
    fn withdraw(&self) -> bool {
        self.shared.lock().withdraw(self.number)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.withdraw();
    }
}
