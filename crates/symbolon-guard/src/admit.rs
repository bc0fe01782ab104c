//! Judging a request at this moment, as the layer and the extractors do.
//!
//! `Guard::check` is the judgement; here it gets the guard's own clock, one wait for newer keys where
//! that can help, and the words in which this guard refuses. RFC 6750 §3.1.
//!
//! Invariant: whatever judges a request goes through `judge`; there is no second way in.

use http::{HeaderMap, request::Parts};
use serde::de::DeserializeOwned;
use symbolon_token::Verified;

use crate::{Caller, Guard, Outcome, Reason, Rejection, source::Credential};

impl Guard {
    /// Judges a request at this moment: no credential is `None`.
    ///
    /// With remote keys, a token that names a key which isn't held waits for one refetch, if the
    /// issuer may be asked again. Everything else answers at once.
    pub async fn admit(&self, headers: &HeaderMap) -> Result<Option<Caller>, Rejection> {
        absent_is_none(self.require(headers).await)
    }

    /// As [`Guard::admit`], for tokens whose claims are of the program's own type; see
    /// [`Guard::check_as`].
    pub async fn admit_as<C: DeserializeOwned>(
        &self,
        headers: &HeaderMap,
    ) -> Result<Option<Verified<C>>, Rejection> {
        absent_is_none(self.require_as(headers).await)
    }

    /// Judges a request at this moment: no credential is a refusal.
    pub async fn require(&self, headers: &HeaderMap) -> Result<Caller, Rejection> {
        let token = self.require_as(headers).await?;
        Ok(Caller::new(self, token))
    }

    /// As [`Guard::require`], for tokens whose claims are of the program's own type; see
    /// [`Guard::check_as`].
    ///
    /// ```
    /// use http::request::Parts;
    /// use serde::Deserialize;
    /// use symbolon_guard::{Guard, Rejection};
    ///
    /// #[derive(Deserialize)]
    /// struct Member {
    ///     user_id: String,
    ///     role: String,
    /// }
    ///
    /// async fn admin(guard: &Guard, parts: &Parts) -> Result<Member, Rejection> {
    ///     let member: Member = guard.require_as(&parts.headers).await?.into_claims();
    ///     match member.role.as_str() {
    ///         "admin" => Ok(member),
    ///         _ => Err(Rejection::missing_role("admin").answered_by(guard)),
    ///     }
    /// }
    /// ```
    pub async fn require_as<C: DeserializeOwned>(
        &self,
        headers: &HeaderMap,
    ) -> Result<Verified<C>, Rejection> {
        self.require_credential(self.credential(headers)).await
    }

    /// As [`Guard::require`], for a token that came in no header: in a WebSocket's first message, or to
    /// a method that is asked whose it is.
    ///
    /// Don't take it from a URL, which ends up in logs and histories (RFC 6750 §5.3).
    pub async fn require_token(&self, token: &str) -> Result<Caller, Rejection> {
        let token = self.require_token_as(token).await?;
        Ok(Caller::new(self, token))
    }

    /// As [`Guard::require_token`], for tokens whose claims are of the program's own type; see
    /// [`Guard::check_as`].
    pub async fn require_token_as<C: DeserializeOwned>(
        &self,
        token: &str,
    ) -> Result<Verified<C>, Rejection> {
        self.require_credential(Credential::Token(token)).await
    }

    async fn require_credential<C: DeserializeOwned>(
        &self,
        credential: Credential<'_>,
    ) -> Result<Verified<C>, Rejection> {
        let reason = match self.judge(credential).await {
            Outcome::Valid(token) => return Ok(token),
            Outcome::Absent(absent) => Reason::Absent(absent),
            Outcome::Invalid(invalid) => Reason::Invalid(invalid),
            Outcome::Unavailable(unavailable) => Reason::Unavailable(unavailable),
        };
        Err(Rejection::of(reason).answered_by(self))
    }

    /// As [`Guard::require`], unless a layer of this same guard has already let the caller in.
    pub(crate) async fn require_once(&self, parts: &Parts) -> Result<Caller, Rejection> {
        match parts.extensions.get::<Caller>() {
            Some(caller) if caller.is_from(self) => Ok(caller.clone()),
            _ => self.require(&parts.headers).await,
        }
    }

    /// As [`Guard::admit`], unless a layer of this same guard has already let the caller in.
    #[cfg(feature = "axum")]
    pub(crate) async fn admit_once(&self, parts: &Parts) -> Result<Option<Caller>, Rejection> {
        absent_is_none(self.require_once(parts).await)
    }

    #[cfg_attr(
        not(feature = "remote"),
        expect(clippy::unused_async, reason = "only remote keys are waited for")
    )]
    async fn judge<C: DeserializeOwned>(&self, credential: Credential<'_>) -> Outcome<C> {
        // Read before the check: keys that arrive in between then count as newer than those that
        // failed, never as the same.
        #[cfg(feature = "remote")]
        let seen = self.inner.keys.load().round;
        let outcome = self.check_credential(credential, self.inner.clock.now());
        #[cfg(feature = "remote")]
        let outcome = self.ask_again(outcome, seen, credential).await;
        outcome
    }

    #[cfg(feature = "remote")]
    async fn ask_again<C: DeserializeOwned>(
        &self,
        first: Outcome<C>,
        seen: u64,
        credential: Credential<'_>,
    ) -> Outcome<C> {
        use crate::{Invalid, Unavailable, remote::Refetch};

        let Outcome::Invalid(Invalid::Token(error)) = &first else {
            return first;
        };
        let Some(remote) = self
            .inner
            .remote
            .as_ref()
            .filter(|_| error.is_unknown_key())
        else {
            return first;
        };
        match remote.refetch(seen, &self.inner.clock).await {
            Refetch::Ended => self.check_credential(credential, self.inner.clock.now()),
            Refetch::TooSoon => first,
            Refetch::Gone => Outcome::Unavailable(Unavailable {
                retry_after: self.inner.keys.load().retry_after(),
            }),
        }
    }
}

/// Only what was never sent is no credential; whatever was sent and refused stays refused.
fn absent_is_none<T>(required: Result<T, Rejection>) -> Result<Option<T>, Rejection> {
    match required {
        Ok(admitted) => Ok(Some(admitted)),
        Err(rejection) if matches!(rejection.reason(), Reason::Absent(_)) => Ok(None),
        Err(rejection) => Err(rejection),
    }
}
