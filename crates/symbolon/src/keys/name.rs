//! A keyed function of names: the same number for the same name, on every node and after every
//! restart, and a random one to whoever hasn't the key.

use aws_lc_rs::hmac;
use symbolon_rules::throttle::Account;

use super::{
    kept::{Use, kept},
    ring::{Opening, RingError},
};

/// HMAC-SHA-256 under a secret of the store's own.
#[derive(Clone, Debug)]
pub(crate) struct NameKey(hmac::Key);

impl NameKey {
    /// By the secret that the store keeps for this.
    pub(crate) async fn kept(opening: &Opening<'_>) -> Result<Self, RingError> {
        Ok(Self::of(kept(opening, Use::Names).await?.as_bytes()))
    }

    pub(crate) fn of(secret: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// The number of a name, uniform over all 64 bits.
    pub(crate) fn number(&self, name: &str) -> u64 {
        let tag = hmac::sign(&self.0, name.as_bytes());
        tag.as_ref()
            .first_chunk()
            .map_or(0, |bytes| u64::from_be_bytes(*bytes))
    }

    /// What tries at the password of this name are counted by.
    pub(crate) fn account(&self, name: &str) -> Account {
        // Not what `number` computes: that one decides what an unknown name costs.
        let mut context = hmac::Context::with_key(&self.0);
        context.update(b"account\0");
        context.update(name.as_bytes());
        let tag = context.sign();
        Account::from_hash(tag.as_ref().first_chunk().copied().unwrap_or_default())
    }
}
