//! Secrets that are handed out, and what the store holds of them instead.
//!
//! A secret is the moment of its making and 256 random bits; it goes where it is handed to and nowhere
//! else. Its hash is the same moment and the SHA-256 of the secret: enough to find the row, useless to
//! whoever reads the database. The moment stands in front so that rows which are made together lie
//! together; a random key would touch a page of its own each time.

use std::{
    fmt::{self, Debug},
    marker::PhantomData,
};

use data_encoding::BASE64URL_NOPAD;
use symbolon_token::Timestamp;
use zeroize::Zeroizing;

use crate::Entropy;

const MOMENT_BYTES: usize = 6;
const SECRET_BYTES: usize = MOMENT_BYTES + 32;
const HASH_BYTES: usize = MOMENT_BYTES + 32;

/// What a secret is for. One of another kind is no secret of this one.
pub trait Kind: Copy + Debug + Eq {
    /// Tells people and secret scanners what they have found.
    const PREFIX: &'static str;
}

/// A secret of one kind; silent in `Debug`.
pub struct Secret<K> {
    bytes: Zeroizing<[u8; SECRET_BYTES]>,
    kind: PhantomData<fn() -> K>,
}

impl<K: Kind> Secret<K> {
    /// A new one.
    pub fn generate(now: Timestamp, entropy: &mut impl Entropy) -> Self {
        let millis = u64::try_from(now.as_millis()).unwrap_or(0).to_be_bytes();
        let mut bytes = Zeroizing::new([0; SECRET_BYTES]);
        let (moment, random) = bytes.split_at_mut(MOMENT_BYTES);
        moment.copy_from_slice(&millis[millis.len() - MOMENT_BYTES..]);
        entropy.fill(random);
        Self::of(bytes)
    }

    /// Reads what [`Secret::to_text`] writes, and nothing else: a text has one spelling.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let encoded = text.strip_prefix(K::PREFIX.as_bytes())?;
        if BASE64URL_NOPAD.decode_len(encoded.len()).ok()? != SECRET_BYTES {
            return None;
        }
        let mut bytes = Zeroizing::new([0; SECRET_BYTES]);
        BASE64URL_NOPAD.decode_mut(encoded, &mut *bytes).ok()?;
        Some(Self::of(bytes))
    }

    /// As it is handed out.
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(
            K::PREFIX.len() + BASE64URL_NOPAD.encode_len(SECRET_BYTES),
        ));
        text.push_str(K::PREFIX);
        BASE64URL_NOPAD.encode_append(&*self.bytes, &mut text);
        text
    }

    /// Its row's key, by this SHA-256.
    pub fn key(&self, sha256: fn(&[u8]) -> [u8; 32]) -> SecretHash<K> {
        let mut hash = [0; HASH_BYTES];
        let (moment, digest) = hash.split_at_mut(MOMENT_BYTES);
        moment.copy_from_slice(&self.bytes[..MOMENT_BYTES]);
        digest.copy_from_slice(&sha256(&*self.bytes));
        SecretHash {
            bytes: hash,
            kind: PhantomData,
        }
    }

    const fn of(bytes: Zeroizing<[u8; SECRET_BYTES]>) -> Self {
        Self {
            bytes,
            kind: PhantomData,
        }
    }
}

impl<K> Debug for Secret<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Where what hangs on a secret is kept; no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecretHash<K> {
    bytes: [u8; HASH_BYTES],
    kind: PhantomData<fn() -> K>,
}

impl<K: Kind> SecretHash<K> {
    /// The hash that a stored value is.
    pub fn from_stored(bytes: &[u8]) -> Option<Self> {
        Some(Self {
            bytes: bytes.try_into().ok()?,
            kind: PhantomData,
        })
    }

    /// The value to store.
    pub const fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Test {}

    impl Kind for Test {
        const PREFIX: &'static str = "sym_test_";
    }

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Other {}

    impl Kind for Other {
        const PREFIX: &'static str = "sym_other_";
    }

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
        let id = Secret::<Test>::generate(NOW, &mut Counting(0));
        let text = id.to_text();
        assert_eq!(text.len(), 9 + 51);
        assert!(text.starts_with("sym_test_"));
        let random: Vec<u8> = (0..32).collect();
        assert_eq!(&id.bytes[MOMENT_BYTES..], random);
        let read = Secret::<Test>::parse(text.as_bytes()).unwrap();
        assert_eq!(read.bytes, id.bytes);
    }

    #[test]
    fn a15_a_character_removed_added_or_changed_names_another_secret_or_none() {
        let id = Secret::<Test>::generate(NOW, &mut Counting(0));
        let text = id.to_text();
        for at in 0..text.len() {
            let mut removed = text.clone();
            removed.remove(at);
            assert!(Secret::<Test>::parse(removed.as_bytes()).is_none());
            let mut added = text.clone();
            added.insert(at, 'A');
            assert!(Secret::<Test>::parse(added.as_bytes()).is_none());
            for other in ["A", "B", "_", "=", " ", "é"] {
                let mut changed = text.clone();
                changed.replace_range(at..=at, other);
                let key = Secret::<Test>::parse(changed.as_bytes()).map(|id| id.key(folded));
                assert!(changed == text || key != Some(id.key(folded)), "{at}");
            }
        }
        assert!(Secret::<Other>::parse(text.as_bytes()).is_none());
        for nothing in ["", "sym_test_", "session", &text[9..]] {
            assert!(Secret::<Test>::parse(nothing.as_bytes()).is_none());
        }
    }

    #[test]
    fn keys_are_ordered_by_time_and_hold_nothing_of_the_secret() {
        let early = Secret::<Test>::generate(NOW, &mut Counting(200));
        let later = NOW + std::time::Duration::from_millis(1);
        let late = Secret::<Test>::generate(later, &mut Counting(0));
        let (early_key, late_key) = (early.key(folded), late.key(folded));
        assert!(early_key.as_bytes() < late_key.as_bytes());
        assert_ne!(early_key.as_bytes()[6..], early.bytes[6..]);
    }

    #[test]
    fn g23_an_id_never_shows_in_debug() {
        let id = Secret::<Test>::generate(NOW, &mut Counting(0));
        assert_eq!(format!("{id:?}"), "Secret(..)");
    }
}
