//! What can be wrong with remote keys: at the start for good, or at a fetch for now.
//!
//! Invariant: nothing here repeats what an issuer sent, so that it can go to a log as it is.

use std::{error::Error, fmt, io};

use http::StatusCode;
use symbolon_token::Algorithm;

/// Why a guard with remote keys could not be started.
///
/// ```
/// use symbolon_guard::{Guard, StartError};
///
/// let refused = Guard::remote("http://login.example").start().unwrap_err();
/// assert!(matches!(refused, StartError::Issuer));
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// The issuer is no `https` URL without query and fragment (RFC 8414 §2), nor `http` on loopback.
    Issuer,
    /// The key set's address is neither `https` nor `http` on loopback.
    JwksUri,
    /// A published key can't be used with this algorithm.
    SymmetricAlgorithm(Algorithm),
    /// The policy is incomplete, or the leeway too large.
    Policy(symbolon_token::Error),
    /// Keys that can't be refreshed shall serve for longer than 24 hours.
    TooStale,
    /// No TLS: most likely, this machine has no certificate authorities.
    Tls(io::Error),
    /// Called outside of a tokio runtime.
    NoRuntime,
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Issuer => f.write_str(
                "the issuer must be an https URL without query and fragment, or http on loopback",
            ),
            Self::JwksUri => f.write_str("the jwks_uri must be https, or http on loopback"),
            Self::SymmetricAlgorithm(algorithm) => {
                write!(f, "{algorithm} cannot be used with published keys")
            }
            Self::Policy(_) => f.write_str("the policy cannot be used"),
            Self::TooStale => f.write_str("stale keys serve for 24 hours at most"),
            Self::Tls(_) => f.write_str("TLS cannot be set up"),
            Self::NoRuntime => f.write_str("a remote guard starts inside of a tokio runtime"),
        }
    }
}

impl Error for StartError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Policy(error) => Some(error),
            Self::Tls(error) => Some(error),
            _ => None,
        }
    }
}

/// Why keys could not be fetched.
///
/// ```
/// use symbolon_guard::{FetchError, Guard};
///
/// fn for_the_probe(guard: &Guard) -> String {
///     match guard.fetch_failure().as_deref() {
///         None => "keys are fresh".to_owned(),
///         Some(FetchError::Unreachable(_) | FetchError::TimedOut) => "the issuer is away".to_owned(),
///         Some(other) => format!("the issuer is not well: {other}"),
///     }
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum FetchError {
    /// No connection, or one that broke.
    Unreachable(Box<dyn Error + Send + Sync>),
    /// Not everything was there after 5 seconds.
    TimedOut,
    /// An answer other than 200.
    Status(StatusCode),
    /// A redirect; none is followed.
    Redirected,
    /// The answer isn't said to be JSON.
    NotJson,
    /// More than 512 KiB.
    TooLarge,
    /// The issuer's metadata isn't an object with `issuer` and `jwks_uri`.
    MalformedMetadata,
    /// The metadata is that of another issuer.
    WrongIssuer,
    /// The metadata names a `jwks_uri` that is neither https nor on this machine.
    InsecureJwksUri,
    /// The key set can't be read.
    Malformed(symbolon_token::Error),
    /// The key set holds no key that can be used.
    NoUsableKey,
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(_) => f.write_str("the issuer cannot be reached"),
            Self::TimedOut => f.write_str("the issuer did not answer within 5 seconds"),
            Self::Status(status) => write!(f, "the issuer answered {status}"),
            Self::Redirected => f.write_str("the issuer redirects, which is not followed"),
            Self::NotJson => f.write_str("the issuer's answer is not JSON"),
            Self::TooLarge => f.write_str("the issuer's answer is larger than 512 KiB"),
            Self::MalformedMetadata => f.write_str("the issuer's metadata cannot be read"),
            Self::WrongIssuer => f.write_str("the metadata is that of another issuer"),
            Self::InsecureJwksUri => {
                f.write_str("the issuer's jwks_uri is neither https nor on loopback")
            }
            Self::Malformed(_) => f.write_str("the issuer's key set cannot be read"),
            Self::NoUsableKey => f.write_str("the issuer's key set holds no usable key"),
        }
    }
}

impl Error for FetchError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Unreachable(error) => Some(error.as_ref()),
            Self::Malformed(error) => Some(error),
            _ => None,
        }
    }
}
