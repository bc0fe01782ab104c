//! How tokens are signed, as a program chooses it, and the keys that do it.

use std::sync::Arc;

use serde::Serialize;
use symbolon_guard::{SecretError, SecretFlaw, SharedSecret};
use symbolon_token::{Algorithm, KeySet, Timestamp};

use super::{
    KeyOptions, Published,
    ring::{KeyRing, Opening, RingError},
    shared::SharedKey,
};

/// How access tokens are signed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Signing {
    /// By keys of the store's own, with this algorithm; their public halves are in the JWKS, so
    /// anybody can verify and nobody else can sign. The default, with ES256.
    Published(Algorithm),
    /// By this secret, with HS256. Whoever verifies holds the secret and could sign.
    Shared(SharedSecret),
    /// By a secret that the store makes at its first start and keeps encrypted, with HS256: for a
    /// program that is the only one to verify its tokens.
    SharedKept,
}

impl Signing {
    /// By the secret in the environment, `JWT_SECRET_KEY`, else `SECRET_KEY`; by a kept one where
    /// neither is set. One that is set and unfit (short, known from tutorials) is an error that says
    /// how to make a good one.
    pub fn shared_from_env() -> Result<Self, SecretError> {
        match SharedSecret::from_env() {
            Ok(secret) => Ok(Self::Shared(secret)),
            Err(error) if error.flaw() == SecretFlaw::Missing => Ok(Self::SharedKept),
            Err(error) => Err(error),
        }
    }
}

/// The keys that sign, and what verifies it.
pub(crate) enum Keys {
    Ring(KeyRing),
    Shared(SharedKey),
}

impl Keys {
    /// Reads the keys from the store, and makes those that are missing.
    pub(crate) async fn open(
        signing: &Signing,
        options: &KeyOptions,
        opening: &Opening<'_>,
    ) -> Result<Self, RingError> {
        Ok(match signing {
            Signing::Published(algorithm) => {
                Self::Ring(KeyRing::open(opening, options.turnover(*algorithm)).await?)
            }
            Signing::Shared(secret) => Self::Shared(SharedKey::given(secret)),
            Signing::SharedKept => Self::Shared(SharedKey::kept(opening).await?),
        })
    }

    /// Signs an access token with the key whose time it is.
    pub(crate) fn sign_access(
        &self,
        claims: &impl Serialize,
        now: Timestamp,
    ) -> Result<String, RingError> {
        match self {
            Self::Ring(ring) => ring.sign_access(claims, now),
            Self::Shared(key) => key.sign_access(claims),
        }
    }

    /// The keys that turn over, where there are some.
    pub(crate) fn ring(&self) -> Option<&KeyRing> {
        match self {
            Self::Ring(ring) => Some(ring),
            Self::Shared(_) => None,
        }
    }

    /// What is published.
    pub(crate) fn published(&self) -> Arc<Published> {
        match self {
            Self::Ring(ring) => ring.published(),
            Self::Shared(key) => key.published(),
        }
    }

    /// Since when the key that signs now has been signing; nothing of a secret, which has no times.
    #[cfg(feature = "cli")]
    pub(crate) fn signing_since(&self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Ring(ring) => ring.signing_since(now),
            Self::Shared(_) => None,
        }
    }

    /// The keys that verify what these sign.
    pub(crate) fn verifying_keys(&self) -> Result<KeySet, RingError> {
        match self {
            Self::Ring(ring) => ring.verifying_keys(),
            Self::Shared(key) => key.verifying_keys(),
        }
    }
}
