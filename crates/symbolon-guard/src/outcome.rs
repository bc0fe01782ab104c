//! What a check found: four doors, and nothing in between (see `guard.rs`).
//!
//! RFC 6750 §3.1 says which kind of refusal gets which answer; `rejection.rs` gives it.

use std::{fmt, time::Duration};

use symbolon_token::{AccessClaims, Verified};

use crate::{Absent, CrossSite, Malformed};

/// What [`Guard::check`](crate::Guard::check) found, with the claims as `C`.
///
/// ```
/// use http::HeaderMap;
/// use symbolon_guard::{Guard, Outcome, token::Timestamp};
///
/// fn judge(guard: &Guard, headers: &HeaderMap, now: Timestamp) -> String {
///     match guard.check(headers, now) {
///         Outcome::Valid(token) => token.claims().sub.clone(),
///         Outcome::Absent(_) => "nobody".to_owned(),
///         Outcome::Invalid(why) => format!("refused: {why:?}"),
///         Outcome::Unavailable(later) => format!("again in {:?}", later.retry_after),
///     }
/// }
/// ```
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
///
/// ```
/// use symbolon_guard::Invalid;
///
/// fn for_the_log(invalid: &Invalid) -> String {
///     match invalid {
///         Invalid::Token(error) => error.code().to_owned(),
///         Invalid::WrongKind(kind) => kind.to_string(),
///         other => format!("{other:?}"),
///     }
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Invalid {
    /// It isn't written the way RFC 6750 §2.1 asks for: 400 `invalid_request`.
    Request(Malformed),
    /// The token is no good: 401 `invalid_token`.
    Token(symbolon_token::Error),
    /// The token is good, and none of those that are taken here: 401 `invalid_token`.
    WrongKind(WrongKind),
    /// It came in a cookie, and nothing shows that a page of the program's own sent it: 403.
    CrossSite(CrossSite),
}

/// What a good token is, if it is none to call with. See [`Profile`](crate::Profile).
///
/// ```
/// use symbolon_guard::{Invalid, Reason, Rejection, WrongKind};
///
/// /// A page that sends what it should keep for itself.
/// fn sends_its_id_token(rejection: &Rejection) -> bool {
///     *rejection.reason() == Reason::Invalid(Invalid::WrongKind(WrongKind::IdToken))
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum WrongKind {
    /// An ID token: it tells a client who signed in, and opens nothing.
    IdToken,
    /// A token that is good only with a proof that its bearer holds a key (`cnf`), which isn't checked
    /// here.
    Bound,
    /// A refresh token, a logout token, or one that doesn't say enough to be told apart.
    Other,
}

impl fmt::Display for WrongKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::IdToken => "it is an ID token",
            Self::Bound => "it is bound to a key",
            Self::Other => "it is not an access token",
        })
    }
}

/// The keys can't be had.
///
/// ```
/// use symbolon_guard::{Reason, Rejection};
///
/// fn seconds_to_wait(rejection: &Rejection) -> Option<u64> {
///     match rejection.reason() {
///         Reason::Unavailable(unavailable) => Some(unavailable.retry_after.as_secs()),
///         _ => None,
///     }
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unavailable {
    /// When it makes sense to come back.
    pub retry_after: Duration,
}

/// Why [`Guard::replace_keys`](crate::Guard::replace_keys) left the keys as they were.
///
/// ```
/// use symbolon_guard::{Guard, ReplaceKeysError, token::KeySet};
///
/// fn rotate(guard: &Guard, keys: KeySet) -> Result<(), ReplaceKeysError> {
///     guard.replace_keys(keys)
/// }
/// ```
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
