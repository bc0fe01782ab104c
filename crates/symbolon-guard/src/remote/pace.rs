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
mod tests {
    use super::*;

    const fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn t6_unknown_kids_begin_at_most_two_fetches_in_any_minute() {
        let mut pace = Pace::default();
        pace.begin(secs(0));
        let (mut round, _) = pace.succeeded(secs(0), secs(300));
        let mut begun = vec![0];
        for tenth in 1..36_000_u64 {
            let now = Duration::from_millis(tenth * 100);
            if pace.ask(round, now) == Asked::Begun {
                begun.push(tenth);
                (round, _) = if tenth % 3 == 0 {
                    pace.failed_with_keys(now)
                } else {
                    pace.succeeded(now, secs(60))
                };
            }
        }
        assert!(begun.len() > 50, "an honest rotation is noticed: {begun:?}");
        for three in begun.windows(3) {
            assert!(three[2] - three[0] >= 600, "{three:?}");
        }
    }

    #[test]
    fn many_askers_share_one_fetch() {
        let mut pace = Pace::default();
        assert_eq!(pace.ask(0, secs(1)), Asked::Begun);
        assert_eq!(pace.ask(0, secs(1)), Asked::UnderWay);
        pace.succeeded(secs(2), secs(60));
        assert_eq!(pace.ask(0, secs(2)), Asked::AlreadyNewer);
    }

    #[test]
    fn failing_with_keys_keeps_the_limit() {
        let mut pace = Pace::default();
        let mut now = secs(0);
        let mut begun = Vec::new();
        for _ in 0..20 {
            pace.begin(now);
            begun.push(now);
            (_, now) = pace.failed_with_keys(now + secs(1));
        }
        for three in begun.windows(3) {
            assert!(three[2] >= three[0] + WINDOW, "{three:?}");
        }
    }

    #[test]
    fn without_keys_the_pause_grows_to_its_limit() {
        let mut pace = Pace::default();
        let pauses: Vec<u64> = (0..8)
            .map(|_| {
                pace.begin(secs(0));
                pace.failed_without_keys(secs(0)).1.as_secs()
            })
            .collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 30, 30, 30]);
    }
}
