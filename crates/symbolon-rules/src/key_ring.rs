//! Which key signs, which are published, and what must be written to turn keys over.
//!
//! Invariant: all of it follows from rows and the time, so any number of nodes agree without a leader.
//! Each step says which row it was decided by; who comes second finds another row and looks again.
//! Invariant: a key is published long before it signs for the first time (M2), and until its last
//! token is dead. Only an emergency shortens the first.

mod plan;
mod turnover;

use std::time::Duration;

use serde::Serialize;
use symbolon_token::{Algorithm, Timestamp};

use crate::tokens::LIFETIME_MAX;

pub use self::{
    plan::{Change, Planned, plan},
    turnover::{
        Activation, NewKey, NotRevoked, NotRotated, Pace, Revocation, Step, decide, revoke, rotate,
    },
};

/// How long a verifier may keep the JWKS: its `max-age`.
pub const JWKS_MAX_AGE: Duration = Duration::from_mins(5);
/// The least that a key's first signature is announced ahead: until the last cached JWKS is old, and
/// every node has looked again.
pub const ANNOUNCE_MIN: Duration = Duration::from_mins(15);
/// How far ahead it is announced unless said otherwise.
pub const ANNOUNCE: Duration = Duration::from_hours(24);
/// How long a key signs unless said otherwise.
pub const ROTATE_EVERY: Duration = Duration::from_hours(90 * 24);

/// When the last token of a key is dead, counted from its last signature: the longest life of a token,
/// and ten minutes for clocks that differ and nodes that hadn't looked yet.
pub const TOKENS_DEAD_AFTER: Duration =
    Duration::from_secs(LIFETIME_MAX.as_secs() + Duration::from_mins(10).as_secs());

/// What the ring knows of a signing key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFacts {
    /// Its name in tokens and in the JWKS: the RFC 7638 thumbprint.
    pub kid: String,
    /// What it signs with.
    pub algorithm: Algorithm,
    /// Counts the keys of an algorithm from 1; unique with it, so two nodes can't make two.
    pub number: i64,
    /// Since when it is there, and published.
    pub created_at: Timestamp,
    /// From when on it signs; `None` for a standby.
    pub activates_at: Option<Timestamp>,
    /// Since when nothing that it signed counts any more.
    pub revoked_at: Option<Timestamp>,
}

/// How keys turn over, as the configuration says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turnover {
    /// The first one signs access tokens; of the others keys are published and kept ready.
    pub algorithms: Vec<Algorithm>,
    /// How long a key signs.
    pub rotate_every: Duration,
    /// How long before its first signature a key's time is fixed.
    pub announce: Duration,
}

/// Why keys can't turn over like this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TurnoverError {
    /// One is named twice.
    Twice(Algorithm),
    /// Verifiers that hold the key could sign.
    Symmetric(Algorithm),
    /// [`ANNOUNCE_MIN`] or more.
    Announce,
    /// Twice as long as keys are announced ahead, at the least.
    RotateEvery,
}

impl Turnover {
    /// Refuses what would turn good tokens away.
    pub fn check(&self) -> Result<(), TurnoverError> {
        for (at, algorithm) in self.algorithms.iter().enumerate() {
            if algorithm.is_symmetric() {
                return Err(TurnoverError::Symmetric(*algorithm));
            }
            if self
                .algorithms
                .iter()
                .take(at)
                .any(|other| other == algorithm)
            {
                return Err(TurnoverError::Twice(*algorithm));
            }
        }
        if self.announce < ANNOUNCE_MIN {
            return Err(TurnoverError::Announce);
        }
        if self.rotate_every < self.announce.saturating_mul(2) {
            return Err(TurnoverError::RotateEvery);
        }
        Ok(())
    }
}

/// Where a key is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum KeyState {
    /// Published; it hasn't been said when it will sign.
    Standby,
    /// Published; it is known when it will sign.
    Announced,
    /// The one that signs with its algorithm.
    Signing,
    /// Signs no more, but tokens that it signed may still count.
    Retiring,
    /// Nothing that it signed counts any more: its row may go.
    Over,
    /// Taken out of service in an emergency.
    Revoked,
}

impl KeyState {
    /// Whether the key stands in the JWKS, and its tokens are good.
    pub const fn is_published(self) -> bool {
        match self {
            Self::Standby | Self::Announced | Self::Signing | Self::Retiring => true,
            Self::Over | Self::Revoked => false,
        }
    }
}

impl KeyFacts {
    fn counts(&self) -> bool {
        self.revoked_at.is_none()
    }

    fn is_active(&self, now: Timestamp) -> bool {
        self.counts() && self.activates_at.is_some_and(|from| from <= now)
    }

    /// Keys in the order in which they sign.
    fn order(&self) -> (Option<Timestamp>, i64) {
        (self.activates_at, self.number)
    }
}

/// The key that signs with `algorithm` now: the latest one whose time has come.
pub fn signing<'a>(
    keys: impl IntoIterator<Item = &'a KeyFacts>,
    algorithm: Algorithm,
    now: Timestamp,
) -> Option<&'a KeyFacts> {
    keys.into_iter()
        .filter(|key| key.algorithm == algorithm && key.is_active(now))
        .max_by_key(|key| key.order())
}

/// The key that signs access tokens now: that of the first configured algorithm which has one. Until the
/// time of a new algorithm's first key has come, an old algorithm goes on.
pub fn signing_access<'a, K>(
    keys: K,
    algorithms: &[Algorithm],
    now: Timestamp,
) -> Option<&'a KeyFacts>
where
    K: IntoIterator<Item = &'a KeyFacts> + Clone,
{
    let configured = algorithms
        .iter()
        .find_map(|algorithm| signing(keys.clone(), *algorithm, now));
    configured.or_else(|| {
        keys.into_iter()
            .filter(|key| !key.algorithm.is_symmetric() && key.is_active(now))
            .max_by_key(|key| key.order())
    })
}

/// When nothing that a key signed, or will have signed by the rules, counts any more; `None` while that
/// can't be said.
///
/// Whether a configuration still names an algorithm can't be seen in rows, and another node's may. So the
/// latest key of an algorithm that isn't named here is kept for as long as a node that names it would sign
/// with it.
pub fn retires_at(
    key: &KeyFacts,
    keys: &[KeyFacts],
    turnover: &Turnover,
    now: Timestamp,
) -> Option<Timestamp> {
    if let Some(revoked_at) = key.revoked_at {
        return Some(revoked_at + TOKENS_DEAD_AFTER);
    }
    let later = keys.iter().filter(|other| {
        other.algorithm == key.algorithm && other.counts() && other.order() > key.order()
    });
    // A standby is later than none that signs; keys without a time come first in this order.
    if key.activates_at.is_some()
        && let Some(successor) = later.min_by_key(|key| key.order())
    {
        return successor.activates_at.map(|from| from + TOKENS_DEAD_AFTER);
    }
    let is_named = turnover.algorithms.contains(&key.algorithm);
    let signs = signing_access(keys, &turnover.algorithms, now).is_none_or(|signs| {
        // The standby of what signs is needed as well.
        signs.algorithm == key.algorithm
    });
    if is_named || signs {
        return None;
    }
    let begun = key.activates_at.unwrap_or_else(|| {
        let active = signing(keys, key.algorithm, now).and_then(|active| active.activates_at);
        active.unwrap_or(key.created_at)
    });
    let taken_over = keys
        .iter()
        .filter(|other| turnover.algorithms.contains(&other.algorithm) && other.counts())
        .filter_map(|other| other.activates_at)
        .min()?;
    let natural_end = begun + turnover.rotate_every + turnover.announce;
    Some(natural_end.max(taken_over) + TOKENS_DEAD_AFTER)
}

/// Where a key of the ring is in its life.
pub fn state(key: &KeyFacts, keys: &[KeyFacts], turnover: &Turnover, now: Timestamp) -> KeyState {
    if !key.counts() {
        return KeyState::Revoked;
    }
    if key.activates_at.is_some_and(|from| from > now) {
        return KeyState::Announced;
    }
    let is_needed = turnover.algorithms.contains(&key.algorithm)
        || signing_access(keys, &turnover.algorithms, now)
            .is_some_and(|signs| signs.algorithm == key.algorithm);
    if is_needed && signs(key, keys, now) {
        return KeyState::Signing;
    }
    match retires_at(key, keys, turnover, now) {
        None => KeyState::Standby,
        Some(end) if end <= now => KeyState::Over,
        Some(_) => KeyState::Retiring,
    }
}

fn signs(key: &KeyFacts, keys: &[KeyFacts], now: Timestamp) -> bool {
    signing(keys, key.algorithm, now).is_some_and(|signs| signs.kid == key.kid)
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
