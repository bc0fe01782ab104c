//! Letting a request in, as the layer and the extractors do.
//!
//! `judge.rs` is the judgement; here it gets the guard's own clock, one wait for newer keys where that can
//! help, the deny set, the hooks, and the words in which this guard refuses. RFC 6750 §3.1.
//!
//! Invariant: whatever lets a request in comes through `sent_by`, `judge` and `caller`, or their kin for own claims.
//! Invariant: the deny set and every hook are asked on each request, whether the token was cached or not.

use std::sync::Arc;

use http::{HeaderMap, request::Parts};
use serde::de::DeserializeOwned;
use symbolon_token::{Timestamp, Verified};

use crate::{
    Caller, Guard, Invalid, Language, Reason, Rejection,
    admitted::Admitted,
    csrf,
    digest::Sha256,
    judge::Judged,
    source::{Carrier, Credential, Sent},
};

/// For programs without axum and tower, and for handlers that ask themselves:
///
/// ```
/// use http::{HeaderMap, request::Parts};
/// use serde::Deserialize;
/// use symbolon_guard::{Caller, Guard, Rejection, token::Verified};
///
/// /// What the old program wrote into its tokens.
/// #[derive(Deserialize)]
/// struct Old {
///     user_id: String,
/// }
///
/// async fn in_headers(guard: &Guard, headers: &HeaderMap) -> Result<Caller, Rejection> {
///     guard.require(headers).await
/// }
///
/// /// A stranger is greeted too; somebody with a bad token is refused.
/// async fn greeting(guard: &Guard, headers: &HeaderMap) -> Result<String, Rejection> {
///     Ok(match guard.admit(headers).await? {
///         Some(caller) => format!("Hello, {}!", caller.subject()),
///         None => "Hello, stranger!".to_owned(),
///     })
/// }
///
/// /// With method and address to go by: for cookies, and tokens in the query.
/// async fn of_a_browser(guard: &Guard, parts: &Parts) -> Result<Caller, Rejection> {
///     match guard.admit_request(parts).await? {
///         Some(caller) => Ok(caller),
///         None => guard.require_request(parts).await, // which says what is missing
///     }
/// }
///
/// async fn first_message(guard: &Guard, token: &str) -> Result<Caller, Rejection> {
///     guard.require_token(token).await
/// }
///
/// async fn old_user(guard: &Guard, headers: &HeaderMap) -> Result<Option<String>, Rejection> {
///     let old: Option<Verified<Old>> = guard.admit_as(headers).await?;
///     Ok(old.map(|token| token.into_claims().user_id))
/// }
///
/// async fn old_message(guard: &Guard, token: &str) -> Result<String, Rejection> {
///     let old: Verified<Old> = guard.require_token_as(token).await?;
///     Ok(old.into_claims().user_id)
/// }
/// ```
impl Guard {
    /// Judges a request at this moment: no credential is `None`.
    ///
    /// With remote keys, a token that names a key which isn't held waits for one refetch, if the
    /// issuer may be asked again. Everything else answers at once, but for hooks.
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
    ///
    /// Sees headers only. Where tokens come in cookies, use [`Guard::require_request`]: without the method
    /// every request is taken for one that changes something.
    pub async fn require(&self, headers: &HeaderMap) -> Result<Caller, Rejection> {
        self.let_in(Carrier::headers(headers)).await
    }

    /// As [`Guard::require`], with all of a request but its body to go by.
    pub async fn require_request(&self, parts: &Parts) -> Result<Caller, Rejection> {
        self.let_in(Carrier::of(parts)).await
    }

    /// As [`Guard::admit`], with all of a request but its body to go by.
    pub async fn admit_request(&self, parts: &Parts) -> Result<Option<Caller>, Rejection> {
        absent_is_none(self.require_request(parts).await)
    }

    /// As [`Guard::require`], for tokens whose claims are of the program's own type; see
    /// [`Guard::check_as`]. Each is verified anew, and neither deny set nor hooks are asked: those judge
    /// callers. [`Profile::own`](crate::Profile::own) makes callers of such tokens.
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
        self.let_in_as(Carrier::headers(headers)).await
    }

    /// As [`Guard::require`], for a token that came in no header: in a WebSocket's first message, or to
    /// a method that is asked whose it is.
    ///
    /// Don't take it from a URL, which ends up in logs and histories (RFC 6750 §5.3).
    pub async fn require_token(&self, token: &str) -> Result<Caller, Rejection> {
        let admitted = self.admitted(Sent::alone(token), None).await;
        admitted.map_err(|reason| Rejection::of(reason).answered_by(self))
    }

    /// As [`Guard::require_token`], for tokens whose claims are of the program's own type; see
    /// [`Guard::require_as`].
    pub async fn require_token_as<C: DeserializeOwned>(
        &self,
        token: &str,
    ) -> Result<Verified<C>, Rejection> {
        let verified = self.verified_as(Sent::alone(token), None).await;
        verified.map_err(|reason| Rejection::of(reason).answered_by(self))
    }

    /// As [`Guard::require_request`], unless a layer of this same guard has already let the caller in.
    pub(crate) async fn require_once(&self, parts: &Parts) -> Result<Caller, Rejection> {
        match self.require_now(parts) {
            Some(done) => done,
            // Boxed, so that the future of every handler isn't as large as what few of them wait for.
            None => Box::pin(self.let_in_later(Carrier::of(parts))).await,
        }
    }

    /// As [`Guard::admit_request`], unless a layer of this same guard has already let the caller in.
    #[cfg(feature = "axum")]
    pub(crate) async fn admit_once(&self, parts: &Parts) -> Result<Option<Caller>, Rejection> {
        absent_is_none(self.require_once(parts).await)
    }

    /// As [`Guard::require_once`], at once; `None` if something would have to be waited for.
    pub(crate) fn require_now(&self, parts: &Parts) -> Option<Result<Caller, Rejection>> {
        match parts.extensions.get::<Caller>() {
            Some(caller) if caller.is_from(self) => Some(Ok(caller.clone())),
            _ => self.let_in_now(Carrier::of(parts)),
        }
    }

    /// The way of nearly every request: nothing is waited for, and there is no future to be made.
    fn let_in_now(&self, request: Carrier<'_>) -> Option<Result<Caller, Rejection>> {
        if !self.inner.hooks.are_none() {
            return None;
        }
        let now = self.inner.clock.now();
        let found = match self.sent_by(request) {
            Err(reason) => Err(reason),
            Ok(sent) => match self.judge(sent, now) {
                Judged::UnknownKey { issuer, .. } if self.can_ask(issuer) => return None,
                judged => judged
                    .settled()
                    .and_then(|admitted| self.caller(admitted, sent, Some(request.headers), now)),
            },
        };
        Some(found.map_err(|reason| self.refusal(reason, request.headers)))
    }

    async fn let_in(&self, request: Carrier<'_>) -> Result<Caller, Rejection> {
        match self.let_in_now(request) {
            Some(done) => done,
            None => Box::pin(self.let_in_later(request)).await,
        }
    }

    async fn let_in_later(&self, request: Carrier<'_>) -> Result<Caller, Rejection> {
        let found = match self.sent_by(request) {
            Ok(sent) => self.admitted(sent, Some(request.headers)).await,
            Err(reason) => Err(reason),
        };
        found.map_err(|reason| self.refusal(reason, request.headers))
    }

    async fn let_in_as<C: DeserializeOwned>(
        &self,
        request: Carrier<'_>,
    ) -> Result<Verified<C>, Rejection> {
        let found = match self.sent_by(request) {
            Ok(sent) => self.verified_as(sent, Some(request.headers)).await,
            Err(reason) => Err(reason),
        };
        found.map_err(|reason| self.refusal(reason, request.headers))
    }

    fn sent_by<'a>(&'a self, request: Carrier<'a>) -> Result<Sent<'a>, Reason> {
        match self.credential(request) {
            Credential::Token(sent) => Ok(sent),
            Credential::Absent(why) => Err(Reason::Absent(why)),
            Credential::Malformed(why) => Err(Reason::Invalid(Invalid::Request(why))),
            Credential::CrossSite(why) => Err(Reason::Invalid(Invalid::CrossSite(why))),
        }
    }

    async fn admitted(
        &self,
        sent: Sent<'_>,
        headers: Option<&HeaderMap>,
    ) -> Result<Caller, Reason> {
        let now = self.inner.clock.now();
        let judged = self.judge(sent, now);
        let judged = self.asking(judged, || self.judge(sent, self.inner.clock.now()));
        let caller = self.caller(judged.await.settled()?, sent, headers, now)?;
        if self.inner.hooks.are_none() {
            return Ok(caller);
        }
        self.inner.hooks.run(caller).await
    }

    async fn verified_as<C: DeserializeOwned>(
        &self,
        sent: Sent<'_>,
        headers: Option<&HeaderMap>,
    ) -> Result<Verified<C>, Reason> {
        let judged = self.judge_as(sent, self.inner.clock.now());
        let judged = self.asking(judged, || self.judge_as(sent, self.inner.clock.now()));
        let token = judged.await.settled()?;
        check_meant_as(sent, headers, &token).map_err(Reason::Invalid)?;
        Ok(token)
    }

    /// The caller of a good token, as far as that can be told at once.
    fn caller(
        &self,
        admitted: Arc<Admitted>,
        sent: Sent<'_>,
        headers: Option<&HeaderMap>,
        now: Timestamp,
    ) -> Result<Caller, Reason> {
        if let (Some(demand), Some(headers)) = (sent.demand, headers) {
            let meant = demand.check(headers, admitted.csrf.as_ref());
            meant.map_err(|why| Reason::Invalid(Invalid::CrossSite(why)))?;
        }
        if self.denies(&admitted, now) {
            return Err(Reason::SignedOut);
        }
        Ok(Caller::new(admitted, now))
    }

    pub(crate) fn refusal(&self, reason: Reason, headers: &HeaderMap) -> Rejection {
        Rejection::of(reason)
            .answered_by(self)
            .in_language(Language::of(headers))
    }

    fn can_ask(&self, issuer: usize) -> bool {
        let issuer = self.inner.issuers.get(issuer);
        issuer.is_some_and(|issuer| issuer.is_remote)
    }

    /// The judgement, or the one after asking the issuer for newer keys, where those may know the token's.
    #[cfg_attr(
        not(feature = "remote"),
        expect(clippy::unused_async, reason = "only remote keys are waited for")
    )]
    async fn asking<T>(&self, first: Judged<T>, again: impl FnOnce() -> Judged<T>) -> Judged<T> {
        #[cfg(feature = "remote")]
        if let Judged::UnknownKey { issuer, round, .. } = &first {
            use crate::{Unavailable, remote::Refetch};

            let issuer = self.inner.issuers.get(*issuer);
            let Some((issuer, remote)) = issuer.and_then(|one| Some((one, one.remote.as_ref()?)))
            else {
                return first;
            };
            return match remote.refetch(*round, &self.inner.clock).await {
                Refetch::Ended => again(),
                Refetch::TooSoon => first,
                Refetch::Gone => Judged::Unavailable(Unavailable {
                    retry_after: issuer.keys.load().retry_after(),
                }),
            };
        }
        #[cfg(not(feature = "remote"))]
        drop(again);
        first
    }
}

/// As for a caller, for a token whose claims are of the program's own type.
pub(crate) fn check_meant_as<C>(
    sent: Sent<'_>,
    headers: Option<&HeaderMap>,
    token: &Verified<C>,
) -> Result<(), Invalid> {
    let (Some(demand), Some(headers)) = (sent.demand, headers) else {
        return Ok(());
    };
    let claim: Option<csrf::Claim> = token.claims_as().ok();
    let digest = claim.and_then(|claim| Sha256::from_base64url(&claim.csrf_sha256));
    demand
        .check(headers, digest.as_ref())
        .map_err(Invalid::CrossSite)
}

/// Only what was never sent is no credential; whatever was sent and refused stays refused.
fn absent_is_none<T>(required: Result<T, Rejection>) -> Result<Option<T>, Rejection> {
    match required {
        Ok(admitted) => Ok(Some(admitted)),
        Err(rejection) if matches!(rejection.reason(), Reason::Absent(_)) => Ok(None),
        Err(rejection) => Err(rejection),
    }
}
