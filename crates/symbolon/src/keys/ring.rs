//! The ring of signing keys, decrypted in memory, and what is published of it.
//!
//! Invariant: a key is published before it signs. The ring is read whole from the store and swapped
//! in one piece; a request sees one ring from its beginning to its end.

use std::sync::Arc;

use arc_swap::ArcSwap;
use aws_lc_rs::digest;
use data_encoding::BASE64URL_NOPAD;
use serde::Serialize;
use symbolon_rules::{
    id::StoreId,
    key_ring::{self, KeyFacts, MissingKey},
};
use symbolon_token::{Algorithm, JwkSet, KeySet, SigningKey, Timestamp, Typ, sign};

use super::encryption::{KeyEncryptionKey, Place};
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

/// The JWKS document (RFC 7517 §5), made once for each state of the ring.
#[derive(Debug)]
pub(crate) struct Published {
    /// The document.
    pub(crate) jwks: String,
    /// A strong entity tag of it (RFC 9110 §8.8.3), quotes included.
    pub(crate) etag: String,
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
    pub(crate) algorithm: Algorithm,
    pub(crate) randomness: &'a Randomness,
    pub(crate) now: Timestamp,
}

impl KeyRing {
    /// Reads the ring and adds what is missing of it: a key that signs and one that stands by.
    pub(crate) async fn open(opening: Opening<'_>) -> Result<Self, RingError> {
        for _ in 0..ROUNDS {
            let keys = read(&opening).await?;
            let facts: Vec<_> = keys.iter().map(|key| key.facts.clone()).collect();
            let missing = key_ring::missing(&facts, opening.algorithm, opening.now);
            if missing.is_empty() {
                return Ok(Self {
                    ring: ArcSwap::from_pointee(Ring::new(keys)?),
                    algorithm: opening.algorithm,
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
    fn new(keys: Vec<RingKey>) -> Result<Self, RingError> {
        let public = keys.iter().filter_map(|key| key.key.public_jwk());
        let document = JwkSet {
            keys: public.collect(),
        };
        let jwks = serde_json::to_string(&document).map_err(|_| RingError::NoKey)?;
        let hash = digest::digest(&digest::SHA256, jwks.as_bytes());
        let etag = format!("\"{}\"", BASE64URL_NOPAD.encode(&hash.as_ref()[..16]));
        Ok(Self {
            keys,
            published: Arc::new(Published { jwks, etag }),
        })
    }
}

impl Opening<'_> {
    async fn add(&self, missing: &MissingKey) -> Result<(), RingError> {
        let key = SigningKey::generate(missing.algorithm)?;
        let kid = key.kid().ok_or(RingError::NoKey)?.to_owned();
        let sealed = self
            .kek
            .seal(
                &key.to_pkcs8_der()?,
                &self.place(&kid, missing.algorithm),
                &mut self.randomness.clone(),
            )
            .ok_or(RingError::NoKey)?;
        let facts = KeyFacts {
            kid,
            algorithm: missing.algorithm,
            number: missing.number,
            activates_at: missing.activates_at,
        };
        let key = SealedKey { facts, sealed };
        self.store.run(AddKey { key, now: self.now }).await?;
        Ok(())
    }

    fn place<'a>(&self, kid: &'a str, algorithm: Algorithm) -> Place<'a> {
        Place {
            store: self.store_id,
            kid,
            algorithm: algorithm.name(),
            purpose: PURPOSE,
        }
    }
}

async fn read(opening: &Opening<'_>) -> Result<Vec<RingKey>, RingError> {
    let sealed = opening.store.run(ListKeys).await?;
    let open = |SealedKey { facts, sealed }: SealedKey| {
        let place = opening.place(&facts.kid, facts.algorithm);
        let der = opening
            .kek
            .unseal(&sealed, &place)
            .ok_or_else(|| RingError::Sealed {
                kid: facts.kid.clone(),
                kek: opening.kek.id(),
            })?;
        let key = SigningKey::from_pkcs8_der(facts.algorithm, &der)?.with_kid(facts.kid.as_str());
        Ok(RingKey { facts, key })
    };
    sealed.into_iter().map(open).collect()
}
