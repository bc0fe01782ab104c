//! Authentication schemes by name.
//!
//! RFC 9110 §11.1: a scheme is a token, compared without regard to case. `Bearer` is RFC 6750's; other
//! words for the same thing (`JWT`, `Token`) are customs of programs that were there before.

use std::{borrow::Cow, fmt};

use super::is_tchar;

/// The word before a token in the `Authorization` field.
///
/// ```
/// use symbolon_guard::Scheme;
///
/// assert_eq!(Scheme::new("jwt")?, Scheme::JWT);
/// assert_eq!(Scheme::new("Token")?.as_str(), "Token");
/// assert!(Scheme::new("two words").is_err());
/// # Ok::<(), symbolon_guard::SchemeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Scheme(Cow<'static, str>);

impl Scheme {
    /// RFC 6750's.
    pub const BEARER: Self = Self(Cow::Borrowed("Bearer"));
    /// Flask-JWT's and Django REST framework JWT's.
    pub const JWT: Self = Self(Cow::Borrowed("JWT"));

    /// A word of your own.
    ///
    /// Fails unless it is a token in the sense of RFC 9110 §5.6.2, and on `DPoP`: such a credential is
    /// worth nothing without its proof (RFC 9449 §7.1), which isn't checked here.
    pub fn new(word: impl Into<Cow<'static, str>>) -> Result<Self, SchemeError> {
        let word = word.into();
        if word.is_empty() || !word.bytes().all(is_tchar) {
            return Err(SchemeError::NotAWord);
        }
        if word.eq_ignore_ascii_case("DPoP") {
            return Err(SchemeError::NeedsProof);
        }
        Ok(Self(word))
    }

    /// The word as it stands in challenges.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn is(&self, word: &[u8]) -> bool {
        self.0.as_bytes().eq_ignore_ascii_case(word)
    }
}

impl PartialEq for Scheme {
    fn eq(&self, other: &Self) -> bool {
        self.is(other.0.as_bytes())
    }
}

impl Eq for Scheme {}

/// Why a word isn't taken for a scheme.
///
/// ```
/// use symbolon_guard::{Scheme, SchemeError};
///
/// assert_eq!(Scheme::new("DPoP"), Err(SchemeError::NeedsProof));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SchemeError {
    /// It is empty, or holds what a scheme can't.
    NotAWord,
    /// A credential of this scheme comes with a proof that isn't checked here.
    NeedsProof,
}

impl fmt::Display for SchemeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAWord => "an authentication scheme is one word",
            Self::NeedsProof => "a DPoP token is worth nothing without its proof",
        })
    }
}

impl std::error::Error for SchemeError {}
