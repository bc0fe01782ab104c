//! The guard: headers and the time in, one of four doors out.
//!
//! RFC 6750 (bearer tokens) and RFC 9068 §4 (what a resource server checks; the `Verifier` does it).
//!
//! Invariant: absent, valid, invalid and unavailable never turn into one another. A failed credential
//! is not an anonymous request, and keys that can't be had are neither a yes nor a no.
//! Invariant: `check` does no I/O, takes no lock and waits for nobody.

use std::{fmt, sync::Arc};

use http::HeaderMap;
use serde::de::DeserializeOwned;
use symbolon_token::{KeySet, Timestamp, Typ, Verifier};

use crate::{
    Answers, Clock, Invalid, Outcome, ReplaceKeysError, SharedSecret, Sources, Unavailable,
    answer::Manner,
    keys::{Held, Keys},
    layer::GuardLayer,
    source::Credential,
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
/// assert!(matches!(guard.check(&headers, now), Outcome::Absent(_)));
/// headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer forged.by.someone"));
/// assert!(matches!(guard.check(&headers, now), Outcome::Invalid(_)));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Guard {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Clone)]
pub(crate) struct Inner {
    pub(crate) keys: Arc<Keys>,
    pub(crate) clock: Clock,
    manner: Arc<Manner>,
    #[cfg(feature = "remote")]
    pub(crate) remote: Option<Arc<crate::remote::Remote>>,
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
                manner: Arc::default(),
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
                manner: Arc::default(),
                remote: Some(Arc::new(remote)),
            }),
        }
    }

    /// A guard with the same keys, fixed or fetched, that takes tokens from these places.
    ///
    /// It is another guard: a [`Caller`](crate::Caller) whom the one let in is no caller to the other.
    ///
    /// ```
    /// # fn takes(guard: symbolon_guard::Guard) -> symbolon_guard::Guard {
    /// use symbolon_guard::{Scheme, Sources};
    ///
    /// guard.with_sources(Sources::bearer().and_scheme(Scheme::JWT))
    /// # }
    /// ```
    pub fn with_sources(&self, sources: Sources) -> Self {
        self.with_manner(Manner {
            sources,
            answers: self.inner.manner.answers.clone(),
        })
    }

    /// A guard with the same keys, fixed or fetched, whose refusals are worded by these answers,
    /// wherever they arise: in its extractors and in its layer. See [`Answers`].
    ///
    /// It is another guard: a [`Caller`](crate::Caller) whom the one let in is no caller to the other.
    pub fn with_answers(&self, answers: impl Answers) -> Self {
        self.with_manner(Manner {
            sources: self.inner.manner.sources.clone(),
            answers: Some(Arc::new(answers)),
        })
    }

    /// Judges the credential of a request at the moment `now`.
    ///
    /// Costs one signature check where there is something to check, and never waits. The token is
    /// looked for in the `Authorization` header only (RFC 6750 §2.1), as the guard's [`Sources`] say; a
    /// token in the query is ignored.
    pub fn check(&self, headers: &HeaderMap, now: Timestamp) -> Outcome {
        self.check_as(headers, now)
    }

    /// As [`Guard::check`], for tokens whose claims are of the program's own type.
    ///
    /// The verifier's policy applies as ever; what else a token must hold is for `C` to say: claims
    /// that don't fit it are refused with `unreadable_claims`.
    pub fn check_as<C: DeserializeOwned>(&self, headers: &HeaderMap, now: Timestamp) -> Outcome<C> {
        self.check_credential(self.credential(headers), now)
    }

    pub(crate) fn credential<'a>(&self, headers: &'a HeaderMap) -> Credential<'a> {
        self.inner.manner.sources.credential(headers)
    }

    pub(crate) fn check_credential<C: DeserializeOwned>(
        &self,
        credential: Credential<'_>,
        now: Timestamp,
    ) -> Outcome<C> {
        let token = match credential {
            Credential::Absent(why) => return Outcome::Absent(why),
            Credential::Malformed(why) => return Outcome::Invalid(Invalid::Request(why)),
            Credential::Token(token) => token,
        };
        let held = self.inner.keys.load();
        let unavailable = Unavailable {
            retry_after: held.retry_after(),
        };
        let Some(verifier) = held.usable(now) else {
            return Outcome::Unavailable(unavailable);
        };
        match verifier.verify(token, now) {
            Ok(token) => Outcome::Valid(token),
            // The issuer can't be asked about this key just now: refusing the token would turn a
            // failure of ours into a "no".
            Err(error) if error.is_unknown_key() && held.retry_after.is_some() => {
                Outcome::Unavailable(unavailable)
            }
            Err(error) => Outcome::Invalid(Invalid::Token(error)),
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

    pub(crate) fn manner(&self) -> Arc<Manner> {
        self.inner.manner()
    }

    fn with_manner(&self, manner: Manner) -> Self {
        Self {
            inner: Arc::new(Inner {
                manner: Arc::new(manner),
                ..Inner::clone(&self.inner)
            }),
        }
    }
}

impl Inner {
    pub(crate) fn manner(&self) -> Arc<Manner> {
        Arc::clone(&self.manner)
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").finish_non_exhaustive()
    }
}
