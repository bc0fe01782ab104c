//! Hashes that nobody outside can foresee, by which a guard finds what it holds in memory.
//!
//! `HighwayHash` (J. Alakuijala, B. Cox, J. Wassenberg: "Fast keyed hash/pseudo-random function using SIMD
//! multiply and permute", 2016) with 128 bits: a token of 500 octets takes little more than half the
//! time of `SipHash-1-3`, and it is on the way of every request.
//!
//! It has seen less cryptanalysis than `SipHash` has, and less is asked of it than of a MAC: no hash is ever
//! shown, and who would pass for another must send a text with the very hash of a token whose signature
//! they don't know. Whoever knows it needs no collision.
//!
//! Invariant: the key is drawn for one table and never leaves it, and nor does a hash.

use std::hash::{BuildHasher, RandomState};

use highway::{HighwayHash, HighwayHasher, Key};

/// A hash under a key of its own.
#[derive(Clone)]
pub(crate) struct KeyedHash(HighwayHasher);

impl KeyedHash {
    pub(crate) fn with_random_key() -> Self {
        // The standard library draws the keys of its maps from the system; what comes out of such a map's
        // hash is as unknown as its key.
        let random = RandomState::new();
        Self(HighwayHasher::new(Key(
            [0_u8, 1, 2, 3].map(|number| random.hash_one(number))
        )))
    }

    /// Of one text.
    pub(crate) fn of(&self, text: &[u8]) -> u128 {
        whole(self.0.clone().hash128(text))
    }

    /// Of a text of some kind: other kinds have other hashes for it.
    pub(crate) fn of_kind(&self, kind: u8, text: &[u8]) -> u128 {
        let mut hasher = self.0.clone();
        hasher.append(&[kind]);
        hasher.append(text);
        whole(hasher.finalize128())
    }
}

fn whole([low, high]: [u64; 2]) -> u128 {
    u128::from(high) << 64 | u128::from(low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t20_a_hash_tells_texts_kinds_and_keys_apart() {
        let hash = KeyedHash::with_random_key();
        let texts: [&[u8]; 5] = [b"", b"\0", b"a", &[b'a'; 500], &[b'a'; 501]];
        let mut seen: Vec<u128> = texts.iter().map(|text| hash.of(text)).collect();
        for kind in 0..3 {
            seen.extend(texts.iter().map(|text| hash.of_kind(kind, text)));
        }
        // Bits in every part of a long text count.
        seen.extend((0..500 * 8).map(|bit: usize| {
            let mut text = [b'a'; 500];
            text[bit / 8] ^= 1 << (bit % 8);
            hash.of(&text)
        }));
        let count = seen.len();
        seen.sort_unstable();
        seen.dedup();
        // Kind 0 with nothing is the text of one octet 0: the deny set has no texts without a kind.
        assert_eq!(seen.len(), count - 1);
        assert_eq!(hash.of(b"a"), hash.clone().of(b"a"));
        assert_ne!(hash.of(b"a"), KeyedHash::with_random_key().of(b"a"));
    }

    /// Each machine has its own instructions for it; they must agree with the reference.
    #[test]
    fn t20_it_is_highway_hash() {
        let key = Key([
            0x0706_0504_0302_0100,
            0x0F0E_0D0C_0B0A_0908,
            0x1716_1514_1312_1110,
            0x1F1E_1D1C_1B1A_1918,
        ]);
        let hash = KeyedHash(HighwayHasher::new(key));
        let portable = |text: &[u8]| whole(highway::PortableHash::new(key).hash128(text));
        for length in [0, 1, 31, 32, 33, 63, 64, 500] {
            let text: Vec<u8> = (0..=255).cycle().take(length).collect();
            assert_eq!(hash.of(&text), portable(&text), "{length}");
        }
    }
}
