//! Private keys as the numbers they are made of, on their way to the backend.
//!
//! Invariant: the numbers are wiped when dropped, and nothing here prints or serializes them. Whether
//! they belong to the public half beside them is found out by the backend, which recomputes it.

use zeroize::Zeroizing;

/// A number that must not outlive its use: big-endian octets.
pub(crate) type Secret = Zeroizing<Vec<u8>>;

/// What a private key has beyond its public half.
pub(crate) enum SecretParts {
    /// The exponent, and the primes with what the Chinese remainder theorem makes of them
    /// (RFC 8017 §3.2).
    Rsa {
        d: Secret,
        p: Secret,
        q: Secret,
        dp: Secret,
        dq: Secret,
        qi: Secret,
    },
    /// The scalar, as wide as its curve.
    Ec { d: Secret },
    /// The seed of RFC 8032 §5.1.5.
    Ed25519 { seed: Secret },
}
