//! The ring of signing keys, decrypted in memory, and what is published of it.
//!
//! Invariant: a key is published before it signs. The ring is read whole from the store and swapped
//! in one piece; a request sees one ring from its beginning to its end.

use std::sync::Arc;

use arc_swap::ArcSwap;
use serde::Serialize;
use symbolon_rules::{
    id::StoreId,
    key_ring::{self, KeyFacts, MissingKey},
};
use symbolon_token::{Algorithm, KeySet, SigningKey, Timestamp, Typ, sign};
use zeroize::Zeroizing;

use super::{
    Published,
    encryption::{KeyEncryptionKey, Place},
};
use crate::{
    Randomness,
    store::{AddKey, ListKeys, SealedKey, Store, StoreError},
};

/// What the keys are for, in their associated data.
const PURPOSE: &str = "access";
/// Times to look again when another node adds the key that is missing here.
const ROUNDS: usize = 5;

/// The signing keys of a store.
pub(crate) struct KeyRing {
    ring: ArcSwap<Ring>,
    algorithm: Algorithm,
}

struct Ring {
    keys: Vec<RingKey>,
    published: Arc<Published>,
}

struct RingKey {
    facts: KeyFacts,
    key: SigningKey,
}

/// Why there are no keys to sign with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RingError {
    /// The store didn't answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A key doesn't open.
    #[error("the signing key {kid} can't be decrypted with the key-encryption key {kek}")]
    Sealed {
        /// Its name.
        kid: String,
        /// The name of the key that was tried.
        kek: String,
    },
    /// The cryptographic library refused.
    #[error("a signing key can't be made or read: {0}")]
    Key(#[from] symbolon_token::Error),
    /// No key signs with the configured algorithm now.
    #[error("no key is there to sign with")]
    NoKey,
}

/// What a ring is made of.
pub(crate) struct Opening<'a> {
    pub(crate) store: &'a Store,
    pub(crate) store_id: StoreId,
    pub(crate) kek: &'a KeyEncryptionKey,
    pub(crate) randomness: &'a Randomness,
    pub(crate) now: Timestamp,
}

impl KeyRing {
    /// Reads the ring and adds what is missing of it: a key that signs and one that stands by.
    pub(crate) async fn open(
        opening: &Opening<'_>,
        algorithm: Algorithm,
    ) -> Result<Self, RingError> {
        for _ in 0..ROUNDS {
            let keys = read(opening).await?;
            let facts: Vec<_> = keys.iter().map(|key| key.facts.clone()).collect();
            let missing = key_ring::missing(&facts, algorithm, opening.now);
            if missing.is_empty() {
                return Ok(Self {
                    ring: ArcSwap::from_pointee(Ring::new(keys)),
                    algorithm,
                });
            }
            // Whether it was this node's key that got in or another's, the next round reads it.
            for missing in missing {
                opening.add(&missing).await?;
            }
        }
        Err(RingError::NoKey)
    }

    /// Signs an access token with the key whose time it is.
    pub(crate) fn sign_access(
        &self,
        claims: &impl Serialize,
        now: Timestamp,
    ) -> Result<String, RingError> {
        let ring = self.ring.load();
        let facts = ring.keys.iter().map(|key| &key.facts);
        let kid = &key_ring::signing(facts, self.algorithm, now)
            .ok_or(RingError::NoKey)?
            .kid;
        let key = ring
            .keys
            .iter()
            .find(|key| key.facts.kid == *kid)
            .ok_or(RingError::NoKey)?;
        Ok(sign(&key.key, Typ::ACCESS_TOKEN, claims)?)
    }

    /// Since when the key that signs now has been signing.
    #[cfg(feature = "cli")]
    pub(crate) fn signing_since(&self, now: Timestamp) -> Option<Timestamp> {
        let ring = self.ring.load();
        let facts = ring.keys.iter().map(|key| &key.facts);
        key_ring::signing(facts, self.algorithm, now).and_then(|facts| facts.activates_at)
    }

    /// What is published.
    pub(crate) fn published(&self) -> Arc<Published> {
        Arc::clone(&self.ring.load().published)
    }

    /// The keys that verify what this ring signs, the standby included.
    pub(crate) fn verifying_keys(&self) -> Result<KeySet, RingError> {
        let ring = self.ring.load();
        let keys = ring.keys.iter().map(|key| key.key.verifying_key());
        Ok(KeySet::new(keys)?)
    }
}

impl Ring {
    fn new(keys: Vec<RingKey>) -> Self {
        let public = keys.iter().filter_map(|key| key.key.public_jwk());
        let published = Arc::new(Published::of(public.collect()));
        Self { keys, published }
    }
}

impl Opening<'_> {
    async fn add(&self, missing: &MissingKey) -> Result<(), RingError> {
        let key = SigningKey::generate(missing.algorithm)?;
        let kid = key.kid().ok_or(RingError::NoKey)?.to_owned();
        let facts = KeyFacts {
            kid,
            algorithm: missing.algorithm,
            number: missing.number,
            activates_at: missing.activates_at,
        };
        let sealed = self.seal(&facts, &key.to_pkcs8_der()?)?;
        let key = SealedKey { facts, sealed };
        self.store.run(AddKey { key, now: self.now }).await?;
        Ok(())
    }

    /// Encrypts a private key for its row.
    pub(super) fn seal(&self, facts: &KeyFacts, plain: &[u8]) -> Result<Vec<u8>, RingError> {
        let entropy = &mut self.randomness.clone();
        let sealed = self.kek.seal(plain, &self.place(facts), entropy);
        sealed.ok_or(RingError::NoKey)
    }

    /// Decrypts a private key.
    pub(super) fn unseal(&self, key: &SealedKey) -> Result<Zeroizing<Vec<u8>>, RingError> {
        let plain = self.kek.unseal(&key.sealed, &self.place(&key.facts));
        plain.ok_or_else(|| RingError::Sealed {
            kid: key.facts.kid.clone(),
            kek: self.kek.id(),
        })
    }

    fn place<'a>(&self, facts: &'a KeyFacts) -> Place<'a> {
        Place {
            store: self.store_id,
            kid: &facts.kid,
            algorithm: facts.algorithm.name(),
            purpose: PURPOSE,
        }
    }
}

async fn read(opening: &Opening<'_>) -> Result<Vec<RingKey>, RingError> {
    let sealed = opening.store.run(ListKeys).await?;
    let open = |sealed: SealedKey| {
        let der = opening.unseal(&sealed)?;
        let facts = sealed.facts;
        let key = SigningKey::from_pkcs8_der(facts.algorithm, &der)?.with_kid(facts.kid.as_str());
        Ok(RingKey { facts, key })
    };
    let published = sealed
        .into_iter()
        .filter(|key| !key.facts.algorithm.is_symmetric());
    published.map(open).collect()
}
