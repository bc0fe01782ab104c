//! Replicas that don't all ask at once.
//!
//! Services that were deployed together would refresh together for ever. Each shortens the time until its
//! next fetch by a part of its own, drawn once, up to a tenth.
//!
//! Invariant: keys are never used for longer than the issuer said, only asked for sooner.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

use crate::Clock;

/// In thousandths of what may be cut off.
#[derive(Clone, Copy, Debug)]
pub(super) struct Jitter(u32);

impl Jitter {
    /// One of this process's own; none by a clock that a test moves, where each fetch has its moment.
    pub(super) fn of(clock: &Clock) -> Self {
        if clock.is_manual() {
            return Self(0);
        }
        let drawn = RandomState::new().hash_one(0_u8) % 1001;
        Self(u32::try_from(drawn).unwrap_or(0))
    }

    pub(super) fn shorten(self, fresh_for: Duration) -> Duration {
        fresh_for.saturating_sub(fresh_for / 10_000 * self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_most_a_tenth_is_cut_off() {
        let hour = Duration::from_hours(1);
        assert_eq!(Jitter(0).shorten(hour), hour);
        assert_eq!(Jitter(500).shorten(hour), Duration::from_mins(57));
        assert_eq!(Jitter(1000).shorten(hour), Duration::from_mins(54));
    }

    #[test]
    fn replicas_draw_their_own_and_tests_none() {
        let clock = Clock::system();
        let drawn: std::collections::BTreeSet<u32> =
            (0..100).map(|_| Jitter::of(&clock).0).collect();
        assert!(drawn.len() > 10, "{drawn:?}");
        assert!(drawn.iter().all(|part| *part <= 1000));
        let manual = Clock::fixed(symbolon_token::Timestamp::from_secs(0)).clock();
        assert_eq!(Jitter::of(&manual).0, 0);
    }
}
