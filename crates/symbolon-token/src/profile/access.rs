//! Access tokens (RFC 9068 §2.2, §4).

use crate::{AccessClaims, Algorithm, Error, KeySet, Timestamp, Typ, Verified, Verifier};

/// Checks access tokens of one issuer for one resource server.
///
/// Like a [`Verifier`] of [`Typ::ACCESS_TOKEN`], and the claims that RFC 9068 requires must all be
/// there: `iss`, `sub`, `aud`, `exp`, `iat`, `jti`, `client_id`.
///
/// ```
/// use symbolon_token::{
///     AccessClaims, Algorithm, Error, KeySet, Timestamp, Verified, profile::AccessTokens,
/// };
///
/// fn check(keys: KeySet, token: &str, now: Timestamp) -> Result<Verified<AccessClaims>, Error> {
///     let issuer = "https://id.example";
///     AccessTokens::new(keys, issuer, "https://api.example", vec![Algorithm::ES256])?
///         .verify(token, now)
/// }
/// ```
#[derive(Clone, Debug)]
pub struct AccessTokens(Verifier);

impl AccessTokens {
    /// Fails like [`Verifier::new`].
    pub fn new(
        keys: KeySet,
        issuer: impl Into<String>,
        audience: impl Into<String>,
        algorithms: Vec<Algorithm>,
    ) -> Result<Self, Error> {
        super::verifier(keys, issuer, audience, algorithms, Typ::ACCESS_TOKEN).map(Self)
    }

    /// Checks a token. A claim that RFC 9068 requires and that isn't there is named by
    /// [`Error::claim`].
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Verified<AccessClaims>, Error> {
        let required = ["sub", "iat", "jti", "client_id"];
        super::read_claims(self.0.check(token, now)?, &required)
    }
}
