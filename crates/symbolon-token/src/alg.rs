//! The signature algorithms and their names.
//!
//! Names compare exactly and case-sensitively (RFC 7515 §4.1.1); `none` is not among them, so there
//! is nothing to switch off. `Ed25519` (RFC 9864) and the older, polymorphic `EdDSA` (RFC 8037) are
//! two names for the same mathematics: a key still answers to exactly one of them, the way every
//! other key answers to exactly one algorithm (RFC 8725 §3.1).

use std::fmt;

/// A JWS signature algorithm (RFC 7518 §3.1, RFC 8037, RFC 9864).
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// HMAC with SHA-256 and a shared secret.
    HS256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RS256,
    /// RSASSA-PSS with SHA-256.
    PS256,
    /// ECDSA on P-256 with SHA-256.
    ES256,
    /// ECDSA on P-384 with SHA-384.
    ES384,
    /// `EdDSA` on Curve25519 under its fully specified name (RFC 9864).
    Ed25519,
    /// `EdDSA` on Curve25519 under the name of RFC 8037, for issuers that still write it.
    EdDSA,
}

impl Algorithm {
    const ALL: [Self; 7] = [
        Self::HS256,
        Self::RS256,
        Self::PS256,
        Self::ES256,
        Self::ES384,
        Self::Ed25519,
        Self::EdDSA,
    ];

    /// The name as it stands in the `alg` header.
    pub const fn name(self) -> &'static str {
        match self {
            Self::HS256 => "HS256",
            Self::RS256 => "RS256",
            Self::PS256 => "PS256",
            Self::ES256 => "ES256",
            Self::ES384 => "ES384",
            Self::Ed25519 => "Ed25519",
            Self::EdDSA => "EdDSA",
        }
    }

    /// The algorithm of exactly this name, or `None`; `es256` and `ES256 ` are no names.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
    }

    /// Whether the key that verifies is also the key that signs.
    pub const fn is_symmetric(self) -> bool {
        matches!(self, Self::HS256)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
