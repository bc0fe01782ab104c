//! What encrypts and decrypts: one key-encryption key, or two while one takes the place of the other.
//!
//! Invariant: the first one encrypts. What was encrypted says by which key, and only that one is tried; of
//! rows that older versions made it isn't known, and both are.
//!
//! Signing keys are encrypted by the key itself. Rows that are many, such as another provider's tokens, have
//! a key each, which follows from it, the purpose and the row's name: random nonces can't meet, however many
//! rows there are, and a row that is moved opens no more.

use symbolon_rules::{Entropy, id::StoreId, key_ring::KeyFacts};
use zeroize::Zeroizing;

use super::encryption::{KeyEncryptionKey, Place};
use crate::store::{Sealed, SealedName};

/// What keys are for, in their associated data.
const KEYS: &str = "access";
/// What logins under way are sealed for.
pub(crate) const LOGINS: &str = "upstream-logins";
/// What a provider's tokens are sealed for.
pub(crate) const TOKENS: &str = "upstream-tokens";

/// Seals and opens what one store keeps.
#[derive(Clone, Debug)]
pub(crate) struct Vault {
    first: KeyEncryptionKey,
    previous: Option<KeyEncryptionKey>,
    store: StoreId,
}

/// A row doesn't open, or the cryptographic library refused to close one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a sealed row can't be closed or opened with the key-encryption key")]
pub(crate) struct VaultError;

impl Vault {
    pub(crate) fn new(
        first: KeyEncryptionKey,
        previous: Option<KeyEncryptionKey>,
        store: StoreId,
    ) -> Self {
        Self {
            first,
            previous,
            store,
        }
    }

    /// The key that encrypts.
    pub(crate) fn first(&self) -> &KeyEncryptionKey {
        &self.first
    }

    /// Whether two keys are accepted.
    pub(crate) fn is_turning_over(&self) -> bool {
        self.previous.is_some()
    }

    /// Whether this key is at hand.
    pub(super) fn holds(&self, kek: &str) -> bool {
        self.keys().any(|key| key.id() == kek)
    }

    /// The names of the keys at hand, for people.
    pub(super) fn names(&self) -> String {
        let names: Vec<_> = self.keys().map(KeyEncryptionKey::id).collect();
        names.join(" and ")
    }

    /// What shows that the first key is the store's.
    pub(super) fn check_value(&self) -> Vec<u8> {
        self.first.check_value(self.store)
    }

    /// Encrypts a private key for its row.
    pub(super) fn seal_key(
        &self,
        facts: &KeyFacts,
        plain: &[u8],
        entropy: &mut impl Entropy,
    ) -> Result<Sealed, VaultError> {
        let place = self.place(&facts.kid, facts.algorithm.name(), KEYS);
        self.sealed(self.first.seal(plain, &place, entropy))
    }

    /// Decrypts a private key.
    pub(super) fn unseal_key(
        &self,
        facts: &KeyFacts,
        sealed: &Sealed,
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let place = self.place(&facts.kid, facts.algorithm.name(), KEYS);
        self.unsealed(sealed, |key| key.unseal(&sealed.bytes, &place))
    }

    /// Encrypts what a row is to hold.
    #[cfg(feature = "client")]
    pub(crate) fn seal(
        &self,
        purpose: &str,
        row: &str,
        plain: &[u8],
        entropy: &mut impl Entropy,
    ) -> Result<Sealed, VaultError> {
        self.sealed(self.seal_row(purpose, row, plain, entropy))
    }

    /// Decrypts what a row holds.
    #[cfg(feature = "client")]
    pub(crate) fn unseal(
        &self,
        purpose: &str,
        row: &str,
        sealed: &Sealed,
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        self.unseal_row(purpose, row, sealed)
    }

    /// Encrypts with the first key what either has encrypted.
    pub(super) fn reseal(
        &self,
        name: &SealedName,
        sealed: &Sealed,
        entropy: &mut impl Entropy,
    ) -> Result<Sealed, VaultError> {
        let (purpose, row) = match name {
            SealedName::Key { kid, algorithm } => {
                let place = self.place(kid, algorithm, KEYS);
                let plain = self.unsealed(sealed, |key| key.unseal(&sealed.bytes, &place))?;
                return self.sealed(self.first.seal(&plain, &place, entropy));
            }
            SealedName::Login(id) => (LOGINS, login_row(id)),
            SealedName::Tokens(id) => (TOKENS, id.to_string()),
        };
        let plain = self.unseal_row(purpose, &row, sealed)?;
        self.sealed(self.seal_row(purpose, &row, &plain, entropy))
    }

    pub(super) fn seal_row(
        &self,
        purpose: &str,
        row: &str,
        plain: &[u8],
        entropy: &mut impl Entropy,
    ) -> Option<Vec<u8>> {
        let key = self.first.for_row(purpose, row);
        key.seal(plain, &self.row_place(purpose, row), entropy)
    }

    pub(super) fn unseal_row(
        &self,
        purpose: &str,
        row: &str,
        sealed: &Sealed,
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let place = self.row_place(purpose, row);
        self.unsealed(sealed, |key| {
            key.for_row(purpose, row).unseal(&sealed.bytes, &place)
        })
    }

    pub(super) fn sealed(&self, bytes: Option<Vec<u8>>) -> Result<Sealed, VaultError> {
        Ok(Sealed {
            bytes: bytes.ok_or(VaultError)?,
            kek: Some(self.first.id()),
        })
    }

    fn unsealed(
        &self,
        sealed: &Sealed,
        unseal: impl Fn(&KeyEncryptionKey) -> Option<Zeroizing<Vec<u8>>>,
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let may_have = |key: &&KeyEncryptionKey| match &sealed.kek {
            Some(kek) => key.id() == *kek,
            None => true,
        };
        let plain = self.keys().filter(may_have).find_map(unseal);
        plain.ok_or(VaultError)
    }

    fn keys(&self) -> impl Iterator<Item = &KeyEncryptionKey> {
        std::iter::once(&self.first).chain(&self.previous)
    }

    const fn row_place<'a>(&self, purpose: &'a str, row: &'a str) -> Place<'a> {
        self.place(row, "A256GCM", purpose)
    }

    const fn place<'a>(&self, kid: &'a str, algorithm: &'a str, purpose: &'a str) -> Place<'a> {
        Place {
            store: self.store,
            kid,
            algorithm,
            purpose,
        }
    }
}

/// The name of a login's row in what is sealed for it.
pub(crate) fn login_row(id: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(id)
}

#[cfg(test)]
mod tests {
    use symbolon_rules::id::Id;
    use symbolon_token::Timestamp;
    use uuid::Uuid;

    use super::*;
    use crate::Randomness;

    fn store() -> StoreId {
        Id::generate(Timestamp::from_secs(0), &mut Randomness::system())
    }

    fn key() -> KeyEncryptionKey {
        KeyEncryptionKey::generate(&mut Randomness::system())
    }

    #[cfg(feature = "client")]
    #[test]
    fn a_row_opens_under_its_own_name_and_purpose_only() {
        let mut entropy = Randomness::system();
        let vault = Vault::new(key(), None, store());
        let sealed = vault.seal(LOGINS, "a", b"secret", &mut entropy).unwrap();
        let opened = vault.unseal(LOGINS, "a", &sealed).unwrap();
        assert_eq!(&**opened, b"secret");
        assert_eq!(vault.unseal(LOGINS, "b", &sealed), Err(VaultError));
        assert_eq!(vault.unseal(TOKENS, "a", &sealed), Err(VaultError));
        assert!(!sealed.bytes.windows(6).any(|bytes| bytes == b"secret"));
    }

    #[test]
    fn either_key_opens_and_the_first_one_seals() {
        let (old, new, store) = (key(), key(), store());
        let mut entropy = Randomness::system();
        let before = Vault::new(old.clone(), None, store);
        let between = Vault::new(new.clone(), Some(old), store);
        let after = Vault::new(new, None, store);
        for name in [
            SealedName::Login(vec![1, 2]),
            SealedName::Tokens(Uuid::from_u128(7)),
            SealedName::Key {
                kid: "a".to_owned(),
                algorithm: "ES256".to_owned(),
            },
        ] {
            let first = match &name {
                SealedName::Key { kid, algorithm } => {
                    let place = before.place(kid, algorithm, KEYS);
                    before.sealed(before.first.seal(b"secret", &place, &mut entropy))
                }
                SealedName::Login(id) => {
                    let row = login_row(id);
                    before.sealed(before.seal_row(LOGINS, &row, b"secret", &mut entropy))
                }
                SealedName::Tokens(id) => {
                    let row = id.to_string();
                    before.sealed(before.seal_row(TOKENS, &row, b"secret", &mut entropy))
                }
            };
            let first = first.unwrap();
            assert!(after.reseal(&name, &first, &mut entropy).is_err());
            let second = between.reseal(&name, &first, &mut entropy).unwrap();
            assert_eq!(second.kek, Some(after.first.id()));
            assert!(after.reseal(&name, &second, &mut entropy).is_ok());
            assert!(before.reseal(&name, &second, &mut entropy).is_err());
            // A row of an older version doesn't say whose it is.
            let unknown = Sealed { kek: None, ..first };
            assert!(between.reseal(&name, &unknown, &mut entropy).is_ok());
        }
    }
}
