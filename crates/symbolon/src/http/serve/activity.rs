//! What happens on a connection, and until when it may go on like that.
//!
//! Every state has a deadline: a client may be slow, but not for ever, and what it doesn't use it
//! doesn't keep. The bytes read and the requests under way are told here; the task of the connection
//! asks how long it may wait.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep_until},
};

use super::options::Limits;

/// What the server as a whole is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Everybody is welcome.
    Open,
    /// There are as many connections as there may be: those that wait for nothing make room.
    Crowded,
    /// The end has come.
    Draining,
}

/// Why a connection should end now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    /// It waits for a request and needn't: it is told goodbye.
    Idle,
    /// What it began took too long: it is cut off.
    Overdue,
}

/// Shared by whoever reads the connection, whoever answers on it, and whoever watches it.
#[derive(Debug)]
pub(super) struct Activity {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    /// When each request under way began.
    under_way: BTreeMap<u64, Instant>,
    begun: u64,
}

/// While no request is under way.
#[derive(Clone, Copy, Debug)]
enum Phase {
    /// Nothing has come yet, since then.
    New(Instant),
    /// The last answer was given then.
    Waiting(Instant),
    /// The next request began to come then; the first one with the connection.
    Receiving(Instant),
    /// As `Waiting`, but of HTTP/2, whose clients also send what belongs to no request.
    WaitingFrames(Instant),
}

impl Activity {
    pub(super) fn new(opened: Instant) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                phase: Phase::New(opened),
                under_way: BTreeMap::new(),
                begun: 0,
            }),
            changed: Notify::new(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes have come.
    pub(super) fn received(&self, now: Instant) {
        let mut state = self.state();
        if !state.under_way.is_empty() {
            return;
        }
        state.phase = match state.phase {
            Phase::New(opened) => Phase::Receiving(opened),
            Phase::Waiting(_) => Phase::Receiving(now),
            Phase::Receiving(_) | Phase::WaitingFrames(_) => return,
        };
        drop(state);
        self.changed.notify_one();
    }

    /// A request is under way, until what this gives is dropped: with the last byte of its answer.
    pub(super) fn begin(self: &Arc<Self>, version: http::Version, now: Instant) -> UnderWay {
        let mut state = self.state();
        let number = state.begun;
        state.begun += 1;
        state.under_way.insert(number, now);
        state.phase = match version {
            http::Version::HTTP_2 => Phase::WaitingFrames(now),
            _ => Phase::Waiting(now),
        };
        drop(state);
        self.changed.notify_one();
        UnderWay {
            activity: Arc::clone(self),
            number,
        }
    }

    fn end(&self, number: u64, now: Instant) {
        let mut state = self.state();
        state.under_way.remove(&number);
        state.phase = match state.phase {
            Phase::WaitingFrames(_) => Phase::WaitingFrames(now),
            _ => Phase::Waiting(now),
        };
        drop(state);
        self.changed.notify_one();
    }

    /// Until when it may go on as it does, and what it is then.
    fn deadline(&self, limits: &Limits, mode: Mode) -> (Option<Instant>, Over) {
        let state = self.state();
        let oldest = state.under_way.first_key_value();
        if let Some((_, since)) = oldest {
            return (Some(*since + limits.request_timeout * 2), Over::Overdue);
        }
        match state.phase {
            Phase::New(_) if mode == Mode::Draining => (None, Over::Idle),
            Phase::Waiting(_) | Phase::WaitingFrames(_) if mode != Mode::Open => (None, Over::Idle),
            Phase::New(since) | Phase::Receiving(since) => {
                (Some(since + limits.header_timeout), Over::Overdue)
            }
            Phase::Waiting(since) | Phase::WaitingFrames(since) => {
                (Some(since + limits.idle_timeout), Over::Idle)
            }
        }
    }

    /// Waits until the connection should end, and says why.
    pub(super) async fn over(&self, limits: &Limits, mode: &mut watch::Receiver<Mode>) -> Over {
        loop {
            let current = *mode.borrow_and_update();
            let (deadline, over) = self.deadline(limits, current);
            let Some(deadline) = deadline else {
                return over;
            };
            tokio::select! {
                biased;
                () = self.changed.notified() => {}
                () = sleep_until(deadline) => return over,
                changed = mode.changed() => if changed.is_err() { return over },
            }
        }
    }
}

/// Held by a request until its answer has left.
#[derive(Debug)]
pub(super) struct UnderWay {
    activity: Arc<Activity>,
    number: u64,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.activity.end(self.number, Instant::now());
    }
}
