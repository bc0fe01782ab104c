//! A thread that computes for a worker, behind everything else on the machine.
//!
//! Invariant: it never holds what others wait for. Where everything else is busy it may be stopped for a
//! long while between any two of its instructions, so it takes no lock that a request takes, not the
//! pool's and not the runtime's: the worker, who has everybody's priority, takes the turns and gives the
//! answers, and hands over nothing but the computing.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU8, Ordering},
    },
    thread::{self, Thread},
};

use super::{job::Work, memory::Memory, priority, state::Room};

/// What is to be done.
enum Order {
    Compute(Arc<dyn Work>, Room),
    Free(Vec<Memory>),
}

/// Where a worker computes.
pub(super) struct Computer {
    quiet: Option<Quiet>,
}

/// A thread, and what lies between it and whoever has it compute.
struct Quiet {
    desk: Arc<Desk>,
    thread: Thread,
}

impl Computer {
    /// This very thread.
    pub(super) const fn here() -> Self {
        Self { quiet: None }
    }

    /// A thread of its own that gives way to all others, or this one where there is none to be had. `begin`
    /// is what it does first.
    pub(super) fn quiet(begin: impl FnOnce() + Send + 'static) -> Self {
        let desk = Arc::new(Desk::default());
        let its = Arc::clone(&desk);
        let thread = thread::Builder::new()
            .name("symbolon-hash".to_owned())
            .stack_size(512 * 1024)
            .spawn(move || {
                priority::give_way();
                // Whatever happens here, somebody may wait at the desk.
                let _ = catch_unwind(AssertUnwindSafe(begin));
                while let Some((order, asker)) = its.next() {
                    let memory = catch_unwind(AssertUnwindSafe(|| follow(order)));
                    its.answer(memory.unwrap_or_default(), &asker);
                }
            });
        let quiet = thread.ok().map(|handle| Quiet {
            desk,
            thread: handle.thread().clone(),
        });
        Self { quiet }
    }

    /// Computes a job, which isn't answered by that, and gives its memory back.
    pub(super) fn compute(&self, work: &Arc<dyn Work>, room: Room) -> Memory {
        self.follow(Order::Compute(Arc::clone(work), room))
    }

    /// Wipes and frees blocks.
    pub(super) fn free(&self, memory: Vec<Memory>) {
        drop(self.follow(Order::Free(memory)));
    }

    fn follow(&self, order: Order) -> Memory {
        match &self.quiet {
            Some(quiet) => quiet.desk.ask(order, &quiet.thread),
            None => follow(order),
        }
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        self.desk.end(&self.thread);
    }
}

/// Whose turn at the desk it is.
const ASKER: u8 = 0;
const COMPUTER: u8 = 1;
/// Nobody's any more.
const OVER: u8 = 2;

/// One thing at a time, from who asks to who computes and back.
///
/// A channel would do but for one thing: it wakes whoever waits with its lock in the hand, and whoever wakes
/// here takes the place of the thread that holds it.
#[derive(Default)]
struct Desk {
    turn: AtomicU8,
    /// Locked by whose turn it is and by nobody else, so nobody ever waits for it.
    thing: Mutex<Thing>,
}

#[derive(Default)]
enum Thing {
    #[default]
    Nothing,
    Order(Order, Thread),
    Memory(Memory),
}

impl Desk {
    /// Has something done, and waits until it is.
    fn ask(&self, order: Order, computer: &Thread) -> Memory {
        *self.thing() = Thing::Order(order, thread::current());
        self.hand_over(COMPUTER, computer);
        while self.turn.load(Ordering::Acquire) == COMPUTER {
            thread::park();
        }
        match std::mem::take(&mut *self.thing()) {
            Thing::Memory(memory) => memory,
            Thing::Order(..) | Thing::Nothing => Memory::default(),
        }
    }

    /// Waits for something to do; `None` is the end.
    fn next(&self) -> Option<(Order, Thread)> {
        loop {
            match self.turn.load(Ordering::Acquire) {
                ASKER => thread::park(),
                COMPUTER => break,
                _ => return None,
            }
        }
        match std::mem::take(&mut *self.thing()) {
            Thing::Order(order, asker) => Some((order, asker)),
            Thing::Memory(_) | Thing::Nothing => None,
        }
    }

    fn answer(&self, memory: Memory, asker: &Thread) {
        *self.thing() = Thing::Memory(memory);
        self.hand_over(ASKER, asker);
    }

    fn end(&self, other: &Thread) {
        self.hand_over(OVER, other);
    }

    fn hand_over(&self, to: u8, other: &Thread) {
        self.turn.store(to, Ordering::Release);
        other.unpark();
    }

    fn thing(&self) -> MutexGuard<'_, Thing> {
        self.thing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn follow(order: Order) -> Memory {
    match order {
        Order::Compute(work, room) => {
            let mut memory = room.make();
            work.compute(&mut memory);
            memory
        }
        Order::Free(memory) => {
            drop(memory);
            Memory::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    struct Does<F>(F);

    impl<F: Fn() + Send + Sync> Work for Does<F> {
        fn compute(&self, _memory: &mut Memory) {
            (self.0)();
        }

        fn answer(&self) {}

        fn refuse(&self, _why: super::super::Refused) {}

        fn is_wanted(&self) -> bool {
            true
        }
    }

    fn does(what: impl Fn() + Send + Sync + 'static) -> Arc<dyn Work> {
        Arc::new(Does(what))
    }

    #[test]
    fn one_job_after_the_other_is_computed_there_and_its_memory_comes_back() {
        let computer = Computer::quiet(|| {});
        let (told, tells) = mpsc::channel();
        let work = does(move || {
            let name = thread::current().name().map(str::to_owned);
            told.send(name).unwrap();
        });
        for blocks in 0..1000 {
            let memory = computer.compute(&work, Room::fresh(blocks % 3 * 1024));
            assert_eq!(memory.bytes(), blocks % 3 * 1024);
            let name = tells.try_recv().expect("it is done when it is given back");
            assert_eq!(name.as_deref(), Some("symbolon-hash"));
        }
    }

    #[test]
    fn a_thread_that_begins_or_computes_badly_leaves_nobody_waiting() {
        let computer = Computer::quiet(|| panic!("a bad beginning"));
        let torn = does(|| panic!("torn down"));
        let memory = computer.compute(&torn, Room::fresh(1024));
        assert_eq!(memory.bytes(), 0, "it is gone with the job");
        let (told, tells) = mpsc::channel();
        computer.compute(&does(move || told.send(()).unwrap()), Room::fresh(0));
        tells.try_recv().expect("it goes on");
    }

    #[test]
    fn the_thread_ends_with_whom_it_computes_for() {
        let (gone, ends) = mpsc::channel::<()>();
        drop(Computer::quiet(move || {
            // Dropped with the thread's own things, when it ends.
            std::thread_local! {
                static HELD: std::cell::RefCell<Option<mpsc::Sender<()>>> =
                    const { std::cell::RefCell::new(None) };
            }
            HELD.set(Some(gone));
        }));
        let over = ends.recv_timeout(std::time::Duration::from_mins(1));
        assert_eq!(over, Err(mpsc::RecvTimeoutError::Disconnected));
    }
}
