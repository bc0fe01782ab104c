//! An app session as one request sees and changes it, and what is to be written of that.

#[cfg(test)]
mod tests;

use symbolon_token::Timestamp;

use super::{AppSessionId, AppSessionKey, Changes, Entries, EntryError, Lifetimes};
use crate::{Entropy, id::SessionId};

/// An app session as the store knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Where it is kept.
    pub key: AppSessionKey,
    /// Where it was kept first, which stays: ended by this, it ends under an id that it was given
    /// meanwhile, too.
    pub origin: AppSessionKey,
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
        /// The origin of the one that it comes after.
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
        /// Where it was kept first.
        origin: AppSessionKey,
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
        self.ends = self.stored.take().map(|stored| stored.origin).or(self.ends);
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
                (true, Some(origin)) => Plan::End { origin },
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
