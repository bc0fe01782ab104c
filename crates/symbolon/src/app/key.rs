//! Signing keys: listed, planned, turned over, taken out of service, given out.
//!
//! Invariant: no private key leaves. Keys are read anew by one task at a time, and what this engine's own
//! guard trusts follows in the same breath: what a ring no longer publishes is refused here at once.

mod report;

use std::{pin::pin, sync::Arc};

use symbolon_rules::key_ring::{self, NewKey, NotRevoked, NotRotated, Pace};
use symbolon_token::Algorithm;
use tokio::sync::Mutex;

pub use self::report::{KeyError, KeyListed, PlannedChange, PublicKey, Revoked, Rotated};
use super::{App, AppError};
use crate::{
    keys::{self, KeyRing, Opening, RingError},
    store::{ActivateKey, FindStore, RevokeKey},
};

/// Times to decide anew when another node was faster.
const ROUNDS: usize = 4;

/// The turn of whoever reads the keys anew; holds the entity tag of what the guard was given last.
pub(crate) type Tending = Mutex<String>;

impl App {
    /// Reads the keys anew, writes what is due of their turnover, and lets the guard follow.
    pub(crate) async fn tend_keys(self: &Arc<Self>) -> Result<(), AppError> {
        let app = Arc::clone(self);
        // In a task of its own: the guard must follow what was read, whoever hangs up.
        finish(async move { app.tend().await.map_err(AppError::from) }).await
    }

    async fn tend(&self) -> Result<(), RingError> {
        let Some(ring) = self.keys.ring() else {
            return Ok(());
        };
        let mut guarded = self.tending.lock().await;
        let refreshed = ring.refresh(&self.opening()).await;
        // Also after a failure: what was read until then counts, revocations most of all.
        let published = ring.published();
        if *guarded != published.etag {
            let replaced = self.guard.replace_keys(ring.verifying_keys()?);
            // Invariant: this guard's keys are given, and its policy allows every algorithm of a ring.
            replaced.map_err(|error| crate::StoreError::Fault(error.to_string()))?;
            guarded.clone_from(&published.etag);
        }
        refreshed
    }

    /// Every signing key, and where it is in its life.
    pub(crate) async fn list_keys(self: &Arc<Self>) -> Result<Vec<KeyListed>, KeyError> {
        let ring = self.fresh_ring().await?;
        Ok(report::listed(
            &ring.facts(),
            ring.turnover(),
            self.clock.now(),
        ))
    }

    /// What will become of the keys if nobody does anything; nothing is done.
    pub(crate) async fn plan_keys(self: &Arc<Self>) -> Result<Vec<PlannedChange>, KeyError> {
        let ring = self.fresh_ring().await?;
        let planned = key_ring::plan(&ring.facts(), ring.turnover(), self.clock.now());
        Ok(planned.into_iter().map(PlannedChange::from).collect())
    }

    /// Lets the standby of an algorithm sign; of the first one unless said otherwise.
    pub(crate) async fn rotate_key(
        self: &Arc<Self>,
        algorithm: Option<Algorithm>,
        pace: Pace,
    ) -> Result<Rotated, KeyError> {
        let app = Arc::clone(self);
        finish(async move { app.rotate(algorithm, pace).await }).await
    }

    async fn rotate(
        self: &Arc<Self>,
        algorithm: Option<Algorithm>,
        pace: Pace,
    ) -> Result<Rotated, KeyError> {
        let ring = self.fresh_ring().await?;
        let (facts, turnover, now) = (ring.facts(), ring.turnover(), self.clock.now());
        let algorithm = algorithm.or(turnover.algorithms.first().copied());
        let algorithm = algorithm.ok_or(KeyError::Contended)?;
        let activation = match key_ring::rotate(&facts, algorithm, turnover, pace, now) {
            Ok(activation) => activation,
            Err(NotRotated::OtherAlgorithm) => return Err(KeyError::OtherAlgorithm(algorithm)),
            Err(NotRotated::UnderWay { kid, at }) => return Err(KeyError::UnderWay { kid, at }),
            Err(NotRotated::NoStandby) => return Err(KeyError::Contended),
        };
        let previous = key_ring::signing(&facts, algorithm, now).map(|key| key.kid.clone());
        let rotated = Rotated {
            kid: activation.kid.clone(),
            algorithm,
            activates_at: activation.at,
            previous,
        };
        // Once: of two who ask at the same time the second mustn't turn over what the first has.
        if !self.store.run(ActivateKey(activation)).await? {
            return Err(KeyError::Contended);
        }
        let (kid, at) = (&rotated.kid, rotated.activates_at.as_secs());
        tracing::info!(kid, at, "a signing key's time was fixed by hand");
        self.tend_after().await;
        Ok(rotated)
    }

    /// Takes a key out of service: what it signed counts no more, here at once, elsewhere when verifiers
    /// fetch the JWKS again. If it signs, the standby signs from now on.
    pub(crate) async fn revoke_key(self: &Arc<Self>, kid: &str) -> Result<Revoked, KeyError> {
        let (app, kid) = (Arc::clone(self), kid.to_owned());
        finish(async move { app.revoke(&kid).await }).await
    }

    async fn revoke(self: &Arc<Self>, kid: &str) -> Result<Revoked, KeyError> {
        let ring = self.fresh_ring().await?;
        for _ in 0..ROUNDS {
            let (facts, now) = (ring.facts(), self.clock.now());
            let revocation = match key_ring::revoke(&facts, kid, ring.turnover(), now) {
                Ok(revocation) => revocation,
                Err(NotRevoked::Unknown) => return Err(KeyError::Unknown(kid.to_owned())),
                Err(NotRevoked::Already) => return Err(KeyError::AlreadyRevoked(kid.to_owned())),
                Err(NotRevoked::NoSuccessor { algorithm, number }) => {
                    let new = NewKey {
                        algorithm,
                        number,
                        activates_at: None,
                    };
                    self.opening().add(&new).await?;
                    self.tend().await?;
                    continue;
                }
            };
            let successor = revocation.successor.as_ref().map(|next| next.kid.clone());
            // The statement that takes the key out of service is where the feed of revocations learns of it.
            let revoke = RevokeKey {
                kid: revocation.kid,
                successor: revocation.successor,
                now,
            };
            if self.store.run(revoke).await? {
                tracing::warn!(kid, successor, "a signing key was revoked");
                self.tend_after().await;
                return Ok(Revoked {
                    kid: kid.to_owned(),
                    successor,
                    unknown_for: revocation.unknown_for,
                });
            }
            self.tend().await?;
        }
        Err(KeyError::Contended)
    }

    /// The JWKS as it is published.
    pub(crate) fn exported_jwks(&self) -> String {
        self.keys.published().jwks.clone()
    }

    /// The published keys as PEM.
    pub(crate) fn exported_keys(&self) -> Vec<PublicKey> {
        let ring = self.keys.ring();
        let keys = ring.map(KeyRing::public_keys).unwrap_or_default();
        keys.iter().map(PublicKey::of).collect()
    }

    /// Seals with the first key-encryption key what the previous one has sealed; gives whether everything
    /// is the first one's then.
    pub(crate) async fn reseal(&self) -> Result<bool, AppError> {
        Ok(keys::reseal(&self.opening()).await?.is_done)
    }

    /// Does so where the store is the first key's, for rows that a node with the other order wrote since.
    /// Where it isn't, only a start says whose it shall be: two nodes must not undo each other's work.
    pub(crate) async fn reseal_what_is_left(&self) -> Result<(), AppError> {
        let instance = self.store.run(FindStore).await?;
        if instance.is_some_and(|instance| instance.kek_id == self.vault.first().id()) {
            self.reseal().await?;
        }
        Ok(())
    }

    /// What is needed to read keys and to write them.
    fn opening(&self) -> Opening<'_> {
        Opening {
            store: &self.store,
            vault: &self.vault,
            randomness: &self.randomness,
            now: self.clock.now(),
        }
    }

    async fn fresh_ring(self: &Arc<Self>) -> Result<&KeyRing, KeyError> {
        let ring = self.keys.ring().ok_or(KeyError::SharedSecret)?;
        self.tend_keys().await?;
        Ok(ring)
    }

    /// After a change that was made: whether the next look succeeds or not, it was.
    async fn tend_after(&self) {
        if let Err(error) = self.tend().await {
            tracing::warn!(%error, "the keys weren't read again; the next look will");
        }
    }
}

/// Goes on to the end, whatever becomes of the caller.
async fn finish<T, E>(work: impl Future<Output = Result<T, E>> + Send + 'static) -> Result<T, E>
where
    T: Send + 'static,
    E: From<AppError> + Send + 'static,
{
    match pin!(tokio::spawn(work)).await {
        Ok(done) => done,
        Err(panic) => Err(AppError::Fault(panic.to_string()).into()),
    }
}
