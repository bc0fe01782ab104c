//! The code by which the first user is made: shown once on the terminal of whoever runs the server, typed
//! or pasted into a page (W7).
//!
//! RFC 4648 §6 in groups of four, so that a person can read it out. What is typed may be in lower case,
//! without the hyphens or the prefix, and with the digits that look like a letter: one code has many
//! spellings, but no two codes share one.

use std::{
    fmt::{self, Debug},
    time::Duration,
};

use data_encoding::BASE32_NOPAD;
use zeroize::Zeroizing;

use crate::Entropy;

/// How long a code is good for.
pub const SETUP_LIFETIME: Duration = Duration::from_hours(1);

/// Tells people and secret scanners what they have found.
const PREFIX: &str = "sym_setup_";

/// 160 random bits (A15): nobody guesses one in the hour that it lives, at whatever pace.
const CODE_BYTES: usize = 20;
const CODE_LETTERS: usize = 32;
const GROUP: usize = 4;

/// Longer than any spelling of a code.
const TYPED_MAX_BYTES: usize = 256;

/// A code; silent in `Debug`.
pub struct SetupCode(Zeroizing<[u8; CODE_BYTES]>);

impl SetupCode {
    /// A new one.
    pub fn generate(entropy: &mut impl Entropy) -> Self {
        let mut bytes = Zeroizing::new([0; CODE_BYTES]);
        entropy.fill(&mut *bytes);
        Self(bytes)
    }

    /// Reads what somebody typed.
    pub fn parse(typed: &str) -> Option<Self> {
        if typed.len() > TYPED_MAX_BYTES {
            return None;
        }
        let typed = typed.trim();
        let typed = match typed.get(..PREFIX.len()) {
            Some(prefix) if prefix.eq_ignore_ascii_case(PREFIX) => &typed[PREFIX.len()..],
            _ => typed,
        };
        let mut letters = Zeroizing::new(Vec::with_capacity(TYPED_MAX_BYTES));
        let written = typed.bytes().filter(|byte| !matches!(byte, b'-' | b' '));
        letters.extend(written.map(|byte| match byte {
            b'0' => b'O',
            b'1' => b'I',
            b'8' => b'B',
            byte => byte.to_ascii_uppercase(),
        }));
        if letters.len() != CODE_LETTERS {
            return None;
        }
        let mut bytes = Zeroizing::new([0; CODE_BYTES]);
        BASE32_NOPAD.decode_mut(&letters, &mut *bytes).ok()?;
        Some(Self(bytes))
    }

    /// As it is shown.
    pub fn to_text(&self) -> Zeroizing<String> {
        let letters = Zeroizing::new(BASE32_NOPAD.encode(&*self.0));
        let mut text = Zeroizing::new(String::with_capacity(PREFIX.len() + 2 * CODE_LETTERS));
        text.push_str(PREFIX);
        for (at, letter) in letters.chars().enumerate() {
            if at > 0 && at % GROUP == 0 {
                text.push('-');
            }
            text.push(letter);
        }
        text
    }

    /// What is kept of it, by this SHA-256.
    pub fn hash(&self, sha256: fn(&[u8]) -> [u8; 32]) -> SetupCodeHash {
        SetupCodeHash(sha256(&*self.0))
    }
}

impl Debug for SetupCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SetupCode(..)")
    }
}

/// What the store holds of a code; no code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetupCodeHash([u8; 32]);

impl SetupCodeHash {
    /// The value to store.
    pub const fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting(u8);

    impl Entropy for Counting {
        fn fill(&mut self, bytes: &mut [u8]) {
            for byte in bytes {
                *byte = self.0;
                self.0 = self.0.wrapping_mul(31).wrapping_add(7);
            }
        }
    }

    /// Not SHA-256, and good enough to tell codes apart.
    fn padded(bytes: &[u8]) -> [u8; 32] {
        let mut padded = [0; 32];
        padded[..bytes.len()].copy_from_slice(bytes);
        padded
    }

    fn hash_of(typed: &str) -> Option<SetupCodeHash> {
        SetupCode::parse(typed).map(|code| code.hash(padded))
    }

    #[test]
    fn w7_a_code_has_160_random_bits_and_is_read_as_a_person_types_it() {
        let code = SetupCode::generate(&mut Counting(3));
        let text = code.to_text();
        assert_eq!(text.len(), "sym_setup_".len() + 32 + 7);
        let hash = code.hash(padded);
        let bare = text.strip_prefix("sym_setup_").unwrap().to_owned();
        let digits = bare.replace('O', "0").replace('I', "1").replace('B', "8");
        for typed in [
            text.to_string(),
            text.to_lowercase(),
            format!(" \t{}\n", *text),
            bare.clone(),
            bare.to_lowercase(),
            bare.replace('-', ""),
            bare.replace('-', " "),
            digits,
        ] {
            assert_eq!(hash_of(&typed), Some(hash), "{typed:?}");
        }
    }

    #[test]
    fn a15_a_character_removed_added_or_changed_is_another_code_or_none() {
        let code = SetupCode::generate(&mut Counting(3));
        let hash = code.hash(padded);
        let bare = code.to_text().replace("sym_setup_", "").replace('-', "");
        for at in 0..bare.len() {
            let mut removed = bare.clone();
            removed.remove(at);
            assert_eq!(hash_of(&removed), None);
            let mut added = bare.clone();
            added.insert(at, 'A');
            assert_eq!(hash_of(&added), None);
            for other in ["A", "B", "7", "9", "=", "é"] {
                let mut changed = bare.clone();
                changed.replace_range(at..=at, other);
                assert!(changed == bare || hash_of(&changed) != Some(hash), "{at}");
            }
        }
        for nothing in ["", "sym_setup_", "----", &"A".repeat(1_000_000), "가나다라"] {
            assert_eq!(hash_of(nothing), None);
        }
    }

    #[test]
    fn g23_a_code_never_shows_in_debug() {
        let code = SetupCode::generate(&mut Counting(3));
        assert_eq!(format!("{code:?}"), "SetupCode(..)");
    }
}
