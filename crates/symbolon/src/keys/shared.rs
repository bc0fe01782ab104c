//! Signing with a secret that verifiers share (HS256): given by the program, or made and kept.
//!
//! Invariant: a shared secret is in no JWKS. Whoever holds it can sign, so the program gives it to
//! those whom it trusts as itself.

use std::sync::Arc;

use serde::Serialize;
use symbolon_guard::SharedSecret;
use symbolon_token::{KeySet, SigningKey, Typ, sign};

use super::{
    Published,
    kept::{Use, kept},
    ring::{Opening, RingError},
};

/// A secret that signs.
pub(crate) struct SharedKey {
    key: SigningKey,
    published: Arc<Published>,
}

impl SharedKey {
    /// A secret of the program's own.
    pub(crate) fn given(secret: &SharedSecret) -> Self {
        Self {
            key: secret.signing_key(),
            published: Arc::new(Published::of(Vec::new())),
        }
    }

    /// The secret that the store keeps, made at the first start.
    pub(crate) async fn kept(opening: &Opening<'_>) -> Result<Self, RingError> {
        let text = kept(opening, Use::Signing).await?;
        // What this crate made passes its own checks.
        let secret = SharedSecret::parse(&text).map_err(|_| RingError::NoKey)?;
        Ok(Self::given(&secret))
    }

    pub(crate) fn sign_access(&self, claims: &impl Serialize) -> Result<String, RingError> {
        Ok(sign(&self.key, Typ::ACCESS_TOKEN, claims)?)
    }

    pub(crate) fn published(&self) -> Arc<Published> {
        Arc::clone(&self.published)
    }

    pub(crate) fn verifying_keys(&self) -> Result<KeySet, RingError> {
        Ok(KeySet::new([self.key.verifying_key()])?)
    }
}
