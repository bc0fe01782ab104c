//! A client's assertion about itself (`private_key_jwt`).
//!
//! RFC 7523 §3 and its revision (draft-ietf-oauth-rfc7523bis): `typ`, and the issuer as the one
//! audience. An assertion that a token endpoint's URL is good for is good at another provider, too, if
//! that one can make the client believe in its metadata (row K5).

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use serde::Serialize;
use symbolon_rules::{
    Entropy,
    upstream::{Refusal, Why},
};
use symbolon_token::{SigningKey, Timestamp, Typ, sign};

/// It is made for one request.
const LIFETIME: Duration = Duration::from_mins(1);

/// `client_assertion_type` (RFC 7523 §2.2).
pub(super) const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    jti: String,
    iat: i64,
    exp: i64,
}

/// An assertion of this client for this audience.
pub(super) fn assertion(
    key: &SigningKey,
    client_id: &str,
    audience: &str,
    now: Timestamp,
    entropy: &mut impl Entropy,
) -> Result<String, Refusal> {
    let mut jti = [0; 16];
    entropy.fill(&mut jti);
    let claims = Claims {
        iss: client_id,
        sub: client_id,
        aud: audience,
        jti: BASE64URL_NOPAD.encode(&jti),
        iat: now.as_secs(),
        exp: (now + LIFETIME).as_secs(),
    };
    sign(key, Typ::CLIENT_AUTHENTICATION, &claims)
        .map_err(|error| Refusal::new(Why::ClientRefused, error.reason()))
}
