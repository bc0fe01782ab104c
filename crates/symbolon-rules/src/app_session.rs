//! App sessions: the few values that a program keeps for a visitor between requests.
//!
//! Not a `session`, which is a sign-in. The visitor's browser holds an [`AppSessionId`], the store
//! its hash and the [`Entries`]; a [`Draft`] is what one request sees and changes of them, and
//! [`Draft::plan`] decides what is written when it is over.
//!
//! Invariant: what counts is judged at use, by [`Lifetimes`]; a row that nobody has swept yet is
//! worth nothing.

mod draft;
mod entries;

use std::time::Duration;

use symbolon_token::Timestamp;

use crate::secret::{Kind, Secret, SecretHash};

pub use self::{
    draft::{Draft, NewId, Plan, Stored},
    entries::{Changes, ENTRIES_MAX_BYTES, Entries, EntryError, KEY_MAX_BYTES, VALUE_MAX_BYTES},
};

/// What an [`AppSessionId`] is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppSession {}

impl Kind for AppSession {
    const PREFIX: &'static str = "sym_as_";
}

/// The secret that makes a browser's requests one app session.
pub type AppSessionId = Secret<AppSession>;
/// Where an app session is kept.
pub type AppSessionKey = SecretHash<AppSession>;

/// A session is touched when this part of its idle lifetime has passed, and not on every request: a
/// reader would otherwise be a writer, too.
const TOUCHES_PER_IDLE: u32 = 6;

/// How long an app session lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    /// How long it lasts unused. Uses less than a sixth of this apart count as one.
    pub idle: Duration,
    /// How long it lasts at most, counted from its beginning, under whatever id.
    pub absolute: Duration,
}

impl Default for Lifetimes {
    /// Half an hour and a day (NIST SP 800-63B-4 §2.2.3 has 1 hour and 24 at the most).
    fn default() -> Self {
        Self {
            idle: Duration::from_mins(30),
            absolute: Duration::from_hours(24),
        }
    }
}

impl Lifetimes {
    /// When a session is over that was last used at `used_at`.
    pub fn expiry(&self, created_at: Timestamp, used_at: Timestamp) -> Timestamp {
        (used_at + self.idle).min(created_at + self.absolute)
    }

    /// The later expiry to write for a session that is used without being changed, if it is time.
    fn touch(
        &self,
        created_at: Timestamp,
        touched_at: Timestamp,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let due = touched_at + self.idle / TOUCHES_PER_IDLE;
        let later = self.expiry(created_at, now);
        (now >= due && later > self.expiry(created_at, touched_at)).then_some(later)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGUN: Timestamp = Timestamp::from_secs(1_800_000_000);

    fn after(minutes: u64) -> Timestamp {
        BEGUN + Duration::from_mins(minutes)
    }

    #[test]
    fn s4_the_earlier_of_idle_and_absolute_ends_it() {
        let lifetimes = Lifetimes::default();
        let day = 24 * 60;
        for (used, over) in [
            (0, 30),
            (10, 40),
            (day - 31, day - 1),
            (day - 30, day),
            (day - 1, day),
        ] {
            assert_eq!(lifetimes.expiry(BEGUN, after(used)), after(over), "{used}");
        }
    }

    #[test]
    fn s4_it_is_touched_every_few_minutes_and_never_past_its_end() {
        let lifetimes = Lifetimes::default();
        let day = 24 * 60;
        for (touched, now, expected) in [
            (0, 0, None),
            (0, 4, None),
            (0, 5, Some(35)),
            (5, 9, None),
            (5, 10, Some(40)),
            (day - 35, day - 30, Some(day)),
            // Nothing is gained any more: what is written is the absolute end already.
            (day - 30, day - 20, None),
            // A clock that was set back.
            (20, 10, None),
        ] {
            let touch = lifetimes.touch(BEGUN, after(touched), after(now));
            assert_eq!(touch, expected.map(after), "{touched} {now}");
        }
    }
}
