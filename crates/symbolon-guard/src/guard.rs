//! The guard: what it is made of, and how one is made from another.
//!
//! `judge.rs` judges, `admit.rs` lets in.
//!
//! Invariant: absent, valid, invalid and unavailable never turn into one another. A failed credential
//! is not an anonymous request, and keys that can't be had are neither a yes nor a no.
//! Invariant: a guard never changes what it asks for. Every `with_` gives another guard, with a cache of its
//! own, and a caller of the one is no caller of the other.

use std::{any::Any, fmt, sync::Arc};

use http::HeaderMap;
use serde::de::DeserializeOwned;
use symbolon_token::{KeySet, Timestamp, Typ, Verifier};

use crate::{
    Answers, Caller, Clock, DenySet, HookError, Invalid, Outcome, Profile, ReplaceKeysError,
    ResourceMetadata, SharedSecret, Sources,
    admit::check_meant_as,
    answer::Manner,
    cache::{self, Cache},
    hooks::Hooks,
    issuer::Issuer,
    keys::Held,
    layer::GuardLayer,
    source::{Carrier, Credential},
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

pub(crate) struct Inner {
    /// One at least. Which of them judges a token, `peek.rs` says.
    pub(crate) issuers: Vec<Issuer>,
    pub(crate) clock: Clock,
    pub(crate) cache: Cache,
    pub(crate) denied: Option<DenySet>,
    pub(crate) hooks: Hooks,
    manner: Arc<Manner>,
}

/// Made from a secret, and then as a program needs it:
///
/// ```
/// use symbolon_guard::{
///     DenySet, Guard, MetadataError, Profile, Rejection, ResourceMetadata, SharedSecret,
///     token::Error,
/// };
///
/// fn of_the_secret(secret: &SharedSecret) -> Result<Guard, Error> {
///     let guard = Guard::shared_secret(secret, "https://login.example", "https://api.example")?;
///     Ok(guard.with_cache_bytes(8 * 1024 * 1024).with_profile(Profile::access_token()))
/// }
///
/// fn as_we_answer(guard: &Guard, denied: &DenySet) -> Result<Guard, MetadataError> {
///     let metadata = ResourceMetadata::new("https://api.example")?;
///     Ok(guard
///         .with_deny_set(denied)
///         .with_metadata(metadata.authorization_server("https://login.example"))
///         .with_answers(|rejection: &Rejection| http::Response::new(rejection.code().to_owned())))
/// }
/// ```
///
/// While it serves: other keys, and a look at how it does.
///
/// ```
/// use http::HeaderMap;
/// use symbolon_guard::{
///     Clock, Guard, Outcome, ReplaceKeysError,
///     token::{KeySet, Timestamp, Verifier},
/// };
///
/// fn in_a_test(verifier: Verifier) -> Guard {
///     Guard::with_clock(verifier, Clock::fixed(Timestamp::from_secs(1_700_000_000)).clock())
/// }
///
/// fn after_a_rotation(guard: &Guard, keys: KeySet) -> Result<(), ReplaceKeysError> {
///     guard.replace_keys(keys)
/// }
///
/// /// Claims in whatever shape, at whatever moment: neither deny set nor hooks are asked.
/// fn was_good(guard: &Guard, headers: &HeaderMap, then: Timestamp) -> bool {
///     matches!(guard.check_as::<serde_json::Value>(headers, then), Outcome::Valid(_))
/// }
///
/// /// `/readyz`.
/// fn readiness(guard: &Guard) -> u16 {
///     if guard.holds_keys() { 200 } else { 503 }
/// }
/// ```
impl Guard {
    /// A guard with the keys of this verifier, judging by the machine's clock.
    pub fn new(verifier: Verifier) -> Self {
        Self::with_clock(verifier, Clock::system())
    }

    /// A guard with the keys of this verifier, judging by this clock.
    pub fn with_clock(verifier: Verifier, clock: Clock) -> Self {
        Self::of(Issuer::fixed(verifier), clock)
    }

    pub(crate) fn of(issuer: Issuer, clock: Clock) -> Self {
        Self {
            inner: Arc::new(Inner {
                issuers: vec![issuer],
                clock,
                cache: Cache::new(cache::DEFAULT_BYTES),
                denied: None,
                hooks: Hooks::default(),
                manner: Arc::default(),
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
    ///
    /// ```no_run
    /// use symbolon_guard::{Guard, StartError};
    ///
    /// async fn start() -> Result<Guard, StartError> {
    ///     let guard = Guard::remote("https://login.example").audience("posts").start()?;
    ///     guard.ready().await; // or don't wait, and answer 503 for a moment
    ///     if let Some(failure) = guard.fetch_failure() {
    ///         eprintln!("the keys couldn't be fetched: {failure}");
    ///     }
    ///     Ok(guard)
    /// }
    /// ```
    #[cfg(feature = "remote")]
    pub fn remote(issuer: impl Into<String>) -> crate::RemoteBuilder {
        crate::RemoteBuilder::new(issuer.into())
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
        self.with_manner(|manner| manner.sources = sources)
    }

    /// A guard with the same keys, fixed or fetched, whose refusals are worded by these answers,
    /// wherever they arise: in its extractors and in its layer. See [`Answers`].
    ///
    /// It is another guard: a [`Caller`](crate::Caller) whom the one let in is no caller to the other.
    pub fn with_answers(&self, answers: impl Answers) -> Self {
        self.with_manner(|manner| manner.answers = Some(Arc::new(answers)))
    }

    /// A guard that says in its challenges where this metadata is (RFC 9728 §5.1), and serves it with
    /// [`Guard::metadata_layer`](crate::Guard::metadata_layer).
    pub fn with_metadata(&self, metadata: ResourceMetadata) -> Self {
        self.with_manner(|manner| manner.metadata = Some(Arc::new(metadata)))
    }

    /// A guard that reads tokens as this issuer writes them; RFC 9068 unless said otherwise. See
    /// [`Profile`].
    ///
    /// Of a guard with several issuers it is the first one's.
    pub fn with_profile(&self, profile: Profile) -> Self {
        self.derived(|inner| {
            if let Some(own) = inner.issuers.first_mut() {
                own.profile = profile;
            }
        })
    }

    /// A guard that takes the tokens of both guards' issuers, each judged by its own keys and policy. The
    /// rest (sources, answers, hooks, deny set, clock) is this guard's.
    ///
    /// A token is judged by the issuer that it names, if it is of the kind that this issuer's guard takes;
    /// one that names none of them, by the first guard with given keys that takes its kind (it may have
    /// the issuer waived). Nobody else is tried after that.
    ///
    /// ```
    /// # fn both(ours: symbolon_guard::Guard, theirs: symbolon_guard::Guard) {
    /// let guard = ours.or(&theirs);
    /// # }
    /// ```
    pub fn or(&self, other: &Self) -> Self {
        self.derived(|inner| inner.issuers.extend(other.inner.issuers.iter().cloned()))
    }

    /// A guard that refuses what stands in this set, with 401 `invalid_token`. See [`DenySet`].
    pub fn with_deny_set(&self, denied: &DenySet) -> Self {
        self.derived(|inner| inner.denied = Some(denied.clone()))
    }

    /// A guard that asks on every request whether a good token is denied: `true` refuses it with 401
    /// `invalid_token`, an error is a 503. Said several times, each is asked.
    ///
    /// What a hook does is under no deadline but its own.
    ///
    /// ```
    /// # #[derive(Clone)]
    /// # struct Blocklist;
    /// # impl Blocklist {
    /// #     async fn contains(&self, _: &str) -> Result<bool, std::io::Error> { Ok(false) }
    /// # }
    /// # fn with(guard: symbolon_guard::Guard, blocklist: Blocklist) -> symbolon_guard::Guard {
    /// guard.with_deny_check(move |caller| {
    ///     let blocklist = blocklist.clone();
    ///     async move { Ok(blocklist.contains(&caller.claims().jti).await?) }
    /// })
    /// # }
    /// ```
    pub fn with_deny_check<F, A>(&self, denied: F) -> Self
    where
        F: Fn(Caller) -> A + Send + Sync + 'static,
        A: Future<Output = Result<bool, HookError>> + Send + 'static,
    {
        self.derived(|inner| inner.hooks.add_deny_check(denied))
    }

    /// A guard that looks up the user of every good token: nobody (`None`) is refused with 401
    /// `invalid_token`, an error is a 503. [`Caller::user`] and the extractor [`User`](crate::User) give
    /// whom it found. Said several times, the last one counts.
    ///
    /// ```
    /// # #[derive(Clone)]
    /// # struct Account;
    /// # #[derive(Clone)]
    /// # struct Accounts;
    /// # impl Accounts {
    /// #     async fn find(&self, _: &str) -> Result<Option<Account>, std::io::Error> { Ok(None) }
    /// # }
    /// # fn with(guard: symbolon_guard::Guard, accounts: Accounts) -> symbolon_guard::Guard {
    /// guard.with_user_loader(move |caller| {
    ///     let accounts = accounts.clone();
    ///     async move { Ok(accounts.find(caller.subject()).await?) }
    /// })
    /// # }
    /// ```
    pub fn with_user_loader<F, A, U>(&self, load: F) -> Self
    where
        F: Fn(Caller) -> A + Send + Sync + 'static,
        A: Future<Output = Result<Option<U>, HookError>> + Send + 'static,
        U: Any + Send + Sync,
    {
        self.derived(|inner| inner.hooks.set_user_loader(load))
    }

    /// A guard that asks on every request whether this caller may: `false` refuses with 403
    /// `insufficient_scope`, an error is a 503. Said several times, each is asked. The user loader has run
    /// by then.
    ///
    /// ```
    /// # fn with(guard: symbolon_guard::Guard) -> symbolon_guard::Guard {
    /// guard.with_check(|caller| async move { Ok(caller.client_id() != "retired-app") })
    /// # }
    /// ```
    pub fn with_check<F, A>(&self, check: F) -> Self
    where
        F: Fn(Caller) -> A + Send + Sync + 'static,
        A: Future<Output = Result<bool, HookError>> + Send + 'static,
    {
        self.derived(|inner| inner.hooks.add_check(check))
    }

    /// A guard that remembers good tokens in about this much memory, 64 MiB unless said otherwise (a token
    /// of 500 octets takes 2.5 KiB). 0 remembers none, and checks each signature on each request.
    ///
    /// What is remembered is that signature, issuer, audience and kind were right. Expiry, the keys that
    /// are held, the deny set and every hook count on each request as they do without.
    pub fn with_cache_bytes(&self, bytes: u64) -> Self {
        self.derived(|inner| inner.cache = Cache::new(bytes))
    }

    /// Judges the credential of a request at the moment `now`, and reads the claims of RFC 9068 as they
    /// stand.
    ///
    /// Costs one signature check where there is something to check, and never waits. Only headers are
    /// looked at, as the guard's [`Sources`] say. Deny set and hooks aren't asked; [`Guard::require`] does.
    pub fn check(&self, headers: &HeaderMap, now: Timestamp) -> Outcome {
        self.check_as(headers, now)
    }

    /// As [`Guard::check`], for tokens whose claims are of the program's own type.
    ///
    /// The verifier's policy applies as ever; what else a token must hold is for `C` to say: claims
    /// that don't fit it are refused with `unreadable_claims`.
    pub fn check_as<C: DeserializeOwned>(&self, headers: &HeaderMap, now: Timestamp) -> Outcome<C> {
        match self.credential(Carrier::headers(headers)) {
            Credential::Absent(why) => Outcome::Absent(why),
            Credential::Malformed(why) => Outcome::Invalid(Invalid::Request(why)),
            Credential::CrossSite(why) => Outcome::Invalid(Invalid::CrossSite(why)),
            Credential::Token(sent) => match self.judge_as(sent, now).into() {
                Outcome::Valid(token) => match check_meant_as(sent, Some(headers), &token) {
                    Ok(()) => Outcome::Valid(token),
                    Err(why) => Outcome::Invalid(why),
                },
                refused => refused,
            },
        }
    }

    pub(crate) fn credential<'a>(&'a self, request: Carrier<'a>) -> Credential<'a> {
        self.inner.manner.sources.credential(request)
    }

    /// A layer that lets a request through only with a good token. See [`GuardLayer`].
    ///
    /// ```
    /// # fn behind<S>(guard: &symbolon_guard::Guard, service: S) -> symbolon_guard::Guarded<S> {
    /// use tower_layer::Layer;
    ///
    /// guard.layer().layer(service)
    /// # }
    /// ```
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
        let own = self.own().ok_or(ReplaceKeysError::Remote)?;
        if own.is_remote {
            return Err(ReplaceKeysError::Remote);
        }
        let held = own.keys.load();
        let verifier = held.verifier.as_ref().ok_or(ReplaceKeysError::Remote)?;
        let verifier = verifier.with_keys(keys).map_err(ReplaceKeysError::Keys)?;
        own.keys.replace(Held {
            epoch: held.epoch + 1,
            ..Held::fixed(verifier)
        });
        Ok(())
    }

    /// Whether there are keys to judge by right now, of every issuer; what a readiness probe asks.
    ///
    /// False only for remote keys: before the first fetch, or when they are too old.
    pub fn holds_keys(&self) -> bool {
        let now = self.inner.clock.now();
        let issuers = &self.inner.issuers;
        issuers
            .iter()
            .all(|issuer| issuer.keys.load().usable(now).is_some())
    }

    /// Waits until there are keys to judge by: at once with fixed keys. A service needn't wait; until
    /// then it answers 503.
    ///
    /// Never returns if the runtime that the guard was started in is gone.
    #[cfg(feature = "remote")]
    pub async fn ready(&self) {
        for issuer in &self.inner.issuers {
            let holds = || issuer.keys.load().usable(self.inner.clock.now()).is_some();
            if let Some(remote) = &issuer.remote {
                remote.ended_round(holds).await;
            }
        }
    }

    /// Why the latest fetch of the keys failed, if it did; for logs and probes. Of several issuers, the
    /// first one that failed.
    #[cfg(feature = "remote")]
    pub fn fetch_failure(&self) -> Option<Arc<crate::FetchError>> {
        let mut issuers = self.inner.issuers.iter();
        issuers.find_map(|issuer| issuer.keys.load().failure.clone())
    }

    pub(crate) fn manner(&self) -> Arc<Manner> {
        self.inner.manner()
    }

    fn own(&self) -> Option<&Issuer> {
        self.inner.issuers.first()
    }

    fn with_manner(&self, change: impl FnOnce(&mut Manner)) -> Self {
        self.derived(|inner| change(Arc::make_mut(&mut inner.manner)))
    }

    fn derived(&self, change: impl FnOnce(&mut Inner)) -> Self {
        let mut inner = Inner {
            issuers: self.inner.issuers.clone(),
            clock: self.inner.clock.clone(),
            cache: Cache::new(self.inner.cache.bytes()),
            denied: self.inner.denied.clone(),
            hooks: self.inner.hooks.clone(),
            manner: Arc::clone(&self.inner.manner),
        };
        change(&mut inner);
        Self {
            inner: Arc::new(inner),
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
