//! ID tokens (OpenID Connect Core §2, §3.1.3.7).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::mismatch;
use crate::{
    Algorithm, Audience, Error, KeySet, Timestamp, Typ, Verified, Verifier, base64, crypto,
    error::ErrorKind, policy::missing,
};

/// The claims of an ID token about the authentication itself (OpenID Connect Core §2); those about the
/// user are read with [`Verified::claims_as`]. An example is at [`IdTokens`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdTokenClaims {
    /// Who says so.
    pub iss: String,
    /// The user, by a name that the issuer never gives to another: at most 255 characters of ASCII.
    pub sub: String,
    /// The clients that it is meant for.
    pub aud: Audience,
    /// The first second in which it is no longer valid.
    pub exp: i64,
    /// When it was issued.
    pub iat: i64,
    /// When the user last proved who they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
    /// What the client sent along, to know its answer again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// The client it was issued to, where there are several audiences.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub azp: Option<String>,
    /// The left half of the hash of the access token that came with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_hash: Option<String>,
    /// How strong the authentication was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// The session at the issuer, which a logout token will name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
}

/// What a client knows about the authentication that it asked for (OpenID Connect Core §3.1.3.7); an
/// example is at [`IdTokens`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Authentication<'a> {
    /// The `nonce` that was sent. `None` says that none was, and then the token must have none.
    pub nonce: Option<&'a str>,
    /// The access token that came along; its `at_hash`, where there is one, must match.
    pub access_token: Option<&'a str>,
    /// How long ago the user may have proved who they are, if that was asked for (`max_age`); the
    /// token must then have `auth_time`.
    pub max_age: Option<Duration>,
}

/// Checks ID tokens of one issuer for one client (OpenID Connect Core §3.1.3.7).
///
/// ```
/// use symbolon_token::{
///     Algorithm, Error, KeySet, Timestamp,
///     profile::{Authentication, IdTokens},
/// };
///
/// fn user(keys: KeySet, token: &str, nonce: &str, now: Timestamp) -> Result<String, Error> {
///     let asked = Authentication { nonce: Some(nonce), ..Authentication::default() };
///     let verifier = IdTokens::new(keys, "https://id.example", "client-1", vec![Algorithm::RS256])?;
///     Ok(verifier.verify(token, asked, now)?.into_claims().sub)
/// }
///
/// /// For an issuer that writes no `typ`.
/// fn lenient(verifier: IdTokens) -> IdTokens {
///     verifier.dangerous_optional_typ()
/// }
/// ```
#[derive(Clone, Debug)]
pub struct IdTokens {
    verifier: Verifier,
    client_id: String,
}

impl IdTokens {
    /// Fails like [`Verifier::new`].
    pub fn new(
        keys: KeySet,
        issuer: impl Into<String>,
        client_id: impl Into<String>,
        algorithms: Vec<Algorithm>,
    ) -> Result<Self, Error> {
        let client_id = client_id.into();
        Ok(Self {
            verifier: super::verifier(keys, issuer, &client_id, algorithms, Typ::ID_TOKEN)?,
            client_id,
        })
    }

    /// Accepts ID tokens without `typ`, which OpenID Connect allows and some issuers write; see
    /// [`Verifier::dangerous_optional_typ`] for what that opens.
    pub fn dangerous_optional_typ(self) -> Self {
        Self {
            verifier: self.verifier.dangerous_optional_typ(),
            ..self
        }
    }

    /// Checks a token against what was asked for (§3.1.3.7, §3.1.3.6).
    pub fn verify(
        &self,
        token: &str,
        asked: Authentication<'_>,
        now: Timestamp,
    ) -> Result<Verified<IdTokenClaims>, Error> {
        let verified = self.verifier.check(token, now)?;
        // Back-Channel Logout §2.4 keeps `events` out of ID tokens, so that neither passes for the other.
        if super::is_present(verified.payload(), "events") {
            return Err(mismatch("events", "an ID token has none"));
        }
        let verified: Verified<IdTokenClaims> = super::read_claims(verified, &["sub", "iat"])?;
        let claims = verified.claims();
        if claims.sub.is_empty() || claims.sub.len() > 255 || !claims.sub.is_ascii() {
            return Err(Error::claim_refused(
                ErrorKind::InvalidClaim,
                "sub",
                "it isn't 1 to 255 characters of ASCII",
            ));
        }
        self.check_presenter(claims)?;
        match (asked.nonce, claims.nonce.as_deref()) {
            (None, None) => {}
            (Some(_), None) => return Err(missing("nonce")),
            (sent, got) if sent == got => {}
            _ => return Err(mismatch("nonce", "it isn't the one that was sent")),
        }
        if let (Some(access_token), Some(at_hash)) = (asked.access_token, &claims.at_hash) {
            check_hash(verified.algorithm(), access_token, at_hash)?;
        }
        if let Some(max_age) = asked.max_age {
            let since = claims.auth_time.ok_or(missing("auth_time"))?;
            if Timestamp::from_secs(since) + max_age + super::CLOCKS_DIFFER < now {
                return Err(mismatch("auth_time", "the authentication is too old"));
            }
        }
        Ok(verified)
    }

    fn check_presenter(&self, claims: &IdTokenClaims) -> Result<(), Error> {
        match claims.azp.as_deref() {
            Some(azp) if azp != self.client_id => Err(mismatch("azp", "it is another client")),
            // With several audiences each of them could present it here; azp says whose it is.
            None if claims.aud.as_slice().len() > 1 => Err(missing("azp")),
            _ => Ok(()),
        }
    }
}

/// The left half of the hash that the algorithm of the token uses (§3.1.3.6).
fn check_hash(algorithm: Algorithm, access_token: &str, at_hash: &str) -> Result<(), Error> {
    let hash = crypto::hash_of(algorithm, access_token.as_bytes());
    let half = hash.get(..hash.len() / 2).unwrap_or_default();
    if base64::decode(at_hash.as_bytes()).as_deref() != Some(half) {
        return Err(mismatch(
            "at_hash",
            "it is the hash of another access token",
        ));
    }
    Ok(())
}
