//! The guard: headers and the time in, one of four doors out.
//!
//! RFC 6750 (bearer tokens) and RFC 9068 §4 (what a resource server checks; the `Verifier` does it).
//!
//! Invariant: absent, valid, invalid and unavailable never turn into one another. A failed credential
//! is not an anonymous request, and keys that can't be had are neither a yes nor a no.
//! Invariant: `check` does no I/O, takes no lock and waits for nobody.

use std::{fmt, sync::Arc};

use http::{HeaderMap, request::Parts};
use symbolon_token::{AccessClaims, KeySet, Timestamp, Typ, Verifier};

use crate::{
    Caller, Clock, Invalid, Outcome, Rejection, ReplaceKeysError, SharedSecret, Unavailable,
    keys::{Held, Keys},
    layer::GuardLayer,
    source::{Credential, credential},
};

/// Checks the access token of a request. Clones are cheap and share everything.
///
/// ```
/// use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
/// use symbolon_guard::{
///     Guard, Outcome,
///     token::{Algorithm, KeySet, Policy, Timestamp, Typ, Verifier, VerifyingKey},
/// };
///
/// # fn main() -> Result<(), symbolon_guard::token::Error> {
/// let secret = VerifyingKey::hmac(Algorithm::HS256, b"32 random bytes or more, kept secret")?;
/// let guard = Guard::new(Verifier::new(
///     KeySet::new([secret])?,
///     Policy {
///         issuer: "https://login.example".into(),
///         audience: vec!["https://api.example".into()],
///         algorithms: vec![Algorithm::HS256],
///         typ: Typ::ACCESS_TOKEN,
///     },
/// )?);
///
/// let now = Timestamp::from_secs(1_700_000_000);
/// let mut headers = HeaderMap::new();
/// assert!(matches!(guard.check(&headers, now), Outcome::Absent));
/// headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer forged.by.someone"));
/// assert!(matches!(guard.check(&headers, now), Outcome::Invalid(_)));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Guard {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    keys: Arc<Keys>,
    clock: Clock,
    #[cfg(feature = "remote")]
    remote: Option<crate::remote::Remote>,
}

impl Guard {
    /// A guard with the keys of this verifier, judging by the machine's clock.
    pub fn new(verifier: Verifier) -> Self {
        Self::with_clock(verifier, Clock::system())
    }

    /// A guard with the keys of this verifier, judging by this clock.
    pub fn with_clock(verifier: Verifier, clock: Clock) -> Self {
        Self {
            inner: Arc::new(Inner {
                keys: Arc::new(Keys::new(Held::fixed(verifier))),
                clock,
                #[cfg(feature = "remote")]
                remote: None,
            }),
        }
    }

    /// A guard for HS256 tokens (RFC 9068) that are signed with this secret, by this issuer, for this
    /// audience.
    ///
    /// Fails if the issuer or the audience is empty. For tokens of another shape, see
    /// [`SharedSecret::verifier`].
    pub fn shared_secret(
        secret: &SharedSecret,
        issuer: impl Into<String>,
        audience: impl Into<String>,
    ) -> Result<Self, symbolon_token::Error> {
        Ok(Self::new(secret.verifier(
            issuer,
            audience,
            Typ::ACCESS_TOKEN,
        )?))
    }

    /// Starts to describe a guard whose keys are fetched from this issuer and kept fresh.
    #[cfg(feature = "remote")]
    pub fn remote(issuer: impl Into<String>) -> crate::RemoteBuilder {
        crate::RemoteBuilder::new(issuer.into())
    }

    #[cfg(feature = "remote")]
    pub(crate) fn fetching(keys: Arc<Keys>, clock: Clock, remote: crate::remote::Remote) -> Self {
        Self {
            inner: Arc::new(Inner {
                keys,
                clock,
                remote: Some(remote),
            }),
        }
    }

    /// Judges the credential of a request at the moment `now`.
    ///
    /// Costs one signature check where there is something to check, and never waits. The token is
    /// looked for in the `Authorization` header only (RFC 6750 §2.1); a token in the query is ignored.
    pub fn check(&self, headers: &HeaderMap, now: Timestamp) -> Outcome {
        let token = match credential(headers) {
            Credential::Absent => return Outcome::Absent,
            Credential::Malformed(why) => return Outcome::Invalid(Invalid::Request(why)),
            Credential::Bearer(token) => token,
        };
        let held = self.inner.keys.load();
        let unavailable = Unavailable {
            retry_after: held.retry_after(),
        };
        let Some(verifier) = held.usable(now) else {
            return Outcome::Unavailable(unavailable);
        };
        match verifier.verify::<AccessClaims>(token, now) {
            Ok(token) => Outcome::Valid(token),
            // The issuer can't be asked about this key just now: refusing the token would turn a
            // failure of ours into a "no".
            Err(error) if error.is_unknown_key() && held.retry_after.is_some() => {
                Outcome::Unavailable(unavailable)
            }
            Err(error) => Outcome::Invalid(Invalid::Token(error)),
        }
    }

    /// Judges a request at this moment, as the layer and the extractors do: no credential is `None`.
    ///
    /// With remote keys, a token that names a key which isn't held waits for one refetch, if the
    /// issuer may be asked again. Everything else answers at once.
    #[cfg_attr(
        not(feature = "remote"),
        expect(clippy::unused_async, reason = "only remote keys are waited for")
    )]
    pub async fn admit(&self, headers: &HeaderMap) -> Result<Option<Caller>, Rejection> {
        // Read before the check: keys that arrive in between then count as newer than those that
        // failed, never as the same.
        #[cfg(feature = "remote")]
        let seen = self.inner.keys.load().round;
        let outcome = self.check(headers, self.inner.clock.now());
        #[cfg(feature = "remote")]
        let outcome = self.ask_again(outcome, seen, headers).await;
        match outcome {
            Outcome::Absent => Ok(None),
            Outcome::Valid(token) => Ok(Some(Caller::new(self, token))),
            Outcome::Invalid(invalid) => Err(Rejection::invalid(invalid)),
            Outcome::Unavailable(unavailable) => Err(Rejection::unavailable(unavailable)),
        }
    }

    /// As [`Guard::admit`], unless a layer of this same guard has already let the caller in.
    pub(crate) async fn admit_once(&self, parts: &Parts) -> Result<Option<Caller>, Rejection> {
        match parts.extensions.get::<Caller>() {
            Some(caller) if caller.is_from(self) => Ok(Some(caller.clone())),
            _ => self.admit(&parts.headers).await,
        }
    }

    /// A layer that lets a request through only with a good token. See [`GuardLayer`].
    pub fn layer(&self) -> GuardLayer {
        GuardLayer::new(self.clone())
    }

    /// Puts other keys in place of the held ones, at once and for all clones: what a server does to
    /// its own guard when it rotates its keys. Requests under way finish with the keys they began
    /// with.
    ///
    /// Fails, and changes nothing, if the keys don't fit the policy, or if this guard fetches its
    /// keys itself.
    pub fn replace_keys(&self, keys: KeySet) -> Result<(), ReplaceKeysError> {
        #[cfg(feature = "remote")]
        if self.inner.remote.is_some() {
            return Err(ReplaceKeysError::Remote);
        }
        let held = self.inner.keys.load();
        let verifier = held.verifier.as_ref().ok_or(ReplaceKeysError::Remote)?;
        let verifier = verifier.with_keys(keys).map_err(ReplaceKeysError::Keys)?;
        self.inner.keys.replace(Held::fixed(verifier));
        Ok(())
    }

    /// Whether there are keys to judge by right now; what a readiness probe asks.
    ///
    /// False only for remote keys: before the first fetch, or when they are too old.
    pub fn holds_keys(&self) -> bool {
        let now = self.inner.clock.now();
        self.inner.keys.load().usable(now).is_some()
    }

    /// Waits until there are keys to judge by: at once with fixed keys. A service needn't wait; until
    /// then it answers 503.
    ///
    /// Never returns if the runtime that the guard was started in is gone.
    #[cfg(feature = "remote")]
    pub async fn ready(&self) {
        if let Some(remote) = &self.inner.remote {
            remote.ended_round(|| self.holds_keys()).await;
        }
    }

    /// Why the latest fetch of the keys failed, if it did; for logs and probes.
    #[cfg(feature = "remote")]
    pub fn fetch_failure(&self) -> Option<Arc<crate::FetchError>> {
        self.inner.keys.load().failure.clone()
    }

    #[cfg(feature = "remote")]
    async fn ask_again(&self, first: Outcome, seen: u64, headers: &HeaderMap) -> Outcome {
        use crate::remote::Refetch;

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
            Refetch::Ended => self.check(headers, self.inner.clock.now()),
            Refetch::TooSoon => first,
            Refetch::Gone => Outcome::Unavailable(Unavailable {
                retry_after: self.inner.keys.load().retry_after(),
            }),
        }
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").finish_non_exhaustive()
    }
}
