//! Checking a token: the order of the checks is the security of this crate.
//!
//! Invariant: claims leave this file only inside a `Verified`, and only `Verifier::verify` makes one,
//! after every check has passed. Nothing about the claims is said before the signature is good, so an
//! expired forgery is a forgery (CVE-2024-51744). RFC 7515 §5.2, RFC 7519 §7.2, RFC 8725 §3.

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::Duration,
};

use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    Algorithm, KeySet, Policy, RegisteredClaims, Timestamp, VerifyingKey,
    error::{Error, ErrorKind},
    header::Header,
    jws::{Compact, HEADER_LIMIT},
    legacy::Legacy,
    policy::Checks,
    registered::Unchecked,
};

/// Checks tokens of one issuer for one service (RFC 7519 §7.2). Cheap to clone, never blocks.
///
/// ```
/// use std::time::Duration;
/// use symbolon_token::{
///     AccessClaims, Algorithm, KeySet, Policy, SigningKey, Timestamp, Typ, Verifier, sign,
/// };
///
/// let key = SigningKey::generate(Algorithm::ES256)?;
/// let verifier = Verifier::new(
///     KeySet::new([key.verifying_key()])?,
///     Policy {
///         issuer: "https://id.example".into(),
///         audience: vec!["https://api.example".into()],
///         algorithms: vec![Algorithm::ES256],
///         typ: Typ::ACCESS_TOKEN,
///     },
/// )?;
///
/// let claims = AccessClaims {
///     iss: "https://id.example".into(),
///     sub: "user-1".into(),
///     aud: "https://api.example".into(),
///     exp: 1_800_000_600,
///     iat: 1_800_000_000,
///     jti: "token-1".into(),
///     client_id: "app".into(),
///     scope: None,
///     roles: vec!["editor".into()],
///     auth_time: None,
///     sid: None,
/// };
/// let token = sign(&key, Typ::ACCESS_TOKEN, &claims)?;
///
/// let verified = verifier.verify::<AccessClaims>(&token, Timestamp::from_secs(1_800_000_599))?;
/// assert_eq!(verified.claims().sub, "user-1");
///
/// let late = verifier.verify::<AccessClaims>(&token, Timestamp::from_secs(1_800_000_600));
/// assert_eq!(late.unwrap_err().code(), "expired");
///
/// // Clocks may differ, keys change; what was asked for stays.
/// let lenient = verifier.clone().leeway(Duration::from_secs(5))?;
/// assert!(lenient.check(&token, Timestamp::from_secs(1_800_000_604)).is_ok());
/// let waiting = verifier.with_keys(KeySet::empty())?;
/// assert_eq!((waiting.keys().len(), waiting.policy().audience.len()), (0, 1));
/// # Ok::<(), symbolon_token::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Verifier {
    keys: KeySet,
    checks: Checks,
    memory: HeaderMemory,
}

impl Verifier {
    /// Puts keys and policy together.
    ///
    /// Fails if a list or string of the policy is empty, or if a key's algorithm isn't in the policy.
    pub fn new(keys: KeySet, policy: Policy) -> Result<Self, Error> {
        let checks = Checks::new(policy)?;
        checks.check_keys(&keys)?;
        Ok(Self::of(keys, checks))
    }

    /// The same verifier with newer keys of the same issuer. Fails like [`Verifier::new`].
    pub fn with_keys(&self, keys: KeySet) -> Result<Self, Error> {
        self.checks.check_keys(&keys)?;
        Ok(Self::of(keys, self.checks.clone()))
    }

    /// Forgives clocks that differ by this much, for `exp` and `nbf`. None is forgiven by default;
    /// more than 60 seconds fails.
    pub fn leeway(self, leeway: Duration) -> Result<Self, Error> {
        let checks = self.checks.with_leeway(leeway)?;
        Ok(Self::of(self.keys, checks))
    }

    /// Accepts tokens of any issuer, and tokens that name none.
    ///
    /// Dangerous: the keys alone then say who issued a token. Whoever else signs with them, for
    /// whatever purpose, is believed (RFC 8725 §3.8). An `iss` of the wrong type is still refused.
    ///
    /// ```
    /// use symbolon_token::Verifier;
    ///
    /// /// Signature, time and well-formed claims are all that is left.
    /// fn careless(verifier: Verifier) -> Verifier {
    ///     verifier.dangerous_any_issuer().dangerous_any_audience().dangerous_optional_typ()
    /// }
    /// ```
    pub fn dangerous_any_issuer(self) -> Self {
        self.map_checks(Checks::without_issuer)
    }

    /// Accepts tokens for any audience, and tokens without one.
    ///
    /// Dangerous: a token that somebody else's service received can be replayed here. An `aud` of the
    /// wrong type is still refused.
    pub fn dangerous_any_audience(self) -> Self {
        self.map_checks(Checks::without_audience)
    }

    /// Accepts tokens without `typ` as well; one that names another kind than the policy's is still
    /// refused.
    ///
    /// Dangerous: everything that is signed with these keys without saying what it is for passes
    /// (RFC 8725 §2.8), a link to reset a password as well as an access token.
    pub fn dangerous_optional_typ(self) -> Self {
        self.map_checks(Checks::with_optional_typ)
    }

    /// What is asked of a token.
    pub fn policy(&self) -> &Policy {
        self.checks.policy()
    }

    /// The keys in use.
    pub fn keys(&self) -> &KeySet {
        &self.keys
    }

    /// Checks a token at the moment `now` and reads its claims as `C`.
    ///
    /// The first check that fails names the error, in this order: length, segments, header, `crit`,
    /// forbidden members, `alg`, `typ`, key, signature, then the claims `iss`, `aud`, `exp`, `nbf`, and
    /// whether they fit `C`. `exp` is required, and a token that expires now has expired. `iat` is
    /// only checked for its type: RFC 7519 §4.1.6 gives it no part in validity.
    pub fn verify<C: DeserializeOwned>(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<Verified<C>, Error> {
        let verified = self.check(token, now)?;
        let claims = read(&verified.payload)?;
        Ok(verified.with_claims(claims))
    }

    /// Checks a token like [`Verifier::verify`] without reading its claims into a type yet.
    ///
    /// This is the way to claims that borrow instead of copying: [`Verified::claims_as`] reads them
    /// out of the proof.
    ///
    /// ```
    /// use serde::Deserialize;
    /// use symbolon_token::{Error, Timestamp, Verifier};
    ///
    /// #[derive(Deserialize)]
    /// struct Claims<'a> {
    ///     sub: &'a str,
    /// }
    ///
    /// fn is_alice(verifier: &Verifier, token: &str, now: Timestamp) -> Result<bool, Error> {
    ///     let proof = verifier.check(token, now)?;
    ///     let claims: Claims<'_> = proof.claims_as()?;
    ///     Ok(claims.sub == "alice")
    /// }
    /// ```
    pub fn check(&self, token: &str, now: Timestamp) -> Result<Verified<()>, Error> {
        let legacy = self.checks.legacy();
        let compact = Compact::split(token)?.forgiving(legacy);
        let remembered = self.memory.key_of(compact.header);
        let at = match remembered {
            Some(at) => at,
            None => self.key_for(&compact)?,
        };
        let key = self.keys.keys().get(at).ok_or(NO_KEY)?;
        let payload = compact.payload_signed_by(key)?;
        if remembered.is_none() {
            self.memory.remember(at, compact.header);
        }
        let payload = String::from_utf8(payload)
            .map_err(|_| Error::new(ErrorKind::Malformed, "the JSON isn't UTF-8"))?;
        let claims = Unchecked::read(&payload, legacy)?;
        self.checks.check_claims(&claims, now)?;
        Ok(Verified {
            claims: (),
            expires_at: claims.expires_at.unwrap_or(Timestamp::NEVER),
            not_before: claims.not_before,
            payload,
            legacy,
            registered: OnceLock::new(),
            key: key.clone(),
        })
    }

    /// Reads a header for the first time: which key it means, if the policy takes it at all.
    fn key_for(&self, compact: &Compact<'_>) -> Result<usize, Error> {
        let header = compact.header(HEADER_LIMIT)?;
        let header = Header::parse(&header)?;
        self.checks.check_header(&header)?;
        self.keys.select(&header)
    }

    fn of(keys: KeySet, checks: Checks) -> Self {
        Self {
            memory: HeaderMemory::of(&keys),
            keys,
            checks,
        }
    }

    pub(crate) fn map_checks(self, change: impl FnOnce(Checks) -> Checks) -> Self {
        Self::of(self.keys, change(self.checks))
    }
}

const NO_KEY: Error = Error::new(ErrorKind::UnknownKey, "there is no key");

/// For each key the first header that came with a good signature of it. An issuer writes the same
/// header into all its tokens, so the next ones need no reading of it.
///
/// Invariant: what is remembered passed every check of the header under these very checks and keys; a
/// verifier with others starts with an empty memory. Only the owner of a key can fill its place.
#[derive(Clone)]
struct HeaderMemory(Arc<[OnceLock<Box<str>>]>);

impl HeaderMemory {
    fn of(keys: &KeySet) -> Self {
        Self(keys.keys().iter().map(|_| OnceLock::new()).collect())
    }

    fn key_of(&self, header: &str) -> Option<usize> {
        let known =
            |place: &OnceLock<Box<str>>| place.get().is_some_and(|known| **known == *header);
        self.0.iter().position(known)
    }

    fn remember(&self, key: usize, header: &str) {
        if let Some(place) = self.0.get(key) {
            place.get_or_init(|| header.into());
        }
    }
}

impl fmt::Debug for HeaderMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HeaderMemory")
    }
}

/// Proof that a token passed every check of a [`Verifier`]: there is no other way to make one
/// (RFC 7519 §7.2).
///
/// ```
/// use symbolon_token::{AccessClaims, Error, Timestamp, Verified, Verifier};
///
/// fn log_line(proof: &Verified<AccessClaims>) -> String {
///     let (user, ends) = (&proof.registered().subject, proof.expires_at().as_secs());
///     let begins = proof.not_before().map_or(0, Timestamp::as_secs);
///     let key = proof.key_id();
///     format!("{user:?} from {begins} until {ends}, by {} key {key:?}", proof.algorithm())
/// }
///
/// fn payload(verifier: &Verifier, token: &str, now: Timestamp) -> Result<String, Error> {
///     let proof = verifier.verify::<AccessClaims>(token, now)?;
///     assert!(proof.payload().contains(&proof.claims().sub));
///     Ok(proof.into_claims().sub)
/// }
/// ```
///
/// ```compile_fail
/// // A proof can't be read from JSON.
/// fn forge(json: &str) -> symbolon_token::Verified<()> {
///     serde_json::from_str(json).unwrap()
/// }
/// ```
pub struct Verified<C> {
    claims: C,
    payload: String,
    legacy: Legacy,
    expires_at: Timestamp,
    not_before: Option<Timestamp>,
    /// Made when it is asked for: it copies.
    registered: OnceLock<RegisteredClaims>,
    key: VerifyingKey,
}

impl<C> Verified<C> {
    /// The claims.
    pub fn claims(&self) -> &C {
        &self.claims
    }

    /// The claims by value. With them the proof is gone.
    pub fn into_claims(self) -> C {
        self.claims
    }

    /// The claims read as another type, which may borrow from the proof: for those that `C` has no
    /// place for.
    ///
    /// Fails with `unreadable_claims` if they don't fit it.
    pub fn claims_as<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Error> {
        read(&self.payload)
    }

    /// The payload as it was signed.
    pub fn payload(&self) -> &str {
        &self.payload
    }

    /// Checks of the caller's own, which keep the proof if they pass. [`Error::claim`] names the claim
    /// that [`Error::refuse_claim`] refused.
    ///
    /// ```
    /// use symbolon_token::{AccessClaims, Error, Timestamp, Verified, Verifier};
    ///
    /// fn check(
    ///     verifier: &Verifier,
    ///     token: &str,
    ///     now: Timestamp,
    /// ) -> Result<Verified<AccessClaims>, Error> {
    ///     verifier.verify::<AccessClaims>(token, now)?.require(|claims| match &claims.sid {
    ///         Some(_) => Ok(()),
    ///         None => Err(Error::refuse_claim("sid", "only sign-ins count here")),
    ///     })
    /// }
    /// ```
    pub fn require(self, check: impl FnOnce(&C) -> Result<(), Error>) -> Result<Self, Error> {
        check(&self.claims)?;
        Ok(self)
    }

    /// The registered claims (RFC 7519 §4.1), as they were checked.
    pub fn registered(&self) -> &RegisteredClaims {
        self.registered.get_or_init(|| {
            // Invariant: the payload has been read with these very rules, so it reads again.
            Unchecked::read(&self.payload, self.legacy)
                .map_or_else(|_| RegisteredClaims::none(), Unchecked::to_owned)
        })
    }

    /// `exp`, without copying the other registered claims; see [`RegisteredClaims::expires_at`].
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// `nbf`, without copying the other registered claims; see [`RegisteredClaims::not_before`].
    pub fn not_before(&self) -> Option<Timestamp> {
        self.not_before
    }

    /// The name of the key that verified the token, if it has one.
    pub fn key_id(&self) -> Option<&str> {
        self.key.kid()
    }

    /// The algorithm of that key.
    pub fn algorithm(&self) -> Algorithm {
        self.key.algorithm()
    }

    /// The same proof with its claims in another shape.
    pub(crate) fn with_claims<T>(self, claims: T) -> Verified<T> {
        Verified {
            claims,
            payload: self.payload,
            legacy: self.legacy,
            expires_at: self.expires_at,
            not_before: self.not_before,
            registered: self.registered,
            key: self.key,
        }
    }
}

/// Shows how the token was verified, and none of its claims.
impl<C> fmt::Debug for Verified<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified")
            .field("algorithm", &self.algorithm())
            .field("key_id", &self.key_id())
            .finish_non_exhaustive()
    }
}

pub(crate) fn read<'a, T: Deserialize<'a>>(payload: &'a str) -> Result<T, Error> {
    // The message of the JSON library quotes the token, so it goes no further.
    serde_json::from_str(payload).map_err(|_| {
        Error::new(
            ErrorKind::UnreadableClaims,
            "the claims don't fit the type that was asked for",
        )
    })
}
