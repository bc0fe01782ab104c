//! The engine's signing keys: looked at, turned over, taken out of service, given out.

use symbolon_rules::key_ring::Pace;
use symbolon_token::Algorithm;

use super::Engine;
use crate::app::{AppError, KeyError, KeyListed, PlannedChange, PublicKey, Revoked, Rotated};

impl Engine {
    /// Every signing key, and where it is in its life.
    pub async fn keys(&self) -> Result<Vec<KeyListed>, KeyError> {
        self.app.list_keys().await
    }

    /// What will become of the signing keys, and when, if nobody does anything. Nothing is done.
    pub async fn plan_keys(&self) -> Result<Vec<PlannedChange>, KeyError> {
        self.app.plan_keys().await
    }

    /// Lets the standby key sign; without an algorithm that of the first configured one.
    ///
    /// Keys turn over by themselves; this is for turning one over sooner. Use [`Pace::Announced`]: with
    /// [`Pace::AtOnce`] a verifier may not know the key yet if it was made a moment ago.
    pub async fn rotate_key(
        &self,
        algorithm: Option<Algorithm>,
        pace: Pace,
    ) -> Result<Rotated, KeyError> {
        self.app.rotate_key(algorithm, pace).await
    }

    /// Takes a signing key out of service, because its private half may be known to somebody: what it
    /// signed is refused by this engine at once, by other nodes when they look next, and by verifiers
    /// elsewhere when they fetch the JWKS again ([`Revoked::ACCEPTED_ELSEWHERE`]). If it signs, the
    /// standby signs from now on.
    pub async fn revoke_key(&self, kid: &str) -> Result<Revoked, KeyError> {
        self.app.revoke_key(kid).await
    }

    /// The JWKS, as it is published (RFC 7517 §5).
    pub fn jwks(&self) -> String {
        self.app.exported_jwks()
    }

    /// The published keys as PEM, for verifiers that take no JWKS. Private keys are never given out.
    pub fn public_keys(&self) -> Vec<PublicKey> {
        self.app.exported_keys()
    }

    /// Encrypts anew what the previous key-encryption key has encrypted, as every start with two of them
    /// does. True when the previous one is needed no more.
    pub async fn reencrypt(&self) -> Result<bool, AppError> {
        self.app.reseal().await
    }

    /// Reads the signing keys anew and does what is due of their turnover. The engine does so by itself
    /// about every minute; this is for a program that can't wait.
    ///
    /// When it fails the keys in memory go on signing and verifying.
    pub async fn refresh_keys(&self) -> Result<(), AppError> {
        self.app.tend_keys().await
    }
}
