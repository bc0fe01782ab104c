//! Checking a token: the order of the checks is the security of this crate.
//!
//! Invariant: claims leave this file only inside a `Verified`, and only `Verifier::verify` makes one,
//! after every check has passed. Nothing about the claims is said before the signature is good, so an
//! expired forgery is a forgery (CVE-2024-51744). RFC 7515 §5.2, RFC 7519 §7.2, RFC 8725 §3.

use std::{fmt, sync::Arc, time::Duration};

use serde::de::DeserializeOwned;

use crate::{
    Algorithm, KeySet, RegisteredClaims, Timestamp, Typ,
    error::{Error, ErrorKind},
    header::{ALGORITHM_NOT_ALLOWED, Header},
    json::Object,
    jws::Compact,
    registered::Unchecked,
};

/// The most that clocks may differ.
const LEEWAY_LIMIT: Duration = Duration::from_mins(1);

/// What a token must say to be accepted. Every field is needed, so there is no default.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The issuer identifier, compared exactly (RFC 8725 §3.8). The keys must be this issuer's.
    pub issuer: String,
    /// The names by which this service is meant; a token must name at least one (RFC 8725 §3.9).
    pub audience: Vec<String>,
    /// The algorithms that are accepted. Every key's algorithm must be among them.
    pub algorithms: Vec<Algorithm>,
    /// The one kind of token that is accepted (RFC 8725 §3.11).
    pub typ: Typ,
}

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
    policy: Arc<Policy>,
    leeway: Duration,
    audience_check: AudienceCheck,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AudienceCheck {
    AnyOfPolicy,
    Waived,
}

impl Verifier {
    /// Puts keys and policy together.
    ///
    /// Fails if a list or string of the policy is empty, or if a key's algorithm isn't in the policy.
    pub fn new(keys: KeySet, policy: Policy) -> Result<Self, Error> {
        if policy.issuer.is_empty() {
            return Err(incomplete("the policy has no issuer"));
        }
        if policy.audience.is_empty() || policy.audience.iter().any(String::is_empty) {
            return Err(incomplete("the policy has no audience, or an empty one"));
        }
        if policy.algorithms.is_empty() {
            return Err(incomplete("the policy allows no algorithm"));
        }
        check_algorithms(&keys, &policy)?;
        Ok(Self {
            keys,
            policy: Arc::new(policy),
            leeway: Duration::ZERO,
            audience_check: AudienceCheck::AnyOfPolicy,
        })
    }

    /// The same verifier with newer keys of the same issuer. Fails like [`Verifier::new`].
    pub fn with_keys(&self, keys: KeySet) -> Result<Self, Error> {
        check_algorithms(&keys, &self.policy)?;
        Ok(Self {
            keys,
            ..self.clone()
        })
    }

    /// Forgives clocks that differ by this much, for `exp` and `nbf`. None is forgiven by default;
    /// more than 60 seconds fails.
    pub fn leeway(self, leeway: Duration) -> Result<Self, Error> {
        if leeway > LEEWAY_LIMIT {
            return Err(Error::new(
                ErrorKind::InvalidPolicy,
                "the leeway is longer than 60 seconds",
            ));
        }
        Ok(Self { leeway, ..self })
    }

    /// Accepts tokens for any audience, and tokens without one.
    ///
    /// Dangerous: a token that somebody else's service received can be replayed here. An `aud` of the
    /// wrong type is still refused.
    pub fn dangerous_any_audience(self) -> Self {
        Self {
            audience_check: AudienceCheck::Waived,
            ..self
        }
    }

    /// What is asked of a token.
    pub fn policy(&self) -> &Policy {
        &self.policy
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
        self.check_header(&header)?;
        let key = self.keys.select(&header)?;
        let payload = compact.payload_signed_by(key)?;
        let registered = self.check_claims(Unchecked::read(Object::parse(&payload)?)?, now)?;
        // The message of the JSON library quotes the token, so it goes no further.
        let claims = serde_json::from_slice(&payload).map_err(|_| {
            Error::new(
                ErrorKind::UnreadableClaims,
                "the claims don't fit the type that was asked for",
            )
        })?;
        Ok(Verified {
            claims,
            registered,
            key_id: key.kid().map(str::to_owned),
            algorithm: key.algorithm(),
        })
    }

    fn check_header(&self, header: &Header<'_>) -> Result<(), Error> {
        if !self.policy.algorithms.contains(&header.algorithm) {
            return Err(ALGORITHM_NOT_ALLOWED);
        }
        // Without a type, an ID token or a logout token of the same issuer could pass for an access
        // token (RFC 8725 §2.8, §3.11).
        let typ = header.typ.as_deref();
        if !typ.is_some_and(|typ| self.policy.typ.matches(typ)) {
            return Err(Error::new(
                ErrorKind::WrongTyp,
                "the token is of another kind, or doesn't say of which",
            ));
        }
        Ok(())
    }

    fn check_claims(&self, claims: Unchecked, now: Timestamp) -> Result<RegisteredClaims, Error> {
        let issuer = claims.issuer.ok_or(missing("iss"))?;
        if issuer != self.policy.issuer {
            return Err(Error::claim_refused(
                ErrorKind::WrongIssuer,
                "iss",
                "it is another issuer",
            ));
        }
        let audience = match (claims.audience, self.audience_check) {
            (None, AudienceCheck::AnyOfPolicy) => return Err(missing("aud")),
            (audience, AudienceCheck::Waived) => audience.unwrap_or_default(),
            (Some(audience), AudienceCheck::AnyOfPolicy) => {
                if !audience
                    .iter()
                    .any(|one| self.policy.audience.contains(one))
                {
                    return Err(Error::claim_refused(
                        ErrorKind::WrongAudience,
                        "aud",
                        "this service isn't named",
                    ));
                }
                audience
            }
        };
        let expires_at = claims.expires_at.ok_or(missing("exp"))?;
        // RFC 7519 §4.1.4: on or after this time it must not be accepted.
        if now >= expires_at + self.leeway {
            return Err(Error::claim_refused(
                ErrorKind::Expired,
                "exp",
                "the token has expired",
            ));
        }
        if claims
            .not_before
            .is_some_and(|not_before| now + self.leeway < not_before)
        {
            return Err(Error::claim_refused(
                ErrorKind::NotYetValid,
                "nbf",
                "the token isn't valid yet",
            ));
        }
        Ok(RegisteredClaims {
            issuer,
            subject: claims.subject,
            audience,
            expires_at,
            issued_at: claims.issued_at,
            not_before: claims.not_before,
            token_id: claims.token_id,
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

fn check_algorithms(keys: &KeySet, policy: &Policy) -> Result<(), Error> {
    let allowed = |algorithm| policy.algorithms.contains(&algorithm);
    if !keys.keys().iter().all(|key| allowed(key.algorithm())) {
        return Err(Error::new(
            ErrorKind::InvalidPolicy,
            "a key has an algorithm that the policy doesn't allow",
        ));
    }
    Ok(())
}

const fn incomplete(reason: &'static str) -> Error {
    Error::new(ErrorKind::InvalidPolicy, reason)
}

const fn missing(claim: &'static str) -> Error {
    Error::claim_refused(ErrorKind::MissingClaim, claim, "it is required")
}
