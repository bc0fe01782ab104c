//! What is told of signing keys: for tables, for JSON, for a program.
//!
//! Serialised, times are whole seconds since the epoch (RFC 7519 §2), spans are seconds, and algorithms are
//! their names.

use std::time::Duration;

use serde::{Serialize, Serializer};
use symbolon_rules::key_ring::{
    Change, JWKS_MAX_AGE, KeyFacts, KeyState, Planned, Turnover, retires_at, signing_access, state,
};
use symbolon_token::{Algorithm, Jwk, Timestamp};

use crate::{app::AppError, keys::RingError, store::StoreError};

/// A signing key; see [`Engine::keys`](crate::Engine::keys).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct KeyListed {
    /// Its name in tokens and in the JWKS.
    pub kid: String,
    /// What it signs with.
    #[serde(serialize_with = "name")]
    pub algorithm: Algorithm,
    /// Counts the keys of an algorithm from 1.
    pub number: i64,
    /// Where it is in its life.
    pub state: KeyState,
    /// Whether it is the one that signs access tokens now.
    pub signs_access_tokens: bool,
    /// Whether it is in the JWKS.
    pub published: bool,
    /// Since when it is there.
    #[serde(serialize_with = "seconds")]
    pub created_at: Timestamp,
    /// From when on it signs, or did.
    #[serde(serialize_with = "maybe_seconds")]
    pub activates_at: Option<Timestamp>,
    /// When nothing that it signed counts any more, where that is known.
    #[serde(serialize_with = "maybe_seconds")]
    pub retires_at: Option<Timestamp>,
    /// Since when it is out of service.
    #[serde(serialize_with = "maybe_seconds")]
    pub revoked_at: Option<Timestamp>,
}

pub(super) fn listed(keys: &[KeyFacts], turnover: &Turnover, now: Timestamp) -> Vec<KeyListed> {
    let signs = signing_access(keys, &turnover.algorithms, now);
    let listed = keys.iter().map(|key| {
        let state = state(key, keys, turnover, now);
        KeyListed {
            kid: key.kid.clone(),
            algorithm: key.algorithm,
            number: key.number,
            state,
            signs_access_tokens: signs.is_some_and(|signs| signs.kid == key.kid),
            published: state.is_published(),
            created_at: key.created_at,
            activates_at: key.activates_at,
            retires_at: retires_at(key, keys, turnover, now),
            revoked_at: key.revoked_at,
        }
    });
    listed.collect()
}

/// A change to come; see [`Engine::plan_keys`](crate::Engine::plan_keys).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PlannedChange {
    /// When.
    #[serde(serialize_with = "seconds")]
    pub at: Timestamp,
    /// What.
    pub change: Change,
    /// To which key; `None` for one that isn't made yet.
    pub kid: Option<String>,
    /// What it signs with.
    #[serde(serialize_with = "name")]
    pub algorithm: Algorithm,
}

impl From<Planned> for PlannedChange {
    fn from(planned: Planned) -> Self {
        Self {
            at: planned.at,
            change: planned.change,
            kid: planned.kid,
            algorithm: planned.algorithm,
        }
    }
}

/// A key whose time was fixed; see [`Engine::rotate_key`](crate::Engine::rotate_key).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Rotated {
    /// The next key.
    pub kid: String,
    /// What it signs with.
    #[serde(serialize_with = "name")]
    pub algorithm: Algorithm,
    /// From when on it signs.
    #[serde(serialize_with = "seconds")]
    pub activates_at: Timestamp,
    /// The one that signs until then.
    pub previous: Option<String>,
}

/// A key that is out of service; see [`Engine::revoke_key`](crate::Engine::revoke_key).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Revoked {
    /// Which one.
    pub kid: String,
    /// The one that signs in its place, if it was one that signed.
    pub successor: Option<String>,
    /// How long verifiers elsewhere may refuse the successor's tokens because they haven't fetched it
    /// yet; zero where it stood by for long enough.
    #[serde(serialize_with = "span")]
    pub unknown_for: Duration,
}

impl Revoked {
    /// How long verifiers elsewhere may still accept tokens of the revoked key: the JWKS' `max-age`.
    pub const ACCEPTED_ELSEWHERE: Duration = JWKS_MAX_AGE;
}

/// The public half of a signing key; see [`Engine::public_keys`](crate::Engine::public_keys).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PublicKey {
    /// Its name in tokens.
    pub kid: String,
    /// What its signatures are made with.
    pub algorithm: String,
    /// `SubjectPublicKeyInfo` as PEM (RFC 7468 §13).
    pub pem: String,
}

impl PublicKey {
    pub(super) fn of(jwk: &Jwk) -> Self {
        Self {
            kid: jwk.kid().unwrap_or_default().to_owned(),
            algorithm: jwk.algorithm().unwrap_or_default().to_owned(),
            pem: jwk.to_spki_pem(),
        }
    }
}

/// Why nothing was done to the keys.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// There are none that turn over.
    #[error("tokens are signed by a shared secret; there are no signing keys to turn over")]
    SharedSecret,
    /// No key has this name.
    #[error("there is no signing key {0}; list them to see their names")]
    Unknown(String),
    /// It is out of service already.
    #[error("the signing key {0} was revoked before")]
    AlreadyRevoked(String),
    /// The next key has been announced.
    #[error(
        "the next signing key {kid} is announced already and signs from {} (Unix time) on; to let it \
         sign sooner rotate at once, in an emergency", at.as_secs()
    )]
    UnderWay {
        /// The next key.
        kid: String,
        /// From when on it signs.
        at: Timestamp,
    },
    /// The configuration names other algorithms.
    #[error("the configuration names no signing keys with {0}")]
    OtherAlgorithm(Algorithm),
    /// Somebody else changed the keys at the same time.
    #[error("somebody else changed the signing keys at the same time; list them and decide again")]
    Contended,
    /// Nothing was decided; try again.
    #[error(transparent)]
    App(#[from] AppError),
}

crate::reads_as_text!(KeyError);

impl From<StoreError> for KeyError {
    fn from(error: StoreError) -> Self {
        Self::App(error.into())
    }
}

impl From<RingError> for KeyError {
    fn from(error: RingError) -> Self {
        Self::App(error.into())
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn name<S: Serializer>(algorithm: &Algorithm, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(algorithm.name())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn seconds<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_i64(at.as_secs())
}

#[expect(clippy::ref_option, reason = "serde calls it so")]
fn maybe_seconds<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    at.map(Timestamp::as_secs).serialize(serializer)
}

fn span<S: Serializer>(span: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(span.as_secs())
}
