//! SHA-256, for what is kept only as its hash, and the hash that ties an access token to an ID token.
//!
//! Invariant: what is kept as a hash made here holds 160 random bits at the least (A15). Nothing a person chose belongs here; that
//! takes a password hash.

use aws_lc_rs::digest;
#[cfg(feature = "client")]
use data_encoding::BASE64URL_NOPAD;
#[cfg(feature = "client")]
use symbolon_token::Algorithm;

/// The hash of some bytes.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; digest::SHA256_OUTPUT_LEN] {
    let mut hash = [0; digest::SHA256_OUTPUT_LEN];
    hash.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    hash
}

/// Whether two secrets are one, in a time that doesn't tell how much of them is alike.
#[cfg(feature = "client")]
pub(crate) fn is_same_secret(one: &[u8], other: &[u8]) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(one, other).is_ok()
}

/// The left half of a text's hash, in base64url, by the hash of a signature algorithm (OpenID Connect
/// Core §3.1.3.6). `None` where it has none that everybody agrees on.
#[cfg(feature = "client")]
pub(crate) fn left_half(algorithm: Algorithm, text: &str) -> Option<String> {
    let hash = match algorithm {
        Algorithm::RS256 | Algorithm::PS256 | Algorithm::ES256 => &digest::SHA256,
        Algorithm::ES384 => &digest::SHA384,
        // Ed25519 hashes with SHA-512 inside (RFC 8032 §5.1), and that is what issuers use.
        Algorithm::Ed25519 | Algorithm::EdDSA => &digest::SHA512,
        _ => return None,
    };
    let hash = digest::digest(hash, text.as_bytes());
    let (left, _) = hash.as_ref().split_at(hash.as_ref().len() / 2);
    Some(BASE64URL_NOPAD.encode(left))
}

#[cfg(all(test, feature = "client"))]
mod tests {
    use super::*;

    #[test]
    fn o1_the_half_hash_is_that_of_the_specification() {
        // OpenID Connect Core appendix A.3: an ID token with RS256 and its access token.
        let half = left_half(
            Algorithm::RS256,
            "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y",
        );
        assert_eq!(half.as_deref(), Some("77QmUPtjPfzWtF2AnpK9RQ"));
        assert_eq!(left_half(Algorithm::HS256, "x"), None);
        assert_eq!(
            left_half(Algorithm::EdDSA, "x").map(|half| half.len()),
            Some(43)
        );
    }
}
