//! Security event tokens (RFC 8417).

use std::collections::BTreeMap;

use serde::Deserialize;

use super::mismatch;
use crate::{
    Algorithm, Audience, Error, KeySet, Timestamp, Typ, Verified, Verifier, policy::Checks,
    policy::missing,
};

/// The claims of a security event token (RFC 8417 §2.2). What an event says is in
/// [`Verified::claims_as`]; an example is at [`SecurityEvents`].
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct SecurityEventClaims {
    /// Who says so.
    pub iss: String,
    /// Whom it is meant for.
    pub aud: Audience,
    /// When it was issued.
    pub iat: i64,
    /// Its name.
    pub jti: String,
    /// The transaction that it belongs to.
    #[serde(default)]
    pub txn: Option<String>,
    /// When the event happened, in seconds since the epoch.
    #[serde(default)]
    pub toe: Option<i64>,
    /// The events by their URIs, each an object.
    pub events: BTreeMap<String, serde_json::Map<String, serde_json::Value>>,
}

/// Checks security events of one transmitter for one receiver.
///
/// An event is a fact and doesn't expire (RFC 8417 §2.2), so `exp` may be absent; where it is there it
/// counts. `jti` tells whether the event was received before.
///
/// ```
/// use symbolon_token::{Algorithm, Error, KeySet, Timestamp, profile::SecurityEvents};
///
/// fn events(keys: KeySet, token: &str, now: Timestamp) -> Result<Vec<String>, Error> {
///     let (issuer, us) = ("https://id.example", "https://api.example");
///     let events = SecurityEvents::new(keys, issuer, us, vec![Algorithm::ES256])?;
///     Ok(events.verify(token, now)?.into_claims().events.into_keys().collect())
/// }
/// ```
#[derive(Clone, Debug)]
pub struct SecurityEvents(Verifier);

impl SecurityEvents {
    /// Fails like [`Verifier::new`].
    pub fn new(
        keys: KeySet,
        issuer: impl Into<String>,
        audience: impl Into<String>,
        algorithms: Vec<Algorithm>,
    ) -> Result<Self, Error> {
        let verifier = super::verifier(keys, issuer, audience, algorithms, Typ::SECURITY_EVENT)?;
        Ok(Self(verifier.map_checks(Checks::without_expiry)))
    }

    /// Checks a token: `iat`, `jti` and at least one event are there.
    pub fn verify(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<Verified<SecurityEventClaims>, Error> {
        let required = ["iat", "jti", "events"];
        let verified: Verified<SecurityEventClaims> =
            super::read_claims(self.0.check(token, now)?, &required)?;
        let claims = verified.claims();
        super::check_issued(Timestamp::from_secs(claims.iat), now)?;
        if claims.events.is_empty() {
            return Err(missing("events"));
        }
        if super::is_present(verified.payload(), "nonce") {
            return Err(mismatch("nonce", "a security event has none"));
        }
        Ok(verified)
    }
}
