//! The one place that reads the clock.
//!
//! Everything else takes `now: Timestamp` as an argument, so that a test says what time it is and a
//! check can be repeated. Two readings live here: the wall clock, which tokens are judged by, and a
//! monotonic one, which paces work (a wall clock that jumps must not stall or storm an issuer).
//!
//! Invariant: the monotonic reading never goes backwards, whatever happens to the wall clock.

mod manual;

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use symbolon_token::Timestamp;

pub use self::manual::ManualClock;

/// Tells the time: the system's, or one that a test sets by hand.
///
/// Clones are cheap and show the same time.
///
/// ```
/// use symbolon_guard::{Clock, Guard, token::Verifier};
///
/// fn guard(verifier: Verifier) -> Guard {
///     Guard::with_clock(verifier, Clock::system())
/// }
///
/// let clock = Clock::system();
/// let started = clock.monotonic();
/// assert!(clock.monotonic() >= started, "whatever happens to the wall clock");
/// ```
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
        ManualClock::new(now)
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
            Source::Manual(hands) => hands.now(),
        }
    }

    /// Time passed since this clock was made; it never goes backwards.
    pub fn monotonic(&self) -> Duration {
        match &self.0 {
            Source::System { started } => started.elapsed(),
            Source::Manual(hands) => hands.monotonic(),
        }
    }

    /// Whether somebody moves it by hand.
    #[cfg(feature = "remote")]
    pub(crate) fn is_manual(&self) -> bool {
        matches!(self.0, Source::Manual(_))
    }

    /// Waits until [`Clock::monotonic`] reads at least `at`.
    #[cfg(feature = "remote")]
    pub(crate) async fn reaches(&self, at: Duration) {
        match &self.0 {
            Source::System { started } => match started.checked_add(at) {
                Some(instant) => tokio::time::sleep_until(instant.into()).await,
                None => std::future::pending().await,
            },
            Source::Manual(hands) => hands.reaches(at).await,
        }
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

#[derive(Clone, Debug)]
enum Source {
    System { started: Instant },
    Manual(ManualClock),
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
