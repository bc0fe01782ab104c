//! Signing with a secret that verifiers share (HS256): given by the program, or made and kept.
//!
//! Invariant: a shared secret is in no JWKS. Whoever holds it can sign, so the program gives it to
//! those whom it trusts as itself.

use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;
use serde::Serialize;
use symbolon_guard::SharedSecret;
use symbolon_rules::{Entropy, key_ring::KeyFacts};
use symbolon_token::{Algorithm, KeySet, SigningKey, Typ, sign};
use zeroize::Zeroizing;

use super::{
    Published,
    ring::{Opening, RingError},
};
use crate::store::ListKeys;

/// The name of the kept secret in the store; tokens don't carry it.
const KID: &str = "shared-secret";

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
        if let Some(secret) = find(opening).await? {
            return Ok(Self::given(&secret));
        }
        let mut random = Zeroizing::new([0; 48]);
        opening.randomness.clone().fill(&mut *random);
        let text = Zeroizing::new(BASE64URL_NOPAD.encode(&*random));
        let facts = KeyFacts {
            kid: KID.to_owned(),
            algorithm: Algorithm::HS256,
            number: 1,
            created_at: opening.now,
            activates_at: Some(opening.now),
            revoked_at: None,
        };
        opening.keep(facts, text.as_bytes()).await?;
        // Whether it was this node's that got in or another's, it is the one.
        let secret = find(opening).await?.ok_or(RingError::NoKey)?;
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

async fn find(opening: &Opening<'_>) -> Result<Option<SharedSecret>, RingError> {
    let keys = opening.store.run(ListKeys).await?;
    let Some(sealed) = keys.into_iter().find(|key| key.facts.kid == KID) else {
        return Ok(None);
    };
    let text = opening.unseal(&sealed)?;
    let text = str::from_utf8(&text).map_err(|_| RingError::NoKey)?;
    // What this crate made passes its own checks.
    SharedSecret::parse(text)
        .map(Some)
        .map_err(|_| RingError::NoKey)
}
