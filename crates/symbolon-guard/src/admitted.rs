//! A token that was found good, with everything that each further request needs to know of it.
//!
//! Invariant: one is made after signature, policy and profile have passed, and nowhere else. What can
//! change from one request to the next (time, keys, the deny set, hooks) isn't settled here: `judge.rs`
//! and `admit.rs` look at it each time.

use std::sync::{
    Weak,
    atomic::{AtomicU64, Ordering},
};

use serde::de::{DeserializeOwned, IgnoredAny};
use symbolon_token::{AccessClaims, Error, RegisteredClaims, Timestamp, Verified};

use crate::{csrf, digest::Sha256, guard::Inner, profile::Read};

/// A verified token, read as its issuer's profile says.
pub(crate) enum Proof {
    /// Its claims are RFC 9068's, as they stand.
    Standard(Verified<Read>),
    /// Its claims are another issuer's, put into RFC 9068's places.
    Mapped {
        token: Verified<Read>,
        claims: Box<AccessClaims>,
    },
    /// Its claims are of a type of the program's own, which says who calls.
    Own {
        token: Verified<IgnoredAny>,
        claims: Box<AccessClaims>,
    },
}

impl Proof {
    pub(crate) fn claims(&self) -> &AccessClaims {
        match self {
            Self::Standard(token) => &token.claims().claims,
            Self::Mapped { claims, .. } | Self::Own { claims, .. } => claims,
        }
    }

    pub(crate) fn registered(&self) -> &RegisteredClaims {
        match self {
            Self::Standard(token) | Self::Mapped { token, .. } => token.registered(),
            Self::Own { token, .. } => token.registered(),
        }
    }

    pub(crate) fn claims_as<T: DeserializeOwned>(&self) -> Result<T, Error> {
        match self {
            Self::Standard(token) | Self::Mapped { token, .. } => token.claims_as(),
            Self::Own { token, .. } => token.claims_as(),
        }
    }

    pub(crate) fn key_id(&self) -> Option<&str> {
        match self {
            Self::Standard(token) | Self::Mapped { token, .. } => token.key_id(),
            Self::Own { token, .. } => token.key_id(),
        }
    }

    fn csrf(&self) -> Option<Sha256> {
        match self {
            Self::Standard(token) | Self::Mapped { token, .. } => {
                Sha256::from_base64url(token.claims().marks.as_ref()?.csrf_sha256.text()?)
            }
            Self::Own { token, .. } => {
                let claim: csrf::Claim = token.claims_as().ok()?;
                Sha256::from_base64url(&claim.csrf_sha256)
            }
        }
    }
}

// What every request looks at comes first and lies together with the count of the `Arc` around it: of ten
// thousand tokens in turn none is in the processor's caches, and each line of memory that is touched costs a
// tenth of a microsecond.
#[repr(C)]
pub(crate) struct Admitted {
    /// The state of the deny set in which it was last found not denied.
    cleared: AtomicU64,
    /// Under which keys of its issuer it was verified.
    pub(crate) epoch: u64,
    not_before: Timestamp,
    expires_at: Timestamp,
    pub(crate) guard: Weak<Inner>,
    /// Which of the guard's issuers judged it.
    pub(crate) issuer: usize,
    pub(crate) proof: Proof,
    pub(crate) csrf: Option<Sha256>,
}

impl Admitted {
    pub(crate) fn new(proof: Proof, guard: Weak<Inner>, issuer: usize, epoch: u64) -> Self {
        let registered = proof.registered();
        Self {
            cleared: AtomicU64::new(0),
            epoch,
            not_before: registered
                .not_before
                .unwrap_or(Timestamp::from_millis(i64::MIN)),
            expires_at: registered.expires_at,
            guard,
            issuer,
            csrf: proof.csrf(),
            proof,
        }
    }

    /// Whether it is in its time. A leeway isn't known here: within it a token is verified anew.
    pub(crate) fn lives(&self, now: Timestamp) -> bool {
        self.not_before <= now && now < self.expires_at
    }

    pub(crate) fn was_cleared_at(&self, version: u64) -> bool {
        self.cleared.load(Ordering::Relaxed) == version
    }

    pub(crate) fn clear_at(&self, version: u64) {
        self.cleared.store(version, Ordering::Relaxed);
    }
}
