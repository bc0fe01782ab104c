//! Passwords as typed, and what is asked of new ones.
//!
//! A password is put into Unicode NFC and is otherwise taken as it is: nothing is trimmed, cut or
//! mapped, so two keyboards that compose letters differently reach the same account and nothing
//! else changes. A NUL is refused always: HMAC pads its key with zeros, so `pw` and `pw\0` would
//! hash alike in imported PBKDF2 and scrypt hashes.

use std::fmt;

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// Longest password in bytes as sent; more is refused before any hashing.
pub const PASSWORD_MAX_BYTES: usize = 1024;

/// Shortest new password in characters where it is the only factor (NIST SP 800-63B-4 §3.1.1.2).
pub const NEW_PASSWORD_MIN_CHARS: usize = 15;

/// A password in clear, wiped when dropped and silent in `Debug`.
pub struct PlainPassword {
    composed: Zeroizing<String>,
    /// Where that is something else.
    typed: Option<Zeroizing<String>>,
}

impl PlainPassword {
    /// Takes what a person typed to sign in.
    pub fn parse(typed: &str) -> Result<Self, PasswordError> {
        if typed.is_empty() {
            return Err(PasswordError::Empty);
        }
        if typed.len() > PASSWORD_MAX_BYTES {
            return Err(PasswordError::TooLong);
        }
        if typed.contains('\0') {
            return Err(PasswordError::Nul);
        }
        // Sized so that it never grows: a reallocation would leave a copy behind unwiped. NFC
        // expands a text at most threefold in UTF-8 (UAX #15, "Maximum Expansion Factor").
        let mut composed = Zeroizing::new(String::with_capacity(3 * typed.len()));
        composed.extend(typed.nfc());
        let differs = composed.as_str() != typed;
        Ok(Self {
            composed,
            typed: differs.then(|| Zeroizing::new(typed.to_owned())),
        })
    }

    /// Takes a new password, which must be long enough to stand alone.
    pub fn parse_new(typed: &str) -> Result<Self, PasswordError> {
        let password = Self::parse(typed)?;
        if password.composed.chars().count() < NEW_PASSWORD_MIN_CHARS {
            return Err(PasswordError::TooShort);
        }
        Ok(password)
    }

    /// What the hash is computed over.
    pub fn as_bytes(&self) -> &[u8] {
        self.composed.as_bytes()
    }

    /// What an imported hash was computed over: programs that compose nothing took what was typed.
    pub fn as_typed(&self) -> &[u8] {
        self.typed.as_ref().unwrap_or(&self.composed).as_bytes()
    }
}

impl fmt::Debug for PlainPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlainPassword(..)")
    }
}

/// Why a text is no password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordError {
    /// There is none.
    Empty,
    /// Longer than [`PASSWORD_MAX_BYTES`].
    TooLong,
    /// A new one shorter than [`NEW_PASSWORD_MIN_CHARS`].
    TooShort,
    /// It holds U+0000.
    Nul,
}

impl fmt::Display for PasswordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "it is empty",
            Self::TooLong => "it is longer than 1024 bytes",
            Self::TooShort => "it has fewer than 15 characters",
            Self::Nul => "it holds a NUL character",
        })
    }
}

/// A password's stored hash, as a PHC string or in the form of the program it was imported from;
/// silent in `Debug`.
#[derive(Clone)]
pub struct PasswordHash {
    phc: String,
    scheme: Option<String>,
}

impl PasswordHash {
    /// A hash as the hasher made it or the store kept it.
    pub fn from_phc(phc: String) -> Self {
        let scheme = None;
        Self { phc, scheme }
    }

    /// The same hash with the name of its scheme, where that is another than the default: the store counts
    /// users by it.
    pub fn with_scheme(self, name: String) -> Self {
        let scheme = Some(name);
        Self { scheme, ..self }
    }

    /// The text.
    pub fn as_phc(&self) -> &str {
        &self.phc
    }

    /// The name of its scheme, on its way to the store.
    pub fn scheme(&self) -> Option<&str> {
        self.scheme.as_deref()
    }
}

/// By the text alone: the name follows from it.
impl PartialEq for PasswordHash {
    fn eq(&self, other: &Self) -> bool {
        self.phc == other.phc
    }
}

impl Eq for PasswordHash {}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

/// Proof that a password was checked against one user's stored hash and matched.
#[derive(Debug)]
pub struct PasswordChecked(());

impl PasswordChecked {
    /// Claims that it matched. Only the hasher says so, right after comparing: a search for this
    /// name finds every place where a password is declared right.
    pub fn assertion() -> Self {
        Self(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn w1_length_is_counted_in_bytes_before_hashing_and_in_characters_for_people() {
        assert!(PlainPassword::parse(&"x".repeat(1024)).is_ok());
        for length in [1025, 1_000_000] {
            assert_eq!(
                PlainPassword::parse(&"x".repeat(length)).unwrap_err(),
                PasswordError::TooLong
            );
        }
        assert_eq!(PlainPassword::parse("").unwrap_err(), PasswordError::Empty);
        assert!(PlainPassword::parse_new(&"가".repeat(15)).is_ok());
        assert_eq!(
            PlainPassword::parse_new(&"가".repeat(14)).unwrap_err(),
            PasswordError::TooShort
        );
        assert!(PlainPassword::parse_new(&"long enough ".repeat(6)).is_ok());
    }

    #[test]
    fn w2_nul_is_refused_and_composition_does_not_matter() {
        assert_eq!(
            PlainPassword::parse("pw\0").unwrap_err(),
            PasswordError::Nul
        );
        let composed = PlainPassword::parse("caf\u{e9} 😀").unwrap();
        let decomposed = PlainPassword::parse("cafe\u{301} 😀").unwrap();
        assert_eq!(composed.as_bytes(), decomposed.as_bytes());
        assert_eq!(decomposed.as_typed(), "cafe\u{301} 😀".as_bytes());
        assert_eq!(composed.as_typed(), composed.as_bytes());
        let spaced = PlainPassword::parse(" pw ").unwrap();
        assert_eq!(spaced.as_bytes(), b" pw ");
    }

    #[test]
    fn g23_a_password_never_shows_in_debug() {
        let password = PlainPassword::parse("canary-password").unwrap();
        assert!(!format!("{password:?}").contains("canary"));
        let hash = PasswordHash::from_phc("$argon2id$canary".to_owned());
        assert!(!format!("{hash:?}").contains("canary"));
    }
}
