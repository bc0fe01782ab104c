//! A token that was found good, with everything that each further request needs to know of it.
//!
//! Invariant: one is made after signature, policy and profile have passed, and nowhere else. What can
//! change from one request to the next (time, keys, the deny set, hooks) isn't settled here: `judge.rs`
//! and `admit.rs` look at it each time.

use std::sync::{
    OnceLock, Weak,
    atomic::{AtomicU64, Ordering},
};

use serde::de::{DeserializeOwned, IgnoredAny};
use symbolon_token::{AccessClaims, Audience, Error, RegisteredClaims, Timestamp, Verified};

use crate::{
    csrf,
    digest::Sha256,
    guard::Inner,
    profile::{Names, Read},
};

/// A verified token, read as its issuer's profile says.
// As it is written: the subject lies in front, where `Admitted` wants it.
#[repr(C)]
pub(crate) enum Proof {
    /// Its claims are RFC 9068's, as they stand.
    Standard {
        subject: Box<str>,
        token: Verified<()>,
        csrf: Option<Sha256>,
        /// Copied out of the token when somebody asks for more than the subject.
        claims: OnceLock<Box<AccessClaims>>,
    },
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
    /// A token that has all that RFC 9068 asks for.
    pub(crate) fn standard(token: Verified<()>, subject: Box<str>, csrf: Option<Sha256>) -> Self {
        Self::Standard {
            token,
            subject,
            csrf,
            claims: OnceLock::new(),
        }
    }

    pub(crate) fn claims(&self) -> &AccessClaims {
        match self {
            Self::Standard {
                token,
                subject,
                claims,
                ..
            } => claims.get_or_init(|| Box::new(copied(token, subject))),
            Self::Mapped { claims, .. } | Self::Own { claims, .. } => claims,
        }
    }

    pub(crate) fn subject(&self) -> &str {
        match self {
            Self::Standard { subject, .. } => subject,
            Self::Mapped { claims, .. } | Self::Own { claims, .. } => &claims.sub,
        }
    }

    /// What a deny set may name it by besides subject and key. Nothing is copied for it.
    pub(crate) fn names(&self) -> Names<'_> {
        if let Self::Standard { token, claims, .. } = self
            && claims.get().is_none()
            && let Ok(names) = token.claims_as()
        {
            return names;
        }
        Names::of(self.claims())
    }

    pub(crate) fn expires_at(&self) -> Timestamp {
        match self {
            Self::Standard { token, .. } => token.expires_at(),
            Self::Mapped { token, .. } => token.expires_at(),
            Self::Own { token, .. } => token.expires_at(),
        }
    }

    fn not_before(&self) -> Option<Timestamp> {
        match self {
            Self::Standard { token, .. } => token.not_before(),
            Self::Mapped { token, .. } => token.not_before(),
            Self::Own { token, .. } => token.not_before(),
        }
    }

    pub(crate) fn registered(&self) -> &RegisteredClaims {
        match self {
            Self::Standard { token, .. } => token.registered(),
            Self::Mapped { token, .. } => token.registered(),
            Self::Own { token, .. } => token.registered(),
        }
    }

    pub(crate) fn claims_as<T: DeserializeOwned>(&self) -> Result<T, Error> {
        match self {
            Self::Standard { token, .. } => token.claims_as(),
            Self::Mapped { token, .. } => token.claims_as(),
            Self::Own { token, .. } => token.claims_as(),
        }
    }

    pub(crate) fn key_id(&self) -> Option<&str> {
        match self {
            Self::Standard { token, .. } => token.key_id(),
            Self::Mapped { token, .. } => token.key_id(),
            Self::Own { token, .. } => token.key_id(),
        }
    }

    pub(crate) fn csrf(&self) -> Option<Sha256> {
        match self {
            Self::Standard { csrf, .. } => csrf.clone(),
            Self::Mapped { token, .. } => {
                Sha256::from_base64url(token.claims().marks.as_ref()?.csrf_sha256.text()?)
            }
            Self::Own { token, .. } => {
                let claim: csrf::Claim = token.claims_as().ok()?;
                Sha256::from_base64url(&claim.csrf_sha256)
            }
        }
    }
}

/// The claims of a token of RFC 9068's kind.
///
/// Invariant: a `Glance` has seen that they are all there and of their types, so they read. Were it ever
/// otherwise, the caller would be somebody without roles and scopes.
fn copied(token: &Verified<()>, subject: &str) -> AccessClaims {
    token.claims_as().unwrap_or_else(|_| AccessClaims {
        iss: String::new(),
        sub: subject.to_owned(),
        aud: Audience::from(Vec::new()),
        exp: token.expires_at().as_secs(),
        iat: 0,
        jti: String::new(),
        client_id: String::new(),
        scope: None,
        roles: Vec::new(),
        auth_time: None,
        sid: None,
    })
}

// What every request looks at comes first and lies together with the count of the `Arc` around it, and the
// subject, for which nearly every handler asks, right behind: of ten thousand tokens in turn none is in the
// processor's caches, and each line of memory that is touched costs a tenth of a microsecond.
#[repr(C)]
pub(crate) struct Admitted {
    /// The state of the deny set in which it was last found not denied.
    cleared: AtomicU64,
    /// Under which keys of its issuer it was verified.
    pub(crate) epoch: u64,
    /// Which of the guard's issuers judged it.
    pub(crate) issuer: usize,
    not_before: Timestamp,
    expires_at: Timestamp,
    pub(crate) proof: Proof,
    pub(crate) guard: Weak<Inner>,
    pub(crate) csrf: Option<Sha256>,
    /// In octets.
    pub(crate) token_length: u32,
}

impl Admitted {
    pub(crate) fn new(
        proof: Proof,
        token: &str,
        guard: Weak<Inner>,
        issuer: usize,
        epoch: u64,
    ) -> Self {
        Self {
            token_length: u32::try_from(token.len()).unwrap_or(u32::MAX),
            cleared: AtomicU64::new(0),
            epoch,
            not_before: proof
                .not_before()
                .unwrap_or(Timestamp::from_millis(i64::MIN)),
            expires_at: proof.expires_at(),
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
