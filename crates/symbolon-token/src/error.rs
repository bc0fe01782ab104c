//! The one error type, and the table of its codes.
//!
//! A code is part of the API: programs branch on it, so it never changes its meaning. The reason is
//! for people. Invariant: an error holds static text only, so no part of a token, a claim or a key
//! can leak into a log through it.
//!
//! Which refusal wins when several apply is fixed by the order of verification (see
//! [`Verifier::verify`](crate::Verifier::verify)): nothing about the claims is said before the
//! signature has been found good.

use std::fmt;

/// Why a token, a key or a configuration was refused (RFC 7515 §5.2, RFC 7519 §7.2).
///
/// ```
/// use symbolon_token::{ClaimFailure, Error, ErrorKind};
///
/// /// What a service answers.
/// fn answer(error: &Error) -> &'static str {
///     match error.kind() {
///         ErrorKind::Expired => "log in again",
///         _ if error.is_unknown_key() => "the keys are fetched anew",
///         _ => "this token isn't for us",
///     }
/// }
///
/// let error = Error::refuse_claim("sid", "only sign-ins count here");
/// assert_eq!(error.code(), "claim_refused");
/// assert_eq!(error.claim(), Some("sid"));
/// assert_eq!(error.claim_failure(), Some(ClaimFailure::Mismatch));
/// assert_eq!(error.reason(), "only sign-ins count here");
/// assert_eq!(answer(&error), "this token isn't for us");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    claim: Option<&'static str>,
    reason: &'static str,
}

impl Error {
    pub(crate) const fn new(kind: ErrorKind, reason: &'static str) -> Self {
        Self {
            kind,
            claim: None,
            reason,
        }
    }

    pub(crate) const fn claim_refused(
        kind: ErrorKind,
        claim: &'static str,
        reason: &'static str,
    ) -> Self {
        Self {
            kind,
            claim: Some(claim),
            reason,
        }
    }

    /// A refusal by a check of the caller's own, see [`Verified::require`](crate::Verified::require).
    /// Its code is `claim_refused`.
    pub const fn refuse_claim(claim: &'static str, reason: &'static str) -> Self {
        Self::claim_refused(ErrorKind::ClaimRefused, claim, reason)
    }

    /// What is wrong with the claim that [`Error::claim`] names; `None` where it was no claim.
    pub const fn claim_failure(&self) -> Option<ClaimFailure> {
        match self.kind {
            ErrorKind::MissingClaim => Some(ClaimFailure::Missing),
            ErrorKind::InvalidClaim => Some(ClaimFailure::Malformed),
            ErrorKind::WrongIssuer
            | ErrorKind::WrongAudience
            | ErrorKind::ClaimMismatch
            | ErrorKind::ClaimRefused => Some(ClaimFailure::Mismatch),
            ErrorKind::Expired => Some(ClaimFailure::Expired),
            ErrorKind::NotYetValid => Some(ClaimFailure::NotYetValid),
            _ => None,
        }
    }

    /// What was refused, for `match`.
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The stable code, the first column of [`ErrorKind`]'s table.
    pub const fn code(&self) -> &'static str {
        self.kind.code()
    }

    /// The registered claim that was refused, where it was a claim.
    pub const fn claim(&self) -> Option<&'static str> {
        self.claim
    }

    /// One sentence for people. Its wording may change, unlike the code.
    pub const fn reason(&self) -> &'static str {
        self.reason
    }

    /// Whether a newer key set might contain the key: the only refusal that a fetch can cure.
    pub const fn is_unknown_key(&self) -> bool {
        matches!(self.kind, ErrorKind::UnknownKey)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.claim {
            Some(claim) => write!(f, "{}: {claim}: {}", self.code(), self.reason),
            None => write!(f, "{}: {}", self.code(), self.reason),
        }
    }
}

impl std::error::Error for Error {}

/// What is wrong with a claim (RFC 7519 §4.1).
///
/// ```
/// use symbolon_token::{ClaimFailure, Error};
///
/// /// A token that isn't valid yet is the one that a client may send again.
/// fn may_try_again(error: &Error) -> bool {
///     error.claim_failure() == Some(ClaimFailure::NotYetValid)
/// }
/// # assert!(!may_try_again(&Error::refuse_claim("sid", "not here")));
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClaimFailure {
    /// It is required and absent.
    Missing,
    /// It is of the wrong type or out of range.
    Malformed,
    /// It isn't what is expected.
    Mismatch,
    /// Its time is over.
    Expired,
    /// Its time hasn't come.
    NotYetValid,
}

macro_rules! error_kinds {
    ($($(#[doc = $doc:literal])+ $kind:ident = $code:literal,)+) => {
        /// Every reason this crate refuses something for, each with its stable code. `docs/token.md`
        /// has the same table (RFC 7515 §5.2, RFC 7519 §7.2, RFC 8725 §3).
        ///
        /// ```
        /// use symbolon_token::ErrorKind;
        ///
        /// assert_eq!(ErrorKind::WrongAudience.code(), "wrong_audience");
        /// ```
        ///
        /// | code | meaning |
        /// |---|---|
        $(#[doc = concat!("| `", $code, "` |", $($doc,)+ " |")])+
        #[non_exhaustive]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ErrorKind {
            $($(#[doc = $doc])+ $kind,)+
        }

        impl ErrorKind {
            /// The stable code of this kind.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$kind => $code,)+ }
            }
        }
    };
}

error_kinds! {
    /// The token, key or document isn't written the way its format asks for.
    Malformed = "malformed",
    /// Longer than accepted; refused before anything was decoded.
    TooLarge = "too_large",
    /// A JSON object names the same member twice, at whatever depth.
    DuplicateMember = "duplicate_member",
    /// A header member is missing or of the wrong type.
    InvalidHeader = "invalid_header",
    /// The header has `crit`: no extension is supported, and `crit` forbids ignoring one.
    UnsupportedCrit = "unsupported_crit",
    /// The header brings its own key (`jwk`, `jku`, `x5c`, `x5u`) or asks for an unencoded payload (`b64`).
    ForbiddenHeader = "forbidden_header",
    /// The header's `alg` is unknown, not in the policy, or not the algorithm of the key it names.
    AlgorithmNotAllowed = "algorithm_not_allowed",
    /// The header has no `typ` or one of another kind of token.
    WrongTyp = "wrong_typ",
    /// The key set has no key for this token; a newer key set might have.
    UnknownKey = "unknown_key",
    /// The token names no key and several would fit; a newer key set can't help.
    KidRequired = "kid_required",
    /// The signature isn't one the key made over this header and these claims.
    BadSignature = "bad_signature",
    /// `exp` is now or in the past.
    Expired = "expired",
    /// `nbf` is in the future.
    NotYetValid = "not_yet_valid",
    /// `iss` is another issuer.
    WrongIssuer = "wrong_issuer",
    /// `aud` names none of the audiences of the policy.
    WrongAudience = "wrong_audience",
    /// A claim that the policy needs is absent.
    MissingClaim = "missing_claim",
    /// A registered claim is of the wrong type or out of range.
    InvalidClaim = "invalid_claim",
    /// A claim isn't what this kind of token, or the question asked with it, wants it to be.
    ClaimMismatch = "claim_mismatch",
    /// A check of the program's own refused a claim.
    ClaimRefused = "claim_refused",
    /// The token is good, but its claims don't fit the type that was asked for.
    UnreadableClaims = "unreadable_claims",
    /// The claims to sign aren't a JSON object, or not one that a verifier would take.
    UnsignableClaims = "unsignable_claims",
    /// The cryptographic library refused to sign or to make a key.
    SigningFailed = "signing_failed",
    /// The key can be broken, or this kind of key can't carry its algorithm's strength.
    WeakKey = "weak_key",
    /// The key isn't a valid key of its kind.
    InvalidKey = "invalid_key",
    /// The key is of a kind that isn't supported here.
    UnsupportedKey = "unsupported_key",
    /// The key is valid, but not for this algorithm or not for verifying.
    WrongKey = "wrong_key",
    /// The JWK names no algorithm and several of the configured ones fit it.
    AmbiguousAlgorithm = "ambiguous_algorithm",
    /// Two keys can't be told apart: the same `kid`, or no `kid` and the same algorithm.
    DuplicateKey = "duplicate_key",
    /// The policy is incomplete or contradicts the keys.
    InvalidPolicy = "invalid_policy",
}
