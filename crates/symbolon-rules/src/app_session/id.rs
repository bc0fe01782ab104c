//! What a browser holds of an app session, and what the store holds instead.
//!
//! An id is the moment of its making and 256 random bits; it goes into a cookie and nowhere else. A
//! key is the same moment and the SHA-256 of the id: enough to find the row, useless to whoever
//! reads the database. The moment stands in front so that rows which are made together lie
//! together; a random key would touch a page of its own each time.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use symbolon_token::Timestamp;
use zeroize::Zeroizing;

use crate::Entropy;

/// Tells people and secret scanners what they have found.
const PREFIX: &str = "sym_as_";
const MOMENT_BYTES: usize = 6;
const ID_BYTES: usize = MOMENT_BYTES + 32;
const KEY_BYTES: usize = MOMENT_BYTES + 32;

/// The secret that makes a browser's requests one app session; silent in `Debug`.
pub struct AppSessionId(Zeroizing<[u8; ID_BYTES]>);

impl AppSessionId {
    /// A new one.
    pub fn generate(now: Timestamp, entropy: &mut impl Entropy) -> Self {
        let millis = u64::try_from(now.as_millis()).unwrap_or(0).to_be_bytes();
        let mut bytes = Zeroizing::new([0; ID_BYTES]);
        let (moment, random) = bytes.split_at_mut(MOMENT_BYTES);
        moment.copy_from_slice(&millis[millis.len() - MOMENT_BYTES..]);
        entropy.fill(random);
        Self(bytes)
    }

    /// Reads what [`AppSessionId::to_text`] writes, and nothing else: a text has one spelling.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let encoded = text.strip_prefix(PREFIX.as_bytes())?;
        if BASE64URL_NOPAD.decode_len(encoded.len()).ok()? != ID_BYTES {
            return None;
        }
        let mut bytes = Zeroizing::new([0; ID_BYTES]);
        BASE64URL_NOPAD.decode_mut(encoded, &mut *bytes).ok()?;
        Some(Self(bytes))
    }

    /// The value of the cookie.
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(
            PREFIX.len() + BASE64URL_NOPAD.encode_len(ID_BYTES),
        ));
        text.push_str(PREFIX);
        BASE64URL_NOPAD.encode_append(&*self.0, &mut text);
        text
    }

    /// Its row's key, by this SHA-256.
    pub fn key(&self, sha256: fn(&[u8]) -> [u8; 32]) -> AppSessionKey {
        let mut key = [0; KEY_BYTES];
        let (moment, hash) = key.split_at_mut(MOMENT_BYTES);
        moment.copy_from_slice(&self.0[..MOMENT_BYTES]);
        hash.copy_from_slice(&sha256(&*self.0));
        AppSessionKey(key)
    }
}

impl fmt::Debug for AppSessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AppSessionId(..)")
    }
}

/// Where an app session is kept; no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppSessionKey([u8; KEY_BYTES]);

impl AppSessionKey {
    /// The key that a stored value is.
    pub fn from_stored(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The value to store.
    pub const fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    struct Counting(u8);

    impl Entropy for Counting {
        fn fill(&mut self, bytes: &mut [u8]) {
            for byte in bytes {
                *byte = self.0;
                self.0 = self.0.wrapping_add(1);
            }
        }
    }

    /// Not SHA-256, and good enough to tell ids apart.
    fn folded(bytes: &[u8]) -> [u8; 32] {
        let mut folded = [0; 32];
        for (at, byte) in bytes.iter().enumerate() {
            folded[at % 32] ^= byte.rotate_left(1);
        }
        folded
    }

    #[test]
    fn s1_an_id_has_256_random_bits_and_reads_what_it_writes() {
        let id = AppSessionId::generate(NOW, &mut Counting(0));
        let text = id.to_text();
        assert_eq!(text.len(), 7 + 51);
        assert!(text.starts_with("sym_as_"));
        let random: Vec<u8> = (0..32).collect();
        assert_eq!(&id.0[MOMENT_BYTES..], random);
        let read = AppSessionId::parse(text.as_bytes()).unwrap();
        assert_eq!(read.0, id.0);
    }

    #[test]
    fn a15_a_character_removed_added_or_changed_names_another_session_or_none() {
        let id = AppSessionId::generate(NOW, &mut Counting(0));
        let text = id.to_text();
        for at in 0..text.len() {
            let mut removed = text.clone();
            removed.remove(at);
            assert!(AppSessionId::parse(removed.as_bytes()).is_none());
            let mut added = text.clone();
            added.insert(at, 'A');
            assert!(AppSessionId::parse(added.as_bytes()).is_none());
            for other in ["A", "B", "_", "=", " ", "é"] {
                let mut changed = text.clone();
                changed.replace_range(at..=at, other);
                let key = AppSessionId::parse(changed.as_bytes()).map(|id| id.key(folded));
                assert!(changed == text || key != Some(id.key(folded)), "{at}");
            }
        }
        for nothing in ["", "sym_as_", "session", &text[7..]] {
            assert!(AppSessionId::parse(nothing.as_bytes()).is_none());
        }
    }

    #[test]
    fn keys_are_ordered_by_time_and_hold_nothing_of_the_secret() {
        let early = AppSessionId::generate(NOW, &mut Counting(200));
        let later = NOW + std::time::Duration::from_millis(1);
        let late = AppSessionId::generate(later, &mut Counting(0));
        let (early_key, late_key) = (early.key(folded), late.key(folded));
        assert!(early_key.as_bytes() < late_key.as_bytes());
        assert_ne!(early_key.as_bytes()[6..], early.0[6..]);
    }

    #[test]
    fn g23_an_id_never_shows_in_debug() {
        let id = AppSessionId::generate(NOW, &mut Counting(0));
        assert_eq!(format!("{id:?}"), "AppSessionId(..)");
    }
}
