//! What goes into a token (RFC 9068 §2.2).

use std::time::Duration;

use symbolon_token::{AccessClaims, Timestamp};

use crate::{
    Entropy,
    id::TokenId,
    permission::{self, Role},
    session::NewSession,
};

/// How long an access token is good for. Short, because an API that only checks signatures goes on
/// accepting it for so long after a sign-out.
pub const ACCESS_TOKEN_LIFETIME: Duration = Duration::from_mins(10);

/// The claims of an access token for `audience`, minted for a session that has just begun.
///
/// `auth_time` stays that of the login; Symbolon's own rights stay out.
pub fn access_claims(
    issuer: &str,
    audience: &str,
    session: &NewSession,
    roles: &[Role],
    now: Timestamp,
    entropy: &mut impl Entropy,
) -> AccessClaims {
    AccessClaims {
        iss: issuer.to_owned(),
        sub: session.user.to_string(),
        aud: audience.to_owned().into(),
        exp: (now + ACCESS_TOKEN_LIFETIME).as_secs(),
        iat: now.as_secs(),
        jti: TokenId::generate(now, entropy).to_string(),
        client_id: session.client.as_str().to_owned(),
        scope: None,
        roles: permission::for_audience(roles)
            .map(|role| role.as_str().to_owned())
            .collect(),
        auth_time: Some(session.authenticated_at.as_secs()),
        sid: Some(session.id.to_string()),
    }
}
