//! What can be wrong with a client: for good at the start, or for now with its provider.

use std::fmt;

use symbolon_rules::upstream::{PointerError, Refusal, Turn, Why};

/// Why a client can't be registered so. Each says what to do.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegistrationError {
    /// The name is no name.
    #[error(
        "a client's name stands in URLs and usernames: 1 to 32 lower-case letters, digits, `-` and \
         `_`, beginning with a letter"
    )]
    Name,
    /// Another client has this name.
    #[error("there is another client of this name; give each its own")]
    NameTaken,
    /// The issuer can't be an issuer.
    #[error(
        "the issuer {0:?} must be an https URL (or http on a loopback address) without query and \
         fragment, exactly as the provider writes it"
    )]
    Issuer(String),
    /// An endpoint can't be one.
    #[error(
        "the {name} {url:?} must be an https URL (or http on a loopback address) without fragment"
    )]
    Endpoint {
        /// Which one, by its name in RFC 8414.
        name: &'static str,
        /// What was given.
        url: String,
    },
    /// The client id is empty or holds what no client id has.
    #[error("the client_id must be what the provider gave, without white space around it")]
    ClientId,
    /// The secret is empty or holds what no secret has.
    #[error("the client secret must be what the provider gave, without white space around it")]
    Secret,
    /// The key can't sign assertions.
    #[error(
        "the key of a client signs with RS256, PS256, ES256, ES384 or EdDSA, not with a shared secret"
    )]
    Key,
    /// A scope can't be one.
    #[error("{0:?} is no scope: scopes are given one by one, without spaces and quotes")]
    Scope(String),
    /// A parameter is set by the client itself.
    #[error("the parameter {0:?} is set by the client itself and can't be given")]
    Parameter(String),
    /// The place of a claim is written wrongly.
    #[error(transparent)]
    Claims(#[from] PointerError),
    /// Nothing would say who it is.
    #[error(
        "without the scope openid there is no ID token, so a userinfo_endpoint must say who logs in"
    )]
    NoSubject,
    /// Nothing would verify an ID token.
    #[error(
        "with the scope openid there is an ID token, and a jwks_uri must say by which keys it is verified"
    )]
    NoKeys,
    /// The subject of an ID token is always `sub`.
    #[error("with the scope openid the subject is `sub`; leave the claim for it as it is")]
    SubjectClaim,
    /// An ID token can't be signed so.
    #[error("ID tokens are verified with a published key; {0} has none")]
    Algorithm(symbolon_token::Algorithm),
    /// A path can't be one of this site.
    #[error("{0:?} must be a path on this site, as in /authorize")]
    Path(String),
    /// Two clients have the same path.
    #[error(
        "the path {0:?} is another client's or one of the engine's; each provider needs a callback of \
         its own, or one could answer for another (RFC 9700 §4.4)"
    )]
    PathTaken(String),
    /// Nobody answers for so long.
    #[error("a provider is waited for between a tenth of a second and 30 seconds")]
    Timeout,
    /// No TLS.
    #[error("TLS can't be set up, most likely for want of certificate authorities: {0}")]
    Tls(String),
}

crate::reads_as_text!(RegistrationError);

/// Why a provider gave nothing that can be used.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ClientError(pub(crate) Refusal);

impl ClientError {
    /// The stable code, as in docs/errors.md.
    pub const fn code(&self) -> &'static str {
        self.0.why.code()
    }

    /// Whether it may go better in a moment without anybody doing anything.
    pub fn is_temporary(&self) -> bool {
        self.0.why == Why::Unavailable
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let turn = match self.0.why.turn() {
            Turn::Visitor => "log in again",
            Turn::Provider if self.is_temporary() => "try again in a moment",
            Turn::Provider => "tell whoever runs the provider",
            Turn::Operator => "look at how this client is registered there and here",
        };
        write!(f, "{}: {}; {turn}", self.code(), self.0.reason)
    }
}

crate::reads_as_text!(ClientError);

impl std::error::Error for ClientError {}

impl From<Refusal> for ClientError {
    fn from(refusal: Refusal) -> Self {
        Self(refusal)
    }
}
