//! How many guesses at one account's password are looked at, however many come.
//!
//! A guess is counted before its password is compared, and taken back when the login succeeds: two hundred
//! at once find the same count that one after the other would. The tenth wrong one in a row makes the
//! account wait, each further one twice as long, up to a quarter of an hour. NIST SP 800-63B-4 §3.2.2.
//!
//! Invariant: of the guesses that come at once [`TOGETHER`] at the most are looked at, and no name is asked
//! whether anybody has it: an unknown one waits as a known one does (W4, W5).

use std::time::Duration;

use symbolon_token::Timestamp;

/// Wrong passwords in a row that cost no wait.
pub const FREE: i64 = 9;

/// So many tries may be under way before one of them has ended. With this one the others begin to wait, and
/// with each one that follows they wait longer, whatever becomes of it: whoever hangs up before the answer
/// gains nothing. One success forgives it, which is soon where all of them are somebody's own logins. Twice
/// this many are at most 100, so that a success in the middle of a flight of guesses doesn't let more of
/// them through either (W5).
pub const TOGETHER: i64 = 50;

/// What each try from that one on adds to the others' wait.
pub const STEP: Duration = Duration::from_secs(30);

/// The longest wait.
pub const WAIT_MAX: Duration = Duration::from_mins(15);

/// How long failures that cost no wait are remembered. Whoever comes back as often as that lets them guess
/// is slower than somebody who waits.
const REMEMBERED: Duration = Duration::from_hours(3);

/// How long those are remembered that did.
const REMEMBERED_AFTER_A_WAIT: Duration = Duration::from_hours(24);

/// What tries are counted by: a keyed hash of a name, since what is typed into the field of a name may be
/// a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account([u8; 16]);

impl Account {
    /// The account that a keyed hash stands for.
    pub const fn from_hash(hash: [u8; 16]) -> Self {
        Self(hash)
    }

    /// The value to store.
    pub const fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A try at an account, and what counting it writes.
#[derive(Clone, Copy, Debug)]
pub struct Try {
    /// Whose password is tried.
    pub account: Account,
    /// When.
    pub now: Timestamp,
    /// When it is forgotten, if it is the first.
    pub forgotten_at: Timestamp,
}

impl Try {
    /// A try that begins now.
    pub fn begin(account: Account, now: Timestamp) -> Self {
        Self {
            account,
            now,
            forgotten_at: now + REMEMBERED,
        }
    }

    /// Until when the others wait because of this one, if it is the try of this number.
    pub fn others_wait_until(&self, number: i64) -> Option<Timestamp> {
        let steps = u32::try_from(number - TOGETHER + 1).ok()?;
        (steps > 0).then(|| self.now + STEP.saturating_mul(steps).min(WAIT_MAX))
    }
}

/// A wait that an account has earned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// No password is looked at before.
    pub until: Timestamp,
    /// The failures are remembered until then.
    pub forgotten_at: Timestamp,
}

/// What follows from a wrong password in the try of this number, counted from 1.
pub fn decide(number: i64, now: Timestamp) -> Option<Wait> {
    let beyond = u32::try_from(number - FREE - 1).ok()?;
    let seconds = 1_u64.checked_shl(beyond).unwrap_or(u64::MAX);
    let wait = Duration::from_secs(seconds.min(WAIT_MAX.as_secs()));
    Some(Wait {
        until: now + wait,
        forgotten_at: now + REMEMBERED_AFTER_A_WAIT,
    })
}

/// How long somebody is told to wait, in whole seconds and never none at all.
pub fn retry_after(until: Timestamp, now: Timestamp) -> Duration {
    let millis = until.as_millis().saturating_sub(now.as_millis());
    let millis = u64::try_from(millis).unwrap_or(0);
    Duration::from_secs(millis.div_ceil(1000).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    #[test]
    fn w5_the_tenth_failure_waits_and_each_further_one_twice_as_long() {
        let waited = |number| decide(number, NOW).map(|wait| wait.until.as_secs() - NOW.as_secs());
        for (number, seconds) in [
            (0, None),
            (1, None),
            (9, None),
            (10, Some(1)),
            (11, Some(2)),
            (12, Some(4)),
            (19, Some(512)),
            (20, Some(900)),
            (49, Some(900)),
            (73, Some(900)),
            (74, Some(900)),
            (1_000_000, Some(900)),
        ] {
            assert_eq!(waited(number), seconds, "{number}");
        }
    }

    #[test]
    fn w5_tries_without_an_end_make_the_others_wait_longer_and_longer() {
        let attempt = Try::begin(Account::from_hash([0; 16]), NOW);
        for (number, seconds) in [
            (1, None),
            (49, None),
            (50, Some(30)),
            (51, Some(60)),
            (79, Some(900)),
            (80, Some(900)),
            (i64::from(u32::MAX), Some(900)),
        ] {
            let until = attempt.others_wait_until(number);
            let waited = until.map(|until| until.as_secs() - NOW.as_secs());
            assert_eq!(waited, seconds, "{number}");
        }
    }

    #[test]
    fn w5_waiting_is_slower_than_coming_back_when_all_is_forgotten() {
        let per_day = |every: Duration, guesses: i64| {
            guesses * i64::try_from(Duration::from_hours(24).as_secs() / every.as_secs()).unwrap()
        };
        assert!(per_day(REMEMBERED, FREE) <= per_day(WAIT_MAX, 1));
        assert!(REMEMBERED_AFTER_A_WAIT > REMEMBERED);
        const { assert!(2 * TOGETHER <= 100) };
    }

    #[test]
    fn whoever_waits_is_told_whole_seconds_and_at_least_one() {
        for (millis, seconds) in [
            (-5000, 1),
            (0, 1),
            (1, 1),
            (1000, 1),
            (1001, 2),
            (900_000, 900),
        ] {
            let until = Timestamp::from_millis(NOW.as_millis() + millis);
            assert_eq!(retry_after(until, NOW).as_secs(), seconds, "{millis}");
        }
    }
}
