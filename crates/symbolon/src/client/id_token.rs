//! The ID token of a login: who it is, once everything about it was checked.
//!
//! OpenID Connect Core §3.1.3.7. Signature, algorithm, issuer, audience and expiry are a `Verifier`'s,
//! the rest is `rules::upstream::IdToken`'s.

use serde::Deserialize;
use serde_json::Value;
use symbolon_rules::upstream::{Expected, IdToken, LEEWAY, Pending, Refusal, Why};
use symbolon_token::{Error, KeySet, Policy, Typ, Verified, Verifier, VerifyingKey};

use super::{Tokens, provider::Inner};
use crate::keys::left_half;

/// Claims that only an ID token has.
#[derive(Deserialize)]
struct Own {
    azp: Option<String>,
    nonce: Option<String>,
    auth_time: Option<f64>,
    at_hash: Option<String>,
}

/// Who it is, and what else the token says.
pub(super) struct Identified {
    pub(super) subject: String,
    pub(super) claims: Value,
}

impl Inner {
    /// Checks the ID token that a login gave.
    pub(super) async fn identify(
        &self,
        tokens: &Tokens,
        pending: &Pending,
    ) -> Result<Identified, Refusal> {
        let token = tokens.id_token().ok_or(Refusal::new(
            Why::Faulty,
            "openid was asked for, and there is no ID token",
        ))?;
        let verified = self.verify(token).await?;
        let own: Own = verified
            .claims_as()
            .map_err(|error| Refusal::new(Why::Faulty, error.reason()))?;
        let registered = verified.registered();
        let id_token = IdToken {
            subject: registered.subject.as_deref(),
            audience: &registered.audience,
            issued_at: registered.issued_at,
            authorized_party: own.azp.as_deref(),
            nonce: own.nonce.as_deref(),
            auth_time: own.auth_time.map(whole_seconds),
            access_token_hash: own.at_hash.as_deref(),
        };
        let hash = left_half(verified.algorithm(), tokens.access_token());
        let expected = Expected {
            client_id: &self.registration.client_id,
            nonce: Some(pending.nonce()),
            begun_at: pending.begun_at(),
            max_age: pending.max_age(),
            access_token_hash: hash.as_deref(),
        };
        let subject = id_token.check(&expected, self.clock.now())?.to_owned();
        Ok(Identified {
            subject,
            claims: verified.into_claims(),
        })
    }

    async fn verify(&self, token: &str) -> Result<Verified<Value>, Refusal> {
        let keys = self.keys(false).await?;
        let error = match self.verify_with(&keys, token) {
            Err(error) if error.is_unknown_key() => {
                let keys = self.keys(true).await?;
                match self.verify_with(&keys, token) {
                    Ok(verified) => return Ok(verified),
                    Err(error) => error,
                }
            }
            Ok(verified) => return Ok(verified),
            Err(error) => error,
        };
        Err(Refusal::new(Why::Faulty, error.reason()))
    }

    fn verify_with(&self, keys: &KeySet, token: &str) -> Result<Verified<Value>, Error> {
        let policy = Policy {
            issuer: self.registration.issuer.clone(),
            audience: vec![self.registration.client_id.clone()],
            // The keys were read for the one algorithm that is pinned.
            algorithms: keys.keys().iter().map(VerifyingKey::algorithm).collect(),
            typ: Typ::ID_TOKEN,
        };
        // OpenID Connect never asked for a `typ`; nonce and audience keep the kinds apart here.
        Verifier::new(keys.clone(), policy)?
            .dangerous_optional_typ()
            .leeway(LEEWAY)?
            .verify(token, self.clock.now())
    }
}

/// A `NumericDate` may have a fraction (RFC 7519 §2), which says nothing here.
#[expect(
    clippy::cast_possible_truncation,
    reason = "saturates, and a time out of range fits no maximum age"
)]
fn whole_seconds(date: f64) -> i64 {
    date as i64
}
