//! A keyed function of names: the same number for the same name, on every node and after every
//! restart, and a random one to whoever hasn't the key.

use aws_lc_rs::hmac;
use symbolon_rules::throttle::Account;

use super::KeyEncryptionKey;

/// HMAC-SHA-256 under a key that follows from the key-encryption key.
#[derive(Clone, Debug)]
pub(crate) struct NameKey(hmac::Key);

impl NameKey {
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

impl KeyEncryptionKey {
    /// The key for names.
    pub(crate) fn name_key(&self) -> NameKey {
        let key = self.derive("symbolon names");
        NameKey(hmac::Key::new(hmac::HMAC_SHA256, key.as_slice()))
    }
}
