//! Authorization server metadata (RFC 8414 §2, OpenID Connect Discovery 1.0 §3).
//!
//! Invariant: what stands here is true. Members whose default would promise something that isn't
//! served (`grant_types_supported` defaults to code and implicit) are therefore written out empty.

use serde::Serialize;

/// The document at `/.well-known/oauth-authorization-server` and `/.well-known/openid-configuration`.
#[derive(Clone, Debug, Serialize)]
pub struct Metadata {
    issuer: String,
    jwks_uri: String,
    response_types_supported: &'static [&'static str],
    grant_types_supported: &'static [&'static str],
    subject_types_supported: &'static [&'static str],
}

impl Metadata {
    /// The metadata of the server whose issuer is `issuer`, byte for byte.
    pub fn new(issuer: &str) -> Self {
        Self {
            issuer: issuer.to_owned(),
            jwks_uri: format!("{}{JWKS_PATH}", issuer.trim_end_matches('/')),
            response_types_supported: &[],
            grant_types_supported: &[],
            subject_types_supported: &["public"],
        }
    }

    /// Where the keys are.
    pub fn jwks_uri(&self) -> &str {
        &self.jwks_uri
    }
}

/// The path of the JWKS below the issuer.
pub const JWKS_PATH: &str = "/.well-known/jwks.json";
