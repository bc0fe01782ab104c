//! The corner for tokens of an older system while it is being replaced.
//!
//! Each of these reads what RFC 7519 or RFC 7515 doesn't allow, is off, and is switched on at a verifier
//! by a method that has `dangerous` in its name. Signing knows none of them.

use crate::Verifier;

/// What a verifier reads although it is malformed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Legacy {
    pub(crate) integer_subject: bool,
    pub(crate) text_dates: bool,
    pub(crate) padding: bool,
}

/// For the time in which an older system's tokens are still around, each by its name:
///
/// ```
/// use symbolon_token::Verifier;
///
/// fn during_migration(verifier: Verifier) -> Verifier {
///     verifier
///         .dangerous_without_expiry()
///         .dangerous_integer_subject()
///         .dangerous_text_dates()
///         .dangerous_padding()
/// }
/// ```
impl Verifier {
    /// Accepts tokens without `exp`. One that is there still counts.
    ///
    /// Dangerous: such a token is good for ever; only a newer key ends it. For migration: accept it
    /// once, and give its bearer one that expires.
    pub fn dangerous_without_expiry(self) -> Self {
        self.map_checks(crate::policy::Checks::without_expiry)
    }

    /// Accepts a whole number as `sub`, as Flask-JWT and old Flask-JWT-Extended signed it;
    /// [`RegisteredClaims::subject`](crate::RegisteredClaims::subject) is its text.
    ///
    /// Dangerous: RFC 7519 §4.1.2 wants a string, and the subjects `7` and `"7"` become one.
    pub fn dangerous_integer_subject(self) -> Self {
        self.map_checks(|checks| {
            checks.with_legacy(|legacy| Legacy {
                integer_subject: true,
                ..legacy
            })
        })
    }

    /// Accepts `exp`, `nbf` and `iat` as strings of digits.
    ///
    /// Dangerous: RFC 7519 §2 wants numbers, and other readers of the same token may take the claim
    /// for absent. Whatever else stands in such a string is still refused.
    pub fn dangerous_text_dates(self) -> Self {
        self.map_checks(|checks| {
            checks.with_legacy(|legacy| Legacy {
                text_dates: true,
                ..legacy
            })
        })
    }

    /// Accepts `=` at the ends of segments, where base64 would have it.
    ///
    /// Dangerous: one token gets several spellings (RFC 7515 §2 allows one), so lists of seen or
    /// revoked tokens must not go by the text of a token but by its `jti`. The padding is part of
    /// what is signed, except behind the signature.
    pub fn dangerous_padding(self) -> Self {
        self.map_checks(|checks| {
            checks.with_legacy(|legacy| Legacy {
                padding: true,
                ..legacy
            })
        })
    }
}

impl Legacy {
    /// A segment without the padding that is forgiven: as much as base64 would have, no more.
    pub(crate) fn unpadded(self, segment: &str) -> &str {
        let bare = segment.trim_end_matches('=');
        let wanted = (4 - bare.len() % 4) % 4;
        if self.padding && segment.len() - bare.len() == wanted && wanted < 3 {
            bare
        } else {
            segment
        }
    }
}
