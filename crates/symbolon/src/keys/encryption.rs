//! The key-encryption key, and what it does to private keys at rest.
//!
//! AES-256-GCM. The associated data names the store, the key and its use, so that a sealed key can't
//! be moved to another row or another database. A backup of the database alone signs nothing.

use std::fmt;

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    digest, hmac,
};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER, HEXLOWER_PERMISSIVE};
use symbolon_rules::{Entropy, id::StoreId};
use zeroize::Zeroizing;

use super::KeySourceError;

/// First byte of a sealed key: AES-256-GCM, nonce of 12 bytes, ciphertext, tag of 16.
const FORMAT: u8 = 1;

/// 256 bits that private keys are encrypted with; silent in `Debug`, wiped when dropped.
#[derive(Clone)]
pub struct KeyEncryptionKey(Zeroizing<[u8; 32]>);

impl KeyEncryptionKey {
    /// A new key.
    pub fn generate(entropy: &mut impl Entropy) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        entropy.fill(&mut *bytes);
        Self(bytes)
    }

    /// Reads the text form: 32 bytes as 64 hexadecimal digits or as 43 characters of base64url.
    pub fn parse(text: &str) -> Result<Self, KeySourceError> {
        let text = text.trim().as_bytes();
        let decoded = match text.len() {
            64 => HEXLOWER_PERMISSIVE.decode(text),
            43 => BASE64URL_NOPAD.decode(text),
            _ => return Err(KeySourceError::Malformed),
        };
        let decoded = Zeroizing::new(decoded.map_err(|_| KeySourceError::Malformed)?);
        let mut bytes = Zeroizing::new([0; 32]);
        bytes.copy_from_slice(&decoded);
        if is_typed(&bytes) {
            return Err(KeySourceError::Malformed);
        }
        Ok(Self(bytes))
    }

    /// The text form that files hold.
    pub(super) fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(BASE64URL_NOPAD.encode(self.0.as_slice()))
    }

    /// A name for this key that tells nothing of it: the start of a hash.
    pub fn id(&self) -> String {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(b"symbolon key-encryption key id\0");
        context.update(self.0.as_slice());
        HEXLOWER.encode(&context.finish().as_ref()[..8])
    }

    /// A key for another use. HKDF-Expand to 32 bytes (RFC 5869 §2.3): this key is random already, so
    /// nothing is to be extracted from it (§3.3), and one label tells nothing of another's key.
    pub(super) fn derive(&self, label: &str) -> Zeroizing<[u8; 32]> {
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &*self.0));
        context.update(label.as_bytes());
        context.update(&[1]);
        let mut derived = Zeroizing::new([0; 32]);
        derived.copy_from_slice(context.sign().as_ref());
        derived
    }

    /// What shows that a key is a store's own: it follows from both, and tells nothing of the key.
    pub(crate) fn check_value(&self, store: StoreId) -> Vec<u8> {
        self.derive(&format!("symbolon check {store}")).to_vec()
    }

    /// A key for one row; its purpose is fixed text without spaces, so that no two rows share one.
    pub(super) fn for_row(&self, purpose: &str, row: &str) -> Self {
        Self(self.derive(&format!("symbolon row {purpose} {row}")))
    }

    /// Encrypts a private key for its row.
    pub(super) fn seal(
        &self,
        plain: &[u8],
        place: &Place<'_>,
        entropy: &mut impl Entropy,
    ) -> Option<Vec<u8>> {
        let mut nonce = [0; NONCE_LEN];
        entropy.fill(&mut nonce);
        let mut sealed = vec![FORMAT];
        sealed.extend_from_slice(&nonce);
        let mut body = Zeroizing::new(plain.to_vec());
        let tag = self
            .cipher()?
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(place.associated_data()),
                &mut body,
            )
            .ok()?;
        sealed.extend_from_slice(&body);
        sealed.extend_from_slice(tag.as_ref());
        Some(sealed)
    }

    /// Decrypts a private key; `None` if it was sealed elsewhere, with another key, or was altered.
    pub(super) fn unseal(&self, sealed: &[u8], place: &Place<'_>) -> Option<Zeroizing<Vec<u8>>> {
        let (&FORMAT, rest) = sealed.split_first()? else {
            return None;
        };
        let (nonce, body) = rest.split_first_chunk::<NONCE_LEN>()?;
        let mut plain = Zeroizing::new(body.to_vec());
        let length = self
            .cipher()?
            .open_in_place(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(place.associated_data()),
                &mut plain,
            )
            .ok()?
            .len();
        plain.truncate(length);
        Some(plain)
    }

    fn cipher(&self) -> Option<LessSafeKey> {
        UnboundKey::new(&AES_256_GCM, self.0.as_slice())
            .ok()
            .map(LessSafeKey::new)
    }
}

/// Whether these bytes came from a keyboard: a short piece again and again, or a count. Random ones are so
/// once in 2^128.
fn is_typed(bytes: &[u8; 32]) -> bool {
    let repeated = [1, 2, 4, 8, 16].iter().any(|period| {
        bytes
            .iter()
            .skip(*period)
            .eq(&bytes[..bytes.len() - period])
    });
    let step = bytes[1].wrapping_sub(bytes[0]);
    repeated
        || bytes
            .windows(2)
            .all(|pair| pair[1].wrapping_sub(pair[0]) == step)
}

impl fmt::Debug for KeyEncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyEncryptionKey({})", self.id())
    }
}

/// Where a sealed key belongs.
pub(super) struct Place<'a> {
    pub(super) store: StoreId,
    pub(super) kid: &'a str,
    pub(super) algorithm: &'a str,
    pub(super) purpose: &'a str,
}

impl Place<'_> {
    /// Each part with its length in front, so that no two places share their bytes.
    fn associated_data(&self) -> Vec<u8> {
        let mut data = self.store.as_uuid().as_bytes().to_vec();
        for part in [self.kid, self.algorithm, self.purpose] {
            data.extend_from_slice(&(part.len() as u64).to_be_bytes());
            data.extend_from_slice(part.as_bytes());
        }
        data
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::Randomness;

    fn place(kid: &str) -> Place<'_> {
        Place {
            store: StoreId::from_uuid(Uuid::from_u128(1)),
            kid,
            algorithm: "ES256",
            purpose: "access",
        }
    }

    #[test]
    fn a_sealed_key_opens_in_its_place_only() {
        let mut entropy = Randomness::system();
        let key = KeyEncryptionKey::generate(&mut entropy);
        let sealed = key.seal(b"private", &place("a"), &mut entropy).unwrap();
        assert_eq!(&**key.unseal(&sealed, &place("a")).unwrap(), b"private");
        assert!(key.unseal(&sealed, &place("b")).is_none());
        let elsewhere = Place {
            store: StoreId::from_uuid(Uuid::from_u128(2)),
            ..place("a")
        };
        assert!(key.unseal(&sealed, &elsewhere).is_none());
        let other = KeyEncryptionKey::generate(&mut entropy);
        assert!(other.unseal(&sealed, &place("a")).is_none());
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert!(key.unseal(&altered, &place("a")).is_none(), "byte {at}");
            assert!(key.unseal(&sealed[..at], &place("a")).is_none());
        }
    }

    #[test]
    fn only_32_bytes_that_vary_are_a_key() {
        let hex = "00112233445566778899aabbccddeeff0123456789ABCDEF0123456789ABCDEF";
        assert!(KeyEncryptionKey::parse(hex).is_ok());
        assert!(KeyEncryptionKey::parse(&format!(" {hex}\n")).is_ok());
        let counted = HEXLOWER.encode(&std::array::from_fn::<u8, 32, _>(|at| at.to_le_bytes()[0]));
        for text in [
            "",
            "secret",
            &hex[1..],
            &"0".repeat(64),
            &"g".repeat(64),
            &"0123456789abcdef".repeat(4),
            &"00112233445566778899aabbccddeeff".repeat(2),
            &counted,
        ] {
            assert!(KeyEncryptionKey::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn g23_a_key_is_silent_in_debug() {
        let key = KeyEncryptionKey::parse(&format!(
            "{}{}",
            "0123456789abcdef".repeat(3),
            "0".repeat(16)
        ))
        .unwrap();
        let shown = format!("{:?}", crate::KeySource::Given(key));
        assert!(!shown.contains("0123456789abcdef"), "{shown}");
    }
}
