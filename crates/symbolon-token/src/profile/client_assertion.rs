//! Client assertions (RFC 7523 §3, and its revision, which gives them a `typ` and one audience).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::mismatch;
use crate::{Algorithm, Error, KeySet, Timestamp, Typ, Verified, Verifier};

/// How far ahead an assertion may expire: its `jti` must be remembered for so long.
const LIFETIME_LIMIT: Duration = Duration::from_mins(10);

/// The claims of a client's assertion about itself (RFC 7523 §3); an example is at [`ClientAssertions`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientAssertionClaims {
    /// The client.
    pub iss: String,
    /// The client again.
    pub sub: String,
    /// The authorization server, by its issuer identifier, as one string.
    pub aud: String,
    /// The first second in which it is no longer valid.
    pub exp: i64,
    /// Its name: one that has been seen must not count again.
    pub jti: String,
    /// When it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iat: Option<i64>,
}

/// Checks the assertions of one client at one authorization server (RFC 7523 §3).
///
/// ```
/// use symbolon_token::{
///     Algorithm, KeySet, SigningKey, Timestamp, Typ,
///     profile::{ClientAssertionClaims, ClientAssertions},
///     sign,
/// };
///
/// // The client's side.
/// let key = SigningKey::generate(Algorithm::ES256)?;
/// let claims = ClientAssertionClaims {
///     iss: "client-1".into(),
///     sub: "client-1".into(),
///     aud: "https://id.example".into(),
///     exp: 1_800_000_060,
///     jti: "assertion-1".into(),
///     iat: None,
/// };
/// let assertion = sign(&key, Typ::CLIENT_AUTHENTICATION, &claims)?;
///
/// // The server's.
/// let (keys, algorithms) = (KeySet::new([key.verifying_key()])?, vec![Algorithm::ES256]);
/// let assertions = ClientAssertions::new(keys, "client-1", "https://id.example", algorithms)?;
/// let now = Timestamp::from_secs(1_800_000_000);
/// assert_eq!(assertions.verify(&assertion, now)?.claims().jti, "assertion-1");
///
/// // One without `typ`, as older clients write it, is taken only where that is said.
/// let assertions = assertions.dangerous_optional_typ();
/// # assert!(assertions.verify(&assertion, now).is_ok());
/// # Ok::<(), symbolon_token::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ClientAssertions {
    verifier: Verifier,
    client_id: String,
}

impl ClientAssertions {
    /// `keys` are the client's, `issuer` is the identifier of the authorization server that is asked.
    /// Fails like [`Verifier::new`].
    pub fn new(
        keys: KeySet,
        client_id: impl Into<String>,
        issuer: impl Into<String>,
        algorithms: Vec<Algorithm>,
    ) -> Result<Self, Error> {
        let client_id = client_id.into();
        let typ = Typ::CLIENT_AUTHENTICATION;
        Ok(Self {
            verifier: super::verifier(keys, &client_id, issuer, algorithms, typ)?,
            client_id,
        })
    }

    /// Accepts assertions without `typ`, which most libraries still write; see
    /// [`Verifier::dangerous_optional_typ`] for what that opens.
    pub fn dangerous_optional_typ(self) -> Self {
        Self {
            verifier: self.verifier.dangerous_optional_typ(),
            ..self
        }
    }

    /// Checks an assertion: `iss` and `sub` are the client, `aud` is this server alone and no list
    /// (an assertion for several can be replayed by each of them), `jti` is there, and `exp` is at
    /// most ten minutes ahead.
    pub fn verify(
        &self,
        assertion: &str,
        now: Timestamp,
    ) -> Result<Verified<ClientAssertionClaims>, Error> {
        let verified = self.verifier.check(assertion, now)?;
        let is_list = verified.claims_as::<OnlyAudience>().is_err();
        if is_list {
            return Err(mismatch("aud", "it isn't one string"));
        }
        let verified: Verified<ClientAssertionClaims> =
            super::read_claims(verified, &["sub", "jti"])?;
        if verified.claims().sub != self.client_id {
            return Err(mismatch("sub", "it isn't the client"));
        }
        if verified.expires_at() > now + LIFETIME_LIMIT {
            return Err(mismatch("exp", "it is more than ten minutes ahead"));
        }
        Ok(verified)
    }
}

#[derive(Deserialize)]
struct OnlyAudience {
    #[serde(rename = "aud")]
    _aud: String,
}
