//! The ring of signing keys, decrypted in memory, and what is published of it.
//!
//! Invariant: a key is published before it signs. The ring is read whole from the store and swapped
//! in one piece; a request sees one ring from its beginning to its end. Whatever fails while it is read
//! anew, the ring that was read before goes on serving.

use std::{collections::HashMap, sync::Arc};

use arc_swap::ArcSwap;
use serde::Serialize;
use symbolon_rules::key_ring::{self, KeyFacts, NewKey, Step, Turnover};
use symbolon_token::{Jwk, KeySet, SigningKey, Timestamp, Typ, sign};

use super::{Published, vault::Vault};
use crate::{
    Randomness,
    store::{ActivateKey, AddKey, ListKeys, SealedKey, Store, StoreError, SweepKey},
};

/// Times to look again when there was something to write, here or on another node.
const ROUNDS: usize = 8;

/// The signing keys of a store.
pub(crate) struct KeyRing {
    ring: ArcSwap<Ring>,
    turnover: Turnover,
}

#[derive(Default)]
struct Ring {
    facts: Vec<KeyFacts>,
    /// Those that are published, by their names.
    keys: HashMap<String, SigningKey>,
    document: Arc<Published>,
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
    /// A key was encrypted with a key-encryption key that isn't at hand.
    #[error(
        "the signing key {kid} was encrypted with the key-encryption key {wanted}, and the one given \
         is {held}; give that one as the previous key-encryption key"
    )]
    OtherKek {
        /// Its name.
        kid: String,
        /// The names of those at hand.
        held: String,
        /// The name of the one that is wanted.
        wanted: String,
    },
    /// The cryptographic library refused.
    #[error("a signing key can't be made or read: {0}")]
    Key(#[from] symbolon_token::Error),
    /// No key signs with the configured algorithm now.
    #[error("no key is there to sign with")]
    NoKey,
}

/// What a ring is made of.
#[derive(Clone, Copy)]
pub(crate) struct Opening<'a> {
    pub(crate) store: &'a Store,
    pub(crate) vault: &'a Vault,
    pub(crate) randomness: &'a Randomness,
    pub(crate) now: Timestamp,
}

/// What to do about a key that doesn't open.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unopened {
    /// Refuse to start: with half a ring good tokens would be turned away.
    Refuse,
    /// Go on without it: revocations must be seen, and the others sign.
    GoOn,
}

impl KeyRing {
    /// Reads the ring and adds what is missing of it: a key that signs and one that stands by.
    pub(crate) async fn open(opening: &Opening<'_>, turnover: Turnover) -> Result<Self, RingError> {
        let ring = Self {
            ring: ArcSwap::default(),
            turnover,
        };
        ring.tend(opening, Unopened::Refuse).await?;
        ring.signer(opening.now)
            .map(|_| ())
            .ok_or(RingError::NoKey)?;
        Ok(ring)
    }

    /// Reads the ring anew, and writes what is due. One at a time.
    pub(crate) async fn refresh(&self, opening: &Opening<'_>) -> Result<(), RingError> {
        self.tend(opening, Unopened::GoOn).await
    }

    async fn tend(&self, opening: &Opening<'_>, unopened: Unopened) -> Result<(), RingError> {
        for _ in 0..ROUNDS {
            let held = self.ring.load_full();
            let ring = held.read(opening, &self.turnover, unopened).await?;
            let steps = key_ring::decide(&ring.facts, &self.turnover, opening.now);
            self.ring.store(Arc::new(ring));
            if steps.is_empty() {
                return Ok(());
            }
            // Whether it was this node's step that counted or another's, the next round reads it.
            for step in &steps {
                opening.take(step).await?;
            }
        }
        Ok(())
    }

    /// Signs an access token with the key whose time it is.
    pub(crate) fn sign_access(
        &self,
        claims: &impl Serialize,
        now: Timestamp,
    ) -> Result<String, RingError> {
        let key = self.signer(now).ok_or(RingError::NoKey)?;
        Ok(sign(&key, Typ::ACCESS_TOKEN, claims)?)
    }

    fn signer(&self, now: Timestamp) -> Option<SigningKey> {
        let ring = self.ring.load();
        let opened = ring
            .facts
            .iter()
            .filter(|facts| ring.keys.contains_key(&facts.kid));
        let signs = key_ring::signing_access(opened, &self.turnover.algorithms, now)?;
        ring.keys.get(&signs.kid).cloned()
    }

    /// Since when the key that signs now has been signing.
    #[cfg(feature = "cli")]
    pub(crate) fn signing_since(&self, now: Timestamp) -> Option<Timestamp> {
        let ring = self.ring.load();
        let signs = key_ring::signing_access(&ring.facts, &self.turnover.algorithms, now);
        signs.and_then(|facts| facts.activates_at)
    }

    /// What is published.
    pub(crate) fn published(&self) -> Arc<Published> {
        Arc::clone(&self.ring.load().document)
    }

    /// The keys that verify what this ring signs, the standby included.
    pub(crate) fn verifying_keys(&self) -> Result<KeySet, RingError> {
        let ring = self.ring.load();
        Ok(KeySet::new(ring.keys().map(SigningKey::verifying_key))?)
    }

    /// What is known of every key.
    pub(crate) fn facts(&self) -> Vec<KeyFacts> {
        self.ring.load().facts.clone()
    }

    /// The public half of every published key.
    pub(crate) fn public_keys(&self) -> Vec<Jwk> {
        let ring = self.ring.load();
        ring.keys().filter_map(SigningKey::public_jwk).collect()
    }

    /// How keys turn over.
    pub(crate) fn turnover(&self) -> &Turnover {
        &self.turnover
    }
}

impl Ring {
    /// The ring as the store has it. Keys that are open already aren't opened again.
    async fn read(
        &self,
        opening: &Opening<'_>,
        turnover: &Turnover,
        unopened: Unopened,
    ) -> Result<Self, RingError> {
        let mut rows = opening.store.run(ListKeys).await?;
        rows.retain(|row| !row.facts.algorithm.is_symmetric());
        let facts: Vec<_> = rows.iter().map(|row| row.facts.clone()).collect();
        let mut keys = HashMap::new();
        for row in &rows {
            let state = key_ring::state(&row.facts, &facts, turnover, opening.now);
            if !state.is_published() {
                continue;
            }
            let kid = &row.facts.kid;
            let key = match (self.keys.get(kid).cloned(), unopened) {
                (Some(key), _) => key,
                (None, Unopened::Refuse) => opening.open(row)?,
                (None, Unopened::GoOn) => match opening.open(row) {
                    Ok(key) => key,
                    Err(error) => {
                        tracing::error!(%error, "a signing key is left out");
                        continue;
                    }
                },
            };
            keys.insert(kid.clone(), key);
        }
        let mut ring = Self {
            facts,
            keys,
            document: Arc::default(),
        };
        let public = ring.keys().filter_map(SigningKey::public_jwk).collect();
        ring.document = Arc::new(Published::of(public));
        Ok(ring)
    }

    /// The published keys, in the order of the store.
    fn keys(&self) -> impl Iterator<Item = &SigningKey> {
        self.facts
            .iter()
            .filter_map(|facts| self.keys.get(&facts.kid))
    }
}

impl Opening<'_> {
    /// Writes one step of a turnover; whether it still was one shows when the ring is read again.
    async fn take(&self, step: &Step) -> Result<(), RingError> {
        match step {
            Step::Make(new) => self.add(new).await?,
            Step::Activate(activation) => {
                if self.store.run(ActivateKey(activation.clone())).await? {
                    let (kid, at) = (&activation.kid, activation.at.as_secs());
                    tracing::info!(kid, at, "a signing key's time is fixed");
                }
            }
            Step::Sweep { kid, from } => {
                let (kid, from) = (kid.clone(), *from);
                self.store.run(SweepKey { kid, from }).await?;
            }
        }
        Ok(())
    }

    /// Makes a key and adds it, unless another node was faster.
    pub(crate) async fn add(&self, new: &NewKey) -> Result<(), RingError> {
        let algorithm = new.algorithm;
        // RSA keys take a while to be found.
        let made = tokio::task::spawn_blocking(move || SigningKey::generate(algorithm)).await;
        let key = made.map_err(|panic| StoreError::Fault(panic.to_string()))??;
        let facts = KeyFacts {
            kid: key.kid().ok_or(RingError::NoKey)?.to_owned(),
            algorithm,
            number: new.number,
            created_at: self.now,
            activates_at: new.activates_at,
            revoked_at: None,
        };
        self.keep(facts, &key.to_pkcs8_der()?).await
    }

    /// Encrypts a key and adds it.
    pub(super) async fn keep(&self, facts: KeyFacts, plain: &[u8]) -> Result<(), RingError> {
        let entropy = &mut self.randomness.clone();
        let sealed = self.vault.seal_key(&facts, plain, entropy);
        let sealed = sealed.map_err(|_| RingError::NoKey)?;
        let key = SealedKey { facts, sealed };
        self.store.run(AddKey { key }).await?;
        Ok(())
    }

    /// Decrypts a private key.
    pub(super) fn unseal(&self, row: &SealedKey) -> Result<zeroize::Zeroizing<Vec<u8>>, RingError> {
        let plain = self.vault.unseal_key(&row.facts, &row.sealed);
        plain.map_err(|_| match &row.sealed.kek {
            Some(wanted) if !self.vault.holds(wanted) => RingError::OtherKek {
                kid: row.facts.kid.clone(),
                held: self.vault.names(),
                wanted: wanted.clone(),
            },
            _ => RingError::Sealed {
                kid: row.facts.kid.clone(),
                kek: self.vault.names(),
            },
        })
    }

    fn open(&self, row: &SealedKey) -> Result<SigningKey, RingError> {
        let der = self.unseal(row)?;
        let key = SigningKey::from_pkcs8_der(row.facts.algorithm, &der)?;
        Ok(key.with_kid(row.facts.kid.as_str()))
    }
}
