//! Encryption for rows that hold a secret which is needed again, such as another provider's tokens.
//!
//! Each row has a key of its own, which follows from the key-encryption key, the purpose and the row's
//! name: random nonces can't meet, however many rows there are, and a row that is moved opens no more.

use symbolon_rules::{Entropy, id::StoreId};
use zeroize::Zeroizing;

use super::encryption::{KeyEncryptionKey, Place};

/// Seals and opens rows of one store.
#[derive(Clone, Debug)]
pub(crate) struct Vault {
    kek: KeyEncryptionKey,
    store: StoreId,
}

/// A row doesn't open, or the cryptographic library refused to close one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a sealed row can't be closed or opened with the key-encryption key")]
pub(crate) struct VaultError;

impl Vault {
    pub(crate) fn new(kek: KeyEncryptionKey, store: StoreId) -> Self {
        Self { kek, store }
    }

    /// Encrypts what a row is to hold.
    pub(crate) fn seal(
        &self,
        purpose: &str,
        row: &str,
        plain: &[u8],
        entropy: &mut impl Entropy,
    ) -> Result<Vec<u8>, VaultError> {
        let key = self.kek.for_row(purpose, row);
        let sealed = key.seal(plain, &self.place(purpose, row), entropy);
        sealed.ok_or(VaultError)
    }

    /// Decrypts what a row holds.
    pub(crate) fn unseal(
        &self,
        purpose: &str,
        row: &str,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let key = self.kek.for_row(purpose, row);
        let plain = key.unseal(sealed, &self.place(purpose, row));
        plain.ok_or(VaultError)
    }

    const fn place<'a>(&self, purpose: &'a str, row: &'a str) -> Place<'a> {
        Place {
            store: self.store,
            kid: row,
            algorithm: "A256GCM",
            purpose,
        }
    }
}

#[cfg(test)]
mod tests {
    use symbolon_rules::id::Id;
    use symbolon_token::Timestamp;

    use super::*;
    use crate::Randomness;

    #[test]
    fn a_row_opens_under_its_own_name_and_purpose_only() {
        let mut entropy = Randomness::system();
        let store = Id::generate(Timestamp::from_secs(0), &mut entropy);
        let vault = Vault::new(KeyEncryptionKey::generate(&mut entropy), store);
        let sealed = vault.seal("logins", "a", b"secret", &mut entropy).unwrap();
        let opened = vault.unseal("logins", "a", &sealed).unwrap();
        assert_eq!(&**opened, b"secret");
        assert_eq!(vault.unseal("logins", "b", &sealed), Err(VaultError));
        assert_eq!(vault.unseal("tokens", "a", &sealed), Err(VaultError));
        assert!(!sealed.windows(6).any(|bytes| bytes == b"secret"));
    }
}
