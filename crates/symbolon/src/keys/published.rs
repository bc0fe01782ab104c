//! What is published of the keys: the JWKS document (RFC 7517 §5), made once for each state of them.

use data_encoding::BASE64URL_NOPAD;
use symbolon_token::{Jwk, JwkSet};

use super::sha256;

/// A JWKS document.
#[derive(Debug, Default)]
pub(crate) struct Published {
    /// The document.
    pub(crate) jwks: String,
    /// A strong entity tag of it (RFC 9110 §8.8.3), quotes included.
    pub(crate) etag: String,
}

impl Published {
    /// The document of these keys.
    pub(super) fn of(keys: Vec<Jwk>) -> Self {
        // Public members are strings: there is nothing in them that JSON can't say.
        let jwks = serde_json::to_string(&JwkSet { keys }).unwrap_or_default();
        let etag = format!(
            "\"{}\"",
            BASE64URL_NOPAD.encode(&sha256(jwks.as_bytes())[..16])
        );
        Self { jwks, etag }
    }
}
