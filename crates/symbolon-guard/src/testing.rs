//! For the tests of programs that use a guard: an issuer in memory, its tokens, and a clock that stands
//! still. No network, no files, no waiting.
//!
//! With the feature `testing`, as a development dependency. Two lines make a guard and a token for it:
//!
//! ```
//! use symbolon_guard::testing::TestIssuer;
//!
//! # async fn test() {
//! let issuer = TestIssuer::new();
//! let (guard, token) = (issuer.guard("https://api.example"), issuer.token("ada"));
//!
//! assert_eq!(guard.require_token(&token).await.unwrap().subject(), "ada");
//! # }
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(test());
//! ```
//!
//! Invariant: the keys are drawn here and leave only as public ones, so a guard that a program makes
//! otherwise takes none of these tokens.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use serde::Serialize;
use serde_json::{Map, Value};
use symbolon_token::{
    Algorithm, JwkSet, KeySet, Policy, SigningKey, Timestamp, Typ, Verifier, sign,
};

use crate::{
    Clock, CsrfValue, Guard, ManualClock,
    issuer::Issuer,
    keys::{Held, Keys},
};

/// An issuer that signs what a test wants, and answers when a test wants it to.
///
/// Its clock stands at 2027-01-15 08:00:00 UTC until it is moved; its guards judge by it.
///
/// ```
/// use std::time::Duration;
/// use symbolon_guard::testing::TestIssuer;
///
/// # async fn test() {
/// let issuer = TestIssuer::new();
/// let guard = issuer.guard("https://api.example");
/// let admin = issuer.mint("ada").role("admin").scope("posts:write").token();
///
/// let caller = guard.require(&issuer.headers(&admin)).await.unwrap();
/// assert!(caller.has_role("admin"));
///
/// issuer.clock().advance(Duration::from_secs(600));
/// let refusal = guard.require(&issuer.headers(&admin)).await.unwrap_err();
/// assert_eq!(refusal.code(), "invalid_token");
/// # }
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(test());
/// ```
pub struct TestIssuer {
    name: String,
    clock: ManualClock,
    state: Mutex<State>,
}

struct State {
    key: SigningKey,
    /// How many tokens were minted.
    minted: u64,
    guards: Vec<Arc<Keys>>,
    audience: String,
}

/// What happens to issuers happens when a test says so:
///
/// ```
/// use symbolon_guard::testing::TestIssuer;
///
/// # async fn test() {
/// let issuer = TestIssuer::named("https://sso.example");
/// let guard = issuer.guard("https://api.example");
/// let old = issuer.token("ada");
///
/// issuer.go_away();
/// assert_eq!(guard.require_token(&old).await.unwrap_err().status(), 503);
/// issuer.come_back();
/// assert!(guard.require_token(&old).await.is_ok());
///
/// issuer.rotate_keys();
/// assert_eq!(guard.require_token(&old).await.unwrap_err().status(), 401);
/// assert!(guard.require_token(&issuer.token("ada")).await.is_ok());
/// assert_eq!(issuer.jwks().keys.len(), 1);
/// # }
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(test());
/// ```
impl TestIssuer {
    /// The issuer `https://login.example`, with an Ed25519 key of its own.
    ///
    /// # Panics
    ///
    /// If the system has no randomness for the key.
    pub fn new() -> Self {
        Self::named("https://login.example")
    }

    /// An issuer of this name; several can stand side by side.
    ///
    /// # Panics
    ///
    /// If the system has no randomness for the key.
    pub fn named(issuer: impl Into<String>) -> Self {
        let name = issuer.into();
        Self {
            state: Mutex::new(State {
                key: key(),
                minted: 0,
                guards: Vec::new(),
                audience: name.clone(),
            }),
            name,
            clock: Clock::fixed(Timestamp::from_secs(1_800_000_000)),
        }
    }

    /// A guard for this audience with the issuer's keys. Tokens minted from now on are for this audience,
    /// unless they say otherwise.
    ///
    /// # Panics
    ///
    /// If the audience is empty.
    pub fn guard(&self, audience: impl Into<String>) -> Guard {
        let mut state = self.state();
        state.audience = audience.into();
        let policy = Policy {
            issuer: self.name.clone(),
            audience: vec![state.audience.clone()],
            algorithms: vec![state.key.algorithm()],
            typ: Typ::ACCESS_TOKEN,
        };
        let verifier = usable(Verifier::new(key_set(&state.key), policy));
        let issuer = Issuer::fixed(verifier);
        state.guards.push(Arc::clone(&issuer.keys));
        Guard::of(issuer, self.clock.clock())
    }

    /// A token for this subject that is good for ten minutes.
    pub fn token(&self, subject: impl Into<String>) -> String {
        self.mint(subject).token()
    }

    /// A token for this subject, to be said more about.
    pub fn mint(&self, subject: impl Into<String>) -> Mint<'_> {
        let now = self.clock.now().as_secs();
        let mut state = self.state();
        state.minted += 1;
        let mut claims = Map::new();
        for (name, value) in [
            ("iss", Value::from(self.name.as_str())),
            ("sub", Value::from(subject.into())),
            ("aud", Value::from(state.audience.as_str())),
            ("exp", Value::from(now + 600)),
            ("iat", Value::from(now)),
            ("auth_time", Value::from(now)),
            ("jti", Value::from(format!("token-{}", state.minted))),
            ("client_id", Value::from("test-client")),
        ] {
            claims.insert(name.to_owned(), value);
        }
        Mint {
            issuer: self,
            claims,
            typ: Typ::ACCESS_TOKEN,
        }
    }

    /// The headers of a request with this token.
    ///
    /// # Panics
    ///
    /// If the token can't stand in a header.
    pub fn headers(&self, token: &str) -> HeaderMap {
        HeaderMap::from_iter([(AUTHORIZATION, bearer(token))])
    }

    /// The hands of the clock that tokens and guards go by.
    pub fn clock(&self) -> &ManualClock {
        &self.clock
    }

    /// Signs with a new key from now on. The guards take tokens of the new one, and of the old one no more.
    ///
    /// # Panics
    ///
    /// If the system has no randomness for the key.
    pub fn rotate_keys(&self) {
        let mut state = self.state();
        state.key = key();
        let keys = key_set(&state.key);
        for guard in &state.guards {
            let held = guard.load();
            let Some(verifier) = &held.verifier else {
                continue;
            };
            guard.replace(Held {
                epoch: held.epoch + 1,
                ..Held::fixed(usable(verifier.with_keys(keys.clone())))
            });
        }
    }

    /// Can't be reached from now on, and the keys that were fetched are too old: the guards answer 503.
    pub fn go_away(&self) {
        self.with_keys_until(Some(Timestamp::from_secs(0)));
    }

    /// Can be reached again.
    pub fn come_back(&self) {
        self.with_keys_until(None);
    }

    /// What it would publish: for guards that fetch, and for other programs.
    pub fn jwks(&self) -> JwkSet {
        let jwk = self.state().key.public_jwk();
        JwkSet {
            keys: jwk.into_iter().collect(),
        }
    }

    fn with_keys_until(&self, until: Option<Timestamp>) {
        for guard in &self.state().guards {
            let held = guard.load();
            guard.replace(Held {
                verifier: held.verifier.clone(),
                usable_until: until,
                epoch: held.epoch,
                ..Held::nothing()
            });
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for TestIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestIssuer")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Default for TestIssuer {
    fn default() -> Self {
        Self::new()
    }
}

/// A token that is being described; made by [`TestIssuer::mint`].
///
/// ```
/// use std::time::Duration;
/// use symbolon_guard::testing::TestIssuer;
///
/// let issuer = TestIssuer::new();
/// let token = issuer
///     .mint("ada")
///     .role("admin")
///     .scope("posts:read")
///     .audience("https://api.example")
///     .expires_in(Duration::from_secs(60))
///     .claim("tenant", "blue")
///     .token();
/// assert_eq!(token.split('.').count(), 3);
/// ```
#[derive(Clone, Debug)]
pub struct Mint<'a> {
    issuer: &'a TestIssuer,
    claims: Map<String, Value>,
    typ: Typ,
}

/// Tokens that are odd, or that came in a cookie:
///
/// ```
/// use std::time::Duration;
/// use symbolon_guard::{CsrfValue, testing::TestIssuer, token::Typ};
///
/// let issuer = TestIssuer::new();
/// let of_a_browser = issuer
///     .mint("ada")
///     .session("sign-in-1")
///     .logged_in(Duration::from_secs(7200))
///     .csrf(&CsrfValue::from_random([7; 32]))
///     .token();
/// let id_token = issuer.mint("ada").typ(Typ::ID_TOKEN).token();
/// let of_nobody = issuer.mint("ada").without("sub").headers();
/// assert!(of_nobody.contains_key("authorization"));
/// ```
impl Mint<'_> {
    /// With this role too.
    pub fn role(mut self, role: impl Into<String>) -> Self {
        let roles = self
            .claims
            .entry("roles")
            .or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(roles) = roles {
            roles.push(Value::from(role.into()));
        }
        self
    }

    /// With this scope too.
    pub fn scope(self, scope: &str) -> Self {
        let scopes = match self.claims.get("scope").and_then(Value::as_str) {
            Some(scopes) => format!("{scopes} {scope}"),
            None => scope.to_owned(),
        };
        self.claim("scope", scopes)
    }

    /// For another audience than the last guard's.
    pub fn audience(self, audience: impl Into<String>) -> Self {
        self.claim("aud", audience.into())
    }

    /// In this sign-in.
    pub fn session(self, session_id: impl Into<String>) -> Self {
        self.claim("sid", session_id.into())
    }

    /// Good for so long from now.
    pub fn expires_in(self, lifetime: Duration) -> Self {
        let end = self.issuer.clock.now() + lifetime;
        self.claim("exp", end.as_secs())
    }

    /// With a login so long ago.
    pub fn logged_in(self, ago: Duration) -> Self {
        let login = self.issuer.clock.now() - ago;
        self.claim("auth_time", login.as_secs())
    }

    /// With the hash of this CSRF value; see [`TokenCookie`](crate::TokenCookie).
    pub fn csrf(self, value: &CsrfValue) -> Self {
        self.claim(crate::CSRF_CLAIM, value.claim())
    }

    /// With this claim, in place of one of the name.
    ///
    /// # Panics
    ///
    /// If the value can't be written as JSON.
    pub fn claim(mut self, name: impl Into<String>, value: impl Serialize) -> Self {
        self.claims
            .insert(name.into(), usable(serde_json::to_value(value)));
        self
    }

    /// Without this claim.
    pub fn without(mut self, name: &str) -> Self {
        self.claims.remove(name);
        self
    }

    /// Of another kind.
    pub fn typ(self, typ: Typ) -> Self {
        Self { typ, ..self }
    }

    /// Signs it.
    ///
    /// # Panics
    ///
    /// If the token would be longer than the 16 KiB that guards accept.
    pub fn token(self) -> String {
        let key = self.issuer.state().key.clone();
        usable(sign(&key, self.typ, &self.claims))
    }

    /// Signs it, and gives the headers of a request with it.
    ///
    /// # Panics
    ///
    /// As [`Mint::token`].
    pub fn headers(self) -> HeaderMap {
        let issuer = self.issuer;
        issuer.headers(&self.token())
    }
}

fn key() -> SigningKey {
    usable(SigningKey::generate(Algorithm::Ed25519))
}

fn key_set(key: &SigningKey) -> KeySet {
    usable(KeySet::new([key.verifying_key()]))
}

fn bearer(token: &str) -> HeaderValue {
    usable(HeaderValue::try_from(format!("Bearer {token}")))
}

/// Invariant: a test that can't go on panics; nothing but tests calls this.
#[expect(
    clippy::panic,
    reason = "what a test asks for and can't have is that test's failure"
)]
fn usable<T, E: fmt::Display>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("a test can't have this: {error}"))
}
