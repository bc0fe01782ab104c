//! What is asked of a token, and the asking.
//!
//! Invariant: every field of a policy is filled in, because what nobody asked for isn't checked
//! (RFC 8725 §3.8 issuer, §3.9 audience, §3.11 type). The header is checked before the key is looked
//! up, the claims after the signature was found good; `verify` keeps that order.

use std::{sync::Arc, time::Duration};

use crate::{
    Algorithm, KeySet, Timestamp, Typ,
    error::{Error, ErrorKind},
    header::{ALGORITHM_NOT_ALLOWED, Header},
    json::Text,
    legacy::Legacy,
    registered::Unchecked,
};

/// The most that clocks may differ.
const LEEWAY_LIMIT: Duration = Duration::from_mins(1);

/// What a token must say to be accepted (RFC 8725 §3). Every field is needed, so there is no default.
///
/// ```
/// use symbolon_token::{Algorithm, KeySet, Policy, Typ, Verifier};
///
/// let policy = Policy {
///     issuer: "https://id.example".into(),
///     audience: vec!["https://api.example".into()],
///     algorithms: vec![Algorithm::ES256],
///     typ: Typ::ACCESS_TOKEN,
/// };
/// let nobody = Policy { audience: vec![], ..policy.clone() };
/// assert!(Verifier::new(KeySet::empty(), policy).is_ok());
/// assert!(Verifier::new(KeySet::empty(), nobody).is_err());
/// ```
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

/// A complete policy, and how strictly it is taken.
#[derive(Clone, Debug)]
pub(crate) struct Checks {
    policy: Arc<Policy>,
    leeway: Duration,
    issuer: Comparison,
    audience: Comparison,
    typ: TypRule,
    expiry: Expiry,
    legacy: Legacy,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expiry {
    Required,
    /// It may be absent; where it is present it counts.
    MayBeAbsent,
}

/// Whether a claim is compared with the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    WithPolicy,
    Waived,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TypRule {
    Required,
    /// It may be absent; where it is present it must be the policy's.
    MayBeAbsent,
}

impl Checks {
    pub(crate) fn new(policy: Policy) -> Result<Self, Error> {
        if policy.issuer.is_empty() {
            return Err(contradiction("the policy has no issuer"));
        }
        if policy.audience.is_empty() || policy.audience.iter().any(String::is_empty) {
            return Err(contradiction("the policy has no audience, or an empty one"));
        }
        if policy.algorithms.is_empty() {
            return Err(contradiction("the policy allows no algorithm"));
        }
        Ok(Self {
            policy: Arc::new(policy),
            leeway: Duration::ZERO,
            issuer: Comparison::WithPolicy,
            audience: Comparison::WithPolicy,
            typ: TypRule::Required,
            expiry: Expiry::Required,
            legacy: Legacy::default(),
        })
    }

    pub(crate) fn with_leeway(self, leeway: Duration) -> Result<Self, Error> {
        if leeway > LEEWAY_LIMIT {
            return Err(contradiction("the leeway is longer than 60 seconds"));
        }
        Ok(Self { leeway, ..self })
    }

    pub(crate) fn without_issuer(self) -> Self {
        Self {
            issuer: Comparison::Waived,
            ..self
        }
    }

    pub(crate) fn without_audience(self) -> Self {
        Self {
            audience: Comparison::Waived,
            ..self
        }
    }

    pub(crate) fn with_optional_typ(self) -> Self {
        Self {
            typ: TypRule::MayBeAbsent,
            ..self
        }
    }

    pub(crate) fn without_expiry(self) -> Self {
        Self {
            expiry: Expiry::MayBeAbsent,
            ..self
        }
    }

    pub(crate) fn with_legacy(self, change: impl FnOnce(Legacy) -> Legacy) -> Self {
        Self {
            legacy: change(self.legacy),
            ..self
        }
    }

    pub(crate) const fn legacy(&self) -> Legacy {
        self.legacy
    }

    pub(crate) fn policy(&self) -> &Policy {
        &self.policy
    }

    /// A key outside the policy could never verify anything; saying so beats waiting for its tokens.
    pub(crate) fn check_keys(&self, keys: &KeySet) -> Result<(), Error> {
        let allowed = |algorithm| self.policy.algorithms.contains(&algorithm);
        if !keys.keys().iter().all(|key| allowed(key.algorithm())) {
            return Err(contradiction(
                "a key has an algorithm that the policy doesn't allow",
            ));
        }
        Ok(())
    }

    pub(crate) fn check_header(&self, header: &Header<'_>) -> Result<(), Error> {
        if !self.policy.algorithms.contains(&header.algorithm) {
            return Err(ALGORITHM_NOT_ALLOWED);
        }
        // Without a type, an ID token or a logout token of the same issuer could pass for an access
        // token (RFC 8725 §2.8, §3.11).
        let right = match header.typ.as_deref() {
            Some(typ) => self.policy.typ.matches(typ),
            None => self.typ == TypRule::MayBeAbsent,
        };
        if !right {
            return Err(Error::new(
                ErrorKind::WrongTyp,
                "the token is of another kind, or doesn't say of which",
            ));
        }
        Ok(())
    }

    pub(crate) fn check_claims(&self, claims: &Unchecked<'_>, now: Timestamp) -> Result<(), Error> {
        if self.issuer == Comparison::WithPolicy {
            let issuer = claims.issuer.ok_or(missing("iss"))?;
            if !issuer.is(&self.policy.issuer) {
                return Err(Error::claim_refused(
                    ErrorKind::WrongIssuer,
                    "iss",
                    "it is another issuer",
                ));
            }
        }
        if self.audience == Comparison::WithPolicy {
            claims.audience.ok_or(missing("aud"))?;
            let ours = |named: Text<'_>| self.policy.audience.iter().any(|ours| named.is(ours));
            if !claims.audiences().any(ours) {
                return Err(Error::claim_refused(
                    ErrorKind::WrongAudience,
                    "aud",
                    "this service isn't named",
                ));
            }
        }
        if claims.expires_at.is_none() && self.expiry == Expiry::Required {
            return Err(missing("exp"));
        }
        check_dates(claims, now, self.leeway)
    }
}

/// Checks `exp` and `nbf` where they are there.
pub(crate) fn check_dates(
    claims: &Unchecked<'_>,
    now: Timestamp,
    leeway: Duration,
) -> Result<(), Error> {
    // RFC 7519 §4.1.4: on or after this time it must not be accepted.
    if claims
        .expires_at
        .is_some_and(|expires_at| now >= expires_at + leeway)
    {
        return Err(Error::claim_refused(
            ErrorKind::Expired,
            "exp",
            "the token has expired",
        ));
    }
    if claims
        .not_before
        .is_some_and(|not_before| now + leeway < not_before)
    {
        return Err(Error::claim_refused(
            ErrorKind::NotYetValid,
            "nbf",
            "the token isn't valid yet",
        ));
    }
    Ok(())
}

const fn contradiction(reason: &'static str) -> Error {
    Error::new(ErrorKind::InvalidPolicy, reason)
}

pub(crate) const fn missing(claim: &'static str) -> Error {
    Error::claim_refused(ErrorKind::MissingClaim, claim, "it is required")
}
