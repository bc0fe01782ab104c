//! The judgement: a credential and the time in, one of four doors out.
//!
//! RFC 6750, RFC 9068 §4 (what a resource server checks; the `Verifier` does it).
//!
//! Invariant: nothing here does I/O or waits. Locks are held for a look into a map, and by nobody who waits.
//! Invariant: what is found in the cache is as good as what is verified now: its keys are those held, they
//! may still be used, and the token is in its time. Whatever differs is verified anew, so that the refusal
//! is the same with and without a cache.

use std::{sync::Arc, time::Duration};

use serde::de::DeserializeOwned;
use symbolon_token::{Timestamp, Verified};

use crate::{
    Guard, Invalid, Outcome, Reason, Unavailable, admitted::Admitted, cache::Place, issuer::Issuer,
    keys::Held, peek::Claimed, source::Sent,
};

/// What became of a token.
pub(crate) enum Judged<T> {
    Valid(T),
    Invalid(Invalid),
    Unavailable(Unavailable),
    /// Refused by the keys held. Newer ones of this issuer than those of the round might know it.
    UnknownKey {
        invalid: Invalid,
        issuer: usize,
        #[cfg_attr(not(feature = "remote"), expect(dead_code, reason = "for who can ask"))]
        round: u64,
    },
}

impl Guard {
    pub(crate) fn judge(&self, sent: Sent<'_>, now: Timestamp) -> Judged<Arc<Admitted>> {
        let place = self.inner.cache.place(sent.text);
        if let Some(admitted) = place.and_then(|place| self.kept(place, now)) {
            return Judged::Valid(admitted);
        }
        let token = match sent.read() {
            Ok(token) => token,
            Err(why) => return Judged::Invalid(Invalid::Request(why)),
        };
        self.judge_by(token, now, |issuer, held, verifier, number| {
            let proof = issuer.verify(verifier, token, now)?;
            let guard = Arc::downgrade(&self.inner);
            let admitted = Arc::new(Admitted::new(proof, token, guard, number, held.epoch));
            if let Some(place) = place {
                self.inner.cache.keep(place, &admitted);
            }
            Ok(admitted)
        })
    }

    pub(crate) fn judge_as<C: DeserializeOwned>(
        &self,
        sent: Sent<'_>,
        now: Timestamp,
    ) -> Judged<Verified<C>> {
        let token = match sent.read() {
            Ok(token) => token,
            Err(why) => return Judged::Invalid(Invalid::Request(why)),
        };
        self.judge_by(token, now, |issuer, _, verifier, _| {
            issuer.verify_as(verifier, token, now)
        })
    }

    /// Whether the deny set has something against a good token.
    pub(crate) fn denies(&self, admitted: &Admitted, now: Timestamp) -> bool {
        let Some(denied) = &self.inner.denied else {
            return false;
        };
        // Read before the look: what is added in between makes the number differ next time.
        let version = denied.version();
        if admitted.was_cleared_at(version) {
            return false;
        }
        let is_denied = denied.denies(&admitted.proof, now);
        if !is_denied {
            admitted.clear_at(version);
        }
        is_denied
    }

    fn kept(&self, place: Place, now: Timestamp) -> Option<Arc<Admitted>> {
        let admitted = self.inner.cache.find(place)?;
        let held = self.inner.issuers.get(admitted.issuer)?.keys.load();
        let counts = held.epoch == admitted.epoch && held.usable(now).is_some();
        if counts && admitted.lives(now) {
            return Some(admitted);
        }
        self.inner.cache.forget(place);
        None
    }

    fn judge_by<T>(
        &self,
        token: &str,
        now: Timestamp,
        verify: impl FnOnce(&Issuer, &Held, &symbolon_token::Verifier, usize) -> Result<T, Invalid>,
    ) -> Judged<T> {
        let Claimed { issuer, sure } = self.claimed(token);
        let Some(found) = self.inner.issuers.get(issuer) else {
            return Judged::Unavailable(Unavailable {
                retry_after: Duration::from_secs(1),
            });
        };
        let held = found.keys.load();
        let unavailable = Unavailable {
            retry_after: held.retry_after(),
        };
        let Some(verifier) = held.usable(now) else {
            return Judged::Unavailable(unavailable);
        };
        match verify(found, &held, verifier, issuer) {
            Ok(valid) => Judged::Valid(valid),
            Err(Invalid::Token(error)) if error.is_unknown_key() && sure => {
                // The issuer can't be asked about this key just now: refusing the token would turn a
                // failure of ours into a "no".
                if held.retry_after.is_some() {
                    return Judged::Unavailable(unavailable);
                }
                Judged::UnknownKey {
                    invalid: Invalid::Token(error),
                    issuer,
                    round: held.round,
                }
            }
            Err(invalid) => Judged::Invalid(invalid),
        }
    }
}

impl<T> Judged<T> {
    /// With nobody left to ask.
    pub(crate) fn settled(self) -> Result<T, Reason> {
        match self {
            Self::Valid(valid) => Ok(valid),
            Self::Invalid(invalid) | Self::UnknownKey { invalid, .. } => {
                Err(Reason::Invalid(invalid))
            }
            Self::Unavailable(unavailable) => Err(Reason::Unavailable(unavailable)),
        }
    }
}

impl<C> From<Judged<Verified<C>>> for Outcome<C> {
    fn from(judged: Judged<Verified<C>>) -> Self {
        match judged {
            Judged::Valid(token) => Self::Valid(token),
            Judged::Invalid(invalid) | Judged::UnknownKey { invalid, .. } => Self::Invalid(invalid),
            Judged::Unavailable(unavailable) => Self::Unavailable(unavailable),
        }
    }
}

#[cfg(all(test, feature = "testing"))]
mod tests;
