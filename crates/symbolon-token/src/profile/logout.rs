//! Logout tokens (OpenID Connect Back-Channel Logout §2.4, §2.6).

use serde::Deserialize;

use super::{Event, mismatch};
use crate::{
    Algorithm, Audience, Error, KeySet, Timestamp, Typ, Verified, Verifier, policy::missing,
};

/// The claims of a logout token (Back-Channel Logout §2.4); an example is at [`LogoutTokens`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct LogoutClaims {
    /// Who says so.
    pub iss: String,
    /// The clients that it is meant for.
    pub aud: Audience,
    /// The first second in which it is no longer valid.
    pub exp: i64,
    /// When it was issued.
    pub iat: i64,
    /// Its name: one that has been seen must not count again.
    pub jti: String,
    /// The user to sign out; without `sid`, everywhere.
    #[serde(default)]
    pub sub: Option<String>,
    /// The session to end.
    #[serde(default)]
    pub sid: Option<String>,
}

/// Checks logout tokens of one issuer for one client (OpenID Connect Back-Channel Logout §2.6).
///
/// ```
/// use symbolon_token::{Algorithm, Error, KeySet, Timestamp, profile::LogoutTokens};
///
/// /// The session to end.
/// fn session(keys: KeySet, token: &str, now: Timestamp) -> Result<Option<String>, Error> {
///     let algorithms = vec![Algorithm::ES256];
///     let logouts = LogoutTokens::new(keys, "https://id.example", "client-1", algorithms)?;
///     Ok(logouts.verify(token, now)?.into_claims().sid)
/// }
/// ```
#[derive(Clone, Debug)]
pub struct LogoutTokens(Verifier);

impl LogoutTokens {
    /// Fails like [`Verifier::new`].
    pub fn new(
        keys: KeySet,
        issuer: impl Into<String>,
        client_id: impl Into<String>,
        algorithms: Vec<Algorithm>,
    ) -> Result<Self, Error> {
        super::verifier(keys, issuer, client_id, algorithms, Typ::LOGOUT_TOKEN).map(Self)
    }

    /// Checks a token: `iat` and `jti` are there, `events` says logout, `sub` or `sid` says whose, and
    /// there is no `nonce`, which would make it an ID token.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Verified<LogoutClaims>, Error> {
        #[derive(Deserialize)]
        struct Events {
            #[serde(rename = "http://schemas.openid.net/event/backchannel-logout")]
            _logout: Event,
        }
        #[derive(Deserialize)]
        struct WithEvents {
            #[serde(rename = "events")]
            _events: Events,
        }
        let verified = self.0.check(token, now)?;
        if super::is_present(verified.payload(), "nonce") {
            return Err(mismatch("nonce", "a logout token has none"));
        }
        if !super::is_present(verified.payload(), "events") {
            return Err(missing("events"));
        }
        verified
            .claims_as::<WithEvents>()
            .map_err(|_| mismatch("events", "it doesn't say logout"))?;
        let verified: Verified<LogoutClaims> = super::read_claims(verified, &["iat", "jti"])?;
        let claims = verified.claims();
        super::check_issued(Timestamp::from_secs(claims.iat), now)?;
        if claims.sub.is_none() && claims.sid.is_none() {
            return Err(missing("sub"));
        }
        Ok(verified)
    }
}
