//! Why a request has no token to judge, as fine as a program may want to tell it apart.
//!
//! RFC 6750 §3.1 knows two kinds: nothing sent (`Absent`, 401 without an error code) and something that
//! can't be read (`Malformed`, 400 `invalid_request`). What is finer than that is for those who answer
//! in a shape of their own.

use std::fmt;

/// Why a request counts as one without a credential.
///
/// ```
/// use symbolon_guard::{Absent, Reason, Rejection};
///
/// fn message(rejection: &Rejection) -> &'static str {
///     match rejection.reason() {
///         Reason::Absent(Absent::OtherScheme) => "send a Bearer token",
///         Reason::Absent(_) => "log in",
///         _ => "no",
///     }
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Absent {
    /// There is no `Authorization` field.
    NoHeader,
    /// The field holds a credential of another scheme.
    OtherScheme,
    /// The field holds one word, and no scheme that is taken here: another scheme alone, or a token
    /// without a scheme.
    OneWord,
    /// There is nothing in any of the places where the guard looks, `Authorization` not being one.
    Nowhere,
}

/// Why a credential could not be read. Answered with 400 `invalid_request` (RFC 6750 §3.1).
///
/// ```
/// use symbolon_guard::Malformed;
///
/// assert_eq!(Malformed::Several.to_string(), "there are several credentials");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Malformed {
    /// More than one `Authorization` field, cookie, parameter or member of the name.
    Repeated,
    /// More than one credential, in different places.
    Several,
    /// The body is larger than what is read in search of a token.
    TooLarge,
    /// The field is empty, or doesn't begin with an authentication scheme.
    NoScheme,
    /// The scheme (or cookie, parameter, member) is one that is taken here, and no token follows it.
    NoToken,
    /// Several words stand where the token is expected.
    ExtraWords,
    /// What stands where the token is expected isn't a b64token, or more than one space is before it.
    NotAToken,
}

impl fmt::Display for Malformed {
    /// One clause of printable ASCII, without any part of the request.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Repeated => "the credential is there twice",
            Self::Several => "there are several credentials",
            Self::TooLarge => "the body is too large to look for a token in it",
            Self::NoScheme => "the Authorization header names no scheme",
            Self::NoToken => "there is no token where one should be",
            Self::ExtraWords => "there are several words where a token should be",
            Self::NotAToken => "what stands where a token should be is not one",
        })
    }
}
