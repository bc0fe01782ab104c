//! SHA-256, for what is kept only as its hash.
//!
//! Invariant: what is hashed here holds 256 random bits. Nothing a person chose belongs here; that
//! takes a password hash.

use aws_lc_rs::digest;

/// The hash of some bytes.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; digest::SHA256_OUTPUT_LEN] {
    let mut hash = [0; digest::SHA256_OUTPUT_LEN];
    hash.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    hash
}
