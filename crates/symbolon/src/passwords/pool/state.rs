//! Who waits, who runs and who has which memory: decided here, without a thread or a clock.
//!
//! Invariant: what is reserved never exceeds the budget, kept blocks included. Turns are taken in order,
//! so that a job that needs much isn't passed by those that need little until its deadline; and a job
//! that has begun holds its place until it is done, whether somebody still waits for it or not.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use super::{
    job::{Need, Refused, Work},
    memory::Memory,
    restraint::{Restraint, Scene},
};

/// A first guess at how long a hash takes.
const USUAL_TIME: Duration = Duration::from_millis(50);
/// Nobody is asked to stay away longer.
const RETRY_AFTER_MAX: u64 = 60;

/// What there may be of everything.
#[derive(Clone, Debug)]
pub(in crate::passwords) struct Limits {
    /// Threads that hash.
    pub(in crate::passwords) threads: usize,
    /// So many of them begin at once, the others only as `restraint` says.
    pub(in crate::passwords) at_once: usize,
    /// Threads that help where those don't get on.
    pub(in crate::passwords) relievers: usize,
    /// Bytes of memory.
    pub(in crate::passwords) budget: usize,
    /// What a hash of a new password takes of it.
    pub(in crate::passwords) usual: usize,
    /// Jobs that may wait.
    pub(in crate::passwords) queue: usize,
    /// How long they may wait.
    pub(in crate::passwords) deadline: Duration,
}

impl Limits {
    /// How long so many jobs take on all threads, when one takes `each`.
    pub(super) fn time_for(&self, jobs: usize, each: Duration) -> Duration {
        let jobs = u32::try_from(jobs).unwrap_or(u32::MAX);
        let threads = u32::try_from(self.threads).unwrap_or(u32::MAX);
        each.saturating_mul(jobs) / threads.max(1)
    }
}

/// Who asks for a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    Worker,
    Reliever,
}

/// A job on its way.
struct Entry {
    number: u64,
    need: Need,
    since: Duration,
    work: Arc<dyn Work>,
    /// Whether nobody needs to take it over any more.
    is_relieved: bool,
}

/// What a thread is to do next.
pub(super) enum Turn {
    /// Run this.
    Start(Start),
    /// Refuse this: its deadline has passed.
    Overdue(Arc<dyn Work>),
    /// Look again after so long: it isn't this one's turn before.
    Later(Duration),
    /// Wait until somebody gives memory back.
    NoRoom,
    /// Wait until somebody comes.
    Nothing,
}

/// A job to run, with the memory that was found for it.
pub(super) struct Start {
    pub(super) work: Arc<dyn Work>,
    /// `None`: another thread has it too, and the place is that one's.
    number: Option<u64>,
    own: usize,
    pub(super) room: Room,
}

/// Memory for a job: blocks that are there, or so many bytes to make once others were freed.
pub(super) struct Room {
    kept: Option<Memory>,
    fresh: usize,
    freed: Vec<Memory>,
}

impl Room {
    #[cfg(test)]
    pub(super) fn fresh(bytes: usize) -> Self {
        Self {
            kept: None,
            fresh: bytes,
            freed: Vec::new(),
        }
    }

    /// The memory. What is to be freed is freed first, or there would be more than is allowed.
    pub(super) fn make(self) -> Memory {
        drop(self.freed);
        self.kept.unwrap_or_else(|| Memory::of(self.fresh))
    }
}

/// What remains to be told when a job is done.
pub(super) struct Done {
    number: Option<u64>,
    own: usize,
}

impl Start {
    pub(super) fn split(self) -> (Arc<dyn Work>, Room, Done) {
        let Self {
            work,
            number,
            own,
            room,
        } = self;
        (work, room, Done { number, own })
    }
}

/// Whoever waits in a queue of hashes doesn't notice that.
const PATIENCE_MAX: Duration = Duration::from_millis(20);

pub(super) struct State {
    pub(super) limits: Limits,
    pub(super) is_open: bool,
    /// Places that are kept for jobs still to come.
    promised: usize,
    waiting: VecDeque<Entry>,
    running: Vec<Entry>,
    spare: Vec<Memory>,
    used: usize,
    used_most: usize,
    next: u64,
    average: Duration,
    restraint: Restraint,
    /// Jobs that were finished by whom.
    pub(super) by_workers: u64,
    pub(super) by_relievers: u64,
    /// How often nothing was left to do.
    pub(super) emptied: u64,
    /// Threads that were started, and those of them that wait for work.
    pub(super) workers: usize,
    pub(super) resting: usize,
    pub(super) relievers: usize,
    /// Threads that wait for memory.
    pub(super) cramped: usize,
    /// Whether the workers don't get on: everything else has the processors.
    pub(super) is_starving: bool,
}

impl State {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            is_open: true,
            promised: 0,
            waiting: VecDeque::new(),
            running: Vec::new(),
            spare: Vec::new(),
            used: 0,
            used_most: 0,
            next: 0,
            average: USUAL_TIME,
            restraint: Restraint::default(),
            by_workers: 0,
            by_relievers: 0,
            emptied: 0,
            workers: 0,
            resting: 0,
            relievers: 0,
            cramped: 0,
            is_starving: false,
        }
    }

    /// Keeps a place for a job. [`State::enter`] takes it, or [`State::release`] gives it up.
    pub(super) fn promise(&mut self) -> Result<(), Refused> {
        self.check_room()?;
        self.promised += 1;
        Ok(())
    }

    /// Whether there is room for one more.
    pub(super) fn check_room(&self) -> Result<(), Refused> {
        if !self.is_open {
            return Err(Refused::Closed);
        }
        if self.expected() >= self.limits.threads + self.limits.queue {
            return Err(self.busy());
        }
        Ok(())
    }

    pub(super) fn release(&mut self) {
        self.promised -= 1;
    }

    /// Lets a job wait for its turn in the place that was kept for it, and gives its number.
    pub(super) fn enter(
        &mut self,
        need: Need,
        work: Arc<dyn Work>,
        since: Duration,
    ) -> Result<u64, Refused> {
        self.release();
        if !self.is_open {
            return Err(Refused::Closed);
        }
        if need.blocks.saturating_add(need.own) > self.limits.budget {
            return Err(Refused::TooLarge);
        }
        let number = self.next;
        self.next += 1;
        self.waiting.push_back(Entry {
            number,
            need,
            since,
            work,
            is_relieved: false,
        });
        Ok(number)
    }

    /// Takes a job back. Whether it hadn't begun.
    pub(super) fn withdraw(&mut self, number: u64) -> bool {
        let Some(at) = self.waiting.iter().position(|entry| entry.number == number) else {
            return false;
        };
        self.waiting.remove(at);
        self.note_emptied();
        true
    }

    /// Jobs that wait or run.
    pub(super) fn in_flight(&self) -> usize {
        self.waiting.len() + self.running.len()
    }

    /// Jobs that wait, run, or are still to come.
    pub(super) fn expected(&self) -> usize {
        self.in_flight() + self.promised
    }

    pub(super) fn is_nobody_waiting(&self) -> bool {
        self.waiting.is_empty()
    }

    /// How long whoever is near, or done, may be kept: until the threads have done what is ready for them.
    pub(super) fn patience(&self) -> Duration {
        if self.waiting.len() < self.limits.threads {
            return Duration::ZERO;
        }
        self.average.min(PATIENCE_MAX)
    }

    pub(super) fn running(&self) -> usize {
        self.running.len()
    }

    /// Whether everybody who could be answered has been.
    pub(super) fn is_settled(&self) -> bool {
        self.waiting.is_empty() && !self.running.iter().any(|entry| entry.work.is_wanted())
    }

    /// Whether a thread more would find work.
    pub(super) fn wants_worker(&self) -> bool {
        self.workers < self.limits.threads && self.waiting.len() > self.resting
    }

    /// How long the queue will take: what somebody is told who finds it full, in whole seconds.
    pub(super) fn busy(&self) -> Refused {
        let wait = self.limits.time_for(self.expected(), self.average);
        let seconds = wait.as_millis().div_ceil(1000);
        let seconds = u64::try_from(seconds).unwrap_or(u64::MAX);
        Refused::Busy {
            retry_after: Duration::from_secs(seconds.clamp(1, RETRY_AFTER_MAX)),
        }
    }

    /// The next job for a thread.
    pub(super) fn take(&mut self, who: Who, now: Duration) -> Turn {
        if who == Who::Reliever
            && let Some(turn) = self.take_over()
        {
            return turn;
        }
        let Some(first) = self.waiting.front() else {
            return Turn::Nothing;
        };
        if now.saturating_sub(first.since) >= self.limits.deadline {
            let overdue = self.waiting.pop_front();
            self.note_emptied();
            return overdue.map_or(Turn::Nothing, |entry| Turn::Overdue(entry.work));
        }
        let need = first.need;
        if who == Who::Worker {
            let scene = Scene {
                waited: now.saturating_sub(first.since),
                running: self.running.len(),
                crowd: self.waiting.len() + self.promised,
                average: self.average,
                is_starving: self.is_starving,
            };
            if let Some(rest) = self.restraint.rest(&self.limits, &scene, now) {
                return Turn::Later(rest);
            }
        }
        // Relievers must find room when the workers are stuck with theirs. What needs nearly everything
        // runs alone.
        let limit = match who {
            Who::Worker if !self.running.is_empty() => {
                let kept_back = self.limits.relievers.saturating_mul(self.limits.usual);
                self.limits.budget.saturating_sub(kept_back)
            }
            Who::Worker | Who::Reliever => self.limits.budget,
        };
        let Some(room) = self.find_room(need, limit) else {
            return Turn::NoRoom;
        };
        let Some(mut entry) = self.waiting.pop_front() else {
            return Turn::Nothing;
        };
        entry.is_relieved = who == Who::Reliever;
        let start = Start {
            work: Arc::clone(&entry.work),
            number: Some(entry.number),
            own: need.own,
            room,
        };
        self.running.push(entry);
        Turn::Start(start)
    }

    /// A job that a worker has begun and doesn't get on with, to be done beside it.
    fn take_over(&mut self) -> Option<Turn> {
        let stuck = self.running.iter().enumerate();
        let stuck = stuck.filter(|(_, entry)| !entry.is_relieved && entry.work.is_wanted());
        let (at, _) = stuck.min_by_key(|(_, entry)| entry.number)?;
        let need = self.running.get(at)?.need;
        let room = self.find_room(need, self.limits.budget)?;
        let entry = self.running.get_mut(at)?;
        entry.is_relieved = true;
        Some(Turn::Start(Start {
            work: Arc::clone(&entry.work),
            number: None,
            own: need.own,
            room,
        }))
    }

    /// Reserves memory within a limit: kept blocks if some are large enough, others freed if need be.
    fn find_room(&mut self, need: Need, limit: usize) -> Option<Room> {
        let large_enough = self.spare.iter().enumerate();
        let large_enough = large_enough.filter(|(_, memory)| memory.bytes() >= need.blocks);
        let kept = match need.blocks {
            0 => None,
            _ => large_enough.min_by_key(|(_, memory)| memory.bytes()),
        };
        let kept = kept.map(|(at, _)| at);
        let spare: usize = self.spare.iter().map(Memory::bytes).sum();
        let held = self.used - spare;
        if let Some(at) = kept {
            let bytes = self.spare.get(at).map_or(0, Memory::bytes);
            if held + bytes + need.own <= limit {
                let kept = Some(self.spare.swap_remove(at));
                let freed = self.free_until(need.own, limit);
                self.reserve(need.own);
                return Some(Room {
                    kept,
                    fresh: 0,
                    freed,
                });
            }
        }
        let more = need.blocks + need.own;
        if held + more > limit {
            return None;
        }
        let freed = self.free_until(more, limit);
        self.reserve(more);
        Some(Room {
            kept: None,
            fresh: need.blocks,
            freed,
        })
    }

    /// Takes so many kept blocks out that `more` bytes fit into the limit.
    fn free_until(&mut self, more: usize, limit: usize) -> Vec<Memory> {
        let mut freed = Vec::new();
        while self.used + more > limit
            && let Some(memory) = self.spare.pop()
        {
            self.used -= memory.bytes();
            freed.push(memory);
        }
        freed
    }

    fn reserve(&mut self, bytes: usize) {
        self.used += bytes;
        self.used_most = self.used_most.max(self.used);
    }

    /// Takes note of a job that was done, and keeps its blocks. Gives what is to be freed.
    pub(super) fn finish(
        &mut self,
        done: &Done,
        memory: Memory,
        who: Who,
        took: Duration,
    ) -> Option<Memory> {
        self.used -= done.own;
        if let Some(number) = done.number {
            self.running.retain(|entry| entry.number != number);
        }
        match who {
            Who::Worker => self.by_workers += 1,
            Who::Reliever => self.by_relievers += 1,
        }
        self.average = (self.average * 7 + took) / 8;
        self.note_emptied();
        if memory.bytes() == 0 {
            return None;
        }
        if self.is_open {
            self.spare.push(memory);
            return None;
        }
        self.used -= memory.bytes();
        Some(memory)
    }

    fn note_emptied(&mut self) {
        if self.in_flight() == 0 {
            self.emptied += 1;
        }
    }

    /// Whether blocks are kept that nobody uses.
    pub(super) fn has_spare(&self) -> bool {
        !self.spare.is_empty()
    }

    /// Kept blocks, to be freed; [`State::given_back`] says when they have been.
    pub(super) fn take_spare(&mut self) -> Vec<Memory> {
        std::mem::take(&mut self.spare)
    }

    pub(super) fn given_back(&mut self, bytes: usize) {
        self.used -= bytes;
    }

    /// Ends it: gives those who will never have their turn.
    pub(super) fn close(&mut self) -> Vec<Arc<dyn Work>> {
        self.is_open = false;
        self.waiting.drain(..).map(|entry| entry.work).collect()
    }

    /// Bytes that are reserved, and the most that ever were.
    #[cfg(any(test, feature = "cli"))]
    pub(super) fn used(&self) -> (usize, usize) {
        (self.used, self.used_most)
    }
}
