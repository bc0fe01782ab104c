//! What a check found: four doors, and nothing in between (see `guard.rs`).
//!
//! RFC 6750 §3.1 says which kind of refusal gets which answer; `rejection.rs` gives it.

use std::{fmt, time::Duration};

use symbolon_token::{AccessClaims, Verified};

use crate::{Absent, Malformed};

/// What [`Guard::check`](crate::Guard::check) found, with the claims as `C`.
#[derive(Debug)]
pub enum Outcome<C = AccessClaims> {
    /// The request carries no credential of a kind that the guard takes.
    Absent(Absent),
    /// The token is good, and these are its claims.
    Valid(Verified<C>),
    /// There is a credential, and it is refused.
    Invalid(Invalid),
    /// The token can't be judged now: the keys for it can't be had.
    Unavailable(Unavailable),
}

/// Why a credential is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Invalid {
    /// It isn't written the way RFC 6750 §2.1 asks for: 400 `invalid_request`.
    Request(Malformed),
    /// The token is no good: 401 `invalid_token`.
    Token(symbolon_token::Error),
}

/// The keys can't be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unavailable {
    /// When it makes sense to come back.
    pub retry_after: Duration,
}

/// Why [`Guard::replace_keys`](crate::Guard::replace_keys) left the keys as they were.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReplaceKeysError {
    /// The keys don't fit the guard's policy.
    Keys(symbolon_token::Error),
    /// The guard fetches its keys from the issuer, which alone says what they are.
    Remote,
}

impl fmt::Display for ReplaceKeysError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keys(_) => f.write_str("the keys do not fit the guard's policy"),
            Self::Remote => f.write_str("the keys of this guard come from its issuer"),
        }
    }
}

impl std::error::Error for ReplaceKeysError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Keys(error) => Some(error),
            Self::Remote => None,
        }
    }
}
