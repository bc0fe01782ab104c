//! A thread that computes for a worker, behind everything else on the machine.
//!
//! Invariant: it never holds what others wait for. Where everything else is busy it may be stopped for a
//! long while between any two of its instructions, so it takes no lock that a request takes, not the
//! pool's and not the runtime's: the worker, who has everybody's priority, takes the turns and gives the
//! answers, and hands over nothing but the computing.

use std::sync::{Arc, mpsc};

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

struct Quiet {
    orders: mpsc::Sender<Order>,
    done: mpsc::Receiver<Memory>,
}

impl Computer {
    /// This very thread.
    pub(super) const fn here() -> Self {
        Self { quiet: None }
    }

    /// A thread of its own that gives way to all others, or this one where there is none to be had. `begin`
    /// is what it does first.
    pub(super) fn quiet(begin: impl FnOnce() + Send + 'static) -> Self {
        let (orders, taken) = mpsc::channel();
        let (done, results) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("symbolon-hash".to_owned())
            .stack_size(512 * 1024)
            .spawn(move || {
                priority::give_way();
                begin();
                for order in taken {
                    // The worker waits, so it is there.
                    let _ = done.send(follow(order));
                }
            });
        Self {
            quiet: thread.is_ok().then_some(Quiet {
                orders,
                done: results,
            }),
        }
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
        let Some(quiet) = &self.quiet else {
            return follow(order);
        };
        match quiet.orders.send(order) {
            Ok(()) => quiet.done.recv().unwrap_or_default(),
            Err(mpsc::SendError(order)) => follow(order),
        }
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
