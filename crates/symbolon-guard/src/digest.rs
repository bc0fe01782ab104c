//! SHA-256 and a comparison that takes its time: the only file of the guard that names the crypto backend,
//! but for TLS.

use aws_lc_rs::{constant_time::verify_slices_are_equal, digest};
use data_encoding::BASE64URL_NOPAD;

/// The SHA-256 of something secret.
#[derive(Clone)]
pub(crate) struct Sha256([u8; digest::SHA256_OUTPUT_LEN]);

impl Sha256 {
    pub(crate) fn of(secret: &[u8]) -> Self {
        let mut hash = [0; digest::SHA256_OUTPUT_LEN];
        hash.copy_from_slice(digest::digest(&digest::SHA256, secret).as_ref());
        Self(hash)
    }

    /// As it stands in a claim: canonical base64url.
    pub(crate) fn from_base64url(text: &str) -> Option<Self> {
        let hash = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        Some(Self(hash.try_into().ok()?))
    }

    pub(crate) fn to_base64url(&self) -> String {
        BASE64URL_NOPAD.encode(&self.0)
    }

    /// In the same time, whatever the two are.
    pub(crate) fn equals(&self, other: &Self) -> bool {
        verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}
