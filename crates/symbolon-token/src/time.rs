//! A point in time as an argument.
//!
//! Nothing in this crate reads a clock: whoever verifies says what time it is. Milliseconds since
//! 1970-01-01T00:00:00Z without leap seconds, which is what a `NumericDate` counts (RFC 7519 §2).
//! Arithmetic saturates: a time far out of range stays far out of range and never wraps around.

use std::{
    ops::{Add, Sub},
    time::Duration,
};

/// A moment, in milliseconds since the Unix epoch (RFC 7519 §2, `NumericDate`).
///
/// ```
/// use std::time::Duration;
/// use symbolon_token::Timestamp;
///
/// let now = Timestamp::from_secs(1_800_000_000);
/// let later = now + Duration::from_millis(1_500);
/// assert!(later > now);
/// assert_eq!(later.as_secs(), 1_800_000_001);
/// assert_eq!(later, Timestamp::from_millis(1_800_000_001_500));
/// assert_eq!(later.as_millis(), 1_800_000_001_500);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Later than every moment that a token can name.
    pub const NEVER: Self = Self(i64::MAX);

    /// A moment from whole seconds since the epoch; saturates some 292 million years away.
    pub const fn from_secs(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// A moment from milliseconds since the epoch.
    pub const fn from_millis(milliseconds: i64) -> Self {
        Self(milliseconds)
    }

    /// Whole seconds since the epoch, rounded towards the past.
    pub const fn as_secs(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Milliseconds since the epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(saturating_millis(duration)))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(saturating_millis(duration)))
    }
}

fn saturating_millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_round_towards_the_past() {
        assert_eq!(Timestamp::from_millis(-1).as_secs(), -1);
        assert_eq!(Timestamp::from_millis(1999).as_secs(), 1);
    }

    #[test]
    fn arithmetic_saturates_instead_of_wrapping() {
        let end = Timestamp::from_millis(i64::MAX);
        assert_eq!(end + Duration::MAX, end);
        assert_eq!(Timestamp::from_secs(i64::MAX), end);
        assert_eq!(
            Timestamp::from_secs(i64::MIN) - Duration::MAX,
            Timestamp::from_millis(i64::MIN)
        );
    }
}
