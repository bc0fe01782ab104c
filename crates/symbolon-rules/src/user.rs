//! Usernames and their one canonical form.
//!
//! The rule, in one sentence: white space around the name is dropped, then the name is put into
//! Unicode NFC and through the `UsernameCaseMapped` profile of PRECIS (RFC 8265 §3.3): full-width
//! letters become plain ones, upper case becomes lower case, and spaces, controls, invisible
//! characters, symbols and emoji are refused. Two spellings that a person would take for the same
//! name in the same script are one user; the store's unique index sees only the canonical form.

use std::fmt;

use precis_profiles::{UsernameCaseMapped, precis_core::profile::PrecisFastInvocation};
use unicode_normalization::UnicodeNormalization;

/// Longest canonical username in bytes of UTF-8; an e-mail address of 254 fits.
pub const USERNAME_MAX_BYTES: usize = 255;

/// What is looked at before normalisation at all: NFC and case mapping can shorten a name, but
/// never by more than this allows for, and the work stays bounded.
const RAW_MAX_BYTES: usize = 4 * USERNAME_MAX_BYTES;

/// A username in canonical form.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Username(String);

impl Username {
    /// The canonical form of what a person typed.
    pub fn parse(typed: &str) -> Result<Self, UsernameError> {
        let trimmed = typed.trim();
        if trimmed.is_empty() {
            return Err(UsernameError::Empty);
        }
        if trimmed.len() > RAW_MAX_BYTES {
            return Err(UsernameError::TooLong);
        }
        // PRECIS refuses decomposed Hangul before it would compose it; what a keyboard sends
        // decomposed is the same name.
        let composed: String = trimmed.nfc().collect();
        let canonical = UsernameCaseMapped::enforce(composed.as_str())
            .map_err(|_| UsernameError::Forbidden)?
            .into_owned();
        if canonical.len() > USERNAME_MAX_BYTES {
            return Err(UsernameError::TooLong);
        }
        // A form that maps on to something else is not canonical (RFC 8264 §7): refusing it keeps
        // `parse` idempotent, which the unique index relies on.
        match UsernameCaseMapped::enforce(canonical.as_str()) {
            Ok(again) if again == canonical => Ok(Self(canonical)),
            _ => Err(UsernameError::Forbidden),
        }
    }

    /// A name that was canonical when it was stored.
    pub fn from_stored(canonical: String) -> Self {
        Self(canonical)
    }

    /// The canonical form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Why a text is no username.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsernameError {
    /// Nothing is left once the white space around it is gone.
    Empty,
    /// The canonical form is longer than [`USERNAME_MAX_BYTES`].
    TooLong,
    /// It holds white space, a control or invisible character, a symbol or an emoji.
    Forbidden,
}

impl fmt::Display for UsernameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "it is empty",
            Self::TooLong => "it is longer than 255 bytes",
            Self::Forbidden => "it holds a space, an invisible character, a symbol or an emoji",
        })
    }
}

/// Whether a user may sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserState {
    /// May sign in.
    Enabled,
    /// May not; existing sessions count for nothing.
    Disabled,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(typed: &str) -> String {
        Username::parse(typed).unwrap().as_str().to_owned()
    }

    #[test]
    fn spellings_of_one_name_are_one_user() {
        for (typed, expected) in [
            ("Alice", "alice"),
            ("  alice\u{3000}\t", "alice"),
            ("ＡＬＩＣＥ", "alice"),
            ("Jose\u{301}", "jos\u{e9}"),
            ("alice@Example.com", "alice@example.com"),
            ("\u{1112}\u{1169}\u{11bc}길동", "홍길동"),
            ("\u{212a}elvin", "kelvin"),
        ] {
            assert_eq!(canonical(typed), expected, "{typed:?}");
        }
    }

    #[test]
    fn what_looks_like_another_name_is_refused() {
        for typed in [
            "al ice",
            "al\u{a0}ice",
            "alice\0",
            "ali\u{200b}ce",
            "ali\u{ad}ce",
            "\u{202e}ecila",
            "ali\u{feff}ce",
            "😀",
            "ﬁona",
            "alice\nadmin",
        ] {
            assert_eq!(
                Username::parse(typed),
                Err(UsernameError::Forbidden),
                "{typed:?}"
            );
        }
    }

    #[test]
    fn lengths_are_bounded() {
        assert_eq!(Username::parse(" \u{3000} "), Err(UsernameError::Empty));
        assert_eq!(canonical(&"a".repeat(255)).len(), 255);
        for length in [256, 10_000, 1_000_000] {
            assert_eq!(
                Username::parse(&"a".repeat(length)),
                Err(UsernameError::TooLong)
            );
        }
    }

    #[test]
    fn the_canonical_form_is_its_own() {
        for typed in ["Ὀδυσσεύς", "ΑΣ", "İstanbul", "ẞ", "אבג", "l·l"] {
            let once = canonical(typed);
            assert_eq!(canonical(&once), once, "{typed:?}");
        }
    }
}
