//! An app session as one request sees and changes it, and what is to be written of that.

use symbolon_token::Timestamp;

use super::{AppSessionId, AppSessionKey, Changes, Entries, EntryError, Lifetimes};
use crate::{Entropy, id::SessionId};

/// An app session as the store knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Where it is kept.
    pub key: AppSessionKey,
    /// Its values.
    pub entries: Entries,
    /// When it began; a new id doesn't change that.
    pub created_at: Timestamp,
    /// When it was last written.
    pub touched_at: Timestamp,
}

/// What one request makes of its app session.
#[derive(Debug)]
pub struct Draft {
    stored: Option<Stored>,
    entries: Entries,
    ends: Option<AppSessionKey>,
    renewal: Option<Renewal>,
}

#[derive(Clone, Copy, Debug)]
enum Renewal {
    NewId,
    SignedIn(SessionId),
}

/// What is to be written.
#[derive(Debug)]
pub enum Plan {
    /// Nothing.
    Nothing,
    /// A session begins, with these entries; where one is named, another ends.
    Begin {
        /// The new session's id, its beginning and the sign-in it hangs on.
        new: NewId,
        /// Its values.
        entries: Entries,
        /// When it is over.
        expires_at: Timestamp,
        /// The one that it comes after.
        ends: Option<AppSessionKey>,
    },
    /// Changes are made, if it isn't over, and it gets a new id where there is one.
    Save {
        /// Where it is kept.
        key: AppSessionKey,
        /// What was changed.
        changes: Changes,
        /// When it is over.
        expires_at: Timestamp,
        /// Where it is kept from now on.
        renewal: Option<NewId>,
    },
    /// It was used.
    Touch {
        /// Where it is kept.
        key: AppSessionKey,
        /// When it is over.
        expires_at: Timestamp,
    },
    /// It ends.
    End {
        /// Where it is kept.
        key: AppSessionKey,
    },
}

/// An id to hand out.
#[derive(Debug)]
pub struct NewId {
    /// The id.
    pub id: AppSessionId,
    /// The sign-in without which the session doesn't count.
    pub sign_in: Option<SessionId>,
}

impl Draft {
    /// What a request finds. A session that is over is none, whatever the store still holds.
    pub fn open(stored: Option<Stored>, lifetimes: &Lifetimes, now: Timestamp) -> Self {
        let stored =
            stored.filter(|stored| lifetimes.expiry(stored.created_at, stored.touched_at) > now);
        Self {
            entries: stored
                .as_ref()
                .map(|stored| stored.entries.clone())
                .unwrap_or_default(),
            stored,
            ends: None,
            renewal: None,
        }
    }

    /// The values as they are now.
    pub const fn entries(&self) -> &Entries {
        &self.entries
    }

    /// Puts a value, as JSON text, under a key.
    pub fn set(&mut self, key: &str, json: String) -> Result<(), EntryError> {
        self.entries.set(key, json)
    }

    /// Takes a value away, if there is one.
    pub fn remove(&mut self, key: &str) {
        self.entries.remove(key);
    }

    /// Takes every value away.
    pub fn clear(&mut self) {
        self.entries.clear();
    }

    /// Asks for a new id.
    pub fn renew(&mut self) {
        self.renewal.get_or_insert(Renewal::NewId);
    }

    /// Asks for a new id, under which the session counts only as long as this sign-in does.
    pub fn renew_for(&mut self, sign_in: SessionId) {
        self.renewal = Some(Renewal::SignedIn(sign_in));
    }

    /// Ends it. What is set afterwards begins another.
    pub fn end(&mut self) {
        self.ends = self.stored.take().map(|stored| stored.key).or(self.ends);
        self.entries.clear();
        self.renewal = None;
    }

    /// Decides what is to be written, now that the request is over. A session without values isn't
    /// kept, and none begins without one.
    pub fn plan(self, lifetimes: &Lifetimes, now: Timestamp, entropy: &mut impl Entropy) -> Plan {
        let sign_in = match self.renewal {
            Some(Renewal::SignedIn(sign_in)) => Some(sign_in),
            Some(Renewal::NewId) | None => None,
        };
        let mut new = || NewId {
            id: AppSessionId::generate(now, entropy),
            sign_in,
        };
        let Some(stored) = self.stored else {
            return match (self.entries.is_empty(), self.ends) {
                (true, None) => Plan::Nothing,
                (true, Some(key)) => Plan::End { key },
                (false, ends) => Plan::Begin {
                    new: new(),
                    entries: self.entries,
                    expires_at: lifetimes.expiry(now, now),
                    ends,
                },
            };
        };
        let key = stored.key;
        let changes = self.entries.changes_since(&stored.entries);
        if changes.is_empty() && self.renewal.is_none() {
            return match lifetimes.touch(stored.created_at, stored.touched_at, now) {
                Some(expires_at) => Plan::Touch { key, expires_at },
                None => Plan::Nothing,
            };
        }
        Plan::Save {
            key,
            changes,
            expires_at: lifetimes.expiry(stored.created_at, now),
            renewal: self.renewal.map(|_| new()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, time::Duration};

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    struct Ones;

    impl Entropy for Ones {
        fn fill(&mut self, bytes: &mut [u8]) {
            bytes.fill(1);
        }
    }

    fn stored() -> Stored {
        let entries = BTreeMap::from([("name".to_owned(), "\"user1\"".to_owned())]);
        Stored {
            key: AppSessionId::generate(NOW, &mut Ones).key(|_| [2; 32]),
            entries: Entries::from_stored(entries),
            created_at: NOW,
            touched_at: NOW,
        }
    }

    fn planned(stored: Option<Stored>, after: Duration, act: impl FnOnce(&mut Draft)) -> Plan {
        let lifetimes = Lifetimes::default();
        let mut draft = Draft::open(stored, &lifetimes, NOW + after);
        act(&mut draft);
        draft.plan(&lifetimes, NOW + after, &mut Ones)
    }

    fn set(draft: &mut Draft) {
        draft.set("other", "1".to_owned()).unwrap();
    }

    #[test]
    fn p3_06_nothing_begins_without_a_value() {
        for act in [
            |_: &mut Draft| {},
            |draft: &mut Draft| draft.remove("name"),
            Draft::clear,
            Draft::renew,
            Draft::end,
            |draft: &mut Draft| {
                set(draft);
                draft.remove("other");
            },
        ] {
            assert!(matches!(planned(None, Duration::ZERO, act), Plan::Nothing));
        }
        let begun = planned(None, Duration::ZERO, set);
        assert!(matches!(begun, Plan::Begin { ends: None, expires_at, .. }
            if expires_at == NOW + Duration::from_mins(30)));
    }

    #[test]
    fn p3_07_reading_writes_nothing_until_a_touch_is_due() {
        let read = |after| planned(Some(stored()), after, |_| {});
        assert!(matches!(read(Duration::from_secs(299)), Plan::Nothing));
        assert!(
            matches!(read(Duration::from_mins(5)), Plan::Touch { expires_at, .. }
            if expires_at == NOW + Duration::from_mins(35))
        );
        // Over: what is in the store counts for nothing.
        assert!(matches!(read(Duration::from_mins(30)), Plan::Nothing));
    }

    #[test]
    fn s2_a_new_id_goes_with_the_changes_and_keeps_the_absolute_end() {
        let late = Duration::from_mins(20);
        let mut old = stored();
        old.created_at = NOW - Duration::from_mins(23 * 60 + 30);
        let Plan::Save {
            key,
            changes,
            expires_at,
            renewal,
        } = planned(Some(old), late, |draft| {
            draft.renew();
            set(draft);
        })
        else {
            panic!("not saved")
        };
        assert_eq!(key, stored().key);
        assert!(!changes.is_empty());
        assert_eq!(expires_at, NOW + Duration::from_mins(30));
        assert!(renewal.is_some_and(|new| new.sign_in.is_none()));
    }

    #[test]
    fn s4_what_is_set_after_the_end_begins_another() {
        let ended = planned(Some(stored()), Duration::ZERO, Draft::end);
        assert!(matches!(ended, Plan::End { key } if key == stored().key));
        let again = planned(Some(stored()), Duration::ZERO, |draft| {
            draft.renew();
            draft.end();
            draft.end();
            assert!(draft.entries().is_empty());
            set(draft);
        });
        let Plan::Begin {
            new, entries, ends, ..
        } = again
        else {
            panic!("not begun")
        };
        assert_eq!(ends, Some(stored().key));
        assert_eq!(entries.find("name"), None);
        assert_ne!(new.id.key(|_| [3; 32]), stored().key);
    }

    #[test]
    fn s4_a_lifetime_that_was_shortened_holds_for_old_sessions() {
        let lifetimes = Lifetimes {
            idle: Duration::from_mins(1),
            ..Lifetimes::default()
        };
        let draft = Draft::open(Some(stored()), &lifetimes, NOW + Duration::from_mins(1));
        assert!(draft.entries().is_empty());
    }
}
