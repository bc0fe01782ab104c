//! How often an issuer is asked for its keys. Pure: the time comes in as an argument.
//!
//! Invariant: while keys are held, at most two fetches begin in any 60 seconds, whatever tokens
//! arrive (row T6: unknown `kid`s must not become a fetch storm). Without keys nothing can be judged,
//! so retries come faster, and tokens don't cause any.
//! Invariant: one fetch runs at a time.

use std::time::Duration;

const WINDOW: Duration = Duration::from_mins(1);
const RETRY_WITH_KEYS: Duration = Duration::from_secs(30);
const LONGEST_BACKOFF: Duration = Duration::from_secs(30);

#[derive(Debug, Default)]
pub(super) struct Pace {
    /// When the last two fetches began, the older one first.
    begun: [Option<Duration>; 2],
    under_way: bool,
    round: u64,
    failures: u32,
}

/// What became of a wish for keys newer than a given round.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    AlreadyNewer,
    UnderWay,
    Begun,
    TooSoon,
}

impl Pace {
    /// A request wants keys newer than those of round `seen`.
    pub(super) fn ask(&mut self, seen: u64, now: Duration) -> Asked {
        if self.round > seen {
            Asked::AlreadyNewer
        } else if self.under_way {
            Asked::UnderWay
        } else if now < self.earliest() {
            Asked::TooSoon
        } else {
            self.begin(now);
            Asked::Begun
        }
    }

    /// A fetch begins, unless a request has already begun one.
    pub(super) fn begin(&mut self, now: Duration) {
        if !self.under_way {
            self.under_way = true;
            self.begun = [self.begun[1], Some(now)];
        }
    }

    pub(super) fn is_under_way(&self) -> bool {
        self.under_way
    }

    /// The fetch brought keys that stay fresh for so long; gives the round and when the next begins.
    pub(super) fn succeeded(&mut self, now: Duration, fresh_for: Duration) -> (u64, Duration) {
        self.failures = 0;
        (self.end(), now + fresh_for.max(WINDOW))
    }

    /// The fetch failed, and older keys are there to go on with.
    pub(super) fn failed_with_keys(&mut self, now: Duration) -> (u64, Duration) {
        self.failures = self.failures.saturating_add(1);
        (self.end(), (now + RETRY_WITH_KEYS).max(self.earliest()))
    }

    /// The fetch failed, and there are no keys: again after 1, 2, 4… seconds.
    pub(super) fn failed_without_keys(&mut self, now: Duration) -> (u64, Duration) {
        let backoff = Duration::from_secs(1 << self.failures.min(10)).min(LONGEST_BACKOFF);
        self.failures = self.failures.saturating_add(1);
        (self.end(), now + backoff)
    }

    fn end(&mut self) -> u64 {
        self.under_way = false;
        self.round += 1;
        self.round
    }

    /// When the next fetch may begin without breaking the limit.
    fn earliest(&self) -> Duration {
        self.begun[0].map_or(Duration::ZERO, |older| older + WINDOW)
    }
}

#[cfg(test)]
mod tests;
