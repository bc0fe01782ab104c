//! Tokens whose claims are a program's own: a type reads them, and a function says who calls.

use serde::de::{DeserializeOwned, IgnoredAny};
use symbolon_token::{AccessClaims, Audience, RegisteredClaims, Timestamp, Verified, Verifier};

use crate::{Invalid, WrongKind, admitted::Proof};

/// Who calls, as a token of the program's own shape says; see [`Profile::own`](crate::Profile::own).
///
/// Issuer, audience and times are the token's registered claims; they aren't for this to say.
///
/// ```
/// use symbolon_guard::{Identified, token::Timestamp};
///
/// let ada = Identified::new("7")
///     .role("editor")
///     .scope("posts:read posts:write")
///     .client_id("the old program")
///     .session_id("the sign-in")
///     .authenticated_at(Timestamp::from_secs(1_700_000_000));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identified {
    subject: String,
    client_id: String,
    scope: Option<String>,
    roles: Vec<String>,
    auth_time: Option<i64>,
    session_id: Option<String>,
}

impl Identified {
    /// This subject, with no roles and no scopes.
    pub fn new(subject: impl Into<String>) -> Self {
        Self {
            subject: subject.into(),
            ..Self::default()
        }
    }

    /// Holding this role too.
    pub fn role(mut self, role: impl Into<String>) -> Self {
        self.roles.push(role.into());
        self
    }

    /// Granted these scopes, with a space between.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = Some(scope.into());
        self
    }

    /// Acting through this client.
    pub fn client_id(mut self, client_id: impl Into<String>) -> Self {
        self.client_id = client_id.into();
        self
    }

    /// In this sign-in.
    pub fn session_id(mut self, session_id: impl Into<String>) -> Self {
        self.session_id = Some(session_id.into());
        self
    }

    /// Who proved at this moment who they are.
    pub fn authenticated_at(mut self, at: Timestamp) -> Self {
        self.auth_time = Some(at.as_secs());
        self
    }

    pub(super) fn into_claims(self, registered: &RegisteredClaims) -> AccessClaims {
        AccessClaims {
            // Never the policy's: a token that names no issuer is nobody's in particular.
            iss: registered.issuer.clone().unwrap_or_default(),
            sub: self.subject,
            aud: Audience::from(registered.audience.clone()),
            exp: registered.expires_at.as_secs(),
            iat: registered.issued_at.map_or(0, Timestamp::as_secs),
            jti: registered.token_id.clone().unwrap_or_default(),
            client_id: self.client_id,
            scope: self.scope,
            roles: self.roles,
            auth_time: self.auth_time,
            sid: self.session_id,
        }
    }
}

/// Verifies a token and asks who calls.
pub(super) trait Reads: Send + Sync {
    fn verify(&self, verifier: &Verifier, token: &str, now: Timestamp) -> Result<Proof, Invalid>;
}

pub(super) struct AsType<C, F> {
    pub(super) identify: F,
    pub(super) claims: std::marker::PhantomData<fn() -> C>,
}

impl<C, F> Reads for AsType<C, F>
where
    C: DeserializeOwned,
    F: Fn(C) -> Option<Identified> + Send + Sync,
{
    fn verify(&self, verifier: &Verifier, token: &str, now: Timestamp) -> Result<Proof, Invalid> {
        let token: Verified<IgnoredAny> = verifier.verify(token, now)?;
        let identified = (self.identify)(token.claims_as()?);
        let identified = identified.ok_or(Invalid::WrongKind(WrongKind::Other))?;
        let claims = Box::new(identified.into_claims(token.registered()));
        Ok(Proof::Own { token, claims })
    }
}
