//! The threads: workers, whose computing gets out of everybody's way, and relievers for when it gets nowhere.
//!
//! What computes for a worker has the lowest priority there is, so where other work wants every core for
//! long it all but stands still, with a login in its hands. The first reliever watches: it compares the
//! processor time that was had with the time that passed, and where that is too little it takes over what
//! has waited longest, whether it has begun or not, at the priority of everything else. So a login is done
//! in time anyhow, at a part of the usual rate, and where there is room the relievers only look.
//!
//! Nobody spins: who has nothing to do waits to be woken, and only work under way is looked at by time.

use std::{
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use symbolon_guard::Clock;
use tokio::sync::{Notify, Semaphore};

use super::{
    memory::Memory,
    priority::ThreadName,
    quiet::Computer,
    state::{Done, Limits, Start, State, Turn, Who},
};
use crate::relay;

/// How long blocks are kept when nobody comes: with the wiping, it stays below 200 ms.
const KEPT_FOR: Duration = Duration::from_millis(100);
/// How often the workers' progress is looked at while there is work.
const LOOK: Duration = Duration::from_millis(50);
/// What was seen so long ago says nothing of today.
const STALE: Duration = Duration::from_secs(1);
/// Workers that have less than this part of a processor each are starving.
const STARVING: u32 = 5;

type Locked<'s> = MutexGuard<'s, State>;

/// For each thread so many are near: one under way, one that is ready, and one whose account is being looked at.
/// So it never waits for a database, and what precedes a hash isn't done for a whole queue at once.
pub(super) const NEAR: usize = 3;

/// What the threads share.
pub(super) struct Shared {
    state: Mutex<State>,
    pub(super) clock: Clock,
    /// Wakes a worker.
    work: Condvar,
    /// Wakes the reliever that watches.
    watch: Condvar,
    /// Wakes the other relievers.
    help: Condvar,
    /// Tells that work was finished or that a thread ended.
    pub(super) progress: Notify,
    /// Places near the front.
    pub(super) near: Arc<Semaphore>,
    names: Mutex<Vec<ThreadName>>,
    alive: AtomicUsize,
}

impl Shared {
    pub(super) fn new(limits: Limits, clock: Clock) -> Self {
        let near = limits.threads.max(1) * NEAR;
        Self {
            near: Arc::new(Semaphore::new(near)),
            state: Mutex::new(State::new(limits)),
            clock,
            work: Condvar::new(),
            watch: Condvar::new(),
            help: Condvar::new(),
            progress: Notify::new(),
            names: Mutex::new(Vec::new()),
            alive: AtomicUsize::new(0),
        }
    }

    pub(super) fn lock(&self) -> Locked<'_> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes whom a new job concerns.
    pub(super) fn wake(&self, state: &State) {
        self.work.notify_one();
        if state.in_flight() == 1 || state.is_starving {
            self.watch.notify_one();
        }
    }

    pub(super) fn wake_all(&self) {
        self.work.notify_all();
        self.watch.notify_all();
        self.help.notify_all();
    }

    /// Runs a job with the memory that was found for it.
    fn run(&self, start: Start, who: Who, computer: &Computer) {
        let (work, room, done) = start.split();
        let began = self.clock.monotonic();
        let memory = computer.compute(&work, room);
        let took = self.clock.monotonic().saturating_sub(began);
        relay::carry_on(|| {
            work.answer();
            self.end(&done, memory, who, took, computer);
        });
    }

    fn end(&self, done: &Done, memory: Memory, who: Who, took: Duration, computer: &Computer) {
        let mut state = self.lock();
        let freed = state.finish(done, memory, who, took);
        // Room was made, or blocks are kept that somebody has to see to.
        if state.cramped > 0 {
            self.work.notify_all();
            self.watch.notify_one();
            self.help.notify_all();
        } else if who == Who::Reliever {
            self.work.notify_one();
        }
        drop(state);
        if let Some(freed) = freed {
            computer.free(vec![freed]);
        }
        self.progress.notify_waiters();
    }

    /// Frees blocks that nobody asked for.
    fn give_back<'s>(&'s self, mut state: Locked<'s>, computer: &Computer) -> Locked<'s> {
        let spare = state.take_spare();
        drop(state);
        let bytes = spare.iter().map(Memory::bytes).sum();
        computer.free(spare);
        let mut state = self.lock();
        state.given_back(bytes);
        self.progress.notify_waiters();
        state
    }

    /// Where a worker computes: out of everybody's way, but only where somebody sees that it gets on.
    fn computer(self: &Arc<Self>) -> Computer {
        if self.lock().limits.relievers == 0 {
            return Computer::here();
        }
        let shared = Arc::downgrade(self);
        Computer::quiet(move || {
            if let (Some(shared), Some(name)) = (shared.upgrade(), ThreadName::of_this()) {
                let mut names = shared.names.lock().unwrap_or_else(PoisonError::into_inner);
                names.push(name);
            }
        })
    }
}

/// A thread's share in the count of those that are alive.
pub(super) struct Alive<'s>(&'s Shared);

impl<'s> Alive<'s> {
    pub(super) fn of(shared: &'s Shared) -> Self {
        shared.alive.fetch_add(1, Ordering::SeqCst);
        Self(shared)
    }

    pub(super) fn count(shared: &Shared) -> usize {
        shared.alive.load(Ordering::SeqCst)
    }
}

impl Drop for Alive<'_> {
    fn drop(&mut self) {
        self.0.alive.fetch_sub(1, Ordering::SeqCst);
        self.0.progress.notify_waiters();
    }
}

/// What a worker does until the pool is closed.
pub(super) fn work(shared: &Arc<Shared>) {
    let _alive = Alive::of(shared);
    let computer = shared.computer();
    let mut state = shared.lock();
    while state.is_open {
        match state.take(Who::Worker, shared.clock.monotonic()) {
            Turn::Start(start) => {
                drop(state);
                shared.run(start, Who::Worker, &computer);
                state = shared.lock();
            }
            Turn::Overdue(work) => {
                let busy = state.busy();
                drop(state);
                work.refuse(busy);
                state = shared.lock();
            }
            Turn::Later(rest) => {
                state.resting += 1;
                let waited = shared.work.wait_timeout(state, rest);
                state = waited.unwrap_or_else(PoisonError::into_inner).0;
                state.resting -= 1;
            }
            Turn::NoRoom => {
                state.cramped += 1;
                state = wait(&shared.work, state);
                state.cramped -= 1;
            }
            Turn::Nothing => state = rest(shared, state, &computer),
        }
    }
    drop(shared.give_back(state, &computer));
}

/// Waits for work; frees what is kept if none comes.
fn rest<'s>(shared: &'s Shared, mut state: Locked<'s>, computer: &Computer) -> Locked<'s> {
    state.resting += 1;
    if !state.has_spare() {
        state = wait(&shared.work, state);
        state.resting -= 1;
        return state;
    }
    let before = (state.by_workers, state.by_relievers);
    let waited = shared.work.wait_timeout(state, KEPT_FOR);
    let (mut state, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
    state.resting -= 1;
    // Who has finished something since waits here too, and for longer.
    let is_quiet = state.is_nobody_waiting() && before == (state.by_workers, state.by_relievers);
    if timeout.timed_out() && is_quiet {
        return shared.give_back(state, computer);
    }
    state
}

fn wait<'s>(condition: &Condvar, state: Locked<'s>) -> Locked<'s> {
    condition
        .wait(state)
        .unwrap_or_else(PoisonError::into_inner)
}

/// What the first reliever does: it watches, and takes over. The others are woken by it.
pub(super) fn watch(shared: &Arc<Shared>) {
    let _alive = Alive::of(shared);
    let mut last: Option<Look> = None;
    let mut state = shared.lock();
    while state.is_open || !state.is_settled() {
        if state.in_flight() == 0 {
            state = wait(&shared.watch, state);
            continue;
        }
        drop(state);
        let now = shared.clock.monotonic();
        if last
            .as_ref()
            .is_none_or(|last| now.saturating_sub(last.at) >= LOOK)
        {
            let look = Look::at(shared, now);
            let mut state = shared.lock();
            if let Some(before) = &last {
                state.is_starving = look.shows_starving(before, &state);
            }
            if state.is_starving {
                shared.help.notify_all();
            }
            last = Some(look);
        }
        state = shared.lock();
        if state.is_starving {
            match help_once(shared, state) {
                Ok(after) => {
                    state = after;
                    continue;
                }
                Err(after) => state = after,
            }
        }
        if state.in_flight() > 0 {
            let waited = shared.watch.wait_timeout(state, LOOK);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// What the other relievers do.
pub(super) fn help(shared: &Arc<Shared>) {
    let _alive = Alive::of(shared);
    let mut state = shared.lock();
    while state.is_open {
        if state.is_starving {
            match help_once(shared, state) {
                Ok(after) => {
                    state = after;
                    continue;
                }
                Err(after) => state = after,
            }
        }
        state = wait(&shared.help, state);
    }
}

/// Does a job at everybody's priority. The error says that there is none to do.
fn help_once<'s>(shared: &'s Shared, mut state: Locked<'s>) -> Result<Locked<'s>, Locked<'s>> {
    match state.take(Who::Reliever, shared.clock.monotonic()) {
        Turn::Start(start) => {
            drop(state);
            shared.run(start, Who::Reliever, &Computer::here());
            Ok(shared.lock())
        }
        Turn::Overdue(work) => {
            let busy = state.busy();
            drop(state);
            work.refuse(busy);
            Ok(shared.lock())
        }
        Turn::NoRoom | Turn::Later(_) | Turn::Nothing => Err(state),
    }
}

/// How far the workers had come at a moment.
struct Look {
    at: Duration,
    processor: Option<Duration>,
    emptied: u64,
    by_workers: u64,
}

impl Look {
    fn at(shared: &Shared, at: Duration) -> Self {
        let names = shared.names.lock().unwrap_or_else(PoisonError::into_inner);
        let processor = names.iter().map(ThreadName::processor_time).sum();
        drop(names);
        let state = shared.lock();
        Self {
            at,
            processor,
            emptied: state.emptied,
            by_workers: state.by_workers,
        }
    }

    /// Whether the workers had so little of the time since then that they get nowhere.
    fn shows_starving(&self, before: &Self, state: &State) -> bool {
        let have_finished = self.by_workers > before.by_workers;
        let passed = self.at.saturating_sub(before.at);
        if self.emptied > before.emptied {
            // Nothing was left to do for a while. If the workers did some of it, they get on; if it was
            // relievers alone, all is as it was, for a moment.
            return state.is_starving && !have_finished && passed < STALE;
        }
        let busy = u32::try_from(state.running()).unwrap_or(u32::MAX).max(1);
        match (self.processor, before.processor) {
            (Some(now), Some(then)) => {
                now.saturating_sub(then).saturating_mul(STARVING) < passed.saturating_mul(busy)
            }
            // Without /proc: nothing finished is all there is to see.
            _ => !have_finished,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(at: u64, processor: Option<u64>, emptied: u64, by_workers: u64) -> Look {
        Look {
            at: Duration::from_millis(at),
            processor: processor.map(Duration::from_millis),
            emptied,
            by_workers,
        }
    }

    fn state(is_starving: bool) -> State {
        let mut state = State::new(Limits {
            threads: 2,
            at_once: 2,
            relievers: 1,
            budget: 1,
            usual: 1,
            queue: 1,
            deadline: LOOK,
        });
        state.is_starving = is_starving;
        state
    }

    #[test]
    fn workers_starve_when_they_have_a_fifth_of_the_time_or_less() {
        let before = look(0, Some(500), 3, 7);
        for was in [false, true] {
            let starving = |now: &Look| now.shows_starving(&before, &state(was));
            assert!(starving(&look(100, Some(519), 3, 7)));
            assert!(!starving(&look(100, Some(520), 3, 7)));
            // A long job that gets on isn't taken over.
            assert!(!starving(&look(100, Some(600), 3, 7)));
            // Without /proc, what was finished has to do.
            assert!(starving(&look(100, None, 3, 7)));
            assert!(!starving(&look(100, None, 3, 8)));
        }
    }

    #[test]
    fn where_there_was_nothing_to_do_for_a_while_only_what_was_finished_counts() {
        let before = look(0, Some(500), 3, 7);
        let starving = |now: &Look, was| now.shows_starving(&before, &state(was));
        assert!(!starving(&look(100, Some(501), 4, 8), true));
        assert!(starving(&look(100, Some(501), 4, 7), true));
        assert!(!starving(&look(100, Some(501), 4, 7), false));
        assert!(!starving(&look(1000, Some(501), 4, 7), true));
    }
}
