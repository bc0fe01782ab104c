//! Whether the clock can be believed: time that has passed for the store can't be yet to come.
//!
//! A clock that is behind makes expired tokens and sessions good again, for as long as it is behind, and
//! would sign tokens that others take for old ones. One that is ahead can't be told from time that passed.

use std::{fmt, time::Duration};

use symbolon_token::Timestamp;

/// What clocks of several machines may differ by.
pub const SKEW_MAX: Duration = Duration::from_mins(5);

/// A clock that is behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Behind {
    by: Duration,
}

/// Compares the clock with the newest time that the store has seen.
pub fn check(last_seen: Timestamp, now: Timestamp) -> Result<(), Behind> {
    let behind = last_seen.as_millis().saturating_sub(now.as_millis());
    let by = Duration::from_millis(u64::try_from(behind).unwrap_or(0));
    if by > SKEW_MAX {
        return Err(Behind { by });
    }
    Ok(())
}

impl fmt::Display for Behind {
    /// In the two largest units: whoever reads it wants to know whether it is minutes or years.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.by.as_secs() / 60;
        let (days, hours, minutes) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
        match (days, hours) {
            (0, 0) => write!(f, "{minutes} min"),
            (0, hours) => write!(f, "{hours} h {minutes} min"),
            (days, hours) => write!(f, "{days} d {hours} h"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g12_a_clock_may_be_five_minutes_behind_and_no_more() {
        let now = Timestamp::from_secs(1_800_000_000);
        for (ahead, told) in [
            (-1_000_000, None),
            (0, None),
            (300, None),
            (301, Some("5 min")),
            (3_600, Some("1 h 0 min")),
            (90_060, Some("1 d 1 h")),
            (400 * 86_400, Some("400 d 0 h")),
        ] {
            let last_seen = Timestamp::from_secs(now.as_secs() + ahead);
            let found = check(last_seen, now).err().map(|behind| behind.to_string());
            assert_eq!(found.as_deref(), told, "{ahead}");
        }
        assert!(
            check(
                Timestamp::from_millis(i64::MAX),
                Timestamp::from_millis(i64::MIN)
            )
            .is_err()
        );
    }
}
