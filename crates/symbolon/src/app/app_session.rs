//! App sessions: found for a request, and kept when it is over.

use symbolon_rules::app_session::{
    AppSessionId, AppSessionKey, Changes, Draft, Lifetimes, NewId, Plan,
};
use symbolon_token::Timestamp;

use super::{App, AppError};
use crate::{
    keys::sha256,
    store::{
        BeginAppSession, EndAppSession, FindAppSession, NewKey, SaveAppSession, Saved,
        TouchAppSession,
    },
};

/// What became of a request's app session, as far as its browser must know.
#[derive(Debug)]
pub(crate) enum Kept {
    /// It is what it was, under the same id, or there is still none.
    Unchanged,
    /// It has this id from now on.
    Under(AppSessionId),
    /// It is over.
    Over,
    /// It ended while the request was under way, and what was set is not kept.
    Ended,
    /// Others filled it meanwhile, and what was set is not kept.
    Full,
}

impl App {
    /// The app session of this id, to be worked on by a request. An id that nobody was given finds
    /// nothing, and is never taken over as that of a new session.
    pub(crate) async fn find_app_session(
        &self,
        id: Option<&AppSessionId>,
        lifetimes: &Lifetimes,
    ) -> Result<Draft, AppError> {
        let now = self.clock.now();
        let stored = match id {
            Some(id) => {
                let key = id.key(sha256);
                self.store.run(FindAppSession { key, now }).await?
            }
            None => None,
        };
        Ok(Draft::open(stored, lifetimes, now))
    }

    /// Writes what the request made of it. On an error nothing may be answered that says otherwise.
    pub(crate) async fn keep_app_session(
        &self,
        draft: Draft,
        lifetimes: &Lifetimes,
    ) -> Result<Kept, AppError> {
        let now = self.clock.now();
        match draft.plan(lifetimes, now, &mut self.randomness.clone()) {
            Plan::Nothing => Ok(Kept::Unchanged),
            Plan::Begin {
                new,
                entries,
                expires_at,
                ends,
            } => {
                let begin = BeginAppSession {
                    new: hashed(&new),
                    entries,
                    now,
                    expires_at,
                    ends,
                };
                self.store.run(begin).await?;
                Ok(Kept::Under(new.id))
            }
            Plan::Save {
                key,
                changes,
                expires_at,
                renewal,
            } => {
                let save = SaveAppSession {
                    key,
                    changes: changes.clone(),
                    now,
                    expires_at,
                    renewal: renewal.as_ref().map(hashed),
                };
                Ok(kept(self.store.run(save).await?, &changes, renewal))
            }
            Plan::Touch { key, expires_at } => {
                self.touch_app_session(key, now, expires_at).await;
                Ok(Kept::Unchanged)
            }
            Plan::End { origin } => {
                self.store.run(EndAppSession { origin }).await?;
                Ok(Kept::Over)
            }
        }
    }

    /// Nobody was promised anything by a touch, so one that fails fails no request; if none comes
    /// through for the whole idle lifetime, the session is over.
    async fn touch_app_session(&self, key: AppSessionKey, now: Timestamp, expires_at: Timestamp) {
        let touch = TouchAppSession {
            key,
            now,
            expires_at,
        };
        if let Err(error) = self.store.run(touch).await {
            tracing::warn!(%error, "an app session was not touched");
        }
    }
}

fn kept(saved: Saved, changes: &Changes, renewal: Option<NewId>) -> Kept {
    match (saved, renewal) {
        (Saved::Done, Some(new)) => Kept::Under(new.id),
        (Saved::Done, None) => Kept::Unchanged,
        (Saved::Emptied, _) => Kept::Over,
        // Gone is as good as removed. The cookie is left alone: a login that ran beside this request
        // may have put a new id there.
        (Saved::Gone, None) if changes.only_remove() => Kept::Unchanged,
        (Saved::Gone, _) => Kept::Ended,
        (Saved::Full, _) => Kept::Full,
    }
}

fn hashed(new: &NewId) -> NewKey {
    NewKey {
        key: new.id.key(sha256),
        sign_in: new.sign_in,
    }
}
