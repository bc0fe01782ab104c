//! Checking a token: the order of the checks is the security of this crate.
//!
//! Invariant: claims leave this file only inside a `Verified`, and only `Verifier::verify` makes one,
//! after every check has passed. Nothing about the claims is said before the signature is good, so an
//! expired forgery is a forgery (CVE-2024-51744). RFC 7515 §5.2, RFC 7519 §7.2, RFC 8725 §3.

use std::{fmt, time::Duration};

use serde::de::DeserializeOwned;

use crate::{
    Algorithm, KeySet, Policy, RegisteredClaims, Timestamp,
    error::{Error, ErrorKind},
    header::Header,
    json::Object,
    jws::Compact,
    policy::Checks,
    registered::Unchecked,
};

/// Checks tokens of one issuer for one service. Cheap to clone, never blocks.
///
/// ```
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
/// # Ok::<(), symbolon_token::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Verifier {
    keys: KeySet,
    checks: Checks,
}

impl Verifier {
    /// Puts keys and policy together.
    ///
    /// Fails if a list or string of the policy is empty, or if a key's algorithm isn't in the policy.
    pub fn new(keys: KeySet, policy: Policy) -> Result<Self, Error> {
        let checks = Checks::new(policy)?;
        checks.check_keys(&keys)?;
        Ok(Self { keys, checks })
    }

    /// The same verifier with newer keys of the same issuer. Fails like [`Verifier::new`].
    pub fn with_keys(&self, keys: KeySet) -> Result<Self, Error> {
        self.checks.check_keys(&keys)?;
        Ok(Self {
            keys,
            checks: self.checks.clone(),
        })
    }

    /// Forgives clocks that differ by this much, for `exp` and `nbf`. None is forgiven by default;
    /// more than 60 seconds fails.
    pub fn leeway(self, leeway: Duration) -> Result<Self, Error> {
        let checks = self.checks.with_leeway(leeway)?;
        Ok(Self { checks, ..self })
    }

    /// Accepts tokens of any issuer, and tokens that name none.
    ///
    /// Dangerous: the keys alone then say who issued a token. Whoever else signs with them, for
    /// whatever purpose, is believed (RFC 8725 §3.8). An `iss` of the wrong type is still refused.
    pub fn dangerous_any_issuer(self) -> Self {
        Self {
            checks: self.checks.without_issuer(),
            ..self
        }
    }

    /// Accepts tokens for any audience, and tokens without one.
    ///
    /// Dangerous: a token that somebody else's service received can be replayed here. An `aud` of the
    /// wrong type is still refused.
    pub fn dangerous_any_audience(self) -> Self {
        Self {
            checks: self.checks.without_audience(),
            ..self
        }
    }

    /// Accepts tokens without `typ` as well; one that names another kind than the policy's is still
    /// refused.
    ///
    /// Dangerous: everything that is signed with these keys without saying what it is for passes
    /// (RFC 8725 §2.8), a link to reset a password as well as an access token.
    pub fn dangerous_optional_typ(self) -> Self {
        Self {
            checks: self.checks.with_optional_typ(),
            ..self
        }
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
        let compact = Compact::split(token)?;
        let header = compact.header()?;
        let header = Header::parse(&header)?;
        self.checks.check_header(&header)?;
        let key = self.keys.select(&header)?;
        let payload = compact.payload_signed_by(key)?;
        let unchecked = Unchecked::read(Object::parse(&payload)?)?;
        let registered = self.checks.check_claims(unchecked, now)?;
        Ok(Verified {
            claims: read(&payload)?,
            payload,
            registered,
            key_id: key.kid().map(str::to_owned),
            algorithm: key.algorithm(),
        })
    }
}

/// Proof that a token passed every check of a [`Verifier`]: there is no other way to make one.
///
/// ```compile_fail
/// // A proof can't be read from JSON.
/// fn forge(json: &str) -> symbolon_token::Verified<()> {
///     serde_json::from_str(json).unwrap()
/// }
/// ```
pub struct Verified<C> {
    claims: C,
    payload: Vec<u8>,
    registered: RegisteredClaims,
    key_id: Option<String>,
    algorithm: Algorithm,
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

    /// The claims read as another type: for those that `C` has no place for.
    ///
    /// Fails with `unreadable_claims` if they don't fit it.
    pub fn claims_as<T: DeserializeOwned>(&self) -> Result<T, Error> {
        read(&self.payload)
    }

    /// The registered claims (RFC 7519 §4.1), as they were checked.
    pub fn registered(&self) -> &RegisteredClaims {
        &self.registered
    }

    /// The name of the key that verified the token, if it has one.
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// The algorithm of that key.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

/// Shows how the token was verified, and none of its claims.
impl<C> fmt::Debug for Verified<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified")
            .field("algorithm", &self.algorithm)
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

fn read<T: DeserializeOwned>(payload: &[u8]) -> Result<T, Error> {
    // The message of the JSON library quotes the token, so it goes no further.
    serde_json::from_slice(payload).map_err(|_| {
        Error::new(
            ErrorKind::UnreadableClaims,
            "the claims don't fit the type that was asked for",
        )
    })
}
