//! A clock that a test moves by hand.
//!
//! Invariant: `advance` moves both readings and wakes whoever sleeps on them; `jump` moves the wall
//! clock only, the way a machine's clock is set.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    task::Waker,
    time::Duration,
};

use symbolon_token::Timestamp;

use super::{Clock, Source};

/// The hands of a clock made by [`Clock::fixed`]. Clones move the same clock.
///
/// ```
/// use std::time::Duration;
/// use symbolon_guard::{Clock, token::Timestamp};
///
/// let hands = Clock::fixed(Timestamp::from_secs(1_700_000_000));
/// hands.advance(Duration::from_secs(60));
/// assert_eq!(hands.now(), Timestamp::from_secs(1_700_000_060));
/// hands.jump(Timestamp::from_secs(0)); // as a bad NTP server does: no time passes
/// assert_eq!(hands.clock().monotonic(), Duration::from_secs(60));
/// ```
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<Hands>);

#[derive(Debug)]
struct Hands {
    /// Milliseconds since 1970.
    wall: AtomicI64,
    /// Milliseconds since the clock was made.
    monotonic: AtomicU64,
    sleepers: Mutex<Vec<Waker>>,
}

impl ManualClock {
    pub(super) fn new(now: Timestamp) -> Self {
        Self(Arc::new(Hands {
            wall: AtomicI64::new(now.as_millis()),
            monotonic: AtomicU64::new(0),
            sleepers: Mutex::new(Vec::new()),
        }))
    }

    /// A clock that shows what these hands say.
    pub fn clock(&self) -> Clock {
        Clock(Source::Manual(self.clone()))
    }

    /// What the wall clock shows.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.wall.load(Ordering::SeqCst))
    }

    /// Lets time pass: the wall clock and the monotonic reading both move on, in whole
    /// milliseconds.
    pub fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        let wall = i64::try_from(by).unwrap_or(i64::MAX);
        self.0.wall.fetch_add(wall, Ordering::SeqCst);
        self.0.monotonic.fetch_add(by, Ordering::SeqCst);
        let sleepers = std::mem::take(&mut *self.sleepers());
        for sleeper in sleepers {
            sleeper.wake();
        }
    }

    /// Puts the wall clock somewhere else, as a bad NTP server does. No time passes: the monotonic
    /// reading stays.
    pub fn jump(&self, to: Timestamp) {
        self.0.wall.store(to.as_millis(), Ordering::SeqCst);
    }

    pub(super) fn monotonic(&self) -> Duration {
        Duration::from_millis(self.0.monotonic.load(Ordering::SeqCst))
    }

    #[cfg(feature = "remote")]
    pub(super) async fn reaches(&self, at: Duration) {
        use std::task::Poll;

        std::future::poll_fn(|cx| {
            // Registered before the reading: an `advance` in between finds the waker, and no wake-up
            // is lost.
            let mut sleepers = self.sleepers();
            if !sleepers.iter().any(|known| known.will_wake(cx.waker())) {
                sleepers.push(cx.waker().clone());
            }
            drop(sleepers);
            if self.monotonic() >= at {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }

    fn sleepers(&self) -> MutexGuard<'_, Vec<Waker>> {
        self.0
            .sleepers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
