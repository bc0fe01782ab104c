//! The claims of an access token in one pass: RFC 9068's places, and what other issuers use in their stead.
//!
//! RFC 9068 §2.2; RFC 9449 §6 and RFC 8705 §3.1 (`cnf`); OpenID Connect Core §2 and §3.3.2.11 (what an ID
//! token has and an access token hasn't).
//!
//! Invariant: what RFC 9068 defines is read with its exact types, as `AccessClaims` is. What other issuers
//! add under names of their own is read where it has the type that they document, and is no error
//! otherwise: to everybody else those names may mean something else.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{self, IgnoredAny},
};
use symbolon_token::{AccessClaims, Audience};

use super::loose::Loose;

/// Claims in RFC 9068's places, and the marks that say what kind of token this is.
#[derive(Deserialize)]
#[serde(from = "Wire")]
pub(crate) struct Read {
    pub(crate) claims: AccessClaims,
    /// Nothing if there are none, as in RFC 9068's own tokens.
    pub(crate) marks: Option<Box<Marks>>,
}

impl Read {
    pub(crate) fn client_id(&self) -> Option<&str> {
        let client_id = self.claims.client_id.as_str();
        (!client_id.is_empty()).then_some(client_id)
    }
}

/// The claims as they stand in a payload.
#[derive(Deserialize)]
struct Wire {
    iss: Option<String>,
    sub: Option<String>,
    aud: Option<Audience>,
    exp: Option<Seconds>,
    iat: Option<Seconds>,
    jti: Option<String>,
    client_id: Option<String>,
    scope: Option<String>,
    #[serde(default)]
    roles: Vec<String>,
    auth_time: Option<i64>,
    sid: Option<String>,
    cnf: Option<IgnoredAny>,
    nonce: Option<IgnoredAny>,
    at_hash: Option<IgnoredAny>,
    c_hash: Option<IgnoredAny>,
    s_hash: Option<IgnoredAny>,
    events: Option<IgnoredAny>,
    #[serde(default)]
    azp: Loose,
    #[serde(default)]
    appid: Loose,
    #[serde(default)]
    cid: Loose,
    #[serde(default)]
    typ: Loose,
    #[serde(default)]
    token_use: Loose,
    #[serde(default)]
    uti: Loose,
    #[serde(default)]
    scp: Loose,
    #[serde(default)]
    realm_access: Loose,
    #[serde(default)]
    csrf_sha256: Loose,
}

impl From<Wire> for Read {
    fn from(wire: Wire) -> Self {
        let seconds = |claim: Option<Seconds>| claim.and_then(|claim| claim.0).unwrap_or(0);
        let marks = Marks {
            cnf: wire.cnf,
            nonce: wire.nonce,
            at_hash: wire.at_hash,
            c_hash: wire.c_hash,
            s_hash: wire.s_hash,
            events: wire.events,
            // It stands among the claims, two fields further up.
            client_id: Loose::Nothing,
            azp: wire.azp,
            appid: wire.appid,
            cid: wire.cid,
            typ: wire.typ,
            token_use: wire.token_use,
            uti: wire.uti,
            scp: wire.scp,
            realm_access: wire.realm_access,
            csrf_sha256: wire.csrf_sha256,
        };
        Self {
            claims: AccessClaims {
                iss: wire.iss.unwrap_or_default(),
                sub: wire.sub.unwrap_or_default(),
                aud: wire.aud.unwrap_or_else(|| Audience::from(Vec::new())),
                exp: seconds(wire.exp),
                iat: seconds(wire.iat),
                jti: wire.jti.unwrap_or_default(),
                client_id: wire.client_id.unwrap_or_default(),
                scope: wire.scope,
                roles: wire.roles,
                auth_time: wire.auth_time,
                sid: wire.sid,
            },
            marks: (marks != NO_MARKS).then(|| Box::new(marks)),
        }
    }
}

/// What a token shows of its kind and origin besides.
#[derive(Deserialize, PartialEq)]
pub(crate) struct Marks {
    /// The token is bound to a key: it is good only together with a proof that its bearer holds the key.
    pub(crate) cnf: Option<IgnoredAny>,
    pub(crate) nonce: Option<IgnoredAny>,
    pub(crate) at_hash: Option<IgnoredAny>,
    pub(crate) c_hash: Option<IgnoredAny>,
    pub(crate) s_hash: Option<IgnoredAny>,
    /// It is a logout token or another security event (RFC 8417 §2.2).
    pub(crate) events: Option<IgnoredAny>,
    #[serde(default)]
    pub(crate) client_id: Loose,
    #[serde(default)]
    pub(crate) azp: Loose,
    /// Entra's first version writes this in place of `azp`.
    #[serde(default)]
    pub(crate) appid: Loose,
    /// Okta's name for the client.
    #[serde(default)]
    pub(crate) cid: Loose,
    /// Keycloak's kind of token.
    #[serde(default)]
    pub(crate) typ: Loose,
    /// Cognito's kind of token.
    #[serde(default)]
    pub(crate) token_use: Loose,
    /// Entra's name for the token.
    #[serde(default)]
    pub(crate) uti: Loose,
    /// Entra's and Okta's scopes.
    #[serde(default)]
    pub(crate) scp: Loose,
    /// Keycloak's roles.
    #[serde(default)]
    pub(crate) realm_access: Loose,
    #[serde(default)]
    pub(crate) csrf_sha256: Loose,
}

pub(crate) const NO_MARKS: Marks = Marks {
    cnf: None,
    nonce: None,
    at_hash: None,
    c_hash: None,
    s_hash: None,
    events: None,
    client_id: Loose::Nothing,
    azp: Loose::Nothing,
    appid: Loose::Nothing,
    cid: Loose::Nothing,
    typ: Loose::Nothing,
    token_use: Loose::Nothing,
    uti: Loose::Nothing,
    scp: Loose::Nothing,
    realm_access: Loose::Nothing,
    csrf_sha256: Loose::Nothing,
};

/// A whole number, or `None` for one that isn't (RFC 7519 §2 allows fractions).
pub(super) struct Seconds(pub(super) Option<i64>);

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Number)
    }
}

struct Number;

impl de::Visitor<'_> for Number {
    type Value = Seconds;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<Seconds, E> {
        Ok(Seconds(Some(seconds)))
    }

    fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<Seconds, E> {
        Ok(Seconds(i64::try_from(seconds).ok()))
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Seconds, E> {
        Ok(Seconds(None))
    }
}
