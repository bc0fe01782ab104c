//! Checking a token.

use std::{fmt, time::Duration};

use serde::de::DeserializeOwned;

use crate::{Algorithm, Error, ErrorKind, KeySet, Timestamp, Typ};

/// What a token must say to be accepted.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The issuer, an exact string.
    pub issuer: String,
    /// The names by which this service is meant; a token must name one of them.
    pub audience: Vec<String>,
    /// The algorithms accepted.
    pub algorithms: Vec<Algorithm>,
    /// The kind of token accepted.
    pub typ: Typ,
}

/// Checks tokens.
#[derive(Clone, Debug)]
pub struct Verifier {
    keys: KeySet,
    policy: Policy,
}

impl Verifier {
    /// Puts keys and policy together.
    pub fn new(keys: KeySet, policy: Policy) -> Result<Self, Error> {
        Ok(Self { keys, policy })
    }
    /// The same verifier with other keys.
    pub fn with_keys(&self, keys: KeySet) -> Result<Self, Error> {
        Self::new(keys, self.policy.clone())
    }
    /// How far clocks may differ.
    pub fn leeway(self, _leeway: Duration) -> Result<Self, Error> {
        Ok(self)
    }
    /// Accepts any audience.
    pub fn dangerous_any_audience(self) -> Self {
        self
    }
    /// The policy.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }
    /// The keys.
    pub fn keys(&self) -> &KeySet {
        &self.keys
    }
    /// Checks a token.
    pub fn verify<C: DeserializeOwned>(
        &self,
        _token: &str,
        _now: Timestamp,
    ) -> Result<Verified<C>, Error> {
        Err(Error::new(ErrorKind::BadSignature, "not built yet"))
    }
}

/// Proof that a token was checked.
pub struct Verified<C> {
    claims: C,
    registered: RegisteredClaims,
    key_id: Option<String>,
    algorithm: Algorithm,
}

impl<C> Verified<C> {
    /// The claims.
    pub fn claims(&self) -> &C {
        &self.claims
    }
    /// The claims, by value.
    pub fn into_claims(self) -> C {
        self.claims
    }
    /// The registered claims.
    pub fn registered(&self) -> &RegisteredClaims {
        &self.registered
    }
    /// The kid of the key.
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }
    /// The algorithm of the key.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

impl<C> fmt::Debug for Verified<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified").finish_non_exhaustive()
    }
}

/// The registered claims (RFC 7519 §4.1) of a verified token.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredClaims {
    /// `iss`.
    pub issuer: String,
    /// `sub`.
    pub subject: Option<String>,
    /// `aud`.
    pub audience: Vec<String>,
    /// `exp`.
    pub expires_at: Timestamp,
    /// `iat`.
    pub issued_at: Option<Timestamp>,
    /// `nbf`.
    pub not_before: Option<Timestamp>,
    /// `jti`.
    pub token_id: Option<String>,
}
