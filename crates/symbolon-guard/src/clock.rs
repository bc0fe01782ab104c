//! The one place that reads the clock.
//!
//! Everything else takes `now: Timestamp` as an argument, so that a test says what time it is and a
//! check can be repeated. Two readings live here: the wall clock, which tokens are judged by, and a
//! monotonic one, which paces work (a wall clock that jumps must not stall or storm an issuer).
//!
//! Invariant: the monotonic reading never goes backwards, whatever happens to the wall clock.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use symbolon_token::Timestamp;

/// Tells the time: the system's, or one that a test sets by hand.
///
/// Clones are cheap and show the same time.
#[derive(Clone, Debug)]
pub struct Clock(Source);

impl Clock {
    /// The clock of the machine.
    #[expect(
        clippy::disallowed_methods,
        reason = "this file is where the clock is read"
    )]
    pub fn system() -> Self {
        Self(Source::System {
            started: Instant::now(),
        })
    }

    /// A clock that stands still at `now` until the returned handle moves it.
    ///
    /// ```
    /// use std::time::Duration;
    /// use symbolon_guard::{Clock, token::Timestamp};
    ///
    /// let hands = Clock::fixed(Timestamp::from_secs(1_700_000_000));
    /// let clock = hands.clock();
    /// hands.advance(Duration::from_secs(5));
    /// assert_eq!(clock.now(), Timestamp::from_secs(1_700_000_005));
    /// ```
    pub fn fixed(now: Timestamp) -> ManualClock {
        ManualClock(Arc::new(Hands {
            wall: AtomicI64::new(now.as_millis()),
            monotonic: AtomicU64::new(0),
            #[cfg(feature = "remote")]
            sleepers: std::sync::Mutex::new(Vec::new()),
        }))
    }

    /// The wall clock, in milliseconds since 1970-01-01 UTC.
    #[expect(
        clippy::disallowed_methods,
        reason = "this file is where the clock is read"
    )]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System { .. } => {
                let now = SystemTime::now();
                Timestamp::from_millis(match now.duration_since(UNIX_EPOCH) {
                    Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
                    Err(before) => {
                        i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms)
                    }
                })
            }
            Source::Manual(hands) => Timestamp::from_millis(hands.wall.load(Ordering::SeqCst)),
        }
    }

    /// Time passed since this clock was made; it never goes backwards.
    pub fn monotonic(&self) -> Duration {
        match &self.0 {
            Source::System { started } => started.elapsed(),
            Source::Manual(hands) => Duration::from_millis(hands.monotonic.load(Ordering::SeqCst)),
        }
    }

    /// Waits until [`Clock::monotonic`] reads at least `at`.
    #[cfg(feature = "remote")]
    pub(crate) async fn reaches(&self, at: Duration) {
        match &self.0 {
            Source::System { started } => match started.checked_add(at) {
                Some(instant) => tokio::time::sleep_until(instant.into()).await,
                None => std::future::pending().await,
            },
            Source::Manual(hands) => std::future::poll_fn(|cx| hands.poll_reaches(cx, at)).await,
        }
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

/// The hands of a clock made by [`Clock::fixed`]. Clones move the same clock.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<Hands>);

impl ManualClock {
    /// A clock that shows what these hands say.
    pub fn clock(&self) -> Clock {
        Clock(Source::Manual(Arc::clone(&self.0)))
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
        self.0.wake();
    }

    /// Puts the wall clock somewhere else, as a bad NTP server does. No time passes: the monotonic
    /// reading stays.
    pub fn jump(&self, to: Timestamp) {
        self.0.wall.store(to.as_millis(), Ordering::SeqCst);
    }
}

#[derive(Clone, Debug)]
enum Source {
    System { started: Instant },
    Manual(Arc<Hands>),
}

#[derive(Debug)]
struct Hands {
    wall: AtomicI64,
    monotonic: AtomicU64,
    #[cfg(feature = "remote")]
    sleepers: std::sync::Mutex<Vec<std::task::Waker>>,
}

#[cfg(not(feature = "remote"))]
impl Hands {
    #[expect(
        clippy::unused_self,
        reason = "without the refresh task nobody sleeps on a clock"
    )]
    fn wake(&self) {}
}

#[cfg(feature = "remote")]
impl Hands {
    fn wake(&self) {
        let sleepers = std::mem::take(&mut *self.sleepers());
        for sleeper in sleepers {
            sleeper.wake();
        }
    }

    fn poll_reaches(&self, cx: &std::task::Context<'_>, at: Duration) -> std::task::Poll<()> {
        use std::task::Poll;

        // Registered before the reading: an `advance` in between finds the waker, so no wake-up is
        // lost.
        {
            let mut sleepers = self.sleepers();
            if !sleepers.iter().any(|known| known.will_wake(cx.waker())) {
                sleepers.push(cx.waker().clone());
            }
        }
        if Duration::from_millis(self.monotonic.load(Ordering::SeqCst)) >= at {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    fn sleepers(&self) -> std::sync::MutexGuard<'_, Vec<std::task::Waker>> {
        self.sleepers
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_of_the_wall_clock_lets_no_time_pass() {
        let hands = Clock::fixed(Timestamp::from_secs(1_000));
        let clock = hands.clock();
        hands.advance(Duration::from_secs(3));
        hands.jump(Timestamp::from_secs(10));
        assert_eq!(clock.now(), Timestamp::from_secs(10));
        assert_eq!(clock.monotonic(), Duration::from_secs(3));
    }

    #[test]
    fn the_system_clock_shows_this_century() {
        let clock = Clock::system();
        assert!(clock.now() > Timestamp::from_secs(1_600_000_000));
        let first = clock.monotonic();
        assert!(clock.monotonic() >= first);
    }
}
